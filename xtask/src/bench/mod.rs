//! The comparison: the programs of the suite on Perilune and on its peers.

mod listing;
mod machine;
pub mod peers;
pub mod programs;
mod report;
mod run;
mod stats;
mod svg;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::child;
use crate::workspace::{Workspace, cargo};
use machine::Machine;
use peers::{Skipped, Subject};
use programs::{GROUPS, PROGRAMS};
use report::{Entry, Report, Row, SubjectInfo};
use run::{Job, Metric, Plan};

#[derive(clap::Args)]
pub struct Options {
    /// Only the programs (with --micro, the benches) whose name contains this
    #[arg(long, default_value = "")]
    filter: String,
    /// Only these peers, separated by commas (default: all that can be found or built)
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// A fifth of the work
    #[arg(long)]
    quick: bool,
    /// At most this many rounds; fewer when time runs out
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that one run may take
    #[arg(long, default_value_t = 20)]
    timeout: u64,
    /// Minutes that all of it may take, builds included
    #[arg(long, default_value_t = 14.0)]
    budget: f64,
    /// Perilune at each of these optimization levels, separated by commas
    #[arg(long, value_delimiter = ',')]
    opt_levels: Vec<u8>,
    /// Perilune with this dispatch: tail or loop
    #[arg(long)]
    dispatch: Option<String>,
    /// Compare static instruction counts with luac5.4 instead
    #[arg(long = "static")]
    listing: bool,
    /// Run the criterion benches of the crates instead
    #[arg(long)]
    micro: bool,
    /// Time what it costs to cross between Rust and Lua, here and in other crates
    #[arg(long)]
    boundary: bool,
    /// Time single operations (micro.lua) instead of programs
    #[arg(long)]
    operations: bool,
    /// Time how long a line takes to compile, for programs and for chunks of up to a million lines
    #[arg(long)]
    compile: bool,
}

/// What is compared.
#[derive(Clone, Copy)]
enum Work {
    Suite,
    Operations,
    Compilation,
}

impl Work {
    fn metric(self) -> Metric {
        match self {
            Work::Suite => Metric::Cpu,
            Work::Operations | Work::Compilation => Metric::Printed,
        }
    }

    fn groups(self) -> &'static [(char, &'static str)] {
        match self {
            Work::Suite => GROUPS,
            Work::Operations => &[('o', "operations")],
            Work::Compilation => &[('l', "loading")],
        }
    }

    fn title(self) -> &'static str {
        match self {
            Work::Suite => "Perilune and its peers",
            Work::Operations => "Perilune and its peers: single operations",
            Work::Compilation => "Perilune and its peers: loading, by the line",
        }
    }

    /// What its files of results are called.
    fn stem(self) -> &'static str {
        match self {
            Work::Suite => "latest",
            Work::Operations => "operations",
            Work::Compilation => "compile",
        }
    }
}

impl Options {
    fn work(&self) -> Work {
        if self.operations {
            Work::Operations
        } else if self.compile {
            Work::Compilation
        } else {
            Work::Suite
        }
    }
}

/// True if Perilune printed nothing wrong. A missing peer is no failure.
pub fn run(options: &Options) -> Result<bool> {
    let start = Instant::now();
    let workspace = Workspace::load()?;
    if options.listing {
        return listing::run(&workspace, &options.filter);
    }
    if options.micro {
        return criterion(&workspace, &options.filter);
    }
    if options.boundary {
        return boundary(&workspace, options);
    }
    let deadline = start + Duration::from_secs_f64(options.budget * 60.0);
    let (subjects, skipped) = prepare(&workspace, options, deadline)?;
    let Some(reference) = subjects
        .iter()
        .find(|s| s.name == peers::REFERENCE)
        .or(subjects.first())
    else {
        for s in &skipped {
            println!("{} skipped: {}", s.name, s.why);
        }
        bail!("there is nothing to run on");
    };
    let work = options.work();
    let jobs = match work {
        Work::Suite => suite(&workspace, options, &subjects)?,
        Work::Operations => operations(&workspace, options, &subjects, reference)?,
        Work::Compilation => compilation(&workspace, options, &subjects)?,
    };
    if jobs.is_empty() {
        bail!("no program's name contains {:?}", options.filter);
    }
    let plan = Plan {
        metric: work.metric(),
        rounds: options.rounds.max(1),
        limit: Duration::from_secs(options.timeout),
        deadline,
        scratch: workspace.target.join(format!("measure-{}.json", std::process::id())),
    };
    let names: Vec<&str> = subjects.iter().map(|s| s.name.as_str()).collect();
    let machine = Machine::read(&workspace.root);
    let runs = run::run(&jobs, &names, &plan);
    // It is gone if the last run timed out.
    let _ = std::fs::remove_file(&plan.scratch);

    let report = assemble(
        options,
        &plan,
        machine,
        &subjects,
        skipped,
        &jobs,
        runs?,
        start.elapsed(),
    );
    print!("{}", report.terminal());
    write_results(&workspace.root, work, &report)?;
    let wrong = |e: &Entry| {
        matches!(
            e.state,
            run::State::WrongOutput | run::State::Failed(_) | run::State::Timeout
        )
    };
    let columns = (0..subjects.len()).filter(|c| subjects[*c].name.starts_with("perilune"));
    Ok(!columns
        .into_iter()
        .any(|c| report.rows.iter().any(|r| wrong(&r.results[c]))))
}

