//! What an embedding API needs of a context beyond what natives do: whole calls, coroutines, functions and errors from outside.

use crate::native::{Ctx, Table, Val};
use crate::object::{Closure, Native};
use crate::thread::{self, Status, Thread};
use crate::value::{Value, tag};
use crate::vm::Raised;

/// What a coroutine is doing, as the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coroutine {
    /// Not started.
    Fresh,
    /// Stopped in a yield, with this many values for its resumer behind it.
    Suspended,
    /// It is the running one.
    Running,
    /// It resumed another.
    Normal,
    /// Finished.
    Dead,
    /// Stopped by an error.
    Failed,
}

/// What is known of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// `Lua`, `main` or `C`, as `debug.getinfo` says.
    pub what: &'static str,
    /// A host function's name.
    pub name: Option<&'static str>,
    /// The name of its chunk, as given to `load`.
    pub source: Option<Vec<u8>>,
    /// That name as messages show it.
    pub short_source: Option<Vec<u8>>,
    /// Where its definition begins and ends.
    pub lines: Option<(u32, u32)>,
    /// Its number of upvalues.
    pub upvalues: u8,
    /// Its number of parameters.
    pub params: u8,
    /// Whether it takes more.
    pub vararg: bool,
}

impl Val<'_> {
    /// What a coroutine is doing.
    pub fn coroutine(&self) -> Option<Coroutine> {
        if self.raw.tag != tag::THREAD {
            return None;
        }
        // SAFETY: N1.
        Some(match unsafe { (*self.raw.as_ptr::<Thread>()).status } {
            Status::Fresh => Coroutine::Fresh,
            Status::Suspended => Coroutine::Suspended,
            Status::Running => Coroutine::Running,
            Status::Normal => Coroutine::Normal,
            Status::Dead => Coroutine::Dead,
            Status::Failed => Coroutine::Failed,
        })
    }

    /// What is known of a function.
    pub fn definition(&self) -> Option<Definition> {
        match self.raw.tag {
            tag::NATIVE => Some(Definition {
                what: "C",
                // SAFETY: N1.
                name: unsafe { Some((*self.raw.as_ptr::<Native>()).name) },
                vararg: true,
                ..Definition::default()
            }),
            tag::CLOSURE => {
                // SAFETY: N1.
                let proto = unsafe { &*(*self.raw.as_ptr::<Closure>()).proto };
                let function = proto.function();
                let name = &proto.origin().module.name;
                let main = proto.origin().id == perilune_bytecode::FuncId::MAIN;
                Some(Definition {
                    what: if main { "main" } else { "Lua" },
                    name: None,
                    source: Some(name.clone()),
                    short_source: Some(perilune_lang::chunk_display(name)),
                    lines: Some((function.line_defined, function.last_line)),
                    upvalues: function.upvalues.len().min(255) as u8,
                    params: function.params.min(255) as u8,
                    vararg: function.vararg,
                })
            }
            _ => None,
        }
    }
}

