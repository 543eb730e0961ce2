//! Calls, returns and unwinding: everything about frames that is not on a handler's fast path.

use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame, flag};
use crate::meta::Event;
use crate::object::{ARITY_VARARG, Closure, Native, Proto};
use crate::thread;
use crate::value::{Value, tag};
use crate::vm::{Flow, Go, MAX_NESTING, Raised, SPARE_SLOTS, Vm, is_callable};
use perilune_bytecode::Opcode;

/// Notes how many arguments `__call` metamethods put in front.
unsafe fn mark_extra(frame: RegisterFrame, chain: usize) {
    if chain > 0 {
        frame.set_flags(frame.flags() | (chain.min(15) as u8) << flag::EXTRA_SHIFT);
    }
}

/// A 16-bit field of the instruction at `pc`.
#[inline(always)]
pub(crate) unsafe fn field(pc: *const u64, i: usize) -> u16 {
    *pc.cast::<u16>().add(i)
}

/// The register that a field names.
#[inline(always)]
pub(crate) unsafe fn reg(base: *mut Value, pc: *const u64, i: usize) -> *mut Value {
    base.byte_add(field(pc, i) as usize)
}

/// The count that stands for "open".
pub(crate) const OPEN: u16 = u16::MAX;

impl Vm {
    /// Calls `*window` with the `nargs` values from `window + 2` on. On `Go::On` the saved state is the callee's, or,
    /// after a native, where its caller goes on.
    ///
    /// # Safety
    /// F3: the window lies above all live slots of the frame at `caller`, which is the saved base.
    pub(crate) unsafe fn precall(
        &mut self,
        mut window: *mut Value,
        mut nargs: usize,
        kind: FrameKind,
        mut caller: *mut Value,
        pc: *const u64,
        k: *const Value,
    ) -> Flow {
        let mut chain = 0;
        loop {
            let callee = *window;
            let frame = RegisterFrame(window.add(HEADER_SLOTS));
            match callee.tag {
                tag::CLOSURE => {
                    frame.link(kind, caller, pc, k);
                    mark_extra(frame, chain);
                    return match self.enter_lua(frame.0, (*callee.as_ptr::<Closure>()).proto, nargs) {
                        Ok(()) => self.entered(),
                        Err(raised) => {
                            self.blame_callee(frame);
                            Err(raised)
                        }
                    };
                }
                tag::NATIVE => {
                    frame.link(kind, caller, pc, k);
                    mark_extra(frame, chain);
                    let native: *mut Native = callee.as_ptr();
                    if self.heap.should_collect() {
                        self.base = frame.0;
                        self.top = frame.0.add(nargs);
                        self.collect_step();
                    } else {
                        self.base = frame.0;
                    }
                    if self.hook_mask != 0 {
                        self.hook_native(nargs)?;
                    }
                    return ((*native).run)(self, native, nargs);
                }
                _ => {
                    chain += 1;
                    let caller_offset = caller.byte_offset_from(self.stack_base);
                    match self.resolve_call(window, nargs, kind, chain) {
                        Ok(new) => {
                            window = new;
                            caller = self.stack_base.byte_offset(caller_offset);
                            nargs += 1;
                        }
                        Err(raised) => {
                            frame.link(kind, caller, pc, k);
                            self.blame_callee(frame);
                            return Err(raised);
                        }
                    }
                }
            }
        }
    }

    /// An error of a call that could not begin is the callee's where its frame ends the unwinding: a protected call must
    /// catch it, a call from Rust must not run on in its caller, and a coroutine must end.
    unsafe fn blame_callee(&mut self, frame: RegisterFrame) {
        if matches!(
            frame.kind(),
            FrameKind::Pcall | FrameKind::Xpcall | FrameKind::Entry | FrameKind::Finalizer | FrameKind::Body
        ) {
            self.base = frame.0;
            self.top = frame.0;
            self.keep_unpaid(frame);
        }
    }

