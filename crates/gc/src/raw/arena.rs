//! One arena: 64 KiB, aligned to its size, blocks of one stride, with its bitmaps at the front.

use std::ptr::NonNull;

use super::Ptr;
use super::object::Header;
use super::size_class::{STARTS, stride};

/// Bytes and alignment of an arena.
pub(super) const ARENA_SIZE: usize = 1 << 16;
/// Bytes of a cell, the unit of the bitmaps and the alignment of objects.
pub(super) const CELL: usize = 16;
/// Cells of an arena, header included.
pub(super) const ARENA_CELLS: usize = ARENA_SIZE / CELL;
/// `log2` of [`ARENA_CELLS`]: the bits of an id below the ordinal.
pub(super) const CELL_BITS: u32 = ARENA_CELLS.trailing_zeros();
/// Words of a bitmap.
pub(super) const WORDS: usize = ARENA_CELLS / 64;
/// The first cell that holds an object; what lies below is the [`Arena`].
pub(super) const FIRST_CELL: usize = size_of::<Arena>() / CELL;

/// The header of an arena, or of a huge object, which has an arena of its own size and one block.
#[repr(C, align(64))]
pub(super) struct Arena {
    /// Creation number, the upper part of the ids of its objects.
    pub ordinal: u64,
    /// Bytes of a block.
    pub block: usize,
    /// Bytes of the whole allocation of a huge object, 0 for an arena of a size class.
    pub huge: usize,
    /// The next arena of the same slot that has free blocks.
    pub next: Option<NonNull<Arena>>,
    /// The sweep that last took it: it is swept if this is the heap's.
    pub epoch: u32,
    /// Every block below this cell is in use; from here on only those in `live` are.
    pub cursor: u32,
    /// Size class; unused in a huge object.
    pub class: u8,
    /// Which of the heap's groups (see `Group`) of the class it serves.
    pub group: u8,
    /// Its objects hold no pointers.
    pub leaf: bool,
    /// Some bits of `owner` are set.
    pub has_owners: bool,
    /// It holds nothing and is in no slot's lists: whoever needs an arena takes it.
    pub vacant: bool,
    /// Blocks marked by the running cycle.
    pub mark: [u64; WORDS],
    /// Blocks that survived the last cycle.
    pub live: [u64; WORDS],
    /// Blocks whose objects have said that they own buffers (see [`own_buffers`]).
    pub owner: [u64; WORDS],
}

/// Tells the heap that an object of a kind outside of [`Model::DROP_KINDS`](super::Model::DROP_KINDS) owns buffers now:
/// [`Model::drop`](super::Model::drop) is to be called on it. The dead that never said so are not even looked at.
///
/// # Safety
///
/// `obj` is an object of a heap that has not been freed.
#[inline]
pub unsafe fn own_buffers(obj: Ptr) {
    let cell = Arena::cell_of(obj);
    // SAFETY: G1, G2; the arena is alive and no reference to it exists here.
    let arena = unsafe { &mut *Arena::of(obj).as_ptr() };
    arena.has_owners = true;
    arena.owner[cell / 64] |= 1 << (cell % 64);
}

const _: () = assert!(size_of::<Arena>().is_multiple_of(CELL));

/// Free blocks that lie side by side, as cells.
pub(super) struct Run {
    pub start: usize,
    pub end: usize,
}

impl Arena {
    /// The arena of an object.
    #[inline(always)]
    pub fn of(obj: Ptr) -> NonNull<Arena> {
        let base = obj.cast::<Arena>().as_ptr().map_addr(|a| a & !(ARENA_SIZE - 1));
        // SAFETY: G2; the object lies at least FIRST_CELL cells above its arena's start, which is not null.
        unsafe { NonNull::new_unchecked(base) }
    }

    /// The cell of an object in its arena.
    #[inline(always)]
    pub fn cell_of(obj: Ptr) -> usize {
        (obj.addr().get() & (ARENA_SIZE - 1)) / CELL
    }

    /// The object at a cell.
    #[inline(always)]
    pub fn object(this: NonNull<Arena>, cell: usize) -> Ptr {
        debug_assert!((FIRST_CELL..=ARENA_CELLS).contains(&cell));
        // SAFETY: G2; the cell lies in the arena or just past its end.
        unsafe { this.byte_add(cell * CELL).cast::<Header>() }
    }

    /// Whether the running cycle has reached the object.
    #[inline(always)]
    pub fn is_marked(obj: Ptr) -> bool {
        let cell = Arena::cell_of(obj);
        // SAFETY: G1, G2; the object's arena is alive and the cell is in its bitmaps.
        unsafe { (*Arena::of(obj).as_ptr()).mark[cell / 64] & (1 << (cell % 64)) != 0 }
    }

    /// The blocks in use of one bitmap word, given that all below `frontier` are.
    pub fn allocated(&self, word: usize, frontier: usize) -> u64 {
        if word * 64 >= frontier {
            return self.live[word];
        }
        self.live[word] | (self.starts(word) & below(word, frontier))
    }

    /// The block starts of one bitmap word.
    fn starts(&self, word: usize) -> u64 {
        if self.huge != 0 {
            return if word == FIRST_CELL / 64 {
                1 << (FIRST_CELL % 64)
            } else {
                0
            };
        }
        STARTS[self.class as usize][word]
    }

    /// The next free run at or above the cursor.
    pub fn next_run(&self) -> Option<Run> {
        debug_assert!(self.huge == 0);
        let cursor = self.cursor as usize;
        let mut word = cursor / 64;
        if word >= WORDS {
            return None;
        }
        let mut free = self.starts(word) & !self.live[word] & !below(word, cursor);
        while free == 0 {
            word += 1;
            if word == WORDS {
                return None;
            }
            free = self.starts(word) & !self.live[word];
        }
        let start = word * 64 + free.trailing_zeros() as usize;
        let mut used = self.live[word] & !below(word, start);
        while used == 0 {
            word += 1;
            if word == WORDS {
                return Some(Run { start, end: self.end() });
            }
            used = self.live[word];
        }
        Some(Run {
            start,
            end: word * 64 + used.trailing_zeros() as usize,
        })
    }

    /// The cell past the last block.
    fn end(&self) -> usize {
        let cells = stride(self.class as usize) / CELL;
        FIRST_CELL + (ARENA_CELLS - FIRST_CELL) / cells * cells
    }

    /// The number of blocks in the arena.
    pub fn capacity(&self) -> usize {
        (ARENA_CELLS - FIRST_CELL) / (stride(self.class as usize) / CELL)
    }
}

/// The bits of bitmap word `word` that stand for cells below `cell`.
fn below(word: usize, cell: usize) -> u64 {
    match cell.saturating_sub(word * 64) {
        n if n >= 64 => !0,
        n => (1 << n) - 1,
    }
}

/// The cells whose bit is set.
pub(super) fn bits(words: &[u64; WORDS]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(index, &word)| {
        std::iter::successors((word != 0).then_some(word), |w| {
            let rest = w & (w - 1);
            (rest != 0).then_some(rest)
        })
        .map(move |w| index * 64 + w.trailing_zeros() as usize)
    })
}
