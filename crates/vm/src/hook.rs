//! Hooks: functions of the host that run when a function is called or returns, at each new line, and after so many
//! instructions.
//!
//! They cost nothing while there are none. The dispatch table is what changes: with hooks of calls and returns, the
//! fast paths of calls are replaced by the general ones, which look at [`Vm::hook_mask`]; with hooks of lines and
//! counts, every instruction first goes through [`Vm::trace_step`]. A hook belongs to a coroutine, so that the table
//! changes with the running coroutine.

use crate::call::{field, reg};
use crate::dispatch::Handler;
use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame, flag};
use crate::native::Ctx;
use crate::thread::Thread;
use crate::value::Value;
use crate::vm::{Flow, Go, Raised, SPARE_SLOTS, Vm};
use perilune_bytecode::Opcode;
use std::ptr::null;
use std::rc::Rc;

/// What a hook is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookEvent {
    /// A function is about to run.
    Call,
    /// A function took its caller's place.
    TailCall,
    /// A function is about to return.
    Return,
    /// A new line is about to run, or one is repeated; `None` if the function has no lines.
    Line(Option<u32>),
    /// The count of instructions has run down.
    Count,
}

/// Which events a hook wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookEvents {
    /// Calls and tail calls.
    pub calls: bool,
    /// Returns.
    pub returns: bool,
    /// Lines.
    pub lines: bool,
    /// If positive: every so many instructions.
    pub count: i32,
}

/// A hook. It sees the interrupted function at level 0 of [`Ctx::level_info`], and what it pushes is dropped. One of a line or
/// count may suspend the coroutine by [`Ctx::yield_from_hook`].
pub type HookFn = Rc<dyn Fn(&mut Ctx<'_>, HookEvent) -> Result<(), Raised>>;

pub(crate) const CALLS: u8 = 1;
pub(crate) const RETURNS: u8 = 2;
pub(crate) const LINES: u8 = 4;
pub(crate) const COUNT: u8 = 8;

impl HookEvents {
    fn mask(self) -> u8 {
        (if self.calls { CALLS } else { 0 })
            | (if self.returns { RETURNS } else { 0 })
            | (if self.lines { LINES } else { 0 })
            | (if self.count > 0 { COUNT } else { 0 })
    }
}

/// The hook of a coroutine.
pub(crate) struct Hook {
    function: Option<HookFn>,
    events: HookEvents,
    /// Instructions until the next count event.
    left: i32,
    /// The instruction traced last; null in a function that was just entered.
    last: *const u64,
    /// The instruction at which the hook yielded: it is not told of it again. Null if it did not.
    yielded_at: *const u64,
    /// The hook is running: it sees no events.
    running: bool,
    /// The values that a call passes or a return gives, while its hook runs.
    pub(crate) transfer: Transfer,
}

/// Values on their way into or out of a function.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Transfer {
    /// The number of the first, as locals are numbered.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// Where they are, in slots from the start of the stack; of a call, they are the first locals.
    pub at: Option<usize>,
}

impl Default for Hook {
    fn default() -> Hook {
        Hook {
            function: None,
            events: HookEvents::default(),
            left: 0,
            last: null(),
            yielded_at: null(),
            running: false,
            transfer: Transfer::default(),
        }
    }
}

impl Hook {
    /// It sees no events while it runs.
    pub(crate) fn is_running(&self) -> bool {
        self.running
    }

    /// The hook that a coroutine made by this one's starts with.
    pub(crate) fn inherited(&self) -> Hook {
        Hook {
            function: self.function.clone(),
            events: self.events,
            left: self.events.count,
            ..Hook::default()
        }
    }
}

impl Vm {
    /// The table and the mask that the running coroutine's hook asks for.
    pub(crate) fn refresh_hooks(&mut self) {
        // SAFETY: H1; the running coroutine is alive.
        let hook = unsafe { &(*self.thread).hook };
        let mask = if hook.running || self.in_finalizer || hook.function.is_none() {
            0
        } else {
            hook.events.mask()
        };
        if mask != self.hook_mask {
            self.hook_mask = mask;
            self.set_table(self.watching_table());
        }
    }

    /// The table for what is to be watched: fuel that is running out goes before hooks, and those before counting instructions.
    pub(crate) fn watching_table(&self) -> *const Handler {
        if self.meter.stepping {
            return self.backend.step_table();
        }
        self.inner_table()
    }

