//! The heap as its client sees it: allocation, identity, numbers and switches.

use std::alloc::Layout;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::arena::{ARENA_SIZE, Arena, CELL, CELL_BITS, FIRST_CELL, WORDS, bits};
use super::chunk::Chunks;
use super::finalizers::Finalizers;
use super::object::GC_BARRIER;
use super::pacer::Pacer;
use super::size_class::{CLASSES, EXACT, MAX_SMALL, class_of, stride};
use super::sweep::{free_huge, sweep_arena};
use super::{Header, Memory, Mode, Model, OutOfMemory, Ptr, Stats, Tracer};

/// How a heap is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bytes that may be in use at most.
    pub limit: Option<usize>,
    /// The next collection is due when the bytes in use reach this percentage of what survived the last.
    pub pause: usize,
    /// The least number of bytes allocated between two collections.
    pub floor: usize,
    /// Entries of the gray stack at most; a heap that needs more is searched for the rest.
    pub gray_limit: usize,
    /// Which cycles are run.
    pub mode: Mode,
    /// A minor cycle is due when the bytes in use have grown by this percentage, within bounds of 256 KiB and 4 MiB.
    pub minor_mul: usize,
    /// In [`Mode::Generational`] a major cycle is due when the bytes that survived the last have grown by this percentage.
    pub minor_major: usize,
    /// In [`Mode::Generational`] minor cycles follow a major one if it freed this percentage of what had been allocated since the
    /// cycle before; until then cycles are major.
    pub major_minor: usize,
    /// How fast an incremental cycle goes on compared with allocation, in percent of [`STEP_WORK`] objects per step.
    pub step_mul: usize,
    /// The bytes allocated between two steps of an incremental cycle.
    pub step_size: usize,
    /// A heap of fewer bytes is collected in one step: that takes less than a millisecond, and no barriers.
    pub one_step: usize,
}

/// Objects that a step marks when `step_mul` is 100.
pub const STEP_WORK: usize = 4000;

impl Default for Config {
    fn default() -> Config {
        Config {
            limit: None,
            pause: 150,
            floor: 256 << 10,
            gray_limit: usize::MAX,
            mode: Mode::Adaptive,
            minor_mul: 20,
            minor_major: 68,
            major_minor: 50,
            step_mul: 200,
            step_size: 128 << 10,
            one_step: 1 << 20,
        }
    }
}

/// Which arenas an object goes to, besides its size class.
#[derive(Clone, Copy)]
pub(super) enum Group {
    /// No pointers, no buffers: marked and swept by bitmap alone.
    Leaf,
    /// Pointers, no buffers.
    Plain,
    /// Owns buffers: the dead are visited.
    Owner,
    /// Owns buffers and has no pointers.
    LeafOwner,
}

const GROUPS: usize = 4;
pub(super) const SLOTS: usize = GROUPS * CLASSES;

/// Free memory that allocation bumps through.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) next: *mut u8,
    pub(super) end: *mut u8,
}

/// Where a slot's next window comes from.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// The arena of the current window.
    pub(super) current: Option<NonNull<Arena>>,
    /// Arenas that have free blocks, linked by `Arena::next`, by ordinal.
    pub(super) more: Option<NonNull<Arena>>,
    /// The last of `more`, if that is not empty.
    pub(super) last: Option<NonNull<Arena>>,
    /// Arenas that the running sweep has not reached, linked likewise.
    pub(super) unswept: Option<NonNull<Arena>>,
}

impl Source {
    pub(super) const EMPTY: Source = Source {
        current: None,
        more: None,
        last: None,
        unswept: None,
    };
}

/// Where a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No cycle is running.
    Idle,
    /// Some objects are marked.
    Mark,
    /// The dead are known; some are freed.
    Sweep,
}

/// What a collection does more than it must, so that a fault shows at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stress {
    /// Nothing.
    #[default]
    Off,
    /// A whole collection at every safepoint.
    Full,
    /// A small step of an incremental cycle at every safepoint, and proof of each marking.
    Step,
    /// A minor cycle at every safepoint, a whole collection instead of some of them, and proof of each marking.
    Minor,
}

