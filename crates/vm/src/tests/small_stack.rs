//! The tail-call back-end takes no Rust stack per instruction: millions of each in a thread with a small stack. A
//! handler that called the next one, instead of jumping to it, would overflow it within thousands.

use super::{Machine, Out, program};
use crate::{Backend, Options};

const STACK: usize = 64 << 10;
const ROUNDS: i64 = 1_000_000;

/// Loops over `body`, with the loop in `r0` to `r2` and `setup` before it; `functions` follow.
fn repeat(setup: &str, body: &str, functions: &str, rounds: i64) -> String {
    format!(
        "
function f0 vararg
  load_int r0, 1
  load_k r1, '{rounds}'
  load_int r2, 1
{setup}
  for_prep r0, r1, r2, done
top:
{body}
  for_loop r0, r1, r2, top
done:
  move r3, r0
  return_1 r3
{functions}"
    )
}

fn in_small_stack(name: &str, short: String, rounds: i64) {
    let module = program(&short);
    let run = move || {
        let mut m = Machine::new(Options {
            backend: Backend::Tail,
            ..Options::default()
        });
        m.run_module(module, &[])
    };
    let thread = std::thread::Builder::new()
        .stack_size(STACK)
        .name(name.to_string())
        .spawn(run)
        .expect("a thread");
    let last = thread.join().expect("it does not panic");
    assert_eq!(last, Ok(vec![Out::Int(rounds)]), "{name}");
}

fn ops(setup: &str, bodies: &[&str]) {
    for body in bodies {
        in_small_stack(body, repeat(setup, body, "", ROUNDS), ROUNDS);
    }
}

#[test]
fn moves_and_loads() {
    ops(
        "load_nil r4",
        &[
            "move r3, r0",
            "load_int r3, 1",
            "load_float r3, 1",
            "load_k r3, 'x'",
            "load_kx r3, 'x'",
            "load_nil r3",
            "load_nils r3, 4",
            "load_false r3",
            "load_true r3",
            "spill s3, r0\n reload r5, s3",
            "get_upvalue r3, u0",
            "not r3, r0",
        ],
    );
    // One of everything, ten times as often.
    let all = "move r3, r0\n load_int r4, 1\n load_true r5\n load_nils r6, 2\n load_k r8, 'x'\n not r9, r5";
    in_small_stack("all", repeat("", all, "", 10 * ROUNDS), 10 * ROUNDS);
}

#[test]
fn arithmetic() {
    let ints = "load_int r4, 7\n load_int r5, 3";
    let floats = "load_float r4, 7\n load_float r5, 3";
    let mixed = "load_int r4, 7\n load_float r5, 3";
    for setup in [ints, floats, mixed] {
        for op in [
            "add", "sub", "mul", "mod", "div", "idiv", "pow", "band", "bor", "bxor", "shl", "shr",
        ] {
            ops(setup, &[&format!("{op} r3, r4, r5")]);
        }
        ops(
            setup,
            &[
                "add_k r3, r4, '2'",
                "sub_k r3, r4, '2.5'",
                "mul_k r3, r4, '2'",
                "mod_k r3, r4, '2'",
                "pow_k r3, r4, '2'",
                "div_k r3, r4, '2'",
                "idiv_k r3, r4, '2'",
            ],
        );
        ops(
            setup,
            &[
                "band_k r3, r4, '2'",
                "bor_k r3, r4, '2'",
                "bxor_k r3, r4, '2'",
                "add_i r3, r4, 1",
                "sub_i r3, r4, 1",
                "shl_i r3, r4, 1",
                "shr_i r3, r4, 1",
                "unm r3, r4",
                "bnot r3, r4",
            ],
        );
    }
}

#[test]
fn compares() {
    for setup in [
        "load_int r4, 7\n load_int r5, 3",
        "load_float r4, 7\n load_int r5, 3",
        "load_float r4, 7\n load_float r5, 3",
        "load_k r4, 'a'\n load_k r5, 'b'",
    ] {
        for op in ["jump_eq", "jump_ne", "jump_lt", "jump_not_lt", "jump_le", "jump_not_le"] {
            ops(
                setup,
                &[
                    &format!("{op} r4, r5, next\nnext:"),
                    &format!("{op} r5, r4, next\nnext:"),
                ],
            );
        }
        ops(
            setup,
            &[
                "jump_eq_k r4, '7', next\nnext:",
                "jump_ne_k r4, '7', next\nnext:",
                "jump_eq_i r4, 7, next\nnext:",
                "jump_ne_i r4, 7, next\nnext:",
                "jump_if r4, next\nnext:",
                "jump_if_not r4, next\nnext:",
                "jump_nil r4, next\nnext:",
                "jump_not_nil r4, next\nnext:",
                "jump next\nnext:",
            ],
        );
    }
    for op in ["lt", "not_lt", "le", "not_le", "gt", "not_gt", "ge", "not_ge"] {
        ops(
            "load_int r4, 7\n load_float r5, 3",
            &[&format!("jump_{op}_i r4, 5, a\na:\n jump_{op}_i r5, 5, b\nb:")],
        );
    }
}

