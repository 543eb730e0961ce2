//! The prompt: reads, evaluates, prints, until the input ends.

use crate::call::{self, Fault, What};
use crate::report;
use crate::run::Reporter;
use perilune::{Ctx, Raised, Std};
#[cfg(feature = "line-editing")]
use std::io::IsTerminal;

/// What a prompt gives.
pub enum Line {
    /// A line, without its end.
    Text(Vec<u8>),
    /// What was typed is not to be run; only an editor tells.
    #[cfg_attr(not(feature = "line-editing"), allow(dead_code))]
    Cancelled,
    /// The end of the input.
    End,
}

/// Where lines come from.
pub trait Lines {
    /// The next line.
    fn read(&mut self, ctx: &Ctx<'_>, prompt: &[u8]) -> Line;
    /// Takes a whole statement into the history.
    fn save(&mut self, statement: &[u8]);
}

/// Standard input as it comes, through the buffer that scripts read from too.
struct Plain;

impl Lines for Plain {
    fn read(&mut self, ctx: &Ctx<'_>, prompt: &[u8]) -> Line {
        perilune_stdlib::write_standard_output(ctx, prompt);
        // Output that cannot be written does not end the session, as in `lua`.
        let _ = perilune_stdlib::flush_standard_streams(ctx);
        // An input that cannot be read has ended.
        match perilune_stdlib::read_standard_line(ctx) {
            Ok(Some(line)) => Line::Text(line),
            Ok(None) | Err(_) => Line::End,
        }
    }

    fn save(&mut self, _: &[u8]) {}
}

/// Runs the prompt. The error is one outside of what was typed, as in a prompt's `__tostring`.
pub fn run(ctx: &mut Ctx<'_>, reporter: &Reporter<'_>) -> Result<(), Fault> {
    let bottom = ctx.top();
    let mut lines = lines(reporter);
    loop {
        let typed = match load_line(ctx, &mut *lines) {
            Ok(Typed::Statement(typed)) => typed,
            Ok(Typed::Nothing) => continue,
            Ok(Typed::End) => break,
            Err(raised) => return Err(call::fault(ctx, raised)),
        };
        match typed.and_then(|()| call::call_loaded(ctx)) {
            Ok(count) => print(ctx, count),
            Err(fault) => reporter.report(ctx, &fault, false),
        }
        ctx.pop(ctx.top() - bottom);
    }
    perilune_stdlib::write_standard_output(ctx, b"\n");
    let _ = perilune_stdlib::flush_standard_streams(ctx);
    Ok(())
}

/// A terminal gets an editor, if the command was built with one.
fn lines(reporter: &Reporter<'_>) -> Box<dyn Lines> {
    #[cfg(feature = "line-editing")]
    if std::io::stdin().is_terminal()
        && std::io::stdout().is_terminal()
        && let Some(terminal) = crate::editor::Terminal::new(reporter.use_environment)
    {
        return Box::new(terminal);
    }
    let _ = reporter;
    Box::new(Plain)
}

/// A statement that was typed.
enum Typed {
    /// Its function is on the stack, unless it is wrong.
    Statement(Result<(), Fault>),
    /// It was cancelled.
    Nothing,
    /// The input has ended.
    End,
}

fn prompt(ctx: &mut Ctx<'_>, name: &[u8], default: &[u8]) -> Result<Vec<u8>, Raised> {
    let at = ctx.top();
    call::push_global(ctx, name)?;
    if ctx.slot(at).is_nil() {
        ctx.pop(1);
        return Ok(default.to_vec());
    }
    ctx.tostring(at)?;
    let text = ctx.slot(at + 1).as_str().unwrap_or_default().to_vec();
    ctx.pop(2);
    Ok(text)
}

/// Reads a statement and pushes its function. The error is the prompt's.
fn load_line(ctx: &mut Ctx<'_>, lines: &mut dyn Lines) -> Result<Typed, Raised> {
    let text = prompt(ctx, b"_PROMPT", b"> ")?;
    let mut line = match lines.read(ctx, &text) {
        Line::Text(line) => line,
        Line::Cancelled => return Ok(Typed::Nothing),
        Line::End => return Ok(Typed::End),
    };
    if ctx.std() == Std::V5_4
        && let Some(rest) = line.strip_prefix(b"=")
    {
        line = [b"return ", rest].concat();
    }
    // As an expression first.
    let expression = [b"return ", &line[..], b";"].concat();
    let mut result = load(ctx, &expression);
    if result.is_err() {
        if ctx.std() >= Std::V5_5 && declares_local(&line) {
            report::error_text(b"warning: locals do not survive across lines in interactive mode\n");
        }
        loop {
            result = load(ctx, &line);
            if !matches!(&result, Err(Fault::Syntax { message, .. }) if message.ends_with(b"<eof>")) {
                break;
            }
            let text = prompt(ctx, b"_PROMPT2", b">> ")?;
            let next = match lines.read(ctx, &text) {
                Line::Text(next) => next,
                Line::Cancelled => return Ok(Typed::Nothing),
                Line::End => break,
            };
            line.push(b'\n');
            line.extend_from_slice(&next);
        }
    }
    if !line.is_empty() {
        lines.save(&line);
    }
    Ok(Typed::Statement(result))
}

fn load(ctx: &mut Ctx<'_>, text: &[u8]) -> Result<(), Fault> {
    call::load(ctx, &What::Text { text, name: b"=stdin" })
}

/// Is this the start of a `local` statement?
fn declares_local(line: &[u8]) -> bool {
    let start = line.iter().position(|b| !matches!(b, b' ' | b'\t'));
    let rest = &line[start.unwrap_or(line.len())..];
    match rest.strip_prefix(b"local") {
        Some(after) => matches!(after.first(), None | Some(b' ' | b'\t')),
        None => false,
    }
}

/// Gives the `count` values on top of the stack to the global `print`.
fn print(ctx: &mut Ctx<'_>, count: usize) {
    if count == 0 {
        return;
    }
    let first = ctx.top() - count;
    let prepare = |ctx: &mut Ctx<'_>| {
        call::push_global(ctx, b"print")?;
        for i in 0..count {
            ctx.push_slot(first + i)?;
        }
        ctx.call(count, Some(0))
    };
    if let Err(raised) = prepare(ctx) {
        let fault = call::fault(ctx, raised);
        let _ = perilune_stdlib::flush_standard_streams(ctx);
        report::message(None, &[b"error calling 'print' (", fault.message(), b")"].concat());
    }
}
