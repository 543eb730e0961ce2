//! `table`, but for `sort`.

use perilune_vm::{Buffer, Ctx, NativeFn, Raised, Returns, Table, Val};

use super::{give_buffer, reserve_results, take_buffer};

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("concat", concat),
    ("insert", insert),
    ("move", move_),
    ("pack", pack),
    ("remove", remove),
    ("sort", super::table_sort::sort),
    ("unpack", unpack),
];

/// Fills the table `table`.
pub(super) fn open(ctx: &Ctx<'_>, table: Table<'_>) -> Result<(), Raised> {
    ctx.set_functions(table, FUNCTIONS)?;
    if ctx.std().table_create() {
        ctx.set_functions(table, &[("create", create)])?;
    }
    Ok(())
}

/// Keys for which a new table has room in itself.
const INLINE_KEYS: usize = 16;

/// What a value must be able to do to pass for a table.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    pub read: bool,
    pub write: bool,
    pub length: bool,
}

const READ: Needs = Needs {
    read: true,
    write: false,
    length: true,
};
const READ_WRITE: Needs = Needs {
    read: true,
    write: true,
    length: true,
};

/// Checks that argument `i` is a table or has the metamethods to act as one.
fn check_like_table(ctx: &Ctx<'_>, i: usize, needs: Needs) -> Result<(), Raised> {
    let value = ctx.arg(i);
    if value.as_table().is_some() {
        return Ok(());
    }
    let has = |name| ctx.metafield(value, name).map(|v| !v.is_nil());
    if ctx.metatable(value).is_some()
        && (!needs.read || has("__index")?)
        && (!needs.write || has("__newindex")?)
        && (!needs.length || value.as_str().is_some() && ctx.std().unpack_checks_tables() || has("__len")?)
    {
        return Ok(());
    }
    Err(ctx.type_error(i, "table"))
}

/// The argument if it is a table that no metamethod watches.
fn raw_table<'a>(ctx: &'a Ctx<'_>, i: usize) -> Option<Table<'a>> {
    ctx.arg(i).as_table().filter(|table| !table.has_metatable())
}

/// Checks the first argument and returns its length.
pub(super) fn length(ctx: &mut Ctx<'_>, needs: Needs) -> Result<i64, Raised> {
    if let Some(table) = raw_table(ctx, 0) {
        return Ok(table.len(ctx));
    }
    check_like_table(ctx, 0, needs)?;
    ctx.len(0)
}

/// The length of an argument that `sort` reads and writes.
pub(super) fn sort_length(ctx: &mut Ctx<'_>) -> Result<i64, Raised> {
    length(ctx, READ_WRITE)
}

/// `slot[0][to] = slot[0][from]`
fn copy_within(ctx: &mut Ctx<'_>, from: i64, to: i64) -> Result<(), Raised> {
    ctx.index_int(0, from)?;
    ctx.set_index_int(0, to)
}

fn create(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let array = ctx.check_int(0)?;
    let record = ctx.opt_int(1, 0)?;
    let limit = 0..=i64::from(i32::MAX);
    if !limit.contains(&array) {
        return Err(ctx.arg_error(0, "out of range"));
    }
    if !limit.contains(&record) {
        return Err(ctx.arg_error(1, "out of range"));
    }
    ctx.charge((array + record) as u64 / 16)?;
    // A hash part of PUC's has 2^30 nodes at most.
    if record > 1 << 30 {
        return Err(ctx.error_plain("table overflow"));
    }
    let table = ctx.new_table(array as usize, (record as usize).min(INLINE_KEYS))?;
    if record as usize > INLINE_KEYS {
        table.reserve_keys(ctx, record as usize)?;
    }
    ctx.ret(table.as_val())
}

fn insert(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if ctx.nargs() == 2
        && let Some(table) = raw_table(ctx, 0)
    {
        table.set_int(ctx, table.len(ctx).wrapping_add(1), ctx.arg(1))?;
        return Ok(Returns::NONE);
    }
    let end = length(ctx, READ_WRITE)?.wrapping_add(1);
    match ctx.nargs() {
        2 => {
            ctx.push(ctx.arg(1))?;
            ctx.set_index_int(0, end)?;
        }
        3 => {
            let position = ctx.check_int(1)?;
            if (position as u64).wrapping_sub(1) >= end as u64 {
                return Err(ctx.arg_error(1, "position out of bounds"));
            }
            ctx.charge((end - position) as u64 / 16)?;
            if let Some(table) = raw_table(ctx, 0)
                && position < end
            {
                // The last element moves out first, so that the rest stays in the array part.
                table.set_int(ctx, end, table.get_int(end - 1))?;
                if !table.move_within(ctx, position, end - 2, position + 1) {
                    for i in (position + 1..end).rev() {
                        table.set_int(ctx, i, table.get_int(i - 1))?;
                    }
                }
                table.set_int(ctx, position, ctx.arg(2))?;
                return Ok(Returns::NONE);
            }
            for i in (position + 1..=end).rev() {
                ctx.charge(1)?;
                copy_within(ctx, i - 1, i)?;
            }
            ctx.push(ctx.arg(2))?;
            ctx.set_index_int(0, position)?;
        }
        _ => return Err(ctx.error("wrong number of arguments to 'insert'")),
    }
    Ok(Returns::NONE)
}

