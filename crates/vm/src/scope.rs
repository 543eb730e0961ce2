//! `Scope`: functions and values for Lua that borrow from the host's stack.
//!
//! # Invariants
//!
//! - **B1** *revoked in time.* What a closure or loan of an erased lifetime refers to is dropped before the scope that made it ends:
//!   its slot is registered with the scope first, and emptied when the scope ends. It is used only while its slot is full and by
//!   calls whose Rust frames lie above the scope's own, so a scope cannot end in the middle of one.

use crate::host_cell::{HostCell, NoBorrow};
use crate::native::{Ctx, HostFn, Returns};
use crate::vm::Raised;
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

/// A value that is used through calls only, so that it can be taken away between them.
pub trait Loan<T> {
    /// Calls `f` with a shared borrow.
    ///
    /// # Errors
    /// It is gone, or borrowed exclusively.
    fn with(&self, f: &mut dyn FnMut(&T)) -> Result<(), NoBorrow>;

    /// Calls `f` with an exclusive borrow.
    ///
    /// # Errors
    /// It is gone, borrowed, or was lent for reading only.
    fn with_mut(&self, f: &mut dyn FnMut(&mut T)) -> Result<(), NoBorrow>;
}

impl<T> Loan<T> for HostCell<T> {
    fn with(&self, f: &mut dyn FnMut(&T)) -> Result<(), NoBorrow> {
        HostCell::with(self, f)
    }
    fn with_mut(&self, f: &mut dyn FnMut(&mut T)) -> Result<(), NoBorrow> {
        HostCell::with_mut(self, f)
    }
}

struct Shared<'env, T>(HostCell<&'env T>);

impl<T> Loan<T> for Shared<'_, T> {
    fn with(&self, f: &mut dyn FnMut(&T)) -> Result<(), NoBorrow> {
        self.0.with(|value| f(value))
    }
    fn with_mut(&self, _: &mut dyn FnMut(&mut T)) -> Result<(), NoBorrow> {
        Err(NoBorrow::Borrowed)
    }
}

struct Exclusive<'env, T>(HostCell<&'env mut T>);

impl<T> Loan<T> for Exclusive<'_, T> {
    fn with(&self, f: &mut dyn FnMut(&T)) -> Result<(), NoBorrow> {
        self.0.with(|value| f(value))
    }
    fn with_mut(&self, f: &mut dyn FnMut(&mut T)) -> Result<(), NoBorrow> {
        self.0.with_mut(|value| f(value))
    }
}

/// What is to be done when a scope ends, its lifetime erased (B1).
type Revoke = Box<dyn FnOnce()>;

/// Makes functions and loans that may borrow: what outlives the scope, for `'env`, and the scope itself, for `'scope`.
pub struct Scope<'scope, 'env: 'scope> {
    revoke: RefCell<Vec<Revoke>>,
    /// Invariant in both.
    life: PhantomData<(Cell<&'scope mut ()>, Cell<&'env mut ()>)>,
}

/// Ends a scope, also by a panic. The scope itself has no destructor, so that it can be borrowed for the whole of `'scope`.
struct End<'a>(&'a RefCell<Vec<Revoke>>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        while let Some(revoke) = { self.0.borrow_mut().pop() } {
            revoke();
        }
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// Runs `f` with a scope; when it returns, all that was made meanwhile is revoked, newest first.
    pub fn run<R>(f: impl for<'s> FnOnce(&'s Scope<'s, 'env>) -> R) -> R {
        let scope = Scope {
            revoke: RefCell::default(),
            life: PhantomData,
        };
        let _end = End(&scope.revoke);
        f(&scope)
    }

    /// Runs `f` when the scope ends.
    pub fn defer(&'scope self, f: impl FnOnce() + 'scope) {
        let f: Box<dyn FnOnce() + 'scope> = Box::new(f);
        // SAFETY: B1; it is called, and dropped, when the scope ends, which is before the end of `'scope`.
        let f: Revoke = unsafe { std::mem::transmute(f) };
        self.revoke.borrow_mut().push(f);
    }

    /// Keeps a value until the scope ends: it is dropped after what was made later.
    pub fn keep<T: 'scope>(&'scope self, value: T) -> &'scope T {
        let kept: *mut T = Box::into_raw(Box::new(value));
        // SAFETY: B1; it came from a box, and the references to it end with `'scope`.
        self.defer(move || drop(unsafe { Box::from_raw(kept) }));
        // SAFETY: B1; it is dropped when the scope ends.
        unsafe { &*kept }
    }

    /// A closure for [`Ctx::new_host_fn`]. Once the scope has ended it calls `revoked` instead.
    pub fn function(
        &'scope self,
        closure: impl Fn(&mut Ctx<'_>) -> Result<Returns, Raised> + 'scope,
        revoked: fn(&mut Ctx<'_>) -> Raised,
    ) -> Rc<HostFn> {
        type Closure<'a> = Rc<dyn Fn(&mut Ctx<'_>) -> Result<Returns, Raised> + 'a>;
        let slot: Rc<RefCell<Option<Closure<'scope>>>> = Rc::new(RefCell::new(Some(Rc::new(closure))));
        let registered = slot.clone();
        self.defer(move || {
            let closure = registered.borrow_mut().take();
            drop(closure);
        });
        // SAFETY: B1; only the lifetime of what the slot holds changes.
        let slot: Rc<RefCell<Option<Closure<'static>>>> = unsafe { std::mem::transmute(slot) };
        Rc::new(move |ctx: &mut Ctx<'_>| {
            // The clone lives no longer than this call (B1).
            let closure = slot.borrow().clone();
            match closure {
                Some(closure) => closure(ctx),
                None => Err(revoked(ctx)),
            }
        })
    }

    /// A loan of a value that the scope owns.
    pub fn own<T: 'env>(&'scope self, value: T) -> Rc<dyn Loan<T>> {
        let cell = Rc::new(HostCell::new(value));
        let registered = cell.clone();
        self.defer(move || drop(registered.take()));
        Self::erase(cell)
    }

    /// A loan of a value for reading.
    pub fn share<T>(&'scope self, value: &'env T) -> Rc<dyn Loan<T>> {
        let cell = Rc::new(Shared(HostCell::new(value)));
        let registered = cell.clone();
        self.defer(move || {
            let _ = registered.0.take();
        });
        Self::erase(cell)
    }

    /// A loan of a value.
    pub fn share_mut<T>(&'scope self, value: &'env mut T) -> Rc<dyn Loan<T>> {
        let cell = Rc::new(Exclusive(HostCell::new(value)));
        let registered = cell.clone();
        self.defer(move || drop(registered.0.take()));
        Self::erase(cell)
    }

    fn erase<T: 'env>(loan: Rc<dyn Loan<T> + 'env>) -> Rc<dyn Loan<T>> {
        // SAFETY: B1; only the lifetime changes, and what it stands for is gone from the cell when the scope has ended.
        unsafe { std::mem::transmute::<Rc<dyn Loan<T> + 'env>, Rc<dyn Loan<T>>>(loan) }
    }
}
