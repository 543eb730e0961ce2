//! The generator behind `math.random`: xoshiro256** (Blackman and Vigna, 2018), seeded and
//! projected as Lua 5.4 and 5.5 do, so that a seed gives the same sequence.

/// The state of the generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random([u64; 4]);

impl Random {
    /// The generator that `math.randomseed(first, second)` leaves.
    pub fn from_seed(first: u64, second: u64) -> Random {
        // The constant keeps the state from being all zeros, a fixed point.
        let mut random = Random([first, 0xff, second, 0]);
        for _ in 0..16 {
            random.next_u64();
        }
        random
    }

    /// A generator seeded from the operating system's entropy.
    pub fn from_entropy() -> Random {
        Random::from_seed(entropy(), entropy())
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let [s0, s1, s2, s3] = self.0;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (s2, s3) = (s2 ^ s0, s3 ^ s1);
        self.0 = [s0 ^ s3, s1 ^ s2, s2 ^ (s1 << 17), s3.rotate_left(45)];
        result
    }

    /// The float in `[0, 1)` that the highest 53 of `bits` make.
    #[inline]
    pub fn float(bits: u64) -> f64 {
        (bits >> 11) as f64 * (0.5 / (1u64 << 52) as f64)
    }

    /// A uniform integer in `[0, limit]` from `bits`, drawing more bits while they fall outside
    /// the interval.
    pub fn project(&mut self, mut bits: u64, limit: u64) -> u64 {
        // The smallest 2^k - 1 that holds the interval.
        let mask = u64::MAX.checked_shr(limit.leading_zeros()).unwrap_or(0);
        loop {
            bits &= mask;
            if bits <= limit {
                return bits;
            }
            bits = self.next_u64();
        }
    }
}

/// 64 bits that differ from run to run.
pub fn entropy() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // The standard library seeds its hashers from the operating system.
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    if let Ok(now) = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        hasher.write_u128(now.as_nanos());
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{Random, entropy};

    #[test]
    fn first_values_of_a_seed() {
        // The public test suite of Lua (math.lua) states these for seed 1007.
        let mut random = Random::from_seed(1007, 0);
        let first = random.next_u64();
        assert_eq!(first, 0x7a7040a5_a323c9d6);
        let mut again = Random::from_seed(1007, 0);
        assert_eq!(
            Random::float(again.next_u64()),
            (0x7a7040a5_a323c9d6u64 >> 11) as f64 / 2f64.powi(53)
        );
    }

    #[test]
    fn projection_stays_inside() {
        let mut random = Random::from_seed(42, 7);
        for limit in [0, 1, 2, 3, 5, 6, 7, 8, 100, u64::MAX - 1, u64::MAX, 1 << 63] {
            for _ in 0..200 {
                let bits = random.next_u64();
                assert!(random.project(bits, limit) <= limit);
            }
        }
        let mut seen = [0u32; 6];
        for _ in 0..6000 {
            let bits = random.next_u64();
            seen[random.project(bits, 5) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (800..1200).contains(n)), "{seen:?}");
    }

    #[test]
    fn floats_are_in_the_unit_interval() {
        assert_eq!(Random::float(0), 0.0);
        assert!(Random::float(u64::MAX) < 1.0);
        let mut random = Random::from_entropy();
        let mean = (0..10_000).map(|_| Random::float(random.next_u64())).sum::<f64>() / 10_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
        assert_ne!(entropy(), entropy());
    }
}
