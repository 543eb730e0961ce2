//! `disasm`: what the compiler made of the handlers, read from the release binary.
//!
//! Handlers reach each other by jumps. One that saves a register on its fast path, or calls through a pointer, still
//! computes the right thing, only slower; so no test would see it, and this one looks at the code.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use comfy_table::{CellAlignment, Table, presets};

use crate::workspace::{Workspace, cargo};

#[derive(clap::Args)]
pub struct Options {
    /// Look at this binary instead of building one
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Also list these handlers, instruction by instruction
    handlers: Vec<String>,
}

/// The module of the handlers, as symbols name it.
const MODULE: &str = "perilune_vm::ops::";

/// The functions of that module that may call through a pointer: they call natives.
const NATIVE_STUBS: [&str; 10] = [
    "call_mid",
    "call_full",
    "call_0_mid",
    "call_0_full",
    "call_n_mid",
    "call_n_full",
    "call_open_slow",
    "tail_call_mid",
    "tail_call_full",
    "tail_call_open_slow",
];

/// How many registers the fast path of a handler may save.
const FAST_PATHS: [(&str, usize); 7] = [
    ("add", 0),
    ("get_field", 0),
    ("get_index", 0),
    ("call", 0),
    ("return_1", 0),
    ("set_field", 1),
    ("set_index", 1),
];

/// True if the handlers are as they should be.
pub fn run(options: &Options) -> Result<bool> {
    let binary = match &options.binary {
        Some(path) => path.clone(),
        None => build(&Workspace::load()?)?,
    };
    let Some(code) = disassemble(&binary)? else {
        println!("disasm: skipped, {UNAVAILABLE}");
        return Ok(true);
    };
    for function in &code {
        if options.handlers.contains(&function.name) {
            println!("{}", function.listing());
        }
    }
    Ok(report(&code))
}

/// Why there may be nothing to look at.
pub const UNAVAILABLE: &str = "it needs objdump (Debian: binutils) on x86-64, which is what the rules are written for";

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let built = cargo()
        .args(["build", "--release", "--package", "perilune"])
        .current_dir(&workspace.root)
        .status()?
        .success();
    if !built {
        bail!("perilune does not build");
    }
    Ok(workspace.target.join("release/perilune"))
}

