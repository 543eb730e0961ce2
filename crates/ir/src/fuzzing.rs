//! Random functions, and the laws that they must keep.
//!
//! A smoke test of this crate and a fuzz target call the same [`check`].

mod generate;
mod interpret;

use crate::opt::{Pass, split_critical_edges};
use crate::{Cfg, Function, verify};
use arbitrary::{Arbitrary, Result, Unstructured};

/// A well-formed function and an order of passes.
#[derive(Debug)]
pub struct TestCase {
    func: Function,
    passes: Vec<Pass>,
}

impl<'a> Arbitrary<'a> for TestCase {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<TestCase> {
        let mut passes = Vec::new();
        for _ in 0..u.int_in_range(0..=8)? {
            passes.push(*u.choose(&Pass::ALL)?);
        }
        Ok(TestCase {
            func: generate::function(u)?,
            passes,
        })
    }
}

/// Checks that a function verifies, prints and parses, and that passes keep it well-formed and do not
/// change what it does.
///
/// # Panics
/// If a law does not hold.
pub fn check(case: TestCase) {
    let TestCase { mut func, passes } = case;
    check_form(&func, "the generator");
    let before = interpret::run(&func);
    for pass in passes
        .into_iter()
        .chain(crate::opt::pipeline(crate::opt::Level::O1).iter().copied())
    {
        let text = func.to_string();
        pass.run(&mut func);
        check_form(&func, pass.name());
        let after = interpret::run(&func);
        assert!(
            before.agrees(&after),
            "{pass} changed behavior\n{before:?}\n{after:?}\n{text}\n{func}"
        );
    }
    split_critical_edges(&mut func);
    check_form(&func, "split_critical_edges");
    let after = interpret::run(&func);
    assert!(before.agrees(&after), "splitting edges changed behavior\n{func}");
    let cfg = Cfg::new(&func);
    for block in func.blocks() {
        let critical = func.successors(block).count() > 1 && func.successors(block).any(|to| cfg.preds(to).len() > 1);
        assert!(!critical, "{block} has a critical edge\n{func}");
    }
}

fn check_form(func: &Function, stage: &str) {
    if let Err(errors) = verify(func) {
        panic!("ill-formed after {stage}: {errors}\n{func}");
    }
    let again: Function = match func.to_string().parse() {
        Ok(again) => again,
        Err(error) => panic!("the text does not parse after {stage}: {error}\n{func}"),
    };
    assert_eq!(*func, again, "the text reads differently after {stage}");
}
