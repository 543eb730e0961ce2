//! Dispatch: how one instruction's code reaches the next one's.
//!
//! In the tail-call back-end every handler ends in a jump through the table (direct threading, Bell 1973, by
//! sibling calls). In the loop back-end the same handlers return to a loop, which needs no sibling calls and
//! so works in unoptimised builds and on every target.

use crate::ops;
use crate::pairs::{NUMBERS, for_each_pair, for_each_triple, plain};
use crate::value::Value;
use crate::vm::Vm;
use perilune_bytecode::{Flags, Opcode};
use std::sync::atomic::Ordering;

macro_rules! with_abi {
    ($abi:literal) => {
        /// The code of one instruction: VM, pc, base of the frame, constants, dispatch table. All five stay in
        /// registers from handler to handler.
        pub type RawHandler = unsafe extern $abi fn(*mut Vm, *const u64, *mut Value, *const Value, *const Handler);
    };
}
#[cfg(target_arch = "x86_64")]
with_abi!("sysv64");
#[cfg(not(target_arch = "x86_64"))]
with_abi!("C");

/// A [`RawHandler`], named so that its type can mention itself.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Handler(pub RawHandler);

/// The dispatch table in use: other threads swap it, so that handlers take it up again at branches and calls. A plain load.
///
/// # Safety
/// The VM is alive.
#[inline(always)]
pub unsafe fn table_of(vm: *const Vm) -> *const Handler {
    (*vm).table.load(Ordering::Relaxed)
}

/// A back-end.
pub trait Dispatch: 'static {
    /// Handlers keep the account of fuel.
    const METERED: bool = false;
    /// The table of handlers made for this back-end.
    const TABLE: &'static [Handler; NUMBERS];
    /// The table in which every instruction first answers a request to stop.
    const POLL: &'static [Handler; NUMBERS];
    /// The table while calls and returns are watched: those have no fast paths.
    const HOOKED: &'static [Handler; NUMBERS];
    /// The table in which every instruction is traced first.
    const TRACE: &'static [Handler; NUMBERS];

    /// The table in which every instruction is counted first.
    const COUNT: &'static [Handler; NUMBERS];
    /// The table whose handlers keep the account of fuel.
    const FUEL: &'static [Handler; NUMBERS];
    /// The table in which every instruction is first taken from what is left of the fuel.
    const STEP: &'static [Handler; NUMBERS];

    /// Goes on at `pc`.
    ///
    /// # Safety
    /// F1: `pc` is at an instruction of the frame's code, `base` and `k` are the frame's.
    unsafe fn next(vm: *mut Vm, pc: *const u64, base: *mut Value, k: *const Value, table: *const Handler);
}

/// Handlers jump to the next handler.
pub struct Tail;

/// Handlers return to a loop.
pub struct Loop;

/// Handlers that keep the account of fuel, in another back-end.
pub struct Metered<D>(std::marker::PhantomData<D>);

impl<D: Dispatch> Dispatch for Metered<D> {
    const METERED: bool = true;
    const TABLE: &'static [Handler; NUMBERS] = D::TABLE;
    const POLL: &'static [Handler; NUMBERS] = D::POLL;
    const HOOKED: &'static [Handler; NUMBERS] = D::HOOKED;
    const TRACE: &'static [Handler; NUMBERS] = D::TRACE;
    const COUNT: &'static [Handler; NUMBERS] = D::COUNT;
    const FUEL: &'static [Handler; NUMBERS] = D::FUEL;
    const STEP: &'static [Handler; NUMBERS] = D::STEP;
    #[inline(always)]
    unsafe fn next(vm: *mut Vm, pc: *const u64, base: *mut Value, k: *const Value, table: *const Handler) {
        D::next(vm, pc, base, k, table);
    }
}

/// [`Dispatch::POLL`] of both back-ends. Which table is in place is told by its address, in natives of other crates too, and what a
/// constant refers to may have an address in each crate.
static TAIL_POLL: [Handler; NUMBERS] = [Handler(ops::poll::<Tail>); NUMBERS];
static LOOP_POLL: [Handler; NUMBERS] = [Handler(ops::poll::<Loop>); NUMBERS];

/// Whether an instruction may leave the straight line: then the account of fuel has a handler of its own for it.
const fn is_accounted(op: Opcode) -> bool {
    let flags = op.flags();
    flags.contains(Flags::BRANCH) || flags.contains(Flags::TERMINATOR) || flags.contains(Flags::MAY_YIELD)
}

