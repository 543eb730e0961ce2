//! `string.find`, `match`, `gmatch` and `gsub`.

use std::rc::Rc;

use perilune_lang::write_int;
use perilune_vm::{Buffer, Ctx, NativeFn, Raised, Returns, Val};

use super::{give_buffer, start_position, take_buffer};
use crate::pattern::{Capture, Captures, MatchError, Meter, Pattern, PatternError, find_plain, is_plain};

/// Patterns compiled lately, found again by their text: in sets by its hash, the last used first in each.
struct Cache {
    sets: [[Option<Entry>; Cache::WAYS]; Cache::SETS],
    captures: Captures,
}

struct Entry {
    text: Box<[u8]>,
    anchor: bool,
    pattern: Rc<Pattern>,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache {
            sets: [const { [const { None }; Cache::WAYS] }; Cache::SETS],
            captures: Captures::default(),
        }
    }
}

impl Cache {
    const SETS: usize = 32;
    const WAYS: usize = 4;
    /// Longer patterns are compiled each time: they are rare, and the cache stays small.
    const LONGEST: usize = 128;

    fn get(&mut self, text: &[u8], anchor: bool) -> Rc<Pattern> {
        if text.len() > Cache::LONGEST {
            return Rc::new(Pattern::compile(text, anchor));
        }
        let hash = text.iter().fold(u32::from(anchor), |hash, &b| {
            hash.wrapping_mul(31).wrapping_add(u32::from(b))
        });
        // The upper bits of the product depend on all of the hash.
        let set = &mut self.sets[(hash.wrapping_mul(0x9E37_79B9) >> 27) as usize % Cache::SETS];
        for way in 0..Cache::WAYS {
            if let Some(entry) = &set[way]
                && entry.anchor == anchor
                && *entry.text == *text
            {
                let pattern = entry.pattern.clone();
                if way > 0 {
                    set[..=way].rotate_right(1);
                }
                return pattern;
            }
        }
        let pattern = Rc::new(Pattern::compile(text, anchor));
        set.rotate_right(1);
        set[0] = Some(Entry {
            text: text.into(),
            anchor,
            pattern: pattern.clone(),
        });
        pattern
    }
}

/// Matching is paid for with the VM's fuel.
struct Fuel<'a, 'v>(&'a Ctx<'v>);

impl Meter for Fuel<'_, '_> {
    type Stop = Raised;

    #[inline]
    fn charge(&mut self, steps: u64) -> Result<(), Raised> {
        self.0.charge(1 + steps / 8)
    }
}

fn raise(ctx: &Ctx<'_>, error: MatchError<Raised>) -> Raised {
    match error {
        MatchError::Pattern(error) => malformed(ctx, error),
        MatchError::Stopped(raised) => raised,
    }
}

fn malformed(ctx: &Ctx<'_>, error: PatternError) -> Raised {
    ctx.error(error.to_string())
}

fn push_capture(ctx: &Ctx<'_>, subject: &[u8], captures: &Captures, index: usize) -> Result<(), Raised> {
    match captures.get(index).map_err(|error| malformed(ctx, error))? {
        Capture::Range(start, end) => ctx.push_str(&subject[start..end]),
        Capture::Position(at) => ctx.push(Val::int(at as i64 + 1)),
    }
}

fn push_captures(ctx: &Ctx<'_>, subject: &[u8], captures: &Captures, count: usize) -> Result<u32, Raised> {
    for index in 0..count {
        push_capture(ctx, subject, captures, index)?;
    }
    Ok(count as u32)
}

/// `string.find(s, pattern, init, plain)`
pub(super) fn find(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let subject = ctx.check_str(0)?;
    let pattern = ctx.check_str(1)?;
    let init = start_position(ctx.opt_int(2, 1)?, subject.len()) - 1;
    if init > subject.len() {
        return ctx.ret_nil();
    }
    if ctx.arg(3).truthy() || is_plain(pattern) {
        ctx.charge((subject.len() - init) as u64 / 16)?;
        let Some(at) = find_plain(&subject[init..], pattern) else {
            return ctx.ret_nil();
        };
        let start = init + at;
        ctx.push(Val::int(start as i64 + 1))?;
        ctx.push(Val::int((start + pattern.len()) as i64))?;
        return Ok(Returns(2));
    }
    search(ctx, subject, pattern, init, |ctx, captures| {
        ctx.push(Val::int(captures.start as i64 + 1))?;
        ctx.push(Val::int(captures.end as i64))?;
        Ok(2 + push_captures(ctx, subject, captures, captures.count())?)
    })
}

