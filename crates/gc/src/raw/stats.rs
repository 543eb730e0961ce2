//! What a heap can tell about itself.

/// A snapshot of a heap; see [`RawHeap::stats`](super::RawHeap::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Objects that have not been freed.
    pub live_objects: usize,
    /// Bytes of their blocks.
    pub live_bytes: usize,
    /// Bytes of the buffers that objects own.
    pub buffer_bytes: usize,
    /// Bytes of objects and buffers allocated since the heap was made.
    pub allocated_total: u64,
    /// Collections since the heap was made.
    pub collections: u64,
    /// How many of them were minor.
    pub minor_cycles: u64,
    /// Objects freed since the heap was made.
    pub freed_objects: u64,
    /// Arenas in use.
    pub arenas: usize,
    /// Objects with an allocation of their own.
    pub huge_objects: usize,
    /// Bytes held from the system for blocks, used or not, bitmaps included.
    pub footprint: usize,
    /// Bytes in use at which the next collection is due.
    pub threshold: usize,
    /// Objects that wait for their finalizer or may do so later.
    pub finalizers: usize,
}
