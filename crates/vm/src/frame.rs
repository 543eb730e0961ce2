//! `RegisterFrame`: the typed view of a frame's header on the register stack.
//!
//! ```text
//!  caller's window            callee's window (base = new frame's R0)
//!  registers | spill slots | callee | frame word | R0 = arg0 | R1 = arg1 | ...
//!                            R[A]     R[A+1]       R[A+2]
//! ```
//!
//! The callee's slot is an ordinary value whose spare bytes say what kind of call this is and how far
//! below the caller's base lies; the frame word holds the return address and the caller's constants. The collector, the
//! unwinder and tracebacks walk frames by these alone. A frame is made by CALL and dead at RETURN or
//! unwind; nothing keeps a pointer into the stack across an instruction that may grow it.

use crate::object::{Closure, Proto};
use crate::value::{Value, tag};

/// Slots between a window's start and the callee's R0.
pub const HEADER_SLOTS: usize = 2;

/// What made a frame, and so what happens when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum FrameKind {
    /// The bottom of a stack.
    Base = 0,
    /// `call`: one result to the instruction's `dst`.
    Call1 = 1,
    /// `call_0`: no results.
    Call0 = 2,
    /// `call_n`, `call_open`: the results the instruction asks for, from its window on.
    CallN = 3,
    /// A metamethod or iterator on behalf of the instruction at the return address, which is
    /// finished with the results.
    Finish = 4,
    /// Rust code called: the dispatch loop ends.
    Entry = 5,
    /// The function that `pcall` calls.
    Pcall = 6,
    /// The function that `xpcall` calls; its handler is in the caller's R0.
    Xpcall = 7,
    /// The body of a coroutine.
    Body = 8,
    /// The message handler of an `xpcall`, whose result replaces the error.
    Handler = 9,
    /// A `__close` on normal exit; the `close` instruction at the return address goes on.
    Close = 10,
    /// A `__close` while unwinding; unwinding goes on.
    CloseError = 11,
    /// A finalizer.
    Finalizer = 12,
    /// A `__close` run for `coroutine.close`.
    CloseThread = 13,
    /// A native in a tail call: the caller's frame stays below it, and returns what it returns.
    TailNative = 14,
    /// What a native calls at its end: the native's frame stays below it and returns the results, as many as the slot
    /// below the window says (all if negative).
    Forward = 15,
    /// A `yield` on behalf of a hook; the instruction at the return address, which has not begun, runs next.
    HookYield = 16,
}

/// Frame flags.
pub mod flag {
    /// The frame took the place of its caller's.
    pub const TAIL: u8 = 1;
    /// Extra arguments lie below the header: their number in the slot below it.
    pub const VARARG: u8 = 2;
    /// A hook runs at the frame's instruction.
    pub const HOOKED: u8 = 4;
    /// The hook is that of its return.
    pub const LEAVING: u8 = 8;
    /// From this bit on: how many arguments `__call` metamethods put in front, 15 at most.
    pub const EXTRA_SHIFT: u8 = 4;
}

/// A frame, by its base (its R0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct RegisterFrame(pub *mut Value);

/// Byte offsets from the base, as the handlers use them.
pub mod offset {
    /// The callee's payload.
    pub const CALLEE: isize = -32;
    /// The callee's tag (u8), flags (u8) and kind (u16) as one u32.
    pub const TAG_KIND: isize = -24;
    /// The kind (u16).
    pub const KIND: isize = -22;
    /// The flags (u8).
    pub const FLAGS: isize = -23;
    /// The distance to the caller's base in bytes (u32).
    pub const DISTANCE: isize = -20;
    /// The return address.
    pub const RETURN_PC: isize = -16;
    /// The caller's constants.
    pub const RETURN_K: isize = -8;
}

