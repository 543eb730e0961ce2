//! `State`: a VM that its host shares, and the handles by which the host keeps values of it.
//!
//! A [`State`] may be cloned and kept by closures that live in the VM itself. Who has the VM changes hands: outside of
//! any run it lies in the state, [`State::enter`] takes it for the duration of one operation, and a native
//! that runs meanwhile may [lend](Ctx::lend) it back, so that what it calls can enter in turn. So there is one user at a time
//! (N2), and no value borrowed from a context is alive while somebody else has the VM.
//!
//! # Invariants
//!
//! - **K1** *the VM in the state.* `Shared::vm` is null, or the pointer of whoever lent the VM last, derived from the one that is
//!   in use below it; that user touches the VM again only after taking it back.
//! - **K2** *handles are roots.* A slot of the table with references holds a live value of the state's VM; the collector marks the
//!   whole table. Nothing of the host runs while the table is touched.

use crate::active::Active;
use crate::native::{Ctx, Val};
use crate::value::Value;
use crate::vm::Vm;
use std::any::Any;
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::fmt;
use std::ptr::null_mut;
use std::rc::Rc;

/// Why a state could not be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEntry {
    /// Its last owner is gone.
    Destroyed,
    /// The VM is in use: the caller is a destructor or the like, which runs in the middle of an operation.
    Busy,
    /// A context of another VM is in use in this thread, whose values this one must not see; it can be [lent](Ctx::lend).
    Foreign,
}

impl fmt::Display for NoEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoEntry::Destroyed => "the Lua state is gone",
            NoEntry::Busy => "the Lua state is in use",
            NoEntry::Foreign => crate::active::REFUSED,
        })
    }
}

impl std::error::Error for NoEntry {}

/// One kept value.
#[derive(Clone, Copy)]
struct Slot {
    value: Value,
    /// How many handles name it; of a free slot 0.
    references: u32,
    /// Of a free slot, the next free one.
    next: u32,
}

const NO_SLOT: u32 = u32::MAX;

/// The values that the host keeps.
pub(crate) struct HandleTable {
    slots: UnsafeCell<Vec<Slot>>,
    free: Cell<u32>,
}

impl HandleTable {
    fn new() -> HandleTable {
        HandleTable {
            slots: UnsafeCell::new(Vec::new()),
            free: Cell::new(NO_SLOT),
        }
    }

    /// The slots, for the length of one of the methods below.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn slots(&self) -> &mut Vec<Slot> {
        // SAFETY: K2; each method uses the reference before it returns, and calls nothing that could come back.
        unsafe { &mut *self.slots.get() }
    }

    #[inline]
    fn keep(&self, value: Value) -> u32 {
        let slots = self.slots();
        let at = self.free.get();
        match slots.get_mut(at as usize) {
            Some(slot) => {
                self.free.set(slot.next);
                slot.value = value;
                slot.references = 1;
                at
            }
            None => {
                slots.push(Slot {
                    value,
                    references: 1,
                    next: NO_SLOT,
                });
                slots.len() as u32 - 1
            }
        }
    }

    #[inline]
    fn again(&self, at: u32) {
        self.slots()[at as usize].references += 1;
    }

    #[inline]
    fn forget(&self, at: u32) {
        let slot = &mut self.slots()[at as usize];
        slot.references -= 1;
        if slot.references == 0 {
            slot.value = Value::NIL;
            slot.next = self.free.get();
            self.free.set(at);
        }
    }

    /// Puts another value in a slot that one handle names; false, and nothing is done, if others name it too.
    #[inline]
    fn replace(&self, at: u32, value: Value) -> bool {
        let slot = &mut self.slots()[at as usize];
        let sole = slot.references == 1;
        if sole {
            slot.value = value;
        }
        sole
    }

    #[inline]
    fn get(&self, at: u32) -> Value {
        self.slots()[at as usize].value
    }

    /// How many slots are in use.
    fn len(&self) -> usize {
        self.slots().iter().filter(|s| s.references > 0).count()
    }

    /// Calls `f` with every kept value.
    pub(crate) fn for_each(&self, mut f: impl FnMut(Value)) {
        for slot in self.slots().iter() {
            f(slot.value);
        }
    }
}

