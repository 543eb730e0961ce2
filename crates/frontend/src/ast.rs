//! The syntax tree: plain data in typed arenas, owned by a [`Chunk`].
//!
//! Facts about nodes (bindings, captures, jump targets) live beside the tree, in
//! [`Resolution`](crate::Resolution). Lines are those that the reference implementation gives to
//! the instruction that can fail at that node, so that runtime errors name the same line.

use std::sync::Arc;

use la_arena::{Arena, Idx};
use perilune_lang::{ArithOp, CmpOp, Std};

use crate::lines::{LineIndex, Span};
use crate::names::{NameId, Names};

/// An expression of a chunk.
pub type ExprId = Idx<Expr>;
/// A statement of a chunk.
pub type StmtId = Idx<Stmt>;
/// A block of a chunk.
pub type BlockId = Idx<Block>;
/// A function of a chunk.
pub type FuncId = Idx<FunctionBody>;

/// A parsed source text.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Every expression; children come before their parents.
    pub exprs: Arena<Expr>,
    /// Every statement; the statements of an inner block come before the outer statement.
    pub stmts: Arena<Stmt>,
    /// Every block.
    pub blocks: Arena<Block>,
    /// Every function; inner functions come before outer ones, so the main function is last.
    pub functions: Arena<FunctionBody>,
    /// Names and string literals.
    pub names: Names,
    /// The function that the whole text is the body of.
    pub main: FuncId,
    /// The language version that the text was parsed as.
    pub std: Std,
    /// Where the lines begin.
    pub lines: LineIndex,
    /// The text itself.
    pub source: Arc<[u8]>,
    /// Ends of tokens after which the reference implementation is on another line than the
    /// token's, since it has looked a token ahead; and that line. In order.
    pub(crate) odd_lines: Vec<(u32, u32)>,
    pub(crate) expr_places: Vec<ExprPlace>,
    pub(crate) stmt_places: Vec<StmtPlace>,
}

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExprPlace {
    pub(crate) span: Span,
    pub(crate) line: u32,
}

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StmtPlace {
    pub(crate) span: Span,
    pub(crate) line: u32,
    pub(crate) last_line: u32,
}

impl Chunk {
    /// The source range of an expression.
    pub fn span(&self, expr: ExprId) -> Span {
        self.expr_places[index(expr)].span
    }

    /// The 1-based line of the instruction that evaluates the expression and may fail.
    ///
    /// - arithmetic, bitwise, length: the operator's line; concatenation too, where a chain
    ///   `a .. b .. c` is one instruction and has the line of its last operator
    /// - comparison: the line of the right operand's last token
    /// - call: the line where the arguments begin, `(`, `{` or the end of the string; in a method
    ///   call the lookup of the method is [`Expr::MethodCall::method_line`]
    /// - name, index and literal: the line of the token at which the value is first needed
    /// - function: the line of its `end`
    pub fn line(&self, expr: ExprId) -> u32 {
        self.expr_places[index(expr)].line
    }

    /// The source range of a statement, without a following `;`.
    pub fn stmt_span(&self, stmt: StmtId) -> Span {
        self.stmt_places[index(stmt)].span
    }

    /// The 1-based line of the statement's first token.
    pub fn stmt_line(&self, stmt: StmtId) -> u32 {
        self.stmt_places[index(stmt)].line
    }

    /// The 1-based line of the statement's last token: stores and returns happen there. A
    /// function statement stores at [`Chunk::stmt_line`] instead.
    pub fn stmt_last_line(&self, stmt: StmtId) -> u32 {
        self.stmt_places[index(stmt)].last_line
    }

    /// The line of errors that are noticed when the text up to `consumed` is read.
    pub(crate) fn line_after(&self, consumed: u32) -> u32 {
        match self.odd_lines.binary_search_by_key(&consumed, |&(end, _)| end) {
            Ok(at) => self.odd_lines[at].1,
            Err(_) => self.lines.line(consumed.saturating_sub(1)),
        }
    }

    /// The body of the main function.
    pub fn main_block(&self) -> BlockId {
        self.functions[self.main].body
    }
}

