//! Control of a state from outside: memory, collection, warnings.

use crate::error::{Error, Result};
use crate::lua::Lua;
use crate::traits::MaybeSend;

/// Parameters of the incremental collector.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct GcIncParams {
    /// How much the heap may grow before the next cycle, in percent of what survived the last.
    pub pause: Option<i32>,
    /// How much work a step does per byte allocated, in percent.
    pub step_multiplier: Option<i32>,
    /// The size of a step.
    pub step_size: Option<i32>,
}

impl GcIncParams {
    /// Sets [`GcIncParams::pause`].
    #[must_use]
    pub fn pause(mut self, v: i32) -> GcIncParams {
        self.pause = Some(v);
        self
    }

    /// Sets [`GcIncParams::step_multiplier`].
    #[must_use]
    pub fn step_multiplier(mut self, v: i32) -> GcIncParams {
        self.step_multiplier = Some(v);
        self
    }

    /// Sets [`GcIncParams::step_size`].
    #[must_use]
    pub fn step_size(mut self, v: i32) -> GcIncParams {
        self.step_size = Some(v);
        self
    }
}

/// Parameters of the generational collector.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct GcGenParams {
    /// How often minor collections run.
    pub minor_multiplier: Option<i32>,
    /// When minor collections give way to a major one.
    pub minor_to_major: Option<i32>,
    /// When a major one gives way to minor collections.
    pub major_to_minor: Option<i32>,
}

impl GcGenParams {
    /// Sets [`GcGenParams::minor_multiplier`].
    #[must_use]
    pub fn minor_multiplier(mut self, v: i32) -> GcGenParams {
        self.minor_multiplier = Some(v);
        self
    }

    /// Sets [`GcGenParams::minor_to_major`].
    #[must_use]
    pub fn minor_to_major(mut self, v: i32) -> GcGenParams {
        self.minor_to_major = Some(v);
        self
    }

    /// Sets [`GcGenParams::major_to_minor`].
    #[must_use]
    pub fn major_to_minor(mut self, v: i32) -> GcGenParams {
        self.major_to_minor = Some(v);
        self
    }
}

/// How the collector works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum GcMode {
    /// In steps.
    Incremental(GcIncParams),
    /// By generations.
    Generational(GcGenParams),
}

impl Lua {
    /// Bytes that the state occupies.
    pub fn used_memory(&self) -> usize {
        self.ask(|ctx| ctx.memory_used())
    }

    /// Limits the bytes that the state may occupy, 0 for no limit; the limit before is returned. Reaching it raises an error that
    /// scripts can catch, and the state stays usable.
    ///
    /// # Errors
    /// The state is gone.
    pub fn set_memory_limit(&self, limit: usize) -> Result<usize> {
        self.enter(|ctx| Ok(ctx.limit_memory(Some(limit))))
    }

    /// Whether the collector runs by itself.
    pub fn gc_is_running(&self) -> bool {
        self.ask(|ctx| ctx.gc_is_running())
    }

    /// Stops the collector.
    pub fn gc_stop(&self) {
        self.ask(|ctx| {
            ctx.gc_set_running(false);
        });
    }

    /// Restarts the collector.
    pub fn gc_restart(&self) {
        self.ask(|ctx| {
            ctx.gc_set_running(true);
        });
    }

    /// Collects everything that is dead; finalizers run.
    ///
    /// # Errors
    /// The state is gone.
    pub fn gc_collect(&self) -> Result<()> {
        self.enter(|ctx| {
            ctx.collect();
            Ok(())
        })
    }

    /// One step of the collector; whether it ended a cycle.
    ///
    /// # Errors
    /// The state is gone.
    pub fn gc_step(&self) -> Result<bool> {
        self.gc_collect()?;
        Ok(true)
    }

    /// Sets how the collector works; the mode before is returned.
    pub fn gc_set_mode(&self, mode: GcMode) -> GcMode {
        let extra = self.extra();
        if let GcMode::Incremental(params) = &mode
            && let Some(pause) = params.pause
        {
            self.ask(|ctx| ctx.gc_pause(usize::try_from(pause).ok()));
        }
        let generational = matches!(mode, GcMode::Generational(_));
        if extra.generational.replace(generational) {
            GcMode::Generational(GcGenParams::default())
        } else {
            GcMode::Incremental(GcIncParams::default())
        }
    }

    /// Makes a function of the host get the warnings that scripts emit: the text, and whether more of it will come.
    pub fn set_warning_function<F>(&self, f: F)
    where
        F: Fn(&Lua, &str, bool) -> Result<()> + MaybeSend + 'static,
    {
        let function = self.native("warn", move |lua, ctx| {
            let text = String::from_utf8_lossy(ctx.arg(0).as_str().unwrap_or_default()).into_owned();
            let more = ctx.arg(1).truthy();
            ctx.lend(|| f(lua, &text, more))?;
            Ok(perilune_vm::Returns::NONE)
        });
        let done = function.and_then(|function| {
            self.enter(|ctx| {
                function.0.push(ctx)?;
                ctx.set_warning_function(0);
                Ok(())
            })
        });
        if let Err(error) = done {
            panic!("{error}");
        }
    }

    /// Sends warnings nowhere.
    pub fn remove_warning_function(&self) {
        self.ask(|ctx| ctx.drop_warnings());
    }

    /// Emits a warning.
    pub fn warning(&self, message: impl AsRef<str>, incomplete: bool) {
        // A handler that fails has no one to tell.
        let _: Result<()> = self.enter(|ctx| Ok(ctx.warn(message.as_ref().as_bytes(), incomplete)?));
    }

    #[doc(hidden)]
    pub fn skip_memory_check(&self, _skip: bool) {}

    /// Flushes the standard output of scripts.
    ///
    /// # Errors
    /// What the system says.
    pub fn flush(&self) -> Result<()> {
        let flushed = self.ask(|ctx| perilune_stdlib::flush_standard_streams(ctx));
        flushed.map_err(Error::from)
    }
}
