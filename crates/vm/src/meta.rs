//! Metatables and the events that look into them.

use crate::object::{Str, Table, Userdata};
use crate::table::Place;
use crate::value::{Value, tag};
use crate::vm::Vm;
use perilune_lang::ArithOp;
use std::ptr::null_mut;

macro_rules! events {
    ($($name:ident $text:literal)*) => {
        /// A metatable's event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Event { $($name),* }
        /// The keys of the events, in order.
        pub const EVENT_NAMES: &[&str] = &[$($text),*];
    };
}

// The first sixteen have a bit in `Table::absent`.
events! {
    Index "__index"
    NewIndex "__newindex"
    Gc "__gc"
    Mode "__mode"
    Len "__len"
    Eq "__eq"
    Call "__call"
    Close "__close"
    ToString "__tostring"
    Name "__name"
    Pairs "__pairs"
    Metatable "__metatable"
    Lt "__lt"
    Le "__le"
    Concat "__concat"
    Add "__add"
    Sub "__sub"
    Mul "__mul"
    Mod "__mod"
    Pow "__pow"
    Div "__div"
    IDiv "__idiv"
    BAnd "__band"
    BOr "__bor"
    BXor "__bxor"
    Shl "__shl"
    Shr "__shr"
    Unm "__unm"
    BNot "__bnot"
}

/// How many events there are.
pub const EVENT_COUNT: usize = EVENT_NAMES.len();

impl Event {
    /// The event of an arithmetic operation.
    pub fn of(op: ArithOp) -> Event {
        match op {
            ArithOp::Add => Event::Add,
            ArithOp::Sub => Event::Sub,
            ArithOp::Mul => Event::Mul,
            ArithOp::Mod => Event::Mod,
            ArithOp::Pow => Event::Pow,
            ArithOp::Div => Event::Div,
            ArithOp::IDiv => Event::IDiv,
            ArithOp::BAnd => Event::BAnd,
            ArithOp::BOr => Event::BOr,
            ArithOp::BXor => Event::BXor,
            ArithOp::Shl => Event::Shl,
            ArithOp::Shr => Event::Shr,
            ArithOp::Unm => Event::Unm,
            ArithOp::BNot => Event::BNot,
        }
    }

    /// Its bit in `Table::absent`, 0 if it has none.
    #[inline(always)]
    pub const fn bit(self) -> u16 {
        if (self as u8) < 16 { 1 << self as u8 } else { 0 }
    }

    /// The event's key, without the underscores.
    pub fn short_name(self) -> &'static str {
        &EVENT_NAMES[self as usize][2..]
    }
}

impl Vm {
    /// The interned key of an event.
    #[inline(always)]
    pub fn event_key(&self, e: Event) -> *mut Str {
        self.event_keys[e as usize]
    }

    /// The metatable of any value, or null.
    ///
    /// # Safety
    /// `v` is live.
    #[inline]
    pub unsafe fn metatable_of(&self, v: Value) -> *mut Table {
        match v.tag {
            tag::TABLE => (*v.as_ptr::<Table>()).meta,
            tag::USERDATA => (*v.as_ptr::<Userdata>()).meta,
            t => self.type_metatable(t),
        }
    }

    #[inline]
    fn type_metatable(&self, t: u8) -> *mut Table {
        self.type_metas[type_meta_index(t)]
    }

    /// Sets the metatable that all values of a basic type share.
    ///
    /// # Safety
    /// `meta` is live or null.
    pub unsafe fn set_type_metatable(&mut self, t: u8, meta: *mut Table) {
        if !meta.is_null() {
            Table::serve_as_meta(meta);
        }
        self.type_metas[type_meta_index(t)] = meta;
        self.flush_caches();
    }

    /// The handler for `e` in a metatable (or null), nil if it has none.
    ///
    /// # Safety
    /// `meta` is live or null.
    #[inline]
    pub unsafe fn meta_field(&mut self, meta: *mut Table, e: Event) -> Value {
        if meta.is_null() {
            return Value::NIL;
        }
        let bit = e.bit();
        if (*meta).absent & bit != 0 {
            return Value::NIL;
        }
        let key = self.event_key(e);
        if let Some(known) = self.lookups.find((*meta).header.word, key)
            && known.holder.is_null()
        {
            return *known.slot(meta);
        }
        let v = Table::get_str(meta, key);
        if v.is_nil() {
            (*meta).absent |= bit;
        } else if let Place::Slot(slot) = Table::place_of(meta, key) {
            self.lookups.fill((*meta).header.word, key, std::ptr::null(), slot * 16);
        }
        v
    }

    /// The handler of a value for `e`, nil if it has none.
    ///
    /// # Safety
    /// `v` is live.
    #[inline]
    pub unsafe fn metamethod(&mut self, v: Value, e: Event) -> Value {
        self.meta_field(self.metatable_of(v), e)
    }

    /// The type name that messages show: `__name` of the metatable if it is a string, else the basic type.
    ///
    /// # Safety
    /// `v` is live.
    pub unsafe fn shown_type_name(&mut self, v: Value) -> Vec<u8> {
        let meta = match v.tag {
            tag::TABLE | tag::USERDATA => self.metatable_of(v),
            _ => null_mut(),
        };
        match self.meta_field(meta, Event::Name).str_bytes() {
            Some(name) => name.to_vec(),
            None if v.tag == tag::LIGHT => b"light userdata".to_vec(),
            None => v.type_name().as_bytes().to_vec(),
        }
    }
}

/// How many type metatables a VM has.
pub const TYPE_METAS: usize = 7;

fn type_meta_index(t: u8) -> usize {
    match t {
        tag::INT | tag::FLOAT => 0,
        tag::FALSE | tag::TRUE => 1,
        tag::STR => 2,
        tag::CLOSURE | tag::NATIVE => 3,
        tag::THREAD => 4,
        tag::LIGHT => 5,
        _ => 6,
    }
}
