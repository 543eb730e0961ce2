//! A collection: marking, weak references, finalizers, sweeping, the next threshold.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::arena::{ARENA_SIZE, Arena, CELL, FIRST_CELL, WORDS, bits};
use super::heap::{Group, Phase, SLOTS, STEP_WORK, Source, Stress, Window};
use super::object::GC_BARRIER;
use super::size_class::CLASSES;
use super::{Memory, Model, Ptr, RawHeap, Roots, Tracer, WeakPhase};

/// Rounds in which a cycle goes back to its roots and to what was written, before it ends in a pause of whatever length.
const ROUNDS: u32 = 8;

/// The work that sweeping an arena stands for: it takes as long as marking so many objects.
const ARENA_WORK: usize = 500;

/// Most steps' worth of work that one step makes up for: below 3 ms of marking.
const MAX_UNITS: usize = 16;

/// Work of a step in [`Stress::Step`].
const STRESS_WORK: usize = 16;

impl<M: Model> RawHeap<M> {
    /// Collects everything that the roots do not reach, in one pause. A cycle that is under way is given up.
    ///
    /// # Safety
    ///
    /// G1: every object is initialized and every pointer that the client keeps is reachable from `roots`.
    pub unsafe fn collect(&mut self, roots: &mut dyn Roots) {
        match self.phase {
            Phase::Idle => {}
            Phase::Mark => {
                self.tracer.reset();
                self.phase = Phase::Idle;
            }
            Phase::Sweep => self.finish_sweep(),
        }
        self.close_windows();
        if self.barrier_test {
            self.check_barriers();
        }
        let mut tracer = self.take_tracer();
        self.start_marking(&mut tracer, roots);
        // SAFETY: the caller's promise.
        unsafe { self.finish_marking(tracer, roots) };
        self.finish_sweep();
    }

    /// Does a part of a collection, in proportion to what was allocated since the last: to be called at a safepoint when
    /// [`RawHeap::should_collect`]. Whether the dead of a cycle are known now: then finalizers may be due.
    ///
    /// # Safety
    ///
    /// As for `collect`.
    pub unsafe fn step(&mut self, roots: &mut dyn Roots) -> bool {
        let total = self.memory.allocated_total();
        let debt = (total - self.stepped_at) as usize;
        self.stepped_at = total;
        let stress = self.stress == Stress::Step;
        let whole = self.stress == Stress::Full
            || self.phase == Phase::Idle && self.memory.bytes() < self.one_step && !stress
            || self.memory.is_short()
            || self.step_mul == 0;
        if whole {
            // SAFETY: the caller's promise.
            unsafe { self.collect(roots) };
            return true;
        }
        // A large piece is made up for at once, up to what takes about as long as filling it: programs that allocate
        // few and large buffers come to few safepoints.
        let units = (debt / self.step_size.max(1)).clamp(1, MAX_UNITS);
        let work = if stress {
            STRESS_WORK
        } else {
            (STEP_WORK * units).saturating_mul(self.step_mul.max(1)) / 100
        };
        let marked = self.collections;
        // SAFETY: the caller's promise.
        let mut left = unsafe { self.advance(roots, work) };
        while left > 0 && self.phase != Phase::Idle && !stress {
            // SAFETY: as above.
            left = unsafe { self.advance(roots, left) };
        }
        self.collections != marked
    }

    /// Does as much of a cycle as `bytes` of allocation would cause, or one step's worth if that is 0, whether or not
    /// collections fall due. Whether a cycle came to its end.
    ///
    /// # Safety
    ///
    /// As for `collect`.
    pub unsafe fn step_by(&mut self, roots: &mut dyn Roots, bytes: usize) -> bool {
        if self.step_mul == 0 || bytes == 0 && self.step_size == 0 {
            // SAFETY: the caller's promise.
            unsafe { self.collect(roots) };
            return true;
        }
        let basic = STEP_WORK.saturating_mul(self.step_mul) / 100;
        let mut work = if bytes == 0 {
            basic
        } else {
            (bytes / size_of::<usize>()).saturating_mul(self.step_mul) / 100
        };
        work = work.max(1);
        while work > 0 {
            // SAFETY: the caller's promise.
            work = unsafe { self.advance(roots, work) };
            if self.phase == Phase::Idle {
                return true;
            }
        }
        false
    }

