//! Which slots hold values.

use perilune_bytecode::LiveSet;

/// A set of slots, by 64 to a word.
#[derive(Debug, Default)]
pub(super) struct LiveSlots(Vec<u64>);

impl LiveSlots {
    /// The empty set, with the room of this one.
    pub(super) fn emptied(mut self) -> LiveSlots {
        self.0.clear();
        self
    }

    pub(super) fn has(&self, slot: u16) -> bool {
        let (word, bit) = place(slot);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn set(&mut self, slot: u16, live: bool) {
        let (word, bit) = place(slot);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        match live {
            true => self.0[word] |= bit,
            false => self.0[word] &= !bit,
        }
    }

    /// Takes out all slots from `slot` on.
    pub(super) fn cut(&mut self, slot: u16) {
        let (word, bit) = place(slot);
        if let Some([first, rest @ ..]) = self.0.get_mut(word..) {
            *first &= bit - 1;
            rest.fill(0);
        }
    }

    /// The slots below `end`, and `extra` ones.
    pub(super) fn below(&self, end: u16, extra: &[u16]) -> LiveSet {
        let (last, bit) = place(end);
        let mut set = match (&self.0[..], last) {
            ([], _) => LiveSet::new(),
            // Most frames have few slots.
            ([word], 0) => LiveSet::from_words(&[word & (bit - 1)]),
            ([word], _) => LiveSet::from_words(&[*word]),
            (words, _) => {
                let mut words = words[..words.len().min(last + 1)].to_vec();
                if let Some(word) = words.get_mut(last) {
                    *word &= bit - 1;
                }
                LiveSet::from_words(&words)
            }
        };
        extra.iter().for_each(|&slot| set.insert(slot.into()));
        set
    }
}

fn place(slot: u16) -> (usize, u64) {
    (usize::from(slot) / 64, 1 << (slot % 64))
}
