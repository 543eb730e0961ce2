//! Coroutines: transfers, errors, limits.

use super::{Out, everywhere, gives, ints, on_both, text};

/// `main` with `co = coroutine` in `r0` and `f1` as the body that `{create}` of it made in `r1`.
fn coroutine(create: &str, rest: &str) -> String {
    format!(
        "
function f0 vararg
  get_global r0, u0, 'coroutine'
  get_field r1, r0, '{create}'
  closure r3, f1, [u0]
  call r1, 1, r1
{rest}"
    )
}

const GENERATOR: &str = "
function f1 params 2
again:
  get_global r2, u0, 'coroutine'
  get_field r2, r2, 'yield'
  move r4, r0
  call r2, 1, r2
  add r0, r0, r1
  add r0, r0, r2
  jump again
";

#[test]
fn values_go_in_and_out() {
    let main = coroutine(
        "wrap",
        "
  move r2, r1
  load_int r4, 1
  load_int r5, 10
  call r2, 2, r2
  move r3, r1
  load_int r5, 100
  call r3, 1, r3
  move r4, r1
  load_int r6, 1000
  call r4, 1, r4
  return_n r2, 3
",
    );
    gives(&format!("{main}{GENERATOR}"), &ints([1, 111, 1121]));
}

#[test]
fn many_transfers() {
    on_both(|m| {
        let main = coroutine(
            "wrap",
            "
  load_int r2, 0
  load_k r3, '100000'
  load_int r4, 1
  load_int r5, 1
  for_prep r4, r3, r5, done
top:
  move r6, r1
  load_int r8, 0
  load_int r9, 1
  call r6, 2, r6
  add r2, r2, r6
  for_loop r4, r3, r5, top
done:
  return_1 r2
",
        );
        let body = GENERATOR.replace("  add r0, r0, r1\n", "");
        // The body adds what each resume passes: 0.
        assert_eq!(m.run(&format!("{main}{body}")), Ok(ints([0])));
        let body = body.replace("  add r0, r0, r2\n", "  add_i r0, r0, 1\n");
        assert_eq!(m.run(&format!("{main}{body}")), Ok(ints([99_999 * 100_000 / 2])));
    });
}

#[test]
fn statuses() {
    let main = coroutine(
        "create",
        "
  set_global u0, 'co', r1
  get_field r2, r0, 'status'
  set_global u0, 'status', r2
  move r4, r1
  call r2, 1, r2
  get_field r3, r0, 'resume'
  move r5, r1
  call_n r3, 1, 2
  get_global r5, u0, 'status'
  move r7, r1
  call r5, 1, r5
  get_field r6, r0, 'resume'
  move r8, r1
  call_n r6, 1, 2
  get_global r8, u0, 'status'
  move r10, r1
  call r8, 1, r8
  get_field r9, r0, 'resume'
  move r11, r1
  call_n r9, 1, 2
  return_n r2, 9
",
    );
    let body = "
function f1
  get_global r0, u0, 'status'
  get_global r2, u0, 'co'
  call r0, 1, r0
  get_global r1, u0, 'coroutine'
  get_field r1, r1, 'yield'
  move r3, r0
  call_0 r1, 1
  load_int r0, 3
  return_1 r0
";
    let expected = [
        text("suspended"),
        Out::Bool(true),
        text("running"),
        text("suspended"),
        Out::Bool(true),
        Out::Int(3),
        text("dead"),
        Out::Bool(false),
        text("cannot resume dead coroutine"),
    ];
    gives(&format!("{main}{body}"), &expected);
}

#[test]
fn yield_crosses_protected_calls() {
    let main = coroutine(
        "wrap",
        "
  move r2, r1
  call r2, 0, r2
  move r3, r1
  load_int r5, 5
  call_n r3, 1, 3
  return_n r2, 4
",
    );
    let body = "
function f1
  get_global r0, u0, 'pcall'
  closure r2, f2, [u0]
  load_int r3, 4
  call_n r0, 2, open
  return_open r0, 0
function f2 params 1
  get_global r1, u0, 'coroutine'
  get_field r1, r1, 'yield'
  move r3, r0
  call r1, 1, r1
  add r0, r0, r1
  get_global r1, u0, 'fail'
  move r3, r0
  call_0 r1, 1
  return_0
";
    gives(
        &format!("{main}{body}"),
        &[Out::Int(4), Out::Bool(false), Out::Int(9), Out::Nil],
    );
}

