//! `string.pack`, `packsize` and `unpack`.

use perilune_vm::{Ctx, Raised, Returns, Val};

use super::{start_position, with_buffer};
use crate::pack::{Format, Item, Pack, PackError, fits_signed, fits_unsigned, pack_int, unpack_int};

fn next(ctx: &Ctx<'_>, format: &mut Format<'_>, total: usize) -> Result<Option<Item>, Raised> {
    format.next(total).map_err(|error: PackError| {
        if error.is_argument_error() {
            ctx.arg_error(0, &error.to_string())
        } else {
            ctx.error(error.message())
        }
    })
}

/// Checks that a value to be packed is there. The reference keeps a nil behind the arguments, which is what the first
/// missing one is said to be.
fn present(ctx: &Ctx<'_>, i: usize, expected: &str) -> Result<(), Raised> {
    if ctx.is_none(i) {
        return Err(ctx.arg_error(i, &format!("{expected} expected, got nil")));
    }
    Ok(())
}

/// `string.pack(format, ...)`
pub(super) fn pack(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let ctx = &*ctx;
    let mut format = Format::new(ctx.check_str(0)?, ctx.std());
    with_buffer(ctx, |out| {
        // The total differs from the buffer's length only in what has been checked.
        let mut total = 0usize;
        let mut arg = 0;
        while let Some(item) = next(ctx, &mut format, total)? {
            let Item { option, size, padding } = item;
            if size.saturating_add(padding) > i64::MAX as usize - total {
                return Err(ctx.arg_error(arg, "result too long"));
            }
            total += size + padding;
            ctx.charge(1)?;
            // A string of a fixed size, which may be large, is looked at first.
            let room = if matches!(option, Pack::Fixed) { 0 } else { size };
            out.reserve(ctx, room + padding)?;
            let padded = out.len() + padding;
            out.resize(padded, 0);
            let little = format.is_little();
            if !matches!(option, Pack::Byte | Pack::Align | Pack::None) {
                arg += 1;
                if arg >= ctx.nargs() {
                    // The reference has a nil behind the arguments, where its buffer begins.
                    let string = matches!(option, Pack::Fixed | Pack::Prefixed | Pack::Zero);
                    let expected = if string { "string" } else { "number" };
                    return Err(ctx.arg_error(arg, &format!("{expected} expected, got nil")));
                }
            }
            match option {
                Pack::Int => {
                    present(ctx, arg, "number")?;
                    let n = ctx.check_int(arg)?;
                    if !fits_signed(n, size) {
                        return Err(ctx.arg_error(arg, "integer overflow"));
                    }
                    pack_int(out, n, size, little, n < 0);
                }
                Pack::Uint => {
                    present(ctx, arg, "number")?;
                    let n = ctx.check_int(arg)?;
                    if !fits_unsigned(n as u64, size) {
                        return Err(ctx.arg_error(arg, "unsigned overflow"));
                    }
                    pack_int(out, n, size, little, false);
                }
                Pack::Float => {
                    present(ctx, arg, "number")?;
                    let f = ctx.check_float(arg)? as f32;
                    out.extend_from_slice(&if little { f.to_le_bytes() } else { f.to_be_bytes() });
                }
                Pack::Double => {
                    present(ctx, arg, "number")?;
                    let f = ctx.check_float(arg)?;
                    out.extend_from_slice(&if little { f.to_le_bytes() } else { f.to_be_bytes() });
                }
                Pack::Fixed => {
                    present(ctx, arg, "string")?;
                    let text = ctx.check_str(arg)?;
                    if text.len() > size {
                        return Err(ctx.arg_error(arg, "string longer than given size"));
                    }
                    out.reserve(ctx, size)?;
                    ctx.charge(size as u64 / 16)?;
                    out.extend_from_slice(text);
                    let end = out.len() + size - text.len();
                    out.resize(end, 0);
                }
                Pack::Prefixed => {
                    present(ctx, arg, "string")?;
                    let text = ctx.check_str(arg)?;
                    if !fits_unsigned(text.len() as u64, size) {
                        return Err(ctx.arg_error(arg, "string length does not fit in given size"));
                    }
                    pack_int(out, text.len() as i64, size, little, false);
                    out.reserve(ctx, text.len())?;
                    ctx.charge(text.len() as u64 / 16)?;
                    out.extend_from_slice(text);
                    total += text.len();
                }
                Pack::Zero => {
                    present(ctx, arg, "string")?;
                    let text = ctx.check_str(arg)?;
                    if text.contains(&0) {
                        return Err(ctx.arg_error(arg, "string contains zeros"));
                    }
                    out.reserve(ctx, text.len())?;
                    ctx.charge(text.len() as u64 / 16)?;
                    out.extend_from_slice(text);
                    out.push(0);
                    total += text.len() + 1;
                }
                Pack::Byte => out.push(0),
                Pack::Align | Pack::None => {}
            }
        }
        ctx.ret_str(out)
    })
}

