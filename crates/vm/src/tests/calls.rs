//! Calls: arguments, results, tail calls, extra arguments, open values, deep recursion.

use super::{Machine, Out, everywhere, gives, ints, on_both, program, text};
use crate::Backend;
use crate::vm::Options;
use perilune_bytecode::{Assembler, Captures, Count, Module, Op, Reg, ResultCount, Wide, verify};

pub(super) const FIB: &str = "
function f0 vararg
  closure r0, f1, [u0]
  set_global u0, 'fib', r0
  vararg r2, 1
  call r0, 1, r0
  return_1 r0
function f1 params 1
  jump_not_lt_i r0, 2, recurse
  return_1 r0
recurse:
  get_global r1, u0, 'fib'
  sub_i r3, r0, 1
  call r1, 1, r1
  get_global r2, u0, 'fib'
  sub_i r4, r0, 2
  call r2, 1, r2
  add r0, r1, r2
  return_1 r0
";

#[test]
fn fib() {
    everywhere(|m| {
        assert_eq!(m.run_module(program(FIB), &[12]), Ok(ints([144])), "{:?}", m.options);
    });
    on_both(|m| assert_eq!(m.run_module(program(FIB), &[23]), Ok(ints([28657]))));
}

pub(super) const SUM: &str = "
function f0 vararg
  load_int r0, 0
  load_int r1, 1
  vararg r2, 1
  load_int r3, 1
  for_prep r1, r2, r3, done
top:
  add r0, r0, r1
  for_loop r1, r2, r3, top
done:
  return_1 r0
";

#[test]
fn numeric_loop() {
    on_both(|m| {
        assert_eq!(m.run_module(program(SUM), &[1_000_000]), Ok(ints([500_000_500_000])));
        assert_eq!(m.run_module(program(SUM), &[0]), Ok(ints([0])));
    });
    gives(
        "
function f0 vararg
  load_k r1, '0.5'
  load_float r2, 2
  load_k r3, '0.5'
  load_int r0, 0
  for_prep r1, r2, r3, done
top:
  add r0, r0, r1
  for_loop r1, r2, r3, top
done:
  return_1 r0
",
        &[Out::Float(5.0)],
    );
}

/// A main function that calls `f1` with `1..=args` and returns its `results` results; `f1` returns its
/// first `given` parameters.
fn call_module(args: u16, params: u16, given: u16, results: u16) -> Module {
    let mut main = Assembler::new("main", 0);
    main.push(Op::Closure {
        dst: Reg(0),
        proto: Wide(1),
        captures: Captures(Vec::new()),
    })
    .safepoint([]);
    for i in 0..args {
        main.push(Op::LoadInt {
            dst: Reg(2 + i),
            value: perilune_bytecode::Imm(i as i16 + 1),
        });
    }
    main.push(Op::CallN {
        window: Reg(0),
        args: Count(args),
        results: ResultCount(results),
    })
    .safepoint([]);
    main.push(Op::ReturnN {
        first: Reg(0),
        count: Count(results),
    });
    let mut f = Assembler::new("f", params);
    f.push(Op::ReturnN {
        first: Reg(0),
        count: Count(given),
    });
    Module {
        name: b"=calls".to_vec(),
        functions: vec![main.finish(), f.finish()],
    }
}

#[test]
fn arguments_and_results_of_any_number() {
    on_both(|m| {
        for n in (0..=250).step_by(25).chain([1, 2, 3, 4, 249]) {
            for (args, params) in [(n, n), (n, 250), (n / 2, n), (n, n / 2)] {
                for results in [n, 0, 1, 250] {
                    let given = params.min(n);
                    let module = verify(call_module(args, params, given, results)).expect("the code is right");
                    let expected: Vec<Out> = (0..results)
                        .map(|i| {
                            if i < given && i < args {
                                Out::Int(i64::from(i) + 1)
                            } else {
                                Out::Nil
                            }
                        })
                        .collect();
                    assert_eq!(
                        m.run_module(module, &[]),
                        Ok(expected),
                        "{args} arguments, {params} parameters, {given} given, {results} results"
                    );
                }
            }
        }
    });
}

#[test]
fn one_result_lands_anywhere() {
    // On the callee's slot, on the frame word, on an argument, and past the window.
    for dst in 3..9 {
        let short = format!(
            "
function f0 vararg
  load_int r0, 1
  load_int r1, 2
  closure r3, f1, [u0]
  load_int r5, 40
  load_int r6, 2
  call r3, 2, r{dst}
  add r0, r0, r{dst}
  add r0, r0, r1
  return_1 r0
function f1 params 2
  add r0, r0, r1
  return_1 r0
"
        );
        gives(&short, &ints([45]));
    }
}