/// A heap of the objects that `M` describes.
///
/// See the [module](super) for the rules.
pub struct RawHeap<M: Model> {
    /// The gate for buffers that objects own; what it counts includes the objects.
    pub memory: Memory,
    /// What the client keeps here; see [`Model::Client`].
    pub client: M::Client,
    pub(super) windows: [Window; SLOTS],
    pub(super) sources: [Source; SLOTS],
    /// Arenas in use and huge objects, by ordinal.
    pub(super) arenas: Vec<NonNull<Arena>>,
    pub(super) chunks: Chunks,
    pub(super) next_ordinal: u64,
    pub(super) huge_bytes: usize,
    pub(super) tracer: Tracer,
    pub(super) finalizers: Finalizers,
    pub(super) fixed: Vec<Ptr>,
    pub(super) phase: Phase,
    /// The number of the last sweep.
    pub(super) epoch: u32,
    /// Slots below this one are swept.
    pub(super) sweep_slot: usize,
    /// Huge objects that the running sweep has not reached.
    pub(super) unswept_huge: Option<NonNull<Arena>>,
    /// Arenas that the running sweep has emptied.
    pub(super) empty: Option<NonNull<Arena>>,
    /// Arenas that were allocated from since the last cycle.
    pub(super) touched: Vec<NonNull<Arena>>,
    /// Some of those could not be noted: the next cycle cannot be minor.
    pub(super) touched_lost: bool,
    /// Bytes allocated since the heap was made, as of the last step.
    pub(super) stepped_at: u64,
    /// The running or last cycle lets the client run between its parts.
    pub(super) in_steps: bool,
    /// Rounds that objects written to were traced again in this cycle.
    pub(super) rounds: u32,
    pub(super) pacer: Pacer,
    pub(super) stopped: bool,
    pub(super) stress: Stress,
    /// Each marking is compared with a second one without steps.
    pub(super) proof: bool,
    pub(super) poison: bool,
    pub(super) barrier_test: bool,
    pub(super) collections: u64,
    pub(super) minor_cycles: u64,
    pub(super) freed_objects: u64,
    /// Dead objects of which the client was told.
    pub(super) told_dead: u64,
    pub(super) model: PhantomData<fn() -> M>,
}

const fn group<M: Model>(kind: u8) -> Group {
    let bit = 1u64 << (kind & 63);
    match (M::LEAF_KINDS & bit != 0, M::DROP_KINDS & bit != 0) {
        (true, false) => Group::Leaf,
        (false, false) => Group::Plain,
        (false, true) => Group::Owner,
        (true, true) => Group::LeafOwner,
    }
}

impl<M: Model> RawHeap<M> {
    /// An empty heap. Takes nothing from the system until the first allocation.
    pub fn new(config: Config) -> RawHeap<M> {
        let window = Window {
            next: std::ptr::null_mut(),
            end: std::ptr::null_mut(),
        };
        RawHeap {
            memory: Memory::new(config.limit, config.floor),
            client: M::Client::default(),
            windows: [window; SLOTS],
            sources: [Source::EMPTY; SLOTS],
            arenas: Vec::new(),
            chunks: Chunks::new(),
            next_ordinal: 1,
            huge_bytes: 0,
            tracer: Tracer::new(config.gray_limit),
            finalizers: Finalizers::default(),
            fixed: Vec::new(),
            phase: Phase::Idle,
            epoch: 0,
            sweep_slot: SLOTS,
            unswept_huge: None,
            empty: None,
            touched: Vec::new(),
            touched_lost: false,
            stepped_at: 0,
            in_steps: false,
            rounds: 0,
            pacer: Pacer::new(&config),
            stopped: false,
            stress: Stress::Off,
            proof: false,
            poison: false,
            barrier_test: false,
            collections: 0,
            minor_cycles: 0,
            freed_objects: 0,
            told_dead: 0,
            model: PhantomData,
        }
    }

    /// Allocates an object of `size` bytes, header included, with the header `{kind, 0, 0, 0}` and an
    /// undefined body. Never collects. The block is aligned to 16 bytes.
    ///
    /// With a constant kind and size of up to 512 bytes this inlines to eleven instructions.
    ///
    /// # Errors
    ///
    /// If the limit would be passed or the system refuses.
    ///
    /// # Safety
    ///
    /// `kind` is 1 to 63, `size` at least 8, and the body is initialized before the next collection or
    /// enumeration (G1).
    #[inline(always)]
    pub unsafe fn alloc(&mut self, kind: u8, size: usize) -> Result<Ptr, OutOfMemory> {
        // SAFETY: the caller's promise.
        match unsafe { self.alloc_fast(kind, size) } {
            Some(obj) => Ok(obj),
            // SAFETY: the caller's promise.
            None => unsafe { self.alloc_slow(kind, size) },
        }
    }

