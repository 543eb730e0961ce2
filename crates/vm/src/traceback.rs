//! Tracebacks, names of running functions, and warnings.

use crate::error::message;
use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame, flag};
use crate::object::{Closure, Native};
use crate::table::Table;
use crate::thread::Thread;
use crate::value::{Value, tag};
use crate::vm::{Raised, SPARE_SLOTS, Vm};
use std::io::Write;

/// Levels shown at the head and at the tail of a long traceback.
const HEAD: usize = 10;
const TAIL: usize = 11;

impl Vm {
    /// How the function of a frame was called: kind and name, if the call tells.
    pub(crate) unsafe fn call_name(&self, frame: RegisterFrame) -> Option<(&'static str, Vec<u8>)> {
        if frame.flags() & flag::TAIL != 0 {
            return None;
        }
        if frame.kind() == FrameKind::Entry && frame.caller().flags() & flag::HOOKED != 0 {
            return Some(("hook", b"?".to_vec()));
        }
        match frame.kind() {
            FrameKind::Finalizer => Some(("metamethod", b"__gc".to_vec())),
            // The closing after an error has no instruction.
            FrameKind::CloseError | FrameKind::CloseThread => None,
            FrameKind::Base => None,
            _ => self.code_name(frame.caller(), frame.caller_pc()),
        }
    }

    /// The field of a loaded library that holds a function: `string.format`, or a global's name.
    unsafe fn global_name(&self, f: Value) -> Option<Vec<u8>> {
        let loaded = self.loaded_modules()?;
        let mut position = 0;
        while let Some((next, name, library)) = Table::entry_from(loaded, position) {
            position = next;
            let (Some(name), true) = (name.str_bytes(), library.is_table()) else {
                continue;
            };
            let mut inner = 0;
            while let Some((next, field, value)) = Table::entry_from(library.as_ptr(), inner) {
                inner = next;
                if value.tag == f.tag
                    && value.payload == f.payload
                    && let Some(field) = field.str_bytes()
                {
                    return Some(if name == b"_G" {
                        field.to_vec()
                    } else {
                        message!(name, b".", field)
                    });
                }
            }
        }
        None
    }

    /// The table that `package.loaded` is, if the library is there.
    unsafe fn loaded_modules(&self) -> Option<*mut Table> {
        let key = self.heap.client.find(b"_LOADED")?;
        let loaded = Table::get_str(self.registry, key);
        loaded.is_table().then(|| loaded.as_ptr())
    }

    /// Whether Rust code calls the frame's function while no script runs.
    unsafe fn called_by_host(&self, frame: RegisterFrame) -> bool {
        frame.kind() == FrameKind::Entry && frame.caller().kind() == FrameKind::Base
    }

    /// The running native's name for "bad argument" messages, and the kind of call if known.
    ///
    /// # Safety
    /// F3.
    pub(crate) unsafe fn running_native_name(&self) -> (Vec<u8>, Option<&'static str>) {
        let frame = self.frame();
        let called = self.call_name(frame);
        if let Some((kind, name)) = called {
            return (name, (kind == "method").then_some("method"));
        }
        match self.global_name(frame.callee()) {
            Some(name) => (name, None),
            // A function that no script named has a name of its own where the host calls it, or without the library.
            None if frame.callee().tag == tag::NATIVE
                && (self.called_by_host(frame) || self.loaded_modules().is_none()) =>
            {
                ((*frame.callee().as_ptr::<Native>()).name.as_bytes().to_vec(), None)
            }
            None => (b"?".to_vec(), None),
        }
    }

    unsafe fn describe(&self, frame: RegisterFrame) -> Vec<u8> {
        let callee = frame.callee();
        if self.called_by_host(frame) && callee.tag == tag::NATIVE {
            // The host's own call.
            return b"?".to_vec();
        }
        let called = self
            .call_name(frame)
            .map(|(kind, name)| message!(kind, b" '", name, b"'"));
        let global = || self.global_name(callee).map(|name| message!(b"function '", name, b"'"));
        let name = if self.std.number() >= 505 {
            called.or_else(global)
        } else {
            global().or(called)
        };
        if let Some(name) = name {
            return name;
        }
        match callee.tag {
            tag::CLOSURE => {
                let closure: *mut Closure = callee.as_ptr();
                let (chunk, line) = Vm::defined_at(closure);
                if line == 0 {
                    return b"main chunk".to_vec();
                }
                message!(b"function <", chunk, b":", line.to_string(), b">")
            }
            _ => b"?".to_vec(),
        }
    }