/// Data of the embedding API, and how it is emptied.
type Kept = (Rc<dyn Any>, fn(&dyn Any));

/// What all references to a state have in common.
pub(crate) struct Shared {
    /// The VM while nobody uses it (K1).
    pub(crate) vm: Cell<*mut Vm>,
    /// The VM's allocation; null once it is destroyed.
    root: Cell<*mut Vm>,
    pub(crate) handles: HandleTable,
    owners: Cell<usize>,
    /// What the embedding API keeps with the state, and how it is emptied when the VM is gone.
    data: OnceCell<Kept>,
    /// Operations under way.
    entered: Cell<usize>,
}

impl Shared {
    /// Frees the VM: finalizers run, host values are dropped.
    #[cold]
    fn destroy(&self) {
        let root = self.root.get();
        if root.is_null() || self.vm.get().is_null() {
            return;
        }
        self.vm.set(null_mut());
        // Finalizers may call the host, which may take and drop owners: not again from here.
        self.entered.set(self.entered.get() + 1);
        // SAFETY: K1; nobody has the VM.
        unsafe { (*root).close() };
        self.entered.set(self.entered.get() - 1);
        self.root.set(null_mut());
        self.vm.set(null_mut());
        // SAFETY: K1; `root` came from `Box::into_raw`, and nothing refers to the VM any more.
        drop(unsafe { Box::from_raw(root) });
        if let Some((data, clear)) = self.data.get() {
            clear(&**data);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.destroy();
    }
}

/// A reference to a shared VM. It keeps the memory of this struct alive, not the VM: see [`Owner`].
#[derive(Clone)]
pub struct State(pub(crate) Rc<Shared>);

/// A reference to a shared VM that keeps it alive. When the last one goes, the VM is closed and freed, at once or when the
/// operation under way ends.
pub struct Owner(State);

impl Clone for Owner {
    #[inline]
    fn clone(&self) -> Owner {
        let owners = &self.0.0.owners;
        owners.set(owners.get() + 1);
        Owner(self.0.clone())
    }
}

impl Drop for Owner {
    #[inline]
    fn drop(&mut self) {
        let shared = &*self.0.0;
        let left = shared.owners.get() - 1;
        shared.owners.set(left);
        if left == 0 && shared.entered.get() == 0 {
            shared.destroy();
        }
    }
}

impl std::ops::Deref for Owner {
    type Target = State;
    #[inline]
    fn deref(&self) -> &State {
        &self.0
    }
}

impl Owner {
    /// Shares a VM.
    ///
    /// # Panics
    /// If the VM is shared already.
    pub fn new(vm: Box<Vm>) -> Owner {
        assert!(vm.shared.strong_count() == 0, "a VM belongs to one state");
        let root = Box::into_raw(vm);
        let state = State(Rc::new(Shared {
            vm: Cell::new(root),
            root: Cell::new(root),
            handles: HandleTable::new(),
            owners: Cell::new(1),
            data: OnceCell::new(),
            entered: Cell::new(0),
        }));
        // SAFETY: K1; nobody else has the VM yet.
        unsafe { (*root).shared = Rc::downgrade(&state.0) };
        Owner(state)
    }
}

/// Gives the VM back when an operation ends, also by a panic.
struct Entered<'a> {
    shared: &'a Shared,
    vm: *mut Vm,
    top: isize,
    floor: (*mut crate::thread::Thread, isize),
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: K1; the context is gone.
        unsafe {
            let vm = &mut *self.vm;
            vm.top = vm.stack_base.byte_offset(self.top);
            vm.host_floor = self.floor;
        }
        self.shared.vm.set(self.vm);
        let entered = self.shared.entered.get() - 1;
        self.shared.entered.set(entered);
        if entered == 0 {
            // SAFETY: K1; as above.
            unsafe { (*self.vm).forget_stop() };
        }
        if entered == 0 && self.shared.owners.get() == 0 {
            self.shared.destroy();
        }
    }
}