    /// Puts the `__call` handler of `*window` in its place and the value before the arguments. Returns the window: the
    /// stack may have moved.
    unsafe fn resolve_call(
        &mut self,
        mut window: *mut Value,
        nargs: usize,
        kind: FrameKind,
        chain: usize,
    ) -> Result<*mut Value, Raised> {
        let callee = *window;
        let handler = self.metamethod(callee, Event::Call);
        if handler.is_nil() {
            return Err(self.call_error(callee, kind));
        }
        if chain > self.std.longest_call_chain() {
            return Err(self.rt_error(b"'__call' chain too long"));
        }
        // Each link adds an argument: a long chain outgrows the spare slots.
        let offset = window.byte_offset_from(self.stack_base);
        let end = window.add(HEADER_SLOTS + nargs);
        if end.add(SPARE_SLOTS / 2) > self.stack_limit {
            self.grow_stack(end, SPARE_SLOTS)?;
            window = self.stack_base.byte_offset(offset);
        }
        let args = window.add(HEADER_SLOTS);
        std::ptr::copy(args, args.add(1), nargs);
        *args = callee;
        *window = handler;
        Ok(window)
    }

    /// Starts a linked frame of a Lua function: room, parameters, extra arguments. Sets the saved state.
    #[inline]
    pub(crate) unsafe fn enter_lua(&mut self, base: *mut Value, proto: *mut Proto, nargs: usize) -> Result<(), Raised> {
        let proto_ref = &*proto;
        if proto_ref.arity as usize == nargs
            && base.byte_add(proto_ref.frame_bytes as usize) <= self.stack_limit
            && !self.stack_stress
        {
            self.fuel = self.fuel.wrapping_sub(i64::from(proto_ref.words));
            self.base = base;
            self.pc = proto_ref.code;
            self.k = proto_ref.constants;
            return Ok(());
        }
        self.enter_lua_slow(base, proto, nargs)
    }

    #[inline(never)]
    unsafe fn enter_lua_slow(&mut self, mut base: *mut Value, proto: *mut Proto, nargs: usize) -> Result<(), Raised> {
        if (*proto).patience != 0 {
            self.count_call(proto);
        }
        let proto_ref = &*proto;
        let params = proto_ref.params as usize;
        let extra = if proto_ref.arity == ARITY_VARARG {
            nargs.saturating_sub(params)
        } else {
            0
        };
        let shift = if extra > 0 { nargs + 1 + HEADER_SLOTS } else { 0 };
        let slots = shift + proto_ref.frame_bytes as usize / size_of::<Value>();
        if base.add(slots.max(nargs)) > self.stack_limit || self.stack_stress {
            let offset = base.byte_offset_from(self.stack_base);
            self.grow_stack(base, slots.max(nargs))?;
            base = self.stack_base.byte_offset(offset);
        }
        for i in nargs..params {
            *base.add(i) = Value::NIL;
        }
        if extra > 0 {
            base = self.shift_varargs(base, params, nargs);
        }
        self.fuel = self.fuel.wrapping_sub(i64::from(proto_ref.words));
        self.base = base;
        self.pc = proto_ref.code;
        self.k = proto_ref.constants;
        Ok(())
    }

    /// Goes on in the Lua function that was just entered.
    pub(crate) unsafe fn entered(&mut self) -> Flow {
        if self.hook_mask != 0 {
            self.hook_entered()?;
        }
        if self.fuel < 0 {
            return self.out_of_fuel();
        }
        Ok(Go::On)
    }

    /// Moves the header and the parameters above the extra arguments, and their number between them.
    unsafe fn shift_varargs(&mut self, base: *mut Value, params: usize, nargs: usize) -> *mut Value {
        let old = RegisterFrame(base);
        let new = RegisterFrame(base.add(nargs + 1 + HEADER_SLOTS));
        *base.add(nargs) = Value::int((nargs - params) as i64);
        *new.0.sub(HEADER_SLOTS) = old.callee();
        new.link(old.kind(), old.caller().0, old.return_pc(), old.return_k());
        new.set_flags(old.flags() | flag::VARARG);
        for i in 0..params {
            *new.0.add(i) = *base.add(i);
        }
        new.0
    }

