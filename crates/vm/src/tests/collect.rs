//! Collection sees exactly what the frames' live maps say.

use super::{Machine, Out, everywhere, gives, ints, program, text};
use crate::native::Ctx;
use crate::native::Returns;
use crate::object::{Closure, Origin, Proto};
use crate::value::{Value, tag};
use crate::vm::Raised;
use crate::{Backend, Options};
use std::rc::Rc;

/// A list of `n` strings made and read again: everything that a collection at each safepoint could lose.
#[test]
fn nothing_live_is_lost() {
    gives(
        "
function f0 vararg
  new_table r0, 0, 0
  load_int r1, 1
  load_int r2, 50
  load_int r3, 1
  load_int r6, 0
  for_prep r1, r2, r3, made
make:
  load_k r4, 'item '
  move r5, r1
  concat r4, r4, 2
  new_table r5, 0, 1
  set_field r5, 'text', r4
  closure r4, f1, [u0]
  set_field r5, 'f', r4
  new_cell r4, r5
  get_cell r5, r4
  set_index r0, r1, r5
  for_loop r1, r2, r3, make
made:
  load_int r1, 1
  load_int r2, 50
  load_int r3, 1
  for_prep r1, r2, r3, done
take:
  get_index r5, r0, r1
  self_field r7, r5, 'f'
  call r7, 1, r7
  add r6, r6, r7
  for_loop r1, r2, r3, take
done:
  get_int r0, r0, 50
  get_field r7, r0, 'text'
  return_n r6, 2
function f1 params 1
  get_field r0, r0, 'text'
  len r0, r0
  return_1 r0
",
        &[Out::Int(9 * 6 + 41 * 7), text("item 50")],
    );
}

#[test]
fn dead_registers_keep_nothing_alive() {
    // Both tables are only in registers and in a weak table; one register is read later.
    gives(
        "
function f0 vararg
  new_table r0, 0, 0
  new_table r1, 0, 0
  load_k r2, 'v'
  set_field r1, '__mode', r2
  get_global r2, u0, 'setmetatable'
  move r4, r0
  move r5, r1
  call_0 r2, 2
  new_table r1, 0, 0
  new_table r2, 0, 0
  set_int r0, 1, r1
  set_int r0, 2, r2
  get_global r3, u0, 'collect'
  call_0 r3, 0
  get_int r3, r0, 1
  get_int r4, r0, 2
  move r5, r1
  return_n r3, 3
",
        &[Out::Object("table"), Out::Nil, Out::Object("table")],
    );
}

#[test]
fn extra_arguments_and_open_values_are_live() {
    gives(
        "
function f0 vararg
  closure r0, f1, [u0]
  load_k r2, 'a'
  load_k r3, 'b'
  concat r2, r2, 2
  load_k r3, 'c'
  load_k r4, 'd'
  concat r3, r3, 2
  call_n r0, 2, open
  return_open r0, 0
function f1 vararg
  get_global r0, u0, 'collect'
  call_0 r0, 0
  new_table r0, 0, 0
  vararg_open
  set_list_open r0, r1, 0, 1
  get_global r1, u0, 'collect'
  call_0 r1, 0
  get_int r0, r0, 1
  vararg_open
  return_open r0, 1
",
        &[text("ab"), text("ab"), text("cd")],
    );
}

#[test]
fn garbage_goes() {
    everywhere(|m| {
        let short = "
function f0 vararg
  load_int r0, 1
  load_int r1, 200
  load_int r2, 1
  for_prep r0, r1, r2, done
top:
  new_table r3, 4, 4
  closure r4, f1, [u0]
  set_field r3, 'x', r4
  move r4, r0
  load_k r5, ' and a text that is long enough not to be shared with others'
  concat r4, r4, 2
  set_field r3, 'y', r4
  get_global r4, u0, 'coroutine'
  get_field r4, r4, 'create'
  closure r6, f1, [u0]
  call r4, 1, r4
  for_loop r0, r1, r2, top
done:
  return_0
function f1
  return_0
";
        let count = |m: &mut Machine| {
            assert_eq!(m.run(short), Ok(vec![]));
            m.vm.enter(|ctx| ctx.collect());
            (m.vm.object_counts(), m.vm.enter(|ctx| ctx.memory_used()))
        };
        let (first, _) = count(m);
        let (second, bytes) = count(m);
        let (third, bytes_again) = count(m);
        assert_eq!(first, second, "{:?}", m.options);
        assert_eq!(second, third);
        assert!(bytes_again <= bytes + 1024, "{bytes} bytes, then {bytes_again}");
    });
}