    /// The part of [`RawHeap::alloc`] that calls nothing; `None` if [`RawHeap::alloc_slow`] must be asked, as it must for
    /// every size above 512 bytes.
    ///
    /// # Safety
    ///
    /// As for `alloc`.
    #[inline(always)]
    pub unsafe fn alloc_fast(&mut self, kind: u8, size: usize) -> Option<Ptr> {
        debug_assert!(kind != 0 && kind < 64 && size >= size_of::<Header>());
        if size > EXACT {
            return None;
        }
        // `class_of` and `stride`, without the cases that cannot be.
        let bytes = size.next_multiple_of(CELL);
        let class = bytes / CELL - 1;
        // SAFETY: G4; classes are below CLASSES and groups below GROUPS.
        let window = unsafe {
            self.windows
                .get_unchecked_mut(group::<M>(kind) as usize * CLASSES + class)
        };
        let room = self.memory.room - bytes as isize;
        if window.next == window.end || room < 0 {
            return None;
        }
        self.memory.room = room;
        let at = window.next;
        // SAFETY: G4; a window that is not empty holds at least one block.
        unsafe {
            window.next = at.add(bytes);
            at.cast::<Header>().write(Header {
                kind,
                gc: 0,
                aux: 0,
                word: 0,
            });
            Some(NonNull::new_unchecked(at.cast()))
        }
    }

    /// The part of [`RawHeap::alloc`] that finds memory.
    ///
    /// # Errors
    ///
    /// As for `alloc`.
    ///
    /// # Safety
    ///
    /// As for `alloc`.
    #[cold]
    #[inline(never)]
    pub unsafe fn alloc_slow(&mut self, kind: u8, size: usize) -> Result<Ptr, OutOfMemory> {
        assert!(kind != 0 && kind < 64, "object kinds are 1 to 63");
        if size > MAX_SMALL {
            return self.alloc_huge(kind, size);
        }
        let class = class_of(size);
        let bytes = stride(class);
        let slot = group::<M>(kind) as usize * CLASSES + class;
        self.admit(bytes)?;
        if self.windows[slot].next == self.windows[slot].end {
            self.refill(slot)?;
        }
        self.memory.take_cells(bytes);
        let window = &mut self.windows[slot];
        let at = window.next;
        // SAFETY: G4; the window is not empty.
        unsafe {
            window.next = at.add(bytes);
            at.cast::<Header>().write(Header {
                kind,
                gc: 0,
                aux: 0,
                word: 0,
            });
            Ok(NonNull::new_unchecked(at.cast()))
        }
    }

    /// Gives an empty window of `slot` the next free run.
    fn refill(&mut self, slot: usize) -> Result<(), OutOfMemory> {
        loop {
            let Source {
                current, more, unswept, ..
            } = self.sources[slot];
            let Some(current) = current else {
                if let Some(arena) = more {
                    // SAFETY: G3; listed arenas are in use.
                    self.sources[slot].more = unsafe { (*arena.as_ptr()).next.take() };
                    self.sources[slot].current = more;
                    self.touch(arena);
                } else if unswept.is_some() {
                    self.sweep_one(slot);
                } else {
                    let arena = self.new_arena(slot)?;
                    self.sources[slot].current = Some(arena);
                    self.touch(arena);
                }
                continue;
            };
            // SAFETY: G3; the current arena is in use, and no other reference to it exists here.
            let arena = unsafe { &mut *current.as_ptr() };
            match arena.next_run() {
                Some(run) => {
                    arena.cursor = run.end as u32;
                    let base = current.cast::<u8>().as_ptr();
                    // SAFETY: G2; the run lies in the arena.
                    self.windows[slot] = unsafe {
                        Window {
                            next: base.add(run.start * CELL),
                            end: base.add(run.end * CELL),
                        }
                    };
                    return Ok(());
                }
                None => {
                    arena.cursor = (ARENA_SIZE / CELL) as u32;
                    self.sources[slot].current = None;
                }
            }
        }
    }

    /// Notes that an arena is allocated from. What the running sweep has to do in it is done.
    fn touch(&mut self, arena: NonNull<Arena>) {
        // SAFETY: G3.
        unsafe { (*arena.as_ptr()).epoch = self.epoch };
        if self.touched.try_reserve(1).is_ok() {
            self.touched.push(arena);
        } else {
            self.touched_lost = true;
        }
    }

    fn new_arena(&mut self, slot: usize) -> Result<NonNull<Arena>, OutOfMemory> {
        let class = slot % CLASSES;
        if let Some(arena) = self.empty {
            // It keeps its place in `arenas`, and so its ordinal.
            // SAFETY: G3; empty arenas are in the list.
            let ordinal = unsafe {
                self.empty = (*arena.as_ptr()).next;
                (*arena.as_ptr()).ordinal
            };
            self.write_arena(arena.cast(), ordinal, stride(class), 0, class, slot / CLASSES);
            return Ok(arena);
        }
        self.arenas.try_reserve(1).map_err(|_| OutOfMemory)?;
        let base = self.chunks.take()?;
        Ok(self.open_arena(base, stride(class), 0, class, slot / CLASSES))
    }

