//! The basic functions, but for those that load code or control the collector.

use perilune_lang::parse_number;
use perilune_vm::{Ctx, NativeFn, Raised, Returns, Val};

use super::stream;

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("assert", assert),
    ("collectgarbage", super::collect::collectgarbage),
    ("error", error),
    ("getmetatable", getmetatable),
    ("pairs", pairs),
    ("print", print),
    ("rawequal", rawequal),
    ("rawget", rawget),
    ("rawlen", rawlen),
    ("rawset", rawset),
    ("select", select),
    ("setmetatable", setmetatable),
    ("tonumber", tonumber),
    ("tostring", tostring),
    ("type", type_),
    ("warn", warn),
];

/// Defines the basic functions, `_G` and `_VERSION`.
pub(super) fn open(ctx: &Ctx<'_>) -> Result<(), Raised> {
    let globals = ctx.globals();
    ctx.set_functions(globals, FUNCTIONS)?;
    globals.set_str(ctx, "ipairs", ctx.new_native("ipairs", ipairs, &[])?)?;
    globals.set_str(ctx, "_G", globals.as_val())?;
    globals.set_str(ctx, "_VERSION", ctx.new_str(ctx.std().version_string().as_bytes())?)
}

fn print(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let out = stream::standard_output(ctx);
    for i in 0..ctx.nargs() {
        if i > 0 {
            stream::print(&out, b"\t");
        }
        if let Some(text) = ctx.arg(i).as_str() {
            ctx.charge(1 + text.len() as u64 / 16)?;
            stream::print(&out, text);
        } else {
            ctx.tostring(i)?;
            stream::print(&out, ctx.slot(ctx.top() - 1).as_str().unwrap_or(b""));
            ctx.pop(1);
        }
    }
    stream::print(&out, b"\n");
    stream::end_print(&out);
    Ok(Returns::NONE)
}

fn warn(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_str(0)?;
    let last = ctx.nargs() - 1;
    // All arguments are checked before the first part is written.
    for i in 1..=last {
        ctx.check_str(i)?;
    }
    for i in 0..=last {
        let text = ctx.check_str(i)?.to_vec();
        ctx.warn(&text, i < last)?;
    }
    Ok(Returns::NONE)
}

fn type_(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    ctx.ret_str(ctx.arg(0).type_name().as_bytes())
}

fn tostring(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    ctx.tostring(0)?;
    Ok(Returns(1))
}

fn tonumber(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if ctx.is_none_or_nil(1) {
        let value = ctx.arg(0);
        if value.as_num().is_some() {
            return ctx.ret(value);
        }
        if let Some(text) = value.as_str() {
            return ctx.ret(parse_number(text).map_or(Val::NIL, Val::num));
        }
        ctx.check_any(0)?;
        return ctx.ret_nil();
    }
    let base = ctx.check_int(1)?;
    let Some(text) = ctx.arg(0).as_str() else {
        return Err(ctx.type_error(0, "string"));
    };
    if !(2..=36).contains(&base) {
        return Err(ctx.arg_error(1, "base out of range"));
    }
    ctx.ret(parse_in_base(text, base as u64).map_or(Val::NIL, Val::int))
}

