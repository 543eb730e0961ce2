//! Operations that may run Lua code: calls, and what metamethods may take part in.

use super::{Ctx, Val};
use crate::call::OPEN;
use crate::error::message;
use crate::meta::Event;
use crate::slow::OrderHandler;
use crate::value::{Value, raw_equal, tag};
use crate::vm::{Raised, SPARE_SLOTS, Vm};
use perilune_lang::{ArithOp, Num, Rounding, float_to_integer};

impl Ctx<'_> {
    /// Calls the function below the `nargs` values on top; they are replaced by its results, `nresults` of them or
    /// all. Returns how many there are.
    ///
    /// # Errors
    /// What the function raised.
    pub fn call(&mut self, nargs: usize, nresults: Option<usize>) -> Result<usize, Raised> {
        let top = self.top();
        assert!(top > nargs, "the function and its arguments are on the stack");
        let vm = self.vm_mut();
        // SAFETY: F3, F4; the window is made at the top: the function, a gap for the frame word, the arguments.
        unsafe {
            let at = top - nargs - 1;
            if vm.stack_limit.offset_from(vm.top) < SPARE_SLOTS as isize {
                vm.grow_stack(vm.top, SPARE_SLOTS)?;
            }
            let window = self.at(at);
            std::ptr::copy(window.add(1), window.add(2), nargs);
            vm.top = window;
            let (start, count) = match vm.call_window(window, nargs) {
                Ok(results) => results,
                Err(raised) => {
                    // What other natives left above is no value of this one.
                    vm.top = self.at(at);
                    return Err(raised);
                }
            };
            let wanted = nresults.unwrap_or(count);
            let offset = start.byte_offset_from(vm.stack_base);
            vm.top = self.at(at);
            if vm.stack_limit.offset_from(vm.top) < (wanted + SPARE_SLOTS) as isize {
                vm.grow_stack(vm.top, wanted + SPARE_SLOTS)?;
            }
            let start = vm.stack_base.byte_offset(offset);
            crate::call::store_results(self.at(at), wanted, start, count);
            vm.top = self.at(at + wanted);
            Ok(wanted)
        }
    }

    /// Calls the function in slot `at` with the values from slot `at + 2` to the top; the slot between them is the call's own. They are
    /// replaced by all results, from slot `at` on. Returns how many there are.
    ///
    /// # Errors
    /// What the function raised.
    ///
    /// # Panics
    /// If there are no such slots.
    #[inline(always)]
    pub fn call_at(&mut self, at: usize) -> Result<usize, Raised> {
        let top = self.top();
        assert!(top >= at + 2, "the function and the call's own slot are on the stack");
        let vm = self.vm_mut();
        // SAFETY: F3, F4; the window is made at the top.
        unsafe {
            if vm.stack_limit.offset_from(vm.top) < SPARE_SLOTS as isize {
                vm.grow_stack(vm.top, SPARE_SLOTS)?;
            }
            let window = self.at(at);
            vm.top = window;
            let called = vm.call_window(window, top - at - 2);
            let mut to = self.at(at);
            vm.top = to;
            let (mut start, count) = called?;
            if vm.stack_limit.offset_from(to) < (count + SPARE_SLOTS) as isize {
                let offset = start.byte_offset_from(vm.stack_base);
                vm.grow_stack(to, count + SPARE_SLOTS)?;
                start = vm.stack_base.byte_offset(offset);
                to = self.at(at);
            }
            // They lie above: a few, so one by one.
            for i in 0..count {
                let (payload, tag) = ((*start.add(i)).payload, (*start.add(i)).tag);
                (*to.add(i)).payload = payload;
                (*to.add(i)).tag = tag;
            }
            vm.top = to.add(count);
            Ok(count)
        }
    }

    /// Calls the function in a slot with the values of two others; whether the first result is true.
    ///
    /// # Errors
    /// What the function raised.
    ///
    /// # Panics
    /// If a slot is not below the top.
    pub fn test(&mut self, f: usize, a: usize, b: usize) -> Result<bool, Raised> {
        let vm = self.vm_mut();
        // SAFETY: F3, F4; the window is made at the top.
        unsafe {
            if vm.stack_limit.offset_from(vm.top) < SPARE_SLOTS as isize {
                vm.grow_stack(vm.top, SPARE_SLOTS)?;
            }
            let (window, first) = (vm.top, self.at(0));
            let top = window.offset_from(first) as usize;
            assert!(f < top && a < top && b < top, "the slots are below the top");
            *window = *first.add(f);
            *window.add(2) = *first.add(a);
            *window.add(3) = *first.add(b);
            let result = vm.call_window(window, 2);
            vm.top = self.at(top);
            let (start, count) = result?;
            Ok(count > 0 && (*start).truthy())
        }
    }

    /// Pushes `slot[object][slot[key]]`, with metamethods.
    ///
    /// # Errors
    /// Not indexable, or what a metamethod raised.
    pub fn index(&mut self, object: usize, key: usize) -> Result<(), Raised> {
        let (object, key) = (self.slot(object).raw, self.slot(key).raw);
        // SAFETY: N1.
        match unsafe { self.vm_mut().lookup(object, key, None)? } {
            crate::slow::Found::Value(v) => self.push(Val::new(v)),
            crate::slow::Found::Call(f, object) => {
                self.push(Val::new(f))?;
                self.push(Val::new(object))?;
                self.push(Val::new(key))?;
                self.call(2, Some(1)).map(|_| ())
            }
        }
    }
    /// Pushes `slot[object][i]`, with metamethods.
    ///
    /// # Errors
    /// As [`Ctx::index`].
    #[inline]
    pub fn index_int(&mut self, object: usize, i: i64) -> Result<(), Raised> {
        if let Some(t) = self.slot(object).as_table() {
            let v = t.get_int(i);
            if !v.is_nil() || !t.has_metatable() {
                return self.push(v);
            }
        }
        let key = self.top();
        self.push(Val::int(i))?;
        self.index(object, key)?;
        let v = self.slot(self.top() - 1).raw;
        self.pop(2);
        self.push(Val::new(v))
    }
    /// `slot[object][slot[key]] = slot[value]`, with metamethods.
    ///
    /// # Errors
    /// Not indexable, a bad key, or what a metamethod raised.
    pub fn set_index(&mut self, object: usize, key: usize, value: usize) -> Result<(), Raised> {
        let (object, key, value) = (self.slot(object).raw, self.slot(key).raw, self.slot(value).raw);
        // SAFETY: N1.
        if let Some((f, object)) = unsafe { self.vm_mut().store(object, key, value, true, OPEN)? } {
            for v in [f, object, key, value] {
                self.push(Val::new(v))?;
            }
            self.call(3, Some(0))?;
        }
        Ok(())
    }
    /// `slot[object][i] = ` the value on top, which is popped; with metamethods.
    ///
    /// # Errors
    /// As [`Ctx::set_index`].
    #[inline]
    pub fn set_index_int(&mut self, object: usize, i: i64) -> Result<(), Raised> {
        let value = self.top() - 1;
        if let Some(t) = self.slot(object).as_table()
            && !t.has_metatable()
        {
            t.set_int(self, i, self.slot(value))?;
            self.pop(1);
            return Ok(());
        }
        self.push(Val::int(i))?;
        self.set_index(object, value + 1, value)?;
        self.pop(2);
        Ok(())
    }
    /// `#slot[i]`, with `__len`.
    ///
    /// # Errors
    /// No length, a length that is no integer, or what `__len` raised.
    pub fn len(&mut self, i: usize) -> Result<i64, Raised> {
        let v = self.slot(i).raw;
        // SAFETY: N1.
        let handler = unsafe { self.vm_mut().metamethod(v, Event::Len) };
        if handler.is_nil() || v.is_str() {
            if let Some(s) = self.slot(i).as_str() {
                return Ok(s.len() as i64);
            }
            return match self.slot(i).as_table() {
                Some(t) => Ok(t.len(self)),
                None => {
                    // SAFETY: N1.
                    Err(unsafe { self.vm_mut().type_error(v, "get length of", None) })
                }
            };
        }
        self.push(Val::new(handler))?;
        self.push(Val::new(v))?;
        self.push(Val::new(v))?;
        self.call(2, Some(1))?;
        let n = self.slot(self.top() - 1);
        let result = match n.as_num() {
            Some(Num::Int(i)) => Some(i),
            Some(Num::Float(f)) => float_to_integer(f, Rounding::Exact),
            None => n.to_int(),
        };
        self.pop(1);
        result.ok_or_else(|| self.error("object length is not an integer"))
    }
    /// Pushes the text of a value, as `tostring` gives it.
    ///
    /// # Errors
    /// What `__tostring` raised, or its result not being a string.
    pub fn tostring(&mut self, i: usize) -> Result<(), Raised> {
        let v = self.slot(i).raw;
        // SAFETY: N1.
        let handler = unsafe { self.vm_mut().metamethod(v, Event::ToString) };
        if !handler.is_nil() {
            self.push(Val::new(handler))?;
            self.push(Val::new(v))?;
            self.call(1, Some(1))?;
            let text = self.slot(self.top() - 1);
            if text.raw.to_num().is_some() {
                // A number will do: its text.
                let mut out = Vec::new();
                self.plain_text(text.raw, &mut out);
                self.pop(1);
                return self.push_str(&out);
            }
            if text.as_str().is_none() {
                return Err(self.error("'__tostring' must return a string"));
            }
            return Ok(());
        }
        if v.is_str() {
            return self.push(Val::new(v));
        }
        let mut text = Vec::new();
        self.plain_text(v, &mut text);
        self.push_str(&text)
    }

    /// Appends the text of a value without metamethods.
    fn plain_text(&self, v: Value, out: &mut Vec<u8>) {
        match v.tag {
            tag::NIL => out.extend_from_slice(b"nil"),
            tag::TRUE => out.extend_from_slice(b"true"),
            tag::FALSE => out.extend_from_slice(b"false"),
            tag::INT | tag::FLOAT => Vm::number_text(out, v, self.vm_mut().std),
            _ => {
                let name = match v.tag {
                    // SAFETY: N1.
                    tag::TABLE | tag::USERDATA => unsafe { self.vm_mut().shown_type_name(v) },
                    _ => v.type_name().as_bytes().to_vec(),
                };
                out.extend_from_slice(&name);
                out.extend_from_slice(format!(": 0x{:08x}", Val::new(v).identity()).as_bytes());
            }
        }
    }

    /// `slot[a] < slot[b]`, with `__lt`.
    ///
    /// # Errors
    /// Not comparable, or what the metamethod raised.
    pub fn less_than(&mut self, a: usize, b: usize) -> Result<bool, Raised> {
        self.order(a, b, false)
    }
    /// `slot[a] <= slot[b]`, with `__le`.
    ///
    /// # Errors
    /// As [`Ctx::less_than`].
    pub fn less_equal(&mut self, a: usize, b: usize) -> Result<bool, Raised> {
        self.order(a, b, true)
    }
    fn order(&mut self, a: usize, b: usize, or_equal: bool) -> Result<bool, Raised> {
        let (a, b) = (self.slot(a).raw, self.slot(b).raw);
        // SAFETY: N1.
        unsafe {
            if let Some(outcome) = Vm::order_raw(a, b, or_equal) {
                return Ok(outcome);
            }
            match self.vm_mut().order_handler(a, b, or_equal) {
                OrderHandler::Own(f) => self.call_for_truth(f, a, b),
                OrderHandler::Swapped(f) => Ok(!self.call_for_truth(f, b, a)?),
                OrderHandler::None => Err(self.order_error(Val::new(a), Val::new(b))),
            }
        }
    }
    /// The error of comparing two values: no function of Lua's compares them, so no position stands before it.
    fn order_error(&self, a: Val<'_>, b: Val<'_>) -> Raised {
        let (x, y) = (self.shown_type_name(a), self.shown_type_name(b));
        if x == y {
            self.error_plain(message!(b"attempt to compare two ", x, b" values"))
        } else {
            self.error_plain(message!(b"attempt to compare ", x, b" with ", y))
        }
    }
    fn call_for_truth(&mut self, f: Value, a: Value, b: Value) -> Result<bool, Raised> {
        for v in [f, a, b] {
            self.push(Val::new(v))?;
        }
        self.call(2, Some(1))?;
        let truth = self.slot(self.top() - 1).truthy();
        self.pop(1);
        Ok(truth)
    }
    /// `slot[a] == slot[b]`, with `__eq`.
    ///
    /// # Errors
    /// What the metamethod raised.
    pub fn equals(&mut self, a: usize, b: usize) -> Result<bool, Raised> {
        let (a, b) = (self.slot(a).raw, self.slot(b).raw);
        // SAFETY: N1.
        unsafe {
            if raw_equal(a, b) || a.tag != b.tag || !matches!(a.tag, tag::TABLE | tag::USERDATA) {
                return Ok(raw_equal(a, b));
            }
            let vm = self.vm_mut();
            let mut f = vm.metamethod(a, Event::Eq);
            if f.is_nil() {
                f = vm.metamethod(b, Event::Eq);
            }
            if f.is_nil() {
                return Ok(false);
            }
            self.call_for_truth(f, a, b)
        }
    }
    /// Pushes the result of an operator on two slots, with metamethods.
    ///
    /// # Errors
    /// Operands without that operation, or what the metamethod raised.
    pub fn arith(&mut self, op: ArithOp, a: usize, b: usize) -> Result<(), Raised> {
        let (a, b) = (self.slot(a).raw, self.slot(b).raw);
        // SAFETY: N1.
        unsafe {
            let vm = self.vm_mut();
            if let Some(v) = vm.arith_raw(op, a, b)? {
                return self.push(Val::new(v));
            }
            let event = Event::of(op);
            let mut f = vm.metamethod(a, event);
            if f.is_nil() {
                f = vm.metamethod(b, event);
            }
            if f.is_nil() {
                return Err(vm.arith_error(op, a, b, (None, None)));
            }
            for v in [f, a, b] {
                self.push(Val::new(v))?;
            }
            self.call(2, Some(1)).map(|_| ())
        }
    }
}
