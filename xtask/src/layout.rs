//! `layout`: which functions of the command run, so that the linker can put them side by side.
//!
//! The kernel maps a file 64 KiB at a time: a program pays for the code between what it runs. `crates/perilune/layout.ld` names the
//! sections of what runs at start-up, then of what most programs of the benchmark suite run, then of what some do. The names have no
//! hashes in them, so that they outlive builds; a name that is not there any more does no harm, and a function that is new
//! stands among those that nobody runs until this is done again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::bench::programs::PROGRAMS;
use crate::workspace::{Workspace, cargo};

/// Groups of the suite that show their code only at more than the smallest size: the collector does not run before.
const LARGER: [char; 2] = ['e', 'f'];

/// A name that also stands for more than so many bytes of instances that nobody runs comes last.
const STRANGERS: u64 = 8192;

/// How the C library names what it chooses by the processor: all of them go together, for this may not be the processor that runs them.
const BY_PROCESSOR: [&str; 9] = [
    "avx", "avx2", "avx512", "evex", "evex512", "fma", "fma4", "sse2", "sse4",
];

/// Writes the script anew.
pub fn run() -> Result<bool> {
    let workspace = Workspace::load()?;
    let map = workspace.target.join("layout.map");
    let built = cargo()
        .args(["rustc", "--release", "--package", "perilune", "--bin", "perilune", "--"])
        .arg(format!("-Clink-arg=-Wl,-Map={}", map.display()))
        .current_dir(&workspace.root)
        .status()?;
    if !built.success() {
        bail!("perilune does not build");
    }
    let sections = Sections::parse(&std::fs::read_to_string(&map).context("the linker wrote no map")?);
    let binary = workspace.target.join("release/perilune");
    let mut runs = vec![functions(&binary, &workspace, &["-e", ""])?];
    for program in PROGRAMS {
        let size = if LARGER.contains(&program.group()) {
            program.quick
        } else {
            program.small
        };
        let script = workspace.programs().join(format!("{}.lua", program.name));
        let mut args = vec![script.to_str().context("the path is not text")?];
        args.extend(size.split(' '));
        println!("{}", args.join(" "));
        runs.push(functions(&binary, &workspace, &args)?);
    }
    let path = workspace.root.join("crates/perilune/layout.ld");
    std::fs::write(&path, script(&sections, &runs))?;
    println!("{}", path.display());
    Ok(true)
}

/// The symbols of the functions that run.
fn functions(binary: &Path, workspace: &Workspace, args: &[&str]) -> Result<BTreeSet<String>> {
    let profile = workspace.target.join("layout.callgrind");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--demangle=no"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(binary)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot run valgrind")?;
    if !status.success() {
        bail!("{args:?} failed: {status}");
    }
    Ok(called(&std::fs::read_to_string(&profile)?))
}

