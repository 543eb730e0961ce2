//! Coroutines: register stacks and the transfers between them.
//!
//! A coroutine is a stack of frames and nothing else: no Rust stack belongs to it. Resume and yield switch the
//! VM's stack fields. A running or normal coroutine's state is saved in its object before a switch
//! and before a collection.

use crate::error::message;
use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame, flag};
use crate::fuel::Rests;
use crate::hook::Hook;
use crate::meta::Event;
use crate::object::{Native, Objects, kind, mark_ptr, mark_value};
use crate::value::{Value, tag};
use crate::vm::{Flow, Go, MAX_NESTING, Raised, SPARE_SLOTS, Vm};
use perilune_gc::raw::{Header, Memory, OutOfMemory, RawHeap, Tracer};
use std::alloc::Layout;
use std::ptr::{NonNull, null, null_mut};

/// Slots of a new stack.
pub(crate) const INITIAL_SLOTS: usize = SPARE_SLOTS + 64;

/// How many stacks of dead coroutines wait for new ones, until the next collection.
const MAX_SPARE_STACKS: usize = 16;

/// What a coroutine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not started: its function is at the bottom of its stack.
    Fresh,
    /// Stopped in a yield.
    Suspended,
    /// It is the running one.
    Running,
    /// It resumed another.
    Normal,
    /// Finished.
    Dead,
    /// Stopped by an error: its frames and its to-be-closed slots are still there.
    Failed,
}

/// How a coroutine was resumed, and so what becomes of its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// `coroutine.resume`: a boolean first.
    Resume,
    /// A `coroutine.wrap` function: values as they are, errors go on.
    Wrap,
    /// `coroutine.close`: only its to-be-closed slots run.
    Close,
    /// A wrap function whose coroutine failed and is being closed: the error goes on.
    WrapClose,
}

/// A coroutine.
#[repr(C)]
pub struct Thread {
    /// The object header.
    pub header: Header,
    /// The stack; null once it is dead.
    pub stack: *mut Value,
    /// Its slots.
    pub size: usize,
    /// Saved state: base of the innermost frame, its pc (of a Lua frame), the end of a native's values.
    pub base: *mut Value,
    /// Saved pc.
    pub pc: *const u64,
    /// Saved constants.
    pub k: *const Value,
    /// Saved end of a native frame's values.
    pub top: *mut Value,
    /// What it is doing.
    pub status: Status,
    mode: Mode,
    /// Stack indices of its to-be-closed slots, ascending.
    pub tbc: Vec<u32>,
    /// Nested runs of the dispatch loop inside it: it cannot yield through them.
    pub nested: u32,
    /// Protected calls that are open on its stack.
    pub protected: u32,
    /// Its to-be-closed slots run, and then it ends; it cannot yield any more.
    pub closing: bool,
    /// It closed itself inside natives, which are left one by one.
    pub leaving: bool,
    /// It ended, or ends, with an error: `failure`.
    pub failed: bool,
    /// Who resumed it.
    pub resumer: *mut Thread,
    /// The error that a failed coroutine died of.
    pub failure: Value,
    /// Its debug hook.
    pub(crate) hook: Hook,
    /// Suspended while fuel was counted: the rests that it got back then, and pays when it goes on.
    pub(crate) rests: Option<Rests>,
}

fn layout(slots: usize) -> Option<Layout> {
    Layout::array::<Value>(slots).ok()
}

/// Changes the size of a stack, moving it; fixes the object's own pointers.
///
/// # Errors
/// Out of memory.
///
/// # Safety
/// `t` is live; pointers into the old stack are stale afterwards.
pub unsafe fn resize(heap: &mut RawHeap<Objects>, t: *mut Thread, slots: usize) -> Result<(), OutOfMemory> {
    let new_layout = layout(slots).ok_or(OutOfMemory)?;
    let new: *mut Value = heap.memory.alloc(new_layout)?.cast().as_ptr();
    let old = (*t).stack;
    let kept = (*t).size.min(slots);
    // Instructions that load a constant type write only the tag: no slot may be uninitialized.
    std::ptr::write_bytes(new.add(kept), 0, slots - kept);
    std::ptr::copy_nonoverlapping(old.cast::<u8>(), new.cast::<u8>(), kept * size_of::<Value>());
    let moved = |p: *mut Value| {
        if p.is_null() {
            p
        } else {
            new.byte_offset(p.byte_offset_from(old))
        }
    };
    (*t).base = moved((*t).base);
    (*t).top = moved((*t).top);
    free_stack_buffer(t, &mut heap.memory);
    (*t).stack = new;
    (*t).size = slots;
    Ok(())
}

