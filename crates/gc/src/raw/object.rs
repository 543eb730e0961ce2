//! What the heap knows of the client's objects: an eight-byte header and a model of the kinds.

use std::fmt;
use std::ptr::NonNull;

use super::{Memory, Tracer};

/// The first eight bytes of every object.
///
/// `kind` and `gc` belong to the heap once the object is allocated; `aux` and `word` are the client's.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The kind given to [`RawHeap::alloc`](super::RawHeap::alloc), 1 to 63. Zero marks a poisoned free cell.
    pub kind: u8,
    /// Collector bits: [`GC_BARRIER`], [`GC_FIXED`], [`GC_FINALIZER`]; the others are the collector's own.
    pub gc: u8,
    /// Free for the client.
    pub aux: u16,
    /// Free for the client (a shape id, a string hash).
    pub word: u32,
}

const _: () = assert!(size_of::<Header>() == 8);

/// Set while the object has been traced: a store into it must call [`RawHeap::barrier`](super::RawHeap::barrier).
pub const GC_BARRIER: u8 = 1;
/// Set on objects that are never freed.
pub const GC_FIXED: u8 = 2;
/// Set on objects that have a finalizer registered and not yet handed out.
pub const GC_FINALIZER: u8 = 4;
/// Set on unmarked keys of ephemerons while a cycle looks for the values that hang on them.
pub(super) const GC_EPHEMERON_KEY: u8 = 8;

/// A pointer to an object of the heap.
pub type Ptr = NonNull<Header>;

/// Describes the client's objects to the heap.
///
/// Kinds are 1 to 63; kind 0 is the heap's name for a free cell.
///
/// # Safety
///
/// `trace` must mark (or defer) every pointer that the client may follow later, and none that is not an
/// object of the same heap; `size` must not exceed the size the object was allocated with. None of the
/// functions may allocate from the heap or unwind.
pub unsafe trait Model {
    /// What the client keeps in the heap because it refers to objects without keeping them, and has to be told of their death: a set
    /// of interned strings. `()` if there is no such thing. It is [`RawHeap::client`](super::RawHeap::client).
    type Client: Default;
    /// One bit per kind whose objects own buffers outside their cell: [`Model::drop`] is called on all of them, and on
    /// those of other kinds that said so by [`own_buffers`](super::own_buffers).
    const DROP_KINDS: u64;
    /// One bit per kind that holds no pointers (strings): never traced, kept in arenas of their own.
    const LEAF_KINDS: u64;
    /// Leaves in blocks of up to this many bytes are given to [`Model::drop`] as well, whether or not they own buffers.
    const TOLD_LEAVES: usize = 0;

    /// Calls `t.mark(child)` for each child, or defers the object as a weak container.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object of the heap whose kind is not in [`Model::LEAF_KINDS`].
    unsafe fn trace(obj: Ptr, t: &mut Tracer);

    /// Goes on with the trace of an object that called [`Tracer::later`], from the place that it gave. The
    /// object may have changed since: if it was written to, it will be traced anew as a whole.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object of the heap.
    unsafe fn trace_part(obj: Ptr, from: usize, t: &mut Tracer) {
        let _ = (obj, from, t);
        unreachable!("the model left a part for later but does not define trace_part");
    }

    /// Calls `t.ephemeron(key, value)` for each entry of an object that was deferred as
    /// [`Deferred::Ephemeron`](super::Deferred::Ephemeron), and `t.mark(value)` where the key cannot die.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object of the heap.
    unsafe fn trace_ephemeron(obj: Ptr, t: &mut Tracer) {
        let _ = (obj, t);
        unreachable!("the model deferred an ephemeron table but does not define trace_ephemeron");
    }

    /// The bytes of the object, header included.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object of the heap.
    unsafe fn size(obj: Ptr) -> usize;

    /// Frees the buffers that the object owns outside its cell, through `mem`, and makes `client` forget it. Must not follow
    /// pointers to other objects: they may be gone.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object of the heap that owns buffers or is told; it is not used afterwards.
    unsafe fn drop(obj: Ptr, mem: &mut Memory, client: &mut Self::Client);

    /// The heap is being dropped, and next its objects: frees the buffers of the client.
    fn close(client: &mut Self::Client, mem: &mut Memory) {
        let _ = (client, mem);
    }
}

/// The allocation would pass the memory limit, or the system refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not enough memory")
    }
}

impl std::error::Error for OutOfMemory {}
