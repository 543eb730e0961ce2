//! Shortcuts: how the common cases of a native are answered without a frame.
//!
//! A call of a native makes a frame, runs the function and takes the frame off again, which costs more than what many
//! library functions do. A native may have a [`Shortcut`], which a call asks first. It reads the arguments where the caller put
//! them, and either answers or declines; after that the native runs as ever, so that errors, conversions and
//! metamethods stay its business alone. A shortcut may allocate, but nothing collects while it runs; it cannot
//! raise and cannot run Lua code.

use crate::call::{OPEN, field, reg, store_results};
use crate::frame::{FrameKind, HEADER_SLOTS};
use crate::meta::Event;
use crate::native::{Ctx, Table, Val};
use crate::object::{Native, Table as RawTable};
use crate::table::flag;
use crate::value::{Value, tag};
use crate::vm::{Flow, Go, Raised, SPARE_SLOTS, Vm};
use perilune_lang::Num;
use std::marker::PhantomData;

/// Answers the common cases of a native.
pub type Shortcut = for<'a> fn(Args<'a>) -> Answer;

/// The arguments of a call, and the place for its results: the call window, whose frame word holds the number of
/// arguments while it is not yet a frame's.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    vm: *mut Vm,
    window: *mut Value,
    life: PhantomData<&'a ()>,
}

/// What a shortcut did; [`Args`] has what makes one that answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Answer(u8);

impl Answer {
    /// The native must run.
    pub const DECLINED: Answer = Answer(0);
    /// One result, in the window's first slot.
    pub(crate) const ONE: Answer = Answer(1);
    /// The results are the open values.
    pub(crate) const MANY: Answer = Answer(2);
}

