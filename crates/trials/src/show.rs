//! Values as text, as `driver.lua` of `perilune-luagen` shows them: without metamethods, addresses, or memory of the state.

use perilune_vm::{Ctx, Type, Val};
use std::cmp::Ordering;

/// What of a string is shown.
const WIDTH: usize = 160;

/// How deep tables are shown.
const DEPTH: usize = 2;

/// Appends a value.
pub(crate) fn show(ctx: &Ctx<'_>, v: Val<'_>, depth: usize, out: &mut String) {
    if let Some(bytes) = v.as_str() {
        out.push('"');
        escape(&plain(bytes), out);
        out.push('"');
    } else if let Some(number) = v.as_num() {
        let mut text = Vec::new();
        perilune_lang::write_num(&mut text, number, ctx.std());
        *out += &String::from_utf8_lossy(&text);
    } else if let Some(b) = v.as_bool() {
        *out += if b { "true" } else { "false" };
    } else if v.as_table().is_some() {
        show_table(ctx, v, depth, out);
    } else {
        *out += match v.ty() {
            Type::Nil => "nil",
            _ => v.type_name(),
        };
    }
}

fn show_table(ctx: &Ctx<'_>, v: Val<'_>, depth: usize, out: &mut String) {
    let Some(table) = v.as_table() else { return };
    let has_meta = table.has_metatable();
    if depth > DEPTH {
        *out += if has_meta { "{meta}" } else { "{...}" };
        return;
    }
    *out += if has_meta { "meta{" } else { "{" };
    let mut entries: Vec<(Val<'_>, Val<'_>)> = Vec::new();
    let (mut position, mut key) = (0, Val::NIL);
    // The keys come from the table itself.
    while let Ok(Some((at, k, value))) = table.next_from(ctx, position, key) {
        (position, key) = (at, k);
        if k.as_num().is_some() || k.as_str().is_some() || k.as_bool().is_some() {
            entries.push((k, value));
        }
    }
    entries.sort_by(|a, b| order(a.0, b.0));
    for (at, (key, value)) in entries.into_iter().enumerate() {
        *out += if at == 0 { "[" } else { ",[" };
        show(ctx, key, DEPTH + 1, out);
        *out += "]=";
        show(ctx, value, depth + 1, out);
    }
    out.push('}');
}

/// By type, then by value.
fn order(a: Val<'_>, b: Val<'_>) -> Ordering {
    let types = a.type_name().cmp(b.type_name());
    types.then_with(|| match (a.as_bool(), b.as_bool()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ if a.raw_lt(b) == Some(true) => Ordering::Less,
        _ if b.raw_lt(a) == Some(true) => Ordering::Greater,
        _ => Ordering::Equal,
    })
}

/// A text without addresses and without what a traceback says of the frames below the program.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let digits = match rest.strip_prefix(b"0x") {
            Some(rest) => rest.iter().take_while(|b| b.is_ascii_hexdigit()).count(),
            None => 0,
        };
        if digits >= 8 {
            out.extend_from_slice(b"ADDRESS");
            at += 2 + digits;
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    if let Some(below) = below(&out) {
        out.truncate(below);
    }
    out
}

/// Where a line begins that names a frame of the driver.
fn below(text: &[u8]) -> Option<usize> {
    const DRIVER: &[u8] = b"driver.lua:";
    let mut start = 0;
    for line in text.split_inclusive(|&b| b == b'\n') {
        let names_frame = line.windows(DRIVER.len()).enumerate().any(|(at, part)| {
            let rest = &line[at + part.len()..];
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            part == DRIVER && digits > 0 && rest[digits..].starts_with(b": in ")
        });
        if names_frame {
            return Some(start);
        }
        start += line.len();
    }
    None
}

/// Appends what is printable, and the rest as escapes.
pub(crate) fn escape(text: &[u8], out: &mut String) {
    let shown = &text[..text.len().min(WIDTH)];
    for &b in shown {
        match b {
            b'\\' | 0..=31 | 127..=255 => *out += &format!("\\{b}"),
            _ => out.push(char::from(b)),
        }
    }
    if text.len() > WIDTH {
        *out += "...";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_frames_below_are_left_out() {
        assert_eq!(plain(b"table: 0x55aa55aa55aa!"), b"table: ADDRESS!");
        assert_eq!(plain(b"0x1234567 0xg"), b"0x1234567 0xg");
        let trace = b"x\n\t[C]: in function 'pcall'\n\tdriver.lua:150: in main chunk\n\t[C]: in ?";
        assert_eq!(plain(trace), b"x\n\t[C]: in function 'pcall'\n");
        assert_eq!(plain(b"driver.lua:97: bad"), b"driver.lua:97: bad");
    }

    #[test]
    fn long_texts_are_cut() {
        let mut out = String::new();
        escape(&[b'a'; 200], &mut out);
        assert_eq!(out, "a".repeat(160) + "...");
        out.clear();
        escape(b"a\x00\\\xff", &mut out);
        assert_eq!(out, "a\\0\\92\\255");
    }
}