macro_rules! tables {
    ($($(#[doc = $doc:literal])+ $name:ident = $snake:ident
        { $($field:ident: $ty:ident as $role:ident),* $(,)? } flags($($flag:ident),* $(,)?);)*) => {
        impl Tail {
            /// Handlers that keep the account of fuel, of single instructions.
            const ACCOUNTED: [Handler; Opcode::COUNT] = [$(Handler(if is_accounted(Opcode::$name) {
                ops::$snake::<Metered<Tail>> as RawHandler
            } else {
                ops::$snake::<Tail> as RawHandler
            })),*];
        }
        impl Loop {
            /// The same.
            const ACCOUNTED: [Handler; Opcode::COUNT] = [$(Handler(if is_accounted(Opcode::$name) {
                ops::$snake::<Metered<Loop>> as RawHandler
            } else {
                ops::$snake::<Loop> as RawHandler
            })),*];
        }
        impl Dispatch for Tail {
            const TABLE: &'static [Handler; NUMBERS] = &with_pairs([$(Handler(ops::$snake::<Tail>)),*], pairs::<Tail>(), triples::<Tail>());
            const POLL: &'static [Handler; NUMBERS] = &TAIL_POLL;
            // Without a limit, its account means nothing.
            const HOOKED: &'static [Handler; NUMBERS] = &hooked::<Tail>(singly(Tail::ACCOUNTED));
            const TRACE: &'static [Handler; NUMBERS] = &[Handler(ops::trace::<Tail>); NUMBERS];
            const COUNT: &'static [Handler; NUMBERS] = &[Handler(ops::count::<Tail>); NUMBERS];
            const FUEL: &'static [Handler; NUMBERS] = &with_pairs(Tail::ACCOUNTED, pairs::<Metered<Tail>>(), triples::<Metered<Tail>>());
            const STEP: &'static [Handler; NUMBERS] = &[Handler(ops::step::<Tail>); NUMBERS];
            #[inline(always)]
            unsafe fn next(vm: *mut Vm, pc: *const u64, base: *mut Value, k: *const Value, table: *const Handler) {
                let op = *pc.cast::<u16>();
                ((*table.add(op as usize)).0)(vm, pc, base, k, table)
            }
        }
        impl Dispatch for Loop {
            const TABLE: &'static [Handler; NUMBERS] = &with_pairs([$(Handler(ops::$snake::<Loop>)),*], pairs::<Loop>(), triples::<Loop>());
            const POLL: &'static [Handler; NUMBERS] = &LOOP_POLL;
            // Without a limit, its account means nothing.
            const HOOKED: &'static [Handler; NUMBERS] = &hooked::<Loop>(singly(Loop::ACCOUNTED));
            const TRACE: &'static [Handler; NUMBERS] = &[Handler(ops::trace::<Loop>); NUMBERS];
            const COUNT: &'static [Handler; NUMBERS] = &[Handler(ops::count::<Loop>); NUMBERS];
            const FUEL: &'static [Handler; NUMBERS] = &with_pairs(Loop::ACCOUNTED, pairs::<Metered<Loop>>(), triples::<Metered<Loop>>());
            const STEP: &'static [Handler; NUMBERS] = &[Handler(ops::step::<Loop>); NUMBERS];
            #[inline(always)]
            unsafe fn next(vm: *mut Vm, pc: *const u64, base: *mut Value, k: *const Value, _table: *const Handler) {
                (*vm).pc = pc;
                (*vm).base = base;
                (*vm).k = k;
            }
        }
    };
}

macro_rules! pair_handlers {
    ($($handler:ident = $first:ident $second:ident $link:ident;)*) => {
        const PAIR_COUNT: usize = [$(Opcode::$first),*].len();
        /// The handlers of pairs, by their order.
        const fn pairs<D: Dispatch>() -> [Handler; PAIR_COUNT] {
            [$(Handler(ops::$handler::<D>)),*]
        }
    };
}

macro_rules! triple_handlers {
    ($($handler:ident = $first:ident $second:ident $link:ident $third:ident $other:ident;)*) => {
        const TRIPLE_COUNT: usize = [$(Opcode::$first),*].len();
        /// The handlers of triples, by their order.
        const fn triples<D: Dispatch>() -> [Handler; TRIPLE_COUNT] {
            [$(Handler(ops::$handler::<D>)),*]
        }
    };
}

for_each_pair!(pair_handlers);
for_each_triple!(triple_handlers);
perilune_bytecode::for_each_op!(tables);

/// A table with the handlers of pairs and triples behind those of the instructions.
const fn with_pairs(
    plain: [Handler; Opcode::COUNT],
    pairs: [Handler; PAIR_COUNT],
    triples: [Handler; TRIPLE_COUNT],
) -> [Handler; NUMBERS] {
    let mut table = [plain[0]; NUMBERS];
    let mut i = 0;
    while i < NUMBERS {
        table[i] = if i < Opcode::COUNT {
            plain[i]
        } else if i < Opcode::COUNT + PAIR_COUNT {
            pairs[i - Opcode::COUNT]
        } else {
            triples[i - Opcode::COUNT - PAIR_COUNT]
        };
        i += 1;
    }
    table
}

/// A table in which a pair is its first instruction alone.
const fn singly(plain_handlers: [Handler; Opcode::COUNT]) -> [Handler; NUMBERS] {
    let mut table = [plain_handlers[0]; NUMBERS];
    let mut i = 0;
    while i < NUMBERS {
        table[i] = plain_handlers[plain(i) as usize];
        i += 1;
    }
    table
}

/// Replaces the fast paths that enter or leave functions by what looks at hooks. No pair begins with one of them.
const fn hooked<D: Dispatch>(mut table: [Handler; NUMBERS]) -> [Handler; NUMBERS] {
    table[Opcode::Call as usize] = Handler(ops::call_watched::<D>);
    table[Opcode::Call0 as usize] = Handler(ops::call_0_watched::<D>);
    table[Opcode::CallN as usize] = Handler(ops::call_n_watched::<D>);
    table[Opcode::CallOpen as usize] = Handler(ops::call_open_slow::<D>);
    table[Opcode::TailCall as usize] = Handler(ops::tail_call_full::<D>);
    table[Opcode::TailCallOpen as usize] = Handler(ops::tail_call_open_slow::<D>);
    table[Opcode::ForCall as usize] = Handler(ops::for_call_slow::<D>);
    table[Opcode::Return0 as usize] = Handler(ops::return_0_slow::<D>);
    table[Opcode::Return1 as usize] = Handler(ops::return_1_watched::<D>);
    table[Opcode::ReturnN as usize] = Handler(ops::return_n_slow::<D>);
    table
}

/// Which back-end a VM uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// [`Tail`]
    Tail,
    /// [`Loop`]
    Loop,
}