impl<'a> Args<'a> {
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn vm(&self) -> &'a mut Vm {
        // SAFETY: N2; the shortcut is the only user of the VM, and no reference lives across calls of its methods.
        unsafe { &mut *self.vm }
    }
    /// How many arguments there are.
    #[inline(always)]
    pub fn count(&self) -> usize {
        // SAFETY: F2; `Vm::shortcut` wrote it.
        unsafe { (*self.window.add(1)).payload as usize }
    }
    #[inline(always)]
    fn raw(&self, i: usize) -> Value {
        if i < self.count() {
            // SAFETY: F2; an argument of the window.
            unsafe { *self.window.add(HEADER_SLOTS + i) }
        } else {
            Value::NIL
        }
    }
    /// An argument, nil if absent.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Val<'a> {
        Val::new(self.raw(i))
    }
    /// An argument that is an integer.
    #[inline(always)]
    pub fn int(&self, i: usize) -> Option<i64> {
        let v = self.raw(i);
        (v.tag == tag::INT).then_some(v.payload as i64)
    }
    /// An argument that is a number.
    #[inline(always)]
    pub fn num(&self, i: usize) -> Option<Num> {
        self.raw(i).to_num()
    }
    /// An argument that is a number, as a float.
    #[inline(always)]
    pub fn float(&self, i: usize) -> Option<f64> {
        let v = self.raw(i);
        match v.tag {
            tag::FLOAT => Some(v.as_f64()),
            tag::INT => Some(v.as_i64() as f64),
            _ => None,
        }
    }
    /// The bytes of an argument that is a string.
    #[inline(always)]
    pub fn str(&self, i: usize) -> Option<&'a [u8]> {
        // SAFETY: N1; strings do not move, and nothing collects before the call is over.
        unsafe { self.raw(i).str_bytes() }
    }
    /// An argument that is a table.
    #[inline(always)]
    pub fn table(&self, i: usize) -> Option<Table<'a>> {
        self.get(i).as_table()
    }
    /// An argument that is a table without a metatable.
    #[inline(always)]
    pub fn plain_table(&self, i: usize) -> Option<Table<'a>> {
        self.table(i).filter(|t| !t.has_metatable())
    }

    /// The VM's step function of `ipairs`.
    #[inline]
    pub fn ipairs_step(&self) -> Val<'a> {
        Val::new(Value::native(self.vm().ipairs_step))
    }
    /// The VM's `next`.
    #[inline]
    pub fn next_function(&self) -> Val<'a> {
        Val::new(Value::native(self.vm().next_function))
    }
    /// `#table`, raw.
    #[inline]
    pub fn length(&self, table: Table<'_>) -> i64 {
        // SAFETY: N1.
        i64::from(unsafe { RawTable::border(table.raw, self.vm().std) })
    }
    /// The language version.
    #[inline]
    pub fn std(&self) -> perilune_lang::Std {
        self.vm().std
    }

    /// Stores into a table that has no metatable; false if only the general way can do it.
    #[inline]
    pub fn set_int(&self, table: Table<'_>, i: i64, value: Val<'_>) -> bool {
        // SAFETY: N1.
        unsafe { RawTable::put_in_array(table.raw, i, value.raw) }
    }
    /// Takes the last element off a table without a metatable; `None` if only the general way can do it.
    #[inline]
    pub fn take_last(&self, table: Table<'a>) -> Option<Val<'a>> {
        // SAFETY: N1; the table is dense, `len` is at least 1, and storing nil needs no barrier.
        unsafe {
            let n = (*table.raw).len;
            if n == 0 || (*table.raw).header.aux & flag::LENGTH_ASKS != 0 {
                return None;
            }
            let v = RawTable::array_get(table.raw, n as usize);
            RawTable::drop_last(table.raw);
            Some(Val::new(v))
        }
    }
    /// Gives a table without a metatable one that asks for nothing that needs the general way.
    #[inline]
    pub fn set_metatable(&self, table: Table<'_>, meta: Table<'_>) -> bool {
        // SAFETY: N1.
        unsafe { self.vm().set_known_metatable(table.raw, meta.raw) }
    }

    /// One result.
    #[inline(always)]
    pub fn one(self, v: Val<'_>) -> Answer {
        // SAFETY: F2; the callee's slot is not read any more.
        unsafe { *self.window = v.raw };
        Answer::ONE
    }
    /// One result, a string.
    #[inline(always)]
    pub fn text(self, bytes: &[u8]) -> Answer {
        let vm = self.vm();
        // SAFETY: H1; the set belongs to the heap.
        match unsafe { crate::interner::Interner::make(&mut vm.heap, bytes) } {
            Ok(s) => self.one(Val::new(Value::str(s))),
            Err(_) => Answer::DECLINED,
        }
    }
    /// One result, the name of a basic type.
    #[inline(always)]
    pub fn type_name(self, v: Val<'_>) -> Answer {
        let name = self.vm().type_names[v.ty() as usize];
        self.one(Val::new(Value::str(name)))
    }
    /// One result, what `tostring` gives for a string or a number, or for a boolean or nil, unless a metatable has a say.
    #[inline]
    pub fn text_of(self, v: Val<'a>) -> Answer {
        let vm = self.vm();
        // SAFETY: N1.
        let asked = unsafe { vm.metamethod(v.raw, Event::ToString) };
        if !asked.is_nil() || self.count() == 0 {
            return Answer::DECLINED;
        }
        match v.raw.tag {
            tag::STR => self.one(v),
            tag::INT => {
                let mut digits = [0; 20];
                self.text(perilune_lang::int_text(v.raw.as_i64(), &mut digits))
            }
            tag::FLOAT => {
                let mut text = std::mem::take(&mut vm.buffer);
                text.clear();
                Vm::number_text(&mut text, v.raw, vm.std);
                let answer = self.text(&text);
                vm.buffer = text;
                answer
            }
            tag::TRUE => self.text(b"true"),
            tag::FALSE => self.text(b"false"),
            tag::NIL => self.text(b"nil"),
            _ => Answer::DECLINED,
        }
    }
    /// The results of `next`: the entry behind a key, or nil.
    #[inline]
    pub fn entry_after(self, table: Table<'a>, key: Val<'a>) -> Answer {
        // SAFETY: N1.
        let Ok((entry, places)) = (unsafe { RawTable::next(table.raw, key.raw) }) else {
            return Answer::DECLINED;
        };
        self.vm().note_places(places);
        match entry {
            Some((k, v)) => self.several(&[Val::new(k), Val::new(v)]),
            None => self.one(Val::NIL),
        }
    }
    /// Several results, at most 8.
    ///
    /// # Panics
    /// If there are more than 8.
    #[inline]
    pub fn several(self, values: &[Val<'_>]) -> Answer {
        assert!(values.len() <= 8, "more than eight results need a frame");
        for (i, v) in values.iter().enumerate() {
            // SAFETY: F2; the spare slots above the caller's frame hold them.
            unsafe { *self.window.add(i) = v.raw };
        }
        self.open(self.window, values.len())
    }
    /// The results are the arguments from `first` on.
    #[inline]
    pub fn rest(self, first: usize) -> Answer {
        let count = self.count();
        let first = first.min(count);
        // SAFETY: F2; within the arguments, or just past them.
        self.open(unsafe { self.window.add(HEADER_SLOTS + first) }, count - first)
    }
    /// The results are the elements `from..=to` of a table's array part; declines if they are many, or some lie elsewhere.
    #[inline]
    pub fn elements(self, table: Table<'_>, from: i64, to: i64) -> Answer {
        const MOST: i64 = SPARE_SLOTS as i64 / 2;
        if from < 1 || to > table.elements() || to.wrapping_sub(from) >= MOST {
            return Answer::DECLINED;
        }
        let mut count = 0;
        for i in from..=to {
            // SAFETY: N1, F2; the element is in the array part, and the spare slots hold the results.
            unsafe { *self.window.add(count) = RawTable::array_get(table.raw, i as usize) };
            count += 1;
        }
        self.open(self.window, count)
    }
    #[inline]
    fn open(self, start: *mut Value, count: usize) -> Answer {
        let vm = self.vm();
        vm.open_start = start;
        vm.open_count = count;
        Answer::MANY
    }
}

impl Vm {
    /// Asks the shortcut of the callee in `window`, if it has one.
    ///
    /// # Safety
    /// F2, F4: the state is saved, and `nargs` arguments are in the window.
    #[inline(always)]
    pub(crate) unsafe fn shortcut(vm: *mut Vm, window: *mut Value, nargs: usize) -> Answer {
        if (*window).tag != tag::NATIVE || (*vm).heap.should_collect() {
            return Answer::DECLINED;
        }
        match (*(*window).as_ptr::<Native>()).shortcut {
            Some(shortcut) => {
                (*window.add(1)).payload = nargs as u64;
                shortcut(Args {
                    vm,
                    window,
                    life: PhantomData,
                })
            }
            None => Answer::DECLINED,
        }
    }

    /// Gives what a shortcut answered to the call instruction at the saved pc, and goes on.
    ///
    /// # Safety
    /// F2, F4.
    pub(crate) unsafe fn take_answer(&mut self, kind: FrameKind, window: *mut Value, answer: Answer) -> Flow {
        if answer == Answer::ONE {
            self.open_start = window;
            self.open_count = 1;
        }
        let (start, count) = (self.open_start, self.open_count);
        let pc = self.pc;
        match kind {
            FrameKind::Call1 => *reg(self.base, pc, 3) = if count == 0 { Value::NIL } else { *start },
            FrameKind::CallN => {
                let wanted = field(pc, 3);
                if wanted != OPEN {
                    store_results(reg(self.base, pc, 1), wanted as usize, start, count);
                }
            }
            FrameKind::TailNative => return self.return_slow(start, count),
            _ => {}
        }
        self.pc = pc.add(1);
        Ok(Go::On)
    }
}

impl Ctx<'_> {
    /// Gives natives that a table holds their shortcuts.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Panics
    /// If there is no such native.
    pub fn set_shortcuts(&self, table: Table<'_>, shortcuts: &[(&str, Shortcut)]) -> Result<(), Raised> {
        for &(name, shortcut) in shortcuts {
            let v = table.get_str(self, name.as_bytes())?;
            assert!(v.raw.tag == tag::NATIVE, "no native is called {name}");
            // SAFETY: N1.
            unsafe { (*v.raw.as_ptr::<Native>()).shortcut = Some(shortcut) };
        }
        Ok(())
    }
}
