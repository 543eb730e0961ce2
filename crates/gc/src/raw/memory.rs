//! The one metered gate through which a heap and its buffers grow.

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::ptr::NonNull;

use super::OutOfMemory;

/// Stands for "no limit"; half the address space, so that no sum below overflows.
const UNLIMITED: usize = isize::MAX as usize / 2;

/// Taken from `room` while fault injection is armed, so that every allocation takes the slow path.
const ARMED: isize = 1 << 62;

/// Counts the bytes of objects and of the buffers that they own, to the byte, against a limit, and knows
/// when a collection is due.
///
/// Cells count with the bytes of their block, buffers with the size of their layout.
pub struct Memory {
    /// Bytes left below the limit (less [`ARMED`] while fault injection is armed).
    pub(super) room: isize,
    /// A collection is due once `room` is at or below this.
    pub(super) collect_at: isize,
    /// The limit, or [`UNLIMITED`].
    limit: usize,
    /// The part of the bytes in use that lies in buffers.
    buffers: usize,
    /// Most bytes in use when a buffer had been taken.
    peak: usize,
    /// Bytes that were given back since the heap was made.
    freed: u64,
    /// The bytes in use at which the next collection is due.
    threshold: usize,
    /// Due or not regardless of the bytes in use.
    schedule: Schedule,
    /// Allocations until the injected failure.
    fail_after: Option<u64>,
    /// What `room` is too small by: [`ARMED`] or 0.
    bias: isize,
}

/// When a collection is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    /// At the threshold.
    Debt,
    /// Never.
    Stopped,
    /// At every safepoint.
    Always,
}

impl Memory {
    pub(super) fn new(limit: Option<usize>, threshold: usize) -> Memory {
        let mut memory = Memory {
            room: 0,
            collect_at: 0,
            limit: UNLIMITED,
            buffers: 0,
            peak: 0,
            freed: 0,
            threshold,
            schedule: Schedule::Debt,
            fail_after: None,
            bias: 0,
        };
        memory.room = UNLIMITED as isize;
        memory.set_limit(limit);
        memory
    }

    /// Bytes in use: objects and buffers.
    pub fn bytes(&self) -> usize {
        (self.limit as isize - self.real_room()) as usize
    }

    /// Most bytes in use at a time when a buffer was taken.
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// Bytes in use in buffers.
    pub fn buffer_bytes(&self) -> usize {
        self.buffers
    }

    /// The bytes that may be in use at most.
    pub fn limit(&self) -> Option<usize> {
        (self.limit != UNLIMITED).then_some(self.limit)
    }

    /// Sets the limit. If more is in use already, every allocation fails until enough is freed.
    pub fn set_limit(&mut self, limit: Option<usize>) {
        let bytes = self.bytes();
        self.limit = limit.unwrap_or(UNLIMITED).min(UNLIMITED);
        self.set_bytes(bytes);
    }

    /// Bytes allocated since the heap was made, whether or not still in use.
    pub fn allocated_total(&self) -> u64 {
        self.freed + self.bytes() as u64
    }

    /// Makes the `n`-th allocation from now (counted from 1; objects, buffers and charges) fail, once.
    /// `None` disarms.
    pub fn fail_after(&mut self, n: Option<u64>) {
        let bytes = self.bytes();
        self.fail_after = n;
        self.set_bytes(bytes);
    }

    /// The number that [`Memory::fail_after`] would take now for the failure that is still to come.
    pub fn failure_in(&self) -> Option<u64> {
        self.fail_after
    }

    /// Allocates a buffer with undefined content; for an empty layout a dangling pointer.
    ///
    /// # Errors
    ///
    /// If the limit would be passed or the system refuses.
    #[inline]
    pub fn alloc(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        self.charge(layout.size())?;
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        // SAFETY: the layout is not empty.
        match NonNull::new(unsafe { alloc(layout) }) {
            Some(ptr) => Ok(ptr),
            None => {
                self.release(layout.size());
                Err(OutOfMemory)
            }
        }
    }

