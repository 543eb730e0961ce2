//! What a type gives to Lua: fields, methods, metamethods, as they are collected.

use super::access::Access;
use super::describe::{UserDataFields, UserDataMethods};
use super::{AnyUserData, UserData};
#[cfg(feature = "async")]
use super::{UserDataRef, UserDataRefMut};
use crate::convert::short_type_name;
use crate::error::{Error, Result};
use crate::lua::Lua;
use crate::traits::{Fault, FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, MaybeSend};
use crate::value::Value;
use perilune_vm::{Ctx, Returns};
use std::cell::RefCell;
#[cfg(feature = "async")]
use std::future::Future;

type Outcome<T> = std::result::Result<T, Fault>;
/// A method: it gets at its value by the access that it is called with, so that it captures nothing of `T`'s lifetime.
pub(crate) type Callback<T> = Box<dyn Fn(&Lua, &mut Ctx<'_>, &dyn Access<T>) -> Outcome<Returns>>;
/// What a userdata shares with the host.
#[cfg(feature = "async")]
type Shared = std::rc::Rc<dyn std::any::Any>;
pub(crate) type Named<T> = Vec<(String, T)>;

/// Collects what a type gives to Lua.
pub struct UserDataRegistry<T> {
    pub(crate) lua: Lua,
    pub(crate) entries: Entries<T>,
}

/// What was collected.
pub(crate) struct Entries<T> {
    pub(crate) type_name: String,
    pub(crate) fields: Named<Result<Value>>,
    pub(crate) getters: Named<Callback<T>>,
    pub(crate) setters: Named<Callback<T>>,
    pub(crate) meta_fields: Named<Result<Value>>,
    pub(crate) methods: Named<Callback<T>>,
    pub(crate) meta_methods: Named<Callback<T>>,
}

/// `Type.name`, or `Type.metatable.__name` for metamethods: what messages call a method.
fn full_name<T>(name: &str) -> String {
    format!("{}.{name}", short_type_name::<T>())
}

fn no_self() -> Error {
    Error::from_lua_conversion("missing argument", "userdata", None)
}

impl<T> UserDataRegistry<T> {
    pub(crate) fn new(lua: &Lua) -> UserDataRegistry<T> {
        UserDataRegistry {
            lua: Lua::borrowed(lua.state()),
            entries: Entries {
                type_name: short_type_name::<T>(),
                fields: Vec::new(),
                getters: Vec::new(),
                setters: Vec::new(),
                meta_fields: Vec::new(),
                methods: Vec::new(),
                meta_methods: Vec::new(),
            },
        }
    }

    fn reading<M, A, R>(&self, name: &str, method: M) -> Callback<T>
    where
        M: Fn(&Lua, &T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = full_name::<T>(name);
        Box::new(move |lua, ctx, access| {
            let nargs = ctx.nargs();
            let data = match ctx.arg(0).shared() {
                Some(data) => data.clone(),
                None => return Err(not_this::<T>(ctx).bad_self(Some(&name)).into()),
            };
            let mut args = Some(A::from_arg_slots(ctx, 1, nargs - 1, 2, Some(&name), lua.state()));
            let mut outcome = None;
            access
                .with(&data, &mut |this| {
                    if let Some(args) = args.take() {
                        outcome = Some(args.and_then(|args| ctx.lend(|| method(lua, this, args))));
                    }
                })
                .map_err(|no| no.error(false).bad_self(Some(&name)))?;
            match outcome {
                Some(results) => Ok(Returns(results?.push_all_to_stack(ctx, lua.state())? as u32)),
                None => unreachable!("an access calls its function"),
            }
        })
    }

    fn writing<M, A, R>(&self, name: &str, method: M) -> Callback<T>
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = full_name::<T>(name);
        let method = RefCell::new(method);
        Box::new(move |lua, ctx, access| {
            let mut method = method.try_borrow_mut().map_err(|_| Error::RecursiveMutCallback)?;
            let nargs = ctx.nargs();
            let data = match ctx.arg(0).shared() {
                Some(data) => data.clone(),
                None => return Err(not_this::<T>(ctx).bad_self(Some(&name)).into()),
            };
            let mut args = Some(A::from_arg_slots(ctx, 1, nargs - 1, 2, Some(&name), lua.state()));
            let mut outcome = None;
            access
                .with_mut(&data, &mut |this| {
                    if let Some(args) = args.take() {
                        outcome = Some(args.and_then(|args| ctx.lend(|| method(lua, this, args))));
                    }
                })
                .map_err(|no| no.error(true).bad_self(Some(&name)))?;
            match outcome {
                Some(results) => Ok(Returns(results?.push_all_to_stack(ctx, lua.state())? as u32)),
                None => unreachable!("an access calls its function"),
            }
        })
    }

    fn plain<F, A, R>(&self, name: &str, function: F) -> Callback<T>
    where
        F: Fn(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = full_name::<T>(name);
        Box::new(move |lua, ctx, _| {
            let nargs = ctx.nargs();
            let args = A::from_arg_slots(ctx, 0, nargs, 1, Some(&name), lua.state())?;
            let results = ctx.lend(|| function(lua, args))?;
            Ok(Returns(results.push_all_to_stack(ctx, lua.state())? as u32))
        })
    }

    fn plain_mut<F, A, R>(&self, name: &str, function: F) -> Callback<T>
    where
        F: FnMut(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let function = RefCell::new(function);
        self.plain(name, move |lua, args| {
            let mut function = function.try_borrow_mut().map_err(|_| Error::RecursiveMutCallback)?;
            function(lua, args)
        })
    }

    /// An asynchronous method, whose `this` is made of what the userdata shares.
    #[cfg(feature = "async")]
    fn async_with<G, M, A, MR, R>(&self, name: &str, borrow: fn(Shared) -> Result<G>, method: M) -> Callback<T>
    where
        G: 'static,
        M: Fn(Lua, G, A) -> MR + 'static,
        A: FromLuaMulti,
        MR: Future<Output = Result<R>> + MaybeSend + 'static,
        R: IntoLuaMulti,
    {
        let name = full_name::<T>(name);
        Box::new(move |lua, ctx, _| {
            let nargs = ctx.nargs();
            let data = match ctx.arg(0).shared() {
                Some(data) => data.clone(),
                None => return Err(not_this::<T>(ctx).bad_self(Some(&name)).into()),
            };
            let args = A::from_arg_slots(ctx, 1, nargs - 1, 2, Some(&name), lua.state());
            let this = borrow(data).map_err(|e| e.bad_self(Some(&name)))?;
            let args = args?;
            let future = ctx.lend(|| method(lua.clone(), this, args));
            lua.run_future(ctx, lua.results_of(future))
        })
    }

    #[cfg(feature = "async")]
    fn async_reading<M, A, MR, R>(&self, name: &str, method: M) -> Callback<T>
    where
        T: 'static,
        M: Fn(Lua, UserDataRef<T>, A) -> MR + 'static,
        A: FromLuaMulti,
        MR: Future<Output = Result<R>> + MaybeSend + 'static,
        R: IntoLuaMulti,
    {
        self.async_with(name, UserDataRef::of, method)
    }

    #[cfg(feature = "async")]
    fn async_writing<M, A, MR, R>(&self, name: &str, method: M) -> Callback<T>
    where
        T: 'static,
        M: Fn(Lua, UserDataRefMut<T>, A) -> MR + 'static,
        A: FromLuaMulti,
        MR: Future<Output = Result<R>> + MaybeSend + 'static,
        R: IntoLuaMulti,
    {
        self.async_with(name, UserDataRefMut::of, method)
    }

    #[cfg(feature = "async")]
    fn async_plain<F, A, FR, R>(&self, name: &str, function: F) -> Callback<T>
    where
        F: Fn(Lua, A) -> FR + 'static,
        A: FromLuaMulti,
        FR: Future<Output = Result<R>> + MaybeSend + 'static,
        R: IntoLuaMulti,
    {
        let name = full_name::<T>(name);
        Box::new(move |lua, ctx, _| {
            let nargs = ctx.nargs();
            let args = A::from_arg_slots(ctx, 0, nargs, 1, Some(&name), lua.state())?;
            let future = ctx.lend(|| function(lua.clone(), args));
            lua.run_future(ctx, lua.results_of(future))
        })
    }

    fn meta_value(name: &str, value: Result<Value>) -> Result<Value> {
        let value = value?;
        if name == "__index" || name == "__newindex" {
            match &value {
                Value::Nil | Value::Table(_) | Value::Function(_) => {}
                other => {
                    return Err(Error::MetaMethodTypeError {
                        method: name.to_string(),
                        type_name: other.type_name(),
                        message: Some("expected nil, table or function".to_string()),
                    });
                }
            }
        }
        Ok(value)
    }
}

