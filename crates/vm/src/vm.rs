//! The virtual machine: its state, and the one gate for objects, stores and memory.

use crate::dispatch::{Backend, Handler};
use crate::frame::{FrameKind, HEADER_SLOTS};
use crate::interner::Interner;
use crate::interrupt::Interrupts;
use crate::lookup::LookupCache;
use crate::meta::{EVENT_COUNT, EVENT_NAMES, TYPE_METAS};
use crate::native::{Ctx, Returns, TAIL_CALL, TYPE_COUNT, Type};
use crate::object::{Native, Objects, Str};
use crate::shape::Shapes;
use crate::table::Table;
use crate::thread::{Status, Thread};
use crate::value::{Value, tag};
use perilune_gc::raw::{Config, OutOfMemory, RawHeap, Stress};
use perilune_lang::Std;
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::atomic::AtomicPtr;

mod entry;
mod objects;
mod stack;
mod stores;

/// Most slots of one register stack, as Lua's `LUAI_MAXSTACK`.
pub const MAX_STACK: usize = 1_000_000;
/// The lowest limit of a register stack: what it has from the start.
pub const MIN_STACK: usize = crate::thread::INITIAL_SLOTS;
/// Slots beyond a stack's limit for the handling of a stack overflow.
pub const ERROR_STACK: usize = 4_000;
/// Slots kept free above every frame, for the windows of metamethods and the stack of natives.
pub const SPARE_SLOTS: usize = 64;
/// Most nested runs of the dispatch loop and resumes, as Lua's `LUAI_MAXCCALLS`.
pub const MAX_NESTING: u32 = 200;

/// Between two collections a large table is traced again as a whole after stores of one in so many of its elements.
const FORWARD_SHARE: usize = 64;

/// A Lua error is on its way; its value is kept in the VM.
#[derive(Debug)]
pub struct Raised(pub(crate) ());

/// How a slow path went: on with the VM's saved state, or out of the dispatch loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// Continue at the saved pc.
    On,
    /// The frame that entered the loop is gone: leave.
    Exit,
}

/// What slow paths return.
pub type Flow = Result<Go, Raised>;

/// Compiles source text for `load`; the facade installs one.
pub trait Loader {
    /// Source text to a verified module.
    ///
    /// # Errors
    /// The message of the first syntax error.
    fn compile(&self, source: &[u8], chunk_name: &[u8]) -> Result<perilune_bytecode::Verified, Vec<u8>>;

    /// A number that changes when the loader begins to compile text to other code than before.
    fn epoch(&self) -> u64 {
        0
    }
}

/// What a VM is made with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The version of the language.
    pub std: Std,
    /// The dispatch back-end.
    pub backend: Backend,
    /// Most bytes that scripts may occupy.
    pub memory_limit: Option<usize>,
    /// Most slots of one register stack; [`MAX_STACK`] at most, which is also what `None` means.
    pub stack_limit: Option<usize>,
    /// Collect at every safepoint and poison what is freed.
    pub gc_stress: bool,
    /// Do a small step of an incremental collection at every safepoint, prove each marking complete, and poison what is
    /// freed.
    pub gc_step_stress: bool,
    /// Do a minor collection at every safepoint, prove each marking complete, and poison what is freed.
    pub gc_minor_stress: bool,
    /// Move the register stack whenever it might be.
    pub stack_stress: bool,
    /// Seed of string hashes.
    pub seed: u64,
}