    /// Does about `work` of one phase, in objects marked; returns what is left of it.
    ///
    /// # Safety
    ///
    /// As for `collect`.
    unsafe fn advance(&mut self, roots: &mut dyn Roots, work: usize) -> usize {
        let mut left = 0;
        match self.phase {
            Phase::Idle => {
                let mut tracer = self.take_tracer();
                tracer.set_incremental(true);
                self.start_marking(&mut tracer, roots);
                self.tracer = tracer;
                self.phase = Phase::Mark;
                self.rounds = 0;
                left = work;
            }
            Phase::Mark => {
                let mut tracer = self.take_tracer();
                // SAFETY: G1; marked objects are initialized.
                let mut done = unsafe { tracer.drain_some::<M>(work) };
                if done {
                    left = tracer.work_left();
                    // Once more from the roots: what the client has moved there would else be left to the pause at the end.
                    roots.trace(&mut tracer);
                    tracer.take_again();
                    // SAFETY: as above.
                    done = unsafe { tracer.drain_some::<M>(work) };
                    self.rounds += 1;
                }
                if done || self.rounds > ROUNDS {
                    // SAFETY: the caller's promise.
                    unsafe { self.finish_marking(tracer, roots) };
                } else {
                    self.tracer = tracer;
                }
            }
            Phase::Sweep => left = work.saturating_sub(self.sweep_some(work / ARENA_WORK + 1) * ARENA_WORK),
        }
        if self.phase != Phase::Idle {
            self.memory
                .set_threshold(self.memory.bytes().saturating_add(self.step_size));
        }
        left
    }

    fn take_tracer(&mut self) -> Tracer {
        std::mem::replace(&mut self.tracer, Tracer::new(0))
    }

    /// Clears all marks and marks the roots.
    fn start_marking(&mut self, tracer: &mut Tracer, roots: &mut dyn Roots) {
        for &arena in &self.arenas {
            // SAFETY: G3.
            unsafe { (*arena.as_ptr()).mark = [0; WORDS] };
        }
        self.mark_roots(tracer, roots);
    }

    fn mark_roots(&self, tracer: &mut Tracer, roots: &mut dyn Roots) {
        roots.trace(tracer);
        for &obj in &self.fixed {
            tracer.mark(obj);
        }
        self.finalizers.trace_pending(tracer);
    }

    /// Marks what is left, without the client between, and decides who is dead.
    ///
    /// # Safety
    ///
    /// As for `collect`.
    unsafe fn finish_marking(&mut self, mut tracer: Tracer, roots: &mut dyn Roots) {
        self.close_windows();
        tracer.set_incremental(false);
        if self.phase == Phase::Mark {
            self.mark_roots(&mut tracer, roots);
        }
        // SAFETY: G1.
        unsafe { tracer.converge::<M>(&|f| each_marked(&self.arenas, f)) };
        if self.proof {
            // SAFETY: the caller's promise.
            unsafe { self.prove(roots) };
        }
        roots.weak(&mut WeakPhase {
            values: [&tracer.weak_values, &tracer.all_weak],
            keys: [&[], &[]],
            last: false,
        });
        let (weak_values, all_weak) = (tracer.weak_values.len(), tracer.all_weak.len());
        self.finalizers.separate(&mut tracer);
        // SAFETY: G1.
        unsafe { tracer.converge::<M>(&|f| each_marked(&self.arenas, f)) };
        roots.weak(&mut WeakPhase {
            values: [&tracer.weak_values[weak_values..], &tracer.all_weak[all_weak..]],
            keys: [&tracer.ephemerons, &tracer.all_weak],
            last: true,
        });
        tracer.reset();
        self.tracer = tracer;
        self.collections += 1;
        self.start_sweep();
    }

