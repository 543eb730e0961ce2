//! The verifier. This text is the specification of well-formed functions.
//!
//! Blocks
//! - There is an entry block, and no edge leads to it; its parameters are those of the function.
//! - Each block ends in a terminator and contains no other.
//! - Each edge leads to a block of the layout, with one argument per parameter, of the parameter's kind.
//! - No parameter is an open list.
//!
//! Values
//! - Each value has one definition, which knows it.
//! - A definition dominates its uses. What a loop terminator defines exists from its first edge on: it
//!   may be an argument of that edge, and be used in blocks that the edge dominates. (In unreachable
//!   blocks any defined value may be used.)
//! - An instruction has as many operands and results as its operation wants, of the wanted kinds: cells
//!   for `get_cell`, the first operand of `set_cell`, and `closure`; Lua values for the rest. Only
//!   `local_start` takes either.
//! - An open list is used once: as the last operand of a call, return or `set_list` which is the next
//!   instruction in the same block, apart from debug instructions and `close` before a return.
//! - The results of `self_field` are the first two operands of one call and used by nothing else.
//! - Immediates name existing strings, upvalues, locals.
//!
//! Scopes
//! - Each scope has one `tbc`, which dominates every `close` of the scope.
//!
//! Critical edges are allowed; [`split_critical_edges`](crate::opt::split_critical_edges) removes them.

use crate::{Block, Cfg, Dominators, EdgeRef, Function, Inst, Op, Places, Scope, Value, ValueDef, ValueKind};
use indexmap::IndexMap;
use std::fmt;

/// One way in which a function is not well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message says what the fields are")]
pub enum VerifyError {
    NoEntry,
    EntryHasPredecessor { pred: Block },
    NoTerminator { block: Block },
    EarlyTerminator { inst: Inst },
    UnknownBlock { inst: Inst, block: Block },
    EdgeArgCount { edge: EdgeRef, wanted: usize, found: usize },
    EdgeArgKind { edge: EdgeRef, position: usize },
    OpenParam { block: Block, param: Value },
    EntryParamKind { param: Value },
    DefinedTwice { value: Value },
    WrongDefinition { value: Value },
    Undefined { inst: Inst, value: Value },
    NotDominated { inst: Inst, value: Value },
    OperandCount { inst: Inst, found: usize },
    ResultCount { inst: Inst, found: usize },
    OperandKind { inst: Inst, position: usize },
    ResultKind { inst: Inst, value: Value },
    CaptureCount { inst: Inst },
    OpenNotConsumed { inst: Inst },
    OpenUsedTwice { value: Value },
    SelfFieldUse { inst: Inst },
    UnknownEntity { inst: Inst },
    ScopeOpenedTwice { inst: Inst, scope: Scope },
    ScopeNotOpen { inst: Inst, scope: Scope },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use VerifyError::*;
        match *self {
            NoEntry => write!(f, "there is no entry block"),
            EntryHasPredecessor { pred } => write!(f, "{pred} leads to the entry block"),
            NoTerminator { block } => write!(f, "{block} does not end in a terminator"),
            EarlyTerminator { inst } => write!(f, "terminator {inst} is not the last of its block"),
            UnknownBlock { inst, block } => {
                write!(f, "{inst} leads to {block}, which is not in the layout")
            }
            EdgeArgCount { edge, wanted, found } => {
                write!(
                    f,
                    "edge {} of {} has {found} arguments for {wanted} parameters",
                    edge.succ, edge.inst
                )
            }
            EdgeArgKind { edge, position } => {
                write!(
                    f,
                    "argument {position} of edge {} of {} has another kind than its parameter",
                    edge.succ, edge.inst
                )
            }
            OpenParam { block, param } => write!(f, "parameter {param} of {block} is an open list"),
            EntryParamKind { param } => {
                write!(f, "parameter {param} of the function is no Lua value")
            }
            DefinedTwice { value } => write!(f, "{value} is defined twice"),
            WrongDefinition { value } => write!(f, "{value} does not know its definition"),
            Undefined { inst, value } => write!(f, "{inst} uses {value}, which has no definition"),
            NotDominated { inst, value } => write!(f, "{inst} uses {value}, whose definition does not dominate it"),
            OperandCount { inst, found } => write!(f, "{inst} has {found} operands"),
            ResultCount { inst, found } => write!(f, "{inst} has {found} results"),
            OperandKind { inst, position } => {
                write!(f, "operand {position} of {inst} has the wrong kind")
            }
            ResultKind { inst, value } => write!(f, "result {value} of {inst} has the wrong kind"),
            CaptureCount { inst } => write!(f, "captures and operands of {inst} differ"),
            OpenNotConsumed { inst } => write!(f, "the instruction after {inst} does not consume its open list"),
            OpenUsedTwice { value } => write!(f, "open list {value} is used more than once"),
            SelfFieldUse { inst } => write!(
                f,
                "the results of {inst} are not just callee and first argument of one call"
            ),
            UnknownEntity { inst } => write!(f, "{inst} names a string, upvalue or local that does not exist"),
            ScopeOpenedTwice { inst, scope } => write!(f, "{inst} opens {scope} again"),
            ScopeNotOpen { inst, scope } => write!(f, "{inst} closes {scope}, which no dominating instruction opens"),
        }
    }
}

