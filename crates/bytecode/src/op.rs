//! One instruction as a value: encoding, decoding, and what it does to the slots of the frame.

use std::fmt;

use crate::field::{
    Cache, Capture, Captures, Const, Count, DecodeError, Encoded, FieldError, FieldType, FieldValue, Imm, Jump16,
    Jump32, Reg, ResultCount, Slot, Upvalue, Wide, WordReader, WordWriter,
};
use crate::form::FORMS;
use crate::opcode::{Flags, Opcode, Role};

macro_rules! define_op {
    ($($(#[doc = $doc:literal])+ $name:ident = $snake:ident
        { $($field:ident: $ty:ident as $role:ident),* $(,)? } flags($($flag:ident),* $(,)?);)*) => {
        /// One instruction with its fields.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Op { $($(#[doc = $doc])+ $name { $($field: $ty),* }),* }

        impl Op {
            /// Its number.
            pub const fn opcode(&self) -> Opcode {
                match self { $(Op::$name { .. } => Opcode::$name),* }
            }

            /// Appends its words.
            ///
            /// # Panics
            /// If a field does not fit its encoding; [`Op::check`] tells.
            pub fn encode(&self, words: &mut Vec<u64>) {
                if let Err(err) = self.encode_checked(words) {
                    panic!("cannot encode `{}`: {err}", self.opcode());
                }
            }

            fn encode_checked(&self, words: &mut Vec<u64>) -> Result<(), FieldError> {
                match self { $(Op::$name { $($field),* } => {
                    $($field.check()?;)*
                    let mut writer = WordWriter::new(words, Opcode::$name as u16);
                    let _ = &mut writer;
                    $($field.put(&mut writer);)*
                    writer.finish();
                })* }
                Ok(())
            }

            /// Whether each field fits its encoding.
            pub fn check(&self) -> Result<(), FieldError> {
                match self { $(Op::$name { $($field),* } => { $($field.check()?;)* })* }
                Ok(())
            }

            /// Gives `visit` each field in the order of the table.
            pub fn visit_fields<'a>(&'a self, mut visit: impl FnMut(Field<'a>)) {
                self.each_field(&mut visit);
            }

            /// One copy for all visitors: it is 7 KB of code.
            fn each_field<'a>(&'a self, visit: &mut dyn FnMut(Field<'a>)) {
                let mut index = 0;
                match self { $(Op::$name { $($field),* } => {
                    $(
                        visit(Field { name: stringify!($field), role: Role::$role, value: $field.value(), index });
                        index += 1;
                    )*
                })* }
                let _ = (index, visit);
            }

            /// The jump of a branch, in words from its end.
            pub fn jump(&self) -> Option<i32> {
                if FORMS[self.opcode() as usize].jump_at == 0 {
                    return None;
                }
                let mut found = None;
                self.visit_fields(|field| if let FieldValue::Jump(to) = field.value { found = Some(to) });
                found
            }
        }

        /// The instruction that starts at word `at` of `code`, and its length in words.
        ///
        /// Never panics. Accepts only what [`Op::encode`] writes, cache words aside, which may hold anything.
        pub fn decode(code: &[u64], at: usize) -> Result<(Op, usize), DecodeError> {
            let (mut reader, number) = WordReader::new(code, at)?;
            let Some(opcode) = Opcode::from_u16(number) else {
                return Err(DecodeError::UnknownOpcode { at: at as u32, code: number });
            };
            let op = match opcode { $(Opcode::$name => Op::$name { $($field: $ty::get(&mut reader)?),* }),* };
            Ok((op, reader.finish()?))
        }
    };
}

crate::for_each_op!(define_op);

const _: () = assert!(size_of::<Op>() <= 40);

/// One field of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name in the table.
    pub name: &'static str,
    /// How it is used.
    pub role: Role,
    /// What it holds.
    pub value: FieldValue<'a>,
    /// Its position among the fields.
    pub index: usize,
}

/// A run of frame slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slots {
    /// The first.
    pub start: u32,
    /// How many.
    pub count: u32,
}

impl Slots {
    /// The slot numbers.
    pub fn iter(self) -> std::ops::Range<u32> {
        self.start..self.end()
    }

    /// The first slot behind the run.
    pub fn end(self) -> u32 {
        self.start + self.count
    }
}

/// What an instruction does to slots, as [`Op::visit`] tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reads them.
    Use(Slots),
    /// Reads them as members of a call window, which no live map lists.
    UseWindow(Slots),
    /// Leaves nothing defined in this slot and all above it.
    Clobber(u32),
    /// Writes them, after all reads and clobbers.
    Def(Slots),
}

fn single(slot: u16) -> Slots {
    Slots {
        start: slot.into(),
        count: 1,
    }
}

