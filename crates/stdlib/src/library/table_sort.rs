//! `table.sort`: arrays of numbers or of strings are sorted outright, others as the reference does.

use std::cmp::Ordering;

use perilune_lang::{Num, num_lt};
use perilune_vm::{Ctx, Raised, Returns, Table};

use crate::random::entropy;
use crate::sort::{Sequence, Slot, sort as sort_sequence};

/// Slots on the native's stack, above the two arguments.
const FIRST: usize = 2;

struct Elements<'c, 'v> {
    ctx: &'c mut Ctx<'v>,
    has_comparator: bool,
}

fn slot(slot: Slot) -> usize {
    FIRST + slot as usize
}

impl Sequence for Elements<'_, '_> {
    type Error = Raised;

    fn load(&mut self, into: Slot, index: u64) -> Result<(), Raised> {
        let ctx = &mut *self.ctx;
        if ctx.load_element(0, index, slot(into)) {
            return Ok(());
        }
        ctx.index_int(0, index as i64)?;
        ctx.set_slot(slot(into), ctx.slot(ctx.top() - 1));
        ctx.pop(1);
        Ok(())
    }

    fn store(&mut self, index: u64, from: Slot) -> Result<(), Raised> {
        let ctx = &mut *self.ctx;
        if ctx.store_element(0, index, slot(from)) {
            return Ok(());
        }
        if let Some(table) = ctx.arg(0).as_table().filter(|table| !table.has_metatable()) {
            return table.set_int(ctx, index as i64, ctx.slot(slot(from)));
        }
        ctx.push_slot(slot(from))?;
        ctx.set_index_int(0, index as i64)
    }

    fn less(&mut self, a: Slot, b: Slot) -> Result<bool, Raised> {
        let ctx = &mut *self.ctx;
        ctx.charge(1)?;
        if !self.has_comparator {
            return ctx.less_than(slot(a), slot(b));
        }
        ctx.test(1, slot(a), slot(b))
    }

    fn expect(&mut self, far: u64, near: u64) {
        self.ctx.expect_element(0, near, true);
        self.ctx.expect_element(0, far, false);
    }

    fn invalid_order(&mut self) -> Raised {
        self.ctx.error("invalid order function for sorting")
    }

    fn random(&mut self) -> u64 {
        entropy() | 1
    }
}

pub(super) fn sort(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let length = super::table::sort_length(ctx)?;
    if length < 2 {
        return Ok(Returns::NONE);
    }
    if length >= i64::from(i32::MAX) {
        return Err(ctx.arg_error(0, "array too big"));
    }
    let has_comparator = !ctx.is_none_or_nil(1);
    if has_comparator {
        ctx.check_function(1)?;
    } else if let Some(table) = ctx.arg(0).as_table().filter(|table| !table.has_metatable()) {
        let rounds = u64::from(64 - (length as u64).leading_zeros());
        if sort_plain(ctx, table, length, rounds)? {
            return Ok(Returns::NONE);
        }
    }
    ctx.set_top(2)?;
    ctx.set_top(FIRST + 3)?;
    sort_sequence(&mut Elements { ctx, has_comparator }, length as u64)?;
    Ok(Returns::NONE)
}

/// Sorts a table whose elements are all numbers, none of them NaN, or all strings.
fn sort_plain(ctx: &Ctx<'_>, table: Table<'_>, length: i64, rounds: u64) -> Result<bool, Raised> {
    let first = table.get_int(1);
    let pay = || ctx.charge(length as u64 * rounds / 8);
    // The copy of a string element is the largest.
    let mut paid = ctx.paid();
    paid.set(
        ctx,
        (length as usize).saturating_mul(size_of::<(&[u8], perilune_vm::Val<'_>)>()),
    )?;
    if let Some(text) = first.as_str() {
        let mut items = Vec::with_capacity(length as usize);
        items.push((text, first));
        for i in 2..=length {
            let value = table.get_int(i);
            let Some(text) = value.as_str() else { return Ok(false) };
            items.push((text, value));
        }
        pay()?;
        items.sort_unstable_by(|a, b| a.0.cmp(b.0));
        for (i, (_, value)) in (1..).zip(items) {
            table.set_int(ctx, i, value)?;
        }
        return Ok(true);
    }
    if first.as_int().is_some() {
        let mut items = Vec::with_capacity(length as usize);
        for i in 1..=length {
            match table.get_int(i).as_int() {
                Some(n) => items.push(n),
                None => return sort_numbers(ctx, table, length, pay),
            }
        }
        pay()?;
        items.sort_unstable();
        for (i, n) in (1..).zip(items) {
            table.set_int(ctx, i, perilune_vm::Val::int(n))?;
        }
        return Ok(true);
    }
    sort_numbers(ctx, table, length, pay)
}

fn sort_numbers(
    ctx: &Ctx<'_>,
    table: Table<'_>,
    length: i64,
    pay: impl FnOnce() -> Result<(), Raised>,
) -> Result<bool, Raised> {
    let mut items = Vec::with_capacity(length as usize);
    for i in 1..=length {
        match table.get_int(i).as_num() {
            Some(Num::Float(f)) if f.is_nan() => return Ok(false),
            Some(n) => items.push(n),
            None => return Ok(false),
        }
    }
    pay()?;
    items.sort_unstable_by(|a, b| match (a, b) {
        (Num::Float(a), Num::Float(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
        _ if num_lt(*a, *b) => Ordering::Less,
        _ if num_lt(*b, *a) => Ordering::Greater,
        _ => Ordering::Equal,
    });
    for (i, n) in (1..).zip(items) {
        table.set_int(ctx, i, perilune_vm::Val::num(n))?;
    }
    Ok(true)
}
