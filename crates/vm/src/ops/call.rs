//! Handlers of calls, returns and varargs.

use super::*;
use crate::frame::flag as frame_flag;
use crate::metacall::{FINISHES, Use};
use crate::object::Native;

/// Goes on in a function whose frame is ready.
macro_rules! enter {
    ($vm:ident, $proto:ident, $base:ident, $t:ident) => {{
        if D::METERED && pay(&mut (*$vm).fuel, -i64::from((*$proto).words)) {
            return out_of_fuel::<D>($vm, (*$proto).code, $base, (*$proto).constants, $t);
        }
        return D::next($vm, (*$proto).code, $base, (*$proto).constants, table_of($vm));
    }};
}

handlers! {
    fn call(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let proto = (*(*window).as_ptr::<Closure>()).proto;
            let new = window.add(HEADER_SLOTS);
            if (*proto).arity == u32::from(field(pc, 2)) && new.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit {
                let w = new.cast::<u8>();
                w.offset(offset::TAG_KIND).cast::<u32>().write(TAGGED_CALL1);
                w.offset(offset::DISTANCE).cast::<u32>().write(u32::from(field(pc, 1)) + 32);
                w.offset(offset::RETURN_PC).cast::<*const u64>().write(pc.add(1));
                w.offset(offset::RETURN_K).cast::<*const Value>().write(k);
                enter!(vm, proto, new, t)
            }
        }
        call_mid::<D>(vm, pc, base, k, t)
    }
    fn call_0(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let proto = (*(*window).as_ptr::<Closure>()).proto;
            let new = window.add(HEADER_SLOTS);
            if (*proto).arity == u32::from(field(pc, 2)) && new.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit {
                let w = new.cast::<u8>();
                w.offset(offset::TAG_KIND).cast::<u32>().write(TAGGED_CALL0);
                w.offset(offset::DISTANCE).cast::<u32>().write(u32::from(field(pc, 1)) + 32);
                w.offset(offset::RETURN_PC).cast::<*const u64>().write(pc.add(1));
                w.offset(offset::RETURN_K).cast::<*const Value>().write(k);
                enter!(vm, proto, new, t)
            }
        }
        call_0_mid::<D>(vm, pc, base, k, t)
    }
    fn call_n(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let proto = (*(*window).as_ptr::<Closure>()).proto;
            let new = window.add(HEADER_SLOTS);
            if (*proto).arity == u32::from(field(pc, 2)) && new.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit {
                let w = new.cast::<u8>();
                w.offset(offset::TAG_KIND).cast::<u32>().write(TAGGED_CALLN);
                w.offset(offset::DISTANCE).cast::<u32>().write(u32::from(field(pc, 1)) + 32);
                w.offset(offset::RETURN_PC).cast::<*const u64>().write(pc.add(1));
                w.offset(offset::RETURN_K).cast::<*const Value>().write(k);
                enter!(vm, proto, new, t)
            }
        }
        call_n_mid::<D>(vm, pc, base, k, t)
    }
    fn call_open(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let proto = (*(*window).as_ptr::<Closure>()).proto;
            let new = window.add(HEADER_SLOTS);
            let (fixed, open) = (field(pc, 2) as usize, (*vm).open_count);
            if (*proto).arity as usize == fixed + open && new.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit {
                place_open(vm, new.add(fixed));
                let w = new.cast::<u8>();
                w.offset(offset::TAG_KIND).cast::<u32>().write(TAGGED_CALLN);
                w.offset(offset::DISTANCE).cast::<u32>().write(u32::from(field(pc, 1)) + 32);
                w.offset(offset::RETURN_PC).cast::<*const u64>().write(pc.add(1));
                w.offset(offset::RETURN_K).cast::<*const Value>().write(k);
                enter!(vm, proto, new, t)
            }
        }
        call_open_slow::<D>(vm, pc, base, k, t)
    }
    fn tail_call(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let closure: *mut Closure = (*window).as_ptr();
            let proto = (*closure).proto;
            let frame = base.cast::<u8>();
            if (*proto).arity == u32::from(field(pc, 2))
                && base.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit
                && *frame.offset(offset::FLAGS) & frame_flag::VARARG == 0
                && (!D::METERED || says_behind(pc))
            {
                if D::METERED {
                    pay(&mut (*vm).fuel, i64::from(field(pc, 3)));
                }
                // The frame's header stays, but for the callee.
                frame.offset(offset::CALLEE).cast::<*mut Closure>().write(closure);
                frame.offset(offset::FLAGS).write(frame_flag::TAIL);
                let mut i = 0;
                while i < field(pc, 2) as usize {
                    copy(base.add(i), window.add(HEADER_SLOTS + i));
                    i += 1;
                }
                enter!(vm, proto, base, t)
            }
        }
        tail_call_mid::<D>(vm, pc, base, k, t)
    }
    fn tail_call_open(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let closure: *mut Closure = (*window).as_ptr();
            let proto = (*closure).proto;
            let frame = base.cast::<u8>();
            let (fixed, open) = (field(pc, 2) as usize, (*vm).open_count);
            if (*proto).arity as usize == fixed + open
                && base.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit
                && *frame.offset(offset::FLAGS) & frame_flag::VARARG == 0
                && (!D::METERED || says_behind(pc))
            {
                if D::METERED {
                    pay(&mut (*vm).fuel, i64::from(field(pc, 3)));
                }
                frame.offset(offset::CALLEE).cast::<*mut Closure>().write(closure);
                frame.offset(offset::FLAGS).write(frame_flag::TAIL);
                let mut i = 0;
                while i < field(pc, 2) as usize {
                    copy(base.add(i), window.add(HEADER_SLOTS + i));
                    i += 1;
                }
                place_open(vm, base.add(fixed));
                enter!(vm, proto, base, t)
            }
        }
        tail_call_open_slow::<D>(vm, pc, base, k, t)
    }
    fn return_0(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        if *frame.offset(offset::KIND).cast::<u16>() == FrameKind::Call0 as u16 {
            if D::METERED {
                pay(&mut (*vm).fuel, behind_return(pc));
            }
            let back = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
            let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
            let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
            return D::next(vm, back, caller, k, t);
        }
        return_0_mid::<D>(vm, pc, base, k, t)
    }
    fn return_1(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        if *frame.offset(offset::KIND).cast::<u16>() == FrameKind::Call1 as u16 {
            if D::METERED {
                pay(&mut (*vm).fuel, behind_return(pc));
            }
            let src = reg(base, pc, 1);
            let (payload, tag) = ((*src).payload, (*src).tag);
            let back = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
            let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
            let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
            let dst = caller.byte_add(*back.cast::<u16>().sub(1) as usize);
            (*dst).payload = payload;
            (*dst).tag = tag;
            return D::next(vm, back, caller, k, t);
        }
        return_1_mid::<D>(vm, pc, base, k, t)
    }
    fn return_n(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        let back = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
        if *frame.offset(offset::KIND).cast::<u16>() == FrameKind::CallN as u16 {
            let count = field(pc, 2) as usize;
            if *back.cast::<u16>().sub(1) as usize == count && (!D::METERED || says_behind(pc)) {
                if D::METERED {
                    pay(&mut (*vm).fuel, i64::from(field(pc, 3)));
                }
                let first = reg(base, pc, 1);
                let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
                let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
                let window = caller.byte_add(*back.cast::<u16>().sub(3) as usize);
                let mut i = 0;
                while i < count {
                    copy(window.add(i), first.add(i));
                    i += 1;
                }
                return D::next(vm, back, caller, k, t);
            }
        }
        return_n_slow::<D>(vm, pc, base, k, t)
    }
    fn return_open(vm, pc, base, k, t) { return_open_slow::<D>(vm, pc, base, k, t) }
    fn vararg(vm, pc, base, k, t) { vararg_slow::<D>(vm, pc, base, k, t) }
    fn vararg_open(vm, pc, base, k, t) {
        let (start, count) = RegisterFrame(base).varargs();
        (*vm).open_start = start;
        (*vm).open_count = count;
        next!(vm, pc, base, k, t, 1)
    }
    fn vararg_table(vm, pc, base, k, t) { vararg_table_slow::<D>(vm, pc, base, k, t) }
    fn get_vararg(vm, pc, base, k, t) { get_vararg_slow::<D>(vm, pc, base, k, t) }
    fn vararg_from(vm, pc, base, k, t) { vararg_from_slow::<D>(vm, pc, base, k, t) }
    fn vararg_from_open(vm, pc, base, k, t) { vararg_from_open_slow::<D>(vm, pc, base, k, t) }

}

