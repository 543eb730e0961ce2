//! Results as text: the tables of the terminal and of Markdown, and the JSON file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::machine::{Machine, date};
use super::peers::{REFERENCE, Skipped};
use super::run::{Metric, State};
use super::stats::{Spread, geometric_mean};

/// Everything that a run of the suite found.
#[derive(Debug, Serialize)]
pub struct Report {
    pub title: String,
    pub machine: Machine,
    /// `default` or `quick`.
    pub sizes: String,
    /// Rounds that every subject took part in.
    pub rounds: usize,
    pub seconds: f64,
    pub reference: String,
    #[serde(skip)]
    pub metric: Metric,
    pub subjects: Vec<SubjectInfo>,
    pub skipped: Vec<Skipped>,
    pub rows: Vec<Row>,
    pub means: Vec<Mean>,
}

#[derive(Debug, Serialize)]
pub struct SubjectInfo {
    pub name: String,
    pub version: String,
}

#[derive(Debug, Serialize)]
pub struct Row {
    pub program: String,
    pub group: char,
    pub args: String,
    /// One for each subject, in their order.
    pub results: Vec<Entry>,
}

#[derive(Debug, Serialize)]
pub struct Entry {
    pub state: State,
    pub time: Option<Spread>,
    /// Median over the reference's median.
    pub ratio: Option<f64>,
    pub peak_kib: i64,
}

/// Geometric means of the ratios of one group, or of all programs.
#[derive(Debug, Serialize)]
pub struct Mean {
    pub label: String,
    pub group: Option<char>,
    pub ratios: Vec<Option<f64>>,
    /// How many programs each mean is over.
    pub counts: Vec<usize>,
}

/// The column that ratios refer to: PUC Lua 5.5 where it ran, else the first.
pub fn reference_column(subjects: &[SubjectInfo]) -> usize {
    subjects.iter().position(|s| s.name == REFERENCE).unwrap_or(0)
}

/// Ratios of medians to the reference's.
pub fn set_ratios(rows: &mut [Row], reference: usize) {
    for row in rows {
        let base = row.results[reference].time.map(|t| t.median).filter(|m| *m > 0.0);
        for entry in &mut row.results {
            entry.ratio = entry
                .time
                .zip(base)
                .map(|(time, base)| time.median / base)
                .filter(|r| *r > 0.0);
        }
    }
}

/// One mean for each group that has programs, then the total.
pub fn means(rows: &[Row], columns: usize, groups: &[(char, &str)]) -> Vec<Mean> {
    let mean = |label: String, group: Option<char>| {
        let of_column = |column: usize| -> Vec<f64> {
            let in_group = rows.iter().filter(|r| group.is_none_or(|g| r.group == g));
            in_group.filter_map(|r| r.results[column].ratio).collect()
        };
        let ratios = (0..columns).map(|c| geometric_mean(&of_column(c))).collect();
        let counts = (0..columns).map(|c| of_column(c).len()).collect();
        Mean {
            label,
            group,
            ratios,
            counts,
        }
    };
    let used: BTreeMap<char, &str> = groups
        .iter()
        .copied()
        .filter(|(g, _)| rows.iter().any(|r| r.group == *g))
        .collect();
    let mut means: Vec<Mean> = used
        .iter()
        .map(|(g, name)| mean(format!("{g} {name}"), Some(*g)))
        .collect();
    means.push(mean("total".to_owned(), None));
    means
}

fn state_word(state: &State) -> &str {
    match state {
        State::Ok => "",
        State::Pending => "no time",
        State::Unsupported => "-",
        State::Timeout => "timeout",
        State::WrongOutput => "wrong",
        State::Failed(_) => "failed",
    }
}

/// A table as rows of words; the first row is the head.
struct Grid(Vec<Vec<String>>);

impl Grid {
    fn terminal(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        if let Some((head, rows)) = self.0.split_first() {
            table.set_header(head);
            table.add_rows(rows);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{table}\n")
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        for (at, row) in self.0.iter().enumerate() {
            writeln!(text, "| {} |", row.join(" | ")).expect("strings take everything");
            if at == 0 {
                writeln!(text, "| --- |{}", " ---: |".repeat(row.len() - 1)).expect("strings take everything");
            }
        }
        text
    }
}

impl Report {
    fn head(&self, first: &str) -> Vec<String> {
        std::iter::once(first.to_owned())
            .chain(self.subjects.iter().map(|s| s.name.clone()))
            .collect()
    }