/// The VM. The first fields are read by the handlers.
#[repr(C)]
pub struct Vm {
    /// The dispatch table; swapped to make the next taken branch or call poll.
    pub(crate) table: AtomicPtr<Handler>,
    /// No frame may reach beyond it.
    pub(crate) stack_limit: *mut Value,
    /// Saved state: the instruction, its frame, its constants.
    pub(crate) pc: *const u64,
    pub(crate) base: *mut Value,
    pub(crate) k: *const Value,
    /// The end of the running native's stack.
    pub(crate) top: *mut Value,
    /// The open values.
    pub(crate) open_start: *mut Value,
    pub(crate) open_count: usize,
    /// What may still run, less what is paid in advance; see `fuel`.
    pub(crate) fuel: i64,
    pub(crate) exit: bool,
    /// The events that the running coroutine's hook waits for; see `hook`.
    pub(crate) hook_mask: u8,
    /// The hook that ran asked for a yield.
    pub(crate) hook_yields: bool,
    /// The entry call that just ended was unwound.
    pub(crate) failed: bool,
    /// The error on its way has left an entry call: its message handler ran where it was raised.
    pub(crate) handled: bool,
    pub(crate) backend: Backend,
    pub(crate) heap: RawHeap<Objects>,
    pub(crate) gc_log: crate::gc_log::GcLog,
    pub(crate) shapes: Shapes,
    pub(crate) event_keys: [*mut Str; EVENT_COUNT],
    pub(crate) type_metas: [*mut Table; TYPE_METAS],
    /// The names of the basic types, as `type` returns them.
    pub(crate) type_names: [*mut Str; TYPE_COUNT],
    /// The running coroutine, whose stack the fields above describe.
    pub(crate) thread: *mut Thread,
    pub(crate) main_thread: *mut Thread,
    pub(crate) stack_base: *mut Value,
    /// Stacks of dead coroutines, of the size that new ones have.
    pub(crate) spare_stacks: Vec<*mut Value>,
    /// Counts of executed instructions, if they are asked for.
    pub(crate) profile: Option<Box<crate::profile::OpProfile>>,
    pub(crate) globals: *mut Table,
    pub(crate) registry: *mut Table,
    /// The value of the error on its way.
    pub(crate) error: Value,
    /// The traceback of the error on its way, noted where it reached the host's operation.
    pub(crate) traceback: Option<Vec<u8>>,
    /// The error on its way was raised for want of memory.
    pub(crate) of_memory: bool,
    /// Nested runs and resumes.
    pub(crate) nesting: u32,
    /// Code words of inline caches that rely on watched tables.
    pub(crate) fills: Vec<*mut u64>,
    pub(crate) lookups: LookupCache,
    /// The table of string methods, null when not looked up since the caches were flushed.
    pub(crate) string_index: *mut Table,
    /// The step function of `ipairs`, which generic `for` runs inline.
    pub(crate) ipairs_step: *mut Native,
    pub(crate) buffer: Vec<u8>,
    /// Bytes that natives have given back and that still count; see [`Paid`](crate::Paid).
    pub(crate) returned: Rc<std::cell::Cell<usize>>,
    pub(crate) loader: Option<Rc<dyn Loader>>,
    /// Chunks that were loaded lately.
    pub(crate) recent: crate::recent::Recent,
    /// State of the host, by type: a few.
    pub(crate) host: RefCell<Vec<(TypeId, Rc<dyn Any>)>>,
    pub(crate) std: Std,
    pub(crate) stack_stress: bool,
    /// Most slots of one register stack, but for the handling of its overflow.
    max_stack: usize,
    pub(crate) in_overflow: bool,
    /// Depth of message handlers and finalizers, which are not nested without end.
    pub(crate) handling: u32,
    pub(crate) in_finalizer: bool,
    /// The state is being closed: what is made from now on is not finalized.
    pub(crate) closed: bool,
    pub(crate) warn_on: bool,
    /// The host's function that gets warnings; nil drops them.
    pub(crate) warn_function: Option<Value>,
    /// The last warning asked for a continuation.
    pub(crate) warn_open: bool,
    /// The native that generic `for` runs inline.
    pub(crate) next_function: *mut Native,
    /// `xpcall`, for the host.
    pub(crate) protected_call: *mut Native,
    /// Requests to stop.
    pub(crate) interrupts: Interrupts,
    pub(crate) meter: crate::fuel::Meter,
    /// Why everything must end.
    pub(crate) stop: Option<crate::fuel::Stop>,
    /// Running out of memory ends everything.
    pub(crate) memory_final: bool,
    /// Binary chunks are refused.
    pub(crate) text_only: bool,
    /// `coroutine.resume` and `coroutine.close`, for the host.
    pub(crate) resume_function: *mut Native,
    pub(crate) close_function: *mut Native,
    /// `coroutine.yield`, whose frame a hook's yield borrows.
    pub(crate) yield_function: *mut Native,
    /// The state that shares this VM, and with it the values that the host keeps.
    pub(crate) shared: std::rc::Weak<crate::state::Shared>,
    /// The frame of the innermost operation of the host: its stack, and the base as a distance from the stack's start. Errors end
    /// there, and their traceback is noted.
    pub(crate) host_floor: (*mut Thread, isize),
    /// Declared last: host values that die with the heap are dropped after it.
    _dead: crate::graveyard::ClearOnDrop,
}

