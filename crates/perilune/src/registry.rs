//! Registry keys: values that the host keeps by number.

use crate::error::{Error, Result};
use crate::lua::Lua;
use crate::traits::{FromLua, IntoLua};
use crate::value::Value;
use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

type Freed = Arc<Mutex<Vec<u32>>>;

/// The values kept by number.
#[derive(Default)]
pub(crate) struct Kept {
    values: RefCell<Vec<Value>>,
    freed: Freed,
}

impl Kept {
    pub(crate) fn clear(&self) {
        let values = self.values.take();
        drop(values);
    }

    /// Keeps a value under a number.
    fn keep(&self, value: Value) -> u32 {
        if value.is_nil() {
            return NIL_ID;
        }
        let free = Kept::with_freed(&self.freed, Vec::pop);
        let mut values = self.values.borrow_mut();
        match free {
            Some(id) => {
                let before = std::mem::replace(&mut values[id as usize], value);
                drop(values);
                drop(before);
                id
            }
            None => {
                values.push(value);
                values.len() as u32 - 1
            }
        }
    }

    fn get(&self, id: u32) -> Value {
        match self.values.borrow().get(id as usize) {
            Some(value) => value.clone(),
            None => Value::Nil,
        }
    }

    fn with_freed<R>(freed: &Freed, f: impl FnOnce(&mut Vec<u32>) -> R) -> R {
        f(&mut freed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A key of a value in a state's registry. It is no handle: it may go to other threads, and does not say what it is of.
/// The value goes when the key is dropped and the state next asks for it ([`Lua::expire_registry_values`]).
pub struct RegistryKey {
    id: u32,
    freed: Freed,
}

/// The number of keys of nil, which needs no place.
const NIL_ID: u32 = u32::MAX;

impl Drop for RegistryKey {
    fn drop(&mut self) {
        if self.id != NIL_ID {
            Kept::with_freed(&self.freed, |freed| freed.push(self.id));
        }
    }
}

impl fmt::Debug for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryKey({})", self.id)
    }
}

impl PartialEq for RegistryKey {
    fn eq(&self, other: &RegistryKey) -> bool {
        self.id == other.id && Arc::ptr_eq(&self.freed, &other.freed)
    }
}

impl Eq for RegistryKey {}

impl Hash for RegistryKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl Lua {
    fn kept(&self) -> &Kept {
        &self.extra().kept
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn create_registry_value(&self, value: impl IntoLua) -> Result<RegistryKey> {
        let value = value.into_lua(self)?;
        let kept = self.kept();
        Ok(RegistryKey {
            id: kept.keep(value),
            freed: kept.freed.clone(),
        })
    }

    /// A kept value.
    ///
    /// # Errors
    /// The key is another state's; the value does not convert.
    pub fn registry_value<T: FromLua>(&self, key: &RegistryKey) -> Result<T> {
        if !self.owns_registry_value(key) {
            return Err(Error::MismatchedRegistryKey);
        }
        T::from_lua(self.kept().get(key.id), self)
    }

    /// Forgets a kept value.
    ///
    /// # Errors
    /// The key is another state's.
    pub fn remove_registry_value(&self, key: RegistryKey) -> Result<()> {
        if !self.owns_registry_value(&key) {
            return Err(Error::MismatchedRegistryKey);
        }
        drop(key);
        self.expire_registry_values();
        Ok(())
    }

    /// Replaces a kept value.
    ///
    /// # Errors
    /// The key is another state's; the value does not convert.
    pub fn replace_registry_value(&self, key: &mut RegistryKey, value: impl IntoLua) -> Result<()> {
        if !self.owns_registry_value(key) {
            return Err(Error::MismatchedRegistryKey);
        }
        let value = value.into_lua(self)?;
        let kept = self.kept();
        if key.id == NIL_ID {
            key.id = kept.keep(value);
        } else {
            let before = std::mem::replace(&mut kept.values.borrow_mut()[key.id as usize], value);
            drop(before);
        }
        Ok(())
    }

    /// Whether a key is this state's.
    pub fn owns_registry_value(&self, key: &RegistryKey) -> bool {
        Arc::ptr_eq(&key.freed, &self.kept().freed)
    }

    /// Forgets the values whose keys were dropped.
    pub fn expire_registry_values(&self) {
        let kept = self.kept();
        let ids = Kept::with_freed(&kept.freed, |freed| freed.clone());
        for id in ids {
            let before = std::mem::take(&mut kept.values.borrow_mut()[id as usize]);
            drop(before);
        }
    }
}

impl IntoLua for RegistryKey {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        lua.registry_value(&self)
    }
}

impl IntoLua for &RegistryKey {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        lua.registry_value(self)
    }
}

impl FromLua for RegistryKey {
    fn from_lua(value: Value, lua: &Lua) -> Result<RegistryKey> {
        lua.create_registry_value(value)
    }
}
