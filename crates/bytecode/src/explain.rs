//! The instruction set for readers: one instruction at a time, or all of it as a document.
//!
//! The document takes its prose from the module documentation of the files that implement it, so that
//! there is one text to keep true.

use std::fmt::Write;

use crate::field::FieldType;
use crate::opcode::{FieldInfo, Opcode, Role};

/// What the instruction does and how it is encoded, in a few lines.
pub fn explain(opcode: Opcode) -> String {
    let info = opcode.info();
    let mut out = format!("{}\n    {}\n", signature(opcode), info.doc.replace('`', ""));
    for field in info.fields {
        writeln!(
            out,
            "    byte {:<3} {:<10} {}",
            field.offset,
            field.name,
            describe(field)
        )
        .expect("a string takes all text");
    }
    let flags: Vec<&str> = info.flags.names().collect();
    let flags = if flags.is_empty() {
        String::new()
    } else {
        format!("; {}", flags.join(", "))
    };
    let more = if has_captures(opcode) {
        " and more with captures"
    } else {
        ""
    };
    let plural = if info.words == 1 { "" } else { "s" };
    writeln!(
        out,
        "    opcode {}, {} word{plural}{more}{flags}",
        opcode as u16, info.words
    )
    .expect("a string takes all text");
    out
}

/// Name and operands as text shows them.
fn signature(opcode: Opcode) -> String {
    let shown = opcode.info().fields.iter().filter(|field| field.ty != FieldType::Cache);
    let names: Vec<&str> = shown.map(|field| field.name).collect();
    format!("{} {}", opcode.name(), names.join(", ")).trim_end().to_string()
}

fn has_captures(opcode: Opcode) -> bool {
    opcode.info().fields.iter().any(|field| field.ty == FieldType::Captures)
}

fn describe(field: &FieldInfo) -> &'static str {
    match (field.ty, field.role) {
        (FieldType::Reg, Role::Def) => "register, written",
        (FieldType::Reg, Role::UseDef) => "register, read and written",
        (FieldType::Reg, Role::UseRange) => "first of the registers read",
        (FieldType::Reg, Role::DefRange) => "first of the registers written",
        (FieldType::Reg, Role::UseCall) => "call window",
        (FieldType::Reg, Role::UseDefCall) => "call window, for results too",
        (FieldType::Reg, Role::DefCall) => "call window, filled by the instruction",
        (FieldType::Reg, Role::DefSelf) => "call window, of which callee and first argument are written",
        (FieldType::Reg, Role::Slot) => "position in the frame",
        (FieldType::Reg, _) => "register, read",
        (FieldType::Slot, Role::Def) => "slot, written",
        (FieldType::Slot, _) => "slot, read",
        (FieldType::Const, Role::StrConst) => "string constant",
        (FieldType::Const, Role::NumConst) => "number constant",
        (FieldType::Const, Role::IntConst) => "integer constant",
        (FieldType::Const, _) | (FieldType::Wide, Role::WideConst) => "constant",
        (FieldType::Wide, Role::Proto) => "function of the module",
        (FieldType::Upvalue, _) => "upvalue",
        (FieldType::Imm, _) => "signed number",
        (FieldType::Count, _) => "count",
        (FieldType::ResultCount, _) => "count of results, or open",
        (FieldType::Jump16, _) => "jump, 16 bits",
        (FieldType::Jump32, _) => "jump, 32 bits",
        (FieldType::Wide, _) => "number, 32 bits",
        (FieldType::Cache, _) => "cache word",
        (FieldType::Captures, _) => "captured cells",
    }
}

/// The whole instruction set as Markdown: what `docs/bytecode.md` holds.
pub fn reference() -> String {
    let mut out = String::from(
        "# Bytecode\n\n<!-- Written by `cargo run -p perilune-bytecode --example gen_docs -- --write`; edit the sources. -->\n",
    );
    section(&mut out, "The instruction table", include_str!("ops.rs"));
    out.push_str("\n## Instructions\n\n");
    out.push_str("Operands in the order of text and encoding; with cache words, the column *words* counts them.\n\n");
    out.push_str(
        "| opcode | instruction | effect | words | flags |\n|-------:|-------------|--------|------:|-------|\n",
    );
    for &opcode in Opcode::ALL {
        let info = opcode.info();
        let flags: Vec<&str> = info.flags.names().collect();
        let more = if has_captures(opcode) { "+" } else { "" };
        let (number, doc) = (opcode as u16, info.doc.replace('|', "\\|"));
        writeln!(
            out,
            "| {number} | `{}` | {doc} | {}{more} | {} |",
            signature(opcode),
            info.words,
            flags.join(", ")
        )
        .expect("a string takes all text");
    }
    section(&mut out, "Text", include_str!("disasm.rs"));
    section(&mut out, "Verification", include_str!("verify/mod.rs"));
    section(&mut out, "Files", include_str!("file.rs"));
    out
}

/// Appends the module documentation of a source file, one level of headings deeper.
fn section(out: &mut String, title: &str, source: &str) {
    write!(out, "\n## {title}\n\n").expect("a string takes all text");
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.starts_with("# ") {
            out.push_str("##");
        }
        out.push_str(&without_links(line));
        out.push('\n');
    }
}

/// Links into the crate lead nowhere outside of rustdoc: their text remains.
fn without_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find("[`") {
        let Some(end) = rest[start..].find("`]") else { break };
        out.push_str(&rest[..start]);
        out.push_str(&rest[start + 1..start + end + 1]);
        rest = &rest[start + end + 2..];
        if let Some(behind) = rest.strip_prefix("(crate::") {
            let close = behind.find(')').map_or(behind.len(), |close| close + 1);
            // A path to a function ends with parentheses of its own.
            rest = behind[close..]
                .strip_prefix(')')
                .filter(|_| behind[..close].ends_with("()"))
                .unwrap_or(&behind[close..]);
        }
    }
    out + rest
}
