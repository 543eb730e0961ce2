//! Tables against a model: random operations with every kind of key, and collections in between.

use super::Machine;
use crate::native::{Ctx, Val};
use crate::object::Table as RawTable;
use crate::value::Value;
use crate::vm::Raised;
use crate::{Options, Vm};
use arbitrary::{Arbitrary, Unstructured};
use std::collections::BTreeMap;

/// How many tables serve as keys.
const TABLE_KEYS: u8 = 6;

#[derive(Arbitrary, Clone, Debug)]
enum Key {
    Small(u8),
    Near(i16),
    Power(u8, i8),
    Int(i64),
    Half(i8),
    Float(f64),
    Whole(i16),
    Bool(bool),
    Short(u8),
    Long(u8),
    Event(u8),
    Table(u8),
}

/// A key as Lua tells them apart; floats by their bits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Model {
    Int(i64),
    Float(u64),
    Bool(bool),
    Str(String),
    Table(u8),
}

impl Key {
    /// None for NaN, which is no key.
    fn model(&self) -> Option<Model> {
        Some(match *self {
            Key::Small(n) => Model::Int(i64::from(n % 40)),
            Key::Near(n) => Model::Int(n.into()),
            Key::Power(bits, off) => Model::Int((1_i64 << (bits % 63)).wrapping_add(off.into())),
            Key::Int(n) => Model::Int(n),
            Key::Half(n) => Model::Float((f64::from(n) + 0.5).to_bits()),
            Key::Float(f) if f.is_nan() => return None,
            Key::Float(f) if f.fract() == 0.0 && (-(2.0_f64.powi(63))..2.0_f64.powi(63)).contains(&f) => {
                Model::Int(f as i64)
            }
            Key::Float(f) => Model::Float(f.to_bits()),
            Key::Whole(n) => Model::Int(n.into()),
            Key::Bool(b) => Model::Bool(b),
            Key::Short(n) => Model::Str(format!("k{}", n % 48)),
            Key::Long(n) => Model::Str(format!(
                "a key that is too long to be interned, whatever that length is: {}",
                n % 24
            )),
            Key::Event(n) => Model::Str(["__index", "__newindex", "__len", "__eq"][usize::from(n % 4)].to_string()),
            Key::Table(n) => Model::Table(n % TABLE_KEYS),
        })
    }
}

#[derive(Arbitrary, Clone, Debug)]
enum Action {
    Set(Key, i32),
    SetText(Key, u8),
    Delete(Key),
    Get(Key),
    Append(u8),
    Pop,
    Len,
    Collect,
    /// Sets a run of integer keys, upwards or downwards.
    Run(i8, u8, bool),
    /// Elements from the border on, or from 1 on, as a constructor sets them; some are nil.
    List(bool, u8, u8),
    Traverse,
    /// Traverses and clears some of the fields on the way.
    Clear(u8),
    Metatable(bool),
}

#[derive(Clone, Debug, PartialEq)]
enum Stored {
    Int(i64),
    Text(String),
}

/// The slots of the native's stack: the table, its metatable, then the tables that are keys.
const TABLE: usize = 0;
const META: usize = 1;
const KEYS: usize = 2;
/// Where a traversal keeps its key, as a loop does: a key that was cleared may be in the table no more.
const CONTROL: usize = KEYS + TABLE_KEYS as usize;

fn key<'a>(ctx: &'a Ctx<'_>, key: &Key) -> Result<Val<'a>, Raised> {
    Ok(match (key, key.model()) {
        // As floats, although they name integers.
        (Key::Float(f), _) => Val::float(*f),
        (Key::Whole(n), _) => Val::float((*n).into()),
        (_, Some(model)) => model_key(ctx, &model)?,
        (_, None) => Val::float(f64::NAN),
    })
}

fn model_key<'a>(ctx: &'a Ctx<'_>, model: &Model) -> Result<Val<'a>, Raised> {
    Ok(match model {
        Model::Int(n) => Val::int(*n),
        Model::Float(bits) => Val::float(f64::from_bits(*bits)),
        Model::Bool(b) => Val::bool(*b),
        Model::Str(s) => ctx.new_str(s.as_bytes())?,
        Model::Table(n) => ctx.slot(KEYS + usize::from(*n)),
    })
}