/// `string.match(s, pattern, init)`
pub(super) fn match_(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let subject = ctx.check_str(0)?;
    let pattern = ctx.check_str(1)?;
    let init = start_position(ctx.opt_int(2, 1)?, subject.len()) - 1;
    if init > subject.len() {
        return ctx.ret_nil();
    }
    search(ctx, subject, pattern, init, |ctx, captures| {
        push_captures(ctx, subject, captures, captures.value_count())
    })
}

fn search(
    ctx: &Ctx<'_>,
    subject: &[u8],
    pattern: &[u8],
    init: usize,
    found: impl FnOnce(&Ctx<'_>, &Captures) -> Result<u32, Raised>,
) -> Result<Returns, Raised> {
    ctx.charge(pattern.len() as u64 / 8)?;
    let cache = ctx.state::<Cache>();
    let mut cache = cache.borrow_mut();
    let pattern = cache.get(pattern, true);
    let captures = &mut cache.captures;
    match pattern.find(subject, init, captures, &mut Fuel(ctx)) {
        Ok(true) => found(ctx, captures).map(Returns),
        Ok(false) => ctx.ret_nil(),
        Err(error) => Err(raise(ctx, error)),
    }
}

/// Upvalues of the iterator: subject, pattern, where to go on, where the last match ended.
pub(super) fn gmatch(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let subject = ctx.check_str(0)?;
    ctx.check_str(1)?;
    let init = start_position(ctx.opt_int(2, 1)?, subject.len()) - 1;
    // One past the end finds nothing; further must not overflow.
    let init = init.min(subject.len() + 1) as i64;
    let step: NativeFn = gmatch_step;
    let upvalues = [ctx.arg(0), ctx.arg(1), Val::int(init), Val::int(-1)];
    ctx.ret(ctx.new_native("gmatch_aux", step, &upvalues)?)
}

fn gmatch_step(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let ctx = &*ctx;
    let subject = ctx.upvalue(0).as_str().unwrap_or(b"");
    let pattern = ctx.upvalue(1).as_str().unwrap_or(b"");
    let mut at = ctx.upvalue(2).as_int().unwrap_or(0) as usize;
    let last = ctx.upvalue(3).as_int().unwrap_or(-1);
    ctx.charge(pattern.len() as u64 / 8)?;
    let cache = ctx.state::<Cache>();
    let mut cache = cache.borrow_mut();
    let pattern = cache.get(pattern, false);
    let captures = &mut cache.captures;
    loop {
        match pattern.find(subject, at, captures, &mut Fuel(ctx)) {
            Err(error) => return Err(raise(ctx, error)),
            Ok(false) => return Ok(Returns::NONE),
            // An empty match where the last one ended is part of it.
            Ok(true) if captures.end as i64 == last => at = captures.start + 1,
            Ok(true) => break,
        }
    }
    let end = captures.end as i64;
    ctx.set_upvalue(2, Val::int(end));
    ctx.set_upvalue(3, Val::int(end));
    push_captures(ctx, subject, captures, captures.value_count()).map(Returns)
}

/// What `gsub` puts in place of a match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replacement {
    /// A string without `%`.
    Plain,
    /// A string with `%`.
    Template,
    Function,
    Table,
}

/// `string.gsub(s, pattern, repl, n)`
pub(super) fn gsub(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let subject = ctx.check_str(0)?;
    let pattern = ctx.check_str(1)?;
    let replacement = match ctx.arg(2) {
        v if v.is_function() => Replacement::Function,
        v if v.as_table().is_some() => Replacement::Table,
        v if v.as_str().is_some() || v.as_num().is_some() => {
            let has_escape = memchr::memchr(b'%', ctx.check_str(2)?).is_some();
            if has_escape {
                Replacement::Template
            } else {
                Replacement::Plain
            }
        }
        _ => return Err(ctx.type_error(2, "string/function/table")),
    };
    let limit = ctx.opt_int(3, subject.len() as i64 + 1)?;
    ctx.charge(pattern.len() as u64 / 8)?;
    let pattern = ctx.state::<Cache>().borrow_mut().get(pattern, true);
    let mut out = take_buffer(ctx);
    let mut captures = Captures::default();
    let (mut at, mut last, mut count) = (0, None, 0);
    let mut changed = false;
    let top = ctx.top();
    while count < limit {
        out.prepare(ctx);
        // The subject stays in its slot; calls below end this borrow.
        let subject = ctx.arg(0).as_str().unwrap_or(b"");
        match pattern.find(subject, at, &mut captures, &mut Fuel(ctx)) {
            Err(error) => return Err(raise(ctx, error)),
            Ok(false) => break,
            Ok(true) => {}
        }
        if last == Some(captures.end) {
            // An empty match where the last one ended is part of it.
            let Some(&byte) = subject.get(at) else { break };
            out.push(byte);
            at += 1;
        } else {
            out.reserve(ctx, captures.start - at)?;
            out.extend_from_slice(&subject[at..captures.start]);
            count += 1;
            changed |= replace(ctx, &mut out, &captures, replacement)?;
            ctx.set_top(top)?;
            // The next text in between is a part of the subject.
            out.reserve(
                ctx,
                ctx.arg(0).as_str().map_or(0, |subject| subject.len() - captures.end),
            )?;
            at = captures.end;
            last = Some(at);
        }
        if pattern.is_anchored() {
            break;
        }
    }
    if changed {
        let subject = ctx.arg(0).as_str().unwrap_or(b"");
        out.reserve(ctx, subject.len() - at)?;
        out.extend_from_slice(&subject[at..]);
        ctx.charge(out.len() as u64 / 16)?;
        ctx.make_room(out.len());
        ctx.push_str(&out)?;
    } else {
        ctx.push(ctx.arg(0))?;
    }
    give_buffer(ctx, out);
    ctx.push(Val::int(count))?;
    Ok(Returns(2))
}

