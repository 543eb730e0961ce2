//! Chunks and calls in protected mode, with `lua`'s message handler.

use crate::interrupt;
use perilune::{Ctx, Raised, Returns, Std, Val};

/// What runs: a file (standard input if it has no name), a text, or `require`.
pub enum What<'a> {
    File(Option<&'a [u8]>),
    Text { text: &'a [u8], name: &'a [u8] },
}

/// Why something did not run to its end.
pub enum Fault {
    /// It raised an error; traceback included.
    Raised(Vec<u8>),
    /// A file that cannot be read, or a binary chunk that is refused.
    Load(Vec<u8>),
    /// The text has syntax errors, the first with this message.
    Syntax {
        message: Vec<u8>,
        source: Vec<u8>,
        name: Vec<u8>,
    },
}

impl Fault {
    pub fn message(&self) -> &[u8] {
        match self {
            Fault::Raised(message) | Fault::Load(message) | Fault::Syntax { message, .. } => message,
        }
    }
}

/// An error outside of any protection, as a fault; that of a script which had to end comes with its traceback.
pub fn fault(ctx: &Ctx<'_>, raised: Raised) -> Fault {
    if ctx.stopped().is_some() {
        let traceback = ctx.take_traceback();
        let message = text(ctx.take_error(raised), ctx.std()).unwrap_or_default();
        return Fault::Raised(match traceback {
            Some(traceback) => [message.as_slice(), b"\n", traceback.as_slice()].concat(),
            None => message,
        });
    }
    Fault::Raised(match text(ctx.take_error(raised), ctx.std()) {
        Some(text) => text,
        None => b"(error message not a string)".to_vec(),
    })
}

/// A string, or a number as text.
fn text(value: Val<'_>, std: Std) -> Option<Vec<u8>> {
    value.as_str().map(<[u8]>::to_vec).or_else(|| {
        value.as_num().map(|number| {
            let mut text = Vec::new();
            perilune_lang::write_num(&mut text, number, std);
            text
        })
    })
}

/// Turns an error value into the message that is shown, with a traceback.
fn message_handler(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.set_top(1)?;
    let value = ctx.arg(0);
    let message = if value.as_str().is_some() || value.as_num().is_some() {
        ctx.tostring(0)?;
        ctx.slot(1).as_str().unwrap_or_default().to_vec()
    } else {
        let own = ctx.metafield(value, "__tostring")?;
        if !own.is_nil() {
            ctx.push(own)?;
            ctx.push_slot(0)?;
            ctx.call(1, Some(1))?;
            if ctx.slot(1).as_str().is_some() {
                return Ok(Returns(1));
            }
        }
        format!("(error object is a {} value)", ctx.arg(0).type_name()).into_bytes()
    };
    let message = ctx.traceback(Some(&message), 1);
    ctx.ret_str(&message)
}

/// Pushes what starts a protected call; the function and its arguments come after it.
fn begin(ctx: &Ctx<'_>) -> Result<usize, Raised> {
    let first = ctx.top();
    ctx.push(ctx.protected_call())?;
    Ok(first)
}

/// Pushes the message handler, to stand between the function and its arguments.
fn push_handler(ctx: &Ctx<'_>) -> Result<(), Raised> {
    ctx.push(ctx.new_native("message handler", message_handler, &[])?)
}

/// Calls what stands from `first` on. The results are left from there on; their number is returned.
fn finish(ctx: &mut Ctx<'_>, first: usize) -> Result<usize, Fault> {
    let given = ctx.top() - first - 1;
    let count = match interrupt::during(ctx, |ctx| ctx.call(given, None)) {
        Ok(count) => count,
        Err(raised) => return Err(fault(ctx, raised)),
    };
    if !ctx.slot(first).truthy() {
        let message = text(ctx.slot(first + 1), ctx.std()).unwrap_or_else(|| b"(error message not a string)".to_vec());
        ctx.pop(count);
        return Err(Fault::Raised(message));
    }
    // The results move down over the success.
    for i in 0..count - 1 {
        let value = ctx.slot(first + 1 + i);
        ctx.set_slot(first + i, value);
    }
    ctx.pop(1);
    Ok(count - 1)
}

