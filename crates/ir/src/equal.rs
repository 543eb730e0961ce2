//! Equality of functions up to the numbers of ids.

use crate::{Block, Function, Inst, Op, StrId, Value};

impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        Matching::new(self, other).is_some_and(|matching| matching.uses_equal())
    }
}

impl Eq for Function {}

/// Which entities of two functions stand at the same places.
struct Matching<'f> {
    left: &'f Function,
    right: &'f Function,
    blocks: Vec<Option<Block>>,
    values: Vec<Option<Value>>,
}

impl<'f> Matching<'f> {
    /// Pairs blocks, parameters and results in layout order; none if their shapes differ.
    fn new(left: &'f Function, right: &'f Function) -> Option<Matching<'f>> {
        let headers_equal = left.name == right.name
            && (left.line_defined, left.last_line, left.vararg) == (right.line_defined, right.last_line, right.vararg)
            && left.blocks().len() == right.blocks().len()
            && left.locals().len() == right.locals().len()
            && left.upvalues().len() == right.upvalues().len();
        if !headers_equal {
            return None;
        }
        let mut matching = Matching {
            left,
            right,
            blocks: vec![None; left.block_bound()],
            values: vec![None; left.value_bound()],
        };
        for (a, b) in left.blocks().zip(right.blocks()) {
            matching.blocks[a.index()] = Some(b);
            matching.pair_values(left.params(a), right.params(b))?;
            if left.insts(a).len() != right.insts(b).len() {
                return None;
            }
            for (&a, &b) in left.insts(a).iter().zip(right.insts(b)) {
                matching.pair_values(left.results(a), right.results(b))?;
            }
        }
        Some(matching)
    }

    fn pair_values(&mut self, left: &[Value], right: &[Value]) -> Option<()> {
        if left.len() != right.len() {
            return None;
        }
        for (&a, &b) in left.iter().zip(right) {
            if self.left.value_kind(a) != self.right.value_kind(b) {
                return None;
            }
            self.values[a.index()] = Some(b);
        }
        Some(())
    }

    fn uses_equal(&self) -> bool {
        let (left, right) = (self.left, self.right);
        left.locals()
            .iter()
            .zip(right.locals())
            .all(|(&a, &b)| self.strings_equal(a, b))
            && left
                .upvalues()
                .iter()
                .zip(right.upvalues())
                .all(|(a, b)| a.kind == b.kind && a.fixed == b.fixed && self.strings_equal(a.name, b.name))
            && left.blocks().zip(right.blocks()).all(|(a, b)| {
                left.insts(a)
                    .iter()
                    .zip(right.insts(b))
                    .all(|(&a, &b)| self.insts_equal(a, b))
            })
    }

    fn insts_equal(&self, a: Inst, b: Inst) -> bool {
        let (left, right) = (self.left, self.right);
        left.loc(a) == right.loc(b)
            && self.ops_equal(a, b)
            && self.values_equal(left.args(a), right.args(b))
            && left.edges(a).len() == right.edges(b).len()
            && left
                .edges(a)
                .zip(right.edges(b))
                .all(|((to_a, args_a), (to_b, args_b))| {
                    self.blocks[to_a.index()] == Some(to_b) && self.values_equal(args_a, args_b)
                })
            && (0..left.args(a).len() as u32).all(|operand| {
                match (left.operand_name(a, operand), right.operand_name(b, operand)) {
                    (None, None) => true,
                    (Some(a), Some(b)) => a.kind == b.kind && self.strings_equal(a.name, b.name),
                    _ => false,
                }
            })
    }

    fn ops_equal(&self, a: Inst, b: Inst) -> bool {
        match (self.left.op(a), self.right.op(b)) {
            (Op::Int(a), Op::Int(b)) => a == b,
            (Op::Float(a), Op::Float(b)) => a == b,
            (Op::Str(a), Op::Str(b))
            | (Op::SelfField(a), Op::SelfField(b))
            | (Op::CheckGlobal(a), Op::CheckGlobal(b)) => self.strings_equal(a, b),
            (Op::Unary(a), Op::Unary(b)) => a == b,
            (Op::Binary(a), Op::Binary(b)) => a == b,
            (Op::Compare(a), Op::Compare(b)) => a == b,
            (Op::GetUpvalue(a), Op::GetUpvalue(b)) | (Op::SetUpvalue(a), Op::SetUpvalue(b)) => a == b,
            (Op::Closure { func: f, .. }, Op::Closure { func: g, .. }) => f == g && self.captures_equal(a, b),
            (Op::NewTable { array: a, record: r }, Op::NewTable { array: b, record: s }) => (a, r) == (b, s),
            (Op::GetGlobal { env: e, key: a }, Op::GetGlobal { env: f, key: b })
            | (Op::SetGlobal { env: e, key: a }, Op::SetGlobal { env: f, key: b }) => {
                e == f && self.strings_equal(a, b)
            }
            (Op::SetList { start: a }, Op::SetList { start: b }) => a == b,
            (Op::Tbc(a), Op::Tbc(b)) | (Op::Close(a), Op::Close(b)) => a == b,
            (Op::LocalStart(a), Op::LocalStart(b)) | (Op::LocalEnd(a), Op::LocalEnd(b)) => a == b,
            (a, b) => std::mem::discriminant(&a) == std::mem::discriminant(&b),
        }
    }

    fn captures_equal(&self, a: Inst, b: Inst) -> bool {
        use crate::Capture::{Cell, Upvalue};
        let same = |pair| match pair {
            (Upvalue(a), Upvalue(b)) => a == b,
            // Cells are operands, which are compared anyway.
            (Cell(_), Cell(_)) => true,
            _ => false,
        };
        self.left.captures(a).count() == self.right.captures(b).count()
            && self.left.captures(a).zip(self.right.captures(b)).all(same)
    }

    fn values_equal(&self, left: &[Value], right: &[Value]) -> bool {
        left.len() == right.len() && left.iter().zip(right).all(|(a, &b)| self.values[a.index()] == Some(b))
    }

    fn strings_equal(&self, a: StrId, b: StrId) -> bool {
        self.left.str(a) == self.right.str(b)
    }
}
