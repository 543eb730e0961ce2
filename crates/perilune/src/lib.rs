#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// Causes are in an `Arc` whether or not the feature `error-send` makes them `Send`: features do not change types.
#![cfg_attr(not(feature = "error-send"), allow(clippy::arc_with_non_send_sync))]

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "macros.rs"]
pub mod __macros;
#[cfg(feature = "async")]
mod asynchronous;
mod control;
mod convert;
mod diagnostics;
mod extra;
mod failure;
mod handle;
mod loader;
mod lua;
mod maps;
mod multi;
mod object;
mod panics;
mod path;
mod pretty;
mod registry;
mod scope;
mod stdlib;
mod traits;
mod value;

pub mod chunk;
pub mod debug;
pub mod error;
pub mod function;
pub mod program;
#[cfg(feature = "serde")]
pub mod serde;
pub mod string;
pub mod table;
pub mod thread;
pub mod userdata;

#[cfg(feature = "async")]
pub use asynchronous::{AsyncCallFuture, AsyncThread};
pub use bstr::BString;
pub use chunk::{AsChunk, Chunk, ChunkMode};
pub use debug::{Debug, DebugEvent, HookTriggers, VmState};
pub use diagnostics::render;
pub use either::Either;
pub use error::{Error, ErrorContext, ExternalError, ExternalResult, Result};
pub use extra::{AppDataRef, AppDataRefMut};
pub use function::{Function, FunctionInfo};
pub use loader::{CompileOptions, chunk_source};
pub use lua::{Lua, LuaOptions, WeakLua};
pub use multi::{MultiValue, Variadic};
pub use object::ObjectLike;
pub use perilune_compiler::OptLevel;
#[cfg(feature = "macros")]
pub use perilune_derive::{FromLua, UserData, chunk, userdata_impl};
pub use perilune_vm::{Backend, InterruptHandle, Std, Stop};
#[doc(hidden)]
pub use perilune_vm::{Ctx, NativeFn, Raised, Returns, Val};
pub use program::{Options, sandbox};
pub use registry::RegistryKey;
pub use scope::Scope;
#[cfg(feature = "serde")]
pub use serde::{DeserializeOptions, LuaSerdeExt, SerializableValue, SerializeOptions};
pub use stdlib::StdLib;
pub use string::LuaString as String;
pub use string::{BorrowedBytes, BorrowedStr, LuaString};
pub use table::{Table, TablePairs, TableSequence};
pub use thread::{Thread, ThreadEvent, ThreadStatus, ThreadTriggers};
pub use traits::{FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, MaybeSend, MaybeSync};
pub use userdata::{
    AnyUserData, MetaMethod, UserData, UserDataFields, UserDataMetatable, UserDataMethods, UserDataOwned, UserDataRef,
    UserDataRefMut, UserDataRegistry,
};
pub use value::{Integer, LightUserData, Nil, Number, Value};

/// States and their options.
pub mod state {
    pub use crate::control::{GcGenParams, GcIncParams, GcMode};
    pub use crate::lua::{Lua, LuaOptions, WeakLua};
}

pub mod prelude;

/// The code of the book runs as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
mod book {}