    /// Ratios with the group means and the total; a mean over fewer programs than the row has says so.
    fn ratios(&self) -> Grid {
        let mut grid = vec![self.head("ratio of medians")];
        for mean in &self.means {
            let in_group = self.rows.iter().filter(|r| mean.group == Some(r.group));
            for row in in_group {
                let words = row.results.iter().map(|e| match e.ratio {
                    Some(ratio) => format!("{ratio:.2}"),
                    None if e.state == State::Ok => "?".to_owned(),
                    None => state_word(&e.state).to_owned(),
                });
                grid.push(std::iter::once(row.program.clone()).chain(words).collect());
            }
        }
        for mean in &self.means {
            let of = self
                .rows
                .iter()
                .filter(|r| mean.group.is_none_or(|g| g == r.group))
                .count();
            let words = mean.ratios.iter().zip(&mean.counts).map(|(ratio, count)| match ratio {
                Some(ratio) if *count == of => format!("{ratio:.2}"),
                Some(ratio) => format!("{ratio:.2} of {count}"),
                None => "-".to_owned(),
            });
            grid.push(std::iter::once(mean.label.clone()).chain(words).collect());
        }
        Grid(grid)
    }

    fn times(&self) -> Grid {
        let (unit, scale) = match self.metric {
            Metric::Cpu => ("CPU ms: median (min–max)", 1e3),
            Metric::Printed => ("ns per operation or line: median (min–max)", 1.0),
        };
        let number = |value: f64| {
            let value = value * scale;
            if value < 100.0 {
                format!("{value:.1}")
            } else {
                format!("{value:.0}")
            }
        };
        let mut grid = vec![self.head(unit)];
        for row in &self.rows {
            let words = row.results.iter().map(|e| match e.time {
                Some(t) if t.runs > 1 => {
                    format!("{} ({}–{})", number(t.median), number(t.min), number(t.max))
                }
                Some(t) => number(t.median),
                None => state_word(&e.state).to_owned(),
            });
            grid.push(std::iter::once(row.program.clone()).chain(words).collect());
        }
        Grid(grid)
    }

    fn peaks(&self) -> Grid {
        let mut grid = vec![self.head("peak RSS, MiB")];
        for row in &self.rows {
            let words = row.results.iter().map(|e| match e.state {
                State::Ok => format!("{:.1}", e.peak_kib as f64 / 1024.0),
                _ => state_word(&e.state).to_owned(),
            });
            grid.push(std::iter::once(row.program.clone()).chain(words).collect());
        }
        Grid(grid)
    }

    fn preface(&self) -> String {
        let m = &self.machine;
        let what = match self.metric {
            Metric::Cpu => "user and system CPU time of the whole process",
            Metric::Printed => "time per operation or line",
        };
        format!(
            "{} sizes, {} full rounds, interleaved; {what}; 1.00 is {}, lower is faster.\n{} ({} cores), {}, {}; commit {}, {}; load {:.2} before the runs; {:.0} s in all.\n",
            self.sizes,
            self.rounds,
            self.reference,
            m.cpu,
            m.cores,
            m.system,
            m.rustc,
            m.commit,
            date(m.time),
            m.load,
            self.seconds
        )
    }

    /// What did not run, and what ran wrongly, one line each.
    fn complaints(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .skipped
            .iter()
            .map(|s| format!("{} skipped: {}", s.name, s.why))
            .collect();
        for row in &self.rows {
            for (entry, subject) in row.results.iter().zip(&self.subjects) {
                let what = match &entry.state {
                    State::Ok | State::Unsupported => continue,
                    State::Pending => "no time left".to_owned(),
                    State::Timeout => "did not end in time".to_owned(),
                    State::WrongOutput => "printed something else".to_owned(),
                    State::Failed(why) => format!("failed: {why}"),
                };
                lines.push(format!("{} {}: {what}", subject.name, row.program));
            }
        }
        lines
    }

    /// The widest spread of each subject, which tells how far to trust the ratios.
    fn noise(&self) -> String {
        let words: Vec<String> = (0..self.subjects.len())
            .filter_map(|column| {
                let widths = self
                    .rows
                    .iter()
                    .filter_map(|r| r.results[column].time)
                    .filter(|t| t.runs > 1);
                let worst = widths
                    .map(|t| t.width())
                    .fold(None, |a: Option<f64>, w| Some(a.map_or(w, |a| a.max(w))))?;
                Some(format!("{} {:.0} %", self.subjects[column].name, worst * 100.0))
            })
            .collect();
        if words.is_empty() {
            String::new()
        } else {
            format!("widest spread: {}\n", words.join(", "))
        }
    }

