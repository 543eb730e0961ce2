//! Calls and their windows, varargs, and lists of expressions.

use perilune_bytecode::{Cache, Count, Op, Reg, ResultCount};
use perilune_frontend::Constant;
use perilune_frontend::ast::{Expr, ExprId};

use super::Baseline;
use super::expr::{Key, Operand};
use crate::source::{METHOD_CONSTANTS, METHOD_LENGTH, Named};

/// What becomes of the results of an expression that may have several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Results {
    /// Dropped.
    None,
    /// The first, in the slot wanted or in the first free one.
    One(Option<u16>),
    /// So many, from the first free slot on.
    Many(u16),
    /// All of them, left open.
    Open,
    /// Returned.
    Tail,
}

impl Baseline<'_> {
    /// Evaluates an expression that may give several values.
    pub(super) fn multi(&mut self, expr: ExprId, results: Results) {
        let chunk = self.source.chunk;
        let mark = self.free;
        let results = match results {
            Results::Many(0) => Results::None,
            Results::Many(1) => Results::One(None),
            results => results,
        };
        match &chunk.exprs[expr] {
            Expr::Vararg => self.vararg(expr, results),
            _ => {
                let left = self
                    .source
                    .left_part(expr)
                    .expect("only calls and varargs give several values");
                let value = self.operand(left);
                self.finish_call(expr, left, value, mark, results);
            }
        }
    }

    fn vararg(&mut self, expr: ExprId, results: Results) {
        self.at_expr(expr);
        let table = self.vararg_source();
        if let Results::Open | Results::Tail = results {
            return match table {
                Some(table) => self.emit_with(Op::VarargFromOpen { table }, None, &[table.0]),
                None => self.emit(Op::VarargOpen {}),
            };
        }
        let (first, count) = match results {
            Results::One(want) => (self.target(want), 1),
            Results::Many(count) => (self.reserve(count), count),
            _ => (self.free, 0),
        };
        match (table, Reg(first), Count(count)) {
            (Some(table), first, count) => {
                self.emit_with(Op::VarargFrom { table, first, count }, None, &[table.0]);
            }
            (None, _, Count(0)) => {}
            (None, first, count) => self.emit(Op::Vararg { first, count }),
        }
        (first..first + count).for_each(|slot| self.mark(slot));
    }

    /// The slot of the table that holds the extra arguments, if the function may have changed it.
    fn vararg_source(&mut self) -> Option<Reg> {
        let local = self.source.vararg_table(self.info)?;
        let slot = self.places.slots[local];
        if !self.source.names.locals[local].captured {
            return Some(Reg(slot));
        }
        let mark = self.free;
        let table = Reg(self.reserve(1));
        self.emit(Op::GetCell {
            dst: table,
            cell: Reg(slot),
        });
        self.mark(table.0);
        self.release(mark);
        Some(table)
    }

    /// A call whose callee, or receiver, is evaluated; `mark` was the first free slot before.
    pub(super) fn finish_call(&mut self, node: ExprId, left: ExprId, value: Operand, mark: u16, results: Results) {
        let chunk = self.source.chunk;
        let (args, callee_name, fixed) = match &chunk.exprs[node] {
            Expr::Call { args, .. } => {
                self.on_top(value, mark);
                self.reserve(1);
                (args, self.source.operand_name(self.func, left), 0)
            }
            Expr::MethodCall {
                method,
                method_line,
                args,
                ..
            } => {
                let object = self.in_slot(value);
                self.at(*method_line);
                self.look_up_method(mark, object, left, *method);
                (args, Some(self.method_name(*method)), 1)
            }
            other => unreachable!("{other:?} is no call"),
        };
        let window = Reg(mark);
        let open = self.arguments(args);
        let count = Count((fixed + args.len() - usize::from(open)) as u16);
        let place = crate::pool::place(chunk, node, &mut self.line);
        self.at_place(place.line, place.column);
        let op = match results {
            Results::Tail if open => Op::TailCallOpen { window, args: count },
            Results::Tail => Op::TailCall { window, args: count },
            Results::None if !open => Op::Call0 { window, args: count },
            Results::One(want) if !open => Op::Call {
                window,
                args: count,
                dst: Reg(want.unwrap_or(mark)),
            },
            results => {
                let results = match results {
                    Results::None => ResultCount(0),
                    Results::One(_) => ResultCount(1),
                    Results::Many(count) => ResultCount(count),
                    Results::Open | Results::Tail => ResultCount::OPEN,
                };
                match open {
                    true => Op::CallOpen {
                        window,
                        args: count,
                        results,
                    },
                    false => Op::CallN {
                        window,
                        args: count,
                        results,
                    },
                }
            }
        };
        self.emit(op);
        self.name(0, callee_name);
        self.release(mark);
        match results {
            Results::One(None) => {
                let slot = self.reserve(1);
                self.mark(slot);
            }
            Results::One(Some(slot)) => {
                if open {
                    let given = self.reserve(1);
                    self.mark(given);
                    self.move_to(slot, given);
                    self.release(mark);
                }
                self.mark(slot);
            }
            Results::Many(count) => {
                let first = self.reserve(count);
                (first..first + count).for_each(|slot| self.mark(slot));
            }
            Results::None | Results::Open | Results::Tail => {}
        }
    }

    fn method_name(&mut self, method: perilune_frontend::NameId) -> Named {
        let index = self.constant(Constant::String(method)) as usize;
        let as_field = index >= METHOD_CONSTANTS || self.source.bytes(method).len() > METHOD_LENGTH;
        self.source.method_name(method, as_field)
    }

    /// Fills callee and first argument of the window at `mark` by a method lookup.
    fn look_up_method(&mut self, mark: u16, object: u16, object_expr: ExprId, method: perilune_frontend::NameId) {
        // The window begins at `mark`, where the object itself may be.
        if self.free < mark + 3 {
            self.reserve(mark + 3 - self.free);
        }
        let window = Reg(mark);
        match self.short_constant(Constant::String(method)) {
            Some(key) => {
                let (cache, holder) = (Cache::EMPTY, Cache::EMPTY);
                self.emit(Op::SelfField {
                    window,
                    object: Reg(object),
                    key,
                    cache,
                    holder,
                });
                self.name_expr(0, object_expr);
            }
            None => {
                let key = self.in_slot(Operand::Constant(Constant::String(method)));
                self.move_to(mark + 2, object);
                self.emit(Op::GetIndex {
                    dst: window,
                    table: Reg(mark + 2),
                    key: Reg(key),
                });
                self.name_expr(0, object_expr);
            }
        }
        self.release(mark + 3);
        self.mark(mark);
        self.set_live(mark + 1, false);
        self.mark(mark + 2);
    }

    /// Evaluates arguments into the next slots. Whether the last one is left open.
    fn arguments(&mut self, args: &[ExprId]) -> bool {
        for (i, &arg) in args.iter().enumerate() {
            if i + 1 == args.len() && self.source.is_multi(arg) {
                self.multi(arg, Results::Open);
                return true;
            }
            self.next(arg);
        }
        false
    }

    /// Evaluates a list of expressions to so many values in the next slots.
    pub(super) fn list(&mut self, values: &[ExprId], want: usize) {
        for (i, &value) in values.iter().enumerate() {
            let last = i + 1 == values.len();
            if last && self.source.is_multi(value) {
                let missing = want.saturating_sub(i);
                self.multi(
                    value,
                    if missing == 0 {
                        Results::None
                    } else {
                        Results::Many(missing as u16)
                    },
                );
                return;
            }
            let mark = self.free;
            self.next(value);
            if i >= want {
                self.release(mark);
            }
        }
        if want > values.len() {
            self.nils((want - values.len()) as u16);
        }
    }

    /// Puts so many nils into the next slots.
    pub(super) fn nils(&mut self, count: u16) {
        let first = self.reserve(count);
        match count {
            1 => self.emit(Op::LoadNil { dst: Reg(first) }),
            _ => self.emit(Op::LoadNils {
                first: Reg(first),
                count: Count(count),
            }),
        }
        (first..first + count).for_each(|slot| self.mark(slot));
    }

    /// Key and object of a target that is a field, each in a place that later code leaves alone.
    pub(super) fn target_key(&mut self, target: ExprId) -> Option<(ExprId, u16, Key)> {
        let chunk = self.source.chunk;
        match chunk.exprs[target] {
            Expr::Field { object, name } => {
                let table = self.any(object);
                Some((object, table, self.field_key(name)))
            }
            Expr::Index { object, key } => {
                let table = self.any(object);
                Some((object, table, self.index_key(key)))
            }
            _ => None,
        }
    }
}
