//! `string`: everything but patterns, `format` and `pack`, and the metatable of strings.

use perilune_lang::ArithOp;
use perilune_vm::{Ctx, NativeFn, Raised, Returns, Table, Type, Val};

use super::{end_position, reserve_results, start_position, with_buffer};

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("byte", byte),
    ("char", char),
    ("dump", dump),
    ("find", super::string_pattern::find),
    ("format", super::string_format::format),
    ("gmatch", super::string_pattern::gmatch),
    ("gsub", super::string_pattern::gsub),
    ("len", len),
    ("lower", lower),
    ("match", super::string_pattern::match_),
    ("pack", super::string_pack::pack),
    ("packsize", super::string_pack::packsize),
    ("rep", rep),
    ("reverse", reverse),
    ("sub", sub),
    ("unpack", super::string_pack::unpack),
    ("upper", upper),
];

/// What arithmetic does with a string operand that the VM could not turn into a number.
const METAMETHODS: &[(&str, NativeFn)] = &[
    ("__add", |ctx| arith(ctx, ArithOp::Add, "add")),
    ("__sub", |ctx| arith(ctx, ArithOp::Sub, "sub")),
    ("__mul", |ctx| arith(ctx, ArithOp::Mul, "mul")),
    ("__mod", |ctx| arith(ctx, ArithOp::Mod, "mod")),
    ("__pow", |ctx| arith(ctx, ArithOp::Pow, "pow")),
    ("__div", |ctx| arith(ctx, ArithOp::Div, "div")),
    ("__idiv", |ctx| arith(ctx, ArithOp::IDiv, "idiv")),
    ("__unm", |ctx| arith(ctx, ArithOp::Unm, "unm")),
];

/// Fills the table `string` and makes it the `__index` of strings.
pub(super) fn open(ctx: &Ctx<'_>, string: Table<'_>) -> Result<(), Raised> {
    ctx.set_functions(string, FUNCTIONS)?;
    let metatable = ctx.new_table(0, METAMETHODS.len() + 1)?;
    ctx.set_functions(metatable, METAMETHODS)?;
    metatable.set_str(ctx, "__index", string.as_val())?;
    ctx.set_type_metatable(Type::String, Some(metatable));
    Ok(())
}

fn len(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let length = ctx.check_str(0)?.len();
    ctx.ret_int(length as i64)
}

fn sub(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let text = ctx.check_str(0)?;
    let start = start_position(ctx.check_int(1)?, text.len());
    let end = end_position(ctx.opt_int(2, -1)?, text.len());
    let part = if start <= end { &text[start - 1..end] } else { b"" };
    ctx.charge(part.len() as u64 / 16)?;
    ctx.ret_str(part)
}

fn byte(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let text = ctx.check_str(0)?;
    let position = ctx.opt_int(1, 1)?;
    let start = start_position(position, text.len());
    let end = end_position(ctx.opt_int(2, position)?, text.len());
    if start > end {
        return Ok(Returns::NONE);
    }
    let bytes = &text[start - 1..end];
    if let [byte] = bytes {
        return ctx.ret_int(i64::from(*byte));
    }
    const TOO_LONG: &str = "stack overflow (string slice too long)";
    if bytes.len() >= i32::MAX as usize {
        return Err(ctx.error(TOO_LONG));
    }
    reserve_results(ctx, bytes.len(), TOO_LONG)?;
    ctx.charge(bytes.len() as u64 / 8)?;
    for &byte in bytes {
        ctx.push(Val::int(i64::from(byte)))?;
    }
    Ok(Returns(bytes.len() as u32))
}

fn char(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let ctx = &*ctx;
    let count = ctx.nargs();
    let byte = |i| {
        let code = ctx.check_int(i)?;
        u8::try_from(code).map_err(|_| ctx.arg_error(i, "value out of range"))
    };
    if count == 1 {
        return ctx.ret_str(&[byte(0)?]);
    }
    with_buffer(ctx, |out| {
        for i in 0..count {
            out.push(byte(i)?);
        }
        ctx.ret_str(out)
    })
}

fn lower(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    map_bytes(ctx, |bytes| bytes.make_ascii_lowercase())
}

