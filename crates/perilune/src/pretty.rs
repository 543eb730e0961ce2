//! `{:#?}` of values: nested tables as Lua would write them, keys in order.

use crate::table::Table;
use crate::value::Value;
use std::cmp::Ordering;
use std::ffi::c_void;
use std::fmt;

/// Deeper tables are shown by address.
const MAX_DEPTH: usize = 64;

/// Writes a table; those in `open` are around it.
pub(crate) fn table(
    f: &mut fmt::Formatter<'_>,
    table: &Table,
    indent: usize,
    open: &mut Vec<*const c_void>,
) -> fmt::Result {
    let mut entries: Vec<(Value, Value)> = table.pairs().flatten().collect();
    if entries.is_empty() {
        return f.write_str("{}");
    }
    entries.sort_by(|(a, _), (b, _)| order(a, b));
    let is_list = entries
        .iter()
        .zip(1..)
        .all(|((k, _), i)| matches!(k, Value::Integer(n) if *n == i));
    open.push(table.to_pointer());
    f.write_str("{\n")?;
    let inner = indent + 2;
    for (k, v) in &entries {
        write!(f, "{:inner$}", "")?;
        if !is_list {
            match k {
                Value::String(name) if is_name(&name.as_bytes()) => write!(f, "{} = ", name.display())?,
                other => {
                    f.write_str("[")?;
                    value(f, other, false, inner, open)?;
                    f.write_str("] = ")?;
                }
            }
        }
        value(f, v, true, inner, open)?;
        f.write_str(",\n")?;
    }
    open.pop();
    write!(f, "{:indent$}}}", "")
}

fn is_name(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|c| c.is_ascii_alphabetic() || *c == b'_')
        && bytes.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_')
}

/// Writes a value; tables with their entries if `nested`.
pub(crate) fn value(
    f: &mut fmt::Formatter<'_>,
    v: &Value,
    nested: bool,
    indent: usize,
    open: &mut Vec<*const c_void>,
) -> fmt::Result {
    match v {
        Value::Nil => f.write_str("nil"),
        Value::Boolean(b) => write!(f, "{b}"),
        Value::LightUserData(p) if p.0.is_null() => f.write_str("null"),
        Value::LightUserData(p) => write!(f, "lightuserdata: {:?}", p.0),
        Value::Integer(i) => write!(f, "{i}"),
        Value::Number(n) => write!(f, "{n}"),
        Value::String(s) => write!(f, "{s:?}"),
        Value::Table(t) if nested && open.len() < MAX_DEPTH && !open.contains(&t.to_pointer()) => {
            table(f, t, indent, open)
        }
        Value::UserData(u) => match u.debug_text() {
            Some(text) => f.write_str(&text),
            None => match u.type_name() {
                Ok(name) => write!(f, "{}: {:?}", name.display(), u.to_pointer()),
                Err(_) => write!(f, "userdata: {:?}", u.to_pointer()),
            },
        },
        Value::Error(e) if nested => write!(f, "{e:?}"),
        other => write!(f, "{}: {:?}", other.type_name(), other.to_pointer()),
    }
}

/// An order of keys: by kind, then by value.
pub(crate) fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match v {
        Value::Nil => 0,
        Value::LightUserData(p) if p.0.is_null() => 1,
        Value::Boolean(_) => 2,
        Value::Integer(_) | Value::Number(_) => 3,
        Value::String(_) => 4,
        _ => 5,
    };
    let number = |v: &Value| match v {
        Value::Integer(i) => *i as f64,
        Value::Number(n) => *n,
        _ => 0.0,
    };
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Integer(_) | Value::Number(_), _) => number(a).total_cmp(&number(b)),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => a.to_pointer().cmp(&b.to_pointer()),
    })
}
