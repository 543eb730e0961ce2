//! Lua's two kinds of number as one value, and the names of the operations on them.

/// A Lua number: a 64-bit two's complement integer or an IEEE double.
///
/// `==` on this type is structural (kind and bits' value), not Lua's `==`; see
/// [`num_eq`](crate::num_eq) for the latter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Num {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Num {
    /// The number as a float; an integer is rounded to the nearest one.
    #[inline]
    pub fn to_float(self) -> f64 {
        match self {
            Num::Int(i) => i as f64,
            Num::Float(f) => f,
        }
    }
}

/// An arithmetic or bitwise operation, in the order of Lua's C API (`LUA_OPADD`, ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArithOp {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a % b`
    Mod,
    /// `a ^ b`
    Pow,
    /// `a / b`
    Div,
    /// `a // b`
    IDiv,
    /// `a & b`
    BAnd,
    /// `a | b`
    BOr,
    /// `a ~ b`
    BXor,
    /// `a << b`
    Shl,
    /// `a >> b`
    Shr,
    /// `-a`
    Unm,
    /// `~a`
    BNot,
}

impl ArithOp {
    /// Every operation, in order.
    pub const ALL: [ArithOp; 14] = {
        use ArithOp::*;
        [Add, Sub, Mul, Mod, Pow, Div, IDiv, BAnd, BOr, BXor, Shl, Shr, Unm, BNot]
    };

    /// The name of the metamethod: `"__add"`.
    pub fn event(self) -> &'static str {
        match self {
            ArithOp::Add => "__add",
            ArithOp::Sub => "__sub",
            ArithOp::Mul => "__mul",
            ArithOp::Mod => "__mod",
            ArithOp::Pow => "__pow",
            ArithOp::Div => "__div",
            ArithOp::IDiv => "__idiv",
            ArithOp::BAnd => "__band",
            ArithOp::BOr => "__bor",
            ArithOp::BXor => "__bxor",
            ArithOp::Shl => "__shl",
            ArithOp::Shr => "__shr",
            ArithOp::Unm => "__unm",
            ArithOp::BNot => "__bnot",
        }
    }

    /// The operator as source text writes it: `"+"`.
    pub fn symbol(self) -> &'static str {
        match self {
            ArithOp::Add => "+",
            ArithOp::Sub | ArithOp::Unm => "-",
            ArithOp::Mul => "*",
            ArithOp::Mod => "%",
            ArithOp::Pow => "^",
            ArithOp::Div => "/",
            ArithOp::IDiv => "//",
            ArithOp::BAnd => "&",
            ArithOp::BOr => "|",
            ArithOp::BXor | ArithOp::BNot => "~",
            ArithOp::Shl => "<<",
            ArithOp::Shr => ">>",
        }
    }

    /// Does the operation take one operand?
    pub fn is_unary(self) -> bool {
        matches!(self, ArithOp::Unm | ArithOp::BNot)
    }

    /// Does the operation work on integers alone?
    pub fn is_bitwise(self) -> bool {
        use ArithOp::*;
        matches!(self, BAnd | BOr | BXor | Shl | Shr | BNot)
    }
}

/// A comparison that has its own metamethod; the other operators swap or negate one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmpOp {
    /// `a == b`
    Eq,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
}

impl CmpOp {
    /// The name of the metamethod: `"__lt"`.
    pub fn event(self) -> &'static str {
        match self {
            CmpOp::Eq => "__eq",
            CmpOp::Lt => "__lt",
            CmpOp::Le => "__le",
        }
    }

    /// The operator as source text writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            CmpOp::Eq => "==",
            CmpOp::Lt => "<",
            CmpOp::Le => "<=",
        }
    }
}
