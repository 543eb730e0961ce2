//! Shapes: the hidden classes of tables (Chambers, Ungar & Lee 1989; their use for prototypes is V8's).
//!
//! A shape says which string keys a table's slots hold, in order of insertion, and which metatable it has. Tables that
//! were built alike share one, so that an inline cache decides with one compare of shape ids.

use crate::object::Objects;
use crate::object::{Str, Table, kind, mark_ptr};
use perilune_gc::raw::{Header, Memory, OutOfMemory, Ptr, RawHeap, Tracer, WeakPhase};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::rc::Rc;

/// The most fields that a shape describes; a table with more turns to dictionary mode.
pub const MAX_FIELDS: u32 = 128;

/// The most shapes that may be alive: past it, tables turn to dictionary mode instead of getting new
/// shapes, so that scripts cannot make the shape tree grow without end.
const MAX_SHAPES: usize = 50_000;

/// The id of the shape of tables in dictionary mode. No cache holds it; 0, which empty caches hold, is no shape's.
pub const DICTIONARY: u32 = u32::MAX;

/// Bytes that the heap is charged for a shape's share of key lists and transitions.
const SHAPE_BYTES: usize = 96;

/// A hidden class. `header.word` is its id, never 0 and never used again, or [`DICTIONARY`].
#[repr(C)]
pub struct Shape {
    /// The object header.
    pub header: Header,
    /// The metatable of every table of this shape, or null.
    pub meta: *mut Table,
    /// The shape without the last key; null for an empty shape, and for one that was made whole.
    parent: *mut Shape,
    /// The last key, if there is a parent.
    key: *mut Str,
    /// Number of slots.
    pub count: u32,
    keys: Option<Rc<RefCell<Keys>>>,
    transitions: Option<Box<Transitions>>,
    /// The metatable that a table of this shape got last, and its shape then; not kept alive by it.
    memo: (*mut Table, *mut Shape),
}

/// A list of keys that the shapes of one branch share: each sees a prefix.
#[derive(Default)]
struct Keys {
    list: Vec<*mut Str>,
    /// Open addressing over `list` by hash, position + 1; empty while the list is short.
    index: Vec<u16>,
}

impl Keys {
    fn push(&mut self, key: *mut Str, hash: u32) {
        self.list.push(key);
        if self.list.len() > 8 {
            if self.list.len() * 2 > self.index.len() {
                self.rebuild();
            } else {
                Keys::insert(&mut self.index, hash, self.list.len() as u16);
            }
        }
    }

    fn rebuild(&mut self) {
        let size = (self.list.len() * 4).next_power_of_two();
        self.index = vec![0; size];
        for (i, &key) in self.list.iter().enumerate() {
            // SAFETY: S1; the keys of a live shape are live.
            let hash = unsafe { (*key).header.word };
            Keys::insert(&mut self.index, hash, i as u16 + 1);
        }
    }

    fn insert(index: &mut [u16], hash: u32, position: u16) {
        let mask = index.len() - 1;
        let mut i = hash as usize & mask;
        while index[i] != 0 {
            i = (i + 1) & mask;
        }
        index[i] = position;
    }

    fn find(&self, key: *const Str, hash: u32, count: u32) -> Option<u32> {
        if self.index.is_empty() {
            let n = self.list.len().min(count as usize);
            return self.list[..n]
                .iter()
                .position(|&k| std::ptr::eq(k, key))
                .map(|i| i as u32);
        }
        let mask = self.index.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            let position = self.index[i];
            if position == 0 {
                return None;
            }
            if std::ptr::eq(self.list[position as usize - 1], key) {
                return (u32::from(position) <= count).then(|| u32::from(position) - 1);
            }
            i = (i + 1) & mask;
        }
    }
}

/// Where a shape goes when a key is added; the children are not kept alive by it.
#[derive(Default)]
struct Transitions {
    list: Vec<(*mut Str, *mut Shape)>,
    index: Vec<u32>,
}

