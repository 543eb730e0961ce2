//! The set of frame slots that are live at a safepoint.

use std::fmt;

/// A set of slot numbers. Sets with all members below 64 take no heap memory.
///
/// Trailing empty words are never kept, so equal sets compare equal.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct LiveSet {
    first: u64,
    rest: Box<[u64]>,
}

impl LiveSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The set whose member `64 * i + b` is bit `b` of word `i`.
    pub fn from_words(words: &[u64]) -> Self {
        let len = words.iter().rposition(|&word| word != 0).map_or(0, |last| last + 1);
        match &words[..len] {
            [] => Self::default(),
            [first, rest @ ..] => LiveSet {
                first: *first,
                rest: rest.into(),
            },
        }
    }

    /// Bytes that it takes besides its own struct.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.rest)
    }

    /// Its words; at least one, the last not zero unless it is the only one.
    pub fn words(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        (0..1 + self.rest.len()).map(|index| self.word(index))
    }

    /// Word `index`: the slots from `64 * index` on.
    pub fn word(&self, index: usize) -> u64 {
        match index {
            0 => self.first,
            _ => self.rest.get(index - 1).copied().unwrap_or(0),
        }
    }

    /// Adds a slot. Slots past 64 reallocate; collect an iterator to add many.
    pub fn insert(&mut self, slot: u32) {
        let (word, bit) = ((slot / 64) as usize, 1 << (slot % 64));
        if word == 0 {
            self.first |= bit;
            return;
        }
        if word > self.rest.len() {
            let mut rest = std::mem::take(&mut self.rest).into_vec();
            rest.resize(word, 0);
            self.rest = rest.into();
        }
        self.rest[word - 1] |= bit;
    }

    /// Whether the slot is in the set.
    pub fn contains(&self, slot: u32) -> bool {
        self.word((slot / 64) as usize) >> (slot % 64) & 1 != 0
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.first == 0 && self.rest.is_empty()
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.words().map(|word| word.count_ones() as usize).sum()
    }

    /// One more than the largest member; 0 if empty.
    pub fn end(&self) -> u32 {
        match self.rest.last() {
            Some(last) => 64 * self.rest.len() as u32 + 64 - last.leading_zeros(),
            None => 64 - self.first.leading_zeros(),
        }
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words().enumerate().flat_map(|(i, word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(i as u32 * 64 + bit)
            })
        })
    }
}

impl FromIterator<u32> for LiveSet {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Self {
        let mut words = Vec::new();
        for slot in slots {
            let word = (slot / 64) as usize;
            if word >= words.len() {
                words.resize(word + 1, 0);
            }
            words[word] |= 1 << (slot % 64);
        }
        Self::from_words(&words)
    }
}

impl fmt::Debug for LiveSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
