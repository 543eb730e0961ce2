//! Counting instructions, for those who make the VM faster: what `perilune --profile-ops` shows.
//!
//! A dispatch table whose entries all count, and then go on in the real handler with that same table, so that scripts pay
//! nothing while it is not in use.

use crate::call::{field, reg};
use crate::frame::RegisterFrame;
use crate::object::{Cell, Closure, Table};
use crate::value::{Value, tag};
use crate::vm::Vm;
use perilune_bytecode::Opcode;
use std::fmt;

/// How often instructions ran, which followed which, and how often their inline caches answered.
pub struct OpProfile {
    counts: Vec<u64>,
    /// By the first instruction's number and the second's.
    pairs: Vec<u64>,
    hits: Vec<u64>,
    last: Option<usize>,
}

impl OpProfile {
    fn new() -> OpProfile {
        OpProfile {
            counts: vec![0; Opcode::COUNT],
            pairs: vec![0; Opcode::COUNT * Opcode::COUNT],
            hits: vec![0; Opcode::COUNT],
            last: None,
        }
    }

    fn count(&mut self, op: usize, hit: bool) {
        self.counts[op] += 1;
        self.hits[op] += u64::from(hit);
        if let Some(last) = self.last.replace(op) {
            self.pairs[last * Opcode::COUNT + op] += 1;
        }
    }

    /// All instructions that ran.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How often an instruction ran.
    pub fn executed(&self, op: Opcode) -> u64 {
        self.counts[op as usize]
    }

    /// How often the inline cache of an instruction knew the receiver.
    pub fn cache_hits(&self, op: Opcode) -> u64 {
        self.hits[op as usize]
    }
}

/// How many rows a part of the report has.
const ROWS: usize = 40;

/// The name of an instruction by its number.
fn name(op: usize) -> &'static str {
    u16::try_from(op)
        .ok()
        .and_then(Opcode::from_u16)
        .map_or("?", Opcode::name)
}

/// The numbers of what was counted most, with the counts.
fn most(counts: &[u64]) -> Vec<(usize, u64)> {
    let mut rows: Vec<(usize, u64)> = counts.iter().copied().enumerate().filter(|&(_, n)| n > 0).collect();
    rows.sort_by_key(|&(i, n)| (std::cmp::Reverse(n), i));
    rows.truncate(ROWS);
    rows
}

impl fmt::Display for OpProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total().max(1) as f64;
        let share = |n: u64| 100.0 * n as f64 / total;
        writeln!(f, "{} instructions", self.total())?;
        for (op, n) in most(&self.counts) {
            write!(f, "{n:>14} {:>5.1} %  {}", share(n), name(op))?;
            if u16::try_from(op)
                .ok()
                .and_then(Opcode::from_u16)
                .is_some_and(|op| cached(op).is_some())
            {
                write!(
                    f,
                    "  ({:.1} % by inline cache)",
                    100.0 * self.hits[op] as f64 / n as f64
                )?;
            }
            writeln!(f)?;
        }
        writeln!(f, "pairs")?;
        for (pair, n) in most(&self.pairs) {
            let (first, second) = (name(pair / Opcode::COUNT), name(pair % Opcode::COUNT));
            writeln!(f, "{n:>14} {:>5.1} %  {first} {second}", share(n))?;
        }
        Ok(())
    }
}

/// Where an instruction with an inline cache has its receiver.
enum Receiver {
    Register(usize),
    Upvalue(usize),
}

fn cached(op: Opcode) -> Option<Receiver> {
    match op {
        Opcode::GetField | Opcode::GetFieldProto | Opcode::SelfField | Opcode::SelfFieldProto => {
            Some(Receiver::Register(2))
        }
        Opcode::SetField | Opcode::SetFieldK | Opcode::SetFieldAdd => Some(Receiver::Register(1)),
        Opcode::GetGlobal => Some(Receiver::Upvalue(2)),
        Opcode::SetGlobal | Opcode::SetGlobalK => Some(Receiver::Upvalue(1)),
        _ => None,
    }
}

impl Vm {
    /// Counts instructions from now on.
    pub fn profile_ops(&mut self) {
        self.profile = Some(Box::new(OpProfile::new()));
        self.set_table(self.watching_table());
    }

    /// What was counted, if anything is.
    pub fn op_profile(&self) -> Option<&OpProfile> {
        self.profile.as_deref()
    }
}

/// Counts the instruction at `pc`.
///
/// # Safety
/// F1, F2.
pub(crate) unsafe fn note(vm: *mut Vm, pc: *const u64, base: *mut Value) {
    let vm = &mut *vm;
    let strings = vm.string_index;
    let Some(profile) = vm.profile.as_deref_mut() else {
        return;
    };
    let op = crate::pairs::opcode_at(pc);
    let shape = *pc.add(1).cast::<u32>();
    let known = |v: Value| match v.tag {
        tag::TABLE => (*v.as_ptr::<Table>()).header.word == shape,
        tag::STR => !strings.is_null() && (*strings).header.word == shape,
        _ => false,
    };
    let hit = match cached(op) {
        Some(Receiver::Register(i)) => known(*reg(base, pc, i)),
        Some(Receiver::Upvalue(i)) => {
            let closure: *mut Closure = RegisterFrame(base).callee().as_ptr();
            let cell: *mut Cell = *(*closure).upvalues_mut().byte_add(field(pc, i) as usize);
            known((*cell).value)
        }
        None => false,
    };
    profile.count(op as usize, hit);
}
