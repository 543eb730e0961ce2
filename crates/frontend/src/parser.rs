//! The parser's state: tokens, nesting, errors, and the arenas that it fills.
//!
//! It follows the reference compiler token by token, since messages depend on how far that has
//! read when it notices a fault; `expr` and `stmt` hold the grammar.

mod expr;
mod stmt;

use la_arena::Arena;
use perilune_lang::Std;

use crate::ast::{
    Block, BlockId, Chunk, Expr, ExprId, ExprPlace, FuncId, FunctionBody, Ident, Stmt, StmtId, StmtPlace, VarargParam,
    index,
};
use crate::error::{ErrorKind, Order, Phase, SyntaxError};
use crate::lexer::Lexer;
use crate::lines::{LineIndex, Span};
use crate::names::Names;
use crate::token::{Token, TokenKind, TokenValue};

/// The nesting that ends parsing: expressions, statements and targets of one assignment each
/// count, together with the native calls around the parser (the reference's `LUAI_MAXCCALLS`).
const MAX_LEVELS: u32 = 200;

/// How to parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The language version.
    pub std: Std,
    /// How many levels of native nesting are in use around the parser. They count against the
    /// limit of 200 levels of nested syntax, as in the reference, where a script that the
    /// interpreter runs and that calls `load` has 2.
    pub outer_levels: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            std: Std::default(),
            outer_levels: 2,
        }
    }
}

/// A parsed text: the tree, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Parse {
    /// The tree, with [`Expr::Missing`] and [`Stmt::Missing`] where the text is broken.
    pub chunk: Chunk,
    /// Every fault, in the order in which the reference would meet them. It stops at the first;
    /// later ones may be consequences.
    pub errors: Vec<SyntaxError>,
}

/// Parses a chunk of Lua. Never fails and never panics; takes time linear in the text.
///
/// The text has no `#` line, see [`skip_shebang`](crate::skip_shebang). A text of 2^32 bytes or
/// more is refused with [`ErrorKind::TooLong`].
pub fn parse(source: &[u8], options: &Options) -> Parse {
    let too_long = u32::try_from(source.len()).is_err();
    let mut parser = Parser::new(if too_long { &[] } else { source }, options);
    if too_long {
        parser.error_after(ErrorKind::TooLong, Span::default());
    }
    parser.main()
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    source: &'s [u8],
    std: Std,
    token: Token,
    ahead: Option<Token>,
    /// The line of the last token consumed.
    last_line: u32,
    /// The end of the last token consumed.
    last_end: u32,
    levels: u32,
    /// Is parsing given up, so that further errors would be noise?
    stopped: bool,
    errors: Vec<SyntaxError>,
    lines: LineIndex,
    /// Ends of tokens after which the reference is on another line, and that line.
    odd_lines: Vec<(u32, u32)>,
    functions_open: Vec<OpenFunction>,
    exprs: Arena<Expr>,
    expr_places: Vec<ExprPlace>,
    stmts: Arena<Stmt>,
    stmt_places: Vec<StmtPlace>,
    blocks: Arena<Block>,
    functions: Arena<FunctionBody>,
    /// Statements of the blocks that are being read, innermost last; spares a vector per block.
    stmt_stack: Vec<StmtId>,
    /// Expressions of the lists that are being read.
    expr_stack: Vec<ExprId>,
}

struct OpenFunction {
    vararg: bool,
    loops: u32,
}

/// What closes a block, for messages: `'end' expected (to close 'if' at line 3)`.
#[derive(Clone, Copy)]
struct Closer {
    what: TokenKind,
    who: TokenKind,
    line: u32,
}

