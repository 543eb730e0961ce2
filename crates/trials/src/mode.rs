//! The modes: which code, in which kind of state.

use perilune::{Backend, CompileOptions, OptLevel, Options};

/// A way to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// As the command does: cold code by the baseline, and functions that are called often again.
    Tiers,
    /// The same, with less patience.
    Impatient,
    O1,
    O0,
    /// At `-O1` with so many registers.
    Registers(u16),
    /// At `-O0` with so many registers.
    FewO0(u16),
}

impl Code {
    pub(crate) fn options(self) -> CompileOptions {
        let all = CompileOptions::default();
        let (opt_level, registers, patience) = match self {
            Code::Tiers => (OptLevel::O1, all.registers, all.patience),
            Code::Impatient => (OptLevel::O1, all.registers, 2),
            Code::O1 => (OptLevel::O1, all.registers, 0),
            Code::O0 => (OptLevel::O0, all.registers, 0),
            Code::Registers(n) => (OptLevel::O1, n, 0),
            Code::FewO0(n) => (OptLevel::O0, n, 0),
        };
        CompileOptions {
            opt_level,
            registers,
            patience,
            ..all
        }
    }
}

/// How a state works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tail,
    Loop,
    Fuel,
    FuelLoop,
    FuelSteps,
    StackStress,
    GcStress,
    GcStepStress,
    GcMinorStress,
    /// The host comes in between after every third instruction, collects and calls a function.
    Interrupted,
}

/// One way to run a program.
#[derive(Debug)]
pub struct Mode {
    pub name: &'static str,
    pub code: Code,
    pub kind: Kind,
    /// It is for a build with debug assertions, which say most in it.
    pub checked: bool,
}

const fn mode(name: &'static str, code: Code, kind: Kind) -> Mode {
    Mode {
        name,
        code,
        kind,
        checked: false,
    }
}

const fn checked(name: &'static str, code: Code, kind: Kind) -> Mode {
    Mode {
        checked: true,
        ..mode(name, code, kind)
    }
}

/// All of them.
pub const MODES: &[Mode] = &[
    mode("tiers", Code::Tiers, Kind::Tail),
    mode("patience 2, loop", Code::Impatient, Kind::Loop),
    mode("O1", Code::O1, Kind::Tail),
    mode("O1, loop", Code::O1, Kind::Loop),
    mode("fuel", Code::O1, Kind::Fuel),
    mode("fuel, loop", Code::O1, Kind::FuelLoop),
    mode("fuel by steps", Code::O1, Kind::FuelSteps),
    mode("stack stress", Code::O1, Kind::StackStress),
    mode("gc stress", Code::O1, Kind::GcStress),
    mode("interrupted", Code::O1, Kind::Interrupted),
    mode("O0", Code::O0, Kind::Tail),
    mode("registers 4", Code::Registers(4), Kind::Tail),
    mode("registers 4, O0", Code::FewO0(4), Kind::Tail),
    checked("O0, debug assertions", Code::O0, Kind::Tail),
    checked("debug assertions", Code::Registers(5), Kind::Tail),
    checked("gc step stress", Code::Registers(5), Kind::GcStepStress),
    checked("gc minor stress", Code::Registers(5), Kind::GcMinorStress),
];

impl Mode {
    /// The options of its state.
    pub(crate) fn options(&self) -> Options {
        let compile = self.code.options();
        let backend = match self.kind {
            Kind::Loop | Kind::FuelLoop => Backend::Loop,
            _ => Backend::default(),
        };
        Options {
            opt_level: compile.opt_level,
            registers: compile.registers,
            patience: compile.patience,
            backend,
            fuel_steps: self.kind == Kind::FuelSteps,
            stack_stress: self.kind == Kind::StackStress,
            gc_stress: self.kind == Kind::GcStress,
            gc_step_stress: self.kind == Kind::GcStepStress,
            gc_minor_stress: self.kind == Kind::GcMinorStress,
            ignore_environment: true,
            ..Options::default()
        }
    }

    /// Whether it counts fuel.
    pub(crate) fn is_metered(&self) -> bool {
        matches!(self.kind, Kind::Fuel | Kind::FuelLoop | Kind::FuelSteps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_cover_levels_backends_and_stress() {
        for (at, mode) in MODES.iter().enumerate() {
            assert!(MODES[..at].iter().all(|m| m.name != mode.name), "{}", mode.name);
        }
        for code in [Code::O0, Code::O1, Code::Tiers, Code::Registers(4), Code::FewO0(4)] {
            assert!(MODES.iter().any(|m| m.code == code), "{code:?}");
        }
        for kind in [
            Kind::Tail,
            Kind::Loop,
            Kind::Fuel,
            Kind::FuelLoop,
            Kind::FuelSteps,
            Kind::StackStress,
            Kind::GcStress,
            Kind::GcStepStress,
            Kind::GcMinorStress,
            Kind::Interrupted,
        ] {
            assert!(MODES.iter().any(|m| m.kind == kind), "{kind:?}");
        }
    }
}
