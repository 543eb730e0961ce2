//! A small object model for the tests: nodes, strings and tables that own a buffer.

use std::alloc::Layout;
use std::ptr::NonNull;

use perilune_gc::raw::{
    Config, Deferred, GC_BARRIER, Header, Memory, Model, OutOfMemory, Ptr, RawHeap, Roots, Tracer, WeakPhase,
};

/// Children in the cell, `word` of them.
pub const NODE: u8 = 1;
/// `word` bytes.
pub const LEAF: u8 = 2;
/// `word` entries in a buffer, weak as `aux` says.
pub const TABLE: u8 = 3;

/// Bytes like a leaf, but weak as a key or value.
pub const BLOB: u8 = 4;

/// What `aux` of a table means.
pub const STRONG: u16 = 0;
pub const WEAK_VALUES: u16 = 1;
pub const EPHEMERON: u16 = 2;
pub const ALL_WEAK: u16 = 3;

#[repr(C)]
struct Node {
    header: Header,
    tag: u64,
}

#[repr(C)]
struct Table {
    header: Header,
    tag: u64,
    entries: NonNull<Entry>,
    capacity: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    pub key: Option<Ptr>,
    pub value: Option<Ptr>,
}

pub struct Objects;

// SAFETY: `trace` marks all children of nodes and strong tables, and defers the others by their mode.
unsafe impl Model for Objects {
    type Client = ();
    const DROP_KINDS: u64 = 1 << TABLE;
    const LEAF_KINDS: u64 = 1 << LEAF | 1 << BLOB;

    unsafe fn trace(obj: Ptr, t: &mut Tracer) {
        match header(obj).kind {
            NODE => children(obj).into_iter().flatten().for_each(|child| t.mark(child)),
            TABLE => match header(obj).aux {
                STRONG => {
                    for e in entries(obj) {
                        e.key.into_iter().chain(e.value).for_each(|child| t.mark(child));
                    }
                }
                WEAK_VALUES => {
                    entries(obj).iter().filter_map(|e| e.key).for_each(|key| t.mark(key));
                    t.defer(obj, Deferred::WeakValues);
                }
                EPHEMERON => t.defer(obj, Deferred::Ephemeron),
                ALL_WEAK => t.defer(obj, Deferred::AllWeak),
                mode => panic!("mode {mode}"),
            },
            kind => panic!("traced an object of kind {kind}"),
        }
    }

    unsafe fn trace_ephemeron(obj: Ptr, t: &mut Tracer) {
        for e in entries(obj) {
            match (e.key, e.value) {
                (Some(key), Some(value)) if header(key).kind == LEAF => {
                    t.mark(key);
                    t.mark(value);
                }
                (Some(key), Some(value)) => t.ephemeron(key, value),
                (None, Some(value)) => t.mark(value),
                (_, None) => {}
            }
        }
    }

    unsafe fn size(obj: Ptr) -> usize {
        match header(obj).kind {
            NODE => size_of::<Node>() + header(obj).word as usize * 8,
            LEAF | BLOB => size_of::<Node>() + header(obj).word as usize,
            _ => size_of::<Table>(),
        }
    }

    unsafe fn drop(obj: Ptr, mem: &mut Memory, (): &mut ()) {
        assert_eq!(header(obj).kind, TABLE);
        // SAFETY: tables own their buffer and are dropped once.
        unsafe {
            let table = obj.cast::<Table>().as_ptr();
            mem.free((*table).entries.cast(), layout((*table).capacity));
        }
    }
}

fn layout(capacity: usize) -> Layout {
    Layout::array::<Entry>(capacity).expect("test tables are small")
}

pub fn header(obj: Ptr) -> Header {
    // SAFETY: the tests keep only objects that they have initialized and that are alive.
    unsafe { obj.read() }
}

pub fn tag(obj: Ptr) -> u64 {
    // SAFETY: as in `header`; every object starts like a node.
    unsafe { (*obj.cast::<Node>().as_ptr()).tag }
}

fn slot(obj: Ptr, index: usize) -> *mut Option<Ptr> {
    assert!(header(obj).kind == NODE && index < header(obj).word as usize);
    // SAFETY: the node has so many children.
    unsafe { obj.cast::<Node>().add(1).cast::<Option<Ptr>>().add(index).as_ptr() }
}

pub fn children(obj: Ptr) -> Vec<Option<Ptr>> {
    // SAFETY: `slot` checks; the slots are initialized.
    (0..header(obj).word as usize)
        .map(|index| unsafe { slot(obj, index).read() })
        .collect()
}

/// Whether the bytes of a leaf are what `leaf` wrote.
pub fn leaf_is_whole(obj: Ptr) -> bool {
    let len = header(obj).word as usize;
    // SAFETY: the leaf has `len` bytes after its tag.
    let bytes = unsafe { std::slice::from_raw_parts(obj.cast::<Node>().add(1).cast::<u8>().as_ptr(), len) };
    bytes.iter().all(|&b| b == tag(obj) as u8)
}

pub fn entries(obj: Ptr) -> Vec<Entry> {
    assert_eq!(header(obj).kind, TABLE);
    let len = header(obj).word as usize;
    // SAFETY: the table has `len` initialized entries.
    unsafe { std::slice::from_raw_parts((*obj.cast::<Table>().as_ptr()).entries.as_ptr(), len).to_vec() }
}

/// A heap and its roots.
pub struct World {
    pub heap: RawHeap<Objects>,
    pub roots: Vec<Ptr>,
}

impl World {
    pub fn new(config: Config) -> World {
        World {
            heap: RawHeap::new(config),
            roots: Vec::new(),
        }
    }

