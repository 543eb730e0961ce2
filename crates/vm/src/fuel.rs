//! Fuel: how much a script may still do, counted in words of code and in the work of natives.
//!
//! While there is a limit, another dispatch table is in use ([`Dispatch::FUEL`](crate::dispatch::Dispatch::FUEL)), in which the
//! instructions that leave the straight line keep the account. It is kept in advance: a call pays for the whole code
//! of the function, a jump forward gets back what it leaps over, a jump backward pays for what it goes back, a return gets back
//! what stands behind it. So the code between two jumps needs no counting, and with `rest` the number of words
//! from where a frame goes on to the end of its function,
//!
//! ```text
//! fuel = what is left - the sum of the rests of all frames that will run on
//! ```
//!
//! holds at every instruction. When `fuel` falls below zero, what is left is less than those rests, and the VM counts instruction
//! by instruction (the table `STEP`) until nothing is left: so a script stops at exactly one instruction, whatever its
//! frames are, and never later than allowed.
//!
//! A suspended coroutine has paid for nothing: it gets its rests back when it stops and pays for them when it goes on.
//! Without a limit the account means nothing: slow paths may change it all the same where asking would cost more.

use crate::error::message;
use crate::frame::{FrameKind, RegisterFrame, flag};
use crate::hook::Transfer;
use crate::interrupt::Request;
use crate::object::Proto;
use crate::thread::Thread;
use crate::value::Value;
use crate::vm::{Flow, Go, Raised, Vm};
use perilune_bytecode::{Opcode, op_fields};
use std::fmt;

/// Why everything that runs must end. No script can catch it: see [`Vm::stopped`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// The fuel is used up.
    Fuel,
    /// The time is over.
    Time,
    /// The host asked for it.
    Cancelled,
    /// The memory limit was reached, and [`Vm::set_memory_final`] said that this is the end.
    Memory,
}