impl State {
    /// Whether two references name the same VM.
    #[inline]
    pub fn same(&self, other: &State) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Whether the VM is gone.
    pub fn is_closed(&self) -> bool {
        self.0.root.get().is_null()
    }

    /// An owner, if the VM is still there.
    pub fn own(&self) -> Option<Owner> {
        if self.0.root.get().is_null() || self.0.owners.get() == 0 {
            return None;
        }
        self.0.owners.set(self.0.owners.get() + 1);
        Some(Owner(self.clone()))
    }

    /// Runs one operation on the VM, in a context whose stack is empty at first as far as the operation is concerned: it lies
    /// above what the running native has. Errors that Lua code raises meanwhile end here.
    ///
    /// # Errors
    /// The VM is gone, or in use by a caller.
    #[inline]
    pub fn enter<R>(&self, f: impl FnOnce(&mut Ctx<'_>) -> R) -> Result<R, NoEntry> {
        let shared = &*self.0;
        let vm = shared.vm.replace(null_mut());
        if vm.is_null() {
            return Err(if shared.root.get().is_null() {
                NoEntry::Destroyed
            } else {
                NoEntry::Busy
            });
        }
        let Some(_active) = Active::open(vm) else {
            shared.vm.set(vm);
            return Err(NoEntry::Foreign);
        };
        shared.entered.set(shared.entered.get() + 1);
        // SAFETY: K1; the VM was free to use. F3: its base is a native's frame or the bottom, with its own values up to
        // the top.
        unsafe {
            let base = (*vm).base.byte_offset_from((*vm).stack_base);
            let _back = Entered {
                shared,
                vm,
                top: (*vm).top.byte_offset_from((*vm).stack_base),
                floor: (*vm).host_floor,
            };
            (*vm).host_floor = ((*vm).thread, base);
            Ok(f(&mut Ctx::above(&mut *vm)))
        }
    }

    /// Keeps data of the embedding API with the state, once. `clear` is called when the VM is gone: it drops what refers to the state,
    /// which otherwise would keep itself.
    ///
    /// # Panics
    /// If there is some already.
    pub fn set_data(&self, data: Rc<dyn Any>, clear: fn(&dyn Any)) {
        assert!(self.0.data.set((data, clear)).is_ok(), "the state has no data yet");
    }

    /// The data of the embedding API.
    #[inline]
    pub fn data<T: 'static>(&self) -> Option<&T> {
        self.0.data.get()?.0.downcast_ref()
    }

    /// How many values the host keeps.
    pub fn handles(&self) -> usize {
        self.0.handles.len()
    }
}

/// A value that the host keeps: a root of the collector until the last clone is dropped. Dropping is safe at any time.
pub struct Handle {
    state: State,
    slot: u32,
}

impl Clone for Handle {
    #[inline]
    fn clone(&self) -> Handle {
        self.state.0.handles.again(self.slot);
        Handle {
            state: self.state.clone(),
            slot: self.slot,
        }
    }
}

impl Drop for Handle {
    #[inline]
    fn drop(&mut self) {
        self.state.0.handles.forget(self.slot);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.slot)
    }
}

impl Handle {
    /// The state it belongs to.
    #[inline]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The value that it keeps.
    #[inline(always)]
    pub(crate) fn value(&self) -> Value {
        self.state.0.handles.get(self.slot)
    }

    /// Whether two handles keep the same object, or equal values of another type.
    #[inline]
    pub fn same(&self, other: &Handle) -> bool {
        if !self.state.same(&other.state) || self.state.0.root.get().is_null() {
            return false;
        }
        // SAFETY: K2; both values are live.
        unsafe {
            crate::value::raw_equal(
                self.state.0.handles.get(self.slot),
                other.state.0.handles.get(other.slot),
            )
        }
    }

