//! Calls and returns that are not the plain kind.

use crate::call::{field, reg};
use crate::shortcut::Answer;
use crate::value::Value;
use crate::vm::{Flow, Raised, SPARE_SLOTS, Vm};

impl Vm {
    /// Moves the open values behind the `fixed` arguments of the window; the number of all arguments.
    pub(crate) unsafe fn gather_open(
        &mut self,
        window: *mut Value,
        fixed: usize,
    ) -> Result<(*mut Value, usize), Raised> {
        let count = self.open_count;
        let mut window = window;
        if window.add(fixed + count + SPARE_SLOTS) > self.stack_limit {
            let offset = window.byte_offset_from(self.stack_base);
            self.grow_stack(window, fixed + count + SPARE_SLOTS)?;
            window = self.stack_base.byte_offset(offset);
        }
        std::ptr::copy(self.open_start, window.add(2 + fixed), count);
        Ok((window, fixed + count))
    }

    #[inline(never)]
    pub(crate) unsafe fn call_slow(&mut self, kind: crate::frame::FrameKind, open: bool) -> Flow {
        let pc = self.pc;
        let mut window = reg(self.base, pc, 1);
        let mut nargs = field(pc, 2) as usize;
        if open {
            (window, nargs) = self.gather_open(window, nargs)?;
            let answer = self.shortcut_unwatched(window, nargs);
            if answer != Answer::DECLINED {
                return self.take_answer(kind, window, answer);
            }
        }
        self.precall(window, nargs, kind, self.base, pc.add(1), self.k)
    }

    /// As [`Vm::shortcut`], but for a hook, which sees every call.
    unsafe fn shortcut_unwatched(&mut self, window: *mut Value, nargs: usize) -> Answer {
        if self.hook_mask != 0 {
            return Answer::DECLINED;
        }
        Vm::shortcut(self, window, nargs)
    }

    #[inline(never)]
    pub(crate) unsafe fn tail_call_slow(&mut self, open: bool) -> Flow {
        let pc = self.pc;
        let mut window = reg(self.base, pc, 1);
        let mut nargs = field(pc, 2) as usize;
        if open {
            (window, nargs) = self.gather_open(window, nargs)?;
            let answer = self.shortcut_unwatched(window, nargs);
            if answer != Answer::DECLINED {
                return self.take_answer(crate::frame::FrameKind::TailNative, window, answer);
            }
        }
        self.tail_call(window, nargs)
    }

    #[inline(never)]
    pub(crate) unsafe fn return_slow(&mut self, first: *mut Value, count: usize) -> Flow {
        self.refund_frame(self.frame(), self.pc);
        self.do_return(first, count)
    }

    /// `return_open`: the fixed values and then the open ones.
    #[inline(never)]
    pub(crate) unsafe fn return_open_slow(&mut self) -> Flow {
        let pc = self.pc;
        self.refund_frame(self.frame(), pc);
        let first = reg(self.base, pc, 1);
        let fixed = field(pc, 2) as usize;
        if fixed == 0 {
            let (start, count) = (self.open_start, self.open_count);
            return self.do_return(start, count);
        }
        let count = self.open_count;
        // Joined below the open values where there is room, else above the frame.
        let mut to = self.frame_end();
        let offset = to.byte_offset_from(self.stack_base);
        let first_offset = first.byte_offset_from(self.stack_base);
        if to.add(fixed + count + SPARE_SLOTS) > self.stack_limit {
            self.grow_stack(to, fixed + count + SPARE_SLOTS)?;
            to = self.stack_base.byte_offset(offset);
        }
        std::ptr::copy(self.open_start, to.add(fixed), count);
        std::ptr::copy(self.stack_base.byte_offset(first_offset), to, fixed);
        self.do_return(to, fixed + count)
    }

    #[inline(never)]
    pub(crate) unsafe fn vararg_copy(&mut self) -> Flow {
        let (start, count) = self.frame().varargs();
        let wanted = field(self.pc, 2) as usize;
        crate::call::store_results(reg(self.base, self.pc, 1), wanted, start, count);
        self.done(1)
    }
}
