//! What resolution finds out about a chunk: side tables over the syntax tree.

use std::fmt;

use la_arena::{Arena, ArenaMap, Idx};

use crate::ast::{BlockId, ExprId, FuncId, StmtId, index};
use crate::error::SyntaxError;
use crate::lines::Span;
use crate::names::NameId;

/// A local variable of a chunk, parameters and compile-time constants included.
pub type LocalId = Idx<Local>;
/// A label of a chunk.
pub type LabelId = Idx<Label>;

/// An upvalue of a function; an index into [`FunctionInfo::upvalues`]. Prints as `u0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpvalueId(pub u8);

impl fmt::Debug for UpvalueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{}", self.0)
    }
}

/// The names of a chunk resolved.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Every local, in order of declaration.
    pub locals: Arena<Local>,
    /// Every label, in source order.
    pub labels: Arena<Label>,
    /// Semantic errors in the order in which the reference implementation would meet them.
    pub errors: Vec<SyntaxError>,
    pub(crate) functions: ArenaMap<FuncId, FunctionInfo>,
    pub(crate) bindings: Vec<Option<Binding>>,
    pub(crate) declared: ArenaMap<StmtId, LocalRange>,
    pub(crate) label_of: ArenaMap<StmtId, LabelId>,
    pub(crate) jumps: ArenaMap<StmtId, Jump>,
    pub(crate) globals: ArenaMap<StmtId, Vec<Binding>>,
}

impl Resolution {
    /// What an [`Expr::Name`](crate::ast::Expr::Name) refers to.
    ///
    /// # Panics
    /// If `expr` is not a name.
    pub fn binding(&self, expr: ExprId) -> Binding {
        self.get_binding(expr).expect("only names have bindings")
    }

    /// What an expression refers to, if it is a name.
    pub fn get_binding(&self, expr: ExprId) -> Option<Binding> {
        self.bindings.get(index(expr)).copied().flatten()
    }

    /// What is known of a function.
    pub fn function(&self, func: FuncId) -> &FunctionInfo {
        &self.functions[func]
    }

    /// The locals that a `local`, `local function` or `for` statement declares, in order of its
    /// names; empty for other statements.
    pub fn declared(&self, stmt: StmtId) -> LocalRange {
        self.declared.get(stmt).copied().unwrap_or_default()
    }

    /// The globals that a `global` statement with values or a `global function` statement
    /// defines, in order of its names, as bindings ([`Binding::Global`]); empty for other
    /// statements. A `global` statement without values does nothing at run time.
    pub fn declared_globals(&self, stmt: StmtId) -> &[Binding] {
        self.globals.get(stmt).map_or(&[], |bindings| bindings)
    }

    /// The label of a label statement; none for other statements and repeated labels.
    pub fn label(&self, stmt: StmtId) -> Option<LabelId> {
        self.label_of.get(stmt).copied()
    }

    /// Where a `goto` or `break` goes; none for other statements and for jumps in error.
    pub fn jump(&self, stmt: StmtId) -> Option<Jump> {
        self.jumps.get(stmt).copied()
    }
}

/// Locals with consecutive ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalRange {
    pub(crate) first: u32,
    pub(crate) len: u32,
}

impl LocalRange {
    /// How many.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// None at all?
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The one at a position.
    ///
    /// # Panics
    /// If `position` is out of range.
    pub fn get(self, position: usize) -> LocalId {
        assert!(position < self.len(), "position {position} in {} locals", self.len);
        Idx::from_raw(la_arena::RawIdx::from(self.first + position as u32))
    }

    /// Each in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = LocalId> + ExactSizeIterator {
        (0..self.len as usize).map(move |position| self.get(position))
    }
}

/// What a name refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A local of the same function.
    Local(LocalId),
    /// A local of an enclosing function, through the function's upvalue list.
    Upvalue(UpvalueId),
    /// A compile-time constant, of this function or an enclosing one: [`Local::constant`] is its
    /// value, and it takes no upvalue.
    Constant(LocalId),
    /// A global: the field `name` of what `_ENV` refers to.
    Global {
        /// The field.
        name: NameId,
        /// What `_ENV` refers to here.
        env: EnvBinding,
    },
}

