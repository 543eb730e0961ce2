#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod builder;
mod cfg;
mod dominators;
mod equal;
mod function;
mod ids;
mod list;
mod loops;
mod module;
mod op;
pub mod opt;
mod ssa;
mod text;
mod uses;
mod verify;

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
#[cfg(test)]
mod tests;

pub use builder::FunctionBuilder;
pub use cfg::Cfg;
pub use dominators::Dominators;
pub use function::{Aliases, EdgeRef, Function, Loc, OperandName, UpvalueDesc, ValueDef};
pub use ids::{Block, FuncRef, Inst, Local, Scope, StrId, Upvalue, Value, Variable};
pub use loops::Loops;
pub use module::Module;
pub use op::{BinOp, Capture, CaptureList, CmpOp, Effects, FloatBits, NameKind, Op, UnOp, UpvalueKind, ValueKind};
pub use opt::{Constant, Type, Types};
pub use ssa::SsaBuilder;
pub use text::ParseError;
pub use uses::{Places, Uses};
pub use verify::{VerifyError, VerifyErrors, verify};
