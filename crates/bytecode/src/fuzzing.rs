//! Random code: what decodes encodes back, text and files give the module back, and code that verifies
//! never reads a slot that its execution has not written.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::field::*;
use crate::file::seal;
use crate::module::{Constant, FuncId, Function, LineEntry, Module, NameKind, OperandName, UpvalueDesc};
use crate::op::{Access, Op, OwnedField, decode, from_fields};
use crate::opcode::{Flags, Opcode, Role};
use crate::verify::{Verified, accepted_at_once};
use crate::{Assembler, Label, assemble, disasm, from_bytes, to_bytes, verify};

/// Slots of the frames of random functions: some past the first word of a live map.
const SLOTS: u32 = 70;

/// Arbitrary words and bytes, taken as code and as a file.
///
/// # Panics
/// If a law does not hold.
pub fn check_bytes(data: &[u8]) {
    let code: Vec<u64> = data
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")))
        .collect();
    for at in 0..=code.len() {
        if let Ok((op, words)) = decode(&code, at) {
            let mut again = Vec::new();
            op.encode(&mut again);
            assert_eq!(again, code[at..at + words], "{op:?}");
        }
    }
    let function = Function {
        code,
        frame_size: 8,
        ..Function::default()
    };
    check_module(&Module {
        name: b"?".to_vec(),
        functions: vec![function],
    });
    let mut sealed = data.to_vec();
    seal(&mut sealed);
    for file in [data, &sealed] {
        if let Ok(module) = from_bytes(file) {
            assert_eq!(to_bytes(&module, false), file);
            check_module(&module);
        }
    }
}

fn check_module(module: &Module) {
    assert_eq!(assemble(&disasm(module)).as_ref(), Ok(module));
    assert_eq!(from_bytes(&to_bytes(module, false)).as_ref(), Ok(module));
    let mut stripped = module.clone();
    stripped.strip();
    assert_eq!(from_bytes(&to_bytes(module, true)), Ok(stripped));
}

/// A random function, how it is damaged, and the branches that it takes.
#[derive(Clone, Debug)]
pub struct TestCase {
    module: Module,
    damage: Vec<(usize, u8)>,
    branches: Vec<bool>,
}

impl<'a> Arbitrary<'a> for TestCase {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(TestCase {
            module: random_module(u)?,
            damage: u.arbitrary()?,
            branches: u.arbitrary()?,
        })
    }
}

/// Checks one case, and says whether its module verified.
///
/// # Panics
/// If a law does not hold.
pub fn check(case: TestCase) -> bool {
    check_module(&case.module);
    accepted_at_once(&case.module);
    let mut file = to_bytes(&case.module, false);
    for cut in (0..file.len()).step_by(7) {
        assert!(from_bytes(&file[..cut]).is_err(), "a file cut at {cut} is not whole");
    }
    for (at, byte) in &case.damage {
        let at = at % file.len();
        file[at] ^= byte;
        assert!(*byte == 0 || from_bytes(&file).is_err(), "a changed byte is noticed");
        seal(&mut file);
        if let Ok(module) = from_bytes(&file) {
            accepted_at_once(&module);
            // Damage may make it wrong in any way, but must not make anything panic.
            let _ = (disasm(&module), verify(module));
        }
    }
    match verify(case.module) {
        Ok(module) => {
            walk(&module, &case.branches);
            true
        }
        Err(errors) => {
            assert!(!errors.0.is_empty() && !errors.to_string().is_empty());
            false
        }
    }
}

