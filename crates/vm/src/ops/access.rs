//! Handlers that read and write tables, and their second chances: common cases that the first test does not cover.

use super::*;
use crate::lookup::Entry;
use crate::meta::Event;
use crate::object::{STR_EVENT, STR_LONG, Userdata};
use crate::table::Place;

/// Copies the value of a node into a register.
macro_rules! give {
    ($to:expr, $node:expr) => {{
        let (payload, tag) = $node;
        let dst = $to;
        (*dst).payload = payload;
        (*dst).tag = tag;
    }};
}

handlers! {
    fn new_table(vm, pc, base, k, t) {
        let (array, record) = (field(pc, 2) as usize, field(pc, 3) as usize);
        if array <= MAX_INLINE
            && record <= MAX_INLINE
            && !(*vm).heap.should_collect()
            && let Some(p) = (*vm).heap.alloc_fast(crate::object::kind::TABLE, Table::size_for(array, record))
        {
            let table = Table::init(p, (*vm).shapes.root, array, record);
            let dst = reg(base, pc, 1);
            (*dst).payload = table as u64;
            (*dst).tag = tag::TABLE;
            next!(vm, pc, base, k, t, 1)
        }
        new_table_slow::<D>(vm, pc, base, k, t)
    }
    fn get_index(vm, pc, base, k, t) {
        let (object, key) = (reg(base, pc, 2), reg(base, pc, 3));
        if (*object).tag == tag::TABLE && (*key).tag == tag::INT {
            let table: *mut Table = (*object).as_ptr();
            let i = (*key).payload;
            if i.wrapping_sub(1) < u64::from((*table).len) {
                let a = (*table).array;
                let tag = *a.add(i as usize - 1);
                if tag != tag::NIL {
                    let dst = reg(base, pc, 1);
                    (*dst).payload = *a.cast::<u64>().sub(i as usize);
                    (*dst).tag = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
            return get_index_hashed::<D>(vm, pc, base, k, t);
        }
        get_index_mid::<D>(vm, pc, base, k, t)
    }
    fn get_int(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            let i = imm(pc, 3) as u64;
            if i.wrapping_sub(1) < u64::from((*table).len) {
                let a = (*table).array;
                let tag = *a.add(i as usize - 1);
                if tag != tag::NIL {
                    let dst = reg(base, pc, 1);
                    (*dst).payload = *a.cast::<u64>().sub(i as usize);
                    (*dst).tag = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        get_int_slow::<D>(vm, pc, base, k, t)
    }
    fn get_field(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) {
                let slot = cached_slot(table, pc);
                let tag = (*slot).tag;
                if tag != tag::NIL {
                    let dst = reg(base, pc, 1);
                    (*dst).payload = (*slot).payload;
                    (*dst).tag = tag;
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        get_field_mid::<D>(vm, pc, base, k, t)
    }
    fn get_field_proto(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE && cached_shape((*object).as_ptr(), pc) {
            let holder = *pc.add(2) as *const Table;
            let slot = cached_slot(holder, pc);
            let tag = (*slot).tag;
            if tag != tag::NIL {
                let dst = reg(base, pc, 1);
                (*dst).payload = (*slot).payload;
                (*dst).tag = tag;
                next!(vm, pc, base, k, t, 3)
            }
        }
        get_field_proto_mid::<D>(vm, pc, base, k, t)
    }
    fn set_index(vm, pc, base, k, t) {
        let (object, key, value) = (reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3));
        if (*object).tag == tag::TABLE && (*key).tag == tag::INT {
            let table: *mut Table = (*object).as_ptr();
            let at = (*key).payload.wrapping_sub(1);
            if (*table).header.gc & GC_BARRIER == 0 && at < u64::from((*table).len) {
                let a = (*table).array;
                let tag = (*value).tag;
                if *a.add(at as usize) != tag::NIL && tag != tag::NIL {
                    *a.cast::<u64>().sub(at as usize).sub(1) = (*value).payload;
                    *a.add(at as usize) = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        set_index_mid::<D>(vm, pc, base, k, t)
    }
    fn set_index_k(vm, pc, base, k, t) {
        let (object, key, value) = (reg(base, pc, 1), reg(base, pc, 2), konst(k, pc, 3));
        if (*object).tag == tag::TABLE && (*key).tag == tag::INT {
            let table: *mut Table = (*object).as_ptr();
            let at = (*key).payload.wrapping_sub(1);
            if (*table).header.gc & GC_BARRIER == 0 && at < u64::from((*table).len) {
                let a = (*table).array;
                let tag = (*value).tag;
                if *a.add(at as usize) != tag::NIL && tag != tag::NIL {
                    *a.cast::<u64>().sub(at as usize).sub(1) = (*value).payload;
                    *a.add(at as usize) = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        set_index_k_mid::<D>(vm, pc, base, k, t)
    }
    fn set_int(vm, pc, base, k, t) {
        let (object, value) = (reg(base, pc, 1), reg(base, pc, 3));
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            let i = imm(pc, 2) as u64;
            let tag = (*value).tag;
            if (*table).header.gc & GC_BARRIER == 0 && tag != tag::NIL && i.wrapping_sub(1) < u64::from((*table).len) {
                let a = (*table).array;
                if *a.add(i as usize - 1) != tag::NIL {
                    *a.cast::<u64>().sub(i as usize) = (*value).payload;
                    *a.add(i as usize - 1) = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        set_int_slow::<D>(vm, pc, base, k, t)
    }
    fn set_int_k(vm, pc, base, k, t) { set_int_k_slow::<D>(vm, pc, base, k, t) }
    fn set_field(vm, pc, base, k, t) {
        let object = reg(base, pc, 1);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) && (*table).header.gc & GC_BARRIER == 0 {
                copy(cached_slot(table, pc), reg(base, pc, 3));
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_field_mid::<D>(vm, pc, base, k, t)
    }
    fn set_field_k(vm, pc, base, k, t) {
        let object = reg(base, pc, 1);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) && (*table).header.gc & GC_BARRIER == 0 {
                copy(cached_slot(table, pc), konst(k, pc, 3));
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_field_k_mid::<D>(vm, pc, base, k, t)
    }
    fn set_field_add(vm, pc, base, k, t) {
        let (object, value) = (reg(base, pc, 1), reg(base, pc, 3));
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            let at = *pc.add(1).cast::<u32>().add(1);
            if cached_shape(table, pc)
                && (*table).header.gc & GC_BARRIER == 0
                && (*table).header.aux & flag::WATCHED == 0
                && at < (*table).slot_room() * 16
            {
                let shape = *pc.add(2) as *mut crate::shape::Shape;
                copy((*table).slots.byte_add(at as usize), value);
                (*table).shape = shape;
                (*table).header.word = (*shape).header.word;
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_field_mid::<D>(vm, pc, base, k, t)
    }
    fn get_global(vm, pc, base, k, t) {
        let env = upvalue(base, pc, 2);
        if (*env).value.tag == tag::TABLE {
            let table: *mut Table = (*env).value.as_ptr();
            if cached_shape(table, pc) {
                let slot = cached_slot(table, pc);
                let tag = (*slot).tag;
                if tag != tag::NIL {
                    let dst = reg(base, pc, 1);
                    (*dst).payload = (*slot).payload;
                    (*dst).tag = tag;
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        get_global_slow::<D>(vm, pc, base, k, t)
    }
    fn set_global(vm, pc, base, k, t) {
        let env = upvalue(base, pc, 1);
        if (*env).value.tag == tag::TABLE {
            let table: *mut Table = (*env).value.as_ptr();
            if cached_shape(table, pc) && (*table).header.gc & GC_BARRIER == 0 {
                copy(cached_slot(table, pc), reg(base, pc, 3));
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_global_slow::<D>(vm, pc, base, k, t)
    }
    fn set_global_k(vm, pc, base, k, t) {
        let env = upvalue(base, pc, 1);
        if (*env).value.tag == tag::TABLE {
            let table: *mut Table = (*env).value.as_ptr();
            if cached_shape(table, pc) && (*table).header.gc & GC_BARRIER == 0 {
                copy(cached_slot(table, pc), konst(k, pc, 3));
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_global_k_slow::<D>(vm, pc, base, k, t)
    }
    fn self_field(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) {
                let slot = cached_slot(table, pc);
                let tag = (*slot).tag;
                if tag != tag::NIL {
                    let window = reg(base, pc, 1);
                    (*window.add(2)).payload = table as u64;
                    (*window.add(2)).tag = tag::TABLE;
                    (*window).payload = (*slot).payload;
                    (*window).tag = tag;
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        self_field_mid::<D>(vm, pc, base, k, t)
    }
    fn self_field_proto(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) {
                let holder = *pc.add(2) as *const Table;
                let slot = cached_slot(holder, pc);
                let tag = (*slot).tag;
                if tag != tag::NIL {
                    let window = reg(base, pc, 1);
                    (*window.add(2)).payload = table as u64;
                    (*window.add(2)).tag = tag::TABLE;
                    (*window).payload = (*slot).payload;
                    (*window).tag = tag;
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        self_field_proto_mid::<D>(vm, pc, base, k, t)
    }
    fn set_list(vm, pc, base, k, t) {
        let count = field(pc, 3) as usize;
        if let Some(table) = list_target(reg(base, pc, 1), pc, count) {
            let first = reg(base, pc, 2);
            if (*first.add(count - 1)).tag != tag::NIL {
                fill_list(table, first, count);
                next!(vm, pc, base, k, t, 2)
            }
        }
        set_list_slow::<D>(vm, pc, base, k, t)
    }
    fn set_list_open(vm, pc, base, k, t) {
        let (fixed, open) = (field(pc, 3) as usize, (*vm).open_count);
        if open != 0
            && let Some(table) = list_target(reg(base, pc, 1), pc, fixed + open)
            && (*(*vm).open_start.add(open - 1)).tag != tag::NIL
        {
            fill_list(table, reg(base, pc, 2), fixed);
            fill_list(table, (*vm).open_start, open);
            next!(vm, pc, base, k, t, 2)
        }
        set_list_open_slow::<D>(vm, pc, base, k, t)
    }

}

handlers! {
    /// `#` of a table with holes, or one that was not asked yet.
    #[cold]
    #[inline(never)]
    fn len_mid(vm, pc, base, k, t) {
        let v = reg(base, pc, 2);
        if (*v).tag == tag::TABLE {
            let table: *mut Table = (*v).as_ptr();
            if (*table).meta.is_null() {
                put_int(reg(base, pc, 1), i64::from(Table::border(table, (*vm).std)));
                next!(vm, pc, base, k, t, 1)
            }
        }
        len_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn get_index_mid(vm, pc, base, k, t) {
        let (object, key) = (reg(base, pc, 2), reg(base, pc, 3));
        if (*object).tag != tag::TABLE {
            return get_index_slow::<D>(vm, pc, base, k, t);
        }
        if (*key).tag == tag::INT {
            return get_index_hashed::<D>(vm, pc, base, k, t);
        }
        if (*key).tag == tag::STR && !(*(*key).as_ptr::<Str>()).is_long() {
            let table: *const Table = (*object).as_ptr();
            if !(*table).is_dictionary() {
                return get_index_shaped::<D>(vm, pc, base, k, t);
            }
            if let Some(v) = Table::value_of_short(table, (*key).as_ptr()) {
                give!(reg(base, pc, 1), v);
                next!(vm, pc, base, k, t, 1)
            }
            return get_index_absent::<D>(vm, pc, base, k, t);
        }
        get_index_other::<D>(vm, pc, base, k, t)
    }
    /// A table and an integer that the array part has no value for.
    #[inline(never)]
    fn get_index_hashed(vm, pc, base, k, t) {
        let table: *const Table = (*reg(base, pc, 2)).as_ptr();
        if let Some(v) = Table::value_of_hashed_int(table, (*reg(base, pc, 3)).as_i64()) {
            give!(reg(base, pc, 1), v);
            next!(vm, pc, base, k, t, 1)
        }
        get_index_absent::<D>(vm, pc, base, k, t)
    }
    /// A key that a table does not have.
    #[inline(always)]
    fn get_index_absent(vm, pc, base, k, t) {
        let table: *const Table = (*reg(base, pc, 2)).as_ptr();
        if (*table).meta.is_null() {
            (*reg(base, pc, 1)).tag = tag::NIL;
            next!(vm, pc, base, k, t, 1)
        }
        get_index_slow::<D>(vm, pc, base, k, t)
    }
    /// A string key of a table with a shape.
    #[inline(never)]
    fn get_index_shaped(vm, pc, base, k, t) {
        let table: *const Table = (*reg(base, pc, 2)).as_ptr();
        let name: *const Str = (*reg(base, pc, 3)).as_ptr();
        if let Some(known) = (*vm).lookups.find((*table).header.word, name) {
            let slot = known.slot(table);
            if (*slot).tag != tag::NIL {
                copy(reg(base, pc, 1), slot);
                next!(vm, pc, base, k, t, 1)
            }
        }
        get_index_other::<D>(vm, pc, base, k, t)
    }
    /// Any key, by the general lookup.
    #[inline(never)]
    fn get_index_other(vm, pc, base, k, t) {
        let (object, key) = (reg(base, pc, 2), reg(base, pc, 3));
        let table: *mut Table = (*object).as_ptr();
        let v = Table::get(table, *key);
        if v.tag != tag::NIL || (*table).meta.is_null() {
            *reg(base, pc, 1) = v;
            if (*key).tag == tag::STR
                && v.tag != tag::NIL
                && let Place::Slot(slot) = Table::place_of(table, (*key).as_ptr())
            {
                (*vm).lookups.fill((*table).header.word, (*key).as_ptr(), std::ptr::null(), slot * 16);
            }
            next!(vm, pc, base, k, t, 1)
        }
        get_index_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_index_mid(vm, pc, base, k, t) {
        match store_present(reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3)) {
            Store::Done => next!(vm, pc, base, k, t, 1),
            Store::Absent => set_index_new::<D>(vm, pc, base, k, t),
            Store::Other => set_index_other::<D>(vm, pc, base, k, t),
        }
    }
    /// A key that a plain table does not have, and that goes to its main position.
    #[inline(never)]
    fn set_index_new(vm, pc, base, k, t) {
        let value = *reg(base, pc, 3);
        if value.is_nil() || Table::insert_at_home((*reg(base, pc, 1)).as_ptr(), *reg(base, pc, 2), value) {
            next!(vm, pc, base, k, t, 1)
        }
        set_index_colliding::<D>(vm, pc, base, k, t)
    }
    /// The same where another key is in the way, or there is no room.
    #[inline(never)]
    fn set_index_colliding(vm, pc, base, k, t) {
        if Table::insert_anywhere((*reg(base, pc, 1)).as_ptr(), *reg(base, pc, 2), *reg(base, pc, 3)) {
            next!(vm, pc, base, k, t, 1)
        }
        set_index_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_index_other(vm, pc, base, k, t) {
        if store_plain(reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3)) {
            next!(vm, pc, base, k, t, 1)
        }
        set_index_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_index_k_mid(vm, pc, base, k, t) {
        match store_present(reg(base, pc, 1), reg(base, pc, 2), konst(k, pc, 3)) {
            Store::Done => next!(vm, pc, base, k, t, 1),
            Store::Absent => set_index_k_new::<D>(vm, pc, base, k, t),
            Store::Other => set_index_k_other::<D>(vm, pc, base, k, t),
        }
    }
    /// A key that a plain table does not have, and that goes to its main position.
    #[inline(never)]
    fn set_index_k_new(vm, pc, base, k, t) {
        let value = *konst(k, pc, 3);
        if value.is_nil() || Table::insert_at_home((*reg(base, pc, 1)).as_ptr(), *reg(base, pc, 2), value) {
            next!(vm, pc, base, k, t, 1)
        }
        set_index_k_colliding::<D>(vm, pc, base, k, t)
    }
    /// The same where another key is in the way, or there is no room.
    #[inline(never)]
    fn set_index_k_colliding(vm, pc, base, k, t) {
        if Table::insert_anywhere((*reg(base, pc, 1)).as_ptr(), *reg(base, pc, 2), *konst(k, pc, 3)) {
            next!(vm, pc, base, k, t, 1)
        }
        set_index_k_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_index_k_other(vm, pc, base, k, t) {
        if store_plain(reg(base, pc, 1), reg(base, pc, 2), konst(k, pc, 3)) {
            next!(vm, pc, base, k, t, 1)
        }
        set_index_k_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn self_string(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        let name: *mut Str = (*konst(k, pc, 3)).as_ptr();
        let v = (*vm).string_method(name, pc.cast_mut());
        if v.tag != tag::NIL {
            let window = reg(base, pc, 1);
            copy(window.add(2), object);
            *window = v;
            next!(vm, pc, base, k, t, 3)
        }
        self_field_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_field_mid(vm, pc, base, k, t) {
        if set_looked_up(vm, pc, reg(base, pc, 1), (*konst(k, pc, 2)).as_ptr(), reg(base, pc, 3)) {
            next!(vm, pc, base, k, t, 3)
        }
        set_field_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_field_k_mid(vm, pc, base, k, t) {
        if set_looked_up(vm, pc, reg(base, pc, 1), (*konst(k, pc, 2)).as_ptr(), konst(k, pc, 3)) {
            next!(vm, pc, base, k, t, 3)
        }
        set_field_k_slow::<D>(vm, pc, base, k, t)
    }
}

/// Reads of fields by way of the lookup cache: its first way, and its second in a handler of its own. What is not a table goes to
/// `$other`.
macro_rules! looked_up_reads {
    ($($mid:ident $far:ident $slow:ident $other:ident $learn:ident $give:ident;)*) => { handlers! { $(
        #[inline(never)]
        fn $mid(vm, pc, base, k, t) {
            let object = reg(base, pc, 2);
            if (*object).tag == tag::TABLE {
                let table: *const Table = (*object).as_ptr();
                if let Some(known) = (*vm).lookups.find_in::<0>((*table).header.word, (*konst(k, pc, 3)).as_ptr()) {
                    let slot = known.slot(table);
                    if (*slot).tag != tag::NIL && $learn(pc, known) {
                        $give(reg(base, pc, 1), reg(base, pc, 2), slot);
                        next!(vm, pc, base, k, t, 3)
                    }
                }
                return $far::<D>(vm, pc, base, k, t);
            }
            $other::<D>(vm, pc, base, k, t)
        }
        #[inline(never)]
        fn $far(vm, pc, base, k, t) {
            let table: *const Table = (*reg(base, pc, 2)).as_ptr();
            if let Some(known) = (*vm).lookups.find_in::<1>((*table).header.word, (*konst(k, pc, 3)).as_ptr()) {
                let slot = known.slot(table);
                if (*slot).tag != tag::NIL && $learn(pc, known) {
                    $give(reg(base, pc, 1), reg(base, pc, 2), slot);
                    next!(vm, pc, base, k, t, 3)
                }
            }
            $slow::<D>(vm, pc, base, k, t)
        }
    )* } };
}

looked_up_reads! {
    get_field_mid get_field_far get_field_slow get_field_slow learn_own give_field;
    get_field_proto_mid get_field_proto_far get_field_slow get_field_slow learn_holder give_field;
    self_field_mid self_field_far self_field_slow self_field_other learn_own give_method;
    self_field_proto_mid self_field_proto_far self_field_slow self_field_slow learn_holder give_method;
}

#[inline(always)]
unsafe fn give_field(to: *mut Value, _object: *const Value, slot: *const Value) {
    copy(to, slot);
}

/// A method goes into the call window, and the receiver is its first argument.
#[inline(always)]
unsafe fn give_method(window: *mut Value, object: *const Value, slot: *const Value) {
    copy(window.add(2), object);
    copy(window, slot);
}

handlers! {
    /// Methods of strings: the string metatable's `__index` table, whose shape the inline cache holds as if it were the
    /// receiver's.
    #[inline(never)]
    fn self_field_other(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::STR {
            let methods = (*vm).string_index;
            if !methods.is_null() && cached_shape(methods, pc) {
                let slot = cached_slot(methods, pc);
                if (*slot).tag != tag::NIL {
                    give_method(reg(base, pc, 1), object, slot);
                    next!(vm, pc, base, k, t, 3)
                }
            }
            return self_string::<D>(vm, pc, base, k, t);
        }
        self_userdata::<D>(vm, pc, base, k, t)
    }
    /// Methods of userdata: the metatable's `__index` table likewise.
    #[inline(never)]
    fn self_userdata(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::USERDATA {
            let meta = (*(*object).as_ptr::<Userdata>()).meta;
            if !meta.is_null()
                && let Some(known) = (*vm).lookups.find_in::<0>((*meta).header.word, (*vm).event_key(Event::Index))
                && known.holder.is_null()
            {
                let index = known.slot(meta);
                if (*index).tag == tag::TABLE {
                    let methods: *const Table = (*index).as_ptr();
                    if cached_shape(methods, pc) {
                        let slot = cached_slot(methods, pc);
                        if (*slot).tag != tag::NIL {
                            give_method(reg(base, pc, 1), object, slot);
                            next!(vm, pc, base, k, t, 3)
                        }
                    }
                }
            }
        }
        self_field_slow::<D>(vm, pc, base, k, t)
    }
}

/// The table of a `set_list` of `count` elements, not 0, if they go behind its last one and there is room.
#[inline(always)]
unsafe fn list_target(target: *const Value, pc: *const u64, count: usize) -> Option<*mut Table> {
    if (*target).tag != tag::TABLE {
        return None;
    }
    let table: *mut Table = (*target).as_ptr();
    let start = *pc.add(1).cast::<u32>();
    let fits = count != 0
        && (*table).header.gc & GC_BARRIER == 0
        && !(*table).has_hash()
        && start == (*table).len + 1
        && (*table).len as usize + count <= (*table).capacity as usize;
    fits.then_some(table)
}

/// Appends elements for which there is room.
#[inline(always)]
unsafe fn fill_list(table: *mut Table, from: *const Value, count: usize) {
    let len = (*table).len as usize;
    for i in 0..count {
        Table::array_put(table, len + i + 1, *from.add(i));
    }
    (*table).len = (len + count) as u32;
    (*table).header.aux |= flag::FRESH;
}

/// Whether a store into a value is plain: it is a table without a metatable, no barrier is due and no cache relies on
/// it. What is not collectable needs no barrier; large tables keep asking for it, and would take the slow path for every number.
#[inline(always)]
unsafe fn is_plain(object: *const Value, key: *const Value, value: *const Value) -> bool {
    if (*object).tag != tag::TABLE {
        return false;
    }
    let table: *const Table = (*object).as_ptr();
    let collectable = ((*key).tag | (*value).tag) & tag::COLLECTABLE != 0;
    (!collectable || (*table).header.gc & GC_BARRIER == 0)
        && (*table).meta.is_null()
        && (*table).header.aux & flag::WATCHED == 0
}

/// What came of a store into a plain table.
enum Store {
    /// It is done.
    Done,
    /// The key, an integer or an interned string, has no place in the table yet.
    Absent,
    /// It is of another kind.
    Other,
}

impl Store {
    #[inline(always)]
    fn found(done: bool) -> Store {
        if done { Store::Done } else { Store::Absent }
    }
}

/// Stores into a plain table over a key of the hash part that is there, or behind the last element where there is room.
#[inline(always)]
unsafe fn store_present(object: *const Value, key: *const Value, value: *const Value) -> Store {
    if !is_plain(object, key, value) {
        return Store::Other;
    }
    let table: *mut Table = (*object).as_ptr();
    if (*key).tag == tag::INT {
        let len = u64::from((*table).len);
        let at = (*key).payload.wrapping_sub(1);
        if at == len {
            let tag = (*value).tag;
            if len >= u64::from((*table).capacity) || tag == tag::NIL || (*table).has_hash() {
                return Store::Other;
            }
            Table::array_put(table, len as usize + 1, *value);
            (*table).len = len as u32 + 1;
            return Store::Done;
        }
        if at < len {
            // The handler left it for the sake of the barrier, or for a nil.
            let tag = (*table).array.add(at as usize);
            if *tag == tag::NIL || (*value).is_nil() {
                return Store::Other;
            }
            Table::array_put(table, at as usize + 1, *value);
            return Store::Done;
        }
        return Store::found(Table::put_hashed_int(table, (*key).as_i64(), *value));
    }
    if (*key).tag == tag::STR {
        let name: *const Str = (*key).as_ptr();
        // Stores of events' keys are the general path's.
        if (*table).is_dictionary() && (*name).header.aux & (STR_LONG | STR_EVENT) == 0 {
            return Store::found(Table::put_short(table, name, *value));
        }
    }
    Store::Other
}

/// Stores into a plain table what needs no growth; false if this is another kind of store.
#[inline(always)]
unsafe fn store_plain(object: *const Value, key: *const Value, value: *const Value) -> bool {
    is_plain(object, key, value) && Table::put_plain((*object).as_ptr(), *key, *value)
}

/// Teaches a site for own slots what the lookup cache knows: a site that sees many shapes is taught at each miss, a store of a
/// word. False if the slow path must do it: a site that reads through another table has another form, and is listed.
#[inline(always)]
unsafe fn learn_own(pc: *const u64, known: &Entry) -> bool {
    let cache = pc.add(1).cast_mut();
    if known.holder.is_null() {
        *cache = known.word;
        return true;
    }
    *cache.cast::<u32>() != 0
}

/// The same for a site that reads through another table. Once listed, it stays so until its cache is cleared.
#[inline(always)]
unsafe fn learn_holder(pc: *const u64, known: &Entry) -> bool {
    let cache = pc.add(1).cast_mut();
    if *cache.cast::<u32>() == 0 {
        return false;
    }
    if !known.holder.is_null() {
        *cache = known.word;
        *cache.add(1) = known.holder as u64;
    }
    true
}

/// Overwrites a field that the lookup cache knows and that is not nil (so that no `__newindex` has a say), and teaches the site.
/// One that relies on a metatable must be listed, which the slow path does.
#[inline(always)]
unsafe fn set_looked_up(
    vm: *mut Vm,
    pc: *const u64,
    object: *const Value,
    name: *const Str,
    value: *const Value,
) -> bool {
    if (*object).tag != tag::TABLE {
        return false;
    }
    let table: *mut Table = (*object).as_ptr();
    if (*table).header.gc & GC_BARRIER != 0 || crate::vm::is_event_key(name) {
        return false;
    }
    let Some(known) = (*vm).lookups.find((*table).header.word, name) else {
        return false;
    };
    let slot = known.slot(table);
    if !known.holder.is_null() || (*slot).tag == tag::NIL {
        return false;
    }
    let cache = pc.add(1).cast_mut();
    if (*table).meta.is_null() && field(pc, 0) != Opcode::SetFieldAdd as u16 {
        *cache = known.word;
    } else if *cache.cast::<u32>() == 0 {
        return false;
    }
    copy(slot, value);
    true
}
