//! Passes: each is a function over one function, linear or nearly so, and none changes what a program
//! can observe. What may raise, call or write is neither folded nor removed unless types prove that it
//! does not.

mod copy;
mod dce;
mod fold;
mod hoist;
mod narrow;
mod sccp;
mod simplify_cfg;
mod split_edges;
mod types;

pub use copy::copy_propagation;
pub use dce::eliminate_dead_code;
pub use fold::{Constant, fold};
pub use hoist::hoist;
pub use narrow::narrow;
pub use sccp::sparse_conditional_constants;
pub use simplify_cfg::simplify_cfg;
pub use split_edges::split_critical_edges;
pub use types::{Type, Types};

use crate::Function;
use std::fmt;

/// How much work to put into a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// No pass runs: each local stays what the source says, for debuggers.
    O0,
    /// Folding, copies, sparse constants, dead code, types, hoisting.
    O1,
}

/// A pass of the pipeline, as `--dump-after` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Pass {
    /// [`simplify_cfg`]
    SimplifyCfg,
    /// [`copy_propagation`]
    Copy,
    /// [`fold`]
    Fold,
    /// [`sparse_conditional_constants`]
    Sccp,
    /// [`narrow`]
    Narrow,
    /// [`eliminate_dead_code`]
    Dce,
    /// [`hoist`]
    Hoist,
}

impl Pass {
    /// All passes.
    pub const ALL: [Pass; 7] = [
        Pass::SimplifyCfg,
        Pass::Copy,
        Pass::Fold,
        Pass::Sccp,
        Pass::Narrow,
        Pass::Dce,
        Pass::Hoist,
    ];

    /// The name of the pass.
    pub const fn name(self) -> &'static str {
        match self {
            Pass::SimplifyCfg => "simplify_cfg",
            Pass::Copy => "copy",
            Pass::Fold => "fold",
            Pass::Sccp => "sccp",
            Pass::Narrow => "narrow",
            Pass::Dce => "dce",
            Pass::Hoist => "hoist",
        }
    }

    /// The pass with this name.
    pub fn from_name(name: &str) -> Option<Pass> {
        Pass::ALL.into_iter().find(|pass| pass.name() == name)
    }

    /// Runs the pass.
    pub fn run(self, func: &mut Function) {
        match self {
            Pass::SimplifyCfg => simplify_cfg(func),
            Pass::Copy => copy_propagation(func),
            Pass::Fold => fold(func),
            Pass::Sccp => sparse_conditional_constants(func),
            Pass::Narrow => narrow(func),
            Pass::Dce => eliminate_dead_code(func),
            Pass::Hoist => hoist(func),
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The passes of a level, in order.
pub const fn pipeline(level: Level) -> &'static [Pass] {
    match level {
        Level::O0 => &[],
        Level::O1 => &[
            Pass::SimplifyCfg,
            Pass::Copy,
            Pass::Sccp,
            Pass::SimplifyCfg,
            Pass::Copy,
            Pass::Fold,
            Pass::Narrow,
            Pass::Dce,
            Pass::SimplifyCfg,
            Pass::Hoist,
        ],
    }
}

/// Runs the passes of a level. `observer` sees the function after each of them.
///
/// # Panics
/// In debug builds, if the function is not well-formed before or after a pass.
pub fn run(func: &mut Function, level: Level, mut observer: impl FnMut(Pass, &Function)) {
    check(func, "the passes");
    for &pass in pipeline(level) {
        pass.run(func);
        check(func, pass.name());
        observer(pass, func);
    }
}

fn check(func: &Function, stage: &str) {
    if cfg!(debug_assertions)
        && let Err(errors) = crate::verify(func)
    {
        panic!("ill-formed function at {stage}: {errors}\n{func}");
    }
}
