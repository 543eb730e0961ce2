//! Userdata: Rust values in Lua.

mod access;
mod describe;
mod guard;
mod meta;
mod metatable;
mod registry;

pub(crate) use access::{Access, ByInstance, ByType, Lent};
pub use describe::{UserDataFields, UserDataMethods};
pub use guard::{UserDataOwned, UserDataRef, UserDataRefMut};
pub use meta::MetaMethod;
pub(crate) use registry::Callback;
pub use registry::UserDataRegistry;

use crate::error::{Error, Result};
use crate::handle::Ref;
use crate::lua::Lua;
use crate::object::ObjectLike;
use crate::string::LuaString;
use crate::table::{Table, TablePairs, table_at};
use crate::traits::{Fault, FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, MaybeSend, MaybeSync};
use crate::value::Value;
use perilune_vm::{Ctx, HostCell};
use std::any::{Any, TypeId};
use std::ffi::c_void;
use std::fmt;
use std::rc::Rc;

/// Types whose values become userdata.
pub trait UserData: Sized {
    /// Adds fields.
    #[allow(unused_variables)]
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {}

    /// Adds methods and metamethods.
    #[allow(unused_variables)]
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {}

    /// Adds all of them.
    fn register(registry: &mut UserDataRegistry<Self>) {
        Self::add_fields(registry);
        Self::add_methods(registry);
    }
}

/// What is known of a registered type.
pub(crate) struct TypeTable {
    pub(crate) metatable: Table,
    /// The type that the host sees, if this is not it: of a cell, its content.
    pub(crate) of: TypeId,
    /// Whether a method runs on a value of the type.
    pub(crate) is_in_call: fn(&dyn Any) -> bool,
}

/// A userdata of any type.
#[derive(Clone)]
pub struct AnyUserData(pub(crate) Ref);

/// What stands for a type itself, with its functions and static fields.
pub(crate) struct Proxy<T>(std::marker::PhantomData<fn() -> T>);

const DESTRUCTED: &str = "perilune.destructed";

