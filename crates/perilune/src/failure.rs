//! `Failure`: an error or a panic of the host on its way through Lua, as a userdata that scripts can catch.

use crate::error::Error;
use crate::lua::Lua;
use crate::traits::Fault;
use perilune_vm::{Ctx, HostFn, Raised, Returns, Val};
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

/// What a host function failed with.
pub(crate) enum Failure {
    /// An error that it returned.
    Error(Error),
    /// What it panicked with, until that is resumed.
    Panic(RefCell<Option<Box<dyn Any + Send>>>),
}

const METATABLE: &str = "perilune.failure";

impl Failure {
    /// The failure that a userdata is.
    #[inline]
    pub(crate) fn of<'a>(v: Val<'a>) -> Option<&'a Failure> {
        v.shared()?.downcast_ref()
    }

    /// The error; `None`, once, if it is a panic without payload. A panic resumes.
    pub(crate) fn resume(&self) -> Option<Error> {
        match self {
            Failure::Error(error) => Some(error.clone()),
            Failure::Panic(payload) => {
                let payload = payload.take();
                match payload {
                    Some(payload) => resume_unwind(payload),
                    None => None,
                }
            }
        }
    }

    /// Whether it is a panic that was not resumed yet.
    pub(crate) fn is_panic(&self) -> bool {
        matches!(self, Failure::Panic(payload) if payload.borrow().is_some())
    }

    fn text(&self) -> String {
        match self {
            Failure::Error(error) => error.to_string(),
            Failure::Panic(payload) => match &*payload.borrow() {
                None => Error::PreviouslyResumedPanic.to_string(),
                Some(payload) => match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
                    (Some(text), _) => (*text).to_string(),
                    (_, Some(text)) => text.clone(),
                    _ => "<panic>".to_string(),
                },
            },
        }
    }

    /// Pushes it as a userdata.
    pub(crate) fn push(self, ctx: &mut Ctx<'_>) -> std::result::Result<(), Fault> {
        let userdata = ctx.new_shared_userdata(Rc::new(self), "error")?;
        ctx.push(userdata)?;
        let at = ctx.top() - 1;
        let known = ctx.registry().get_str(ctx, METATABLE.as_bytes())?;
        let meta = match known.as_table() {
            Some(meta) => meta,
            None => {
                let meta = ctx.new_table(0, 3)?;
                ctx.registry().set_str(ctx, METATABLE, meta.as_val())?;
                let tostring = ctx.new_native(
                    "tostring",
                    |ctx| {
                        let text = match Failure::of(ctx.arg(0)) {
                            Some(Failure::Panic(payload)) if payload.borrow().is_none() => {
                                return Err(raise_error(ctx, Error::PreviouslyResumedPanic));
                            }
                            Some(failure) => failure.text(),
                            None => "error".to_string(),
                        };
                        ctx.ret_str(text.as_bytes())
                    },
                    &[],
                )?;
                meta.set_str(ctx, "__tostring", tostring)?;
                meta.set_str(ctx, "__name", ctx.new_str(b"error")?)?;
                meta.set_str(ctx, "__metatable", Val::bool(false))?;
                meta
            }
        };
        ctx.set_metatable(ctx.slot(at), Some(meta))?;
        Ok(())
    }

    /// Raises it.
    fn raise(self, ctx: &mut Ctx<'_>) -> Raised {
        match self.push(ctx) {
            Ok(()) => ctx.error_value(ctx.slot(ctx.top() - 1)),
            Err(Fault::Raised(raised)) => raised,
            Err(Fault::Host(error)) => ctx.error_plain(error.to_string()),
        }
    }
}

/// The closure of a host function: its errors and panics become errors of Lua.
pub(crate) fn guarded(f: impl Fn(&mut Ctx<'_>) -> std::result::Result<Returns, Fault> + 'static) -> Rc<HostFn> {
    Rc::new(move |ctx| run_guarded(ctx, &f))
}

/// One run of a host function.
#[inline]
pub(crate) fn run_guarded(
    ctx: &mut Ctx<'_>,
    f: impl Fn(&mut Ctx<'_>) -> std::result::Result<Returns, Fault>,
) -> Result<Returns, Raised> {
    match catch_unwind(AssertUnwindSafe(|| f(ctx))) {
        Ok(Ok(returns)) => Ok(returns),
        Ok(Err(Fault::Raised(raised))) => Err(raised),
        Ok(Err(Fault::Host(error))) => Err(raise_error(ctx, error)),
        Err(payload) => Err(Failure::Panic(RefCell::new(Some(payload))).raise(ctx)),
    }
}

/// One run of a function that the script did not call, such as a hook: its errors are raised as they are.
pub(crate) fn unwrapped(
    ctx: &mut Ctx<'_>,
    f: impl FnOnce(&mut Ctx<'_>) -> std::result::Result<(), Fault>,
) -> Result<(), Raised> {
    match catch_unwind(AssertUnwindSafe(|| f(ctx))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Fault::Raised(raised))) => Err(raised),
        Ok(Err(Fault::Host(error))) => Err(Failure::Error(error).raise(ctx)),
        Err(payload) => Err(Failure::Panic(RefCell::new(Some(payload))).raise(ctx)),
    }
}

/// Raises an error that a host function returned, with the traceback there.
#[cold]
fn raise_error(ctx: &mut Ctx<'_>, error: Error) -> Raised {
    let traceback = String::from_utf8_lossy(&ctx.traceback(None, 0)).into_owned();
    Failure::Error(Error::CallbackError {
        traceback,
        cause: Arc::new(error),
    })
    .raise(ctx)
}

/// What Lua raised, as an error of Rust. A panic on its way resumes.
#[cold]
pub(crate) fn take_error(ctx: &mut Ctx<'_>, raised: Raised) -> Error {
    let of_memory = ctx.is_memory_error();
    let stopped = ctx.stopped();
    let traceback = ctx.take_traceback();
    let v = ctx.take_error(raised);
    if let Some(failure) = Failure::of(v) {
        return failure.resume().unwrap_or(Error::PreviouslyResumedPanic);
    }
    let is_text = v.as_str().is_some() || v.as_num().is_some();
    let mut text = match v.as_str() {
        Some(text) => text.to_vec(),
        None => {
            // Neither the push nor `__tostring` may stand in the way of an error.
            let at = ctx.top();
            match ctx.push(v).and_then(|()| ctx.tostring(at)) {
                Ok(()) => ctx.slot(ctx.top() - 1).as_str().unwrap_or_default().to_vec(),
                Err(raised) => {
                    ctx.take_error(raised);
                    b"<unprintable error>".to_vec()
                }
            }
        }
    };
    if is_text {
        text.push(b'\n');
        text.extend(traceback.unwrap_or_else(|| ctx.traceback(None, 0)));
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    if let Some(cause) = stopped {
        Error::Stopped { cause, message: text }
    } else if of_memory {
        Error::MemoryError(text)
    } else {
        Error::RuntimeError(text)
    }
}

/// The error of using a function of a scope that has ended.
pub(crate) fn revoked(ctx: &mut Ctx<'_>) -> Raised {
    raise_error(ctx, Error::CallbackDestructed)
}

/// A function for Lua around a closure of the host.
pub(crate) fn host_function(
    lua: &Lua,
    f: impl Fn(&Lua, &mut Ctx<'_>) -> std::result::Result<Returns, Fault> + 'static,
) -> Rc<HostFn> {
    // The closure lives in the state: it must not own it.
    let lua = Lua::borrowed(lua.state());
    guarded(move |ctx| f(&lua, ctx))
}
