//! Resolution of names, labels and constants, in the order in which a one-pass compiler meets
//! them, so that upvalues are numbered and errors found as it would.

mod constants;
mod scopes;
mod walk;

use la_arena::{Arena, ArenaMap};

use crate::ast::{Chunk, ExprId, FuncId, StmtId};
use crate::error::{ErrorKind, Order, Phase, SyntaxError};
use crate::lexer::Lexer;
use crate::lines::Span;
use crate::names::NameId;
use crate::resolution::{FunctionInfo, LabelId, LocalId, LocalRange, Resolution};
use crate::token::TokenKind;

/// The most variables of a function in registers at a time.
const MAX_LOCALS: u32 = 200;
/// The most upvalues of a function.
const MAX_UPVALUES: usize = 255;
/// The most registers of a function, temporaries included.
const MAX_REGISTERS: u32 = 255;
/// The number of values of a `return` that is too many; the message calls it the limit.
const MAX_RETURNS: usize = 255;
/// No variable or label.
const NONE: u32 = u32::MAX;

/// Resolves the names of a chunk. Never fails and never panics, not even on a chunk with
/// errors; takes time linear in the chunk.
///
/// What is wrong is in [`Resolution::errors`]; [`first_error`](crate::first_error) finds what the
/// reference would report of these and the parser's.
pub fn resolve(chunk: &Chunk) -> Resolution {
    let mut resolver = Resolver {
        chunk,
        out: Resolution {
            locals: Arena::new(),
            labels: Arena::new(),
            errors: Vec::new(),
            functions: ArenaMap::with_capacity(chunk.functions.len()),
            bindings: vec![None; chunk.exprs.len()],
            declared: ArenaMap::new(),
            label_of: ArenaMap::new(),
            jumps: ArenaMap::new(),
            globals: ArenaMap::new(),
        },
        frames: Vec::new(),
        vars: Vec::new(),
        heads: vec![NONE; chunk.names.len()],
        stars: Vec::new(),
        named_globals: 0,
        labels: Vec::new(),
        label_heads: vec![NONE; chunk.names.len()],
        gotos: Vec::new(),
        jumps: Vec::new(),
        links: Vec::new(),
        link: NONE,
        spine: Vec::new(),
    };
    resolver.function(chunk.main);
    resolver.settle_jumps();
    resolver.out.errors.sort_by_key(|error| error.order);
    resolver.out
}

struct Resolver<'c> {
    chunk: &'c Chunk,
    out: Resolution,
    /// The functions around this place, innermost last.
    frames: Vec<Frame>,
    /// The declarations in scope, of all functions around this place, innermost last.
    vars: Vec<Var>,
    /// By name, the innermost declaration in `vars`.
    heads: Vec<u32>,
    /// The positions in `vars` of `global *` declarations.
    stars: Vec<u32>,
    /// How many declarations in `vars` are of named globals.
    named_globals: u32,
    /// The labels in sight, of all functions around this place.
    labels: Vec<OpenLabel>,
    /// By name, the innermost label in `labels`.
    label_heads: Vec<u32>,
    /// The gotos without a label so far, of all functions around this place.
    gotos: Vec<OpenGoto>,
    /// Jumps that know their target.
    jumps: Vec<FoundJump>,
    links: Vec<Link>,
    /// The innermost link of this function.
    link: u32,
    /// Scratch of walks down left operands.
    spine: Vec<ExprId>,
}

struct Frame {
    id: FuncId,
    info: FunctionInfo,
    /// Where the function's declarations begin in `vars`.
    first_var: u32,
    /// Where its labels begin in `labels`.
    first_label: u32,
    /// How many variables are in registers.
    registers: u32,
    /// How many temporaries the reference has in registers above them: callees, arguments and
    /// left operands. Close to the truth, which depends on its choice of instructions.
    temporaries: u32,
    /// The loops around this place, with the level outside of each.
    loops: Vec<(StmtId, u32)>,
    /// Breaks outside of them.
    stray_breaks: Vec<StmtId>,
    /// Is the function known to have too many locals, upvalues or registers?
    too_many: bool,
}

