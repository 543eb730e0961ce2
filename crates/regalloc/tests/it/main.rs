//! Text functions and their allocations.

mod examples;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use perilune_regalloc::text::Func;
use perilune_regalloc::{AllocError, Ctx, Inst, Loc, Options, PReg, RegFile, VReg, checker, dump, run, run_with};

fn allocate(func: &Func, allocatable: u16, options: &Options) -> String {
    let regs = RegFile { allocatable };
    let out = run_with(func, &regs, options, &mut Ctx::default()).expect("allocates");
    checker::check(func, &regs, &out).unwrap_or_else(|errors| panic!("{errors}"));
    func.print(&out)
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Every function in `tests/data`, with many registers and with four.
#[test]
fn data() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths: Vec<_> = fs::read_dir(dir)
        .expect("the folder exists")
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "ra"));
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let text = fs::read_to_string(&path).expect("readable");
        let func: Func = text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut dump = String::new();
        for registers in [250, 4] {
            let print = allocate(&func, registers, &Options::default());
            write!(dump, "{registers} registers\n{print}\n").expect("writing to a string");
        }
        let scan = allocate(
            &func,
            250,
            &Options {
                graph_limit: 0,
                ..Options::default()
            },
        );
        write!(dump, "without a graph\n{scan}").expect("writing to a string");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        snapshot(&name, &dump);
    }
}

#[test]
fn interference_graph() {
    let func: Func = include_str!("../data/swap.ra").parse().expect("it parses");
    let graph = dump::interference(&func, &RegFile { allocatable: 8 });
    snapshot("interference", &graph.to_text());
    assert!(graph.to_graphviz().contains("  v3 -- v4;\n"));
}

#[test]
fn stack_order_takes_the_clients_places() {
    let text = "b0(v0):\n  v1 = op! v0\n  v2 = add v0, v1\n  ret v2:g0+0, v1:g0+1 {2}\n\
                place v0 0\nplace v1 1\nplace v2 2\n";
    let func: Func = text.parse().expect("it parses");
    let options = Options {
        stack_order: true,
        ..Options::default()
    };
    snapshot("stack_order", &allocate(&func, 8, &options));
    // With two registers the sum is computed in one of them and moved to its place.
    snapshot("stack_order_in_two_registers", &allocate(&func, 2, &options));
}

#[test]
fn stack_order_refuses_shared_places() {
    let text = "b0(v0):\n  v1 = op v0\n  ret v0, v1\nplace v0 0\nplace v1 0\n";
    let func: Func = text.parse().expect("it parses");
    let options = Options {
        stack_order: true,
        ..Options::default()
    };
    let result = run_with(&func, &RegFile { allocatable: 8 }, &options, &mut Ctx::default());
    assert_eq!(
        result,
        Err(AllocError::SharedPlace {
            vreg: VReg(1),
            other: VReg(0)
        })
    );
}

#[test]
fn too_many_register_operands_are_refused() {
    let func: Func = "b0(v0, v1):\n  ret v0, v1\n".parse().expect("it parses");
    let result = run(&func, &RegFile { allocatable: 1 }, &mut Ctx::default());
    assert_eq!(result, Err(AllocError::TooFewRegisters { inst: Inst(0) }));
}

/// What the checker must not believe: each change of a right answer is noticed.
#[test]
fn the_checker_notices_changes() {
    let func: Func = include_str!("../data/fib.ra").parse().expect("it parses");
    let regs = RegFile { allocatable: 8 };
    let right = run(&func, &regs, &mut Ctx::default()).expect("allocates");
    assert_eq!(checker::check(&func, &regs, &right), Ok(()));
    for at in 0..right.allocs.len() {
        let mut wrong = right.clone();
        wrong.allocs[at] = Loc::Reg(PReg(7));
        assert!(
            checker::check(&func, &regs, &wrong).is_err(),
            "operand {at} is elsewhere"
        );
    }
    for at in 0..right.live.len() {
        let mut wrong = right.clone();
        wrong.live[at].0 = 7;
        assert!(
            checker::check(&func, &regs, &wrong).is_err(),
            "live place {at} is elsewhere"
        );
    }
    for at in 0..right.bases.len() {
        let mut wrong = right.clone();
        wrong.bases[at].0 += 1;
        assert!(checker::check(&func, &regs, &wrong).is_err(), "base {at} is elsewhere");
    }
}
