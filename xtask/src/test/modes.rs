//! The modes in which the whole corpus must give the same results.

/// One way to run every script.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    pub name: &'static str,
    /// Options before the script.
    pub flags: &'static [&'static str],
    /// A cargo feature of the perilune package that stands for the flags, where the package has it.
    pub feature: Option<&'static str>,
    /// Use the small sizes: the mode is slow by design.
    pub small: bool,
}

const fn flags(name: &'static str, flags: &'static [&'static str]) -> Mode {
    Mode {
        name,
        flags,
        feature: None,
        small: false,
    }
}

pub const MODES: &[Mode] = &[
    flags("O0", &["-O0"]),
    flags("O1", &["-O1"]),
    flags("registers 250", &["--registers", "250"]),
    flags("registers 8", &["--registers", "8"]),
    flags("registers 4", &["--registers", "4"]),
    flags("registers 4, O0", &["--registers", "4", "-O0"]),
    flags("dispatch tail", &["--dispatch", "tail"]),
    Mode {
        feature: Some("loop-dispatch"),
        ..flags("dispatch loop", &["--dispatch", "loop"])
    },
    Mode {
        small: true,
        ..flags("gc stress", &["--gc-stress"])
    },
    Mode {
        small: true,
        ..flags(
            "gc stress, registers 4",
            &["--gc-stress", "--registers", "4"],
        )
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_stress_is_small() {
        for (at, mode) in MODES.iter().enumerate() {
            assert!(
                MODES[..at].iter().all(|m| m.name != mode.name),
                "{}",
                mode.name
            );
            assert_eq!(
                mode.flags.contains(&"--gc-stress"),
                mode.small,
                "{}",
                mode.name
            );
        }
    }

    #[test]
    fn the_bar_is_covered() {
        for flag in ["-O0", "-O1", "250", "8", "4", "--gc-stress", "tail", "loop"] {
            assert!(MODES.iter().any(|m| m.flags.contains(&flag)), "{flag}");
        }
    }
}
