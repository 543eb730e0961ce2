//! Types: which tags a value may have, by forward data flow.
//!
//! Every value starts with no tag; tags only ever grow, so the work list settles after at most as many
//! steps per value as there are tags. Loop counters come out as exact integers: the parameter of the
//! body joins what `for_prep` and `for_loop` say, and both keep integers.

use crate::op::{BinOp, CmpOp, Effects, Op, UnOp};
use crate::{Cfg, Function, Inst, Places, Uses, Value};
use std::fmt;

/// A set of tags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Type(u16);

impl Type {
    /// No value at all: unreachable, or not known yet.
    pub const NONE: Type = Type(0);
    /// nil
    pub const NIL: Type = Type(1);
    /// false
    pub const FALSE: Type = Type(2);
    /// true
    pub const TRUE: Type = Type(4);
    /// Booleans.
    pub const BOOL: Type = Type(6);
    /// Integers.
    pub const INT: Type = Type(8);
    /// Floats.
    pub const FLOAT: Type = Type(16);
    /// Integers and floats.
    pub const NUMBER: Type = Type(24);
    /// Strings.
    pub const STRING: Type = Type(32);
    /// Tables.
    pub const TABLE: Type = Type(64);
    /// Functions.
    pub const FUNCTION: Type = Type(128);
    /// What only the embedder makes: userdata, and coroutines.
    pub const OTHER: Type = Type(256);
    /// The cell of a captured variable, which is no Lua value.
    pub const CELL: Type = Type(512);
    /// Any Lua value.
    pub const ANY: Type = Type(511);

    /// Tags of either.
    #[must_use]
    pub const fn union(self, other: Type) -> Type {
        Type(self.0 | other.0)
    }

    /// Tags of both.
    #[must_use]
    pub const fn intersection(self, other: Type) -> Type {
        Type(self.0 & other.0)
    }

    /// Whether a value of this type always is of type `other`. Nothing is known of `NONE`: false.
    pub const fn is(self, other: Type) -> bool {
        self.0 != 0 && self.0 & !other.0 == 0
    }

    /// Whether a value of this type may be of type `other`.
    pub const fn may_be(self, other: Type) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether conditions take the value as true (`Some(true)`) or false, if that is known.
    pub const fn truthiness(self) -> Option<bool> {
        let falsy = Type::NIL.union(Type::FALSE);
        if self.0 == 0 {
            None
        } else if !self.may_be(falsy) {
            Some(true)
        } else if self.is(falsy) {
            Some(false)
        } else {
            None
        }
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Type, &str); 12] = [
            (Type::ANY, "any"),
            (Type::NUMBER, "number"),
            (Type::BOOL, "bool"),
            (Type::NIL, "nil"),
            (Type::FALSE, "false"),
            (Type::TRUE, "true"),
            (Type::INT, "int"),
            (Type::FLOAT, "float"),
            (Type::STRING, "string"),
            (Type::TABLE, "table"),
            (Type::FUNCTION, "function"),
            (Type::OTHER, "other"),
        ];
        if *self == Type::NONE {
            return f.write_str("none");
        }
        let mut left = *self;
        let mut separator = "";
        for (tags, name) in NAMES.into_iter().chain([(Type::CELL, "cell")]) {
            if left.0 & tags.0 == tags.0 {
                write!(f, "{separator}{name}")?;
                separator = "|";
                left = Type(left.0 & !tags.0);
            }
        }
        Ok(())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The types of a function's values, as they were when computed.
#[derive(Clone, Debug)]
pub struct Types {
    types: Vec<Type>,
}

impl Types {
    /// Computes the types of all values in reachable blocks.
    pub fn new(func: &Function) -> Types {
        let cfg = Cfg::new(func);
        let uses = Uses::new(func);
        let mut types = Types {
            types: vec![Type::NONE; func.value_bound()],
        };
        let mut work = Work {
            list: Vec::new(),
            queued: vec![false; func.inst_bound()],
        };
        if let Some(&entry) = cfg.rpo().first() {
            for &param in func.params(entry) {
                types.types[param.index()] = Type::ANY;
            }
        }
        for &block in cfg.rpo().iter().rev() {
            for &inst in func.insts(block).iter().rev() {
                work.push(inst);
            }
        }
        let places = Places::new(func);
        let reachable = |inst| places.get(inst).is_some_and(|(block, _)| cfg.is_reachable(block));
        let mut grown = Vec::new();
        while let Some(inst) = work.pop() {
            types.visit(func, inst, &mut grown);
            for value in grown.drain(..) {
                for &user in uses.of(value) {
                    if reachable(user) {
                        work.push(user);
                    }
                }
            }
        }
        types
    }

