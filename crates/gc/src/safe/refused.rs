//! Programs that must not compile, each beside its like that must.
//!
//! The error codes are compared by nightly compilers and under `RUSTC_BOOTSTRAP=1`.

/// A pointer cannot leave through the result.
///
/// ```compile_fail
/// # use perilune_gc::*;
/// struct Ints;
/// impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// let mut heap = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// let escaped = heap.mutate(|_, root| *root);
/// ```
///
/// The value can:
///
/// ```
/// # use perilune_gc::*;
/// # struct Ints;
/// # impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// # let mut heap = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// let value = heap.mutate(|_, root| **root);
/// # assert_eq!(value, 1);
/// ```
struct Result;

/// A pointer cannot leave through a captured variable.
///
/// ```compile_fail,E0521
/// # use perilune_gc::*;
/// struct Ints;
/// impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// let mut heap = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// let mut escaped = None;
/// heap.mutate(|_, root| escaped = Some(*root));
/// ```
struct Variable;

/// Nor can a reference to a value.
///
/// ```compile_fail
/// # use perilune_gc::*;
/// struct Ints;
/// impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// let mut heap = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// let escaped: &i64 = heap.mutate(|_, root| root.get_ref());
/// ```
struct Reference;

/// A pointer of one heap cannot be kept in another.
///
/// ```compile_fail,E0521
/// # use perilune_gc::*;
/// struct Ints;
/// impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// let mut one = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// let mut two = Heap::<Ints>::new(|mc| Gc::new(mc, 2));
/// one.mutate(|_, a| two.mutate(|_, b| *b = *a));
/// ```
///
/// Its value can be copied:
///
/// ```
/// # use perilune_gc::*;
/// # struct Ints;
/// # impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// # let mut one = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// # let mut two = Heap::<Ints>::new(|mc| Gc::new(mc, 2));
/// one.mutate(|_, a| two.mutate(|mc, b| *b = Gc::new(mc, **a)));
/// # assert_eq!(two.mutate(|_, b| **b), 1);
/// ```
struct OtherHeap;

/// No collection while pointers are in use.
///
/// ```compile_fail,E0499
/// # use perilune_gc::*;
/// struct Ints;
/// impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// let mut heap = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// heap.mutate(|_, root| { heap.collect(); **root });
/// ```
struct CollectInside;

/// The permission to allocate cannot be kept.
///
/// ```compile_fail,E0521
/// # use perilune_gc::*;
/// struct Ints;
/// impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// let mut heap = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// let mut kept = None;
/// heap.mutate(|mc, _| kept = Some(mc));
/// ```
struct Permission;

/// A type with pointers cannot have a destructor, which might follow them.
///
/// ```compile_fail,E0119
/// # use perilune_gc::*;
/// traced! { struct Node<'gc> { next: Option<Gc<'gc, Node<'gc>>> } }
/// impl Drop for Node<'_> { fn drop(&mut self) {} }
/// ```
///
/// ```
/// # use perilune_gc::*;
/// traced! { struct Node<'gc> { next: Option<Gc<'gc, Node<'gc>>> } }
/// ```
struct Destructor;

/// A pointer cannot hide behind `Static`.
///
/// ```compile_fail,E0477
/// # use perilune_gc::*;
/// traced! { struct Node<'gc> { next: Static<Option<Gc<'gc, Node<'gc>>>> } }
/// ```
struct Hidden;

/// A pointer cannot hide in a cell that knows no barrier.
///
/// ```compile_fail,E0277
/// # use perilune_gc::*;
/// traced! { struct Node<'gc> { next: std::cell::Cell<Option<Gc<'gc, Node<'gc>>>> } }
/// ```
struct PlainCell;

/// A lock inside an object cannot be written to without the pointer to the whole of it.
///
/// ```compile_fail,E0599
/// # use perilune_gc::*;
/// traced! { struct Node<'gc> { next: Lock<Option<Gc<'gc, Node<'gc>>>> } }
/// fn cut<'gc>(mc: &Mutation<'gc>, node: Gc<'gc, Node<'gc>>) { node.next.set(mc, None); }
/// ```
///
/// ```
/// # use perilune_gc::*;
/// traced! { struct Node<'gc> { next: Gc<'gc, Lock<Option<Gc<'gc, Node<'gc>>>>> } }
/// fn cut<'gc>(mc: &Mutation<'gc>, node: Gc<'gc, Node<'gc>>) { node.next.set(mc, None); }
/// ```
struct InnerLock;

/// A borrowed value cannot be moved into the heap.
///
/// ```compile_fail,E0597
/// # use perilune_gc::*;
/// struct Ints;
/// impl Rootable for Ints { type Root<'gc> = Option<Gc<'gc, Static<&'static i64>>>; }
/// let mut heap = Heap::<Ints>::new(|_| None);
/// let local = 1;
/// heap.mutate(|mc, root| *root = Some(Gc::new(mc, Static(&local))));
/// ```
struct Borrowed;

/// A field that the collector does not know is refused.
///
/// ```compile_fail,E0277
/// # use perilune_gc::*;
/// traced! { struct Node<'gc> { file: std::fs::File, next: Option<Gc<'gc, Node<'gc>>> } }
/// ```
///
/// ```
/// # use perilune_gc::*;
/// traced! { struct Node<'gc> { file: Static<std::fs::File>, next: Option<Gc<'gc, Node<'gc>>> } }
/// ```
struct Untraced;

/// A brand cannot be shortened to smuggle in a reference.
///
/// ```compile_fail
/// # use perilune_gc::*;
/// fn shorten<'a, 'gc: 'a>(gc: Gc<'gc, i64>) -> Gc<'a, i64> { gc }
/// ```
struct Variance;

/// Pointers do not cross threads.
///
/// ```compile_fail,E0277
/// # use perilune_gc::*;
/// struct Ints;
/// impl Rootable for Ints { type Root<'gc> = Gc<'gc, i64>; }
/// let mut heap = Heap::<Ints>::new(|mc| Gc::new(mc, 1));
/// heap.mutate(|_, root| std::thread::scope(|s| { s.spawn(|| **root); }));
/// ```
struct Threads;
