//! Builds one function: instructions, labels, and the tables that refer to instructions.
//!
//! The assembler emits what it is told, with one exception: a conditional jump whose target lies past the
//! reach of its 16 bits becomes the inverted jump over a long one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::field::{Const, Jump32, Upvalue};
use crate::form::frame_extent;
use crate::live::LiveSet;
use crate::module::{
    Constant, Function, LineEntry, LocalVar, Module, NameKind, OperandName, Safepoint, UpvalueDesc, VariableKind,
};
use crate::op::Op;

/// A place in the code, bound before or after the jumps to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(u32);

/// A function in the making. Tables may be filled in any order of instructions.
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    function: Function,
    insts: Vec<Inst>,
    /// Per label, the number of the instruction that follows it.
    labels: Vec<Option<u32>>,
    interned: BTreeMap<Constant, u32>,
    lines: Vec<(u32, u32, u32)>,
    safepoints: Vec<(u32, LiveSet)>,
    names: Vec<(u32, u16, NameKind, Arc<[u8]>)>,
    locals: Vec<(Arc<[u8]>, Label, Label, u32)>,
    /// The word offset of each instruction and of the end, once they are known.
    offsets: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Inst {
    op: Op,
    target: Option<Label>,
    /// Whether it must be written as an inverted jump over a long one.
    long: bool,
    /// Whether following jumps leaves it alone.
    pinned: bool,
}

impl Inst {
    fn words(&self) -> u32 {
        self.op.words() as u32 + u32::from(self.long)
    }
}

impl Assembler {
    /// Starts a function of that name (none if empty) with so many parameters.
    pub fn new(name: impl Into<Vec<u8>>, params: u16) -> Self {
        let name = Some(name.into()).filter(|name| !name.is_empty());
        Assembler {
            function: Function {
                name,
                params,
                ..Function::default()
            },
            ..Assembler::default()
        }
    }

    /// The function so far, to set what is neither code nor a table that refers to code.
    /// `frame_size` is raised by [`finish`](Self::finish) to what the instructions touch.
    pub fn function_mut(&mut self) -> &mut Function {
        &mut self.function
    }

    /// The number of a constant; equal constants share one.
    pub fn constant(&mut self, constant: Constant) -> u32 {
        let constants = &mut self.function.constants;
        *self.interned.entry(constant).or_insert_with_key(|constant| {
            constants.push(constant.clone());
            (constants.len() - 1) as u32
        })
    }

    /// The number of a constant that is known to be new: the caller keeps it from being given twice.
    pub fn new_constant(&mut self, constant: Constant) -> u32 {
        self.function.constants.push(constant);
        (self.function.constants.len() - 1) as u32
    }

    /// As [`constant`](Self::constant), for a field of 16 bits; `None` if its number is past their reach
    /// (the constant is there all the same, for `load_kx`).
    pub fn short_constant(&mut self, constant: Constant) -> Option<Const> {
        let index = self.constant(constant);
        u16::try_from(index)
            .ok()
            .filter(|&index| index < Const::LIMIT)
            .map(Const)
    }

    /// Declares the next upvalue.
    pub fn upvalue(&mut self, name: impl Into<Arc<[u8]>>, kind: VariableKind) -> Upvalue {
        self.function.upvalues.push(UpvalueDesc {
            name: name.into(),
            kind,
        });
        Upvalue((self.function.upvalues.len() - 1) as u16)
    }

