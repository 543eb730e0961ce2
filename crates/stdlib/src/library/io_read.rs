//! The formats of `file:read`.

use std::io;

use perilune_lang::parse_number;
use perilune_vm::{Ctx, Raised, Returns, Std, Val};

use super::io::file_error;
use super::stream::{SharedStream, Stream};
use super::with_buffer;

/// Reads by the formats in the arguments from `first` on.
pub(super) fn read(ctx: &Ctx<'_>, file: &SharedStream, first: usize) -> Result<Returns, Raised> {
    let formats = ctx.nargs().saturating_sub(first);
    read_with(ctx, file, formats, |i| ctx.arg(first + i), |i| first + i)
}

/// Reads by formats that are not arguments.
pub(super) fn read_formats<'a>(
    ctx: &'a Ctx<'_>,
    file: &SharedStream,
    formats: usize,
    format: fn(&'a Ctx<'_>, usize) -> Val<'a>,
) -> Result<Returns, Raised> {
    read_with(ctx, file, formats, |i| format(ctx, i), |i| i + 1)
}

fn read_with<'a>(
    ctx: &'a Ctx<'_>,
    file: &SharedStream,
    formats: usize,
    format: impl Fn(usize) -> Val<'a>,
    number: impl Fn(usize) -> usize,
) -> Result<Returns, Raised> {
    let mut stream = file.borrow_mut();
    if let Err(error) = stream.check_readable() {
        return file_error(ctx, &error, None);
    }
    if formats == 0 {
        return match read_line(ctx, &mut stream, false)? {
            Ok(_) => Ok(Returns(1)),
            Err(error) => file_error(ctx, &error, None),
        };
    }
    let mut count = 0;
    for i in 0..formats {
        let value = format(i);
        let outcome = if let Some(n) = value.as_num() {
            let Some(n) = perilune_lang::to_integer(n) else {
                return Err(ctx.arg_error(number(i), "number has no integer representation"));
            };
            read_bytes(ctx, &mut stream, n as u64)?
        } else {
            let Some(text) = value.as_str() else {
                return Err(ctx.type_error(number(i), "string"));
            };
            // Older scripts write `*l`.
            match text.strip_prefix(b"*").unwrap_or(text).first() {
                Some(b'n') => read_number(ctx, &mut stream)?,
                Some(b'l') => read_line(ctx, &mut stream, false)?,
                Some(b'L') => read_line(ctx, &mut stream, true)?,
                Some(b'a') => read_all(ctx, &mut stream)?,
                _ => return Err(ctx.arg_error(number(i), "invalid format")),
            }
        };
        count += 1;
        match outcome {
            Err(error) => return file_error(ctx, &error, None),
            Ok(false) => break,
            Ok(true) => {}
        }
    }
    Ok(Returns(count))
}

/// What each reader returns: it has pushed one value, nil for `Ok(false)`.
type Outcome = Result<io::Result<bool>, Raised>;

fn read_line(ctx: &Ctx<'_>, stream: &mut Stream, keep_end: bool) -> Outcome {
    let ahead = match stream.fill() {
        Ok(ahead) => ahead,
        Err(error) => return Ok(Err(error)),
    };
    if ahead.is_empty() {
        ctx.push(Val::NIL)?;
        return Ok(Ok(false));
    }
    ctx.charge(1)?;
    // Most lines lie in the buffer whole.
    if let Some(end) = memchr::memchr(b'\n', ahead) {
        ctx.push_str(&ahead[..end + usize::from(keep_end)])?;
        stream.consume(end + 1);
        return Ok(Ok(true));
    }
    with_buffer(ctx, |out| {
        loop {
            let ahead = match stream.fill() {
                Ok(ahead) => ahead,
                Err(error) => return Ok(Err(error)),
            };
            if ahead.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', ahead);
            let taken = end.unwrap_or(ahead.len());
            out.reserve(ctx, taken + 1)?;
            ctx.charge(taken as u64 / 16)?;
            out.extend_from_slice(&ahead[..taken]);
            stream.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                if keep_end {
                    out.push(b'\n');
                }
                break;
            }
        }
        ctx.push_str(out)?;
        Ok(Ok(true))
    })
}

fn read_all(ctx: &Ctx<'_>, stream: &mut Stream) -> Outcome {
    read_up_to(ctx, stream, u64::MAX).map(|outcome| outcome.map(|_| true))
}