    /// An address-free identity of the object, as `%p` shows it; 0 for other values and once the VM is gone.
    pub fn identity(&self) -> u64 {
        if self.state.0.root.get().is_null() {
            return 0;
        }
        Val::new(self.state.0.handles.get(self.slot)).identity()
    }

    /// The bytes, if it is a string of a VM that is still there.
    pub fn bytes(&self) -> Option<HandleBytes> {
        let owner = self.state.own()?;
        // SAFETY: K2, N1; strings do not move, and the guard keeps both the value and the VM.
        let bytes: &'static [u8] = unsafe { self.state.0.handles.get(self.slot).str_bytes()? };
        Some(HandleBytes {
            bytes,
            _handle: self.clone(),
            _owner: owner,
        })
    }
}

/// The bytes of a kept string, which stay as long as this does.
pub struct HandleBytes {
    bytes: &'static [u8],
    _handle: Handle,
    _owner: Owner,
}

impl std::ops::Deref for HandleBytes {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl HandleBytes {
    /// The text, if it is UTF-8.
    ///
    /// # Errors
    /// Where it is not.
    pub fn into_str(self) -> Result<HandleStr, std::str::Utf8Error> {
        std::str::from_utf8(&self)?;
        Ok(HandleStr(self))
    }
}

/// The text of a kept string.
pub struct HandleStr(HandleBytes);

impl std::ops::Deref for HandleStr {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        // SAFETY: checked when this was made; strings do not change.
        unsafe { std::str::from_utf8_unchecked(self.0.bytes) }
    }
}

impl<'v> Ctx<'v> {
    /// The shared state of the VM, if it has one.
    pub fn shared_state(&self) -> Option<State> {
        self.vm_mut().shared.upgrade().map(State)
    }

    /// Keeps a value.
    ///
    /// # Panics
    /// If the VM is not shared.
    #[inline]
    pub fn keep(&self, v: Val<'_>) -> Handle {
        let Some(shared) = self.vm_mut().shared.upgrade() else {
            panic!("handles are of shared VMs")
        };
        let slot = shared.handles.keep(v.raw);
        Handle {
            state: State(shared),
            slot,
        }
    }

    /// Makes a handle keep another value of this VM; clones of it keep the old one.
    ///
    /// # Panics
    /// As [`Ctx::keep`].
    #[inline]
    pub fn keep_in(&self, handle: &mut Handle, v: Val<'_>) {
        let own = std::ptr::eq(self.vm_mut().shared.as_ptr(), Rc::as_ptr(&handle.state.0));
        if !own || !handle.state.0.handles.replace(handle.slot, v.raw) {
            *handle = self.keep(v);
        }
    }

    /// The value that a handle keeps; `None` if it is another VM's.
    #[inline]
    pub fn kept(&self, handle: &Handle) -> Option<Val<'_>> {
        if std::ptr::eq(self.vm_mut().shared.as_ptr(), Rc::as_ptr(&handle.state.0)) {
            Some(Val::new(handle.state.0.handles.get(handle.slot)))
        } else {
            None
        }
    }

    /// Lends the VM to whoever enters its state while `f` runs.
    #[inline]
    pub fn lend<R>(&mut self, f: impl FnOnce() -> R) -> R {
        struct Back(*const Shared, *mut Vm);
        impl Drop for Back {
            #[inline]
            fn drop(&mut self) {
                if !self.0.is_null() {
                    // SAFETY: K1; the state outlives the operation in which this native runs.
                    unsafe { (*self.0).vm.set(self.1) };
                }
            }
        }
        let vm = self.vm_ptr();
        let host = self.vm_mut().shared.as_ptr();
        let host = if self.vm_mut().shared.strong_count() == 0 {
            std::ptr::null()
        } else {
            host
        };
        let before = if host.is_null() {
            null_mut()
        } else {
            // SAFETY: K1; as above. The context is borrowed for as long as others have the VM.
            unsafe { (*host).vm.replace(vm) }
        };
        let _back = Back(host, before);
        let _lent = Active::replace(null_mut());
        f()
    }
}
