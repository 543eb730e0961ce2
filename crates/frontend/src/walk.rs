//! Walks over a syntax tree for tools, without native recursion.

use crate::ast::{BlockId, Chunk, Expr, ExprId, FuncId, Stmt, StmtId, TableItem};

/// A node of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// A function.
    Function(FuncId),
    /// A block.
    Block(BlockId),
    /// A statement.
    Stmt(StmtId),
    /// An expression.
    Expr(ExprId),
}

/// Visits every node of a chunk, a node before its children, in source order. `visit` says
/// whether to go into the node.
pub fn walk(chunk: &Chunk, root: Node, mut visit: impl FnMut(Node) -> bool) {
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        if visit(node) {
            let mark = pending.len();
            children(chunk, node, &mut pending);
            pending[mark..].reverse();
        }
    }
}

/// Appends the children of a node in source order.
pub fn children(chunk: &Chunk, node: Node, out: &mut Vec<Node>) {
    match node {
        Node::Function(id) => out.push(Node::Block(chunk.functions[id].body)),
        Node::Block(id) => out.extend(chunk.blocks[id].stmts.iter().map(|&s| Node::Stmt(s))),
        Node::Stmt(id) => stmt_children(&chunk.stmts[id], out),
        Node::Expr(id) => expr_children(&chunk.exprs[id], out),
    }
}

fn push_exprs(exprs: &[ExprId], out: &mut Vec<Node>) {
    out.extend(exprs.iter().map(|&expr| Node::Expr(expr)));
}

fn stmt_children(stmt: &Stmt, out: &mut Vec<Node>) {
    match stmt {
        Stmt::Missing(None) | Stmt::Empty | Stmt::GlobalAll { .. } | Stmt::Break | Stmt::Goto(_) | Stmt::Label(_) => {}
        Stmt::Missing(Some(expr)) | Stmt::Call(expr) => out.push(Node::Expr(*expr)),
        Stmt::Assign { targets, values } => {
            push_exprs(targets, out);
            push_exprs(values, out);
        }
        Stmt::Local { values, .. } | Stmt::Global { values, .. } | Stmt::Return(values) => {
            push_exprs(values, out);
        }
        Stmt::LocalFunction { function, .. } | Stmt::GlobalFunction { function, .. } => {
            out.push(Node::Expr(*function));
        }
        Stmt::Function { target, function } => push_exprs(&[*target, *function], out),
        Stmt::Do(body) => out.push(Node::Block(*body)),
        Stmt::While { cond, body } => out.extend([Node::Expr(*cond), Node::Block(*body)]),
        Stmt::Repeat { body, cond } => out.extend([Node::Block(*body), Node::Expr(*cond)]),
        Stmt::If { arms, otherwise } => {
            for arm in arms {
                out.extend([Node::Expr(arm.cond), Node::Block(arm.body)]);
            }
            out.extend(otherwise.map(Node::Block));
        }
        Stmt::NumericFor {
            start,
            limit,
            step,
            body,
            ..
        } => {
            push_exprs(&[*start, *limit], out);
            out.extend(step.map(Node::Expr));
            out.push(Node::Block(*body));
        }
        Stmt::GenericFor { values, body, .. } => {
            push_exprs(values, out);
            out.push(Node::Block(*body));
        }
    }
}

fn expr_children(expr: &Expr, out: &mut Vec<Node>) {
    match expr {
        Expr::Missing
        | Expr::Nil
        | Expr::True
        | Expr::False
        | Expr::Integer(_)
        | Expr::Float(_)
        | Expr::String(_)
        | Expr::Vararg
        | Expr::Name(_) => {}
        Expr::Function(function) => out.push(Node::Function(*function)),
        Expr::Field { object, .. } => out.push(Node::Expr(*object)),
        Expr::Index { object, key } => push_exprs(&[*object, *key], out),
        Expr::Call { callee, args } => {
            out.push(Node::Expr(*callee));
            push_exprs(args, out);
        }
        Expr::MethodCall { object, args, .. } => {
            out.push(Node::Expr(*object));
            push_exprs(args, out);
        }
        Expr::Paren(inner) => out.push(Node::Expr(*inner)),
        Expr::Unary { operand, .. } => out.push(Node::Expr(*operand)),
        Expr::Binary { lhs, rhs, .. } => push_exprs(&[*lhs, *rhs], out),
        Expr::Table(items) => {
            for item in items {
                match *item {
                    TableItem::Positional(value) | TableItem::Named { value, .. } => {
                        out.push(Node::Expr(value));
                    }
                    TableItem::Keyed { key, value, .. } => push_exprs(&[key, value], out),
                }
            }
        }
    }
}
