//! The table in a form that is read fast: for each opcode masks of its words, and a list of the fields that name slots,
//! constants or upvalues.

use crate::field::{FieldType, ResultCount};
use crate::opcode::{FieldInfo, Flags, Opcode, Role};

/// The most fields that a row has, and the most words but for captures.
const MAX_FIELDS: usize = 6;
const MAX_WORDS: usize = 4;

/// What is done with one field.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Act {
    None,
    Use,
    UseCell,
    UseAny,
    UseRange,
    UseCall,
    UseDef,
    UseDefCall,
    Def,
    DefRange,
    DefCall,
    DefSelf,
    UseSlot,
    DefSlot,
    Within,
    Const,
    StrConst,
    NumConst,
    IntConst,
    WideConst,
    Upvalue,
}

/// What an opcode says of its words.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) words: u8,
    /// The number of the actions.
    pub(crate) count: u8,
    /// How many operands may have names, but for those of a range.
    pub(crate) operands: u8,
    /// Whether it has a call window.
    pub(crate) calls: bool,
    /// Whether those of a range or window may as well.
    pub(crate) counted: bool,
    pub(crate) flags: Flags,
    /// Where the count of a range or window stands, and that of results; 0 if there is none.
    pub(crate) count_at: u8,
    pub(crate) results_at: u8,
    /// Where the jump stands, and whether it is a short one; 0 if there is none.
    pub(crate) jump_at: u8,
    pub(crate) short: bool,
    /// Whether it does no more to slots than to read and write single ones, has no part in open values and in what is closed, and does
    /// not leave the function.
    pub(crate) plain: bool,
    /// Of plain ones: where the registers stand, those read before those written, and how many there are of all and of those read.
    pub(crate) registers: [u8; 4],
    pub(crate) register_count: u8,
    pub(crate) use_count: u8,
    /// Of plain ones: whether they have constants or upvalues.
    pub(crate) indexes: bool,
    pub(crate) actions: [(Act, u8); MAX_FIELDS],
    /// The bits of each word that must be zero.
    pub(crate) zeros: [u64; MAX_WORDS],
}

const fn action(opcode: Opcode, field: &FieldInfo, index: usize) -> Act {
    match (field.ty, field.role) {
        (FieldType::Reg, Role::Use) => match opcode {
            Opcode::GetCell => Act::UseCell,
            Opcode::SetCell if index == 0 => Act::UseCell,
            Opcode::Move | Opcode::Spill => Act::UseAny,
            _ => Act::Use,
        },
        (FieldType::Reg, Role::UseDef) => Act::UseDef,
        (FieldType::Reg, Role::UseRange) => Act::UseRange,
        (FieldType::Reg, Role::UseCall) => Act::UseCall,
        (FieldType::Reg, Role::UseDefCall) => Act::UseDefCall,
        (FieldType::Reg, Role::Def) => Act::Def,
        (FieldType::Reg, Role::DefRange) => Act::DefRange,
        (FieldType::Reg, Role::DefCall) => Act::DefCall,
        (FieldType::Reg, Role::DefSelf) => Act::DefSelf,
        (FieldType::Reg, Role::Slot) => Act::Within,
        (FieldType::Slot, Role::Use) => Act::UseSlot,
        (FieldType::Slot, Role::Def) => Act::DefSlot,
        (FieldType::Const, Role::StrConst) => Act::StrConst,
        (FieldType::Const, Role::NumConst) => Act::NumConst,
        (FieldType::Const, Role::IntConst) => Act::IntConst,
        (FieldType::Const, _) => Act::Const,
        (FieldType::Wide, Role::WideConst) => Act::WideConst,
        (FieldType::Upvalue, _) => Act::Upvalue,
        (FieldType::Captures, _) | (FieldType::Wide, Role::Proto) if matches!(opcode, Opcode::Closure) => Act::None,
        (FieldType::Imm | FieldType::Count | FieldType::ResultCount | FieldType::Wide, Role::Data) => Act::None,
        (FieldType::Jump16 | FieldType::Jump32, Role::Jump) | (FieldType::Cache, Role::Data) => Act::None,
        _ => panic!("the fast way does not know a kind of field"),
    }
}

const fn form(opcode: Opcode) -> Form {
    let info = opcode.info();
    let mut form = Form {
        words: info.words,
        count: 0,
        operands: 0,
        calls: false,
        counted: false,
        flags: info.flags,
        count_at: 0,
        results_at: 0,
        jump_at: 0,
        short: false,
        plain: false,
        registers: [0; 4],
        register_count: 0,
        use_count: 0,
        indexes: false,
        actions: [(Act::None, 0); MAX_FIELDS],
        zeros: [u64::MAX; MAX_WORDS],
    };
    form.zeros[0] = !0xffff;
    let mut i = 0;
    while i < info.fields.len() {
        let field = &info.fields[i];
        let (word, shift) = (field.offset as usize / 8, field.offset as u32 % 8 * 8);
        let used: u64 = match field.ty {
            FieldType::Reg | FieldType::Const => 0xfff0,
            FieldType::Upvalue => 0xfff8,
            FieldType::Cache => 0,
            FieldType::Jump32 | FieldType::Wide => 0xffff_ffff,
            _ => 0xffff,
        };
        form.zeros[word] &= !(used << shift);
        match field.ty {
            FieldType::Count => form.count_at = field.offset as u8,
            FieldType::ResultCount => form.results_at = field.offset as u8,
            FieldType::Jump16 | FieldType::Jump32 => {
                form.jump_at = field.offset as u8;
                form.short = matches!(field.ty, FieldType::Jump16);
            }
            _ => {}
        }
        let act = action(opcode, field, i);
        if matches!(act, Act::UseCall | Act::UseDefCall | Act::DefCall) {
            form.calls = true;
        }
        if !matches!(act, Act::None) {
            form.actions[form.count as usize] = (act, field.offset as u8);
            form.count += 1;
        }
        match act {
            Act::Use | Act::UseCell | Act::UseAny | Act::UseSlot | Act::UseDef => form.operands += 1,
            Act::Const | Act::StrConst | Act::NumConst | Act::IntConst | Act::WideConst | Act::Upvalue => {
                form.operands += 1;
            }
            Act::UseRange => form.counted = true,
            Act::UseCall | Act::UseDefCall => {
                form.operands += 1;
                form.counted = true;
            }
            _ => {}
        }
        if matches!(field.ty, FieldType::Imm) {
            form.operands += 1;
        }
        i += 1;
    }
    form.plain = is_plain(opcode, &form);
    if form.plain {
        list_registers(&mut form);
    }
    form
}

