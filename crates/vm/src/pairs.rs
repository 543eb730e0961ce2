//! Pairs: two instructions that often follow each other run by one handler, without a dispatch between them.
//!
//! A pair is a number behind those of the instruction table, which the VM writes over the first instruction in its own copy of the
//! code. Nothing else changes: the words of both stay as they are, so that a jump to the second finds it, and whoever reads code
//! sees the first by [`opcode_at`]. The handler runs the first instruction's fast path and goes on in the second's
//! handler; where the first has no fast path, it goes on in the first's plain handler, which dispatches as ever.
//!
//! What a pair saves is a load of a number, one of an address and an indirect jump. A pair with a link also keeps the value between the
//! two in a register: through memory it takes some seven cycles to arrive. A few triples do the same for variables that change by a number.

use crate::call::field;
use perilune_bytecode::{Opcode, jump_at};

/// Which operand of the second instruction the first's result is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Any or none.
    Free,
    /// The left one; what `set_upvalue` stores; the right one of a branch.
    Lhs,
    /// The right one; what `set_field` stores.
    Rhs,
    /// The value of a return, or the left one of a branch.
    Src,
}

/// Calls `$m!` with all pairs: `handler = First Second link;`.
macro_rules! for_each_pair {
    ($m:path) => {
        $m! {
            add_add_lhs = Add Add Lhs;
            add_add_rhs = Add Add Rhs;
            add_sub_lhs = Add Sub Lhs;
            add_sub_rhs = Add Sub Rhs;
            add_mul_lhs = Add Mul Lhs;
            add_mul_rhs = Add Mul Rhs;
            sub_add_lhs = Sub Add Lhs;
            sub_add_rhs = Sub Add Rhs;
            sub_sub_lhs = Sub Sub Lhs;
            sub_sub_rhs = Sub Sub Rhs;
            sub_mul_lhs = Sub Mul Lhs;
            sub_mul_rhs = Sub Mul Rhs;
            mul_add_lhs = Mul Add Lhs;
            mul_add_rhs = Mul Add Rhs;
            mul_sub_lhs = Mul Sub Lhs;
            mul_sub_rhs = Mul Sub Rhs;
            mul_mul_lhs = Mul Mul Lhs;
            mul_mul_rhs = Mul Mul Rhs;
            add_add_i = Add AddI Lhs;
            add_mod_k = Add ModK Lhs;
            add_div_k = Add DivK Lhs;
            add_i_mul_lhs = AddI Mul Lhs;
            add_i_mul_rhs = AddI Mul Rhs;
            mul_div_k = Mul DivK Lhs;
            mul_k_add_lhs = MulK Add Lhs;
            div_k_add_lhs = DivK Add Lhs;
            mod_k_add_lhs = ModK Add Lhs;
            mod_k_add_i = ModK AddI Lhs;
            shl_bor_rhs = Shl BOr Rhs;
            bor_band_k = BOr BAndK Lhs;
            add_jump_le = Add JumpLe Src;
            get_index_jump_lt = GetIndex JumpLt Src;
            get_index_jump_not_lt = GetIndex JumpNotLt Src;
            get_index_jump_gt = GetIndex JumpLt Lhs;
            get_index_jump_not_gt = GetIndex JumpNotLt Lhs;
            add_return_1 = Add Return1 Src;
            add_i_return_1 = AddI Return1 Src;
            sub_return_1 = Sub Return1 Src;
            mul_return_1 = Mul Return1 Src;
            div_return_1 = Div Return1 Src;
            mod_k_return_1 = ModK Return1 Src;
            band_k_return_1 = BAndK Return1 Src;
            get_upvalue_return_1 = GetUpvalue Return1 Src;
            get_field_return_1 = GetField Return1 Src;
            get_index_return_1 = GetIndex Return1 Src;
            load_false_return_1 = LoadFalse Return1 Src;
            load_true_return_1 = LoadTrue Return1 Src;
            get_upvalue_get_upvalue = GetUpvalue GetUpvalue Free;
            get_upvalue_move = GetUpvalue Move Free;
            get_upvalue_get_index = GetUpvalue GetIndex Free;
            get_upvalue_get_field = GetUpvalue GetField Free;
            get_upvalue_add = GetUpvalue Add Free;
            get_upvalue_add_i = GetUpvalue AddI Free;
            get_upvalue_sub_i = GetUpvalue SubI Free;
            get_upvalue_mul_k = GetUpvalue MulK Free;
            get_upvalue_mod = GetUpvalue Mod Free;
            move_move = Move Move Free;
            move_call = Move Call Free;
            move_call_0 = Move Call0 Free;
            move_call_n = Move CallN Free;
            move_jump = Move Jump Free;
            load_int_move = LoadInt Move Free;
            load_float_mul = LoadFloat Mul Free;
            load_float_jump_le = LoadFloat JumpLe Free;
            load_int_div = LoadInt Div Free;
            load_int_sub = LoadInt Sub Free;
            load_true_jump_lt = LoadTrue JumpLt Free;
            get_index_get_index = GetIndex GetIndex Free;
            get_index_set_index = GetIndex SetIndex Free;
            get_index_add = GetIndex Add Free;
            get_index_mul = GetIndex Mul Free;
            get_index_jump_if = GetIndex JumpIf Free;
            get_index_jump_if_not = GetIndex JumpIfNot Free;
            get_int_get_int = GetInt GetInt Free;
            get_int_jump_if_not = GetInt JumpIfNot Free;
            get_index_get_field = GetIndex GetField Free;
            set_index_set_index = SetIndex SetIndex Free;
            set_index_k_set_index_k = SetIndexK SetIndexK Free;
            set_index_for_loop = SetIndex ForLoop Free;
            set_index_k_for_loop = SetIndexK ForLoop Free;
            get_field_get_field = GetField GetField Free;
            get_field_add = GetField Add Free;
            get_field_sub = GetField Sub Free;
            get_field_add_i = GetField AddI Free;
            get_field_mul = GetField Mul Free;
            get_field_jump_if = GetField JumpIf Free;
            get_field_jump_if_not = GetField JumpIfNot Free;
            add_for_loop = Add ForLoop Free;
            add_get_index = Add GetIndex Free;
            mul_add_i = Mul AddI Free;
            sub_i_jump_lt = SubI JumpLt Free;
            add_i_add = AddI Add Free;
            add_i_get_index = AddI GetIndex Free;
            add_i_set_index = AddI SetIndex Free;
            add_i_set_upvalue = AddI SetUpvalue Free;
            add_i_jump_ne_i = AddI JumpNeI Free;
            sub_i_move = SubI Move Free;
            sub_i_call = SubI Call Free;
            sub_i_band = SubI BAnd Free;
            mul_k_mod_k = MulK ModK Free;
            mod_k_set_upvalue = ModK SetUpvalue Free;
            band_add_i = BAnd AddI Free;
        }
    };
}
pub(crate) use for_each_pair;

