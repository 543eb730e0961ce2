//! Calls of metamethods and iterators on behalf of an instruction, and how its work goes on when they return.

use crate::call::{field, reg, store_results};
use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame};
use crate::object::Closure;
use crate::pairs::{NUMBERS, plain};
use crate::value::{Value, tag};
use crate::vm::{Flow, Go, SPARE_SLOTS, Vm};
use perilune_bytecode::Opcode;

/// What an instruction does with the result of its metamethod.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// It goes to the first register.
    Store,
    /// Nothing: the instruction is a store itself.
    Drop,
    /// A true one is what the comparison asks for.
    JumpIf,
    /// A false one is.
    JumpIfNot,
    /// More than that: see [`Vm::finish`].
    Other,
}

/// What [`Use`] an instruction has, and its length in words.
#[derive(Clone, Copy)]
pub(crate) struct Finish {
    pub what: Use,
    pub words: u8,
}

/// By instruction, pairs included.
pub(crate) const FINISHES: [Finish; NUMBERS] = {
    let mut all = [Finish {
        what: Use::Other,
        words: 0,
    }; NUMBERS];
    let mut i = 0;
    while i < NUMBERS {
        let op = plain(i);
        all[i] = Finish {
            what: use_of(op),
            words: op.words() as u8,
        };
        i += 1;
    }
    all
};

const fn use_of(op: Opcode) -> Use {
    match op {
        Opcode::Concat | Opcode::ForCall => Use::Other,
        Opcode::JumpEq
        | Opcode::JumpLt
        | Opcode::JumpLe
        | Opcode::JumpLtI
        | Opcode::JumpLeI
        | Opcode::JumpGtI
        | Opcode::JumpGeI => Use::JumpIf,
        Opcode::JumpNe
        | Opcode::JumpNotLt
        | Opcode::JumpNotLe
        | Opcode::JumpNotLtI
        | Opcode::JumpNotLeI
        | Opcode::JumpNotGtI
        | Opcode::JumpNotGeI => Use::JumpIfNot,
        Opcode::SetIndex
        | Opcode::SetIndexK
        | Opcode::SetInt
        | Opcode::SetIntK
        | Opcode::SetField
        | Opcode::SetFieldK
        | Opcode::SetFieldAdd
        | Opcode::SetGlobal
        | Opcode::SetGlobalK => Use::Drop,
        // All others that may call have their result register first.
        _ => Use::Store,
    }
}

impl Vm {
    /// Calls a metamethod (or the like) on behalf of the current instruction, which `finish` completes.
    #[inline]
    pub(crate) unsafe fn call_meta(&mut self, f: Value, args: &[Value]) -> Flow {
        let window = self.frame_end();
        self.call_meta_at(window, f, args)
    }

    /// As [`Vm::call_meta`] for a comparison whose outcome is the negation of the result: the window lies a slot higher,
    /// which is how [`Vm::finish`] knows.
    pub(crate) unsafe fn call_meta_negated(&mut self, f: Value, args: &[Value]) -> Flow {
        let mark = self.frame_end();
        // Above every frame are spare slots; the collector sees those below a window.
        *mark = Value::NIL;
        self.call_meta_at(mark.add(1), f, args)
    }

    /// As [`Vm::call_meta`], with the window at a place of the caller's choice above the frame.
    #[inline]
    pub(crate) unsafe fn call_meta_at(&mut self, mut window: *mut Value, f: Value, args: &[Value]) -> Flow {
        if window.add(SPARE_SLOTS) > self.stack_limit {
            let offset = window.byte_offset_from(self.stack_base);
            self.grow_stack(window, SPARE_SLOTS)?;
            window = self.stack_base.byte_offset(offset);
        }
        *window = f;
        for (i, &v) in args.iter().enumerate() {
            *window.add(HEADER_SLOTS + i) = v;
        }
        if f.tag == tag::CLOSURE {
            let frame = RegisterFrame(window.add(HEADER_SLOTS));
            frame.link(FrameKind::Finish, self.base, self.pc, self.k);
            self.enter_lua(frame.0, (*f.as_ptr::<Closure>()).proto, args.len())?;
            return self.entered();
        }
        self.precall(window, args.len(), FrameKind::Finish, self.base, self.pc, self.k)
    }

    /// Completes the instruction at the saved pc with what a metamethod (or iterator) returned, and moves on.
    pub(crate) unsafe fn finish(&mut self, header: *mut Value, start: *mut Value, count: usize) -> Flow {
        let pc = self.pc;
        let Finish { what, words } = FINISHES[usize::from(field(pc, 0))];
        let result = if count == 0 { Value::NIL } else { *start };
        let next = pc.add(usize::from(words));
        match what {
            Use::Store => *reg(self.base, pc, 1) = result,
            Use::Drop => {}
            Use::JumpIf | Use::JumpIfNot => {
                let negated = !std::ptr::eq(header, self.frame_end());
                self.branch(pc, next, (result.truthy() != negated) == (what == Use::JumpIf));
                return Ok(Go::On);
            }
            Use::Other if crate::pairs::opcode_at(pc) == Opcode::Concat => {
                *header = result;
                let work = self.frame_end();
                let n = header.offset_from(work) as usize + 1;
                return self.concat_work(n);
            }
            Use::Other => store_results(reg(self.base, pc, 4), field(pc, 5) as usize, start, count),
        }
        self.pc = next;
        Ok(Go::On)
    }

    /// Goes where a compare-and-branch goes.
    #[inline(always)]
    unsafe fn branch(&mut self, pc: *const u64, next: *const u64, taken: bool) {
        let words = if taken { field(pc, 3) as i16 as isize } else { 0 };
        self.note_jump(words);
        self.pc = next.offset(words);
    }
}
