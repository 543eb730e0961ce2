//! The order of comparisons of `table.sort`: quicksort with a median of three (Sedgewick 1978),
//! as the reference does it, so that a comparator sees the same calls.

/// Where a value is held during the sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A first element.
    A,
    /// A second element.
    B,
    /// The pivot.
    Pivot,
}

/// What is sorted: indices from 1, and three slots that hold elements between the accesses.
pub trait Sequence {
    /// Why an access or a comparison failed.
    type Error;

    /// `slot = self[index]`
    ///
    /// # Errors
    /// The access failed.
    fn load(&mut self, slot: Slot, index: u64) -> Result<(), Self::Error>;

    /// `self[index] = slot`
    ///
    /// # Errors
    /// The access failed.
    fn store(&mut self, index: u64, slot: Slot) -> Result<(), Self::Error>;

    /// `a < b`
    ///
    /// # Errors
    /// The comparison failed.
    fn less(&mut self, a: Slot, b: Slot) -> Result<bool, Self::Error>;

    /// The element at `near` is to be compared soon, the one at `far` a little later, in sequences too long for the machine's
    /// caches. Either may lie outside of the sequence.
    fn expect(&mut self, far: u64, near: u64) {
        let _ = (far, near);
    }

    /// The error for a comparison that contradicts itself.
    fn invalid_order(&mut self) -> Self::Error;

    /// Bits that an attacker cannot guess, asked for after bad partitions.
    fn random(&mut self) -> u64;
}

/// Below this length the middle is always a good enough pivot.
const RANDOM_FROM: u64 = 100;

/// From this length on, what the elements refer to is taken not to be in the machine's caches.
const EXPECT_FROM: u64 = 1024;
/// How many comparisons ahead an element is expected first, and again.
const FAR: u64 = 8;
const NEAR: u64 = 4;

/// Sorts `self[1..=length]`.
///
/// A comparison that contradicts itself may leave any order, or give
/// [`invalid_order`](Sequence::invalid_order), but never reaches outside the sequence.
///
/// # Errors
/// The first error of an access or a comparison.
pub fn sort<S: Sequence>(seq: &mut S, length: u64) -> Result<(), S::Error> {
    // The smaller part is sorted at once and the larger one later, so 64 entries suffice.
    let mut later: Vec<(u64, u64)> = vec![(1, length)];
    let mut random = 0;
    while let Some((mut lo, mut up)) = later.pop() {
        while lo < up {
            let Some(pivot) = split(seq, lo, up, random)? else {
                break;
            };
            // Both parts exclude the pivot.
            let (lower, upper) = (pivot - lo, up - pivot);
            let smaller = lower.min(upper);
            if lower < upper {
                later.push((pivot + 1, up));
                up = pivot - 1;
            } else {
                later.push((lo, pivot - 1));
                lo = pivot + 1;
            }
            if (lower.max(upper)) / 128 > smaller {
                random = seq.random();
            }
        }
    }
    Ok(())
}

/// Puts a pivot between smaller and greater elements and returns its index; up to three elements
/// are sorted outright (`None`).
fn split<S: Sequence>(seq: &mut S, lo: u64, up: u64, random: u64) -> Result<Option<u64>, S::Error> {
    use Slot::{A, B, Pivot};
    seq.load(A, lo)?;
    seq.load(B, up)?;
    if seq.less(B, A)? {
        seq.store(lo, B)?;
        seq.store(up, A)?;
    }
    if up - lo == 1 {
        return Ok(None);
    }
    let middle = if up - lo < RANDOM_FROM || random == 0 {
        lo + (up - lo) / 2
    } else {
        let quarter = (up - lo) / 4;
        random % (quarter * 2) + lo + quarter
    };
    seq.load(A, middle)?;
    seq.load(B, lo)?;
    if seq.less(A, B)? {
        seq.store(middle, B)?;
        seq.store(lo, A)?;
    } else {
        seq.load(B, up)?;
        if seq.less(B, A)? {
            seq.store(middle, B)?;
            seq.store(up, A)?;
        }
    }
    if up - lo == 2 {
        return Ok(None);
    }
    // The pivot waits next to the end, out of the way of the partition.
    seq.load(Pivot, middle)?;
    seq.load(B, up - 1)?;
    seq.store(middle, B)?;
    seq.store(up - 1, Pivot)?;
    let (mut i, mut j) = (lo, up - 1);
    let expects = up - lo >= EXPECT_FROM;
    loop {
        i += 1;
        seq.load(A, i)?;
        if expects {
            seq.expect(i + FAR, i + NEAR);
        }
        while seq.less(A, Pivot)? {
            if i == up - 1 {
                return Err(seq.invalid_order());
            }
            i += 1;
            seq.load(A, i)?;
            if expects {
                seq.expect(i + FAR, i + NEAR);
            }
        }
        j -= 1;
        seq.load(B, j)?;
        if expects {
            seq.expect(j.wrapping_sub(FAR), j.wrapping_sub(NEAR));
        }
        while seq.less(Pivot, B)? {
            if j < i {
                return Err(seq.invalid_order());
            }
            j -= 1;
            seq.load(B, j)?;
            if expects {
                seq.expect(j.wrapping_sub(FAR), j.wrapping_sub(NEAR));
            }
        }
        if j < i {
            seq.store(up - 1, A)?;
            seq.store(i, Pivot)?;
            return Ok(Some(i));
        }
        seq.store(i, B)?;
        seq.store(j, A)?;
    }
}