impl Transitions {
    fn find(&self, key: *const Str, hash: u32) -> Option<*mut Shape> {
        if self.index.is_empty() {
            return self.list.iter().find(|(k, _)| std::ptr::eq(*k, key)).map(|&(_, s)| s);
        }
        let mask = self.index.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            match self.index[i] {
                0 => return None,
                p => {
                    let (k, shape) = self.list[p as usize - 1];
                    if std::ptr::eq(k, key) {
                        return Some(shape);
                    }
                }
            }
            i = (i + 1) & mask;
        }
    }

    fn add(&mut self, key: *mut Str, shape: *mut Shape) {
        self.list.push((key, shape));
        if self.list.len() > 8 {
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        if self.list.len() <= 8 {
            self.index.clear();
            return;
        }
        if self.index.len() < self.list.len() * 2 || self.index.is_empty() {
            self.index = vec![0; (self.list.len() * 4).next_power_of_two()];
        } else {
            self.index.fill(0);
        }
        let mask = self.index.len() - 1;
        for (n, &(key, _)) in self.list.iter().enumerate() {
            // SAFETY: S1; a transition's key is the child's, and dead children are taken out.
            let mut i = unsafe { (*key).header.word } as usize & mask;
            while self.index[i] != 0 {
                i = (i + 1) & mask;
            }
            self.index[i] = n as u32 + 1;
        }
    }
}

impl Shape {
    /// The slot that holds `key` (an interned string), if the shape has it.
    ///
    /// # Safety
    /// `this` and `key` are live.
    #[inline]
    pub unsafe fn find(this: *const Shape, key: *const Str) -> Option<u32> {
        let keys = (*this).keys.as_ref()?;
        keys.borrow().find(key, (*key).header.word, (*this).count)
    }

    /// The shape with this metatable, if [`Shapes::with_meta`] gave it last.
    ///
    /// # Safety
    /// `this` is live.
    #[inline(always)]
    pub unsafe fn known_with_meta(this: *const Shape, meta: *mut Table) -> Option<*mut Shape> {
        let (known, shape) = (*this).memo;
        (std::ptr::eq(known, meta) && !shape.is_null()).then_some(shape)
    }

    /// The key of slot `i`.
    ///
    /// # Safety
    /// `this` is live and `i < count`.
    pub unsafe fn key_at(this: *const Shape, i: u32) -> *mut Str {
        match &(*this).keys {
            Some(keys) => keys.borrow().list[i as usize],
            None => null_mut(),
        }
    }

    /// Marks what the shape refers to.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn trace(this: *mut Shape, t: &mut Tracer) {
        mark_ptr(t, (*this).meta);
        if !(*this).parent.is_null() {
            mark_ptr(t, (*this).parent);
            mark_ptr(t, (*this).key);
        } else if let Some(keys) = &(*this).keys {
            // Made whole: no parent marks the keys before the last.
            for &key in &keys.borrow().list[..(*this).count as usize] {
                mark_ptr(t, key);
            }
        }
    }

    /// Frees what the shape owns.
    ///
    /// # Safety
    /// `this` dies with this call.
    pub unsafe fn free_parts(this: *mut Shape, mem: &mut Memory) {
        drop((*this).keys.take());
        drop((*this).transitions.take());
        mem.release(SHAPE_BYTES);
    }
}

/// All shapes of a VM.
pub struct Shapes {
    /// The shape of an empty table without a metatable.
    pub root: *mut Shape,
    /// The shape of tables in dictionary mode; its id is [`DICTIONARY`].
    pub dictionary: *mut Shape,
    all: Vec<*mut Shape>,
    /// How many of them survived a collection.
    old: usize,
    /// By metatable: the shape of an empty table that has it. Keeps neither alive.
    roots: BTreeMap<*mut Table, *mut Shape>,
    /// The latest uses of `roots`, so that most need no search: by the metatable's address, which decides about
    /// nothing that can be seen.
    recent_roots: [(*mut Table, *mut Shape); RECENT_ROOTS],
    next_id: u32,
}

const RECENT_ROOTS: usize = 64;

#[inline]
fn recent_root(meta: *mut Table) -> usize {
    (meta.addr() >> 4) % RECENT_ROOTS
}