impl Op {
    /// Its length in words.
    pub fn words(&self) -> usize {
        match self {
            Op::Closure { captures, .. } => (10 + 2 * captures.0.len()).div_ceil(8),
            _ => self.opcode().words(),
        }
    }

    /// Gives `visit` what the instruction does to slots: reads first, then the clobber of a call
    /// window, then writes.
    pub fn visit(&self, visit: &mut impl FnMut(Role, Access)) {
        self.visit_reads(visit);
        self.visit_writes(visit);
    }

    /// The counts of a row belong to the range or window that it holds; no row has two.
    fn count(&self) -> u32 {
        let mut count = 0;
        self.visit_fields(|field| {
            if let FieldValue::Count(n) = field.value {
                count = u32::from(n.0);
            }
        });
        count
    }

    fn visit_reads(&self, visit: &mut impl FnMut(Role, Access)) {
        self.visit_fields(|field| match (field.value, field.role) {
            (FieldValue::Reg(reg), Role::Use | Role::UseDef) => visit(field.role, Access::Use(single(reg.0))),
            (FieldValue::Slot(slot), Role::Use) => visit(field.role, Access::Use(single(slot.0))),
            (FieldValue::Reg(reg), Role::UseRange) => {
                visit(
                    field.role,
                    Access::Use(Slots {
                        start: reg.0.into(),
                        count: self.count(),
                    }),
                );
            }
            (FieldValue::Reg(reg), Role::UseCall | Role::UseDefCall) => {
                visit(field.role, Access::UseWindow(single(reg.0)));
                visit(
                    field.role,
                    Access::UseWindow(Slots {
                        start: u32::from(reg.0) + 2,
                        count: self.count(),
                    }),
                );
            }
            (FieldValue::Captures(captures), Role::Use) => {
                for capture in captures {
                    if let Capture::Register(reg) = capture {
                        visit(field.role, Access::Use(single(reg.0)));
                    }
                }
            }
            _ => {}
        });
    }

    fn visit_writes(&self, visit: &mut impl FnMut(Role, Access)) {
        if let Some((window, role)) = self.call_window() {
            visit(role, Access::Clobber(window.0.into()));
        }
        self.visit_fields(|field| match (field.value, field.role) {
            (FieldValue::Reg(reg), Role::Def | Role::UseDef) => visit(field.role, Access::Def(single(reg.0))),
            (FieldValue::Slot(slot), Role::Def) => visit(field.role, Access::Def(single(slot.0))),
            (FieldValue::Reg(reg), Role::DefRange) => {
                visit(
                    field.role,
                    Access::Def(Slots {
                        start: reg.0.into(),
                        count: self.count(),
                    }),
                );
            }
            (FieldValue::Reg(reg), Role::DefCall) => {
                visit(
                    field.role,
                    Access::Def(Slots {
                        start: reg.0.into(),
                        count: self.count(),
                    }),
                );
            }
            (FieldValue::Reg(reg), Role::UseDefCall) => {
                let count = self.results().and_then(ResultCount::fixed).unwrap_or(0);
                visit(
                    field.role,
                    Access::Def(Slots {
                        start: reg.0.into(),
                        count: count.into(),
                    }),
                );
            }
            (FieldValue::Reg(reg), Role::DefSelf) => {
                visit(field.role, Access::Def(single(reg.0)));
                visit(
                    field.role,
                    Access::Def(Slots {
                        start: u32::from(reg.0) + 2,
                        count: 1,
                    }),
                );
            }
            _ => {}
        });
    }

    /// The window of a call, and the role of the field that names it. (`self_field` fills part of a
    /// window, but calls nothing in it.)
    pub fn call_window(&self) -> Option<(Reg, Role)> {
        // Asked of every instruction, and few have one.
        if !FORMS[self.opcode() as usize].calls {
            return None;
        }
        let mut found = None;
        self.visit_fields(|field| {
            if let (FieldValue::Reg(reg), Role::UseCall | Role::UseDefCall | Role::DefCall) = (field.value, field.role)
            {
                found = Some((reg, field.role));
            }
        });
        found
    }

    /// The number of results that a call with a [`ResultCount`] leaves.
    pub fn results(&self) -> Option<ResultCount> {
        match self {
            Op::CallN { results, .. } | Op::CallOpen { results, .. } => Some(*results),
            _ => None,
        }
    }

    /// Whether it leaves open values for the next instruction.
    pub fn defs_open(&self) -> bool {
        self.opcode().flags().contains(Flags::DEFS_OPEN) || self.results() == Some(ResultCount::OPEN)
    }