#[test]
fn tail_calls_take_no_stack() {
    on_both(|m| {
        let short = "
function f0 vararg
  closure r0, f1, [u0]
  set_global u0, 'loop', r0
  load_int r2, 0
  load_k r3, '1000000'
  call r0, 2, r0
  return_1 r0
function f1 params 2
  jump_not_eq r0, r1
  return_1 r0
";
        let short = short.replace(
            "  jump_not_eq r0, r1\n  return_1 r0\n",
            "  jump_ne r0, r1, again\n  return_1 r0\nagain:\n  get_global r2, u0, 'loop'\n  add_i r4, r0, 1\n  move r5, r1\n  tail_call r2, 2\n",
        );
        assert_eq!(m.run(&short), Ok(ints([1_000_000])));
        // SAFETY: H1; nothing runs.
        assert_eq!(
            // SAFETY: H1; the running thread is live.
            unsafe { (*m.vm.thread).size },
            Machine::new(m.options.clone()).vm.initial_slots()
        );
    });
}

impl crate::Vm {
    fn initial_slots(&self) -> usize {
        // SAFETY: H1.
        unsafe { (*self.thread).size }
    }
}

#[test]
fn tail_calls_of_natives_and_of_functions_with_extra_arguments() {
    gives(
        "
function f0 vararg
  closure r0, f1, [u0]
  load_int r2, 7
  load_int r3, 8
  load_int r4, 9
  call_n r0, 3, 4
  return_n r0, 4
function f1 params 1 vararg
  closure r1, f2, [u0]
  move r3, r0
  vararg_open
  tail_call_open r1, 1
function f2 params 1 vararg
  get_global r1, u0, 'invoke'
  closure r3, f3, [u0]
  move r4, r0
  vararg_open
  tail_call_open r1, 2
function f3 params 2 vararg
  vararg_open
  return_open r0, 2
",
        &[Out::Int(7), Out::Int(8), Out::Int(9), Out::Nil],
    );
}

#[test]
fn extra_arguments() {
    let f = |body: &str| {
        format!(
            "
function f0 vararg
  closure r0, f1, [u0]
  load_int r2, 1
  load_int r3, 2
  load_int r4, 3
  call_n r0, 3, open
  return_open r0, 0
function f1 params 1 vararg
{body}"
        )
    };
    gives(
        &f("vararg r1, 4\n return_n r0, 5\n"),
        &[Out::Int(1), Out::Int(2), Out::Int(3), Out::Nil, Out::Nil],
    );
    gives(&f("vararg_open\n return_open r0, 1\n"), &ints([1, 2, 3]));
    gives(
        &f(
            "vararg_table r1\n get_field r2, r1, 'n'\n get_int r3, r1, 1\n get_int r4, r1, 2\n get_int r5, r1, 3\n return_n r2, 4\n",
        ),
        &[Out::Int(2), Out::Int(2), Out::Int(3), Out::Nil],
    );
    gives(
        &f(
            "new_table r1, 0, 0\n load_int r2, 9\n vararg_open\n set_list_open r1, r2, 1, 1\n len r0, r1\n get_int r1, r1, 3\n return_n r0, 2\n",
        ),
        &ints([3, 3]),
    );
}

#[test]
fn open_results_pass_through_calls() {
    gives(
        "
function f0 vararg
  closure r0, f1, [u0]
  closure r3, f1, [u0]
  load_int r2, 1
  load_int r5, 2
  load_int r6, 3
  call_n r3, 2, open
  call_open r0, 1, open
  return_open r0, 0
function f1 vararg
  load_int r0, 0
  vararg_open
  return_open r0, 1
",
        &ints([0, 1, 0, 2, 3]),
    );
}

#[test]
fn many_extra_arguments() {
    // More than the spare slots of a frame: through a table of 200 elements and the arguments of a call.
    on_both(|m| {
        let mut asm = Assembler::new("main", 0);
        asm.push(Op::Closure {
            dst: Reg(0),
            proto: Wide(1),
            captures: Captures(Vec::new()),
        })
        .safepoint([]);
        for i in 0..200 {
            asm.push(Op::LoadInt {
                dst: Reg(2 + i),
                value: perilune_bytecode::Imm(i as i16),
            });
        }
        asm.push(Op::CallN {
            window: Reg(0),
            args: Count(200),
            results: ResultCount::OPEN,
        })
        .safepoint([]);
        asm.push(Op::ReturnOpen {
            first: Reg(0),
            count: Count(0),
        });
        let mut f = Assembler::new("f", 1);
        f.function_mut().vararg = true;
        f.push(Op::VarargOpen {});
        f.push(Op::ReturnOpen {
            first: Reg(0),
            count: Count(1),
        });
        let module = verify(Module {
            name: b"=many".to_vec(),
            functions: vec![asm.finish(), f.finish()],
        })
        .expect("the code is right");
        assert_eq!(m.run_module(module, &[]), Ok(ints(0..200)));
    });
}