/// Appends the replacement of one match; `false` if the match stays as it is.
fn replace(ctx: &mut Ctx<'_>, out: &mut Buffer, captures: &Captures, replacement: Replacement) -> Result<bool, Raised> {
    match replacement {
        Replacement::Plain => {
            let text = ctx.arg(2).as_str().unwrap_or(b"");
            out.reserve(ctx, text.len())?;
            out.extend_from_slice(text);
            return Ok(true);
        }
        Replacement::Template => {
            expand(ctx, out, captures)?;
            return Ok(true);
        }
        Replacement::Function => {
            ctx.push(ctx.arg(2))?;
            let subject = ctx.arg(0).as_str().unwrap_or(b"");
            let count = push_captures(ctx, subject, captures, captures.value_count())?;
            ctx.call(count as usize, Some(1))?;
        }
        Replacement::Table => {
            let subject = ctx.arg(0).as_str().unwrap_or(b"");
            push_capture(ctx, subject, captures, 0)?;
            let key = ctx.top() - 1;
            match ctx.arg(2).as_table() {
                Some(table) if !table.has_metatable() => ctx.push(table.get(ctx.slot(key)))?,
                _ => ctx.index(2, key)?,
            }
        }
    }
    let result = ctx.slot(ctx.top() - 1);
    if !result.truthy() {
        let subject = ctx.arg(0).as_str().unwrap_or(b"");
        out.reserve(ctx, captures.end - captures.start)?;
        out.extend_from_slice(&subject[captures.start..captures.end]);
        return Ok(false);
    }
    append_value(ctx, out, result).map(|()| true)
}

/// Appends a string or the text of a number.
fn append_value(ctx: &Ctx<'_>, out: &mut Buffer, value: Val<'_>) -> Result<(), Raised> {
    if let Some(text) = value.as_str() {
        out.reserve(ctx, text.len())?;
        out.extend_from_slice(text);
    } else if let Some(number) = value.as_num() {
        perilune_lang::write_num(out, number, ctx.std());
    } else {
        return Err(ctx.error(format!("invalid replacement value (a {})", value.type_name())));
    }
    Ok(())
}

/// Appends the replacement string with its `%0` to `%9` filled in.
fn expand(ctx: &Ctx<'_>, out: &mut Buffer, captures: &Captures) -> Result<(), Raised> {
    let subject = ctx.arg(0).as_str().unwrap_or(b"");
    let mut rest = ctx.arg(2).as_str().unwrap_or(b"");
    out.reserve(ctx, rest.len())?;
    while let Some(escape) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..escape]);
        match rest.get(escape + 1) {
            Some(b'%') => out.push(b'%'),
            Some(b'0') => {
                out.reserve(ctx, captures.end - captures.start)?;
                out.extend_from_slice(&subject[captures.start..captures.end]);
            }
            Some(digit @ b'1'..=b'9') => {
                match captures
                    .get(usize::from(digit - b'1'))
                    .map_err(|error| malformed(ctx, error))?
                {
                    Capture::Range(start, end) => {
                        out.reserve(ctx, end - start)?;
                        out.extend_from_slice(&subject[start..end]);
                    }
                    Capture::Position(at) => write_int(out, at as i64 + 1),
                }
            }
            _ => return Err(ctx.error("invalid use of '%' in replacement string")),
        }
        rest = &rest[escape + 2..];
    }
    out.extend_from_slice(rest);
    Ok(())
}