#[cfg(test)]
mod tests {
    use super::{Sequence, Slot, sort};

    struct Numbers<F> {
        items: Vec<i64>,
        held: [i64; 3],
        less: F,
        compared: u64,
    }

    impl<F: FnMut(i64, i64) -> bool> Sequence for Numbers<F> {
        type Error = &'static str;

        fn load(&mut self, slot: Slot, index: u64) -> Result<(), Self::Error> {
            self.held[slot as usize] = self.items[index as usize - 1];
            Ok(())
        }
        fn store(&mut self, index: u64, slot: Slot) -> Result<(), Self::Error> {
            self.items[index as usize - 1] = self.held[slot as usize];
            Ok(())
        }
        fn less(&mut self, a: Slot, b: Slot) -> Result<bool, Self::Error> {
            self.compared += 1;
            Ok((self.less)(self.held[a as usize], self.held[b as usize]))
        }
        fn invalid_order(&mut self) -> Self::Error {
            "invalid order function for sorting"
        }
        fn random(&mut self) -> u64 {
            self.compared.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
        }
    }

    fn run(items: Vec<i64>, less: impl FnMut(i64, i64) -> bool) -> (Result<(), &'static str>, Vec<i64>, u64) {
        let length = items.len() as u64;
        let mut numbers = Numbers {
            items,
            held: [0; 3],
            less,
            compared: 0,
        };
        let result = sort(&mut numbers, length);
        (result, numbers.items, numbers.compared)
    }

    fn noise(n: usize, modulus: u64) -> Vec<i64> {
        let mut random = crate::random::Random::from_seed(n as u64, 1);
        (0..n).map(|_| (random.next_u64() % modulus) as i64).collect()
    }

    #[test]
    fn sorts() {
        for n in (0..40).chain([100, 101, 128, 1000, 5000]) {
            for modulus in [1, 2, 10, 1 << 40] {
                let items = noise(n, modulus);
                let mut expected = items.clone();
                expected.sort_unstable();
                let (result, sorted, _) = run(items.clone(), |a, b| a < b);
                assert_eq!((result, &sorted), (Ok(()), &expected));
                expected.reverse();
                assert_eq!(run(items, |a, b| a > b).1, expected);
                assert_eq!(run(sorted, |a, b| a > b).1, expected);
            }
        }
    }

    #[test]
    fn comparisons_stay_near_n_log_n() {
        let n = 10_000;
        for items in [
            noise(n, 1 << 50),
            (0..n as i64).collect(),
            (0..n as i64).rev().collect(),
            vec![7; n],
        ] {
            let (result, _, compared) = run(items, |a, b| a < b);
            assert_eq!(result, Ok(()));
            assert!(compared < 20 * n as u64 * 14 / 10, "{compared}");
        }
    }

    #[test]
    fn lying_comparators_stay_inside() {
        for n in [3, 4, 10, 101, 500] {
            assert_eq!(run(noise(n, 1000), |_, _| false).0, Ok(()));
            let (result, items, _) = run(noise(n, 1000), |_, _| true);
            assert!(n <= 3 || result.is_err());
            assert_eq!(items.len(), n);
            for seed in 0..200 {
                let mut random = crate::random::Random::from_seed(seed, 3);
                let (result, _, compared) = run(noise(n, 1000), |_, _| random.next_u64() & 1 == 0);
                assert!(result.is_ok() || result == Err("invalid order function for sorting"));
                assert!(compared < 1_000_000);
            }
        }
    }
}
