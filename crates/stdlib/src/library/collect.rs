//! `collectgarbage`.

use perilune_vm::{Ctx, GcMode, GcParameter, Raised, Returns, Std};

const NAMES: [&str; 6] = ["minormul", "majorminor", "minormajor", "pause", "stepmul", "stepsize"];
const PARAMETERS: [GcParameter; 6] = [
    GcParameter::MinorMul,
    GcParameter::MajorMinor,
    GcParameter::MinorMajor,
    GcParameter::Pause,
    GcParameter::StepMul,
    GcParameter::StepSize,
];

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
        "setpause" => return set_parameter_5_4(ctx, GcParameter::Pause),
        "setstepmul" => return set_parameter_5_4(ctx, GcParameter::StepMul),
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

/// Takes up a mode, with the parameters that 5.4 accepts beside it (0 keeps one), and returns the one before.
fn change_mode(ctx: &mut Ctx<'_>, generational: bool) -> Result<Returns, Raised> {
    if ctx.std() < Std::V5_5 {
        let which: &[GcParameter] = if generational {
            &[GcParameter::MinorMul, GcParameter::MinorMajor]
        } else {
            &[GcParameter::Pause, GcParameter::StepMul, GcParameter::StepSize]
        };
        for (i, &which) in which.iter().enumerate() {
            let mut value = usize::try_from(ctx.opt_int(i + 1, 0)?).unwrap_or(0);
            if value != 0 {
                if which == GcParameter::StepSize {
                    // 5.4 gives the logarithm.
                    value = 1 << value.min(40);
                }
                ctx.gc_parameter(which, Some(value));
            }
        }
    }
    let mode = if generational {
        GcMode::Generational
    } else {
        GcMode::Incremental
    };
    let was = ctx.gc_mode(Some(mode));
    if generational && was != mode {
        // All that survives is old from here on.
        ctx.collect();
    }
    ctx.ret_str(if was == GcMode::Generational {
        b"generational"
    } else {
        b"incremental"
    })
}

fn parameter(ctx: &Ctx<'_>) -> Result<Returns, Raised> {
    let which = PARAMETERS[ctx.check_option(1, None, &NAMES)?];
    // The reference reads an int of C.
    let value = ctx.opt_int(2, -1)? as i32;
    if ctx.in_finalizer() {
        return ctx.ret_int(-1);
    }
    let set = u32::try_from(value).ok().map(|percent| rounded(percent) as usize);
    let was = ctx.gc_parameter(which, set);
    ctx.ret_int(i64::try_from(was).unwrap_or(i64::MAX))
}

/// `collectgarbage("setpause", n)` and its like: 5.4 keeps a quarter in a byte.
fn set_parameter_5_4(ctx: &Ctx<'_>, which: GcParameter) -> Result<Returns, Raised> {
    let value = ctx.opt_int(1, 0)?;
    if ctx.in_finalizer() {
        return ctx.ret_nil();
    }
    let was = ctx.gc_parameter(which, Some(usize::from((value / 4) as u8) * 4));
    ctx.ret_int(i64::try_from(was).unwrap_or(i64::MAX))
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
