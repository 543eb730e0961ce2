//! Instructions with operands to be filled in.
//!
//! A template is an [`Op`] whose registers stand for something else until allocation is done: an
//! operand of the instruction, a place in its window, or a certain slot.

use perilune_bytecode::{
    Cache, Capture, Captures, Const, Count, Imm, Jump16, Jump32, Op, Reg, ResultCount, Slot, Upvalue, Wide,
};

/// Registers below this are operands by number.
const WINDOW: u16 = 0x4000;
/// Registers from here on are slots; between are places in the window, by offset.
const SLOT: u16 = 0x8000;

/// The place of the operand with this number.
pub(crate) fn operand(number: usize) -> Reg {
    assert!(number < usize::from(WINDOW), "an instruction has few operands");
    Reg(number as u16)
}

/// The place at this offset of the instruction's window.
pub(crate) fn window(offset: u16) -> Reg {
    Reg(WINDOW + offset)
}

/// A certain slot.
pub(crate) fn slot(slot: u16) -> Reg {
    Reg(SLOT + slot)
}

/// What a register of a template stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    Operand(usize),
    Window(u16),
    Slot(u16),
}

pub(crate) fn hole(reg: Reg) -> Hole {
    match reg.0 {
        operand @ 0..WINDOW => Hole::Operand(operand.into()),
        window @ WINDOW..SLOT => Hole::Window(window - WINDOW),
        slot => Hole::Slot(slot - SLOT),
    }
}

/// Replaces the registers of an instruction.
trait MapRegs: Sized {
    fn map_regs(self, _map: &mut impl FnMut(Reg) -> Reg) -> Self {
        self
    }
}

impl MapRegs for Reg {
    fn map_regs(self, map: &mut impl FnMut(Reg) -> Reg) -> Self {
        map(self)
    }
}

impl MapRegs for Captures {
    fn map_regs(mut self, map: &mut impl FnMut(Reg) -> Reg) -> Self {
        for capture in &mut self.0 {
            if let Capture::Register(reg) = capture {
                *reg = map(*reg);
            }
        }
        self
    }
}

impl MapRegs for Const {}
impl MapRegs for Upvalue {}
impl MapRegs for Imm {}
impl MapRegs for Count {}
impl MapRegs for ResultCount {}
impl MapRegs for Slot {}
impl MapRegs for Jump16 {}
impl MapRegs for Jump32 {}
impl MapRegs for Wide {}
impl MapRegs for Cache {}

macro_rules! define_fill {
    ($($(#[doc = $doc:literal])+ $name:ident = $snake:ident
        { $($field:ident: $ty:ident as $role:ident),* $(,)? } flags($($flag:ident),* $(,)?);)*) => {
        /// The instruction of a template whose registers `map` knows.
        pub(crate) fn fill(op: Op, map: &mut impl FnMut(Reg) -> Reg) -> Op {
            match op { $(Op::$name { $($field),* } => Op::$name { $($field: $field.map_regs(map)),* }),* }
        }
    };
}

perilune_bytecode::for_each_op!(define_fill);
