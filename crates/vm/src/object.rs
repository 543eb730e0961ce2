//! The heap's objects: their layouts, and how the collector traces, measures and drops them.

use crate::graveyard;
use crate::interner::Interner;
use crate::native::{HostFn, NativeFn, Run};
use crate::shape::Shape;
use crate::shortcut::Shortcut;
use crate::thread;
use crate::value::{Value, tag};
use perilune_bytecode::{FuncId, Function, Liveness, Verified, VerifiedFunction};
use perilune_gc::raw::{Header, Memory, Model, Ptr, Tracer};
use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;

pub use crate::table::Table;
pub use crate::thread::Thread;

/// The kinds of object, as the heap knows them; kind 0 is the heap's free cell.
pub mod kind {
    /// A string.
    pub const STR: u8 = 1;
    /// A table.
    pub const TABLE: u8 = 2;
    /// A Lua function with its captured cells.
    pub const CLOSURE: u8 = 3;
    /// A host function with its upvalues.
    pub const NATIVE: u8 = 4;
    /// A full userdata.
    pub const USERDATA: u8 = 5;
    /// A coroutine.
    pub const THREAD: u8 = 6;
    /// A captured variable.
    pub const CELL: u8 = 7;
    /// A loaded function: code, constants, tables for the unwinder.
    pub const PROTO: u8 = 8;
    /// A hidden class of tables.
    pub const SHAPE: u8 = 9;
    /// How many kinds there are.
    pub const COUNT: u8 = 10;
}

/// `Str::header.aux` bit: not interned (longer than [`crate::string::MAX_INTERNED`]).
pub const STR_LONG: u16 = 1;
/// `Str::header.aux` bit: `header.word` holds the hash.
pub const STR_HASHED: u16 = 2;

/// `Str::header.aux` bit: an interned string that begins with two underscores.
pub const STR_EVENT: u16 = 4;

/// An immutable byte string; the bytes follow.
#[repr(C)]
pub struct Str {
    /// `word` is the hash, valid for interned strings and when [`STR_HASHED`] is set.
    pub header: Header,
    /// Length in bytes.
    pub len: usize,
    data: [u8; 0],
}

