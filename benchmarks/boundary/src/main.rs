//! What it costs to cross between Rust and Lua: the same operations by Perilune and by other crates, in turns.
//!
//! `boundary [--rounds N] [--filter ROW] [--engines a,b] [--json FILE]` prints a table; `boundary --once ROW ENGINE N` does an operation `N`
//! times and nothing else, for profilers.

mod alike;
#[cfg(feature = "peers")]
mod by_luars;
#[cfg(feature = "peers")]
mod by_omnilua;
mod document;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// An operation: what is called does it that many times.
pub type Operation = Box<dyn FnMut(u64)>;

/// The rows of the table: name, what is done, and how many operations one call of it counts as.
const ROWS: &[(&str, &str, u64)] = &[
    ("call0", "Rust calls a Lua function without arguments", 1),
    ("call3", "Rust calls a Lua function with 3 arguments", 1),
    ("native", "Lua calls a Rust function", alike::LOOP),
    ("method", "Lua calls a method of a userdata", alike::LOOP),
    ("get", "Rust reads a field", 1),
    ("set", "Rust writes a field", 1),
    ("list", "Rust visits an element of a list", alike::ENTRIES),
    ("map", "Rust visits an entry of a map", alike::ENTRIES),
    ("string", "a string of 40 bytes to Lua and back", 1),
    ("state", "a state with the libraries, made and dropped", 1),
    ("serde", "a document of 1 MB to Lua and back", 1),
];

struct Engine {
    name: &'static str,
    operations: Vec<(&'static str, Operation)>,
}

#[cfg(feature = "peers")]
const ENGINES: &[&str] = &["perilune", "mlua", "luars", "omnilua"];
#[cfg(not(feature = "peers"))]
const ENGINES: &[&str] = &["perilune"];

fn engine(name: &'static str) -> Engine {
    let operations = match name {
        #[cfg(feature = "peers")]
        "mlua" => alike::mlua::operations(),
        #[cfg(feature = "peers")]
        "luars" => by_luars::operations(),
        #[cfg(feature = "peers")]
        "omnilua" => by_omnilua::operations(),
        _ => alike::perilune::operations(),
    };
    Engine { name, operations }
}

/// How long one measurement takes at least.
const BATCH: Duration = Duration::from_millis(20);

/// The number of times that makes a measurement long enough.
fn calibrate(operation: &mut Operation) -> u64 {
    let mut times = 1;
    loop {
        let start = Instant::now();
        operation(times);
        let took = start.elapsed();
        if took >= BATCH {
            return times;
        }
        let more = BATCH.as_secs_f64() / took.as_secs_f64().max(1e-7);
        times = (times as f64 * more.clamp(1.2, 100.0)).ceil() as u64;
    }
}

/// Nanoseconds for one operation, per engine and row: the fastest round.
fn measure(engines: &mut [Engine], rounds: usize, filter: &str) -> Vec<(usize, Vec<Option<f64>>)> {
    let mut results = Vec::new();
    for (row, &(name, _, per_call)) in ROWS.iter().enumerate().filter(|(_, r)| r.0.contains(filter)) {
        let mut subjects: Vec<(usize, &mut Operation, u64)> = Vec::new();
        for (i, engine) in engines.iter_mut().enumerate() {
            if let Some((_, operation)) = engine.operations.iter_mut().find(|(n, _)| *n == name) {
                let times = calibrate(operation);
                subjects.push((i, operation, times));
            }
        }
        let mut best = vec![None::<f64>; ENGINES.len()];
        for _ in 0..rounds {
            for (i, operation, times) in &mut subjects {
                let start = Instant::now();
                operation(*times);
                let took = start.elapsed().as_nanos() as f64 / (*times * per_call) as f64;
                best[*i] = Some(best[*i].map_or(took, |b| b.min(took)));
            }
        }
        eprintln!("{name} measured");
        results.push((row, best));
    }
    results
}

fn time(nanoseconds: Option<f64>) -> String {
    match nanoseconds {
        None => "-".to_string(),
        Some(t) if t >= 1e6 => format!("{:.2} ms", t / 1e6),
        Some(t) if t >= 1e4 => format!("{:.1} us", t / 1e3),
        Some(t) => format!("{t:.1} ns"),
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut rounds, mut filter, mut json) = (15, String::new(), None);
    let mut names: Vec<&'static str> = ENGINES.to_vec();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--rounds" => rounds = value().parse().unwrap_or(rounds),
            "--filter" => filter = value(),
            "--json" => json = Some(value()),
            "--engines" => {
                let wanted = value();
                names.retain(|n| wanted.split(',').any(|w| w == *n));
            }
            "--once" => {
                let (row, name, times) = (value(), value(), value().parse().unwrap_or(1));
                let name = ENGINES.iter().copied().find(|n| *n == name).unwrap_or("perilune");
                let mut engine = engine(name);
                let operation = engine.operations.iter_mut().find(|(n, _)| *n == row);
                operation.expect("the engine has the row").1(times);
                return;
            }
            other => {
                eprintln!("unknown argument {other}");
                std::process::exit(2);
            }
        }
    }
    let mut engines: Vec<Engine> = names.iter().map(|n| engine(n)).collect();
    let results = measure(&mut engines, rounds, &filter);
    print!("| operation |");
    for engine in &engines {
        print!(" {} |", engine.name);
    }
    println!(" to mlua |\n|---|{}", "--:|".repeat(engines.len() + 1));
    let place = |name| engines.iter().position(|e| e.name == name);
    let mut text = String::from("[");
    for (row, times) in &results {
        let (name, what, _) = ROWS[*row];
        print!("| {what} |");
        for i in 0..engines.len() {
            print!(" {} |", time(times[i]));
        }
        let of = |engine| place(engine).and_then(|i| times[i]);
        match (of("perilune"), of("mlua")) {
            (Some(own), Some(other)) => println!(" {:.2} |", own / other),
            _ => println!(" - |"),
        }
        for (i, engine) in engines.iter().enumerate() {
            if let Some(t) = times[i] {
                let comma = if text.len() > 1 { "," } else { "" };
                let _ = write!(text, "{comma}{{\"row\":\"{name}\",\"engine\":\"{}\",\"ns\":{t:.2}}}", engine.name);
            }
        }
    }
    text.push(']');
    if let Some(file) = json
        && let Err(error) = std::fs::write(&file, text)
    {
        eprintln!("{file}: {error}");
    }
}