fn read_bytes(ctx: &Ctx<'_>, stream: &mut Stream, count: u64) -> Outcome {
    if count > i64::MAX as u64 {
        // A negative count, which the reference takes for an enormous one.
        let text = match ctx.std() {
            Std::V5_4 => "buffer too large",
            _ => "resulting string too large",
        };
        return Err(ctx.error(text));
    }
    if count == 0 {
        let more = match stream.peek() {
            Ok(more) => more.is_some(),
            Err(error) => return Ok(Err(error)),
        };
        ctx.push(if more { ctx.new_str(b"")? } else { Val::NIL })?;
        return Ok(Ok(more));
    }
    match read_up_to(ctx, stream, count)? {
        Ok(0) => {
            ctx.pop(1);
            ctx.push(Val::NIL)?;
            Ok(Ok(false))
        }
        Ok(_) => Ok(Ok(true)),
        Err(error) => Ok(Err(error)),
    }
}

/// Pushes what is left of the file, at most `limit` bytes; their number.
fn read_up_to(ctx: &Ctx<'_>, stream: &mut Stream, limit: u64) -> Result<io::Result<usize>, Raised> {
    with_buffer(ctx, |out| {
        while (out.len() as u64) < limit {
            let ahead = match stream.fill() {
                Ok(ahead) => ahead,
                Err(error) => return Ok(Err(error)),
            };
            if ahead.is_empty() {
                break;
            }
            let taken = (limit - out.len() as u64).min(ahead.len() as u64) as usize;
            out.reserve(ctx, taken)?;
            ctx.charge(1 + taken as u64 / 16)?;
            out.extend_from_slice(&ahead[..taken]);
            stream.consume(taken);
        }
        ctx.push_str(out)?;
        Ok(Ok(out.len()))
    })
}

fn read_number(ctx: &Ctx<'_>, stream: &mut Stream) -> Outcome {
    let mut text = Vec::new();
    let number = match scan_number(stream, &mut text) {
        Ok(valid) => {
            if valid {
                parse_number(&text)
            } else {
                None
            }
        }
        Err(error) => return Ok(Err(error)),
    };
    ctx.charge(1)?;
    ctx.push(number.map_or(Val::NIL, Val::num))?;
    Ok(Ok(number.is_some()))
}

/// The longest numeral that is read.
const MAX_NUMERAL: usize = 200;

/// Consumes the longest prefix that could be a numeral; `false` if it is too long.
fn scan_number(stream: &mut Stream, text: &mut Vec<u8>) -> io::Result<bool> {
    while let Some(byte) = stream.peek()? {
        if !perilune_lang::is_space(byte) {
            break;
        }
        stream.consume(1);
    }
    let mut scan = Scan {
        stream,
        text,
        overflow: false,
    };
    scan.accept(b"-+")?;
    let mut digits = 0;
    let mut hexadecimal = false;
    if scan.accept(b"0")? {
        if scan.accept(b"xX")? {
            hexadecimal = true;
        } else {
            digits = 1;
        }
    }
    digits += scan.digits(hexadecimal)?;
    if scan.accept(b".")? {
        digits += scan.digits(hexadecimal)?;
    }
    if digits > 0 && scan.accept(if hexadecimal { b"pP" } else { b"eE" })? {
        scan.accept(b"-+")?;
        scan.digits(false)?;
    }
    Ok(!scan.overflow)
}

struct Scan<'a> {
    stream: &'a mut Stream,
    text: &'a mut Vec<u8>,
    overflow: bool,
}

impl Scan<'_> {
    fn take_if(&mut self, wanted: impl FnOnce(u8) -> bool) -> io::Result<bool> {
        let Some(byte) = self.stream.peek()?.filter(|&b| wanted(b)) else {
            return Ok(false);
        };
        if self.text.len() >= MAX_NUMERAL {
            self.overflow = true;
            return Ok(false);
        }
        self.text.push(byte);
        self.stream.consume(1);
        Ok(true)
    }

    fn accept(&mut self, set: &[u8]) -> io::Result<bool> {
        self.take_if(|b| set.contains(&b))
    }

    fn digits(&mut self, hexadecimal: bool) -> io::Result<usize> {
        let mut count = 0;
        while self.take_if(|b| {
            if hexadecimal {
                b.is_ascii_hexdigit()
            } else {
                b.is_ascii_digit()
            }
        })? {
            count += 1;
        }
        Ok(count)
    }
}
