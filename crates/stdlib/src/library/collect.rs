//! `collectgarbage`.

use perilune_vm::{Ctx, Raised, Returns, Val};

/// What scripts set and ask back. The collector adapts by itself; of the parameters only the
/// pause reaches it.
struct Settings {
    generational: bool,
    parameters: [i64; PARAMETERS.len()],
}

const PARAMETERS: [&str; 6] = ["minormul", "majorminor", "minormajor", "pause", "stepmul", "stepsize"];
const PAUSE: usize = 3;

impl Default for Settings {
    fn default() -> Settings {
        // The reference's defaults.
        Settings {
            generational: false,
            parameters: [20, 50, 68, 250, 200, 9600],
        }
    }
}

pub(super) fn collectgarbage(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    const OPTIONS: [&str; 9] = [
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
    let option = ctx.check_option(0, Some("collect"), &OPTIONS)?;
    match OPTIONS[option] {
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
            // A step of any size finishes a cycle.
            ctx.opt_int(1, 0)?;
            ctx.collect();
            ctx.ret_bool(true)
        }
        "isrunning" => ctx.ret_bool(ctx.gc_is_running()),
        "param" => parameter(ctx),
        mode => {
            let settings = ctx.state::<Settings>();
            let was = std::mem::replace(&mut settings.borrow_mut().generational, mode == "generational");
            ctx.ret_str(if was { b"generational" } else { b"incremental" })
        }
    }
}

fn parameter(ctx: &Ctx<'_>) -> Result<Returns, Raised> {
    let index = ctx.check_option(1, None, &PARAMETERS)?;
    let value = ctx.opt_int(2, -1)?;
    let settings = ctx.state::<Settings>();
    let parameter = &mut settings.borrow_mut().parameters[index];
    let old = *parameter;
    if value >= 0 {
        *parameter = value;
        if index == PAUSE {
            ctx.gc_pause(Some(usize::try_from(value).unwrap_or(usize::MAX).max(100)));
        }
    }
    ctx.ret(Val::int(old))
}