fn model_of(ctx: &Ctx<'_>, v: Val<'_>) -> Model {
    if let Some(n) = v.as_int() {
        return Model::Int(n);
    }
    if let Some(b) = v.as_bool() {
        return Model::Bool(b);
    }
    if let Some(s) = v.as_str() {
        return Model::Str(String::from_utf8_lossy(s).into_owned());
    }
    if v.is_float() {
        return Model::Float(v.raw.payload);
    }
    let found = (0..TABLE_KEYS).find(|&n| ctx.slot(KEYS + usize::from(n)).raw_eq(v));
    Model::Table(found.expect("no other table is a key"))
}

fn stored(v: Val<'_>) -> Option<Stored> {
    match (v.as_int(), v.as_str()) {
        (Some(n), _) => Some(Stored::Int(n)),
        (_, Some(s)) => Some(Stored::Text(String::from_utf8_lossy(s).into_owned())),
        _ => {
            assert!(v.is_nil(), "a value that was never stored");
            None
        }
    }
}

struct Run<'a, 'v> {
    ctx: &'a mut Ctx<'v>,
    model: BTreeMap<Model, Stored>,
}

impl Run<'_, '_> {
    fn table(&self) -> crate::native::Table<'_> {
        self.ctx.slot(TABLE).as_table().expect("the table")
    }

    fn set(&mut self, k: &Key, value: Option<Stored>) -> Result<(), Raised> {
        let ctx = &*self.ctx;
        let v = match &value {
            None => Val::NIL,
            Some(Stored::Int(n)) => Val::int(*n),
            Some(Stored::Text(s)) => ctx.new_str(s.as_bytes())?,
        };
        // Half of the keys that are strings are stored as fields of the text are.
        let done = match k.model() {
            Some(Model::Str(s)) if s.len() % 2 == 0 => self.table().set_str(ctx, &s, v),
            _ => self.table().set(ctx, key(ctx, k)?, v),
        };
        let Some(model) = k.model() else {
            let raised = done.expect_err("NaN is no key");
            ctx.take_error(raised);
            return Ok(());
        };
        done?;
        match value {
            Some(value) => self.model.insert(model, value),
            None => self.model.remove(&model),
        };
        Ok(())
    }

    fn check_get(&self, k: &Key) -> Result<(), Raised> {
        let expected = k.model().and_then(|m| self.model.get(&m).cloned());
        assert_eq!(stored(self.table().get(key(self.ctx, k)?)), expected, "{k:?}");
        if let Some(Model::Str(s)) = k.model() {
            assert_eq!(stored(self.table().get_str(self.ctx, s.as_bytes())?), expected, "{k:?}");
        }
        Ok(())
    }

    /// All fields, each once; `clear` says which to clear on the way.
    fn traverse(&mut self, clear: Option<u8>) -> Result<(), Raised> {
        let mut seen = BTreeMap::new();
        self.ctx.set_slot(CONTROL, Val::NIL);
        while let Some((k, v)) = self.table().next(self.ctx, self.ctx.slot(CONTROL))? {
            self.ctx.set_slot(CONTROL, k);
            let model = model_of(self.ctx, k);
            let value = stored(v).expect("next gives no nils");
            assert!(seen.insert(model.clone(), value).is_none(), "{model:?} comes twice");
            if let Some(every) = clear
                && seen.len() % (usize::from(every % 4) + 1) == 0
            {
                self.table().set(self.ctx, self.ctx.slot(CONTROL), Val::NIL)?;
                self.model.remove(&model);
                if every & 16 != 0 {
                    self.ctx.collect();
                }
            }
        }
        for (k, v) in &self.model {
            assert_eq!(seen.get(k), Some(v), "{k:?} does not come");
        }
        assert!(clear.is_some() || seen.len() == self.model.len());
        Ok(())
    }

    fn border(&self) -> i64 {
        let n = self.table().len(self.ctx);
        let has = |i: i64| self.model.contains_key(&Model::Int(i));
        assert!(n >= 0 && (n == 0 || has(n)) && !has(n + 1), "{n} is no border");
        n
    }

    fn step(&mut self, action: &Action) -> Result<(), Raised> {
        match action {
            Action::Set(k, n) => self.set(k, Some(Stored::Int(i64::from(*n)))),
            Action::SetText(k, n) => self.set(k, Some(Stored::Text(format!("text {n}")))),
            Action::Delete(k) => self.set(k, None),
            Action::Get(k) => self.check_get(k),
            Action::Append(n) => {
                for _ in 0..n % 20 {
                    let at = self.border() + 1;
                    self.set(&Key::Int(at), Some(Stored::Int(at)))?;
                }
                Ok(())
            }
            Action::Pop => {
                let at = self.border();
                self.set(&Key::Int(at), None)
            }
            Action::Len => {
                self.border();
                Ok(())
            }
            Action::Collect => {
                self.ctx.collect();
                Ok(())
            }
            Action::Run(from, count, up) => {
                for i in 0..i64::from(count % 40) {
                    let at = i64::from(*from) + if *up { i } else { -i };
                    self.set(&Key::Int(at), Some(Stored::Int(at)))?;
                }
                Ok(())
            }
            Action::List(behind, count, nils) => {
                let start = if *behind { self.border() + 1 } else { 1 };
                let absent = |i: i64| nils >> (i % 8) & 1 != 0;
                let values: Vec<Value> = (0..i64::from(count % 24))
                    .map(|i| if absent(i) { Value::NIL } else { Value::int(i) })
                    .collect();
                let (vm, table) = (self.ctx.vm_mut(), self.table().raw);
                // SAFETY: H1; the values are no objects.
                let done = unsafe {
                    vm.barrier(table);
                    RawTable::set_list(
                        table,
                        &mut vm.heap,
                        &mut vm.shapes,
                        start,
                        values.as_ptr(),
                        values.len(),
                    )
                };
                assert_eq!(done, Ok(()));
                for (i, v) in (0_i64..).zip(values) {
                    match v.is_nil() {
                        true => self.model.remove(&Model::Int(start + i)),
                        false => self.model.insert(Model::Int(start + i), Stored::Int(i)),
                    };
                }
                Ok(())
            }
            Action::Traverse => self.traverse(None),
            Action::Clear(every) => self.traverse(Some(*every)),
            Action::Metatable(on) => {
                let meta = self.ctx.slot(META).as_table().filter(|_| *on);
                self.ctx.set_metatable(self.ctx.slot(TABLE), meta)
            }
        }
    }
}

