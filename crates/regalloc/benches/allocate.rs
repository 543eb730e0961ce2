//! Allocation of a function of middle size, with registers to spare and with few.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use perilune_regalloc::text::Func;
use perilune_regalloc::{Ctx, Function, RegFile, run};

/// 200 calls whose results are added up, in blocks of ten with a diamond between them.
fn program() -> Func {
    let mut text = String::from("b0(v0, v1):\n");
    let (mut next, mut sum, mut block) = (2, 0, 0);
    for at in 0..200 {
        let (callee, arg, result, added) = (next, next + 1, next + 2, next + 3);
        next += 4;
        writeln!(text, "  v{callee} = global!\n  v{arg} = add! v{sum}, v1").expect("a string");
        writeln!(
            text,
            "  v{result}:g0+0 = call! v{callee}:g0+0, v{arg}:g0+2 {{3 above 0}}"
        )
        .expect("a string");
        writeln!(text, "  v{added} = add! v{result}, v{sum}").expect("a string");
        sum = added;
        if at % 10 == 9 {
            writeln!(text, "  test v{sum} -> b{}, b{}", block + 1, block + 2).expect("a string");
            for arm in 1..=2 {
                writeln!(
                    text,
                    "b{}:\n  v{next} = op! v{sum}\n  jump -> b{}(v{next})",
                    block + arm,
                    block + 3
                )
                .expect("a string");
                next += 1;
            }
            block += 3;
            writeln!(text, "b{block}(v{next}):").expect("a string");
            sum = next;
            next += 1;
        }
    }
    writeln!(text, "  ret v{sum}:g0+0, v0:g0+1 {{2}}").expect("a string");
    text.parse().expect("the program parses")
}

fn allocation(c: &mut Criterion) {
    let func = program();
    let mut ctx = Ctx::default();
    let mut group = c.benchmark_group("allocate");
    group.throughput(Throughput::Elements(func.num_insts() as u64));
    for allocatable in [250, 4] {
        let regs = RegFile { allocatable };
        assert!(run(&func, &regs, &mut ctx).is_ok());
        group.bench_function(format!("{allocatable} registers"), |b| {
            b.iter(|| run(black_box(&func), &regs, &mut ctx))
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = allocation }
criterion_main!(benches);