    /// Marks a second time, from the roots and in one go.
    ///
    /// # Panics
    ///
    /// If an object is reached that the first marking missed.
    ///
    /// # Safety
    ///
    /// As for `collect`.
    unsafe fn prove(&mut self, roots: &mut dyn Roots) {
        let marks = |arena: NonNull<Arena>| {
            // SAFETY: G3.
            unsafe { (*arena.as_ptr()).mark }
        };
        let first: Vec<[u64; WORDS]> = self.arenas.iter().map(|&arena| marks(arena)).collect();
        let mut tracer = Tracer::new(usize::MAX);
        self.start_marking(&mut tracer, roots);
        let arenas = &self.arenas;
        // SAFETY: G1.
        unsafe { tracer.converge::<M>(&|f| each_marked(arenas, f)) };
        for (&arena, first) in self.arenas.iter().zip(&first) {
            let second = marks(arena);
            let missed: [u64; WORDS] = std::array::from_fn(|word| second[word] & !first[word]);
            if let Some(cell) = bits(&missed).next() {
                let obj = Arena::object(arena, cell);
                // SAFETY: G1; it is reachable.
                let kind = unsafe { (*obj.as_ptr()).kind };
                panic!(
                    "missed write barrier: object {:#x} of kind {kind} is reachable and was not marked",
                    Self::id(obj)
                );
            }
            // SAFETY: G3.
            unsafe { (*arena.as_ptr()).mark = *first };
        }
    }

    /// Takes back what is left of the windows, so that each arena's cursor is exact.
    pub(super) fn close_windows(&mut self) {
        for (window, source) in self.windows.iter_mut().zip(&mut self.sources) {
            if let Some(arena) = source.current.take() {
                if window.next != window.end {
                    let cell = (window.next.addr() - arena.addr().get()) / CELL;
                    // SAFETY: G3; the current arena is in use.
                    unsafe { (*arena.as_ptr()).cursor = cell as u32 };
                }
                *window = Window {
                    next: std::ptr::null_mut(),
                    end: std::ptr::null_mut(),
                };
            }
        }
    }

    /// Panics if an object that has been traced and not written to since has a child younger than that.
    fn check_barriers(&mut self) {
        for &arena in &self.arenas {
            // SAFETY: G3. The reference ends before the client is called.
            let (leaf, live) = unsafe { ((*arena.as_ptr()).leaf, (*arena.as_ptr()).live) };
            if leaf {
                continue;
            }
            for cell in bits(&live) {
                let obj = Arena::object(arena, cell);
                // SAFETY: G1; live objects are initialized.
                let (gc, kind) = unsafe { ((*obj.as_ptr()).gc, (*obj.as_ptr()).kind) };
                if gc & GC_BARRIER == 0 {
                    continue;
                }
                // SAFETY: as above.
                if let Some(child) = unsafe { self.tracer.missed_barrier::<M>(obj) } {
                    panic!(
                        "missed write barrier: object {:#x} of kind {kind} holds {:#x}, which is younger",
                        Self::id(obj),
                        Self::id(child)
                    );
                }
            }
        }
    }

    /// Puts all arenas on the lists of what is to be swept.
    fn start_sweep(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.sources = [Source::EMPTY; SLOTS];
        self.unswept_huge = None;
        // From the last, so that each list is in the order of the ordinals.
        for &arena in self.arenas.iter().rev() {
            // SAFETY: G3; one reference at a time.
            let header = unsafe { &mut *arena.as_ptr() };
            let list = if header.huge != 0 {
                &mut self.unswept_huge
            } else {
                &mut self.sources[header.group as usize * CLASSES + header.class as usize].unswept
            };
            header.next = list.replace(arena);
        }
        self.sweep_slot = 0;
        self.phase = Phase::Sweep;
    }

