//! Modules as text, which [`assemble`](crate::assemble) reads back.
//!
//! ```text
//! module "@add.lua"
//!
//! function f0 "add" params 2 frame 2 lines 1..3
//!   constant k0 "x"
//!   local "a" r0 0000..0002
//!   0000  get_field r0, r0, k0 "x"  {line 2:12} {live r0} {name 0 local "a"}  ; line 2
//!   0003  jump @0004
//!   0004  return_1 r0
//! ```
//! One instruction per line, with its word offset; jumps show the word they go to. What follows `;`, and the
//! literal behind a constant's number, is for the reader only. Braces hold the entries of the tables
//! that belong to the instruction: where its source place begins, its live map, names of its operands.
//! A cache word is not shown. Words that are no instruction (or an instruction whose cache words are
//! not zero) are shown as `.word`; tables that do not fit the instructions, as lines of their own.

use std::fmt::{self, Write};

use crate::field::FieldValue;
use crate::module::{Constant, FuncId, Function, Module, NameKind, VariableKind};
use crate::op::{Op, decode, write_field};
use crate::opcode::Role;

/// A string constant is shown in full in the list of constants, and to so many bytes behind an operand.
const SHOWN_BYTES: usize = 32;

/// The module as text. Every module has a text, whether it verifies or not.
pub fn disasm(module: &Module) -> String {
    let mut out = String::new();
    write_module(&mut out, module).expect("a string takes all text");
    out
}

/// One function of a module as text.
///
/// # Panics
/// If the module has no such function.
pub fn disasm_function(module: &Module, id: FuncId) -> String {
    let mut out = String::new();
    write_function(&mut out, id, module.function(id)).expect("a string takes all text");
    out
}

fn write_module(out: &mut String, module: &Module) -> fmt::Result {
    writeln!(out, "module {}", Quoted(&module.name))?;
    for (id, function) in (0..).map(FuncId).zip(&module.functions) {
        writeln!(out)?;
        write_function(out, id, function)?;
    }
    Ok(())
}

fn write_function(out: &mut String, id: FuncId, function: &Function) -> fmt::Result {
    write!(out, "function {id}")?;
    if let Some(name) = &function.name {
        write!(out, " {}", Quoted(name))?;
    }
    write!(out, " params {}", function.params)?;
    if function.vararg {
        write!(out, " vararg")?;
    }
    writeln!(
        out,
        " frame {} lines {}..{}",
        function.frame_size, function.line_defined, function.last_line
    )?;
    for (index, upvalue) in function.upvalues.iter().enumerate() {
        writeln!(
            out,
            "  upvalue u{index} {} {}",
            Quoted(&upvalue.name),
            VariableKind::ALL[upvalue.kind as usize].1
        )?;
    }
    for (index, constant) in function.constants.iter().enumerate() {
        writeln!(out, "  constant k{index} {}", Literal(constant, usize::MAX))?;
    }
    for local in &function.locals {
        writeln!(
            out,
            "  local {} r{} {:04}..{:04}",
            Quoted(&local.name),
            local.slot,
            local.start,
            local.end
        )?;
    }
    write_code(out, function)
}

/// An instruction, or a word that is none.
enum Shown {
    Op(Op),
    Word(u64),
}

/// What is shown on a line, with its word offset and length.
fn shown(function: &Function) -> Vec<(u32, usize, Shown)> {
    let code = &function.code;
    let mut lines = Vec::new();
    let mut at = 0;
    while at < code.len() {
        match decode(code, at) {
            Ok((op, words)) if !has_cache(&op) => {
                lines.push((at as u32, words, Shown::Op(op)));
                at += words;
            }
            _ => {
                lines.push((at as u32, 1, Shown::Word(code[at])));
                at += 1;
            }
        }
    }
    lines
}

fn has_cache(op: &Op) -> bool {
    let mut found = false;
    op.visit_fields(|field| found |= matches!(field.value, FieldValue::Cache(cache) if cache.0 != 0));
    found
}

/// The rest of a table whose entries stand at instructions, in their order.
struct Attached<'a, T>(&'a [T]);

impl<'a, T> Attached<'a, T> {
    /// The table, or nothing if an entry stands at no instruction or out of order.
    fn new(table: &'a [T], at: impl Fn(&T) -> u32, lines: &[(u32, usize, Shown)], strict: bool) -> Self {
        let ordered = table.is_sorted_by(|a, b| if strict { at(a) < at(b) } else { at(a) <= at(b) });
        let placed = table
            .iter()
            .all(|entry| lines.binary_search_by_key(&at(entry), |line| line.0).is_ok());
        Attached(if ordered && placed { table } else { &[] })
    }

    /// Takes the entries at the word off.
    fn take(&mut self, word: u32, at: impl Fn(&T) -> u32) -> &'a [T] {
        let count = self.0.iter().take_while(|entry| at(entry) == word).count();
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }
}

