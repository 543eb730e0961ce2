//! Runs a compiled pattern over a subject.

use super::compile::{Node, Pattern, Single, Start};
use super::error::PatternError;
use super::{MAX_CAPTURES, MAX_DEPTH};

/// Pays for matching.
pub trait Meter {
    /// Why matching must stop.
    type Stop;

    /// Called with the number of steps (about a byte compared each) done since the last call.
    ///
    /// # Errors
    /// When the budget is used up; matching ends at once with [`MatchError::Stopped`].
    fn charge(&mut self, steps: u64) -> Result<(), Self::Stop>;
}

/// A meter that never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmetered;

impl Meter for Unmetered {
    type Stop = std::convert::Infallible;

    fn charge(&mut self, _: u64) -> Result<(), Self::Stop> {
        Ok(())
    }
}

/// Why a match has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchError<S> {
    /// The pattern is at fault.
    Pattern(PatternError),
    /// The meter said so.
    Stopped(S),
}

impl<S> From<PatternError> for MatchError<S> {
    fn from(error: PatternError) -> Self {
        MatchError::Pattern(error)
    }
}

/// One capture of a match, as offsets into the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// The bytes from the first offset up to the second.
    Range(usize, usize),
    /// `()`: an offset.
    Position(usize),
}

const OPEN: usize = usize::MAX;
const POSITION: usize = usize::MAX - 1;

/// Where a match was found, and its captures. Reused between matches.
#[derive(Clone, Debug)]
pub struct Captures {
    /// Start of the whole match.
    pub start: usize,
    /// End of the whole match.
    pub end: usize,
    count: usize,
    slots: [(usize, usize); MAX_CAPTURES],
}

impl Default for Captures {
    fn default() -> Captures {
        Captures {
            start: 0,
            end: 0,
            count: 0,
            slots: [(0, 0); MAX_CAPTURES],
        }
    }
}

impl Captures {
    /// How many captures the pattern has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many values the match produces: its captures, or the whole match if it has none.
    pub fn value_count(&self) -> usize {
        self.count.max(1)
    }

    /// Capture `index` from 0; in a pattern without captures, capture 0 is the whole match.
    ///
    /// # Errors
    /// There is no such capture, or it has no `)`.
    #[inline]
    pub fn get(&self, index: usize) -> Result<Capture, PatternError> {
        if index >= self.count {
            if index != 0 {
                return Err(PatternError::CaptureIndex(index as u32 + 1));
            }
            return Ok(Capture::Range(self.start, self.end));
        }
        match self.slots[index] {
            (_, OPEN) => Err(PatternError::UnfinishedCapture),
            (at, POSITION) => Ok(Capture::Position(at)),
            (start, end) => Ok(Capture::Range(start, end)),
        }
    }
}

/// How many steps pass between two calls of the meter.
const BATCH: u64 = 4096;

// The matcher's answers: an offset, no match, or stop (the reason is in `Run::stop`). An enum
// here costs a tenth of the matching time.
const NO_MATCH: usize = usize::MAX;
const STOP: usize = usize::MAX - 1;

struct Run<'r, M: Meter> {
    nodes: &'r [Node],
    sets: &'r [super::ByteSet],
    subject: &'r [u8],
    captures: &'r mut Captures,
    depth: u32,
    steps: u64,
    meter: &'r mut M,
    stop: Option<MatchError<M::Stop>>,
}

impl Pattern {
    /// Searches `subject` from offset `init`; `Ok(true)` leaves the place in `captures`.
    /// `init` past the subject's end finds nothing.
    ///
    /// # Errors
    /// The pattern is malformed where matching came, or the meter stopped it.
    pub fn find<M: Meter>(
        &self,
        subject: &[u8],
        init: usize,
        captures: &mut Captures,
        meter: &mut M,
    ) -> Result<bool, MatchError<M::Stop>> {
        let mut at = init;
        if at > subject.len() {
            return Ok(false);
        }
        let mut run = self.run(subject, captures, meter);
        loop {
            if !self.anchored {
                match run.skip(self.start, at) {
                    Some(next) => at = next,
                    None => {
                        run.pay_rest()?;
                        return Ok(false);
                    }
                }
            }
            let end = run.first(at);
            if end < STOP {
                run.pay_rest()?;
                captures.start = at;
                captures.end = end;
                return Ok(true);
            }
            if end == STOP {
                return Err(run.stop.take().expect("a stop leaves its reason"));
            }
            at += 1;
            if self.anchored || at > subject.len() {
                run.pay_rest()?;
                return Ok(false);
            }
        }
    }

