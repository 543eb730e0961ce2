//! What this crate keeps with a state: application data, registered types, switches.

use crate::lua::Lua;
use crate::userdata::TypeTable;
use perilune_vm::{HostCell, HostRef, HostRefMut, NoBorrow};
use std::any::{Any, TypeId};
use std::cell::{BorrowError, BorrowMutError, Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What this crate keeps with a state.
pub(crate) struct Extra {
    /// The state refuses unsafe libraries.
    pub(crate) safe: Cell<bool>,
    /// Whether chunks are compiled for debuggers from now on.
    pub(crate) watched: Rc<Cell<bool>>,
    pub(crate) types: RefCell<BTreeMap<TypeId, TypeTable>>,
    pub(crate) global_hook: RefCell<Option<crate::debug::GlobalHook>>,
    pub(crate) thread_events: RefCell<Option<Rc<crate::thread::EventCallback>>>,
    pub(crate) kept: crate::registry::Kept,
    /// The types of userdata that serialize, and how their values are shown.
    #[cfg(feature = "serde")]
    pub(crate) serializable: RefCell<BTreeMap<TypeId, crate::serde::Shows>>,
    #[cfg(feature = "async")]
    pub(crate) asynchronous: crate::asynchronous::AsyncState,
    app: RefCell<BTreeMap<TypeId, Rc<dyn Any>>>,
    /// How many guards of application data are alive.
    app_borrows: Arc<AtomicUsize>,
}

impl Extra {
    pub(crate) fn new(watched: Rc<Cell<bool>>) -> Extra {
        Extra {
            safe: Cell::new(false),
            watched,
            types: RefCell::default(),
            global_hook: RefCell::default(),
            thread_events: RefCell::default(),
            kept: crate::registry::Kept::default(),
            #[cfg(feature = "serde")]
            serializable: RefCell::default(),
            #[cfg(feature = "async")]
            asynchronous: crate::asynchronous::AsyncState::default(),
            app: RefCell::default(),
            app_borrows: Arc::default(),
        }
    }

    /// Drops everything that refers to the state: it is gone.
    pub(crate) fn clear(&self) {
        let types = self.types.take();
        let app = self.app.take();
        drop((types, app));
        self.kept.clear();
        let events = self.thread_events.take();
        drop(events);
        let hook = self.global_hook.take();
        drop(hook);
        #[cfg(feature = "async")]
        self.asynchronous.clear();
    }

    fn app_is_borrowed(&self) -> bool {
        self.app_borrows.load(Ordering::Acquire) > 0
    }

    fn app_cell<T: 'static>(&self) -> Option<Rc<HostCell<T>>> {
        let data = self.app.borrow().get(&TypeId::of::<T>()).cloned()?;
        data.downcast().ok()
    }
}

