//! The instruction vocabulary: operators, operations, and what each may do besides computing.

use crate::{FuncRef, Local, Scope, StrId, Upvalue};
use perilune_lang::ArithOp;
use std::fmt;

/// Declares an operator enum with its text names.
macro_rules! operators {
    ($($(#[$doc:meta])* enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The name in the text form.
            pub const fn text(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The one whose text form is `text`.
            pub fn from_text(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }
    )*};
}

operators! {
    /// A unary operator.
    enum UnOp {
        /// `-x`
        Unm = "unm",
        /// `not x`
        Not = "not",
        /// `~x`
        BNot = "bnot",
        /// `#x`
        Len = "len",
    }

    /// A binary arithmetic or bitwise operator.
    enum BinOp {
        /// `x + y`
        Add = "add",
        /// `x - y`
        Sub = "sub",
        /// `x * y`
        Mul = "mul",
        /// `x % y`
        Mod = "mod",
        /// `x ^ y`
        Pow = "pow",
        /// `x / y`
        Div = "div",
        /// `x // y`
        IDiv = "idiv",
        /// `x & y`
        BAnd = "band",
        /// `x | y`
        BOr = "bor",
        /// `x ~ y`
        BXor = "bxor",
        /// `x << y`
        Shl = "shl",
        /// `x >> y`
        Shr = "shr",
    }

    /// A comparison. `~=`, `>` and `>=` are `not eq` and swapped operands.
    enum CmpOp {
        /// `x == y`
        Eq = "eq",
        /// `x < y`
        Lt = "lt",
        /// `x <= y`
        Le = "le",
    }

    /// How messages call an operand, as in "attempt to call a nil value (global 'f')".
    enum NameKind {
        /// A global variable.
        Global = "global",
        /// A local variable.
        Local = "local",
        /// A method name.
        Method = "method",
        /// A field name.
        Field = "field",
        /// An upvalue.
        Upvalue = "upvalue",
        /// A constant.
        Constant = "constant",
        /// The iterator of a generic `for`.
        ForIterator = "for_iterator",
        /// A metamethod.
        Metamethod = "metamethod",
    }

    /// What a value is made of; what programs compute with is `Lua`.
    enum ValueKind {
        /// A Lua value.
        Lua = "lua",
        /// The heap cell of a captured variable.
        Cell = "cell",
        /// An open list of results, consumed once by the next effectful instruction.
        Open = "open",
    }

    /// How a captured variable was declared.
    enum UpvalueKind {
        /// An ordinary variable.
        Regular = "regular",
        /// A `<const>` variable.
        Const = "const",
        /// A `<close>` variable.
        Close = "close",
    }
}

impl BinOp {
    /// The operation on numbers.
    #[must_use]
    pub fn arith(self) -> ArithOp {
        match self {
            BinOp::Add => ArithOp::Add,
            BinOp::Sub => ArithOp::Sub,
            BinOp::Mul => ArithOp::Mul,
            BinOp::Mod => ArithOp::Mod,
            BinOp::Pow => ArithOp::Pow,
            BinOp::Div => ArithOp::Div,
            BinOp::IDiv => ArithOp::IDiv,
            BinOp::BAnd => ArithOp::BAnd,
            BinOp::BOr => ArithOp::BOr,
            BinOp::BXor => ArithOp::BXor,
            BinOp::Shl => ArithOp::Shl,
            BinOp::Shr => ArithOp::Shr,
        }
    }
}

/// The bits of a float constant, so that NaN and -0.0 compare as what they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FloatBits(pub u64);

impl FloatBits {
    /// The bits of `value`.
    pub fn new(value: f64) -> FloatBits {
        FloatBits(value.to_bits())
    }

    /// The float.
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl fmt::Debug for FloatBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.get())
    }
}

/// Which captures of a closure are upvalues of the enclosing function; made by
/// [`FunctionBuilder::closure`](crate::FunctionBuilder::closure), read with
/// [`Function::captures`](crate::Function::captures).
#[derive(Clone, Copy, Debug)]
pub struct CaptureList {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// One capture of a closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capture {
    /// A cell of the enclosing function.
    Cell(crate::Value),
    /// An upvalue of the enclosing function.
    Upvalue(Upvalue),
}

