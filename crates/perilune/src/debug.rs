//! Debugging: what is on the stack, and hooks.

use crate::error::{Error, Result};
use crate::failure::unwrapped;
use crate::function::Function;
use crate::handle::Ref;
use crate::lua::Lua;
use crate::thread::Thread;
use crate::traits::{Fault, MaybeSend};
use perilune_vm::{Ctx, FunctionInfo, HookEvent, HookEvents, HookFn};
use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

/// What a hook was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugEvent {
    /// A function is about to run.
    Call,
    /// A function is about to return.
    Ret,
    /// A function took its caller's place.
    TailCall,
    /// A new line is about to run.
    Line,
    /// So many instructions have run.
    Count,
    /// Another event; there is none now.
    Unknown(std::ffi::c_int),
}

/// What goes on after a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmState {
    /// The script goes on.
    Continue,
    /// The running coroutine yields, without values. This is possible in line and count events.
    Yield,
}

/// A function on the stack, for the time of a call of the host.
pub struct Debug<'a> {
    lua: &'a Lua,
    level: i64,
    event: DebugEvent,
    info: FunctionInfo,
}

/// How a function was called.
#[derive(Clone, Debug)]
pub struct DebugNames<'a> {
    /// A name, if one is known.
    pub name: Option<Cow<'a, str>>,
    /// What kind of name.
    pub name_what: Option<&'static str>,
}

/// Where a function was defined.
#[derive(Clone, Debug)]
pub struct DebugSource<'a> {
    /// The name of its chunk, as given.
    pub source: Option<Cow<'a, str>>,
    /// That name as messages show it.
    pub short_src: Option<Cow<'a, str>>,
    /// The line where its definition begins.
    pub line_defined: Option<usize>,
    /// The line where its definition ends.
    pub last_line_defined: Option<usize>,
    /// `Lua`, `main` or `C`.
    pub what: &'static str,
}

/// What a function takes.
#[derive(Copy, Clone, Debug)]
pub struct DebugStack {
    /// Its number of upvalues.
    pub num_upvalues: u8,
    /// Its number of parameters.
    pub num_params: u8,
    /// Whether it takes more.
    pub is_vararg: bool,
}

impl<'a> Debug<'a> {
    fn at(lua: &'a Lua, level: i64, event: DebugEvent) -> Option<Debug<'a>> {
        let info = lua.ask(|ctx| ctx.level_info(None, level).map(|(info, _)| info))?;
        Some(Debug {
            lua,
            level,
            event,
            info,
        })
    }

    /// The event that the hook was called for; outside of hooks, a call.
    pub fn event(&self) -> DebugEvent {
        self.event
    }

    /// The function.
    ///
    /// # Panics
    /// If the state has lost it meanwhile, which it cannot while the call of the host lasts.
    pub fn function(&self) -> Function {
        let function = self.lua.ask(|ctx| {
            let (_, f) = ctx.level_info(None, self.level)?;
            Some(Function(Ref::keep(ctx, f)))
        });
        match function {
            Some(function) => function,
            None => panic!("the function at level {} is gone", self.level),
        }
    }

    /// How it was called.
    pub fn names(&self) -> DebugNames<'_> {
        DebugNames {
            name: self.info.name.as_deref().map(String::from_utf8_lossy),
            name_what: Some(self.info.name_what).filter(|what| !what.is_empty()),
        }
    }

    /// Where it was defined.
    pub fn source(&self) -> DebugSource<'_> {
        DebugSource {
            source: Some(String::from_utf8_lossy(&self.info.source)),
            short_src: Some(String::from_utf8_lossy(&self.info.short_source)),
            line_defined: usize::try_from(self.info.line_defined).ok(),
            last_line_defined: usize::try_from(self.info.last_line_defined).ok(),
            what: self.info.what,
        }
    }

    /// The line that runs, if there are lines.
    pub fn current_line(&self) -> Option<usize> {
        usize::try_from(self.info.current_line).ok()
    }

    /// Whether it took its caller's place.
    pub fn is_tail_call(&self) -> bool {
        self.info.tail_call
    }

    /// What it takes.
    pub fn stack(&self) -> DebugStack {
        DebugStack {
            num_upvalues: self.info.upvalues.min(255) as u8,
            num_params: self.info.params.min(255) as u8,
            is_vararg: self.info.vararg,
        }
    }
}