/// What is wrong with the first argument of a method, which is no userdata of ours.
fn not_this<T>(ctx: &Ctx<'_>) -> Error {
    if ctx.is_none(0) {
        return no_self();
    }
    match Value::read(ctx, 0) {
        // Its value was taken, or it is of another library.
        Value::UserData(_) => Error::UserDataTypeMismatch,
        _ => {
            let expected = format!("expected userdata of type '{}'", short_type_name::<T>());
            Error::from_lua_conversion(ctx.arg(0).type_name(), "userdata", expected)
        }
    }
}

/// The methods that add one kind of function to one list.
macro_rules! adding {
    ($($name:ident: $bound:ident($($arg:ty),*), $made:ident, $list:ident;)*) => {
        $(fn $name<M, A, R>(&mut self, name: impl Into<String>, method: M)
        where
            M: $bound($($arg),*) -> Result<R> + MaybeSend + 'static,
            A: FromLuaMulti,
            R: IntoLuaMulti,
        {
            let name = name.into();
            let callback = self.$made(&name, method);
            self.entries.$list.push((name, callback));
        })*
    };
}

/// The same for functions that make futures.
#[cfg(feature = "async")]
macro_rules! adding_async {
    ($($name:ident: ($($arg:ty),*), $made:ident, $list:ident $(, $life:lifetime)?;)*) => {
        $(fn $name<M, A, MR, R>(&mut self, name: impl Into<String>, method: M)
        where
            $(T: $life,)?
            M: Fn($($arg),*) -> MR + MaybeSend + 'static,
            A: FromLuaMulti,
            MR: Future<Output = Result<R>> + MaybeSend + 'static,
            R: IntoLuaMulti,
        {
            let name = name.into();
            let callback = self.$made(&name, method);
            self.entries.$list.push((name, callback));
        })*
    };
}

