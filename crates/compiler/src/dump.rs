//! Every stage as text.

use std::fmt::Write;

use perilune_bytecode as bytecode;
use perilune_frontend::{SyntaxError, dump_ast, dump_resolution};
use perilune_ir as ir;
use perilune_regalloc::{self as regalloc, Block, Constraint, Function, Kind, Operand, Pos, Step};

use crate::compile::{Parsed, compile_parsed};
use crate::options::{OptLevel, Options};
use crate::vcode::{Code, VCode};
use crate::{allocate, lower, select};

/// The names of all stages, in order; see [`Stage`].
pub const STAGES: &[&str] = &["ast", "ir", "ir-opt", "vcode", "interference", "allocation", "bytecode"];

/// What [`dump_stage`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The syntax tree and what its names mean.
    Ast,
    /// SSA as it is lowered.
    Ir,
    /// SSA after the passes.
    IrOpt,
    /// Selected instructions over virtual registers.
    VCode,
    /// Which virtual registers are live together, as Graphviz.
    Interference,
    /// Selected instructions with their places, and moves.
    Allocation,
    /// What the virtual machine loads.
    Bytecode,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Stage; 7] = [
        Stage::Ast,
        Stage::Ir,
        Stage::IrOpt,
        Stage::VCode,
        Stage::Interference,
        Stage::Allocation,
        Stage::Bytecode,
    ];

    /// The name on command lines.
    pub fn name(self) -> &'static str {
        STAGES[self as usize]
    }

    /// The stage with this name.
    pub fn from_name(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// [`dump_stage`] by the stage's name; none if there is no such stage.
pub fn dump(source: &[u8], options: &Options, stage: &str) -> Option<Result<String, Vec<SyntaxError>>> {
    Stage::from_name(stage).map(|stage| dump_stage(source, options, stage))
}

/// A chunk after `stage` as text. Only the bytecode depends on the optimization level: the stages
/// between are those of [`OptLevel::O1`].
///
/// # Errors
/// Those of [`compile`](crate::compile).
pub fn dump_stage(source: &[u8], options: &Options, stage: Stage) -> Result<String, Vec<SyntaxError>> {
    let parsed = Parsed::new(source, options)?;
    let source = parsed.source();
    if stage == Stage::Ast {
        return Ok(format!(
            "{}\n{}",
            dump_ast(source.chunk),
            dump_resolution(source.chunk, source.names)
        ));
    }
    if stage == Stage::Bytecode {
        return Ok(bytecode::disasm(&compile_parsed(&parsed, options)));
    }
    let mut module = lower(source);
    if stage == Stage::Ir {
        return Ok(module.to_string());
    }
    for func in &mut module.functions {
        ir::opt::run(func, ir::opt::Level::O1, |_, _| {});
    }
    if stage == Stage::IrOpt {
        return Ok(module.to_string());
    }
    let mut text = String::new();
    let mut ctx = regalloc::Ctx::default();
    for (number, func) in module.functions.iter_mut().enumerate() {
        let code = select(func);
        let file = regalloc::RegFile {
            allocatable: code.file_size(options.registers),
        };
        let result = match stage {
            Stage::Interference => {
                let graph = regalloc::dump::interference(&code, &file).to_graphviz();
                writeln!(text, "// f{number}\n{graph}")
            }
            Stage::VCode => writeln!(text, "function f{number} {{\n{}}}", vcode(&code)),
            _ => match allocate(&code, options.registers, &mut ctx) {
                Some(out) => writeln!(text, "function f{number} {{\n{}}}", allocation(&code, &out)),
                None => writeln!(text, "function f{number} is too large for one frame"),
            },
        };
        result.expect("a string takes all text");
    }
    Ok(text)
}

impl OptLevel {
    /// The level with this number.
    pub fn from_number(number: u32) -> Option<OptLevel> {
        match number {
            0 => Some(OptLevel::O0),
            1 => Some(OptLevel::O1),
            _ => None,
        }
    }
}

fn vcode(code: &VCode) -> String {
    let mut text = String::new();
    for number in 0..code.num_blocks() {
        block_head(&mut text, code, Block(number));
        for inst in code.block_insts(Block(number)).iter() {
            let operands: Vec<String> = code.operands(inst).iter().map(operand).collect();
            inst_line(&mut text, code, inst, &operands);
        }
    }
    text
}

fn allocation(code: &VCode, out: &regalloc::Output) -> String {
    let mut text = String::new();
    for number in 0..code.num_blocks() {
        block_head(&mut text, code, Block(number));
        for step in out.steps(code, Block(number)) {
            match step {
                Step::Move { from, to } => text.push_str(&format!("    {to} <- {from}\n")),
                Step::Remat { vreg, to } => {
                    text.push_str(&format!("    {to} <- {:?}\n", code.literals[vreg.index()]));
                }
                Step::Inst(inst, places) => {
                    let operands: Vec<String> = code
                        .operands(inst)
                        .iter()
                        .zip(places)
                        .map(|(operand, place)| format!("{}={place}", operand.vreg))
                        .collect();
                    inst_line(&mut text, code, inst, &operands);
                }
            }
        }
    }
    text
}

fn block_head(text: &mut String, code: &VCode, block: Block) {
    let params: Vec<String> = code.block_params(block).iter().map(|param| param.to_string()).collect();
    text.push_str(&format!(
        "  {block}({}): // depth {}\n",
        params.join(", "),
        code.loop_depth(block)
    ));
}

fn inst_line(text: &mut String, code: &VCode, inst: regalloc::Inst, operands: &[String]) {
    let vinst = &code.insts[inst.index()];
    let name = match &vinst.code {
        Code::Keep => "keep".to_owned(),
        Code::Move => "move".to_owned(),
        Code::Load => format!("load {:?}", code.literals[code.operands(inst)[0].vreg.index()]),
        Code::Op(op) | Code::Branch(op) | Code::Loop(op) => op.opcode().name().to_owned(),
        Code::Bool(op) => format!("bool {}", op.opcode().name()),
        Code::Parts(parts) => {
            let names: Vec<&str> = parts.iter().map(|part| part.op.opcode().name()).collect();
            names.join(" + ")
        }
        Code::Jump => "jump".to_owned(),
    };
    text.push_str(&format!("    {name} {}", operands.join(", ")));
    for (succ, block) in code_succs(code, inst).iter().enumerate() {
        let args: Vec<String> = code.branch_args(inst, succ).iter().map(|arg| arg.to_string()).collect();
        text.push_str(&format!(" -> {block}({})", args.join(", ")));
    }
    text.push('\n');
}

fn code_succs(code: &VCode, inst: regalloc::Inst) -> &[Block] {
    let holder = code.blocks.iter().find(|block| block.insts.last() == inst);
    holder.map_or(&[], |block| &block.succs)
}

fn operand(operand: &Operand) -> String {
    let place = match operand.constraint {
        Constraint::Any => ":any".to_owned(),
        Constraint::Reg => String::new(),
        Constraint::Fixed(reg) => format!(":{reg}"),
        Constraint::Reuse(of) => format!(":as {of}"),
        Constraint::Group { offset, .. } => format!(":w+{offset}"),
    };
    let kind = if operand.kind == Kind::Def { "!" } else { "" };
    let late = if operand.kind == Kind::Use && operand.pos == Pos::Late {
        " late"
    } else {
        ""
    };
    format!("{kind}{}{place}{late}", operand.vreg)
}