    /// Resizes a buffer to `size` bytes of the same alignment, keeping its content up to the smaller size.
    /// On failure the buffer is untouched. Shrinking is never refused by the limit.
    ///
    /// # Errors
    ///
    /// If the limit would be passed or the system refuses.
    ///
    /// # Safety
    ///
    /// `ptr` came from this gate with `layout`, and is not used after success.
    #[inline]
    pub unsafe fn realloc(
        &mut self,
        ptr: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> Result<NonNull<u8>, OutOfMemory> {
        let new = Layout::from_size_align(size, layout.align()).map_err(|_| OutOfMemory)?;
        if layout.size() == 0 {
            return self.alloc(new);
        }
        if size == 0 {
            // SAFETY: as the caller promises.
            unsafe { self.free(ptr, layout) };
            return Ok(dangling(layout));
        }
        let grown = size.saturating_sub(layout.size());
        if grown > 0 {
            self.charge(grown)?;
        }
        // SAFETY: as the caller promises; neither size is 0.
        match NonNull::new(unsafe { realloc(ptr.as_ptr(), layout, size) }) {
            Some(ptr) => {
                self.release(layout.size().saturating_sub(size));
                Ok(ptr)
            }
            None => {
                self.release(grown);
                Err(OutOfMemory)
            }
        }
    }

    /// Frees a buffer.
    ///
    /// # Safety
    ///
    /// `ptr` came from this gate with `layout`, and is not used afterwards.
    #[inline]
    pub unsafe fn free(&mut self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            self.release(layout.size());
            // SAFETY: as the caller promises.
            unsafe { dealloc(ptr.as_ptr(), layout) };
        }
    }

    /// Counts `bytes` that the client allocated elsewhere.
    ///
    /// # Errors
    ///
    /// If the limit would be passed; nothing is counted then.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        if bytes as isize > self.room || bytes > UNLIMITED {
            self.charge_slow(bytes)?;
        }
        self.room -= bytes as isize;
        self.buffers += bytes;
        self.peak = self.peak.max(self.bytes());
        Ok(())
    }

    /// Takes back a charge.
    #[inline]
    pub fn release(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.buffers, "more released than was charged");
        self.room += bytes as isize;
        self.buffers -= bytes;
        self.freed += bytes as u64;
    }

    #[cold]
    fn charge_slow(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        self.admit(bytes)
    }

    /// Whether `bytes` may be allocated; counts down the fault injection.
    pub(super) fn admit(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        if let Some(n) = self.fail_after {
            if n <= 1 {
                self.fail_after(None);
                return Err(OutOfMemory);
            }
            self.fail_after = Some(n - 1);
        }
        if bytes > UNLIMITED || bytes as isize > self.real_room() {
            Err(OutOfMemory)
        } else {
            Ok(())
        }
    }

    /// Whether the limit allows `bytes` more.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        bytes <= UNLIMITED && bytes as isize <= self.real_room()
    }

    /// Whether so little is left below the limit that a cycle may not come to its end in time.
    pub(super) fn is_short(&self) -> bool {
        self.limit != UNLIMITED && self.real_room() < (self.limit / 4) as isize
    }

    /// Counts a block that was admitted.
    #[inline(always)]
    pub(super) fn take_cells(&mut self, bytes: usize) {
        self.room -= bytes as isize;
    }

    /// Takes back the bytes of blocks that a sweep freed.
    pub(super) fn free_cells(&mut self, bytes: usize) {
        self.room += bytes as isize;
        self.freed += bytes as u64;
    }

    pub(super) fn set_threshold(&mut self, threshold: usize) {
        self.threshold = threshold;
        self.set_bytes(self.bytes());
    }

    pub(super) fn threshold(&self) -> usize {
        self.threshold
    }

    pub(super) fn set_schedule(&mut self, schedule: Schedule) {
        self.schedule = schedule;
        self.set_bytes(self.bytes());
    }

    fn real_room(&self) -> isize {
        self.room + self.bias
    }

    /// Recomputes the two compared numbers.
    fn set_bytes(&mut self, bytes: usize) {
        self.bias = if self.fail_after.is_some() { ARMED } else { 0 };
        self.room = self.limit as isize - bytes as isize - self.bias;
        self.collect_at = match self.schedule {
            Schedule::Debt => self.limit as isize - self.threshold.min(UNLIMITED) as isize - self.bias,
            Schedule::Stopped => isize::MIN,
            Schedule::Always => isize::MAX,
        };
    }
}

fn dangling(layout: Layout) -> NonNull<u8> {
    NonNull::without_provenance(std::num::NonZero::new(layout.align()).expect("alignments are not zero"))
}