    /// Whether it consumes the open values of the previous instruction.
    pub fn uses_open(&self) -> bool {
        self.opcode().flags().contains(Flags::USES_OPEN)
    }

    /// The smallest frame size that holds all slots it touches: windows with frame word, arguments
    /// and results included.
    pub fn frame_extent(&self) -> u32 {
        let mut extent = 0;
        self.visit(&mut |_, access| {
            extent = extent.max(match access {
                Access::Use(slots) | Access::UseWindow(slots) | Access::Def(slots) => slots.end(),
                Access::Clobber(_) => 0,
            });
        });
        match (self, self.call_window()) {
            // Callee, frame word, state and control.
            (_, Some((window, Role::DefCall))) => extent = extent.max(u32::from(window.0) + 4),
            (Op::Close { from }, _) => extent = extent.max(u32::from(from.0) + 1),
            _ => {}
        }
        extent
    }

    /// How many operands can carry a name for messages ([`OperandName`](crate::OperandName)): registers
    /// read, constants, upvalues and immediates in the order of the row, each element of a range or
    /// window for itself.
    pub fn value_operands(&self) -> u32 {
        let mut operands = 0;
        self.visit_fields(|field| {
            operands += match (field.value, field.role) {
                (FieldValue::Reg(_), Role::Use | Role::UseDef) | (FieldValue::Slot(_), Role::Use) => 1,
                (FieldValue::Reg(_), Role::UseRange) => self.count(),
                (FieldValue::Reg(_), Role::UseCall | Role::UseDefCall) => 1 + self.count(),
                (FieldValue::Const(_) | FieldValue::Upvalue(_) | FieldValue::Imm(_), _) => 1,
                (FieldValue::Wide(_), Role::WideConst) => 1,
                (FieldValue::Captures(captures), _) => captures.len() as u32,
                _ => 0,
            }
        });
        operands
    }

    /// The same instruction with another jump; `None` if it has none, or if `to` does not fit it.
    pub fn with_jump(mut self, to: i32) -> Option<Op> {
        use Op::*;
        match &mut self {
            Jump { to: jump }
            | JumpIf { to: jump, .. }
            | JumpIfNot { to: jump, .. }
            | JumpNil { to: jump, .. }
            | JumpNotNil { to: jump, .. }
            | ForPrep { to: jump, .. }
            | ForLoop { to: jump, .. } => *jump = Jump32(to),
            JumpEq { to: jump, .. }
            | JumpNe { to: jump, .. }
            | JumpLt { to: jump, .. }
            | JumpNotLt { to: jump, .. }
            | JumpLe { to: jump, .. }
            | JumpNotLe { to: jump, .. }
            | JumpEqK { to: jump, .. }
            | JumpNeK { to: jump, .. }
            | JumpEqI { to: jump, .. }
            | JumpNeI { to: jump, .. }
            | JumpLtI { to: jump, .. }
            | JumpNotLtI { to: jump, .. }
            | JumpLeI { to: jump, .. }
            | JumpNotLeI { to: jump, .. }
            | JumpGtI { to: jump, .. }
            | JumpNotGtI { to: jump, .. }
            | JumpGeI { to: jump, .. }
            | JumpNotGeI { to: jump, .. } => *jump = Jump16(i16::try_from(to).ok()?),
            _ => return None,
        }
        Some(self)
    }

    /// The conditional jump that is taken exactly when this one is not.
    pub fn inverted(self) -> Option<Op> {
        use Op::*;
        Some(match self {
            JumpIf { cond, to } => JumpIfNot { cond, to },
            JumpIfNot { cond, to } => JumpIf { cond, to },
            JumpNil { src, to } => JumpNotNil { src, to },
            JumpNotNil { src, to } => JumpNil { src, to },
            JumpEq { lhs, rhs, to } => JumpNe { lhs, rhs, to },
            JumpNe { lhs, rhs, to } => JumpEq { lhs, rhs, to },
            JumpLt { lhs, rhs, to } => JumpNotLt { lhs, rhs, to },
            JumpNotLt { lhs, rhs, to } => JumpLt { lhs, rhs, to },
            JumpLe { lhs, rhs, to } => JumpNotLe { lhs, rhs, to },
            JumpNotLe { lhs, rhs, to } => JumpLe { lhs, rhs, to },
            JumpEqK { lhs, rhs, to } => JumpNeK { lhs, rhs, to },
            JumpNeK { lhs, rhs, to } => JumpEqK { lhs, rhs, to },
            JumpEqI { lhs, rhs, to } => JumpNeI { lhs, rhs, to },
            JumpNeI { lhs, rhs, to } => JumpEqI { lhs, rhs, to },
            JumpLtI { lhs, rhs, to } => JumpNotLtI { lhs, rhs, to },
            JumpNotLtI { lhs, rhs, to } => JumpLtI { lhs, rhs, to },
            JumpLeI { lhs, rhs, to } => JumpNotLeI { lhs, rhs, to },
            JumpNotLeI { lhs, rhs, to } => JumpLeI { lhs, rhs, to },
            JumpGtI { lhs, rhs, to } => JumpNotGtI { lhs, rhs, to },
            JumpNotGtI { lhs, rhs, to } => JumpGtI { lhs, rhs, to },
            JumpGeI { lhs, rhs, to } => JumpNotGeI { lhs, rhs, to },
            JumpNotGeI { lhs, rhs, to } => JumpGeI { lhs, rhs, to },
            _ => return None,
        })
    }
}