    /// Where the frame's window began before its extra arguments moved it up.
    pub(crate) unsafe fn original_window(frame: RegisterFrame) -> *mut Value {
        if frame.flags() & flag::VARARG == 0 {
            return frame.0.sub(HEADER_SLOTS);
        }
        let (start, _) = frame.varargs();
        let params = frame.proto().map_or(0, |p| (*p).params as usize);
        start.sub(params + HEADER_SLOTS)
    }

    /// Calls `*window` in place of the current frame.
    ///
    /// # Safety
    /// F3: the saved base is a Lua frame's and the window lies in it.
    pub(crate) unsafe fn tail_call(&mut self, mut window: *mut Value, mut nargs: usize) -> Flow {
        let mut chain = 0;
        while !is_callable(*window) {
            chain += 1;
            window = self.resolve_call(window, nargs, FrameKind::Call1, chain)?;
            nargs += 1;
        }
        if (*window).tag == tag::NATIVE {
            // Natives see their caller: errors and `error` levels name its line.
            return self.precall(window, nargs, FrameKind::TailNative, self.base, self.pc, self.k);
        }
        let frame = self.frame();
        self.refund_frame(frame, self.pc);
        let (kind, caller, pc, k) = (frame.kind(), frame.caller().0, frame.return_pc(), frame.return_k());
        let target = Vm::original_window(frame);
        *target = *window;
        move_values(window.add(HEADER_SLOTS), target.add(HEADER_SLOTS), nargs);
        let callee = *target;
        let base = target.add(HEADER_SLOTS);
        let new = RegisterFrame(base);
        new.link(kind, caller, pc, k);
        new.set_flags(flag::TAIL);
        mark_extra(new, chain);
        // The saved base must be a whole frame if the stack has to move.
        self.base = base;
        if let Err(raised) = self.enter_lua(base, (*callee.as_ptr::<Closure>()).proto, nargs) {
            self.keep_unpaid(self.frame());
            return Err(raised);
        }
        self.entered()
    }

    /// Returns `count` values at `start` from the frame at the saved base.
    ///
    /// # Safety
    /// F3. `start` is on the running stack, above the frame's header.
    pub(crate) unsafe fn do_return(&mut self, mut start: *mut Value, mut count: usize) -> Flow {
        loop {
            if self.hook_mask != 0 {
                start = self.hook_return(start, count)?;
            }
            let frame = self.frame();
            let caller = frame.caller().0;
            let pc = frame.return_pc();
            match frame.kind() {
                FrameKind::Call1 => {
                    // The result may land on this frame's own header: read that first.
                    let k = frame.return_k();
                    let dst = reg(caller, pc.sub(1), 3);
                    *dst = if count == 0 { Value::NIL } else { *start };
                    self.go_on(caller, pc, k);
                    return Ok(Go::On);
                }
                FrameKind::Call0 => {
                    self.go_on(caller, pc, frame.return_k());
                    return Ok(Go::On);
                }
                FrameKind::CallN => {
                    let k = frame.return_k();
                    let wanted = field(pc.sub(1), 3);
                    if wanted == OPEN {
                        self.open_start = start;
                        self.open_count = count;
                    } else {
                        store_results(reg(caller, pc.sub(1), 1), wanted as usize, start, count);
                    }
                    self.go_on(caller, pc, k);
                    return Ok(Go::On);
                }
                FrameKind::TailNative => {
                    self.base = caller;
                    self.pc = pc;
                    self.refund_frame(RegisterFrame(caller), pc);
                }
                FrameKind::Forward => {
                    let wanted = (*Vm::original_window(frame).sub(1)).payload as i64;
                    if let Ok(wanted) = usize::try_from(wanted) {
                        // Missing results are nil: a few, within the spare slots.
                        for i in count..wanted {
                            *start.add(i) = Value::NIL;
                        }
                        count = wanted;
                    }
                    self.base = caller;
                }
                FrameKind::Finish => {
                    let header = Vm::original_window(frame);
                    self.go_on(caller, pc, frame.return_k());
                    return self.finish(header, start, count);
                }
                FrameKind::Entry => {
                    self.open_start = start;
                    self.open_count = count;
                    self.base = caller;
                    self.exit = true;
                    return Ok(Go::Exit);
                }
                FrameKind::Pcall | FrameKind::Xpcall => {
                    // The slot below the results is dead: the body's frame word, or a register of it.
                    start = start.sub(1);
                    *start = Value::TRUE;
                    count += 1;
                    (*self.thread).protected -= 1;
                    self.base = caller;
                }
                FrameKind::Handler => {
                    self.error = if count == 0 { Value::NIL } else { *start };
                    self.end_handler();
                    self.base = caller;
                    self.pc = pc;
                    return Ok(self.unwind_handled());
                }
                FrameKind::Body => return thread::finish_body(self, start, count),
                FrameKind::Close => {
                    let header = Vm::original_window(frame);
                    self.go_on(caller, pc, frame.return_k());
                    self.restore_open(header);
                    return Ok(Go::On);
                }
                FrameKind::CloseError => {
                    // The error is kept below the window.
                    self.error = *Vm::original_window(frame).sub(1);
                    self.base = caller;
                    self.pc = pc;
                    return Ok(self.unwind_handled());
                }
                FrameKind::CloseThread => return thread::finish_close(self),
                FrameKind::HookYield => {
                    let header = Vm::original_window(frame);
                    self.go_on(caller, pc, frame.return_k());
                    self.end_hook_yield(header);
                    return Ok(Go::On);
                }
                FrameKind::Finalizer | FrameKind::Base => {
                    self.base = caller;
                    self.exit = true;
                    return Ok(Go::Exit);
                }
            }
        }
    }

