//! Sweeping: arena by arena, at once or in steps; mark bits become live bits.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::arena::{ARENA_SIZE, Arena, FIRST_CELL, WORDS, bits};
use super::heap::{Group, Phase, SLOTS, Source, Stress};
use super::object::GC_BARRIER;
use super::size_class::CLASSES;
use super::{Memory, Model, RawHeap};

/// The work that sweeping an arena stands for: it takes as long as marking so many objects.
const ARENA_WORK: isize = 500;

/// The work that a dead object stands for whose end is told to the client.
const TOLD_WORK: isize = 2;

impl<M: Model> RawHeap<M> {
    /// Puts the arenas that the cycle was about on the lists of what is to be swept: all, or those allocated from since the last.
    pub(super) fn start_sweep(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        let mut touched = std::mem::take(&mut self.touched);
        let arenas = if self.pacer.minor {
            &touched
        } else {
            self.sources = [Source::EMPTY; SLOTS];
            self.touched_lost = false;
            &self.arenas
        };
        // From the last, so that each list is in the order of the arenas.
        for &arena in arenas.iter().rev() {
            // SAFETY: G3; one reference at a time.
            let header = unsafe { &mut *arena.as_ptr() };
            if header.vacant {
                continue;
            }
            let list = if header.huge != 0 {
                &mut self.unswept_huge
            } else {
                &mut self.sources[header.group as usize * CLASSES + header.class as usize].unswept
            };
            header.next = list.replace(arena);
        }
        touched.clear();
        self.touched = touched;
        self.sweep_slot = 0;
        self.phase = Phase::Sweep;
    }

    /// Sweeps the next arena of a slot, if there is one.
    pub(super) fn sweep_one(&mut self, slot: usize) -> bool {
        let Some(arena) = self.sources[slot].unswept else {
            return false;
        };
        let (dead, live) = self.sweep_arena_now(arena);
        self.freed_objects += dead as u64;
        // SAFETY: G3; the arena is on the list, so it is in use.
        let header = unsafe { &mut *arena.as_ptr() };
        self.sources[slot].unswept = header.next.take();
        if live == 0 {
            header.vacant = true;
            header.next = self.empty.replace(arena);
        } else if live < header.capacity() {
            match self.sources[slot].last.replace(arena) {
                // SAFETY: G3; the last of the list is in use.
                Some(last) if self.sources[slot].more.is_some() => unsafe { (*last.as_ptr()).next = Some(arena) },
                _ => self.sources[slot].more = Some(arena),
            }
        }
        true
    }

    fn sweep_arena_now(&mut self, arena: NonNull<Arena>) -> (usize, usize) {
        let before = self.memory.bytes();
        // SAFETY: G3; the arena is in use and its cursor exact: it was not allocated from since the marking.
        let counts = unsafe {
            (*arena.as_ptr()).epoch = self.epoch;
            sweep_arena::<M>(
                arena,
                &mut self.memory,
                &mut self.client,
                self.poison,
                self.barrier_test,
            )
        };
        let (told, dead, live) = counts;
        self.told_dead += told as u64;
        // The next step is due by what is allocated, not by what is in use.
        let freed = before - self.memory.bytes();
        self.memory.set_threshold(self.memory.threshold().saturating_sub(freed));
        self.pacer.swept += freed as u64;
        (dead, live)
    }

    fn sweep_one_huge(&mut self) -> bool {
        let Some(arena) = self.unswept_huge else {
            return false;
        };
        // SAFETY: G3; the arena is on the list, so it is in use.
        let huge = unsafe {
            self.unswept_huge = (*arena.as_ptr()).next.take();
            (*arena.as_ptr()).huge
        };
        let (dead, live) = self.sweep_arena_now(arena);
        self.freed_objects += dead as u64;
        if live == 0 {
            let at = self.arenas.iter().rposition(|&a| a == arena);
            self.arenas.remove(at.expect("arenas in use are listed"));
            self.huge_bytes -= huge;
            // SAFETY: G3; the object is dead and the arena has left the list.
            unsafe { free_huge(arena, huge) };
        }
        true
    }

    /// Sweeps for about `work`, in objects marked; returns what is left of it.
    pub(super) fn sweep_some(&mut self, work: usize) -> usize {
        let mut left = work as isize;
        while left > 0 {
            let before = self.told_dead;
            left -= ARENA_WORK;
            if self.sweep_one_huge() {
                continue;
            }
            while self.sweep_slot < SLOTS && !self.sweep_one(self.sweep_slot) {
                self.sweep_slot += 1;
            }
            if self.sweep_slot == SLOTS {
                self.end_sweep();
                return left.max(0) as usize;
            }
            left -= (self.told_dead - before) as isize * TOLD_WORK;
        }
        0
    }