/// Name, then fields; jumps as signed distances, cache words not at all.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.opcode().name())?;
        let mut result = Ok(());
        self.visit_fields(|field| {
            if result.is_ok() && !matches!(field.value, FieldValue::Cache(_)) {
                result = f
                    .write_str(if field.index == 0 { " " } else { ", " })
                    .and_then(|()| write_field(f, field.role, field.value));
            }
        });
        result
    }
}

pub(crate) fn write_field(f: &mut impl fmt::Write, role: Role, value: FieldValue<'_>) -> fmt::Result {
    match value {
        FieldValue::Reg(reg) => write!(f, "{reg}"),
        FieldValue::Const(k) => write!(f, "{k}"),
        FieldValue::Upvalue(u) => write!(f, "{u}"),
        FieldValue::Imm(imm) => write!(f, "{imm}"),
        FieldValue::Count(count) => write!(f, "{count}"),
        FieldValue::ResultCount(count) => write!(f, "{count}"),
        FieldValue::Slot(slot) => write!(f, "{slot}"),
        FieldValue::Jump(to) => write!(f, "{to:+}"),
        FieldValue::Wide(wide) => match role {
            Role::WideConst => write!(f, "k{wide}"),
            Role::Proto => write!(f, "f{wide}"),
            _ => write!(f, "{wide}"),
        },
        FieldValue::Cache(Cache(word)) => write!(f, "{word:#x}"),
        FieldValue::Captures(captures) => {
            f.write_char('[')?;
            for (i, capture) in captures.iter().enumerate() {
                write!(f, "{}{capture}", if i == 0 { "" } else { " " })?;
            }
            f.write_char(']')
        }
    }
}

/// Makes an instruction from its number and its fields in text order (no cache words), for the text form.
pub(crate) fn from_fields(opcode: Opcode, fields: &[OwnedField]) -> Option<Op> {
    let mut words = Vec::new();
    let mut writer = WordWriter::new(&mut words, opcode as u16);
    let mut given = fields.iter();
    for info in opcode.info().fields {
        if info.ty == FieldType::Cache {
            Cache::EMPTY.put(&mut writer);
        } else {
            given.next()?.put(info.ty, &mut writer)?;
        }
    }
    if given.next().is_some() {
        return None;
    }
    writer.finish();
    decode(&words, 0).ok().map(|(op, _)| op)
}

/// A field as text gives it: a number whose letter was checked, or a list of captures.
pub(crate) enum OwnedField {
    Number(i64),
    Captures(Captures),
}

impl OwnedField {
    fn put(&self, ty: FieldType, words: &mut WordWriter<'_>) -> Option<()> {
        macro_rules! put_number {
            ($name:ident, $number:expr) => {{
                let field = $name((*$number).try_into().ok()?);
                field.check().ok()?;
                field.put(words);
            }};
        }
        match (ty, self) {
            (FieldType::Reg, OwnedField::Number(n)) => put_number!(Reg, n),
            (FieldType::Const, OwnedField::Number(n)) => put_number!(Const, n),
            (FieldType::Upvalue, OwnedField::Number(n)) => put_number!(Upvalue, n),
            (FieldType::Imm, OwnedField::Number(n)) => put_number!(Imm, n),
            (FieldType::Count, OwnedField::Number(n)) => put_number!(Count, n),
            (FieldType::ResultCount, OwnedField::Number(n)) => put_number!(ResultCount, n),
            (FieldType::Slot, OwnedField::Number(n)) => put_number!(Slot, n),
            (FieldType::Jump16, OwnedField::Number(n)) => put_number!(Jump16, n),
            (FieldType::Jump32, OwnedField::Number(n)) => put_number!(Jump32, n),
            (FieldType::Wide, OwnedField::Number(n)) => put_number!(Wide, n),
            (FieldType::Captures, OwnedField::Captures(captures)) => {
                captures.check().ok()?;
                captures.put(words);
            }
            _ => return None,
        }
        Some(())
    }
}
