//! What a result was measured on.

use std::path::Path;
use std::process::Command;

use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub system: String,
    pub rustc: String,
    pub commit: String,
    /// Seconds since 1970, UTC.
    pub time: u64,
    /// Runnable processes in the last minute before the runs began: above the number of cores, times are noisy.
    pub load: f64,
}

impl Machine {
    pub fn read(root: &Path) -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let dirty = !line_of(
            Command::new("git")
                .args(["status", "--porcelain", "--untracked-files=no"])
                .current_dir(root),
        )
        .is_empty();
        let commit = line_of(
            Command::new("git")
                .args(["rev-parse", "--short=12", "HEAD"])
                .current_dir(root),
        );
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self {
            cpu: cpu_model(&cpuinfo),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: line_of(Command::new("uname").args(["-srm"])),
            rustc: line_of(Command::new("rustc").arg("--version")),
            commit: if dirty {
                format!("{commit} with changes")
            } else {
                commit
            },
            time: now.map_or(0, |d| d.as_secs()),
            load: load.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0.0),
        }
    }
}

/// The first line that a command prints, or nothing.
pub fn line_of(command: &mut Command) -> String {
    let Ok(output) = command.output() else {
        return String::new();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or("").trim().to_owned()
}

fn cpu_model(cpuinfo: &str) -> String {
    let value = |key: &str| {
        cpuinfo
            .lines()
            .find_map(|l| Some(l.strip_prefix(key)?.trim_start().strip_prefix(':')?.trim().to_owned()))
    };
    value("model name").unwrap_or_else(|| "unknown".to_owned())
}

/// A date from seconds since 1970, UTC, by the days-from-civil algorithm read backwards (Hinnant, 2013).
pub fn date(time: u64) -> String {
    let days = (time / 86400) as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_come_from_cpuinfo() {
        assert_eq!(
            cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n"),
            "Some CPU @ 2 GHz"
        );
        assert_eq!(cpu_model(""), "unknown");
    }

    #[test]
    fn dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_767_225_599), "2025-12-31");
    }
}