    /// The type of a value.
    pub fn get(&self, value: Value) -> Type {
        self.types.get(value.index()).copied().unwrap_or(Type::ANY)
    }

    /// What an instruction may do, given the types of its operands.
    pub fn effects(&self, func: &Function, inst: Inst) -> Effects {
        let op = func.op(inst);
        let args = func.args(inst);
        match (op, args) {
            (Op::Unary(op), &[x]) => unary_effects(op, self.get(x)),
            (Op::Binary(op), &[x, y]) => binary_effects(func, op, y, self.get(x), self.get(y)),
            (Op::Compare(op), &[x, y]) => compare_effects(op, self.get(x), self.get(y)),
            // A long result may exceed the limit of strings.
            (Op::Concat, args)
                if args
                    .iter()
                    .all(|&arg| self.get(arg).is(Type::NUMBER.union(Type::STRING))) =>
            {
                Effects::RAISE.union(Effects::ALLOC)
            }
            (Op::CheckGlobal(_), &[x]) if self.get(x).is(Type::NIL) => Effects::PURE,
            _ => func.effects(inst),
        }
    }

    fn visit(&mut self, func: &Function, inst: Inst, grown: &mut Vec<Value>) {
        let results = self.results(func, inst);
        for (at, &value) in func.results(inst).iter().enumerate() {
            self.grow(value, results.get(at), grown);
        }
        for (to, args) in func.edges(inst) {
            for (&param, &arg) in func.params(to).iter().zip(args) {
                self.grow(param, self.get(arg), grown);
            }
        }
    }

    fn grow(&mut self, value: Value, tags: Type, grown: &mut Vec<Value>) {
        let known = &mut self.types[value.index()];
        if known.union(tags) != *known {
            *known = known.union(tags);
            grown.push(value);
        }
    }

    fn results(&self, func: &Function, inst: Inst) -> Results {
        let args = func.args(inst);
        let arg = |at: usize| self.get(args[at]);
        let one = Results::all;
        match func.op(inst) {
            Op::Nil => one(Type::NIL),
            Op::True => one(Type::TRUE),
            Op::False => one(Type::FALSE),
            Op::Int(_) => one(Type::INT),
            Op::Float(_) => one(Type::FLOAT),
            Op::Str(_) => one(Type::STRING),
            Op::Copy => one(arg(0)),
            Op::Unary(op) => one(unary_type(op, arg(0))),
            Op::Binary(op) => one(binary_type(op, arg(0), arg(1))),
            Op::Compare(_) => one(Type::BOOL),
            Op::Concat => one(concat_type(args.iter().map(|&arg| self.get(arg)))),
            Op::NewCell => one(Type::CELL),
            Op::Closure { .. } => one(Type::FUNCTION),
            Op::NewTable { .. } | Op::VarargTable => one(Type::TABLE),
            Op::SelfField(_) => Results([Type::ANY, arg(0), Type::NONE]),
            Op::ForPrep => {
                let control = counter_type(arg(0), arg(2));
                Results([control, control, control])
            }
            Op::ForLoop => Results([counter_type(arg(0), arg(2)), arg(1), Type::NONE]),
            _ => one(Type::ANY),
        }
    }
}

/// The types of up to three results; of more, all have the first.
struct Results([Type; 3]);

impl Results {
    fn all(tags: Type) -> Results {
        Results([tags; 3])
    }

    fn get(&self, at: usize) -> Type {
        self.0.get(at).copied().unwrap_or(self.0[0])
    }
}

struct Work {
    list: Vec<Inst>,
    queued: Vec<bool>,
}

impl Work {
    fn push(&mut self, inst: Inst) {
        if !std::mem::replace(&mut self.queued[inst.index()], true) {
            self.list.push(inst);
        }
    }

    fn pop(&mut self) -> Option<Inst> {
        let inst = self.list.pop()?;
        self.queued[inst.index()] = false;
        Some(inst)
    }
}