impl Shapes {
    /// The two shapes that every VM has.
    ///
    /// # Errors
    /// If the heap's limit does not allow them.
    pub fn new(heap: &mut RawHeap<Objects>) -> Result<Shapes, OutOfMemory> {
        let mut shapes = Shapes {
            root: null_mut(),
            dictionary: null_mut(),
            all: Vec::new(),
            old: 0,
            roots: BTreeMap::new(),
            recent_roots: [(null_mut(), null_mut()); RECENT_ROOTS],
            next_id: 1,
        };
        // SAFETY: S1; both are filled before anything can collect.
        unsafe {
            shapes.dictionary = shapes.make(heap, null_mut(), null_mut(), null_mut())?;
            (*shapes.dictionary).header.word = DICTIONARY;
            shapes.root = shapes.make(heap, null_mut(), null_mut(), null_mut())?;
        }
        Ok(shapes)
    }

    unsafe fn make(
        &mut self,
        heap: &mut RawHeap<Objects>,
        meta: *mut Table,
        parent: *mut Shape,
        key: *mut Str,
    ) -> Result<*mut Shape, OutOfMemory> {
        heap.memory.charge(SHAPE_BYTES)?;
        let Ok(p) = heap.alloc(kind::SHAPE, size_of::<Shape>()) else {
            heap.memory.release(SHAPE_BYTES);
            return Err(OutOfMemory);
        };
        let shape: *mut Shape = p.cast().as_ptr();
        let mut header = *p.as_ref();
        header.word = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        let mut keys = None;
        let mut count = 0;
        if !parent.is_null() {
            count = (*parent).count + 1;
            let shared = match &(*parent).keys {
                Some(k) if k.borrow().list.len() == (*parent).count as usize => k.clone(),
                Some(k) => {
                    let mut own = Keys::default();
                    for &key in &k.borrow().list[..(*parent).count as usize] {
                        own.push(key, (*key).header.word);
                    }
                    Rc::new(RefCell::new(own))
                }
                None => Rc::default(),
            };
            shared.borrow_mut().push(key, (*key).header.word);
            keys = Some(shared);
        }
        shape.write(Shape {
            header,
            meta,
            parent,
            key,
            count,
            keys,
            transitions: None,
            memo: (null_mut(), null_mut()),
        });
        self.all.push(shape);
        Ok(shape)
    }

    /// The shape behind `from` after adding `key`, or `None` when the table should turn to dictionary mode.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `from` and `key` (interned) are live.
    pub unsafe fn add_key(
        &mut self,
        heap: &mut RawHeap<Objects>,
        from: *mut Shape,
        key: *mut Str,
    ) -> Result<Option<*mut Shape>, OutOfMemory> {
        if let Some(t) = &(*from).transitions
            && let Some(next) = t.find(key, (*key).header.word)
        {
            return Ok(Some(next));
        }
        if (*from).count >= MAX_FIELDS || self.is_full() || (*from).header.word == DICTIONARY {
            return Ok(None);
        }
        let next = self.make(heap, (*from).meta, from, key)?;
        (*from).transitions.get_or_insert_default().add(key, next);
        Ok(Some(next))
    }

    /// A new shape without a metatable that has these keys (interned, none twice), made in one step, or `None` for dictionary mode.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// The keys are live.
    pub unsafe fn whole(
        &mut self,
        heap: &mut RawHeap<Objects>,
        keys: Vec<*mut Str>,
    ) -> Result<Option<*mut Shape>, OutOfMemory> {
        if keys.len() > MAX_FIELDS as usize || self.is_full() {
            return Ok(None);
        }
        let shape = self.make(heap, null_mut(), null_mut(), null_mut())?;
        (*shape).count = keys.len() as u32;
        let mut own = Keys {
            list: keys,
            index: Vec::new(),
        };
        if own.list.len() > 8 {
            own.rebuild();
        }
        (*shape).keys = Some(Rc::new(RefCell::new(own)));
        Ok(Some(shape))
    }

    fn is_full(&self) -> bool {
        self.all.len() >= MAX_SHAPES || self.next_id >= DICTIONARY - 1
    }

