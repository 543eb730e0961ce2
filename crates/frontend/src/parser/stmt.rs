//! The grammar of statements.

use super::{Closer, Parser};
use crate::ast::{Arm, Attrib, AttribName, BlockId, Expr, ExprId, Stmt};
use crate::error::ErrorKind;
use crate::names::Names;
use crate::token::TokenKind;

/// Where a statement begins.
#[derive(Clone, Copy)]
struct Start {
    offset: u32,
    line: u32,
}

impl Parser<'_> {
    /// Reads statements up to a token that ends blocks.
    pub(super) fn statements(&mut self, closer: Closer) {
        while !self.at_block_end(true) {
            let before = self.token.span;
            let is_return = self.at(TokenKind::Return);
            self.statement();
            if is_return && !self.at_block_end(true) {
                self.closer_missing(closer);
            }
            if self.token.span == before && !self.at(TokenKind::Eof) {
                // Nothing was understood; what follows may be.
                self.skip_token();
            }
        }
    }

    pub(super) fn block(&mut self, closer: Closer) -> BlockId {
        let mark = self.stmt_stack.len();
        let start = self.last_end;
        self.statements(closer);
        self.finish_block(mark, start)
    }

    /// A block that `break` leaves.
    fn loop_block(&mut self, closer: Closer) -> BlockId {
        self.loops(1);
        let body = self.block(closer);
        self.loops(-1);
        body
    }

    fn loops(&mut self, change: i32) {
        if let Some(function) = self.functions_open.last_mut() {
            function.loops = function.loops.wrapping_add_signed(change);
        }
    }

    fn at_block_end(&self, with_until: bool) -> bool {
        match self.token.kind {
            TokenKind::Else | TokenKind::ElseIf | TokenKind::End | TokenKind::Eof => true,
            TokenKind::Until => with_until,
            _ => false,
        }
    }

    fn statement(&mut self) {
        let start = Start {
            offset: self.token.span.start,
            line: self.line(),
        };
        self.enter();
        let kind = self.token.kind;
        match kind {
            TokenKind::Semicolon => {
                self.next();
                self.finish(Stmt::Empty, start);
            }
            TokenKind::If => self.if_statement(start),
            TokenKind::While => self.while_statement(start),
            TokenKind::Do => {
                self.next();
                let closer = end_of(TokenKind::Do, start);
                let body = self.block(closer);
                self.expect_closer(closer);
                self.finish(Stmt::Do(body), start);
            }
            TokenKind::For => self.for_statement(start),
            TokenKind::Repeat => self.repeat_statement(start),
            TokenKind::Function => self.function_statement(start),
            TokenKind::Local => {
                self.next();
                if self.accept(TokenKind::Function) {
                    let name = self.ident();
                    let line = self.line();
                    let function = self.function(name.span.start, None, line);
                    self.finish(Stmt::LocalFunction { name, function }, start);
                } else {
                    self.local_statement(start);
                }
            }
            TokenKind::DoubleColon => self.label_statement(start),
            TokenKind::Return => self.return_statement(start),
            TokenKind::Break => {
                let outside = self.functions_open.last().is_some_and(|function| function.loops == 0);
                if outside && !self.std.old_syntax_messages() {
                    self.error_here(ErrorKind::Message("break outside loop"));
                    self.next();
                    self.finish(Stmt::Missing(None), start);
                } else {
                    self.next();
                    self.finish(Stmt::Break, start);
                }
            }
            TokenKind::Goto => {
                self.next();
                let label = self.ident();
                self.finish(Stmt::Goto(label), start);
            }
            _ if self.at_global() => self.global_statement(start),
            _ => self.expr_statement(start),
        }
        self.leave();
    }

    fn finish(&mut self, stmt: Stmt, start: Start) {
        self.push_stmt(stmt, start.offset, start.line);
    }

    /// Does the name `global` begin a declaration here? It is no reserved word.
    fn at_global(&mut self) -> bool {
        self.at(TokenKind::Name)
            && self.std.global_declarations()
            && self.token.name() == Names::GLOBAL
            && matches!(
                self.peek(),
                TokenKind::Less | TokenKind::Name | TokenKind::Star | TokenKind::Function
            )
    }

    /// `IF cond THEN block { ELSEIF cond THEN block } [ELSE block] END`
    fn if_statement(&mut self, start: Start) {
        let closer = end_of(TokenKind::If, start);
        let mut arms = Vec::new();
        loop {
            self.next();
            let cond = self.expr();
            self.expect(TokenKind::Then);
            let body = self.block(closer);
            arms.push(Arm { cond, body });
            if !self.at(TokenKind::ElseIf) {
                break;
            }
        }
        let otherwise = self.accept(TokenKind::Else).then(|| self.block(closer));
        self.expect_closer(closer);
        self.finish(
            Stmt::If {
                arms: arms.into(),
                otherwise,
            },
            start,
        );
    }

    /// `WHILE cond DO block END`
    fn while_statement(&mut self, start: Start) {
        let closer = end_of(TokenKind::While, start);
        self.next();
        let cond = self.expr();
        self.expect(TokenKind::Do);
        let body = self.loop_block(closer);
        self.expect_closer(closer);
        self.finish(Stmt::While { cond, body }, start);
    }

    /// `REPEAT block UNTIL cond`
    fn repeat_statement(&mut self, start: Start) {
        let (what, who) = (TokenKind::Until, TokenKind::Repeat);
        let closer = Closer {
            what,
            who,
            line: start.line,
        };
        self.next();
        let body = self.loop_block(closer);
        let closed = self.expect_closer(closer);
        let cond = if closed { self.expr() } else { self.missing_expr() };
        self.finish(Stmt::Repeat { body, cond }, start);
    }

    /// `FOR NAME '=' expr ',' expr [',' expr] DO block END`, or
    /// `FOR NAME { ',' NAME } IN exprs DO block END`
    fn for_statement(&mut self, start: Start) {
        let closer = end_of(TokenKind::For, start);
        self.next();
        let var = self.ident();
        match self.token.kind {
            TokenKind::Equal => {
                self.next();
                let first = self.expr();
                self.expect(TokenKind::Comma);
                let limit = self.expr();
                let step = self.accept(TokenKind::Comma).then(|| self.expr());
                self.expect(TokenKind::Do);
                let prep_line = self.last_line;
                let body = self.loop_block(closer);
                self.expect_closer(closer);
                let stmt = Stmt::NumericFor {
                    var,
                    start: first,
                    limit,
                    step,
                    body,
                    prep_line,
                };
                self.finish(stmt, start);
            }
            TokenKind::Comma | TokenKind::In => {
                let mut vars = vec![var];
                while self.accept(TokenKind::Comma) {
                    vars.push(self.ident());
                }
                self.expect(TokenKind::In);
                let call_line = self.line();
                let values = self.expr_list();
                self.expect(TokenKind::Do);
                let body = self.loop_block(closer);
                self.expect_closer(closer);
                let stmt = Stmt::GenericFor {
                    vars: vars.into(),
                    values,
                    body,
                    call_line,
                };
                self.finish(stmt, start);
            }
            _ => {
                self.error_here(ErrorKind::Message("'=' or 'in' expected"));
                self.finish(Stmt::Missing(None), start);
            }
        }
    }

    /// `FUNCTION NAME { '.' NAME } [':' NAME] body`
    fn function_statement(&mut self, start: Start) {
        self.next();
        let offset = self.token.span.start;
        let name = self.ident();
        let mut target = self.push_expr(Expr::Name(name.name), offset, self.last_line);
        while self.at(TokenKind::Dot) {
            target = self.field(target);
        }
        let mut method = None;
        if self.at(TokenKind::Colon) {
            target = self.field(target);
            method = Some(crate::Span::new(self.last_end, self.last_end));
        }
        let function = self.function(self.last_end, method, start.line);
        self.finish(Stmt::Function { target, function }, start);
    }

    /// `LOCAL [attrib] NAME [attrib] { ',' NAME [attrib] } ['=' exprs]`
    fn local_statement(&mut self, start: Start) {
        let prefix = if self.std.prefix_attributes() {
            self.attrib(false)
        } else {
            None
        };
        let names = self.attrib_names(prefix, false);
        let initialized = self.accept(TokenKind::Equal);
        let values = if initialized { self.expr_list() } else { Box::default() };
        self.finish(Stmt::Local { prefix, names, values }, start);
    }

    fn attrib_names(&mut self, prefix: Option<Attrib>, global: bool) -> Box<[AttribName]> {
        let mut names = Vec::new();
        let mut to_close = false;
        loop {
            let ident = self.ident();
            let attrib = self.attrib(global);
            if !global && attrib.or(prefix) == Some(Attrib::Close) {
                if to_close {
                    self.error_after(ErrorKind::MultipleToClose, ident.span);
                }
                to_close = true;
            }
            names.push(AttribName {
                ident,
                attrib,
                end: self.last_end,
            });
            if !self.accept(TokenKind::Comma) {
                return names.into();
            }
        }
    }

    /// `['<' NAME '>']`
    fn attrib(&mut self, global: bool) -> Option<Attrib> {
        if !self.accept(TokenKind::Less) {
            return None;
        }
        let ident = self.ident();
        let closed = self.expect(TokenKind::Greater);
        match ident.name {
            _ if !closed || ident.span.is_empty() => None,
            Names::CONST => Some(Attrib::Const),
            Names::CLOSE if global => {
                self.error_after(ErrorKind::GlobalToClose, ident.span);
                None
            }
            Names::CLOSE => Some(Attrib::Close),
            name => {
                let text = self.lexer.names[name].into();
                self.error_after(ErrorKind::UnknownAttribute(text), ident.span);
                None
            }
        }
    }

    /// `GLOBAL FUNCTION NAME body`, `GLOBAL [attrib] '*'`, or
    /// `GLOBAL [attrib] NAME [attrib] { ',' NAME [attrib] } ['=' exprs]`
    fn global_statement(&mut self, start: Start) {
        self.next();
        if self.accept(TokenKind::Function) {
            let name = self.ident();
            let line = self.line();
            let function = self.function(name.span.start, None, line);
            self.finish(Stmt::GlobalFunction { name, function }, start);
            return;
        }
        let prefix = self.attrib(true);
        if self.accept(TokenKind::Star) {
            self.finish(Stmt::GlobalAll { attrib: prefix }, start);
            return;
        }
        let names = self.attrib_names(prefix, true);
        let mut values = Box::default();
        let mut check_line = self.last_line;
        if self.accept(TokenKind::Equal) {
            check_line = self.line();
            // The reference recurses once per name to read the values.
            names.iter().for_each(|_| self.enter());
            values = self.expr_list();
            names.iter().for_each(|_| self.leave());
        }
        self.finish(
            Stmt::Global {
                prefix,
                names,
                values,
                check_line,
            },
            start,
        );
    }

    /// `'::' NAME '::' { ';' | label }`
    fn label_statement(&mut self, start: Start) {
        self.next();
        let label = self.ident();
        self.expect(TokenKind::DoubleColon);
        self.finish(Stmt::Label(label), start);
        while matches!(self.token.kind, TokenKind::Semicolon | TokenKind::DoubleColon) {
            self.statement();
        }
    }

    /// `RETURN [exprs] [';']`
    fn return_statement(&mut self, start: Start) {
        self.next();
        let empty = self.at_block_end(true) || self.at(TokenKind::Semicolon);
        let values = if empty { Box::default() } else { self.expr_list() };
        self.finish(Stmt::Return(values), start);
        self.accept(TokenKind::Semicolon);
    }

    /// A call, or `target { ',' target } '=' exprs`.
    fn expr_statement(&mut self, start: Start) {
        let first = self.suffixed();
        if !matches!(self.token.kind, TokenKind::Equal | TokenKind::Comma) {
            let stmt = match self.exprs[first] {
                Expr::Call { .. } | Expr::MethodCall { .. } => Stmt::Call(first),
                _ => {
                    self.error_here(ErrorKind::Message("syntax error"));
                    Stmt::Missing(Some(first))
                }
            };
            self.finish(stmt, start);
            return;
        }
        let mut targets = vec![self.target(first)];
        while self.accept(TokenKind::Comma) {
            let next = self.suffixed();
            self.enter();
            targets.push(self.target(next));
        }
        self.expect(TokenKind::Equal);
        let values = self.expr_list();
        targets.iter().skip(1).for_each(|_| self.leave());
        self.finish(
            Stmt::Assign {
                targets: targets.into(),
                values,
            },
            start,
        );
    }

    /// Checks that an expression can be assigned to.
    fn target(&mut self, expr: ExprId) -> ExprId {
        let fits = matches!(
            self.exprs[expr],
            Expr::Name(_) | Expr::Field { .. } | Expr::Index { .. } | Expr::Missing
        );
        if !fits {
            self.error_here(ErrorKind::Message("syntax error"));
        }
        expr
    }
}

fn end_of(who: TokenKind, start: Start) -> Closer {
    Closer {
        what: TokenKind::End,
        who,
        line: start.line,
    }
}
