//! Marking: the gray stack, weak containers put off until it is empty, and ephemerons.

use std::collections::BTreeMap;

use super::arena::Arena;
use super::object::{GC_BARRIER, GC_EPHEMERON_KEY};
use super::{Model, Ptr};

/// Why an object's children are not all marked when it is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferred {
    /// Values are weak. The trace marks the keys itself; the object comes back in
    /// [`WeakPhase::clear_values`](super::WeakPhase::clear_values).
    WeakValues,
    /// Keys are weak and a value is reachable only through its key. The trace marks nothing;
    /// [`Model::trace_ephemeron`] reports the entries and the object comes back in
    /// [`WeakPhase::clear_keys`](super::WeakPhase::clear_keys).
    Ephemeron,
    /// Keys and values are weak. The trace marks nothing; the object comes back in both lists.
    AllWeak,
}

/// Objects that are fetched ahead of their trace. Marking a tree of a million objects in random order took 78 ns
/// per object with 1, 37 with 4, 27 with 8 and 20 with 16 (best of 15 runs). Where
/// objects lie in the order of their trace it gains nothing; a list was 1 ns per object slower.
const AHEAD: usize = 16;

/// Asks the cache for the start of an object.
#[inline(always)]
fn prefetch(obj: Ptr) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing that the program can see.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(obj.as_ptr().cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = obj;
}

/// Calls its argument on every marked object.
pub(super) type Again<'a> = dyn Fn(&mut dyn FnMut(Ptr)) + 'a;

/// Collects what the client marks. Given to [`Model::trace`] and [`Roots::trace`](super::Roots::trace).
pub struct Tracer {
    gray: Vec<Ptr>,
    /// Objects of which a part is still to be traced, and from where on.
    parts: Vec<(Ptr, usize)>,
    /// Traced objects that were written to since.
    again: Vec<Ptr>,
    /// The last object that [`Tracer::may_forward`] was asked about, and how often in a row.
    forward: (Option<Ptr>, usize),
    /// What a traced object gets into its header.
    black: u8,
    /// Work done in this cycle.
    done: u64,
    /// What is left of the work that a step may do.
    work: isize,
    /// The gray stack grows to this many entries; past it, the heap is searched for what was left out.
    gray_limit: usize,
    /// A marked object could not be put on the gray stack.
    overflow: bool,
    /// Look for missed barriers instead of marking.
    checking: bool,
    missed: Option<Ptr>,
    pub(super) weak_values: Vec<Ptr>,
    pub(super) ephemerons: Vec<Ptr>,
    pub(super) all_weak: Vec<Ptr>,
    /// How many of `ephemerons` have reported their entries.
    visited: usize,
    /// Entries whose key is unmarked: by address of the key, then a running number.
    waiting: BTreeMap<(usize, usize), Ptr>,
    /// Some of these keys are leaves, so that leaves have to pass through the gray stack as well.
    leaf_keys: bool,
}

impl Tracer {
    pub(super) fn new(gray_limit: usize) -> Tracer {
        Tracer {
            gray: Vec::new(),
            parts: Vec::new(),
            again: Vec::new(),
            forward: (None, 0),
            black: 0,
            done: 0,
            work: 0,
            gray_limit,
            overflow: false,
            checking: false,
            missed: None,
            weak_values: Vec::new(),
            ephemerons: Vec::new(),
            all_weak: Vec::new(),
            visited: 0,
            waiting: BTreeMap::new(),
            leaf_keys: false,
        }
    }

    /// Marks an object: it and what it reaches survive the cycle.
    ///
    /// The pointer must be to an object of the heap that is being traced; this is part of the promise of
    /// [`Model`] and [`Roots`](super::Roots), which are unsafe to implement.
    #[inline]
    pub fn mark(&mut self, obj: Ptr) {
        let cell = Arena::cell_of(obj);
        let bit = 1 << (cell % 64);
        // SAFETY: G1, G2; `obj` is an object of the heap, so its arena is alive. No reference to an arena
        // is held across a call to the client.
        let arena = unsafe { &mut *Arena::of(obj).as_ptr() };
        let word = &mut arena.mark[cell / 64];
        if *word & bit != 0 {
            return;
        }
        if self.checking {
            if arena.live[cell / 64] & bit == 0 {
                self.missed = Some(obj);
            }
            return;
        }
        *word |= bit;
        if !arena.leaf || self.leaf_keys {
            self.push(obj);
        }
    }

    /// Whether the object has been reached.
    #[inline]
    pub fn is_marked(&self, obj: Ptr) -> bool {
        Arena::is_marked(obj)
    }

    /// Puts a weak container off until everything that is strongly reachable is marked.
    pub fn defer(&mut self, obj: Ptr, how: Deferred) {
        if self.checking {
            return;
        }
        match how {
            Deferred::WeakValues => self.weak_values.push(obj),
            Deferred::Ephemeron => self.ephemerons.push(obj),
            Deferred::AllWeak => self.all_weak.push(obj),
        }
    }