impl Ctx<'_> {
    /// The traceback of the error that was just taken or is about to be, if it was raised below a call of the host.
    pub fn take_traceback(&self) -> Option<Vec<u8>> {
        self.vm_mut().traceback.take()
    }

    /// Whether the error on its way was raised for want of memory.
    pub fn is_memory_error(&self) -> bool {
        self.vm_mut().of_memory
    }

    /// `coroutine.resume`
    pub fn resume_function(&self) -> Val<'_> {
        Val::new(Value::native(self.vm_mut().resume_function))
    }

    /// `coroutine.close`
    pub fn close_function(&self) -> Val<'_> {
        Val::new(Value::native(self.vm_mut().close_function))
    }

    /// `coroutine.yield`
    pub fn yield_function(&self) -> Val<'_> {
        Val::new(Value::native(self.vm_mut().yield_function))
    }

    /// A coroutine that will run the function in a slot.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Panics
    /// If there is no function in the slot.
    pub fn new_coroutine(&self, f: usize) -> Result<Val<'_>, Raised> {
        let f = self.slot(f).raw;
        assert!(f.is_function(), "a coroutine runs a function");
        // SAFETY: N1.
        let t = unsafe { self.vm_mut().new_thread(f)? };
        Ok(Val::new(Value::thread(t)))
    }

    /// Makes the coroutine in a slot, which must be dead or not started, run the function in another.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Panics
    /// If there is no such coroutine or no function in the slots.
    pub fn renew_coroutine(&self, coroutine: usize, f: usize) -> Result<(), Raised> {
        let (t, f) = (self.slot(coroutine), self.slot(f).raw);
        assert!(f.is_function(), "a coroutine runs a function");
        assert!(
            matches!(t.coroutine(), Some(Coroutine::Dead | Coroutine::Fresh)),
            "only a coroutine without frames can be renewed"
        );
        // SAFETY: N1; checked.
        unsafe { thread::renew(self.vm_mut(), t.raw.as_ptr(), f) }
    }

    /// The traceback of the coroutine in a slot, which is not the running one.
    pub fn coroutine_traceback(&self, i: usize) -> Vec<u8> {
        let v = self.slot(i).raw;
        let vm = self.vm_mut();
        if v.tag != tag::THREAD || std::ptr::eq(v.as_ptr::<Thread>(), vm.thread) {
            return self.traceback(None, 0);
        }
        // SAFETY: F3, N1; the saved state of a coroutine describes its stack.
        unsafe { vm.traceback_text(v.as_ptr(), None, 0) }
    }

    /// The main coroutine.
    pub fn main_coroutine(&self) -> Val<'_> {
        Val::new(Value::thread(self.vm_mut().main_thread))
    }

    /// The running coroutine, and whether it is the main one.
    pub fn current_coroutine(&self) -> (Val<'_>, bool) {
        let vm = self.vm_mut();
        (
            Val::new(Value::thread(vm.thread)),
            std::ptr::eq(vm.thread, vm.main_thread),
        )
    }

    /// The environment of a Lua function: its upvalue `_ENV`.
    pub fn function_env(&self, i: usize) -> Option<Val<'_>> {
        let at = self.env_index(i)?;
        let c: *mut Closure = self.slot(i).raw.as_ptr();
        // SAFETY: N1; the index is that of an upvalue.
        Some(Val::new(unsafe { (**(*c).upvalues_mut().add(at)).value }))
    }

    /// Gives a Lua function an environment of its own, which functions that shared its old one do not see; false if it uses no globals.
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_function_env(&self, i: usize, env: Table<'_>) -> Result<bool, Raised> {
        let Some(at) = self.env_index(i) else { return Ok(false) };
        let c: *mut Closure = self.slot(i).raw.as_ptr();
        let vm = self.vm_mut();
        let cell = vm.new_cell(Value::table(env.raw))?;
        // SAFETY: N1; the index is that of an upvalue.
        unsafe {
            vm.barrier(c);
            *(*c).upvalues_mut().add(at) = cell;
        }
        Ok(true)
    }

    fn env_index(&self, i: usize) -> Option<usize> {
        let f = self.slot(i).raw;
        if f.tag != tag::CLOSURE {
            return None;
        }
        // SAFETY: N1.
        let function = unsafe { (*(*f.as_ptr::<Closure>()).proto).function() };
        let main = function.upvalues.len() == 1 && function.line_defined == 0;
        function
            .upvalues
            .iter()
            .position(|u| *u.name == *b"_ENV")
            .or(main.then_some(0))
    }

    /// Makes another table the global environment of what is loaded from now on.
    pub fn set_globals(&self, table: Table<'_>) {
        let vm = self.vm_mut();
        vm.globals = table.raw;
        vm.flush_caches();
    }

    /// Removes all entries of a table, raw.
    ///
    /// # Errors
    /// Out of memory.
    pub fn clear_table(&self, table: Table<'_>) -> Result<(), Raised> {
        // Assigning nil to present keys during a traversal is allowed.
        let mut key = Val::NIL;
        while let Some((next, _)) = table.next(self, key)? {
            table.set(self, next, Val::NIL)?;
            key = next;
        }
        Ok(())
    }

    /// The memory limit in bytes, and sets it if asked (0 for none).
    pub fn limit_memory(&self, set: Option<usize>) -> usize {
        let heap = &mut self.vm_mut().heap;
        let before = heap.limit().unwrap_or(0);
        if let Some(limit) = set {
            heap.set_limit((limit > 0).then_some(limit));
        }
        before
    }
}
