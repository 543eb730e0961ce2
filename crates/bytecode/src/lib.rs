#![doc = include_str!("../README.md")]
//! The instruction set, its assembler, disassembler, verifier and module files.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod ops;

mod field;
mod footprint;
mod form;
mod opcode;

mod op;

mod live;
mod liveness;
mod module;

mod assembler;

mod verify;

mod assemble;
mod disasm;

mod file;

mod explain;

pub use assemble::{AsmError, AsmErrorKind, assemble};
pub use assembler::{Assembler, Label};
pub use disasm::{disasm, disasm_function};
pub use explain::{explain, reference};
pub use field::{
    Cache, Capture, Captures, Const, Count, DecodeError, FieldError, FieldType, FieldValue, Imm, Jump16, Jump32, Reg,
    ResultCount, Slot, Upvalue, Wide,
};
pub use file::{FORMAT_VERSION, FileError, FileErrorKind, MAGIC, from_bytes, to_bytes};
pub use form::jump_at;
pub use live::LiveSet;
pub use liveness::Liveness;
pub use module::{
    Constant, FuncId, Function, LineEntry, LocalVar, Module, NameKind, OperandName, Ops, Safepoint, SubsetError,
    UpvalueDesc, VariableKind,
};
pub use op::{Access, Field, Op, Slots, decode};
pub use opcode::{FieldInfo, Flags, OpInfo, Opcode, Role, op_fields};
pub use verify::{
    Fault, MAX_FRAME, MAX_PREPARED, Recompile, Verified, VerifiedFunction, VerifyError, VerifyErrors, verify,
    verify_compiled,
};

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;

#[cfg(test)]
mod tests;