/// Copies the open values behind the fixed arguments. They lie above that place, where a callee left them, or all below it, as
/// extra arguments do. The count is read in each round: known, it would make a long loop that saves registers.
#[inline(always)]
unsafe fn place_open(vm: *const Vm, to: *mut Value) {
    let from = (*vm).open_start;
    let mut i = 0;
    while i < (*vm).open_count {
        copy(to.add(i), from.add(i));
        i += 1;
    }
}

const TAGGED_CALL1: u32 = tag::CLOSURE as u32 | (FrameKind::Call1 as u32) << 16;
const TAGGED_CALL0: u32 = tag::CLOSURE as u32 | (FrameKind::Call0 as u32) << 16;
const TAGGED_CALLN: u32 = tag::CLOSURE as u32 | (FrameKind::CallN as u32) << 16;

macro_rules! call_shells {
    ($($full:ident $kind:ident;)*) => { handlers! { $(
        /// The call of anything but a Lua function with as many parameters as arguments.
        #[inline(never)]
        fn $full(vm, pc, base, k, t) {
            (*vm).pc = pc;
            (*vm).base = base;
            (*vm).k = k;
            let window = reg(base, pc, 1);
            if (*window).tag == tag::NATIVE && !(*vm).heap.should_collect() {
                let frame = RegisterFrame(window.add(HEADER_SLOTS));
                frame.link(FrameKind::$kind, base, pc.add(1), k);
                (*vm).base = frame.0;
                let native: *mut Native = (*window).as_ptr();
                let flow = ((*native).run)(vm, native, field(pc, 2) as usize);
                return resume::<D>(vm, flow);
            }
            let flow = (*vm).call_slow(FrameKind::$kind, false);
            resume::<D>(vm, flow)
        }
    )* } };
}