unsafe fn free_stack_buffer(t: *mut Thread, mem: &mut Memory) {
    if let (Some(p), Some(layout)) = (NonNull::new((*t).stack.cast::<u8>()), layout((*t).size)) {
        mem.free(p, layout);
    }
    (*t).stack = null_mut();
    (*t).size = 0;
}

/// Frees what a coroutine owns.
///
/// # Safety
/// `t` dies with this call.
pub unsafe fn free_stack(t: *mut Thread, mem: &mut Memory) {
    free_stack_buffer(t, mem);
    mem.release((*t).tbc.capacity() * size_of::<u32>());
    drop(std::mem::take(&mut (*t).tbc));
    drop(std::mem::take(&mut (*t).hook));
}

/// Marks what the frames of a coroutine keep alive: exactly the live slots, by the frames' maps.
///
/// # Safety
/// F3, F4: the saved state describes the stack.
pub unsafe fn trace(t: *mut Thread, tracer: &mut Tracer) {
    mark_ptr(tracer, (*t).resumer);
    mark_value(tracer, (*t).failure);
    if (*t).stack.is_null() {
        return;
    }
    for &slot in &(*t).tbc {
        mark_value(tracer, *(*t).stack.add(slot as usize));
    }
    let mark_range = |tracer: &mut Tracer, from: *mut Value, to: *mut Value| {
        let mut p = from;
        while p < to {
            mark_value(tracer, *p);
            p = p.add(1);
        }
    };
    let mut frame = RegisterFrame((*t).base);
    let mut pc = (*t).pc;
    // Where the values of the frame end, if it is a native's.
    let mut end = (*t).top;
    // What a window above a Lua frame keeps between the frame and itself; a hook that runs has its values, and open ones, there without a
    // window.
    let mut work_end: *mut Value = match frame.proto() {
        Some(_) if (*t).hook.is_running() && frame.flags() & flag::HOOKED != 0 => end,
        _ => null_mut(),
    };
    loop {
        let callee = frame.callee();
        mark_value(tracer, callee);
        let mut window = frame.0.sub(HEADER_SLOTS);
        match frame.proto() {
            Some(proto) => {
                let origin = (*proto).at(pc);
                let at = origin.word(pc);
                let hooked = frame.flags() & (flag::HOOKED | flag::LEAVING) == flag::HOOKED;
                let live = if hooked {
                    origin.liveness().before(at)
                } else {
                    origin.function().safepoint_at(at)
                };
                if let Some(live) = live {
                    for slot in live.iter() {
                        mark_value(tracer, *frame.0.add(slot as usize));
                    }
                }
                if !work_end.is_null() {
                    mark_range(tracer, frame.0.add(origin.frame_size as usize), work_end);
                }
                let (extra, count) = frame.varargs();
                if count > 0 {
                    mark_range(tracer, extra, extra.add(count));
                    window = extra.sub((*proto).params as usize + HEADER_SLOTS);
                }
            }
            None => mark_range(tracer, frame.0, end),
        }
        if frame.kind() == FrameKind::Base {
            return;
        }
        end = window;
        work_end = match frame.kind() {
            FrameKind::Call1 | FrameKind::Call0 | FrameKind::CallN | FrameKind::TailNative => null_mut(),
            _ => window,
        };
        pc = frame.caller_pc();
        frame = frame.caller();
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.free_spare_stacks();
    }
}

impl Vm {
    /// Gives the stacks that wait for new coroutines back.
    pub(crate) fn free_spare_stacks(&mut self) {
        while let Some(stack) = self.spare_stacks.pop() {
            if let (Some(p), Some(layout)) = (NonNull::new(stack.cast::<u8>()), layout(INITIAL_SLOTS)) {
                // SAFETY: `bury` put it there, of this size, and nothing points into it.
                unsafe { self.heap.memory.free(p, layout) };
            }
        }
    }