/// The functions of the handlers' module; nothing where they cannot be had.
pub fn disassemble(binary: &Path) -> Result<Option<Vec<Function>>> {
    let objdump = || Command::new("objdump");
    if !cfg!(target_arch = "x86_64") || objdump().arg("--version").output().is_err() {
        return Ok(None);
    }
    let output = objdump()
        .args([
            "--disassemble",
            "--demangle=rust",
            "--no-show-raw-insn",
            "--section=.text",
        ])
        .arg(binary)
        .output()
        .context("cannot run objdump")?;
    if !output.status.success() {
        bail!("objdump failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let code = parse(&String::from_utf8_lossy(&output.stdout));
    if code.is_empty() {
        bail!("{} has no symbols in {MODULE}", binary.display());
    }
    Ok(Some(code))
}

/// Prints the table and what is wrong; true if nothing is.
pub fn report(code: &[Function]) -> bool {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["fast path of", "instructions", "longest", "saved", "allowed"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut wrong = indirect_calls(code);
    for (name, allowed) in FAST_PATHS {
        // The loop back-end's copies return instead of jumping and have no fast path in this sense. The copy that keeps the account
        // of fuel is the longer one.
        let mut paths: Vec<_> = code
            .iter()
            .filter(|f| f.name == name)
            .filter_map(Function::fast_path)
            .collect();
        paths.sort_by_key(|path| path.longest);
        if paths.is_empty() {
            wrong.push(format!("{name}: no handler that ends in an indirect jump"));
        }
        for path in &paths {
            if path.saved > allowed {
                wrong.push(format!(
                    "{name}: the fast path saves {} registers, {allowed} allowed",
                    path.saved
                ));
            }
            wrong.extend(
                path.stack
                    .iter()
                    .map(|text| format!("{name}: the fast path uses the machine stack: {text}")),
            );
            wrong.extend(
                path.calls
                    .iter()
                    .map(|text| format!("{name}: the fast path calls: {text}")),
            );
            table.add_row([
                name.to_owned(),
                path.shortest.to_string(),
                path.longest.to_string(),
                path.saved.to_string(),
                allowed.to_string(),
            ]);
        }
    }
    println!("{table}");
    println!("{} functions in {MODULE}", code.len());
    let saving: BTreeSet<String> = code
        .iter()
        .filter_map(|f| {
            let path = f.fast_path()?;
            (path.saved > 0).then(|| format!("{} ({})", f.name, path.saved))
        })
        .filter(|text| !text.contains("_slow ") && !text.contains("_mid "))
        .collect();
    if !saving.is_empty() {
        let list: Vec<String> = saving.into_iter().collect();
        println!("handlers whose fast paths save registers: {}", list.join(", "));
    }
    for text in &wrong {
        println!("wrong: {text}");
    }
    wrong.is_empty()
}

/// Calls through a register or through memory, outside of the stubs. A call through a fixed slot (`*0x10(%rip)`) is how
/// the linker reaches a function of another object: its target is known.
fn indirect_calls(code: &[Function]) -> Vec<String> {
    let mut found = Vec::new();
    for function in code.iter().filter(|f| !NATIVE_STUBS.contains(&f.name.as_str())) {
        found.extend(
            function
                .code
                .iter()
                .filter(|i| i.name.starts_with("call") && i.is_indirect())
                .map(|i| format!("{}: an indirect call: {}", function.name, i.text())),
        );
    }
    found
}

/// A function of the module.
#[derive(Debug)]
pub struct Function {
    /// The name within the module.
    pub name: String,
    code: Vec<Inst>,
}

#[derive(Debug)]
struct Inst {
    at: u64,
    /// The mnemonic, `bnd` and other prefixes taken off.
    name: String,
    operands: String,
}

/// All ways from the entry to the jump to the next handler.
#[derive(Debug, Default, PartialEq, Eq)]
struct FastPath {
    /// Instructions of the shortest way.
    shortest: usize,
    /// Instructions of the longest way that runs no instruction twice.
    longest: usize,
    /// Registers that are pushed.
    saved: usize,
    /// Other uses of the machine stack.
    stack: Vec<String>,
    calls: Vec<String>,
}

impl Inst {
    fn is_indirect(&self) -> bool {
        self.operands.starts_with('*') && !self.operands.contains("(%rip)")
    }

    /// The address that a direct jump names.
    fn target(&self) -> Option<u64> {
        let word = self.operands.split_whitespace().next()?;
        u64::from_str_radix(word.trim_start_matches("0x"), 16).ok()
    }

    fn is_end(&self) -> bool {
        self.name.starts_with("jmp") || self.name.starts_with("ret") || self.name == "ud2"
    }

    fn text(&self) -> String {
        format!("{} {}", self.name, self.operands)
    }

    fn uses_stack(&self) -> bool {
        self.operands.contains("%rsp") || self.operands.contains("%esp")
    }
}

impl Function {
    fn listing(&self) -> String {
        let mut out = format!("{}:\n", self.name);
        for inst in &self.code {
            out += &format!("  {:x}  {}\n", inst.at, inst.text());
        }
        out
    }

    /// Positions that may follow the instruction at `at`, inside the function.
    fn successors(&self, at: usize) -> Vec<usize> {
        let inst = &self.code[at];
        let mut next = Vec::new();
        if inst.name.starts_with('j') && !inst.is_indirect() {
            let target = inst.target();
            next.extend(self.code.iter().position(|i| Some(i.at) == target));
        }
        if !inst.is_end() && at + 1 < self.code.len() {
            next.push(at + 1);
        }
        next
    }

    /// Nothing for a function that never jumps to the next handler.
    fn fast_path(&self) -> Option<FastPath> {
        let is_exit = |at: usize| self.code[at].name.starts_with("jmp") && self.code[at].is_indirect();
        let successors: Vec<Vec<usize>> = (0..self.code.len()).map(|at| self.successors(at)).collect();
        let from_entry = reachable([0], |at| successors[at].clone());
        let exits: Vec<usize> = from_entry.iter().copied().filter(|&at| is_exit(at)).collect();
        if exits.is_empty() {
            return None;
        }
        let to_exit = reachable(exits, |at| {
            (0..self.code.len())
                .filter(|&from| successors[from].contains(&at))
                .collect()
        });
        let on_path: BTreeSet<usize> = from_entry.intersection(&to_exit).copied().collect();

        let mut path = FastPath {
            shortest: self.shortest(&successors, &is_exit)?,
            ..FastPath::default()
        };
        // Code is laid out forwards but for loops, whose back edges are left out of the longest way.
        let mut longest: BTreeMap<usize, usize> = BTreeMap::from([(0, 1)]);
        for &at in &on_path {
            let Some(&steps) = longest.get(&at) else {
                continue;
            };
            if is_exit(at) {
                path.longest = path.longest.max(steps);
            }
            for &next in successors[at].iter().filter(|&&n| n > at && on_path.contains(&n)) {
                let entry = longest.entry(next).or_default();
                *entry = (*entry).max(steps + 1);
            }
        }
        for &at in &on_path {
            let inst = &self.code[at];
            if inst.name.starts_with("push") {
                path.saved += 1;
            } else if inst.name.starts_with("call") {
                path.calls.push(inst.text());
            } else if inst.uses_stack() {
                path.stack.push(inst.text());
            }
        }
        Some(path)
    }

    fn shortest(&self, successors: &[Vec<usize>], is_exit: &dyn Fn(usize) -> bool) -> Option<usize> {
        let mut queue = VecDeque::from([(0, 1)]);
        let mut seen = BTreeSet::from([0]);
        while let Some((at, steps)) = queue.pop_front() {
            if is_exit(at) {
                return Some(steps);
            }
            for &next in &successors[at] {
                if seen.insert(next) {
                    queue.push_back((next, steps + 1));
                }
            }
        }
        None
    }
}

fn reachable(from: impl IntoIterator<Item = usize>, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut work: Vec<usize> = from.into_iter().collect();
    let mut seen: BTreeSet<usize> = work.iter().copied().collect();
    while let Some(at) = work.pop() {
        for to in next(at) {
            if seen.insert(to) {
                work.push(to);
            }
        }
    }
    seen
}

/// The functions of [`MODULE`] in a listing of objdump, in its order.
fn parse(text: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.ends_with(">:") {
            let name = line
                .split_once(" <")
                .and_then(|(_, rest)| rest.strip_prefix(MODULE))
                .map(|rest| handler_name(rest.trim_end_matches(">:")));
            inside = name.is_some();
            functions.extend(name.map(|name| Function {
                name: name.to_owned(),
                code: Vec::new(),
            }));
        } else if inside {
            let Some(function) = functions.last_mut() else {
                continue;
            };
            function.code.extend(parse_inst(line));
        }
    }
    functions
}

/// `arith::add::<perilune_vm::dispatch::Tail>` or `arith::add::h0123456789abcdef` is `add`.
fn handler_name(symbol: &str) -> &str {
    let path = symbol.split("::<").next().unwrap_or(symbol);
    let path = match path.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 => path,
        _ => path,
    };
    path.rsplit("::").next().unwrap_or(path)
}

/// `   70b2:\tmov    %rax,(%rdx)        # comment`
fn parse_inst(line: &str) -> Option<Inst> {
    let (at, text) = line.split_once(":\t")?;
    let at = u64::from_str_radix(at.trim(), 16).ok()?;
    let mut text = text.split(" #").next().unwrap_or(text).trim();
    // What fills the space between functions is not theirs.
    if text.starts_with("int3") || text.starts_with("nop") || text.starts_with("xchg   %ax,%ax") {
        return None;
    }
    for prefix in ["bnd ", "notrack ", "data16 ", "cs "] {
        text = text.strip_prefix(prefix).unwrap_or(text).trim_start();
    }
    let (name, operands) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    Some(Inst {
        at,
        name: name.to_owned(),
        operands: operands.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "
0000000000001000 <perilune_vm::ops::arith::add>:
    1000:\tpush   %rbx
    1001:\tcmp    $0x1,%r11b
    1002:\tjne    1006 <perilune_vm::ops::add+0x6>
    1003:\tmov    (%r8,%rax,8),%rax
    1004:\tpop    %rbx
    1005:\tjmp    *%rax
    1006:\tpop    %rbx
    1007:\tjmp    2000 <perilune_vm::ops::add_mid>
    1008:\tint3

0000000000002000 <perilune_vm::ops::add_mid>:
    2000:\tcall   *0x10(%rip)        # 3000 <pow@GLIBC>
    2001:\tcall   *%rcx
    2002:\tret

0000000000003000 <perilune_vm::call::precall>:
    3000:\tcall   *%rax

0000000000004000 <perilune_vm::ops::call_mid::<perilune_vm::dispatch::Tail>>:
    4000:\tcall   *0x8(%rax)
    4001:\tjmp    *%rax
";

    #[test]
    fn only_the_module_of_the_handlers_is_read() {
        let code = parse(LISTING);
        let names: Vec<&str> = code.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["add", "add_mid", "call_mid"]);
        assert_eq!(code[0].code.len(), 8, "padding is left out");
    }

    #[test]
    fn a_prologue_on_the_fast_path_is_seen() {
        let code = parse(LISTING);
        let path = code[0].fast_path().unwrap();
        assert_eq!((path.saved, path.shortest, path.longest), (1, 6, 6));
        assert_eq!(code[1].fast_path(), None, "it never jumps on");
    }

    #[test]
    fn what_lies_only_on_the_slow_path_is_not() {
        let text = "
0000000000001000 <perilune_vm::ops::len>:
    1000:\tcmp    $0x1,%r11b
    1001:\tjne    1004 <perilune_vm::ops::len+0x4>
    1002:\tmov    %rsi,0x8(%rdx)
    1003:\tjmp    *%rax
    1004:\tpush   %rbx
    1005:\tsub    $0x10,%rsp
    1006:\tcall   2000 <x>
    1007:\tret
";
        let path = parse(text)[0].fast_path().unwrap();
        assert_eq!(
            path,
            FastPath {
                shortest: 4,
                longest: 4,
                ..FastPath::default()
            }
        );
    }

    #[test]
    fn indirect_calls_are_found_outside_of_the_stubs() {
        assert_eq!(
            indirect_calls(&parse(LISTING)),
            ["add_mid: an indirect call: call *%rcx"]
        );
    }

    #[test]
    fn loops_end() {
        let text = "
0000000000001000 <perilune_vm::ops::load_nils>:
    1000:\tmovb   $0x2,(%rdx)
    1001:\tdec    %rax
    1002:\tjne    1000 <perilune_vm::ops::load_nils>
    1003:\tsub    $0x8,%rsp
    1004:\tjmp    *%rax
";
        let path = parse(text)[0].fast_path().unwrap();
        assert_eq!((path.shortest, path.longest), (5, 5));
        assert_eq!(path.stack, ["sub $0x8,%rsp"]);
    }
}