/// A guard in the count of those that are alive.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(extra: &Extra) -> Counted {
        extra.app_borrows.fetch_add(1, Ordering::Relaxed);
        Counted(extra.app_borrows.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// A borrow of application data. While one is alive, no data can be set or removed.
pub struct AppDataRef<'a, T: ?Sized + 'static>(HostRef<Box<T>>, #[allow(dead_code)] Counted, PhantomData<&'a T>);

/// An exclusive borrow of application data.
pub struct AppDataRefMut<'a, T: ?Sized + 'static>(
    HostRefMut<Box<T>>,
    #[allow(dead_code)] Counted,
    PhantomData<&'a mut T>,
);

impl<T: ?Sized> Deref for AppDataRef<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Deref for AppDataRefMut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for AppDataRefMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for AppDataRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for AppDataRefMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for AppDataRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for AppDataRefMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The standard library's error, which only its own cell makes.
fn borrow_error() -> BorrowError {
    let cell = RefCell::new(());
    let _guard = cell.borrow_mut();
    match cell.try_borrow() {
        Err(error) => error,
        Ok(_) => unreachable!("the cell is borrowed mutably"),
    }
}

fn borrow_mut_error() -> BorrowMutError {
    let cell = RefCell::new(());
    let _guard = cell.borrow_mut();
    match cell.try_borrow_mut() {
        Err(error) => error,
        Ok(_) => unreachable!("the cell is borrowed mutably"),
    }
}

impl Lua {
    /// Keeps data of the application with the state, one value per type; the one before is returned.
    ///
    /// # Panics
    /// If some is borrowed.
    pub fn set_app_data<T: crate::MaybeSend + 'static>(&self, data: T) -> Option<T> {
        match self.try_set_app_data(data) {
            Ok(before) => before,
            Err(_) => panic!("already borrowed: application data"),
        }
    }

    /// As [`Lua::set_app_data`].
    ///
    /// # Errors
    /// The data back, if some is borrowed.
    pub fn try_set_app_data<T: crate::MaybeSend + 'static>(&self, data: T) -> Result<Option<T>, T> {
        let extra = self.extra();
        if extra.app_is_borrowed() {
            return Err(data);
        }
        if let Some(cell) = extra.app_cell::<Box<T>>() {
            return match cell.replace(Box::new(data)) {
                Ok(before) => Ok(before.map(|b| *b)),
                Err(data) => Err(*data),
            };
        }
        let cell: Rc<dyn Any> = Rc::new(HostCell::new(Box::new(data)));
        let before = extra.app.borrow_mut().insert(TypeId::of::<Box<T>>(), cell);
        debug_assert!(before.is_none());
        Ok(None)
    }

    /// The application's data of a type.
    ///
    /// # Panics
    /// If it is borrowed mutably.
    #[track_caller]
    pub fn app_data_ref<T: 'static>(&self) -> Option<AppDataRef<'_, T>> {
        match self.try_app_data_ref() {
            Ok(data) => data,
            Err(error) => panic!("already mutably borrowed: {error:?}"),
        }
    }

    /// As [`Lua::app_data_ref`].
    ///
    /// # Errors
    /// It is borrowed mutably.
    pub fn try_app_data_ref<T: 'static>(&self) -> Result<Option<AppDataRef<'_, T>>, BorrowError> {
        match self.extra().app_cell::<Box<T>>().map(|cell| cell.borrow()) {
            None | Some(Err(NoBorrow::Gone)) => Ok(None),
            Some(Ok(guard)) => Ok(Some(AppDataRef(guard, Counted::new(self.extra()), PhantomData))),
            Some(Err(NoBorrow::Borrowed)) => Err(borrow_error()),
        }
    }

    /// The application's data of a type, to change it.
    ///
    /// # Panics
    /// If it is borrowed.
    #[track_caller]
    pub fn app_data_mut<T: 'static>(&self) -> Option<AppDataRefMut<'_, T>> {
        match self.try_app_data_mut() {
            Ok(data) => data,
            Err(error) => panic!("already borrowed: {error:?}"),
        }
    }

    /// As [`Lua::app_data_mut`].
    ///
    /// # Errors
    /// It is borrowed.
    pub fn try_app_data_mut<T: 'static>(&self) -> Result<Option<AppDataRefMut<'_, T>>, BorrowMutError> {
        match self.extra().app_cell::<Box<T>>().map(|cell| cell.borrow_mut()) {
            None | Some(Err(NoBorrow::Gone)) => Ok(None),
            Some(Ok(guard)) => Ok(Some(AppDataRefMut(guard, Counted::new(self.extra()), PhantomData))),
            Some(Err(NoBorrow::Borrowed)) => Err(borrow_mut_error()),
        }
    }

    /// Takes the application's data of a type.
    ///
    /// # Panics
    /// If some is borrowed.
    #[track_caller]
    pub fn remove_app_data<T: 'static>(&self) -> Option<T> {
        if self.extra().app_is_borrowed() {
            panic!("already borrowed: application data");
        }
        match self.extra().app_cell::<Box<T>>()?.take() {
            Ok(data) => Some(*data),
            Err(NoBorrow::Gone) => None,
            Err(NoBorrow::Borrowed) => panic!("already borrowed: application data"),
        }
    }
}