impl Str {
    /// Bytes that a string object of `len` bytes takes, or `None` when that overflows.
    pub fn size_for(len: usize) -> Option<usize> {
        len.checked_add(size_of::<Str>())?.checked_next_multiple_of(8)
    }
    /// The string's bytes.
    #[inline(always)]
    pub fn bytes<'a>(&self) -> &'a [u8] {
        // SAFETY: H1; the `len` bytes behind the header belong to the string and never change.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
    /// Where the bytes are, for the code that fills a new string.
    #[inline(always)]
    pub fn data_mut(&mut self) -> *mut u8 {
        self.data.as_mut_ptr()
    }
    /// Whether the string is not interned.
    #[inline(always)]
    pub fn is_long(&self) -> bool {
        self.header.aux & STR_LONG != 0
    }
    /// Content equality of two strings.
    ///
    /// # Safety
    /// Both point to live strings.
    #[inline]
    pub unsafe fn equal(a: *const Str, b: *const Str) -> bool {
        // Two interned strings are equal only if they are one object.
        std::ptr::eq(a, b) || ((*a).is_long() && (*b).is_long() && (*a).bytes() == (*b).bytes())
    }
}

/// A captured variable.
#[repr(C)]
pub struct Cell {
    /// The object header.
    pub header: Header,
    /// The variable's value.
    pub value: Value,
}

/// A Lua function: a loaded function and its captured cells, which follow.
#[repr(C)]
pub struct Closure {
    /// `aux` is the number of upvalues.
    pub header: Header,
    /// The function.
    pub proto: *mut Proto,
    upvalues: [*mut Cell; 0],
}

impl Closure {
    /// Bytes of a closure with `n` upvalues.
    pub const fn size_for(n: usize) -> usize {
        size_of::<Closure>() + n * size_of::<*mut Cell>()
    }
    /// The upvalue array.
    #[inline(always)]
    pub fn upvalues_mut(&mut self) -> *mut *mut Cell {
        self.upvalues.as_mut_ptr()
    }
}

/// A function of the host, with `aux` upvalues behind it.
#[repr(C)]
pub struct Native {
    /// `aux` is the number of upvalues.
    pub header: Header,
    /// What a call runs. For most natives that calls `func`; a few (pcall, resume, yield…) are frame operations
    /// of the VM.
    pub run: Run,
    /// The Rust function.
    pub func: NativeFn,
    /// What answers its common cases without a frame.
    pub shortcut: Option<Shortcut>,
    /// The closure of a host function that has one.
    pub host: Option<Rc<HostFn>>,
    /// Under what name it was registered.
    pub name: &'static str,
    upvalues: [Value; 0],
}

impl Native {
    /// Bytes of a native with `n` upvalues.
    pub const fn size_for(n: usize) -> usize {
        size_of::<Native>() + n * size_of::<Value>()
    }
    /// The upvalue array.
    #[inline(always)]
    pub fn upvalues_mut(&mut self) -> *mut Value {
        self.upvalues.as_mut_ptr()
    }
}

/// A full userdata: a Rust value of the host.
#[repr(C)]
pub struct Userdata {
    /// The object header.
    pub header: Header,
    /// The metatable or null.
    pub meta: *mut Table,
    /// The host's value: a `RefCell<T>`, or what the embedding API makes.
    pub data: Option<Rc<dyn Any>>,
    /// The host type's name, for messages.
    pub type_name: &'static str,
    /// The user value (`debug.setuservalue`).
    pub user_value: Value,
    /// Whether it has one.
    pub has_user_value: bool,
}

/// `Proto::arity` of a function with extra arguments: no argument count equals it.
pub const ARITY_VARARG: u32 = u32::MAX;
/// `Proto::arity` of a function whose calls are counted: no argument count equals it either, so that every call takes the
/// general way, and those of all others cost nothing more.
pub const ARITY_COUNTED: u32 = u32::MAX - 1;

/// A function that this VM loaded: its own copy of the code, with the inline caches in it.
#[repr(C)]
pub struct Proto {
    /// The object header.
    pub header: Header,
    /// The code, words.
    pub code: *mut u64,
    /// The constants.
    pub constants: *mut Value,
    /// Bytes of the frame above its base that must fit on the stack, spare slots included.
    pub frame_bytes: u32,
    /// Number of parameters, or [`ARITY_VARARG`], or [`ARITY_COUNTED`].
    pub arity: u32,
    /// How many calls are left until the function is compiled again; 0 if it is not to be.
    pub patience: u32,
    /// Number of parameters.
    pub params: u32,
    /// Length of the code in words.
    pub words: u32,
    /// Functions nested in it: `protos.wrapping_add(id)` for the module's number of one of them, and of no other.
    pub protos: *mut *mut Proto,
    /// Where it came from.
    pub origin: Option<Box<Origin>>,
}

/// What a loaded function keeps besides its code.
pub struct Origin {
    /// The module, shared by all functions loaded from it.
    pub module: Rc<Verified>,
    /// Which function of the module.
    pub id: FuncId,
    /// Owns `Proto::code`.
    pub code: Box<[u64]>,
    /// Owns `Proto::constants`.
    pub constants: Box<[Value]>,
    /// Owns what `Proto::protos` reaches: from the first function nested in it to the last, by number, null for others.
    pub protos: Box<[*mut Proto]>,
    /// What is live at each instruction, once a hook stopped in the function.
    pub liveness: OnceCell<Liveness>,
    /// The function of the code, if it is not the one in the module.
    pub better: Option<VerifiedFunction>,
    /// Slots of its frames.
    pub frame_size: u32,
    /// What the function was before it was compiled again: frames that run the old code go on in it.
    pub older: Option<Box<Origin>>,
    /// Bytes that count for it, the module aside.
    pub paid: usize,
}

impl Origin {
    /// Bytes of what a function of these parts takes, the module aside.
    pub fn bytes(code: &[u64], constants: &[Value], protos: &[*mut Proto], better: Option<&Function>) -> usize {
        size_of::<Origin>()
            + size_of_val(code)
            + size_of_val(constants)
            + size_of_val(protos)
            + better.map_or(0, Function::heap_bytes)
    }
    /// Gives back what counts for a function that is freed, and for its module with the last of its functions.
    pub fn release(origin: Option<Box<Origin>>, mem: &mut Memory) {
        let mut next = origin;
        while let Some(origin) = next {
            let Origin {
                module, paid, older, ..
            } = *origin;
            mem.release(paid);
            release_module(module, mem);
            next = older;
        }
    }
    /// The function.
    #[inline]
    pub fn function(&self) -> &Function {
        match &self.better {
            Some(better) => better,
            None => &self.module.functions[self.id.0 as usize],
        }
    }
    /// What is live at each instruction.
    pub fn liveness(&self) -> &Liveness {
        self.liveness.get_or_init(|| Liveness::new(self.function()))
    }
    /// The word of the code at which `pc` is.
    #[inline]
    pub fn word(&self, pc: *const u64) -> u32 {
        ((pc as usize).wrapping_sub(self.code.as_ptr() as usize) / size_of::<u64>()) as u32
    }
    /// Whether `pc` is in the code.
    #[inline]
    pub fn holds(&self, pc: *const u64) -> bool {
        (pc as usize).wrapping_sub(self.code.as_ptr() as usize) < size_of_val(&*self.code)
    }
}

/// Gives back what counts for a module if this is the last reference to it.
pub(crate) fn release_module(module: Rc<Verified>, mem: &mut Memory) {
    if let Some(module) = Rc::into_inner(module) {
        mem.release(size_of::<Verified>() + module.heap_bytes());
    }
}

impl Proto {
    /// The function that new calls run.
    #[inline]
    pub fn function(&self) -> &Function {
        self.origin().function()
    }
    /// What a frame at `pc` runs: a function that was compiled again has frames of the old code as well. If `pc` is
    /// in neither, what takes the larger frames.
    #[inline]
    pub fn at(&self, pc: *const u64) -> &Origin {
        let origin = self.origin();
        match &origin.older {
            Some(older) if !origin.holds(pc) && (older.holds(pc) || older.frame_size > origin.frame_size) => older,
            _ => origin,
        }
    }
    /// What new calls run.
    #[inline]
    pub fn origin(&self) -> &Origin {
        self.origin
            .as_deref()
            .expect("a proto is only reachable once it is loaded")
    }
}

/// The object model of the VM's heap.
pub struct Objects;

/// Marks what `v` refers to.
#[inline(always)]
pub fn mark_value(t: &mut Tracer, v: Value) {
    if let Some(p) = v.header() {
        t.mark(p);
    }
}

/// Marks the object behind a typed pointer, if any.
#[inline(always)]
pub fn mark_ptr<T>(t: &mut Tracer, p: *mut T) {
    if let Some(p) = NonNull::new(p.cast::<Header>()) {
        t.mark(p);
    }
}

// SAFETY: H1; every object starts with its header, `size` and `trace` follow the layouts above.
unsafe impl Model for Objects {
    type Client = Interner;
    const TOLD_LEAVES: usize = (size_of::<Str>() + crate::string::MAX_INTERNED).next_multiple_of(16);
    const DROP_KINDS: u64 =
        1 << kind::NATIVE | 1 << kind::USERDATA | 1 << kind::THREAD | 1 << kind::PROTO | 1 << kind::SHAPE;
    const LEAF_KINDS: u64 = 1 << kind::STR;

