//! `collectgarbage`.

use perilune_vm::{Ctx, Raised, Returns, Std};

/// What scripts set and ask back. The collector paces itself until they set the pause, the step multiplier or the step
/// size.
struct Settings {
    generational: bool,
    parameters: [i64; PARAMETERS.len()],
}

const PARAMETERS: [&str; 6] = ["minormul", "majorminor", "minormajor", "pause", "stepmul", "stepsize"];
const MINOR_MULTIPLIER: usize = 0;
const PAUSE: usize = 3;
const STEP_MULTIPLIER: usize = 4;
const STEP_SIZE: usize = 5;

impl Settings {
    /// The reference's defaults.
    fn new(std: Std) -> Settings {
        Settings {
            generational: false,
            parameters: if std >= Std::V5_5 {
                [20, 50, 68, 250, 200, 9600]
            } else {
                [20, 100, 100, 200, 100, 13]
            },
        }
    }
}

/// The state of a VM: made on first use, when the version is known.
#[derive(Default)]
struct State(Option<Settings>);

fn settings<R>(ctx: &Ctx<'_>, f: impl FnOnce(&mut Settings) -> R) -> R {
    let state = ctx.state::<State>();
    let mut state = state.borrow_mut();
    f(state.0.get_or_insert_with(|| Settings::new(ctx.std())))
}

const OPTIONS: &[&str] = &[
    "stop",
    "restart",
    "collect",
    "count",
    "step",
    "isrunning",
    "generational",
    "incremental",
    "param",
];
const OPTIONS_5_4: &[&str] = &[
    "stop",
    "restart",
    "collect",
    "count",
    "step",
    "setpause",
    "setstepmul",
    "isrunning",
    "generational",
    "incremental",
];

pub(super) fn collectgarbage(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let options = if ctx.std() >= Std::V5_5 { OPTIONS } else { OPTIONS_5_4 };
    let option = options[ctx.check_option(0, Some("collect"), options)?];
    match option {
        "param" => return parameter(ctx),
        "setpause" => return set_parameter_5_4(ctx, PAUSE),
        "setstepmul" => return set_parameter_5_4(ctx, STEP_MULTIPLIER),
        _ => {}
    }
    let step = if option == "step" { ctx.opt_int(1, 0)? } else { 0 };
    if ctx.in_finalizer() {
        // The collector is not reentrant: no option is valid now.
        return ctx.ret_nil();
    }
    match option {
        "stop" => {
            ctx.gc_set_running(false);
            ctx.ret_int(0)
        }
        "restart" => {
            ctx.gc_set_running(true);
            ctx.ret_int(0)
        }
        "collect" => {
            ctx.collect();
            ctx.ret_int(0)
        }
        "count" => ctx.ret_float(ctx.memory_used() as f64 / 1024.0),
        "step" => {
            if settings(ctx, |settings| settings.generational) {
                ctx.collect();
                return ctx.ret_bool(true);
            }
            // 5.4 counts in kilobytes.
            let unit = if ctx.std() >= Std::V5_5 { 1 } else { 1024 };
            let bytes = usize::try_from(step).unwrap_or(0).saturating_mul(unit);
            let ended = ctx.collect_step(bytes);
            ctx.ret_bool(ended)
        }
        "isrunning" => ctx.ret_bool(ctx.gc_is_running()),
        mode => change_mode(ctx, mode == "generational"),
    }
}

/// Takes up generational or incremental mode; whether it was generational before.
pub fn set_collector_mode(ctx: &Ctx<'_>, generational: bool) -> bool {
    settings(ctx, |settings| {
        std::mem::replace(&mut settings.generational, generational)
    })
}

/// Takes up a mode, with the parameters that 5.4 accepts beside it (0 keeps one), and returns the one before.
fn change_mode(ctx: &Ctx<'_>, generational: bool) -> Result<Returns, Raised> {
    if ctx.std() < Std::V5_5 {
        let places: &[usize] = if generational {
            &[MINOR_MULTIPLIER]
        } else {
            &[PAUSE, STEP_MULTIPLIER, STEP_SIZE]
        };
        for (i, &place) in places.iter().enumerate() {
            let value = ctx.opt_int(i + 1, 0)?;
            if value != 0 {
                set(ctx, place, value);
            }
        }
    }
    let was = set_collector_mode(ctx, generational);
    ctx.ret_str(if was { b"generational" } else { b"incremental" })
}

/// Sets a parameter; what it was.
fn set(ctx: &Ctx<'_>, place: usize, value: i64) -> i64 {
    let amount = usize::try_from(value).unwrap_or(0);
    let std_5_5 = ctx.std() >= Std::V5_5;
    match place {
        PAUSE => {
            ctx.gc_pause(Some(amount));
        }
        STEP_MULTIPLIER => {
            ctx.gc_pace(Some(amount), None);
        }
        // 5.4 gives the logarithm.
        STEP_SIZE => {
            let bytes = if std_5_5 { amount } else { 1 << amount.min(40) };
            ctx.gc_pace(None, Some(bytes));
        }
        _ => {}
    }
    settings(ctx, |settings| {
        std::mem::replace(&mut settings.parameters[place], value)
    })
}

fn parameter(ctx: &Ctx<'_>) -> Result<Returns, Raised> {
    let place = ctx.check_option(1, None, &PARAMETERS)?;
    // The reference reads an int of C.
    let value = ctx.opt_int(2, -1)? as i32;
    if ctx.in_finalizer() {
        return ctx.ret_int(-1);
    }
    ctx.ret_int(match u32::try_from(value) {
        Ok(percent) => set(ctx, place, rounded(percent)),
        Err(_) => settings(ctx, |settings| settings.parameters[place]),
    })
}

/// `collectgarbage("setpause", n)` and its like: 5.4 keeps a quarter in a byte.
fn set_parameter_5_4(ctx: &Ctx<'_>, place: usize) -> Result<Returns, Raised> {
    let value = ctx.opt_int(1, 0)?;
    if ctx.in_finalizer() {
        return ctx.ret_nil();
    }
    ctx.ret_int(set(ctx, place, i64::from((value / 4) as u8) * 4))
}

/// A percentage as 5.5 keeps it: a floating-point byte of four bits each of mantissa and exponent, of 128ths, rounded up
/// and then cut.
fn rounded(percent: u32) -> i64 {
    const LARGEST: i64 = 0x1F << 14;
    let parts = (i64::from(percent) * 128 + 99) / 100;
    let shift = (64 - parts.leading_zeros()).saturating_sub(5);
    (((parts >> shift) << shift).min(LARGEST) * 100) >> 7
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn percentages_are_rounded_as_the_reference_rounds() {
        let cases = [0, 1, 13, 50, 77, 123, 250, 333, 10_000, 99_999, 1_000_000, u32::MAX];
        let kept = [0, 1, 13, 50, 75, 118, 250, 325, 10_000, 99_200, 396_800, 396_800];
        assert_eq!(cases.map(rounded), kept.map(i64::from));
    }
}
