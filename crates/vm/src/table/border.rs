//! Where `#` finds the end of a table with holes.
//!
//! Any border is right by the manual, and for a table without holes there is only one: [`Table::len`](super::Table), at
//! every moment. With holes, programs still see which border it is, so this file answers as the reference does. The
//! reference searches the array part from a *hint*: its middle when the part was made, and later (5.5) the border that the
//! search before found, or (5.4) its end. Its array part has a size of its own: what a constructor asked for, else the power
//! of two that suited the elements when it grew; elements behind it are in the hash part.
//!
//! Two flags make four states:
//! - *dense* (neither), which costs nothing: `#` is `len`, and the hint is taken to be that;
//! - [`flag::FRESH`]: the array part was made, and `#` was not asked since: the hint is where it starts;
//! - both: the same of an array part that grew;
//! - [`flag::HOLES`]: size and hint are noted in the table. It leaves this state when a search finds it dense, when it
//!   grows, or when it becomes a metatable, which needs the room of the note.
//!
//! Tables too large for the note stay fresh or count as dense. What is not followed: reads, which move 5.4's limit; the
//! sizes of hash parts, which decide when a part grows; and that a dense table's hint may lie before `len`.

use super::*;
use perilune_lang::Std;

/// A hint that is not taken yet.
const INITIAL: u8 = u8::MAX;

/// In the place of a hint: the last elements are in the reference's hash part, and the search starts at the size.
const BEYOND: u8 = INITIAL - 1;

/// The largest array part with a note.
const MAX_NOTED: u32 = BEYOND as u32 - 1;

impl Table {
    /// `#t`, raw.
    ///
    /// # Safety
    /// `this` is live.
    #[inline(always)]
    pub unsafe fn border(this: *mut Table, std: Std) -> u32 {
        if (*this).header.aux & (flag::FRESH | flag::HOLES) == 0 {
            return (*this).len;
        }
        Table::find_border(this, std)
    }

    /// `#t` of a table that may have holes: most that are asked for the first time have none.
    #[inline(never)]
    unsafe fn find_border(this: *mut Table, std: Std) -> u32 {
        let len = (*this).len;
        if Table::has_note(this) || len > MAX_NOTED || Table::has_nil(this) {
            return Table::search_border(this, std);
        }
        (*this).header.aux &= !(flag::FRESH | flag::HOLES);
        len
    }

    /// `#t` where a hint decides.
    #[inline(never)]
    unsafe fn search_border(this: *mut Table, std: Std) -> u32 {
        let len = (*this).len;
        let present = |i: u32| i <= len && *(*this).array.add(i as usize - 1) != tag::NIL;
        let (size, hint) = match Table::noted(this) {
            Some((size, INITIAL)) if size >= len => (size, None),
            Some((size, BEYOND)) => (size, Some(size)),
            Some((size, hint)) if size >= len => (size, Some(u32::from(hint))),
            None if (*this).header.aux & flag::HOLES == 0 => (Table::made_size(this), None),
            _ if len <= MAX_NOTED => (grown_size(len, std, present), None),
            _ => (len.next_power_of_two(), None),
        };
        let (mut border, hint) = if std.remembered_border() {
            near_hint(size, hint.unwrap_or(size / 2), present)
        } else {
            from_limit(size, hint.unwrap_or(size), present)
        };
        if border == size && size < len && present(size + 1) {
            border = behind(size, present);
        }
        if border == len && (len > MAX_NOTED || size == Table::made_size(this) && !Table::has_nil(this)) {
            Table::forget_holes(this);
            (*this).header.aux &= !flag::FRESH;
        } else {
            let hint = if size < len { BEYOND } else { hint as u8 };
            Table::note_holes(this, size, hint);
        }
        border
    }

    /// Whether there are holes in the array part.
    unsafe fn has_nil(this: *const Table) -> bool {
        let len = (*this).len as usize;
        if len > MAX_INLINE {
            return std::slice::from_raw_parts((*this).array, len).contains(&tag::NIL);
        }
        // Few are looked at faster one by one.
        let mut i = 0;
        while i < len {
            if *(*this).array.add(i) == tag::NIL {
                return true;
            }
            i += 1;
        }
        false
    }

    /// A nil was stored at `i`, which is at most `len`.
    pub(super) unsafe fn lost(this: *mut Table, i: u32) {
        let last = i == (*this).len;
        match (*this).header.aux & (flag::FRESH | flag::HOLES) {
            0 if !last => Table::note_holes(this, Table::made_size(this), (*this).len as u8),
            // What it held decided the size: that was all of `1..=len`, or `#` would have been asked.
            state if state & flag::FRESH != 0 => Table::note_holes(this, Table::made_size(this), INITIAL),
            _ => {}
        }
        if last {
            Table::trim(this);
        }
    }