/// Builds Perilune first, then the peers, one after the other; whoever cannot be had is named.
fn prepare(workspace: &Workspace, options: &Options, deadline: Instant) -> Result<(Vec<Subject>, Vec<Skipped>)> {
    let mut subjects = Vec::new();
    let mut skipped = Vec::new();
    let left = || deadline.saturating_duration_since(Instant::now());
    let mut skip = |name: &str, err: anyhow::Error| {
        eprintln!("{name} skipped: {err:#}");
        skipped.push(Skipped {
            name: name.to_owned(),
            why: format!("{err:#}"),
        });
    };
    let selected = peers::select(&options.peers)?;
    eprintln!("building perilune");
    match peers::perilune(workspace, &options.opt_levels, options.dispatch.as_deref(), left()) {
        Ok(ours) => subjects.extend(ours),
        Err(err) => skip("perilune", err),
    }
    for peer in selected {
        eprintln!("preparing {}", peer.name);
        match peers::prepare(workspace, peer, left()) {
            Ok(subject) => subjects.push(subject),
            Err(err) => skip(peer.name, err),
        }
    }
    Ok((subjects, skipped))
}

/// The programs of the suite, with the outputs that belong to their sizes.
fn suite(workspace: &Workspace, options: &Options, subjects: &[Subject]) -> Result<Vec<Job>> {
    let folder = workspace.programs();
    let mut jobs = Vec::new();
    for program in PROGRAMS.iter().filter(|p| p.name.contains(&options.filter)) {
        let (size, output) = match options.quick {
            true => (program.quick, format!("quick/{}.out", program.name)),
            false => (program.size, format!("{}.out", program.name)),
        };
        let output = folder.join(output);
        let expected = std::fs::read(&output).with_context(|| format!("cannot read {}", output.display()))?;
        let args = vec![size.to_owned()];
        jobs.push(Job {
            name: program.name.to_owned(),
            group: program.group(),
            commands: subjects.iter().map(|s| s.command(program, &folder, &args)).collect(),
            args,
            expected: Some(expected),
        });
    }
    Ok(jobs)
}

/// The operations that `micro.lua` lists on the reference.
fn operations(workspace: &Workspace, options: &Options, subjects: &[Subject], reference: &Subject) -> Result<Vec<Job>> {
    let script = workspace.programs().join("micro.lua");
    let command = reference.script_command(&script, &[]);
    let (program, args) = command.split_first().expect("a command has a program");
    let outcome = child::run(
        std::process::Command::new(program).args(args),
        b"",
        Duration::from_secs(options.timeout),
    )?;
    if !outcome.success() {
        bail!("{} cannot list the operations: {}", reference.name, outcome.complaint());
    }
    let list = String::from_utf8(outcome.stdout).context("names of operations are text")?;
    let job = |name: &str| {
        let mut args = vec![name.to_owned()];
        args.extend(options.quick.then(|| "0.2".to_owned()));
        Job {
            name: name.to_owned(),
            group: 'o',
            commands: subjects
                .iter()
                .map(|s| s.is_lua().then(|| s.script_command(&script, &args)))
                .collect(),
            args,
            expected: None,
        }
    };
    Ok(list
        .lines()
        .filter(|name| name.contains(&options.filter))
        .map(job)
        .collect())
}

/// The programs of the suite and of the corpus, and chunks put together from those of the suite, which any Lua may compile that
/// reads files.
fn compilation(workspace: &Workspace, options: &Options, subjects: &[Subject]) -> Result<Vec<Job>> {
    let script = workspace.root.join("benchmarks/compile.lua");
    let suite: Vec<PathBuf> = PROGRAMS
        .iter()
        .map(|p| workspace.programs().join(format!("{}.lua", p.name)))
        .collect();
    let corpus = workspace.root.join("tests/corpus");
    let mut small = Vec::new();
    for topic in std::fs::read_dir(&corpus).with_context(|| format!("cannot read {}", corpus.display()))? {
        let topic = topic?.path();
        // What is for 5.4 alone need not compile as 5.5.
        if topic.is_dir() && !topic.ends_with("version54") {
            let scripts = std::fs::read_dir(&topic)?.map(|entry| entry.map(|entry| entry.path()));
            for script in scripts {
                small.extend(Some(script?).filter(|path| path.extension().is_some_and(|e| e == "lua")));
            }
        }
    }
    small.sort();
    let lines = |full: usize| if options.quick { full / 5 } else { full };
    let sets = [
        ("corpus", lines(100_000), &small),
        ("programs", lines(100_000), &suite),
        ("one_chunk_1k", lines(1_000), &suite),
        ("one_chunk_10k", lines(10_000), &suite),
        ("one_chunk_100k", lines(100_000), &suite),
        ("one_chunk_1M", lines(1_000_000), &suite),
    ];
    let job = |(name, lines, files): (&str, usize, &Vec<PathBuf>)| {
        let mut args = vec![name.to_owned(), lines.to_string()];
        args.extend(files.iter().map(|path| path.display().to_string()));
        Job {
            name: name.to_owned(),
            group: 'l',
            commands: subjects
                .iter()
                .map(|s| (s.is_lua() && !s.name.starts_with("luau")).then(|| s.script_command(&script, &args)))
                .collect(),
            args: vec![lines.to_string()],
            expected: None,
        }
    };
    Ok(sets
        .into_iter()
        .filter(|(name, ..)| name.contains(&options.filter))
        .map(job)
        .collect())
}