impl<T> UserDataMethods<T> for UserDataRegistry<T> {
    adding! {
        add_method: Fn(&Lua, &T, A), reading, methods;
        add_method_mut: FnMut(&Lua, &mut T, A), writing, methods;
        add_function: Fn(&Lua, A), plain, methods;
        add_function_mut: FnMut(&Lua, A), plain_mut, methods;
        add_meta_method: Fn(&Lua, &T, A), reading, meta_methods;
        add_meta_method_mut: FnMut(&Lua, &mut T, A), writing, meta_methods;
        add_meta_function: Fn(&Lua, A), plain, meta_methods;
        add_meta_function_mut: FnMut(&Lua, A), plain_mut, meta_methods;
    }

    #[cfg(feature = "async")]
    adding_async! {
        add_async_method: (Lua, UserDataRef<T>, A), async_reading, methods, 'static;
        add_async_method_mut: (Lua, UserDataRefMut<T>, A), async_writing, methods, 'static;
        add_async_function: (Lua, A), async_plain, methods;
        add_async_meta_method: (Lua, UserDataRef<T>, A), async_reading, meta_methods, 'static;
        add_async_meta_method_mut: (Lua, UserDataRefMut<T>, A), async_writing, meta_methods, 'static;
        add_async_meta_function: (Lua, A), async_plain, meta_methods;
    }
}

impl<T> UserDataFields<T> for UserDataRegistry<T> {
    fn add_field<V>(&mut self, name: impl Into<String>, value: V)
    where
        V: IntoLua + 'static,
    {
        let value = value.into_lua(&self.lua);
        self.entries.fields.push((name.into(), value));
    }

    fn add_field_method_get<M, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T) -> Result<R> + MaybeSend + 'static,
        R: IntoLua,
    {
        let name = name.into();
        let callback = self.reading(&name, move |lua, this, ()| method(lua, this));
        self.entries.getters.push((name, callback));
    }

    fn add_field_method_set<M, A>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<()> + MaybeSend + 'static,
        A: FromLua,
    {
        let name = name.into();
        let callback = self.writing(&name, method);
        self.entries.setters.push((name, callback));
    }

    fn add_field_function_get<F, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, AnyUserData) -> Result<R> + MaybeSend + 'static,
        R: IntoLua,
    {
        let name = name.into();
        let callback = self.plain(&name, function);
        self.entries.getters.push((name, callback));
    }

    fn add_field_function_set<F, A>(&mut self, name: impl Into<String>, mut function: F)
    where
        F: FnMut(&Lua, AnyUserData, A) -> Result<()> + MaybeSend + 'static,
        A: FromLua,
    {
        let name = name.into();
        let callback = self.plain_mut(&name, move |lua, (this, value)| function(lua, this, value));
        self.entries.setters.push((name, callback));
    }

    fn add_meta_field<V>(&mut self, name: impl Into<String>, value: V)
    where
        V: IntoLua + 'static,
    {
        let name = name.into();
        let value = Self::meta_value(&name, value.into_lua(&self.lua));
        self.entries.meta_fields.push((name, value));
    }

    fn add_meta_field_with<F, R>(&mut self, name: impl Into<String>, f: F)
    where
        F: FnOnce(&Lua) -> Result<R> + 'static,
        R: IntoLua,
    {
        let name = name.into();
        let value = Self::meta_value(&name, f(&self.lua).and_then(|v| v.into_lua(&self.lua)));
        self.entries.meta_fields.push((name, value));
    }
}

macro_rules! pointers {
    ($($ty:ty),*) => {
        $(
            /// What the value behind the pointer gives.
            impl<T: UserData + 'static> UserData for $ty {
                fn register(registry: &mut UserDataRegistry<Self>) {
                    let mut inner = UserDataRegistry::<T>::new(&registry.lua);
                    T::register(&mut inner);
                    inner.entries.give_to(&mut registry.entries);
                }
            }
        )*
    };
}

pointers!(
    std::rc::Rc<T>,
    std::rc::Rc<std::cell::RefCell<T>>,
    std::sync::Arc<T>,
    std::sync::Arc<std::sync::Mutex<T>>,
    std::sync::Arc<std::sync::RwLock<T>>
);
