//! Control of a state from outside: limits, memory, collection, warnings.

use crate::error::{Error, Result};
use crate::failure::unwrapped;
use crate::lua::Lua;
use crate::program::Options;
use crate::traits::MaybeSend;
use perilune_vm::{GcParameter, HostFn, InterruptHandle, Returns, Stop};
use std::rc::Rc;
use std::time::Duration;

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

/// Limits of what scripts may do.
///
/// A script that reaches one of them, or that is cancelled, ends: `pcall` and coroutines do not catch that, nothing is closed, no
/// finalizer runs, and every operation under way fails with [`Error::Stopped`]. The state stays usable.
impl Lua {
    /// Limits how much scripts may still do from now on, or takes the limit away: words of code (an instruction has one to three),
    /// and the work of library functions in units of about the same time. The same program needs the same amount on every run;
    /// the optimization level makes a difference. Once it is used up, whatever runs ends with [`Error::Stopped`], until
    /// this is called again. Numbers from 2^62 on are as good as that.
    ///
    /// While there is a limit, scripts take 0.3 to 6 % more instructions, and such as do little but switch between coroutines up to 17 %.
    ///
    /// # Errors
    /// The state is gone.
    pub fn set_fuel(&self, fuel: Option<u64>) -> Result<()> {
        self.enter(|ctx| {
            ctx.set_fuel(fuel);
            Ok(())
        })
    }

    /// What is left of the limit of [`Lua::set_fuel`], if there is one.
    pub fn fuel(&self) -> Option<u64> {
        self.ask(|ctx| ctx.fuel())
    }

    /// Ends whatever runs when this time has passed, from now on, or takes the limit away. What is started after that ends at once with
    /// [`Error::Stopped`], until this is called again. A thread waits for the time; scripts do not run slower.
    ///
    /// # Errors
    /// The state is gone, or the system gives no thread.
    pub fn set_timeout(&self, after: Option<Duration>) -> Result<()> {
        self.enter(|ctx| Ok(ctx.set_timeout(after).map_err(Error::from)?))
    }

    /// A handle with which other threads stop what the state runs: by an error that scripts can catch, or for good.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.ask(|ctx| ctx.interrupt_handle())
    }

    /// Whether reaching the memory limit ends scripts with [`Error::Stopped`]; otherwise, as in Lua, it raises an error that they can
    /// catch.
    ///
    /// # Errors
    /// The state is gone.
    pub fn set_memory_final(&self, is_final: bool) -> Result<()> {
        self.enter(|ctx| {
            ctx.set_memory_final(is_final);
            Ok(())
        })
    }

    /// Why whatever runs must end, while it must: what a host function that catches errors of scripts may want to know.
    pub fn stopped(&self) -> Option<Stop> {
        self.ask(|ctx| ctx.stopped())
    }

    /// Sets the limits among the options.
    pub(crate) fn limit(&self, options: &Options) -> Result<()> {
        self.enter(|ctx| {
            ctx.set_fuel(options.fuel);
            if options.fuel_steps {
                ctx.count_fuel_by_steps();
            }
            ctx.set_memory_final(options.memory_final);
            match options.timeout {
                Some(after) => Ok(ctx.set_timeout(Some(after)).map_err(Error::from)?),
                None => Ok(()),
            }
        })
    }
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

    /// One basic step of the collector; whether it ended a cycle.
    ///
    /// # Errors
    /// The state is gone.
    pub fn gc_step(&self) -> Result<bool> {
        self.enter(|ctx| Ok(ctx.collect_step(0)))
    }

    /// Sets how the collector works, and the parameters that are given; the mode before is returned, with its parameters.
    pub fn gc_set_mode(&self, mode: GcMode) -> GcMode {
        let (kind, set): (_, [(GcParameter, Option<i32>); 3]) = match mode {
            GcMode::Incremental(params) => (
                perilune_vm::GcMode::Incremental,
                [
                    (GcParameter::Pause, params.pause),
                    (GcParameter::StepMul, params.step_multiplier),
                    (GcParameter::StepSize, params.step_size),
                ],
            ),
            GcMode::Generational(params) => (
                perilune_vm::GcMode::Generational,
                [
                    (GcParameter::MinorMul, params.minor_multiplier),
                    (GcParameter::MinorMajor, params.minor_to_major),
                    (GcParameter::MajorMinor, params.major_to_minor),
                ],
            ),
        };
        self.ask(|ctx| {
            let now = |which| i32::try_from(ctx.gc_parameter(which, None)).ok();
            let was = match ctx.gc_mode(Some(kind)) {
                perilune_vm::GcMode::Generational => GcMode::Generational(GcGenParams {
                    minor_multiplier: now(GcParameter::MinorMul),
                    minor_to_major: now(GcParameter::MinorMajor),
                    major_to_minor: now(GcParameter::MajorMinor),
                }),
                _ => GcMode::Incremental(GcIncParams {
                    pause: now(GcParameter::Pause),
                    step_multiplier: now(GcParameter::StepMul),
                    step_size: now(GcParameter::StepSize),
                }),
            };
            for (which, value) in set {
                if let Some(value) = value.and_then(|v| usize::try_from(v).ok()) {
                    ctx.gc_parameter(which, Some(value));
                }
            }
            was
        })
    }

    /// Makes a function of the host get the warnings that scripts emit: the text, and whether more of it will come.
    pub fn set_warning_function<F>(&self, f: F)
    where
        F: Fn(&Lua, &str, bool) -> Result<()> + MaybeSend + 'static,
    {
        // The function lives in the state: it must not own it.
        let lua = Lua::borrowed(self.state());
        let closure: Rc<HostFn> = Rc::new(move |ctx| {
            unwrapped(ctx, |ctx| {
                let text = String::from_utf8_lossy(ctx.arg(0).as_str().unwrap_or_default()).into_owned();
                let more = ctx.arg(1).truthy();
                Ok(ctx.lend(|| f(&lua, &text, more))?)
            })?;
            Ok(Returns::NONE)
        });
        let done = self.enter(|ctx| {
            let function = ctx.new_host_fn("warn", closure)?;
            ctx.push(function)?;
            ctx.set_warning_function(0);
            Ok(())
        });
        if let Err(error) = done {
            panic!("{error}");
        }
    }

    /// Sends warnings nowhere.
    pub fn remove_warning_function(&self) {
        self.ask(|ctx| ctx.drop_warnings());
    }

    /// Emits a warning: the message up to its first zero byte, if it has one.
    pub fn warning(&self, message: impl AsRef<str>, incomplete: bool) {
        let message = message.as_ref().split('\0').next().unwrap_or_default();
        // A handler that fails has no one to tell.
        let _: Result<()> = self.enter(|ctx| Ok(ctx.warn(message.as_bytes(), incomplete)?));
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