    /// Sweeps the next arena of a slot, if there is one.
    pub(super) fn sweep_one(&mut self, slot: usize) -> bool {
        let Some(arena) = self.sources[slot].unswept else {
            return false;
        };
        let (dead, live) = self.sweep_arena_now(arena);
        self.freed_objects += dead as u64;
        // SAFETY: G3; the arena is on the list, so it is in use.
        let header = unsafe { &mut *arena.as_ptr() };
        self.sources[slot].unswept = header.next.take();
        if live == 0 {
            header.ordinal = 0;
            header.next = self.empty.replace(arena);
        } else if live < header.capacity() {
            match self.sources[slot].last.replace(arena) {
                // SAFETY: G3; the last of the list is in use.
                Some(last) if self.sources[slot].more.is_some() => unsafe { (*last.as_ptr()).next = Some(arena) },
                _ => self.sources[slot].more = Some(arena),
            }
        }
        true
    }

    fn sweep_arena_now(&mut self, arena: NonNull<Arena>) -> (usize, usize) {
        let before = self.memory.bytes();
        // SAFETY: G3; the arena is in use and its cursor exact: it was not allocated from since the marking.
        let counts = unsafe {
            (*arena.as_ptr()).epoch = self.epoch;
            sweep_arena::<M>(arena, &mut self.memory, self.poison, self.barrier_test)
        };
        // The next step is due by what is allocated, not by what is in use.
        let freed = before - self.memory.bytes();
        self.memory.set_threshold(self.memory.threshold().saturating_sub(freed));
        counts
    }

    fn sweep_one_huge(&mut self) -> bool {
        let Some(arena) = self.unswept_huge else {
            return false;
        };
        // SAFETY: G3; the arena is on the list, so it is in use.
        let huge = unsafe {
            self.unswept_huge = (*arena.as_ptr()).next.take();
            (*arena.as_ptr()).huge
        };
        let (dead, live) = self.sweep_arena_now(arena);
        self.freed_objects += dead as u64;
        if live == 0 {
            let at = self.arenas.iter().rposition(|&a| a == arena);
            self.arenas.remove(at.expect("arenas in use are listed"));
            self.huge_bytes -= huge;
            // SAFETY: G3; the object is dead and the arena has left the list.
            unsafe { free_huge(arena, huge) };
        }
        true
    }

    /// Sweeps up to `count` arenas; returns how many.
    fn sweep_some(&mut self, count: usize) -> usize {
        for swept in 0..count {
            if self.sweep_one_huge() {
                continue;
            }
            while self.sweep_slot < SLOTS && !self.sweep_one(self.sweep_slot) {
                self.sweep_slot += 1;
            }
            if self.sweep_slot == SLOTS {
                self.end_sweep();
                return swept;
            }
        }
        count
    }

    /// Sweeps all that is left.
    pub(super) fn finish_sweep(&mut self) {
        while self.phase == Phase::Sweep {
            self.sweep_some(usize::MAX);
        }
    }

    fn end_sweep(&mut self) {
        self.phase = Phase::Idle;
        if self.empty.is_some() {
            // SAFETY: G3; empty arenas are in the list until now, and have no ordinal.
            self.arenas.retain(|arena| unsafe { (*arena.as_ptr()).ordinal } != 0);
            while let Some(arena) = self.empty {
                // SAFETY: G3; nothing else refers to it any more.
                self.empty = unsafe { (*arena.as_ptr()).next };
                self.chunks.give(arena.cast());
            }
        }
        if std::mem::take(&mut self.reused) {
            // SAFETY: G3.
            self.arenas.sort_by_key(|arena| unsafe { (*arena.as_ptr()).ordinal });
        }
        self.schedule();
    }

