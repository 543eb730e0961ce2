//! `Ref`: a value that Rust holds, and how operations enter the state it belongs to.

use crate::error::{Error, Result};
use crate::failure::take_error;
use crate::lua::Lua;
use crate::traits::Fault;
use perilune_vm::{Ctx, Handle, State, Val};
use std::ffi::c_void;

/// A value held by Rust. It does not keep the state alive.
#[derive(Clone)]
pub(crate) struct Ref(pub(crate) Handle);

/// Runs one operation on a state; an error that Lua raised meanwhile becomes one of Rust.
#[inline]
pub(crate) fn enter<R>(state: &State, f: impl FnOnce(&mut Ctx<'_>) -> std::result::Result<R, Fault>) -> Result<R> {
    let outcome = state.enter(|ctx| match f(ctx) {
        Ok(result) => Ok(result),
        Err(Fault::Host(error)) => Err(error),
        Err(Fault::Raised(raised)) => Err(take_error(ctx, raised)),
    });
    match outcome {
        Ok(result) => result,
        Err(no_entry) => Err(Error::RuntimeError(no_entry.to_string())),
    }
}

impl Ref {
    #[inline]
    pub(crate) fn keep(ctx: &Ctx<'_>, v: Val<'_>) -> Ref {
        Ref(ctx.keep(v))
    }

    /// The state it belongs to.
    #[inline]
    pub(crate) fn state(&self) -> &State {
        self.0.state()
    }

    /// A state for conversions on the way; it does not own.
    #[inline]
    pub(crate) fn lua(&self) -> Lua {
        Lua::borrowed(self.0.state())
    }

    #[inline]
    pub(crate) fn enter<R>(&self, f: impl FnOnce(&mut Ctx<'_>) -> std::result::Result<R, Fault>) -> Result<R> {
        enter(self.0.state(), f)
    }

    /// Pushes the value.
    #[inline]
    pub(crate) fn push(&self, ctx: &mut Ctx<'_>) -> std::result::Result<(), Fault> {
        match ctx.kept(&self.0) {
            Some(v) => {
                ctx.push(v)?;
                Ok(())
            }
            None => Err(Fault::Host(foreign())),
        }
    }

    /// Whether both are the same object of the same state.
    pub(crate) fn same(&self, other: &Ref) -> bool {
        self.0.same(&other.0)
    }

    /// Equality with `__eq`.
    pub(crate) fn equals(&self, other: &Ref) -> Result<bool> {
        if self.same(other) {
            return Ok(true);
        }
        self.enter(|ctx| {
            self.push(ctx)?;
            other.push(ctx)?;
            Ok(ctx.equals(0, 1)?)
        })
    }

    pub(crate) fn pointer(&self) -> *const c_void {
        self.0.identity() as *const c_void
    }

    /// As `tostring`.
    pub(crate) fn to_text(&self) -> Result<String> {
        self.enter(|ctx| {
            self.push(ctx)?;
            ctx.tostring(0)?;
            let text = ctx.slot(ctx.top() - 1).as_str().unwrap_or_default();
            match std::str::from_utf8(text) {
                Ok(text) => Ok(text.to_string()),
                Err(e) => Err(Error::from_lua_conversion("string", "String", e.to_string()).into()),
            }
        })
    }
}

/// The error of using a handle with a state that it does not belong to.
pub(crate) fn foreign() -> Error {
    Error::SafetyError("a value of one Lua state was passed to another".to_string())
}