    /// As [`Vm::do_return`], from a native: most were called for one result, or none.
    ///
    /// # Safety
    /// As [`Vm::do_return`].
    #[inline(always)]
    pub(crate) unsafe fn native_return(&mut self, start: *mut Value, count: usize) -> Flow {
        let frame = self.frame();
        let kind = frame.kind();
        if self.hook_mask == 0 && matches!(kind, FrameKind::Call1 | FrameKind::Call0) {
            let (caller, pc, k) = (frame.caller().0, frame.return_pc(), frame.return_k());
            if kind == FrameKind::Call1 {
                let dst = reg(caller, pc.sub(1), 3);
                if count == 0 {
                    (*dst).tag = tag::NIL;
                } else {
                    let (payload, tag) = ((*start).payload, (*start).tag);
                    (*dst).payload = payload;
                    (*dst).tag = tag;
                }
            }
            self.go_on(caller, pc, k);
            return Ok(Go::On);
        }
        self.do_return(start, count)
    }

    #[inline(always)]
    fn go_on(&mut self, base: *mut Value, pc: *const u64, k: *const Value) {
        self.base = base;
        self.pc = pc;
        self.k = k;
    }

    /// The first slot above the registers of the current frame.
    pub(crate) unsafe fn frame_end(&self) -> *mut Value {
        match self.frame().proto() {
            Some(p) => self.base.add((*p).at(self.pc).frame_size as usize),
            None => self.top,
        }
    }

    // ---- errors ----

    /// Handles the error on its way, for the first time: message handlers run before frames go.
    pub(crate) unsafe fn unwind(&mut self, raised: Raised) -> Go {
        let Raised(()) = raised;
        if self.stop.is_some() {
            return self.unwind_stopped();
        }
        if (*self.thread).leaving {
            return thread::leave_natives(self);
        }
        if std::mem::take(&mut self.handled) {
            return self.unwind_handled();
        }
        let mut frame = self.frame();
        let mut handlers = 0u32;
        loop {
            match frame.kind() {
                FrameKind::Pcall
                | FrameKind::Base
                | FrameKind::Body
                | FrameKind::Finalizer
                | FrameKind::CloseThread => break,
                FrameKind::Handler => handlers += 1,
                FrameKind::Entry if self.is_host_floor(frame.caller().0) => {
                    if self.error.is_str() || self.error.to_num().is_some() {
                        self.traceback = Some(self.traceback_text(self.thread, None, 0));
                    }
                    break;
                }
                FrameKind::Xpcall => {
                    let handler = *frame.caller().0;
                    return match self.call_handler(handler, handlers) {
                        Ok(go) => go,
                        Err(raised) => self.unwind(raised),
                    };
                }
                _ => {}
            }
            frame = frame.caller();
        }
        self.unwind_handled()
    }

