//! Times the allocator on functions of several sizes: nanoseconds per instruction.

use std::fmt::Write;
use std::time::Instant;

use perilune_regalloc::text::Func;
use perilune_regalloc::{Ctx, Function, Options, RegFile, run_with};

/// Statements `local r = f(x + 1, r)` between a few long-lived locals, with a branch now and then.
fn program(statements: u32, locals: u32) -> String {
    let mut text = String::from("b0(v0, v1, v2):\n  v3 = const\n  v4 = const\n");
    for local in 5..5 + locals {
        writeln!(text, "  v{local} = const").expect("a string");
    }
    let (mut next, mut last, mut block) = (5 + locals, 4, 0);
    for at in 0..statements {
        let (f, x, r) = (next, next + 1, next + 2);
        next += 3;
        writeln!(text, "  v{f} = global!\n  v{x} = add! v{}, v3", at % 3).expect("a string");
        writeln!(
            text,
            "  v{r}:g0+0 = call! v{f}:g0+0, v{x}:g0+2, v{last}:g0+3 {{4 above 0}}"
        )
        .expect("a string");
        last = r;
        if at % 8 == 7 {
            writeln!(text, "  test v{r} -> b{}, b{}", block + 1, block + 2).expect("a string");
            for arm in 1..=2 {
                writeln!(text, "b{}:\n  v{next} = op! v{r}", block + arm).expect("a string");
                writeln!(text, "  jump -> b{}(v{next})", block + 3).expect("a string");
                next += 1;
            }
            block += 3;
            writeln!(text, "b{block}(v{next}):").expect("a string");
            last = next;
            next += 1;
        }
    }
    for local in 5..5 + locals {
        writeln!(text, "  op! v{local}").expect("a string");
    }
    writeln!(text, "  ret v{last}:g0+0, v0:g0+1, v1:g0+2, v2:g0+3 {{4}}").expect("a string");
    text
}

fn main() {
    let mut ctx = Ctx::default();
    for (statements, locals) in [
        (3, 0),
        (30, 0),
        (300, 0),
        (3_000, 0),
        (30_000, 0),
        (3_000, 190),
        (30_000, 190),
    ] {
        let func: Func = program(statements, locals).parse().expect("the program parses");
        for (registers, graph_limit) in [(250, 0), (250, u32::MAX), (4, 0), (4, 200_000)] {
            let options = Options {
                graph_limit,
                ..Options::default()
            };
            let regs = RegFile { allocatable: registers };
            let rounds = (3_000 / statements).max(1);
            let start = Instant::now();
            for _ in 0..rounds {
                run_with(&func, &regs, &options, &mut ctx).expect("allocates");
            }
            let each = start.elapsed().as_nanos() / (rounds * func.num_insts()) as u128;
            let out = run_with(&func, &regs, &options, &mut ctx).expect("allocates");
            println!(
                "{} instructions, {registers} registers, graph up to {graph_limit}: {each} ns each, {:?}",
                func.num_insts(),
                out.stats,
            );
        }
    }
}
