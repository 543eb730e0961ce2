//! `string.format`.

use perilune_lang::{FormatSpec, Num, write_int};
use perilune_vm::{Buffer, Ctx, Raised, Returns};

use super::{give_buffer, take_buffer};
use crate::format::{
    Allowed, Conversion, FormatError, write_floating, write_integer, write_padded, write_quoted, write_quoted_float,
    write_quoted_int,
};

fn raise(ctx: &Ctx<'_>, error: &FormatError) -> Raised {
    ctx.error(error.message())
}

/// `string.format(format, ...)`
pub(super) fn format(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_str(0)?;
    let mut out = take_buffer(ctx);
    let (mut at, mut arg) = (0, 0);
    loop {
        out.prepare(ctx);
        // The format stays in its slot; `tostring` below ends this borrow.
        let rest = &ctx.arg(0).as_str().unwrap_or(b"")[at..];
        let Some(percent) = memchr::memchr(b'%', rest) else {
            out.reserve(ctx, rest.len())?;
            out.extend_from_slice(rest);
            break;
        };
        out.reserve(ctx, percent)?;
        out.extend_from_slice(&rest[..percent]);
        let rest = &rest[percent..];
        at += percent;
        if rest.get(1) == Some(&b'%') {
            out.push(b'%');
            at += 2;
            continue;
        }
        arg += 1;
        if arg >= ctx.nargs() {
            return Err(ctx.arg_error(arg, "no value"));
        }
        let conversion = Conversion::parse(rest).map_err(|error| raise(ctx, &error))?;
        at += conversion.text.len();
        if conversion.letter == b's' {
            append_string(ctx, &mut out, arg, at)?;
        } else {
            append(ctx, &mut out, arg, conversion)?;
        }
    }
    ctx.charge(out.len() as u64 / 16)?;
    ctx.make_room(out.len());
    let result = ctx.ret_str(&out);
    give_buffer(ctx, out);
    result
}

fn append(ctx: &Ctx<'_>, out: &mut Buffer, arg: usize, conversion: Conversion<'_>) -> Result<(), Raised> {
    let letter = conversion.letter;
    let spec = |allowed| conversion.spec(allowed).map_err(|error| raise(ctx, &error));
    match letter {
        b'd' | b'i' => {
            let n = ctx.check_int(arg)?;
            if conversion.is_bare() {
                write_int(out, n);
            } else {
                write_integer(out, letter, n, &spec(Allowed::INT)?);
            }
        }
        b'u' | b'o' | b'x' | b'X' => {
            let n = ctx.check_int(arg)?;
            write_integer(
                out,
                letter,
                n,
                &spec(if letter == b'u' {
                    Allowed::UNSIGNED
                } else {
                    Allowed::HEX
                })?,
            );
        }
        b'a' | b'A' => {
            let spec = spec(Allowed::FLOAT)?;
            write_floating(out, letter, ctx.check_float(arg)?, &spec);
        }
        b'f' | b'e' | b'E' | b'g' | b'G' => {
            let f = ctx.check_float(arg)?;
            write_floating(out, letter, f, &spec(Allowed::FLOAT)?);
        }
        b'c' => {
            let spec = spec(Allowed::CHAR)?;
            // The reference narrows the code to a C `unsigned char`.
            write_padded(out, &[ctx.check_int(arg)? as u8], &spec);
        }
        b'p' => {
            let spec = spec(Allowed::CHAR)?;
            match ctx.arg(arg).identity() {
                0 => write_padded(out, b"(null)", &spec),
                // As `tostring` shows it.
                id => write_padded(out, format!("0x{id:08x}").as_bytes(), &spec),
            }
        }
        b'q' => {
            if !conversion.is_bare() {
                return Err(raise(ctx, &FormatError::QuotedModifiers));
            }
            append_literal(ctx, out, arg)?;
        }
        _ => return Err(raise(ctx, &conversion.invalid())),
    }
    Ok(())
}

/// `%s`; `end` is the offset behind the conversion.
fn append_string(ctx: &mut Ctx<'_>, out: &mut Buffer, arg: usize, end: usize) -> Result<(), Raised> {
    let top = ctx.top();
    let slot = match ctx.arg(arg) {
        v if v.as_str().is_some() => arg,
        v => match v.as_num() {
            Some(Num::Int(n)) if is_bare(ctx, end) => {
                write_int(out, n);
                return Ok(());
            }
            _ => {
                ctx.tostring(arg)?;
                top
            }
        },
    };
    let ctx_ref = &*ctx;
    let text = ctx_ref.slot(slot).as_str().unwrap_or(b"");
    if is_bare(ctx_ref, end) {
        out.reserve(ctx_ref, text.len())?;
        out.extend_from_slice(text);
    } else {
        if text.contains(&0) {
            return Err(ctx_ref.arg_error(arg, "string contains zeros"));
        }
        let conversion = conversion_before(ctx_ref, end);
        let spec: FormatSpec = conversion.spec(Allowed::STR).map_err(|error| raise(ctx_ref, &error))?;
        write_padded(out, text, &spec);
    }
    ctx.set_top(top)
}

fn is_bare(ctx: &Ctx<'_>, end: usize) -> bool {
    ctx.arg(0).as_str().is_some_and(|format| format[end - 2] == b'%')
}

/// The conversion of the format that ends at `end`.
fn conversion_before<'a>(ctx: &'a Ctx<'_>, end: usize) -> Conversion<'a> {
    let format = &ctx.arg(0).as_str().unwrap_or(b"")[..end];
    let start = memchr::memrchr(b'%', format).unwrap_or(0);
    Conversion {
        text: &format[start..],
        letter: b's',
    }
}

/// `%q`
fn append_literal(ctx: &Ctx<'_>, out: &mut Buffer, arg: usize) -> Result<(), Raised> {
    let value = ctx.arg(arg);
    if let Some(text) = value.as_str() {
        write_quoted(out, text);
    } else if let Some(number) = value.as_num() {
        match number {
            Num::Int(n) => write_quoted_int(out, n),
            Num::Float(f) => write_quoted_float(out, f),
        }
    } else if let Some(truth) = value.as_bool() {
        out.extend_from_slice(if truth { b"true" } else { b"false" });
    } else if value.is_nil() {
        out.extend_from_slice(b"nil");
    } else {
        return Err(ctx.arg_error(arg, "value has no literal form"));
    }
    Ok(())
}
