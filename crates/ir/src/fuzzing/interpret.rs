//! What a function does, as far as passes must not change it: a trace of its effects.
//!
//! Numbers, booleans and control flow are computed; what calls, reads or allocates gives made-up
//! values that depend only on what was traced before.

use crate::opt::Constant;
use crate::{Block, CmpOp, EdgeRef, Function, Inst, Op, UnOp, Value};
use perilune_lang::{ArithOp, Num, arith, num_eq, num_le, num_lt};

const MAX_STEPS: usize = 2000;

/// What happened, in order, and whether the function ended within the allowed steps.
#[derive(Debug, PartialEq)]
pub(super) struct Trace {
    events: Vec<String>,
    ended: bool,
}

impl Trace {
    /// Whether two traces are equal as far as both go.
    pub(super) fn agrees(&self, other: &Trace) -> bool {
        let common = self.events.len().min(other.events.len());
        match (self.ended, other.ended) {
            (true, true) => self.events == other.events,
            (true, false) if other.events.len() > common => false,
            (false, true) if self.events.len() > common => false,
            _ => self.events[..common] == other.events[..common],
        }
    }
}

/// A run-time value.
#[derive(Clone, Debug, PartialEq)]
enum Run {
    Nil,
    Bool(bool),
    Int(i64),
    /// By bits: NaN is equal to itself here.
    Float(u64),
    Str(Vec<u8>),
    /// Something in the heap: its kind, and how much was traced when it was made.
    Object(&'static str, usize),
}

impl Run {
    fn is_truthy(&self) -> bool {
        !matches!(self, Run::Nil | Run::Bool(false))
    }

    fn num(&self) -> Option<Num> {
        match *self {
            Run::Int(value) => Some(Num::Int(value)),
            Run::Float(bits) => Some(Num::Float(f64::from_bits(bits))),
            _ => None,
        }
    }

    fn from_num(num: Num) -> Run {
        match num {
            Num::Int(value) => Run::Int(value),
            // Which NaN an operation gives is not specified.
            Num::Float(value) if value.is_nan() => Run::Float(f64::NAN.to_bits()),
            Num::Float(value) => Run::Float(value.to_bits()),
        }
    }
}

struct Machine<'f> {
    func: &'f Function,
    values: Vec<Run>,
    trace: Trace,
}

enum Next {
    Block(Block),
    End,
}

pub(super) fn run(func: &Function) -> Trace {
    let values = vec![Run::Nil; func.value_bound()];
    let mut machine = Machine {
        func,
        values,
        trace: Trace {
            events: Vec::new(),
            ended: false,
        },
    };
    for &param in func.params(func.entry()) {
        machine.values[param.index()] = Run::Int(3);
    }
    let mut block = func.entry();
    let mut steps = 0;
    'blocks: loop {
        for &inst in func.insts(block) {
            steps += 1;
            if steps > MAX_STEPS {
                return machine.trace;
            }
            match machine.step(inst) {
                None => {}
                Some(Next::Block(next)) => {
                    block = next;
                    continue 'blocks;
                }
                Some(Next::End) => break 'blocks,
            }
        }
    }
    machine.trace.ended = true;
    machine.trace
}

