//! Insertions and deletions at a constant size rebuild a table rarely, and take no memory.

use crate::native::{Ctx, Val};
use crate::table::rebuilds;
use crate::vm::Raised;
use crate::{Options, Vm};

const ROUNDS: u64 = 100_000;

fn int<'a>(_: &'a Ctx<'_>, i: u64) -> Result<Val<'a>, Raised> {
    // Sparse, so that the array part takes none.
    Ok(Val::int((i * 1_000_003) as i64))
}

fn successive<'a>(_: &'a Ctx<'_>, i: u64) -> Result<Val<'a>, Raised> {
    Ok(Val::int(i as i64 + (1 << 40)))
}

fn float<'a>(_: &'a Ctx<'_>, i: u64) -> Result<Val<'a>, Raised> {
    Ok(Val::float(i as f64 + 0.5))
}

fn string<'a>(ctx: &'a Ctx<'_>, i: u64) -> Result<Val<'a>, Raised> {
    ctx.new_str(format!("key {i}").as_bytes())
}

type MakeKey = for<'a> fn(&'a Ctx<'_>, u64) -> Result<Val<'a>, Raised>;

/// Keeps `size` keys, the newest ones. Rebuilds and the bytes at the end of each half.
fn queue(size: u64, make: MakeKey) -> (u64, usize, usize) {
    let mut vm = Vm::new(Options::default());
    vm.enter(|ctx| {
        let t = ctx.new_table(0, 0)?;
        ctx.push(t.as_val())?;
        let mut bytes = [0, 0];
        let mut before = 0;
        for i in 0..2 * ROUNDS {
            let t = ctx.slot(0).as_table().expect("the table");
            let k = make(ctx, i)?;
            t.set(ctx, k, Val::int(1))?;
            if i >= size {
                let old = make(ctx, i - size)?;
                t.set(ctx, old, Val::NIL)?;
            }
            if i + 1 == ROUNDS || i + 1 == 2 * ROUNDS {
                ctx.collect();
                bytes[(i / ROUNDS) as usize] = ctx.memory_used();
            }
            if i + 1 == ROUNDS {
                before = rebuilds();
            }
        }
        Ok::<_, Raised>((rebuilds() - before, bytes[0], bytes[1]))
    })
    .expect("there is memory")
}

#[test]
fn a_queue_of_constant_size() {
    let kinds: [(&str, MakeKey); 4] = [
        ("sparse integers", int),
        ("successive integers", successive),
        ("floats", float),
        ("strings", string),
    ];
    for (name, make) in kinds {
        for size in [1, 2, 7, 8, 9, 50, 64, 1000, 1024, 1025] {
            let (rebuilds, first, second) = queue(size, make);
            // Each rebuild leaves room for a quarter of the keys or more.
            let most = ROUNDS / (size / 4).max(1);
            assert!(
                rebuilds <= most,
                "{name}, {size} keys: {rebuilds} rebuilds in {ROUNDS} rounds"
            );
            assert!(
                second <= first + first / 4 + 4096,
                "{name}, {size} keys: {first} bytes, later {second}"
            );
        }
    }
}

#[test]
fn the_same_keys_again_and_again() {
    let mut vm = Vm::new(Options::default());
    let rebuilt = vm.enter(|ctx| {
        let t = ctx.new_table(0, 0)?;
        ctx.push(t.as_val())?;
        let mut before = 0;
        for round in 0..1000 {
            for i in 0..100 {
                let t = ctx.slot(0).as_table().expect("the table");
                let k = int(ctx, i)?;
                t.set(ctx, k, Val::int(1))?;
            }
            for i in 0..100 {
                let t = ctx.slot(0).as_table().expect("the table");
                let k = int(ctx, i)?;
                t.set(ctx, k, Val::NIL)?;
            }
            if round == 10 {
                before = rebuilds();
            }
        }
        Ok::<_, Raised>(rebuilds() - before)
    });
    assert_eq!(rebuilt.ok(), Some(0), "the nodes of the keys are still there");
}

#[test]
fn a_stack_stays_in_the_array_part() {
    let mut vm = Vm::new(Options::default());
    let rebuilt = vm.enter(|ctx| {
        let t = ctx.new_table(0, 0)?;
        ctx.push(t.as_val())?;
        for round in 0..1000 {
            let t = ctx.slot(0).as_table().expect("the table");
            for i in 1..=100 {
                t.set_int(ctx, i, Val::int(round))?;
            }
            assert_eq!(t.len(ctx), 100);
            for i in (1..=100).rev() {
                t.set_int(ctx, i, Val::NIL)?;
            }
            assert_eq!(t.len(ctx), 0);
        }
        Ok::<_, Raised>(rebuilds())
    });
    assert_eq!(rebuilt.ok(), Some(0), "no key is ever in the hash part");
}
