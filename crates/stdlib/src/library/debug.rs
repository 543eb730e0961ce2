//! `debug`, as far as the native API reaches.

use perilune_vm::{Ctx, NativeFn, Raised, Returns, Table};

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("getmetatable", getmetatable),
    ("getregistry", |ctx| ctx.ret(ctx.registry().as_val())),
    ("setmetatable", setmetatable),
    ("traceback", traceback),
];

/// Opens the library.
pub(super) fn open(ctx: &Ctx<'_>) -> Result<(), Raised> {
    super::open(ctx, "debug", fill)
}

fn fill(ctx: &Ctx<'_>, debug: Table<'_>) -> Result<(), Raised> {
    ctx.set_functions(debug, FUNCTIONS)
}

fn getmetatable(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    match ctx.metatable(ctx.arg(0)) {
        Some(metatable) => ctx.ret(metatable.as_val()),
        None => ctx.ret_nil(),
    }
}

fn setmetatable(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let metatable = ctx.arg(1).as_table();
    if metatable.is_none() && (ctx.is_none(1) || !ctx.arg(1).is_nil()) {
        return Err(ctx.type_error(1, "nil or table"));
    }
    ctx.set_metatable(ctx.arg(0), metatable)?;
    ctx.ret(ctx.arg(0))
}

fn traceback(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let message = ctx.arg(0);
    if message.as_str().is_none() && message.as_num().is_none() && !message.is_nil() {
        return ctx.ret(message);
    }
    let level = ctx.opt_int(1, 1)?;
    let message = ctx.opt_str(0)?;
    let text = ctx.traceback(message, usize::try_from(level).unwrap_or(usize::MAX));
    ctx.ret_str(&text)
}