    /// A coroutine without a function.
    ///
    /// # Errors
    /// Out of memory.
    pub(crate) unsafe fn new_thread_object(&mut self) -> Result<*mut Thread, OutOfMemory> {
        let new_layout = layout(INITIAL_SLOTS).ok_or(OutOfMemory)?;
        let stack = match self.spare_stacks.pop() {
            Some(stack) => stack,
            None => {
                let stack: *mut Value = self.heap.memory.alloc(new_layout)?.cast().as_ptr();
                std::ptr::write_bytes(stack, 0, INITIAL_SLOTS);
                stack
            }
        };
        let p = match self.heap.alloc(kind::THREAD, size_of::<Thread>()) {
            Ok(p) => p,
            Err(e) => {
                self.heap.memory.free(NonNull::new_unchecked(stack.cast()), new_layout);
                return Err(e);
            }
        };
        let t: *mut Thread = p.cast().as_ptr();
        let hook = match self.thread.is_null() {
            true => Hook::default(),
            false => (*self.thread).hook.inherited(),
        };
        let base = stack.add(HEADER_SLOTS);
        *stack = Value::NIL;
        RegisterFrame(base).link(FrameKind::Base, base, null(), null());
        let header = *p.as_ref();
        t.write(Thread {
            header,
            stack,
            size: INITIAL_SLOTS,
            base,
            pc: null(),
            k: null(),
            top: base,
            status: Status::Fresh,
            mode: Mode::Resume,
            tbc: Vec::new(),
            nested: 0,
            protected: 0,
            closing: false,
            leaving: false,
            failed: false,
            resumer: null_mut(),
            failure: Value::NIL,
            hook,
            rests: None,
        });
        if self.base.is_null() {
            self.base = base;
            self.top = base;
        }
        Ok(t)
    }

    /// A coroutine that will run `f`.
    ///
    /// # Errors
    /// Out of memory, raised.
    pub(crate) unsafe fn new_thread(&mut self, f: Value) -> Result<*mut Thread, Raised> {
        let Ok(t) = self.new_thread_object() else {
            return Err(self.raise_memory());
        };
        *(*t).base = f;
        (*t).top = (*t).base.add(1);
        Ok(t)
    }

    /// Saves the running coroutine's state in its object.
    pub(crate) unsafe fn save_thread(&mut self) {
        let t = self.thread;
        (*t).base = self.base;
        (*t).pc = self.pc;
        (*t).k = self.k;
        (*t).top = self.top;
    }

    unsafe fn switch_to(&mut self, t: *mut Thread) {
        // While a coroutine runs, its stack changes without a barrier; from now on it does not.
        self.barrier(self.thread);
        self.adopt_thread(t);
        self.base = (*t).base;
        self.pc = (*t).pc;
        self.k = (*t).k;
        self.top = (*t).top;
        (*t).status = Status::Running;
        self.refresh_hooks();
    }

    /// Room for `n` values at the saved base.
    unsafe fn room_at_base(&mut self, n: usize) -> Result<(), Raised> {
        if self.base.add(n + SPARE_SLOTS) > self.stack_limit {
            self.grow_stack(self.base, n + SPARE_SLOTS)?;
        }
        Ok(())
    }
}

/// Makes a coroutine without frames run `f`.
///
/// # Safety
/// `t` and `f` are live; `t` is dead or not started.
pub(crate) unsafe fn renew(vm: &mut Vm, t: *mut Thread, f: Value) -> Result<(), Raised> {
    if (*t).stack.is_null() {
        let Some(new_layout) = layout(INITIAL_SLOTS) else {
            return Err(vm.raise_memory());
        };
        let Ok(stack) = vm.heap.memory.alloc(new_layout) else {
            return Err(vm.raise_memory());
        };
        let stack: *mut Value = stack.cast().as_ptr();
        std::ptr::write_bytes(stack, 0, INITIAL_SLOTS);
        (*t).stack = stack;
        (*t).size = INITIAL_SLOTS;
    }
    let base = (*t).stack.add(HEADER_SLOTS);
    *(*t).stack = Value::NIL;
    RegisterFrame(base).link(FrameKind::Base, base, null(), null());
    vm.barrier(t);
    *base = f;
    (*t).base = base;
    (*t).top = base.add(1);
    (*t).pc = null();
    (*t).k = null();
    (*t).status = Status::Fresh;
    (*t).mode = Mode::Resume;
    (*t).tbc.clear();
    (*t).failure = Value::NIL;
    Ok(())
}