    /// Sweeps all that is left.
    pub(super) fn finish_sweep(&mut self) {
        while self.phase == Phase::Sweep {
            self.sweep_some(isize::MAX as usize);
        }
    }

    fn end_sweep(&mut self) {
        self.phase = Phase::Idle;
        // After a minor cycle the empty arenas wait for the next.
        if self.empty.is_some() && !self.pacer.minor {
            // SAFETY: G3; empty arenas are in the list until now.
            self.arenas.retain(|arena| unsafe { !(*arena.as_ptr()).vacant });
            while let Some(arena) = self.empty {
                // SAFETY: G3; nothing else refers to it any more.
                self.empty = unsafe { (*arena.as_ptr()).next };
                self.chunks.give(arena.cast());
            }
        }
        self.finalizers.trim(&mut self.memory);
        let black = self.pacer.remember;
        self.pacer.ended(self.memory.bytes(), self.memory.allocated_total());
        if self.stress == Stress::Minor {
            (self.pacer.sticky, self.pacer.remember) = (black, black);
        }
        self.schedule();
    }
}

/// Frees the unmarked blocks of an arena: how many of their objects the client was told of, how many there were, and how many blocks
/// are left.
///
/// # Safety
///
/// G3; the arena is in use and its cursor exact.
pub(super) unsafe fn sweep_arena<M: Model>(
    arena: NonNull<Arena>,
    memory: &mut Memory,
    client: &mut M::Client,
    poison: bool,
    barrier: bool,
) -> (usize, usize, usize) {
    // SAFETY: the caller's promise; the reference is not held while the client runs.
    let header = unsafe { &mut *arena.as_ptr() };
    let mark = header.mark;
    let frontier = header.cursor as usize;
    let mut dead = [0; WORDS];
    let (mut dead_count, mut live_count, mut told) = (0, 0, 0);
    for word in 0..WORDS {
        // Many words of a small heap are empty, and to count bits is dear where there is no instruction for it.
        let allocated = header.allocated(word, frontier);
        if allocated != 0 {
            dead[word] = allocated & !mark[word];
            dead_count += dead[word].count_ones() as usize;
            live_count += mark[word].count_ones() as usize;
        }
    }
    let (group, block, leaf) = (header.group, header.block, header.leaf);
    let mut owners = None;
    if header.has_owners {
        owners = Some(std::array::from_fn(|word| dead[word] & header.owner[word]));
        let mut left = 0;
        for (owner, mark) in header.owner.iter_mut().zip(&mark) {
            *owner &= mark;
            left |= *owner;
        }
        header.has_owners = left != 0;
    }
    header.live = mark;
    if header.huge == 0 {
        header.cursor = FIRST_CELL as u32;
    }
    if group == Group::Owner as u8 || group == Group::LeafOwner as u8 || leaf && block <= M::TOLD_LEAVES {
        owners = Some(dead);
    }
    if let Some(owners) = owners {
        for cell in bits(&owners) {
            told += 1;
            // SAFETY: G1; the object was allocated and not freed; it is unreachable.
            unsafe { M::drop(Arena::object(arena, cell), memory, client) };
        }
    }
    if poison {
        for cell in bits(&dead) {
            let obj = Arena::object(arena, cell);
            // SAFETY: G2; the block is free now.
            unsafe {
                obj.cast::<u8>().write_bytes(0x55, block);
                (*obj.as_ptr()).kind = 0;
            }
        }
    }
    if barrier && !leaf {
        for cell in bits(&mark) {
            // SAFETY: G1; marked objects are initialized.
            unsafe { (*Arena::object(arena, cell).as_ptr()).gc |= GC_BARRIER };
        }
    }
    memory.free_cells(dead_count * block);
    (told, dead_count, live_count)
}

/// # Safety
///
/// `arena` is a huge object's, with `total` bytes, and is not used afterwards.
pub(super) unsafe fn free_huge(arena: NonNull<Arena>, total: usize) {
    let layout = Layout::from_size_align(total, ARENA_SIZE).expect("the layout was valid when it was made");
    // SAFETY: the caller's promise; `alloc_huge` made it with this layout.
    unsafe { std::alloc::dealloc(arena.cast::<u8>().as_ptr(), layout) };
}
