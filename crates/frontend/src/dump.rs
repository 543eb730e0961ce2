//! Text forms of tokens, trees and resolutions, for snapshots and curious readers.

use std::fmt::Write;

use perilune_lang::{Num, Std, write_num};

use crate::ast::{Attrib, AttribName, Chunk, Expr, ExprId, Ident, Stmt, TableItem, index};
use crate::lexer::Lexer;
use crate::names::{NameId, Names};
use crate::resolution::{Binding, Constant, EnvBinding, JumpTarget, LocalId, Resolution};
use crate::token::TokenKind;
use crate::walk::{Node, children};

/// Indentation grows no further than this, so that the text of deep trees stays linear.
const DEEPEST: usize = 40;

/// The tokens of a text, one per line: `line kind 'text'`; errors of scanning follow.
pub fn dump_tokens(source: &[u8]) -> String {
    let mut lexer = Lexer::new(source);
    let mut out = String::new();
    loop {
        let token = lexer.next_token();
        let kind = token.kind.text();
        put(&mut out, format_args!("{} {kind}", lexer.line));
        if token.kind == TokenKind::Eof {
            break;
        }
        if kind.starts_with('<') {
            let near = lexer.near(&token).unwrap_or_default();
            put(
                &mut out,
                format_args!(" {}", String::from_utf8_lossy(&near).replace('\n', "\\n")),
            );
        }
        out.push('\n');
    }
    out.push('\n');
    for error in &lexer.errors {
        put(&mut out, format_args!("error: {}: {error}\n", error.line));
    }
    out
}

/// The tree of a chunk as an indented s-expression, without places: trees with the same text
/// mean the same.
pub fn dump_ast(chunk: &Chunk) -> String {
    enum Item {
        Node(Node, usize),
        Text(String, usize),
        Close,
    }
    let mut out = String::new();
    let mut kids = Vec::new();
    let mut pending = vec![Item::Node(Node::Block(chunk.main_block()), 0)];
    while let Some(item) = pending.pop() {
        let (head, node, depth) = match item {
            Item::Close => {
                out.push(')');
                continue;
            }
            Item::Text(text, depth) => (text, None, depth),
            Item::Node(node, depth) => (head(chunk, node), Some(node), depth),
        };
        if !out.is_empty() {
            out.push('\n');
        }
        out.extend(std::iter::repeat_n(' ', 2 * depth.min(DEEPEST)));
        out.push_str(&head);
        let Some(node) = node else { continue };
        if !head.starts_with('(') {
            continue;
        }
        pending.push(Item::Close);
        kids.clear();
        children(chunk, node, &mut kids);
        // Keys and the ends of lists are no nodes, so they stand between the children.
        let marks = marks(chunk, node);
        for at in (0..=kids.len()).rev() {
            pending.extend(kids.get(at).map(|&kid| Item::Node(kid, depth + 1)));
            let here = marks.iter().rev().filter(|(before, _)| *before == at);
            pending.extend(here.map(|(_, text)| Item::Text(text.clone(), depth + 1)));
        }
    }
    out.push('\n');
    out
}

/// Words between the children of a node, each with the position of the child that it precedes.
fn marks(chunk: &Chunk, node: Node) -> Vec<(usize, String)> {
    let mut marks = Vec::new();
    match node {
        Node::Stmt(id) => match &chunk.stmts[id] {
            Stmt::Assign { targets, .. } => marks.push((targets.len(), "=".to_owned())),
            Stmt::If {
                arms,
                otherwise: Some(_),
            } => {
                marks.push((2 * arms.len(), "else".to_owned()));
            }
            _ => {}
        },
        Node::Expr(id) => {
            if let Expr::Table(items) = &chunk.exprs[id] {
                let mut at = 0;
                for item in items {
                    match item {
                        TableItem::Positional(_) => at += 1,
                        TableItem::Named { name, .. } => {
                            marks.push((at, format!(".{}", chunk.names.text(*name))));
                            at += 1;
                        }
                        TableItem::Keyed { .. } => {
                            marks.push((at, "[]".to_owned()));
                            at += 2;
                        }
                    }
                }
            }
        }
        _ => {}
    }
    marks
}