macro_rules! define_pairs {
    ($($handler:ident = $first:ident $second:ident $link:ident;)*) => {
        const PAIRS: &[(Opcode, Opcode, Link)] = &[$((Opcode::$first, Opcode::$second, Link::$link)),*];
    };
}
for_each_pair!(define_pairs);

/// Calls `$m!` with all triples: `handler = First Second link Third link;`. What changes a variable by a number, sums of products, and the
/// ends of commonest calls.
macro_rules! for_each_triple {
    ($m:path) => {
        $m! {
            get_upvalue_add_i_set_upvalue = GetUpvalue AddI Lhs SetUpvalue Lhs;
            get_field_add_i_set_field = GetField AddI Lhs SetField Rhs;
            get_field_add_set_field = GetField Add Lhs SetField Rhs;
            get_index_mul_add = GetIndex Mul Rhs Add Rhs;
            move_move_call = Move Move Free Call Free;
            get_upvalue_move_call = GetUpvalue Move Free Call Free;
            get_upvalue_sub_i_call = GetUpvalue SubI Free Call Free;
        }
    };
}
pub(crate) use for_each_triple;

macro_rules! define_triples {
    ($($handler:ident = $first:ident $second:ident $link:ident $third:ident $other:ident;)*) => {
        const TRIPLES: &[([Opcode; 3], [Link; 2])] =
            &[$(([Opcode::$first, Opcode::$second, Opcode::$third], [Link::$link, Link::$other])),*];
    };
}
for_each_triple!(define_triples);

/// How many numbers a dispatch table knows.
pub(crate) const NUMBERS: usize = Opcode::COUNT + PAIRS.len() + TRIPLES.len();

/// The number of each number's plain instruction.
const PLAIN: [Opcode; NUMBERS] = {
    let mut plain = [Opcode::Move; NUMBERS];
    let mut i = 0;
    while i < NUMBERS {
        plain[i] = if i < Opcode::COUNT {
            Opcode::ALL[i]
        } else if i < Opcode::COUNT + PAIRS.len() {
            PAIRS[i - Opcode::COUNT].0
        } else {
            TRIPLES[i - Opcode::COUNT - PAIRS.len()].0[0]
        };
        i += 1;
    }
    plain
};

/// The first pair of each first instruction in [`PAIRS`], where pairs of one first instruction need not stand together; past the end for none.
const FIRST_PAIR: [u8; Opcode::COUNT] = {
    assert!(PAIRS.len() < u8::MAX as usize);
    let mut first = [u8::MAX; Opcode::COUNT];
    let mut i = PAIRS.len();
    while i > 0 {
        i -= 1;
        first[PAIRS[i].0 as usize] = i as u8;
    }
    first
};

