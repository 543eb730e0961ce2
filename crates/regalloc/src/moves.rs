//! Parallel moves made sequential.
//!
//! All sources are read before any destination is written. A move goes ahead once nobody needs
//! its destination's old value; what remains then is cycles, and each is broken by saving one
//! value in a scratch place (Boissinot et al., "Revisiting Out-of-SSA Translation", 2009).

use crate::Loc;
use crate::order::NONE;

/// One copy between frame places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Copy {
    pub from: (u32, Loc),
    pub to: (u32, Loc),
}

/// Scratch for [`resolve`](Resolver::resolve).
#[derive(Default)]
pub(crate) struct Resolver {
    /// By place: how many pending copies read it.
    reads: Vec<u32>,
    /// By place: the pending copy that writes it.
    writer: Vec<u32>,
    ready: Vec<u32>,
}

impl Resolver {
    /// Calls `emit` with the copies in an order that has the same effect. `None` stands for the
    /// scratch place. Destinations must be distinct, and no copy is from a place to itself.
    pub fn resolve(&mut self, copies: &[Copy], mut emit: impl FnMut(Option<Loc>, Option<Loc>)) {
        if let [copy] = copies {
            return emit(Some(copy.from.1), Some(copy.to.1));
        }
        let top = copies
            .iter()
            .map(|copy| copy.from.0.max(copy.to.0) + 1)
            .max()
            .unwrap_or(0);
        if self.reads.len() < top as usize {
            self.reads.resize(top as usize, 0);
            self.writer.resize(top as usize, NONE);
        }
        for (at, copy) in (0..).zip(copies) {
            self.reads[copy.from.0 as usize] += 1;
            debug_assert_eq!(self.writer[copy.to.0 as usize], NONE, "{} twice", copy.to.1);
            self.writer[copy.to.0 as usize] = at;
        }
        self.ready.clear();
        let free = (0..)
            .zip(copies)
            .filter(|(_, copy)| self.reads[copy.to.0 as usize] == 0);
        self.ready.extend(free.map(|(at, _)| at));
        // The place whose value is in scratch.
        let mut saved = NONE;
        let mut next = 0;
        loop {
            let Some(at) = self.ready.pop() else {
                let pending = |at: &usize| self.writer[copies[*at].to.0 as usize] == *at as u32;
                let Some(at) = (next..copies.len()).find(pending) else {
                    return;
                };
                next = at + 1;
                let copy = &copies[at];
                emit(Some(copy.to.1), None);
                saved = copy.to.0;
                self.ready.push(at as u32);
                continue;
            };
            let copy = &copies[at as usize];
            let (from, loc) = copy.from;
            emit((from != saved).then_some(loc), Some(copy.to.1));
            self.writer[copy.to.0 as usize] = NONE;
            self.reads[from as usize] -= 1;
            if from == saved {
                saved = NONE;
            } else if self.reads[from as usize] == 0 && self.writer[from as usize] != NONE {
                self.ready.push(self.writer[from as usize]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FrameIndex;

    fn run(copies: &[(u32, u32)]) -> Vec<u32> {
        let copy = |&(from, to): &(u32, u32)| {
            let place = |at| (at, Loc::Frame(FrameIndex(at as u16)));
            Copy {
                from: place(from),
                to: place(to),
            }
        };
        let copies: Vec<_> = copies.iter().map(copy).collect();
        let mut state: Vec<u32> = (0..9).collect();
        Resolver::default().resolve(&copies, |from, to| {
            let at = |loc| match loc {
                Some(Loc::Frame(index)) => index.index(),
                _ => 8,
            };
            state[at(to)] = state[at(from)];
        });
        state.truncate(8);
        state
    }

    #[test]
    fn chains_go_in_order() {
        assert_eq!(run(&[(0, 1), (1, 2), (2, 3)]), [0, 0, 1, 2, 4, 5, 6, 7]);
    }

    #[test]
    fn cycles_go_through_scratch() {
        assert_eq!(run(&[(0, 1), (1, 0)]), [1, 0, 2, 3, 4, 5, 6, 7]);
        assert_eq!(run(&[(0, 1), (1, 2), (2, 0), (3, 4), (4, 3)]), [2, 0, 1, 4, 3, 5, 6, 7]);
    }

    #[test]
    fn one_source_feeds_many_and_a_cycle() {
        assert_eq!(run(&[(0, 1), (1, 0), (0, 5), (1, 6)]), [1, 0, 2, 3, 4, 0, 1, 7]);
    }
}
