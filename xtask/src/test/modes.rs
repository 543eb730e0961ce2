//! The modes in which the whole corpus must give the same results.

/// One way to run every script.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    pub name: &'static str,
    /// Options before the script.
    pub flags: &'static [&'static str],
    pub build: Build,
    /// Use the small sizes: the mode is slow by design.
    pub small: bool,
    /// The command is PUC Lua's, which is one version and has no option for it.
    pub reference: bool,
}

/// Which build of the command a mode runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Build {
    /// Debug assertions and verifiers after each pass are on.
    Dev,
    /// What users run; fast enough for every mode to run every script.
    Release,
}

const fn flags(name: &'static str, flags: &'static [&'static str]) -> Mode {
    Mode {
        name,
        flags,
        build: Build::Release,
        small: false,
        reference: false,
    }
}

/// PUC Lua itself, which must print what the corpus expects.
pub const REFERENCE: Mode = Mode {
    reference: true,
    ..flags("PUC Lua", &[])
};

pub const MODES: &[Mode] = &[
    flags("O0", &["-O0"]),
    flags("O1", &["-O1"]),
    Mode {
        build: Build::Dev,
        ..flags("O1, debug assertions", &["-O1"])
    },
    // All code optimized when it is compiled, and as soon as that can be.
    flags("patience 0", &["--patience", "0"]),
    flags("patience 2", &["--patience", "2"]),
    flags("registers 250", &["--registers", "250", "--patience", "0"]),
    flags("registers 8", &["--registers", "8", "--patience", "0"]),
    flags("registers 4", &["--registers", "4", "--patience", "0"]),
    flags("registers 4, O0", &["--registers", "4", "-O0"]),
    flags("dispatch tail", &["--dispatch", "tail"]),
    flags("dispatch loop", &["--dispatch", "loop"]),
    flags("fuel", &["--fuel", "1000000000000"]),
    flags(
        "fuel, dispatch loop",
        &["--fuel", "1000000000000", "--dispatch", "loop"],
    ),
    flags("fuel by steps", &["--fuel-steps"]),
    // Every push moves the whole stack: with a low limit, runaway recursion takes quadratic time in little.
    Mode {
        small: true,
        ..flags(
            "stack stress",
            &["--stack-stress", "--stack", "10000", "--patience", "2"],
        )
    },
    Mode {
        small: true,
        build: Build::Dev,
        ..flags("gc stress", &["--gc-stress", "--patience", "0"])
    },
    Mode {
        small: true,
        build: Build::Dev,
        ..flags("gc step stress", &["--gc-step-stress", "--patience", "2"])
    },
    Mode {
        small: true,
        build: Build::Dev,
        ..flags("gc minor stress", &["--gc-minor-stress", "--patience", "2"])
    },
    Mode {
        small: true,
        ..flags(
            "gc stress, registers 4",
            &["--gc-stress", "--registers", "4", "--patience", "1"],
        )
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_stress_is_small() {
        for (at, mode) in MODES.iter().enumerate() {
            assert!(MODES[..at].iter().all(|m| m.name != mode.name), "{}", mode.name);
            let stress = mode.flags.iter().any(|f| f.ends_with("-stress"));
            assert_eq!(stress, mode.small, "{}", mode.name);
        }
    }

    #[test]
    fn the_bar_is_covered() {
        for flag in [
            "-O0",
            "-O1",
            "--patience",
            "250",
            "8",
            "4",
            "--gc-stress",
            "--stack-stress",
            "tail",
            "loop",
        ] {
            assert!(MODES.iter().any(|m| m.flags.contains(&flag)), "{flag}");
        }
        for build in [Build::Dev, Build::Release] {
            assert!(MODES.iter().any(|m| m.build == build), "{build:?}");
        }
    }
}
