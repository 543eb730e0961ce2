//! The slots of a frame: temporaries in stack order, locals in scope.

use std::sync::Arc;

use perilune_bytecode::{Op, Reg};
use perilune_frontend::{LocalId, LocalKind};

use super::{Active, Baseline};

impl Baseline<'_> {
    /// Takes so many slots; they hold no value yet.
    pub(super) fn reserve(&mut self, count: u16) -> u16 {
        let first = self.free;
        // The resolver holds a function to 255 registers; windows add a frame word for each call.
        assert!(first + count <= Reg::LIMIT, "a frame fits the reach of instructions");
        self.free += count;
        first
    }

    /// Gives the slots from `mark` on back.
    pub(super) fn release(&mut self, mark: u16) {
        if mark < self.free {
            self.free = mark;
            self.live.cut(mark);
        }
    }

    /// Says that a slot holds a value.
    pub(super) fn mark(&mut self, slot: u16) {
        self.set_live(slot, true);
    }

    pub(super) fn is_live(&self, slot: u16) -> bool {
        self.live.has(slot)
    }

    pub(super) fn set_live(&mut self, slot: u16, live: bool) {
        if slot < self.free {
            self.live.set(slot, live);
        }
    }

    pub(super) fn move_to(&mut self, dst: u16, src: u16) {
        if dst != src {
            self.emit(Op::Move {
                dst: Reg(dst),
                src: Reg(src),
            });
            self.mark(dst);
        }
    }

    // Locals.

    /// Brings a local with a slot into scope.
    pub(super) fn activate(&mut self, local: LocalId, slot: u16) {
        let data = &self.source.names.locals[local];
        let (name, level) = (data.name, data.level);
        let to_close = data.kind == LocalKind::Close;
        self.places.slots.insert(local, slot);
        let name = self.text(name);
        self.activate_hidden(name, slot, level, to_close);
    }

    /// Brings a local that only debuggers can name into scope.
    pub(super) fn activate_hidden(&mut self, name: Arc<[u8]>, slot: u16, level: u32, to_close: bool) {
        let start = self.asm.here();
        let end = self.asm.label();
        self.asm.local(name, start, end, slot.into());
        self.active.push(Active {
            slot,
            level,
            to_close,
            end: Some(end),
        });
    }

    /// Puts the value in a captured local's slot into a cell.
    pub(super) fn make_cell(&mut self, local: LocalId) {
        if self.source.names.locals[local].captured {
            let slot = Reg(self.places.slots[local]);
            self.emit_glue(Op::NewCell { dst: slot, src: slot });
        }
    }

    /// Ends the scope of all locals but the first `keep`, and closes those that are to be closed.
    pub(super) fn leave(&mut self, keep: usize) {
        self.close_from_level(self.active.get(keep).map_or(u32::MAX, |active| active.level));
        let Some(first) = self.active.get(keep) else { return };
        let mark = first.slot;
        for active in self.active.drain(keep..) {
            active.end.into_iter().for_each(|end| self.asm.bind(end));
        }
        self.release(mark);
    }

    /// Closes what is to be closed among the locals of this level and above.
    pub(super) fn close_from_level(&mut self, level: u32) {
        let first = self
            .active
            .iter()
            .find(|active| active.to_close && active.level >= level);
        if let Some(active) = first {
            let from = Reg(active.slot);
            self.emit(Op::Close { from });
        }
    }

    /// Whether some local in scope is to be closed.
    pub(super) fn inside_to_close(&self) -> bool {
        self.active.iter().any(|active| active.to_close)
    }
}