    unsafe fn trace(obj: Ptr, t: &mut Tracer) {
        match obj.as_ref().kind {
            kind::TABLE => Table::trace(obj.cast().as_ptr(), t),
            kind::CLOSURE => {
                let c = obj.cast::<Closure>().as_ptr();
                mark_ptr(t, (*c).proto);
                let ups = (*c).upvalues_mut();
                for i in 0..(*c).header.aux as usize {
                    mark_ptr(t, *ups.add(i));
                }
            }
            kind::NATIVE => {
                let n = obj.cast::<Native>().as_ptr();
                let ups = (*n).upvalues_mut();
                for i in 0..(*n).header.aux as usize {
                    mark_value(t, *ups.add(i));
                }
            }
            kind::USERDATA => {
                let u = obj.cast::<Userdata>().as_ptr();
                mark_ptr(t, (*u).meta);
                mark_value(t, (*u).user_value);
            }
            kind::THREAD => thread::trace(obj.cast().as_ptr(), t),
            kind::CELL => mark_value(t, (*obj.cast::<Cell>().as_ptr()).value),
            kind::PROTO => {
                let p = obj.cast::<Proto>().as_ptr();
                let mut next = &(*p).origin;
                while let Some(origin) = next {
                    for &v in &origin.constants {
                        mark_value(t, v);
                    }
                    for &child in &origin.protos {
                        mark_ptr(t, child);
                    }
                    next = &origin.older;
                }
            }
            kind::SHAPE => Shape::trace(obj.cast().as_ptr(), t),
            _ => {}
        }
    }

