//! Collection at safepoints: the roots, the weak containers, the finalizers.

use crate::error::message;
use crate::frame::{FrameKind, HEADER_SLOTS};
use crate::meta::Event;
use crate::object::{Objects, Proto, kind, mark_ptr, mark_value, tag_of_kind};
use crate::table::{Table, flag};
use crate::value::{Value, tag};
use crate::vm::{SPARE_SLOTS, Vm};
use perilune_gc::raw::{Phase, Ptr, RawHeap, Roots, Tracer, WeakPhase};
use std::time::Instant;

/// All of the VM but its heap, to which the collector has a reference of its own at the same time: nothing here makes one to the whole
/// VM.
struct VmRoots(*mut Vm);

// SAFETY: F4; the saved states describe every stack, and all else that the VM holds is marked here.
unsafe impl Roots for VmRoots {
    fn trace(&mut self, t: &mut Tracer) {
        let vm = self.0;
        // SAFETY: F4; the state of the running coroutine was saved. Only fields are borrowed, and not the heap.
        unsafe { trace_roots(vm, t) };
    }

    fn weak(&mut self, phase: &mut WeakPhase<'_>) {
        let values: Vec<Ptr> = phase.clear_values().collect();
        let keys: Vec<Ptr> = phase.clear_keys().collect();
        // SAFETY: H1; the containers are live tables.
        unsafe {
            // A table may have got another mode since it was put off; then it was traced again.
            for t in values {
                if t.as_ref().aux & flag::WEAK_VALUES != 0 {
                    Table::clear_weak(t.cast().as_ptr(), false, true, &mut |v| is_dead(phase, v));
                }
            }
            for t in keys {
                if t.as_ref().aux & flag::WEAK_KEYS != 0 {
                    Table::clear_weak(t.cast().as_ptr(), true, false, &mut |v| is_dead(phase, v));
                }
            }
            if phase.is_last() {
                // The code of dead functions goes with the caches in it.
                let vm = self.0;
                Vm::flush(&mut (*vm).lookups, &mut (*vm).fills, &mut (*vm).string_index);
                let stays = |main: *mut Proto| Ptr::new(main.cast()).is_some_and(|p| phase.is_marked(p));
                (*vm).recent.retain(stays);
                (*vm).shapes.sweep(phase);
            }
        }
    }
}

/// Marks what the VM holds.
///
/// # Safety
/// F4: the state of the running coroutine was saved.
unsafe fn trace_roots(vm: *mut Vm, t: &mut Tracer) {
    mark_ptr(t, (*vm).globals);
    mark_ptr(t, (*vm).registry);
    mark_ptr(t, (*vm).main_thread);
    mark_ptr(t, (*vm).thread);
    // Its stack changes without a barrier, so it is traced whenever the roots are.
    crate::thread::trace((*vm).thread, t);
    (*vm).shapes.trace_roots(t);
    for &key in &(*vm).event_keys {
        mark_ptr(t, key);
    }
    for &name in &(*vm).type_names {
        mark_ptr(t, name);
    }
    for &meta in &(*vm).type_metas {
        mark_ptr(t, meta);
    }
    mark_value(t, (*vm).error);
    mark_value(t, (*vm).warn_function.unwrap_or(Value::NIL));
    mark_ptr(t, (*vm).next_function);
    mark_ptr(t, (*vm).ipairs_step);
    mark_ptr(t, (*vm).protected_call);
    mark_ptr(t, (*vm).resume_function);
    mark_ptr(t, (*vm).close_function);
    mark_ptr(t, (*vm).yield_function);
    if let Some(host) = (*vm).shared.upgrade() {
        host.handles.for_each(|v| mark_value(t, v));
    }
}

/// Whether a weak reference is to go. Strings are values: they stay.
fn is_dead(phase: &mut WeakPhase<'_>, v: Value) -> bool {
    let Some(p) = v.header() else { return false };
    if phase.is_marked(p) {
        return false;
    }
    if v.tag == tag::STR {
        phase.mark_leaf(p);
        return false;
    }
    true
}