/// The next pair of the same first instruction, past the end for none.
const NEXT_PAIR: [u8; PAIRS.len()] = {
    let mut next = [u8::MAX; PAIRS.len()];
    let mut last = [u8::MAX; Opcode::COUNT];
    let mut i = PAIRS.len();
    while i > 0 {
        i -= 1;
        next[i] = last[PAIRS[i].0 as usize];
        last[PAIRS[i].0 as usize] = i as u8;
    }
    next
};

/// The plain instruction of a number.
pub(crate) const fn plain(number: usize) -> Opcode {
    PLAIN[number]
}

/// The instruction at `pc`, of a pair the first.
///
/// # Safety
/// F1
pub(crate) unsafe fn opcode_at(pc: *const u64) -> Opcode {
    plain(usize::from(field(pc, 0)))
}

/// Writes pairs over the first of their instructions, in verified code. A pair does not reach over the head of a loop, so that the
/// loop begins with a pair of its own.
pub(crate) fn pair_up(code: &mut [u64]) {
    let opcode = |word: u64| plain(usize::from(word as u16));
    let mut heads = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let op = opcode(code[at]);
        let next = at + words(op, code, at);
        if let Some(by) = jump_at(code, at)
            && by < 0
            && let Some(head) = next.checked_add_signed(by as isize)
        {
            heads.push(head);
        }
        at = next;
    }
    heads.sort_unstable();
    let mut at = 0;
    while at < code.len() {
        let first = opcode(code[at]);
        let mut next = at + words(first, code, at);
        if let Some((triple, end)) = triple_at(code, at)
            && heads.partition_point(|&head| head < next) == heads.partition_point(|&head| head < end)
        {
            code[at] = code[at] & !0xFFFF | (Opcode::COUNT + PAIRS.len() + triple) as u64;
            at = end;
            continue;
        }
        let is_head = |place: usize| heads.binary_search(&place).is_ok();
        if next < code.len()
            && let Some(pair) = pair_of(code, at, next)
            && !is_head(next)
        {
            let second = opcode(code[next]);
            let third = next + words(second, code, next);
            // The second serves better in a pair with a link, or in a triple.
            let better = PAIRS[pair].2 == Link::Free
                && third < code.len()
                && !is_head(third)
                && (pair_of(code, next, third).is_some_and(|pair| PAIRS[pair].2 != Link::Free)
                    || triple_at(code, next).is_some());
            if !better {
                code[at] = code[at] & !0xFFFF | (Opcode::COUNT + pair) as u64;
                next = third;
            }
        }
        at = next;
    }
}

/// The length in words of the instruction at `at`.
fn words(op: Opcode, code: &[u64], at: usize) -> usize {
    if op == Opcode::Closure {
        // The captures follow their count, the first field of the second word.
        let count = usize::from(code[at + 1] as u16);
        return (10 + 2 * count).div_ceil(8);
    }
    op.words()
}

/// The pair that the instructions at two places make.
fn pair_of(code: &[u64], at: usize, next: usize) -> Option<usize> {
    let opcode = |word: u64| plain(usize::from(word as u16));
    let (first, second) = (opcode(code[at]), opcode(code[next]));
    let mut pair = usize::from(FIRST_PAIR[first as usize]);
    while pair < PAIRS.len() && !fits(pair, second, code[at], code[next]) {
        pair = usize::from(NEXT_PAIR[pair]);
    }
    (pair < PAIRS.len()).then_some(pair)
}

/// The triple that begins at `at`, if one does, and where it ends.
fn triple_at(code: &[u64], at: usize) -> Option<(usize, usize)> {
    let opcode = |word: u64| plain(usize::from(word as u16));
    let first = opcode(code[at]);
    if !TRIPLES.iter().any(|triple| triple.0[0] == first) {
        return None;
    }
    let second_at = at + first.words();
    let second = opcode(*code.get(second_at)?);
    let third_at = second_at + words(second, code, second_at);
    let third = opcode(*code.get(third_at)?);
    let triple = TRIPLES.iter().position(|triple| triple.0 == [first, second, third])?;
    let [link, other] = TRIPLES[triple].1;
    let linked = link.holds(code[at], code[second_at]) && other.holds(code[second_at], code[third_at]);
    linked.then_some((triple, third_at + third.words()))
}

/// Whether the second instruction of a pair is the one in `next`, and its operands what the pair wants.
fn fits(pair: usize, second: Opcode, word: u64, next: u64) -> bool {
    PAIRS[pair].1 == second && PAIRS[pair].2.holds(word, next)
}

impl Link {
    /// Whether the instruction in `next` has the result of that in `word` as this operand.
    fn holds(self, word: u64, next: u64) -> bool {
        let operand = |word: u64, i: usize| (word >> (16 * i)) as u16;
        let result = operand(word, 1);
        match self {
            Link::Free => true,
            Link::Lhs => operand(next, 2) == result,
            Link::Rhs => operand(next, 3) == result,
            Link::Src => operand(next, 1) == result,
        }
    }
}
