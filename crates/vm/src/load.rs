//! Loading: from a verified module to functions with code of their own.

use crate::object::{ARITY_COUNTED, ARITY_VARARG, Origin, Proto, Str, kind, release_module};
use crate::pairs::pair_up;
use crate::string::MAX_INTERNED;
use crate::value::Value;
use crate::vm::{Raised, SPARE_SLOTS, Vm};
use perilune_bytecode::Verified;
use perilune_bytecode::{Constant, FuncId, Function, Opcode};
use perilune_gc::raw::OutOfMemory;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::rc::Rc;

/// The long strings among the constants of a module, whose functions share them.
pub(crate) type LongStrings = BTreeMap<Box<[u8]>, *mut Str>;

/// What frames of a function take.
pub(crate) struct Layout {
    /// Slots.
    pub frame_size: u32,
    /// Bytes above the base that must be there, spare slots included.
    pub frame_bytes: u32,
}

impl Layout {
    pub(crate) fn of(function: &Function) -> Layout {
        let frame_size = function.frame_size.max(u32::from(function.params));
        Layout {
            frame_size,
            frame_bytes: (frame_size + SPARE_SLOTS as u32) * size_of::<Value>() as u32,
        }
    }
}

impl Vm {
    /// Loads a module: the main function, with the globals as its environment.
    ///
    /// # Errors
    /// Out of memory, raised.
    pub(crate) fn load_module(&mut self, module: Verified) -> Result<Value, Raised> {
        if self
            .heap
            .memory
            .charge(size_of::<Verified>() + module.heap_bytes())
            .is_err()
        {
            return Err(self.raise_memory());
        }
        let module = Rc::new(module);
        let main = self.load_functions(&module);
        // The functions that were made keep it.
        release_module(module, &mut self.heap.memory);
        main
    }

    fn load_functions(&mut self, module: &Rc<Verified>) -> Result<Value, Raised> {
        // SAFETY: H1; allocation does not collect, so that nothing needs a root until the closure is whole.
        unsafe {
            let count = module.functions.len();
            let mut protos: Vec<*mut Proto> = Vec::with_capacity(count);
            for _ in 0..count {
                let Ok(p) = self.heap.alloc(kind::PROTO, size_of::<Proto>()) else {
                    return Err(self.raise_memory());
                };
                let proto: *mut Proto = p.cast().as_ptr();
                let header = *p.as_ref();
                proto.write(Proto {
                    header,
                    code: null_mut(),
                    constants: null_mut(),
                    frame_bytes: 0,
                    arity: 0,
                    patience: 0,
                    params: 0,
                    words: 0,
                    protos: null_mut(),
                    origin: None,
                });
                protos.push(proto);
            }
            let mut long = LongStrings::new();
            for (id, &proto) in protos.iter().enumerate() {
                self.fill_proto(proto, module, FuncId(id as u32), &protos, &mut long)?;
            }
            self.main_closure(protos[0])
        }
    }

    /// A closure of a main function, with the globals as its environment.
    ///
    /// # Safety
    /// `main` is live, or was made since the last safepoint.
    unsafe fn main_closure(&mut self, main: *mut Proto) -> Result<Value, Raised> {
        let upvalues = (*main).function().upvalues.len();
        let globals = Value::table(self.globals);
        let closure = self.new_closure(main, upvalues)?;
        for i in 0..upvalues {
            *(*closure).upvalues_mut().add(i) = null_mut();
        }
        for i in 0..upvalues {
            *(*closure).upvalues_mut().add(i) = self.new_cell(if i == 0 { globals } else { Value::NIL })?;
        }
        // The function may be older than the closure, and not marked yet.
        self.barrier(closure);
        Ok(Value::closure(closure))
    }

    /// The values of constants.
    ///
    /// # Safety
    /// H1: nothing collects until they are reachable.
    pub(crate) unsafe fn make_constants(
        &mut self,
        from: &[Constant],
        long: &mut LongStrings,
    ) -> Result<Vec<Value>, OutOfMemory> {
        let mut constants = Vec::with_capacity(from.len());
        for c in from {
            constants.push(match c {
                Constant::Nil => Value::NIL,
                Constant::False => Value::FALSE,
                Constant::True => Value::TRUE,
                Constant::Int(i) => Value::int(*i),
                Constant::Float(f) => Value::float(*f),
                // The functions of a module share their long strings too.
                Constant::Str(s) if s.len() > MAX_INTERNED => match long.get(&**s) {
                    Some(&known) => Value::str(known),
                    None => {
                        let new = crate::interner::Interner::make(&mut self.heap, s)?;
                        long.insert((**s).into(), new);
                        Value::str(new)
                    }
                },
                Constant::Str(s) => Value::str(crate::interner::Interner::make(&mut self.heap, s)?),
            });
        }
        Ok(constants)
    }