impl fmt::Debug for Debug<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debug")
            .field("event", &self.event)
            .field("source", &self.source())
            .field("current_line", &self.current_line())
            .finish_non_exhaustive()
    }
}

/// Which events a hook gets.
#[derive(Clone, Copy, Debug, Default)]
pub struct HookTriggers {
    /// Calls.
    pub on_calls: bool,
    /// Returns.
    pub on_returns: bool,
    /// Lines.
    pub every_line: bool,
    /// Every so many instructions.
    pub every_nth_instruction: Option<u32>,
}

impl HookTriggers {
    /// Calls alone.
    pub const ON_CALLS: HookTriggers = HookTriggers::new().on_calls();
    /// Returns alone.
    pub const ON_RETURNS: HookTriggers = HookTriggers::new().on_returns();
    /// Lines alone.
    pub const EVERY_LINE: HookTriggers = HookTriggers::new().every_line();

    /// None.
    pub const fn new() -> HookTriggers {
        HookTriggers {
            on_calls: false,
            on_returns: false,
            every_line: false,
            every_nth_instruction: None,
        }
    }

    /// And calls.
    #[must_use]
    pub const fn on_calls(mut self) -> HookTriggers {
        self.on_calls = true;
        self
    }

    /// And returns.
    #[must_use]
    pub const fn on_returns(mut self) -> HookTriggers {
        self.on_returns = true;
        self
    }

    /// And lines.
    #[must_use]
    pub const fn every_line(mut self) -> HookTriggers {
        self.every_line = true;
        self
    }

    /// And every so many instructions.
    #[must_use]
    pub const fn every_nth_instruction(mut self, n: u32) -> HookTriggers {
        self.every_nth_instruction = Some(n);
        self
    }

    fn events(self) -> HookEvents {
        HookEvents {
            calls: self.on_calls,
            returns: self.on_returns,
            lines: self.every_line,
            count: self
                .every_nth_instruction
                .map_or(0, |n| i32::try_from(n).unwrap_or(i32::MAX)),
        }
    }
}

impl std::ops::BitOr for HookTriggers {
    type Output = HookTriggers;
    fn bitor(self, other: HookTriggers) -> HookTriggers {
        HookTriggers {
            on_calls: self.on_calls | other.on_calls,
            on_returns: self.on_returns | other.on_returns,
            every_line: self.every_line | other.every_line,
            every_nth_instruction: self.every_nth_instruction.or(other.every_nth_instruction),
        }
    }
}

impl std::ops::BitOrAssign for HookTriggers {
    fn bitor_assign(&mut self, other: HookTriggers) {
        *self = *self | other;
    }
}

