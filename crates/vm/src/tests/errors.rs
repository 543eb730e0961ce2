//! Errors: values, messages, positions, message handlers, and their way through natives.

use super::{Out, everywhere, gives, ints, text};

#[test]
fn any_value_is_an_error_value() {
    for (load, expected) in [
        ("load_int r2, 7", Out::Int(7)),
        ("load_true r2", Out::Bool(true)),
        ("new_table r2, 0, 0", Out::Object("table")),
    ] {
        gives(
            &format!(
                "
function f0 vararg
  get_global r0, u0, 'pcall'
  closure r2, f1, [u0]
  call_n r0, 1, 3
  return_n r0, 3
function f1
  get_global r0, u0, 'fail'
  {load}
  call_0 r0, 1
  return_0
"
            ),
            &[Out::Bool(false), expected, Out::Nil],
        );
    }
}

#[test]
fn messages_name_position_operation_and_variable() {
    for (body, expected) in [
        (
            "load_nil r0\n add_i r0, r0, 1 { line 7:3 } { name 0 local \"x\" }",
            "t:7: attempt to perform arithmetic on a nil value (local 'x')",
        ),
        (
            "load_true r0\n get_int r0, r0, 1 { line 7:3 } { name 0 field \"y\" }",
            "t:7: attempt to index a boolean value (field 'y')",
        ),
        (
            "load_int r0, 1\n call_0 r0, 0 { line 7:3 } { name 0 global \"f\" }",
            "t:7: attempt to call a number value (global 'f')",
        ),
        (
            "load_int r0, 1\n len r0, r0 { line 7:3 }",
            "t:7: attempt to get length of a number value",
        ),
        (
            "load_int r0, 1\n new_table r1, 0, 0\n concat r0, r0, 2 { line 7:3 }",
            "t:7: attempt to concatenate a table value",
        ),
        (
            "load_int r0, 1\n new_table r1, 0, 0\n jump_lt r0, r1, x { line 7:3 }\nx:",
            "t:7: attempt to compare number with table",
        ),
        (
            "load_int r0, 1\n load_int r1, 0\n mod r0, r0, r1 { line 7:3 }",
            "t:7: attempt to perform 'n%0'",
        ),
        (
            "load_int r0, 1\n load_int r1, 0\n idiv r0, r0, r1 { line 7:3 }",
            "t:7: attempt to divide by zero",
        ),
        (
            "load_k r0, '1.5'\n load_int r1, 0\n bor r0, r0, r1 { line 7:3 }",
            "t:7: number has no integer representation",
        ),
        (
            "new_table r0, 0, 0\n load_nil r1\n set_index r0, r1, r0 { line 7:3 }",
            "t:7: table index is nil",
        ),
        (
            "load_int r0, 1\n load_int r1, 1\n load_int r2, 0\n for_prep r0, r1, r2, x { line 7:3 }\nx:",
            "t:7: 'for' step is zero",
        ),
        (
            "load_int r0, 1\n tbc r0 { line 7:3 } { name 0 local \"v\" }",
            "t:7: variable 'v' got a non-closable value",
        ),
        (
            "load_int r0, 1\n check_global r0, 'g' { line 7:3 }",
            "t:7: global 'g' already defined",
        ),
    ] {
        let body = format!("get_global r8, u0, 'log' {{ line 1:1 }}\n{body}");
        let close = if body.contains("tbc") { "close r0\n" } else { "" };
        everywhere(|m| {
            assert_eq!(
                m.run(&format!("function f0 vararg\n{body}\n{close}return_0\n")),
                Err(text(expected)),
                "{:?}",
                m.options
            );
        });
    }
}

#[test]
fn errors_pass_through_natives() {
    // Lua -> native -> Lua -> native -> error; the position is that of the innermost Lua frame.
    gives(
        "
function f0 vararg
  get_global r0, u0, 'pcall'
  closure r2, f1, [u0]
  call_n r0, 1, 2
  load_int r2, 1
  return_n r0, 3
function f1
  get_global r0, u0, 'invoke'
  get_global r2, u0, 'invoke'
  closure r3, f2, [u0]
  call_0 r0, 2
  return_0
function f2
  get_global r0, u0, 'error' { line 4:1 }
  load_k r2, 'boom'
  call_0 r0, 1
  return_0
",
        &[Out::Bool(false), text("t:4: boom"), Out::Int(1)],
    );
}

#[test]
fn natives_may_catch_errors() {
    gives(
        "
function f0 vararg
  get_global r0, u0, 'swallow'
  get_global r2, u0, 'invoke'
  get_global r3, u0, 'fail'
  load_int r4, 31
  call r0, 3, r0
  get_global r1, u0, 'swallow'
  get_global r3, u0, 'collect'
  call r1, 1, r1
  return_n r0, 2
",
        &[Out::Int(31), Out::Bool(false)],
    );
}

#[test]
fn handlers_run_before_the_frames_go() {
    gives(
        "
function f0 vararg
  get_global r0, u0, 'xpcall'
  closure r2, f1, [u0]
  closure r3, f2, [u0]
  load_int r4, 20
  call_n r0, 3, 3
  return_n r0, 3
function f1 params 1
  get_global r1, u0, 'fail'
  move r3, r0
  call_0 r1, 1
  return_0
function f2 params 1
  add_i r0, r0, 1
  load_int r1, 0
  return_n r0, 2
",
        &[Out::Bool(false), Out::Int(21), Out::Nil],
    );
}

#[test]
fn handlers_that_fail_are_handled_until_the_limit() {
    everywhere(|m| {
        let got = m.run(
            "
function f0 vararg
  get_global r0, u0, 'xpcall'
  get_global r2, u0, 'fail'
  get_global r3, u0, 'fail'
  load_int r4, 20
  call_n r0, 3, 2
  return_n r0, 2
",
        );
        assert_eq!(
            got,
            Ok(vec![Out::Bool(false), text("error in error handling")]),
            "{:?}",
            m.options
        );
        assert_eq!(
            m.run("function f0 vararg\n load_int r0, 3\n return_1 r0\n"),
            Ok(ints([3]))
        );
    });
}

#[test]
fn protected_calls_nest_and_report_arguments() {
    gives(
        "
function f0 vararg
  get_global r0, u0, 'pcall'
  get_global r2, u0, 'pcall'
  get_global r3, u0, 'fail'
  load_int r4, 3
  call_n r0, 3, 3
  get_global r3, u0, 'pcall'
  call_n r3, 0, 0
  return_n r0, 3
"
        .replace("  call_n r3, 0, 0\n", "  move r5, r3\n  call_n r3, 1, 2\n")
        .replace("return_n r0, 3", "return_n r0, 5")
        .as_str(),
        &[
            Out::Bool(true),
            Out::Bool(false),
            Out::Int(3),
            Out::Bool(false),
            text("bad argument #1 to 'pcall' (value expected)"),
        ],
    );
}