    /// As [`Vm::watching_table`], but for the counting of fuel step by step.
    pub(crate) fn inner_table(&self) -> *const Handler {
        let mask = self.hook_mask;
        if mask & (LINES | COUNT) != 0 {
            self.backend.trace_table()
        } else if mask != 0 {
            self.backend.hooked_table()
        } else if self.profile.is_some() {
            self.backend.count_table()
        } else if self.meter.on {
            self.backend.fuel_table()
        } else {
            self.backend.table()
        }
    }

    /// Sets or removes the hook of a coroutine.
    ///
    /// # Safety
    /// `t` is live.
    pub(crate) unsafe fn set_thread_hook(&mut self, t: *mut Thread, function: Option<HookFn>, events: HookEvents) {
        let hook = &mut (*t).hook;
        hook.function = function.filter(|_| events.mask() != 0);
        hook.events = if hook.function.is_some() {
            events
        } else {
            HookEvents::default()
        };
        hook.left = events.count;
        hook.yielded_at = null();
        if std::ptr::eq(t, self.thread) {
            self.refresh_hooks();
        }
    }

    /// The hook of a coroutine.
    ///
    /// # Safety
    /// `t` is live.
    pub(crate) unsafe fn thread_hook(&self, t: *mut Thread) -> Option<(HookFn, HookEvents)> {
        let hook = &(*t).hook;
        hook.function.clone().map(|function| (function, hook.events))
    }

    /// A Lua function was entered.
    ///
    /// # Errors
    /// What the hook raised.
    ///
    /// # Safety
    /// F3: the saved state is at the function's first instruction.
    #[cold]
    pub(crate) unsafe fn hook_entered(&mut self) -> Result<(), Raised> {
        (*self.thread).hook.last = null();
        (*self.thread).hook.yielded_at = null();
        if self.hook_mask & CALLS == 0 {
            return Ok(());
        }
        let frame = self.frame();
        let event = if frame.flags() & flag::TAIL != 0 {
            HookEvent::TailCall
        } else {
            HookEvent::Call
        };
        let params = frame.proto().map_or(0, |proto| (*proto).params as usize);
        let window = self.frame_end();
        self.run_hook(
            event,
            window,
            Transfer {
                first: 1,
                count: params,
                at: None,
            },
        )
    }

    /// A native is about to run, its frame linked and its arguments in place.
    ///
    /// # Errors
    /// What the hook raised.
    ///
    /// # Safety
    /// F3: the saved base is the native's frame.
    #[cold]
    pub(crate) unsafe fn hook_native(&mut self, nargs: usize) -> Result<(), Raised> {
        if self.hook_mask & CALLS == 0 {
            return Ok(());
        }
        self.top = self.base.add(nargs);
        let transfer = Transfer {
            first: 1,
            count: nargs,
            at: None,
        };
        self.run_hook(HookEvent::Call, self.top, transfer)
    }

    /// The function of the saved base returns `count` values at `start`; where they are afterwards.
    ///
    /// # Errors
    /// What the hook raised.
    ///
    /// # Safety
    /// F3; `start` is on the running stack.
    #[cold]
    pub(crate) unsafe fn hook_return(&mut self, mut start: *mut Value, count: usize) -> Result<*mut Value, Raised> {
        let frame = self.frame();
        if frame.kind() == FrameKind::HookYield {
            return Ok(start);
        }
        if self.hook_mask & RETURNS != 0 {
            let proto = frame.proto();
            // Where nothing that the hook's collections mark is left behind: above a Lua frame; a native's are on its stack.
            let room = match proto {
                Some(_) => self.frame_end(),
                None => start.max(self.base),
            };
            if proto.is_none() && !self.keeps_its_values(frame) {
                // The frames of what it called lay there.
                let mut slot = self.base;
                while slot < start {
                    *slot = Value::NIL;
                    slot = slot.add(1);
                }
            }
            let (room_offset, start_offset) = (self.slot_of(room), self.slot_of(start));
            self.grow_stack(self.stack_base.add(room_offset), count + SPARE_SLOTS)?;
            let room = self.stack_base.add(room_offset);
            std::ptr::copy(self.stack_base.add(start_offset), room, count);
            start = room;
            let first = match proto {
                Some(_) => self.count_visible(self.returned_from().unwrap_or(start_offset)),
                None => self.slot_of(room) - self.slot_of(self.base) + 1,
            };
            let transfer = Transfer {
                first,
                count,
                at: Some(room_offset),
            };
            self.run_hook(HookEvent::Return, start.add(count), transfer)?;
            start = self.stack_base.add(room_offset);
        }
        let frame = self.frame();
        if frame.kind() != FrameKind::Base && frame.caller().proto().is_some() {
            (*self.thread).hook.last = frame.caller_pc();
        }
        Ok(start)
    }