    /// Whether the host's innermost operation runs in the native's frame at `base`: it takes the error.
    unsafe fn is_host_floor(&self, base: *mut Value) -> bool {
        let (thread, offset) = self.host_floor;
        std::ptr::eq(thread, self.thread) && base.byte_offset_from(self.stack_base) == offset
    }

    unsafe fn call_handler(&mut self, handler: Value, depth: u32) -> Flow {
        // A handler that fails is called for its own error, until it has failed too often; then it may still handle
        // that, and a little later nobody may.
        if depth >= MAX_NESTING + MAX_NESTING / 10 {
            let raised = self.handling_error();
            return Ok(self.unwind(raised));
        }
        if depth == MAX_NESTING {
            self.error = Value::str(self.new_str(b"C stack overflow")?);
        }
        let mut window = self.frame_end();
        let offset = window.byte_offset_from(self.stack_base);
        self.grow_stack(window, SPARE_SLOTS)?;
        window = self.stack_base.byte_offset(offset);
        *window = handler;
        *window.add(HEADER_SLOTS) = self.error;
        let base_offset = self.base.byte_offset_from(self.stack_base);
        self.begin_handler();
        let flow = self.precall(window, 1, FrameKind::Handler, self.base, self.pc, self.k);
        if flow.is_err() && self.base.byte_offset_from(self.stack_base) == base_offset {
            // There is no frame of the handler.
            self.end_handler();
            if !is_callable(handler) {
                // Not even the call could be made: give up as the reference does.
                return Ok(self.unwind_handled());
            }
        }
        flow
    }

    /// A message handler may not yield, and may nest deeper.
    unsafe fn begin_handler(&mut self) {
        self.handling += 1;
        (*self.thread).nested += 1;
    }

    unsafe fn end_handler(&mut self) {
        self.handling -= 1;
        (*self.thread).nested -= 1;
    }

    /// Whether the error on its way ends the running coroutine: nothing protects, and no Rust code is in between.
    unsafe fn ends_coroutine(&self) -> bool {
        let mut frame = self.frame();
        loop {
            match frame.kind() {
                FrameKind::Body => return true,
                FrameKind::Pcall
                | FrameKind::Xpcall
                | FrameKind::Entry
                | FrameKind::Finalizer
                | FrameKind::CloseThread
                | FrameKind::Base => return false,
                _ => frame = frame.caller(),
            }
        }
    }

    /// Takes frames off until one is protected. A coroutine that fails keeps its frames.
    pub(crate) unsafe fn unwind_handled(&mut self) -> Go {
        if self.error.is_nil() && self.std.close_without_error_argument() {
            self.error = match self.new_str(b"<no error object>") {
                Ok(text) => Value::str(text),
                Err(Raised(())) => self.error,
            };
        }
        if self.ends_coroutine() {
            return match thread::fail_body(self) {
                Ok(go) => go,
                Err(raised) => self.unwind(raised),
            };
        }
        loop {
            let frame = self.frame();
            let kind = frame.kind();
            if kind != FrameKind::Base && self.has_tbc(frame.0) {
                match self.close_for_error(frame.0) {
                    Ok(Some(go)) => return go,
                    Ok(None) => continue,
                    Err(raised) => return self.unwind(raised),
                }
            }
            let caller = frame.caller().0;
            self.refund_frame(frame, self.pc);
            match kind {
                FrameKind::Pcall | FrameKind::Xpcall => {
                    (*self.thread).protected -= 1;
                    self.base = caller;
                    if self.in_overflow || self.has_overflown() {
                        self.end_overflow();
                    }
                    let caller = self.base;
                    *caller = Value::FALSE;
                    *caller.add(1) = self.error;
                    self.error = Value::NIL;
                    return match self.do_return(caller, 2) {
                        Ok(go) => go,
                        Err(raised) => self.unwind(raised),
                    };
                }
                FrameKind::Entry | FrameKind::Finalizer => {
                    self.base = caller;
                    self.exit = true;
                    self.failed = true;
                    return Go::Exit;
                }
                FrameKind::Body => {
                    return match thread::fail_body(self) {
                        Ok(go) => go,
                        Err(raised) => self.unwind(raised),
                    };
                }
                FrameKind::CloseThread => {
                    // An error in a `__close` replaces the one before; the thread goes on closing.
                    return match thread::finish_close_error(self) {
                        Ok(go) => go,
                        Err(raised) => self.unwind(raised),
                    };
                }
                FrameKind::Handler => {
                    self.end_handler();
                    self.pc = frame.return_pc();
                    self.base = caller;
                }
                FrameKind::Base => unreachable!("F3: an entry frame lies above the base"),
                _ => {
                    self.pc = frame.caller_pc();
                    self.base = caller;
                }
            }
        }
    }

