//! The functions that are operations on frames, and so belong to the VM: protected calls, coroutines, `next`.

use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame};
use crate::native::{Ctx, Returns, Run, Val};
use crate::object::Native;
use crate::thread::{self, Status, Thread};
use crate::value::{Value, tag};
use crate::vm::{Flow, Raised, SPARE_SLOTS, Vm, run_rust};

/// `pcall`: moves the function into a window of its own and calls it under a protected frame.
unsafe fn run_pcall(vm: *mut Vm, native: *mut Native, nargs: usize) -> Flow {
    let vm = &mut *vm;
    vm.top = vm.base.add(nargs);
    if nargs == 0 {
        return Err(vm.native_context(0).arg_error(0, "value expected"));
    }
    let window = room(vm, vm.base, nargs + 1)?;
    std::ptr::copy(window.add(1), window.add(HEADER_SLOTS), nargs - 1);
    protect(vm, native, window, nargs - 1, FrameKind::Pcall)
}

/// Calls the window's function under a protected frame. What fails before that frame is whole is caught by it too.
#[inline(always)]
unsafe fn protect(vm: &mut Vm, native: *mut Native, window: *mut Value, nargs: usize, kind: FrameKind) -> Flow {
    vm.top = window;
    let from = window.byte_offset_from(vm.base);
    let flow = match vm.check_nesting() {
        Ok(()) => {
            (*vm.thread).protected += 1;
            let base = vm.base.byte_offset_from(vm.stack_base);
            let flow = vm.precall(window, nargs, kind, vm.base, std::ptr::null(), std::ptr::null());
            if flow.is_ok() || vm.base.byte_offset_from(vm.stack_base) != base {
                return flow;
            }
            flow
        }
        Err(raised) => {
            (*vm.thread).protected += 1;
            Err(raised)
        }
    };
    // The native stands for the function that could not be entered.
    let window = vm.base.byte_offset(from);
    *window = Value::native(native);
    let frame = RegisterFrame(window.add(HEADER_SLOTS));
    frame.link(kind, vm.base, std::ptr::null(), std::ptr::null());
    vm.base = frame.0;
    vm.top = frame.0;
    flow
}

/// `xpcall`: the handler stays in R0, the function's window follows.
unsafe fn run_xpcall(vm: *mut Vm, native: *mut Native, nargs: usize) -> Flow {
    let vm = &mut *vm;
    vm.top = vm.base.add(nargs);
    if nargs < 2 || !(*vm.base.add(1)).is_function() {
        return Err(vm.native_context(nargs).type_error(1, "function"));
    }
    let base = room(vm, vm.base, nargs + 1)?;
    let f = *base;
    *base = *base.add(1);
    *base.add(1) = f;
    let window = base.add(1);
    std::ptr::copy(window.add(1), window.add(HEADER_SLOTS), nargs - 2);
    protect(vm, native, window, nargs - 2, FrameKind::Xpcall)
}

unsafe fn room(vm: &mut Vm, at: *mut Value, slots: usize) -> Result<*mut Value, Raised> {
    if at.add(slots + SPARE_SLOTS) > vm.stack_limit || vm.stack_stress {
        let offset = at.byte_offset_from(vm.stack_base);
        vm.grow_stack(at, slots + SPARE_SLOTS)?;
        return Ok(vm.stack_base.byte_offset(offset));
    }
    Ok(at)
}

/// The body of a frame operation is its [`Run`]; its Rust function is never called.
pub(crate) fn frame_operation(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    Err(ctx.error("a frame operation cannot be called as a plain function"))
}

fn next(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let t = ctx.check_table(0)?;
    match t.next(ctx, ctx.arg(1))? {
        Some((k, v)) => {
            ctx.push(k)?;
            ctx.push(v)?;
            Ok(Returns(2))
        }
        None => ctx.ret_nil(),
    }
}

fn ipairs_step(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let i = ctx.check_int(1)?.wrapping_add(1);
    ctx.set_top(2)?;
    ctx.push(Val::int(i))?;
    ctx.index_int(0, i)?;
    let nil = ctx.slot(3).is_nil();
    Ok(Returns(if nil { 1 } else { 2 }))
}

fn thread_arg(ctx: &Ctx<'_>, i: usize) -> Result<*mut Thread, Raised> {
    let v = ctx.arg(i);
    if v.raw.tag == tag::THREAD {
        Ok(v.raw.as_ptr())
    } else {
        Err(ctx.type_error(i, "thread"))
    }
}

fn create(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_function(0)?;
    // SAFETY: N1.
    let t = unsafe { ctx.vm_mut().new_thread(ctx.arg(0).raw)? };
    ctx.ret(Val::new(Value::thread(t)))
}

fn wrap(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_function(0)?;
    // SAFETY: N1.
    let t = unsafe { ctx.vm_mut().new_thread(ctx.arg(0).raw)? };
    let n = ctx
        .vm_mut()
        .new_native("wrap", thread::run_wrapped, frame_operation, &[Value::thread(t)])?;
    ctx.ret(Val::new(Value::native(n)))
}