type Callback = dyn Fn(&Lua, &Debug<'_>) -> Result<VmState>;

/// The hook of all coroutines.
#[derive(Clone)]
pub(crate) struct GlobalHook(Rc<Callback>);

/// Runs a callback in a hook of the VM.
fn run(lua: &Lua, callback: &Callback, ctx: &mut Ctx<'_>, event: HookEvent) -> std::result::Result<(), Fault> {
    let told = match event {
        HookEvent::Call => DebugEvent::Call,
        HookEvent::TailCall => DebugEvent::TailCall,
        HookEvent::Return => DebugEvent::Ret,
        HookEvent::Line(_) => DebugEvent::Line,
        HookEvent::Count => DebugEvent::Count,
    };
    let state = ctx.lend(|| match Debug::at(lua, 0, told) {
        Some(debug) => callback(lua, &debug),
        None => Ok(VmState::Continue),
    })?;
    match (state, event) {
        (VmState::Continue, _) => Ok(()),
        (VmState::Yield, HookEvent::Line(_) | HookEvent::Count) => {
            ctx.yield_from_hook();
            Ok(())
        }
        (VmState::Yield, _) => Err(Error::runtime("attempt to yield from a hook of calls and returns").into()),
    }
}

impl Lua {
    /// Chunks that are loaded from now on have all their lines.
    fn watch(&self, triggers: HookTriggers) {
        if triggers.every_line {
            self.extra().watched.set(true);
        }
    }

    fn borrowed_self(&self) -> Lua {
        // Hooks live in the state: they must not own it.
        Lua::borrowed(self.state())
    }

    /// The hook that looks up the global one; once that is removed, it removes itself from the coroutine that it runs in.
    fn global_hook_function(&self) -> HookFn {
        let lua = self.borrowed_self();
        Rc::new(move |ctx, event| {
            let hook = lua.extra().global_hook.borrow().clone();
            match hook {
                Some(hook) => unwrapped(ctx, |ctx| run(&lua, &*hook.0, ctx, event)),
                None => {
                    ctx.set_hook(None, None, HookEvents::default());
                    Ok(())
                }
            }
        })
    }

    /// Calls a function at these events in all coroutines that are made from now on, and in the running and the main one.
    /// A coroutine's own hook goes before.
    ///
    /// # Errors
    /// The state is gone.
    pub fn set_global_hook<F>(&self, triggers: HookTriggers, callback: F) -> Result<()>
    where
        F: Fn(&Lua, &Debug<'_>) -> Result<VmState> + MaybeSend + 'static,
    {
        self.watch(triggers);
        let before = self.extra().global_hook.replace(Some(GlobalHook(Rc::new(callback))));
        drop(before);
        let hook = self.global_hook_function();
        self.enter(|ctx| {
            ctx.push(ctx.main_coroutine())?;
            let main = ctx.slot(ctx.top() - 1);
            ctx.set_hook(Some(main), Some(hook.clone()), triggers.events());
            ctx.set_hook(None, Some(hook), triggers.events());
            Ok(())
        })
    }

    /// Removes the global hook. Coroutines that have it lose it when it next would be called.
    pub fn remove_global_hook(&self) {
        let before = self.extra().global_hook.take();
        drop(before);
        self.remove_hook();
    }

    /// Calls a function at these events in the running coroutine; outside of any, in the main one. Scripts cannot catch that
    /// it is there, but the errors it returns.
    ///
    /// # Errors
    /// The state is gone.
    pub fn set_hook<F>(&self, triggers: HookTriggers, callback: F) -> Result<()>
    where
        F: Fn(&Lua, &Debug<'_>) -> Result<VmState> + MaybeSend + 'static,
    {
        self.current_thread().set_hook(triggers, callback)
    }

    /// Removes the hook of the running coroutine.
    pub fn remove_hook(&self) {
        self.current_thread().remove_hook();
    }

    /// Calls `f` with what is known of the function at a level of the stack, 0 for the one that calls this; `None` if there are
    /// not so many.
    pub fn inspect_stack<R>(&self, level: usize, f: impl FnOnce(&Debug<'_>) -> R) -> Option<R> {
        Debug::at(self, i64::try_from(level).ok()?, DebugEvent::Call).map(|debug| f(&debug))
    }
}

impl Thread {
    /// Calls a function at these events in this coroutine, and not in those that it makes. Chunks loaded after a hook of lines
    /// was first set are compiled for debuggers; of code from before, lines that the optimizer emptied have no events.
    ///
    /// # Errors
    /// The state is gone.
    pub fn set_hook<F>(&self, triggers: HookTriggers, callback: F) -> Result<()>
    where
        F: Fn(&Lua, &Debug<'_>) -> Result<VmState> + MaybeSend + 'static,
    {
        let lua = self.0.lua();
        lua.watch(triggers);
        let owner = self.0.0.identity();
        let hook: HookFn = Rc::new(move |ctx, event| {
            if ctx.running().identity() != owner {
                // Inherited from the coroutine that it belongs to.
                ctx.set_hook(None, None, HookEvents::default());
                return Ok(());
            }
            unwrapped(ctx, |ctx| run(&lua, &callback, ctx, event))
        });
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            ctx.set_hook(Some(ctx.slot(0)), Some(hook), triggers.events());
            Ok(())
        })
    }

    /// Removes its hook.
    pub fn remove_hook(&self) {
        // A state that is gone has no hooks.
        let _: Result<()> = self.0.enter(|ctx| {
            self.0.push(ctx)?;
            ctx.set_hook(Some(ctx.slot(0)), None, HookEvents::default());
            Ok(())
        });
    }
}