    unsafe fn fill_proto(
        &mut self,
        proto: *mut Proto,
        module: &Rc<Verified>,
        id: FuncId,
        protos: &[*mut Proto],
        long: &mut LongStrings,
    ) -> Result<(), Raised> {
        let function = &module.functions[id.0 as usize];
        let mut code = function.code.clone().into_boxed_slice();
        let Ok(constants) = self.make_constants(&function.constants, long) else {
            return Err(self.raise_memory());
        };
        let mut constants = constants.into_boxed_slice();
        // A function needs only those nested in it: the others would keep whole modules alive. Their numbers lie together, so that
        // the tables of all functions of a module take room in proportion to it.
        let nested = || module.nested(id).iter().map(|nested| nested.0 as usize);
        let first = nested().min().unwrap_or(0);
        let count = nested().max().map_or(0, |last| last + 1 - first);
        let mut children = vec![null_mut(); count].into_boxed_slice();
        for id in nested() {
            children[id - first] = protos[id];
        }
        note_returns(&mut code, function);
        let paid = Origin::bytes(&code, &constants, &children, None);
        if self.heap.memory.charge(paid).is_err() {
            return Err(self.raise_memory());
        }
        (*proto).words = code.len() as u32;
        (*proto).code = code.as_mut_ptr();
        (*proto).constants = constants.as_mut_ptr();
        // Reached by `wrapping_add` of a nested function's number alone.
        (*proto).protos = children.as_mut_ptr().wrapping_sub(first);
        (*proto).params = u32::from(function.params);
        (*proto).patience = module.patience(id).unwrap_or(0);
        (*proto).arity = if function.vararg {
            ARITY_VARARG
        } else if (*proto).patience > 0 {
            ARITY_COUNTED
        } else {
            u32::from(function.params)
        };
        if (*proto).patience == 0 {
            pair_up(&mut code);
        }
        let layout = Layout::of(function);
        (*proto).frame_bytes = layout.frame_bytes;
        (*proto).origin = Some(Box::new(Origin {
            module: module.clone(),
            id,
            code,
            constants,
            protos: children,
            liveness: OnceCell::new(),
            better: None,
            frame_size: layout.frame_size,
            older: None,
            paid,
        }));
        Ok(())
    }

    /// Compiles source or loads a binary chunk, as `load` does; the inner error is the message.
    ///
    /// # Errors
    /// Out of memory, raised.
    pub(crate) fn load_chunk(
        &mut self,
        chunk: &[u8],
        name: &[u8],
        mode: &[u8],
    ) -> Result<Result<Value, Vec<u8>>, Raised> {
        let binary = chunk.first() == Some(&0x1B);
        let kind: &[u8] = if binary { b"binary" } else { b"text" };
        let mode = if self.text_only && binary { b"t" } else { mode };
        if !mode.contains(&kind[0]) {
            let text = crate::error::message!(b"attempt to load a ", kind, b" chunk (mode is '", mode, b"')");
            return Ok(Err(text));
        }
        let module = if binary {
            match perilune_bytecode::from_bytes(chunk) {
                Ok(module) => match perilune_bytecode::verify(module) {
                    Ok(verified) => verified,
                    Err(e) => return Ok(Err(refused(name, &e.to_string()))),
                },
                Err(e) => return Ok(Err(refused(name, &e.to_string()))),
            }
        } else {
            let Some(loader) = self.loader.clone() else {
                return Ok(Err(b"no compiler is installed".to_vec()));
            };
            let epoch = loader.epoch();
            if let Some(main) = self.recent.find(chunk, name, epoch) {
                // SAFETY: H1; what is remembered is live.
                return unsafe { self.main_closure(main) }.map(Ok);
            }
            let module = match loader.compile(chunk, name) {
                Ok(module) => module,
                Err(message) => return Ok(Err(message)),
            };
            let main = self.load_module(module)?;
            // SAFETY: H1; it was just made.
            let proto = unsafe { (*main.as_ptr::<crate::object::Closure>()).proto };
            // What was compiled may have begun a new epoch, and is of it.
            self.recent.note(chunk, name, loader.epoch(), proto);
            return Ok(Ok(main));
        };
        self.load_module(module).map(Ok)
    }

    /// A function as a binary chunk.
    ///
    /// # Safety
    /// `f` is live.
    pub(crate) unsafe fn dump_function(f: *mut crate::object::Closure, strip: bool) -> Option<Vec<u8>> {
        let origin = (*(*f).proto).origin();
        let module = origin.module.best_subset(origin.id).ok()?;
        Some(perilune_bytecode::to_bytes(&module, strip))
    }
}

/// In the last field of a tail call or a return of several values: more words stand behind it than the field can say.
pub(crate) const FAR: u16 = u16::MAX;

/// Writes into returns and tail calls what stands behind them, which they give back to the account of fuel; no field of theirs is there.
pub(crate) fn note_returns(code: &mut [u64], function: &Function) {
    let end = code.len();
    for (at, opcode) in function.opcodes() {
        let behind = end - at - 1;
        match opcode {
            Opcode::Return0 | Opcode::Return1 => code[at] |= (behind as u64) << 32,
            Opcode::ReturnN | Opcode::TailCall | Opcode::TailCallOpen => {
                code[at] |= u64::from(u16::try_from(behind).unwrap_or(FAR)) << 48;
            }
            _ => {}
        }
    }
}

/// The message of a binary chunk that is not loaded.
fn refused(name: &[u8], why: &str) -> Vec<u8> {
    let shown: &[u8] = match name {
        [b'@' | b'=', shown @ ..] => shown,
        // The chunk itself is the name of what is loaded from a string.
        [0x1B, ..] => b"binary string",
        _ => name,
    };
    crate::error::message!(shown, b": bad binary format (", why, b")")
}