/// Why a coroutine cannot be resumed.
fn refusal(status: Status) -> Option<&'static [u8]> {
    match status {
        Status::Fresh | Status::Suspended => None,
        Status::Dead | Status::Failed => Some(b"cannot resume dead coroutine"),
        Status::Running | Status::Normal => Some(b"cannot resume non-suspended coroutine"),
    }
}

/// `coroutine.resume`
///
/// # Safety
/// The saved base is the native's frame.
pub(crate) unsafe fn run_resume(vm: *mut Vm, _native: *mut Native, nargs: usize) -> Flow {
    let vm = &mut *vm;
    vm.top = vm.base.add(nargs);
    let co = *vm.base;
    if nargs == 0 || co.tag != tag::THREAD {
        return Err(vm.native_context(nargs).type_error(0, "thread"));
    }
    resume(vm, co.as_ptr(), Mode::Resume, 1, nargs - 1)
}

/// The function that `coroutine.wrap` returns.
///
/// # Safety
/// The saved base is the native's frame.
pub(crate) unsafe fn run_wrapped(vm: *mut Vm, native: *mut Native, nargs: usize) -> Flow {
    let vm = &mut *vm;
    vm.top = vm.base.add(nargs);
    let co = *(*native).upvalues_mut();
    resume(vm, co.as_ptr(), Mode::Wrap, 0, nargs)
}

/// Transfers to `co` with `count` values that start at slot `first` of the current native frame.
unsafe fn resume(vm: &mut Vm, co: *mut Thread, mode: Mode, first: usize, count: usize) -> Flow {
    let refused = if vm.nesting >= MAX_NESTING {
        Some(b"C stack overflow".as_slice())
    } else {
        refusal((*co).status)
    };
    if let Some(why) = refused {
        if mode == Mode::Wrap {
            return Err(vm.wrap_error_text(why));
        }
        let message = vm.new_str(why)?;
        *vm.base = Value::FALSE;
        *vm.base.add(1) = Value::str(message);
        let start = vm.base;
        return vm.do_return(start, 2);
    }
    let from = vm.thread;
    vm.save_thread();
    (*from).status = Status::Normal;
    (*co).resumer = from;
    (*co).mode = mode;
    let fresh = (*co).status == Status::Fresh;
    vm.nesting += 1;
    vm.switch_to(co);
    let source_offset = (*from).base.add(first).offset_from((*from).stack);
    if fresh {
        let window = vm.base;
        // The body's window begins at the bottom's first slot, where the function waits.
        if window.add(count + HEADER_SLOTS + SPARE_SLOTS) > vm.stack_limit
            && let Err(raised) = vm.grow_stack(window, count + HEADER_SLOTS + SPARE_SLOTS)
        {
            // The coroutine ends as by an error of its function.
            let body = RegisterFrame(vm.base.add(HEADER_SLOTS));
            body.link(FrameKind::Body, vm.base, null(), null());
            vm.base = body.0;
            vm.top = body.0;
            return Err(raised);
        }
        let window = vm.base;
        let source = (*from).stack.offset(source_offset);
        transfer(source, window.add(HEADER_SLOTS), count);
        return vm.precall(window, count, FrameKind::Body, window, null(), null());
    }
    vm.charge_thread(co);
    vm.room_at_base(count)?;
    let source = (*from).stack.offset(source_offset);
    transfer(source, vm.base, count);
    let start = vm.base;
    vm.do_return(start, count)
}

/// Copies values from one stack to another, one by one: mostly it is one or two.
unsafe fn transfer(from: *const Value, to: *mut Value, count: usize) {
    for i in 0..count {
        let (payload, tag) = ((*from.add(i)).payload, (*from.add(i)).tag);
        (*to.add(i)).payload = payload;
        (*to.add(i)).tag = tag;
    }
}

/// `coroutine.yield`
///
/// # Safety
/// The saved base is the native's frame.
pub(crate) unsafe fn run_yield(vm: *mut Vm, _native: *mut Native, nargs: usize) -> Flow {
    let vm = &mut *vm;
    vm.top = vm.base.add(nargs);
    check_yield(vm)?;
    suspend(vm, nargs)
}

