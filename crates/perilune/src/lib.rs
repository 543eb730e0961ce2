#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod diagnostics;
mod loader;
mod lua;

pub use diagnostics::render;
pub use loader::{CompileOptions, chunk_source};
pub use lua::{Error, Lua, Options, Outcome};
pub use perilune_compiler::OptLevel;
pub use perilune_vm::{
    Backend, Ctx, FunctionInfo, HookEvent, HookEvents, HookFn, NativeFn, Raised, Returns, Std, Table, Type, Val,
};