impl<'s> Parser<'s> {
    fn new(source: &'s [u8], options: &Options) -> Parser<'s> {
        Parser {
            lexer: Lexer::new(source),
            source,
            std: options.std,
            token: Token {
                kind: TokenKind::Eof,
                span: Span::default(),
                value: TokenValue::None,
            },
            ahead: None,
            last_line: 1,
            last_end: 0,
            levels: options.outer_levels.min(MAX_LEVELS),
            stopped: false,
            errors: Vec::new(),
            lines: LineIndex::new(source),
            odd_lines: Vec::new(),
            functions_open: Vec::new(),
            // A token takes about four bytes, and half of the tokens make an expression.
            exprs: Arena::with_capacity(source.len() / 8),
            expr_places: Vec::with_capacity(source.len() / 8),
            stmts: Arena::new(),
            stmt_places: Vec::new(),
            blocks: Arena::new(),
            functions: Arena::new(),
            stmt_stack: Vec::new(),
            expr_stack: Vec::new(),
        }
    }

    fn main(mut self) -> Parse {
        self.functions_open.push(OpenFunction { vararg: true, loops: 0 });
        self.token = self.lexer.next_token();
        let closer = Closer {
            what: TokenKind::Eof,
            who: TokenKind::Eof,
            line: self.line(),
        };
        let mark = self.stmt_stack.len();
        loop {
            self.statements(closer);
            if self.at(TokenKind::Eof) {
                break;
            }
            // A stray `end` or the like ends nothing; what follows may still be worth reading.
            self.error_here(ErrorKind::Expected(TokenKind::Eof.text()));
            self.skip_token();
        }
        let body = self.finish_block(mark, 0);
        let span = Span::new(0, self.source.len() as u32);
        let main = self.functions.alloc(FunctionBody {
            params: Box::new([]),
            is_method: false,
            vararg: Some(VarargParam {
                name: None,
                span: Span::default(),
            }),
            body,
            span,
            line: 0,
            end_line: self.last_line,
            sound: self.errors.is_empty() && self.lexer.errors.is_empty(),
        });
        let mut errors = self.errors;
        errors.append(&mut self.lexer.errors);
        errors.sort_by_key(|error| error.order);
        let chunk = Chunk {
            exprs: self.exprs,
            stmts: self.stmts,
            blocks: self.blocks,
            functions: self.functions,
            names: self.lexer.names,
            main,
            std: self.std,
            lines: self.lines,
            odd_lines: self.odd_lines,
            source: self.source.into(),
            expr_places: self.expr_places,
            stmt_places: self.stmt_places,
        };
        Parse { chunk, errors }
    }

    // Tokens.

    /// The line up to which the scanner has read: the current token's, or that of the token
    /// ahead of it.
    fn line(&self) -> u32 {
        self.lexer.line
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.token.kind == kind
    }

    fn next(&mut self) {
        self.last_line = self.lexer.line;
        self.last_end = self.token.span.end;
        self.token = match self.ahead.take() {
            Some(token) => {
                if self.lines.line(self.last_end.saturating_sub(1)) != self.last_line {
                    self.odd_lines.push((self.last_end, self.last_line));
                }
                token
            }
            None => self.lexer.next_token(),
        };
    }

    fn peek(&mut self) -> TokenKind {
        if self.ahead.is_none() {
            self.ahead = Some(self.lexer.next_token());
        }
        self.ahead.map_or(TokenKind::Eof, |token| token.kind)
    }

    /// Consumes a token of this kind if it is there.
    fn accept(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.next();
        }
        found
    }

    /// Consumes a token of this kind, or reports its absence.
    fn expect(&mut self, kind: TokenKind) -> bool {
        let found = self.accept(kind);
        if !found {
            self.error_here(ErrorKind::Expected(kind.text()));
        }
        found
    }

    /// Consumes what closes a construct, or reports its absence.
    fn expect_closer(&mut self, closer: Closer) -> bool {
        let found = self.accept(closer.what);
        if !found {
            self.closer_missing(closer);
        }
        found
    }

    fn closer_missing(&mut self, closer: Closer) {
        let Closer { what, who, line } = closer;
        let what = what.text();
        self.error_here(if line == self.line() || closer.what == TokenKind::Eof {
            ErrorKind::Expected(what)
        } else {
            ErrorKind::ExpectedToClose {
                what,
                who: who.text(),
                line,
            }
        });
    }

