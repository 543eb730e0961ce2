//! A collection: marking, weak references, finalizers, sweeping, the next threshold.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::arena::{ARENA_SIZE, Arena, CELL, FIRST_CELL, WORDS, bits};
use super::heap::{Group, Source, Window};
use super::object::GC_BARRIER;
use super::size_class::CLASSES;
use super::{Memory, Model, Ptr, RawHeap, Roots, Tracer, WeakPhase};

impl<M: Model> RawHeap<M> {
    /// Collects everything that the roots do not reach.
    ///
    /// # Safety
    ///
    /// G1: every object is initialized and every pointer that the client keeps is reachable from `roots`.
    pub unsafe fn collect(&mut self, roots: &mut dyn Roots) {
        self.close_windows();
        if self.barrier_test {
            self.check_barriers();
        }
        let mut tracer = std::mem::replace(&mut self.tracer, Tracer::new(0));
        roots.trace(&mut tracer);
        for &obj in &self.fixed {
            tracer.mark(obj);
        }
        self.finalizers.trace_pending(&mut tracer);
        let arenas = &self.arenas;
        let again = |f: &mut dyn FnMut(Ptr)| each_marked(arenas, f);
        // SAFETY: G1.
        unsafe { tracer.converge::<M>(&again) };
        roots.weak(&mut WeakPhase {
            values: [&tracer.weak_values, &tracer.all_weak],
            keys: [&[], &[]],
            last: false,
        });
        let (weak_values, all_weak) = (tracer.weak_values.len(), tracer.all_weak.len());
        self.finalizers.separate(&mut tracer);
        // SAFETY: G1.
        unsafe { tracer.converge::<M>(&again) };
        roots.weak(&mut WeakPhase {
            values: [&tracer.weak_values[weak_values..], &tracer.all_weak[all_weak..]],
            keys: [&tracer.ephemerons, &tracer.all_weak],
            last: true,
        });
        tracer.reset();
        self.tracer = tracer;
        self.sweep();
        self.collections += 1;
        self.schedule();
    }

    /// Takes back what is left of the windows, so that each arena's cursor is exact.
    pub(super) fn close_windows(&mut self) {
        for (window, source) in self.windows.iter_mut().zip(&mut self.sources) {
            if let Some(arena) = source.current.take() {
                if window.next != window.end {
                    let cell = (window.next.addr() - arena.addr().get()) / CELL;
                    // SAFETY: G3; the current arena is in use.
                    unsafe { (*arena.as_ptr()).cursor = cell as u32 };
                }
                *window = Window {
                    next: std::ptr::null_mut(),
                    end: std::ptr::null_mut(),
                };
            }
        }
    }

    /// Panics if an object that has been traced and not written to since has a child younger than that.
    fn check_barriers(&mut self) {
        for &arena in &self.arenas {
            // SAFETY: G3. The reference ends before the client is called.
            let (leaf, live) = unsafe { ((*arena.as_ptr()).leaf, (*arena.as_ptr()).live) };
            if leaf {
                continue;
            }
            for cell in bits(&live) {
                let obj = Arena::object(arena, cell);
                // SAFETY: G1; live objects are initialized.
                let (gc, kind) = unsafe { ((*obj.as_ptr()).gc, (*obj.as_ptr()).kind) };
                if gc & GC_BARRIER == 0 {
                    continue;
                }
                // SAFETY: as above.
                if let Some(child) = unsafe { self.tracer.missed_barrier::<M>(obj) } {
                    panic!(
                        "missed write barrier: object {:#x} of kind {kind} holds {:#x}, which is younger",
                        Self::id(obj),
                        Self::id(child)
                    );
                }
            }
        }
    }

