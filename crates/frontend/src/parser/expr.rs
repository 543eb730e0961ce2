//! The grammar of expressions.

use super::{Closer, OpenFunction, Parser};
use crate::ast::{BinaryOp, Expr, ExprId, FunctionBody, Ident, TableItem, UnaryOp, VarargParam};
use crate::error::ErrorKind;
use crate::lines::Span;
use crate::names::Names;
use crate::token::{TokenKind, TokenValue};

/// How strongly unary operators bind.
const UNARY_POWER: u8 = 12;

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> ExprId {
        self.binary(0)
    }

    /// `expr { ',' expr }`
    pub(super) fn expr_list(&mut self) -> Box<[ExprId]> {
        let mark = self.expr_stack.len();
        loop {
            let expr = self.expr();
            self.expr_stack.push(expr);
            if !self.accept(TokenKind::Comma) {
                break;
            }
            self.discharge(expr);
        }
        self.expr_stack.drain(mark..).collect()
    }

    /// An expression whose binary operators bind more strongly than `limit`.
    fn binary(&mut self, limit: u8) -> ExprId {
        self.enter();
        let mut lhs = match unary_op(self.token.kind) {
            Some(op) => {
                let (start, line) = (self.token.span.start, self.line());
                self.next();
                let operand = self.binary(UNARY_POWER);
                self.discharge(operand);
                self.push_expr(Expr::Unary { op, operand }, start, line)
            }
            None => self.simple(),
        };
        while let Some((op, left, right)) = binary_op(self.token.kind)
            && left > limit
        {
            let mut line = self.line();
            self.next();
            self.discharge(lhs);
            let rhs = self.binary(right);
            self.discharge(rhs);
            if op.comparison().is_some() {
                line = self.last_line;
            }
            let start = self.expr_start(lhs);
            lhs = self.push_expr(Expr::Binary { op, lhs, rhs }, start, line);
        }
        self.leave();
        lhs
    }

    fn simple(&mut self) -> ExprId {
        let start = self.token.span.start;
        let expr = match (self.token.kind, self.token.value) {
            (TokenKind::Integer, TokenValue::Integer(value)) => Expr::Integer(value),
            (TokenKind::Float, TokenValue::Float(value)) => Expr::Float(value),
            (TokenKind::String, _) => Expr::String(self.token.name()),
            (TokenKind::Nil, _) => Expr::Nil,
            (TokenKind::True, _) => Expr::True,
            (TokenKind::False, _) => Expr::False,
            (TokenKind::TripleDot, _) => {
                if self.functions_open.last().is_some_and(|function| function.vararg) {
                    Expr::Vararg
                } else {
                    let message = "cannot use '...' outside a vararg function";
                    self.error_here(ErrorKind::Message(message));
                    Expr::Missing
                }
            }
            (TokenKind::LeftBrace, _) => return self.table(),
            (TokenKind::Function, _) => {
                self.next();
                let line = self.line();
                return self.function(start, None, line);
            }
            _ => return self.suffixed(),
        };
        self.next();
        self.push_expr(expr, start, self.last_line)
    }

    /// `(NAME | '(' expr ')') { '.' NAME | '[' expr ']' | [':' NAME] args }`
    pub(super) fn suffixed(&mut self) -> ExprId {
        let start = self.token.span.start;
        let mut expr = match self.token.kind {
            TokenKind::Name => {
                let ident = self.ident();
                self.push_expr(Expr::Name(ident.name), start, self.last_line)
            }
            TokenKind::LeftParen => {
                let line = self.line();
                self.next();
                let inner = self.expr();
                let (what, who) = (TokenKind::RightParen, TokenKind::LeftParen);
                self.expect_closer(Closer { what, who, line });
                self.discharge(inner);
                self.push_expr(Expr::Paren(inner), start, self.last_line)
            }
            _ => {
                self.error_here(ErrorKind::Message("unexpected symbol"));
                return self.missing_expr();
            }
        };
        loop {
            match self.token.kind {
                TokenKind::Dot => expr = self.field(expr),
                TokenKind::LeftBracket => {
                    self.discharge(expr);
                    let key = self.bracketed();
                    let index = Expr::Index { object: expr, key };
                    expr = self.push_expr(index, start, self.last_line);
                }
                TokenKind::Colon => {
                    self.next();
                    let method = self.ident();
                    self.discharge(expr);
                    let method_line = self.last_line;
                    let (args, line) = self.args();
                    let (object, method) = (expr, method.name);
                    let call = Expr::MethodCall {
                        object,
                        method,
                        method_line,
                        args,
                    };
                    expr = self.push_expr(call, start, line);
                }
                TokenKind::LeftParen | TokenKind::String | TokenKind::LeftBrace => {
                    self.discharge(expr);
                    let (args, line) = self.args();
                    expr = self.push_expr(Expr::Call { callee: expr, args }, start, line);
                }
                _ => return expr,
            }
        }
    }

    /// `('.' | ':') NAME` after `object`.
    pub(super) fn field(&mut self, object: ExprId) -> ExprId {
        self.discharge(object);
        self.next();
        let name = self.ident().name;
        let start = self.expr_start(object);
        self.push_expr(Expr::Field { object, name }, start, self.last_line)
    }

    /// `'[' expr ']'`
    fn bracketed(&mut self) -> ExprId {
        self.next();
        let key = self.expr();
        self.expect(TokenKind::RightBracket);
        key
    }

    /// The arguments of a call, and the line of the call.
    fn args(&mut self) -> (Box<[ExprId]>, u32) {
        let line = self.line();
        let args = match self.token.kind {
            TokenKind::LeftParen => {
                self.next();
                let empty = self.at(TokenKind::RightParen);
                let args = if empty { Box::default() } else { self.expr_list() };
                let (what, who) = (TokenKind::RightParen, TokenKind::LeftParen);
                self.expect_closer(Closer { what, who, line });
                if let Some(&last) = args.last() {
                    self.discharge(last);
                }
                args
            }
            TokenKind::LeftBrace => Box::new([self.table()]),
            TokenKind::String => Box::new([self.simple()]),
            _ => {
                self.error_here(ErrorKind::Message("function arguments expected"));
                Box::default()
            }
        };
        (args, line)
    }

    /// `'{' [item { (',' | ';') item } [',' | ';']] '}'`
    fn table(&mut self) -> ExprId {
        let (start, line) = (self.token.span.start, self.last_line);
        let (what, who) = (TokenKind::RightBrace, TokenKind::LeftBrace);
        let closer = Closer {
            what,
            who,
            line: self.line(),
        };
        let mut items = Vec::new();
        self.next();
        while !self.at(TokenKind::RightBrace) {
            self.discharge_last(&items);
            let item = self.table_item();
            items.push(item);
            if !self.accept(TokenKind::Comma) && !self.accept(TokenKind::Semicolon) {
                break;
            }
        }
        self.expect_closer(closer);
        self.discharge_last(&items);
        self.push_expr(Expr::Table(items.into()), start, line)
    }

    /// A positional item is stored once the reader is past its separator.
    fn discharge_last(&mut self, items: &[TableItem]) {
        if let Some(&TableItem::Positional(value)) = items.last() {
            self.discharge(value);
        }
    }

    fn table_item(&mut self) -> TableItem {
        if self.at(TokenKind::Name) && self.peek() == TokenKind::Equal {
            let name = self.ident().name;
            self.next();
            let value = self.expr();
            return TableItem::Named {
                name,
                value,
                line: self.last_line,
            };
        }
        if self.at(TokenKind::LeftBracket) {
            let key = self.bracketed();
            self.expect(TokenKind::Equal);
            let value = self.expr();
            return TableItem::Keyed {
                key,
                value,
                line: self.last_line,
            };
        }
        TableItem::Positional(self.expr())
    }

    /// Parameters and body of a function, from `(` on; a method gets `self` at `method`.
    pub(super) fn function(&mut self, start: u32, method: Option<Span>, line: u32) -> ExprId {
        let open = self.token.span.start;
        let mut params = Vec::new();
        let mut vararg = None;
        params.extend(method.map(|span| Ident {
            name: Names::SELF,
            span,
        }));
        let has_params = self.expect(TokenKind::LeftParen);
        if has_params && !self.at(TokenKind::RightParen) {
            vararg = self.parameters(&mut params);
        }
        self.expect(TokenKind::RightParen);
        self.functions_open.push(OpenFunction {
            vararg: vararg.is_some(),
            loops: 0,
        });
        let closer = Closer {
            what: TokenKind::End,
            who: TokenKind::Function,
            line,
        };
        let body = self.block(closer);
        let end_line = self.line();
        self.expect_closer(closer);
        self.functions_open.pop();
        let function = self.push_function(FunctionBody {
            params: params.into(),
            is_method: method.is_some(),
            vararg,
            body,
            span: Span::new(open, self.last_end.max(open)),
            line,
            end_line,
            sound: self.errors.is_empty(),
        });
        self.push_expr(Expr::Function(function), start, self.last_line)
    }

    /// `NAME { ',' NAME } [',' '...' [NAME]] | '...' [NAME]`
    fn parameters(&mut self, params: &mut Vec<Ident>) -> Option<VarargParam> {
        loop {
            match self.token.kind {
                TokenKind::Name => {
                    let param = self.ident();
                    params.push(param);
                }
                TokenKind::TripleDot => {
                    let span = self.token.span;
                    self.next();
                    let named = self.std.named_varargs() && self.at(TokenKind::Name);
                    let name = named.then(|| self.ident());
                    return Some(VarargParam { name, span });
                }
                _ => {
                    self.error_here(ErrorKind::Message("<name> or '...' expected"));
                    return None;
                }
            }
            if !self.accept(TokenKind::Comma) {
                return None;
            }
        }
    }
}

