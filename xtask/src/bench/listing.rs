//! `bench --static`: instructions and MOVEs of our bytecode against the listing of PUC Lua's own compiler.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use comfy_table::{CellAlignment, Table, presets};

use super::machine::line_of;
use super::programs::PROGRAMS;
use crate::child;
use crate::workspace::{Workspace, cargo};

/// Names under which systems install PUC Lua 5.4's compiler.
const LUAC: [&str; 2] = ["luac5.4", "luac"];
const LIMIT: Duration = Duration::from_secs(60);

/// Static counts of one listing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub functions: usize,
    pub instructions: usize,
    pub moves: usize,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.functions += other.functions;
        self.instructions += other.instructions;
        self.moves += other.moves;
    }
}

/// True if, where both listings exist, ours is no longer and has no more MOVEs over the whole suite.
pub fn run(workspace: &Workspace, filter: &str) -> Result<bool> {
    let Some(luac) = LUAC
        .into_iter()
        .find(|name| line_of(Command::new(name).arg("-v")).starts_with("Lua 5.4"))
    else {
        println!("static: skipped, luac5.4 is not installed (Debian: lua5.4)");
        return Ok(true);
    };
    if !workspace.has_perilune_binary() {
        println!("static: skipped, the perilune package has no perilune command yet");
        return Ok(true);
    }
    if !cargo()
        .args(["build", "--package", "perilune"])
        .current_dir(&workspace.root)
        .status()?
        .success()
    {
        bail!("perilune does not build");
    }
    let ours = workspace.target.join("debug/perilune");

    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "program",
        "functions (luac)",
        "luac",
        "perilune",
        "ratio",
        "luac MOVE",
        "perilune MOVE",
    ]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let (mut all_theirs, mut all_mine) = (Counts::default(), Counts::default());
    for program in PROGRAMS.iter().filter(|p| p.name.contains(filter)) {
        let script = workspace.programs().join(format!("{}.lua", program.name));
        let theirs = parse_luac(&listing(Command::new(luac).args(["-l", "-p"]).arg(&script), &script)?);
        let mine = parse_perilune(&listing(
            Command::new(&ours).args(["dump", "--stage", "bytecode"]).arg(&script),
            &script,
        )?);
        if mine.functions == 0 {
            bail!("{}: the dump lists no function", script.display());
        }
        table.add_row(row(program.name, theirs, mine));
        all_theirs.add(theirs);
        all_mine.add(mine);
    }
    table.add_row(row("total", all_theirs, all_mine));
    println!("{table}");
    let good = all_mine.instructions <= all_theirs.instructions && all_mine.moves <= all_theirs.moves;
    println!("static: {}", if good { "at most luac's" } else { "more than luac's" });
    Ok(good)
}

fn row(name: &str, theirs: Counts, mine: Counts) -> [String; 7] {
    [
        name.to_owned(),
        format!("{} ({})", mine.functions, theirs.functions),
        theirs.instructions.to_string(),
        mine.instructions.to_string(),
        format!("{:.2}", mine.instructions as f64 / theirs.instructions as f64),
        theirs.moves.to_string(),
        mine.moves.to_string(),
    ]
}

fn listing(command: &mut Command, script: &Path) -> Result<String> {
    let outcome = child::run(command, b"", LIMIT)?;
    if !outcome.success() {
        bail!("{}: {}", script.display(), outcome.complaint());
    }
    Ok(String::from_utf8_lossy(&outcome.stdout).into_owned())
}

/// `luac -l`: a head `main <file:0,0> (12 instructions at …)` for each function, then `\t1\t[1]\tMOVE\t0 1`.
pub fn parse_luac(text: &str) -> Counts {
    let mut counts = Counts::default();
    for line in text.lines() {
        if line.starts_with("main <") || line.starts_with("function <") {
            counts.functions += 1;
            continue;
        }
        let mut fields = line.split('\t').filter(|f| !f.is_empty()).map(str::trim);
        let (Some(pc), Some(place), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if pc.parse::<usize>().is_ok() && place.starts_with('[') {
            counts.instructions += 1;
            counts.moves += usize::from(name == "MOVE");
        }
    }
    counts
}

/// `perilune dump --stage bytecode`: a head `function f0 …` for each function, then its tables as lines that open with
/// a word, and its instructions as lines that open with their word offset, `  0003  jump @0004  ; line 2`. Cache words
/// are part of their instruction.
pub fn parse_perilune(text: &str) -> Counts {
    let mut counts = Counts::default();
    for line in text.lines() {
        if line.starts_with("function ") {
            counts.functions += 1;
            continue;
        }
        let mut words = line.split_whitespace();
        let is_offset = |w: &str| w.bytes().all(|b| b.is_ascii_digit());
        if !line.starts_with(' ') || !words.next().is_some_and(is_offset) {
            continue;
        }
        counts.instructions += 1;
        // Moves between registers and spill slots are moves too.
        counts.moves += usize::from(matches!(words.next(), Some("move" | "spill" | "reload")));
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luac_listings() {
        let text = "\nmain <x.lua:0,0> (3 instructions at 0x55)\n0+ params, 2 slots, 1 upvalue, 0 locals, 1 constant, 1 function\n\t1\t[1]\tVARARGPREP\t0\n\t2\t[1]\tMOVE     \t0 1\n\t3\t[2]\tRETURN\t0 1 1\t; 0 out\n\nfunction <x.lua:1,2> (1 instruction at 0x56)\n0 params\n\t1\t[2]\tRETURN0\n";
        assert_eq!(
            parse_luac(text),
            Counts {
                functions: 2,
                instructions: 4,
                moves: 1
            }
        );
    }

    #[test]
    fn perilune_listings() {
        let text = "module \"@x.lua\"\n\nfunction f0 \"add\" params 2 frame 4 lines 1..3\n  upvalue u0 \"_ENV\" local\n  constant k0 \"move r1\"\n  local \"a\" r0 0000..0002\n  0000  get_field r0, r0, k0 \"move r1\"  {line 2:12} {live r0}  ; line 2\n  0003  move r1, r2\n  0004  reload r0, s300\n  0005  return_1 r0\n\nfunction f1 params 0 vararg frame 0 lines 2..2\n  0000  return_0  ; line 2\n";
        assert_eq!(
            parse_perilune(text),
            Counts {
                functions: 2,
                instructions: 5,
                moves: 2
            }
        );
    }
}