fn unary_type(op: UnOp, x: Type) -> Type {
    if x == Type::NONE {
        return Type::NONE;
    }
    match op {
        UnOp::Not => match x.truthiness() {
            Some(true) => Type::FALSE,
            Some(false) => Type::TRUE,
            None => Type::BOOL,
        },
        UnOp::Unm if x.is(Type::NUMBER) => x,
        UnOp::BNot if x.is(Type::NUMBER) => Type::INT,
        UnOp::Len if x.is(Type::STRING) => Type::INT,
        UnOp::Unm | UnOp::BNot | UnOp::Len => Type::ANY,
    }
}

fn binary_type(op: BinOp, x: Type, y: Type) -> Type {
    if x == Type::NONE || y == Type::NONE {
        return Type::NONE;
    }
    // Strings convert to numbers through metamethods, which scripts may replace.
    if !x.is(Type::NUMBER) || !y.is(Type::NUMBER) {
        return Type::ANY;
    }
    match op {
        BinOp::Div | BinOp::Pow => Type::FLOAT,
        BinOp::BAnd | BinOp::BOr | BinOp::BXor | BinOp::Shl | BinOp::Shr => Type::INT,
        BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Mod | BinOp::IDiv => mixed_type(x, y),
    }
}

/// The type of an operation that gives an integer on integers, and a float otherwise.
fn mixed_type(x: Type, y: Type) -> Type {
    let mut tags = Type::NONE;
    if x.may_be(Type::INT) && y.may_be(Type::INT) {
        tags = tags.union(Type::INT);
    }
    if x.may_be(Type::FLOAT) || y.may_be(Type::FLOAT) {
        tags = tags.union(Type::FLOAT);
    }
    tags
}

fn concat_type(mut args: impl Iterator<Item = Type>) -> Type {
    let text = Type::NUMBER.union(Type::STRING);
    let mut known = true;
    if args.any(|arg| {
        known &= arg != Type::NONE;
        known && !arg.is(text)
    }) {
        return Type::ANY;
    }
    if known { Type::STRING } else { Type::NONE }
}

/// A loop counts in integers if its start and step are integers, in floats if one is a float; what is
/// no number raises an error.
fn counter_type(init: Type, step: Type) -> Type {
    mixed_type(init.intersection(Type::NUMBER), step.intersection(Type::NUMBER))
}

fn unary_effects(op: UnOp, x: Type) -> Effects {
    match op {
        UnOp::Not => Effects::PURE,
        UnOp::Unm if x.is(Type::NUMBER) => Effects::PURE,
        UnOp::BNot if x.is(Type::INT) => Effects::PURE,
        // A float may have no integer representation.
        UnOp::BNot if x.is(Type::NUMBER) => Effects::RAISE,
        UnOp::Len if x.is(Type::STRING) => Effects::PURE,
        UnOp::Unm | UnOp::BNot | UnOp::Len => Effects::ANY,
    }
}

fn binary_effects(func: &Function, op: BinOp, divisor: Value, x: Type, y: Type) -> Effects {
    if !x.is(Type::NUMBER) || !y.is(Type::NUMBER) {
        return Effects::ANY;
    }
    match op {
        BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Pow => Effects::PURE,
        BinOp::Mod | BinOp::IDiv => {
            let float = x.is(Type::FLOAT) || y.is(Type::FLOAT);
            let nonzero =
                matches!(func.def_inst(divisor).map(|inst| func.op(inst)), Some(Op::Int(value)) if value != 0);
            if float || nonzero {
                Effects::PURE
            } else {
                Effects::RAISE
            }
        }
        BinOp::BAnd | BinOp::BOr | BinOp::BXor | BinOp::Shl | BinOp::Shr => {
            if x.is(Type::INT) && y.is(Type::INT) {
                Effects::PURE
            } else {
                Effects::RAISE
            }
        }
    }
}

fn compare_effects(op: CmpOp, x: Type, y: Type) -> Effects {
    // Only two tables or two userdata are asked for `__eq`.
    let has_eq = Type::TABLE.union(Type::OTHER);
    let pure = match op {
        CmpOp::Eq => x != Type::NONE && y != Type::NONE && !x.intersection(y).may_be(has_eq),
        CmpOp::Lt | CmpOp::Le => x.is(Type::NUMBER) && y.is(Type::NUMBER) || x.is(Type::STRING) && y.is(Type::STRING),
    };
    if pure { Effects::PURE } else { Effects::ANY }
}
