//! `load`, `loadfile` and `dofile`.

use perilune_vm::{Buffer, Ctx, Raised, Returns, Val};

use super::stream::error_text;

/// Defines `load`.
pub(super) fn open(ctx: &Ctx<'_>) -> Result<(), Raised> {
    ctx.set_functions(ctx.globals(), &[("load", load)])
}

/// Defines `loadfile` and `dofile`.
pub(super) fn open_files(ctx: &Ctx<'_>) -> Result<(), Raised> {
    ctx.set_functions(ctx.globals(), &[("loadfile", loadfile), ("dofile", dofile)])
}

fn mode(ctx: &Ctx<'_>, i: usize) -> Result<Vec<u8>, Raised> {
    match ctx.opt_str(i)? {
        Some(mode) if mode.contains(&b'B') => Err(ctx.arg_error(i, "invalid mode")),
        Some(mode) => Ok(mode.to_vec()),
        None => Ok(b"bt".to_vec()),
    }
}

fn load(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let source = ctx.arg(0);
    let text = source.as_str().is_some() || source.as_num().is_some();
    let mode = mode(ctx, 2)?;
    let (chunk, name) = if text {
        let text = ctx.check_str(0)?;
        let mut chunk = ctx.new_buffer();
        chunk.reserve(ctx, text.len())?;
        chunk.extend_from_slice(text);
        let name = ctx.opt_str(1)?.unwrap_or(text).to_vec();
        (chunk, name)
    } else {
        let name = ctx.opt_str(1)?.unwrap_or(b"=(load)").to_vec();
        ctx.check_function(0)?;
        match read_pieces(ctx) {
            Ok(chunk) => (chunk, name),
            Err(raised) if ctx.must_leave() => return Err(raised),
            // The reader runs protected, as the parser does.
            Err(raised) => {
                let error = ctx.take_error(raised);
                ctx.push(error)?;
                let at = ctx.top() - 1;
                ctx.push(Val::NIL)?;
                ctx.push_slot(at)?;
                return Ok(Returns(2));
            }
        }
    };
    let env = (!ctx.is_none(3)).then_some(3);
    finish(ctx, &chunk, &name, &mode, env)
}

/// Calls the reader in slot 0 until it returns nil or an empty string.
fn read_pieces(ctx: &mut Ctx<'_>) -> Result<Buffer, Raised> {
    let mut chunk = ctx.new_buffer();
    loop {
        chunk.prepare(ctx);
        ctx.push(ctx.arg(0))?;
        ctx.call(0, Some(1))?;
        let piece = ctx.slot(ctx.top() - 1);
        if piece.is_nil() {
            return Ok(chunk);
        }
        if let Some(text) = piece.as_str() {
            if text.is_empty() {
                return Ok(chunk);
            }
            ctx.charge(1 + text.len() as u64 / 16)?;
            chunk.reserve(ctx, text.len())?;
            chunk.extend_from_slice(text);
        } else if let Some(number) = piece.as_num() {
            perilune_lang::write_num(&mut chunk, number, ctx.std());
        } else {
            return Err(ctx.error("reader function must return a string"));
        }
        ctx.pop(1);
    }
}

/// Pushes the loaded function, or nil and the message.
fn finish(ctx: &mut Ctx<'_>, chunk: &[u8], name: &[u8], mode: &[u8], env: Option<usize>) -> Result<Returns, Raised> {
    ctx.charge(chunk.len() as u64 / 4)?;
    match ctx.load(chunk, name, mode)? {
        Ok(()) => {
            if let Some(env) = env {
                ctx.set_env(env);
            }
            Ok(Returns(1))
        }
        Err(message) => fail(ctx, &message),
    }
}

fn fail(ctx: &Ctx<'_>, message: &[u8]) -> Result<Returns, Raised> {
    ctx.push(Val::NIL)?;
    ctx.push_str(message)?;
    Ok(Returns(2))
}

/// Reads a source file as the interpreter does: without a byte order mark and a first line that
/// starts with `#`. The error is the message.
///
/// # Errors
/// The message of a file that cannot be opened or read.
pub fn read_source(path: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let failure = |what: &str, error: &std::io::Error| {
        [what.as_bytes(), b" ", path, b": ", error_text(error).as_bytes()].concat()
    };
    let mut file = std::fs::File::open(super::stream::os_path(path)).map_err(|error| failure("cannot open", &error))?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes).map_err(|error| failure("cannot read", &error))?;
    Ok(skip_first_line(bytes))
}

/// Reads a source text from what is left of the standard input.
///
/// # Errors
/// The message of an input that cannot be read.
pub fn read_standard_source(ctx: &Ctx<'_>) -> Result<Vec<u8>, Vec<u8>> {
    match super::stream::read_standard_input(ctx) {
        Ok(bytes) => Ok(skip_first_line(bytes)),
        Err(error) => Err(format!("cannot read stdin: {}", error_text(&error)).into_bytes()),
    }
}

fn read(ctx: &Ctx<'_>, path: Option<&[u8]>) -> Result<Vec<u8>, Vec<u8>> {
    match path {
        Some(path) => read_source(path),
        None => read_standard_source(ctx),
    }
}

/// A file's bytes without a byte order mark and a first line that starts with `#`.
pub fn skip_first_line(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    if bytes.first() == Some(&b'#') {
        let end = memchr::memchr(b'\n', &bytes).unwrap_or(bytes.len());
        // The line end stays, so that lines keep their numbers; a binary chunk has none.
        let binary = bytes.get(end + 1) == Some(&0x1b);
        bytes.drain(..end + usize::from(binary));
    }
    bytes
}

/// `@path`, or `=stdin`.
fn file_chunk_name(path: Option<&[u8]>) -> Vec<u8> {
    path.map_or_else(|| b"=stdin".to_vec(), |path| [b"@", path].concat())
}

fn loadfile(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let path = ctx.opt_str(0)?.map(<[u8]>::to_vec);
    let mode = mode(ctx, 1)?;
    match read(ctx, path.as_deref()) {
        Ok(source) => {
            let env = (!ctx.is_none(2)).then_some(2);
            finish(ctx, &source, &file_chunk_name(path.as_deref()), &mode, env)
        }
        Err(message) => fail(ctx, &message),
    }
}

fn dofile(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let path = ctx.opt_str(0)?.map(<[u8]>::to_vec);
    let source = read(ctx, path.as_deref()).map_err(|message| ctx.error_plain(message))?;
    ctx.charge(source.len() as u64 / 4)?;
    if let Err(message) = ctx.load(&source, &file_chunk_name(path.as_deref()), b"bt")? {
        return Err(ctx.error_plain(message));
    }
    ctx.tail_call(0, None)
}

#[cfg(test)]
mod tests {
    use super::skip_first_line;

    #[test]
    fn first_lines_for_the_shell() {
        let skip = |text: &[u8]| skip_first_line(text.to_vec());
        assert_eq!(skip(b"x = 1"), b"x = 1");
        assert_eq!(skip(b"#!lua\nx = 1"), b"\nx = 1");
        assert_eq!(skip(b"#!lua"), b"");
        assert_eq!(skip(b"\xef\xbb\xbfx"), b"x");
        assert_eq!(skip(b"\xef\xbb\xbf# c\nx"), b"\nx");
        assert_eq!(skip(b"# c\n\x1bLua"), b"\x1bLua");
    }
}
