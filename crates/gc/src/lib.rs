#![doc = include_str!("../README.md")]
#![deny(clippy::undocumented_unsafe_blocks)]

pub mod raw;
mod safe;

pub use raw::{Config, OutOfMemory, Stats};
pub use safe::{Gc, GcWeak, Heap, Lock, Marker, Mutation, RefLock, Rootable, Static, Trace};