fn upper(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    map_bytes(ctx, |bytes| bytes.make_ascii_uppercase())
}

fn reverse(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    map_bytes(ctx, |bytes| bytes.reverse())
}

/// Returns a changed copy of the first argument.
#[inline(always)]
fn map_bytes(ctx: &mut Ctx<'_>, change: impl FnOnce(&mut [u8])) -> Result<Returns, Raised> {
    let length = ctx.check_str(0)?.len();
    ctx.charge(length as u64 / 16)?;
    ctx.make_room(length);
    let ctx = &*ctx;
    let text = ctx.check_str(0)?;
    let result = ctx.new_str_with(text.len(), |out| {
        out.copy_from_slice(text);
        change(out);
    })?;
    ctx.ret(result)
}

/// How much memory a process can address, as a power of two.
const ADDRESS_BITS: u32 = 47;

fn rep(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let text = ctx.check_str(0)?;
    let count = ctx.check_int(1)?;
    let separator = ctx.opt_str(2)?.unwrap_or(b"");
    let unit = text.len() + separator.len();
    if count <= 0 || unit == 0 {
        return ctx.ret_str(b"");
    }
    let count = count as usize;
    let total = match unit.checked_mul(count) {
        Some(total) if total <= ctx.std().longest_string() => total - separator.len(),
        _ => return Err(ctx.error("resulting string too large")),
    };
    if total >> ADDRESS_BITS != 0 {
        // No machine has it: refused before its work is paid for.
        ctx.check_memory(usize::MAX)?;
    }
    ctx.charge(total as u64 / 16)?;
    ctx.make_room(total);
    let ctx = &*ctx;
    let (text, separator) = (ctx.check_str(0)?, ctx.opt_str(2)?.unwrap_or(b""));
    let result = ctx.new_str_with(total, |out| {
        if unit == 1 {
            out.fill(*text.first().unwrap_or(&separator.first().copied().unwrap_or(0)));
            return;
        }
        // The filled part doubles until it covers the whole.
        let mut filled = unit.min(total);
        out[..text.len()].copy_from_slice(text);
        out[text.len()..filled].copy_from_slice(&separator[..filled - text.len()]);
        while filled < total {
            let step = filled.min(total - filled);
            let (done, rest) = out.split_at_mut(filled);
            rest[..step].copy_from_slice(&done[..step]);
            filled += step;
        }
    })?;
    ctx.ret(result)
}

fn dump(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let strip = ctx.arg(1).truthy();
    if !ctx.arg(0).is_lua_function() {
        // 5.4 checks for a function first, and the host's are functions too.
        if ctx.std() < perilune_vm::Std::V5_5 {
            ctx.check_function(0)?;
            return Err(ctx.error("unable to dump given function"));
        }
        return Err(ctx.arg_error(0, "Lua function expected"));
    }
    let bytes = ctx
        .dump(0, strip)
        .ok_or_else(|| ctx.error("unable to dump given function"))?;
    ctx.ret_str(&bytes)
}

/// Arithmetic on operands of which at least one is a string.
fn arith(ctx: &mut Ctx<'_>, op: ArithOp, name: &str) -> Result<Returns, Raised> {
    if let (Some(a), Some(b)) = (ctx.arg(0).to_num(), ctx.arg(1).to_num()) {
        let at = ctx.top();
        ctx.push(Val::num(a))?;
        ctx.push(Val::num(b))?;
        ctx.arith(op, at, at + 1)?;
        return Ok(Returns(1));
    }
    // The first operand had no other metamethod, or this one would not run; the second may.
    let metamethod = match ctx.arg(1) {
        b if b.as_str().is_some() => Val::NIL,
        b => ctx.metafield(b, op.event())?,
    };
    if metamethod.is_nil() {
        let (a, b) = (ctx.arg(0).type_name(), ctx.arg(1).type_name());
        return Err(ctx.error(format!("attempt to {name} a '{a}' with a '{b}'")));
    }
    ctx.push(metamethod)?;
    ctx.push(ctx.arg(0))?;
    ctx.push(ctx.arg(1))?;
    ctx.call(2, Some(1))?;
    Ok(Returns(1))
}
