//! What natives may ask of the collector.

use super::Ctx;
pub use perilune_gc::raw::Mode as GcMode;

/// A parameter of the collector, by its name in `collectgarbage("param")`. Each is the value that the heap uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GcParameter {
    /// Percentage by which the heap grows between two minor collections.
    MinorMul,
    /// In generational mode, percentage of the new bytes that a major collection must free for minor ones to follow.
    MajorMinor,
    /// In generational mode, percentage by which the old objects grow until a major collection.
    MinorMajor,
    /// Size of the heap at the start of a major collection, in percent of what survived the last.
    Pause,
    /// Speed of a collection in steps, in percent; 0 collects in one step.
    StepMul,
    /// Bytes allocated between two steps.
    StepSize,
}

impl Ctx<'_> {
    /// Bytes in use.
    pub fn memory_used(&self) -> usize {
        let vm = self.vm_mut();
        vm.settle();
        vm.heap.bytes()
    }
    /// Stops or restarts automatic collection; whether it was running.
    pub fn gc_set_running(&self, on: bool) -> bool {
        let heap = &mut self.vm_mut().heap;
        let was = heap.is_running();
        if on {
            heap.restart()
        } else {
            heap.stop()
        }
        was
    }
    /// Whether automatic collection is on.
    pub fn gc_is_running(&self) -> bool {
        self.vm_mut().heap.is_running()
    }
    /// Whether a finalizer is running, when the collector takes no orders.
    pub fn in_finalizer(&self) -> bool {
        self.vm_mut().in_finalizer
    }
    /// A parameter of the collector, and sets it if asked; what it was.
    pub fn gc_parameter(&self, which: GcParameter, set: Option<usize>) -> usize {
        let heap = &mut self.vm_mut().heap;
        let (step_mul, step_size) = heap.pace();
        let [minor_mul, major_minor, minor_major] = heap.generations();
        let place = match which {
            GcParameter::MinorMul => minor_mul,
            GcParameter::MajorMinor => major_minor,
            GcParameter::MinorMajor => minor_major,
            GcParameter::Pause => return set.map_or(heap.pause(), |percent| heap.set_pause(percent)),
            GcParameter::StepMul => {
                heap.set_pace(set.unwrap_or(step_mul), step_size);
                return step_mul;
            }
            GcParameter::StepSize => {
                heap.set_pace(step_mul, set.unwrap_or(step_size));
                return step_size;
            }
        };
        let old = *place;
        *place = set.unwrap_or(old);
        old
    }
    /// Which collections run, and sets it if asked; what it was. Minor ones begin after the next whole collection.
    pub fn gc_mode(&self, set: Option<GcMode>) -> GcMode {
        let heap = &mut self.vm_mut().heap;
        let old = heap.mode();
        heap.set_mode(set.unwrap_or(old));
        old
    }
    /// Runs a full collection, finalizers included.
    pub fn collect(&mut self) {
        // SAFETY: F4; the native's frame is on top.
        unsafe { self.vm_mut().collect_garbage() };
    }
    /// Does as much of a collection as `bytes` of allocation would cause, or a basic step if that is 0; in generational mode a
    /// minor collection. Whether a collection ended.
    pub fn collect_step(&mut self, bytes: usize) -> bool {
        // SAFETY: F4; the native's frame is on top.
        unsafe { self.vm_mut().collect_by(bytes) }
    }
}