/// Why a function is not well-formed: all errors found, in layout order by kind of rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyErrors(pub Vec<VerifyError>);

impl fmt::Display for VerifyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if at > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for VerifyErrors {}

/// Checks that a function is well-formed, in time near-linear in its size.
///
/// # Errors
/// All violations of the rules in this module's text. Rules about flow are only checked when those
/// about shape hold.
pub fn verify(func: &Function) -> Result<(), VerifyErrors> {
    let mut verifier = Verifier {
        func,
        errors: Vec::new(),
    };
    verifier.shape();
    if verifier.errors.is_empty() {
        verifier.flow();
    }
    if verifier.errors.is_empty() {
        Ok(())
    } else {
        Err(VerifyErrors(verifier.errors))
    }
}

struct Verifier<'f> {
    func: &'f Function,
    errors: Vec<VerifyError>,
}

impl Verifier<'_> {
    fn shape(&mut self) {
        let func = self.func;
        if func.blocks().len() == 0 {
            self.errors.push(VerifyError::NoEntry);
            return;
        }
        let mut in_layout = vec![false; func.block_bound()];
        for block in func.blocks() {
            in_layout[block.index()] = true;
        }
        self.definitions();
        for block in func.blocks() {
            if func.terminator(block).is_none() {
                self.errors.push(VerifyError::NoTerminator { block });
            }
            for (at, &inst) in func.insts(block).iter().enumerate() {
                if func.op(inst).is_terminator() && at + 1 != func.insts(block).len() {
                    self.errors.push(VerifyError::EarlyTerminator { inst });
                }
                self.operands(inst);
                self.immediates(inst);
                self.edges(block, inst, &in_layout);
            }
        }
    }

    fn definitions(&mut self) {
        let func = self.func;
        let mut defined = vec![false; func.value_bound()];
        let errors = &mut self.errors;
        let mut define = |value: Value, def: ValueDef| {
            if std::mem::replace(&mut defined[value.index()], true) {
                errors.push(VerifyError::DefinedTwice { value });
            } else if func.value_def(value) != def {
                errors.push(VerifyError::WrongDefinition { value });
            }
        };
        for block in func.blocks() {
            for (at, &param) in func.params(block).iter().enumerate() {
                define(param, ValueDef::Param(block, at as u32));
            }
            for &inst in func.insts(block) {
                for (at, &result) in func.results(inst).iter().enumerate() {
                    define(result, ValueDef::Result(inst, at as u32));
                }
            }
        }
        for block in func.blocks() {
            for &inst in func.insts(block) {
                func.for_each_use(inst, |value| {
                    if !defined[value.index()] {
                        self.errors.push(VerifyError::Undefined { inst, value });
                    }
                });
            }
            for &param in func.params(block) {
                match func.value_kind(param) {
                    ValueKind::Open => self.errors.push(VerifyError::OpenParam { block, param }),
                    ValueKind::Cell if block == func.entry() => self.errors.push(VerifyError::EntryParamKind { param }),
                    _ => {}
                }
            }
        }
    }

    fn operands(&mut self, inst: Inst) {
        let func = self.func;
        let (op, args) = (func.op(inst), func.args(inst));
        let (least, most) = op.arity();
        if args.len() < least || most.is_some_and(|most| args.len() > most) {
            self.errors.push(VerifyError::OperandCount {
                inst,
                found: args.len(),
            });
            return;
        }
        if op.result_count().is_some_and(|count| count != func.results(inst).len()) {
            self.errors.push(VerifyError::ResultCount {
                inst,
                found: func.results(inst).len(),
            });
        }
        for &value in func.results(inst) {
            if func.value_kind(value) != op.result_kind() {
                self.errors.push(VerifyError::ResultKind { inst, value });
            }
        }
        for (position, &arg) in args.iter().enumerate() {
            let kind = func.value_kind(arg);
            let right = match op {
                Op::GetCell | Op::Closure { .. } => kind == ValueKind::Cell,
                Op::SetCell if position == 0 => kind == ValueKind::Cell,
                Op::LocalStart(_) => kind != ValueKind::Open,
                _ => kind == ValueKind::Lua || kind == ValueKind::Open && op.takes_open() && position + 1 == args.len(),
            };
            // The first operand of a call or `set_list` is no list.
            let right = right && !(kind == ValueKind::Open && position == 0 && !matches!(op, Op::Return));
            if !right {
                self.errors.push(VerifyError::OperandKind { inst, position });
            }
        }
    }

    fn immediates(&mut self, inst: Inst) {
        let func = self.func;
        let upvalue = |upvalue: crate::Upvalue| upvalue.index() < func.upvalues().len();
        let string = |id: crate::StrId| id.index() < func.string_count();
        let known = match func.op(inst) {
            Op::Str(id) | Op::SelfField(id) | Op::CheckGlobal(id) => string(id),
            Op::GetUpvalue(id) | Op::SetUpvalue(id) => upvalue(id),
            Op::GetGlobal { env, key } | Op::SetGlobal { env, key } => upvalue(env) && string(key),
            Op::LocalStart(local) | Op::LocalEnd(local) => local.index() < func.locals().len(),
            Op::Closure { captures, .. } => {
                if func.captured_cells(captures) != func.args(inst).len() {
                    self.errors.push(VerifyError::CaptureCount { inst });
                    return;
                }
                func.captures(inst).all(|capture| match capture {
                    crate::Capture::Upvalue(id) => upvalue(id),
                    crate::Capture::Cell(_) => true,
                })
            }
            _ => true,
        };
        if !known {
            self.errors.push(VerifyError::UnknownEntity { inst });
        }
    }

    fn edges(&mut self, block: Block, inst: Inst, in_layout: &[bool]) {
        let func = self.func;
        for (succ, (to, args)) in func.edges(inst).enumerate() {
            let edge = EdgeRef {
                inst,
                succ: succ as u32,
            };
            if to.index() >= in_layout.len() || !in_layout[to.index()] {
                self.errors.push(VerifyError::UnknownBlock { inst, block: to });
                continue;
            }
            if to == func.entry() {
                self.errors.push(VerifyError::EntryHasPredecessor { pred: block });
            }
            let params = func.params(to);
            if params.len() != args.len() {
                self.errors.push(VerifyError::EdgeArgCount {
                    edge,
                    wanted: params.len(),
                    found: args.len(),
                });
                continue;
            }
            for (position, (&param, &arg)) in params.iter().zip(args).enumerate() {
                if func.value_kind(param) != func.value_kind(arg) {
                    self.errors.push(VerifyError::EdgeArgKind { edge, position });
                }
            }
        }
    }

    fn flow(&mut self) {
        let func = self.func;
        let cfg = Cfg::new(func);
        let dominators = Dominators::new(func, &cfg);
        let flow = Flow {
            func,
            cfg,
            dominators,
            places: Places::new(func),
        };
        for block in func.blocks() {
            for (at, &inst) in func.insts(block).iter().enumerate() {
                let place = (block, at as u32);
                for &value in func.args(inst) {
                    if !flow.available(value, place, None) {
                        self.errors.push(VerifyError::NotDominated { inst, value });
                    }
                }
                for (succ, (_, args)) in func.edges(inst).enumerate() {
                    for &value in args {
                        let edge = EdgeRef {
                            inst,
                            succ: succ as u32,
                        };
                        if !flow.available(value, place, Some(edge)) {
                            self.errors.push(VerifyError::NotDominated { inst, value });
                        }
                    }
                }
            }
        }
        self.open_lists();
        self.self_fields();
        self.scopes(&flow);
    }

    fn open_lists(&mut self) {
        let func = self.func;
        let mut uses = IndexMap::new();
        for block in func.blocks() {
            for &inst in func.insts(block) {
                func.for_each_use(inst, |value| {
                    if func.value_kind(value) == ValueKind::Open {
                        *uses.entry(value).or_insert(0) += 1;
                    }
                });
            }
        }
        for (&value, &count) in &uses {
            if count > 1 {
                self.errors.push(VerifyError::OpenUsedTwice { value });
            }
        }
        for block in func.blocks() {
            let mut open = None;
            let mut closed = false;
            for &inst in func.insts(block) {
                let op = func.op(inst);
                if op.is_debug() {
                    continue;
                }
                if let Some(producer) = open {
                    if matches!(op, Op::Close(_)) {
                        closed = true;
                        continue;
                    }
                    let consumes = func.args(inst).last() == Some(&func.result(producer));
                    if !consumes || closed && !matches!(op, Op::Return) {
                        self.errors.push(VerifyError::OpenNotConsumed { inst: producer });
                    }
                }
                open = (op.result_kind() == ValueKind::Open).then_some(inst);
                closed = false;
            }
            if let Some(producer) = open {
                self.errors.push(VerifyError::OpenNotConsumed { inst: producer });
            }
        }
    }

    fn self_fields(&mut self) {
        let func = self.func;
        // The calls that use the results of each `self_field` rightly, and the number of all uses.
        let mut uses: IndexMap<Inst, (Option<Inst>, u32)> = IndexMap::new();
        for block in func.blocks() {
            for &inst in func.insts(block) {
                if matches!(func.op(inst), Op::SelfField(_)) {
                    uses.entry(inst).or_default();
                }
                func.for_each_use(inst, |value| {
                    if let Some(def) = func.def_inst(value)
                        && matches!(func.op(def), Op::SelfField(_))
                    {
                        uses.entry(def).or_default().1 += 1;
                    }
                });
                if let (Op::Call | Op::CallOpen | Op::TailCall, [callee, object, ..]) = (func.op(inst), func.args(inst))
                    && let Some(def) = func.def_inst(*callee)
                    && func.results(def) == [*callee, *object]
                    && matches!(func.op(def), Op::SelfField(_))
                {
                    uses.entry(def).or_default().0 = Some(inst);
                }
            }
        }
        for (&inst, &(call, count)) in &uses {
            if call.is_none() || count != 2 {
                self.errors.push(VerifyError::SelfFieldUse { inst });
            }
        }
    }

    fn scopes(&mut self, flow: &Flow<'_>) {
        let func = self.func;
        let mut openers = IndexMap::new();
        for block in func.blocks() {
            for (at, &inst) in func.insts(block).iter().enumerate() {
                if let Op::Tbc(scope) = func.op(inst)
                    && openers.insert(scope, (block, at as u32)).is_some()
                {
                    self.errors.push(VerifyError::ScopeOpenedTwice { inst, scope });
                }
            }
        }
        for block in func.blocks() {
            for (at, &inst) in func.insts(block).iter().enumerate() {
                if let Op::Close(scope) = func.op(inst)
                    && flow.cfg.is_reachable(block)
                    && !openers
                        .get(&scope)
                        .is_some_and(|&opener| flow.precedes(opener, (block, at as u32)))
                {
                    self.errors.push(VerifyError::ScopeNotOpen { inst, scope });
                }
            }
        }
    }
}

struct Flow<'f> {
    func: &'f Function,
    cfg: Cfg,
    dominators: Dominators,
    places: Places,
}

impl Flow<'_> {
    /// Whether `value` exists at a place, or at its edge `leaving`.
    fn available(&self, value: Value, place: (Block, u32), leaving: Option<EdgeRef>) -> bool {
        if !self.cfg.is_reachable(place.0) {
            return true;
        }
        match self.func.value_def(value) {
            ValueDef::Param(block, _) => self.dominators.dominates(block, place.0),
            ValueDef::Result(inst, _) if self.func.op(inst).is_terminator() => {
                let edge = EdgeRef { inst, succ: 0 };
                leaving == Some(edge) || self.dominators.edge_dominates(self.func, &self.cfg, edge, place.0)
            }
            ValueDef::Result(inst, _) => self
                .places
                .get(inst)
                .is_some_and(|definition| self.precedes(definition, place)),
            ValueDef::Detached => false,
        }
    }

    fn precedes(&self, (block, at): (Block, u32), (to, end): (Block, u32)) -> bool {
        if block == to {
            at < end
        } else {
            self.dominators.dominates(block, to)
        }
    }
}
