//! Strings: hashing, and the weak set of interned ones.

use crate::object::{Objects, STR_EVENT, STR_HASHED, STR_LONG, Str, kind};
use perilune_gc::raw::{OutOfMemory, Ptr, RawHeap, WeakPhase};
use std::ptr::null_mut;

/// Strings up to this many bytes are interned: equal ones are one object.
pub const MAX_INTERNED: usize = 40;

/// Hashes bytes eight at a time, multiply and fold (the wyhash construction, Wang Yi 2019), from a seed.
#[inline]
fn hash_bytes(bytes: &[u8], seed: u64) -> u32 {
    #[inline(always)]
    fn mix(a: u64, b: u64) -> u64 {
        let m = u128::from(a) * u128::from(b);
        (m as u64) ^ ((m >> 64) as u64)
    }
    let n = bytes.len();
    let mut h = seed ^ (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let read8 = |at: usize| {
        let mut b = [0u8; 8];
        b.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(b)
    };
    let read4 = |at: usize| {
        let mut b = [0u8; 4];
        b.copy_from_slice(&bytes[at..at + 4]);
        u64::from(u32::from_le_bytes(b))
    };
    if n > 16 {
        let mut at = 0;
        while at + 16 <= n {
            h = mix(read8(at) ^ 0xA076_1D64_78BD_642F, read8(at + 8) ^ h);
            at += 16;
        }
        h = mix(read8(n - 16) ^ 0xE703_7ED1_A0B4_28DB, read8(n - 8) ^ h);
    } else if n >= 8 {
        h = mix(read8(0) ^ 0xA076_1D64_78BD_642F, read8(n - 8) ^ h);
    } else if n >= 4 {
        h = mix(
            (read4(0) << 32 | read4(n - 4)) ^ 0xA076_1D64_78BD_642F,
            h ^ 0xE703_7ED1_A0B4_28DB,
        );
    } else if n > 0 {
        let v = u64::from(bytes[0]) << 16 | u64::from(bytes[n / 2]) << 8 | u64::from(bytes[n - 1]);
        h = mix(v ^ 0xA076_1D64_78BD_642F, h ^ 0xE703_7ED1_A0B4_28DB);
    }
    (mix(h, 0x8EBC_6AF0_9C88_C6E3) >> 16) as u32
}

/// Whether two short strings of one length are equal, without a call.
#[inline(always)]
unsafe fn same_short(a: &[u8], b: &[u8]) -> bool {
    let n = a.len();
    let (a, b) = (a.as_ptr(), b.as_ptr());
    let eight = |at: usize| a.add(at).cast::<u64>().read_unaligned() == b.add(at).cast::<u64>().read_unaligned();
    if n >= 8 {
        let mut at = 0;
        while at + 8 <= n {
            if !eight(at) {
                return false;
            }
            at += 8;
        }
        return eight(n - 8);
    }
    let four = |at: usize| a.add(at).cast::<u32>().read_unaligned() == b.add(at).cast::<u32>().read_unaligned();
    if n >= 4 {
        return four(0) && four(n - 4);
    }
    n == 0 || (*a == *b && *a.add(n / 2) == *b.add(n / 2) && *a.add(n - 1) == *b.add(n - 1))
}

/// Copies a short string, without a call.
#[inline(always)]
unsafe fn copy_short(from: &[u8], to: *mut u8) {
    let n = from.len();
    let from = from.as_ptr();
    let eight = |at: usize| {
        to.add(at)
            .cast::<u64>()
            .write_unaligned(from.add(at).cast::<u64>().read_unaligned());
    };
    if n >= 8 {
        let mut at = 0;
        while at + 8 <= n {
            eight(at);
            at += 8;
        }
        return eight(n - 8);
    }
    let four = |at: usize| {
        to.add(at)
            .cast::<u32>()
            .write_unaligned(from.add(at).cast::<u32>().read_unaligned());
    };
    if n >= 4 {
        four(0);
        return four(n - 4);
    }
    if n > 0 {
        *to = *from;
        *to.add(n / 2) = *from.add(n / 2);
        *to.add(n - 1) = *from.add(n - 1);
    }
}

/// The seed of long strings' hashes: they are compared by content in any case.
const LONG_SEED: u64 = 0x2545_F491_4F6C_DD1D;

/// The hash of a string; computed and kept for a long one.
///
/// # Safety
/// `s` is live.
#[inline]
pub unsafe fn hash_of(s: *mut Str) -> u32 {
    if (*s).header.aux & STR_HASHED == 0 {
        (*s).header.word = hash_bytes((*s).bytes(), LONG_SEED);
        (*s).header.aux |= STR_HASHED;
    }
    (*s).header.word
}

/// The weak set of interned strings: open addressing with linear probing.
pub struct Interner {
    slots: Box<[*mut Str]>,
    used: usize,
    seed: u64,
    /// The strings of one byte, or null: scanners ask for little else.
    bytes: Box<[*mut Str; 256]>,
}

impl Interner {
    /// An empty set; the same seed gives the same hashes in every run.
    pub fn new(seed: u64) -> Interner {
        Interner {
            slots: vec![null_mut(); 256].into_boxed_slice(),
            used: 0,
            seed,
            bytes: Box::new([null_mut(); 256]),
        }
    }

    /// The string object for `bytes`: the interned one if short, else a new one.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `heap` is the heap of the set's strings.
    #[inline]
    pub unsafe fn make(&mut self, heap: &mut RawHeap<Objects>, bytes: &[u8]) -> Result<*mut Str, OutOfMemory> {
        if let &[byte] = bytes {
            let s = self.bytes[byte as usize];
            if !s.is_null() {
                return Ok(s);
            }
            let s = self.intern(heap, bytes)?;
            self.bytes[byte as usize] = s;
            return Ok(s);
        }
        if bytes.len() > MAX_INTERNED {
            let s = Interner::long(heap, bytes.len())?;
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), (*s).data_mut(), bytes.len());
            return Ok(s);
        }
        self.intern(heap, bytes)
    }

    unsafe fn intern(&mut self, heap: &mut RawHeap<Objects>, bytes: &[u8]) -> Result<*mut Str, OutOfMemory> {
        let hash = hash_bytes(bytes, self.seed);
        let mask = self.slots.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            let s = *self.slots.get_unchecked(i);
            if s.is_null() {
                break;
            }
            if (*s).header.word == hash && (*s).len == bytes.len() && same_short((*s).bytes(), bytes) {
                return Ok(s);
            }
            i = (i + 1) & mask;
        }
        let p = heap.alloc(kind::STR, Str::size_for(bytes.len()).ok_or(OutOfMemory)?)?;
        let s: *mut Str = p.cast().as_ptr();
        (*s).header.word = hash;
        (*s).header.aux = if bytes.starts_with(b"__") {
            STR_HASHED | STR_EVENT
        } else {
            STR_HASHED
        };
        (*s).len = bytes.len();
        copy_short(bytes, (*s).data_mut());
        *self.slots.get_unchecked_mut(i) = s;
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            self.rebuild(self.slots.len() * 2);
        }
        Ok(s)
    }

    /// The interned string with these bytes, if there is one.
    pub fn find(&self, bytes: &[u8]) -> Option<*mut Str> {
        let hash = hash_bytes(bytes, self.seed);
        let mask = self.slots.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            let s = self.slots[i];
            if s.is_null() {
                return None;
            }
            // SAFETY: H1; the set holds live strings.
            if unsafe { (*s).bytes() } == bytes {
                return Some(s);
            }
            i = (i + 1) & mask;
        }
    }

    /// A new long string whose bytes the caller fills in at once.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `len` is above [`MAX_INTERNED`].
    pub unsafe fn long(heap: &mut RawHeap<Objects>, len: usize) -> Result<*mut Str, OutOfMemory> {
        let p = heap.alloc(kind::STR, Str::size_for(len).ok_or(OutOfMemory)?)?;
        let s: *mut Str = p.cast().as_ptr();
        (*s).header.aux = STR_LONG;
        (*s).len = len;
        Ok(s)
    }

    fn rebuild(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.slots, vec![null_mut(); size].into_boxed_slice());
        let mask = size - 1;
        for s in old.into_iter().filter(|s| !s.is_null()) {
            // SAFETY: H1; the set holds live strings.
            let mut i = unsafe { (*s).header.word } as usize & mask;
            while !self.slots[i].is_null() {
                i = (i + 1) & mask;
            }
            self.slots[i] = s;
        }
    }

    /// Drops the strings that were not marked. Runs in the last weak phase.
    pub fn sweep(&mut self, phase: &WeakPhase<'_>) {
        for slot in self.bytes.iter_mut() {
            if Ptr::new(slot.cast()).is_some_and(|p| !phase.is_marked(p)) {
                *slot = null_mut();
            }
        }
        let mut kept = 0;
        for slot in &mut self.slots {
            if let Some(p) = Ptr::new(slot.cast()) {
                if phase.is_marked(p) {
                    kept += 1;
                } else {
                    *slot = null_mut();
                }
            }
        }
        if kept != self.used {
            self.used = kept;
            let mut size = self.slots.len();
            while size > 256 && kept * 8 < size {
                size /= 2;
            }
            self.rebuild(size);
        }
    }
}
