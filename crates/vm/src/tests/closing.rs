//! To-be-closed variables: order, errors, and values that live across their closing.

use super::{Out, everywhere, gives, ints, text};

/// Helper functions behind `main`: `new(name)` is `f1`, a value whose `__close` (`f2`) logs its name, and then raises
/// it if it is above 100.
fn with_closers(main: &str) -> String {
    format!(
        "
function f0 vararg
  closure r0, f1, [u0]
  set_global u0, 'new', r0
  closure r0, f2, [u0]
  set_global u0, 'close', r0
{main}
function f1 params 1
  new_table r1, 0, 1
  set_field r1, 'name', r0
  new_table r2, 0, 1
  get_global r3, u0, 'close'
  set_field r2, '__close', r3
  get_global r3, u0, 'setmetatable'
  move r5, r1
  move r6, r2
  tail_call r3, 2
function f2 params 2
  get_global r2, u0, 'log'
  get_field r4, r0, 'name'
  call_0 r2, 1
  get_global r2, u0, 'log'
  move r4, r1
  call_0 r2, 1
  get_field r2, r0, 'name'
  jump_not_gt_i r2, 100, done
  get_global r3, u0, 'fail'
  move r5, r2
  call_0 r3, 1
done:
  return_0
"
    )
}

/// `r{slot} = new(name)`, marked to be closed.
fn tbc(slot: u32, name: i64) -> String {
    format!(
        "get_global r{slot}, u0, 'new'\n load_int r{}, {name}\n call r{slot}, 1, r{slot}\n tbc r{slot}\n",
        slot + 2
    )
}

#[track_caller]
fn closes(main: &str, result: Result<Vec<Out>, Out>, log: &[Out]) {
    everywhere(|m| {
        assert_eq!(m.run(&with_closers(main)), result, "{:?}", m.options);
        assert_eq!(m.logged(), log, "{:?}", m.options);
    });
}

#[test]
fn reverse_order_at_the_end_of_the_scope() {
    let main = format!(
        "{}{}{} load_int r3, 9\n close r0\n return_1 r3\n",
        tbc(0, 1),
        tbc(1, 2),
        tbc(2, 3)
    );
    closes(
        &main,
        Ok(ints([9])),
        &[Out::Int(3), Out::Nil, Out::Int(2), Out::Nil, Out::Int(1), Out::Nil],
    );
    // An inner scope only.
    let main = format!(
        "{}{} close r1\n load_int r1, 5\n {} close r0\n load_int r0, 0\n return_1 r0\n",
        tbc(0, 1),
        tbc(1, 2),
        tbc(2, 3)
    );
    closes(
        &main,
        Ok(ints([0])),
        &[Out::Int(2), Out::Nil, Out::Int(3), Out::Nil, Out::Int(1), Out::Nil],
    );
}

#[test]
fn nil_and_false_need_no_closing() {
    closes(
        "load_nil r0\n tbc r0\n load_false r1\n tbc r1\n close r0\n load_int r0, 1\n return_1 r0\n",
        Ok(ints([1])),
        &[],
    );
}

#[test]
fn errors_close_too_and_are_passed() {
    let main = format!(
        "{}{} get_global r2, u0, 'fail'\n load_int r4, 50\n call_0 r2, 1\n close r0\n return_0\n",
        tbc(0, 1),
        tbc(1, 2)
    );
    closes(
        &main,
        Err(Out::Int(50)),
        &[Out::Int(2), Out::Int(50), Out::Int(1), Out::Int(50)],
    );
}

#[test]
fn errors_of_closers_replace_errors() {
    let main = format!(
        "{}{}{} get_global r3, u0, 'fail'\n load_int r5, 50\n call_0 r3, 1\n close r0\n return_0\n",
        tbc(0, 1),
        tbc(1, 102),
        tbc(2, 3)
    );
    let log = [
        Out::Int(3),
        Out::Int(50),
        Out::Int(102),
        Out::Int(50),
        Out::Int(1),
        Out::Int(102),
    ];
    closes(&main, Err(Out::Int(102)), &log);
    // On a normal exit the closers that are left see the error.
    let main = format!("{}{} close r0\n return_0\n", tbc(0, 1), tbc(1, 101));
    closes(
        &main,
        Err(Out::Int(101)),
        &[Out::Int(101), Out::Nil, Out::Int(1), Out::Int(101)],
    );
}

#[test]
fn open_values_live_across_a_close() {
    let main = format!(
        "
 closure r0, f3, [u0]
 call_n r0, 0, open
 return_open r0, 0
function f3
{}{}
 load_k r2, 'kept'
 closure r3, f4, [u0]
 call_n r3, 0, open
 close r0
 return_open r2, 1
function f4
 load_k r0, 'a'
 load_k r1, 'b'
 concat r0, r0, 2
 load_int r1, 5
 return_n r0, 2
",
        tbc(0, 1),
        tbc(1, 2)
    );
    // The functions of `with_closers` come first: `f3` and `f4` must stand behind them.
    let (main, functions) = main.split_at(main.find("function f3").expect("it is there"));
    everywhere(|m| {
        assert_eq!(
            m.run(&format!("{}{functions}", with_closers(main))),
            Ok(vec![text("kept"), text("ab"), Out::Int(5)]),
            "{:?}",
            m.options
        );
        assert_eq!(m.logged(), [Out::Int(2), Out::Nil, Out::Int(1), Out::Nil]);
    });
}

#[test]
fn a_closer_may_yield() {
    let functions = "
function f3
  get_global r0, u0, 'new'
  load_int r2, 1
  call r0, 1, r0
  tbc r0
  get_global r1, u0, 'yielder'
  get_field r2, r0, 'name'
  call_0 r1, 0
  load_int r1, 8
  close r0
  return_1 r1
function f4
  get_global r0, u0, 'coroutine'
  get_field r0, r0, 'yield'
  load_int r2, 77
  call_0 r0, 1
  return_0
";
    let main = "
  closure r0, f4, [u0]
  set_global u0, 'close', r0
  set_global u0, 'yielder', r0
  get_global r0, u0, 'coroutine'
  get_field r0, r0, 'wrap'
  closure r2, f3, [u0]
  call r0, 1, r0
  move r1, r0
  call r1, 0, r1
  move r2, r0
  call r2, 0, r2
  move r3, r0
  call r3, 0, r3
  return_n r1, 3
";
    gives(&format!("{}{functions}", with_closers(main)), &ints([77, 77, 8]));
}

#[test]
fn closing_a_coroutine_closes_its_variables() {
    let functions = format!(
        "
function f3
{}{}
  get_global r2, u0, 'coroutine'
  get_field r2, r2, 'yield'
  call_0 r2, 0
  close r0
  return_0
",
        tbc(0, 1),
        tbc(1, 2)
    );
    let main = "
  get_global r0, u0, 'coroutine'
  get_field r1, r0, 'create'
  closure r3, f3, [u0]
  call r1, 1, r1
  get_field r2, r0, 'resume'
  move r4, r1
  call_0 r2, 1
  get_field r2, r0, 'close'
  move r4, r1
  call_n r2, 1, 2
  return_n r2, 2
";
    everywhere(|m| {
        assert_eq!(
            m.run(&format!("{}{functions}", with_closers(main))),
            Ok(vec![Out::Bool(true), Out::Nil]),
            "{:?}",
            m.options
        );
        assert_eq!(m.logged(), [Out::Int(2), Out::Nil, Out::Int(1), Out::Nil]);
    });
}