fn remove(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let size = length(ctx, READ_WRITE)?;
    let position = ctx.opt_int(1, size)?;
    if position != size && (position as u64).wrapping_sub(1) > size as u64 {
        return Err(ctx.arg_error(1, "position out of bounds"));
    }
    if let Some(table) = raw_table(ctx, 0) {
        let removed = table.get_int(position);
        if position < size {
            ctx.charge((size - position) as u64 / 16)?;
            if !table.move_within(ctx, position + 1, size, position) {
                for i in position..size {
                    table.set_int(ctx, i, table.get_int(i + 1))?;
                }
            }
            table.set_int(ctx, size, Val::NIL)?;
        } else {
            table.set_int(ctx, position, Val::NIL)?;
        }
        return ctx.ret(removed);
    }
    ctx.index_int(0, position)?;
    let mut last = position;
    while last < size {
        ctx.charge(1)?;
        copy_within(ctx, last + 1, last)?;
        last += 1;
    }
    ctx.push(Val::NIL)?;
    ctx.set_index_int(0, last)?;
    Ok(Returns(1))
}

fn move_(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let first = ctx.check_int(1)?;
    let end = ctx.check_int(2)?;
    let to = ctx.check_int(3)?;
    let target = if ctx.is_none_or_nil(4) { 0 } else { 4 };
    check_like_table(
        ctx,
        0,
        Needs {
            read: true,
            write: false,
            length: false,
        },
    )?;
    check_like_table(
        ctx,
        target,
        Needs {
            read: false,
            write: true,
            length: false,
        },
    )?;
    if end >= first {
        if first <= 0 && end >= i64::MAX.wrapping_add(first) {
            return Err(ctx.arg_error(2, "too many elements to move"));
        }
        let count = end - first + 1;
        if to > i64::MAX - count + 1 {
            return Err(ctx.arg_error(3, "destination wrap around"));
        }
        // Rising order unless the target overlaps the end of the source.
        let rising = to > end || to <= first || (target != 0 && !ctx.equals(0, target)?);
        for n in 0..count {
            if n % 16 == 0 {
                ctx.charge(1)?;
            }
            let i = if rising { n } else { count - 1 - n };
            ctx.index_int(0, first + i)?;
            ctx.set_index_int(target, to + i)?;
        }
    }
    ctx.ret(ctx.arg(target))
}

fn concat(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let length = length(ctx, READ)?;
    ctx.opt_str(1)?;
    let first = ctx.opt_int(2, 1)?;
    let last = ctx.opt_int(3, length)?;
    if first > last {
        return ctx.ret_str(b"");
    }
    let mut out = take_buffer(ctx);
    let mut i = first;
    loop {
        out.prepare(ctx);
        if raw_table(ctx, 0).is_some() {
            append(
                ctx,
                &mut out,
                ctx.arg(0).as_table().map_or(Val::NIL, |table| table.get_int(i)),
                i,
            )?;
        } else {
            ctx.index_int(0, i)?;
            append(ctx, &mut out, ctx.slot(ctx.top() - 1), i)?;
            ctx.pop(1);
        }
        if i == last {
            break;
        }
        let separator = ctx.arg(1).as_str().unwrap_or(b"");
        out.reserve(ctx, separator.len())?;
        out.extend_from_slice(separator);
        i += 1;
    }
    ctx.make_room(out.len());
    let result = ctx.ret_str(&out);
    give_buffer(ctx, out);
    result
}

fn append(ctx: &Ctx<'_>, out: &mut Buffer, value: Val<'_>, i: i64) -> Result<(), Raised> {
    if let Some(text) = value.as_str() {
        ctx.charge(1 + text.len() as u64 / 16)?;
        out.reserve(ctx, text.len())?;
        out.extend_from_slice(text);
    } else if let Some(number) = value.as_num() {
        ctx.charge(1)?;
        perilune_lang::write_num(out, number, ctx.std());
    } else {
        let kind = value.type_name();
        return Err(ctx.error(format!("invalid value ({kind}) at index {i} in table for 'concat'")));
    }
    Ok(())
}

fn pack(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let count = ctx.nargs();
    ctx.charge(count as u64 / 16)?;
    let table = ctx.new_table(count, 1)?;
    table.set_list(ctx, 0, count)?;
    table.set_str(ctx, "n", Val::int(count as i64))?;
    ctx.ret(table.as_val())
}

fn unpack(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let (first, last) = if ctx.std().unpack_checks_tables() {
        let length = length(ctx, READ)?;
        (ctx.opt_int(1, 1)?, ctx.opt_int(2, length)?)
    } else {
        let first = ctx.opt_int(1, 1)?;
        let last = if ctx.is_none_or_nil(2) {
            ctx.len(0)?
        } else {
            ctx.check_int(2)?
        };
        (first, last)
    };
    if first > last {
        return Ok(Returns::NONE);
    }
    let count = (last as u64).wrapping_sub(first as u64);
    let room = usize::try_from(count).ok().filter(|&n| n < i32::MAX as usize);
    let Some(count) = room.map(|n| n + 1) else {
        return Err(ctx.error("too many results to unpack"));
    };
    reserve_results(ctx, count, "too many results to unpack")?;
    ctx.charge(count as u64 / 8)?;
    for i in 0..count as i64 {
        ctx.index_int(0, first + i)?;
    }
    Ok(Returns(count as u32))
}