impl Vm {
    /// What a safepoint does when a collection is due: a step, and the finalizers that it made due.
    ///
    /// # Safety
    /// F4: the saved base, pc and top describe the running stack.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn collect_step(&mut self) {
        let ended = self.with_roots(|heap, roots| heap.step(roots));
        if ended && self.heap.has_finalizable() && !self.in_finalizer {
            self.run_finalizers();
        }
    }

    /// `collectgarbage("step", n)`: as much as `bytes` of allocation would cause, or a basic step; whether a cycle ended.
    ///
    /// # Safety
    /// F4.
    pub(crate) unsafe fn collect_by(&mut self, bytes: usize) -> bool {
        self.note_work(bytes.min(self.heap.bytes()) / 16);
        let ended = self.with_roots(|heap, roots| heap.step_by(roots, bytes));
        if self.heap.has_finalizable() && !self.in_finalizer {
            self.run_finalizers();
        }
        ended
    }

    /// A safepoint of an instruction that is about to allocate `bytes`: steps if that is due, and makes room below the
    /// limit if it can.
    ///
    /// # Safety
    /// F4.
    pub(crate) unsafe fn safepoint(&mut self, bytes: usize) {
        if self.heap.should_collect() {
            self.collect_step();
        }
        if !self.heap.has_room(bytes) {
            self.collect_garbage();
        }
    }

    /// Collects everything, and runs the finalizers that are due.
    ///
    /// # Safety
    /// F4: the saved base, pc and top describe the running stack.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn collect_garbage(&mut self) {
        // What allocation pays for step by step is extra work here: a script could ask for it again and again.
        self.note_work(self.heap.bytes() / 16);
        self.with_roots(|heap, roots| heap.collect(roots));
        if self.heap.has_finalizable() && !self.in_finalizer {
            self.run_finalizers();
        }
    }

    /// Collects everything if that is what it takes for `bytes` to fit. A native is in the middle of its work, so no finalizers run.
    ///
    /// # Safety
    /// F4.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn collect_for_native(&mut self, bytes: usize) {
        self.settle();
        // What could never fit is refused without that.
        if !self.heap.has_room(bytes) && self.heap.limit().is_none_or(|limit| bytes < limit) {
            self.note_work(self.heap.bytes() / 16);
            self.with_roots(|heap, roots| heap.collect(roots));
        }
    }

    /// Lends the heap and the roots at once, for a collection or a part of one: a pause of the program.
    ///
    /// # Safety
    /// F4.
    unsafe fn with_roots<T>(&mut self, f: impl FnOnce(&mut RawHeap<Objects>, &mut VmRoots) -> T) -> T {
        self.save_thread();
        self.settle();
        if self.heap.phase() == Phase::Idle {
            self.free_spare_stacks();
        }
        let began = Instant::now();
        let (before, cycles) = (self.heap.bytes(), self.heap.cycles());
        let vm: *mut Vm = self;
        let result = f(&mut (*vm).heap, &mut VmRoots(vm));
        let (after, ended) = (self.heap.bytes(), self.heap.cycles() != cycles);
        self.gc_log.note(began, before, after, ended);
        if crate::graveyard::clear() {
            self.warn_to_stderr(b"panic in a destructor", false);
        }
        result
    }

    /// Runs the finalizers of objects that the last collection found dead.
    ///
    /// # Safety
    /// F4.
    pub(crate) unsafe fn run_finalizers(&mut self) {
        if self.stop.is_some() && !self.closed {
            return;
        }
        while let Some(p) = self.heap.next_finalizable() {
            let v = Value {
                payload: p.as_ptr() as u64,
                tag: tag_of_kind(p.as_ref().kind),
            };
            let handler = self.metamethod(v, Event::Gc);
            // When everything must end, what is the host's own is still tidied up: files are closed.
            if !handler.is_function() || self.stop.is_some() && handler.tag != tag::NATIVE {
                continue;
            }
            self.run_finalizer(handler, v);
        }
    }

    unsafe fn run_finalizer(&mut self, handler: Value, v: Value) {
        let error = std::mem::replace(&mut self.error, Value::NIL);
        let (open_start, open_count, top_offset) = (
            if self.open_start.is_null() {
                0
            } else {
                self.open_start.byte_offset_from(self.stack_base)
            },
            self.open_count,
            self.top.byte_offset_from(self.stack_base),
        );
        let mut window = self.frame_end();
        let offset = window.byte_offset_from(self.stack_base);
        self.in_finalizer = true;
        // Finalizers are not what a hook watches.
        self.refresh_hooks();
        let done = (|| {
            self.grow_stack(window, SPARE_SLOTS)?;
            window = self.stack_base.byte_offset(offset);
            *window = handler;
            *window.add(HEADER_SLOTS) = v;
            self.call_window_as(FrameKind::Finalizer, window, 1).map(|_| ())
        })();
        self.in_finalizer = false;
        self.refresh_hooks();
        if done.is_err() && self.stop.is_none() {
            let text = self.error_text();
            // A warning that fails has nowhere to go.
            let _ = self.warn(&message!(b"error in __gc (", text, b")"), false);
        }
        self.error = error;
        self.open_start = self.stack_base.byte_offset(open_start);
        self.open_count = open_count;
        self.top = self.stack_base.byte_offset(top_offset);
    }

    /// Runs the finalizers of everything that has one, as when a state is closed.
    pub fn close(&mut self) {
        // Finalizers have no values of a VM whose context may be open around this.
        let _active = crate::active::Active::replace(self);
        self.closed = true;
        // SAFETY: F4; no script is running.
        unsafe {
            self.heap.finalize_all();
            self.run_finalizers();
        }
    }

    /// How many objects of each kind are alive.
    pub fn object_counts(&self) -> [usize; kind::COUNT as usize] {
        let mut counts = [0; kind::COUNT as usize];
        self.heap.for_each_object(|p| {
            // SAFETY: H1.
            let k = unsafe { p.as_ref().kind } as usize;
            if let Some(count) = counts.get_mut(k) {
                *count += 1;
            }
        });
        counts
    }
}