    /// Takes all frames off that the innermost run of the dispatch loop has, coroutines included, because everything must
    /// end: nothing is protected, nothing is closed, no handler is asked.
    unsafe fn unwind_stopped(&mut self) -> Go {
        // The frames of a coroutine that is being closed paid for nothing any more.
        let mut closed = false;
        loop {
            let frame = self.frame();
            let (kind, caller) = (frame.kind(), frame.caller().0);
            if !closed {
                self.refund_frame(frame, self.pc);
            }
            closed |= kind == FrameKind::CloseThread;
            let slot = frame.0.offset_from(self.stack_base) as usize;
            if kind != FrameKind::Base {
                while (*self.thread).tbc.pop_if(|at| *at as usize >= slot).is_some() {}
            }
            match kind {
                FrameKind::Entry | FrameKind::Finalizer => {
                    self.base = caller;
                    self.exit = true;
                    self.failed = true;
                    return Go::Exit;
                }
                FrameKind::Pcall | FrameKind::Xpcall => {
                    (*self.thread).protected -= 1;
                    self.base = caller;
                    if self.in_overflow || self.has_overflown() {
                        self.end_overflow();
                    }
                }
                FrameKind::Handler => {
                    self.end_handler();
                    self.pc = frame.return_pc();
                    self.base = caller;
                }
                FrameKind::Body => {
                    thread::end_stopped(self);
                    closed = false;
                }
                FrameKind::Base => unreachable!("F3: an entry frame lies above the base"),
                _ => {
                    self.pc = frame.caller_pc();
                    self.base = caller;
                }
            }
        }
    }

    // ---- to-be-closed slots ----

    unsafe fn has_tbc(&self, from: *mut Value) -> bool {
        let at = from.offset_from(self.stack_base) as usize;
        (*self.thread).tbc.last().is_some_and(|&slot| slot as usize >= at)
    }

    /// Marks a slot to be closed.
    ///
    /// # Errors
    /// The value cannot be closed.
    ///
    /// # Safety
    /// `slot` is a register of the current frame.
    pub(crate) unsafe fn mark_tbc(&mut self, slot: *mut Value, name: &[u8]) -> Result<(), Raised> {
        let v = *slot;
        if !v.truthy() {
            return Ok(());
        }
        if self.metamethod(v, Event::Close).is_nil() {
            let mut msg = b"variable '".to_vec();
            msg.extend_from_slice(name);
            msg.extend_from_slice(b"' got a non-closable value");
            return Err(self.rt_error(&msg));
        }
        let tbc = &mut (*self.thread).tbc;
        if tbc.len() == tbc.capacity() {
            // It counts as long as the coroutine lives.
            let more = tbc.capacity().max(4);
            let bytes = more * size_of::<u32>();
            if self.heap.memory.charge(bytes).is_err() {
                return Err(self.raise_memory());
            }
            tbc.reserve_exact(more);
        }
        tbc.push(slot.offset_from(self.stack_base) as u32);
        Ok(())
    }