#[test]
fn tables_and_strings() {
    let setup = "new_table r4, 4, 4\n load_int r5, 1\n set_index r4, r5, r5\n set_field r4, 'x', r5\n load_k r6, 'x'\n load_k r7, '2.5'\n set_index r4, r7, r5";
    ops(
        setup,
        &[
            "get_index r3, r4, r5",
            "get_index r3, r4, r6",
            "get_index r3, r4, r7",
            "get_int r3, r4, 1",
            "get_int r3, r4, 99",
            "get_field r3, r4, 'x'",
            "get_field r3, r4, 'y'",
        ],
    );
    ops(
        setup,
        &[
            "set_index r4, r5, r0",
            "set_index r4, r6, r0",
            "set_index r4, r7, r0",
            "set_index_k r4, r5, '1'",
            "set_int r4, 1, r0",
            "set_int_k r4, 1, '5'",
            "set_field r4, 'x', r0",
            "set_field_k r4, 'x', '5'",
        ],
    );
    ops(
        setup,
        &[
            "set_index r4, r0, r0",
            "get_global r3, u0, 'log'",
            "set_global u0, 'g', r0",
            "set_global_k u0, 'g', '1'",
            "self_field r8, r4, 'x'",
            "len r3, r4",
            "len r3, r6",
        ],
    );
    ops(
        setup,
        &[
            "new_table r3, 0, 0",
            "new_table r3, 4, 4\n set_list r3, r4, 2, 1",
            "new_cell r3, r0\n set_cell r3, r0\n get_cell r3, r3",
        ],
    );
    ops(
        "load_k r4, 'a'\n load_k r5, 'b'",
        &["concat r3, r4, 2", "move r6, r0\n concat r3, r4, 3"],
    );
    in_small_stack(
        "closure",
        repeat("", "closure r3, f1, [u0]", "function f1\n return_0\n", ROUNDS),
        ROUNDS,
    );
}

#[test]
fn calls() {
    let functions = "function f1 params 1\n return_1 r0\nfunction f2 params 1 vararg\n vararg r1, 2\n vararg_open\n return_open r0, 1\nfunction f3 params 1\n closure r1, f1, [u0]\n move r3, r0\n tail_call r1, 1\nfunction f4 params 2\n return_0\n";
    let setup = "closure r4, f1, [u0]\n closure r5, f2, [u0]\n closure r6, f3, [u0]\n closure r7, f4, [u0]\n get_global r8, u0, 'pcall'\n get_global r9, u0, 'invoke'\n get_global r10, u0, 'next'\n new_table r11, 0, 0\n set_int r11, 1, r0";
    for body in [
        "move r12, r4\n move r14, r0\n call r12, 1, r12",
        "move r12, r4\n move r14, r0\n call_0 r12, 1",
        "move r12, r4\n move r14, r0\n call_n r12, 1, 3",
        "move r12, r6\n move r14, r0\n call r12, 1, r12",
        "move r12, r7\n call_0 r12, 0",
        "move r12, r8\n move r14, r4\n move r15, r0\n call_n r12, 2, 2",
        "move r12, r9\n move r14, r4\n move r15, r0\n call r12, 2, r12",
        "load_nil r13\n for_call r10, r11, r13, r14, 2",
        "load_nil r13\n for_call r7, r11, r13, r14, 2",
    ] {
        in_small_stack(body, repeat(setup, body, functions, ROUNDS), ROUNDS);
    }
    let open = "move r12, r7\n move r14, r5\n move r16, r0\n move r17, r0\n call_n r14, 2, open\n call_open r12, 0, 1";
    in_small_stack("open", repeat(setup, open, functions, ROUNDS), ROUNDS);
}

#[test]
fn metamethods_coroutines_and_errors() {
    let functions = "function f1 params 2\n load_int r0, 0\n return_1 r0\nfunction f2\nagain:\n get_global r0, u0, 'coroutine'\n get_field r0, r0, 'yield'\n call_0 r0, 0\n jump again\n";
    let setup = "new_table r4, 0, 0\n new_table r5, 0, 0\n closure r6, f1, [u0]\n set_field r5, '__add', r6\n set_field r5, '__index', r6\n set_field r5, '__lt', r6\n set_field r5, '__concat', r6\n get_global r7, u0, 'setmetatable'\n move r9, r4\n move r10, r5\n call_0 r7, 2\n get_global r7, u0, 'coroutine'\n get_field r7, r7, 'wrap'\n closure r9, f2, [u0]\n call r7, 1, r7\n get_global r8, u0, 'pcall'\n get_global r9, u0, 'fail'";
    for body in [
        "add r3, r4, r0",
        "get_field r3, r4, 'x'",
        "jump_lt r4, r0, next\nnext:",
        "move r10, r4\n move r11, r0\n concat r3, r10, 2",
        "move r10, r7\n call_0 r10, 0",
        "move r10, r8\n move r12, r9\n move r13, r0\n call_0 r10, 2",
    ] {
        in_small_stack(body, repeat(setup, body, functions, ROUNDS), ROUNDS);
    }
}
