//! Dispatch, calls and tables, on both back-ends.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use perilune_bytecode::{Verified, assemble, verify};
use perilune_vm::{Backend, Options, Raised, Val, Vm};

/// `fib(n)`: calls, and a global looked up for each.
const FIB: &str = r#"
module "=fib"
function f0 vararg
  upvalue u0 "_ENV" regular
  constant k0 "fib"
  closure r0, f1, [u0] { live }
  set_global u0, k0, r0 { live r0 }
  vararg r2, 1
  call r0, 1, r0 { live }
  return_1 r0
function f1 params 1
  upvalue u0 "_ENV" regular
  constant k0 "fib"
  jump_not_lt_i r0, 2, recurse { live r0 }
  return_1 r0
recurse:
  get_global r1, u0, k0 { live r0 }
  sub_i r3, r0, 1 { live r0 r1 }
  call r1, 1, r1 { live r0 }
  get_global r2, u0, k0 { live r0 r1 }
  sub_i r4, r0, 2 { live r0 r1 r2 }
  call r2, 1, r2 { live r1 }
  add r0, r1, r2 { live r1 r2 }
  return_1 r0
"#;

/// A sum over `1..=n`.
const LOOP: &str = r#"
module "=loop"
function f0 vararg
  load_int r0, 0
  load_int r1, 1
  vararg r2, 1
  load_int r3, 1
  for_prep r1, r2, r3, done { live r0 r1 r2 r3 }
top:
  add r0, r0, r1 { live r0 r1 r2 r3 }
  for_loop r1, r2, r3, top
done:
  return_1 r0
"#;

/// Appends `1..=n` to an array while a field counts, then sums the array.
const TABLE: &str = r#"
module "=table"
function f0 vararg
  constant k0 "count"
  constant k1 0
  new_table r0, 0, 1 { live }
  set_field_k r0, k0, k1 { live r0 }
  load_int r1, 1
  vararg r2, 1
  load_int r3, 1
  for_prep r1, r2, r3, made { live r0 r1 r2 r3 }
make:
  set_index r0, r1, r1 { live r0 r1 r2 r3 }
  get_field r4, r0, k0 { live r0 r1 r2 r3 }
  add_i r4, r4, 1 { live r0 r1 r2 r3 r4 }
  set_field r0, k0, r4 { live r0 r1 r2 r3 r4 }
  for_loop r1, r2, r3, make
made:
  load_int r4, 0
  load_int r1, 1
  len r2, r0 { live r0 r1 r4 }
  load_int r3, 1
  for_prep r1, r2, r3, done { live r0 r1 r2 r3 r4 }
take:
  get_index r5, r0, r1 { live r0 r1 r2 r3 r4 }
  add r4, r4, r5 { live r0 r1 r2 r3 r4 r5 }
  for_loop r1, r2, r3, take
done:
  return_1 r4
"#;

/// `n` tables with two fields, of which the last hundred or so are alive.
const GARBAGE: &str = r#"
module "=garbage"
function f0 vararg
  constant k0 "x"
  constant k1 "y"
  new_table r0, 0, 0 { live }
  load_int r1, 1
  vararg r2, 1
  load_int r3, 1
  for_prep r1, r2, r3, done { live r0 r1 r2 r3 }
top:
  new_table r4, 0, 2 { live r0 r1 r2 r3 }
  set_field r4, k0, r1 { live r0 r1 r2 r3 r4 }
  set_field r4, k1, r1 { live r0 r1 r2 r3 r4 }
  load_int r5, 128
  mod r5, r1, r5 { live r0 r1 r2 r3 r4 r5 }
  set_index r0, r5, r4 { live r0 r1 r2 r3 r4 r5 }
  for_loop r1, r2, r3, top
done:
  return_1 r1
"#;

fn module(text: &str) -> Verified {
    verify(assemble(text).expect("the program reads")).expect("the program is right")
}

/// Runs a program's main function with `n` as its argument.
fn run(vm: &mut Vm, module: &Verified, n: i64) -> Option<i64> {
    let result = vm.enter(|ctx| -> Result<Option<i64>, Raised> {
        ctx.push_module(module.clone())?;
        ctx.push(Val::int(n))?;
        ctx.call(1, Some(1))?;
        Ok(ctx.slot(ctx.top() - 1).as_int())
    });
    result.expect("the program raises no error")
}

fn programs(c: &mut Criterion) {
    let programs = [
        ("fib", FIB, 20, 6765),
        ("loop", LOOP, 100_000, 5_000_050_000),
        ("table", TABLE, 10_000, 50_005_000),
        ("garbage", GARBAGE, 10_000, 10_000),
    ];
    for (name, text, n, expected) in programs {
        let module = module(text);
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(n as u64));
        for backend in [Backend::Tail, Backend::Loop] {
            let mut vm = Vm::new(Options {
                backend,
                ..Options::default()
            });
            assert_eq!(run(&mut vm, &module, n), Some(expected), "{name}");
            group.bench_function(format!("{backend:?}").to_lowercase(), |b| {
                b.iter(|| run(&mut vm, &module, black_box(n)))
            });
        }
        group.finish();
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = programs }
criterion_main!(benches);