/// What an instruction does. Operands (`x`, `y`, ...), results and successors are listed by
/// [`Function::args`](crate::Function::args), [`results`](crate::Function::results) and
/// [`edges`](crate::Function::edges); the number in parentheses is that of the results.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// `nil` (1)
    Nil,
    /// `true` (1)
    True,
    /// `false` (1)
    False,
    /// An integer (1)
    Int(i64),
    /// A float (1)
    Float(FloatBits),
    /// A string (1)
    Str(StrId),
    /// The value `x` under a new id (a local that must have a place of its own) (1)
    Copy,
    /// `op x` (1)
    Unary(UnOp),
    /// `x op y` (1)
    Binary(BinOp),
    /// `x op y`, a boolean (1)
    Compare(CmpOp),
    /// `x .. y .. ...` over two or more operands (1)
    Concat,
    /// The value of an upvalue (1)
    GetUpvalue(Upvalue),
    /// Upvalue := `x` (0)
    SetUpvalue(Upvalue),
    /// A new cell that holds `x` (1, a cell)
    NewCell,
    /// What the cell `x` holds (1)
    GetCell,
    /// Cell `x` := `y` (0)
    SetCell,
    /// A closure over a function of the module; operands are its captured cells (1)
    Closure {
        /// The function.
        func: FuncRef,
        /// Which captures are upvalues.
        captures: CaptureList,
    },
    /// `{}` with size hints (1)
    NewTable {
        /// Expected array elements.
        array: u32,
        /// Expected record fields.
        record: u32,
    },
    /// `x[y]` (1)
    GetIndex,
    /// `x[y] := z` (0)
    SetIndex,
    /// `upvalue[key]` (1)
    GetGlobal {
        /// The environment.
        env: Upvalue,
        /// The name.
        key: StrId,
    },
    /// `upvalue[key] := x` (0)
    SetGlobal {
        /// The environment.
        env: Upvalue,
        /// The name.
        key: StrId,
    },
    /// Stores the second and later operands at `x[start]`, `x[start + 1]`, ...; the last may be open (0)
    SetList {
        /// The index of the first element.
        start: u32,
    },
    /// `x[key]` and `x`, callee and first argument of one call (2)
    SelfField(StrId),
    /// Calls `x` with the other operands (the last may be open), adjusted to its results (n)
    Call,
    /// Calls `x`, keeping all results (1, open)
    CallOpen,
    /// The first n extra arguments, or nils (n)
    Vararg,
    /// All extra arguments (1, open)
    VarargOpen,
    /// The extra arguments as a table with field `n` (1)
    VarargTable,
    /// The extra argument with number `x`, their number for `"n"`, or nil (1)
    GetVararg,
    /// The first n elements of `x`, a table of extra arguments, or nils (n)
    VarargFrom,
    /// The elements of `x`, a table of extra arguments, up to its field `n` (1, open)
    VarargFromOpen,
    /// Calls iterator `x` with state `y` and control `z`, adjusted to its results (n)
    ForCall,
    /// Marks `x` to be closed when the scope ends (0)
    Tbc(Scope),
    /// Runs `__close` of the scope and of all scopes opened since (0)
    Close(Scope),
    /// Raises "global 'name' already defined" unless `x` is nil (0)
    CheckGlobal(StrId),
    /// Debug: from here on the local has the value `x` (or none that still exists) (0)
    LocalStart(Local),
    /// Debug: the local's scope ends (0)
    LocalEnd(Local),

    /// Continues at its successor.
    Jump,
    /// Continues at the first successor if `x` is neither nil nor false, else at the second.
    Branch,
    /// Continues at the first successor if `x` is nil, else at the second.
    BranchNil,
    /// Prepares a numeric loop over init `x`, limit `y`, step `z`; results index, count and step
    /// exist on the edge to the first successor, the body; the second is taken if the loop runs
    /// not once (3)
    ForPrep,
    /// Steps a numeric loop with index `x`, count `y`, step `z`; results next index and count exist
    /// on the edge to the first successor, the body; the second ends the loop (2)
    ForLoop,
    /// Returns the operands; the last may be open.
    Return,
    /// Returns the results of calling `x` with the other operands; the last may be open.
    TailCall,
}

