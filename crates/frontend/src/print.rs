//! A chunk as source text again.
//!
//! Law: a right chunk's text parses to the same tree. Parentheses are nodes of the tree, so
//! operators print as they stand; calls take the short form (`f{}`, `f "x"`), which nests less.

use perilune_lang::Num;

use crate::ast::{Attrib, AttribName, BlockId, Chunk, Expr, ExprId, FuncId, Stmt, StmtId, TableItem, UnaryOp};
use crate::dump::{attrib_text, number_text, quoted};
use crate::names::NameId;

/// Indentation grows no further than this, so that the text of deep nests stays linear.
const DEEPEST: usize = 40;

/// Prints a chunk as Lua. What is missing in a broken chunk shows as `nil --[[missing]]`.
pub fn print_source(chunk: &Chunk) -> String {
    let mut printer = Printer {
        chunk,
        out: String::new(),
        pending: Vec::new(),
        depth: 0,
    };
    printer.pending.push(Item::Block(chunk.main_block()));
    while let Some(item) = printer.pending.pop() {
        printer.item(item);
    }
    printer.out
}

/// A piece of text still to come; a stack of them takes the place of recursion.
#[derive(Clone, Copy)]
enum Item {
    Expr(ExprId),
    Stmt(StmtId),
    Block(BlockId),
    /// Parameters and body, without the word `function`; `end` included.
    Function(FuncId),
    Name(NameId),
    Text(&'static str),
    Indent,
    Dedent,
}

struct Printer<'c> {
    chunk: &'c Chunk,
    out: String,
    pending: Vec<Item>,
    depth: usize,
}

