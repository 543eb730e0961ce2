//! Raising errors with Lua's own messages.

use crate::frame::{FrameKind, RegisterFrame};
use crate::object::{Closure, Str};
use crate::value::{Value, tag};
use crate::vm::{Raised, Vm};
use perilune_bytecode::NameKind;
use perilune_lang::{ArithOp, Std, chunk_display, to_integer, write_num};

/// A message as bytes: type names and variable names need not be UTF-8.
macro_rules! message {
    ($($part:expr),* $(,)?) => {{
        let mut text: Vec<u8> = Vec::new();
        $(text.extend_from_slice(AsRef::<[u8]>::as_ref(&$part));)*
        text
    }};
}
pub(crate) use message;

/// The message of an error for want of memory. Who raises this very text raises such an error, as in the reference.
pub(crate) const NO_MEMORY: &[u8] = b"not enough memory";

impl Vm {
    /// Raises a value.
    pub(crate) fn raise(&mut self, v: Value) -> Raised {
        self.error = v;
        // SAFETY: H1.
        self.of_memory = unsafe { v.str_bytes() } == Some(NO_MEMORY);
        self.handled = self.of_memory;
        self.traceback = None;
        Raised(())
    }

    /// Raises a string as it is.
    pub(crate) fn raise_plain(&mut self, text: &[u8]) -> Raised {
        match self.new_str(text) {
            Ok(s) => self.raise(Value::str(s)),
            Err(raised) => raised,
        }
    }

    /// Raises "not enough memory".
    #[cold]
    pub(crate) fn raise_memory(&mut self) -> Raised {
        // The message was interned when the VM was made, or fits in what is left; else nil says enough.
        let limit = self.heap.limit();
        self.heap.set_limit(None);
        // SAFETY: H1.
        let message = unsafe { crate::interner::Interner::make(&mut self.heap, NO_MEMORY) };
        self.heap.set_limit(limit);
        // What the failed operation leaves behind goes at the next safepoint.
        self.heap.collect_soon();
        if self.memory_final && self.stop.is_none() {
            return self.raise_stop(crate::fuel::Stop::Memory);
        }
        self.error = message.map_or(Value::NIL, Value::str);
        // No message handler gets it: there may be no memory to call one, nor for its own error.
        self.handled = true;
        self.of_memory = true;
        self.traceback = None;
        Raised(())
    }

    /// Raises a runtime error of the current frame: with its position if it is Lua's.
    #[cold]
    pub(crate) fn rt_error(&mut self, text: &[u8]) -> Raised {
        // SAFETY: F3.
        let place = unsafe { self.position(self.frame(), self.pc) };
        self.raise_plain(&message!(place, text))
    }

    /// "error in error handling", which no message handler gets.
    #[cold]
    pub(crate) fn handling_error(&mut self) -> Raised {
        let raised = self.raise_plain(b"error in error handling");
        self.handled = true;
        raised
    }

    /// `chunk:line: ` of a Lua frame at a pc, empty for others.
    ///
    /// # Safety
    /// F3.
    pub(crate) unsafe fn position(&self, frame: RegisterFrame, pc: *const u64) -> Vec<u8> {
        match frame.proto() {
            Some(proto) => {
                let origin = (*proto).origin();
                let chunk = chunk_display(&origin.module.name);
                match self.line_of(frame, pc) {
                    Some(line) => message!(chunk, b":", line.to_string(), b": "),
                    None if self.std.number() >= 505 => message!(chunk, b":?: "),
                    None => message!(chunk, b":-1: "),
                }
            }
            None => Vec::new(),
        }
    }

    /// The line of a Lua frame at a pc, if the function has lines.
    ///
    /// # Safety
    /// F3.
    pub(crate) unsafe fn line_of(&self, frame: RegisterFrame, pc: *const u64) -> Option<u32> {
        let proto = frame.proto()?;
        let origin = (*proto).at(pc);
        origin.function().line_for(origin.word(pc))
    }

