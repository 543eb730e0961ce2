//! A collection: its steps, the marking, weak references, finalizers.

use std::ptr::NonNull;

use super::arena::{Arena, CELL, WORDS, bits};
use super::heap::{Phase, STEP_WORK, Stress, Window};
use super::object::GC_BARRIER;
use super::{Mode, Model, Ptr, RawHeap, Roots, Tracer, WeakPhase};

/// Rounds in which a cycle goes back to its roots and to what was written, before it ends in a pause of whatever length.
const ROUNDS: u32 = 8;

/// Most steps' worth of work that one step makes up for: below 3 ms of marking.
const MAX_UNITS: usize = 16;

/// Work of a step in [`Stress::Step`].
const STRESS_WORK: usize = 16;

/// One of so many cycles in [`Stress::Minor`] is a major one.
const MINOR_STRESS: u64 = 16;

/// Steps' worth of work that the first step of a minor cycle does: most need no second one.
const MINOR_STEPS: usize = 3;

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
        let black = self.stress == Stress::Minor || self.pacer.wants_barriers(self.memory.bytes());
        self.pacer.asked = true;
        // SAFETY: the caller's promise.
        unsafe { self.whole_cycle(roots, false, black) };
    }

    /// Frees what was allocated since the last cycle and is not reached, in one pause; a cycle that is under way is ended first. If
    /// the last cycle was not made to be followed by a minor one ([`RawHeap::is_generational`]), this is [`RawHeap::collect`].
    ///
    /// # Safety
    ///
    /// As for `collect`.
    pub unsafe fn collect_minor(&mut self, roots: &mut dyn Roots) {
        if self.phase == Phase::Mark && self.pacer.minor {
            let tracer = self.take_tracer();
            // SAFETY: the caller's promise.
            unsafe { self.finish_marking(tracer, roots) };
        }
        self.finish_sweep();
        if self.phase == Phase::Mark || !self.pacer.sticky || self.touched_lost {
            // SAFETY: the caller's promise.
            unsafe { self.collect(roots) };
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.whole_cycle(roots, true, true) };
        }
    }

    /// A cycle without the client between, from [`Phase::Idle`].
    ///
    /// # Safety
    ///
    /// As for `collect`.
    unsafe fn whole_cycle(&mut self, roots: &mut dyn Roots, minor: bool, black: bool) {
        let mut tracer = self.take_tracer();
        self.in_steps = false;
        self.pacer.minor = minor;
        self.pacer.remember = black;
        tracer.set_black(black);
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
        let small = self.memory.bytes() < self.pacer.one_step && !self.pacer.sticky;
        let whole = self.stress == Stress::Full
            || self.phase == Phase::Idle && small && !stress
            || self.memory.is_short()
            || self.pacer.step_mul == 0;
        if self.stress == Stress::Minor && !self.collections.is_multiple_of(MINOR_STRESS) {
            // SAFETY: the caller's promise.
            unsafe { self.collect_minor(roots) };
            return true;
        }
        if whole || self.stress == Stress::Minor {
            // SAFETY: the caller's promise.
            unsafe { self.collect(roots) };
            return true;
        }
        // A large piece is made up for at once, up to what takes about as long as filling it: programs that allocate
        // few and large buffers come to few safepoints.
        let units = (debt / self.pacer.step_size.max(1)).clamp(1, MAX_UNITS);
        let work = if stress {
            STRESS_WORK
        } else if self.phase == Phase::Idle {
            // What was allocated up to now is no debt: nothing was due.
            STEP_WORK.saturating_mul(self.pacer.step_mul.max(1)) / 100
        } else {
            (STEP_WORK * units).saturating_mul(self.pacer.step_mul.max(1)) / 100
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
        if self.pacer.mode == Mode::Generational {
            // SAFETY: the caller's promise.
            unsafe { self.collect_minor(roots) };
            return true;
        }
        if self.pacer.step_mul == 0 || bytes == 0 && self.pacer.step_size == 0 {
            // SAFETY: the caller's promise.
            unsafe { self.collect(roots) };
            return true;
        }
        // Who asks for steps waits for everything that is dead.
        if self.pacer.minor {
            if self.phase == Phase::Mark {
                let tracer = self.take_tracer();
                // SAFETY: the caller's promise.
                unsafe { self.finish_marking(tracer, roots) };
            }
            self.finish_sweep();
        }
        self.pacer.sticky = false;
        let basic = STEP_WORK.saturating_mul(self.pacer.step_mul) / 100;
        let mut work = if bytes == 0 {
            basic
        } else {
            (bytes / size_of::<usize>()).saturating_mul(self.pacer.step_mul) / 100
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
                tracer.set_black(true);
                self.pacer.remember = true;
                self.pacer.minor = !self.touched_lost && self.pacer.next_is_minor(self.memory.allocated_total());
                self.start_marking(&mut tracer, roots);
                self.tracer = tracer;
                self.phase = Phase::Mark;
                self.rounds = 0;
                self.in_steps = true;
                left = if self.pacer.minor { work * MINOR_STEPS } else { work };
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
            Phase::Sweep => left = self.sweep_some(work),
        }
        if self.phase != Phase::Idle {
            self.memory
                .set_threshold(self.memory.bytes().saturating_add(self.pacer.step_size));
        }
        left
    }

    fn take_tracer(&mut self) -> Tracer {
        std::mem::replace(&mut self.tracer, Tracer::new(0))
    }

    /// Clears all marks, unless the cycle is minor, and marks the roots.
    fn start_marking(&mut self, tracer: &mut Tracer, roots: &mut dyn Roots) {
        if self.pacer.minor {
            tracer.take_again();
        } else {
            tracer.forget_writes();
            self.clear_marks();
        }
        self.mark_roots(tracer, roots);
    }

    fn clear_marks(&mut self) {
        for &arena in &self.arenas {
            // SAFETY: G3.
            unsafe { (*arena.as_ptr()).mark = [0; WORDS] };
        }
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
            minor: self.pacer.minor,
        });
        let (weak_values, all_weak) = (tracer.weak_values.len(), tracer.all_weak.len());
        self.finalizers.separate(&mut tracer);
        // SAFETY: G1.
        unsafe { tracer.converge::<M>(&|f| each_marked(&self.arenas, f)) };
        roots.weak(&mut WeakPhase {
            values: [&tracer.weak_values[weak_values..], &tracer.all_weak[all_weak..]],
            keys: [&tracer.ephemerons, &tracer.all_weak],
            last: true,
            minor: self.pacer.minor,
        });
        self.pacer.told(self.memory.allocated_total(), tracer.reset());
        self.tracer = tracer;
        self.collections += 1;
        self.minor_cycles += u64::from(self.pacer.minor);
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
        self.clear_marks();
        self.mark_roots(&mut tracer, roots);
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
