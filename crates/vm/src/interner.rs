//! The weak set of interned strings: extendible hashing (Fagin et al. 1979) over segments with linear probing, so that neither its
//! growth nor the death of many strings holds the program up.
//!
//! The upper bits of a hash choose the segment, the lower ones the slot in it. A slot holds the string's address and, in the 16 bits
//! above it, the hash's lower ones: strangers are told without a look at them, and a segment changes its size without one. A
//! string leaves the set when the sweep frees it; until then a look-up finds it, and brings it back to life.

use crate::object::{Objects, STR_EVENT, STR_HASHED, STR_LONG, Str, kind};
use crate::string::{MAX_INTERNED, copy_short, hash_bytes, same_short};
use perilune_gc::raw::{Memory, OutOfMemory, Ptr, RawHeap};
use std::alloc::Layout;
use std::ptr::{NonNull, null_mut};

/// Slots that a segment grows to before it is split.
const SEGMENT: usize = 512;
/// Slots of the smallest segment.
const SMALLEST: usize = 64;
/// Slots of the first segment: room for the names of the libraries.
const FIRST: usize = 512;
/// The upper bits of a hash that choose a segment, at most. Segments grow beyond [`SEGMENT`] then.
const MAX_DEPTH: u32 = 16;
/// Slots of the largest segment: what the bits above an address can tell apart.
const LARGEST: usize = 1 << 16;
/// Where the hash's bits begin in a slot.
const TAG: u32 = 48;

/// A segment as the directory knows it. Before the first slot lies a [`Meta`].
#[derive(Clone, Copy)]
struct Segment {
    slots: *mut u64,
    mask: u32,
}

/// What is known of a segment besides.
#[derive(Clone, Copy)]
#[repr(C)]
struct Meta {
    used: u32,
    /// How many upper bits all hashes in it share.
    depth: u32,
}

const _: () = assert!(size_of::<Meta>() == size_of::<u64>());

/// The set. It is the client of the VM's heap, which tells it of dead strings.
pub struct Interner {
    /// Indexed by the upper `depth` bits of a hash; empty once the heap is being dropped.
    directory: Vec<Segment>,
    depth: u32,
    seed: u64,
    /// The strings of one byte, or null: scanners ask for little else.
    bytes: Box<[*mut Str; 256]>,
}

impl Default for Interner {
    fn default() -> Interner {
        Interner {
            directory: Vec::new(),
            depth: 0,
            seed: 0,
            bytes: Box::new([null_mut(); 256]),
        }
    }
}

fn layout(slots: usize) -> Layout {
    // At most 65,537 words.
    Layout::array::<u64>(slots + 1).unwrap_or(Layout::new::<u64>())
}

impl Segment {
    /// # Errors
    /// Out of memory.
    fn new(mem: &mut Memory, slots: usize, depth: u32) -> Result<Segment, OutOfMemory> {
        let block: *mut u64 = mem.alloc(layout(slots))?.cast().as_ptr();
        // SAFETY: the block has `slots + 1` words.
        unsafe {
            block.cast::<Meta>().write(Meta { used: 0, depth });
            let slots_at = block.add(1);
            slots_at.write_bytes(0, slots);
            Ok(Segment {
                slots: slots_at,
                mask: slots as u32 - 1,
            })
        }
    }

    fn size(self) -> usize {
        self.mask as usize + 1
    }

    unsafe fn block(self) -> NonNull<u8> {
        NonNull::new_unchecked(self.slots.sub(1).cast())
    }

    unsafe fn free(self, mem: &mut Memory) {
        mem.free(self.block(), layout(self.size()));
    }

    #[inline(always)]
    unsafe fn meta<'a>(self) -> &'a mut Meta {
        &mut *self.slots.sub(1).cast()
    }

    /// Whether another string would fill more than three quarters of it.
    #[inline(always)]
    unsafe fn is_full(self) -> bool {
        self.meta().used >= self.mask - self.mask / 4
    }

    /// Puts in a slot's word.
    #[inline(always)]
    unsafe fn put(self, word: u64) {
        let mut i = (word >> TAG) as u32 & self.mask;
        while *self.slots.add(i as usize) != 0 {
            i = (i + 1) & self.mask;
        }
        *self.slots.add(i as usize) = word;
        self.meta().used += 1;
    }

