//! Arguments: their checks, and the errors that natives raise.

use super::{Ctx, Table, Val};
use crate::error::message;
use crate::table::SetError;
use crate::value::Value;
use crate::vm::{Raised, Vm};
use perilune_lang::{Num, to_integer};
use std::cell::RefCell;

impl Ctx<'_> {
    // ---- arguments ----

    /// How many arguments were passed.
    #[inline]
    pub fn nargs(&self) -> usize {
        self.nargs
    }
    /// An argument, nil if absent.
    #[inline]
    pub fn arg(&self, i: usize) -> Val<'_> {
        if i < self.nargs {
            // SAFETY: F3.
            Val::new(unsafe { *self.at(i) })
        } else {
            Val::NIL
        }
    }
    /// Whether the argument is absent.
    #[inline]
    pub fn is_none(&self, i: usize) -> bool {
        i >= self.nargs
    }
    /// Whether the argument is absent or nil.
    #[inline]
    pub fn is_none_or_nil(&self, i: usize) -> bool {
        self.arg(i).is_nil()
    }
    /// An argument that must be an integer, or convert to one.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_int(&self, i: usize) -> Result<i64, Raised> {
        match self.arg(i).as_int() {
            Some(n) => Ok(n),
            None => self.check_int_slow(i),
        }
    }
    #[cold]
    fn check_int_slow(&self, i: usize) -> Result<i64, Raised> {
        let v = self.arg(i);
        match v.to_num() {
            Some(n) => match to_integer(n) {
                Some(int) => Ok(int),
                None => Err(self.arg_error(i, "number has no integer representation")),
            },
            None => Err(self.type_error(i, "number")),
        }
    }
    /// An optional integer argument.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn opt_int(&self, i: usize, default: i64) -> Result<i64, Raised> {
        if self.is_none_or_nil(i) {
            Ok(default)
        } else {
            self.check_int(i)
        }
    }
    /// An argument that must be a number, or convert to one.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_num(&self, i: usize) -> Result<Num, Raised> {
        match self.arg(i).to_num() {
            Some(n) => Ok(n),
            None => Err(self.type_error(i, "number")),
        }
    }
    /// A number argument as a float.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_float(&self, i: usize) -> Result<f64, Raised> {
        self.check_num(i).map(Num::to_float)
    }
    /// An optional number argument as a float.
    ///
    /// # Errors
    /// "bad argument".
    pub fn opt_float(&self, i: usize, default: f64) -> Result<f64, Raised> {
        if self.is_none_or_nil(i) {
            Ok(default)
        } else {
            self.check_float(i)
        }
    }
    /// A string argument; a number is converted in its slot.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_str(&self, i: usize) -> Result<&[u8], Raised> {
        match self.arg(i).as_str() {
            Some(s) => Ok(s),
            None => self.check_str_slow(i),
        }
    }
    #[cold]
    fn check_str_slow(&self, i: usize) -> Result<&[u8], Raised> {
        if self.arg(i).as_num().is_none() {
            return Err(self.type_error(i, "string"));
        }
        let mut text = Vec::new();
        Vm::number_text(&mut text, self.arg(i).raw, self.vm_mut().std);
        let s = self.vm_mut().new_str(&text)?;
        // SAFETY: F3; the argument's slot.
        unsafe { *self.at(i) = Value::str(s) };
        match self.arg(i).as_str() {
            Some(s) => Ok(s),
            None => Err(self.type_error(i, "string")),
        }
    }
    /// An optional string argument.
    ///
    /// # Errors
    /// "bad argument".
    pub fn opt_str(&self, i: usize) -> Result<Option<&[u8]>, Raised> {
        if self.is_none_or_nil(i) {
            Ok(None)
        } else {
            self.check_str(i).map(Some)
        }
    }
    /// A table argument.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_table(&self, i: usize) -> Result<Table<'_>, Raised> {
        self.arg(i).as_table().ok_or_else(|| self.type_error(i, "table"))
    }
    /// An argument that must be a function.
    ///
    /// # Errors
    /// "bad argument".
    pub fn check_function(&self, i: usize) -> Result<(), Raised> {
        if self.arg(i).is_function() {
            Ok(())
        } else {
            Err(self.type_error(i, "function"))
        }
    }
    /// An argument that must be there, be it nil.
    ///
    /// # Errors
    /// "bad argument (value expected)".
    pub fn check_any(&self, i: usize) -> Result<(), Raised> {
        if self.is_none(i) {
            Err(self.arg_error(i, "value expected"))
        } else {
            Ok(())
        }
    }
    /// A string argument that must be one of `list`; its index.
    ///
    /// # Errors
    /// "bad argument".
    pub fn check_option(&self, i: usize, default: Option<&str>, list: &[&str]) -> Result<usize, Raised> {
        let name: &[u8] = match default {
            Some(d) if self.is_none_or_nil(i) => d.as_bytes(),
            _ => self.check_str(i)?,
        };
        match list.iter().position(|o| o.as_bytes() == name) {
            Some(at) => Ok(at),
            None => Err(self.arg_error_bytes(i, &message!(b"invalid option '", name, b"'"))),
        }
    }
    /// A userdata argument of this type.
    ///
    /// # Errors
    /// "bad argument".
    pub fn check_userdata<T: 'static>(&self, i: usize, name: &str) -> Result<&RefCell<T>, Raised> {
        self.arg(i).userdata().ok_or_else(|| self.type_error(i, name))
    }

    // ---- errors ----

    /// `bad argument #i to 'f' (msg)`
    #[cold]
    pub fn arg_error(&self, i: usize, msg: &str) -> Raised {
        self.arg_error_bytes(i, msg.as_bytes())
    }
    /// As [`Ctx::arg_error`], of bytes.
    #[cold]
    pub fn arg_error_bytes(&self, i: usize, msg: &[u8]) -> Raised {
        let vm = self.vm_mut();
        // SAFETY: F3.
        let (name, kind) = unsafe { vm.running_native_name() };
        let mut number = i + 1;
        if kind == Some("method") {
            number -= 1;
            if number == 0 {
                return self.error_bytes(&message!(b"calling '", name, b"' on bad self (", msg, b")"));
            }
        }
        self.error_bytes(&message!(
            b"bad argument #",
            number.to_string(),
            b" to '",
            name,
            b"' (",
            msg,
            b")"
        ))
    }
    /// `bad argument #i to 'f' (expected expected, got type)`
    #[cold]
    pub fn type_error(&self, i: usize, expected: &str) -> Raised {
        let vm = self.vm_mut();
        let got = if i >= self.nargs {
            b"no value".to_vec()
        } else {
            // SAFETY: N1.
            unsafe { vm.shown_type_name(self.arg(i).raw) }
        };
        self.arg_error_bytes(i, &message!(expected, b" expected, got ", got))
    }
    /// An error with the position of the caller in front.
    #[cold]
    pub fn error(&self, msg: impl AsRef<[u8]>) -> Raised {
        self.error_bytes(msg.as_ref())
    }
    #[cold]
    fn error_bytes(&self, msg: &[u8]) -> Raised {
        let place = self.where_(1);
        self.vm_mut().raise_plain(&message!(place, msg))
    }
    /// An error whose message stands as it is.
    #[cold]
    pub fn error_plain(&self, msg: impl AsRef<[u8]>) -> Raised {
        self.vm_mut().raise_plain(msg.as_ref())
    }
    /// Raises any value.
    #[cold]
    pub fn error_value(&self, v: Val<'_>) -> Raised {
        self.vm_mut().raise(v.raw)
    }
    /// "not enough memory"
    #[cold]
    pub fn error_memory(&self) -> Raised {
        self.vm_mut().raise_memory()
    }
    /// Takes the error on its way, as `pcall` does.
    pub fn take_error(&self, raised: Raised) -> Val<'_> {
        let Raised(()) = raised;
        Val::new(std::mem::replace(&mut self.vm_mut().error, Value::NIL))
    }
    /// Whether the running coroutine has closed itself below this native, which must then return the error it got.
    pub fn must_leave(&self) -> bool {
        let vm = self.vm_mut();
        // SAFETY: H1; the running coroutine is live.
        unsafe { (*vm.thread).leaving }
    }
    /// `chunk:line: ` of the function `level` levels up, empty if unknown.
    pub fn where_(&self, level: usize) -> Vec<u8> {
        // SAFETY: F3.
        unsafe { self.vm_mut().native_where(level) }
    }
    #[cold]
    pub(super) fn set_error(&self, e: SetError) -> Raised {
        match e {
            SetError::NilKey => self.error("table index is nil"),
            SetError::NanKey => self.error("table index is NaN"),
            SetError::Memory => self.error_memory(),
        }
    }
}