    /// Sets the next threshold and returns to the system what will not be needed before it.
    pub(super) fn schedule(&mut self) {
        let bytes = self.memory.bytes();
        let goal = (bytes as u128 * self.pause as u128 / 100).min(isize::MAX as u128) as usize;
        let mut threshold = goal.max(bytes.saturating_add(self.floor));
        if let Some(limit) = self.memory.limit() {
            // Near the limit the next collection is due half way to it.
            threshold = threshold.min(bytes + limit.saturating_sub(bytes) / 2);
        }
        self.memory.set_threshold(threshold);
        self.chunks.trim((threshold - bytes) / ARENA_SIZE + 1);
    }
}

/// Frees the unmarked blocks of an arena: `(blocks freed, blocks left)`.
///
/// # Safety
///
/// G3; the arena is in use and its cursor exact.
pub(super) unsafe fn sweep_arena<M: Model>(
    arena: NonNull<Arena>,
    memory: &mut Memory,
    poison: bool,
    barrier: bool,
) -> (usize, usize) {
    // SAFETY: the caller's promise; the reference is not held while the client runs.
    let header = unsafe { &mut *arena.as_ptr() };
    let mark = header.mark;
    let frontier = header.cursor as usize;
    let dead: [u64; WORDS] = std::array::from_fn(|word| header.allocated(word, frontier) & !mark[word]);
    let (group, block, leaf) = (header.group, header.block, header.leaf);
    let mut owners = None;
    if header.has_owners {
        owners = Some(std::array::from_fn(|word| dead[word] & header.owner[word]));
        let mut left = 0;
        for (owner, mark) in header.owner.iter_mut().zip(&mark) {
            *owner &= mark;
            left |= *owner;
        }
        header.has_owners = left != 0;
    }
    header.live = mark;
    if header.huge == 0 {
        header.cursor = FIRST_CELL as u32;
    }
    if group == Group::Owner as u8 || group == Group::LeafOwner as u8 {
        owners = Some(dead);
    }
    if let Some(owners) = owners {
        for cell in bits(&owners) {
            // SAFETY: G1; the object was allocated and not freed; it is unreachable.
            unsafe { M::drop(Arena::object(arena, cell), memory) };
        }
    }
    if poison {
        for cell in bits(&dead) {
            let obj = Arena::object(arena, cell);
            // SAFETY: G2; the block is free now.
            unsafe {
                obj.cast::<u8>().write_bytes(0x55, block);
                (*obj.as_ptr()).kind = 0;
            }
        }
    }
    if barrier && !leaf {
        for cell in bits(&mark) {
            // SAFETY: G1; marked objects are initialized.
            unsafe { (*Arena::object(arena, cell).as_ptr()).gc |= GC_BARRIER };
        }
    }
    let count = |words: &[u64; WORDS]| words.iter().map(|w| w.count_ones() as usize).sum();
    let (dead, live): (usize, usize) = (count(&dead), count(&mark));
    memory.free_cells(dead * block);
    (dead, live)
}

/// # Safety
///
/// `arena` is a huge object's, with `total` bytes, and is not used afterwards.
pub(super) unsafe fn free_huge(arena: NonNull<Arena>, total: usize) {
    let layout = Layout::from_size_align(total, ARENA_SIZE).expect("the layout was valid when it was made");
    // SAFETY: the caller's promise; `alloc_huge` made it with this layout.
    unsafe { std::alloc::dealloc(arena.cast::<u8>().as_ptr(), layout) };
}

/// Calls `f` with every marked object.
fn each_marked(arenas: &[NonNull<Arena>], f: &mut dyn FnMut(Ptr)) {
    for &arena in arenas {
        // SAFETY: G3; a copy, since `f` marks.
        let mark = unsafe { (*arena.as_ptr()).mark };
        for cell in bits(&mark) {
            f(Arena::object(arena, cell));
        }
    }
}