fn check(actions: &[Action], gc_stress: bool) {
    let mut vm = Vm::new(Options {
        gc_stress,
        ..Options::default()
    });
    let done = vm.enter(|ctx| {
        for _ in 0..=CONTROL {
            let t = ctx.new_table(0, 0)?;
            ctx.push(t.as_val())?;
        }
        let mut run = Run {
            ctx,
            model: BTreeMap::new(),
        };
        for action in actions {
            run.step(action)?;
            run.border();
        }
        run.ctx.collect();
        run.traverse(None)
    });
    assert!(done.is_ok(), "no operation fails");
}

#[test]
fn tables_agree_with_a_model() {
    arbtest::arbtest(|u: &mut Unstructured<'_>| {
        let actions: Vec<Action> = u.arbitrary()?;
        check(&actions, false);
        Ok(())
    })
    .size_max(4096)
    .budget_ms(2000);
}

#[test]
fn and_when_freed_memory_is_poisoned() {
    arbtest::arbtest(|u: &mut Unstructured<'_>| {
        let actions: Vec<Action> = u.arbitrary()?;
        check(&actions, true);
        Ok(())
    })
    .size_max(4096)
    .budget_ms(1000);
}

#[test]
fn nil_and_nan_are_no_keys() {
    let mut m = Machine::new(Options::default());
    m.vm.enter(|ctx| {
        let t = ctx.new_table(0, 0).expect("there is memory");
        ctx.push(t.as_val()).expect("there is room");
        for (k, message) in [
            (Val::NIL, "table index is nil"),
            (Val::float(f64::NAN), "table index is NaN"),
        ] {
            let t = ctx.slot(ctx.top() - 1).as_table().expect("the table");
            assert!(t.get(k).is_nil());
            let raised = t.set(ctx, k, Val::int(1)).expect_err("no key");
            assert_eq!(ctx.take_error(raised).as_str(), Some(message.as_bytes()));
            assert!(matches!(t.next(ctx, Val::NIL), Ok(None)));
        }
        let t = ctx.slot(ctx.top() - 1).as_table().expect("the table");
        assert!(t.next(ctx, Val::int(3)).is_err(), "a key that the table never had");
    });
}