    /// The shape with the same keys as `from` and metatable `meta`, or `None` for dictionary mode.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `from` and `meta` (or null) are live.
    pub unsafe fn with_meta(
        &mut self,
        heap: &mut RawHeap<Objects>,
        from: *mut Shape,
        meta: *mut Table,
    ) -> Result<Option<*mut Shape>, OutOfMemory> {
        if (*from).header.word == DICTIONARY {
            return Ok(None);
        }
        if let Some(shape) = Shape::known_with_meta(from, meta) {
            return Ok(Some(shape));
        }
        let mut shape = self.root_for(heap, meta)?;
        let Some(mut shape_now) = shape.take() else {
            return Ok(None);
        };
        for i in 0..(*from).count {
            match self.add_key(heap, shape_now, Shape::key_at(from, i))? {
                Some(next) => shape_now = next,
                None => return Ok(None),
            }
        }
        (*from).memo = (meta, shape_now);
        Ok(Some(shape_now))
    }

    unsafe fn root_for(
        &mut self,
        heap: &mut RawHeap<Objects>,
        meta: *mut Table,
    ) -> Result<Option<*mut Shape>, OutOfMemory> {
        if meta.is_null() {
            return Ok(Some(self.root));
        }
        let recent = recent_root(meta);
        if std::ptr::eq(self.recent_roots[recent].0, meta) {
            return Ok(Some(self.recent_roots[recent].1));
        }
        if let Some(&root) = self.roots.get(&meta) {
            self.recent_roots[recent] = (meta, root);
            return Ok(Some(root));
        }
        if self.is_full() {
            return Ok(None);
        }
        let root = self.make(heap, meta, null_mut(), null_mut())?;
        self.roots.insert(meta, root);
        self.recent_roots[recent] = (meta, root);
        Ok(Some(root))
    }

    /// Marks the two fixed shapes.
    pub fn trace_roots(&self, t: &mut Tracer) {
        mark_ptr(t, self.root);
        mark_ptr(t, self.dictionary);
    }

    /// Takes dead shapes out of their parents' transitions and their metatables' roots. Runs after marking,
    /// before the sweep.
    ///
    /// # Safety
    /// Called in the last weak phase.
    pub unsafe fn sweep(&mut self, phase: &WeakPhase<'_>) {
        let marked = |p: *mut Shape| Ptr::new(p.cast()).is_some_and(|p| phase.is_marked(p));
        let from = if phase.is_minor() { self.old } else { 0 };
        if self.all[from..].iter().all(|&shape| marked(shape)) {
            self.old = self.all.len();
            return;
        }
        for &shape in &self.all {
            if !marked(shape) {
                continue;
            }
            // A live shape keeps its metatable alive.
            if !marked((*shape).memo.1) {
                (*shape).memo = (null_mut(), null_mut());
            }
            if let Some(t) = &mut (*shape).transitions {
                let before = t.list.len();
                t.list.retain(|&(_, child)| marked(child));
                if t.list.len() != before {
                    t.rebuild();
                }
            }
        }
        // A shape marks its metatable, so that no entry outlives either.
        self.roots.retain(|_, shape| marked(*shape));
        self.recent_roots = [(null_mut(), null_mut()); RECENT_ROOTS];
        // A shared key list may hold keys behind the last live shape of its branch.
        for &shape in &self.all {
            if marked(shape)
                && let Some(keys) = &(*shape).keys
            {
                let keys = keys.borrow_mut();
                if keys
                    .list
                    .iter()
                    .skip((*shape).count as usize)
                    .any(|&k| Ptr::new(k.cast()).is_none_or(|k| !phase.is_marked(k)))
                {
                    drop(keys);
                    let mut own = Keys::default();
                    for i in 0..(*shape).count {
                        let key = Shape::key_at(shape, i);
                        own.push(key, (*key).header.word);
                    }
                    (*shape).keys = Some(Rc::new(RefCell::new(own)));
                    continue;
                }
                drop(keys);
            }
        }
        self.all.retain(|&s| marked(s));
        self.old = self.all.len();
    }
}

impl Shape {
    /// Whether `child` is `parent` with one more key.
    ///
    /// # Safety
    /// `child` is live.
    pub unsafe fn is_child(child: *const Shape, parent: *const Shape) -> bool {
        std::ptr::eq((*child).parent, parent)
    }
}