#[expect(clippy::too_many_arguments, reason = "one call, and each is a part of the report")]
fn assemble(
    options: &Options,
    plan: &Plan,
    machine: Machine,
    subjects: &[Subject],
    skipped: Vec<Skipped>,
    jobs: &[Job],
    runs: run::Runs,
    elapsed: Duration,
) -> Report {
    let infos: Vec<SubjectInfo> = subjects
        .iter()
        .map(|s| SubjectInfo {
            name: s.name.clone(),
            version: s.version.clone(),
        })
        .collect();
    let mut rows: Vec<Row> = jobs
        .iter()
        .zip(runs.cells)
        .map(|(job, cells)| Row {
            program: job.name.clone(),
            group: job.group,
            args: job.args.join(" "),
            results: cells
                .into_iter()
                .map(|cell| Entry {
                    time: cell.spread(),
                    ratio: None,
                    peak_kib: cell.peak_kib,
                    state: cell.state,
                })
                .collect(),
        })
        .collect();
    let reference = report::reference_column(&infos);
    report::set_ratios(&mut rows, reference);
    Report {
        title: options.work().title().to_owned(),
        machine,
        sizes: if options.quick { "quick" } else { "default" }.to_owned(),
        rounds: runs.full_rounds,
        seconds: elapsed.as_secs_f64(),
        reference: infos[reference].name.clone(),
        metric: plan.metric,
        means: report::means(&rows, infos.len(), options.work().groups()),
        subjects: infos,
        skipped,
        rows,
    }
}

fn write_results(root: &Path, work: Work, report: &Report) -> Result<()> {
    let folder = root.join("benchmarks/results");
    std::fs::create_dir_all(&folder)?;
    let stem = work.stem();
    let json = serde_json::to_string_pretty(report)? + "\n";
    for (extension, text) in [("md", report.markdown()), ("json", json), ("svg", svg::chart(report))] {
        let path = folder.join(format!("{stem}.{extension}"));
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("written: benchmarks/results/{stem}.{{md,json,svg}}");
    Ok(())
}

/// The package that crosses between Rust and Lua with each crate in turns. All rows make the table of results.
fn boundary(workspace: &Workspace, options: &Options) -> Result<bool> {
    let mut command = cargo();
    command
        .args(["run", "--release", "--quiet", "--manifest-path"])
        .arg(workspace.root.join("benchmarks/boundary/Cargo.toml"))
        .arg("--target-dir")
        .arg(workspace.target.join("peers"))
        .args([
            "--",
            "--rounds",
            &options.rounds.to_string(),
            "--filter",
            &options.filter,
        ]);
    if !options.peers.is_empty() {
        command.args(["--engines", &options.peers.join(",")]);
    } else if options.filter.is_empty() {
        command
            .arg("--json")
            .arg(workspace.root.join("benchmarks/results/boundary.json"));
    }
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    let table = String::from_utf8_lossy(&output.stdout);
    print!("{table}");
    if output.status.success() && options.peers.is_empty() && options.filter.is_empty() {
        std::fs::write(workspace.root.join("benchmarks/results/boundary.md"), &*table)?;
    }
    Ok(output.status.success())
}

/// The criterion benches of all crates.
fn criterion(workspace: &Workspace, filter: &str) -> Result<bool> {
    let mut good = true;
    let mut any = false;
    for package in &workspace.packages {
        for target in package.targets.iter().filter(|t| t.kind.iter().any(|k| k == "bench")) {
            any = true;
            println!("\n== {} {}", package.name, target.name);
            let mut command = cargo();
            command.args(["bench", "--package", &package.name, "--bench", &target.name, "--"]);
            command
                .args((!filter.is_empty()).then_some(filter))
                .current_dir(&workspace.root);
            good &= command.status()?.success();
        }
    }
    if !any {
        println!("micro: no crate has a bench");
    }
    Ok(good)
}