/// What `_ENV` refers to at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvBinding {
    /// A local of the same function.
    Local(LocalId),
    /// An upvalue of the function.
    Upvalue(UpvalueId),
    /// A compile-time constant called `_ENV`; indexing it most likely fails.
    Constant(LocalId),
}

/// What kind of variable a local is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalKind {
    /// Assignable.
    Regular,
    /// `<const>`, or a loop's control variable in Lua 5.5: read-only.
    Const,
    /// `<close>`: read-only, closed at the end of its scope.
    Close,
    /// Read-only and known: it has [`Local::constant`], no register and no upvalue.
    CompileTime,
    /// The named vararg parameter: read-only.
    Vararg,
}

/// The value of a compile-time constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// `nil`
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A string.
    String(NameId),
}

/// A local variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// Its name.
    pub name: NameId,
    /// What kind of variable it is.
    pub kind: LocalKind,
    /// The function whose frame it lives in.
    pub function: FuncId,
    /// Where the name is declared; empty for an implicit `self`.
    pub span: Span,
    /// The value of a [`LocalKind::CompileTime`] local.
    pub constant: Option<Constant>,
    /// Does an inner function refer to it?
    pub captured: bool,
    /// Is it assigned after its declaration?
    pub reassigned: bool,
    /// Where the name refers to it, from activation to the end of the block, in source bytes.
    pub scope: Span,
    /// How many variables of the function (constants and hidden loop state included, global
    /// declarations too) are in scope below it. Jumps compare with it, see [`Jump::level`].
    pub level: u32,
}

/// Where an upvalue of a function comes from when its closure is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpvalueSource {
    /// The environment that the main function is loaded with.
    Environment,
    /// A local of the enclosing function.
    ParentLocal(LocalId),
    /// An upvalue of the enclosing function.
    ParentUpvalue(UpvalueId),
}

/// An upvalue of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upvalue {
    /// The variable's name.
    pub name: NameId,
    /// Where it comes from.
    pub source: UpvalueSource,
    /// The kind of the variable that it refers to.
    pub kind: LocalKind,
    /// The local at the end of the chain; none for the main function's environment.
    pub local: Option<LocalId>,
}

/// What is known of a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionInfo {
    /// The enclosing function; none for the main function.
    pub parent: Option<FuncId>,
    /// Its upvalues, in order of first use; the main function has `_ENV` as its first.
    pub upvalues: Vec<Upvalue>,
    /// Its fixed parameters.
    pub params: LocalRange,
    /// Its named vararg parameter.
    pub vararg: Option<LocalId>,
    /// Must the extra arguments be a table, since the named vararg parameter is used otherwise
    /// than to be read from by `t[k]` and `t.name`?
    pub needs_vararg_table: bool,
    /// The functions made in it, in source order.
    pub children: Vec<FuncId>,
}

/// A label.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Its name.
    pub name: NameId,
    /// The statement that declares it.
    pub stmt: StmtId,
    /// The block that the statement is in.
    pub block: BlockId,
    /// The function that the block is in.
    pub function: FuncId,
    /// The variables in scope at the label are those with [`Local::level`] below this. A label at
    /// the end of its block stands outside the scope of the block's locals.
    pub level: u32,
}

/// What a jump goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JumpTarget {
    /// A label, by `goto`.
    Label(LabelId),
    /// The end of a loop, by `break`.
    LoopEnd(StmtId),
}

/// A `goto` or `break`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Where it goes.
    pub target: JumpTarget,
    /// The locals in scope at the jump with [`Local::level`] of at least this go out of scope.
    pub level: u32,
    /// Is one of them captured or to be closed (the closing value of a generic `for` is), so that
    /// the jump must close variables?
    pub closes: bool,
}
