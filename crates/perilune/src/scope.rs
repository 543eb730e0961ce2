//! `Scope`: functions and userdata that borrow from Rust's stack, for the time of one call.

use crate::error::{Error, Result};
use crate::failure::{revoked, run_guarded};
use crate::function::Function;
use crate::handle::Ref;
use crate::lua::Lua;
use crate::traits::{FromLuaMulti, IntoLuaMulti};
use crate::userdata::{AnyUserData, ByInstance, Callback, Lent, UserData, UserDataRegistry};
use perilune_vm::{Returns, Scope as VmScope};
use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

/// Makes functions and userdata that may borrow what outlives the scope. When it ends they are still there, but every use is an
/// error.
pub struct Scope<'scope, 'env> {
    lua: Lua,
    inner: &'scope VmScope<'scope, 'env>,
    sealed: Rc<RefCell<Vec<AnyUserData>>>,
    life: PhantomData<&'scope mut &'env ()>,
}

impl Lua {
    /// Calls `f` with a scope.
    ///
    /// # Errors
    /// What `f` returns.
    pub fn scope<'env, R>(&self, f: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> Result<R>) -> Result<R> {
        let sealed: Rc<RefCell<Vec<AnyUserData>>> = Rc::default();
        struct Seal(Rc<RefCell<Vec<AnyUserData>>>);
        impl Drop for Seal {
            fn drop(&mut self) {
                for userdata in self.0.take() {
                    // One that is gone already needs no seal; nor does any once the state is.
                    let _ = userdata.empty();
                }
            }
        }
        VmScope::run(|inner| {
            let seal = Seal(sealed);
            let scope = inner.keep(Scope {
                lua: self.clone(),
                inner,
                sealed: seal.0.clone(),
                life: PhantomData,
            });
            f(scope)
        })
    }
}

impl<'scope, 'env: 'scope> Scope<'scope, 'env> {
    /// A function that may borrow.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_function<F, A, R>(&'scope self, f: F) -> Result<Function>
    where
        F: Fn(&Lua, A) -> Result<R> + 'scope,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let lua = Lua::borrowed(self.lua.state());
        let closure = self.inner.function(
            move |ctx| {
                run_guarded(ctx, |ctx| {
                    let nargs = ctx.nargs();
                    let args = A::from_arg_slots(ctx, 0, nargs, 1, None, lua.state())?;
                    let results = ctx.lend(|| f(&lua, args))?;
                    Ok(Returns(results.push_all_to_stack(ctx, lua.state())? as u32))
                })
            },
            revoked,
        );
        self.lua.enter(|ctx| {
            let f = ctx.new_host_fn("?", closure)?;
            Ok(Function(Ref::keep(ctx, f)))
        })
    }

    /// A function that may borrow and changes what it captured.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_function_mut<F, A, R>(&'scope self, f: F) -> Result<Function>
    where
        F: FnMut(&Lua, A) -> Result<R> + 'scope,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let f = RefCell::new(f);
        self.create_function(move |lua, args| {
            let mut f = f.try_borrow_mut().map_err(|_| Error::RecursiveMutCallback)?;
            f(lua, args)
        })
    }

    fn lend<T: 'static>(&self, loan: Lent<T>, register: Option<fn(&mut UserDataRegistry<T>)>) -> Result<AnyUserData> {
        let meta = self.lua.metatable_of::<T>(register)?;
        let userdata = self.lua.new_userdata(Rc::new(loan), &meta)?;
        self.sealed.borrow_mut().push(userdata.clone());
        Ok(userdata)
    }

    /// A userdata around a reference.
    ///
    /// # Errors
    /// The type's description is wrong.
    pub fn create_userdata_ref<T: UserData + 'static>(&'scope self, data: &'env T) -> Result<AnyUserData> {
        self.lend(Lent(self.inner.share(data)), Some(T::register))
    }

    /// A userdata around an exclusive reference.
    ///
    /// # Errors
    /// The type's description is wrong.
    pub fn create_userdata_ref_mut<T: UserData + 'static>(&'scope self, data: &'env mut T) -> Result<AnyUserData> {
        self.lend(Lent(self.inner.share_mut(data)), Some(T::register))
    }

    /// As [`Scope::create_userdata_ref`], for types described by [`Lua::register_userdata_type`].
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_any_userdata_ref<T: 'static>(&'scope self, data: &'env T) -> Result<AnyUserData> {
        self.lend(Lent(self.inner.share(data)), None)
    }

    /// As [`Scope::create_userdata_ref_mut`], for types described by [`Lua::register_userdata_type`].
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_any_userdata_ref_mut<T: 'static>(&'scope self, data: &'env mut T) -> Result<AnyUserData> {
        self.lend(Lent(self.inner.share_mut(data)), None)
    }

    /// A userdata around a value that may borrow; its metatable is its own.
    ///
    /// # Errors
    /// The type's description is wrong.
    pub fn create_userdata<T: UserData + 'env>(&'scope self, data: T) -> Result<AnyUserData> {
        self.create_any_userdata(data, T::register)
    }

    /// As [`Scope::create_userdata`], with a description of the type.
    ///
    /// # Errors
    /// The description is wrong.
    pub fn create_any_userdata<T: 'env>(
        &'scope self,
        data: T,
        register: impl FnOnce(&mut UserDataRegistry<T>),
    ) -> Result<AnyUserData> {
        let loan = self.inner.own(data);
        let instance: Rc<dyn Any> = Rc::new(Instance(0));
        let mut registry = UserDataRegistry::new(&self.lua);
        register(&mut registry);
        let meta = registry.entries.metatable(&self.lua, &|callback: Callback<T>| {
            let access = ByInstance {
                data: instance.clone(),
                loan: loan.clone(),
            };
            let lua = Lua::borrowed(self.lua.state());
            let closure = self
                .inner
                .function(move |ctx| run_guarded(ctx, |ctx| callback(&lua, ctx, &access)), revoked);
            self.lua.enter(|ctx| {
                let f = ctx.new_host_fn("?", closure)?;
                Ok(Function(Ref::keep(ctx, f)))
            })
        })?;
        let userdata = self.lua.new_userdata(instance, &meta)?;
        self.sealed.borrow_mut().push(userdata.clone());
        Ok(userdata)
    }

    /// Calls a function when the scope ends.
    pub fn add_destructor(&'scope self, destructor: impl FnOnce() + 'env) {
        self.inner.defer(destructor);
    }
}

/// What a userdata shares with the host whose value is known to its methods alone. It has a size, so that each has an address.
struct Instance(#[allow(dead_code)] u8);
