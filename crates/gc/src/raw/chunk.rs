//! Arenas from the system and back: chunks of sixteen, so that the alignment costs little.
//!
//! A thread keeps one chunk of a heap that is gone for its next heap: a megabyte whose pages are there already. To get that from the
//! system, and touch it, takes several times as long as all else that a new state of a script needs.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::Cell;
use std::ptr::NonNull;

use super::OutOfMemory;
use super::arena::ARENA_SIZE;

/// Arenas per chunk.
const ARENAS: usize = 16;

struct Chunk {
    base: NonNull<u8>,
    free: usize,
}

/// The chunks of a heap and the arenas of them that are not in use.
pub(super) struct Chunks {
    /// By address, which nothing outside this file can see.
    chunks: Vec<Chunk>,
    /// Used as a stack: the arena freed last is the warmest.
    free: Vec<NonNull<u8>>,
}

fn layout() -> Layout {
    Layout::from_size_align(ARENAS * ARENA_SIZE, ARENA_SIZE).expect("a chunk has a valid layout")
}

/// The chunk that a thread keeps.
struct Spare(Cell<Option<NonNull<u8>>>);

thread_local! {
    static SPARE: Spare = const { Spare(Cell::new(None)) };
}

impl Drop for Spare {
    fn drop(&mut self) {
        if let Some(base) = self.0.take() {
            // SAFETY: G3; the chunk came from `grow`, and no heap has it.
            unsafe { dealloc(base.as_ptr(), layout()) };
        }
    }
}

/// A new chunk, or null.
fn obtain() -> *mut u8 {
    match SPARE.try_with(|spare| spare.0.take()) {
        Ok(Some(base)) => base.as_ptr(),
        // SAFETY: the layout is not empty.
        _ => unsafe { alloc(layout()) },
    }
}

/// Takes back a chunk that no heap has any more.
fn release(base: NonNull<u8>) {
    // One that was kept before goes. While the thread ends, so does this one.
    let old = match SPARE.try_with(|spare| spare.0.replace(Some(base))) {
        Ok(old) => old,
        Err(_) => Some(base),
    };
    if let Some(old) = old {
        // SAFETY: G3; as for a spare.
        unsafe { dealloc(old.as_ptr(), layout()) };
    }
}

impl Chunks {
    pub fn new() -> Chunks {
        Chunks {
            chunks: Vec::new(),
            free: Vec::new(),
        }
    }

    /// The start of an arena with undefined content.
    pub fn take(&mut self) -> Result<NonNull<u8>, OutOfMemory> {
        if self.free.is_empty() {
            self.grow()?;
        }
        let arena = self.free.pop().expect("a new chunk has free arenas");
        let owner = self.owner(arena);
        self.chunks[owner].free -= 1;
        Ok(arena)
    }

    /// Takes back an arena that `take` gave.
    pub fn give(&mut self, arena: NonNull<u8>) {
        let owner = self.owner(arena);
        self.chunks[owner].free += 1;
        // `grow` reserved room for every arena of every chunk.
        self.free.push(arena);
    }

    /// Returns unused chunks to the system as long as `keep` free arenas remain, `most` of them: each takes tens of microseconds.
    pub fn trim(&mut self, keep: usize, most: usize) {
        let mut index = self.chunks.len();
        let least = index.saturating_sub(most);
        while index > 0 && self.free.len() >= keep + ARENAS && self.chunks.len() > least {
            index -= 1;
            if self.chunks[index].free == ARENAS {
                let chunk = self.chunks.remove(index);
                let range = chunk.base.addr().get()..chunk.base.addr().get() + ARENAS * ARENA_SIZE;
                self.free.retain(|a| !range.contains(&a.addr().get()));
                // SAFETY: G3; the chunk came from `grow` and none of its arenas is in use.
                unsafe { dealloc(chunk.base.as_ptr(), layout()) };
            }
        }
    }

    /// Bytes held from the system.
    pub fn footprint(&self) -> usize {
        self.chunks.len() * ARENAS * ARENA_SIZE
    }

    fn grow(&mut self) -> Result<(), OutOfMemory> {
        self.chunks.try_reserve(1).map_err(|_| OutOfMemory)?;
        let total = (self.chunks.len() + 1) * ARENAS;
        self.free
            .try_reserve(total - self.free.len())
            .map_err(|_| OutOfMemory)?;
        let base = NonNull::new(obtain()).ok_or(OutOfMemory)?;
        let at = self.chunks.partition_point(|c| c.base < base);
        self.chunks.insert(at, Chunk { base, free: ARENAS });
        for index in (0..ARENAS).rev() {
            // SAFETY: the arena lies in the chunk.
            self.free.push(unsafe { base.add(index * ARENA_SIZE) });
        }
        Ok(())
    }

    fn owner(&self, arena: NonNull<u8>) -> usize {
        self.chunks.partition_point(|c| c.base <= arena) - 1
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        // The heap that owned the arenas is being dropped and its objects with it.
        for chunk in &self.chunks {
            release(chunk.base);
        }
    }
}