    /// Takes out a slot's word, which is there; those behind it move up.
    unsafe fn take(self, word: u64) {
        let mut hole = (word >> TAG) as u32 & self.mask;
        while *self.slots.add(hole as usize) != word {
            debug_assert!(*self.slots.add(hole as usize) != 0, "a short string is in the set");
            hole = (hole + 1) & self.mask;
        }
        let mut at = hole;
        loop {
            at = (at + 1) & self.mask;
            let other = *self.slots.add(at as usize);
            if other == 0 {
                break;
            }
            let home = (other >> TAG) as u32;
            if at.wrapping_sub(home) & self.mask >= at.wrapping_sub(hole) & self.mask {
                *self.slots.add(hole as usize) = other;
                hole = at;
            }
        }
        *self.slots.add(hole as usize) = 0;
        self.meta().used -= 1;
    }

    /// Empties it into `words`.
    unsafe fn drain(self, words: &mut impl FnMut(u64)) {
        for i in 0..self.size() {
            let word = std::mem::take(&mut *self.slots.add(i));
            if word != 0 {
                words(word);
            }
        }
        self.meta().used = 0;
    }
}

/// A string's word.
#[inline(always)]
fn word_of(s: *mut Str, hash: u32) -> u64 {
    debug_assert!((s as u64) >> TAG == 0, "addresses have 48 bits");
    u64::from(hash) << TAG | s as u64
}

impl Interner {
    /// Makes the set of a new heap usable; the same seed gives the same hashes in every run.
    ///
    /// # Errors
    /// Out of memory.
    pub fn open(heap: &mut RawHeap<Objects>, seed: u64) -> Result<(), OutOfMemory> {
        let first = Segment::new(&mut heap.memory, FIRST, 0)?;
        heap.memory.charge(size_of::<Segment>())?;
        heap.client.directory = vec![first];
        heap.client.seed = seed;
        Ok(())
    }

    /// Gives all memory back: the heap is going, and the dead need not be told any more.
    pub fn close(&mut self, mem: &mut Memory) {
        let mut last = null_mut();
        for segment in std::mem::take(&mut self.directory) {
            mem.release(size_of::<Segment>());
            if !std::ptr::eq(segment.slots, last) {
                last = segment.slots;
                // SAFETY: those of one segment lie side by side, so it is freed once.
                unsafe { segment.free(mem) };
            }
        }
    }

