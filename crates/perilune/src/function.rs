//! Functions, of Lua and of the host.

use crate::error::{Error, Result};
use crate::failure::host_function;
use crate::handle::Ref;
use crate::lua::Lua;
use crate::multi::MultiValue;
use crate::table::{Table, table_at};
use crate::traits::{FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, MaybeSend};
use crate::value::Value;
use perilune_vm::Returns;
use std::cell::RefCell;
use std::ffi::c_void;
use std::fmt;

/// A function.
#[derive(Clone)]
pub struct Function(pub(crate) Ref);

/// What is known of a function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// A name, if one is known.
    pub name: Option<String>,
    /// What kind of name.
    pub name_what: Option<&'static str>,
    /// `Lua`, `main` or `C`.
    pub what: &'static str,
    /// The name of its chunk, as given.
    pub source: Option<String>,
    /// That name as messages show it.
    pub short_src: Option<String>,
    /// The line where its definition begins.
    pub line_defined: Option<usize>,
    /// The line where its definition ends.
    pub last_line_defined: Option<usize>,
    /// Its number of upvalues.
    pub num_upvalues: u8,
    /// Its number of parameters.
    pub num_params: u8,
    /// Whether it takes more.
    pub is_vararg: bool,
}

/// The most arguments of [`Function::bind`].
const MAX_BOUND: usize = 254;

/// Calls a value.
#[inline]
pub(crate) fn call<R: FromLuaMulti>(callee: &Ref, args: impl IntoLuaMulti) -> Result<R> {
    let host = callee.state();
    callee.enter(|ctx| {
        callee.push(ctx)?;
        // The call's own.
        ctx.push(perilune_vm::Val::NIL)?;
        args.push_all_to_stack(ctx, host)?;
        let count = ctx.call_at(0)?;
        Ok(R::from_slots(ctx, 0, count, host)?)
    })
}

/// Calls an object that may not be a function: a coroutine runs one that calls it.
#[cfg(feature = "async")]
pub(crate) fn call_async<R: FromLuaMulti>(callee: &Ref, args: impl IntoLuaMulti) -> crate::AsyncCallFuture<R> {
    match bind(callee, MultiValue::new()) {
        Ok(function) => function.call_async(args),
        Err(error) => crate::AsyncCallFuture::failed(error),
    }
}

/// A function that calls a value with these arguments before its own, at its end: what is called may yield.
pub(crate) fn bind(callee: &Ref, bound: MultiValue) -> Result<Function> {
    let callee = callee.clone();
    callee.lua().native("bound", move |_, ctx| {
        let nargs = ctx.nargs();
        ctx.reserve(nargs + bound.len() + 3)?;
        callee.push(ctx)?;
        for value in &bound {
            value.push_to(ctx)?;
        }
        for i in 0..nargs {
            ctx.push_slot(i)?;
        }
        Ok(ctx.tail_call(bound.len() + nargs, None)?)
    })
}

impl Function {
    /// Calls the function.
    ///
    /// # Errors
    /// What it raised; arguments or results that do not convert.
    #[inline]
    pub fn call<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> Result<R> {
        call(&self.0, args)
    }

    /// A function that calls this one with these arguments before its own.
    ///
    /// # Errors
    /// Too many arguments.
    pub fn bind(&self, args: impl IntoLuaMulti) -> Result<Function> {
        let lua = self.0.lua();
        let bound = args.into_lua_multi(&lua)?;
        if bound.is_empty() {
            return Ok(self.clone());
        }
        if bound.len() > MAX_BOUND {
            return Err(Error::BindError);
        }
        bind(&self.0, bound)
    }

    /// The environment of a Lua function that uses globals.
    pub fn environment(&self) -> Option<Table> {
        self.0
            .enter(|ctx| {
                self.0.push(ctx)?;
                let env = ctx.function_env(0).and_then(|env| env.as_table());
                Ok(env.map(|env| Table(Ref::keep(ctx, env.as_val()))))
            })
            .ok()
            .flatten()
    }