fn unary_op(kind: TokenKind) -> Option<UnaryOp> {
    Some(match kind {
        TokenKind::Not => UnaryOp::Not,
        TokenKind::Minus => UnaryOp::Neg,
        TokenKind::Tilde => UnaryOp::BNot,
        TokenKind::Hash => UnaryOp::Len,
        _ => return None,
    })
}

/// A binary operator, and how strongly it binds to its left and to its right.
fn binary_op(kind: TokenKind) -> Option<(BinaryOp, u8, u8)> {
    Some(match kind {
        TokenKind::Or => (BinaryOp::Or, 1, 1),
        TokenKind::And => (BinaryOp::And, 2, 2),
        TokenKind::DoubleEqual => (BinaryOp::Eq, 3, 3),
        TokenKind::Less => (BinaryOp::Lt, 3, 3),
        TokenKind::LessEqual => (BinaryOp::Le, 3, 3),
        TokenKind::TildeEqual => (BinaryOp::Ne, 3, 3),
        TokenKind::Greater => (BinaryOp::Gt, 3, 3),
        TokenKind::GreaterEqual => (BinaryOp::Ge, 3, 3),
        TokenKind::Pipe => (BinaryOp::BOr, 4, 4),
        TokenKind::Tilde => (BinaryOp::BXor, 5, 5),
        TokenKind::Ampersand => (BinaryOp::BAnd, 6, 6),
        TokenKind::DoubleLess => (BinaryOp::Shl, 7, 7),
        TokenKind::DoubleGreater => (BinaryOp::Shr, 7, 7),
        TokenKind::DoubleDot => (BinaryOp::Concat, 9, 8),
        TokenKind::Plus => (BinaryOp::Add, 10, 10),
        TokenKind::Minus => (BinaryOp::Sub, 10, 10),
        TokenKind::Star => (BinaryOp::Mul, 11, 11),
        TokenKind::Percent => (BinaryOp::Mod, 11, 11),
        TokenKind::Slash => (BinaryOp::Div, 11, 11),
        TokenKind::DoubleSlash => (BinaryOp::IDiv, 11, 11),
        TokenKind::Caret => (BinaryOp::Pow, 14, 13),
        _ => return None,
    })
}