/// An integer in a base from 2 to 36, with spaces around it and a sign; wraps on overflow.
fn parse_in_base(text: &[u8], base: u64) -> Option<i64> {
    let is_space = |b: &u8| perilune_lang::is_space(*b);
    let start = text.iter().position(|b| !is_space(b))?;
    let end = text.iter().rposition(|b| !is_space(b))? + 1;
    let (negative, digits) = match &text[start..end] {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number = 0u64;
    for &byte in digits {
        let digit = u64::from(char::from(byte).to_digit(base as u32)?);
        number = number.wrapping_mul(base).wrapping_add(digit);
    }
    Some(if negative { number.wrapping_neg() } else { number } as i64)
}

fn assert(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if ctx.arg(0).truthy() {
        return ctx.ret_from(0);
    }
    ctx.check_any(0)?;
    match ctx.arg(1) {
        _ if ctx.is_none(1) => Err(ctx.error("assertion failed!")),
        message => Err(error_at(ctx, message, 1)),
    }
}

/// Raises a value; a string gets the position of the function `level` levels up.
fn error_at(ctx: &Ctx<'_>, value: Val<'_>, level: i64) -> Raised {
    if let Some(text) = value.as_str()
        && level > 0
    {
        let place = ctx.where_(usize::try_from(level).unwrap_or(usize::MAX));
        if !place.is_empty() {
            return ctx.error_plain([&place[..], text].concat());
        }
    }
    if value.is_nil() && ctx.std() >= perilune_vm::Std::V5_5 {
        return ctx.error_plain("<no error object>");
    }
    ctx.error_value(value)
}

fn error(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let level = ctx.opt_int(1, 1)?;
    Err(error_at(ctx, ctx.arg(0), level))
}

fn select(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let count = ctx.nargs() as i64;
    if ctx.arg(0).as_str().is_some_and(|text| text.first() == Some(&b'#')) {
        return ctx.ret_int(count - 1);
    }
    let n = ctx.check_int(0)?;
    let first = if n < 0 { count.saturating_add(n) } else { n.min(count) };
    if first < 1 {
        return Err(ctx.arg_error(0, "index out of range"));
    }
    ctx.ret_from(first as usize)
}

fn rawequal(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    ctx.check_any(1)?;
    ctx.ret_bool(ctx.arg(0).raw_eq(ctx.arg(1)))
}

fn rawlen(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let value = ctx.arg(0);
    if let Some(table) = value.as_table() {
        return ctx.ret_int(table.len(ctx));
    }
    match value.as_str() {
        Some(text) => ctx.ret_int(text.len() as i64),
        None => Err(ctx.type_error(0, "table or string")),
    }
}

fn rawget(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let table = ctx.check_table(0)?;
    ctx.check_any(1)?;
    ctx.ret(table.get(ctx.arg(1)))
}

fn rawset(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let table = ctx.check_table(0)?;
    ctx.check_any(1)?;
    ctx.check_any(2)?;
    match ctx.arg(1) {
        key if key.is_nil() => return Err(ctx.error_plain("table index is nil")),
        key if !key.raw_eq(key) => return Err(ctx.error_plain("table index is NaN")),
        _ => {}
    }
    table.set(ctx, ctx.arg(1), ctx.arg(2))?;
    ctx.ret(ctx.arg(0))
}

fn getmetatable(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    let Some(metatable) = ctx.metatable(ctx.arg(0)) else {
        return ctx.ret_nil();
    };
    let guard = metatable.get_str(ctx, b"__metatable")?;
    ctx.ret(if guard.is_nil() { metatable.as_val() } else { guard })
}

fn setmetatable(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_table(0)?;
    let metatable = match ctx.arg(1) {
        v if v.is_nil() && !ctx.is_none(1) => None,
        v => match v.as_table() {
            Some(metatable) => Some(metatable),
            None => return Err(ctx.type_error(1, "nil or table")),
        },
    };
    if !ctx.metafield(ctx.arg(0), "__metatable")?.is_nil() {
        return Err(ctx.error("cannot change a protected metatable"));
    }
    ctx.set_metatable(ctx.arg(0), metatable)?;
    ctx.ret(ctx.arg(0))
}

fn pairs(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    // 5.5 returns the to-be-closed value too.
    let count: u8 = if ctx.std() >= perilune_vm::Std::V5_5 { 4 } else { 3 };
    let metamethod = ctx.metafield(ctx.arg(0), "__pairs")?;
    if metamethod.is_nil() {
        ctx.push(ctx.next_function())?;
        ctx.push(ctx.arg(0))?;
        for _ in 2..count {
            ctx.push(Val::NIL)?;
        }
    } else {
        ctx.push(metamethod)?;
        ctx.push(ctx.arg(0))?;
        return ctx.tail_call(1, Some(count));
    }
    Ok(Returns(u32::from(count)))
}

fn ipairs(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    ctx.push(ctx.ipairs_step())?;
    ctx.push(ctx.arg(0))?;
    ctx.push(Val::int(0))?;
    Ok(Returns(3))
}

#[cfg(test)]
mod tests {
    use super::parse_in_base;

    #[test]
    fn numerals_in_a_base() {
        assert_eq!(parse_in_base(b"  ff ", 16), Some(255));
        assert_eq!(parse_in_base(b"-7fffffffffffffff", 16), Some(-i64::MAX));
        assert_eq!(parse_in_base(b"ffffffffffffffff", 16), Some(-1));
        assert_eq!(parse_in_base(b"zZ", 36), Some(35 * 36 + 35));
        assert_eq!(parse_in_base(b"+10\n", 2), Some(2));
        for bad in [&b""[..], b"  ", b"-", b"12", b"1 0", b"--1", b"1.0", b"0b1"] {
            assert_eq!(parse_in_base(bad, 2), None);
        }
    }
}