call_shells! {
    call_full Call1;
    call_0_full Call0;
    call_n_full CallN;
}

macro_rules! watched_shells {
    ($($watched:ident $kind:ident;)*) => { handlers! { $(
        /// The call while hooks watch calls: no shortcuts.
        #[cold]
        #[inline(never)]
        fn $watched(vm, pc, base, k, t) {
            (*vm).pc = pc;
            (*vm).base = base;
            (*vm).k = k;
            let flow = (*vm).call_slow(FrameKind::$kind, false);
            resume::<D>(vm, flow)
        }
    )* } };
}

watched_shells! {
    call_watched Call1;
    call_0_watched Call0;
    call_n_watched CallN;
}

handlers! {
    /// The return while hooks watch returns.
    #[cold]
    #[inline(never)]
    fn return_1_watched(vm, pc, base, k, t) {
        (*vm).pc = pc;
        (*vm).base = base;
        (*vm).k = k;
        let flow = (*vm).return_slow(reg(base, pc, 1), 1);
        resume::<D>(vm, flow)
    }
}

/// Moves the open values, which a shortcut left, to where the call wants them.
macro_rules! answer_shells {
    ($($answered:ident $kind:ident;)*) => { handlers! { $(
        #[inline(never)]
        fn $answered(vm, pc, base, k, t) {
            let flow = (*vm).take_answer(FrameKind::$kind, reg(base, pc, 1), Answer::MANY);
            resume::<D>(vm, flow)
        }
    )* } };
}

answer_shells! {
    call_answered Call1;
    call_n_answered CallN;
    tail_call_answered TailNative;
}

/// Asks a shortcut of the callee in the window. Only the VM outlives that: the state is read again from it.
macro_rules! ask {
    ($vm:ident, $pc:ident, $base:ident, $k:ident, $full:ident) => {{
        let window = reg($base, $pc, 1);
        if (*window).tag != tag::NATIVE {
            return $full::<D>($vm, $pc, $base, $k, table_of($vm));
        }
        (*$vm).pc = $pc;
        (*$vm).base = $base;
        (*$vm).k = $k;
        let answer = Vm::shortcut($vm, window, field($pc, 2) as usize);
        if answer == Answer::DECLINED {
            return $full::<D>($vm, (*$vm).pc, (*$vm).base, (*$vm).k, table_of($vm));
        }
        answer
    }};
}