/// Whether the running coroutine can yield.
///
/// # Errors
/// It cannot.
pub(crate) unsafe fn check_yield(vm: &mut Vm) -> Result<(), Raised> {
    let co = vm.thread;
    if std::ptr::eq(co, vm.main_thread) {
        return Err(vm.raise_plain(b"attempt to yield from outside a coroutine"));
    }
    if (*co).nested > 0 || (*co).closing {
        return Err(vm.raise_plain(b"attempt to yield across a C-call boundary"));
    }
    Ok(())
}

/// Suspends the running coroutine, whose innermost frame is a native's, and gives `count` values at its base to its resumer.
pub(crate) unsafe fn suspend(vm: &mut Vm, count: usize) -> Flow {
    let co = vm.thread;
    vm.top = vm.base;
    vm.save_thread();
    (*co).rests = vm.refund_thread(co);
    (*co).status = Status::Suspended;
    deliver(vm, co, count, true)
}

/// Gives `count` values at `co`'s base to its resumer and goes on there.
unsafe fn deliver(vm: &mut Vm, co: *mut Thread, count: usize, ok: bool) -> Flow {
    let source_offset = (*co).base.offset_from((*co).stack);
    let mode = (*co).mode;
    leave(vm, co);
    if let Err(raised) = vm.room_at_base(count + 1) {
        bury(vm, co);
        return Err(raised);
    }
    let source = (*co).stack.offset(source_offset);
    let mut to = vm.base;
    if mode != Mode::Wrap {
        *to = Value::bool(ok);
        to = to.add(1);
    }
    transfer(source, to, count);
    // Before the return, whose hook may collect: the stack of a dead coroutine has no frames to look at.
    bury(vm, co);
    let start = vm.base;
    vm.do_return(start, count + usize::from(mode != Mode::Wrap))
}

/// Switches back to the resumer.
unsafe fn leave(vm: &mut Vm, co: *mut Thread) {
    let back = (*co).resumer;
    (*co).resumer = null_mut();
    vm.nesting -= 1;
    vm.switch_to(back);
}

/// The body of the running coroutine returned.
pub(crate) unsafe fn finish_body(vm: &mut Vm, start: *mut Value, count: usize) -> Flow {
    let co = vm.thread;
    (*co).status = Status::Dead;
    (*co).base = start;
    deliver(vm, co, count, true)
}

/// Gives a dead coroutine's stack back.
unsafe fn bury(vm: &mut Vm, co: *mut Thread) {
    if !std::ptr::eq(vm.thread, co) && matches!((*co).status, Status::Dead) {
        if (*co).size == INITIAL_SLOTS && vm.spare_stacks.len() < MAX_SPARE_STACKS {
            vm.spare_stacks.push((*co).stack);
            (*co).stack = null_mut();
            (*co).size = 0;
        } else {
            free_stack_buffer(co, &mut vm.heap.memory);
        }
        (*co).base = null_mut();
        (*co).top = null_mut();
        (*co).tbc.clear();
    }
}

/// The running coroutine ends because everything must: on with its resumer.
pub(crate) unsafe fn end_stopped(vm: &mut Vm) {
    let co = vm.thread;
    vm.in_overflow = false;
    (*co).nested = 0;
    leave(vm, co);
    end(vm, co);
}

/// The running coroutine failed with the VM's error; its frames stay for a traceback and for
/// `coroutine.close`.
pub(crate) unsafe fn fail_body(vm: &mut Vm) -> Flow {
    let co = vm.thread;
    vm.in_overflow = false;
    vm.save_thread();
    vm.refund_thread(co);
    (*co).status = Status::Failed;
    (*co).failed = true;
    (*co).failure = vm.error;
    if (*co).mode == Mode::Wrap {
        // A wrapped coroutine is closed before its error goes on.
        (*co).mode = Mode::WrapClose;
        (*co).status = Status::Running;
        (*co).closing = true;
        return close_next(vm, co);
    }
    let error = vm.error;
    leave(vm, co);
    vm.room_at_base(2)?;
    *vm.base = Value::FALSE;
    *vm.base.add(1) = error;
    vm.error = Value::NIL;
    let start = vm.base;
    vm.do_return(start, 2)
}

