//! What holds for every program, at each level and with register files of several sizes. Debug builds
//! check the SSA, the allocation and the bytecode of each.

use perilune_bytecode::FuncId;
use perilune_compiler::{OptLevel, Options, compile, compile_tiered};

use crate::data::cases;

fn settings(options: &Options) -> Vec<Options> {
    let sized = |registers| Options {
        registers,
        opt_level: OptLevel::O1,
        ..options.clone()
    };
    let mut all: Vec<Options> = [4, 5, 6, 8, 16, 250].into_iter().map(sized).collect();
    all.push(Options {
        opt_level: OptLevel::O0,
        ..options.clone()
    });
    all
}

#[test]
fn every_setting_makes_verified_code() {
    for case in cases() {
        for options in settings(&case.options) {
            let module = compile(&case.source, &options).expect("the program is right");
            let verified = perilune_bytecode::verify(module);
            assert!(
                verified.is_ok(),
                "{} with {options:?}: {verified:?}",
                case.path.display()
            );
        }
    }
}

#[test]
fn random_programs_make_verified_code() {
    let cases = perilune_luagen::seeded::Cases::of("programs compiled in every way");
    arbtest::arbtest(|u| {
        cases.next();
        let source = perilune_luagen::program(u.bytes(u.len())?);
        for options in settings(&Options::new("=random")) {
            // A program may have more locals than a function may have.
            if let Ok(module) = compile(source.as_bytes(), &options) {
                let verified = perilune_bytecode::verify(module);
                assert!(verified.is_ok(), "{options:?}: {verified:?}\n{source}");
            }
        }
        Ok(())
    })
    .size_max(1500)
    .budget_ms(perilune_luagen::seeded::budget(1000));
}

#[test]
fn same_input_same_module() {
    for case in cases() {
        for options in settings(&case.options) {
            assert_eq!(compile(&case.source, &options), compile(&case.source, &options));
        }
    }
}

#[test]
fn levels_agree_on_functions() {
    for case in cases() {
        let signature = |opt_level| {
            let module = compile(
                &case.source,
                &Options {
                    opt_level,
                    ..case.options.clone()
                },
            )
            .expect("it is right");
            let of =
                |f: &perilune_bytecode::Function| (f.params, f.vararg, f.line_defined, f.last_line, f.upvalues.clone());
            module.functions.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(
            signature(OptLevel::O0),
            signature(OptLevel::O1),
            "{}",
            case.path.display()
        );
    }
}

#[test]
fn chunks_that_name_the_debug_library_compile_at_level_0() {
    let compile = |text: &str, opt_level| {
        compile(
            text.as_bytes(),
            &Options {
                opt_level,
                ..Options::new("=test")
            },
        )
        .expect("the text is right")
    };
    let text = "local x = 1; debug.getlocal(1, 1); return x";
    assert_eq!(compile(text, OptLevel::O1), compile(text, OptLevel::O0));
    let text = "local x = 1; print(1, 1); return x";
    assert_ne!(compile(text, OptLevel::O1), compile(text, OptLevel::O0));
}

/// What is compiled again is what the optimizer would have made at once, and fits where the cold code was.
#[test]
fn cold_functions_become_the_optimized_ones() {
    let mut waiting = 0;
    for case in cases() {
        let Options { registers, .. } = case.options;
        let options = Options {
            opt_level: OptLevel::O1,
            registers,
            ..case.options.clone()
        };
        let best = compile(&case.source, &options).expect("it is right");
        let tiered = compile_tiered(&case.source, &options, 10).expect("it is right");
        let mut module = perilune_bytecode::verify(tiered.module).expect("cold code verifies");
        if let Some(recompiler) = tiered.recompiler {
            module.set_recompiler(recompiler);
        }
        // From the last one, so that the order in which functions become hot does not matter.
        for (number, best) in best.functions.iter().enumerate().rev() {
            let id = FuncId(number as u32);
            match module.recompile(id) {
                Some(better) => {
                    waiting += 1;
                    let better = better.expect("it verifies in the place of the cold one");
                    assert_eq!(*better, *best, "{} {id}", case.path.display());
                }
                None => assert_eq!(module.function(id), best, "{} {id}", case.path.display()),
            }
        }
        assert_eq!(module.best_subset(FuncId::MAIN), best.subset(FuncId::MAIN));
    }
    assert!(waiting > 10, "{waiting} functions were cold");
}

#[test]
fn functions_wait_as_long_as_they_should() {
    let patiences = |text: &str, patience| {
        let tiered = compile_tiered(text.as_bytes(), &Options::new("=test"), patience).expect("the text is right");
        let count = tiered.module.functions.len() as u32;
        (0..count)
            .map(|id| tiered.recompiler.as_ref()?.patience(FuncId(id)))
            .collect::<Vec<_>>()
    };
    let text = "local function f() while x do x() end end local function g() ::a:: goto a end return f, function() end";
    assert_eq!(patiences(text, 7), [Some(7), Some(1), Some(1), Some(7)]);
    assert_eq!(patiences(text, 0), [None; 4]);
    // A short main function with a loop is optimized before its only call; a long one with a short loop is not.
    assert_eq!(patiences("for i = 1, 10 do f() end", 7), [None]);
    let long = "f(1)\n".repeat(2000);
    assert_eq!(patiences(&format!("{long} for i = 1, 10 do f() end"), 7), [Some(2)]);
    assert_eq!(patiences(&format!("{long} for i = 1, 10 do {long} end"), 7), [None]);
    assert_eq!(patiences("debug.getlocal(1, 1)", 7), [None]);
}