/// The names in a profile: `fn=(12) name` where they come first, `cfn=` for those that are called. A recursive one ends in `'2`.
fn called(profile: &str) -> BTreeSet<String> {
    let lines = profile.lines();
    let names = lines.filter_map(|line| line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")));
    let names = names.filter_map(|name| Some(name.split_once(") ")?.1));
    names
        .map(|name| name.split('\'').next().unwrap_or(name).to_owned())
        .collect()
}

/// What the linker put where.
#[derive(Default)]
struct Sections {
    /// The pattern of the section that a symbol is in.
    of: BTreeMap<String, String>,
    /// The symbols and bytes of the sections that a pattern stands for; one without symbols of its own goes by its name.
    pattern: BTreeMap<String, Vec<(String, u64)>>,
}

impl Sections {
    /// Reads a map as LLD writes it: address, address, size, alignment, and the output section, the input section in it, or the
    /// symbol in that, each indented by eight columns more.
    fn parse(map: &str) -> Sections {
        let mut sections = Sections::default();
        let mut current = None;
        for line in map.lines() {
            let mut words = line.split_whitespace();
            let (Some(_), Some(_), Some(size), Some(align)) = (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            let (Ok(size), true) = (u64::from_str_radix(size, 16), align.bytes().all(|b| b.is_ascii_digit())) else {
                continue;
            };
            let Some(rest) = words
                .next()
                .and_then(|word| Some(&line[line.find(&format!(" {word}"))? + 1..]))
            else {
                continue;
            };
            if let Some((file, section)) = rest.split_once(":(").filter(|(file, _)| file.contains(".o")) {
                let section = section.trim_end_matches(')');
                current = section.starts_with(".text").then(|| pattern(file, section));
                if let Some(pattern) = &current {
                    let symbol = section
                        .trim_start_matches(".text.")
                        .trim_start_matches("unlikely.")
                        .to_owned();
                    sections.of.insert(symbol.clone(), pattern.clone());
                    sections
                        .pattern
                        .entry(pattern.clone())
                        .or_default()
                        .push((symbol, size));
                }
            } else if let Some(pattern) = &current {
                sections.of.entry(rest.to_owned()).or_insert_with(|| pattern.clone());
            }
        }
        sections
    }
}

/// What matches a section in every build: its file, if that is of an archive of C, and its name without hashes.
fn pattern(file: &str, section: &str) -> String {
    let name = section.trim_start_matches(".text.").trim_start_matches("unlikely.");
    if name.starts_with("_ZN") || name.starts_with("_R") {
        // Symbols that link-time optimisation made local have a number behind them.
        return format!("*({}*)", without_hashes(section));
    }
    let member = file.strip_suffix(')').and_then(|file| file.rsplit_once('('));
    match member {
        Some((archive, member)) if !archive.ends_with(".rlib") => {
            let archive = archive.rsplit('/').next().unwrap_or(archive);
            // `libm-2.36.a`: another version will do.
            let stem = archive.split(['-', '.']).next().unwrap_or(archive);
            match member.split(['-', '.', '_']).find(|part| BY_PROCESSOR.contains(part)) {
                Some(part) => {
                    let family = &member[..member.find(part).unwrap_or(0)];
                    format!("*{stem}*.a:{family}*.o(.text .text.*)")
                }
                None => format!("*{stem}*.a:{member}({section})"),
            }
        }
        _ => format!("*({section})"),
    }
}

/// `_ZN4name17h0123456789abcdefE` and `_RNvNtCs1234_4core..`, with a star for what differs between builds.
fn without_hashes(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("17h").into_iter().chain(rest.find("Cs")).min() {
        let (head, tail) = rest.split_at(at);
        out += head;
        let hash = if tail.starts_with("17h") {
            3..19
        } else {
            2..tail.find('_').unwrap_or(2)
        };
        let is_hash = tail
            .get(hash.clone())
            .is_some_and(|h| !h.is_empty() && h.bytes().all(|b| b.is_ascii_alphanumeric()));
        let (prefix, skipped) = if is_hash { (hash.start, hash.end) } else { (1, 1) };
        out += &tail[..prefix];
        if is_hash {
            out.push('*');
        }
        rest = &tail[skipped..];
    }
    out + rest
}

/// The script: what runs at start-up, what nine of ten programs run, what a fifth of them do, the rest, and names that stand for much
/// besides.
fn script(sections: &Sections, runs: &[BTreeSet<String>]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in runs.iter().flatten() {
        *counts.entry(name).or_default() += 1;
    }
    let mut tiers: [BTreeSet<&str>; 5] = Default::default();
    for (&name, &count) in &counts {
        let Some(pattern) = sections.of.get(name) else {
            // What is no function of the command's: the dynamic linker's, or a shared library's.
            continue;
        };
        let all = sections.pattern.get(pattern).map_or(&[][..], Vec::as_slice);
        let strangers: u64 = all
            .iter()
            .filter(|(n, _)| n != name && !counts.contains_key(n.as_str()))
            .map(|s| s.1)
            .sum();
        let tier = if all.len() > 1 && strangers > STRANGERS {
            4
        } else if runs[0].contains(name) {
            0
        } else {
            1 + usize::from(count * 10 < runs.len() * 9) + usize::from(count * 5 < runs.len())
        };
        tiers[tier].insert(pattern);
    }
    let mut out = "/* The order of the functions of the command; generated by `cargo xtask layout`. */\nSECTIONS {\n  .text : {\n".to_owned();
    let mut seen = BTreeSet::new();
    for pattern in tiers.into_iter().flatten().filter(|pattern| seen.insert(*pattern)) {
        writeln!(out, "    {pattern}").expect("a string takes it");
    }
    out + "  }\n}\nINSERT BEFORE .init;\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "\
             VMA              LMA     Size Align Out     In      Symbol
            1000             1000       40    16 .text
            1000             1000       20    16         /deps/p.o:(.text._ZN1a1b17h0123456789abcdefE)
            1000             1000       20     1                 a::b
            1020             1020       20    16         /lib/libm-2.36.a(e_pow-fma.o):(.text.fma)
            1020             1020       20     1                 __pow_fma
";

    #[test]
    fn names_lose_their_hashes() {
        assert_eq!(
            without_hashes(".text._ZN1a1b17h0123456789abcdefE"),
            ".text._ZN1a1b17h*E"
        );
        assert_eq!(
            without_hashes("_RNvXsK_NtCsgEmfK2I1SDS_4core3fmtCs"),
            "_RNvXsK_NtCs*_4core3fmtCs"
        );
        assert_eq!(without_hashes("_ZN17has17h"), "_ZN17has17h");
    }

    #[test]
    fn what_runs_comes_by_tiers() {
        let sections = Sections::parse(MAP);
        let profile = "fn=(1) _ZN1a1b17h0123456789abcdefE'2\n1 2\ncfn=(2) __pow_fma\nfn=(1)\n";
        let first = called("fn=(7) __pow_fma\n");
        let text = script(&sections, &[first, called(profile)]);
        let body: Vec<&str> = text.lines().skip(3).take(2).map(str::trim).collect();
        assert_eq!(body, ["*libm*.a:e_pow-*.o(.text .text.*)", "*(.text._ZN1a1b17h*E*)"]);
    }
}
