//! The shortcuts of the functions that programs call most: the cases that need no conversion, no metamethod and no error.
//!
//! Each answers as its native would, or declines; what a native does beyond that is told in its own file.

use perilune_lang::{Num, Rounding, float_to_integer, parse_number};
use perilune_vm::{Answer, Args, Ctx, Raised, Shortcut, Table, Val};

use super::{end_position, start_position};
use crate::pattern::{find_plain, is_plain};

pub(super) type List = &'static [(&'static str, Shortcut)];

pub(super) const BASE: List = &[
    ("assert", assert),
    ("getmetatable", getmetatable),
    ("ipairs", ipairs),
    ("next", next),
    ("pairs", pairs),
    ("rawequal", rawequal),
    ("rawget", rawget),
    ("rawlen", rawlen),
    ("select", select),
    ("setmetatable", setmetatable),
    ("tonumber", tonumber),
    ("tostring", tostring),
    ("type", type_),
];

pub(super) const MATH: List = &[
    ("abs", abs),
    ("ceil", |args| rounded(args, Rounding::Ceil)),
    ("cos", |args| of_float(args, f64::cos)),
    ("exp", |args| of_float(args, f64::exp)),
    ("floor", |args| rounded(args, Rounding::Floor)),
    ("fmod", fmod),
    ("max", max),
    ("min", min),
    ("sin", |args| of_float(args, f64::sin)),
    ("sqrt", |args| of_float(args, f64::sqrt)),
    ("tan", |args| of_float(args, f64::tan)),
    ("tointeger", tointeger),
];

pub(super) const STRING: List = &[
    ("byte", byte),
    ("char", char),
    ("find", find),
    ("len", len),
    ("lower", |args| mapped(args, <[u8]>::make_ascii_lowercase)),
    ("reverse", |args| mapped(args, <[u8]>::reverse)),
    ("sub", sub),
    ("upper", |args| mapped(args, <[u8]>::make_ascii_uppercase)),
];

pub(super) const TABLE: List = &[("insert", insert), ("remove", remove), ("unpack", unpack)];

/// Gives the functions of a library that was just opened their shortcuts.
///
/// # Errors
/// Out of memory.
pub(super) fn give(ctx: &Ctx<'_>, library: Table<'_>, shortcuts: List) -> Result<(), Raised> {
    ctx.set_shortcuts(library, shortcuts)
}

/// Gives the functions of the libraries that are open their shortcuts.
///
/// # Errors
/// Out of memory.
pub(super) fn open(ctx: &Ctx<'_>) -> Result<(), Raised> {
    let globals = ctx.globals();
    ctx.set_shortcuts(globals, BASE)?;
    for (name, list) in [("math", MATH), ("string", STRING), ("table", TABLE)] {
        if let Some(library) = globals.get_str(ctx, name.as_bytes())?.as_table() {
            ctx.set_shortcuts(library, list)?;
        }
    }
    Ok(())
}

// ---- basic functions ----

fn assert(args: Args<'_>) -> Answer {
    if args.get(0).truthy() {
        args.rest(0)
    } else {
        Answer::DECLINED
    }
}

fn getmetatable(args: Args<'_>) -> Answer {
    match args.table(0) {
        Some(table) if !table.has_metatable() => args.one(Val::NIL),
        _ => Answer::DECLINED,
    }
}

fn ipairs(args: Args<'_>) -> Answer {
    if args.count() == 0 {
        return Answer::DECLINED;
    }
    args.several(&[args.ipairs_step(), args.get(0), Val::int(0)])
}

fn next(args: Args<'_>) -> Answer {
    match args.table(0) {
        Some(table) => args.entry_after(table, args.get(1)),
        None => Answer::DECLINED,
    }
}

fn pairs(args: Args<'_>) -> Answer {
    let Some(table) = args.plain_table(0) else {
        return Answer::DECLINED;
    };
    let results = [args.next_function(), table.as_val(), Val::NIL, Val::NIL];
    // 5.5 returns the to-be-closed value too.
    args.several(if args.std() >= perilune_vm::Std::V5_5 {
        &results
    } else {
        &results[..3]
    })
}

fn rawequal(args: Args<'_>) -> Answer {
    if args.count() < 2 {
        return Answer::DECLINED;
    }
    args.one(Val::bool(args.get(0).raw_eq(args.get(1))))
}

