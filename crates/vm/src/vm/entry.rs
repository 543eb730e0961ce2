//! Entry into Lua from Rust.

use super::{Flow, Go, MAX_NESTING, Raised, Vm};
use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame};
use crate::meta::Event;
use crate::object::{Closure, Str};
use crate::table::Table;
use crate::thread::Thread;
use crate::value::{Value, tag};
use perilune_bytecode::Opcode;

impl Vm {
    /// Calls the function in `*window` with the `nargs` values from `window + 2` on, from a native's frame or
    /// from outside; the results are left at the returned place.
    ///
    /// # Errors
    /// What the function raised; the frames above the caller's are gone.
    ///
    /// # Safety
    /// The window lies above all live slots of the current frame, whose base is `self.base`.
    pub(crate) unsafe fn call_window(
        &mut self,
        window: *mut Value,
        nargs: usize,
    ) -> Result<(*mut Value, usize), Raised> {
        if (*window).tag != tag::CLOSURE || self.hook_mask != 0 || self.stack_stress {
            return self.call_window_as(FrameKind::Entry, window, nargs);
        }
        let proto = (*(*window).as_ptr::<Closure>()).proto;
        let frame = RegisterFrame(window.add(HEADER_SLOTS));
        if (*proto).arity as usize != nargs || frame.0.byte_add((*proto).frame_bytes as usize) > self.stack_limit {
            return self.call_window_as(FrameKind::Entry, window, nargs);
        }
        self.check_nesting()?;
        let caller = self.base;
        let (pc, k, thread) = (self.pc, self.k, self.thread);
        self.nesting += 1;
        (*thread).nested += 1;
        frame.link(FrameKind::Entry, caller, pc, k);
        self.fuel = self.fuel.wrapping_sub(i64::from((*proto).words));
        let caller_offset = caller.byte_offset_from(self.stack_base);
        self.base = frame.0;
        self.pc = (*proto).code;
        self.k = (*proto).constants;
        let flow = if self.fuel < 0 { self.out_of_fuel() } else { Ok(Go::On) };
        self.run_entry(flow, caller_offset, pc, k, thread)
    }

    /// As [`Vm::call_window`], under a frame of kind `Entry` or `Finalizer`; the latter leaves no results.
    ///
    /// # Errors
    /// What the function raised.
    ///
    /// # Safety
    /// As [`Vm::call_window`].
    pub(crate) unsafe fn call_window_as(
        &mut self,
        kind: FrameKind,
        window: *mut Value,
        nargs: usize,
    ) -> Result<(*mut Value, usize), Raised> {
        self.check_nesting()?;
        let caller = self.base;
        let caller_offset = caller.byte_offset_from(self.stack_base);
        let (pc, k) = (self.pc, self.k);
        self.nesting += 1;
        let thread = self.thread;
        (*thread).nested += 1;
        let flow = if (*window).tag == tag::CLOSURE {
            let frame = RegisterFrame(window.add(HEADER_SLOTS));
            frame.link(kind, caller, pc, k);
            self.enter_lua(frame.0, (*(*window).as_ptr::<Closure>()).proto, nargs)
                .and_then(|()| self.entered())
        } else {
            self.precall(window, nargs, kind, caller, pc, k)
        };
        self.run_entry(flow, caller_offset, pc, k, thread)
    }

    /// Runs what was entered to its end, and goes back to the state before.
    #[inline(always)]
    unsafe fn run_entry(
        &mut self,
        flow: Flow,
        caller_offset: isize,
        pc: *const u64,
        k: *const Value,
        thread: *mut Thread,
    ) -> Result<(*mut Value, usize), Raised> {
        let result = match flow {
            Ok(Go::Exit) => Ok(()),
            Ok(Go::On) => {
                crate::dispatch::run(self);
                if self.entry_failed() { Err(Raised(())) } else { Ok(()) }
            }
            // The call has no frame, so the native that makes it is the one that failed.
            Err(raised) if self.base.byte_offset_from(self.stack_base) == caller_offset => Err(raised),
            Err(raised) => match self.unwind(raised) {
                Go::Exit => {
                    if self.entry_failed() {
                        Err(Raised(()))
                    } else {
                        Ok(())
                    }
                }
                Go::On => {
                    crate::dispatch::run(self);
                    if self.entry_failed() { Err(Raised(())) } else { Ok(()) }
                }
            },
        };
        self.nesting -= 1;
        (*thread).nested -= 1;
        self.exit = false;
        self.base = self.stack_base.byte_offset(caller_offset);
        self.pc = pc;
        self.k = k;
        if self.fuel < 0 && result.is_ok() {
            self.check_fuel()?;
        }
        result.map(|()| (self.open_start, self.open_count))
    }

    /// Whether one more level of native recursion may begin: the nested dispatch loops, resumes and protected calls that
    /// are open, as the reference counts its C stack. Message handlers have a tenth more.
    ///
    /// # Errors
    /// "C stack overflow", and in handlers that go on all the same "error in error handling".
    #[inline]
    pub(crate) unsafe fn check_nesting(&mut self) -> Result<(), Raised> {
        if self.nesting + (*self.thread).protected >= MAX_NESTING {
            return self.nesting_limit();
        }
        Ok(())
    }

    #[cold]
    unsafe fn nesting_limit(&mut self) -> Result<(), Raised> {
        if self.handling == 0 {
            return Err(self.rt_error(b"C stack overflow"));
        }
        match (self.nesting + (*self.thread).protected).cmp(&(MAX_NESTING + MAX_NESTING / 10)) {
            std::cmp::Ordering::Less => Ok(()),
            _ => Err(self.handling_error()),
        }
    }

    fn entry_failed(&mut self) -> bool {
        let failed = std::mem::take(&mut self.failed);
        self.handled |= failed;
        failed
    }

    /// The frame that is running.
    #[inline(always)]
    pub(crate) fn frame(&self) -> RegisterFrame {
        RegisterFrame(self.base)
    }

    /// A method of strings: the value of a field of the string metatable's `__index` table, nil if there is none. Fills the
    /// inline cache of the `self_field` at `pc`.
    #[inline]
    pub(crate) unsafe fn string_method(&mut self, name: *mut Str, pc: *mut u64) -> Value {
        if self.string_index.is_null() {
            let meta = self.metatable_of(Value {
                payload: 0,
                tag: tag::STR,
            });
            let index = self.meta_field(meta, Event::Index);
            if !index.is_table() {
                return Value::NIL;
            }
            // A change of the field is a store of an event's key into a metatable, which flushes.
            Table::serve_as_meta(meta);
            self.string_index = index.as_ptr();
        }
        let methods = self.string_index;
        if let crate::table::Place::Slot(slot) = Table::place_of(methods, name) {
            *pc.cast::<u16>() = Opcode::SelfField as u16;
            *pc.add(1) = u64::from((*methods).header.word) | u64::from(slot * 16) << 32;
        }
        Table::get_str(methods, name)
    }
}
