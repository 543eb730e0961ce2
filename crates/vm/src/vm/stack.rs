//! The register stack of the thread that runs.

use super::{ERROR_STACK, MAX_NESTING, Raised, SPARE_SLOTS, Vm};
use crate::frame::FrameKind;
use crate::thread::Thread;
use crate::value::Value;

impl Vm {
    /// Describes `thread`'s stack in the VM's own fields.
    pub(crate) unsafe fn adopt_thread(&mut self, thread: *mut Thread) {
        self.thread = thread;
        self.stack_base = (*thread).stack;
        self.stack_limit = (*thread).stack.add((*thread).size);
    }

    /// Makes room for `slots` more above `from`. Moves the stack, with the saved base, top and open values.
    ///
    /// # Errors
    /// "stack overflow", or out of memory, raised.
    ///
    /// # Safety
    /// `from` points into the running stack; every other pointer into it is stale afterwards.
    pub(crate) unsafe fn grow_stack(&mut self, from: *mut Value, slots: usize) -> Result<(), Raised> {
        let used = from.offset_from(self.stack_base) as usize;
        let size = (*self.thread).size;
        let needed = used + slots;
        if needed <= size && !self.stack_stress {
            return Ok(());
        }
        let max = if self.in_overflow {
            self.max_stack + ERROR_STACK
        } else {
            self.max_stack
        };
        if needed > max {
            if std::mem::replace(&mut self.in_overflow, true) {
                return Err(self.handling_error());
            }
            let text: &[u8] = if self.has_deep_metacalls() {
                b"C stack overflow"
            } else {
                b"stack overflow"
            };
            return Err(self.rt_error(text));
        }
        let new_size = if needed <= size {
            size
        } else {
            (size * 2).max(needed).min(max)
        };
        self.move_stack(new_size)
    }

    /// Whether so many metamethods, iterators and closings are open in the running stack that the reference, where each takes
    /// some of the C stack, would say that this one is full. Here they take no more than other calls.
    #[cold]
    unsafe fn has_deep_metacalls(&self) -> bool {
        let mut frame = self.frame();
        let mut count = 0;
        while frame.kind() != FrameKind::Base && count < MAX_NESTING {
            count += u32::from(matches!(
                frame.kind(),
                FrameKind::Finish | FrameKind::Close | FrameKind::CloseError
            ));
            frame = frame.caller();
        }
        count >= MAX_NESTING
    }

    /// Whether the running stack is larger than its limit, from an overflow whose handler caught one of its own.
    pub(crate) unsafe fn has_overflown(&self) -> bool {
        (*self.thread).size > self.max_stack
    }

    /// The error of an overflow is caught: the slots for its handling are given back.
    ///
    /// # Safety
    /// F3: as [`Vm::grow_stack`]; what is in use ends at the saved base and a few slots.
    pub(crate) unsafe fn end_overflow(&mut self) {
        self.in_overflow = false;
        let used = self.base.offset_from(self.stack_base) as usize + 2 * SPARE_SLOTS;
        let max = self.max_stack;
        if (*self.thread).size > max && used <= max && self.move_stack(max).is_err() {
            // The larger stack is as good, but for the next overflow's handlers.
            self.error = Value::NIL;
        }
    }

    unsafe fn move_stack(&mut self, new_size: usize) -> Result<(), Raised> {
        let old = self.stack_base;
        let Ok(()) = crate::thread::resize(&mut self.heap, self.thread, new_size) else {
            return Err(self.raise_memory());
        };
        let new = (*self.thread).stack;
        let moved = |p: *mut Value| {
            if p.is_null() {
                p
            } else {
                new.byte_offset(p.byte_offset_from(old))
            }
        };
        self.base = moved(self.base);
        self.top = moved(self.top);
        self.open_start = moved(self.open_start);
        self.stack_base = new;
        self.stack_limit = new.add(new_size);
        Ok(())
    }
}