const fn list_registers(form: &mut Form) {
    let mut round = 0;
    while round < 2 {
        let mut i = 0;
        while i < form.count as usize {
            let (act, byte) = form.actions[i];
            let (used, defined) = match act {
                Act::Use | Act::UseAny => (true, false),
                Act::UseDef => (true, true),
                Act::Def => (false, true),
                _ => {
                    form.indexes = true;
                    (false, false)
                }
            };
            if used && round == 0 || defined && round == 1 {
                form.registers[form.register_count as usize] = byte;
                form.register_count += 1;
            }
            i += 1;
        }
        if round == 0 {
            form.use_count = form.register_count;
        }
        round += 1;
    }
}

/// Whether [`Form::plain`] holds. Where a row says `use` of a register that may hold a cell, the instruction is plain as long as it
/// holds a value.
const fn is_plain(opcode: Opcode, form: &Form) -> bool {
    let odd = [Flags::INTERNAL, Flags::USES_OPEN, Flags::DEFS_OPEN];
    let mut i = 0;
    while i < odd.len() {
        if form.flags.contains(odd[i]) {
            return false;
        }
        i += 1;
    }
    let mut i = 0;
    while i < form.count as usize {
        let single = matches!(
            form.actions[i].0,
            Act::Use
                | Act::UseAny
                | Act::UseDef
                | Act::Def
                | Act::Const
                | Act::StrConst
                | Act::NumConst
                | Act::IntConst
                | Act::Upvalue
        );
        if !single {
            return false;
        }
        i += 1;
    }
    form.results_at == 0
        && !matches!(
            opcode,
            Opcode::Closure
                | Opcode::Close
                | Opcode::Tbc
                | Opcode::NewCell
                | Opcode::ForPrep
                | Opcode::ForLoop
                | Opcode::ForCall
                | Opcode::Concat
                | Opcode::Return0
                | Opcode::Return1
                | Opcode::ReturnN
                | Opcode::ReturnOpen
                | Opcode::TailCall
                | Opcode::TailCallOpen
                | Opcode::Vararg
                | Opcode::VarargOpen
                | Opcode::VarargTable
                | Opcode::GetVararg
                | Opcode::VarargFrom
                | Opcode::VarargFromOpen
        )
}

pub(crate) static FORMS: [Form; Opcode::COUNT] = {
    let mut forms = [form(Opcode::Move); Opcode::COUNT];
    let mut i = 0;
    while i < Opcode::COUNT {
        forms[i] = form(Opcode::ALL[i]);
        i += 1;
    }
    forms
};

/// The jump of the instruction at word `at` of verified code, in words from its end, if it has one.
///
/// # Panics
/// If the code ends inside the instruction, or no instruction has its number.
#[must_use]
pub fn jump_at(code: &[u64], at: usize) -> Option<i32> {
    let form = &FORMS[usize::from(code[at] as u16)];
    if form.jump_at == 0 {
        return None;
    }
    let bits = code[at + usize::from(form.jump_at) / 8] >> (form.jump_at % 8 * 8);
    Some(if form.short { (bits as i16).into() } else { bits as i32 })
}

/// The smallest frame that holds all slots of the instruction at `at`, of any opcode but `closure`: as
/// [`Op::frame_extent`](crate::Op::frame_extent) says.
pub(crate) fn frame_extent(code: &[u64], at: usize) -> u32 {
    let form = &FORMS[usize::from(code[at] as u16)];
    let field = |byte: u8| (code[at + usize::from(byte) / 8] >> (byte % 8 * 8)) as u16;
    let mut extent = 0;
    if form.plain {
        for &byte in &form.registers[..usize::from(form.register_count)] {
            extent = extent.max(u32::from(field(byte)) / 16 + 1);
        }
        return extent;
    }
    for &(act, byte) in &form.actions[..usize::from(form.count)] {
        let slot = u32::from(field(byte)) / 16;
        let count = u32::from(field(form.count_at));
        extent = extent.max(match act {
            Act::UseRange | Act::DefRange => slot + count,
            Act::UseCall => slot + 2 + count,
            Act::UseDefCall => {
                let results = ResultCount(field(form.results_at)).fixed().unwrap_or(0);
                slot + (2 + count).max(results.into())
            }
            Act::DefCall => slot + count.max(4),
            Act::DefSelf => slot + 3,
            Act::UseSlot | Act::DefSlot => u32::from(field(byte)) + 1,
            Act::Use | Act::UseCell | Act::UseAny | Act::UseDef | Act::Def | Act::Within => slot + 1,
            _ => 0,
        });
    }
    extent
}