    /// ` (local 'x')` for an operand of the current instruction that has a name, else nothing.
    unsafe fn variable_info(&self, operand: u16) -> Vec<u8> {
        match self.operand_name(self.frame(), self.pc, operand) {
            Some((kind, name)) => message!(b" (", kind.to_string(), b" '", name, b"')"),
            None => Vec::new(),
        }
    }

    /// The name of an operand of the instruction at `pc`.
    ///
    /// # Safety
    /// F3.
    pub(crate) unsafe fn operand_name(
        &self,
        frame: RegisterFrame,
        pc: *const u64,
        operand: u16,
    ) -> Option<(NameKind, Vec<u8>)> {
        let proto = frame.proto()?;
        let origin = (*proto).at(pc);
        let found = origin.function().name_at(origin.word(pc), operand)?;
        Some((found.kind, found.name.to_vec()))
    }

    /// "attempt to `what` a `type` value (`variable`)".
    #[cold]
    pub(crate) unsafe fn type_error(&mut self, v: Value, what: &str, operand: Option<u16>) -> Raised {
        let info = operand.map_or(Vec::new(), |o| self.variable_info(o));
        let name = self.shown_type_name(v);
        self.rt_error(&message!(b"attempt to ", what, b" a ", name, b" value", info))
    }

    /// The error of calling something that cannot be called.
    #[cold]
    pub(crate) unsafe fn call_error(&mut self, v: Value, kind: FrameKind) -> Raised {
        // For a metamethod or an iterator, the name says which.
        let name = match kind {
            FrameKind::Call1 | FrameKind::Call0 | FrameKind::CallN | FrameKind::TailNative => {
                return self.type_error(v, "call", Some(0));
            }
            FrameKind::Finish | FrameKind::Close => self.code_name(self.frame(), self.pc),
            FrameKind::CloseError => Some(("metamethod", b"close".to_vec())),
            _ => None,
        };
        if let Some((what, name)) = name {
            let shown = self.shown_type_name(v);
            let text = message!(b"attempt to call a ", shown, b" value (", what, b" '", name, b"')");
            return self.rt_error(&text);
        }
        self.type_error(v, "call", None)
    }

    /// How a function called by the instruction at `pc` of a frame is named: by the callee's expression, as a metamethod, or
    /// as an iterator.
    ///
    /// # Safety
    /// F1, F3: the frame is Lua's.
    pub(crate) unsafe fn code_name(&self, frame: RegisterFrame, pc: *const u64) -> Option<(&'static str, Vec<u8>)> {
        use perilune_bytecode::Opcode as O;
        frame.proto()?;
        let event = match crate::pairs::opcode_at(pc) {
            O::Call | O::Call0 | O::CallN | O::CallOpen | O::TailCall | O::TailCallOpen => {
                let (kind, name) = self.operand_name(frame, pc, 0)?;
                return Some((kind.text(), name));
            }
            O::ForCall => return Some(("for iterator", b"for iterator".to_vec())),
            O::GetIndex
            | O::GetInt
            | O::GetField
            | O::GetFieldProto
            | O::GetGlobal
            | O::SelfField
            | O::SelfFieldProto => "index",
            O::SetIndex
            | O::SetIndexK
            | O::SetInt
            | O::SetIntK
            | O::SetField
            | O::SetFieldK
            | O::SetFieldAdd
            | O::SetGlobal
            | O::SetGlobalK => "newindex",
            O::Add | O::AddK | O::AddI => "add",
            O::Sub | O::SubK | O::SubI => "sub",
            O::Mul | O::MulK => "mul",
            O::Mod | O::ModK => "mod",
            O::Pow | O::PowK => "pow",
            O::Div | O::DivK => "div",
            O::IDiv | O::IDivK => "idiv",
            O::BAnd | O::BAndK => "band",
            O::BOr | O::BOrK => "bor",
            O::BXor | O::BXorK => "bxor",
            O::Shl | O::ShlI => "shl",
            O::Shr | O::ShrI => "shr",
            O::Unm => "unm",
            O::BNot => "bnot",
            O::Len => "len",
            O::Concat => "concat",
            O::JumpEq | O::JumpNe => "eq",
            O::JumpLt | O::JumpNotLt | O::JumpLtI | O::JumpNotLtI | O::JumpGtI | O::JumpNotGtI => "lt",
            O::JumpLe | O::JumpNotLe | O::JumpLeI | O::JumpNotLeI | O::JumpGeI | O::JumpNotGeI => "le",
            O::Close | O::Return0 | O::Return1 | O::ReturnN | O::ReturnOpen => "close",
            _ => return None,
        };
        Some(("metamethod", event.as_bytes().to_vec()))
    }