/// `f(n)`: 0 for 0, else `1 + f(n - 1)`, not in tail position.
const DEPTH: &str = "
function f0 vararg
  closure r0, f1, [u0]
  set_global u0, 'f', r0
  vararg r2, 1
  get_global r3, u0, 'pcall'
  move r5, r0
  move r6, r2
  call_n r3, 2, 2
  return_n r3, 2
function f1 params 1
  jump_ne_i r0, 0, more
  return_1 r0
more:
  get_global r1, u0, 'f'
  sub_i r3, r0, 1
  call r1, 1, r0
  add_i r0, r0, 1
  return_1 r0
";

#[test]
fn deep_recursion() {
    on_both(|m| {
        assert_eq!(
            m.run_module(program(DEPTH), &[190_000]),
            Ok(vec![Out::Bool(true), Out::Int(190_000)])
        );
    });
}

#[test]
fn stack_overflow_is_an_error_like_others() {
    on_both(|m| {
        for _ in 0..3 {
            let got = m.run_module(program(DEPTH), &[10_000_000]).expect("pcall catches it");
            assert_eq!(got[0], Out::Bool(false));
            assert_eq!(got[1], text("t:?: stack overflow"));
            // The VM goes on.
            assert_eq!(m.run_module(program(FIB), &[10]), Ok(ints([55])));
            assert_eq!(
                m.run_module(program(DEPTH), &[1000]),
                Ok(vec![Out::Bool(true), Out::Int(1000)])
            );
        }
    });
}

#[test]
fn the_call_chain_is_limited() {
    let mut m = Machine::new(Options {
        backend: Backend::Tail,
        ..Options::default()
    });
    // A table that is its own `__call` would be called forever.
    let got = m.run(
        "
function f0 vararg
  new_table r0, 0, 1
  set_field r0, '__call', r0
  get_global r1, u0, 'setmetatable'
  move r3, r0
  move r4, r0
  call_0 r1, 2
  call r0, 0, r0
  return_1 r0
",
    );
    assert_eq!(got, Err(text("t:?: '__call' chain too long")));
}

#[test]
fn natives_return_what_they_have() {
    use crate::{Returns, Val};
    let mut vm = crate::Vm::new(crate::Options::default());
    vm.enter(|ctx| {
        for count in [3, 1 << 20, u32::MAX - 1, u32::MAX] {
            let native = ctx
                .new_host_fn("many", std::rc::Rc::new(move |_| Ok(Returns(count))))
                .expect("there is memory");
            ctx.push(native).expect("there is room");
            ctx.push(Val::int(-1)).expect("there is room");
            ctx.push(Val::int(7)).expect("there is room");
            let raised = ctx.call(2, None).expect_err("it has two values");
            let text = ctx.take_error(raised).as_str().unwrap_or_default().to_vec();
            assert_eq!(text, b"a native returned more values than it has");
        }
    });
}

#[test]
fn contexts_of_two_vms_are_not_mixed() {
    use crate::{NoEntry, Options, Owner, Val, Vm};
    let one = Owner::new(Vm::new(Options::default()));
    let two = Owner::new(Vm::new(Options::default()));
    let entered = one.enter(|ctx| {
        ctx.push_str(b"of one").expect("there is room");
        let refused = two.enter(|_| ());
        assert_eq!(refused, Err(NoEntry::Foreign));
        // Lent, it has no values in use: the other may be entered, and this one from there.
        let inner = ctx.lend(|| two.enter(|other| other.lend(|| one.enter(|again| again.top()))));
        assert_eq!(inner, Ok(Ok(0)));
        assert_eq!(two.enter(|_| ()), Err(NoEntry::Foreign), "the loan is over");
        ctx.slot(0).as_str() == Some(b"of one")
    });
    assert_eq!(entered, Ok(true));
    assert_eq!(two.enter(|ctx| ctx.push(Val::int(1)).is_ok()), Ok(true));
    let mut alone = Vm::new(Options::default());
    let mixed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = one.enter(|_| alone.enter(|_| ()));
    }));
    assert!(mixed.is_err());
    alone.enter(|ctx| assert_eq!(ctx.top(), 0));
}
