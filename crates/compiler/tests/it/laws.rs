//! What holds for every program, at each level and with register files of several sizes. Debug builds
//! check the SSA, the allocation and the bytecode of each.

use perilune_compiler::{OptLevel, Options, compile};

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
