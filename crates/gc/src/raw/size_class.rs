//! Size classes: which cell stride serves a request, and where its blocks start in an arena.

use super::arena::{ARENA_CELLS, ARENA_SIZE, CELL, FIRST_CELL, WORDS};

/// Bytes of an arena that hold blocks.
const PAYLOAD: usize = ARENA_SIZE - FIRST_CELL * CELL;

/// Strides up to this many bytes exist in every multiple of a cell.
pub(super) const EXACT: usize = 512;

/// How many blocks the coarser classes cut an arena into; each gives the largest stride that fits.
const CUTS: [usize; 25] = [
    110, 99, 90, 82, 70, 62, 55, 49, 41, 35, 31, 28, 24, 20, 16, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2,
];

/// The number of size classes.
pub(super) const CLASSES: usize = EXACT / CELL + CUTS.len();

/// Bytes of a block, by class.
pub(super) static STRIDES: [u32; CLASSES] = strides();

/// The largest request served from an arena; what is larger is a huge object.
pub(super) const MAX_SMALL: usize = STRIDE_TABLE[CLASSES - 1] as usize;

const STRIDE_TABLE: [u32; CLASSES] = strides();

/// By request in cells, rounded up.
static CLASS_OF: [u8; MAX_SMALL / CELL + 1] = class_of_cells();

/// The block starts of an arena as a bitmap over its cells, by class.
pub(super) static STARTS: [[u64; WORDS]; CLASSES] = starts();

const fn strides() -> [u32; CLASSES] {
    let mut table = [0; CLASSES];
    let mut class = 0;
    while class < EXACT / CELL {
        table[class] = ((class + 1) * CELL) as u32;
        class += 1;
    }
    let mut cut = 0;
    while cut < CUTS.len() {
        table[class] = (PAYLOAD / CUTS[cut] / CELL * CELL) as u32;
        assert!(table[class] > table[class - 1]);
        class += 1;
        cut += 1;
    }
    table
}

const fn class_of_cells() -> [u8; MAX_SMALL / CELL + 1] {
    let mut table = [0; MAX_SMALL / CELL + 1];
    let mut class = 0;
    let mut cells = 0;
    while cells < table.len() {
        if cells * CELL > STRIDE_TABLE[class] as usize {
            class += 1;
        }
        table[cells] = class as u8;
        cells += 1;
    }
    table
}

const fn starts() -> [[u64; WORDS]; CLASSES] {
    let mut table = [[0; WORDS]; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let step = STRIDE_TABLE[class] as usize / CELL;
        let mut cell = FIRST_CELL;
        while cell + step <= ARENA_CELLS {
            table[class][cell / 64] |= 1 << (cell % 64);
            cell += step;
        }
        class += 1;
    }
    table
}

/// The class that serves `size` bytes. Up to [`EXACT`] it is arithmetic, so that it folds for a constant
/// size in other crates too, where the tables are not visible.
#[inline(always)]
pub(super) fn class_of(size: usize) -> usize {
    debug_assert!(size != 0 && size <= MAX_SMALL);
    if size <= EXACT {
        (size - 1) / CELL
    } else {
        CLASS_OF[size.div_ceil(CELL)] as usize
    }
}

/// The bytes of a block of `class`, which is below [`CLASSES`].
#[inline(always)]
pub(super) fn stride(class: usize) -> usize {
    if class < EXACT / CELL {
        (class + 1) * CELL
    } else {
        STRIDES[class] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_fits_the_smallest_class_that_holds_it() {
        for size in 1..=MAX_SMALL {
            let class = class_of(size);
            assert!(stride(class) >= size, "{size}");
            assert!(class == 0 || stride(class - 1) < size, "{size}");
            assert!(
                stride(class) <= size + size / 2 + CELL,
                "{size} wastes a third of its block"
            );
        }
    }

    #[test]
    fn starts_fill_the_arena() {
        for (class, starts) in STARTS.iter().enumerate() {
            let count: u32 = starts.iter().map(|w| w.count_ones()).sum();
            assert_eq!(count as usize, PAYLOAD / stride(class));
        }
    }
}
