#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod builder;
mod function;
mod ids;
mod list;
mod module;
mod op;
mod ssa;

pub use builder::FunctionBuilder;
pub use function::{Aliases, EdgeRef, Function, Loc, OperandName, UpvalueDesc, ValueDef};
pub use ids::{Block, FuncRef, Inst, Local, Scope, StrId, Upvalue, Value, Variable};
pub use module::Module;
pub use op::{
    BinOp, Capture, CaptureList, CmpOp, Effects, FloatBits, NameKind, Op, UnOp, UpvalueKind, ValueKind,
};
pub use ssa::SsaBuilder;