fn status(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let t = thread_arg(ctx, 0)?;
    // SAFETY: N1.
    let text = match unsafe { (*t).status } {
        Status::Fresh | Status::Suspended => "suspended",
        Status::Running => "running",
        Status::Normal => "normal",
        Status::Dead | Status::Failed => "dead",
    };
    ctx.ret_str(text.as_bytes())
}

fn is_yieldable(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let vm = ctx.vm_mut();
    let t = if ctx.is_none(0) { vm.thread } else { thread_arg(ctx, 0)? };
    // SAFETY: N1.
    let yes = !std::ptr::eq(t, vm.main_thread) && unsafe { (*t).nested == 0 && !(*t).closing };
    ctx.ret_bool(yes)
}

fn running(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let vm = ctx.vm_mut();
    let main = std::ptr::eq(vm.thread, vm.main_thread);
    ctx.push(Val::new(Value::thread(vm.thread)))?;
    ctx.push(Val::bool(main))?;
    Ok(Returns(2))
}

fn operation<'a>(ctx: &'a Ctx<'_>, name: &'static str, run: Run) -> Result<Val<'a>, Raised> {
    let n = ctx.vm_mut().new_native(name, run, frame_operation, &[])?;
    Ok(Val::new(Value::native(n)))
}

/// Defines `pcall`, `xpcall`, `next` and the `coroutine` library in the globals; returns nothing else. The caller enters
/// the library into `package.loaded` if there is such a thing.
///
/// # Errors
/// Out of memory.
pub fn install(ctx: &Ctx<'_>) -> Result<(), Raised> {
    let globals = ctx.globals();
    globals.set_str(ctx, "pcall", operation(ctx, "pcall", run_pcall)?)?;
    let xpcall = operation(ctx, "xpcall", run_xpcall)?;
    ctx.vm_mut().protected_call = xpcall.raw.as_ptr();
    globals.set_str(ctx, "xpcall", xpcall)?;
    let step = ctx.new_native("ipairs_aux", ipairs_step, &[])?;
    ctx.vm_mut().ipairs_step = step.raw.as_ptr();
    let next = ctx.new_native("next", next, &[])?;
    ctx.vm_mut().next_function = next.raw.as_ptr();
    globals.set_str(ctx, "next", next)?;
    let library = ctx.new_table(0, 8)?;
    ctx.set_functions(
        library,
        &[
            ("create", create),
            ("wrap", wrap),
            ("status", status),
            ("isyieldable", is_yieldable),
            ("running", running),
        ],
    )?;
    let resume = operation(ctx, "resume", thread::run_resume)?;
    ctx.vm_mut().resume_function = resume.raw.as_ptr();
    library.set_str(ctx, "resume", resume)?;
    let yields = operation(ctx, "yield", thread::run_yield)?;
    ctx.vm_mut().yield_function = yields.raw.as_ptr();
    library.set_str(ctx, "yield", yields)?;
    let close = operation(ctx, "close", thread::run_close)?;
    ctx.vm_mut().close_function = close.raw.as_ptr();
    library.set_str(ctx, "close", close)?;
    globals.set_str(ctx, "coroutine", library.as_val())
}

impl Vm {
    /// Runs `f` with a context at the bottom of the main stack: how the host reaches the VM.
    ///
    /// # Panics
    /// If a context of another VM is in use in this thread, and not [lent](Ctx::lend).
    pub fn enter<R>(&mut self, f: impl FnOnce(&mut Ctx<'_>) -> R) -> R {
        let Some(_active) = crate::active::Active::open(self) else {
            panic!("{}", crate::active::REFUSED)
        };
        // SAFETY: F3; the saved base is a native's or the bottom, and the new values lie above its own.
        unsafe {
            let frame = RegisterFrame(self.base);
            debug_assert!(frame.proto().is_none(), "the host enters from outside of Lua code");
            if self.heap.should_collect() {
                self.collect_step();
            }
            let top_offset = self.top.byte_offset_from(self.stack_base);
            let nargs = self.top.offset_from(self.base) as usize;
            let result = f(&mut Ctx::new(self, nargs));
            self.top = self.stack_base.byte_offset(top_offset);
            result
        }
    }
}

impl Ctx<'_> {
    /// A function that calls its first argument with a message handler, its second, as `xpcall`.
    pub fn protected_call(&self) -> Val<'_> {
        Val::new(Value::native(self.vm_mut().protected_call))
    }

    /// Loads a module and pushes its main function.
    ///
    /// # Errors
    /// Out of memory.
    pub fn push_module(&self, module: perilune_bytecode::Verified) -> Result<(), Raised> {
        let main = self.vm_mut().load_module(module)?;
        self.push(Val::new(main))
    }

    /// The VM's step function of `ipairs`, which generic `for` runs without a call: what `ipairs` returns.
    pub fn ipairs_step(&self) -> Val<'_> {
        Val::new(Value::native(self.vm_mut().ipairs_step))
    }

    /// The VM's `next`, which generic `for` runs without a call: what `pairs` returns.
    pub fn next_function(&self) -> Val<'_> {
        Val::new(Value::native(self.vm_mut().next_function))
    }
}

const _: Run = run_rust;