impl Vm {
    /// A VM with empty globals.
    ///
    /// # Panics
    /// If the memory limit does not even allow the first objects.
    pub fn new(options: Options) -> Box<Vm> {
        let mut heap = RawHeap::<Objects>::new(Config {
            limit: None,
            ..Config::default()
        });
        Interner::open(&mut heap, options.seed ^ 0x5DEE_CE66_D1CE_4E5B)
            .expect("a heap without a limit gives the first buffer");
        let shapes = Shapes::new(&mut heap).expect("a heap without a limit gives the first objects");
        let backend = options.backend;
        let mut vm = Box::new(Vm {
            table: AtomicPtr::new(backend.table().cast_mut()),
            stack_limit: null_mut(),
            pc: std::ptr::null(),
            base: null_mut(),
            k: std::ptr::null(),
            top: null_mut(),
            open_start: null_mut(),
            open_count: 0,
            fuel: 0,
            exit: false,
            hook_mask: 0,
            hook_yields: false,
            failed: false,
            handled: false,
            backend,
            heap,
            gc_log: crate::gc_log::GcLog::new(),
            shapes,
            event_keys: [null_mut(); EVENT_COUNT],
            type_metas: [null_mut(); TYPE_METAS],
            type_names: [null_mut(); TYPE_COUNT],
            thread: null_mut(),
            main_thread: null_mut(),
            stack_base: null_mut(),
            spare_stacks: Vec::new(),
            profile: None,
            globals: null_mut(),
            registry: null_mut(),
            error: Value::NIL,
            traceback: None,
            of_memory: false,
            nesting: 0,
            fills: Vec::new(),
            lookups: LookupCache::new(),
            string_index: null_mut(),
            ipairs_step: null_mut(),
            buffer: Vec::new(),
            returned: Rc::default(),
            loader: None,
            recent: crate::recent::Recent::default(),
            host: RefCell::default(),
            std: options.std,
            stack_stress: options.stack_stress,
            max_stack: options.stack_limit.map_or(MAX_STACK, |n| n.clamp(MIN_STACK, MAX_STACK)),
            in_overflow: false,
            handling: 0,
            in_finalizer: false,
            closed: false,
            warn_on: false,
            warn_function: None,
            warn_open: false,
            next_function: null_mut(),
            protected_call: null_mut(),
            interrupts: Interrupts::default(),
            meter: crate::fuel::Meter::default(),
            stop: None,
            memory_final: false,
            text_only: false,
            resume_function: null_mut(),
            close_function: null_mut(),
            yield_function: null_mut(),
            shared: std::rc::Weak::new(),
            host_floor: (null_mut(), 0),
            _dead: crate::graveyard::ClearOnDrop,
        });
        // SAFETY: H1; nothing collects before all of these are rooted.
        let done = unsafe { vm.open() };
        done.expect("a heap without a limit gives the first objects");
        vm.heap.set_limit(options.memory_limit);
        vm.heap.set_stress_mode(
            match (options.gc_stress, options.gc_step_stress, options.gc_minor_stress) {
                (true, _, _) => Stress::Full,
                (false, true, _) => Stress::Step,
                (false, false, true) => Stress::Minor,
                (false, false, false) => Stress::Off,
            },
        );
        vm
    }

    unsafe fn open(&mut self) -> Result<(), OutOfMemory> {
        for (i, name) in EVENT_NAMES.iter().enumerate() {
            self.event_keys[i] = Interner::make(&mut self.heap, name.as_bytes())?;
        }
        for ty in Type::ALL {
            self.type_names[ty as usize] = Interner::make(&mut self.heap, ty.name().as_bytes())?;
        }
        self.globals = Table::new(&mut self.heap, &self.shapes, 0, 0)?;
        self.registry = Table::new(&mut self.heap, &self.shapes, 0, 0)?;
        let main = self.new_thread_object()?;
        self.main_thread = main;
        self.thread = main;
        (*main).status = Status::Running;
        self.adopt_thread(main);
        Ok(())
    }

    /// The language version.
    pub fn std(&self) -> Std {
        self.std
    }

    /// Installs the compiler that `load` uses.
    pub fn set_loader(&mut self, loader: Rc<dyn Loader>) {
        self.recent.clear();
        self.loader = Some(loader);
    }

    /// Makes the `n`-th allocation from now (counted from 1) fail, once; `None` takes that back. For tests of what follows.
    pub fn fail_allocation(&mut self, n: Option<u64>) {
        self.heap.fail_after(n);
    }