pub(crate) fn index<T>(id: Idx<T>) -> usize {
    u32::from(id.into_raw()) as usize
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Expr {
    /// The source is broken here.
    Missing,
    /// `nil`
    Nil,
    /// `true`
    True,
    /// `false`
    False,
    /// `42`, `0xff`
    Integer(i64),
    /// `4.2`, `0x1p4`
    Float(f64),
    /// `"text"`, `[[text]]`; the bytes after escapes are replaced.
    String(NameId),
    /// `...`
    Vararg,
    /// `function (a) end`, and the function of a function statement.
    Function(FuncId),
    /// A variable; [`Resolution::binding`](crate::Resolution::binding) says which.
    Name(NameId),
    /// `object.name`
    Field {
        /// What is indexed.
        object: ExprId,
        /// The constant key.
        name: NameId,
    },
    /// `object[key]`
    Index {
        /// What is indexed.
        object: ExprId,
        /// The key.
        key: ExprId,
    },
    /// `callee(args)`, `callee{}`, `callee""`
    Call {
        /// What is called.
        callee: ExprId,
        /// The arguments; the last one may give several values.
        args: Box<[ExprId]>,
    },
    /// `object:method(args)`
    MethodCall {
        /// The receiver.
        object: ExprId,
        /// The method's name.
        method: NameId,
        /// The line of the method's name: looking it up may fail there.
        method_line: u32,
        /// The arguments after the receiver; the last one may give several values.
        args: Box<[ExprId]>,
    },
    /// `(inner)`, which cuts several values to one.
    Paren(ExprId),
    /// `-a`, `not a`, `#a`, `~a`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: ExprId,
    },
    /// `a + b`, `a and b`, ...
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The left operand.
        lhs: ExprId,
        /// The right operand.
        rhs: ExprId,
    },
    /// `{ ... }`
    Table(Box<[TableItem]>),
}

/// One item of a table constructor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TableItem {
    /// `value`; the last one of the table may give several values.
    Positional(ExprId),
    /// `name = value`
    Named {
        /// The constant key.
        name: NameId,
        /// What is stored.
        value: ExprId,
        /// The line of the store.
        line: u32,
    },
    /// `[key] = value`
    Keyed {
        /// The key.
        key: ExprId,
        /// What is stored.
        value: ExprId,
        /// The line of the store, which fails if the key is nil or NaN.
        line: u32,
    },
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
    /// `#`
    Len,
    /// `~`
    BNot,
}

impl UnaryOp {
    /// The arithmetic operation, for those that are one.
    pub fn arith(self) -> Option<ArithOp> {
        match self {
            UnaryOp::Neg => Some(ArithOp::Unm),
            UnaryOp::BNot => Some(ArithOp::BNot),
            UnaryOp::Not | UnaryOp::Len => None,
        }
    }

    /// The operator as source text.
    pub fn symbol(self) -> &'static str {
        match self {
            UnaryOp::Neg => "-",
            UnaryOp::Not => "not",
            UnaryOp::Len => "#",
            UnaryOp::BNot => "~",
        }
    }
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `/`
    Div,
    /// `//`
    IDiv,
    /// `&`
    BAnd,
    /// `|`
    BOr,
    /// `~`
    BXor,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `..`
    Concat,
    /// `==`
    Eq,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `~=`
    Ne,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `and`
    And,
    /// `or`
    Or,
}

/// A comparison operator in terms of the three that have metamethods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What is asked.
    pub op: CmpOp,
    /// Are the operands exchanged? (`a > b` asks `b < a`; `a` is still evaluated first.)
    pub swap: bool,
    /// Is the answer negated? (`a ~= b`.)
    pub negate: bool,
}

impl BinaryOp {
    /// The arithmetic or bitwise operation, for those that are one.
    pub fn arith(self) -> Option<ArithOp> {
        Some(match self {
            BinaryOp::Add => ArithOp::Add,
            BinaryOp::Sub => ArithOp::Sub,
            BinaryOp::Mul => ArithOp::Mul,
            BinaryOp::Mod => ArithOp::Mod,
            BinaryOp::Pow => ArithOp::Pow,
            BinaryOp::Div => ArithOp::Div,
            BinaryOp::IDiv => ArithOp::IDiv,
            BinaryOp::BAnd => ArithOp::BAnd,
            BinaryOp::BOr => ArithOp::BOr,
            BinaryOp::BXor => ArithOp::BXor,
            BinaryOp::Shl => ArithOp::Shl,
            BinaryOp::Shr => ArithOp::Shr,
            _ => return None,
        })
    }

    /// The comparison, for those that are one.
    pub fn comparison(self) -> Option<Comparison> {
        let (op, swap, negate) = match self {
            BinaryOp::Eq => (CmpOp::Eq, false, false),
            BinaryOp::Ne => (CmpOp::Eq, false, true),
            BinaryOp::Lt => (CmpOp::Lt, false, false),
            BinaryOp::Le => (CmpOp::Le, false, false),
            BinaryOp::Gt => (CmpOp::Lt, true, false),
            BinaryOp::Ge => (CmpOp::Le, true, false),
            _ => return None,
        };
        Some(Comparison { op, swap, negate })
    }

    /// The operator as source text.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Concat => "..",
            BinaryOp::Eq => "==",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Ne => "~=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            other => other.arith().expect("the other operators are arithmetic").symbol(),
        }
    }
}

/// A name at a place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: NameId,
    /// Its place; empty where there is none (the implicit `self`).
    pub span: Span,
}

/// An attribute of a declaration as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attrib {
    /// `<const>`
    Const,
    /// `<close>`
    Close,
}

/// A declared name with the attribute written after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttribName {
    /// The name.
    pub ident: Ident,
    /// The attribute after the name, if any; it wins over the prefix.
    pub attrib: Option<Attrib>,
    /// The end of the name and its attribute, in bytes.
    pub end: u32,
}