    /// Gives a Lua function an environment; false if it has none to replace.
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_environment(&self, env: Table) -> Result<bool> {
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            env.0.push(ctx)?;
            Ok(ctx.set_function_env(0, table_at(ctx, 1))?)
        })
    }

    /// What is known of it.
    pub fn info(&self) -> FunctionInfo {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let info = self
            .0
            .enter(|ctx| {
                self.0.push(ctx)?;
                Ok(ctx.slot(0).definition())
            })
            .ok()
            .flatten()
            .unwrap_or_default();
        let host = info.what == "C";
        FunctionInfo {
            name: None,
            name_what: None,
            what: info.what,
            source: Some(info.source.map_or_else(|| "=[C]".to_string(), text)),
            short_src: Some(info.short_source.map_or_else(|| "[C]".to_string(), text)),
            line_defined: info.lines.filter(|_| !host).map(|(first, _)| first as usize),
            last_line_defined: info.lines.filter(|_| !host).map(|(_, last)| last as usize),
            num_upvalues: info.upvalues,
            num_params: info.params,
            is_vararg: info.vararg,
        }
    }

    /// A Lua function as a binary chunk, without debug information if stripped; empty for a function of the host.
    pub fn dump(&self, strip: bool) -> Vec<u8> {
        self.0
            .enter(|ctx| {
                self.0.push(ctx)?;
                Ok(ctx.dump(0, strip))
            })
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    /// See [`Value::to_pointer`].
    pub fn to_pointer(&self) -> *const c_void {
        self.0.pointer()
    }

    /// A function of the host without a state: one is made where this is converted.
    pub fn wrap<F, A, R, E>(f: F) -> impl IntoLua
    where
        F: LuaNativeFn<A, Output = std::result::Result<R, E>> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: crate::error::ExternalError,
    {
        Wrapped(move |lua: &Lua| {
            lua.create_function(move |_, args| f.call(args).map_err(crate::error::ExternalError::into_lua_err))
        })
    }

    /// As [`Function::wrap`], for a function that makes a future.
    #[cfg(feature = "async")]
    pub fn wrap_async<F, A, R, E>(f: F) -> impl IntoLua
    where
        F: LuaNativeAsyncFn<A, Output = std::result::Result<R, E>> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: crate::error::ExternalError,
    {
        Wrapped(move |lua: &Lua| {
            lua.create_async_function(move |_, args| {
                let future = f.call(args);
                async move { future.await.map_err(crate::error::ExternalError::into_lua_err) }
            })
        })
    }

    /// As [`Function::wrap_async`], where results are returned as they are: an `Err` is nil and the error.
    #[cfg(feature = "async")]
    pub fn wrap_raw_async<F, A>(f: F) -> impl IntoLua
    where
        F: LuaNativeAsyncFn<A> + MaybeSend + 'static,
        F::Output: IntoLuaMulti,
        A: FromLuaMulti,
    {
        Wrapped(move |lua: &Lua| {
            lua.create_async_function(move |_, args| {
                let future = f.call(args);
                async move { Ok(future.await) }
            })
        })
    }

    /// As [`Function::wrap`], for a closure that changes what it captured.
    pub fn wrap_mut<F, A, R, E>(f: F) -> impl IntoLua
    where
        F: LuaNativeFnMut<A, Output = std::result::Result<R, E>> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: crate::error::ExternalError,
    {
        let f = RefCell::new(f);
        Wrapped(move |lua: &Lua| {
            lua.create_function(move |_, args| {
                let mut f = f.try_borrow_mut().map_err(|_| Error::RecursiveMutCallback)?;
                f.call(args).map_err(crate::error::ExternalError::into_lua_err)
            })
        })
    }

    /// As [`Function::wrap`], where results are returned as they are: an `Err` is nil and the error.
    pub fn wrap_raw<F, A>(f: F) -> impl IntoLua
    where
        F: LuaNativeFn<A> + MaybeSend + 'static,
        F::Output: IntoLuaMulti,
        A: FromLuaMulti,
    {
        Wrapped(move |lua: &Lua| lua.create_function(move |_, args| Ok(f.call(args))))
    }

    /// As [`Function::wrap_raw`], for a closure that changes what it captured.
    pub fn wrap_raw_mut<F, A>(f: F) -> impl IntoLua
    where
        F: LuaNativeFnMut<A> + MaybeSend + 'static,
        F::Output: IntoLuaMulti,
        A: FromLuaMulti,
    {
        let f = RefCell::new(f);
        Wrapped(move |lua: &Lua| {
            lua.create_function(move |_, args| {
                let mut f = f.try_borrow_mut().map_err(|_| Error::RecursiveMutCallback)?;
                Ok(f.call(args))
            })
        })
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        self.0.same(&other.0)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function(Ref({:p}))", self.to_pointer())
    }
}