    /// A node of `count` empty children.
    pub fn node(&mut self, tag: u64, count: usize) -> Result<Ptr, OutOfMemory> {
        // SAFETY: the body is written before anything else happens.
        unsafe {
            let obj = self.heap.alloc(NODE, size_of::<Node>() + count * 8)?;
            (*obj.as_ptr()).word = count as u32;
            (&raw mut (*obj.cast::<Node>().as_ptr()).tag).write(tag);
            for index in 0..count {
                slot(obj, index).write(None);
            }
            Ok(obj)
        }
    }

    /// A string of `len` bytes.
    pub fn leaf(&mut self, tag: u64, len: usize) -> Result<Ptr, OutOfMemory> {
        self.bytes(LEAF, tag, len)
    }

    /// A blob of `len` bytes.
    pub fn blob(&mut self, tag: u64, len: usize) -> Result<Ptr, OutOfMemory> {
        self.bytes(BLOB, tag, len)
    }

    fn bytes(&mut self, kind: u8, tag: u64, len: usize) -> Result<Ptr, OutOfMemory> {
        // SAFETY: as in `node`.
        unsafe {
            let obj = self.heap.alloc(kind, size_of::<Node>() + len)?;
            (*obj.as_ptr()).word = len as u32;
            (&raw mut (*obj.cast::<Node>().as_ptr()).tag).write(tag);
            obj.cast::<Node>()
                .add(1)
                .cast::<u8>()
                .as_ptr()
                .write_bytes(tag as u8, len);
            Ok(obj)
        }
    }

    /// An empty table.
    pub fn table(&mut self, tag: u64, mode: u16) -> Result<Ptr, OutOfMemory> {
        // SAFETY: as in `node`.
        unsafe {
            let obj = self.heap.alloc(TABLE, size_of::<Table>())?;
            (*obj.as_ptr()).aux = mode;
            let table = obj.cast::<Table>().as_ptr();
            (&raw mut (*table).tag).write(tag);
            (&raw mut (*table).entries).write(NonNull::dangling());
            (&raw mut (*table).capacity).write(0);
            Ok(obj)
        }
    }

    pub fn set(&mut self, obj: Ptr, index: usize, child: Option<Ptr>) {
        self.barrier(obj);
        // SAFETY: `slot` checks.
        unsafe { slot(obj, index).write(child) };
    }

    /// Adds an entry to a table.
    pub fn insert(&mut self, obj: Ptr, key: Option<Ptr>, value: Option<Ptr>) -> Result<(), OutOfMemory> {
        self.barrier(obj);
        let len = header(obj).word as usize;
        // SAFETY: the table's buffer has room for `capacity` entries of which `len` are initialized.
        unsafe {
            let table = obj.cast::<Table>().as_ptr();
            let capacity = (*table).capacity;
            if len == capacity {
                let new = (capacity * 2).max(2);
                let bytes = layout(new).size();
                let grown = self
                    .heap
                    .memory
                    .realloc((*table).entries.cast(), layout(capacity), bytes)?;
                (*table).entries = grown.cast();
                (*table).capacity = new;
            }
            (*table).entries.add(len).write(Entry { key, value });
            (*obj.as_ptr()).word += 1;
        }
        Ok(())
    }

    fn barrier(&mut self, obj: Ptr) {
        if header(obj).gc & GC_BARRIER != 0 {
            // SAFETY: the object is alive.
            unsafe { self.heap.barrier(obj) };
        }
    }

    pub fn collect(&mut self) {
        // SAFETY: the roots and what they reach is all that the tests use afterwards.
        unsafe { self.heap.collect(&mut TestRoots(&self.roots)) };
    }

    /// As much of a cycle as `bytes` of allocation would cause; whether it ended.
    pub fn step(&mut self, bytes: usize) -> bool {
        // SAFETY: as in `collect`.
        unsafe { self.heap.step_by(&mut TestRoots(&self.roots), bytes) }
    }

    /// What a client does when a collection is due.
    pub fn safepoint(&mut self) {
        // SAFETY: as in `collect`.
        unsafe { self.heap.step(&mut TestRoots(&self.roots)) };
    }

    /// The tags of all objects, in heap order.
    pub fn tags(&self) -> Vec<u64> {
        let mut all = Vec::new();
        self.heap.for_each_object(|obj| all.push(tag(obj)));
        all
    }

    pub fn ids(&self) -> Vec<u64> {
        let mut all = Vec::new();
        self.heap.for_each_object(|obj| all.push(RawHeap::<Objects>::id(obj)));
        all
    }
}

pub struct TestRoots<'a>(pub &'a [Ptr]);

// SAFETY: the tests use only what their roots reach; `weak` drops entries whose key or value is unmarked.
unsafe impl Roots for TestRoots<'_> {
    fn trace(&mut self, t: &mut Tracer) {
        self.0.iter().for_each(|&obj| t.mark(obj));
    }

    fn weak(&mut self, phase: &mut WeakPhase<'_>) {
        for table in phase.clear_values() {
            retain(table, phase, |e| e.value);
        }
        for table in phase.clear_keys() {
            retain(table, phase, |e| e.key);
        }
    }
}

fn retain(table: Ptr, phase: &mut WeakPhase<'_>, weak: impl Fn(&Entry) -> Option<Ptr>) {
    let mut kept = entries(table);
    kept.retain(|e| {
        weak(e).is_none_or(|obj| {
            // SAFETY: nothing has been freed yet in this cycle.
            if unsafe { obj.read() }.kind == LEAF {
                phase.mark_leaf(obj);
            }
            phase.is_marked(obj)
        })
    });
    // SAFETY: no more entries than before.
    unsafe {
        let place = (*table.cast::<Table>().as_ptr()).entries;
        std::ptr::copy_nonoverlapping(kept.as_ptr(), place.as_ptr(), kept.len());
        (*table.as_ptr()).word = kept.len() as u32;
    }
}
