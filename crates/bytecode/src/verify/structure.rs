//! The checks that look at one instruction, or one entry of a table, at a time.

use super::{Body, Errors, Fault, Inst, MAX_FRAME, NO_INST};
use crate::field::{Cache, Capture, FieldValue, Upvalue};
use crate::module::{Constant, FuncId, Function, Module};
use crate::op::{Field, Op, decode};
use crate::opcode::{Flags, Role};

/// Decodes and checks the function; `None` if it does not decode.
pub(super) fn check(module: &Module, function: &Function, errors: &mut Errors) -> Option<Body> {
    check_header(function, errors);
    if function.code.len() > i32::MAX as usize {
        errors.report(0, Fault::CodeTooLong);
        return None;
    }
    let mut body = decode_all(function, errors)?;
    for index in 0..body.insts.len() {
        check_inst(module, function, &body.insts[index], errors);
        link_jump(&mut body, index, errors);
    }
    match body.insts.last() {
        Some(last) if last.op.opcode().flags().contains(Flags::TERMINATOR) => {}
        Some(last) => errors.report(last.at, Fault::FallsOffEnd),
        None => errors.report(0, Fault::FallsOffEnd),
    }
    check_open(&body, errors);
    check_safepoints(function, &mut body, errors);
    check_tables(function, &body, errors);
    Some(body)
}

fn check_header(function: &Function, errors: &mut Errors) {
    if function.frame_size > MAX_FRAME {
        errors.report(
            0,
            Fault::FrameTooLarge {
                size: function.frame_size,
            },
        );
    }
    if u32::from(function.params) > function.frame_size {
        errors.report(0, Fault::ParamsPastFrame);
    }
    if function.upvalues.len() > usize::from(Upvalue::LIMIT) {
        errors.report(0, Fault::TooManyUpvalues);
    }
}

fn decode_all(function: &Function, errors: &mut Errors) -> Option<Body> {
    let mut body = Body {
        insts: Vec::new(),
        starts: vec![NO_INST; function.code.len()],
    };
    let mut at = 0;
    while at < function.code.len() {
        let (op, words) = match decode(&function.code, at) {
            Ok(decoded) => decoded,
            Err(err) => {
                errors.report(at as u32, Fault::Decode(err));
                return None;
            }
        };
        body.starts[at] = body.insts.len() as u32;
        body.insts.push(Inst {
            at: at as u32,
            op,
            target: None,
            is_target: false,
            safepoint: None,
        });
        at += words;
    }
    Some(body)
}

fn check_inst(module: &Module, function: &Function, inst: &Inst, errors: &mut Errors) {
    let Inst { at, op, .. } = inst;
    if op.opcode().flags().contains(Flags::INTERNAL) {
        errors.report(*at, Fault::Internal(op.opcode()));
    }
    let needed = op.frame_extent();
    if needed > function.frame_size {
        errors.report(*at, Fault::SlotPastFrame { needed });
    }
    op.visit_fields(|field| check_field(function, *at, field, errors));
    match op {
        Op::Closure { proto, captures, .. } => match module.functions.get(proto.0 as usize) {
            None => errors.report(*at, Fault::NoSuchFunction { index: proto.0 }),
            Some(proto) if proto.upvalues.len() != captures.len() => {
                errors.report(
                    *at,
                    Fault::CaptureCount {
                        captures: captures.len(),
                        upvalues: proto.upvalues.len(),
                    },
                );
            }
            Some(_) => {}
        },
        Op::Vararg { .. }
        | Op::VarargOpen {}
        | Op::VarargTable { .. }
        | Op::GetVararg { .. }
        | Op::VarargFrom { .. }
        | Op::VarargFromOpen { .. }
            if !function.vararg =>
        {
            errors.report(*at, Fault::NotVararg);
        }
        Op::Concat { count, .. } if count.0 < 2 => errors.report(*at, Fault::ConcatCount),
        Op::ForPrep { index, count, step, .. } if index == count || count == step || step == index => {
            errors.report(*at, Fault::ForRegisters);
        }
        _ => {}
    }
}

fn check_field(function: &Function, at: u32, field: Field<'_>, errors: &mut Errors) {
    match field.value {
        FieldValue::Cache(cache) if cache != Cache::EMPTY => errors.report(at, Fault::CacheNotEmpty),
        FieldValue::Const(index) => check_constant(function, at, index.0.into(), field.role, errors),
        FieldValue::Wide(index) if field.role == Role::WideConst => {
            check_constant(function, at, index.0, field.role, errors);
        }
        FieldValue::Upvalue(upvalue) => check_upvalue(function, at, upvalue, errors),
        FieldValue::Captures(captures) => {
            for capture in captures {
                if let Capture::Upvalue(upvalue) = capture {
                    check_upvalue(function, at, *upvalue, errors);
                }
            }
        }
        _ => {}
    }
}

fn check_upvalue(function: &Function, at: u32, upvalue: Upvalue, errors: &mut Errors) {
    if usize::from(upvalue.0) >= function.upvalues.len() {
        errors.report(
            at,
            Fault::NoSuchUpvalue {
                index: upvalue.0.into(),
            },
        );
    }
}

