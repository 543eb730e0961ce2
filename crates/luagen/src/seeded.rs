//! Bytes that a seed and a number give: the same on every machine.

use std::cell::Cell;

/// Milliseconds that a test spends on random cases: this many, or what `PERILUNE_FUZZ_MS` says.
pub fn budget(milliseconds: u64) -> u64 {
    let asked = std::env::var("PERILUNE_FUZZ_MS").ok();
    asked.and_then(|ms| ms.parse().ok()).unwrap_or(milliseconds)
}

/// The seed of random cases: this one, or what `PERILUNE_FUZZ_SEED` says.
pub fn seed(usual: u64) -> u64 {
    let asked = std::env::var("PERILUNE_FUZZ_SEED").ok();
    asked.and_then(|seed| seed.parse().ok()).unwrap_or(usual)
}

/// Counts the cases of a law, and says in the end how many there were.
#[derive(Debug)]
pub struct Cases {
    law: &'static str,
    count: Cell<u64>,
}

impl Cases {
    pub fn of(law: &'static str) -> Cases {
        Cases {
            law,
            count: Cell::new(0),
        }
    }

    /// One more.
    pub fn next(&self) {
        self.count.set(self.count.get() + 1);
    }
}

impl Drop for Cases {
    fn drop(&mut self) {
        println!("{}: {} cases", self.law, self.count.get());
    }
}

/// A stream of random numbers: SplitMix64, by Steele, Lea and Flood.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, index: u64) -> Self {
        let mut mixed = Random(seed ^ index.wrapping_mul(0xA076_1D64_78BD_642F));
        Random(mixed.next_u64())
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next_u64() % n.max(1) as u64) as usize
    }
}

/// The bytes of the case with this number, `shortest` to `longest` of them; mostly few.
pub fn bytes(seed: u64, index: u64, shortest: usize, longest: usize) -> Vec<u8> {
    let mut random = Random::new(seed, index);
    let span = longest - shortest + 1;
    let extra = random.below(span).min(random.below(span));
    let mut bytes = Vec::with_capacity(shortest + extra + 8);
    while bytes.len() < shortest + extra {
        bytes.extend(random.next_u64().to_le_bytes());
    }
    bytes
}
