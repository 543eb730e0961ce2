//! What the collector did and how long it held the program up: a histogram of its pauses, and on request a timeline.

use crate::object::{Objects, kind};
use crate::vm::Vm;
use perilune_gc::raw::{Model, Phase, Stats};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Buckets of the histogram: the n-th counts pauses below 2^n microseconds.
const BUCKETS: usize = 24;

/// Most pauses that a timeline keeps: one of a long run is thinned out, every second one at a time.
const MOST_EVENTS: usize = 20_000;

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it ended, from the start of the VM.
    pub at: Duration,
    /// How long it took, without the finalizers that it made due.
    pub length: Duration,
    /// Bytes in use before it.
    pub before: usize,
    /// Bytes in use after it.
    pub after: usize,
    /// It decided which objects are dead.
    pub ends_marking: bool,
}

/// The pauses of a VM.
#[derive(Debug)]
pub struct GcLog {
    start: Instant,
    count: u64,
    total: Duration,
    longest: Duration,
    buckets: [u64; BUCKETS],
    /// Most bytes in use that a pause found.
    peak: usize,
    events: Option<Vec<Pause>>,
    /// One of so many pauses goes to the timeline.
    every: u64,
}

impl GcLog {
    pub(crate) fn new() -> GcLog {
        GcLog {
            start: Instant::now(),
            count: 0,
            total: Duration::ZERO,
            longest: Duration::ZERO,
            buckets: [0; BUCKETS],
            peak: 0,
            events: None,
            every: 1,
        }
    }

    /// From now on pauses are kept for [`GcLog::svg`].
    pub fn keep_timeline(&mut self) {
        self.events.get_or_insert_default();
    }

    /// Notes a pause that began at `began`.
    pub(crate) fn note(&mut self, began: Instant, before: usize, after: usize, ends_marking: bool) {
        let now = Instant::now();
        self.add(Pause {
            at: now - self.start,
            length: now - began,
            before,
            after,
            ends_marking,
        });
    }

    fn add(&mut self, pause: Pause) {
        self.count += 1;
        self.total += pause.length;
        self.longest = self.longest.max(pause.length);
        self.peak = self.peak.max(pause.before);
        let us = pause.length.as_micros() as u64;
        self.buckets[((64 - us.leading_zeros()) as usize).min(BUCKETS - 1)] += 1;
        if let Some(events) = &mut self.events
            && self.count.is_multiple_of(self.every)
        {
            if events.len() >= MOST_EVENTS {
                let mut odd = false;
                events.retain(|_| {
                    odd = !odd;
                    odd
                });
                self.every *= 2;
            }
            events.push(pause);
        }
    }

    /// How many pauses there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest pause.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// Most bytes in use when a pause began.
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// A time that `percent` of the pauses do not reach: a power of two of microseconds.
    pub fn percentile(&self, percent: u64) -> Duration {
        let wanted = (self.count * percent).div_ceil(100);
        let mut sum = 0;
        for (n, &bucket) in self.buckets.iter().enumerate() {
            sum += bucket;
            if sum >= wanted {
                return Duration::from_micros(1 << n);
            }
        }
        self.longest
    }

    /// The timeline as a picture: bytes in use over time, the pauses as bars below.
    pub fn svg(&self) -> String {
        const WIDTH: f64 = 1200.0;
        const HEIGHT: f64 = 300.0;
        const BARS: f64 = 120.0;
        let events = self.events.as_deref().unwrap_or_default();
        let end = events.last().map_or(1.0, |p| p.at.as_secs_f64()).max(1e-6);
        let most = self.peak.max(1) as f64;
        let longest = self.longest.as_secs_f64().max(1e-9);
        let x = |at: Duration| at.as_secs_f64() / end * WIDTH;
        let y = |bytes: usize| HEIGHT - bytes as f64 / most * (HEIGHT - 20.0);
        let mut line = String::new();
        let mut bars = String::new();
        for p in events {
            let at = x(p.at);
            let _ = write!(line, "{at:.1},{:.1} {at:.1},{:.1} ", y(p.before), y(p.after));
            let height = p.length.as_secs_f64() / longest * (BARS - 10.0);
            let class = if p.ends_marking { "end" } else { "step" };
            let top = HEIGHT + 20.0 + BARS - height;
            let _ = writeln!(
                bars,
                "<rect class=\"{class}\" x=\"{at:.1}\" y=\"{top:.1}\" width=\"1.5\" height=\"{height:.1}\"/>"
            );
        }
        let bottom = HEIGHT + BARS + 40.0;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {bottom}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <style>.heap{{fill:none;stroke:#36c}}.step{{fill:#888}}.end{{fill:#c33}}</style>\n\
             <text x=\"4\" y=\"14\">bytes in use, at most {} (blue); {} pauses, the longest {:.3} ms; red: a cycle's marking ends</text>\n\
             <polyline class=\"heap\" points=\"{line}\"/>\n{bars}\
             <text x=\"4\" y=\"{}\">0 s</text><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{end:.3} s</text>\n</svg>\n",
            bytes(self.peak),
            self.count,
            longest * 1e3,
            bottom - 6.0,
            WIDTH - 4.0,
            bottom - 6.0,
        )
    }
}

/// A number of bytes for people.
fn bytes(n: usize) -> String {
    match n {
        0..10_240 => format!("{n} B"),
        10_240..10_485_760 => format!("{} KiB", n >> 10),
        _ => format!("{} MiB", n >> 20),
    }
}

impl Vm {
    /// Most bytes in use, as seen when collections began and when buffers were taken.
    pub fn memory_peak(&self) -> usize {
        self.gc_log.peak.max(self.heap.memory.peak())
    }

