//! When the next cycle is due, and whether it is a minor one.
//!
//! A minor cycle keeps the marks of the last cycle: it traces what is new and what was written to since, and sweeps the arenas that
//! were allocated from (Demers et al. 1990; Pall's plan for LuaJIT 3 has it with bitmaps). All survivors are old after it. What dies
//! among the old is left to the next major cycle.

use super::arena::ARENA_SIZE;
use super::{Config, Model, RawHeap};

/// Which cycles a heap runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Major cycles.
    Incremental,
    /// Minor cycles, and a major one when the old objects have grown by [`Config::minor_major`].
    Generational,
    /// Minor cycles as long as they free memory at less work than major ones.
    #[default]
    Adaptive,
}

/// Bytes allocated between two minor cycles, at least and at most: what is marked of the most takes about a millisecond.
const NURSERY: (usize, usize) = (256 << 10, 4 << 20);

/// A major cycle is due at the latest after the allocation of so many times what survived the last.
const LATEST: u64 = 8;

/// Work of a minor cycle besides its objects, in objects: roots, caches that are flushed.
const FIXED_WORK: u64 = 1000;

/// Minor cycles that did not pay, one after the other, until they are switched off.
const TRIALS: u32 = 2;

/// Most major cycles that pass until minor ones are tried again.
const MOST_SKIPPED: u32 = 16;

/// Chunks of arenas that a cycle in steps returns to the system at its end.
const MOST_RETURNED: usize = 16;

#[derive(Debug)]
pub(super) struct Pacer {
    pub mode: Mode,
    pub pause: usize,
    pub floor: usize,
    pub step_mul: usize,
    pub step_size: usize,
    pub one_step: usize,
    pub minor_mul: usize,
    pub minor_major: usize,
    pub major_minor: usize,
    /// Cycles are minor: marks are kept, and what is marked asks for the barrier.
    pub sticky: bool,
    /// What is marked asks for the barrier, and stores into it are noted: while a marking runs, and from its end on as long as a
    /// minor cycle may follow.
    pub remember: bool,
    /// The running cycle is minor.
    pub minor: bool,
    /// The next major cycle was asked for, and is not because of what minor ones left: they follow whatever it frees.
    pub asked: bool,
    /// Bytes that survived the last major cycle, and the last cycle.
    base: usize,
    after: usize,
    /// Bytes allocated since the heap was made, when the last cycle and the last major one told the dead.
    told: u64,
    major_told: u64,
    /// Bytes allocated between the last two times the dead were told.
    young: u64,
    /// Bytes that the running sweep has freed.
    pub swept: u64,
    /// Objects traced by the last cycle, and by the last major one.
    work: u64,
    major_work: u64,
    /// Minor cycles in a row that did not pay.
    bad: u32,
    /// Major cycles until minor ones are tried again, now and after the next failure.
    wait: u32,
    skip: u32,
}

impl Pacer {
    pub fn new(config: &Config) -> Pacer {
        Pacer {
            mode: config.mode,
            pause: config.pause,
            floor: config.floor,
            step_mul: config.step_mul,
            step_size: config.step_size,
            one_step: config.one_step,
            minor_mul: config.minor_mul,
            minor_major: config.minor_major,
            major_minor: config.major_minor,
            sticky: false,
            remember: false,
            minor: false,
            asked: true,
            base: 0,
            after: 0,
            told: 0,
            major_told: 0,
            young: 0,
            swept: 0,
            work: 0,
            major_work: 0,
            bad: 0,
            wait: 0,
            skip: 1,
        }
    }

    /// Whether a whole cycle over `bytes` makes its survivors ask for the barrier, so that a minor one may follow.
    pub fn wants_barriers(&self, bytes: usize) -> bool {
        match self.mode {
            Mode::Incremental => false,
            Mode::Generational => true,
            Mode::Adaptive => bytes >= self.one_step,
        }
    }

