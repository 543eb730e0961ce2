//! `utf8`.

use perilune_vm::{Ctx, NativeFn, Raised, Returns, Table, Val};

use super::with_buffer;
use crate::utf8::{CHAR_PATTERN, MAX_LAX, decode, encode, is_continuation};

const INVALID: &str = "invalid UTF-8 code";

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("char", char),
    ("codepoint", codepoint),
    ("len", len),
    ("offset", offset),
];

/// Fills the table `utf8`.
pub(super) fn open(ctx: &Ctx<'_>, utf8: Table<'_>) -> Result<(), Raised> {
    ctx.set_functions(utf8, FUNCTIONS)?;
    let strict = ctx.new_native("codes", |ctx| next_code(ctx, false), &[])?;
    let lax = ctx.new_native("codes", |ctx| next_code(ctx, true), &[])?;
    utf8.set_str(ctx, "codes", ctx.new_native("codes", codes, &[strict, lax])?)?;
    utf8.set_str(ctx, "charpattern", ctx.new_str(CHAR_PATTERN)?)
}

/// Makes a position that counts from the end positive; one before the start becomes 0.
fn absolute(position: i64, length: usize) -> i64 {
    if position >= 0 {
        position
    } else if position.unsigned_abs() > length as u64 {
        0
    } else {
        length as i64 + position + 1
    }
}

fn char(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let ctx = &*ctx;
    with_buffer(ctx, |out| {
        for i in 0..ctx.nargs() {
            let code = ctx.check_int(i)?;
            if !(0..=i64::from(MAX_LAX)).contains(&code) {
                return Err(ctx.arg_error(i, "value out of range"));
            }
            encode(out, code as u32);
        }
        ctx.ret_str(out)
    })
}

fn len(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let text = ctx.check_str(0)?;
    let start = absolute(ctx.opt_int(1, 1)?, text.len());
    let end = absolute(ctx.opt_int(2, -1)?, text.len());
    let lax = ctx.arg(3).truthy();
    if start < 1 || start - 1 > text.len() as i64 {
        return Err(ctx.arg_error(1, "initial position out of bounds"));
    }
    if end > text.len() as i64 {
        return Err(ctx.arg_error(2, "final position out of bounds"));
    }
    ctx.charge(text.len() as u64 / 16)?;
    let (mut at, end) = (start as usize - 1, end.max(0) as usize);
    let mut count = 0;
    while at < end {
        let Some((_, length)) = decode(&text[at..], lax) else {
            ctx.push(Val::NIL)?;
            ctx.push(Val::int(at as i64 + 1))?;
            return Ok(Returns(2));
        };
        at += length;
        count += 1;
    }
    ctx.ret_int(count)
}

fn codepoint(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let text = ctx.check_str(0)?;
    let start = absolute(ctx.opt_int(1, 1)?, text.len());
    let end = absolute(ctx.opt_int(2, start)?, text.len());
    let lax = ctx.arg(3).truthy();
    if start < 1 {
        return Err(ctx.arg_error(1, "out of bounds"));
    }
    if end > text.len() as i64 {
        return Err(ctx.arg_error(2, "out of bounds"));
    }
    if start > end {
        return Ok(Returns::NONE);
    }
    if end - start >= i64::from(i32::MAX) {
        return Err(ctx.error("string slice too long"));
    }
    ctx.charge((end - start) as u64 / 16)?;
    let (mut at, end) = (start as usize - 1, end as usize);
    let mut count = 0;
    while at < end {
        let (code, length) = decode(&text[at..], lax).ok_or_else(|| ctx.error(INVALID))?;
        ctx.push(Val::int(i64::from(code)))?;
        at += length;
        count += 1;
    }
    Ok(Returns(count))
}

fn offset(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let text = ctx.check_str(0)?;
    let mut n = ctx.check_int(1)?;
    let default = if n >= 0 { 1 } else { text.len() as i64 + 1 };
    let start = absolute(ctx.opt_int(2, default)?, text.len());
    if start < 1 || start - 1 > text.len() as i64 {
        return Err(ctx.arg_error(2, "position out of bounds"));
    }
    let mut at = start as usize - 1;
    ctx.charge(text.len() as u64 / 16)?;
    if n == 0 {
        while at > 0 && is_continuation(text, at) {
            at -= 1;
        }
    } else {
        if is_continuation(text, at) {
            return Err(ctx.error("initial position is a continuation byte"));
        }
        if n < 0 {
            while n < 0 && at > 0 {
                at -= 1;
                while at > 0 && is_continuation(text, at) {
                    at -= 1;
                }
                n += 1;
            }
        } else {
            n -= 1;
            while n > 0 && at < text.len() {
                at += 1;
                while is_continuation(text, at) {
                    at += 1;
                }
                n -= 1;
            }
        }
    }
    if n != 0 {
        return ctx.ret_nil();
    }
    let first = at;
    if !ctx.std().offset_of_last_byte() {
        return ctx.ret_int(first as i64 + 1);
    }
    if text.get(at).is_some_and(|b| b & 0x80 != 0) {
        if is_continuation(text, at) {
            return Err(ctx.error("initial position is a continuation byte"));
        }
        while is_continuation(text, at + 1) {
            at += 1;
        }
    }
    ctx.push(Val::int(first as i64 + 1))?;
    ctx.push(Val::int(at as i64 + 1))?;
    Ok(Returns(2))
}

/// Upvalues: the strict and the lax iterator.
fn codes(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let text = ctx.check_str(0)?;
    if is_continuation(text, 0) {
        return Err(ctx.arg_error(0, INVALID));
    }
    ctx.push(ctx.upvalue(usize::from(ctx.arg(1).truthy())))?;
    ctx.push(ctx.arg(0))?;
    ctx.push(Val::int(0))?;
    Ok(Returns(3))
}

fn next_code(ctx: &mut Ctx<'_>, lax: bool) -> Result<Returns, Raised> {
    let text = ctx.check_str(0)?;
    // The control variable is the position of the last character, whose offset is one less.
    let mut at = usize::try_from(ctx.arg(1).to_int().unwrap_or(0)).unwrap_or(usize::MAX);
    if at < text.len() {
        while is_continuation(text, at) {
            at += 1;
        }
    }
    if at >= text.len() {
        return Ok(Returns::NONE);
    }
    match decode(&text[at..], lax) {
        Some((code, length)) if !is_continuation(text, at + length) => {
            ctx.push(Val::int(at as i64 + 1))?;
            ctx.push(Val::int(i64::from(code)))?;
            Ok(Returns(2))
        }
        _ => Err(ctx.error(INVALID)),
    }
}