    unsafe fn trace_part(obj: Ptr, from: usize, t: &mut Tracer) {
        Table::trace_part(obj.cast().as_ptr(), from, t);
    }

    unsafe fn trace_ephemeron(obj: Ptr, t: &mut Tracer) {
        Table::trace_ephemeron(obj.cast().as_ptr(), t);
    }

    unsafe fn size(obj: Ptr) -> usize {
        match obj.as_ref().kind {
            kind::STR => Str::size_for(obj.cast::<Str>().as_ref().len).unwrap_or(usize::MAX),
            kind::TABLE => Table::size(obj.cast().as_ptr()),
            kind::CLOSURE => Closure::size_for(obj.as_ref().aux as usize),
            kind::NATIVE => Native::size_for(obj.as_ref().aux as usize),
            kind::USERDATA => size_of::<Userdata>(),
            kind::THREAD => size_of::<Thread>(),
            kind::CELL => size_of::<Cell>(),
            kind::PROTO => size_of::<Proto>(),
            kind::SHAPE => size_of::<Shape>(),
            other => unreachable!("object of kind {other}"),
        }
    }

    unsafe fn drop(obj: Ptr, mem: &mut Memory, strings: &mut Interner) {
        match obj.as_ref().kind {
            kind::STR => strings.forget(obj.cast().as_ptr(), mem),
            kind::TABLE => Table::free_parts(obj.cast().as_ptr(), mem),
            kind::USERDATA => {
                if let Some(data) = (*obj.cast::<Userdata>().as_ptr()).data.take() {
                    graveyard::bury(data);
                }
            }
            kind::NATIVE => {
                if let Some(closure) = (*obj.cast::<Native>().as_ptr()).host.take() {
                    graveyard::bury(Rc::new(closure));
                }
            }
            kind::THREAD => thread::free_stack(obj.cast().as_ptr(), mem),
            kind::PROTO => Origin::release((*obj.cast::<Proto>().as_ptr()).origin.take(), mem),
            kind::SHAPE => Shape::free_parts(obj.cast().as_ptr(), mem),
            _ => {}
        }
    }

    fn close(strings: &mut Interner, mem: &mut Memory) {
        strings.close(mem);
    }
}

/// Borrows the host value of a userdata, if it is a `RefCell<T>`.
///
/// # Safety
/// `u` points to a live userdata that outlives `'a`.
pub unsafe fn userdata_ref<'a, T: 'static>(u: *mut Userdata) -> Option<&'a RefCell<T>> {
    (*u).data.as_ref()?.downcast_ref()
}

/// The tag that values of a heap kind carry.
pub fn tag_of_kind(k: u8) -> u8 {
    match k {
        kind::STR => tag::STR,
        kind::TABLE => tag::TABLE,
        kind::CLOSURE => tag::CLOSURE,
        kind::NATIVE => tag::NATIVE,
        kind::USERDATA => tag::USERDATA,
        kind::THREAD => tag::THREAD,
        _ => tag::CELL,
    }
}

/// A null table pointer, for "no metatable".
pub const NO_TABLE: *mut Table = null_mut();