    /// The bytes in use at which a major cycle is due.
    fn goal(&self) -> usize {
        let percent = match self.mode {
            Mode::Generational => self.minor_major.saturating_add(100),
            _ => self.pause,
        };
        let goal = (self.base as u128 * percent as u128 / 100).min(isize::MAX as u128) as usize;
        goal.max(self.base.saturating_add(self.floor))
    }

    /// Bytes to allocate before the next minor cycle.
    fn nursery(&self) -> usize {
        (self.after / 100)
            .saturating_mul(self.minor_mul)
            .clamp(NURSERY.0, NURSERY.1)
    }

    /// Whether the next cycle is a minor one.
    pub fn next_is_minor(&self, allocated: u64) -> bool {
        self.sticky
            && self.after + self.nursery() / 2 <= self.goal()
            && allocated - self.major_told <= LATEST * self.base.max(NURSERY.1) as u64
    }

    /// The marking has ended: the dead are known. `work` is the number of objects traced.
    pub fn told(&mut self, allocated: u64, work: u64) {
        self.young = allocated - self.told;
        self.told = allocated;
        self.swept = 0;
        self.work = work;
        if !self.minor {
            self.major_told = allocated;
            self.major_work = work;
        }
        self.remember &= self.mode != Mode::Incremental;
    }

    /// The cycle has ended with `bytes` in use: decides whether the next is minor.
    pub fn ended(&mut self, bytes: usize, allocated: u64) {
        self.after = bytes.saturating_sub((allocated - self.told) as usize);
        self.decide();
        self.remember = self.sticky;
    }

    fn decide(&mut self) {
        if self.minor {
            if self.mode == Mode::Adaptive && !self.pays() {
                self.bad += 1;
                if self.bad >= TRIALS {
                    self.sticky = false;
                    self.bad = 0;
                    self.wait = self.skip;
                    self.skip = (self.skip * 2).min(MOST_SKIPPED);
                }
            } else {
                self.bad = 0;
                self.skip = 1;
            }
            return;
        }
        self.base = self.after;
        let asked = std::mem::take(&mut self.asked);
        self.sticky = self.remember
            && match self.mode {
                Mode::Incremental => false,
                Mode::Generational => {
                    asked || self.swept as u128 * 100 >= self.young as u128 * self.major_minor as u128
                }
                Mode::Adaptive => {
                    let now = self.wait == 0;
                    self.wait = self.wait.saturating_sub(1);
                    now && self.base >= self.one_step
                }
            };
    }

    /// Whether the last minor cycle freed a byte at less work than a major cycle does, which frees as many bytes as are allocated
    /// until it is due.
    fn pays(&self) -> bool {
        let growth = self.goal().saturating_sub(self.base) as u128;
        u128::from(self.work + FIXED_WORK) * growth < u128::from(self.swept) * u128::from(self.major_work)
    }

    /// Counts the debt anew.
    pub fn restart(&mut self, bytes: usize) {
        (self.base, self.after) = (bytes, bytes);
    }

    /// The bytes in use at which the next cycle is due.
    fn threshold(&self, bytes: usize) -> usize {
        if self.sticky {
            bytes.saturating_add(self.nursery())
        } else {
            self.goal().max(bytes.saturating_add(self.floor))
        }
    }
}

impl<M: Model> RawHeap<M> {
    /// Sets the next threshold and returns to the system what will not be needed before it.
    pub(super) fn schedule(&mut self) {
        let bytes = self.memory.bytes();
        let mut threshold = self.pacer.threshold(bytes);
        if let Some(limit) = self.memory.limit() {
            // Near the limit the next collection is due half way to it.
            threshold = threshold.min(bytes + limit.saturating_sub(bytes) / 2);
        }
        self.memory.set_threshold(threshold);
        let most = if self.in_steps { MOST_RETURNED } else { usize::MAX };
        self.chunks.trim((threshold - bytes) / ARENA_SIZE + 1, most);
    }
}