impl Op {
    /// Whether the operation ends a block.
    pub const fn is_terminator(&self) -> bool {
        matches!(
            self,
            Op::Jump | Op::Branch | Op::BranchNil | Op::ForPrep | Op::ForLoop | Op::Return | Op::TailCall
        )
    }

    /// How many successors the operation has.
    pub const fn successors(&self) -> usize {
        match self {
            Op::Jump => 1,
            Op::Branch | Op::BranchNil | Op::ForPrep | Op::ForLoop => 2,
            _ => 0,
        }
    }

    /// What the results of the operation are made of.
    pub const fn result_kind(&self) -> ValueKind {
        match self {
            Op::NewCell => ValueKind::Cell,
            Op::CallOpen | Op::VarargOpen | Op::VarargFromOpen => ValueKind::Open,
            _ => ValueKind::Lua,
        }
    }

    /// How many results the operation has, unless each instruction says.
    pub const fn result_count(&self) -> Option<usize> {
        match self {
            Op::Call | Op::Vararg | Op::VarargFrom | Op::ForCall => None,
            Op::ForPrep => Some(3),
            Op::ForLoop | Op::SelfField(_) => Some(2),
            Op::SetUpvalue(_) | Op::SetCell | Op::SetIndex | Op::SetGlobal { .. } | Op::SetList { .. } => Some(0),
            Op::Tbc(_) | Op::Close(_) | Op::CheckGlobal(_) | Op::LocalStart(_) | Op::LocalEnd(_) => Some(0),
            Op::Jump | Op::Branch | Op::BranchNil | Op::Return | Op::TailCall => Some(0),
            _ => Some(1),
        }
    }

    /// The least and, if bounded, the greatest number of operands.
    pub const fn arity(&self) -> (usize, Option<usize>) {
        match self {
            Op::Nil | Op::True | Op::False | Op::Int(_) | Op::Float(_) | Op::Str(_) => (0, Some(0)),
            Op::Copy | Op::Unary(_) | Op::SetUpvalue(_) | Op::NewCell | Op::GetCell => (1, Some(1)),
            Op::Binary(_) | Op::Compare(_) | Op::SetCell | Op::GetIndex => (2, Some(2)),
            Op::Concat => (2, None),
            Op::GetUpvalue(_) | Op::NewTable { .. } | Op::GetGlobal { .. } => (0, Some(0)),
            Op::Closure { .. } => (0, None),
            Op::SetIndex | Op::ForCall | Op::ForPrep | Op::ForLoop => (3, Some(3)),
            Op::SetGlobal { .. } | Op::SelfField(_) | Op::Tbc(_) | Op::CheckGlobal(_) => (1, Some(1)),
            Op::SetList { .. } | Op::Call | Op::CallOpen | Op::TailCall => (1, None),
            Op::Vararg | Op::VarargOpen | Op::VarargTable | Op::Close(_) | Op::LocalEnd(_) => (0, Some(0)),
            Op::GetVararg | Op::VarargFrom | Op::VarargFromOpen => (1, Some(1)),
            Op::LocalStart(_) => (0, Some(1)),
            Op::Jump => (0, Some(0)),
            Op::Branch | Op::BranchNil => (1, Some(1)),
            Op::Return => (0, None),
        }
    }

    /// Whether the last operand may be an open list.
    pub const fn takes_open(&self) -> bool {
        matches!(
            self,
            Op::SetList { .. } | Op::Call | Op::CallOpen | Op::Return | Op::TailCall
        )
    }

    /// Whether the operation is a constant.
    pub const fn is_const(&self) -> bool {
        matches!(
            self,
            Op::Nil | Op::True | Op::False | Op::Int(_) | Op::Float(_) | Op::Str(_)
        )
    }