/// A declaration in scope.
struct Var {
    /// None for `global *` and for hidden variables.
    name: Option<NameId>,
    kind: VarKind,
    /// What `heads` held for the name before.
    shadowed: u32,
    /// What `link` was before.
    link: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum VarKind {
    Local(LocalId),
    /// State of a loop, or an unnamed vararg parameter.
    Hidden,
    Global {
        read_only: bool,
    },
}

struct OpenLabel {
    name: NameId,
    id: LabelId,
    line: u32,
    /// How much has been read when the label is known.
    consumed: u32,
    shadowed: u32,
}

struct OpenGoto {
    stmt: StmtId,
    name: NameId,
    /// The level of the goto, lowered as blocks around it end.
    level: u32,
    link: u32,
}

struct FoundJump {
    stmt: StmtId,
    link: u32,
}

/// A local that may have to be closed, and the one below it in its function. The lists share
/// tails, and a jump keeps the head that it saw.
struct Link {
    below: u32,
    level: u32,
    /// None for the closing value of a generic `for`.
    local: Option<LocalId>,
}

/// What is open at the beginning of a block.
#[derive(Clone, Copy)]
struct Scope {
    vars: u32,
    labels: u32,
    gotos: u32,
}

impl Resolver<'_> {
    fn frame(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("a function is open while its body is walked")
    }

    /// Reports an error that is met once the text up to `consumed` is read.
    fn error(&mut self, kind: ErrorKind, span: Span, consumed: u32) {
        let line = if self.chunk.std.old_syntax_messages() {
            // The reference names the line of the token ahead, until 5.4.
            let line = self.chunk.lines.line(consumed.saturating_sub(1));
            let mut lexer = Lexer::starting_at(&self.chunk.source, consumed, line);
            lexer.next_token();
            lexer.line
        } else {
            self.chunk.line_after(consumed)
        };
        let order = Order {
            consumed,
            phase: Phase::Meaning,
        };
        self.out.errors.push(SyntaxError {
            kind,
            span,
            line,
            near: None,
            order,
        });
    }

    /// Reports that a function has too many of something, near the token after `consumed`.
    fn limit_error(&mut self, what: &'static str, limit: u32, frame: usize, consumed: u32) {
        let frame = &mut self.frames[frame];
        if std::mem::replace(&mut frame.too_many, true) {
            return;
        }
        let function_line = self.chunk.functions[frame.id].line;
        let line = self.chunk.lines.line(consumed.saturating_sub(1));
        let mut lexer = Lexer::starting_at(&self.chunk.source, consumed, line);
        let token = lexer.next_token();
        self.out.errors.push(SyntaxError {
            kind: if self.chunk.std.old_syntax_messages() && matches!(what, "registers" | "returns") {
                ErrorKind::Message("function or expression needs too many registers")
            } else {
                ErrorKind::TooMany {
                    what,
                    limit,
                    function_line,
                }
            },
            span: token.span,
            line: lexer.line,
            near: lexer.near(&token),
            order: Order {
                consumed,
                phase: Phase::Meaning,
            },
        });
    }

    /// Checks that `more` registers above those in use exist, near the token after `consumed`.
    fn check_registers(&mut self, more: u32, consumed: u32) {
        let frame = self.frame();
        if frame.registers + frame.temporaries + more > MAX_REGISTERS {
            self.limit_error("registers", MAX_REGISTERS, self.frames.len() - 1, consumed);
        }
    }

    /// Takes a register for the value of an expression in a list, which happens when the comma or
    /// parenthesis after it has been read.
    fn take_temporary(&mut self, expr: ExprId) {
        let frame = self.frame();
        frame.temporaries += 1;
        if frame.registers + frame.temporaries > MAX_REGISTERS && !frame.too_many {
            let end = self.chunk.span(expr).end;
            let token = Lexer::starting_at(&self.chunk.source, end, 1).next_token();
            let read = matches!(token.kind, TokenKind::Comma | TokenKind::RightParen);
            self.check_registers(0, if read { token.span.end } else { end });
        }
    }

    fn name_bytes(&self, name: NameId) -> Box<[u8]> {
        self.chunk.names[name].into()
    }

    fn declare_range(&mut self, stmt: StmtId, range: LocalRange) {
        if !range.is_empty() {
            self.out.declared.insert(stmt, range);
        }
    }
}
