//! The metatable of a type, made of its description.

use super::access::ByType;
use super::meta::MetaMethod;
use super::registry::{Callback, Entries, Named};
use crate::error::{Error, Result};
use crate::function::Function;
use crate::lua::Lua;
use crate::table::Table;
use crate::traits::Fault;
use crate::value::Value;

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
    pub(crate) fn give_to<P>(self, pointer: &mut Entries<P>) {
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
