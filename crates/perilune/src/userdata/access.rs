//! How a method gets at the Rust value behind a userdata.

use crate::error::Error;
use perilune_vm::{HostCell, Loan, NoBorrow};
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, RwLock};

/// Why there is no value of the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoValue {
    /// The userdata holds another type.
    Mismatch,
    /// Its value was taken.
    Gone,
    /// It is borrowed.
    Borrowed,
}

impl NoValue {
    pub(crate) fn error(self, exclusive: bool) -> Error {
        match self {
            NoValue::Mismatch => Error::UserDataTypeMismatch,
            NoValue::Gone => Error::UserDataDestructed,
            NoValue::Borrowed if exclusive => Error::UserDataBorrowMutError,
            NoValue::Borrowed => Error::UserDataBorrowError,
        }
    }
}

impl From<NoBorrow> for NoValue {
    fn from(no: NoBorrow) -> NoValue {
        match no {
            NoBorrow::Gone => NoValue::Gone,
            NoBorrow::Borrowed => NoValue::Borrowed,
        }
    }
}

type Done = Result<(), NoValue>;

/// Finds a `T` in what a userdata shares with the host.
pub(crate) trait Access<T> {
    fn with(&self, data: &Rc<dyn Any>, f: &mut dyn FnMut(&T)) -> Done;
    fn with_mut(&self, data: &Rc<dyn Any>, f: &mut dyn FnMut(&mut T)) -> Done;
}

/// A loan as a userdata's data.
pub(crate) struct Lent<T: 'static>(pub(crate) Rc<dyn Loan<T>>);

/// Values of a type in any userdata: its own, lent ones, and those behind the usual pointers.
pub(crate) struct ByType;

impl<T: 'static> Access<T> for ByType {
    #[inline]
    fn with(&self, data: &Rc<dyn Any>, f: &mut dyn FnMut(&T)) -> Done {
        match data.downcast_ref::<HostCell<T>>() {
            Some(cell) => Ok(cell.with(|value| f(value))?),
            None => behind_pointers(data, f),
        }
    }

    #[inline]
    fn with_mut(&self, data: &Rc<dyn Any>, f: &mut dyn FnMut(&mut T)) -> Done {
        match data.downcast_ref::<HostCell<T>>() {
            Some(cell) => Ok(cell.with_mut(|value| f(value))?),
            None => behind_pointers_mut(data, f),
        }
    }
}

fn behind_pointers<T: 'static>(data: &Rc<dyn Any>, f: &mut dyn FnMut(&T)) -> Done {
    if let Some(lent) = data.downcast_ref::<Lent<T>>() {
        return Ok(lent.0.with(f)?);
    }
    if let Some(cell) = data.downcast_ref::<HostCell<Rc<T>>>() {
        return Ok(cell.with(|value| f(value))?);
    }
    if let Some(cell) = data.downcast_ref::<HostCell<Arc<T>>>() {
        return Ok(cell.with(|value| f(value))?);
    }
    if let Some(cell) = data.downcast_ref::<HostCell<Rc<RefCell<T>>>>() {
        let value = cell.with(Rc::clone)?;
        let value = value.try_borrow().map_err(|_| NoValue::Borrowed)?;
        f(&value);
        return Ok(());
    }
    if let Some(cell) = data.downcast_ref::<HostCell<Arc<Mutex<T>>>>() {
        let value = cell.with(Arc::clone)?;
        let value = value.try_lock().map_err(|_| NoValue::Borrowed)?;
        f(&value);
        return Ok(());
    }
    if let Some(cell) = data.downcast_ref::<HostCell<Arc<RwLock<T>>>>() {
        let value = cell.with(Arc::clone)?;
        let value = value.try_read().map_err(|_| NoValue::Borrowed)?;
        f(&value);
        return Ok(());
    }
    Err(NoValue::Mismatch)
}

fn behind_pointers_mut<T: 'static>(data: &Rc<dyn Any>, f: &mut dyn FnMut(&mut T)) -> Done {
    if let Some(lent) = data.downcast_ref::<Lent<T>>() {
        return Ok(lent.0.with_mut(f)?);
    }
    if data.is::<HostCell<Rc<T>>>() || data.is::<HostCell<Arc<T>>>() {
        return Err(NoValue::Borrowed);
    }
    if let Some(cell) = data.downcast_ref::<HostCell<Rc<RefCell<T>>>>() {
        let value = cell.with(Rc::clone)?;
        let mut value = value.try_borrow_mut().map_err(|_| NoValue::Borrowed)?;
        f(&mut value);
        return Ok(());
    }
    if let Some(cell) = data.downcast_ref::<HostCell<Arc<Mutex<T>>>>() {
        let value = cell.with(Arc::clone)?;
        let mut value = value.try_lock().map_err(|_| NoValue::Borrowed)?;
        f(&mut value);
        return Ok(());
    }
    if let Some(cell) = data.downcast_ref::<HostCell<Arc<RwLock<T>>>>() {
        let value = cell.with(Arc::clone)?;
        let mut value = value.try_write().map_err(|_| NoValue::Borrowed)?;
        f(&mut value);
        return Ok(());
    }
    Err(NoValue::Mismatch)
}

/// The value of one userdata of a scope, whose type has no name at run time.
pub(crate) struct ByInstance<T> {
    /// What the userdata shares.
    pub(crate) data: Rc<dyn Any>,
    pub(crate) loan: Rc<dyn Loan<T>>,
}

impl<T> ByInstance<T> {
    fn check(&self, data: &Rc<dyn Any>) -> Done {
        if Rc::ptr_eq(&self.data, data) {
            Ok(())
        } else {
            Err(NoValue::Mismatch)
        }
    }
}

impl<T> Access<T> for ByInstance<T> {
    fn with(&self, data: &Rc<dyn Any>, f: &mut dyn FnMut(&T)) -> Done {
        self.check(data)?;
        Ok(self.loan.with(f)?)
    }

    fn with_mut(&self, data: &Rc<dyn Any>, f: &mut dyn FnMut(&mut T)) -> Done {
        self.check(data)?;
        Ok(self.loan.with_mut(f)?)
    }
}