    /// An entry of an ephemeron table: `value` is reachable if `key` is.
    ///
    /// A key that is to be kept by [`WeakPhase::mark_leaf`](super::WeakPhase::mark_leaf) must not come here: mark it and
    /// its value at once.
    pub fn ephemeron(&mut self, key: Ptr, value: Ptr) {
        if self.is_marked(key) {
            self.mark(value);
        } else if !self.is_marked(value) {
            // SAFETY: G1; the key is an object of the heap.
            unsafe { (*key.as_ptr()).gc |= GC_EPHEMERON_KEY };
            // SAFETY: G1, G2; the key's arena is alive.
            self.leaf_keys |= unsafe { (*Arena::of(key).as_ptr()).leaf };
            self.waiting.insert((key.addr().get(), self.waiting.len()), value);
        }
    }

    #[inline(always)]
    fn push(&mut self, obj: Ptr) {
        let len = self.gray.len();
        if len == self.gray.capacity() {
            return self.push_slow(obj);
        }
        // SAFETY: there is room. `Vec::push` would add a second check and a call.
        unsafe {
            self.gray.as_mut_ptr().add(len).write(obj);
            self.gray.set_len(len + 1);
        }
    }

    #[cold]
    #[inline(never)]
    fn push_slow(&mut self, obj: Ptr) {
        let more = self.gray.len().max(64).min(self.gray_limit - self.gray.len());
        if more > 0 && self.gray.try_reserve_exact(more).is_ok() {
            self.gray.push(obj);
        } else {
            self.overflow = true;
        }
    }

    /// Has [`Model::trace_part`] called for `obj` with `from`, when its turn comes: so an object of any size is traced
    /// without a long pause. Only what has a barrier may be left for later.
    pub fn later(&mut self, obj: Ptr, from: usize) {
        if self.parts.try_reserve(1).is_ok() {
            self.parts.push((obj, from));
        } else {
            self.overflow = true;
        }
    }

    /// Takes work for something that is dearer than an object with a few fields.
    #[inline]
    pub fn charge(&mut self, work: usize) {
        self.work -= work as isize;
    }

    /// Whether what has been traced asks for the barrier: as it must if the client runs before the marking ends, or if a minor
    /// cycle may follow.
    pub(super) fn set_black(&mut self, on: bool) {
        self.black = if on { GC_BARRIER } else { 0 };
    }

    /// Forgets what [`Tracer::trace_again`] noted: everything will be traced.
    pub(super) fn forget_writes(&mut self) {
        self.again.clear();
        self.gray.clear();
        self.overflow = false;
    }

    /// An object that may have been traced was written to: it will be traced again.
    pub(super) fn trace_again(&mut self, obj: Ptr) {
        if self.again.try_reserve(1).is_ok() {
            self.again.push(obj);
        } else {
            self.overflow = true;
        }
    }

    /// Whether the children that `obj` gets are marked one by one: up to `limit` times in a row.
    pub(super) fn may_forward(&mut self, obj: Ptr, limit: usize) -> bool {
        let (last, count) = self.forward;
        let count = if last == Some(obj) { count + 1 } else { 1 };
        self.forward = (Some(obj), count);
        count <= limit
    }

    /// Makes gray what [`Tracer::trace_again`] noted; returns how many objects that were.
    pub(super) fn take_again(&mut self) -> usize {
        let mut again = std::mem::take(&mut self.again);
        let count = again.len();
        for obj in again.drain(..) {
            self.push(obj);
        }
        self.again = again;
        count
    }

    /// Traces for about `work` objects; whether nothing is gray now. An overflow is left for [`Tracer::drain`].
    ///
    /// # Safety
    ///
    /// As for `drain`.
    pub(super) unsafe fn drain_some<M: Model>(&mut self, work: usize) -> bool {
        self.work = work as isize;
        // SAFETY: the caller's promise.
        unsafe { self.drain_stack::<M>() };
        self.done += (work as isize - self.work) as u64;
        self.gray.is_empty() && self.parts.is_empty()
    }

    /// What the last [`Tracer::drain_some`] did not need.
    pub(super) fn work_left(&self) -> usize {
        usize::try_from(self.work).unwrap_or(0)
    }

    /// Traces until nothing is gray. `again` is called when the gray stack overflowed.
    ///
    /// # Safety
    ///
    /// G1 for all that has been marked.
    pub(super) unsafe fn drain<M: Model>(&mut self, again: &Again<'_>) {
        loop {
            self.take_again();
            self.work = isize::MAX;
            // SAFETY: the caller's promise.
            unsafe { self.drain_stack::<M>() };
            self.done += (isize::MAX - self.work) as u64;
            if !std::mem::take(&mut self.overflow) {
                return;
            }
            again(&mut |obj| {
                // SAFETY: G1; marked objects are initialized. Tracing twice marks nothing new.
                unsafe {
                    self.work = isize::MAX;
                    self.visit::<M>(obj);
                    self.drain_stack::<M>();
                }
            });
        }
    }