    /// A traceback in the form of `luaL_traceback`.
    ///
    /// # Safety
    /// F3.
    pub(crate) unsafe fn traceback_text(&self, t: *mut Thread, message: Option<&[u8]>, level: usize) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(m) = message {
            out.extend_from_slice(m);
            out.push(b'\n');
        }
        out.extend_from_slice(b"stack traceback:");
        let shown: Vec<_> = self.activations(t).skip(level).map(|a| (a.frame, a.pc)).collect();
        let total = shown.len();
        let long = total > HEAD + TAIL + 1;
        for (i, &(frame, pc)) in shown.iter().enumerate() {
            if long && i == HEAD {
                // The reference does not count the level at which it notices.
                let skipped = total - HEAD - TAIL - 1;
                out.extend_from_slice(format!("\n\t...\t(skipping {skipped} levels)").as_bytes());
            }
            if long && i >= HEAD && i < total - TAIL {
                continue;
            }
            match frame.proto() {
                Some(proto) => {
                    let chunk = perilune_lang::chunk_display(&(*proto).origin().module.name);
                    out.extend_from_slice(b"\n\t");
                    out.extend_from_slice(&chunk);
                    match self.line_of(frame, pc) {
                        Some(line) => out.extend_from_slice(format!(":{line}: in ").as_bytes()),
                        None => out.extend_from_slice(b": in "),
                    }
                }
                None => out.extend_from_slice(b"\n\t[C]: in "),
            }
            out.extend_from_slice(&self.describe(frame));
            if frame.flags() & flag::TAIL != 0 {
                out.extend_from_slice(b"\n\t(...tail calls...)");
            }
        }
        out
    }

    /// Emits a warning to the host's function or, if warnings are on, to standard error; `@on` and `@off` switch them.
    ///
    /// # Errors
    /// What the host's function raised.
    ///
    /// # Safety
    /// F4: the saved state describes the running stack.
    pub(crate) unsafe fn warn(&mut self, text: &[u8], to_continue: bool) -> Result<(), Raised> {
        match self.warn_function {
            None => {
                self.warn_to_stderr(text, to_continue);
                Ok(())
            }
            Some(f) if f.is_nil() => Ok(()),
            Some(f) => {
                let text = Value::str(self.new_str(text)?);
                let window = self.frame_end();
                let offset = window.byte_offset_from(self.stack_base);
                let top = self.top.byte_offset_from(self.stack_base);
                self.grow_stack(window, SPARE_SLOTS)?;
                let window = self.stack_base.byte_offset(offset);
                *window = f;
                *window.add(HEADER_SLOTS) = text;
                *window.add(HEADER_SLOTS + 1) = Value::bool(to_continue);
                let called = self.call_window(window, 2);
                self.top = self.stack_base.byte_offset(top);
                called.map(|_| ())
            }
        }
    }

    pub(crate) fn warn_to_stderr(&mut self, text: &[u8], to_continue: bool) {
        if !to_continue && !self.warn_open && text.first() == Some(&b'@') {
            match text {
                b"@on" => self.warn_on = true,
                b"@off" => self.warn_on = false,
                _ => {}
            }
            return;
        }
        if self.warn_on {
            let mut line = Vec::new();
            if !self.warn_open {
                line.extend_from_slice(b"Lua warning: ");
            }
            line.extend_from_slice(text);
            if !to_continue {
                line.push(b'\n');
            }
            // A warning that cannot be written has nowhere else to go.
            let _ = std::io::stderr().write_all(&line);
        }
        self.warn_open = to_continue;
    }

    /// Switches warnings on or off.
    pub fn set_warnings(&mut self, on: bool) {
        self.warn_on = on;
    }
}