/// `coroutine.close`
///
/// # Safety
/// The saved base is the native's frame.
pub(crate) unsafe fn run_close(vm: *mut Vm, _native: *mut Native, nargs: usize) -> Flow {
    let vm = &mut *vm;
    vm.top = vm.base.add(nargs);
    let co: *mut Thread = if nargs == 0 && vm.std.coroutines_close_themselves() {
        vm.thread
    } else if nargs > 0 && (*vm.base).tag == tag::THREAD {
        (*vm.base).as_ptr()
    } else {
        return Err(vm.native_context(nargs).type_error(0, "thread"));
    };
    match (*co).status {
        Status::Dead => {
            *vm.base = Value::TRUE;
            let start = vm.base;
            vm.do_return(start, 1)
        }
        Status::Fresh | Status::Suspended | Status::Failed => {
            vm.check_nesting()?;
            let from = vm.thread;
            vm.save_thread();
            (*from).status = Status::Normal;
            (*co).resumer = from;
            (*co).mode = Mode::Close;
            if (*co).status == Status::Fresh || (*co).tbc.is_empty() {
                // Nothing to run.
                (*co).resumer = null_mut();
                (*from).status = Status::Running;
                let failure = end(vm, co);
                *vm.base = Value::bool(failure.is_none());
                *vm.base.add(1) = failure.unwrap_or(Value::NIL);
                let start = vm.base;
                return vm.do_return(start, if failure.is_some() { 2 } else { 1 });
            }
            vm.nesting += 1;
            vm.switch_to(co);
            (*co).closing = true;
            close_next(vm, co)
        }
        Status::Running if std::ptr::eq(co, vm.main_thread) && vm.std.coroutines_close_themselves() => {
            Err(vm.native_context(nargs).error("cannot close main thread"))
        }
        Status::Running if vm.std.coroutines_close_themselves() && !vm.in_finalizer => {
            // Its frames do not run on.
            vm.save_thread();
            vm.refund_thread(co);
            (*co).closing = true;
            close_next(vm, co)
        }
        Status::Running => Err(vm.native_context(nargs).error("cannot close a running coroutine")),
        Status::Normal => Err(vm.native_context(nargs).error("cannot close a normal coroutine")),
    }
}

impl Vm {
    /// Runs what is still to be closed on the main stack, from the running native, as when a state ends; each error goes
    /// to the next `__close`, and the last one nowhere.
    ///
    /// # Safety
    /// F4: a native's frame is on top. Its code does not go back to the frames below.
    pub(crate) unsafe fn close_pending(&mut self) {
        let main = self.main_thread;
        let mut error = None;
        while let Some(slot) = (*main).tbc.pop() {
            let stack = if std::ptr::eq(main, self.thread) {
                self.stack_base
            } else {
                (*main).stack
            };
            let v = *stack.add(slot as usize);
            let handler = self.metamethod(v, Event::Close);
            let with_error = error.is_some() || !self.std.close_without_error_argument();
            let offset = self.top.byte_offset_from(self.stack_base);
            if self.grow_stack(self.top, SPARE_SLOTS).is_err() {
                return;
            }
            let window = self.top;
            *window = handler;
            *window.add(HEADER_SLOTS) = v;
            *window.add(HEADER_SLOTS + 1) = error.unwrap_or(Value::NIL);
            if self.call_window(window, 1 + usize::from(with_error)).is_err() {
                error = Some(std::mem::replace(&mut self.error, Value::NIL));
            }
            self.top = self.stack_base.byte_offset(offset);
        }
    }
}

/// Starts the last `__close` of a coroutine that is being closed, or ends the closing.
unsafe fn close_next(vm: &mut Vm, co: *mut Thread) -> Flow {
    let Some(slot) = (*co).tbc.pop() else {
        return closed(vm, co);
    };
    let v = *vm.stack_base.add(slot as usize);
    let handler = vm.metamethod(v, Event::Close);
    let failed = (*co).failed;
    let mut window = vm.frame_end().max(vm.stack_base.add(slot as usize + 1));
    let offset = window.byte_offset_from(vm.stack_base);
    vm.grow_stack(window, SPARE_SLOTS)?;
    window = vm.stack_base.byte_offset(offset);
    *window = handler;
    *window.add(HEADER_SLOTS) = v;
    *window.add(HEADER_SLOTS + 1) = if failed { (*co).failure } else { Value::NIL };
    let nargs = if failed || !vm.std.close_without_error_argument() {
        2
    } else {
        1
    };
    match vm.precall(window, nargs, FrameKind::CloseThread, vm.base, vm.pc, vm.k) {
        Err(_) if std::ptr::eq(vm.thread, co) && vm.frame().kind() != FrameKind::CloseThread => {
            // The handler could not even be called.
            (*co).failed = true;
            (*co).failure = vm.error;
            close_next(vm, co)
        }
        other => other,
    }
}