impl AnyUserData {
    /// What it shares with the host.
    fn data(&self) -> Result<Rc<dyn Any>> {
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            match ctx.slot(0).shared() {
                Some(data) => Ok(data.clone()),
                None => Err(Error::UserDataDestructed.into()),
            }
        })
    }

    /// Whether it holds a value of this type.
    pub fn is<T: 'static>(&self) -> bool {
        self.data()
            .is_ok_and(|data| data.is::<HostCell<T>>() || data.is::<Lent<T>>())
    }

    /// Whether it stands for this type itself.
    pub fn is_proxy<T: 'static>(&self) -> bool {
        self.is::<Proxy<T>>()
    }

    /// Borrows the value.
    ///
    /// # Errors
    /// It is another type's, borrowed mutably, taken, or lent by a scope.
    pub fn borrow<T: 'static>(&self) -> Result<UserDataRef<T>> {
        UserDataRef::of(self.data()?)
    }

    /// Calls `f` with the value.
    ///
    /// # Errors
    /// It is another type's, borrowed mutably, or gone.
    pub fn borrow_scoped<T: 'static, R>(&self, f: impl FnOnce(&T) -> R) -> Result<R> {
        let (mut f, mut result) = (Some(f), None);
        ByType
            .with(&self.data()?, &mut |value: &T| {
                if let Some(f) = f.take() {
                    result = Some(f(value));
                }
            })
            .map_err(|no| no.error(false))?;
        result.ok_or(Error::UserDataDestructed)
    }

    /// Borrows the value mutably.
    ///
    /// # Errors
    /// It is another type's, borrowed, taken, or lent by a scope.
    pub fn borrow_mut<T: 'static>(&self) -> Result<UserDataRefMut<T>> {
        UserDataRefMut::of(self.data()?)
    }

    /// Calls `f` with the value, to change it.
    ///
    /// # Errors
    /// It is another type's, borrowed, or gone.
    pub fn borrow_mut_scoped<T: 'static, R>(&self, f: impl FnOnce(&mut T) -> R) -> Result<R> {
        let (mut f, mut result) = (Some(f), None);
        ByType
            .with_mut(&self.data()?, &mut |value: &mut T| {
                if let Some(f) = f.take() {
                    result = Some(f(value));
                }
            })
            .map_err(|no| no.error(true))?;
        result.ok_or(Error::UserDataDestructed)
    }

    /// Takes the value out. Lua sees an object that cannot be used any more.
    ///
    /// # Errors
    /// It is another type's, borrowed, or gone.
    pub fn take<T: 'static>(&self) -> Result<T> {
        let data = self.data()?;
        let Some(cell) = data.downcast_ref::<HostCell<T>>() else {
            return Err(Error::UserDataTypeMismatch);
        };
        if cell.is_borrowed() {
            return Err(Error::UserDataBorrowMutError);
        }
        let value = cell.take().map_err(|_| Error::UserDataDestructed)?;
        self.empty()?;
        Ok(value)
    }

    /// Drops the value now, or, while guards of it are alive, with the last of them; Lua sees an object that cannot be used any
    /// more.
    ///
    /// # Errors
    /// One of its methods is running.
    pub fn destroy(&self) -> Result<()> {
        let data = self.data()?;
        let lua = self.0.lua();
        let is_in_call = lua.extra().types.borrow().get(&(*data).type_id()).map(|t| t.is_in_call);
        if is_in_call.is_some_and(|is_in_call| is_in_call(&*data)) {
            return Err(Error::UserDataBorrowMutError);
        }
        let taken = self.empty()?;
        drop((data, taken));
        Ok(())
    }

    /// Takes what it shares with the host, and makes it unusable.
    pub(crate) fn empty(&self) -> Result<Option<Rc<dyn Any>>> {
        let meta = destructed(&self.0.lua())?;
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            meta.0.push(ctx)?;
            ctx.set_metatable(ctx.slot(0), Some(table_at(ctx, 1)))?;
            Ok(ctx.take_shared(0))
        })
    }

    fn user_values(&self, make: bool) -> Result<Option<Table>> {
        let lua = self.0.lua();
        let all: Option<Table> = lua.named_registry_value("perilune.user_values")?;
        let all = match all {
            Some(all) => all,
            None if !make => return Ok(None),
            None => {
                let all = lua.create_table()?;
                all.set_metatable(Some(lua.create_table_from([("__mode", "k")])?))?;
                lua.set_named_registry_value("perilune.user_values", &all)?;
                all
            }
        };
        match all.raw_get::<Option<Table>>(self)? {
            Some(values) => Ok(Some(values)),
            None if !make => Ok(None),
            None => {
                let values = lua.create_table()?;
                all.raw_set(self, &values)?;
                Ok(Some(values))
            }
        }
    }

    fn user_value_under<V: FromLua>(&self, key: impl IntoLua) -> Result<V> {
        match self.user_values(false)? {
            Some(values) => values.raw_get(key),
            None => V::from_lua(Value::Nil, &self.0.lua()),
        }
    }

    fn set_user_value_under(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        match self.user_values(true)? {
            Some(values) => values.raw_set(key, value),
            None => Ok(()),
        }
    }

    /// Associates a value with it.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn set_user_value(&self, value: impl IntoLua) -> Result<()> {
        self.set_nth_user_value(1, value)
    }

    /// The value associated with it.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn user_value<V: FromLua>(&self) -> Result<V> {
        self.nth_user_value(1)
    }

    /// Associates a value with it, under a number from 1 to 65,535.
    ///
    /// # Errors
    /// The number is out of bounds; the value does not convert.
    pub fn set_nth_user_value(&self, n: usize, value: impl IntoLua) -> Result<()> {
        check_user_value_index(n)?;
        self.set_user_value_under(n, value)
    }

    /// The value associated with it under a number.
    ///
    /// # Errors
    /// The number is out of bounds; the value does not convert.
    pub fn nth_user_value<V: FromLua>(&self, n: usize) -> Result<V> {
        check_user_value_index(n)?;
        self.user_value_under(n)
    }

    /// Associates a value with it, under a name.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn set_named_user_value(&self, name: &str, value: impl IntoLua) -> Result<()> {
        self.set_user_value_under(name, value)
    }

    /// The value associated with it under a name.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn named_user_value<V: FromLua>(&self, name: &str) -> Result<V> {
        self.user_value_under(name)
    }

    /// The metatable, without what belongs to the implementation.
    ///
    /// # Errors
    /// The value is gone.
    pub fn metatable(&self) -> Result<UserDataMetatable> {
        self.data()?;
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            match ctx.metatable(ctx.slot(0)) {
                Some(meta) => Ok(UserDataMetatable(Table(Ref::keep(ctx, meta.as_val())))),
                None => Err(Error::UserDataTypeMismatch.into()),
            }
        })
    }

    /// See [`Value::to_pointer`].
    pub fn to_pointer(&self) -> *const c_void {
        self.0.pointer()
    }

    /// The type of the value; `None` if it is gone, or of a scope.
    pub fn type_id(&self) -> Option<TypeId> {
        let data = self.data().ok()?;
        let lua = self.0.lua();
        let types = lua.extra().types.borrow();
        types.get(&(*data).type_id()).map(|known| known.of)
    }

    /// The name that messages show.
    ///
    /// # Errors
    /// The value is gone.
    pub fn type_name(&self) -> Result<LuaString> {
        let lua = self.0.lua();
        match self.metatable()?.0.raw_get::<Value>("__name")? {
            Value::String(name) => Ok(name),
            _ => lua.create_string("userdata"),
        }
    }

    /// What `__todebugstring` or `__tostring` say.
    pub(crate) fn debug_text(&self) -> Option<String> {
        let meta = self.metatable().ok()?.0;
        for event in ["__todebugstring", "__tostring"] {
            if let Ok(Value::Function(f)) = meta.raw_get(event) {
                return f.call::<LuaString>(self).ok().map(|text| text.to_string_lossy());
            }
        }
        None
    }

    /// A value that becomes a userdata where it is converted.
    pub fn wrap<T: MaybeSend + MaybeSync + 'static>(data: T) -> impl IntoLua {
        Wrapped(move |lua: &Lua| lua.create_any_userdata(data))
    }
}

