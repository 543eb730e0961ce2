//! Strings: hashing and comparison. The set of interned ones is in `interner`.

use crate::object::{STR_HASHED, Str};

/// Strings up to this many bytes are interned: equal ones are one object.
pub const MAX_INTERNED: usize = 40;

/// Hashes bytes eight at a time, multiply and fold (the wyhash construction, Wang Yi 2019), from a seed.
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8], seed: u64) -> u32 {
    #[inline(always)]
    fn mix(a: u64, b: u64) -> u64 {
        let m = u128::from(a) * u128::from(b);
        (m as u64) ^ ((m >> 64) as u64)
    }
    let n = bytes.len();
    let mut h = seed ^ (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let read8 = |at: usize| {
        let mut b = [0u8; 8];
        b.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(b)
    };
    let read4 = |at: usize| {
        let mut b = [0u8; 4];
        b.copy_from_slice(&bytes[at..at + 4]);
        u64::from(u32::from_le_bytes(b))
    };
    if n > 16 {
        let mut at = 0;
        while at + 16 <= n {
            h = mix(read8(at) ^ 0xA076_1D64_78BD_642F, read8(at + 8) ^ h);
            at += 16;
        }
        h = mix(read8(n - 16) ^ 0xE703_7ED1_A0B4_28DB, read8(n - 8) ^ h);
    } else if n >= 8 {
        h = mix(read8(0) ^ 0xA076_1D64_78BD_642F, read8(n - 8) ^ h);
    } else if n >= 4 {
        h = mix(
            (read4(0) << 32 | read4(n - 4)) ^ 0xA076_1D64_78BD_642F,
            h ^ 0xE703_7ED1_A0B4_28DB,
        );
    } else if n > 0 {
        let v = u64::from(bytes[0]) << 16 | u64::from(bytes[n / 2]) << 8 | u64::from(bytes[n - 1]);
        h = mix(v ^ 0xA076_1D64_78BD_642F, h ^ 0xE703_7ED1_A0B4_28DB);
    }
    (mix(h, 0x8EBC_6AF0_9C88_C6E3) >> 16) as u32
}

/// Whether two short strings of one length are equal, without a call.
#[inline(always)]
pub(crate) unsafe fn same_short(a: &[u8], b: &[u8]) -> bool {
    let n = a.len();
    let (a, b) = (a.as_ptr(), b.as_ptr());
    let eight = |at: usize| a.add(at).cast::<u64>().read_unaligned() == b.add(at).cast::<u64>().read_unaligned();
    if n >= 8 {
        let mut at = 0;
        while at + 8 <= n {
            if !eight(at) {
                return false;
            }
            at += 8;
        }
        return eight(n - 8);
    }
    let four = |at: usize| a.add(at).cast::<u32>().read_unaligned() == b.add(at).cast::<u32>().read_unaligned();
    if n >= 4 {
        return four(0) && four(n - 4);
    }
    n == 0 || (*a == *b && *a.add(n / 2) == *b.add(n / 2) && *a.add(n - 1) == *b.add(n - 1))
}

/// Copies a short string, without a call.
#[inline(always)]
pub(crate) unsafe fn copy_short(from: &[u8], to: *mut u8) {
    let n = from.len();
    let from = from.as_ptr();
    let eight = |at: usize| {
        to.add(at)
            .cast::<u64>()
            .write_unaligned(from.add(at).cast::<u64>().read_unaligned());
    };
    if n >= 8 {
        let mut at = 0;
        while at + 8 <= n {
            eight(at);
            at += 8;
        }
        return eight(n - 8);
    }
    let four = |at: usize| {
        to.add(at)
            .cast::<u32>()
            .write_unaligned(from.add(at).cast::<u32>().read_unaligned());
    };
    if n >= 4 {
        four(0);
        return four(n - 4);
    }
    if n > 0 {
        *to = *from;
        *to.add(n / 2) = *from.add(n / 2);
        *to.add(n - 1) = *from.add(n - 1);
    }
}

/// The seed of long strings' hashes: they are compared by content in any case.
const LONG_SEED: u64 = 0x2545_F491_4F6C_DD1D;

/// The hash of a string; computed and kept for a long one.
///
/// # Safety
/// `s` is live.
#[inline]
pub unsafe fn hash_of(s: *mut Str) -> u32 {
    if (*s).header.aux & STR_HASHED == 0 {
        (*s).header.word = hash_bytes((*s).bytes(), LONG_SEED);
        (*s).header.aux |= STR_HASHED;
    }
    (*s).header.word
}