    /// Whether `bytes` may be allocated; what a sweep has still to free counts as free.
    fn admit(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        if self.phase == Phase::Sweep && !self.memory.has_room(bytes) {
            self.finish_sweep();
        }
        self.memory.admit(bytes)
    }

    /// Makes a new arena. `arenas` has room for it.
    fn open_arena(
        &mut self,
        base: NonNull<u8>,
        block: usize,
        huge: usize,
        class: usize,
        group: usize,
    ) -> NonNull<Arena> {
        let arena = self.write_arena(base, self.next_ordinal, block, huge, class, group);
        self.next_ordinal += 1;
        self.arenas.push(arena);
        arena
    }

    /// Writes the header of a new arena.
    fn write_arena(
        &self,
        base: NonNull<u8>,
        ordinal: u64,
        block: usize,
        huge: usize,
        class: usize,
        group: usize,
    ) -> NonNull<Arena> {
        let arena = base.cast::<Arena>();
        // SAFETY: G2; the header fits below the first cell of the new arena, which nobody else uses.
        unsafe {
            arena.as_ptr().write(Arena {
                ordinal,
                block,
                huge,
                next: None,
                epoch: self.epoch,
                cursor: FIRST_CELL as u32,
                class: class as u8,
                group: group as u8,
                leaf: group == Group::Leaf as usize || group == Group::LeafOwner as usize,
                has_owners: false,
                vacant: false,
                owner: [0; WORDS],
                mark: [0; WORDS],
                live: [0; WORDS],
            });
        }
        arena
    }

    fn alloc_huge(&mut self, kind: u8, size: usize) -> Result<Ptr, OutOfMemory> {
        let block = size.checked_next_multiple_of(CELL).ok_or(OutOfMemory)?;
        self.admit(block)?;
        let total = block.checked_add(FIRST_CELL * CELL).ok_or(OutOfMemory)?;
        let layout = Layout::from_size_align(total, ARENA_SIZE).map_err(|_| OutOfMemory)?;
        self.arenas.try_reserve(1).map_err(|_| OutOfMemory)?;
        // SAFETY: the layout is not empty.
        let base = NonNull::new(unsafe { std::alloc::alloc(layout) }).ok_or(OutOfMemory)?;
        let arena = self.open_arena(base, block, total, CLASSES, group::<M>(kind) as usize);
        let obj = Arena::object(arena, FIRST_CELL);
        // SAFETY: G2; the arena is new, its one block begins at the first cell.
        unsafe {
            (*arena.as_ptr()).cursor = FIRST_CELL as u32 + 1;
            obj.write(Header {
                kind,
                gc: 0,
                aux: 0,
                word: 0,
            });
        }
        self.memory.take_cells(block);
        self.touch(arena);
        self.huge_bytes += total;
        Ok(obj)
    }

    /// Whether a collection is due: ask at safepoints. One comparison.
    #[inline(always)]
    pub fn should_collect(&self) -> bool {
        self.memory.room <= self.memory.collect_at
    }

    /// The slow path of the write barrier: `obj` had [`GC_BARRIER`] set and has been or will now be written
    /// to. Clears the bit: the object's children will be traced again.
    ///
    /// # Safety
    ///
    /// `obj` is an object of this heap.
    #[cold]
    #[inline(never)]
    pub unsafe fn barrier(&mut self, obj: Ptr) {
        // SAFETY: the caller's promise.
        unsafe { (*obj.as_ptr()).gc &= !GC_BARRIER };
        if self.pacer.remember && Arena::is_marked(obj) {
            self.tracer.trace_again(obj);
        }
    }

