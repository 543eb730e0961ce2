//! What debuggers see: activation records, their functions, their local variables, upvalues.
//!
//! Levels count as in the reference: 0 is the running function. A local of a Lua frame is a slot that the live map of the
//! frame's instruction names, so that no stale slot is ever read; frames of code for debuggers
//! (`OptLevel::O0`) keep every local and temporary live as long as the reference shows it.

use crate::frame::{FrameKind, RegisterFrame, flag};
use crate::native::{Ctx, Val};
use crate::object::{Cell, Closure, Native, Proto, Userdata};
use crate::thread::Thread;
use crate::value::{Value, tag};
use crate::vm::Vm;
use perilune_bytecode::{LiveSet, Op};
use perilune_lang::chunk_display;

/// One activation record of a coroutine.
#[derive(Clone, Copy)]
pub(crate) struct Activation {
    pub frame: RegisterFrame,
    /// Where a Lua function is: the instruction that called, or that is about to run.
    pub pc: *const u64,
    /// The window above, or the end of the innermost frame's values.
    pub end: *mut Value,
}

/// The activation records of a coroutine, innermost first.
pub(crate) struct Activations {
    next: Option<Activation>,
}

impl Iterator for Activations {
    type Item = Activation;

    fn next(&mut self) -> Option<Activation> {
        let mut this = self.next?;
        // SAFETY: F3; the walk began at a saved state of a live stack, and nothing runs meanwhile.
        unsafe {
            if this.frame.kind() == FrameKind::HookYield {
                // A hook yielded: it is the function under it that is suspended.
                this = Activation {
                    frame: this.frame.caller(),
                    pc: this.frame.caller_pc(),
                    end: Vm::original_window(this.frame),
                };
            }
            let kind = this.frame.kind();
            if kind == FrameKind::Base {
                self.next = None;
                return None;
            }
            let mut frame = this.frame;
            if kind == FrameKind::CloseError {
                // The frames that failed are gone, though their slots wait to be closed.
                frame = frame.caller();
                while !matches!(
                    frame.kind(),
                    FrameKind::Pcall
                        | FrameKind::Xpcall
                        | FrameKind::Entry
                        | FrameKind::Body
                        | FrameKind::Finalizer
                        | FrameKind::CloseThread
                        | FrameKind::Base
                ) {
                    frame = frame.caller();
                }
            }
            self.next = match frame.kind() {
                FrameKind::CloseThread | FrameKind::Base => None,
                _ => Some(Activation {
                    frame: frame.caller(),
                    pc: frame.caller_pc(),
                    end: Vm::original_window(frame),
                }),
            };
        }
        Some(this)
    }
}

/// What is known of a function or of an activation record: the fields of `debug.getinfo`.
#[derive(Clone, Debug, Default)]
pub struct FunctionInfo {
    /// The name of the chunk, `=[C]` of natives.
    pub source: Vec<u8>,
    /// The same for people.
    pub short_source: Vec<u8>,
    /// `Lua`, `C` or `main`.
    pub what: &'static str,
    /// The line where the definition begins, -1 of natives.
    pub line_defined: i64,
    /// The line where it ends.
    pub last_line_defined: i64,
    /// The line that runs, -1 if there is none.
    pub current_line: i64,
    /// How the call named the function.
    pub name: Option<Vec<u8>>,
    /// What kind of name that is; empty without a name.
    pub name_what: &'static str,
    /// The number of upvalues.
    pub upvalues: usize,
    /// The number of parameters.
    pub params: usize,
    /// Whether it takes extra arguments.
    pub vararg: bool,
    /// Whether it took its caller's place.
    pub tail_call: bool,
    /// How many arguments `__call` metamethods put in front.
    pub extra_args: usize,
    /// While a hook of a call or return runs: the number of the first value on its way, as locals are numbered.
    pub first_transfer: usize,
    /// How many there are.
    pub transfers: usize,
}

impl Vm {
    /// The activation records of a coroutine.
    ///
    /// # Safety
    /// `t` is live; nothing runs during the walk.
    pub(crate) unsafe fn activations(&self, t: *mut Thread) -> Activations {
        let (base, pc, top) = if std::ptr::eq(t, self.thread) {
            (self.base, self.pc, self.top)
        } else {
            ((*t).base, (*t).pc, (*t).top)
        };
        if (*t).stack.is_null() {
            return Activations { next: None };
        }
        let frame = RegisterFrame(base);
        let end = match frame.proto() {
            Some(proto) => base.add((*proto).at(pc).frame_size as usize),
            None => top,
        };
        Activations {
            next: Some(Activation { frame, pc, end }),
        }
    }