impl Stop {
    /// The error message, without a place.
    pub fn message(self) -> &'static str {
        match self {
            Stop::Fuel => "fuel limit reached",
            Stop::Time => "time limit reached",
            Stop::Cancelled => "cancelled",
            Stop::Memory => "memory limit reached",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// What the account is set to where there is no limit: what slow paths and natives take from it does not end soon.
const PLENTY: i64 = i64::MAX / 2;

/// The most that a frame's rest, or the work of a native, counts for at once.
const MOST_AT_ONCE: u64 = 1 << 40;

/// The account, but for what handlers touch ([`Vm::fuel`]).
#[derive(Default)]
pub(crate) struct Meter {
    /// Count by steps from the start of each limit.
    always_steps: bool,
    /// There is a limit.
    pub(crate) on: bool,
    /// Instructions are counted one by one, in `left`.
    pub(crate) stepping: bool,
    /// While stepping: what is left.
    left: u64,
}

/// Words of the instruction at `pc`.
#[inline]
pub(crate) unsafe fn words_at(pc: *const u64) -> usize {
    match crate::pairs::opcode_at(pc) {
        Opcode::Closure => {
            let count = *pc.byte_add(op_fields::closure::captures).cast::<u16>() as usize;
            (op_fields::closure::captures + 2 + 2 * count).div_ceil(8)
        }
        op => op.words(),
    }
}

/// What the instruction at `pc` counts for when it begins: a `close` with more to close comes back to itself, and counts when
/// it goes on.
#[inline]
unsafe fn counted_words(pc: *const u64) -> usize {
    match *pc.cast::<u16>() == Opcode::Close as u16 {
        true => 0,
        false => words_at(pc),
    }
}

/// Words of a function's code from `pc` on; none if it is elsewhere, as after a call that could not begin.
#[inline]
unsafe fn words_from(proto: *mut Proto, pc: *const u64) -> i64 {
    let origin = (*proto).at(pc);
    match origin.holds(pc) {
        true => (origin.code.len() - origin.word(pc) as usize) as i64,
        false => 0,
    }
}

/// Words of a function's code behind the instruction at `pc`, which has begun. A `close` counts when it goes on.
#[inline]
unsafe fn words_behind(proto: *mut Proto, pc: *const u64) -> i64 {
    match words_from(proto, pc) {
        0 => 0,
        rest => rest - counted_words(pc) as i64,
    }
}

impl Vm {
    /// Limits what scripts may still do to this many words of code (an instruction has one to three) and as much work of
    /// natives, or takes the limit away. A stop for want of fuel is over with it. Numbers from 2^62 on are as good as that.
    pub fn set_fuel(&mut self, fuel: Option<u64>) {
        if self.stop == Some(Stop::Fuel) {
            self.stop = None;
        }
        self.meter = Meter {
            always_steps: self.meter.always_steps,
            ..Meter::default()
        };
        self.fuel = PLENTY;
        if let Some(fuel) = fuel {
            self.meter.on = true;
            // SAFETY: F3; the saved states describe the stacks.
            self.fuel = fuel.min(PLENTY as u64) as i64 - unsafe { self.rests() };
            if self.meter.always_steps {
                self.count_fuel_by_steps();
            }
        }
        self.set_table(self.watching_table());
    }

    /// What is left of the limit, if there is one.
    pub fn fuel(&self) -> Option<u64> {
        if !self.meter.on {
            return None;
        }
        if self.meter.stepping {
            return Some(self.meter.left);
        }
        // SAFETY: F3.
        let left = self.fuel.saturating_add(unsafe { self.rests() });
        Some(left.max(0) as u64)
    }

    /// Counts instruction by instruction from now on, for tests: what is left must be the same.
    pub fn count_fuel_by_steps(&mut self) {
        self.meter.always_steps = true;
        if self.meter.on && !self.meter.stepping {
            // SAFETY: F3.
            self.meter.left = self.fuel.saturating_add(unsafe { self.rests() }).max(0) as u64;
            self.begin_steps();
        }
    }

    /// Why everything must end, while it must. Until the host takes the cause away ([`Vm::set_fuel`],
    /// [`Vm::set_timeout`]), whatever is started stops at once; a cancellation is over when the host's outermost operation ends.
    pub fn stopped(&self) -> Option<Stop> {
        self.stop
    }

    /// Whether running out of memory ends everything, instead of raising an error that scripts can catch.
    pub fn set_memory_final(&mut self, is_final: bool) {
        self.memory_final = is_final;
    }

    /// The host's outermost operation ended: what stopped it does not stop the next one, unless the cause is still there.
    #[inline(always)]
    pub(crate) fn forget_stop(&mut self) {
        if matches!(self.stop, Some(Stop::Cancelled | Stop::Memory)) {
            self.stop = None;
            self.set_table(self.watching_table());
        }
    }

    /// The sum of the rests of all frames that will run on: those of the running coroutine, and of those that wait for it.
    unsafe fn rests(&self) -> i64 {
        let mut sum = 0;
        let mut frame = self.frame();
        if let Some(proto) = frame.proto() {
            // The instruction at the saved pc has not begun: nothing but the VM itself, between two instructions, gets here.
            sum += words_from(proto, self.pc);
        }
        let mut thread = self.thread;
        loop {
            sum += callers_rests(thread, frame).words;
            thread = (*thread).resumer;
            if thread.is_null() {
                return sum;
            }
            // At its top is the native that resumed.
            frame = RegisterFrame((*thread).base);
        }
    }

    /// A coroutine stops, and perhaps for ever: it gets its rests back. Its saved state is at a native, or at what failed.
    ///
    /// # Safety
    /// F3, F4: the coroutine's state is saved.
    pub(crate) unsafe fn refund_thread(&mut self, t: *mut Thread) -> Option<Rests> {
        if !self.meter.on {
            return None;
        }
        let rests = thread_rests(t);
        self.note_work(rests.frames / 8);
        self.fuel = self.fuel.wrapping_add(rests.words);
        Some(rests)
    }

    /// A coroutine goes on: it pays for its rests.
    ///
    /// # Safety
    /// F3, F4: the coroutine's state is saved.
    pub(crate) unsafe fn charge_thread(&mut self, t: *mut Thread) {
        // While it was suspended nothing changed its frames.
        let known = (*t).rests.take();
        if self.meter.on {
            let rests = known.unwrap_or_else(|| thread_rests(t));
            self.note_work(rests.frames / 8);
            self.fuel = self.fuel.wrapping_sub(rests.words);
        }
    }

    /// The VM itself did, or is about to do, so much work for an instruction; the next jump or call notices.
    pub(crate) fn note_work(&mut self, work: usize) {
        let work = (work as u64).min(MOST_AT_ONCE);
        if self.meter.stepping {
            self.meter.left = self.meter.left.saturating_sub(work);
        } else {
            self.fuel = self.fuel.wrapping_sub(work as i64);
        }
    }

    /// A Lua frame ends at the instruction at `pc`: what stands behind that is given back.
    ///
    /// # Safety
    /// F1, F3.
    #[inline]
    pub(crate) unsafe fn refund_frame(&mut self, frame: RegisterFrame, pc: *const u64) {
        if self.meter.on
            && let Some(proto) = frame.proto()
        {
            self.fuel = self.fuel.wrapping_add(words_behind(proto, pc));
        }
    }

    /// As [`Vm::note_work`], for going through so many bytes of a string, if they are many.
    #[inline(always)]
    pub(crate) fn note_bytes(&mut self, bytes: usize) {
        if bytes >= 1024 {
            self.note_work(bytes / 16);
        }
    }

    /// As [`Vm::note_work`], for going over so many places of a table, if they are many.
    #[inline(always)]
    pub(crate) fn note_places(&mut self, places: usize) {
        if places >= 64 {
            self.note_work(places / 8);
        }
    }

    /// What finding a key takes.
    #[inline]
    pub(crate) unsafe fn note_key(&mut self, key: Value) {
        if let Some(text) = key.str_bytes() {
            self.note_bytes(text.len());
        }
    }

    /// What comparing two values as wholes takes.
    #[inline]
    pub(crate) unsafe fn note_comparison(&mut self, a: Value, b: Value) {
        if let (Some(a), Some(b)) = (a.str_bytes(), b.str_bytes()) {
            self.note_bytes(a.len().min(b.len()));
        }
    }

    /// A frame that could not be entered, and so paid for nothing, is about to be taken off like others.
    ///
    /// # Safety
    /// F1, F3: the saved pc is where that frame's caller stopped.
    pub(crate) unsafe fn keep_unpaid(&mut self, frame: RegisterFrame) {
        if self.meter.on
            && let Some(proto) = frame.proto()
        {
            self.fuel = self.fuel.wrapping_sub(words_behind(proto, self.pc));
        }
    }

    /// A slow path jumps by so many words.
    #[inline(always)]
    pub(crate) fn note_jump(&mut self, words: isize) {
        self.fuel = self.fuel.wrapping_add(words as i64);
    }

    /// The account fell below zero; the saved state is at an instruction that has not begun.
    ///
    /// # Safety
    /// F1–F4.
    #[cold]
    pub(crate) unsafe fn out_of_fuel(&mut self) -> Flow {
        if !self.meter.on {
            self.fuel = PLENTY;
        } else if !self.meter.stepping {
            self.meter.left = self.fuel.saturating_add(self.rests()).max(0) as u64;
            self.begin_steps();
        }
        Ok(Go::On)
    }

    /// Work that instructions noted may have taken more than is left: a call of the host must not succeed then.
    ///
    /// # Errors
    /// It did.
    ///
    /// # Safety
    /// F3: the saved base is the native's that called.
    #[cold]
    pub(crate) unsafe fn check_fuel(&mut self) -> Result<(), Raised> {
        if self.meter.on && !self.meter.stepping && self.fuel.saturating_add(self.rests()) < 0 {
            self.begin_steps();
            self.meter.left = 0;
            return Err(self.raise_stop(Stop::Fuel));
        }
        Ok(())
    }

    fn begin_steps(&mut self) {
        self.meter.stepping = true;
        // Natives must look at `left`.
        self.fuel = -PLENTY;
        self.set_table(self.watching_table());
    }

    /// Counts the instruction at the saved pc.
    ///
    /// # Errors
    /// Nothing is left.
    ///
    /// # Safety
    /// F1, F3.
    pub(crate) unsafe fn fuel_step(&mut self) -> Result<(), Raised> {
        if !self.take_steps(counted_words(self.pc) as u64) {
            self.mark_unbegun();
            return Err(self.raise_stop(Stop::Fuel));
        }
        Ok(())
    }

    /// While stepping, a `close` is done.
    #[inline]
    pub(crate) fn count_close(&mut self) {
        if self.meter.stepping {
            self.take_steps(1);
        }
    }

    /// False if so much is not left; then nothing is.
    fn take_steps(&mut self, words: u64) -> bool {
        match self.meter.left.checked_sub(words) {
            Some(left) => {
                self.meter.left = left;
                true
            }
            None => {
                self.meter.left = 0;
                false
            }
        }
    }

    /// A native did, or is about to do, so much work.
    ///
    /// # Errors
    /// So much is not left, or the native is to end.
    ///
    /// # Safety
    /// F3, F4: a native's frame is on top, or the bottom.
    #[inline]
    pub(crate) unsafe fn charge(&mut self, work: u64) -> Result<(), Raised> {
        let left = self.fuel.wrapping_sub(work.min(MOST_AT_ONCE) as i64);
        self.fuel = left;
        if left < 0 || self.is_asked() {
            return self.charge_slow(work.min(MOST_AT_ONCE));
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    unsafe fn charge_slow(&mut self, work: u64) -> Result<(), Raised> {
        if self.is_asked() {
            self.answer()?;
        }
        if !self.meter.on {
            self.fuel = PLENTY;
            return Ok(());
        }
        if !self.meter.stepping {
            let left = self.fuel.saturating_add(self.rests());
            self.meter.left = left.max(0) as u64;
            self.begin_steps();
            if left >= 0 {
                return Ok(());
            }
        } else if self.take_steps(work) {
            self.fuel = -PLENTY;
            return Ok(());
        }
        self.meter.left = 0;
        Err(self.raise_stop(Stop::Fuel))
    }

    /// Answers what the dispatch table or a native was made to look for: a stop that is not over, or a request of the host.
    ///
    /// # Errors
    /// The stop, or "interrupted!".
    ///
    /// # Safety
    /// F3, F4.
    pub(crate) unsafe fn answer(&mut self) -> Result<(), Raised> {
        let request = self.interrupts.take();
        let answer = match (self.stop, request) {
            (Some(stop), _) => Err(self.raise_stop(stop)),
            (None, Some(Request::Time)) => Err(self.raise_stop(Stop::Time)),
            (None, Some(Request::Cancel)) => Err(self.raise_stop(Stop::Cancelled)),
            (None, Some(Request::Interrupt)) => Err(self.interrupted()),
            (None, None) => Ok(()),
        };
        if answer.is_err() {
            self.mark_unbegun();
        }
        self.set_table(self.watching_table());
        answer
    }

    /// The instruction at the saved pc of a Lua frame has not begun, as at a hook's event: what is live before it stays
    /// alive, and can be looked at.
    unsafe fn mark_unbegun(&mut self) {
        let frame = self.frame();
        if frame.proto().is_some() {
            frame.set_flags(frame.flags() | flag::HOOKED);
            (*self.thread).hook.transfer = Transfer::default();
        }
    }

    unsafe fn interrupted(&mut self) -> Raised {
        let frame = self.frame();
        let place = match frame.kind() {
            FrameKind::Base => Vec::new(),
            _ => self.position(frame.caller(), frame.caller_pc()),
        };
        self.raise_plain(&message!(place, b"interrupted!"))
    }

    /// Ends everything that runs: from now on every instruction raises this error, and nothing catches it.
    pub(crate) fn raise_stop(&mut self, stop: Stop) -> Raised {
        let first = self.stop.replace(stop).is_none();
        // SAFETY: F3.
        let (place, trace) = unsafe {
            let frame = self.frame();
            let place = match (frame.proto(), frame.kind()) {
                (Some(_), _) => self.position(frame, self.pc),
                (None, FrameKind::Base) => Vec::new(),
                (None, _) => self.position(frame.caller(), frame.caller_pc()),
            };
            let trace = first.then(|| self.traceback_text(self.thread, None, 0));
            (place, trace)
        };
        let trace = trace.or(self.traceback.take());
        let text = message!(place, stop.message());
        // A few bytes that the limit must not refuse: the message is what the host gets.
        let limit = self.heap.limit();
        self.heap.set_limit(None);
        let raised = self.raise_plain(&text);
        self.heap.set_limit(limit);
        self.traceback = trace;
        self.set_table(self.watching_table());
        raised
    }
}

/// The rests of some frames of a coroutine.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rests {
    words: i64,
    /// How many frames these are.
    frames: usize,
}

/// The rests of the frames below `frame`. What lies below a `__close` of a coroutine that is being closed does not run on.
unsafe fn callers_rests(thread: *mut Thread, mut frame: RegisterFrame) -> Rests {
    let mut rests = Rests::default();
    let closing = (*thread).closing || (*thread).failed;
    while frame.kind() != FrameKind::Base {
        let (kind, pc) = (frame.kind(), frame.return_pc());
        if closing && kind == FrameKind::CloseThread {
            return rests;
        }
        frame = frame.caller();
        rests.frames += 1;
        if let Some(proto) = frame.proto() {
            rests.words += match kind {
                // The place behind the call.
                FrameKind::Call1 | FrameKind::Call0 | FrameKind::CallN => words_from(proto, pc),
                _ => words_behind(proto, pc),
            };
        }
    }
    rests
}

/// The rests of all frames of a coroutine that does not run.
unsafe fn thread_rests(t: *mut Thread) -> Rests {
    if (*t).stack.is_null() {
        return Rests::default();
    }
    let frame = RegisterFrame((*t).base);
    let mut rests = callers_rests(t, frame);
    rests.frames += 1;
    if let Some(proto) = frame.proto() {
        // Where it failed.
        rests.words += words_behind(proto, (*t).pc);
    }
    rests
}