    /// The string object for `bytes`: the interned one if short, else a new one.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// The set is open.
    #[inline]
    pub unsafe fn make(heap: &mut RawHeap<Objects>, bytes: &[u8]) -> Result<*mut Str, OutOfMemory> {
        if let &[byte] = bytes {
            let s = heap.client.bytes[byte as usize];
            if let Some(p) = Ptr::new(s.cast()) {
                heap.revive(p);
                return Ok(s);
            }
            let s = Interner::intern(heap, bytes)?;
            heap.client.bytes[byte as usize] = s;
            return Ok(s);
        }
        if bytes.len() > MAX_INTERNED {
            let s = Interner::long(heap, bytes.len())?;
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), (*s).data_mut(), bytes.len());
            return Ok(s);
        }
        Interner::intern(heap, bytes)
    }

    #[inline(always)]
    fn index(&self, hash: u32) -> usize {
        (u64::from(hash) << self.depth >> 32) as usize
    }

    #[inline(always)]
    unsafe fn segment(&self, hash: u32) -> Segment {
        *self.directory.get_unchecked(self.index(hash))
    }

    /// Calls `found` with the strings whose hash is like this, until it says yes.
    #[inline(always)]
    unsafe fn search(&self, hash: u32, found: impl Fn(*mut Str) -> bool) -> Option<*mut Str> {
        let segment = self.segment(hash);
        let tag = u64::from(hash) << TAG;
        let mut i = hash & segment.mask;
        loop {
            let word = *segment.slots.add(i as usize);
            if word == 0 {
                return None;
            }
            let s = (word ^ tag) as *mut Str;
            if (word ^ tag) >> TAG == 0 && (*s).header.word == hash && found(s) {
                return Some(s);
            }
            i = (i + 1) & segment.mask;
        }
    }

    unsafe fn intern(heap: &mut RawHeap<Objects>, bytes: &[u8]) -> Result<*mut Str, OutOfMemory> {
        let hash = hash_bytes(bytes, heap.client.seed);
        let same = |s: *mut Str| (*s).len == bytes.len() && same_short((*s).bytes(), bytes);
        if let Some(s) = heap.client.search(hash, same) {
            heap.revive(NonNull::new_unchecked(s.cast()));
            return Ok(s);
        }
        if heap.client.segment(hash).is_full() {
            heap.client.grow(&mut heap.memory, hash)?;
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
        // The allocation may have swept, and so changed the segment.
        heap.client.segment(hash).put(word_of(s, hash));
        Ok(s)
    }

    /// The interned string with these bytes, if there is one.
    #[inline]
    pub fn find(&self, bytes: &[u8]) -> Option<*mut Str> {
        if bytes.len() > MAX_INTERNED {
            return None;
        }
        let hash = hash_bytes(bytes, self.seed);
        // SAFETY: H1; the set holds strings that are not freed.
        unsafe { self.search(hash, |s| (*s).len == bytes.len() && same_short((*s).bytes(), bytes)) }
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

    /// Replaces a segment wherever the directory has it.
    fn replace(&mut self, hash: u32, depth: u32, new: Segment) {
        let count = 1 << (self.depth - depth);
        let first = self.index(hash) / count * count;
        self.directory[first..first + count].fill(new);
    }

    /// Makes room for a string with this hash.
    ///
    /// # Errors
    /// Out of memory.
    #[cold]
    #[inline(never)]
    unsafe fn grow(&mut self, mem: &mut Memory, hash: u32) -> Result<(), OutOfMemory> {
        while self.segment(hash).is_full() {
            let old = self.segment(hash);
            let depth = old.meta().depth;
            let done = if old.size() < SEGMENT || depth == MAX_DEPTH {
                self.enlarge(mem, hash, old, depth)
            } else {
                self.split(mem, hash, old, depth)
            };
            if done.is_err() {
                // It works as long as one slot is free.
                return if old.meta().used < old.mask { Ok(()) } else { done };
            }
        }
        Ok(())
    }

    unsafe fn enlarge(&mut self, mem: &mut Memory, hash: u32, old: Segment, depth: u32) -> Result<(), OutOfMemory> {
        if old.size() == LARGEST {
            return Err(OutOfMemory);
        }
        let new = Segment::new(mem, old.size() * 2, depth)?;
        old.drain(&mut |word| new.put(word));
        old.free(mem);
        self.replace(hash, depth, new);
        Ok(())
    }

    unsafe fn split(&mut self, mem: &mut Memory, hash: u32, old: Segment, depth: u32) -> Result<(), OutOfMemory> {
        if depth == self.depth {
            let more = self.directory.len();
            self.directory.try_reserve_exact(more).map_err(|_| OutOfMemory)?;
            mem.charge(more * size_of::<Segment>())?;
            for i in (0..more).rev() {
                let segment = self.directory[i];
                if i == more - 1 {
                    self.directory.resize(2 * more, segment);
                }
                self.directory[2 * i] = segment;
                self.directory[2 * i + 1] = segment;
            }
            self.depth += 1;
        }
        let low = Segment::new(mem, old.size(), depth + 1)?;
        let high = match Segment::new(mem, old.size(), depth + 1) {
            Ok(high) => high,
            Err(error) => {
                low.free(mem);
                return Err(error);
            }
        };
        let bit = 1 << (31 - depth);
        old.drain(&mut |word| {
            let s = (word & ((1 << TAG) - 1)) as *const Str;
            let half = if (*s).header.word & bit == 0 { low } else { high };
            half.put(word);
        });
        old.free(mem);
        self.replace(hash & !bit, depth + 1, low);
        self.replace(hash | bit, depth + 1, high);
        Ok(())
    }

    /// A string is being freed.
    ///
    /// # Safety
    /// `s` is a string of the heap, still whole.
    pub unsafe fn forget(&mut self, s: *mut Str, mem: &mut Memory) {
        if (*s).is_long() || self.directory.is_empty() {
            return;
        }
        if let &[byte] = (*s).bytes() {
            self.bytes[byte as usize] = null_mut();
        }
        let hash = (*s).header.word;
        let segment = self.segment(hash);
        segment.take(word_of(s, hash));
        let size = segment.size();
        if size > SMALLEST && size <= SEGMENT && (segment.meta().used as usize) < size / 8 {
            self.shrink(mem, hash, segment);
        }
    }

    /// Halves a segment that has few strings, in its place: nothing can fail.
    #[cold]
    #[inline(never)]
    unsafe fn shrink(&mut self, mem: &mut Memory, hash: u32, old: Segment) {
        let mut words = [0; SEGMENT / 8];
        let mut count = 0;
        old.drain(&mut |word| {
            words[count] = word;
            count += 1;
        });
        let mut new = Segment {
            slots: old.slots,
            mask: old.mask / 2,
        };
        words[..count].iter().for_each(|&word| new.put(word));
        if let Ok(block) = mem.realloc(old.block(), layout(old.size()), layout(new.size()).size()) {
            new.slots = block.cast::<u64>().as_ptr().add(1);
            self.replace(hash, new.meta().depth, new);
        } else {
            // The block is as it was: back to the old size.
            new.drain(&mut |_| {});
            words[..count].iter().for_each(|&word| old.put(word));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perilune_gc::raw::Config;

    fn heap() -> RawHeap<Objects> {
        let mut heap = RawHeap::new(Config::default());
        Interner::open(&mut heap, 7).unwrap();
        heap
    }

    fn text(n: u32) -> Vec<u8> {
        format!("string number {n}").into_bytes()
    }

    #[test]
    fn equal_strings_are_one_object_however_many_there_are() {
        let mut heap = heap();
        // SAFETY: the set is open, and nothing is freed.
        unsafe {
            let made: Vec<_> = (0..50_000)
                .map(|n| Interner::make(&mut heap, &text(n)).unwrap())
                .collect();
            assert!(heap.client.directory.len() >= 128);
            for (n, &s) in made.iter().enumerate() {
                assert_eq!((*s).bytes(), text(n as u32));
                assert_eq!(Interner::make(&mut heap, &text(n as u32)), Ok(s));
                assert_eq!(heap.client.find(&text(n as u32)), Some(s));
            }
            assert_eq!(heap.client.find(b"string number"), None);
            // Half of them go, as if they were swept.
            let before = heap.memory.buffer_bytes();
            for &s in made.iter().step_by(2).chain(made[1..].iter().step_by(2).take(24_000)) {
                let (set, mem) = (&mut heap.client, &mut heap.memory);
                set.forget(s, mem);
            }
            assert!(heap.memory.buffer_bytes() < before / 2, "what is left is smaller");
            for n in 0..50_000 {
                let kept = n % 2 == 1 && n >= 48_001;
                assert_eq!(heap.client.find(&text(n)).is_some(), kept, "{n}");
            }
            let (set, mem) = (&mut heap.client, &mut heap.memory);
            set.close(mem);
            assert_eq!(heap.memory.buffer_bytes(), 0);
        }
    }

    #[test]
    fn growth_may_fail_at_every_allocation() {
        for n in 1..60 {
            let mut heap = heap();
            heap.fail_after(Some(n));
            // SAFETY: the set is open, and nothing is freed.
            unsafe {
                for i in 0..5000 {
                    if let Ok(s) = Interner::make(&mut heap, &text(i)) {
                        assert_eq!(Interner::make(&mut heap, &text(i)), Ok(s));
                    }
                }
                for i in 0..5000 {
                    let s = Interner::make(&mut heap, &text(i)).unwrap();
                    assert_eq!((*s).bytes(), text(i));
                }
                let (set, mem) = (&mut heap.client, &mut heap.memory);
                set.close(mem);
                assert_eq!(heap.memory.buffer_bytes(), 0);
            }
        }
    }
}
