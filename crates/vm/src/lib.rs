#![doc = include_str!("../README.md")]
//!
//! # Invariants
//!
//! Unsafe code in this crate cites these by number.
//!
//! - **H1** *objects are whole.* Every object begins with its header and is filled before the next safepoint; pointers
//!   between objects, in live registers and in the VM's fields are to live objects of the VM's heap. Collection runs only
//!   at safepoints, so a raw pointer in Rust code is good until the next one.
//! - **F1** *pc stays in code.* The saved pc is at an instruction of the running frame's function: code comes from
//!   `Verified` modules only, whose jumps land on instructions.
//! - **F2** *registers are in the frame.* Every operand lies below the frame's size (verified), and a frame is only
//!   entered when it fits on the stack with `SPARE_SLOTS` to spare. Cache words are inside their instruction.
//! - **F3** *frames are linked.* A base is preceded by its two header slots; distances lead down to the bottom frame of its
//!   stack. No pointer into a stack is kept across an operation that may grow it.
//! - **F4** *saved state at safepoints.* Before anything collects, the saved base, pc and top describe the running stack,
//!   and the state in each other coroutine describes its stack; each Lua frame is then at an instruction with a
//!   live map.
//! - **S1** *shapes.* A live shape's keys, parent and metatable are live; a table's slots are `shape.count` values.
//! - **N1** *values borrow their context.* A `Val` is live: it was read from a live place, and nothing collects
//!   before its borrow ends.
//! - **N2** *one user at a time.* While a native runs, its context is the only user of the VM; references made from
//!   its pointer end before the next use.
#![allow(clippy::result_unit_err, clippy::new_ret_no_self)]

mod active;
mod builtin;
mod call;
mod collect;
mod dispatch;
mod error;
mod frame;
mod fuel;
mod gc_log;
mod hook;
mod inspect;
mod interner;
mod interrupt;
mod load;
mod lookup;
mod meta;
mod metacall;
mod native;
mod object;
mod ops;
mod pairs;
mod prefetch;
mod profile;
mod recent;
mod recompile;
mod shape;
mod shortcut;
mod slow;
mod string;
mod table;
#[cfg(test)]
mod tests;
mod thread;
mod traceback;
mod value;
mod vm;

pub use builtin::install as install_builtins;
pub use dispatch::Backend;
pub use frame::{FrameKind, HEADER_SLOTS, RegisterFrame};
pub use fuel::Stop;
pub use gc_log::{GcLog, Pause};
pub use hook::{HookEvent, HookEvents, HookFn};
pub use inspect::FunctionInfo;
pub use interrupt::InterruptHandle;
pub use native::{Buffer, Ctx, GcMode, GcParameter, HostFn, NativeFn, Paid, Returns, Table, Type, Val};
pub use perilune_lang::Std;
pub use profile::OpProfile;
pub use shortcut::{Answer, Args, Shortcut};
pub use vm::{Loader, MAX_NESTING, MAX_STACK, MIN_STACK, Options, Raised, Vm};

// What an embedding API is built on: a VM that is shared, and values that the host keeps or lends.
mod graveyard;
mod host;
mod host_cell;
mod lending;
mod plain;
mod scope;
mod state;

pub use host::{Coroutine, Definition};
pub use host_cell::{HostCell, HostRef, HostRefMut, NoBorrow};
pub use lending::Lending;
pub use plain::{Plain, PlainKey};
pub use scope::{Loan, Scope};
pub use state::{Handle, HandleBytes, HandleStr, NoEntry, Owner, State};
