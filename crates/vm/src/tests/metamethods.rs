//! Metamethods: the instruction that asked for one is finished with what it returns, also after a yield in it.

use super::{Out, gives, ints, text};

/// A program whose `r0` is a table with a metamethod `event` that returns what `handler` says (`f1`, called with the
/// operands in `r0` and `r1`), followed by `body`. All of it runs in a coroutine, in which the handler yields first if so asked.
fn with_handler(event: &str, handler: &str, body: &str, results: usize, yields: bool) -> String {
    let stop = if yields {
        "get_global r4, u0, 'coroutine'\n get_field r4, r4, 'yield'\n load_k r6, 'again'\n call_0 r4, 1\n"
    } else {
        ""
    };
    format!(
        "
function f0 vararg
  get_global r0, u0, 'coroutine'
  get_field r0, r0, 'wrap'
  closure r2, f2, [u0]
  call r0, 1, r0
again:
  move r1, r0
  call_n r1, 0, {results}
  jump_eq_k r1, 'again', again
  return_n r1, {results}
function f1 params 3
  {stop}
  {handler}
function f2 vararg
  new_table r0, 0, 0
  new_table r1, 0, 0
  closure r2, f1, [u0]
  set_field r1, '{event}', r2
  get_global r2, u0, 'setmetatable'
  move r4, r0
  move r5, r1
  call_0 r2, 2
  {body}
"
    )
}

#[track_caller]
fn handled(event: &str, handler: &str, body: &str, expected: &[Out]) {
    for yields in [false, true] {
        gives(&with_handler(event, handler, body, expected.len(), yields), expected);
    }
}

#[test]
fn arithmetic() {
    for (event, op) in [
        ("__add", "add"),
        ("__sub", "sub"),
        ("__mul", "mul"),
        ("__mod", "mod"),
        ("__pow", "pow"),
        ("__div", "div"),
        ("__idiv", "idiv"),
        ("__band", "band"),
        ("__bor", "bor"),
        ("__bxor", "bxor"),
        ("__shl", "shl"),
        ("__shr", "shr"),
    ] {
        // The first result counts; which side the table is on does not matter.
        handled(
            event,
            "load_int r0, 42\n load_int r1, 1\n return_n r0, 2",
            &format!("load_int r1, 7\n {op} r2, r0, r1\n {op} r3, r1, r0\n return_n r2, 2"),
            &ints([42, 42]),
        );
    }
    for (event, op) in [
        ("__add", "add_k"),
        ("__sub", "sub_k"),
        ("__mul", "mul_k"),
        ("__mod", "mod_k"),
        ("__pow", "pow_k"),
        ("__div", "div_k"),
        ("__idiv", "idiv_k"),
        ("__band", "band_k"),
        ("__bor", "bor_k"),
        ("__bxor", "bxor_k"),
    ] {
        handled(
            event,
            "return_1 r1",
            &format!("{op} r0, r0, '11'\n return_1 r0"),
            &ints([11]),
        );
    }
    for (event, op) in [
        ("__add", "add_i"),
        ("__sub", "sub_i"),
        ("__shl", "shl_i"),
        ("__shr", "shr_i"),
    ] {
        handled(
            event,
            "return_1 r1",
            &format!("{op} r0, r0, 9\n return_1 r0"),
            &ints([9]),
        );
    }
    for (event, op) in [("__unm", "unm"), ("__bnot", "bnot"), ("__len", "len")] {
        handled(
            event,
            "load_int r0, 5\n return_1 r0",
            &format!("{op} r1, r0\n return_1 r1"),
            &ints([5]),
        );
        // No result is nil.
        handled(event, "return_0", &format!("{op} r1, r0\n return_1 r1"), &[Out::Nil]);
    }
}

#[test]
fn access() {
    handled(
        "__index",
        "return_1 r1",
        "get_int r2, r0, 3\n get_field r3, r0, 'x'\n load_true r4\n get_index r4, r0, r4\n return_n r2, 3",
        &[Out::Int(3), text("x"), Out::Bool(true)],
    );
    handled(
        "__newindex",
        "set_global u0, 'key', r1\n set_global u0, 'value', r2\n return_0",
        "load_int r1, 1\n load_int r2, 2\n set_index r0, r1, r2\n get_global r3, u0, 'key'\n get_global r4, u0, 'value'\n set_int_k r0, 5, '6'\n get_global r5, u0, 'key'\n get_global r6, u0, 'value'\n set_field_k r0, 'y', '8'\n get_global r7, u0, 'key'\n get_global r8, u0, 'value'\n return_n r3, 6",
        &[
            Out::Int(1),
            Out::Int(2),
            Out::Int(5),
            Out::Int(6),
            text("y"),
            Out::Int(8),
        ],
    );
    handled(
        "__index",
        "closure r0, f3, [u0]\n return_1 r0\n",
        "self_field r1, r0, 'method'\n call r1, 0, r1\n return_1 r1\nfunction f3 vararg\n load_int r0, 77\n return_1 r0\n",
        &ints([77]),
    );
}