    pub fn terminal(&self) -> String {
        let mut text = format!("\n{}\n{}\n{}", self.title, self.preface(), self.times().terminal());
        if self.metric == Metric::Cpu {
            text += &self.peaks().terminal();
        }
        text += &self.ratios().terminal();
        text += &self.noise();
        for line in self.complaints() {
            text += &format!("{line}\n");
        }
        text
    }

    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n{}\n", self.title, self.preface(), self.ratios().markdown());
        text += &format!("{}\n{}\n", self.noise(), self.times().markdown());
        if self.metric == Metric::Cpu {
            text += &format!("{}\n", self.peaks().markdown());
        }
        for subject in &self.subjects {
            text += &format!("- {}: {}\n", subject.name, subject.version);
        }
        for line in self.complaints() {
            text += &format!("- {line}\n");
        }
        text
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    fn entry(median: f64) -> Entry {
        let time = Spread::of(&[median, median * 1.1, median * 0.9]);
        Entry {
            state: State::Ok,
            time,
            ratio: None,
            peak_kib: 2048,
        }
    }

    fn bad(state: State) -> Entry {
        Entry {
            state,
            time: None,
            ratio: None,
            peak_kib: 0,
        }
    }

    /// Two subjects, three programs, one of which the first subject gets wrong.
    pub fn sample() -> Report {
        let names = ["perilune", "lua55"];
        let row = |program: &str, results| Row {
            program: program.to_owned(),
            group: program.chars().next().unwrap(),
            args: "1".to_owned(),
            results,
        };
        let mut rows = vec![
            row("a1_x", vec![entry(0.5), entry(1.0)]),
            row("a2_y", vec![entry(2.0), entry(1.0)]),
            row("b1_z", vec![bad(State::WrongOutput), entry(0.2)]),
        ];
        set_ratios(&mut rows, 1);
        let means = means(&rows, 2, &[('a', "calls"), ('b', "numbers"), ('c', "none")]);
        Report {
            title: "Suite".to_owned(),
            machine: Machine {
                cpu: "CPU".to_owned(),
                cores: 2,
                system: "Linux".to_owned(),
                rustc: "rustc".to_owned(),
                commit: "abc".to_owned(),
                time: 0,
                load: 0.0,
            },
            sizes: "quick".to_owned(),
            rounds: 3,
            seconds: 1.0,
            reference: "lua55".to_owned(),
            metric: Metric::Cpu,
            subjects: names
                .iter()
                .map(|n| SubjectInfo {
                    name: (*n).to_owned(),
                    version: "1".to_owned(),
                })
                .collect(),
            skipped: vec![Skipped {
                name: "node".to_owned(),
                why: "not installed".to_owned(),
            }],
            rows,
            means,
        }
    }

    #[test]
    fn ratios_and_means_refer_to_the_reference() {
        let report = sample();
        assert_eq!(reference_column(&report.subjects), 1);
        assert_eq!(report.rows[0].results[0].ratio, Some(0.5));
        assert_eq!(report.rows[2].results[0].ratio, None);
        let labels: Vec<&str> = report.means.iter().map(|m| m.label.as_str()).collect();
        assert_eq!(labels, ["a calls", "b numbers", "total"]);
        assert!((report.means[0].ratios[0].unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(report.means[1].ratios, [None, Some(1.0)]);
        assert_eq!(report.means[2].counts, [2, 3]);
    }

    #[test]
    fn markdown_holds_all_tables_and_complaints() {
        let text = sample().markdown();
        for part in [
            "| a1_x | 0.50 | 1.00 |",
            "| b1_z | wrong | 1.00 |",
            "| total | 1.00 of 2 | 1.00 |",
            "500 (450–550)",
            "| a1_x | 2.0 | 2.0 |",
            "- perilune b1_z: printed something else",
            "- node skipped: not installed",
            "widest spread: perilune 20 %",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn the_terminal_shows_the_same_numbers() {
        let text = sample().terminal();
        assert!(text.contains("1.00 of 2") && text.contains("node skipped"), "{text}");
    }

    #[test]
    fn json_keeps_states_and_spreads() {
        let json: serde_json::Value = serde_json::to_value(sample()).unwrap();
        assert_eq!(json["rows"][2]["results"][0]["state"], "wrong_output");
        assert_eq!(json["rows"][0]["results"][0]["time"]["runs"], 3);
        assert_eq!(json["machine"]["commit"], "abc");
    }
}