/// The first words of a node; with a parenthesis if it has children to follow.
fn head(chunk: &Chunk, node: Node) -> String {
    let text = |ident: &Ident| chunk.names.text(ident.name).into_owned();
    match node {
        Node::Function(id) => {
            let function = &chunk.functions[id];
            let mut out = "(body".to_owned();
            for param in &function.params {
                put(&mut out, format_args!(" {}", text(param)));
            }
            if let Some(vararg) = function.vararg {
                put(
                    &mut out,
                    format_args!(" ...{}", vararg.name.map_or(String::new(), |n| text(&n))),
                );
            }
            out
        }
        Node::Block(_) => "(block".to_owned(),
        Node::Stmt(id) => match &chunk.stmts[id] {
            Stmt::Missing(_) => "(missing".to_owned(),
            Stmt::Empty => ";".to_owned(),
            Stmt::Call(_) => "(call-stmt".to_owned(),
            Stmt::Assign { .. } => "(assign".to_owned(),
            Stmt::Local { prefix, names, .. } => {
                format!("(local{}", attrib_names(chunk, *prefix, names))
            }
            Stmt::LocalFunction { name, .. } => format!("(local-function {}", text(name)),
            Stmt::Global { prefix, names, .. } => {
                format!("(global{}", attrib_names(chunk, *prefix, names))
            }
            Stmt::GlobalAll { attrib } => format!("global{} *", attrib_text(*attrib)),
            Stmt::GlobalFunction { name, .. } => format!("(global-function {}", text(name)),
            Stmt::Function { function, .. } => match chunk.exprs[*function] {
                Expr::Function(id) if chunk.functions[id].is_method => "(method".to_owned(),
                _ => "(function-stmt".to_owned(),
            },
            Stmt::Do(_) => "(do".to_owned(),
            Stmt::While { .. } => "(while".to_owned(),
            Stmt::Repeat { .. } => "(repeat".to_owned(),
            Stmt::If { .. } => "(if".to_owned(),
            Stmt::NumericFor { var, .. } => format!("(for {} =", text(var)),
            Stmt::GenericFor { vars, .. } => {
                let vars: Vec<String> = vars.iter().map(text).collect();
                format!("(for {} in", vars.join(" "))
            }
            Stmt::Return(_) => "(return".to_owned(),
            Stmt::Break => "break".to_owned(),
            Stmt::Goto(label) => format!("goto {}", text(label)),
            Stmt::Label(label) => format!("::{}::", text(label)),
        },
        Node::Expr(id) => expr_head(chunk, id),
    }
}

fn expr_head(chunk: &Chunk, id: ExprId) -> String {
    match &chunk.exprs[id] {
        Expr::Missing => "<missing>".to_owned(),
        Expr::Nil => "nil".to_owned(),
        Expr::True => "true".to_owned(),
        Expr::False => "false".to_owned(),
        Expr::Integer(i) => i.to_string(),
        Expr::Float(f) => number_text(Num::Float(*f)),
        Expr::String(name) => quoted(&chunk.names[*name]),
        Expr::Vararg => "...".to_owned(),
        Expr::Function(_) => "(function".to_owned(),
        Expr::Name(name) => chunk.names.text(*name).into_owned(),
        Expr::Field { name, .. } => format!("(.{}", chunk.names.text(*name)),
        Expr::Index { .. } => "(index".to_owned(),
        Expr::Call { .. } => "(call".to_owned(),
        Expr::MethodCall { method, .. } => format!("(:{}", chunk.names.text(*method)),
        Expr::Paren(_) => "(paren".to_owned(),
        Expr::Unary { op, .. } => format!("({}", op.symbol()),
        Expr::Binary { op, .. } => format!("({}", op.symbol()),
        Expr::Table(_) => "(table".to_owned(),
    }
}

pub(crate) fn attrib_text(attrib: Option<Attrib>) -> &'static str {
    match attrib {
        None => "",
        Some(Attrib::Const) => " <const>",
        Some(Attrib::Close) => " <close>",
    }
}

fn attrib_names(chunk: &Chunk, prefix: Option<Attrib>, names: &[AttribName]) -> String {
    let mut out = attrib_text(prefix).to_owned();
    for name in names {
        let text = chunk.names.text(name.ident.name);
        put(&mut out, format_args!(" {text}{}", attrib_text(name.attrib)));
    }
    out
}

