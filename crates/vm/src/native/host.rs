//! What natives may ask of the VM itself: its globals, its collector, its loader, its host's state.

use super::{Ctx, Table, Val};
use crate::value::{Value, tag};
use crate::vm::{Raised, Vm};
use std::any::TypeId;
use std::cell::RefCell;
use std::rc::Rc;

impl Ctx<'_> {
    /// The global environment.
    pub fn globals(&self) -> Table<'_> {
        Table::new(self.vm_mut().globals)
    }
    /// The registry.
    pub fn registry(&self) -> Table<'_> {
        Table::new(self.vm_mut().registry)
    }
    /// The language version.
    pub fn std(&self) -> perilune_lang::Std {
        self.vm_mut().std
    }
    /// State of the host, one value per type, made on first use.
    pub fn state<T: 'static + Default>(&self) -> Rc<RefCell<T>> {
        let vm = self.vm_mut();
        let mut host = vm.host.borrow_mut();
        let id = TypeId::of::<T>();
        let at = host.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            host.push((id, Rc::new(RefCell::new(T::default()))));
            host.len() - 1
        });
        // What was asked for last is asked for again.
        host.swap(0, at);
        let state = Rc::into_raw(host[0].1.clone());
        // SAFETY: the entries under `T`'s id are made above, as `RefCell<T>`.
        unsafe { Rc::from_raw(state.cast::<RefCell<T>>()) }
    }
    /// Charges work that a native does to the account of fuel (a unit is about what an instruction takes, a few nanoseconds),
    /// and looks whether the native is to end. It is to be called at least every tenth of a millisecond or so.
    ///
    /// # Errors
    /// The fuel is used up, the time is over, or another thread asked for the end.
    #[inline]
    pub fn charge(&self, work: u64) -> Result<(), Raised> {
        // SAFETY: F3, F4; the native's frame is on top.
        unsafe { self.vm_mut().charge(work) }
    }
    /// Sets or takes away the limit of fuel: see [`Vm::set_fuel`].
    pub fn set_fuel(&self, fuel: Option<u64>) {
        self.vm_mut().set_fuel(fuel);
    }
    /// Counts fuel instruction by instruction from now on, for tests.
    pub fn count_fuel_by_steps(&self) {
        self.vm_mut().count_fuel_by_steps();
    }
    /// What is left of the fuel, if there is a limit.
    pub fn fuel(&self) -> Option<u64> {
        self.vm_mut().fuel()
    }
    /// Sets or takes away the time limit: see [`Vm::set_timeout`].
    ///
    /// # Errors
    /// The system gives no thread that waits for the time.
    pub fn set_timeout(&self, after: Option<std::time::Duration>) -> std::io::Result<()> {
        self.vm_mut().set_timeout(after)
    }
    /// Why everything must end, while it must.
    pub fn stopped(&self) -> Option<crate::fuel::Stop> {
        self.vm_mut().stopped()
    }
    /// Whether running out of memory ends everything.
    pub fn set_memory_final(&self, is_final: bool) {
        self.vm_mut().set_memory_final(is_final);
    }
    /// A handle with which other threads stop what the VM runs.
    pub fn interrupt_handle(&self) -> crate::interrupt::InterruptHandle {
        self.vm_mut().interrupt_handle()
    }
    /// Ends the state while this native runs: what is to be closed on the main stack is closed, and all finalizers run.
    /// The host is to end the program then.
    pub fn close_state(&mut self) {
        let vm = self.vm_mut();
        // SAFETY: F4; the native's frame is on top.
        unsafe { vm.close_pending() };
        vm.close();
    }
    /// Refuses binary chunks from now on.
    pub fn load_text_only(&self) {
        self.vm_mut().text_only = true;
    }
    /// Compiles source text or loads a binary chunk, and pushes the function.
    ///
    /// # Errors
    /// Out of memory; `Ok(Err(message))` for a chunk that does not compile.
    pub fn load(&mut self, chunk: &[u8], name: &[u8], mode: &[u8]) -> Result<Result<(), Vec<u8>>, Raised> {
        let vm = self.vm_mut();
        match vm.load_chunk(chunk, name, mode)? {
            Ok(v) => {
                self.push(Val::new(v))?;
                Ok(Ok(()))
            }
            Err(message) => Ok(Err(message)),
        }
    }
    /// Sets the first upvalue (`_ENV`) of the function on top of the stack to a slot's value.
    pub fn set_env(&self, env: usize) -> bool {
        let f = self.slot(self.top() - 1).raw;
        let env = self.slot(env).raw;
        if f.tag != tag::CLOSURE {
            return false;
        }
        // SAFETY: N1.
        unsafe {
            let c: *mut crate::object::Closure = f.as_ptr();
            if (*c).header.aux == 0 {
                return false;
            }
            let cell = *(*c).upvalues_mut();
            self.vm_mut().barrier(cell);
            (*cell).value = env;
        }
        true
    }
    /// A traceback of the running coroutine from `level` on, as `luaL_traceback`.
    pub fn traceback(&self, message: Option<&[u8]>, level: usize) -> Vec<u8> {
        self.traceback_of(None, message, level)
    }
    /// Gives a userdata room for a user value (`debug.setuservalue`).
    pub fn allow_user_value(&self, v: Val<'_>) {
        if v.raw.tag == tag::USERDATA {
            // SAFETY: N1.
            unsafe { (*v.raw.as_ptr::<crate::object::Userdata>()).has_user_value = true };
        }
    }
    /// Emits a warning, as `warn` does.
    ///
    /// # Errors
    /// What the host's warning function raised.
    pub fn warn(&mut self, text: &[u8], to_continue: bool) -> Result<(), Raised> {
        // SAFETY: F4; the native's frame is on top.
        unsafe { self.vm_mut().warn(text, to_continue) }
    }
    /// Makes the function in a slot get the warnings.
    pub fn set_warning_function(&self, slot: usize) {
        self.vm_mut().warn_function = Some(self.slot(slot).raw);
    }
    /// Makes nobody get the warnings.
    pub fn drop_warnings(&self) {
        self.vm_mut().warn_function = Some(Value::NIL);
    }
    /// Serialises a Lua function; `None` for a host function.
    pub fn dump(&self, i: usize, strip: bool) -> Option<Vec<u8>> {
        let f = self.slot(i).raw;
        if f.tag != tag::CLOSURE {
            return None;
        }
        // SAFETY: N1.
        unsafe { Vm::dump_function(f.as_ptr(), strip) }
    }
}