    /// The error of an arithmetic or bitwise operation on these operands.
    #[cold]
    pub(crate) unsafe fn arith_error(
        &mut self,
        op: ArithOp,
        a: Value,
        b: Value,
        operands: (Option<u16>, Option<u16>),
    ) -> Raised {
        let is_num = |v: Value| v.to_num().is_some();
        if op.is_bitwise() {
            if is_num(a) && is_num(b) {
                let (v, operand) = if a.to_num().is_some_and(|n| to_integer(n).is_none()) {
                    (a, operands.0)
                } else {
                    (b, operands.1)
                };
                let _ = v;
                let info = operand.map_or(Vec::new(), |o| self.variable_info(o));
                return self.rt_error(&message!(b"number", info, b" has no integer representation"));
            }
            let (v, operand) = if is_num(a) { (b, operands.1) } else { (a, operands.0) };
            return self.type_error(v, "perform bitwise operation on", operand);
        }
        let (v, operand) = if is_num(a) { (b, operands.1) } else { (a, operands.0) };
        self.type_error(v, "perform arithmetic on", operand)
    }

    /// The error of concatenating these operands.
    #[cold]
    pub(crate) unsafe fn concat_error(&mut self, a: Value, b: Value, operands: (Option<u16>, Option<u16>)) -> Raised {
        let ok = |v: Value| v.is_str() || v.to_num().is_some();
        let (v, operand) = if ok(a) { (b, operands.1) } else { (a, operands.0) };
        self.type_error(v, "concatenate", operand)
    }

    /// The error of comparing these operands.
    #[cold]
    pub(crate) unsafe fn order_error(&mut self, a: Value, b: Value) -> Raised {
        let (x, y) = (self.shown_type_name(a), self.shown_type_name(b));
        if x == y {
            self.rt_error(&message!(b"attempt to compare two ", x, b" values"))
        } else {
            self.rt_error(&message!(b"attempt to compare ", x, b" with ", y))
        }
    }

    /// Text of a number as `tostring` gives it.
    pub(crate) fn number_text(out: &mut Vec<u8>, v: Value, std: Std) {
        if let Some(n) = v.to_num() {
            write_num(out, n, std);
        }
    }

    /// The value of the error on its way as text, for messages of the host.
    ///
    /// # Safety
    /// H1.
    pub(crate) unsafe fn error_text(&self) -> Vec<u8> {
        let v = self.error;
        match v.tag {
            tag::STR => (*v.as_ptr::<Str>()).bytes().to_vec(),
            tag::INT | tag::FLOAT => {
                let mut out = Vec::new();
                Vm::number_text(&mut out, v, self.std);
                out
            }
            _ => format!("(error object is a {} value)", v.type_name()).into_bytes(),
        }
    }

    /// The chunk and line where a Lua function was defined, for `function <chunk:line>`.
    ///
    /// # Safety
    /// H1.
    pub(crate) unsafe fn defined_at(f: *mut Closure) -> (Vec<u8>, u32) {
        let proto = &*(*f).proto;
        (
            chunk_display(&proto.origin().module.name),
            proto.function().line_defined,
        )
    }
}
