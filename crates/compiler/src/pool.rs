//! What both code generators know about constants and source places.

use perilune_bytecode::{self as bytecode, Imm, Op, Reg};
use perilune_frontend::Constant;
use perilune_frontend::ast::{Chunk, ExprId};
use perilune_ir::Loc;

/// The bytecode's form of a constant.
pub(crate) fn constant(chunk: &Chunk, constant: Constant) -> bytecode::Constant {
    match constant {
        Constant::Nil => bytecode::Constant::Nil,
        Constant::Bool(false) => bytecode::Constant::False,
        Constant::Bool(true) => bytecode::Constant::True,
        Constant::Integer(n) => bytecode::Constant::Int(n),
        Constant::Float(x) => bytecode::Constant::Float(x),
        Constant::String(s) => bytecode::Constant::str(&chunk.names[s]),
    }
}

/// The instruction that loads a constant which needs no entry in the constant table.
pub(crate) fn immediate_load(dst: Reg, constant: Constant) -> Option<Op> {
    Some(match constant {
        Constant::Nil => Op::LoadNil { dst },
        Constant::Bool(false) => Op::LoadFalse { dst },
        Constant::Bool(true) => Op::LoadTrue { dst },
        Constant::Integer(n) => Op::LoadInt {
            dst,
            value: Imm(i16::try_from(n).ok()?),
        },
        Constant::Float(x) => Op::LoadFloat {
            dst,
            value: integral(x)?,
        },
        Constant::String(_) => return None,
    })
}

/// The immediate of a float with a small integral value; negative zero has none.
pub(crate) fn integral(x: f64) -> Option<Imm> {
    let small = x as i16;
    (f64::from(small).to_bits() == x.to_bits()).then_some(Imm(small))
}

/// The place that messages give for an expression: its line, and the column if it starts there. `hint` is the line where
/// expressions were looked for last.
pub(crate) fn place(chunk: &Chunk, expr: ExprId, hint: &mut u32) -> Loc {
    let line = chunk.line(expr);
    let (start_line, column) = chunk.lines.line_col_from(chunk.span(expr).start, hint);
    Loc {
        line,
        column: if start_line == line { column } else { 0 },
    }
}