    /// What the collector did so far.
    pub fn gc_log(&mut self) -> &mut GcLog {
        &mut self.gc_log
    }

    /// What the collector did so far, as text: cycles, pauses, memory, and the objects by kind.
    pub fn gc_report(&self) -> String {
        const NAMES: [&str; kind::COUNT as usize] = [
            "", "string", "table", "closure", "native", "userdata", "thread", "cell", "function", "shape",
        ];
        let Stats {
            live_objects,
            live_bytes,
            buffer_bytes,
            allocated_total,
            collections,
            minor_cycles,
            freed_objects,
            footprint,
            ..
        } = self.heap.stats();
        let log = &self.gc_log;
        let made = freed_objects + live_objects as u64;
        let mut out = format!(
            "gc: {collections} cycles, {minor_cycles} of them minor, {} pauses of {:.3} ms in all, the longest {:.3} ms, 99 % under {:.3} ms\n\
             gc: {} allocated, {} in use ({} in objects, {} in buffers), {} held for objects\n\
             gc: {made} objects made, {live_objects} left ({:.1} %)\n",
            log.count,
            log.total.as_secs_f64() * 1e3,
            log.longest.as_secs_f64() * 1e3,
            log.percentile(99).as_secs_f64() * 1e3,
            bytes(allocated_total as usize),
            bytes(live_bytes + buffer_bytes),
            bytes(live_bytes),
            bytes(buffer_bytes),
            bytes(footprint),
            live_objects as f64 * 100.0 / made.max(1) as f64,
        );
        for (n, &count) in log.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let _ = writeln!(out, "gc: {count:>8} pauses under {} us", 1u64 << n);
        }
        let mut kinds = [(0usize, 0usize); kind::COUNT as usize];
        self.heap.for_each_object(|p| {
            // SAFETY: H1; enumerated objects are live.
            let (k, size) = unsafe { (p.as_ref().kind as usize, Objects::size(p)) };
            kinds[k].0 += 1;
            kinds[k].1 += size;
        });
        for (name, (count, size)) in NAMES.iter().zip(kinds).filter(|(_, (count, _))| *count > 0) {
            let _ = writeln!(out, "gc: {count:>8} of kind {name}, {}", bytes(size));
        }
        if self.heap.phase() != Phase::Idle {
            let _ = writeln!(out, "gc: a cycle is under way");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lengths: impl Iterator<Item = u64>) -> GcLog {
        let mut log = GcLog::new();
        log.keep_timeline();
        for (n, us) in lengths.enumerate() {
            log.add(Pause {
                at: Duration::from_millis(n as u64 + 1),
                length: Duration::from_micros(us),
                before: 2000 + n,
                after: 1000,
                ends_marking: n % 10 == 9,
            });
        }
        log
    }

    #[test]
    fn percentiles_bound_the_pauses() {
        let log = log((0..99).map(|_| 100).chain([5000]));
        assert_eq!(log.count(), 100);
        assert_eq!(log.longest(), Duration::from_micros(5000));
        assert_eq!(log.percentile(99), Duration::from_micros(128));
        assert_eq!(log.percentile(100), Duration::from_micros(8192));
    }

    #[test]
    fn a_long_timeline_is_thinned_out() {
        let log = log((0..3 * MOST_EVENTS as u64).map(|_| 1));
        let events = log.events.as_ref().expect("it is kept");
        assert!(events.len() <= MOST_EVENTS && events.len() > MOST_EVENTS / 4);
        assert!(events.is_sorted_by(|a, b| a.at < b.at));
        let svg = log.svg();
        assert_eq!(svg.matches("<rect").count(), events.len());
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn an_empty_log_has_a_picture_too() {
        assert!(GcLog::new().svg().contains("0 pauses"));
    }
}