    /// Whether all slots of a native's frame below its results are its values: not so for `pcall` and its like, which are operations of
    /// the VM.
    unsafe fn keeps_its_values(&self, frame: RegisterFrame) -> bool {
        let callee = frame.callee();
        if callee.tag != crate::value::tag::NATIVE {
            return false;
        }
        let run = (*callee.as_ptr::<crate::object::Native>()).run;
        let (rust, host): (crate::native::Run, crate::native::Run) = (crate::vm::run_rust, crate::vm::run_host);
        std::ptr::fn_addr_eq(run, rust) || std::ptr::fn_addr_eq(run, host)
    }

    /// The place of the first of the values that a `return_open` returns together with some registers: they were joined elsewhere.
    unsafe fn returned_from(&self) -> Option<usize> {
        let joined = field(self.pc, 0) == Opcode::ReturnOpen as u16 && field(self.pc, 2) != 0;
        joined.then(|| self.slot_of(reg(self.base, self.pc, 1)))
    }

    /// The number that a debugger gives to the slot at this place of the stack, or the first one that is not taken.
    unsafe fn count_visible(&self, slot: usize) -> usize {
        let base = self.slot_of(self.base);
        let mut count = 0;
        while let Some(place) = self.leaving_place(count + 1) {
            count += 1;
            if self.slot_of(place) == slot && slot >= base {
                return count;
            }
        }
        count + 1
    }

    fn slot_of(&self, p: *mut Value) -> usize {
        // SAFETY: F3; the pointer is into the running stack.
        unsafe { p.offset_from(self.stack_base) as usize }
    }

    /// What the dispatch does before each instruction when lines or instructions are watched. If the hook yields, how the
    /// dispatch goes on instead.
    ///
    /// # Errors
    /// What the hook raised.
    ///
    /// # Safety
    /// F1: the saved state is that of a Lua frame about to run the instruction at the saved pc.
    pub(crate) unsafe fn trace_step(&mut self) -> Result<Option<Go>, Raised> {
        let Some(proto) = self.frame().proto() else {
            return Ok(None);
        };
        let yielded_at = std::mem::replace(&mut (*self.thread).hook.yielded_at, null());
        if yielded_at == self.pc {
            (*self.thread).hook.last = self.pc;
            return Ok(None);
        }
        self.hook_yields = false;
        let pc = self.pc;
        let origin = (*proto).at(pc);
        let (code, function) = (origin.code.as_ptr(), origin.function());
        let line = match function.line_at(origin.word(pc)) {
            Some(place) if place.line != 0 => Some(place.line),
            // Glue between statements, which is not the program's.
            _ if !function.lines.is_empty() => return Ok(None),
            _ => None,
        };
        let last = (*self.thread).hook.last;
        // The last one may have been in a function that is gone.
        let known = !last.is_null() && last >= code && last < code.add(function.code.len());
        if known && self.continues(last) {
            return Ok(None);
        }
        if self.hook_mask & COUNT != 0 {
            let hook = &mut (*self.thread).hook;
            hook.left -= 1;
            if hook.left <= 0 {
                hook.left = hook.events.count;
                let window = self.open_end();
                self.run_hook(HookEvent::Count, window, Transfer::default())?;
            }
        }
        if self.hook_mask & LINES != 0 {
            let new = !known || pc <= last || function.line_at(origin.word(last)).map(|place| place.line) != line;
            if new {
                let window = self.open_end();
                self.run_hook(HookEvent::Line(line), window, Transfer::default())?;
            }
            (*self.thread).hook.last = pc;
        }
        if self.hook_yields {
            return self.yield_from_hook().map(Some);
        }
        Ok(None)
    }

