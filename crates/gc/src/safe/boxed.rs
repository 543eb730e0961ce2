//! How a Rust value lies in the heap: behind a header and a table of what to do with it.

use std::ptr::NonNull;

use super::{Marker, Trace};
use crate::raw::{Deferred, Header, Memory, Model, OutOfMemory, Ptr, RawHeap, Tracer};

/// Neither traced nor dropped.
const LEAF: u8 = 1;
/// Traced.
const PLAIN: u8 = 2;
/// Traced and dropped.
const OWNER: u8 = 3;
/// Dropped.
const LEAF_OWNER: u8 = 4;
/// A weak reference.
pub(super) const WEAK: u8 = 5;

#[repr(C)]
pub(super) struct Boxed<T> {
    header: Header,
    table: &'static Table,
    pub value: T,
}

struct Table {
    trace: unsafe fn(Ptr, &mut Tracer),
    drop: unsafe fn(Ptr),
    size: usize,
}

/// Makes the table of a type.
struct TableOf<T>(T);

impl<T: Trace> TableOf<T> {
    const TABLE: Table = Table {
        trace: trace_boxed::<T>,
        drop: drop_boxed::<T>,
        size: size_of::<Boxed<T>>(),
    };
    const KIND: u8 = match (T::NEEDS_TRACE, std::mem::needs_drop::<T>()) {
        (false, false) => LEAF,
        (true, false) => PLAIN,
        (true, true) => OWNER,
        (false, true) => LEAF_OWNER,
    };
    const ALIGNED: () = assert!(
        align_of::<T>() <= 16,
        "values in the heap are aligned to 16 bytes at most"
    );
}

/// # Safety
///
/// `obj` is a `Boxed<T>`.
unsafe fn trace_boxed<T: Trace>(obj: Ptr, t: &mut Tracer) {
    // SAFETY: G8; nobody writes to the value while the heap is collected (G6).
    let value = unsafe { &(*obj.cast::<Boxed<T>>().as_ptr()).value };
    value.trace(&mut Marker(t));
}

/// # Safety
///
/// `obj` is a `Boxed<T>`, not used afterwards.
unsafe fn drop_boxed<T>(obj: Ptr) {
    /// A destructor that unwinds would leave the heap half swept.
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            eprintln!("a destructor panicked while the heap was swept");
            std::process::abort();
        }
    }
    let bomb = Bomb;
    // SAFETY: G8; the object is unreachable, and by G7 its destructor follows no `Gc`.
    unsafe { (&raw mut (*obj.cast::<Boxed<T>>().as_ptr()).value).drop_in_place() };
    std::mem::forget(bomb);
}

/// The model of the upper floor's objects.
pub(super) struct Boxes;

// SAFETY: by G7 and G8 the table's functions do what the trait asks for the value of the box. Tracing a weak
// reference defers it; it is cleared by the heap's roots.
unsafe impl Model for Boxes {
    type Client = ();
    const DROP_KINDS: u64 = 1 << OWNER | 1 << LEAF_OWNER;
    const LEAF_KINDS: u64 = 1 << LEAF | 1 << LEAF_OWNER;

    unsafe fn trace(obj: Ptr, t: &mut Tracer) {
        // SAFETY: G1, G8.
        unsafe {
            if (*obj.as_ptr()).kind == WEAK {
                t.defer(obj, Deferred::WeakValues);
            } else {
                (table(obj).trace)(obj, t);
            }
        }
    }

    unsafe fn size(obj: Ptr) -> usize {
        // SAFETY: G1, G8.
        unsafe { table(obj).size }
    }

    unsafe fn drop(obj: Ptr, _: &mut Memory, (): &mut ()) {
        // SAFETY: G1, G8; the caller does not use the object afterwards.
        unsafe { (table(obj).drop)(obj) };
    }
}

/// # Safety
///
/// `obj` is a box that is alive.
unsafe fn table(obj: Ptr) -> &'static Table {
    // SAFETY: G8; every box starts alike.
    unsafe { (*obj.cast::<Boxed<()>>().as_ptr()).table }
}

/// Moves a value into the heap; gives it back if there is no room.
#[inline]
pub(super) fn store<T: Trace>(heap: &mut RawHeap<Boxes>, value: T) -> Result<NonNull<Boxed<T>>, (OutOfMemory, T)> {
    store_as(heap, TableOf::<T>::KIND, value)
}

/// Like `store`, as an object of a given kind.
#[inline]
pub(super) fn store_as<T: Trace>(
    heap: &mut RawHeap<Boxes>,
    kind: u8,
    value: T,
) -> Result<NonNull<Boxed<T>>, (OutOfMemory, T)> {
    const { TableOf::<T>::ALIGNED };
    // SAFETY: the body is written at once.
    unsafe {
        match heap.alloc(kind, size_of::<Boxed<T>>()) {
            Ok(obj) => {
                let place = obj.cast::<Boxed<T>>();
                (&raw mut (*place.as_ptr()).table).write(&TableOf::<T>::TABLE);
                (&raw mut (*place.as_ptr()).value).write(value);
                Ok(place)
            }
            Err(error) => Err((error, value)),
        }
    }
}