pub(crate) struct Wrapped<F>(pub(crate) F);

impl<F: FnOnce(&Lua) -> Result<AnyUserData>> IntoLua for Wrapped<F> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        (self.0)(lua).map(Value::UserData)
    }
}

fn check_user_value_index(n: usize) -> Result<()> {
    if n < 1 || n > usize::from(u16::MAX) {
        return Err(Error::runtime("user value index out of bounds"));
    }
    Ok(())
}

/// The metatable of userdata whose value is gone: every use is an error.
pub(crate) fn destructed(lua: &Lua) -> Result<Table> {
    if let Some(meta) = lua.named_registry_value(DESTRUCTED)? {
        return Ok(meta);
    }
    let fail = lua.native("destructed", |_, _| Err(Fault::Host(Error::UserDataDestructed)))?;
    let meta = lua.create_table()?;
    for event in [
        "add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "bnot", "shl", "shr", "concat",
        "len", "eq", "lt", "le", "index", "newindex", "call", "tostring", "pairs", "close",
    ] {
        meta.raw_set(format!("__{event}"), &fail)?;
    }
    meta.raw_set("__metatable", false)?;
    lua.set_named_registry_value(DESTRUCTED, &meta)?;
    Ok(meta)
}

impl PartialEq for AnyUserData {
    fn eq(&self, other: &AnyUserData) -> bool {
        self.0.same(&other.0)
    }
}

impl fmt::Debug for AnyUserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return crate::pretty::value(f, &Value::UserData(self.clone()), true, 0, &mut Vec::new());
        }
        write!(f, "AnyUserData(Ref({:p}))", self.to_pointer())
    }
}

impl ObjectLike for AnyUserData {
    fn get<V: FromLua>(&self, key: impl IntoLua) -> Result<V> {
        let host = self.0.state();
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            key.push_to_stack(ctx, host)?;
            ctx.index(0, 1)?;
            Ok(V::from_slot(ctx, 2, host)?)
        })
    }

    fn set(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        let host = self.0.state();
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            key.push_to_stack(ctx, host)?;
            value.push_to_stack(ctx, host)?;
            Ok(ctx.set_index(0, 1, 2)?)
        })
    }

    fn call<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> Result<R> {
        crate::function::call(&self.0, args)
    }

    #[cfg(feature = "async")]
    fn call_async<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> crate::AsyncCallFuture<R> {
        crate::function::call_async(&self.0, args)
    }

    #[cfg(feature = "async")]
    fn call_async_method<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> crate::AsyncCallFuture<R> {
        self.call_async_function(name, (self, args))
    }

    fn call_method<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> Result<R> {
        self.call_function(name, (self, args))
    }

    fn call_function<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> Result<R> {
        crate::object::function_in(self.get(name)?, name)?.call(args)
    }

    fn to_string(&self) -> Result<String> {
        self.0.to_text()
    }

    fn to_value(&self) -> Value {
        Value::UserData(self.clone())
    }

    fn lua_of(&self) -> Lua {
        self.0.lua()
    }
}

/// The metatable of a userdata.
#[derive(Clone, Debug)]
pub struct UserDataMetatable(pub(crate) Table);

impl UserDataMetatable {
    /// The field of a name.
    ///
    /// # Errors
    /// A name that belongs to the implementation; the value does not convert.
    pub fn get<V: FromLua>(&self, name: impl AsRef<str>) -> Result<V> {
        MetaMethod::check(name.as_ref())?;
        self.0.raw_get(name.as_ref())
    }

    /// Sets a field, for all values of the type.
    ///
    /// # Errors
    /// A name that belongs to the implementation; the value does not convert.
    pub fn set(&self, name: impl AsRef<str>, value: impl IntoLua) -> Result<()> {
        let name = name.as_ref();
        MetaMethod::check(name)?;
        // Functions that index were composed with what the type gives.
        if matches!(name, "__index" | "__newindex") {
            return Err(Error::MetaMethodRestricted(name.to_string()));
        }
        self.0.raw_set(name, value)
    }

