//! The lines of instructions that can fail, and places in general.

use perilune_frontend::ast::{Chunk, Expr, Stmt};
use perilune_frontend::{LineIndex, Options, line_col, parse, skip_shebang};

fn chunk(source: &str) -> Chunk {
    let parse = parse(source.as_bytes(), &Options::default());
    assert_eq!(parse.errors, []);
    parse.chunk
}

fn line_of(source: &str, wanted: impl Fn(&Expr) -> bool) -> u32 {
    let chunk = chunk(source);
    let (id, _) = chunk
        .exprs
        .iter()
        .find(|(_, expr)| wanted(expr))
        .expect("the expression");
    chunk.line(id)
}

#[test]
fn operators_have_their_own_line() {
    let binary = |e: &Expr| matches!(e, Expr::Binary { .. });
    assert_eq!(line_of("x = a\n+\nb", binary), 2);
    assert_eq!(
        line_of("x = a\n<\nb", binary),
        3,
        "comparisons have their right operand's"
    );
    assert_eq!(line_of("x =\n-\na", |e| matches!(e, Expr::Unary { .. })), 2);
}

#[test]
fn calls_have_the_line_of_their_arguments() {
    let call = |e: &Expr| matches!(e, Expr::Call { .. });
    assert_eq!(line_of("f\n(\na)", call), 2);
    assert_eq!(line_of("f\n[[a\n]]", call), 3);
    let chunk = chunk("a\n:b\n(1)");
    let found = chunk.exprs.values().find_map(|expr| match expr {
        Expr::MethodCall { method_line, .. } => Some(*method_line),
        _ => None,
    });
    assert_eq!(found, Some(2));
}

#[test]
fn fields_are_read_where_they_are_needed() {
    let field = |e: &Expr| matches!(e, Expr::Field { .. });
    assert_eq!(line_of("x = a.b\ny = 1", field), 1);
    assert_eq!(line_of("x = a.b\n+ c", field), 2);
    assert_eq!(line_of("f(a.b\n)", field), 2);
    assert_eq!(line_of("f(a.b\n,\n1)", field), 2);
    assert_eq!(line_of("x = {a.b\n}", field), 2);
    assert_eq!(line_of("x = (a.b\n)", field), 2);
}

#[test]
fn loops_know_where_they_fail() {
    let chunk = chunk("for i = 1,\n2\ndo end for k in\nf do end");
    let mut lines = Vec::new();
    for (id, stmt) in chunk.stmts.iter() {
        match stmt {
            Stmt::NumericFor { prep_line, .. } => lines.push((chunk.stmt_line(id), *prep_line)),
            Stmt::GenericFor { call_line, .. } => lines.push((chunk.stmt_line(id), *call_line)),
            _ => {}
        }
    }
    assert_eq!(lines, [(1, 3), (3, 4)]);
}

#[test]
fn line_index_knows_every_line_break() {
    let text = b"a\nb\r\nc\rd\n\re";
    let index = LineIndex::new(text);
    assert_eq!(index.len(), 5);
    let places: Vec<_> = [0, 2, 5, 7, 10].map(|offset| index.line_col(offset)).into();
    assert_eq!(places, [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]);
    assert_eq!(line_col(text, 3), (2, 2));
    assert_eq!(index.line(4), 2, "a line break belongs to the line that it ends");
}

#[test]
fn shebang_lines_go_and_keep_the_count() {
    assert_eq!(skip_shebang(b"#!/bin/lua\nx = 1"), b"\nx = 1");
    assert_eq!(skip_shebang(b"\xef\xbb\xbf#x\ny"), b"\ny");
    assert_eq!(skip_shebang(b"x = #y"), b"x = #y");
    assert_eq!(skip_shebang(b"#only"), b"");
}