/// A condition and the block that it guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The condition.
    pub cond: ExprId,
    /// What runs if it holds.
    pub body: BlockId,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stmt {
    /// The source is broken here; the expression is what was read of it.
    Missing(Option<ExprId>),
    /// `;`
    Empty,
    /// A call for its effects.
    Call(ExprId),
    /// `a, b.c = 1, 2`
    Assign {
        /// Names, fields and index expressions; anything where the source is broken.
        targets: Box<[ExprId]>,
        /// At least one; the last one may give several values.
        values: Box<[ExprId]>,
    },
    /// `local a, b <const> = 1, 2`
    Local {
        /// The attribute before the list, which holds for names that have none.
        prefix: Option<Attrib>,
        /// At least one.
        names: Box<[AttribName]>,
        /// Empty if there is no `=`.
        values: Box<[ExprId]>,
    },
    /// `local function f() end`
    LocalFunction {
        /// The local, in scope in the function.
        name: Ident,
        /// An [`Expr::Function`].
        function: ExprId,
    },
    /// `global a, b = 1, 2`
    Global {
        /// The attribute before the list, which holds for names that have none.
        prefix: Option<Attrib>,
        /// At least one.
        names: Box<[AttribName]>,
        /// Empty if there is no `=`.
        values: Box<[ExprId]>,
        /// The line after `=`, where an initialized global that exists already is an error. A
        /// [`Stmt::GlobalFunction`] has that error at [`Chunk::stmt_line`].
        check_line: u32,
    },
    /// `global *`
    GlobalAll {
        /// `<const>` or nothing.
        attrib: Option<Attrib>,
    },
    /// `global function f() end`
    GlobalFunction {
        /// The global, declared for the function too.
        name: Ident,
        /// An [`Expr::Function`].
        function: ExprId,
    },
    /// `function a.b:c() end`
    Function {
        /// What is assigned: a name or a chain of fields, a method's name the last of them.
        target: ExprId,
        /// An [`Expr::Function`].
        function: ExprId,
    },
    /// `do ... end`
    Do(BlockId),
    /// `while cond do ... end`
    While {
        /// The condition.
        cond: ExprId,
        /// The body.
        body: BlockId,
    },
    /// `repeat ... until cond`; the condition sees the body's locals.
    Repeat {
        /// The body.
        body: BlockId,
        /// The condition.
        cond: ExprId,
    },
    /// `if ... elseif ... else ... end`
    If {
        /// At least one.
        arms: Box<[Arm]>,
        /// The `else` block.
        otherwise: Option<BlockId>,
    },
    /// `for i = start, limit, step do ... end`
    NumericFor {
        /// The control variable.
        var: Ident,
        /// The first value.
        start: ExprId,
        /// The last value.
        limit: ExprId,
        /// The step, 1 if absent.
        step: Option<ExprId>,
        /// The body.
        body: BlockId,
        /// The line of `do`, where the loop's preparation fails; iteration has the statement's
        /// line.
        prep_line: u32,
    },
    /// `for k, v in values do ... end`
    GenericFor {
        /// At least one; the first is the control variable.
        vars: Box<[Ident]>,
        /// Iterator, state, control, closing value; the last one may give several values.
        values: Box<[ExprId]>,
        /// The body.
        body: BlockId,
        /// The line after `in`, where calls of the iterator and the loop's end happen.
        call_line: u32,
    },
    /// `return a, b`
    Return(Box<[ExprId]>),
    /// `break`
    Break,
    /// `goto name`
    Goto(Ident),
    /// `::name::`
    Label(Ident),
}

/// A list of statements with a scope of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// In source order.
    pub stmts: Box<[StmtId]>,
    /// From the end of what opens the block to the end of its last token.
    pub span: Span,
    /// Is the source right up to its end? If not, a one-pass compiler never ends the block.
    pub(crate) sound: bool,
}

/// The vararg parameter of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VarargParam {
    /// The name of the table of extra arguments: `...name`.
    pub name: Option<Ident>,
    /// The place of `...`.
    pub span: Span,
}

/// A function: the main one or one written with `function`.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionBody {
    /// Fixed parameters in order; a method's implicit `self` is the first.
    pub params: Box<[Ident]>,
    /// Is the first parameter an implicit `self`?
    pub is_method: bool,
    /// `...`, if the function takes extra arguments; the main function does.
    pub vararg: Option<VarargParam>,
    /// The statements.
    pub body: BlockId,
    /// From `(` (the whole text for the main function) to the end of `end`.
    pub span: Span,
    /// The line where it is defined; 0 for the main function.
    pub line: u32,
    /// The line of its `end`; the line of the last token for the main function.
    pub end_line: u32,
    /// Is the source right up to its end? If not, a one-pass compiler never ends the function.
    pub(crate) sound: bool,
}