    /// Tries a match that starts exactly at offset `at`.
    ///
    /// # Errors
    /// As [`find`](Pattern::find).
    pub fn match_at<M: Meter>(
        &self,
        subject: &[u8],
        at: usize,
        captures: &mut Captures,
        meter: &mut M,
    ) -> Result<bool, MatchError<M::Stop>> {
        let mut run = self.run(subject, captures, meter);
        match run.first(at) {
            STOP => Err(run.stop.take().expect("a stop leaves its reason")),
            NO_MATCH => {
                run.pay_rest()?;
                Ok(false)
            }
            end => {
                run.pay_rest()?;
                captures.start = at;
                captures.end = end;
                Ok(true)
            }
        }
    }

    fn run<'r, M: Meter>(&'r self, subject: &'r [u8], captures: &'r mut Captures, meter: &'r mut M) -> Run<'r, M> {
        captures.count = self.captures;
        for n in 0..self.captures {
            if self.unfinished & 1 << n != 0 {
                captures.slots[n].1 = OPEN;
            }
        }
        Run {
            nodes: &self.nodes,
            sets: &self.sets,
            subject,
            captures,
            depth: 0,
            steps: 0,
            meter,
            stop: None,
        }
    }
}

impl<M: Meter> Run<'_, M> {
    fn first(&mut self, at: usize) -> usize {
        self.depth = 0;
        self.go(at, 0)
    }

    /// The first place from `at` on where a match can start.
    fn skip(&mut self, start: Start, at: usize) -> Option<usize> {
        let rest = &self.subject[at..];
        let skipped = match start {
            Start::Anywhere => return Some(at),
            Start::Byte(b) => memchr::memchr(b, rest),
            Start::Set(set) => {
                let set = &self.sets[set as usize];
                rest.iter().position(|&b| set.contains(b))
            }
        };
        self.steps += skipped.unwrap_or(rest.len()) as u64 / 16;
        skipped.map(|n| at + n)
    }

    fn pay_rest(&mut self) -> Result<(), MatchError<M::Stop>> {
        let steps = std::mem::take(&mut self.steps);
        self.meter.charge(steps).map_err(MatchError::Stopped)
    }

    /// Pays if a batch of steps has been done; `false` means stop.
    #[inline(always)]
    fn step(&mut self, steps: u64) -> bool {
        self.steps += steps;
        self.steps < BATCH || self.pay()
    }

    #[cold]
    #[inline(never)]
    fn pay(&mut self) -> bool {
        match self.pay_rest() {
            Ok(()) => true,
            Err(stop) => {
                self.stop = Some(stop);
                false
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: PatternError) -> usize {
        self.stop = Some(MatchError::Pattern(error));
        STOP
    }

    #[inline(always)]
    fn matches(&self, single: Single, at: usize) -> bool {
        match self.subject.get(at) {
            None => false,
            Some(&byte) => match single {
                Single::Byte(b) => byte == b,
                Single::Any => true,
                Single::Set(set) => self.sets[set as usize].contains(byte),
            },
        }
    }

    /// How many bytes from `at` on match `single`.
    #[inline(always)]
    fn span(&self, single: Single, at: usize) -> usize {
        let rest = &self.subject[at..];
        let end = match single {
            Single::Byte(b) => rest.iter().position(|&x| x != b),
            Single::Any => None,
            Single::Set(set) => {
                let set = &self.sets[set as usize];
                rest.iter().position(|&x| !set.contains(x))
            }
        };
        end.unwrap_or(rest.len())
    }

    /// Could the node at `node`, captures aside, begin at `at`? `true` when in doubt.
    #[inline(always)]
    fn may_begin(&self, mut node: usize, at: usize) -> bool {
        loop {
            match self.nodes[node] {
                Node::One(single) => return self.matches(single, at),
                Node::Open(_) | Node::Close(_) | Node::Position(_) => node += 1,
                _ => return true,
            }
        }
    }

    /// Matches the nodes from `node` on at offset `at`.
    fn go(&mut self, mut at: usize, mut node: usize) -> usize {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail(PatternError::TooComplex);
        }
        if !self.step(1) {
            return STOP;
        }
        let end = loop {
            match self.nodes[node] {
                Node::One(single) => {
                    if !self.matches(single, at) {
                        break NO_MATCH;
                    }
                    at += 1;
                }
                Node::StarAll(single) => {
                    let span = self.span(single, at);
                    if !self.step(span as u64 / 8) {
                        break STOP;
                    }
                    at += span;
                }
                Node::OptionalAll(single) => at += usize::from(self.matches(single, at)),
                Node::Open(n) => self.captures.slots[usize::from(n)].0 = at,
                Node::Close(n) => self.captures.slots[usize::from(n)].1 = at,
                Node::Position(n) => self.captures.slots[usize::from(n)] = (at, POSITION),
                Node::Star(single) => break self.greedy(single, at, node + 1),
                Node::Lazy(single) => break self.lazy(single, at, node + 1),
                Node::Optional(single) => {
                    if self.matches(single, at) {
                        let end = self.go(at + 1, node + 1);
                        if end != NO_MATCH {
                            break end;
                        }
                    }
                }
                Node::SubjectEnd => {
                    if at != self.subject.len() {
                        break NO_MATCH;
                    }
                }
                Node::Accept => break at,
                Node::Balance(open, close) => match self.balance(open, close, at) {
                    end @ (NO_MATCH | STOP) => break end,
                    end => at = end,
                },
                Node::Frontier(set) => {
                    let set = &self.sets[set as usize];
                    let before = if at == 0 { 0 } else { self.subject[at - 1] };
                    let here = self.subject.get(at).copied().unwrap_or(0);
                    if set.contains(before) || !set.contains(here) {
                        break NO_MATCH;
                    }
                }
                Node::Back(n) => {
                    let (start, end) = self.captures.slots[usize::from(n)];
                    // A position capture has no text, and never matches.
                    if end == POSITION {
                        break NO_MATCH;
                    }
                    let length = end - start;
                    if !self.step(length as u64 / 16) {
                        break STOP;
                    }
                    if self.subject[at..].starts_with(&self.subject[start..end]) {
                        at += length;
                    } else {
                        break NO_MATCH;
                    }
                }
                Node::Fail(error) => break self.fail(error),
            }
            node += 1;
        };
        self.depth -= 1;
        end
    }

    fn greedy(&mut self, single: Single, at: usize, rest: usize) -> usize {
        let mut count = self.span(single, at);
        if !self.step(count as u64 / 8) {
            return STOP;
        }
        loop {
            if self.may_begin(rest, at + count) {
                let end = self.go(at + count, rest);
                if end != NO_MATCH {
                    return end;
                }
            } else if !self.step(1) {
                return STOP;
            }
            if count == 0 {
                return NO_MATCH;
            }
            count -= 1;
        }
    }

    fn lazy(&mut self, single: Single, mut at: usize, rest: usize) -> usize {
        loop {
            if self.may_begin(rest, at) {
                let end = self.go(at, rest);
                if end != NO_MATCH {
                    return end;
                }
            } else if !self.step(1) {
                return STOP;
            }
            if !self.matches(single, at) {
                return NO_MATCH;
            }
            at += 1;
        }
    }

    fn balance(&mut self, open: u8, close: u8, at: usize) -> usize {
        if self.subject.get(at) != Some(&open) {
            return NO_MATCH;
        }
        let mut depth = 1usize;
        for (i, &byte) in self.subject[at + 1..].iter().enumerate() {
            if byte == close {
                depth -= 1;
                if depth == 0 {
                    return if self.step(i as u64 / 8) { at + i + 2 } else { STOP };
                }
            } else if byte == open {
                depth += 1;
            }
        }
        // A subject of many openings searches to its end at each of them.
        let all = self.subject.len() - at;
        if self.step(all as u64 / 8) { NO_MATCH } else { STOP }
    }
}