fn write_code(out: &mut String, function: &Function) -> fmt::Result {
    let shown = shown(function);
    let mut lines = Attached::new(&function.lines, |entry| entry.at, &shown, true);
    let mut safepoints = Attached::new(&function.safepoints, |entry| entry.at, &shown, true);
    let mut names = Attached::new(&function.names, |entry| entry.at, &shown, false);
    if lines.0.len() != function.lines.len() {
        for entry in &function.lines {
            writeln!(out, "  line at {:04} {}:{}", entry.at, entry.line, entry.column)?;
        }
    }
    if safepoints.0.len() != function.safepoints.len() {
        for entry in &function.safepoints {
            writeln!(out, "  live at {:04}{}", entry.at, Slots(entry))?;
        }
    }
    if names.0.len() != function.names.len() {
        for entry in &function.names {
            let kind = name_word(entry.kind);
            writeln!(
                out,
                "  name at {:04} {} {kind} {}",
                entry.at,
                entry.operand,
                Quoted(&entry.name)
            )?;
        }
    }
    for (at, words, line) in &shown {
        write!(out, "  {at:04}  ")?;
        match line {
            Shown::Op(op) => write_op(out, function, *at as usize + words, op)?,
            Shown::Word(word) => write!(out, ".word {word:#018x}")?,
        }
        let mut space = " ";
        let mut open = |out: &mut String| out.write_str(std::mem::take(&mut space));
        for entry in lines.take(*at, |entry| entry.at) {
            open(out)?;
            write!(out, " {{line {}:{}}}", entry.line, entry.column)?;
        }
        for entry in safepoints.take(*at, |entry| entry.at) {
            open(out)?;
            write!(out, " {{live{}}}", Slots(entry))?;
        }
        for entry in names.take(*at, |entry| entry.at) {
            open(out)?;
            write!(
                out,
                " {{name {} {} {}}}",
                entry.operand,
                name_word(entry.kind),
                Quoted(&entry.name)
            )?;
        }
        if let Some(entry) = function.line_at(*at) {
            write!(out, "  ; line {}", entry.line)?;
        }
        out.push('\n');
    }
    Ok(())
}

fn write_op(out: &mut String, function: &Function, end: usize, op: &Op) -> fmt::Result {
    out.write_str(op.opcode().name())?;
    let mut result = Ok(());
    op.visit_fields(|field| {
        if result.is_ok() {
            result = write_operand(out, function, end, field.index, field.role, field.value);
        }
    });
    result
}

fn write_operand(
    out: &mut String,
    function: &Function,
    end: usize,
    index: usize,
    role: Role,
    value: FieldValue<'_>,
) -> fmt::Result {
    if matches!(value, FieldValue::Cache(_)) {
        return Ok(());
    }
    out.write_str(if index == 0 { " " } else { ", " })?;
    let constant = match value {
        FieldValue::Jump(to) => return write!(out, "@{:04}", end as i64 + i64::from(to)),
        FieldValue::Const(index) => Some(u32::from(index.0)),
        FieldValue::Wide(index) if role == Role::WideConst => Some(index.0),
        _ => None,
    };
    write_field(out, role, value)?;
    match constant.and_then(|index| function.constants.get(index as usize)) {
        Some(constant) => write!(out, " {}", Literal(constant, SHOWN_BYTES)),
        None => Ok(()),
    }
}

/// The kind of a name as one word.
pub(crate) fn name_word(kind: NameKind) -> String {
    NameKind::ALL[kind as usize].1.replace(' ', "_")
}

/// The live slots, a space before each.
struct Slots<'a>(&'a crate::module::Safepoint);

impl fmt::Display for Slots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.live.iter().try_for_each(|slot| write!(f, " r{slot}"))
    }
}

/// Bytes between quotes, with escapes for all that is not printable ASCII.
struct Quoted<'a>(&'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for &byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", byte as char)?,
                b'\n' => f.write_str("\\n")?,
                b' '..=b'~' => f.write_char(byte as char)?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_char('"')
    }
}

/// A constant, of a string at most so many bytes.
struct Literal<'a>(&'a Constant, usize);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Constant::Nil => f.write_str("nil"),
            Constant::False => f.write_str("false"),
            Constant::True => f.write_str("true"),
            Constant::Int(value) => write!(f, "{value}"),
            // No two NaNs need be the same; their bits tell them apart.
            Constant::Float(value) if value.is_nan() => write!(f, "nan.{:#018x}", value.to_bits()),
            Constant::Float(value) => write!(f, "{value:?}"),
            Constant::Str(bytes) if bytes.len() > self.1 => write!(f, "{}...", Quoted(&bytes[..self.1])),
            Constant::Str(bytes) => Quoted(bytes).fmt(f),
        }
    }
}