    /// Like [`RawHeap::barrier`], for an object so large that it is not to be traced again: `children` are about to become
    /// children of it, and are all that changes in it. `in_place` says that the others stay where they are, which a
    /// marking that goes on in slices relies on. Between cycles this is good for `limit` stores in a row, since all of them come here;
    /// then the object will be traced again after all.
    ///
    /// # Safety
    ///
    /// All are objects of this heap.
    #[cold]
    #[inline(never)]
    pub unsafe fn barrier_forward(&mut self, obj: Ptr, children: [Option<Ptr>; 2], in_place: bool, limit: usize) {
        let marking = self.phase == Phase::Mark;
        if self.pacer.remember
            && Arena::is_marked(obj)
            && (in_place || !marking)
            && (marking || self.tracer.may_forward(obj, limit))
        {
            for child in children.into_iter().flatten() {
                self.tracer.mark(child);
            }
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.barrier(obj) };
        }
    }

    /// Keeps an object that may be dead but is not swept yet: one that a set of [`RawHeap::client`] gave out. To be called before
    /// the object is used, if the client finds it without reaching it.
    ///
    /// # Safety
    ///
    /// `obj` is a leaf of this heap that has not been freed.
    #[inline(always)]
    pub unsafe fn revive(&mut self, obj: Ptr) {
        if self.phase == Phase::Sweep {
            // SAFETY: G1, G2; the object's arena is alive.
            let arena = unsafe { &mut *Arena::of(obj).as_ptr() };
            if arena.epoch != self.epoch {
                let cell = Arena::cell_of(obj);
                arena.mark[cell / 64] |= 1 << (cell % 64);
            }
        }
    }

    /// Whether the limit allows `bytes` more.
    #[inline]
    pub fn has_room(&self, bytes: usize) -> bool {
        self.memory.has_room(bytes)
    }

    /// How many times the dead were decided on since the heap was made.
    #[inline]
    pub fn cycles(&self) -> u64 {
        self.collections
    }

    /// Where the running cycle is.
    #[inline]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The identity of an object: the same in every run of the same program, unique among the objects alive
    /// at one time, and never 0.
    #[inline]
    pub fn id(obj: Ptr) -> u64 {
        // SAFETY: G1; an object's arena is alive.
        let ordinal = unsafe { (*Arena::of(obj).as_ptr()).ordinal };
        ordinal << CELL_BITS | Arena::cell_of(obj) as u64
    }

    /// Calls `f` with every object that has not been freed, in the order of the ids.
    pub fn for_each_object(&self, mut f: impl FnMut(Ptr)) {
        for &arena in &self.arenas {
            for cell in bits(&self.allocated(arena)) {
                f(Arena::object(arena, cell));
            }
        }
    }

    /// The blocks in use of an arena.
    pub(super) fn allocated(&self, arena: NonNull<Arena>) -> [u64; WORDS] {
        // SAFETY: G3; arenas in the list are in use; nobody writes to the header meanwhile.
        let header = unsafe { arena.as_ref() };
        let mut frontier = header.cursor as usize;
        if header.huge == 0 {
            let slot = header.group as usize * CLASSES + header.class as usize;
            let window = self.windows[slot];
            if self.sources[slot].current == Some(arena) && window.next != window.end {
                frontier = (window.next.addr() - arena.addr().get()) / CELL;
            }
        }
        // What the sweep is still to free counts as freed.
        let unswept = self.phase == Phase::Sweep && header.epoch != self.epoch;
        std::array::from_fn(|word| header.allocated(word, frontier) & if unswept { header.mark[word] } else { !0 })
    }

    /// The numbers of the heap. Takes time in the number of arenas.
    pub fn stats(&self) -> Stats {
        let mut live_objects = 0;
        let mut huge_objects = 0;
        let mut vacant = 0;
        for &arena in &self.arenas {
            live_objects += self
                .allocated(arena)
                .iter()
                .map(|w| w.count_ones() as usize)
                .sum::<usize>();
            // SAFETY: G3.
            unsafe {
                huge_objects += usize::from((*arena.as_ptr()).huge != 0);
                vacant += usize::from((*arena.as_ptr()).vacant);
            }
        }
        Stats {
            live_objects,
            live_bytes: self.memory.bytes() - self.memory.buffer_bytes(),
            buffer_bytes: self.memory.buffer_bytes(),
            allocated_total: self.memory.allocated_total(),
            collections: self.collections,
            minor_cycles: self.minor_cycles,
            freed_objects: self.freed_objects,
            arenas: self.arenas.len() - huge_objects - vacant,
            huge_objects,
            footprint: self.chunks.footprint() + self.huge_bytes,
            threshold: self.memory.threshold(),
            finalizers: self.finalizers.len(),
        }
    }
}

impl<M: Model> Drop for RawHeap<M> {
    fn drop(&mut self) {
        if self.phase == Phase::Sweep {
            self.finish_sweep();
        }
        self.close_windows();
        M::close(&mut self.client, &mut self.memory);
        for &arena in &self.arenas {
            // SAFETY: G3; without marks every object of the arena is dropped.
            let huge = unsafe {
                (*arena.as_ptr()).mark = [0; WORDS];
                sweep_arena::<M>(arena, &mut self.memory, &mut self.client, false, false);
                (*arena.as_ptr()).huge
            };
            if huge != 0 {
                // SAFETY: G3; the heap is going.
                unsafe { free_huge(arena, huge) };
            }
        }
    }
}
