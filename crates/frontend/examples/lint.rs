//! A linter on the front end alone: syntax errors, globals that nothing sets, locals that nothing reads.
//!
//! `cargo run --example lint -- script.lua`

use perilune_frontend::ast::{Chunk, Expr, ExprId, Stmt};
use perilune_frontend::{Binding, Options, Resolution, UpvalueSource, parse, resolve};
use std::collections::{BTreeMap, BTreeSet};

/// A finding: line and column, from 1, and what.
type Finding = (u32, u32, String);

const KNOWN: &[&str] = &[
    "assert",
    "error",
    "ipairs",
    "math",
    "next",
    "pairs",
    "pcall",
    "print",
    "require",
    "select",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "tostring",
    "type",
];

/// What is wrong with a script, in order.
fn lint(source: &[u8]) -> Vec<Finding> {
    let parse = parse(source, &Options::default());
    let chunk = &parse.chunk;
    let names = resolve(chunk);
    let mut findings: Vec<(u32, String)> = parse
        .errors
        .iter()
        .chain(&names.errors)
        .map(|error| (error.span.start, error.to_string()))
        .collect();
    findings.extend(unknown_globals(chunk, &names));
    findings.extend(unread_locals(chunk, &names));
    findings.sort();
    let placed = findings.into_iter().map(|(offset, text)| {
        let (line, column) = chunk.lines.line_col(offset);
        (line, column, text)
    });
    placed.collect()
}

/// The expressions that are assigned to.
fn targets(chunk: &Chunk) -> BTreeSet<ExprId> {
    let mut targets = BTreeSet::new();
    for (_, statement) in chunk.stmts.iter() {
        match statement {
            Stmt::Assign { targets: list, .. } => targets.extend(list.iter().copied()),
            Stmt::Function { target, .. } => targets.extend([*target]),
            _ => {}
        }
    }
    targets
}

/// Globals that are read but neither known nor set anywhere, once each.
fn unknown_globals(chunk: &Chunk, names: &Resolution) -> Vec<(u32, String)> {
    let targets = targets(chunk);
    let (mut set, mut read) = (BTreeSet::new(), BTreeMap::new());
    for (id, expr) in chunk.exprs.iter() {
        let (Expr::Name(name), Some(Binding::Global { .. })) = (expr, names.get_binding(id)) else {
            continue;
        };
        let text = chunk.names.text(*name).to_string();
        if targets.contains(&id) {
            set.insert(text);
        } else {
            read.entry(text).or_insert(chunk.span(id).start);
        }
    }
    read.retain(|name, _| !set.contains(name) && !KNOWN.contains(&&**name));
    let others: Vec<&str> = KNOWN.iter().copied().chain(set.iter().map(String::as_str)).collect();
    read.into_iter()
        .map(|(name, offset)| {
            let near = others.iter().find(|other| differ_by_one(other, &name));
            let hint = near.map_or_else(String::new, |other| format!("; did you mean '{other}'?"));
            (offset, format!("nothing sets the global '{name}'{hint}"))
        })
        .collect()
}

/// Locals that are declared and never read; those whose name begins with `_` are meant to be.
fn unread_locals(chunk: &Chunk, names: &Resolution) -> Vec<(u32, String)> {
    let targets = targets(chunk);
    let mut read = BTreeSet::new();
    for (id, expr) in chunk.exprs.iter() {
        if let (Expr::Name(_), Some(Binding::Local(local) | Binding::Constant(local))) = (expr, names.get_binding(id))
            && !targets.contains(&id)
        {
            read.insert(local);
        }
    }
    for (func, _) in chunk.functions.iter() {
        for upvalue in &names.function(func).upvalues {
            if let UpvalueSource::ParentLocal(local) = upvalue.source {
                read.insert(local);
            }
        }
    }
    let unread = names.locals.iter().filter(|(id, local)| {
        let text = chunk.names.text(local.name).to_string();
        !read.contains(id) && local.span.start < local.span.end && !text.starts_with('_')
    });
    unread
        .map(|(_, local)| {
            let text = format!("nothing reads the local '{}'", chunk.names.text(local.name));
            (local.span.start, text)
        })
        .collect()
}

/// Whether one letter more, less or other makes one name of the other.
fn differ_by_one(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let (short, long) = (short.as_bytes(), long.as_bytes());
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    match long.len() - short.len() {
        0 => short.len() > same && short[same + 1..] == long[same + 1..],
        1 => short[same..] == long[same + 1..],
        _ => false,
    }
}

const SAMPLE: &[u8] = b"\
local unused, used = 1, 2
function report(x)
  pirnt(x)
  prit(used)
  return reprt
end
local f = function() return used end
";

pub fn main() {
    if let Some(file) = std::env::args().nth(1)
        && let Ok(source) = std::fs::read(&file)
    {
        for (line, column, text) in lint(&source) {
            println!("{file}:{line}:{column}: {text}");
        }
        return;
    }
    let findings: Vec<String> = lint(SAMPLE)
        .into_iter()
        .map(|(line, column, text)| format!("{line}:{column}: {text}"))
        .collect();
    println!("{}", findings.join("\n"));
    assert_eq!(
        findings,
        [
            "1:7: nothing reads the local 'unused'",
            "3:3: nothing sets the global 'pirnt'",
            "4:3: nothing sets the global 'prit'; did you mean 'print'?",
            "5:10: nothing sets the global 'reprt'; did you mean 'report'?",
            "7:7: nothing reads the local 'f'",
        ]
    );
    assert!(!lint(b"return = 1").is_empty(), "faults of syntax are found too");
}
