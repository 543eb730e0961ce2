//! Userdata that serialize.

use crate::error::{Error, Result};
use crate::extra::Extra;
use crate::lua::Lua;
use crate::traits::{IntoLua, MaybeSend, MaybeSync};
use crate::userdata::{AnyUserData, UserData};
use perilune_vm::{Ctx, HostCell, NoBorrow};
use serde::ser::{Error as _, Serialize, Serializer};
use std::any::{Any, TypeId};
use std::rc::Rc;

type Show<'a> = &'a mut dyn FnMut(&dyn erased_serde::Serialize);

/// Shows the value of a userdata of a certain type.
#[derive(Clone, Copy)]
pub(crate) struct Shows(fn(&dyn Any, Show<'_>) -> std::result::Result<(), NoBorrow>);

/// A userdata's value as something to serialize.
pub(crate) struct Serialized {
    data: Rc<dyn Any>,
    shows: Shows,
}

impl Serialized {
    /// The value of the userdata in a slot, if its type serializes.
    pub(crate) fn of(ctx: &Ctx<'_>, slot: usize) -> Option<Serialized> {
        let data = ctx.slot(slot).shared()?;
        let state = ctx.shared_state()?;
        let extra: &Extra = state.data()?;
        let shows = *extra.serializable.borrow().get(&(**data).type_id())?;
        let data = data.clone();
        Some(Serialized { data, shows })
    }
}

impl Serialize for Serialized {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let (mut serializer, mut outcome) = (Some(serializer), None);
        let shown = (self.shows.0)(&*self.data, &mut |value| {
            if let Some(serializer) = serializer.take() {
                outcome = Some(erased_serde::serialize(value, serializer));
            }
        });
        match (shown, outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Err(NoBorrow::Borrowed), _) => Err(S::Error::custom(Error::UserDataBorrowError)),
            _ => Err(S::Error::custom(Error::UserDataDestructed)),
        }
    }
}

impl Serialize for AnyUserData {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let value = self.0.enter(|ctx| {
            self.0.push(ctx)?;
            Ok(Serialized::of(ctx, 0))
        });
        match value {
            Ok(Some(value)) => value.serialize(serializer),
            Ok(None) => Err(S::Error::custom("cannot serialize <userdata>")),
            Err(error) => Err(S::Error::custom(error)),
        }
    }
}

impl Lua {
    fn know_serializable<T: Serialize + 'static>(&self) {
        let shows = Shows(|data, show| match data.downcast_ref::<HostCell<T>>() {
            Some(cell) => cell.with(|value| show(value)),
            None => Err(NoBorrow::Gone),
        });
        let id = TypeId::of::<HostCell<T>>();
        self.extra().serializable.borrow_mut().insert(id, shows);
    }

    /// As [`Lua::create_userdata`], for a type that serializes: so do all userdata of this type in the state from now on.
    ///
    /// # Errors
    /// The type's description is wrong.
    pub fn create_ser_userdata<T>(&self, data: T) -> Result<AnyUserData>
    where
        T: UserData + Serialize + MaybeSend + MaybeSync + 'static,
    {
        self.know_serializable::<T>();
        self.create_userdata(data)
    }

    /// As [`Lua::create_any_userdata`], for a type that serializes: so do all userdata of this type in the state from now on.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_ser_any_userdata<T>(&self, data: T) -> Result<AnyUserData>
    where
        T: Serialize + MaybeSend + MaybeSync + 'static,
    {
        self.know_serializable::<T>();
        self.create_any_userdata(data)
    }
}

impl AnyUserData {
    /// As [`AnyUserData::wrap`], for a type that serializes.
    pub fn wrap_ser<T: Serialize + MaybeSend + MaybeSync + 'static>(data: T) -> impl IntoLua {
        crate::userdata::Wrapped(move |lua: &Lua| lua.create_ser_any_userdata(data))
    }
}
