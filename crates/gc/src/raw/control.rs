//! What a client asks and sets besides allocating and collecting: limits, pace, test modes, finalizers.

use super::heap::{Phase, Stress};
use super::memory::Schedule;
use super::object::{GC_BARRIER, GC_FIXED};
use super::{Mode, Model, OutOfMemory, Ptr, RawHeap};

impl<M: Model> RawHeap<M> {
    /// Bytes in use: objects and buffers.
    pub fn bytes(&self) -> usize {
        self.memory.bytes()
    }

    /// The bytes that may be in use at most.
    pub fn limit(&self) -> Option<usize> {
        self.memory.limit()
    }

    /// Sets the limit; see [`Memory::set_limit`].
    pub fn set_limit(&mut self, limit: Option<usize>) {
        self.memory.set_limit(limit);
    }

    /// Makes the `n`-th allocation from now fail; see [`Memory::fail_after`].
    pub fn fail_after(&mut self, n: Option<u64>) {
        self.memory.fail_after(n);
    }

    /// What is left of that; see [`Memory::failure_in`].
    pub fn failure_in(&self) -> Option<u64> {
        self.memory.failure_in()
    }

    /// In stress mode a collection is always due (unless stopped), and freed blocks are poisoned.
    pub fn set_stress(&mut self, on: bool) {
        self.set_stress_mode(if on { Stress::Full } else { Stress::Off });
    }

    /// Sets what happens at every safepoint. Freed blocks are poisoned, unless it is nothing, and in
    /// [`Stress::Step`] and [`Stress::Minor`] each marking is proved (see [`RawHeap::set_proof`]).
    pub fn set_stress_mode(&mut self, mode: Stress) {
        self.stress = mode;
        self.poison = mode != Stress::Off;
        self.proof = matches!(mode, Stress::Step | Stress::Minor);
        self.reschedule();
    }

    /// After each marking, marks a second time, without steps, and panics if that reaches an object that the first
    /// did not: a barrier was missed.
    pub fn set_proof(&mut self, on: bool) {
        self.proof = on;
    }

    /// Whether freed blocks are filled with `0x55` and given the kind 0.
    pub fn set_poison(&mut self, on: bool) {
        self.poison = on;
    }

    /// Leaves [`GC_BARRIER`] set on every object that survives a collection, so that the client's slow path
    /// runs, and lets the next collection panic if a store went without it.
    pub fn set_barrier_test(&mut self, on: bool) {
        self.barrier_test = on;
        if !on {
            self.for_each_object(|obj| {
                // SAFETY: G1; objects that are enumerated are initialized.
                unsafe { (*obj.as_ptr()).gc &= !GC_BARRIER };
            });
        }
    }

    /// Makes a collection due at the next safepoint, unless they are stopped.
    pub fn collect_soon(&mut self) {
        self.memory.set_threshold(0);
    }

    /// Never due from now on. Collections that are asked for still run.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.reschedule();
    }

    /// Undoes [`RawHeap::stop`]; the debt is counted anew.
    pub fn restart(&mut self) {
        self.stopped = false;
        if self.phase == Phase::Idle {
            self.pacer.restart(self.memory.bytes());
            self.schedule();
        } else {
            self.memory.set_threshold(self.memory.bytes() + self.pacer.step_size);
        }
        self.reschedule();
    }

    /// Whether collections fall due.
    pub fn is_running(&self) -> bool {
        !self.stopped
    }

    fn reschedule(&mut self) {
        self.memory
            .set_schedule(match (self.stopped, self.stress != Stress::Off) {
                (true, _) => Schedule::Stopped,
                (false, true) => Schedule::Always,
                (false, false) => Schedule::Debt,
            });
    }

    /// The percentage of the surviving bytes at which the next collection is due.
    pub fn pause(&self) -> usize {
        self.pacer.pause
    }

    /// Sets the pause and returns the old one. Takes effect after the next collection.
    pub fn set_pause(&mut self, percent: usize) -> usize {
        std::mem::replace(&mut self.pacer.pause, percent)
    }

    /// The pace of a cycle: [`Config::step_mul`] and [`Config::step_size`].
    pub fn pace(&self) -> (usize, usize) {
        (self.pacer.step_mul, self.pacer.step_size)
    }

    /// Sets the pace.
    pub fn set_pace(&mut self, step_mul: usize, step_size: usize) {
        (self.pacer.step_mul, self.pacer.step_size) = (step_mul, step_size);
    }

    /// Which cycles are run.
    pub fn mode(&self) -> Mode {
        self.pacer.mode
    }

    /// Sets which cycles are run from the next one on. Minor cycles begin after the next major one.
    pub fn set_mode(&mut self, mode: Mode) {
        self.pacer.asked |= self.pacer.mode != mode;
        self.pacer.mode = mode;
        if mode == Mode::Incremental {
            self.pacer.sticky = false;
            self.pacer.remember = self.phase == Phase::Mark;
        }
    }

    /// Whether the next cycle may be a minor one.
    pub fn is_generational(&self) -> bool {
        self.pacer.sticky
    }

    /// [`Config::minor_mul`], [`Config::major_minor`] and [`Config::minor_major`], to read and to set.
    pub fn generations(&mut self) -> [&mut usize; 3] {
        let pacer = &mut self.pacer;
        [&mut pacer.minor_mul, &mut pacer.major_minor, &mut pacer.minor_major]
    }

    /// Keeps an object alive until the heap is dropped.
    ///
    /// # Errors
    ///
    /// If there is no memory to note it.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object of this heap.
    pub unsafe fn fix(&mut self, obj: Ptr) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise.
        let gc = unsafe { &mut (*obj.as_ptr()).gc };
        if *gc & GC_FIXED == 0 {
            self.fixed.try_reserve(1).map_err(|_| OutOfMemory)?;
            self.fixed.push(obj);
            *gc |= GC_FIXED;
        }
        Ok(())
    }

    /// Has the object handed out by [`RawHeap::next_finalizable`] once it is unreachable, after all that are
    /// registered later. Does nothing if it is registered.
    ///
    /// # Errors
    ///
    /// If there is no memory to note it.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object of this heap.
    pub unsafe fn register_finalizer(&mut self, obj: Ptr) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise.
        unsafe { self.finalizers.register(obj, &mut self.memory) }
    }

    /// The next object whose finalizer should run. It is no longer registered, and garbage unless the caller
    /// makes it reachable; it may be registered again.
    pub fn next_finalizable(&mut self) -> Option<Ptr> {
        self.finalizers.next()
    }

    /// Whether [`RawHeap::next_finalizable`] has something.
    #[inline]
    pub fn has_finalizable(&self) -> bool {
        self.finalizers.has_pending()
    }

    /// Makes every registered object ready for its finalizer, as when the program ends.
    pub fn finalize_all(&mut self) {
        self.finalizers.all();
    }
}
