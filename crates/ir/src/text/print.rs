//! Printing functions and modules.

use crate::{Capture, FloatBits, Function, Inst, Loc, Module, Op, StrId, Value, ValueKind};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, function) in self.functions.iter().enumerate() {
            if at > 0 {
                f.write_char('\n')?;
            }
            Display::fmt(function, f)?;
        }
        Ok(())
    }
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "function {}", Quoted(&self.name))?;
        if (self.line_defined, self.last_line) != (0, 0) {
            write!(f, " lines {}..{}", self.line_defined, self.last_line)?;
        }
        if self.vararg {
            f.write_str(" vararg")?;
        }
        f.write_str(" {\n")?;
        for (at, upvalue) in self.upvalues().iter().enumerate() {
            writeln!(
                f,
                "  u{at} = upvalue {} {}{}",
                upvalue.kind,
                Quoted(self.str(upvalue.name)),
                if upvalue.fixed { " fixed" } else { "" }
            )?;
        }
        for (at, &local) in self.locals().iter().enumerate() {
            writeln!(f, "  l{at} = local {}", Quoted(self.str(local)))?;
        }
        for block in self.blocks() {
            write!(f, "{block}(")?;
            for (at, &param) in self.params(block).iter().enumerate() {
                write!(f, "{}{param}", if at > 0 { ", " } else { "" })?;
                if self.value_kind(param) != ValueKind::Lua {
                    write!(f, ": {}", self.value_kind(param))?;
                }
            }
            f.write_str("):\n")?;
            for &inst in self.insts(block) {
                f.write_str("  ")?;
                self.write_inst(f, inst)?;
                f.write_char('\n')?;
            }
        }
        f.write_str("}\n")
    }
}

impl Function {
    /// The text of one instruction, without indentation.
    pub fn display_inst(&self, inst: Inst) -> impl Display + '_ {
        struct InstText<'f>(&'f Function, Inst);
        impl Display for InstText<'_> {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                self.0.write_inst(f, self.1)
            }
        }
        InstText(self, inst)
    }

    fn write_inst(&self, f: &mut Formatter<'_>, inst: Inst) -> fmt::Result {
        if !self.results(inst).is_empty() {
            write_values(f, self.results(inst))?;
            f.write_str(" = ")?;
        }
        let op = self.op(inst);
        f.write_str(mnemonic(&op))?;
        let mut items = Items { f, any: false };
        self.write_immediates(&mut items, inst, op)?;
        if !matches!(op, Op::Closure { .. }) {
            for arg in self.args(inst) {
                items.push(arg)?;
            }
        }
        for (to, args) in self.edges(inst) {
            items.push(to)?;
            f_paren(items.f, args)?;
        }
        if self.loc(inst) != Loc::default() {
            write!(f, " @{}:{}", self.loc(inst).line, self.loc(inst).column)?;
        }
        let mut any = false;
        for operand in 0..self.args(inst).len() as u32 {
            if let Some(name) = self.operand_name(inst, operand) {
                f.write_str(if any { ", " } else { " names(" })?;
                write!(f, "{operand} {} {}", name.kind, Quoted(self.str(name.name)))?;
                any = true;
            }
        }
        f.write_str(if any { ")" } else { "" })
    }

    fn write_immediates(&self, items: &mut Items<'_, '_>, inst: Inst, op: Op) -> fmt::Result {
        let quoted = |id: StrId| Quoted(self.str(id));
        match op {
            Op::Int(value) => items.push(value),
            Op::Float(value) => items.push(FloatText(value)),
            Op::Str(id) | Op::SelfField(id) | Op::CheckGlobal(id) => items.push(quoted(id)),
            Op::GetUpvalue(upvalue) | Op::SetUpvalue(upvalue) => items.push(upvalue),
            Op::GetGlobal { env, key } | Op::SetGlobal { env, key } => {
                items.push(env)?;
                items.push(quoted(key))
            }
            Op::NewTable { array, record } => {
                items.push(array)?;
                items.push(record)
            }
            Op::SetList { start } => items.push(start),
            Op::Tbc(scope) | Op::Close(scope) => items.push(scope),
            Op::LocalStart(local) | Op::LocalEnd(local) => items.push(local),
            Op::Closure { func, .. } => {
                items.push(func)?;
                for capture in self.captures(inst) {
                    match capture {
                        Capture::Cell(cell) => items.push(cell)?,
                        Capture::Upvalue(upvalue) => items.push(upvalue)?,
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The first word of an operation's text.
pub(crate) fn mnemonic(op: &Op) -> &'static str {
    match op {
        Op::Nil => "nil",
        Op::True => "true",
        Op::False => "false",
        Op::Int(_) => "int",
        Op::Float(_) => "float",
        Op::Str(_) => "str",
        Op::Copy => "copy",
        Op::Unary(op) => op.text(),
        Op::Binary(op) => op.text(),
        Op::Compare(op) => op.text(),
        Op::Concat => "concat",
        Op::GetUpvalue(_) => "get_upvalue",
        Op::SetUpvalue(_) => "set_upvalue",
        Op::NewCell => "new_cell",
        Op::GetCell => "get_cell",
        Op::SetCell => "set_cell",
        Op::Closure { .. } => "closure",
        Op::NewTable { .. } => "new_table",
        Op::GetIndex => "get_index",
        Op::SetIndex => "set_index",
        Op::GetGlobal { .. } => "get_global",
        Op::SetGlobal { .. } => "set_global",
        Op::SetList { .. } => "set_list",
        Op::SelfField(_) => "self_field",
        Op::Call => "call",
        Op::CallOpen => "call_open",
        Op::Vararg => "vararg",
        Op::VarargOpen => "vararg_open",
        Op::VarargTable => "vararg_table",
        Op::GetVararg => "get_vararg",
        Op::VarargFrom => "vararg_from",
        Op::VarargFromOpen => "vararg_from_open",
        Op::ForCall => "for_call",
        Op::Tbc(_) => "tbc",
        Op::Close(_) => "close",
        Op::CheckGlobal(_) => "check_global",
        Op::LocalStart(_) => "local_start",
        Op::LocalEnd(_) => "local_end",
        Op::Jump => "jump",
        Op::Branch => "branch",
        Op::BranchNil => "branch_nil",
        Op::ForPrep => "for_prep",
        Op::ForLoop => "for_loop",
        Op::Return => "return",
        Op::TailCall => "tail_call",
    }
}

/// Writes a space before the first item and commas between the others.
struct Items<'a, 'b> {
    f: &'a mut Formatter<'b>,
    any: bool,
}

impl Items<'_, '_> {
    fn push(&mut self, item: impl Display) -> fmt::Result {
        let separator = if self.any { ", " } else { " " };
        self.any = true;
        write!(self.f, "{separator}{item}")
    }
}

fn write_values(f: &mut Formatter<'_>, values: &[Value]) -> fmt::Result {
    for (at, value) in values.iter().enumerate() {
        write!(f, "{}{value}", if at > 0 { ", " } else { "" })?;
    }
    Ok(())
}

fn f_paren(f: &mut Formatter<'_>, values: &[Value]) -> fmt::Result {
    f.write_char('(')?;
    write_values(f, values)?;
    f.write_char(')')
}

/// A byte string in quotes; all but printable ASCII is escaped.
struct Quoted<'a>(&'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
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

/// A float that reads back as the same bits.
struct FloatText(FloatBits);

impl Display for FloatText {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.get().is_nan() {
            write!(f, "nan:{:016x}", self.0.0)
        } else {
            write!(f, "{:?}", self.0.get())
        }
    }
}