/// A module with something changed: bytes of its file, or fields of its code. `None` if the file is no longer one.
///
/// # Errors
/// The choices are used up.
pub fn changed(module: &Module, u: &mut Unstructured<'_>) -> Result<Option<Module>> {
    if u.ratio(1, 3)? {
        let mut file = to_bytes(module, false);
        for _ in 0..u.int_in_range(1..=3)? {
            let at = u.choose_index(file.len())?;
            file[at] = match u.int_in_range(0..=3)? {
                0 => u.arbitrary()?,
                1 => file[at].wrapping_add(1),
                2 => file[at] ^ (1 << u.int_in_range(0..=7)?),
                _ => file[u.choose_index(file.len())?],
            };
        }
        seal(&mut file);
        return Ok(from_bytes(&file).ok());
    }
    let mut module = module.clone();
    for _ in 0..u.int_in_range(1..=2)? {
        let function = u.choose_index(module.functions.len())?;
        let function = &mut module.functions[function];
        let at = u.choose_index(function.code.len())?;
        let shift = 16 * u.int_in_range(0..=3)?;
        let old = (function.code[at] >> shift) as u16;
        let new = match u.int_in_range(0..=5)? {
            0 => u.arbitrary()?,
            1 => old.wrapping_add(1),
            2 => old.wrapping_sub(1),
            3 => u.int_in_range(0..=function.frame_size as u16)?,
            4 => old ^ (1 << u.int_in_range(0..=15)?),
            _ => {
                let other = u.choose_index(function.code.len())?;
                (function.code[other] >> shift) as u16
            }
        };
        function.code[at] = function.code[at] & !(0xFFFF << shift) | u64::from(new) << shift;
        if u.ratio(1, 10)? {
            // Two words change places.
            let other = u.choose_index(function.code.len())?;
            function.code.swap(at, other);
        }
    }
    Ok(Some(module))
}

fn random_module(u: &mut Unstructured<'_>) -> Result<Module> {
    let mut asm = Assembler::new("random", 3);
    asm.function_mut().vararg = true;
    asm.function_mut().frame_size = SLOTS;
    asm.function_mut().constants = vec![
        Constant::str("name"),
        Constant::Int(-7),
        Constant::Float(0.5),
        Constant::Nil,
    ];
    asm.function_mut().upvalues = vec![UpvalueDesc::default(); 2];
    // Which slots have values on the way straight down, to make most reads sensible.
    let mut assigned: Vec<u32> = vec![0, 1, 2];
    let mut labels: Vec<Label> = Vec::new();
    let mut ahead: Vec<Label> = Vec::new();
    for _ in 0..u.int_in_range(0..=40)? {
        if !ahead.is_empty() && u.ratio(1, 4)? {
            asm.bind(ahead.remove(0));
        }
        if u.ratio(1, 8)? {
            labels.push(asm.here());
        }
        let opcode = *u.choose(Opcode::ALL)?;
        if opcode.flags().contains(Flags::INTERNAL) {
            continue;
        }
        let Some(op) = random_op(u, opcode, &assigned)? else {
            continue;
        };
        let live: Vec<u32> = assigned.clone();
        update(&op, &mut assigned);
        let window = op.call_window().map_or(u32::MAX, |(window, _)| window.0.into());
        let open = op.defs_open();
        if op.jump().is_none() {
            asm.push(op);
        } else if u.ratio(1, 2)? && !labels.is_empty() {
            let label = *u.choose(&labels)?;
            asm.jump(op, label);
        } else {
            let label = asm.label();
            ahead.push(label);
            asm.jump(op, label);
        }
        if opcode.flags().contains(Flags::SAFEPOINT) {
            asm.safepoint(live.into_iter().filter(|&slot| slot < window));
        }
        if u.ratio(1, 8)? {
            asm.line(u.arbitrary()?, u.arbitrary()?);
        }
        if open {
            asm.push(Op::ReturnOpen {
                first: Reg(0),
                count: Count(1),
            });
        }
    }
    ahead.into_iter().for_each(|label| asm.bind(label));
    asm.push(Op::Return0 {});
    let mut main = asm.finish();
    if u.ratio(1, 8)? {
        main.names.push(OperandName {
            at: 0,
            operand: 0,
            kind: NameKind::Method,
            name: u.arbitrary()?,
        });
        main.lines.push(LineEntry {
            at: u.arbitrary()?,
            line: 1,
            column: 0,
        });
    }
    let leaf = Function {
        code: vec![Opcode::Return0 as u64],
        ..Function::default()
    };
    Ok(Module {
        name: u.arbitrary()?,
        functions: vec![main, leaf],
    })
}

fn update(op: &Op, assigned: &mut Vec<u32>) {
    op.visit(&mut |_, access| match access {
        Access::Clobber(from) => assigned.retain(|&slot| slot < from),
        Access::Def(slots) => slots.iter().for_each(|slot| {
            if !assigned.contains(&slot) {
                assigned.push(slot);
            }
        }),
        _ => {}
    });
}