/// Makes a function where it is converted.
pub(crate) struct Wrapped<F>(pub(crate) F);

impl<F: FnOnce(&Lua) -> Result<Function>> IntoLua for Wrapped<F> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        (self.0)(lua).map(Value::Function)
    }
}

/// Closures with up to 16 arguments that convert from Lua.
pub trait LuaNativeFn<A: FromLuaMulti> {
    /// What they return.
    type Output;
    /// Calls it.
    fn call(&self, args: A) -> Self::Output;
}

/// As [`LuaNativeFn`], for closures that change what they captured.
pub trait LuaNativeFnMut<A: FromLuaMulti> {
    /// What they return.
    type Output;
    /// Calls it.
    fn call(&mut self, args: A) -> Self::Output;
}

/// As [`LuaNativeFn`], for functions that make futures.
#[cfg(feature = "async")]
pub trait LuaNativeAsyncFn<A: FromLuaMulti> {
    /// What their futures give.
    type Output;
    /// What they return.
    type Future: Future<Output = Self::Output> + MaybeSend + 'static;
    /// Calls it.
    fn call(&self, args: A) -> Self::Future;
}

macro_rules! native_fns {
    () => {
        native_fns!(@one);
    };
    ($first:ident $($rest:ident)*) => {
        native_fns!(@one $first $($rest)*);
        native_fns!($($rest)*);
    };
    (@one $($arg:ident)*) => {
        #[allow(non_snake_case, unused_parens)]
        impl<F, R, $($arg: FromLua,)*> LuaNativeFn<($($arg,)*)> for F
        where
            ($($arg,)*): FromLuaMulti,
            F: Fn($($arg,)*) -> R,
        {
            type Output = R;
            fn call(&self, ($($arg,)*): ($($arg,)*)) -> R {
                self($($arg,)*)
            }
        }
        #[cfg(feature = "async")]
        #[allow(non_snake_case, unused_parens)]
        impl<F, FR, R, $($arg: FromLua,)*> LuaNativeAsyncFn<($($arg,)*)> for F
        where
            ($($arg,)*): FromLuaMulti,
            F: Fn($($arg,)*) -> FR,
            FR: Future<Output = R> + MaybeSend + 'static,
        {
            type Output = R;
            type Future = FR;
            fn call(&self, ($($arg,)*): ($($arg,)*)) -> FR {
                self($($arg,)*)
            }
        }
        #[allow(non_snake_case)]
        impl<F, R, $($arg: FromLua,)*> LuaNativeFnMut<($($arg,)*)> for F
        where
            ($($arg,)*): FromLuaMulti,
            F: FnMut($($arg,)*) -> R,
        {
            type Output = R;
            fn call(&mut self, ($($arg,)*): ($($arg,)*)) -> R {
                self($($arg,)*)
            }
        }
    };
}

native_fns!(A B C D E G H I J K L M N O P Q);

impl Lua {
    /// A function of the host in terms of the stack.
    pub(crate) fn native(
        &self,
        name: &'static str,
        f: impl Fn(&Lua, &mut perilune_vm::Ctx<'_>) -> std::result::Result<Returns, crate::traits::Fault> + 'static,
    ) -> Result<Function> {
        let closure = host_function(self, f);
        self.enter(|ctx| {
            let f = ctx.new_host_fn(name, closure)?;
            Ok(Function(Ref::keep(ctx, f)))
        })
    }

    /// A function of the host.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_function<F, A, R>(&self, f: F) -> Result<Function>
    where
        F: Fn(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        self.native("?", move |lua, ctx| {
            let nargs = ctx.nargs();
            let args = A::from_arg_slots(ctx, 0, nargs, 1, None, lua.state())?;
            let results = ctx.lend(|| f(lua, args))?;
            Ok(Returns(results.push_all_to_stack(ctx, lua.state())? as u32))
        })
    }

    /// A function of the host that changes what it captured; it cannot be called while it runs.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_function_mut<F, A, R>(&self, f: F) -> Result<Function>
    where
        F: FnMut(&Lua, A) -> Result<R> + MaybeSend + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let f = RefCell::new(f);
        self.create_function(move |lua, args| {
            let mut f = f.try_borrow_mut().map_err(|_| Error::RecursiveMutCallback)?;
            f(lua, args)
        })
    }
}