/// `string.packsize(format)`
pub(super) fn packsize(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let mut format = Format::new(ctx.check_str(0)?, ctx.std());
    let mut total = 0usize;
    while let Some(item) = next(ctx, &mut format, total)? {
        if matches!(item.option, Pack::Prefixed | Pack::Zero) {
            return Err(ctx.arg_error(0, "variable-length format"));
        }
        let size = item.size.saturating_add(item.padding);
        let longest = ctx.std().longest_string();
        if size > longest || total > longest - size {
            return Err(ctx.arg_error(0, "format result too large"));
        }
        total += size;
    }
    ctx.ret_int(total as i64)
}

/// `string.unpack(format, s, pos)`
pub(super) fn unpack(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let ctx = &*ctx;
    let mut format = Format::new(ctx.check_str(0)?, ctx.std());
    let data = ctx.check_str(1)?;
    let mut at = start_position(ctx.opt_int(2, 1)?, data.len()) - 1;
    if at > data.len() {
        return Err(ctx.arg_error(2, "initial position out of string"));
    }
    let short = || ctx.arg_error(1, "data string too short");
    let mut count = 0;
    while let Some(Item { option, size, padding }) = next(ctx, &mut format, at)? {
        if size.saturating_add(padding) > data.len() - at {
            return Err(short());
        }
        ctx.charge(1)?;
        at += padding;
        let bytes = &data[at..at + size];
        let little = format.is_little();
        let integer = |signed| {
            unpack_int(bytes, little, signed)
                .ok_or_else(|| ctx.error(format!("{size}-byte integer does not fit into Lua Integer")))
        };
        at += size;
        count += 1;
        match option {
            Pack::Int => ctx.push(Val::int(integer(true)?))?,
            Pack::Uint => ctx.push(Val::int(integer(false)?))?,
            Pack::Float => {
                let mut raw: [u8; 4] = bytes.try_into().map_err(|_| short())?;
                if !little {
                    raw.reverse();
                }
                ctx.push(Val::float(f64::from(f32::from_le_bytes(raw))))?;
            }
            Pack::Double => {
                let mut raw: [u8; 8] = bytes.try_into().map_err(|_| short())?;
                if !little {
                    raw.reverse();
                }
                ctx.push(Val::float(f64::from_le_bytes(raw)))?;
            }
            Pack::Fixed => ctx.push_str(bytes)?,
            Pack::Prefixed => {
                let length = integer(false)? as u64;
                if length > (data.len() - at) as u64 {
                    return Err(short());
                }
                ctx.push_str(&data[at..at + length as usize])?;
                at += length as usize;
            }
            Pack::Zero => {
                let length = memchr::memchr(0, &data[at..])
                    .ok_or_else(|| ctx.arg_error(1, "unfinished string for format 'z'"))?;
                ctx.push_str(&data[at..at + length])?;
                at += length + 1;
            }
            Pack::Byte | Pack::Align | Pack::None => count -= 1,
        }
    }
    ctx.push(Val::int(at as i64 + 1))?;
    Ok(Returns(count + 1))
}
