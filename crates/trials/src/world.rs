//! A state that runs programs as `driver.lua` of `perilune-luagen` does: each in an environment of its own.

use perilune::CompileOptions;
use perilune::program::Lua;
use perilune_bytecode::Verified;
use perilune_luagen::batch;
use perilune_vm::{Ctx, HookEvents, Raised, Returns, Val};
use std::cell::Cell;
use std::rc::Rc;

use crate::mode::{Kind, Mode};
use crate::show::show;

/// Lines that a program may print.
const LINES: usize = 300;

/// What programs may use.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub fuel: u64,
    pub memory: usize,
}

/// More fuel than programs need.
const PLENTY: u64 = 1 << 40;

/// Instructions between two interruptions.
const EVERY: i32 = 3;

/// Interruptions between two collections.
const COLLECT: u64 = 16;

/// Where the driver is kept in the registry.
const DRIVER: &str = "perilune.trials";

/// What a program printed.
#[derive(Default)]
struct Output {
    text: String,
    lines: usize,
}

pub(crate) struct World {
    lua: Lua,
    /// What a program may use, where that is counted.
    fuel: Option<u64>,
    is_interrupted: bool,
}

/// What a program did.
pub(crate) struct Done {
    pub text: String,
    pub fuel: Option<u64>,
}

impl World {
    /// A state of a mode, with the driver in it.
    ///
    /// # Panics
    /// If the driver does not run.
    pub(crate) fn new(mode: &Mode, limits: Option<Limits>) -> World {
        let mut options = mode.options();
        options.memory_limit = limits.map(|limits| limits.memory);
        let mut lua = Lua::with(&options);
        // Not the mode's: the driver is the same everywhere.
        let driver = CompileOptions::default().compile(batch::DRIVER.as_bytes(), b"@driver.lua");
        let driver = driver.expect("the driver compiles");
        let started = lua.vm().enter(|ctx| start(ctx, driver));
        assert!(started.is_ok(), "the driver starts");
        World {
            lua,
            fuel: match limits {
                Some(limits) => Some(limits.fuel),
                None => mode.is_metered().then_some(PLENTY),
            },
            is_interrupted: mode.kind == Kind::Interrupted,
        }
    }

    /// Runs a program.
    pub(crate) fn run(&mut self, module: &Verified) -> Done {
        let module = module.clone();
        let (fuel, is_interrupted) = (self.fuel, self.is_interrupted);
        self.lua.vm().enter(|ctx| {
            *ctx.state::<Output>().borrow_mut() = Output::default();
            if is_interrupted {
                let events = HookEvents {
                    count: EVERY,
                    ..HookEvents::default()
                };
                let count = Cell::new(0);
                let hook = move |ctx: &mut Ctx<'_>, _| {
                    count.set(count.get() + 1);
                    visit(ctx, count.get())
                };
                ctx.set_hook(None, Some(Rc::new(hook)), events);
            }
            ctx.set_fuel(fuel);
            let failed = match run(ctx, module) {
                Ok(()) => None,
                Err(raised) => Some(ctx.take_error(raised).type_name()),
            };
            let used = fuel.and_then(|fuel| Some(fuel - ctx.fuel()?));
            let stop = ctx.stopped();
            ctx.set_fuel(None);
            ctx.set_hook(None, None, HookEvents::default());
            ctx.pop(ctx.top());
            let mut text = std::mem::take(&mut ctx.state::<Output>().borrow_mut().text);
            if let Some(failed) = failed {
                text += &format!("the driver failed with a {failed}\n");
            }
            if let Some(stop) = stop {
                text += &format!("stopped: {stop}\n");
            }
            Done { text, fuel: used }
        })
    }
}

fn start(ctx: &mut Ctx<'_>, driver: Verified) -> Result<(), Raised> {
    ctx.push_module(driver)?;
    let host = ctx.new_table(0, 4)?;
    ctx.set_functions(
        host,
        &[
            ("print", print),
            ("finished", finished),
            ("copied", copied),
            ("enclose", enclose),
        ],
    )?;
    ctx.push(host.as_val())?;
    ctx.call(1, Some(1))?;
    ctx.registry().set_str(ctx, DRIVER, ctx.slot(ctx.top() - 1))?;
    ctx.pop(1);
    Ok(())
}

fn run(ctx: &mut Ctx<'_>, module: Verified) -> Result<(), Raised> {
    ctx.push(ctx.registry().get_str(ctx, DRIVER.as_bytes())?)?;
    ctx.push_module(module)?;
    ctx.call(1, Some(0))?;
    Ok(())
}

/// What the host does where it interrupts a program: a call, and now and then a collection.
fn visit(ctx: &mut Ctx<'_>, count: u64) -> Result<(), Raised> {
    let format = ctx.globals().get_str(ctx, b"string")?;
    let format = match format.as_table() {
        Some(library) => library.get_str(ctx, b"format")?,
        None => Val::NIL,
    };
    ctx.push(format)?;
    ctx.push_str(b"%s %d")?;
    let table = ctx.new_table(2, 2)?.as_val();
    ctx.push(table)?;
    ctx.push(Val::int(count as i64))?;
    ctx.call(3, Some(1))?;
    if count.is_multiple_of(COLLECT) {
        ctx.collect();
    }
    Ok(())
}

fn joined(ctx: &Ctx<'_>, out: &mut String) {
    for i in 0..ctx.nargs() {
        if i > 0 {
            out.push('\t');
        }
        show(ctx, ctx.arg(i), 1, out);
    }
    out.push('\n');
}

fn print(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let output = ctx.state::<Output>();
    let mut output = output.borrow_mut();
    if output.lines < LINES {
        output.lines += 1;
        joined(ctx, &mut output.text);
    }
    Ok(Returns::NONE)
}

fn finished(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let output = ctx.state::<Output>();
    let mut output = output.borrow_mut();
    output.text += "end: ";
    joined(ctx, &mut output.text);
    Ok(Returns::NONE)
}

/// A copy of a table.
fn copied(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let from = ctx.check_table(0)?;
    let to = ctx.new_table(0, 0)?;
    let (mut position, mut key) = (0, Val::NIL);
    while let Some((at, k, value)) = from.next_from(ctx, position, key)? {
        (position, key) = (at, k);
        to.set(ctx, k, value)?;
    }
    ctx.ret(to.as_val())
}

/// Gives a chunk, the second argument, its environment.
fn enclose(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.set_env(0);
    Ok(Returns::NONE)
}