    /// Whether the operation only informs debuggers.
    pub const fn is_debug(&self) -> bool {
        matches!(self, Op::LocalStart(_) | Op::LocalEnd(_))
    }

    /// What the operation may do for operands of any type;
    /// [`Types::effects`](crate::Types::effects) knows more about a given instruction.
    pub const fn effects(&self) -> Effects {
        match self {
            Op::Nil | Op::True | Op::False | Op::Int(_) | Op::Float(_) | Op::Str(_) => Effects::PURE,
            Op::Copy | Op::Unary(UnOp::Not) => Effects::PURE,
            Op::LocalStart(_) | Op::LocalEnd(_) => Effects::PURE,
            Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Concat => Effects::ANY,
            Op::GetUpvalue(_) | Op::GetCell => Effects::READ,
            Op::Vararg | Op::VarargOpen | Op::GetVararg => Effects::READ,
            Op::SetUpvalue(_) | Op::SetCell => Effects::WRITE,
            Op::NewCell | Op::Closure { .. } | Op::NewTable { .. } => Effects::ALLOC,
            Op::VarargTable => Effects::READ.union(Effects::ALLOC),
            Op::VarargFrom | Op::VarargFromOpen => Effects::RAISE.union(Effects::READ),
            Op::GetIndex | Op::SetIndex | Op::GetGlobal { .. } | Op::SetGlobal { .. } => Effects::ANY,
            Op::SelfField(_) | Op::Call | Op::CallOpen | Op::ForCall | Op::TailCall => Effects::ANY,
            // The table is fresh and has no metatable.
            Op::SetList { .. } => Effects::WRITE.union(Effects::ALLOC),
            Op::Tbc(_) => Effects::RAISE.union(Effects::READ).union(Effects::WRITE),
            Op::Close(_) => Effects::ANY,
            Op::CheckGlobal(_) | Op::ForPrep => Effects::RAISE,
            Op::Jump | Op::Branch | Op::BranchNil | Op::ForLoop | Op::Return => Effects::PURE,
        }
    }
}

/// What an instruction may do besides computing its results: a set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Effects(u8);

impl Effects {
    /// Nothing: may be removed when unused, duplicated, and moved to where its operands exist.
    pub const PURE: Effects = Effects(0);
    /// May raise an error.
    pub const RAISE: Effects = Effects(1);
    /// May run other Lua code (a call or a metamethod), which may yield.
    pub const CALL: Effects = Effects(2);
    /// Depends on memory: cells, upvalues, tables, extra arguments.
    pub const READ: Effects = Effects(4);
    /// Changes memory.
    pub const WRITE: Effects = Effects(8);
    /// Makes an object: may be removed when unused, not shared. The collector may run at its start.
    pub const ALLOC: Effects = Effects(16);
    /// All of them.
    pub const ANY: Effects = Effects(31);

    /// Flags of either.
    #[must_use]
    pub const fn union(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    /// Whether all flags of `other` are set.
    pub const fn contains(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some flag of `other` is set.
    pub const fn intersects(self, other: Effects) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing but the results is observable.
    pub const fn is_pure(self) -> bool {
        self.0 == 0
    }

    /// Whether the instruction may go when nobody uses its results.
    pub const fn removable(self) -> bool {
        !self.intersects(Effects(Effects::RAISE.0 | Effects::CALL.0 | Effects::WRITE.0))
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Effects::RAISE, "raise"),
            (Effects::CALL, "call"),
            (Effects::READ, "read"),
            (Effects::WRITE, "write"),
            (Effects::ALLOC, "alloc"),
        ];
        if self.is_pure() {
            return f.write_str("pure");
        }
        let mut first = true;
        for (flag, name) in names {
            if self.contains(flag) {
                f.write_str(if first { "" } else { "|" })?;
                f.write_str(name)?;
                first = false;
            }
        }
        Ok(())
    }
}

const _: () = assert!(size_of::<Op>() == 16);