impl Machine<'_> {
    fn get(&self, value: Value) -> &Run {
        &self.values[value.index()]
    }

    fn event(&mut self, inst: Inst) {
        let func = self.func;
        // Arguments only: ids of strings and values are not what a program sees.
        let mut text = crate::text::mnemonic(&func.op(inst)).to_owned();
        for &arg in func.args(inst) {
            text.push_str(&format!(" {:?}", self.get(arg)));
        }
        self.trace.events.push(text);
    }

    /// A value that depends on what happened so far and on `salt`.
    fn made_up(&self, salt: usize) -> Run {
        let count = self.trace.events.len();
        match (count * 7 + salt * 3) % 6 {
            0 => Run::Nil,
            1 => Run::Bool(count.is_multiple_of(2)),
            2 => Run::Int(count as i64 % 3),
            3 => Run::Float((count as f64 / 2.0).to_bits()),
            4 => Run::Str(b"10".to_vec()),
            _ => Run::Object("made up", count),
        }
    }

    fn effect(&mut self, inst: Inst) -> Option<Next> {
        self.event(inst);
        for (at, &result) in self.func.results(inst).iter().enumerate() {
            self.values[result.index()] = self.made_up(at);
        }
        None
    }

    fn fail(&mut self, inst: Inst) -> Option<Next> {
        self.event(inst);
        self.trace.events.push("error".to_owned());
        Some(Next::End)
    }

    fn set(&mut self, inst: Inst, run: Run) -> Option<Next> {
        self.values[self.func.result(inst).index()] = run;
        None
    }

    fn go(&mut self, inst: Inst, succ: u32) -> Option<Next> {
        let edge = EdgeRef { inst, succ };
        let to = self.func.edge_target(edge);
        let args: Vec<Run> = self
            .func
            .edge_args(edge)
            .iter()
            .map(|&arg| self.get(arg).clone())
            .collect();
        for (&param, arg) in self.func.params(to).iter().zip(args) {
            self.values[param.index()] = arg;
        }
        Some(Next::Block(to))
    }

    fn step(&mut self, inst: Inst) -> Option<Next> {
        let func = self.func;
        let op = func.op(inst);
        let args: Vec<Run> = func.args(inst).iter().map(|&arg| self.get(arg).clone()).collect();
        if let Some(constant) = Constant::of(op) {
            let run = match constant {
                Constant::Nil => Run::Nil,
                Constant::Bool(value) => Run::Bool(value),
                Constant::Int(value) => Run::Int(value),
                Constant::Float(value) => Run::Float(value.0),
                Constant::Str(id) => Run::Str(func.str(id).to_vec()),
            };
            return self.set(inst, run);
        }
        match op {
            Op::Copy => self.set(inst, args[0].clone()),
            Op::Unary(UnOp::Not) => self.set(inst, Run::Bool(!args[0].is_truthy())),
            Op::Unary(UnOp::Unm) => self.arith(inst, ArithOp::Unm, &args[0], &args[0]),
            Op::Unary(UnOp::BNot) => self.arith(inst, ArithOp::BNot, &args[0], &args[0]),
            Op::Unary(UnOp::Len) => match &args[0] {
                Run::Str(bytes) => self.set(inst, Run::Int(bytes.len() as i64)),
                _ => self.effect(inst),
            },
            Op::Binary(op) => self.arith(inst, op.arith(), &args[0], &args[1]),
            Op::Compare(op) => self.compare(inst, op, &args[0], &args[1]),
            Op::Concat if args.iter().all(|arg| arg.num().is_some() || matches!(arg, Run::Str(_))) => {
                self.event(inst);
                self.set(inst, Run::Str(b"joined".to_vec()))
            }
            Op::VarargFrom | Op::VarargFromOpen => self.effect(inst),
            Op::GetUpvalue(_) if func.is_fixed_read(inst) => self.set(inst, Run::Object("fixed", 0)),
            Op::GetUpvalue(_) | Op::GetCell | Op::Vararg | Op::VarargOpen | Op::GetVararg => {
                for (at, &result) in func.results(inst).iter().enumerate() {
                    self.values[result.index()] = self.made_up(at + 5);
                }
                None
            }
            Op::NewCell => self.set(inst, Run::Object("cell", self.trace.events.len())),
            Op::Closure { .. } => self.set(inst, Run::Object("function", self.trace.events.len())),
            Op::NewTable { .. } => self.set(inst, Run::Object("table", self.trace.events.len())),
            Op::SelfField(_) => {
                self.event(inst);
                let results = func.results(inst);
                self.values[results[0].index()] = self.made_up(0);
                self.values[results[1].index()] = args[0].clone();
                None
            }
            Op::LocalStart(_) | Op::LocalEnd(_) => None,
            Op::Jump => self.go(inst, 0),
            Op::Branch => self.go(inst, if args[0].is_truthy() { 0 } else { 1 }),
            Op::BranchNil => self.go(inst, if args[0] == Run::Nil { 0 } else { 1 }),
            Op::ForPrep => self.for_prep(inst, &args),
            Op::ForLoop => self.for_loop(inst, &args),
            Op::Return | Op::TailCall => {
                self.event(inst);
                Some(Next::End)
            }
            _ => self.effect(inst),
        }
    }

    fn arith(&mut self, inst: Inst, op: ArithOp, x: &Run, y: &Run) -> Option<Next> {
        match (x.num(), y.num()) {
            (Some(x), Some(y)) => match arith(op, x, y) {
                Ok(num) => self.set(inst, Run::from_num(num)),
                Err(_) => self.fail(inst),
            },
            _ => self.effect(inst),
        }
    }

    fn compare(&mut self, inst: Inst, op: CmpOp, x: &Run, y: &Run) -> Option<Next> {
        let result = match (op, x.num(), y.num()) {
            (CmpOp::Eq, Some(x), Some(y)) => num_eq(x, y),
            (CmpOp::Lt, Some(x), Some(y)) => num_lt(x, y),
            (CmpOp::Le, Some(x), Some(y)) => num_le(x, y),
            (CmpOp::Eq, ..) if !matches!((x, y), (Run::Object(..), Run::Object(..))) => x == y,
            _ => match (x, y) {
                (Run::Str(x), Run::Str(y)) if op == CmpOp::Lt => x < y,
                (Run::Str(x), Run::Str(y)) => x <= y,
                (Run::Object(a, _), Run::Object(b, _)) if op == CmpOp::Eq && !may_share_eq(a, b) => false,
                _ => {
                    self.event(inst);
                    return self.set(inst, Run::Bool(self.trace.events.len().is_multiple_of(2)));
                }
            },
        };
        self.set(inst, Run::Bool(result))
    }

    /// Three rounds, whatever the bounds: passes know no more of the count.
    fn for_prep(&mut self, inst: Inst, args: &[Run]) -> Option<Next> {
        let (Some(init), Some(_), Some(step)) = (args[0].num(), args[1].num(), args[2].num()) else {
            return self.fail(inst);
        };
        let (index, count, step) = match (init, step) {
            (Num::Int(init), Num::Int(step)) => (Num::Int(init), Num::Int(3), Num::Int(step)),
            _ => (
                Num::Float(init.to_float()),
                Num::Float(3.0),
                Num::Float(step.to_float()),
            ),
        };
        for (at, num) in [index, count, step].into_iter().enumerate() {
            self.values[self.func.results(inst)[at].index()] = Run::from_num(num);
        }
        self.go(inst, if init.to_float() == 2.0 { 1 } else { 0 })
    }

    fn for_loop(&mut self, inst: Inst, args: &[Run]) -> Option<Next> {
        let sum = |x: &Run, y: Num| arith(ArithOp::Add, x.num().expect("a number"), y).expect("a sum");
        let step = args[2].num().expect("a number");
        let (index, count) = (sum(&args[0], step), sum(&args[1], Num::Int(-1)));
        let results = self.func.results(inst);
        self.values[results[0].index()] = Run::from_num(index);
        self.values[results[1].index()] = Run::from_num(count);
        self.go(inst, if count.to_float() > 0.0 { 0 } else { 1 })
    }
}

/// Whether objects of these kinds may be asked for `__eq`.
fn may_share_eq(a: &str, b: &str) -> bool {
    let table = |kind| matches!(kind, "table" | "made up");
    table(a) && table(b)
}
