//! Memory that natives take outside of the heap, which counts as the script's.

use super::Ctx;
use crate::vm::{Raised, Vm};
use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// An amount of memory that is counted until this is dropped.
///
/// Natives drop things where no VM is at hand, on the way out with an error; so what they give back waits in an account until the VM looks
/// (`Vm::settle`), at the latest when it needs the memory.
#[derive(Debug)]
pub struct Paid {
    bytes: usize,
    account: Rc<Cell<usize>>,
}

impl Paid {
    /// How much is counted, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts `bytes` from now on, instead of what was counted.
    ///
    /// # Errors
    /// Out of memory; as much as before is counted then.
    pub fn set(&mut self, ctx: &Ctx<'_>, bytes: usize) -> Result<(), Raised> {
        let vm = ctx.vm_mut();
        vm.settle();
        if bytes > self.bytes {
            if vm.heap.memory.charge(bytes - self.bytes).is_err() {
                return Err(vm.raise_memory());
            }
        } else {
            vm.heap.memory.release(self.bytes - bytes);
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Paid {
    fn drop(&mut self) {
        self.account.set(self.account.get() + self.bytes);
    }
}

/// Bytes that a native builds. What is written without [`Buffer::reserve`] is counted the next time that is called.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    paid: Paid,
    /// [`Buffer::prepare`] has nothing to do below this length.
    prepared: usize,
}

/// The least that a buffer grows by.
const SMALLEST: usize = 64;

impl Buffer {
    /// Empties it; the memory stays.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.prepared = 0;
    }

    /// Makes room for `extra` bytes more.
    ///
    /// # Errors
    /// Out of memory, be it the limit's or the machine's.
    #[inline]
    pub fn reserve(&mut self, ctx: &Ctx<'_>, extra: usize) -> Result<(), Raised> {
        if self.bytes.capacity() != self.paid.bytes || extra > self.bytes.capacity() - self.bytes.len() {
            self.grow(ctx, extra)
        } else {
            Ok(())
        }
    }

    #[cold]
    fn grow(&mut self, ctx: &Ctx<'_>, extra: usize) -> Result<(), Raised> {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        self.paid.set(ctx, capacity)?;
        let Some(need) = len.checked_add(extra) else {
            return Err(ctx.error_memory());
        };
        if need <= capacity {
            return Ok(());
        }
        // Twice as much as there was, or what is needed if there is not so much.
        let ample = need.max(capacity.saturating_mul(2)).max(SMALLEST);
        let fits = ctx.has_memory(ample - capacity);
        let wanted = if fits { ample } else { need };
        self.paid.set(ctx, wanted)?;
        let grown = self.bytes.try_reserve_exact(wanted - len);
        self.paid.set(ctx, self.bytes.capacity())?;
        grown.map_err(|_| ctx.error_memory())
    }

    /// To be called now and then by a native that fills it, where the native has no values at hand: collects garbage if it could not grow
    /// without that.
    pub fn prepare(&mut self, ctx: &mut Ctx<'_>) {
        if self.bytes.len() >= self.prepared {
            self.prepared = self.bytes.capacity().max(SMALLEST);
            ctx.make_room(2 * self.prepared);
        }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Ctx<'_> {
    /// Memory that counts as the script's: none yet.
    pub fn paid(&self) -> Paid {
        Paid {
            bytes: 0,
            account: self.vm_mut().returned.clone(),
        }
    }

    /// An empty buffer.
    pub fn new_buffer(&self) -> Buffer {
        Buffer {
            bytes: Vec::new(),
            paid: self.paid(),
            prepared: 0,
        }
    }

    /// Whether the limit allows `bytes` more.
    pub fn has_memory(&self, bytes: usize) -> bool {
        let vm = self.vm_mut();
        vm.settle();
        vm.heap.has_room(bytes)
    }

    /// Collects garbage if the limit does not allow an object of `bytes` more. Finalizers wait for the next collection.
    #[inline]
    pub fn make_room(&mut self, bytes: usize) {
        let bytes = bytes.saturating_add(SMALLEST);
        if !self.vm_mut().heap.has_room(bytes) {
            // SAFETY: F4; the native's frame is on top.
            unsafe { self.vm_mut().collect_for_native(bytes) };
        }
    }
}

impl Vm {
    /// Takes back what natives have dropped.
    #[inline]
    pub(crate) fn settle(&mut self) {
        let bytes = self.returned.take();
        if bytes > 0 {
            self.heap.memory.release(bytes);
        }
    }
}