fn rawget(args: Args<'_>) -> Answer {
    match args.table(0) {
        Some(table) if args.count() >= 2 => args.one(table.get(args.get(1))),
        _ => Answer::DECLINED,
    }
}

fn rawlen(args: Args<'_>) -> Answer {
    if let Some(table) = args.table(0) {
        return args.one(Val::int(args.length(table)));
    }
    len(args)
}

fn select(args: Args<'_>) -> Answer {
    if let Some(n) = args.int(0) {
        if n < 1 {
            return Answer::DECLINED;
        }
        return args.rest(usize::try_from(n).unwrap_or(usize::MAX));
    }
    match args.str(0) {
        Some(b"#") => args.one(Val::int(args.count() as i64 - 1)),
        _ => Answer::DECLINED,
    }
}

fn setmetatable(args: Args<'_>) -> Answer {
    match (args.plain_table(0), args.table(1)) {
        (Some(table), Some(metatable)) if args.set_metatable(table, metatable) => args.one(table.as_val()),
        _ => Answer::DECLINED,
    }
}

fn tonumber(args: Args<'_>) -> Answer {
    if args.count() != 1 {
        return Answer::DECLINED;
    }
    let value = args.get(0);
    if value.as_num().is_some() {
        return args.one(value);
    }
    match value.as_str() {
        Some(text) => args.one(parse_number(text).map_or(Val::NIL, Val::num)),
        None => Answer::DECLINED,
    }
}

fn tostring(args: Args<'_>) -> Answer {
    args.text_of(args.get(0))
}

fn type_(args: Args<'_>) -> Answer {
    if args.count() == 0 {
        return Answer::DECLINED;
    }
    args.type_name(args.get(0))
}

// ---- mathematics ----

fn abs(args: Args<'_>) -> Answer {
    match args.num(0) {
        Some(Num::Int(i)) => args.one(Val::int(i.wrapping_abs())),
        Some(Num::Float(f)) => args.one(Val::float(f.abs())),
        None => Answer::DECLINED,
    }
}

#[inline(always)]
fn of_float(args: Args<'_>, f: impl Fn(f64) -> f64) -> Answer {
    match args.float(0) {
        Some(x) => args.one(Val::float(f(x))),
        None => Answer::DECLINED,
    }
}

#[inline(always)]
fn rounded(args: Args<'_>, rounding: Rounding) -> Answer {
    match args.num(0) {
        Some(Num::Int(i)) => args.one(Val::int(i)),
        Some(Num::Float(f)) => match float_to_integer(f, rounding) {
            Some(i) => args.one(Val::int(i)),
            // Too large for an integer, or no number.
            None => Answer::DECLINED,
        },
        None => Answer::DECLINED,
    }
}

fn fmod(args: Args<'_>) -> Answer {
    match (args.num(0), args.num(1)) {
        (Some(Num::Int(_)), Some(Num::Int(0))) => Answer::DECLINED,
        (Some(Num::Int(a)), Some(Num::Int(b))) => args.one(Val::int(a.wrapping_rem(b))),
        (Some(a), Some(b)) => args.one(Val::float(a.to_float() % b.to_float())),
        _ => Answer::DECLINED,
    }
}

fn max(args: Args<'_>) -> Answer {
    best(args, |i, j| i > j, |x, y| x > y)
}

fn min(args: Args<'_>) -> Answer {
    best(args, |i, j| i < j, |x, y| x < y)
}

/// The best of two integers or two floats.
#[inline(always)]
fn best(args: Args<'_>, better: impl Fn(i64, i64) -> bool, better_float: impl Fn(f64, f64) -> bool) -> Answer {
    if args.count() != 2 {
        return Answer::DECLINED;
    }
    let second = match (args.num(0), args.num(1)) {
        (Some(Num::Int(a)), Some(Num::Int(b))) => better(b, a),
        (Some(Num::Float(a)), Some(Num::Float(b))) => better_float(b, a),
        _ => return Answer::DECLINED,
    };
    args.one(args.get(usize::from(second)))
}

fn tointeger(args: Args<'_>) -> Answer {
    match args.num(0) {
        Some(Num::Int(i)) => args.one(Val::int(i)),
        Some(Num::Float(f)) => args.one(float_to_integer(f, Rounding::Exact).map_or(Val::NIL, Val::int)),
        None => Answer::DECLINED,
    }
}

