//! The lower floor: a heap whose objects the client describes by an unsafe trait.
//!
//! Objects never move. Allocation never collects: it counts, and the client asks
//! [`RawHeap::should_collect`] at its safepoints, where it knows its roots exactly.
//!
//! # Layout
//!
//! Blocks lie in arenas of 64 KiB, aligned to their size, all blocks of an arena of one size class and one
//! group: objects with or without pointers, with or without buffers of their own. An arena's header
//! holds two bitmaps over its 16-byte cells: `live`, the blocks that survived the last cycle, and `mark`, those
//! that the running cycle has reached. Allocation bumps through runs of blocks that are not live, in
//! ascending order, and touches no bitmap: a block is in use if it is live or lies below the arena's
//! cursor. To sweep an arena is to make `mark` the new `live`; only arenas of kinds that own buffers are
//! looked into. Objects past about 31 KiB have an arena of their own size.
//!
//! # Invariants
//!
//! Unsafe code in this module cites these by number.
//!
//! - **G1** *objects are whole.* Every pointer that reaches the heap ([`Tracer::mark`], [`RawHeap::barrier`], ..)
//!   is to an object of that heap which is initialized and has not been freed; at a collection and an
//!   enumeration this holds for every object. The clients of [`Model`], [`Roots`] and
//!   [`RawHeap::alloc`] promise it.
//! - **G2** *an object finds its arena.* Blocks begin at or above cell `FIRST_CELL` of an allocation that is
//!   aligned to 64 KiB, and below 64 KiB of its start; `Arena::of` therefore finds the header,
//!   which lies wholly below the first cell, and a cell number is an index into its bitmaps.
//! - **G3** *arenas in a list are in use.* `RawHeap::arenas`, `Source::current` and `Source::more` name only arenas
//!   that have not been given back; an arena is given back only when no block of it is live.
//!   A reference to a header lives in one function and never across a call to the client.
//! - **G4** *windows are whole blocks.* The two ends of a window lie in one arena, a multiple of the slot's stride
//!   apart, and no block between them is in use; class and group of a request index the slots.

mod arena;
mod chunk;
mod collect;
mod control;
mod finalizers;
mod heap;
mod memory;
mod object;
mod pacer;
mod size_class;
mod stats;
mod sweep;
mod tracer;
mod weak;

pub use arena::own_buffers;
pub use heap::{Config, Phase, RawHeap, STEP_WORK, Stress};
pub use memory::Memory;
pub use object::{GC_BARRIER, GC_FINALIZER, GC_FIXED, Header, Model, OutOfMemory, Ptr};
pub use pacer::Mode;
pub use stats::Stats;
pub use tracer::{Deferred, Tracer};
pub use weak::{Roots, WeakPhase};