    fn sweep(&mut self) {
        let mut arenas = std::mem::take(&mut self.arenas);
        let mut cells = 0;
        let (poison, barrier) = (self.poison, self.barrier_test);
        arenas.retain(|&arena| {
            // SAFETY: G3; the arena is in use.
            let (dead, live) = unsafe { sweep_arena::<M>(arena, &mut self.memory, poison, barrier) };
            self.freed_objects += dead as u64;
            // SAFETY: G3.
            let (block, huge) = unsafe { ((*arena.as_ptr()).block, (*arena.as_ptr()).huge) };
            cells += live * block;
            if live > 0 {
                return true;
            }
            if huge == 0 {
                self.chunks.give(arena.cast());
            } else {
                self.huge_bytes -= huge;
                // SAFETY: G3; the object is dead and the arena leaves the list.
                unsafe { free_huge(arena, huge) };
            }
            false
        });
        for source in &mut self.sources {
            *source = Source {
                current: None,
                more: None,
            };
        }
        // From the last, so that each list is in the order of the ordinals.
        for &arena in arenas.iter().rev() {
            // SAFETY: G3; one reference at a time.
            let header = unsafe { &mut *arena.as_ptr() };
            if header.huge == 0 {
                let count: u32 = header.live.iter().map(|w| w.count_ones()).sum();
                if (count as usize) < header.capacity() {
                    let slot = header.group as usize * CLASSES + header.class as usize;
                    header.next = self.sources[slot].more.replace(arena);
                }
            }
        }
        self.arenas = arenas;
        self.memory.set_cells(cells);
    }

    /// Sets the next threshold and returns to the system what will not be needed before it.
    pub(super) fn schedule(&mut self) {
        let bytes = self.memory.bytes();
        let goal = (bytes as u128 * self.pause as u128 / 100).min(isize::MAX as u128) as usize;
        let threshold = goal.max(bytes.saturating_add(self.floor));
        self.memory.set_threshold(threshold);
        self.chunks.trim((threshold - bytes) / ARENA_SIZE + 1);
    }
}

/// Frees the unmarked blocks of an arena: `(blocks freed, blocks left)`.
///
/// # Safety
///
/// G3; the arena is in use and its cursor exact.
pub(super) unsafe fn sweep_arena<M: Model>(
    arena: NonNull<Arena>,
    memory: &mut Memory,
    poison: bool,
    barrier: bool,
) -> (usize, usize) {
    // SAFETY: the caller's promise; the reference is not held while the client runs.
    let header = unsafe { &mut *arena.as_ptr() };
    let mark = header.mark;
    let frontier = header.cursor as usize;
    let dead: [u64; WORDS] = std::array::from_fn(|word| header.allocated(word, frontier) & !mark[word]);
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
    header.mark = [0; WORDS];
    if header.huge == 0 {
        header.cursor = FIRST_CELL as u32;
    }
    if group == Group::Owner as u8 || group == Group::LeafOwner as u8 {
        owners = Some(dead);
    }
    if let Some(owners) = owners {
        for cell in bits(&owners) {
            // SAFETY: G1; the object was allocated and not freed; it is unreachable.
            unsafe { M::drop(Arena::object(arena, cell), memory) };
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
    let count = |words: &[u64; WORDS]| words.iter().map(|w| w.count_ones() as usize).sum();
    (count(&dead), count(&mark))
}

/// # Safety
///
/// `arena` is a huge object's, with `total` bytes, and is not used afterwards.
pub(super) unsafe fn free_huge(arena: NonNull<Arena>, total: usize) {
    let layout = Layout::from_size_align(total, ARENA_SIZE).expect("the layout was valid when it was made");
    // SAFETY: the caller's promise; `alloc_huge` made it with this layout.
    unsafe { std::alloc::dealloc(arena.cast::<u8>().as_ptr(), layout) };
}

/// Calls `f` with every marked object.
fn each_marked(arenas: &[NonNull<Arena>], f: &mut dyn FnMut(Ptr)) {
    for &arena in arenas {
        // SAFETY: G3; a copy, since `f` marks.
        let mark = unsafe { (*arena.as_ptr()).mark };
        for cell in bits(&mark) {
            f(Arena::object(arena, cell));
        }
    }
}