    /// The array part has this size, and holes.
    pub(super) unsafe fn made_with_holes(this: *mut Table, size: u32) {
        Table::note_holes(this, size, INITIAL);
    }

    /// Notes an array part with holes, and where the next search starts, unless it is too large for that.
    unsafe fn note_holes(this: *mut Table, size: u32, hint: u8) {
        if size > MAX_NOTED || (*this).header.aux & flag::IS_META != 0 {
            return;
        }
        (*this).absent = u16::from_le_bytes([size as u8, hint]);
        (*this).header.aux = (*this).header.aux & !flag::FRESH | flag::HOLES;
    }

    /// The size and the hint that are noted.
    pub(super) unsafe fn noted(this: *const Table) -> Option<(u32, u8)> {
        if !Table::has_note(this) {
            return None;
        }
        let [size, hint] = (*this).absent.to_le_bytes();
        Some((u32::from(size), hint))
    }

    /// Whether `absent` holds a note.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn has_note(this: *const Table) -> bool {
        (*this).header.aux & (flag::HOLES | flag::FRESH) == flag::HOLES
    }

    /// Takes the note away.
    unsafe fn forget_holes(this: *mut Table) {
        if Table::has_note(this) {
            (*this).absent = 0;
        }
        (*this).header.aux &= !flag::HOLES;
    }

    /// The array part was made.
    pub(super) unsafe fn freshen(this: *mut Table) {
        Table::forget_holes(this);
        (*this).header.aux |= flag::FRESH;
    }

    /// The array part grew.
    pub(super) unsafe fn has_grown(this: *mut Table) {
        Table::freshen(this);
        (*this).header.aux |= flag::HOLES;
    }

    /// The table is a metatable from now on.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn serve_as_meta(this: *mut Table) {
        Table::forget_holes(this);
        (*this).header.aux |= flag::IS_META;
    }

    /// How large the array part of a table without holes would be in the reference: as a constructor made it, or the power
    /// of two that it grew to.
    unsafe fn made_size(this: *const Table) -> u32 {
        (*this).capacity.min((*this).len.next_power_of_two())
    }
}

/// The size of an array part that grew to hold the last of `len` elements: a power of two, of which enough are present.
fn grown_size(len: u32, std: Std, present: impl Fn(u32) -> bool) -> u32 {
    let mut size = 1u32;
    let mut best = 0;
    let (mut counted, mut elements) = (0, 0);
    loop {
        let before = elements;
        while counted < size.min(len) {
            counted += 1;
            elements += u32::from(present(counted));
        }
        if elements > before && std.worth_an_array(elements, size) {
            best = size;
        }
        if size >= len {
            return best;
        }
        size *= 2;
    }
}

/// A border behind an array part whose last element and next one are present: by doubling the distance.
fn behind(size: u32, present: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (size + 1, (size + 1) * 2);
    while present(high) {
        low = high;
        high *= 2;
    }
    halve(low, high, present)
}

/// The border below `absent` and from `present` on that halving the distance finds.
fn halve(mut low: u32, mut high: u32, present: impl Fn(u32) -> bool) -> u32 {
    while high - low > 1 {
        let middle = low.midpoint(high);
        if present(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// 5.5: the border and the new hint. Looks a few places up or down from the hint before it halves.
fn near_hint(size: u32, hint: u32, present: impl Fn(u32) -> bool) -> (u32, u32) {
    const NEAR: u32 = 4;
    if size == 0 {
        return (0, 0);
    }
    let start = hint.clamp(1, size);
    let border = if present(start) {
        let end = size.min(start + NEAR);
        match (start..end).find(|&i| !present(i + 1)) {
            Some(border) => border,
            None if present(size) => size,
            None => halve(end, size, present),
        }
    } else {
        let end = start.saturating_sub(NEAR).max(1);
        match (end..start).rev().find(|&i| present(i)) {
            Some(border) => border,
            None => halve(0, end, present),
        }
    };
    (border, border)
}

/// 5.4: the border and the new limit. Starts at the limit, which moves only within the upper half of a size that is a power
/// of two.
fn from_limit(size: u32, limit: u32, present: impl Fn(u32) -> bool) -> (u32, u32) {
    let movable = |limit: u32| size.is_power_of_two() && limit > size / 2;
    let limit = if movable(limit) { limit.min(size) } else { size };
    if limit > 0 && !present(limit) {
        let border = if limit > 1 && present(limit - 1) {
            limit - 1
        } else {
            halve(0, limit, present)
        };
        return (border, if movable(border) { border } else { limit });
    }
    if limit == size || !present(limit + 1) {
        return (limit, limit);
    }
    if present(size) {
        return (size, limit);
    }
    let border = halve(limit, size, present);
    (border, border)
}
