//! What a type gives to Lua: fields, methods, metamethods; and the metatable made of them.

use super::access::{Access, ByType};
use super::meta::MetaMethod;
use super::{AnyUserData, UserData};
use crate::convert::short_type_name;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::lua::Lua;
use crate::table::Table;
use crate::traits::{Fault, FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, MaybeSend};
use crate::value::Value;
use perilune_vm::{Ctx, Returns};
use std::cell::RefCell;

type Outcome<T> = std::result::Result<T, Fault>;
/// A method: it gets at its value by the access that it is called with, so that it captures nothing of `T`'s lifetime.
pub(crate) type Callback<T> = Box<dyn Fn(&Lua, &mut Ctx<'_>, &dyn Access<T>) -> Outcome<Returns>>;
type Named<T> = Vec<(String, T)>;

/// Adds a type's methods.
pub trait UserDataMethods<T> {
    /// A method that reads.
    fn add_method<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A method that writes.
    fn add_method_mut<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A method that takes the value: the userdata is empty afterwards.
    fn add_method_once<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        T: 'static,
        M: Fn(&Lua, T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let full = format!("{}.{name}", short_type_name::<T>());
        self.add_function(name, move |lua, (this, args): (AnyUserData, A)| {
            let this = this.take().map_err(|e: Error| e.bad_self(Some(&full)))?;
            method(lua, this, args)
        });
    }

    /// A function among the methods.
    fn add_function<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A function among the methods that changes what it captured.
    fn add_function_mut<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: FnMut(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A metamethod that reads its first operand, which is of this type.
    fn add_meta_method<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A metamethod that writes its first operand.
    fn add_meta_method_mut<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A metamethod that gets all operands.
    fn add_meta_function<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A metamethod that gets all operands and changes what it captured.
    fn add_meta_function_mut<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: FnMut(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;
}

/// Adds a type's fields.
pub trait UserDataFields<T> {
    /// A field that all values of the type share.
    fn add_field<V>(&mut self, name: impl Into<String>, value: V)
    where
        V: IntoLua + 'static;

    /// A field that is read by a method.
    fn add_field_method_get<M, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T) -> Result<R> + MaybeSend + 'static,
        R: IntoLua;

    /// A field that is written by a method.
    fn add_field_method_set<M, A>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<()> + MaybeSend + 'static,
        A: FromLua;

    /// A field that is read by a function of the userdata.
    fn add_field_function_get<F, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, AnyUserData) -> Result<R> + MaybeSend + 'static,
        R: IntoLua;

    /// A field that is written by a function of the userdata.
    fn add_field_function_set<F, A>(&mut self, name: impl Into<String>, function: F)
    where
        F: FnMut(&Lua, AnyUserData, A) -> Result<()> + MaybeSend + 'static,
        A: FromLua;

    /// A field of the metatable.
    fn add_meta_field<V>(&mut self, name: impl Into<String>, value: V)
    where
        V: IntoLua + 'static;

    /// A field of the metatable that is made when the metatable is.
    fn add_meta_field_with<F, R>(&mut self, name: impl Into<String>, f: F)
    where
        F: FnOnce(&Lua) -> Result<R> + 'static,
        R: IntoLua;
}

/// Collects what a type gives to Lua.
pub struct UserDataRegistry<T> {
    pub(crate) lua: Lua,
    pub(crate) entries: Entries<T>,
}

/// What was collected.
pub(crate) struct Entries<T> {
    type_name: String,
    fields: Named<Result<Value>>,
    getters: Named<Callback<T>>,
    setters: Named<Callback<T>>,
    meta_fields: Named<Result<Value>>,
    methods: Named<Callback<T>>,
    meta_methods: Named<Callback<T>>,
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
            let mut args = Some(A::from_arg_slots(ctx, 1, nargs - 1, 2, Some(&name), lua));
            let mut outcome = None;
            access
                .with(&data, &mut |this| {
                    if let Some(args) = args.take() {
                        outcome = Some(args.and_then(|args| ctx.lend(|| method(lua, this, args))));
                    }
                })
                .map_err(|no| no.error(false).bad_self(Some(&name)))?;
            match outcome {
                Some(results) => Ok(Returns(results?.push_all_to_stack(ctx, lua)? as u32)),
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
            let mut args = Some(A::from_arg_slots(ctx, 1, nargs - 1, 2, Some(&name), lua));
            let mut outcome = None;
            access
                .with_mut(&data, &mut |this| {
                    if let Some(args) = args.take() {
                        outcome = Some(args.and_then(|args| ctx.lend(|| method(lua, this, args))));
                    }
                })
                .map_err(|no| no.error(true).bad_self(Some(&name)))?;
            match outcome {
                Some(results) => Ok(Returns(results?.push_all_to_stack(ctx, lua)? as u32)),
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
            let args = A::from_arg_slots(ctx, 0, nargs, 1, Some(&name), lua)?;
            let results = ctx.lend(|| function(lua, args))?;
            Ok(Returns(results.push_all_to_stack(ctx, lua)? as u32))
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

impl<T> UserDataMethods<T> for UserDataRegistry<T> {
    fn add_method<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let callback = self.reading(&name, method);
        self.entries.methods.push((name, callback));
    }

    fn add_method_mut<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let callback = self.writing(&name, method);
        self.entries.methods.push((name, callback));
    }

    fn add_function<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let callback = self.plain(&name, function);
        self.entries.methods.push((name, callback));
    }

    fn add_function_mut<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: FnMut(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let callback = self.plain_mut(&name, function);
        self.entries.methods.push((name, callback));
    }

    fn add_meta_method<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let callback = self.reading(&name, method);
        self.entries.meta_methods.push((name, callback));
    }

    fn add_meta_method_mut<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let callback = self.writing(&name, method);
        self.entries.meta_methods.push((name, callback));
    }

    fn add_meta_function<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let callback = self.plain(&name, function);
        self.entries.meta_methods.push((name, callback));
    }

    fn add_meta_function_mut<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: FnMut(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let name = name.into();
        let callback = self.plain_mut(&name, function);
        self.entries.meta_methods.push((name, callback));
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

/// The functions behind `__index` and `__newindex` of types with fields.
const FIELDS: &str = "\
local error, type = ...
local function index(getters, methods, other)
  local kind = type(other)
  return function(object, key)
    local get = getters[key]
    if get then return get(object) end
    local method = methods[key]
    if method ~= nil then return method end
    if kind == 'function' then return other(object, key) end
    if other then return other[key] end
  end
end
local function newindex(setters, other)
  local kind = type(other)
  return function(object, key, value)
    local set = setters[key]
    if set then
      set(object, value)
    elseif kind == 'function' then
      other(object, key, value)
    elseif kind == 'nil' then
      error(\"attempt to set an unknown field '\" .. key .. \"'\", 0)
    else
      other[key] = value
    end
  end
end
return index, newindex";

fn field_functions(lua: &Lua) -> Result<(Function, Function)> {
    let known: (Option<Function>, Option<Function>) = (
        lua.named_registry_value("perilune.index")?,
        lua.named_registry_value("perilune.newindex")?,
    );
    if let (Some(index), Some(newindex)) = known {
        return Ok((index, newindex));
    }
    let raise = lua.native("error", |_, ctx| {
        let raised = ctx.error_value(ctx.arg(0));
        Err(Fault::Raised(raised))
    })?;
    let kind = lua.native("type", |_, ctx| {
        let name = ctx.arg(0).type_name();
        Ok(ctx.ret_str(name.as_bytes())?)
    })?;
    let made: (Function, Function) = lua.load(FIELDS).set_name("=[host]").call((raise, kind))?;
    lua.set_named_registry_value("perilune.index", &made.0)?;
    lua.set_named_registry_value("perilune.newindex", &made.1)?;
    Ok(made)
}

impl<T: 'static> Entries<T> {
    /// The metatable of userdata whose values are found by their type.
    pub(crate) fn shared_metatable(self, lua: &Lua) -> Result<Table> {
        self.metatable(lua, &|callback: Callback<T>| {
            lua.native("?", move |lua, ctx| callback(lua, ctx, &ByType))
        })
    }

    /// What the type gives to a pointer to it.
    fn give_to<P>(self, pointer: &mut Entries<P>) {
        let convert = |(name, callback): (String, Callback<T>)| -> (String, Callback<P>) {
            (name, Box::new(move |lua, ctx, _| callback(lua, ctx, &ByType)))
        };
        pointer.fields.extend(self.fields);
        pointer.getters.extend(self.getters.into_iter().map(convert));
        pointer.setters.extend(self.setters.into_iter().map(convert));
        pointer.meta_fields.extend(self.meta_fields);
        pointer.methods.extend(self.methods.into_iter().map(convert));
        pointer.meta_methods.extend(self.meta_methods.into_iter().map(convert));
    }
}

impl<T> Entries<T> {
    /// The metatable, with functions that `function` makes of methods.
    pub(crate) fn metatable(self, lua: &Lua, function: &dyn Fn(Callback<T>) -> Result<Function>) -> Result<Table> {
        let meta = lua.create_table_with_capacity(0, 8)?;
        for (name, callback) in self.meta_methods {
            MetaMethod::check(&name)?;
            meta.raw_set(name, function(callback)?)?;
        }
        for (name, value) in self.meta_fields {
            MetaMethod::check(&name)?;
            meta.raw_set(name, value?)?;
        }
        if meta.raw_get::<Value>("__name")?.is_nil() {
            meta.raw_set("__name", self.type_name)?;
        }
        let named = |callbacks: Named<Callback<T>>| {
            let table = lua.create_table_with_capacity(0, callbacks.len())?;
            for (name, callback) in callbacks {
                table.raw_set(name, function(callback)?)?;
            }
            Ok::<Table, Error>(table)
        };
        let getters = named(self.getters)?;
        let setters = named(self.setters)?;
        let other: Value = meta.raw_get("__index")?;
        // An `__index` that is a table holds the fields; methods join it if there is nothing else to look at.
        let has_members = !self.methods.is_empty() || !self.fields.is_empty();
        let methods = match &other {
            Value::Table(table) => table.clone(),
            _ => lua.create_table()?,
        };
        for (name, callback) in self.methods {
            methods.raw_set(name, function(callback)?)?;
        }
        for (name, value) in self.fields {
            methods.raw_set(name, value?)?;
        }
        let direct = matches!(other, Value::Nil | Value::Table(_));
        if !getters.is_empty() || (has_members && !direct) {
            let (index, _) = field_functions(lua)?;
            meta.raw_set("__index", index.call::<Function>((getters, methods, other))?)?;
        } else if has_members {
            meta.raw_set("__index", methods)?;
        }
        if !setters.is_empty() {
            let (_, newindex) = field_functions(lua)?;
            let other: Value = meta.raw_get("__newindex")?;
            meta.raw_set("__newindex", newindex.call::<Function>((setters, other))?)?;
        }
        meta.raw_set("__metatable", false)?;
        Ok(meta)
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
