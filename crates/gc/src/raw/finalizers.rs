//! Objects with finalizers: in order of registration, then in reverse order of it once they are unreachable.

use std::collections::VecDeque;

use super::arena::Arena;
use super::object::GC_FINALIZER;
use super::{OutOfMemory, Ptr, Tracer};

#[derive(Default)]
pub(super) struct Finalizers {
    /// In order of registration.
    registered: Vec<Ptr>,
    /// To be handed out, first at the front.
    pending: VecDeque<Ptr>,
}

impl Finalizers {
    /// # Safety
    ///
    /// `obj` is an initialized object of the heap.
    pub unsafe fn register(&mut self, obj: Ptr) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise.
        let gc = unsafe { &mut (*obj.as_ptr()).gc };
        if *gc & GC_FINALIZER == 0 {
            self.registered.try_reserve(1).map_err(|_| OutOfMemory)?;
            // So that a cycle can move all of them without allocating.
            self.pending
                .try_reserve(self.registered.len() + 1)
                .map_err(|_| OutOfMemory)?;
            self.registered.push(obj);
            *gc |= GC_FINALIZER;
        }
        Ok(())
    }

    /// Marks the objects whose turn has not come yet.
    pub fn trace_pending(&self, t: &mut Tracer) {
        for &obj in &self.pending {
            t.mark(obj);
        }
    }

    /// Moves the unmarked objects to the pending ones and marks them.
    pub fn separate(&mut self, t: &mut Tracer) {
        let old = self.pending.len();
        for &obj in self.registered.iter().rev() {
            if !Arena::is_marked(obj) {
                self.pending.push_back(obj);
            }
        }
        if self.pending.len() == old {
            return;
        }
        self.registered.retain(|&obj| Arena::is_marked(obj));
        for &obj in self.pending.iter().skip(old) {
            t.mark(obj);
        }
    }

    /// Makes every registered object pending.
    pub fn all(&mut self) {
        self.pending.extend(self.registered.drain(..).rev());
    }

    pub fn next(&mut self) -> Option<Ptr> {
        let obj = self.pending.pop_front()?;
        // SAFETY: G1; pending objects are roots.
        unsafe { (*obj.as_ptr()).gc &= !GC_FINALIZER };
        Some(obj)
    }

    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    pub fn len(&self) -> usize {
        self.registered.len() + self.pending.len()
    }
}