    /// How many allocations there are up to the one that fails, that one included; `None` if none is to.
    pub fn allocations_to_failure(&self) -> Option<u64> {
        self.heap.failure_in()
    }

    /// A context for the running native.
    pub(crate) fn native_context(&mut self, nargs: usize) -> Ctx<'_> {
        Ctx::new(self, nargs)
    }
}

/// Whether a string may name an event: those stores are never cached, so that absent metamethods stay known.
///
/// # Safety
/// `s` is live.
#[inline]
pub(crate) unsafe fn is_event_key(s: *const Str) -> bool {
    (*s).header.aux & crate::object::STR_EVENT != 0
}

/// Runs a Rust native: the default [`crate::native::Run`].
///
/// # Safety
/// The VM's base is the native's frame.
pub(crate) unsafe fn run_rust(vm: *mut Vm, native: *mut Native, nargs: usize) -> Flow {
    let vm = &mut *vm;
    vm.top = vm.base.add(nargs);
    if vm.stack_limit.offset_from(vm.top) < SPARE_SLOTS as isize || vm.stack_stress {
        vm.grow_stack(vm.top, SPARE_SLOTS)?;
    }
    let func = (*native).func;
    let Returns(count) = {
        let mut ctx = Ctx::new(vm, nargs);
        func(&mut ctx)?
    };
    if count == TAIL_CALL {
        return vm.native_tail_call();
    }
    vm.check_returns(count)?;
    let start = vm.top.sub(count as usize);
    vm.native_return(start, count as usize)
}

/// Runs a native that has a closure.
///
/// # Safety
/// The VM's base is the native's frame.
pub(crate) unsafe fn run_host(vm: *mut Vm, native: *mut Native, nargs: usize) -> Flow {
    let vm = &mut *vm;
    vm.top = vm.base.add(nargs);
    if vm.stack_limit.offset_from(vm.top) < SPARE_SLOTS as isize || vm.stack_stress {
        vm.grow_stack(vm.top, SPARE_SLOTS)?;
    }
    // The callee is a root as long as its frame stands, and its closure never changes.
    let Some(closure) = &(*native).host else {
        unreachable!("a native that runs a closure has one")
    };
    let Returns(count) = {
        let mut ctx = Ctx::new(vm, nargs);
        closure(&mut ctx)?
    };
    if count == TAIL_CALL {
        return vm.native_tail_call();
    }
    vm.check_returns(count)?;
    let start = vm.top.sub(count as usize);
    vm.native_return(start, count as usize)
}

impl Vm {
    /// Whether the running native has as many values as it says it returns.
    ///
    /// # Errors
    /// It has not.
    #[inline(always)]
    unsafe fn check_returns(&mut self, count: u32) -> Result<(), Raised> {
        if self.top.offset_from(self.base) < count as isize {
            return Err(self.too_many_returns());
        }
        Ok(())
    }

    #[cold]
    fn too_many_returns(&mut self) -> Raised {
        self.raise_plain(b"a native returned more values than it has")
    }

    /// Makes the call that a native left on its stack for its end: below the function the number of results wanted,
    /// above it the arguments, their number last.
    unsafe fn native_tail_call(&mut self) -> Flow {
        let values = self.top.offset_from(self.base) as usize;
        let integer = |below_top: usize| match values.checked_sub(below_top) {
            Some(at) if (*self.base.add(at)).tag == tag::INT => Some((*self.base.add(at)).payload as i64),
            _ => None,
        };
        let nargs = integer(1).and_then(|n| usize::try_from(n).ok()).filter(|n| *n < values);
        // Whoever makes this up by hand finds out here.
        let Some(nargs) = nargs.filter(|n| integer(n + 3).is_some_and(|wanted| wanted <= i64::from(u8::MAX))) else {
            return Err(self.too_many_returns());
        };
        let window = self.top.sub(nargs + 2);
        // The gap for the frame word takes the place of the number.
        std::ptr::copy(window.add(1), window.add(HEADER_SLOTS), nargs);
        self.top = window;
        self.precall(
            window,
            nargs,
            FrameKind::Forward,
            self.base,
            std::ptr::null(),
            std::ptr::null(),
        )
    }
}

/// The tag of a value, for assertions.
pub(crate) fn is_callable(v: Value) -> bool {
    matches!(v.tag, tag::CLOSURE | tag::NATIVE)
}