#[test]
fn branches() {
    // For each test: whether the jump is taken when the handler says true.
    for (event, test, on_true) in [
        ("__lt", "jump_lt r0, r1, yes", true),
        ("__lt", "jump_not_lt r0, r1, yes", false),
        ("__le", "jump_le r0, r1, yes", true),
        ("__le", "jump_not_le r0, r1, yes", false),
        ("__lt", "jump_lt_i r0, 1, yes", true),
        ("__lt", "jump_not_lt_i r0, 1, yes", false),
        ("__le", "jump_le_i r0, 1, yes", true),
        ("__le", "jump_not_le_i r0, 1, yes", false),
        ("__lt", "jump_gt_i r0, 1, yes", true),
        ("__lt", "jump_not_gt_i r0, 1, yes", false),
        ("__le", "jump_ge_i r0, 1, yes", true),
        ("__le", "jump_not_ge_i r0, 1, yes", false),
        ("__eq", "jump_eq r0, r1, yes", true),
        ("__eq", "jump_ne r0, r1, yes", false),
    ] {
        for (says, truth) in [
            ("load_true r0", true),
            ("load_int r0, 0", true),
            ("load_false r0", false),
            ("load_nil r0", false),
        ] {
            handled(
                event,
                &format!("{says}\n return_1 r0"),
                &format!(
                    "new_table r1, 0, 0\n {test}\n load_int r2, 0\n return_1 r2\nyes:\n load_int r2, 1\n return_1 r2"
                ),
                &ints([i64::from(truth == on_true)]),
            );
        }
    }
}

#[test]
fn concatenation_of_many() {
    // "a" .. (t .. ("b" .. "c")): the handler sees the rest, its result is concatenated further.
    handled(
        "__concat",
        "load_k r0, '<'\n load_k r2, '>'\n concat r0, r0, 3\n return_1 r0",
        "move r3, r0\n load_k r2, 'a'\n load_k r4, 'b'\n load_k r5, 'c'\n concat r1, r2, 4\n return_1 r1",
        &[text("a<bc>")],
    );
    // A handler on the right: its operands are the left one and itself.
    handled(
        "__concat",
        "return_1 r0",
        "move r4, r0\n load_k r2, 'a'\n load_k r3, 'b'\n concat r1, r2, 3\n return_1 r1",
        &[text("ab")],
    );
}

#[test]
fn operands_survive_their_metamethod() {
    handled(
        "__concat",
        "load_k r0, 'x'\n return_1 r0",
        "load_k r2, 'a'\n move r3, r0\n load_k r4, 'c'\n concat r1, r2, 3\n concat r5, r2, 3\n move r6, r2\n move r7, r4\n return_n r5, 3",
        &[text("ax"), text("a"), text("c")],
    );
}

#[test]
fn callable_tables_see_themselves_first() {
    handled(
        "__call",
        "load_int r3, 0\n jump_nil r2, none\n load_int r3, 100\nnone:\n add r1, r1, r3\n return_1 r1",
        "move r1, r0\n load_int r3, 7\n call r1, 1, r1\n move r2, r0\n load_int r4, 7\n load_int r5, 8\n call r2, 2, r2\n return_n r1, 2",
        &ints([7, 107]),
    );
}

#[test]
fn generic_loops() {
    // An iterator in a table: called through `__call`, and it may yield.
    handled(
        "__call",
        // (self, state, control): next control, until the state.
        "jump_lt r2, r1, more\n load_nil r0\n return_1 r0\nmore:\n add_i r0, r2, 1\n mul r1, r0, r0\n return_n r0, 2",
        "load_int r1, 4\n load_int r2, 0\n load_int r3, 0\nagain:\n for_call r0, r1, r2, r4, 2\n jump_nil r4, done\n add r3, r3, r5\n move r2, r4\n jump again\ndone:\n return_1 r3",
        &ints([30]),
    );
}