    unsafe fn function_info(&self, f: Value) -> FunctionInfo {
        let mut info = FunctionInfo {
            source: b"=[C]".to_vec(),
            short_source: b"[C]".to_vec(),
            what: "C",
            line_defined: -1,
            last_line_defined: -1,
            current_line: -1,
            vararg: true,
            ..FunctionInfo::default()
        };
        match f.tag {
            tag::CLOSURE => {
                let closure: *mut Closure = f.as_ptr();
                let proto = &*(*closure).proto;
                let function = proto.function();
                info.source = proto.origin().module.name.clone();
                info.short_source = chunk_display(&info.source);
                info.what = if function.line_defined == 0 { "main" } else { "Lua" };
                info.line_defined = function.line_defined.into();
                info.last_line_defined = function.last_line.into();
                info.upvalues = (*closure).header.aux as usize;
                info.params = function.params.into();
                info.vararg = function.vararg;
            }
            tag::NATIVE => info.upvalues = (*f.as_ptr::<Native>()).header.aux as usize,
            _ => {}
        }
        info
    }

    unsafe fn activation_info(&self, t: *mut Thread, a: Activation) -> FunctionInfo {
        let mut info = self.function_info(a.frame.callee());
        if a.frame.proto().is_some() {
            info.current_line = self.line_of(a.frame, a.pc).map_or(-1, i64::from);
        }
        let flags = a.frame.flags();
        info.tail_call = flags & flag::TAIL != 0;
        info.extra_args = usize::from(flags >> flag::EXTRA_SHIFT);
        if let Some((kind, name)) = self.call_name(a.frame) {
            info.name_what = kind;
            info.name = Some(name);
        }
        if flags & flag::HOOKED != 0 {
            let transfer = (*t).hook.transfer;
            let placed = transfer.count > 0 || self.std.empty_transfers_have_places();
            info.first_transfer = if placed { transfer.first } else { 0 };
            info.transfers = transfer.count;
        }
        info
    }

    /// The slots of a Lua frame that hold values at its instruction.
    unsafe fn live_slots(frame: RegisterFrame, proto: &Proto, pc: *const u64) -> Option<&LiveSet> {
        let origin = proto.at(pc);
        let at = origin.word(pc);
        if frame.flags() & (flag::HOOKED | flag::LEAVING) == flag::HOOKED {
            origin.liveness().before(at)
        } else {
            origin.function().safepoint_at(at)
        }
    }

    /// Local number `n` of an activation record: its name, and where it is if it has a value.
    unsafe fn find_local(&self, t: *mut Thread, a: Activation, n: i64) -> Option<(Vec<u8>, Option<*mut Value>)> {
        let Some(proto) = a.frame.proto() else {
            let count = a.end.offset_from(a.frame.0);
            return (n > 0 && n <= count as i64)
                .then(|| (b"(C temporary)".to_vec(), Some(a.frame.0.add(n as usize - 1))));
        };
        let proto = &*proto;
        let Ok(n) = usize::try_from(n) else {
            let (extra, count) = a.frame.varargs();
            let index = usize::try_from(n.unsigned_abs()).ok()?;
            let in_table = proto
                .at(a.pc)
                .function()
                .ops()
                .flatten()
                .any(|(_, op)| matches!(op, Op::VarargTable { .. }));
            return (index <= count && !in_table).then(|| (b"(vararg)".to_vec(), Some(extra.add(index - 1))));
        };
        if n == 0 {
            return None;
        }
        let (named, temporaries) = Vm::visible(a, proto);
        if let Some((name, slot)) = named.get(n - 1) {
            return Some((name.clone(), Some(a.frame.0.add(*slot as usize))));
        }
        let temporary = || b"(temporary)".to_vec();
        let hooked = a.frame.flags() & flag::HOOKED != 0;
        let transfer = (*t).hook.transfer;
        if hooked
            && let Some(at) = transfer.at
            && n >= transfer.first
            && n < transfer.first + transfer.count
        {
            return Some((temporary(), Some((*t).stack.add(at + n - transfer.first))));
        }
        if let Some(&slot) = temporaries.get(n - 1 - named.len()) {
            return Some((temporary(), Some(a.frame.0.add(slot as usize))));
        }
        // In a hook, the reference shows all registers of the frame, whatever they hold.
        (hooked && n <= proto.at(a.pc).frame_size as usize).then(|| (temporary(), None))
    }