impl Printer<'_> {
    fn item(&mut self, item: Item) {
        let mark = self.pending.len();
        match item {
            Item::Text(text) => self.out.push_str(text),
            Item::Name(name) => self.out.push_str(&self.chunk.names.text(name)),
            Item::Indent => self.depth += 1,
            Item::Dedent => self.depth -= 1,
            Item::Block(id) => {
                let stmts = &self.chunk.blocks[id].stmts;
                self.pending.extend(stmts.iter().map(|&stmt| Item::Stmt(stmt)));
            }
            Item::Stmt(id) => self.stmt(id),
            Item::Expr(id) => self.expr(id),
            Item::Function(id) => self.function(id),
        }
        self.pending[mark..].reverse();
    }

    fn add(&mut self, items: &[Item]) {
        self.pending.extend_from_slice(items);
    }

    fn list(&mut self, exprs: &[ExprId]) {
        for (at, &expr) in exprs.iter().enumerate() {
            self.add(&[Item::Text(if at == 0 { "" } else { ", " }), Item::Expr(expr)]);
        }
    }

    /// A block between two words, indented.
    fn body(&mut self, open: &'static str, body: BlockId) {
        self.add(&[Item::Text(open), Item::Text("\n"), Item::Indent]);
        self.add(&[Item::Block(body), Item::Dedent]);
    }

    fn indent(&self) -> &'static str {
        const BLANKS: &str = "                                                                                ";
        &BLANKS[..2 * self.depth.min(DEEPEST)]
    }

    fn stmt(&mut self, id: StmtId) {
        let chunk = self.chunk;
        let indent = self.indent();
        let end = [Item::Text(indent), Item::Text("end")];
        self.add(&[Item::Text(indent)]);
        match &chunk.stmts[id] {
            Stmt::Missing(None) => self.add(&[Item::Text("--[[missing]]")]),
            Stmt::Missing(Some(expr)) => self.add(&[Item::Text("--[[missing]] "), Item::Expr(*expr)]),
            Stmt::Empty => self.add(&[Item::Text(";")]),
            Stmt::Call(expr) => self.add(&[Item::Expr(*expr)]),
            Stmt::Assign { targets, values } => {
                self.list(targets);
                self.add(&[Item::Text(" = ")]);
                self.list(values);
            }
            Stmt::Local { prefix, names, values } => {
                self.declaration("local", *prefix, names, values);
            }
            Stmt::Global {
                prefix, names, values, ..
            } => {
                self.declaration("global", *prefix, names, values);
            }
            Stmt::GlobalAll { attrib } => {
                self.add(&[Item::Text("global"), Item::Text(attrib_text(*attrib)), Item::Text(" *")]);
            }
            Stmt::LocalFunction { name, function } => {
                self.add(&[Item::Text("local function "), Item::Name(name.name)]);
                self.function_of(*function);
            }
            Stmt::GlobalFunction { name, function } => {
                self.add(&[Item::Text("global function "), Item::Name(name.name)]);
                self.function_of(*function);
            }
            Stmt::Function { target, function } => {
                self.add(&[Item::Text("function ")]);
                match (&chunk.exprs[*target], &chunk.exprs[*function]) {
                    (Expr::Field { object, name }, Expr::Function(id)) if chunk.functions[*id].is_method => {
                        self.add(&[Item::Expr(*object), Item::Text(":"), Item::Name(*name)]);
                    }
                    _ => self.add(&[Item::Expr(*target)]),
                }
                self.function_of(*function);
            }
            Stmt::Do(body) => {
                self.body("do", *body);
                self.add(&end);
            }
            Stmt::While { cond, body } => {
                self.add(&[Item::Text("while "), Item::Expr(*cond)]);
                self.body(" do", *body);
                self.add(&end);
            }
            Stmt::Repeat { body, cond } => {
                self.body("repeat", *body);
                self.add(&[Item::Text(indent), Item::Text("until "), Item::Expr(*cond)]);
            }
            Stmt::If { arms, otherwise } => {
                for (at, arm) in arms.iter().enumerate() {
                    if at > 0 {
                        self.add(&[Item::Text(indent)]);
                    }
                    self.add(&[Item::Text(if at == 0 { "if " } else { "elseif " })]);
                    self.add(&[Item::Expr(arm.cond)]);
                    self.body(" then", arm.body);
                }
                if let Some(body) = otherwise {
                    self.add(&[Item::Text(indent)]);
                    self.body("else", *body);
                }
                self.add(&end);
            }
            Stmt::NumericFor {
                var,
                start,
                limit,
                step,
                body,
                ..
            } => {
                self.add(&[Item::Text("for "), Item::Name(var.name), Item::Text(" = ")]);
                self.list(&[*start, *limit]);
                if let Some(step) = step {
                    self.add(&[Item::Text(", "), Item::Expr(*step)]);
                }
                self.body(" do", *body);
                self.add(&end);
            }
            Stmt::GenericFor { vars, values, body, .. } => {
                self.add(&[Item::Text("for ")]);
                for (at, var) in vars.iter().enumerate() {
                    self.add(&[Item::Text(if at == 0 { "" } else { ", " }), Item::Name(var.name)]);
                }
                self.add(&[Item::Text(" in ")]);
                self.list(values);
                self.body(" do", *body);
                self.add(&end);
            }
            Stmt::Return(values) => {
                self.add(&[Item::Text(if values.is_empty() { "return" } else { "return " })]);
                self.list(values);
            }
            Stmt::Break => self.add(&[Item::Text("break")]),
            Stmt::Goto(label) => self.add(&[Item::Text("goto "), Item::Name(label.name)]),
            Stmt::Label(label) => {
                self.add(&[Item::Text("::"), Item::Name(label.name), Item::Text("::")]);
            }
        }
        self.add(&[Item::Text("\n")]);
    }

    fn declaration(&mut self, word: &'static str, prefix: Option<Attrib>, names: &[AttribName], values: &[ExprId]) {
        self.add(&[Item::Text(word), Item::Text(attrib_text(prefix))]);
        for (at, name) in names.iter().enumerate() {
            self.add(&[
                Item::Text(if at == 0 { " " } else { ", " }),
                Item::Name(name.ident.name),
            ]);
            self.add(&[Item::Text(attrib_text(name.attrib))]);
        }
        if !values.is_empty() {
            self.add(&[Item::Text(" = ")]);
            self.list(values);
        }
    }

    fn function_of(&mut self, expr: ExprId) {
        match self.chunk.exprs[expr] {
            Expr::Function(id) => self.add(&[Item::Function(id)]),
            _ => self.add(&[Item::Expr(expr)]),
        }
    }

    fn function(&mut self, id: FuncId) {
        let function = &self.chunk.functions[id];
        self.add(&[Item::Text("(")]);
        let params = &function.params[usize::from(function.is_method)..];
        for (at, param) in params.iter().enumerate() {
            self.add(&[Item::Text(if at == 0 { "" } else { ", " }), Item::Name(param.name)]);
        }
        if let Some(vararg) = function.vararg {
            self.add(&[Item::Text(if params.is_empty() { "..." } else { ", ..." })]);
            self.pending.extend(vararg.name.map(|name| Item::Name(name.name)));
        }
        self.body(")", function.body);
        self.add(&[Item::Text(self.indent()), Item::Text("end")]);
    }

    fn expr(&mut self, id: ExprId) {
        let chunk = self.chunk;
        match &chunk.exprs[id] {
            Expr::Missing => self.out.push_str("nil --[[missing]]"),
            Expr::Nil => self.out.push_str("nil"),
            Expr::True => self.out.push_str("true"),
            Expr::False => self.out.push_str("false"),
            Expr::Integer(i) => self.out.push_str(&number_text(Num::Int(*i))),
            Expr::Float(f) => self.out.push_str(&number_text(Num::Float(*f))),
            Expr::String(name) => self.out.push_str(&quoted(&chunk.names[*name])),
            Expr::Vararg => self.out.push_str("..."),
            Expr::Function(id) => self.add(&[Item::Text("function"), Item::Function(*id)]),
            Expr::Name(name) => self.add(&[Item::Name(*name)]),
            Expr::Field { object, name } => {
                self.add(&[Item::Expr(*object), Item::Text("."), Item::Name(*name)]);
            }
            Expr::Index { object, key } => {
                self.add(&[Item::Expr(*object), Item::Text("["), Item::Expr(*key), Item::Text("]")]);
            }
            Expr::Call { callee, args } => {
                self.add(&[Item::Expr(*callee)]);
                self.args(args);
            }
            Expr::MethodCall {
                object, method, args, ..
            } => {
                self.add(&[Item::Expr(*object), Item::Text(":"), Item::Name(*method)]);
                self.args(args);
            }
            Expr::Paren(inner) => self.add(&[Item::Text("("), Item::Expr(*inner), Item::Text(")")]),
            Expr::Unary { op, operand } => {
                // Two minus signs would begin a comment.
                let twice = matches!(chunk.exprs[*operand], Expr::Unary { op: UnaryOp::Neg, .. });
                let blank = if twice || *op == UnaryOp::Not { " " } else { "" };
                self.add(&[Item::Text(op.symbol()), Item::Text(blank), Item::Expr(*operand)]);
            }
            Expr::Binary { op, lhs, rhs } => {
                self.add(&[Item::Expr(*lhs), Item::Text(" "), Item::Text(op.symbol())]);
                self.add(&[Item::Text(" "), Item::Expr(*rhs)]);
            }
            Expr::Table(items) => self.table(items),
        }
    }

    fn args(&mut self, args: &[ExprId]) {
        if let [arg] = args
            && matches!(self.chunk.exprs[*arg], Expr::String(_) | Expr::Table(_))
        {
            self.add(&[Item::Text(" "), Item::Expr(*arg)]);
            return;
        }
        self.add(&[Item::Text("(")]);
        self.list(args);
        self.add(&[Item::Text(")")]);
    }

    fn table(&mut self, items: &[TableItem]) {
        self.add(&[Item::Text("{")]);
        for (at, item) in items.iter().enumerate() {
            self.add(&[Item::Text(if at == 0 { "" } else { ", " })]);
            match *item {
                TableItem::Positional(value) => self.add(&[Item::Expr(value)]),
                TableItem::Named { name, value, .. } => {
                    self.add(&[Item::Name(name), Item::Text(" = "), Item::Expr(value)]);
                }
                TableItem::Keyed { key, value, .. } => {
                    self.add(&[Item::Text("["), Item::Expr(key), Item::Text("] = ")]);
                    self.add(&[Item::Expr(value)]);
                }
            }
        }
        self.add(&[Item::Text("}")]);
    }
}
