//! Where in a hash part a key is at home.
//!
//! Integers, and the serial numbers of objects, come in sequences with some stride. They go to their remainder modulo the largest
//! prime that the part has room for: a sequence meets no place twice, unless its stride is a multiple of that prime, and
//! neighbours stay neighbours. A multiplicative hash keeps most sequences apart as well, but lays their nodes out at random: then
//! a search of a large table misses the cache, and one of a small table mispredicts where its list ends. (Insertion and
//! deletion at a constant size, with keys in sequence: 61 ns with such a hash, 27 ns so.)
//!
//! Floats between two powers of two are treated as such a sequence. Strings have a hash of 32 bits, whose upper bits choose.

use crate::object::{Objects, Str};
use crate::string;
use crate::value::{Value, tag};
use perilune_gc::raw::RawHeap;
use std::ptr::NonNull;

/// What is known of a key to find its home in a part of any size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    /// A number in a sequence.
    Serial(u64),
    /// Bits that say nothing about each other.
    Spread(u32),
}

/// By the size of a part as a power of two: its prime, and 2^64 divided by that, rounded up (modulo 2^64).
const PRIMES: [(u64, u64); 32] = {
    const DISTANCES: [u32; 32] = [
        0, 0, 1, 1, 3, 1, 3, 1, 5, 3, 3, 9, 3, 1, 3, 19, 15, 1, 5, 1, 3, 9, 3, 15, 3, 39, 5, 39, 57, 3, 35, 1,
    ];
    let mut all = [(0, 0); 32];
    let mut bits = 0;
    while bits < 32 {
        let prime = (1u64 << bits) - DISTANCES[bits] as u64;
        all[bits] = (prime, (u64::MAX / prime).wrapping_add(1));
        bits += 1;
    }
    all
};

/// The remainder of a number modulo a part's prime, without a division (Lemire, Kaser and Kurz 2019).
#[inline(always)]
fn remainder(number: u32, bits: u8) -> usize {
    let (prime, inverse) = PRIMES[usize::from(bits) & 31];
    let fraction = inverse.wrapping_mul(u64::from(number));
    ((u128::from(fraction) * u128::from(prime)) >> 64) as usize
}

/// The home of an integer in a part of `1 << bits` nodes.
#[inline(always)]
pub(super) fn of_int(i: i64, bits: u8) -> usize {
    let number = i as u64;
    if number >> 32 == 0 {
        return remainder(number as u32, bits);
    }
    (number % PRIMES[usize::from(bits) & 31].0) as usize
}

/// The home of a key with this hash.
#[inline(always)]
pub(super) fn of_hash(hash: u32, bits: u8) -> usize {
    (u64::from(hash) << bits >> 32) as usize
}

impl Hash {
    /// The hash of any key.
    ///
    /// # Safety
    /// The key is live and normalized.
    #[inline]
    pub(super) unsafe fn of(key: Value) -> Hash {
        match key.tag {
            tag::INT | tag::LIGHT => Hash::Serial(key.payload),
            // Floats with few digits differ in their upper halves, and those between two powers of two are a sequence there.
            tag::FLOAT => {
                let (upper, lower) = ((key.payload >> 32) as u32, key.payload as u32);
                Hash::Serial(u64::from(upper.wrapping_add(lower.wrapping_mul(0x9E37_79B9))))
            }
            tag::STR => Hash::Spread(string::hash_of(key.as_ptr::<Str>())),
            tag::FALSE => Hash::Spread(0),
            tag::TRUE => Hash::Spread(1 << 31),
            // Identity by the heap's ids, not by addresses: the same in every run.
            _ => Hash::Serial(RawHeap::<Objects>::id(NonNull::new_unchecked(key.as_ptr()))),
        }
    }

    /// What a dead entry keeps of its key: an object, or an integer of the array part.
    pub(super) fn to_bits(self) -> u64 {
        match self {
            Hash::Serial(number) => {
                debug_assert!(number >> 63 == 0, "ids and places in arrays are small");
                number << 1 | 1
            }
            Hash::Spread(hash) => u64::from(hash) << 1,
        }
    }

    /// From [`Hash::to_bits`].
    pub(super) fn from_bits(bits: u64) -> Hash {
        if bits & 1 == 0 {
            Hash::Spread((bits >> 1) as u32)
        } else {
            Hash::Serial(bits >> 1)
        }
    }

    /// The home in a part of `1 << bits` nodes.
    #[inline]
    pub(super) fn home(self, bits: u8) -> usize {
        match self {
            Hash::Serial(number) => of_int(number as i64, bits),
            Hash::Spread(hash) => of_hash(hash, bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_prime(n: u64) -> bool {
        n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
    }

    #[test]
    fn primes_are_the_largest() {
        for (bits, &(prime, _)) in PRIMES.iter().enumerate().skip(1) {
            assert!(is_prime(prime), "{prime}");
            assert!((prime + 1..=1 << bits).all(|n| !is_prime(n)), "{bits}");
        }
    }

    #[test]
    fn remainders_are_exact() {
        for bits in 0..32 {
            let prime = PRIMES[bits as usize].0;
            for number in (0..1000).chain((0..1000).map(|n| u32::MAX - n * n)) {
                assert_eq!(
                    remainder(number, bits) as u64,
                    u64::from(number) % prime,
                    "{number} {bits}"
                );
            }
        }
    }

    #[test]
    fn sequences_meet_no_place_twice() {
        for (start, stride) in [
            (0, 1),
            (-1, -1),
            (1, 3),
            (0, 10),
            (0, 64),
            (5, 1000),
            (0, 1 << 20),
            (0, 1_000_003),
            (1 << 40, 1_000_000),
            (-(1 << 35), 12_345),
            (-(1 << 40), 999_999_937),
        ] {
            let mut seen = [false; 1024];
            for i in 0..1021 {
                let home = of_int(start + i * stride, 10);
                assert!(!seen[home], "{start} {stride} {i}");
                seen[home] = true;
            }
        }
    }
}