fn check_constant(function: &Function, at: u32, index: u32, role: Role, errors: &mut Errors) {
    let Some(constant) = function.constants.get(index as usize) else {
        errors.report(at, Fault::NoSuchConstant { index });
        return;
    };
    let (fits, expected) = match role {
        Role::StrConst => (matches!(constant, Constant::Str(_)), "a string"),
        Role::NumConst => (matches!(constant, Constant::Int(_) | Constant::Float(_)), "a number"),
        Role::IntConst => (matches!(constant, Constant::Int(_)), "an integer"),
        _ => (true, ""),
    };
    if !fits {
        errors.report(at, Fault::ConstantType { index, expected });
    }
}

fn link_jump(body: &mut Body, index: usize, errors: &mut Errors) {
    let Inst { at, op, .. } = &body.insts[index];
    let (at, words, Some(jump)) = (*at, op.words(), op.jump()) else {
        return;
    };
    let to = i64::from(at) + words as i64 + i64::from(jump);
    match u32::try_from(to).ok().and_then(|word| body.inst_at(word)) {
        Some(target) => {
            body.insts[index].target = Some(target);
            body.insts[target as usize].is_target = true;
        }
        None => errors.report(at, Fault::JumpTarget { to }),
    }
}

/// The consumer of open values stands right behind the producer; only the `close` of a `return_open` may
/// come between them.
fn check_open(body: &Body, errors: &mut Errors) {
    let insts = &body.insts;
    let passes_open = |index: usize| {
        matches!(insts[index].op, Op::Close { .. })
            && matches!(
                insts.get(index + 1),
                Some(Inst {
                    op: Op::ReturnOpen { .. },
                    ..
                })
            )
    };
    for (index, inst) in insts.iter().enumerate() {
        if inst.op.defs_open() {
            match insts.get(index + 1) {
                Some(next) if next.op.uses_open() || passes_open(index + 1) => {}
                _ => errors.report(inst.at, Fault::OpenNotConsumed),
            }
        }
        if inst.op.uses_open() {
            let close = index > 0 && passes_open(index - 1);
            let producer = index.checked_sub(1 + usize::from(close)).map(|index| &insts[index]);
            if !producer.is_some_and(|producer| producer.op.defs_open()) {
                errors.report(inst.at, Fault::OpenNotProduced);
            } else if inst.is_target || close && insts[index - 1].is_target {
                errors.report(inst.at, Fault::OpenJumpedInto);
            }
        }
    }
}

fn check_safepoints(function: &Function, body: &mut Body, errors: &mut Errors) {
    if !ascends(function.safepoints.iter().map(|safepoint| safepoint.at)) {
        errors.report(0, Fault::SafepointOrder);
        return;
    }
    for (index, safepoint) in (0..).zip(&function.safepoints) {
        match body.inst_at(safepoint.at).map(|inst| &mut body.insts[inst as usize]) {
            Some(inst) => inst.safepoint = Some(index),
            None => errors.report(safepoint.at, Fault::SafepointUnexpected),
        }
    }
    for inst in &body.insts {
        if is_safepoint(&inst.op) && inst.safepoint.is_none() {
            errors.report(inst.at, Fault::SafepointMissing);
        }
    }
}

fn is_safepoint(op: &Op) -> bool {
    op.opcode().flags().contains(Flags::SAFEPOINT)
}

fn check_tables(function: &Function, body: &Body, errors: &mut Errors) {
    if !ascends(function.lines.iter().map(|line| line.at)) {
        errors.report(0, Fault::LineOrder);
    }
    for line in &function.lines {
        if body.inst_at(line.at).is_none() {
            errors.report(line.at, Fault::LinePlace);
        }
    }
    if !ascends(function.names.iter().map(|name| (name.at, name.operand))) {
        errors.report(0, Fault::NameOrder);
    }
    for name in &function.names {
        match body.inst_at(name.at) {
            None => errors.report(name.at, Fault::NamePlace),
            Some(inst) if u32::from(name.operand) >= body.insts[inst as usize].op.value_operands() => {
                errors.report(name.at, Fault::NameOperand { operand: name.operand });
            }
            Some(_) => {}
        }
    }
    for (index, local) in (0..).zip(&function.locals) {
        let in_code = local.start <= local.end && local.end as usize <= function.code.len();
        if !in_code || local.slot >= function.frame_size {
            errors.report(0, Fault::LocalRange { index });
        }
    }
}

fn ascends<T: Ord>(keys: impl Iterator<Item = T>) -> bool {
    keys.is_sorted_by(|a, b| a < b)
}

/// A function that reaches itself along `protos`, if there is one. Depth first, without recursion.
pub(super) fn find_cycle(protos: &[Vec<FuncId>]) -> Option<FuncId> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; protos.len()];
    for root in 0..protos.len() {
        if marks[root] != Mark::New {
            continue;
        }
        marks[root] = Mark::Open;
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some(child) = protos[*node].get(*next) else {
                marks[*node] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            let child = child.0 as usize;
            match marks.get(child) {
                Some(Mark::Open) => return Some(FuncId(child as u32)),
                Some(Mark::New) => {
                    marks[child] = Mark::Open;
                    path.push((child, 0));
                }
                // Finished, or reported as missing already.
                _ => {}
            }
        }
    }
    None
}