/// A string literal of Lua, printable ASCII.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let mut out = "\"".to_owned();
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b'\n' => out.push_str("\\n"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => put(&mut out, format_args!("\\{byte:03}")),
        }
    }
    out.push('"');
    out
}

/// A numeral of Lua that reads back as the number.
pub(crate) fn number_text(n: Num) -> String {
    match n {
        Num::Int(i) if i < 0 => format!("{i:#x}"),
        // A literal is never negative or NaN; an infinite one was too large to read.
        Num::Float(f) if f.is_infinite() => "1e999".to_owned(),
        n => {
            let mut out = Vec::new();
            write_num(&mut out, n, Std::V5_5);
            String::from_utf8(out).expect("numerals are ASCII")
        }
    }
}

/// What resolution found: the functions with their upvalues, the locals, what the names refer
/// to, the jumps, and the errors.
pub fn dump_resolution(chunk: &Chunk, resolution: &Resolution) -> String {
    let mut out = String::new();
    let name = |id: NameId| chunk.names.text(id).into_owned();
    for (id, function) in chunk.functions.iter() {
        let info = resolution.function(id);
        put(&mut out, format_args!("function {} line {}", index(id), function.line));
        if let Some(parent) = info.parent {
            put(&mut out, format_args!(" in {}", index(parent)));
        }
        if info.needs_vararg_table {
            out.push_str(" vararg-table");
        }
        out.push('\n');
        for (at, upvalue) in info.upvalues.iter().enumerate() {
            let (text, source, kind) = (name(upvalue.name), upvalue.source, upvalue.kind);
            put(&mut out, format_args!("  u{at} {text} = {source:?} {kind:?}\n"));
        }
    }
    for (id, local) in resolution.locals.iter() {
        let (text, kind, level) = (name(local.name), local.kind, local.level);
        let home = index(local.function);
        put(
            &mut out,
            format_args!("local {} {text} in {home} at {level} {kind:?}", index(id)),
        );
        match local.constant {
            Some(Constant::String(text)) => put(&mut out, format_args!(" {}", quoted(&chunk.names[text]))),
            Some(value) => put(&mut out, format_args!(" {value:?}")),
            None => {}
        }
        for (set, word) in [(local.captured, " captured"), (local.reassigned, " reassigned")] {
            out.push_str(if set { word } else { "" });
        }
        put(&mut out, format_args!(" {}\n", local.scope));
    }
    for (id, expr) in chunk.exprs.iter() {
        let (Expr::Name(text), Some(binding)) = (expr, resolution.get_binding(id)) else {
            continue;
        };
        let line = chunk.lines.line(chunk.span(id).start);
        let what = binding_text(&chunk.names, binding);
        put(&mut out, format_args!("name {} line {line}: {what}\n", name(*text)));
    }
    for (id, _) in chunk.stmts.iter() {
        for &binding in resolution.declared_globals(id) {
            let line = chunk.stmt_line(id);
            let what = binding_text(&chunk.names, binding);
            put(&mut out, format_args!("define line {line}: {what}\n"));
        }
        if let Some(jump) = resolution.jump(id) {
            let (from, to) = (
                chunk.stmt_line(id),
                match jump.target {
                    JumpTarget::Label(label) => {
                        format!("line {}", chunk.stmt_line(resolution.labels[label].stmt))
                    }
                    JumpTarget::LoopEnd(stmt) => {
                        format!("end of loop line {}", chunk.stmt_line(stmt))
                    }
                },
            );
            let closes = if jump.closes { " closes" } else { "" };
            put(
                &mut out,
                format_args!("jump line {from} -> {to} level {}{closes}\n", jump.level),
            );
        }
    }
    for error in &resolution.errors {
        put(&mut out, format_args!("error: {}: {error}\n", error.line));
    }
    out
}

fn binding_text(names: &Names, binding: Binding) -> String {
    let local = |id: LocalId| format!("local {}", index(id));
    match binding {
        Binding::Local(id) => local(id),
        Binding::Upvalue(id) => format!("{id:?}"),
        Binding::Constant(id) => format!("constant {}", index(id)),
        Binding::Global { name, env } => {
            let env = match env {
                EnvBinding::Local(id) => local(id),
                EnvBinding::Upvalue(id) => format!("{id:?}"),
                EnvBinding::Constant(id) => format!("constant {}", index(id)),
            };
            format!("global {} of {env}", names.text(name))
        }
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("strings take all text");
}
