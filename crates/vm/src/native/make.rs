//! Making values, and the metatables of values.

use super::{Ctx, HostFn, NativeFn, Table, Type, Val};
use crate::object::{Native, Table as RawTable, Userdata};
use crate::value::{Value, tag};
use crate::vm::Raised;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

impl Ctx<'_> {
    // ---- making values ----

    /// A string.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn new_str(&self, bytes: &[u8]) -> Result<Val<'_>, Raised> {
        Ok(Val::new(Value::str(self.vm_mut().new_str(bytes)?)))
    }
    /// A string of `len` bytes that `fill` writes in place (it gets zeroes).
    ///
    /// # Errors
    /// Out of memory: checked before anything is allocated.
    pub fn new_str_with(&self, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<Val<'_>, Raised> {
        if len <= crate::string::MAX_INTERNED {
            let mut bytes = [0u8; crate::string::MAX_INTERNED];
            fill(&mut bytes[..len]);
            return self.new_str(&bytes[..len]);
        }
        let vm = self.vm_mut();
        // SAFETY: H1; the bytes are initialized before the string is seen.
        unsafe {
            let Ok(s) = crate::interner::Interner::long(&mut vm.heap, len) else {
                return Err(vm.raise_memory());
            };
            let data = (*s).data_mut();
            std::ptr::write_bytes(data, 0, len);
            fill(std::slice::from_raw_parts_mut(data, len));
            Ok(Val::new(Value::str(s)))
        }
    }
    /// Whether `extra` more bytes fit the memory limit.
    ///
    /// # Errors
    /// They do not.
    pub fn check_memory(&self, extra: usize) -> Result<(), Raised> {
        if self.has_memory(extra) {
            Ok(())
        } else {
            Err(self.error_memory())
        }
    }
    /// A table with room.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_table(&self, array: usize, record: usize) -> Result<Table<'_>, Raised> {
        Ok(Table::new(self.vm_mut().new_table(array, record)?))
    }
    /// A function.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_native(&self, name: &'static str, f: NativeFn, upvalues: &[Val<'_>]) -> Result<Val<'_>, Raised> {
        let values: Vec<Value> = upvalues.iter().map(|v| v.raw).collect();
        let n = self.vm_mut().new_native(name, crate::vm::run_rust, f, &values)?;
        Ok(Val::new(Value::native(n)))
    }
    /// A function with a closure.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_host_fn(&self, name: &'static str, closure: Rc<HostFn>) -> Result<Val<'_>, Raised> {
        let n = self
            .vm_mut()
            .new_native(name, crate::vm::run_host, crate::builtin::frame_operation, &[])?;
        // SAFETY: H1; the native was made just now.
        unsafe { (*n).host = Some(closure) };
        Ok(Val::new(Value::native(n)))
    }
    /// A userdata around what the host shares with it.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_shared_userdata(&self, data: Rc<dyn Any>, type_name: &'static str) -> Result<Val<'_>, Raised> {
        let u = self.vm_mut().new_userdata(Some(data), type_name)?;
        Ok(Val::new(Value::userdata(u)))
    }
    /// Takes from the userdata in a slot what the host shares with it.
    pub fn take_shared(&mut self, i: usize) -> Option<Rc<dyn Any>> {
        let v = self.slot(i).raw;
        if v.tag != tag::USERDATA {
            return None;
        }
        // SAFETY: N1; no borrow of the data is alive while the context is borrowed exclusively.
        unsafe { (*v.as_ptr::<Userdata>()).data.take() }
    }
    /// A userdata around a host value.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_userdata<T: 'static>(&self, data: T, type_name: &'static str) -> Result<Val<'_>, Raised> {
        let u = self
            .vm_mut()
            .new_userdata(Some(Rc::new(RefCell::new(data))), type_name)?;
        Ok(Val::new(Value::userdata(u)))
    }
    /// The running native, unless the host is outside of all.
    fn native(&self) -> Option<*mut Native> {
        // SAFETY: F3; a context is of a native's frame, or of the bottom.
        let callee = unsafe { self.vm_mut().frame().callee() };
        (callee.tag == tag::NATIVE).then(|| callee.as_ptr())
    }
    /// An upvalue of the running native, nil past their number.
    pub fn upvalue(&self, i: usize) -> Val<'_> {
        let Some(n) = self.native() else { return Val::NIL };
        // SAFETY: N1.
        unsafe {
            if i < (*n).header.aux as usize {
                Val::new(*(*n).upvalues_mut().add(i))
            } else {
                Val::NIL
            }
        }
    }
    /// Changes an upvalue of the running native.
    ///
    /// # Panics
    /// If it has no such upvalue.
    pub fn set_upvalue(&self, i: usize, v: Val<'_>) {
        let Some(n) = self.native() else {
            panic!("a hook has no upvalues");
        };
        // SAFETY: N1; checked.
        unsafe {
            assert!(i < (*n).header.aux as usize, "the native has no upvalue {i}");
            self.vm_mut().barrier(n);
            *(*n).upvalues_mut().add(i) = v.raw;
        }
    }
    /// Adds functions to a table.
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_functions(&self, table: Table<'_>, functions: &[(&'static str, NativeFn)]) -> Result<(), Raised> {
        if self.add_functions(table, functions)? {
            return Ok(());
        }
        for &(name, f) in functions {
            let v = self.new_native(name, f, &[])?;
            table.set_str(self, name, v)?;
        }
        Ok(())
    }

    /// Adds functions to a record that has none of them, in one step: a state is made of a few hundred. False if they are to be added
    /// one by one.
    fn add_functions(&self, table: Table<'_>, functions: &[(&'static str, NativeFn)]) -> Result<bool, Raised> {
        let vm = self.vm_mut();
        let (mut keys, mut values) = (Vec::with_capacity(functions.len()), Vec::with_capacity(functions.len()));
        for &(name, f) in functions {
            // What a store of an event's key entails is told elsewhere.
            if name.starts_with("__") {
                return Ok(false);
            }
            keys.push(vm.new_str(name.as_bytes())?);
            values.push(Value::native(vm.new_native(name, crate::vm::run_rust, f, &[])?));
        }
        // SAFETY: H1, N1; nothing collects in between.
        unsafe {
            vm.barrier(table.raw);
            match RawTable::add_fields(table.raw, &mut vm.heap, &mut vm.shapes, &keys, &values) {
                Ok(done) => Ok(done),
                Err(_) => Err(vm.raise_memory()),
            }
        }
    }

    // ---- metatables ----

    /// The metatable of any value.
    pub fn metatable(&self, v: Val<'_>) -> Option<Table<'_>> {
        // SAFETY: N1.
        let meta = unsafe { self.vm_mut().metatable_of(v.raw) };
        (!meta.is_null()).then_some(Table::new(meta))
    }
    /// Sets (or takes) the metatable of a table or userdata; of other types, the one they all share.
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_metatable(&self, v: Val<'_>, meta: Option<Table<'_>>) -> Result<(), Raised> {
        let vm = self.vm_mut();
        let meta = meta.map_or(crate::object::NO_TABLE, |t| t.raw);
        // SAFETY: N1.
        unsafe {
            match v.raw.tag {
                tag::TABLE => vm
                    .set_table_metatable(v.raw.as_ptr(), meta)
                    .map_err(|e| self.set_error(e)),
                tag::USERDATA => {
                    let u: *mut Userdata = v.raw.as_ptr();
                    vm.barrier(u);
                    (*u).meta = meta;
                    if !meta.is_null() {
                        RawTable::serve_as_meta(meta);
                        vm.note_finalizer(v.raw, meta).map_err(|e| self.set_error(e))?;
                    }
                    Ok(())
                }
                t => {
                    vm.set_type_metatable(t, meta);
                    Ok(())
                }
            }
        }
    }
    /// The field of a value's metatable, nil if there is none.
    ///
    /// # Errors
    /// Out of memory for the name.
    pub fn metafield(&self, v: Val<'_>, name: &str) -> Result<Val<'_>, Raised> {
        match self.metatable(v) {
            Some(meta) => meta.get_str(self, name.as_bytes()),
            None => Ok(Val::NIL),
        }
    }
    /// Makes `v`'s type (strings, numbers…) share a metatable.
    pub fn set_type_metatable(&self, ty: Type, meta: Option<Table<'_>>) {
        let t = match ty {
            Type::Nil => tag::NIL,
            Type::Boolean => tag::TRUE,
            Type::LightUserdata => tag::LIGHT,
            Type::Number => tag::INT,
            Type::String => tag::STR,
            Type::Function => tag::CLOSURE,
            Type::Thread => tag::THREAD,
            Type::Table | Type::Userdata => return,
        };
        // SAFETY: N1.
        unsafe {
            self.vm_mut()
                .set_type_metatable(t, meta.map_or(crate::object::NO_TABLE, |t| t.raw));
        }
    }
    /// The metatable that all values of a type share.
    pub fn type_metatable(&self, ty: Type) -> Option<Table<'_>> {
        let t = match ty {
            Type::Nil => tag::NIL,
            Type::Boolean => tag::TRUE,
            Type::LightUserdata => tag::LIGHT,
            Type::Number => tag::INT,
            Type::String => tag::STR,
            Type::Function => tag::CLOSURE,
            Type::Thread => tag::THREAD,
            Type::Table | Type::Userdata => return None,
        };
        self.metatable(Val::new(Value { payload: 0, tag: t }))
    }
    /// The type name that messages show (`__name` counts).
    pub fn shown_type_name(&self, v: Val<'_>) -> Vec<u8> {
        // SAFETY: N1.
        unsafe { self.vm_mut().shown_type_name(v.raw) }
    }
}