    /// Whether there is a field.
    ///
    /// # Errors
    /// A name that belongs to the implementation.
    pub fn contains(&self, name: impl AsRef<str>) -> Result<bool> {
        MetaMethod::check(name.as_ref())?;
        Ok(!self.0.raw_get::<Value>(name.as_ref())?.is_nil())
    }

    /// All fields.
    pub fn pairs<V: FromLua>(&self) -> UserDataMetatablePairs<'_, V> {
        UserDataMetatablePairs(self.0.pairs())
    }
}

/// See [`UserDataMetatable::pairs`].
pub struct UserDataMetatablePairs<'a, V>(TablePairs<'a, String, V>);

impl<V: FromLua> Iterator for UserDataMetatablePairs<'_, V> {
    type Item = Result<(String, V)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.0.next()? {
                Ok((name, value)) if MetaMethod::check(&name).is_ok() => return Some(Ok((name, value))),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Lua {
    /// A userdata around a value of a type that describes itself.
    ///
    /// # Errors
    /// The type's description is wrong.
    pub fn create_userdata<T: UserData + MaybeSend + MaybeSync + 'static>(&self, data: T) -> Result<AnyUserData> {
        let meta = self.metatable_of::<T>(Some(T::register))?;
        self.new_userdata(Rc::new(HostCell::new(data)), &meta)
    }

    /// A userdata around any value: it has what [`Lua::register_userdata_type`] gave its type.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_any_userdata<T: MaybeSend + MaybeSync + 'static>(&self, data: T) -> Result<AnyUserData> {
        let meta = self.metatable_of::<T>(None)?;
        self.new_userdata(Rc::new(HostCell::new(data)), &meta)
    }

    /// Describes a type, for userdata made from now on.
    ///
    /// # Errors
    /// The description is wrong.
    pub fn register_userdata_type<T: 'static>(&self, f: impl FnOnce(&mut UserDataRegistry<T>)) -> Result<()> {
        let mut registry = UserDataRegistry::new(self);
        f(&mut registry);
        let metatable = registry.entries.shared_metatable(self)?;
        self.know_type::<T>(metatable);
        Ok(())
    }

    /// A userdata that stands for a type: its functions and static fields without a value.
    ///
    /// # Errors
    /// The type's description is wrong.
    pub fn create_proxy<T: UserData + 'static>(&self) -> Result<AnyUserData> {
        let meta = match self.known_type::<Proxy<T>>() {
            Some(meta) => meta,
            None => {
                let mut registry = UserDataRegistry::<T>::new(self);
                T::register(&mut registry);
                let meta = registry.entries.shared_metatable(self)?;
                self.know_type::<Proxy<T>>(meta.clone());
                meta
            }
        };
        let proxy: Rc<dyn Any> = Rc::new(HostCell::new(Proxy::<T>(std::marker::PhantomData)));
        self.new_userdata(proxy, &meta)
    }

    fn known_type<T: 'static>(&self) -> Option<Table> {
        let types = self.extra().types.borrow();
        types
            .get(&TypeId::of::<HostCell<T>>())
            .map(|known| known.metatable.clone())
    }

    fn know_type<T: 'static>(&self, metatable: Table) {
        let of = TypeId::of::<T>();
        for key in [TypeId::of::<HostCell<T>>(), TypeId::of::<Lent<T>>()] {
            let known = TypeTable {
                metatable: metatable.clone(),
                of,
                is_in_call: |data| data.downcast_ref::<HostCell<T>>().is_some_and(HostCell::is_in_call),
            };
            let before = self.extra().types.borrow_mut().insert(key, known);
            drop(before);
        }
    }

    /// The metatable of a type, made if need be.
    pub(crate) fn metatable_of<T: 'static>(&self, register: Option<fn(&mut UserDataRegistry<T>)>) -> Result<Table> {
        if let Some(known) = self.known_type::<T>() {
            return Ok(known);
        }
        let mut registry = UserDataRegistry::new(self);
        if let Some(register) = register {
            register(&mut registry);
        }
        let metatable = registry.entries.shared_metatable(self)?;
        self.know_type::<T>(metatable.clone());
        Ok(metatable)
    }

    pub(crate) fn new_userdata(&self, data: Rc<dyn Any>, meta: &Table) -> Result<AnyUserData> {
        self.enter(|ctx| {
            push_userdata(ctx, data, meta)?;
            Ok(AnyUserData(Ref::keep(ctx, ctx.slot(1))))
        })
    }
}

fn push_userdata(ctx: &mut Ctx<'_>, data: Rc<dyn Any>, meta: &Table) -> std::result::Result<(), Fault> {
    meta.0.push(ctx)?;
    let userdata = ctx.new_shared_userdata(data, "userdata")?;
    ctx.push(userdata)?;
    ctx.set_metatable(ctx.slot(1), Some(table_at(ctx, 0)))?;
    Ok(())
}