fn random_op(u: &mut Unstructured<'_>, opcode: Opcode, assigned: &[u32]) -> Result<Option<Op>> {
    let mut fields = Vec::new();
    for info in opcode.info().fields.iter().filter(|info| info.ty != FieldType::Cache) {
        fields.push(OwnedField::Number(match (info.ty, info.role) {
            (FieldType::Captures, _) => {
                fields.push(OwnedField::Captures(Captures::default()));
                continue;
            }
            (FieldType::Reg | FieldType::Slot, Role::Use | Role::UseDef)
                if !assigned.is_empty() && u.ratio(15, 16)? =>
            {
                i64::from(*u.choose(assigned)?)
            }
            (FieldType::Reg, Role::Use | Role::UseRange | Role::UseCall | Role::UseDefCall) => u.int_in_range(0..=3)?,
            (FieldType::Reg | FieldType::Slot, _) => u.int_in_range(0..=i64::from(SLOTS) - 1)?,
            (FieldType::Const, Role::StrConst) | (FieldType::Wide, Role::WideConst) => 0,
            (FieldType::Const, Role::IntConst | Role::NumConst) => 1,
            (FieldType::Const, _) => u.int_in_range(0..=3)?,
            (FieldType::Upvalue, _) => u.int_in_range(0..=1)?,
            (FieldType::Wide, Role::Proto) => 1,
            (FieldType::Count, _) => u.int_in_range(0..=3)?,
            (FieldType::ResultCount, _) => *u.choose(&[0, 1, 2, i64::from(u16::MAX)])?,
            (FieldType::Imm, _) => u.int_in_range(-9..=9)?,
            _ => 0,
        }));
    }
    Ok(from_fields(opcode, &fields))
}

/// What a slot has while code runs, as far as the verifier cares.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    Nothing,
    Value,
    Cell,
}

/// Runs verified code with the branches given, collecting at every safepoint: a dead slot has nothing.
/// Shares no code with the verifier.
fn walk(module: &Verified, branches: &[bool]) {
    let function = module.function(FuncId::MAIN);
    let mut slots = vec![Content::Nothing; function.frame_size as usize];
    slots[..usize::from(function.params)].fill(Content::Value);
    let mut closing: Vec<usize> = Vec::new();
    let mut branches = branches.iter();
    let mut at = 0;
    for _ in 0..10_000 {
        let (op, words) = decode(&function.code, at).expect("verified code decodes");
        let live = function.safepoint_at(at as u32);
        let mut source = Content::Value;
        op.visit(&mut |_, access| {
            let (Access::Use(range) | Access::UseWindow(range)) = access else {
                return;
            };
            for slot in range.iter() {
                source = slots[slot as usize];
                assert_ne!(source, Content::Nothing, "{op} at {at} reads slot {slot}");
            }
        });
        match &op {
            Op::GetCell { cell, .. } | Op::SetCell { cell, .. } => {
                assert_eq!(slots[usize::from(cell.0)], Content::Cell)
            }
            Op::Close { from } => closing.retain(|&slot| slot < usize::from(from.0)),
            _ => {}
        }
        if let Some(live) = live {
            for (slot, content) in slots.iter_mut().enumerate() {
                if live.contains(slot as u32) {
                    assert_ne!(*content, Content::Nothing, "{op} at {at} keeps slot {slot}");
                } else if !closing.contains(&slot) && !in_window(&op, slot) {
                    *content = Content::Nothing;
                }
            }
        }
        let copies = matches!(op, Op::Move { .. } | Op::Spill { .. } | Op::Reload { .. });
        let content = match op {
            Op::NewCell { .. } => Content::Cell,
            _ if copies => source,
            _ => Content::Value,
        };
        op.visit(&mut |_, access| match access {
            Access::Clobber(from) => slots[from as usize..].fill(Content::Nothing),
            Access::Def(range) => range.iter().for_each(|slot| slots[slot as usize] = content),
            _ => {}
        });
        if let Op::Tbc { value } = op {
            closing.push(value.0.into());
        }
        let flags = op.opcode().flags();
        let end = at + words;
        let taken = flags.contains(Flags::TERMINATOR) || branches.next().copied().unwrap_or(true);
        at = match op.jump() {
            Some(to) if taken => (end as i64 + i64::from(to)) as usize,
            None if flags.contains(Flags::TERMINATOR) => {
                assert!(closing.is_empty(), "{op} at {at} leaves slots to be closed");
                return;
            }
            _ => end,
        };
    }
}

fn in_window(op: &Op, slot: usize) -> bool {
    op.call_window()
        .is_some_and(|(window, _)| slot >= usize::from(window.0))
}