// ---- strings ----

fn byte(args: Args<'_>) -> Answer {
    let (Some(text), true) = (args.str(0), args.count() <= 2) else {
        return Answer::DECLINED;
    };
    let position = match args.int(1) {
        Some(position) => position,
        None if args.get(1).is_nil() => 1,
        None => return Answer::DECLINED,
    };
    let at = if position < 0 {
        position.wrapping_add(text.len() as i64)
    } else {
        position.wrapping_sub(1)
    };
    match usize::try_from(at).ok().and_then(|at| text.get(at)) {
        Some(&byte) => args.one(Val::int(i64::from(byte))),
        None => Answer::DECLINED,
    }
}

/// Results up to this long are built in a buffer on the machine's stack.
const SHORT: usize = 32;

fn char(args: Args<'_>) -> Answer {
    let count = args.count();
    let mut bytes = [0u8; SHORT];
    if count > SHORT {
        return Answer::DECLINED;
    }
    for (i, place) in bytes[..count].iter_mut().enumerate() {
        match args.int(i).map(u8::try_from) {
            Some(Ok(byte)) => *place = byte,
            _ => return Answer::DECLINED,
        }
    }
    args.text(&bytes[..count])
}

fn find(args: Args<'_>) -> Answer {
    let (Some(text), Some(pattern)) = (args.str(0), args.str(1)) else {
        return Answer::DECLINED;
    };
    let init = match args.int(2) {
        Some(init) => start_position(init, text.len()) - 1,
        None if args.get(2).is_nil() => 0,
        None => return Answer::DECLINED,
    };
    if init > text.len() {
        return args.one(Val::NIL);
    }
    if !args.get(3).truthy() && !is_plain(pattern) {
        return Answer::DECLINED;
    }
    match find_plain(&text[init..], pattern) {
        Some(at) => {
            let start = (init + at) as i64;
            args.several(&[Val::int(start + 1), Val::int(start + pattern.len() as i64)])
        }
        None => args.one(Val::NIL),
    }
}

fn len(args: Args<'_>) -> Answer {
    match args.str(0) {
        Some(text) => args.one(Val::int(text.len() as i64)),
        None => Answer::DECLINED,
    }
}

#[inline(always)]
fn mapped(args: Args<'_>, change: impl Fn(&mut [u8])) -> Answer {
    match args.str(0) {
        Some(text) if text.len() <= SHORT => {
            let mut bytes = [0u8; SHORT];
            let bytes = &mut bytes[..text.len()];
            bytes.copy_from_slice(text);
            change(bytes);
            args.text(bytes)
        }
        _ => Answer::DECLINED,
    }
}

fn sub(args: Args<'_>) -> Answer {
    let (Some(text), Some(start)) = (args.str(0), args.int(1)) else {
        return Answer::DECLINED;
    };
    let end = match args.int(2) {
        Some(end) => end_position(end, text.len()),
        None if args.get(2).is_nil() => text.len(),
        None => return Answer::DECLINED,
    };
    let start = start_position(start, text.len());
    args.text(text.get(start - 1..end).unwrap_or(b""))
}

// ---- tables ----

fn insert(args: Args<'_>) -> Answer {
    match args.plain_table(0) {
        Some(table) if args.count() == 2 && args.set_int(table, args.length(table) + 1, args.get(1)) => {
            args.several(&[])
        }
        _ => Answer::DECLINED,
    }
}

fn remove(args: Args<'_>) -> Answer {
    if args.count() != 1 {
        return Answer::DECLINED;
    }
    match args.plain_table(0).and_then(|table| args.take_last(table)) {
        Some(last) => args.one(last),
        None => Answer::DECLINED,
    }
}

fn unpack(args: Args<'_>) -> Answer {
    let Some(table) = args.plain_table(0) else {
        return Answer::DECLINED;
    };
    match (args.count(), args.int(1), args.int(2)) {
        (1, ..) => args.elements(table, 1, args.length(table)),
        (2, Some(from), _) => args.elements(table, from, args.length(table)),
        (3, Some(from), Some(to)) => args.elements(table, from, to),
        _ => Answer::DECLINED,
    }
}