    /// The named locals and the temporaries of a Lua frame, with their slots.
    unsafe fn visible(a: Activation, proto: &Proto) -> (Vec<(Vec<u8>, u32)>, Vec<u32>) {
        let Some(live) = Vm::live_slots(a.frame, proto, a.pc) else {
            return (Vec::new(), Vec::new());
        };
        let origin = proto.at(a.pc);
        let named: Vec<(Vec<u8>, u32)> = origin
            .function()
            .locals_at(origin.word(a.pc))
            .filter(|local| live.contains(local.slot))
            .map(|local| (local.name.to_vec(), local.slot))
            .collect();
        let temporaries = live
            .iter()
            .filter(|slot| !named.iter().any(|(_, named)| named == slot))
            .collect();
        (named, temporaries)
    }

    /// Where local number `n` of the frame at the saved base is, whose `return` is about to run.
    pub(crate) unsafe fn leaving_place(&self, n: usize) -> Option<*mut Value> {
        let frame = self.frame();
        let origin = (*frame.proto()?).at(self.pc);
        let at = origin.word(self.pc);
        let live = origin.function().safepoint_at(at)?;
        let named: Vec<u32> = origin
            .function()
            .locals_at(at)
            .map(|local| local.slot)
            .filter(|&slot| live.contains(slot))
            .collect();
        let slot = match named.get(n - 1) {
            Some(&slot) => slot,
            None => live
                .iter()
                .filter(|slot| !named.contains(slot))
                .nth(n - 1 - named.len())?,
        };
        Some(frame.0.add(slot as usize))
    }

    /// Whether a value may be stored in a slot of a Lua frame: the frame is for debuggers, and prepared loops keep the
    /// type of number that they were prepared for.
    unsafe fn may_store(a: Activation, place: *mut Value, v: Value) -> bool {
        let Some(proto) = a.frame.proto() else { return true };
        let origin = (*proto).at(a.pc);
        if !origin.liveness().is_complete() {
            return false;
        }
        if (*place).tag == v.tag && matches!(v.tag, tag::INT | tag::FLOAT) {
            return true;
        }
        let distance = place.offset_from(a.frame.0);
        let Ok(slot) = u16::try_from(distance) else { return true };
        let at = i64::from(origin.word(a.pc));
        !origin.function().ops().flatten().any(|(start, op)| match op {
            Op::ForPrep { index, count, step, to } => {
                let start = i64::from(start);
                let end = start + op.words() as i64 + i64::from(to.0);
                [index.0, count.0, step.0].contains(&slot) && (start..end).contains(&at)
            }
            _ => false,
        })
    }

    unsafe fn thread_of(&self, co: Option<Val<'_>>) -> *mut Thread {
        match co {
            Some(v) if v.raw.tag == tag::THREAD => v.raw.as_ptr(),
            _ => self.thread,
        }
    }

    unsafe fn activation_at(&self, co: Option<Val<'_>>, level: i64) -> Option<(*mut Thread, Activation)> {
        let t = self.thread_of(co);
        let level = usize::try_from(level).ok()?;
        self.activations(t).nth(level).map(|a| (t, a))
    }
}

/// Reads a slot that may hold a captured local's cell.
unsafe fn read(place: *mut Value) -> Value {
    let v = *place;
    let v = if v.tag == tag::CELL {
        (*v.as_ptr::<Cell>()).value
    } else {
        v
    };
    // What lies behind the tag of a callee is not the value's.
    Value {
        payload: v.payload,
        tag: v.tag,
    }
}