impl Default for Backend {
    fn default() -> Backend {
        if cfg!(feature = "loop-dispatch") {
            Backend::Loop
        } else {
            Backend::Tail
        }
    }
}

impl Backend {
    /// The back-end's dispatch table, as the VM keeps it.
    pub fn table(self) -> *const Handler {
        match self {
            Backend::Tail => Tail::TABLE.as_ptr(),
            Backend::Loop => Loop::TABLE.as_ptr(),
        }
    }
    /// The table that watches calls and returns.
    pub fn hooked_table(self) -> *const Handler {
        match self {
            Backend::Tail => Tail::HOOKED.as_ptr(),
            Backend::Loop => Loop::HOOKED.as_ptr(),
        }
    }
    /// The table that traces every instruction.
    pub fn trace_table(self) -> *const Handler {
        match self {
            Backend::Tail => Tail::TRACE.as_ptr(),
            Backend::Loop => Loop::TRACE.as_ptr(),
        }
    }
    /// The table whose handlers count.
    pub fn count_table(self) -> *const Handler {
        match self {
            Backend::Tail => Tail::COUNT.as_ptr(),
            Backend::Loop => Loop::COUNT.as_ptr(),
        }
    }
    /// The table whose handlers keep the account of fuel.
    pub fn fuel_table(self) -> *const Handler {
        match self {
            Backend::Tail => Tail::FUEL.as_ptr(),
            Backend::Loop => Loop::FUEL.as_ptr(),
        }
    }
    /// The table that takes every instruction from the fuel.
    pub fn step_table(self) -> *const Handler {
        match self {
            Backend::Tail => Tail::STEP.as_ptr(),
            Backend::Loop => Loop::STEP.as_ptr(),
        }
    }
    /// The table whose handlers poll.
    pub fn poll_table(self) -> *const Handler {
        match self {
            Backend::Tail => Tail::POLL.as_ptr(),
            Backend::Loop => Loop::POLL.as_ptr(),
        }
    }
}

/// Runs from the VM's saved state until the frame that entered it returns or is unwound.
///
/// # Safety
/// F1–F4 hold for the saved pc, base and constants.
pub unsafe fn run(vm: *mut Vm) {
    (*vm).exit = false;
    match (*vm).backend {
        Backend::Tail => Tail::next(vm, (*vm).pc, (*vm).base, (*vm).k, table_of(vm)),
        Backend::Loop => loop {
            if (*vm).exit {
                return;
            }
            let pc = (*vm).pc;
            let table = table_of(vm);
            ((*table.add(*pc.cast::<u16>() as usize)).0)(vm, pc, (*vm).base, (*vm).k, table);
        },
    }
}