    /// Traces until the gray stack is empty or the work is done.
    ///
    /// # Safety
    ///
    /// As for `drain`.
    unsafe fn drain_stack<M: Model>(&mut self) {
        // A ring in which what comes off the stack waits while the cache fetches it.
        let mut ring = [Ptr::dangling(); AHEAD];
        let (mut head, mut count) = (0, 0);
        loop {
            while count < AHEAD
                && let Some(obj) = self.gray.pop()
            {
                prefetch(obj);
                ring[(head + count) % AHEAD] = obj;
                count += 1;
            }
            if count == 0 {
                let Some((obj, from)) = self.parts.pop() else {
                    return;
                };
                self.work -= 1;
                // SAFETY: G1; marked objects are initialized.
                unsafe { M::trace_part(obj, from, self) };
                if self.work <= 0 {
                    return;
                }
                continue;
            }
            if self.work <= 0 {
                while count > 0 {
                    self.push(ring[head]);
                    head = (head + 1) % AHEAD;
                    count -= 1;
                }
                return;
            }
            self.work -= 1;
            let obj = ring[head];
            head = (head + 1) % AHEAD;
            count -= 1;
            // SAFETY: G1; marked objects are initialized.
            unsafe { self.visit::<M>(obj) };
        }
    }

    /// Marks what hangs on ephemerons, until no table and no key is left that could add to it.
    ///
    /// Each entry is looked at once when its table is visited and once when its key is marked, so the
    /// time is linear in the entries but for the logarithm of the map.
    ///
    /// # Safety
    ///
    /// As for `drain`.
    pub(super) unsafe fn converge<M: Model>(&mut self, again: &Again<'_>) {
        loop {
            // SAFETY: the caller's promise.
            unsafe { self.drain::<M>(again) };
            let Some(&table) = self.ephemerons.get(self.visited) else {
                return;
            };
            self.visited += 1;
            // SAFETY: G1; deferred objects are marked.
            unsafe { M::trace_ephemeron(table, self) };
        }
    }

    #[inline]
    unsafe fn visit<M: Model>(&mut self, obj: Ptr) {
        // SAFETY: G1; the object is initialized.
        let header = unsafe { &mut *obj.as_ptr() };
        debug_assert!(header.kind != 0 && header.kind < 64, "a freed object was marked");
        if header.gc & GC_EPHEMERON_KEY != 0 {
            header.gc &= !GC_EPHEMERON_KEY;
            self.release(obj);
        }
        if M::LEAF_KINDS & (1 << header.kind) == 0 {
            header.gc |= self.black;
            // SAFETY: G1; not a leaf.
            unsafe { M::trace(obj, self) };
        }
    }

    /// Marks the values that waited for `key`.
    #[cold]
    fn release(&mut self, key: Ptr) {
        let addr = key.addr().get();
        while let Some((&entry, &value)) = self.waiting.range((addr, 0)..=(addr, usize::MAX)).next() {
            self.waiting.remove(&entry);
            self.mark(value);
        }
    }

    /// Traces `obj` and returns a child that did not survive the last cycle, which an object that
    /// has survived it unchanged cannot have.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object that is not a leaf.
    pub(super) unsafe fn missed_barrier<M: Model>(&mut self, obj: Ptr) -> Option<Ptr> {
        self.checking = true;
        // SAFETY: the caller's promise.
        unsafe { M::trace(obj, self) };
        while let Some((obj, from)) = self.parts.pop() {
            // SAFETY: as above.
            unsafe { M::trace_part(obj, from, self) };
        }
        self.checking = false;
        self.missed.take()
    }

    /// Forgets the cycle; the work that was done in it.
    pub(super) fn reset(&mut self) -> u64 {
        self.gray.clear();
        self.parts.clear();
        self.again.clear();
        self.overflow = false;
        self.forward = (None, 0);
        self.black = 0;
        self.weak_values.clear();
        self.ephemerons.clear();
        self.all_weak.clear();
        self.visited = 0;
        self.waiting.clear();
        self.leaf_keys = false;
        std::mem::take(&mut self.done)
    }

    /// Sets the bit of a leaf; returns false if the object may have children or a value waits for it.
    pub(super) fn mark_leaf(obj: Ptr) -> bool {
        if Arena::is_marked(obj) {
            return true;
        }
        let cell = Arena::cell_of(obj);
        // SAFETY: G1, G2; as in `mark`.
        let (arena, header) = unsafe { (&mut *Arena::of(obj).as_ptr(), obj.read()) };
        arena.mark[cell / 64] |= 1 << (cell % 64);
        arena.leaf && header.gc & GC_EPHEMERON_KEY == 0
    }
}