    /// One step of a `close` instruction: starts the last `__close` at or above `from`, or moves on.
    ///
    /// # Safety
    /// The saved pc is at the `close`.
    pub(crate) unsafe fn close_step(&mut self, from: *mut Value) -> Flow {
        if !self.has_tbc(from) {
            self.count_close();
            self.pc = self.pc.add(1);
            return Ok(Go::On);
        }
        let Some(slot) = (*self.thread).tbc.pop() else {
            unreachable!("a to-be-closed slot is listed")
        };
        let v = *self.stack_base.add(slot as usize);
        let handler = self.metamethod(v, Event::Close);
        let mut window = self.frame_end();
        if self.returns_open() {
            let (start, count) = (self.open_start, self.open_count);
            let offset = window.byte_offset_from(self.stack_base);
            self.grow_stack(window, count + 1 + SPARE_SLOTS)?;
            let start = if self.open_start.is_null() {
                start
            } else {
                self.open_start
            };
            window = self.stack_base.byte_offset(offset);
            std::ptr::copy(start, window, count);
            *window.add(count) = Value::int(count as i64);
            window = window.add(count + 1);
        } else {
            let offset = window.byte_offset_from(self.stack_base);
            if window.add(SPARE_SLOTS) > self.stack_limit {
                self.grow_stack(window, SPARE_SLOTS)?;
                window = self.stack_base.byte_offset(offset);
            }
        }
        *window = handler;
        *window.add(HEADER_SLOTS) = v;
        let mut nargs = 1;
        if !self.std.close_without_error_argument() {
            *window.add(HEADER_SLOTS + 1) = Value::NIL;
            nargs = 2;
        }
        self.precall(window, nargs, FrameKind::Close, self.base, self.pc, self.k)
    }

    /// Whether the open values are alive across the `close` at the saved pc.
    unsafe fn returns_open(&self) -> bool {
        field(self.pc.add(1), 0) == Opcode::ReturnOpen as u16
    }

    unsafe fn restore_open(&mut self, header: *mut Value) {
        if self.returns_open() {
            let count = (*header.sub(1)).payload as usize;
            self.open_count = count;
            self.open_start = header.sub(1 + count);
        }
    }

    /// While unwinding: starts the last `__close` of the frame at `base`.
    unsafe fn close_for_error(&mut self, base: *mut Value) -> Result<Option<Go>, Raised> {
        let Some(slot) = (*self.thread).tbc.pop() else {
            return Ok(None);
        };
        debug_assert!(slot as usize >= base.offset_from(self.stack_base) as usize);
        let v = *self.stack_base.add(slot as usize);
        let handler = self.metamethod(v, Event::Close);
        let mut window = self.frame_end().max(self.stack_base.add(slot as usize + 1));
        let offset = window.byte_offset_from(self.stack_base);
        self.grow_stack(window, SPARE_SLOTS)?;
        window = self.stack_base.byte_offset(offset);
        *window = self.error;
        let window = window.add(1);
        *window = handler;
        *window.add(HEADER_SLOTS) = v;
        *window.add(HEADER_SLOTS + 1) = self.error;
        self.precall(window, 2, FrameKind::CloseError, self.base, self.pc, self.k)
            .map(Some)
    }
}

/// Moves values, from above the place where they go or from elsewhere. A few are moved one by one: a call of the C library costs more.
#[inline(always)]
pub(crate) unsafe fn move_values(from: *const Value, to: *mut Value, count: usize) {
    const FEW: usize = 8;
    if count > FEW || from < to.cast_const() {
        std::ptr::copy(from, to, count);
        return;
    }
    for i in 0..count {
        let (payload, tag) = ((*from.add(i)).payload, (*from.add(i)).tag);
        (*to.add(i)).payload = payload;
        (*to.add(i)).tag = tag;
    }
}

/// Copies results to where they are wanted, with nil for those that are missing.
#[inline(always)]
pub(crate) unsafe fn store_results(to: *mut Value, wanted: usize, start: *const Value, count: usize) {
    let n = wanted.min(count);
    move_values(start, to, n);
    for i in n..wanted {
        *to.add(i) = Value::NIL;
    }
}