#[test]
fn yield_does_not_cross_natives() {
    let main = coroutine(
        "create",
        "
  get_field r2, r0, 'resume'
  move r4, r1
  call_n r2, 1, 2
  get_field r4, r0, 'yield'
  get_global r5, u0, 'swallow'
  move r7, r4
  call r5, 1, r4
  return_n r2, 3
",
    );
    let body = "
function f1
  get_global r0, u0, 'invoke'
  get_global r2, u0, 'coroutine'
  get_field r2, r2, 'yield'
  load_int r3, 1
  call_0 r0, 2
  return_0
";
    let expected = [
        Out::Bool(false),
        text("attempt to yield across a C-call boundary"),
        text("attempt to yield from outside a coroutine"),
    ];
    gives(&format!("{main}{body}"), &expected);
}

#[test]
fn errors_end_the_coroutine_and_reach_the_resumer() {
    let body = "
function f1
  get_global r0, u0, 'fail'
  load_int r2, 13
  call_0 r0, 1
  return_0
";
    let main = coroutine(
        "create",
        "
  get_field r2, r0, 'resume'
  move r4, r1
  call_n r2, 1, 2
  get_field r4, r0, 'close'
  move r6, r1
  call_n r4, 1, 2
  get_field r6, r0, 'status'
  move r8, r1
  call r6, 1, r6
  return_n r2, 5
",
    );
    gives(
        &format!("{main}{body}"),
        &[
            Out::Bool(false),
            Out::Int(13),
            Out::Bool(false),
            Out::Int(13),
            text("dead"),
        ],
    );
    let main = coroutine(
        "wrap",
        "
  get_global r2, u0, 'pcall'
  move r4, r1
  call_n r2, 1, 2
  return_n r2, 2
",
    );
    gives(&format!("{main}{body}"), &[Out::Bool(false), Out::Int(13)]);
}

#[test]
fn nesting_is_limited() {
    // Each coroutine starts the next one.
    on_both(|m| {
        let short = "
function f0 vararg
  closure r0, f1, [u0]
  set_global u0, 'nest', r0
  load_int r2, 0
  call_n r0, 1, 2
  return_n r0, 2
function f1 params 1
  get_global r1, u0, 'coroutine'
  get_field r1, r1, 'create'
  get_global r3, u0, 'nest'
  call r1, 1, r1
  get_global r2, u0, 'coroutine'
  get_field r2, r2, 'resume'
  move r4, r1
  add_i r5, r0, 1
  call_n r2, 2, 3
  jump_if r2, deeper
  move r1, r3
  return_n r0, 2
deeper:
  return_n r3, 2
";
        let got = m.run(short).expect("the limit is a result, not a crash");
        assert_eq!(got[1], text("C stack overflow"));
        assert!(matches!(got[0], Out::Int(150..=200)), "{got:?}");
    });
}

#[test]
fn deep_stacks_of_coroutines_are_their_own() {
    // Each of a hundred suspended coroutines holds a recursion of its own.
    everywhere(|m| {
        let main = "
function f0 vararg
  closure r0, f2, [u0]
  set_global u0, 'down', r0
  load_int r0, 0
  load_int r1, 0
  load_int r2, 19
  load_int r3, 1
  new_table r4, 0, 0
  for_prep r1, r2, r3, made
make:
  get_global r5, u0, 'coroutine'
  get_field r5, r5, 'wrap'
  closure r7, f1, [u0]
  call r5, 1, r5
  set_index r4, r1, r5
  move r6, r1
  move r8, r6
  move r6, r5
  call_0 r6, 1
  for_loop r1, r2, r3, make
made:
  load_int r1, 0
  load_int r2, 19
  load_int r3, 1
  for_prep r1, r2, r3, done
take:
  get_index r5, r4, r1
  call r5, 0, r5
  add r0, r0, r5
  for_loop r1, r2, r3, take
done:
  return_1 r0
function f1 params 1
  get_global r1, u0, 'down'
  move r3, r0
  load_int r4, 30
  call r1, 2, r1
  return_1 r1
function f2 params 2
  jump_ne_i r1, 0, deeper
  get_global r2, u0, 'coroutine'
  get_field r2, r2, 'yield'
  call_0 r2, 0
  return_1 r0
deeper:
  get_global r2, u0, 'down'
  move r4, r0
  sub_i r5, r1, 1
  call r2, 2, r2
  add_i r2, r2, 1
  return_1 r2
";
        assert_eq!(m.run(main), Ok(ints([190 + 20 * 30])), "{:?}", m.options);
    });
}