handlers! {
    #[inline(never)]
    fn call_mid(vm, pc, base, k, t) {
        let answer = ask!(vm, pc, base, k, call_full);
        let (pc, base, k) = ((*vm).pc, (*vm).base, (*vm).k);
        if answer == Answer::ONE {
            copy(reg(base, pc, 3), reg(base, pc, 1));
            return D::next(vm, pc.add(1), base, k, table_of(vm));
        }
        call_answered::<D>(vm, pc, base, k, table_of(vm))
    }
    #[inline(never)]
    fn call_0_mid(vm, pc, base, k, t) {
        ask!(vm, pc, base, k, call_0_full);
        D::next(vm, (*vm).pc.add(1), (*vm).base, (*vm).k, table_of(vm))
    }
    #[inline(never)]
    fn call_n_mid(vm, pc, base, k, t) {
        let answer = ask!(vm, pc, base, k, call_n_full);
        let (pc, base, k) = ((*vm).pc, (*vm).base, (*vm).k);
        if answer == Answer::ONE {
            (*vm).open_start = reg(base, pc, 1);
            (*vm).open_count = 1;
            if field(pc, 3) == OPEN {
                return D::next(vm, pc.add(1), base, k, table_of(vm));
            }
        }
        call_n_answered::<D>(vm, pc, base, k, table_of(vm))
    }
    #[inline(never)]
    fn tail_call_mid(vm, pc, base, k, t) {
        let answer = ask!(vm, pc, base, k, tail_call_full);
        let (pc, base, k) = ((*vm).pc, (*vm).base, (*vm).k);
        if answer == Answer::ONE {
            if !D::METERED {
                return return_1::<D>(vm, pc, base, k, table_of(vm));
            }
            // The account needs what stands behind this instruction, which is no `return_1`.
            (*vm).open_start = reg(base, pc, 1);
            (*vm).open_count = 1;
        }
        tail_call_answered::<D>(vm, pc, base, k, table_of(vm))
    }
    #[inline(never)]
    fn tail_call_full(vm, pc, base, k, t) {
        (*vm).pc = pc;
        (*vm).base = base;
        (*vm).k = k;
        let flow = (*vm).tail_call_slow(false);
        resume::<D>(vm, flow)
    }
    /// The return to the host, or of a metamethod to the store that it serves.
    #[inline(never)]
    fn return_0_mid(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        if !D::METERED && leaves(vm, base) {
            (*vm).open_start = base;
            (*vm).open_count = 0;
            (*vm).exit = true;
            return;
        }
        if !D::METERED && *frame.offset(offset::KIND).cast::<u16>() == FrameKind::Finish as u16 {
            let at = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
            let finish = FINISHES[field(at, 0) as usize];
            if finish.what == Use::Drop {
                let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
                let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
                return D::next(vm, at.add(finish.words as usize), caller, k, t);
            }
        }
        return_0_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn return_1_mid(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        if leaves(vm, base) {
            if D::METERED {
                pay(&mut (*vm).fuel, behind_return(pc));
            }
            (*vm).open_start = reg(base, pc, 1);
            (*vm).open_count = 1;
            (*vm).exit = true;
            return;
        }
        if *frame.offset(offset::KIND).cast::<u16>() == FrameKind::CallN as u16 {
            let src = reg(base, pc, 1);
            let back = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
            let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
            let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
            let wanted = *back.cast::<u16>().sub(1);
            if D::METERED {
                pay(&mut (*vm).fuel, behind_return(pc));
            }
            if wanted == OPEN {
                (*vm).open_start = src;
                (*vm).open_count = 1;
            } else if wanted > 0 {
                let window = caller.byte_add(*back.cast::<u16>().sub(3) as usize);
                copy(window, src);
                let mut i = 1;
                while i < wanted as usize {
                    (*window.add(i)).tag = tag::NIL;
                    i += 1;
                }
            }
            return D::next(vm, back, caller, k, t);
        }
        return_1_finish::<D>(vm, pc, base, k, t)
    }
    /// The return of a metamethod to the instruction that it serves.
    #[inline(never)]
    fn return_1_finish(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        // A comparison's result may be negated where `<` stands in for `<=`.
        if !D::METERED
            && *frame.offset(offset::KIND).cast::<u16>() == FrameKind::Finish as u16
            && !(*vm).std.less_stands_in_for_less_equal()
        {
            let at = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
            let finish = FINISHES[field(at, 0) as usize];
            if finish.what != Use::Other {
                let result = reg(base, pc, 1);
                let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
                let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
                if finish.what == Use::Store {
                    copy(reg(caller, at, 1), result);
                } else if finish.what != Use::Drop {
                    jump_if!((*result).truthy() == (finish.what == Use::JumpIf), vm, at, caller, k, t)
                }
                return D::next(vm, at.add(finish.words as usize), caller, k, t);
            }
        }
        (*vm).pc = pc;
        (*vm).base = base;
        (*vm).k = k;
        let flow = (*vm).return_slow(reg(base, pc, 1), 1);
        resume::<D>(vm, flow)
    }
}

/// Whether a return is one to the host, which puts its own state back and wants the values alone. No hook sees it.
#[inline(always)]
unsafe fn leaves(vm: *const Vm, base: *const Value) -> bool {
    *base.cast::<u8>().offset(offset::KIND).cast::<u16>() == FrameKind::Entry as u16 && (*vm).hook_mask == 0
}

const _: () = assert!(ARITY_VARARG > u16::MAX as u32);