/// Loads a chunk and pushes its function.
pub fn load(ctx: &mut Ctx<'_>, what: &What<'_>) -> Result<(), Fault> {
    let (source, name) = match *what {
        What::File(path) => {
            let read = match path {
                Some(path) => perilune_stdlib::read_source(path),
                None => perilune_stdlib::read_standard_source(ctx),
            };
            let name = path.map_or_else(|| b"=stdin".to_vec(), |path| [b"@", path].concat());
            (read.map_err(Fault::Load)?, name)
        }
        What::Text { text, name } => (text.to_vec(), name.to_vec()),
    };
    match ctx.load(&source, &name, b"bt") {
        Ok(Ok(())) => Ok(()),
        Ok(Err(message)) if source.first() == Some(&0x1B) => Err(Fault::Load(message)),
        Ok(Err(message)) => Err(Fault::Syntax { message, source, name }),
        Err(raised) => Err(fault(ctx, raised)),
    }
}

/// Calls the function on top of the stack without arguments. The results are left in its place.
pub fn call_loaded(ctx: &mut Ctx<'_>) -> Result<usize, Fault> {
    let function = ctx.top() - 1;
    let prepare = |ctx: &mut Ctx<'_>| {
        begin(ctx)?;
        ctx.push_slot(function)?;
        push_handler(ctx)
    };
    prepare(ctx).map_err(|raised| fault(ctx, raised))?;
    let count = finish(ctx, function + 1)?;
    for i in 0..count {
        let value = ctx.slot(function + 1 + i);
        ctx.set_slot(function + i, value);
    }
    ctx.pop(1);
    Ok(count)
}

/// Loads and runs a chunk with what `arguments` pushes, and forgets its results.
pub fn run(
    ctx: &mut Ctx<'_>,
    what: &What<'_>,
    arguments: impl FnOnce(&mut Ctx<'_>) -> Result<(), Raised>,
) -> Result<(), Fault> {
    let first = begin(ctx).map_err(|raised| fault(ctx, raised))?;
    load(ctx, what)?;
    push_handler(ctx)
        .and_then(|()| arguments(ctx))
        .map_err(|raised| fault(ctx, raised))?;
    let count = finish(ctx, first)?;
    ctx.pop(count);
    Ok(())
}

/// Pushes a global, as a script would read it.
pub fn push_global(ctx: &mut Ctx<'_>, name: &[u8]) -> Result<(), Raised> {
    let at = ctx.top();
    ctx.push(ctx.globals().as_val())?;
    ctx.push_str(name)?;
    ctx.index(at, at + 1)?;
    let value = ctx.slot(at + 2);
    ctx.set_slot(at, value);
    ctx.pop(2);
    Ok(())
}

/// Sets a global to the value on top, which is popped.
fn set_global(ctx: &mut Ctx<'_>, name: &[u8]) -> Result<(), Raised> {
    let at = ctx.top();
    ctx.push(ctx.globals().as_val())?;
    ctx.push_str(name)?;
    ctx.set_index(at, at + 1, at - 1)?;
    ctx.pop(ctx.top() - (at - 1));
    Ok(())
}

/// `-l`: requires a module into a global.
pub fn require(ctx: &mut Ctx<'_>, argument: &[u8]) -> Result<(), Fault> {
    let (global, module) = match argument.iter().position(|&b| b == b'=') {
        Some(at) => (&argument[..at], &argument[at + 1..]),
        // A version after '-' is no part of the name.
        None => (argument.split(|&b| b == b'-').next().unwrap_or(argument), argument),
    };
    let prepare = |ctx: &mut Ctx<'_>| {
        let first = begin(ctx)?;
        push_global(ctx, b"require")?;
        push_handler(ctx)?;
        ctx.push_str(module)?;
        Ok(first)
    };
    let first = prepare(ctx).map_err(|raised| fault(ctx, raised))?;
    let count = finish(ctx, first)?;
    // `require` gives the module and where it was found.
    ctx.pop(count.saturating_sub(1));
    let done = if count == 0 { ctx.push(Val::NIL) } else { Ok(()) };
    done.and_then(|()| set_global(ctx, global))
        .map_err(|raised| fault(ctx, raised))
}