    /// Consumes a name, or reports its absence and stands in for it.
    fn ident(&mut self) -> Ident {
        let token = self.token;
        if self.expect(TokenKind::Name) {
            Ident {
                name: token.name(),
                span: token.span,
            }
        } else {
            let span = Span::new(self.last_end, self.last_end);
            Ident {
                name: Names::EMPTY,
                span,
            }
        }
    }

    // Errors and nesting.

    /// Reports a fault at the current token.
    fn error_here(&mut self, kind: ErrorKind) {
        let span = self.token.span;
        // One report per place: what follows from the first is noise.
        let known = |error: &SyntaxError| error.order.phase == Phase::Syntax && error.span.start == span.start;
        if self.stopped || self.errors.last().is_some_and(known) {
            return;
        }
        let near = self.lexer.near(&self.token);
        let order = Order {
            consumed: self.last_end,
            phase: Phase::Syntax,
        };
        self.errors.push(SyntaxError {
            kind,
            span,
            line: self.line(),
            near,
            order,
        });
    }

    /// Reports a fault in what has just been consumed.
    fn error_after(&mut self, kind: ErrorKind, span: Span) {
        if !self.stopped {
            let order = Order {
                consumed: self.last_end,
                phase: Phase::Meaning,
            };
            self.errors.push(SyntaxError {
                kind,
                span,
                line: if self.std.old_syntax_messages() {
                    // The reference names the line of the token ahead, until 5.4.
                    self.line()
                } else {
                    self.last_line
                },
                near: None,
                order,
            });
        }
    }

    /// Enters a level of nesting; at the limit, the text ends here.
    fn enter(&mut self) {
        self.levels += 1;
        if self.levels >= MAX_LEVELS && !self.stopped {
            self.error_after(ErrorKind::TooDeep, self.token.span);
            self.stopped = true;
            self.lexer.stop();
            self.ahead = None;
            let end = self.token.span.start;
            self.token = Token {
                kind: TokenKind::Eof,
                span: Span::new(end, end),
                value: TokenValue::None,
            };
        }
    }

    fn leave(&mut self) {
        self.levels -= 1;
    }

    // Nodes.

    fn push_expr(&mut self, expr: Expr, start: u32, line: u32) -> ExprId {
        let span = Span::new(start, self.last_end.max(start));
        self.expr_places.push(ExprPlace { span, line });
        self.exprs.alloc(expr)
    }

    fn missing_expr(&mut self) -> ExprId {
        let start = self.last_end;
        self.push_expr(Expr::Missing, start, self.last_line)
    }

    fn push_stmt(&mut self, stmt: Stmt, start: u32, line: u32) -> StmtId {
        let span = Span::new(start, self.last_end.max(start));
        self.stmt_places.push(StmtPlace {
            span,
            line,
            last_line: self.last_line,
        });
        let id = self.stmts.alloc(stmt);
        self.stmt_stack.push(id);
        id
    }

    /// Skips a token that fits nowhere.
    fn skip_token(&mut self) {
        let (start, line) = (self.token.span.start, self.line());
        self.next();
        self.push_stmt(Stmt::Missing(None), start, line);
    }

    fn finish_block(&mut self, mark: usize, start: u32) -> BlockId {
        let stmts = self.stmt_stack.drain(mark..).collect();
        let span = Span::new(start, self.last_end.max(start));
        let sound = self.errors.is_empty();
        self.blocks.alloc(Block { stmts, span, sound })
    }

    /// The value of a variable, field or literal is needed now, so reading it has the current line.
    fn discharge(&mut self, expr: ExprId) {
        if matches!(
            self.exprs[expr],
            Expr::Name(_)
                | Expr::Field { .. }
                | Expr::Index { .. }
                | Expr::Nil
                | Expr::True
                | Expr::False
                | Expr::Integer(_)
                | Expr::Float(_)
                | Expr::String(_)
        ) {
            self.expr_places[index(expr)].line = self.last_line;
        }
    }

    fn expr_start(&self, expr: ExprId) -> u32 {
        self.expr_places[index(expr)].span.start
    }

    fn push_function(&mut self, function: FunctionBody) -> FuncId {
        self.functions.alloc(function)
    }
}