    /// A new label, bound to no place yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label((self.labels.len() - 1) as u32)
    }

    /// Binds the label to the next instruction.
    ///
    /// # Panics
    /// If it is bound already.
    pub fn bind(&mut self, label: Label) {
        let place = self.insts.len() as u32;
        let old = self.labels[label.0 as usize].replace(place);
        assert!(old.is_none(), "a label is bound twice");
    }

    /// Whether the label is bound already.
    pub fn is_bound(&self, label: Label) -> bool {
        self.labels[label.0 as usize].is_some()
    }

    /// A label bound to the next instruction.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    /// Appends an instruction. A jump in it stands as it is, in words.
    pub fn push(&mut self, op: Op) -> &mut Self {
        self.insts.push(Inst {
            op,
            target: None,
            long: false,
            pinned: false,
        });
        self
    }

    /// Appends a branch to the label; what its jump field holds does not matter.
    ///
    /// # Panics
    /// If the instruction has no jump.
    pub fn jump(&mut self, op: Op, target: Label) -> &mut Self {
        assert!(op.jump().is_some(), "`{}` has no jump", op.opcode());
        self.insts.push(Inst {
            op,
            target: Some(target),
            long: false,
            pinned: false,
        });
        self
    }

    /// Keeps the last instruction as it is when [`thread_jumps`](Self::thread_jumps) follows jumps: it keeps its target,
    /// and those that go to it do.
    pub fn pin(&mut self) -> &mut Self {
        if let Some(last) = self.insts.last_mut() {
            last.pinned = true;
        }
        self
    }

    /// Makes branches to unconditional jumps go where those go. Call it when all labels are bound.
    pub fn thread_jumps(&mut self) {
        for i in 0..self.insts.len() {
            let Some(mut target) = self.insts[i].target.filter(|_| !self.insts[i].pinned) else {
                continue;
            };
            // A ring of jumps is followed so far only.
            for _ in 0..100 {
                match self.insts.get(self.place(target)) {
                    Some(Inst {
                        op: Op::Jump { .. },
                        target: Some(next),
                        pinned: false,
                        ..
                    }) => target = *next,
                    _ => break,
                }
            }
            self.insts[i].target = Some(target);
        }
    }

    /// How many instructions there are so far.
    pub fn len(&self) -> usize {
        self.insts.len()
    }

    /// Whether there is no instruction yet.
    pub fn is_empty(&self) -> bool {
        self.insts.is_empty()
    }

    /// The source place of the instructions that follow.
    pub fn line(&mut self, line: u32, column: u32) -> &mut Self {
        let at = self.insts.len() as u32;
        if let Some(last) = self.lines.last_mut().filter(|last| last.0 == at) {
            *last = (at, line, column);
        } else {
            self.lines.push((at, line, column));
        }
        self
    }

    /// The number of the instruction that was pushed last.
    fn last(&self) -> u32 {
        assert!(!self.insts.is_empty(), "there is no instruction yet");
        self.insts.len() as u32 - 1
    }

    /// Makes the last instruction a safepoint with these live slots.
    pub fn safepoint(&mut self, live: impl IntoIterator<Item = u32>) -> &mut Self {
        self.live_set(live.into_iter().collect())
    }

    /// As [`safepoint`](Self::safepoint), with a set that exists already.
    pub fn live_set(&mut self, live: LiveSet) -> &mut Self {
        self.safepoints.push((self.last(), live));
        self
    }

    /// Names an operand of the last instruction; see [`OperandName`].
    pub fn name(&mut self, operand: u16, kind: NameKind, name: impl Into<Arc<[u8]>>) -> &mut Self {
        self.names.push((self.last(), operand, kind, name.into()));
        self
    }

    /// Declares a local variable that is in scope from `start` to `end`.
    pub fn local(&mut self, name: impl Into<Arc<[u8]>>, start: Label, end: Label, slot: u32) -> &mut Self {
        self.locals.push((name.into(), start, end, slot));
        self
    }

    /// Lays out the code and gives the function.
    ///
    /// # Panics
    /// If a label in use was never bound, a field does not fit its encoding, or the code passes 2^31 words.
    pub fn finish(mut self) -> Function {
        self.take()
    }

    /// As [`finish`](Self::finish); what is left is empty, but has room for another function.
    ///
    /// # Panics
    /// As [`finish`](Self::finish).
    pub fn take(&mut self) -> Function {
        self.layout();
        let offsets = std::mem::take(&mut self.offsets);
        let mut code = Vec::with_capacity(offsets[self.insts.len()] as usize);
        let mut extent = u32::from(self.function.params).max(self.function.frame_size);
        for (i, inst) in self.insts.iter().enumerate() {
            let start = code.len();
            let Some(target) = inst.target else {
                inst.op.encode(&mut code);
                extent = extent.max(match inst.op {
                    Op::Closure { .. } => inst.op.frame_extent(),
                    _ => frame_extent(&code, start),
                });
                continue;
            };
            let distance = distance(offsets[self.place(target)], offsets[i + 1]);
            if inst.long {
                let over = inst.op.clone().inverted().and_then(|op| op.with_jump(1));
                over.expect("a short jump has an inverse").encode(&mut code);
                extent = extent.max(frame_extent(&code, start));
                Op::Jump { to: Jump32(distance) }.encode(&mut code);
            } else {
                inst.op
                    .clone()
                    .with_jump(distance)
                    .expect("the layout made room")
                    .encode(&mut code);
                extent = extent.max(frame_extent(&code, start));
            }
        }
        let mut function = std::mem::take(&mut self.function);
        function.frame_size = extent;
        function.code = code;
        self.tables(&offsets, &mut function);
        self.insts.clear();
        self.labels.clear();
        self.interned.clear();
        self.lines.clear();
        self.offsets = offsets;
        function
    }

    /// As [`finish`](Self::finish), as a module of this one function.
    pub fn finish_module(self, name: impl Into<Vec<u8>>) -> Module {
        Module {
            name: name.into(),
            functions: vec![self.finish()],
        }
    }

    fn place(&self, label: Label) -> usize {
        self.labels[label.0 as usize].expect("a label is used but never bound") as usize
    }

    /// Finds the offsets. Jumps only ever grow, so this ends.
    fn layout(&mut self) {
        let mut offsets = std::mem::take(&mut self.offsets);
        loop {
            offsets.clear();
            let mut at = 0_u32;
            for inst in &self.insts {
                offsets.push(at);
                at = at
                    .checked_add(inst.words())
                    .expect("the code of one function passes 2^31 words");
            }
            offsets.push(at);
            assert!(at <= i32::MAX as u32, "the code of one function passes 2^31 words");
            let mut grown = false;
            for i in 0..self.insts.len() {
                let inst = &self.insts[i];
                let Some(target) = inst.target.filter(|_| !inst.long) else {
                    continue;
                };
                let distance = distance(offsets[self.place(target)], offsets[i + 1]);
                if inst.op.clone().with_jump(distance).is_none() {
                    self.insts[i].long = true;
                    grown = true;
                }
            }
            if !grown {
                self.offsets = offsets;
                return;
            }
        }
    }

    fn tables(&mut self, offsets: &[u32], function: &mut Function) {
        let end = self.insts.len() as u32;
        let at = |inst: u32| offsets[inst as usize];
        let mut last = None;
        function.lines.reserve_exact(self.lines.len());
        for &(inst, line, column) in self.lines.iter().filter(|entry| entry.0 < end) {
            if last.replace((line, column)) != Some((line, column)) {
                function.lines.push(LineEntry {
                    at: at(inst),
                    line,
                    column,
                });
            }
        }
        self.safepoints.sort_by_key(|safepoint| safepoint.0);
        function.safepoints = self
            .safepoints
            .drain(..)
            .map(|(inst, live)| Safepoint { at: at(inst), live })
            .collect();
        self.names.sort_by_key(|name| (name.0, name.1));
        function.names = self
            .names
            .drain(..)
            .map(|(inst, operand, kind, name)| OperandName {
                at: at(inst),
                operand,
                kind,
                name,
            })
            .collect();
        let mut locals = std::mem::take(&mut self.locals);
        function.locals.reserve_exact(locals.len());
        for (name, start, end, slot) in locals.drain(..) {
            let (start, end) = (at(self.place(start) as u32), at(self.place(end) as u32));
            function.locals.push(LocalVar { name, start, end, slot });
        }
        self.locals = locals;
    }
}

/// Words from `from` to `to`; both are below 2^31.
fn distance(to: u32, from: u32) -> i32 {
    to as i32 - from as i32
}