/// A `__close` of a coroutine that is being closed returned.
pub(crate) unsafe fn finish_close(vm: &mut Vm) -> Flow {
    let frame = vm.frame();
    vm.pc = frame.return_pc();
    vm.k = frame.return_k();
    vm.base = frame.caller().0;
    if vm.frame().proto().is_none() {
        // The native at which the coroutine stopped has no values of its own any more; the handler moved the top.
        vm.top = vm.base;
    }
    let co = vm.thread;
    close_next(vm, co)
}

/// A `__close` of a coroutine that is being closed failed: its error replaces the one before.
pub(crate) unsafe fn finish_close_error(vm: &mut Vm) -> Flow {
    let co = vm.thread;
    (*co).failed = true;
    (*co).failure = vm.error;
    finish_close(vm)
}

unsafe fn closed(vm: &mut Vm, co: *mut Thread) -> Flow {
    if (*co).nested > 0 {
        // It closed itself inside natives: they see an error that nothing catches.
        (*co).leaving = true;
        return Err(Raised(()));
    }
    let mode = (*co).mode;
    leave(vm, co);
    let failure = end(vm, co);
    match (mode, failure) {
        (Mode::Wrap | Mode::WrapClose, Some(failure)) => return Err(vm.wrap_error(failure)),
        (Mode::Wrap | Mode::WrapClose, None) => {
            let start = vm.base;
            return vm.do_return(start, 0);
        }
        (Mode::Resume | Mode::Close, _) => {}
    }
    vm.room_at_base(2)?;
    *vm.base = Value::bool(failure.is_none());
    *vm.base.add(1) = failure.unwrap_or(Value::NIL);
    let start = vm.base;
    vm.do_return(start, if failure.is_some() { 2 } else { 1 })
}

/// A coroutine ends: it is dead, and without a stack. What it failed with.
unsafe fn end(vm: &mut Vm, co: *mut Thread) -> Option<Value> {
    let failure = (*co).failed.then_some((*co).failure);
    (*co).status = Status::Dead;
    (*co).failed = false;
    (*co).closing = false;
    (*co).leaving = false;
    (*co).failure = Value::NIL;
    bury(vm, co);
    failure
}

/// The running coroutine closed itself inside natives: leaves the innermost one, or, when none is left, ends the
/// coroutine.
pub(crate) unsafe fn leave_natives(vm: &mut Vm) -> Go {
    let co = vm.thread;
    if (*co).nested == 0 {
        return match closed(vm, co) {
            Ok(go) => go,
            Err(raised) => vm.unwind(raised),
        };
    }
    loop {
        let frame = vm.frame();
        let (kind, caller) = (frame.kind(), frame.caller().0);
        vm.base = caller;
        match kind {
            FrameKind::Entry => {
                vm.exit = true;
                vm.failed = true;
                return Go::Exit;
            }
            FrameKind::Handler => {
                vm.handling -= 1;
                (*co).nested -= 1;
                if (*co).nested == 0 {
                    return leave_natives(vm);
                }
            }
            FrameKind::Base => unreachable!("F3: a nested loop has an entry frame"),
            _ => {}
        }
    }
}

impl Vm {
    /// Raises the error of a wrapped coroutine: a string gets the caller's position in front.
    unsafe fn wrap_error(&mut self, failure: Value) -> Raised {
        match failure.str_bytes() {
            Some(text) if text != crate::error::NO_MEMORY => {
                let place = self.native_where(1);
                let text = message!(place, text);
                self.raise_plain(&text)
            }
            _ => self.raise(failure),
        }
    }

    unsafe fn wrap_error_text(&mut self, text: &[u8]) -> Raised {
        let place = self.native_where(1);
        let text = message!(place, text);
        self.raise_plain(&text)
    }

    /// The position of the function `level` frames below the running one, as `luaL_where`.
    pub(crate) unsafe fn native_where(&self, level: usize) -> Vec<u8> {
        match self.activations(self.thread).nth(level) {
            Some(a) if self.line_of(a.frame, a.pc).is_some() => self.position(a.frame, a.pc),
            _ => Vec::new(),
        }
    }
}