impl RegisterFrame {
    #[inline(always)]
    unsafe fn at<T>(self, offset: isize) -> *mut T {
        self.0.cast::<u8>().offset(offset).cast()
    }
    /// The called value.
    ///
    /// # Safety
    /// F3: the base is a frame's.
    #[inline(always)]
    pub unsafe fn callee(self) -> Value {
        *self.0.sub(2)
    }
    /// The loaded function, if the callee is Lua's.
    ///
    /// # Safety
    /// F3.
    #[inline(always)]
    pub unsafe fn proto(self) -> Option<*mut Proto> {
        let callee = self.callee();
        (callee.tag == tag::CLOSURE).then(|| (*callee.as_ptr::<Closure>()).proto)
    }
    /// What made the frame.
    ///
    /// # Safety
    /// F3.
    #[inline(always)]
    pub unsafe fn kind(self) -> FrameKind {
        // Only `link`, `set_kind` and the call handlers write the field, with kinds.
        std::mem::transmute::<u16, FrameKind>(*self.at::<u16>(offset::KIND))
    }
    /// Its flags.
    ///
    /// # Safety
    /// F3.
    #[inline(always)]
    pub unsafe fn flags(self) -> u8 {
        *self.at::<u8>(offset::FLAGS)
    }
    /// Sets its flags.
    ///
    /// # Safety
    /// F3.
    #[inline(always)]
    pub unsafe fn set_flags(self, flags: u8) {
        *self.at::<u8>(offset::FLAGS) = flags;
    }
    /// Changes what happens on return.
    ///
    /// # Safety
    /// F3.
    #[inline(always)]
    pub unsafe fn set_kind(self, kind: FrameKind) {
        *self.at::<u16>(offset::KIND) = kind as u16;
    }
    /// Bytes between the caller's base and this one.
    ///
    /// # Safety
    /// F3.
    #[inline(always)]
    pub unsafe fn distance(self) -> u32 {
        *self.at::<u32>(offset::DISTANCE)
    }
    /// The frame below.
    ///
    /// # Safety
    /// F3, and the frame is not the base of its stack.
    #[inline(always)]
    pub unsafe fn caller(self) -> RegisterFrame {
        RegisterFrame(self.0.byte_sub(self.distance() as usize))
    }
    /// Where the caller goes on: behind the call, or (kinds `Finish` and `Close`) at the instruction to finish.
    ///
    /// # Safety
    /// F3.
    #[inline(always)]
    pub unsafe fn return_pc(self) -> *const u64 {
        *self.at::<*const u64>(offset::RETURN_PC)
    }
    /// The caller's constants.
    ///
    /// # Safety
    /// F3.
    #[inline(always)]
    pub unsafe fn return_k(self) -> *const Value {
        *self.at::<*const Value>(offset::RETURN_K)
    }
    /// Writes the header behind the callee's slot, keeping the callee.
    ///
    /// # Safety
    /// The two slots below the base are on the stack and hold the callee.
    #[inline(always)]
    pub unsafe fn link(self, kind: FrameKind, caller: *mut Value, pc: *const u64, k: *const Value) {
        self.set_kind(kind);
        self.set_flags(0);
        *self.at::<u32>(offset::DISTANCE) = self.0.byte_offset_from(caller) as u32;
        *self.at::<*const u64>(offset::RETURN_PC) = pc;
        *self.at::<*const Value>(offset::RETURN_K) = k;
    }
    /// The extra arguments: where they start and how many there are.
    ///
    /// # Safety
    /// F3.
    #[inline]
    pub unsafe fn varargs(self) -> (*mut Value, usize) {
        if self.flags() & flag::VARARG == 0 {
            return (self.0, 0);
        }
        let count = (*self.0.sub(3)).payload as usize;
        (self.0.sub(3 + count), count)
    }
    /// The pc at which the frame's caller is: the call instruction, or the instruction to finish.
    ///
    /// # Safety
    /// F3, and the caller is a Lua frame.
    #[inline]
    pub unsafe fn caller_pc(self) -> *const u64 {
        match self.kind() {
            FrameKind::Call1 | FrameKind::Call0 | FrameKind::CallN => self.return_pc().sub(1),
            _ => self.return_pc(),
        }
    }
}