    /// Suspends the running coroutine before the instruction at the saved pc, with no values for its resumer.
    ///
    /// # Errors
    /// It cannot yield.
    unsafe fn yield_from_hook(&mut self) -> Flow {
        self.hook_yields = false;
        crate::thread::check_yield(self)?;
        let offset = {
            let window = self.open_end();
            self.slot_of(window)
        };
        self.grow_stack(self.stack_base.add(offset), SPARE_SLOTS)?;
        let window = self.stack_base.add(offset);
        *window = Value::native(self.yield_function);
        let frame = RegisterFrame(window.add(HEADER_SLOTS));
        frame.link(FrameKind::HookYield, self.base, self.pc, self.k);
        // The instruction has not begun: what is live before it stays alive.
        let interrupted = self.frame();
        interrupted.set_flags(interrupted.flags() | flag::HOOKED);
        (*self.thread).hook.yielded_at = self.pc;
        self.base = frame.0;
        self.top = frame.0;
        crate::thread::suspend(self, 0)
    }

    /// A coroutine that a hook suspended goes on; the saved state is again that of the interrupted function.
    ///
    /// # Safety
    /// F3; `window` is where [`Vm::yield_from_hook`] put its frame.
    pub(crate) unsafe fn end_hook_yield(&mut self, window: *mut Value) {
        let frame = self.frame();
        frame.set_flags(frame.flags() & !flag::HOOKED);
        self.open_start = self.frame_end();
        self.open_count = window.offset_from(self.open_start) as usize;
    }

    /// Whether the instruction at the saved pc is, to a hook, still the one traced last: a `close` with more to close, or
    /// the first call of an iterator, which is part of what enters its loop.
    unsafe fn continues(&self, last: *const u64) -> bool {
        let op = |pc: *const u64| crate::pairs::opcode_at(pc);
        match op(self.pc) {
            Opcode::Close => last == self.pc,
            Opcode::ForCall if last < self.pc && op(last) == Opcode::Jump => {
                // The jump into the loop stands before its body, to which the branch behind the call goes back.
                let branch = self.pc.add(Opcode::ForCall.words());
                let back = *branch.cast::<i32>().add(1);
                op(branch) == Opcode::JumpNotNil && branch.add(1).offset(back as isize) == last.add(1)
            }
            _ => false,
        }
    }

    /// The first free slot above a Lua frame at the saved pc, where open values are moved down to the frame's end.
    unsafe fn open_end(&mut self) -> *mut Value {
        let end = self.frame_end();
        let op = |at: usize| crate::pairs::opcode_at(self.pc.add(at));
        let open = match op(0) {
            Opcode::Close => op(1) == Opcode::ReturnOpen,
            op => op.flags().contains(perilune_bytecode::Flags::USES_OPEN),
        };
        if !open {
            return end;
        }
        std::ptr::copy(self.open_start, end, self.open_count);
        self.open_start = end;
        end.add(self.open_count)
    }

    /// Runs the hook with its stack from `window` on.
    unsafe fn run_hook(&mut self, event: HookEvent, window: *mut Value, transfer: Transfer) -> Result<(), Raised> {
        let Some(function) = (*self.thread).hook.function.clone() else {
            return Ok(());
        };
        let offset = self.slot_of(window);
        self.grow_stack(window, 2 * SPARE_SLOTS)?;
        let thread = self.thread;
        let state = (self.slot_of(self.base), self.pc, self.k, self.slot_of(self.top));
        let open = (!self.open_start.is_null()).then(|| self.slot_of(self.open_start));
        let open_count = self.open_count;
        let mark = match event {
            HookEvent::Return => flag::HOOKED | flag::LEAVING,
            _ => flag::HOOKED,
        };
        let frame = self.frame();
        frame.set_flags(frame.flags() | mark);
        (*thread).hook.running = true;
        (*thread).hook.transfer = transfer;
        self.refresh_hooks();
        self.top = self.stack_base.add(offset);
        let result = function(&mut Ctx::above(self), event);
        debug_assert!(
            std::ptr::eq(self.thread, thread),
            "a hook ends in the coroutine in which it began"
        );
        let (base, pc, k, top) = state;
        self.base = self.stack_base.add(base);
        self.pc = pc;
        self.k = k;
        self.top = self.stack_base.add(top);
        if let Some(open) = open {
            self.open_start = self.stack_base.add(open);
        }
        self.open_count = open_count;
        let frame = RegisterFrame(self.base);
        frame.set_flags(frame.flags() & !mark);
        (*thread).hook.running = false;
        (*thread).hook.transfer = Transfer::default();
        self.refresh_hooks();
        result
    }
}

impl Ctx<'_> {
    /// Makes the running coroutine yield, without values, when the hook that runs has returned, if the event is a line or a count.
    /// Resumed, it goes on with the instruction that was about to run.
    pub fn yield_from_hook(&self) {
        self.vm_mut().hook_yields = true;
    }
}
