//! The upper floor: a heap for safe programs.
//!
//! A [`Heap`] lends its objects under a lifetime, the brand `'gc`, that no other heap and no other call of
//! [`Heap::mutate`] shares. Pointers ([`Gc`]) carry the brand, so they can be kept in the heap's
//! root and in its objects and nowhere else; and collections run only between calls.
//!
//! # Invariants
//!
//! They continue those of [`raw`](crate::raw).
//!
//! - **G5** *brands do not leave.* [`Gc`] and [`Mutation`] are invariant in `'gc`, which the closures given to a heap take
//!   as a universal lifetime. A `Gc<'gc, T>` that can be named therefore points into the heap whose
//!   closure runs, and whatever a heap keeps between calls is reached from its root.
//! - **G6** *no collection under a brand.* Collecting takes the heap by `&mut`, which `mutate` has borrowed. Objects
//!   stay alive, whole and in place as long as `'gc` lasts.
//! - **G7** *traces are complete.* [`Trace::trace`] visits every `Gc` of the value, and no value that holds one has a
//!   destructor of its own: `traced!` sees to both.
//! - **G8** *objects are boxes.* An object of this floor is a `Boxed<T>` whose table was made for the same `T`.

mod boxed;
mod gc;
mod heap;
mod lock;
#[cfg(doctest)]
mod refused;
mod trace;
mod traced;
mod weak;

pub use gc::Gc;
pub use heap::{Heap, Mutation, Rootable};
pub use lock::{Lock, RefLock};
pub use trace::{Marker, Static, Trace};
pub use weak::GcWeak;
