//! Answers a batch file: for each program and mode, what differs from the answer that the file expects. Arguments: the file;
//! `--checked` for the modes that need debug assertions, else the others; `--part` or `--mode` for those with this part in their
//! name, or of this name.

#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use perilune_luagen::batch;
use perilune_trials::{MODES, Trials, fuel_differs};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("perilune-trials: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("which file?")?;
    let (mut checked, mut part, mut name) = (false, String::new(), None);
    while let Some(option) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{option} wants a value"));
        match option.as_str() {
            "--checked" => checked = true,
            "--part" => part = value()?,
            "--mode" => name = Some(value()?),
            _ => return Err(format!("no option {option}")),
        }
    }
    let modes = MODES.iter().filter(|mode| match &name {
        Some(name) => mode.name == name,
        None => mode.checked == checked && mode.name.contains(&part),
    });
    let mut trials = Trials::new(modes);
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
    let items = batch::read_expected(&text).ok_or_else(|| format!("{file}: not a batch"))?;
    // Each line is written at once: after a crash, it says what was next.
    let mut out = std::io::stdout();
    let mut say = |line: &str| out.write_all(line.as_bytes()).map_err(|e| e.to_string());
    for (index, (item, expected)) in items.iter().enumerate() {
        say(&format!("== {index}\n"))?;
        let mut failed = Ok(());
        let answers = trials.answers(item, |mode| {
            let said = say(&format!("-- {mode}\n"));
            if failed.is_ok() {
                failed = said;
            }
        });
        failed?;
        if batch::is_open(expected) {
            continue;
        }
        for answer in &answers {
            if answer.text != *expected {
                say(&different(answer.mode, &answer.text))?;
            }
        }
        if let Some((mode, sentence)) = fuel_differs(&answers) {
            say(&different(mode, &sentence))?;
        }
    }
    say("== done\n")
}

fn different(mode: &str, answer: &str) -> String {
    let mut text = format!("!! {mode}\n");
    for line in answer.lines() {
        text += &format!("  {line}\n");
    }
    text
}
