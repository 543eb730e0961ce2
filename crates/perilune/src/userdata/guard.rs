//! Guards of borrowed userdata values, which live on their own.

use super::AnyUserData;
use crate::error::{Error, Result};
use crate::lua::Lua;
use crate::traits::FromLua;
use crate::value::Value;
use perilune_vm::{HostCell, HostRef, HostRefMut, NoBorrow};
use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::Arc;

/// A shared borrow of a userdata's value. It may be kept: the value stays, even if Lua has forgotten it.
pub struct UserDataRef<T: 'static>(Shared<T>);

enum Shared<T: 'static> {
    Own(HostRef<T>),
    BehindRc(HostRef<Rc<T>>),
    BehindArc(HostRef<Arc<T>>),
}

/// An exclusive borrow of a userdata's value.
pub struct UserDataRefMut<T: 'static>(HostRefMut<T>);

fn error(no: NoBorrow, exclusive: bool) -> Error {
    super::access::NoValue::from(no).error(exclusive)
}

impl<T> UserDataRef<T> {
    pub(crate) fn of(data: Rc<dyn Any>) -> Result<UserDataRef<T>> {
        let fail = |no| error(no, false);
        let data = match data.downcast::<HostCell<T>>() {
            Ok(cell) => return Ok(UserDataRef(Shared::Own(cell.borrow().map_err(fail)?))),
            Err(other) => other,
        };
        let data = match data.downcast::<HostCell<Rc<T>>>() {
            Ok(cell) => return Ok(UserDataRef(Shared::BehindRc(cell.borrow().map_err(fail)?))),
            Err(other) => other,
        };
        match data.downcast::<HostCell<Arc<T>>>() {
            Ok(cell) => Ok(UserDataRef(Shared::BehindArc(cell.borrow().map_err(fail)?))),
            Err(_) => Err(Error::UserDataTypeMismatch),
        }
    }
}

impl<T> UserDataRefMut<T> {
    pub(crate) fn of(data: Rc<dyn Any>) -> Result<UserDataRefMut<T>> {
        match data.downcast::<HostCell<T>>() {
            Ok(cell) => Ok(UserDataRefMut(cell.borrow_mut().map_err(|no| error(no, true))?)),
            Err(_) => Err(Error::UserDataTypeMismatch),
        }
    }
}

impl<T> Deref for UserDataRef<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Shared::Own(guard) => guard,
            Shared::BehindRc(guard) => guard,
            Shared::BehindArc(guard) => guard,
        }
    }
}

impl<T> Deref for UserDataRefMut<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for UserDataRefMut<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

macro_rules! shown {
    ($($trait:ident $guard:ident;)*) => {
        $(impl<T: fmt::$trait> fmt::$trait for $guard<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        })*
    };
}

shown! {
    Debug UserDataRef;
    Display UserDataRef;
    Debug UserDataRefMut;
    Display UserDataRefMut;
}

fn userdata(value: Value) -> Result<AnyUserData> {
    match value {
        Value::UserData(userdata) => Ok(userdata),
        other => Err(Error::from_lua_conversion(other.type_name(), "userdata", None)),
    }
}

impl<T: 'static> FromLua for UserDataRef<T> {
    fn from_lua(value: Value, _: &Lua) -> Result<UserDataRef<T>> {
        userdata(value)?.borrow()
    }
}

impl<T: 'static> FromLua for UserDataRefMut<T> {
    fn from_lua(value: Value, _: &Lua) -> Result<UserDataRefMut<T>> {
        userdata(value)?.borrow_mut()
    }
}

/// A userdata's value, taken out of it.
#[derive(Debug)]
pub struct UserDataOwned<T>(pub T);

impl<T: 'static> FromLua for UserDataOwned<T> {
    fn from_lua(value: Value, _: &Lua) -> Result<UserDataOwned<T>> {
        userdata(value)?.take().map(UserDataOwned)
    }
}

impl<T> Deref for UserDataOwned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for UserDataOwned<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