/// Inspection. `co` is a coroutine, the running one if absent; levels count from 0, the running function.
impl Ctx<'_> {
    /// What is known of a function.
    pub fn function_info(&self, f: Val<'_>) -> FunctionInfo {
        // SAFETY: N1.
        unsafe { self.vm_mut().function_info(f.raw) }
    }
    /// What is known of the function at a level; `None` if there are not so many.
    pub fn level_info(&self, co: Option<Val<'_>>, level: i64) -> Option<(FunctionInfo, Val<'_>)> {
        let vm = self.vm_mut();
        // SAFETY: N1, F3.
        unsafe {
            let (t, a) = vm.activation_at(co, level)?;
            Some((vm.activation_info(t, a), Val::new(read(a.frame.0.sub(2)))))
        }
    }
    /// Whether there is such a level.
    pub fn has_level(&self, co: Option<Val<'_>>, level: i64) -> bool {
        // SAFETY: N1, F3.
        unsafe { self.vm_mut().activation_at(co, level).is_some() }
    }
    /// The lines of a Lua function that have code, unsorted; `None` for natives.
    pub fn active_lines(&self, f: Val<'_>) -> Option<Vec<u32>> {
        if f.raw.tag != tag::CLOSURE {
            return None;
        }
        // SAFETY: N1.
        let function = unsafe { (*(*f.raw.as_ptr::<Closure>()).proto).function() };
        Some(
            function
                .lines
                .iter()
                .map(|entry| entry.line)
                .filter(|&line| line != 0)
                .collect(),
        )
    }
    /// The name of a parameter of a Lua function, from 1.
    pub fn parameter_name(&self, f: Val<'_>, n: i64) -> Option<&[u8]> {
        if f.raw.tag != tag::CLOSURE {
            return None;
        }
        // SAFETY: N1.
        let function = unsafe { (*(*f.raw.as_ptr::<Closure>()).proto).function() };
        let index = usize::try_from(n).ok()?.checked_sub(1)?;
        let local = function.locals_at(0).nth(index)?;
        Some(&local.name)
    }
    /// Local variable number `n` at a level: its name and value. Negative numbers are extra arguments.
    pub fn local(&self, co: Option<Val<'_>>, level: i64, n: i64) -> Option<(Vec<u8>, Val<'_>)> {
        let vm = self.vm_mut();
        // SAFETY: N1, F3; the place is live.
        unsafe {
            let (t, a) = vm.activation_at(co, level)?;
            let (name, place) = vm.find_local(t, a, n)?;
            Some((name, Val::new(place.map_or(Value::NIL, |place| read(place)))))
        }
    }
    /// Changes a local variable; its name, or `None` if there is none or it cannot be changed.
    pub fn set_local(&self, co: Option<Val<'_>>, level: i64, n: i64, v: Val<'_>) -> Option<Vec<u8>> {
        let vm = self.vm_mut();
        // SAFETY: N1, F3; the place is live, and keeps holding a cell or a value.
        unsafe {
            let (t, a) = vm.activation_at(co, level)?;
            let (name, place) = vm.find_local(t, a, n)?;
            let Some(place) = place else { return Some(name) };
            if !Vm::may_store(a, place, v.raw) {
                return None;
            }
            if (*place).tag == tag::CELL {
                let cell: *mut Cell = (*place).as_ptr();
                vm.barrier(cell);
                (*cell).value = v.raw;
            } else {
                vm.barrier(t);
                *place = v.raw;
            }
            Some(name)
        }
    }
    /// An upvalue of a function, from 1: its name and value. Those of natives have no names.
    pub fn function_upvalue(&self, f: Val<'_>, n: i64) -> Option<(&[u8], Val<'_>)> {
        // SAFETY: N1; checked.
        unsafe {
            let i = upvalue_index(f, n)?;
            if f.raw.tag == tag::NATIVE {
                return Some((b"", Val::new(*(*f.raw.as_ptr::<Native>()).upvalues_mut().add(i))));
            }
            let closure: *mut Closure = f.raw.as_ptr();
            let cell = *(*closure).upvalues_mut().add(i);
            Some((upvalue_name(closure, i), Val::new((*cell).value)))
        }
    }
    /// Changes an upvalue of a function; its name.
    pub fn set_function_upvalue(&self, f: Val<'_>, n: i64, v: Val<'_>) -> Option<&[u8]> {
        let vm = self.vm_mut();
        // SAFETY: N1; checked.
        unsafe {
            let i = upvalue_index(f, n)?;
            if f.raw.tag == tag::NATIVE {
                let native: *mut Native = f.raw.as_ptr();
                vm.barrier(native);
                *(*native).upvalues_mut().add(i) = v.raw;
                return Some(b"");
            }
            let closure: *mut Closure = f.raw.as_ptr();
            let cell = *(*closure).upvalues_mut().add(i);
            vm.barrier(cell);
            (*cell).value = v.raw;
            Some(upvalue_name(closure, i))
        }
    }
    /// What tells the variable of an upvalue from all others, as a light userdata.
    pub fn upvalue_id(&self, f: Val<'_>, n: i64) -> Option<Val<'static>> {
        use perilune_gc::raw::{Header, RawHeap};
        type Heap = RawHeap<crate::object::Objects>;
        // SAFETY: N1; checked.
        let id = unsafe {
            let i = upvalue_index(f, n)?;
            let id = |p: *mut Header| std::ptr::NonNull::new(p).map(Heap::id);
            // Cells have ids below 2^56; an upvalue of a native is named by the native and its number.
            if f.raw.tag == tag::NATIVE {
                (i as u64 + 1) << 56 | id(f.raw.as_ptr())?
            } else {
                id((*(*f.raw.as_ptr::<Closure>()).upvalues_mut().add(i)).cast())?
            }
        };
        Some(Val::new(Value {
            payload: id,
            tag: tag::LIGHT,
        }))
    }
    /// Makes upvalue `n` of the Lua function `f` the variable that upvalue `m` of `g` is; false if there is no such
    /// upvalue.
    pub fn join_upvalues(&self, f: Val<'_>, n: i64, g: Val<'_>, m: i64) -> bool {
        let vm = self.vm_mut();
        if f.raw.tag != tag::CLOSURE || g.raw.tag != tag::CLOSURE {
            return false;
        }
        // SAFETY: N1; checked.
        unsafe {
            let (Some(i), Some(j)) = (upvalue_index(f, n), upvalue_index(g, m)) else {
                return false;
            };
            let closure: *mut Closure = f.raw.as_ptr();
            vm.barrier(closure);
            *(*closure).upvalues_mut().add(i) = *(*g.raw.as_ptr::<Closure>()).upvalues_mut().add(j);
        }
        true
    }
    /// The user value of a userdata, which has one if the host gave it room for one.
    pub fn user_value(&self, v: Val<'_>, n: i64) -> Option<Val<'_>> {
        let u = user_value_place(v, n)?;
        // SAFETY: N1.
        Some(Val::new(unsafe { (*u).user_value }))
    }
    /// Sets the user value of a userdata; false if it has none of this number.
    pub fn set_user_value(&self, v: Val<'_>, n: i64, value: Val<'_>) -> bool {
        let Some(u) = user_value_place(v, n) else { return false };
        // SAFETY: N1.
        unsafe {
            self.vm_mut().barrier(u);
            (*u).user_value = value.raw;
        }
        true
    }
    /// A traceback of a coroutine from `level` on, as `luaL_traceback`.
    pub fn traceback_of(&self, co: Option<Val<'_>>, message: Option<&[u8]>, level: usize) -> Vec<u8> {
        let vm = self.vm_mut();
        // SAFETY: N1, F3.
        unsafe { vm.traceback_text(vm.thread_of(co), message, level) }
    }
    /// The running coroutine.
    pub fn running(&self) -> Val<'_> {
        Val::new(Value::thread(self.vm_mut().thread))
    }
    /// Sets or removes the hook of a coroutine.
    pub fn set_hook(&self, co: Option<Val<'_>>, hook: Option<crate::HookFn>, events: crate::HookEvents) {
        let vm = self.vm_mut();
        // SAFETY: N1.
        unsafe { vm.set_thread_hook(vm.thread_of(co), hook, events) }
    }
    /// The hook of a coroutine.
    pub fn hook(&self, co: Option<Val<'_>>) -> Option<(crate::HookFn, crate::HookEvents)> {
        let vm = self.vm_mut();
        // SAFETY: N1.
        unsafe { vm.thread_hook(vm.thread_of(co)) }
    }
}

/// The index of an upvalue that a function has.
unsafe fn upvalue_index(f: Val<'_>, n: i64) -> Option<usize> {
    let count = match f.raw.tag {
        tag::CLOSURE => (*f.raw.as_ptr::<Closure>()).header.aux,
        tag::NATIVE => (*f.raw.as_ptr::<Native>()).header.aux,
        _ => return None,
    };
    let index = usize::try_from(n).ok()?.checked_sub(1)?;
    (index < usize::from(count)).then_some(index)
}

unsafe fn upvalue_name<'a>(closure: *mut Closure, i: usize) -> &'a [u8] {
    match (*(*closure).proto).function().upvalues.get(i) {
        Some(upvalue) if !upvalue.name.is_empty() => &upvalue.name,
        _ => b"(no name)",
    }
}

fn user_value_place(v: Val<'_>, n: i64) -> Option<*mut Userdata> {
    if v.raw.tag != tag::USERDATA || n != 1 {
        return None;
    }
    let u: *mut Userdata = v.raw.as_ptr();
    // SAFETY: N1.
    unsafe { (*u).has_user_value }.then_some(u)
}
