//! Tests of the VM by programs written in the text form of bytecode.
//!
//! The programs are shorter than that form: [`program`] supplies what each function here has (the environment as its
//! upvalue `u0`), declares the constants written as `'name'`, and computes the live maps that are not given.

mod calls;
mod closing;
mod collect;
mod coroutines;
mod errors;
mod frames;
mod live_maps;
mod loading;
mod metamethods;
mod small_stack;
mod table_churn;
mod tables;

use crate::native::{Ctx, Returns, Type, Val};
use crate::{Backend, Options, Raised, Vm};
use perilune_bytecode::{Module, Verified, assemble, verify};
use std::fmt::Write;

/// A result or an error value, owned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Out {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    Object(&'static str),
}

impl From<Val<'_>> for Out {
    fn from(v: Val<'_>) -> Out {
        match v.ty() {
            Type::Nil => Out::Nil,
            Type::Boolean => Out::Bool(v.truthy()),
            Type::Number => v
                .as_int()
                .map_or_else(|| Out::Float(f64::from_bits(v.raw.payload)), Out::Int),
            Type::String => Out::Str(String::from_utf8_lossy(v.as_str().unwrap_or_default()).into_owned()),
            _ => Out::Object(v.type_name()),
        }
    }
}

pub(crate) fn ints(list: impl IntoIterator<Item = i64>) -> Vec<Out> {
    list.into_iter().map(Out::Int).collect()
}

pub(crate) fn text(s: &str) -> Out {
    Out::Str(s.to_string())
}

/// The text of a module from the short form of this file's head.
fn expand(short: &str) -> String {
    let mut long = String::from("module \"=t\"\n");
    let mut constants: Vec<String> = Vec::new();
    for line in short.lines() {
        if line.trim_start().starts_with("function ") {
            constants.clear();
            writeln!(long, "{line}\nupvalue u0 \"_ENV\" regular").expect("a string");
            continue;
        }
        let mut out = String::new();
        for (i, part) in line.split('\'').enumerate() {
            if i % 2 == 0 {
                out.push_str(part);
                continue;
            }
            let k = constants.iter().position(|c| c == part).unwrap_or_else(|| {
                writeln!(long, "constant k{} {}", constants.len(), literal(part)).expect("a string");
                constants.push(part.to_string());
                constants.len() - 1
            });
            write!(out, "k{k}").expect("a string");
        }
        writeln!(long, "{out}").expect("a string");
    }
    long
}

/// Words are strings, numbers are themselves.
fn literal(constant: &str) -> String {
    if constant.parse::<f64>().is_ok() || constant == "nil" {
        constant.to_string()
    } else {
        format!("\"{constant}\"")
    }
}

pub(crate) fn module(short: &str) -> Module {
    let long = expand(short);
    let mut module = assemble(&long).unwrap_or_else(|e| panic!("{e}\n{long}"));
    live_maps::fill(&mut module);
    module
}

pub(crate) fn program(short: &str) -> Verified {
    let module = module(short);
    verify(module.clone()).unwrap_or_else(|e| panic!("{e}\n{}", perilune_bytecode::disasm(&module)))
}

/// A VM with the builtins and a few natives.
pub(crate) struct Machine {
    pub(crate) vm: Box<Vm>,
    pub(crate) options: Options,
}

impl Machine {
    pub(crate) fn new(options: Options) -> Machine {
        let mut vm = Vm::new(options.clone());
        let opened = vm.enter(|ctx| {
            crate::install_builtins(ctx)?;
            let globals = ctx.globals();
            ctx.set_functions(
                globals,
                &[
                    ("setmetatable", set_metatable),
                    ("invoke", invoke),
                    ("swallow", swallow),
                    ("log", log),
                    ("fail", fail),
                    ("error", error),
                    ("collect", collect),
                ],
            )
        });
        opened.expect("there is no limit");
        Machine { vm, options }
    }

    /// Runs a program's main function.
    pub(crate) fn run(&mut self, short: &str) -> Result<Vec<Out>, Out> {
        self.run_module(program(short), &[])
    }

    pub(crate) fn run_module(&mut self, module: Verified, args: &[i64]) -> Result<Vec<Out>, Out> {
        self.vm.enter(|ctx| {
            let first = ctx.top();
            let called = ctx.push_module(module).and_then(|()| {
                for &arg in args {
                    ctx.push(Val::int(arg))?;
                }
                ctx.call(args.len(), None)
            });
            match called {
                Ok(count) => Ok((first..first + count).map(|i| ctx.slot(i).into()).collect()),
                Err(raised) => Err(ctx.take_error(raised).into()),
            }
        })
    }

    /// Defines a native as a global.
    pub(crate) fn define(&mut self, name: &'static str, f: crate::NativeFn) {
        self.vm
            .enter(|ctx| ctx.set_functions(ctx.globals(), &[(name, f)]))
            .expect("there is no limit");
    }

    /// What the program logged since the last time.
    pub(crate) fn logged(&mut self) -> Vec<Out> {
        self.vm
            .enter(|ctx| std::mem::take(&mut *ctx.state::<Vec<Out>>().borrow_mut()))
    }
}

/// Runs a test on both back-ends, each plain, collecting at every safepoint, and moving the stack whenever it might be.
pub(crate) fn everywhere(test: impl Fn(&mut Machine)) {
    for backend in [Backend::Tail, Backend::Loop] {
        for (gc_stress, stack_stress) in [(false, false), (true, false), (false, true), (true, true)] {
            test(&mut Machine::new(Options {
                backend,
                gc_stress,
                stack_stress,
                ..Options::default()
            }));
        }
    }
}

/// Runs a long test on both back-ends.
pub(crate) fn on_both(test: impl Fn(&mut Machine)) {
    for backend in [Backend::Tail, Backend::Loop] {
        test(&mut Machine::new(Options {
            backend,
            ..Options::default()
        }));
    }
}

/// The program gives these results everywhere.
#[track_caller]
pub(crate) fn gives(short: &str, expected: &[Out]) {
    everywhere(|m| {
        let got = m.run(short);
        assert_eq!(got.as_deref(), Ok(expected), "{:?}", m.options);
    });
}

fn set_metatable(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.set_metatable(ctx.arg(0), ctx.arg(1).as_table())?;
    ctx.ret(ctx.arg(0))
}

/// `invoke(f, ...)`: calls from Rust, so that a native's frame lies in between.
fn invoke(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let n = ctx.call(ctx.nargs() - 1, None)?;
    Ok(Returns(n as u32))
}

/// `swallow(f, ...)`: the error of the call as a result, or false.
fn swallow(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    match ctx.call(ctx.nargs() - 1, Some(0)) {
        Ok(_) => ctx.ret_bool(false),
        Err(raised) => {
            let v = ctx.take_error(raised);
            ctx.ret(v)
        }
    }
}

fn log(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let v = Out::from(ctx.arg(0));
    ctx.state::<Vec<Out>>().borrow_mut().push(v);
    Ok(Returns::NONE)
}

/// Raises its argument as it is.
fn fail(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    Err(ctx.error_value(ctx.arg(0)))
}

/// Raises its argument with the caller's position in front.
fn error(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let message = ctx.check_str(0)?.to_vec();
    Err(ctx.error(message))
}

fn collect(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.collect();
    Ok(Returns::NONE)
}
