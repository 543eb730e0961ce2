//! Objects with finalizers: in order of registration, then in reverse order of it once they are unreachable.

use std::collections::VecDeque;

use super::arena::Arena;
use super::object::GC_FINALIZER;
use super::{Memory, OutOfMemory, Ptr, Tracer};

/// Entries of the lists at first.
const LEAST: usize = 8;

#[derive(Default)]
pub(super) struct Finalizers {
    /// In order of registration.
    registered: Vec<Ptr>,
    /// To be handed out, first at the front.
    pending: VecDeque<Ptr>,
}

impl Finalizers {
    /// The lists count as buffers.
    ///
    /// # Safety
    ///
    /// `obj` is an initialized object of the heap.
    pub unsafe fn register(&mut self, obj: Ptr, memory: &mut Memory) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise.
        let gc = unsafe { &mut (*obj.as_ptr()).gc };
        if *gc & GC_FINALIZER == 0 {
            // So that a cycle can move all of them without allocating.
            let need = self.registered.len() + 1;
            if need > self.registered.capacity() || self.pending.len() + need > self.pending.capacity() {
                self.grow(memory)?;
            }
            self.registered.push(obj);
            *gc |= GC_FINALIZER;
        }
        Ok(())
    }

    /// Makes room for one more, and for twice as many.
    #[cold]
    fn grow(&mut self, memory: &mut Memory) -> Result<(), OutOfMemory> {
        let before = self.bytes();
        let registered = (2 * self.registered.len()).max(LEAST);
        let pending = self.pending.len() + registered;
        let after =
            (registered.max(self.registered.capacity()) + pending.max(self.pending.capacity())) * size_of::<Ptr>();
        let more = after.saturating_sub(before);
        memory.charge(more)?;
        let room = self.registered.try_reserve_exact(registered - self.registered.len());
        let room = room.and_then(|()| self.pending.try_reserve_exact(pending - self.pending.len()));
        // What was counted is what there is now.
        let counted = before + more;
        match self.bytes().checked_sub(counted) {
            Some(extra) => memory.charge(extra)?,
            None => memory.release(counted - self.bytes()),
        }
        room.map_err(|_| OutOfMemory)
    }

    /// Gives back what the lists do not need, at the end of a cycle.
    pub fn trim(&mut self, memory: &mut Memory) {
        let before = self.bytes();
        let len = self.registered.len();
        if len + self.pending.len() == 0 {
            *self = Finalizers::default();
        } else if self.registered.capacity() > LEAST.max(8 * len) {
            self.registered.shrink_to(2 * len);
            self.pending.shrink_to(self.pending.len() + 2 * len);
        }
        memory.release(before - self.bytes());
    }

    fn bytes(&self) -> usize {
        (self.registered.capacity() + self.pending.capacity()) * size_of::<Ptr>()
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