#[test]
fn finalizers_run_in_reverse_order_and_see_their_object() {
    everywhere(|m| {
        let got = m.run(
            "
function f0 vararg
  new_table r0, 0, 0
  closure r1, f1, [u0]
  set_field r0, '__gc', r1
  load_int r1, 1
  load_int r2, 3
  load_int r3, 1
  for_prep r1, r2, r3, done
top:
  new_table r4, 0, 1
  set_field r4, 'name', r1
  get_global r5, u0, 'setmetatable'
  move r7, r4
  move r8, r0
  call_0 r5, 2
  for_loop r1, r2, r3, top
done:
  get_global r0, u0, 'collect'
  call_0 r0, 0
  return_0
function f1 params 1
  get_global r1, u0, 'log'
  get_field r3, r0, 'name'
  call_0 r1, 1
  return_0
",
        );
        assert_eq!(got, Ok(vec![]), "{:?}", m.options);
        let log = m.logged();
        if m.options.gc_stress {
            // Each dies at once, and so in its own collection.
            assert_eq!(log, ints([1, 2, 3]));
        } else {
            assert_eq!(log, ints([3, 2, 1]));
        }
    });
}

/// A cell is made, then a table; then `r{read}` is returned: what the cell holds, or the number 7.
fn cell_program(read: u32) -> String {
    format!(
        "
function f0
  load_int r0, 42
  new_cell r0, r0
  load_int r1, 7
  new_table r2, 0, 0
  move r3, r{read}
  load_nil r0
  return_1 r3
"
    )
}

/// Loads the main function of a program, and gives it the tables (live maps among them) of another one whose code
/// has the same layout: the one way past the verifier, which refuses such a function.
fn with_tables_of(ctx: &Ctx<'_>, code: &str, tables: &str) -> Result<(), Raised> {
    let tables = program(tables);
    ctx.push_module(program(code))?;
    let main = ctx.slot(ctx.top() - 1).raw;
    assert_eq!(main.tag, tag::CLOSURE);
    // SAFETY: H1; the closure was just made and nothing runs it.
    unsafe {
        let proto: *mut Proto = (*main.as_ptr::<Closure>()).proto;
        let Origin { module, .. } = &mut **(*proto).origin.as_mut().expect("it is loaded");
        assert_eq!(module.functions[0].code.len(), tables.functions[0].code.len());
        *module = Rc::new(tables);
    }
    Ok(())
}

/// What the code returns with the live maps of another program.
fn result(options: Options, code: &str, tables: &str) -> (u8, u64) {
    let mut m = Machine::new(options);
    m.vm.enter(|ctx| {
        with_tables_of(ctx, code, tables).expect("there is memory");
        assert!(ctx.call(0, Some(1)).is_ok());
        let Value { payload, tag } = ctx.slot(ctx.top() - 1).raw;
        (tag, payload)
    })
}

#[test]
fn a_wrong_live_map_shows_under_stress() {
    // The code reads the cell behind the allocation: in the right map r0 is live there, in the other's only r1 is.
    let get_cell = |short: String| short.replace("move r3, r0\n", "get_cell r3, r0\n");
    let (code, other) = (get_cell(cell_program(0)), cell_program(1));
    for backend in [Backend::Tail, Backend::Loop] {
        let stress = Options {
            backend,
            gc_stress: true,
            ..Options::default()
        };
        let plain = Options {
            backend,
            ..Options::default()
        };
        let right = (tag::INT, 42);
        assert_eq!(result(stress.clone(), &code, &code), right);
        assert_eq!(
            result(plain, &code, &other),
            right,
            "without a collection nothing is lost"
        );
        let (wrong_tag, wrong) = result(stress, &code, &other);
        assert_ne!((wrong_tag, wrong), right, "the cell is gone and its memory poisoned");
        assert!(
            wrong_tag > tag::CELL,
            "no value has the tag {wrong_tag:#x}: it is poison"
        );
    }
}

#[test]
fn natives_keep_what_is_on_their_stack() {
    fn keeper(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
        ctx.push_str(b"a string of its own, and long enough not to be interned: forty bytes are the limit")?;
        ctx.collect();
        let t = ctx.new_table(0, 0)?;
        ctx.push(t.as_val())?;
        ctx.collect();
        let len = ctx.len(ctx.top() - 2)?;
        ctx.ret_int(len)
    }
    everywhere(|m| {
        m.define("keeper", keeper);
        assert_eq!(
            m.run("function f0 vararg\n get_global r0, u0, 'keeper'\n call r0, 0, r0\n return_1 r0\n"),
            Ok(ints([82])),
            "{:?}",
            m.options
        );
    });
}
