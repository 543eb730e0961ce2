//! The header of every frame, as `RegisterFrame` shows it, for each way in which frames come about.

use super::{Machine, Out, everywhere, ints, text};
use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame};
use crate::native::{Ctx, Returns};
use crate::value::tag;
use crate::vm::{Raised, Vm};

/// Checks what must hold for each frame of the running stack; the kinds from the innermost outwards.
///
/// # Safety
/// F3.
unsafe fn walk(vm: &Vm) -> Vec<FrameKind> {
    let mut kinds = Vec::new();
    let mut frame = RegisterFrame(vm.base);
    loop {
        let kind = frame.kind();
        kinds.push(kind);
        if kind == FrameKind::Base {
            assert_eq!(frame.0, vm.stack_base.add(HEADER_SLOTS));
            assert_eq!(frame.distance(), 0);
            return kinds;
        }
        let callee = frame.callee();
        assert!(
            matches!(callee.tag, tag::CLOSURE | tag::NATIVE),
            "{kind:?}: only functions have frames"
        );
        let caller = frame.caller();
        assert!(
            caller.0 < frame.0 || kind == FrameKind::Body,
            "{kind:?}: frames go down"
        );
        assert_eq!(frame.0.byte_offset_from(caller.0), frame.distance() as isize);
        assert_eq!(frame.distance() % 16, 0);
        if let Some(proto) = frame.proto() {
            assert!(
                frame.0.byte_add((*proto).frame_bytes as usize) <= vm.stack_limit,
                "{kind:?}: a frame fits"
            );
        }
        let (extra, count) = frame.varargs();
        if count > 0 {
            assert!(
                extra.add(count) < frame.0.sub(HEADER_SLOTS),
                "{kind:?}: extra arguments lie below the header"
            );
        }
        if let Some(proto) = caller.proto() {
            // The return address and the constants are the caller's.
            let words = (*proto).function().code.len() as isize;
            let at = frame.caller_pc().offset_from((*proto).code);
            assert!(
                (0..words).contains(&at),
                "{kind:?}: the return address is in the caller's code"
            );
            assert_eq!(frame.return_k(), (*proto).constants.cast_const(), "{kind:?}");
            assert!(
                (*proto).function().safepoint_at(at as u32).is_some(),
                "{kind:?}: the caller is at an instruction with a live map"
            );
        }
        frame = caller;
    }
}

fn kind_name(kind: FrameKind) -> String {
    format!("{kind:?}")
}

/// The kinds of all frames, as one string.
fn inspect(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    // SAFETY: F3.
    let kinds = unsafe { walk(ctx.vm_mut()) };
    let names: Vec<String> = kinds.into_iter().map(kind_name).collect();
    ctx.ret_str(names.join(" ").as_bytes())
}

#[track_caller]
fn frames(short: &str, expected: &str) {
    everywhere(|m| {
        m.define("inspect", inspect);
        assert_eq!(m.run(short), Ok(vec![text(expected)]), "{:?}", m.options);
    });
}

#[test]
fn calls_have_the_kind_of_their_instruction() {
    frames(
        "function f0 vararg\n get_global r0, u0, 'inspect'\n call r0, 0, r0\n return_1 r0\n",
        "Call1 Entry Base",
    );
    frames(
        "function f0 vararg\n get_global r0, u0, 'inspect'\n call_n r0, 0, open\n return_open r0, 0\n",
        "CallN Entry Base",
    );
    frames(
        "function f0 vararg\n get_global r0, u0, 'inspect'\n tail_call r0, 0\n",
        "TailNative Entry Base",
    );
    frames(
        "
function f0 vararg
  closure r0, f1, [u0]
  call_0 r0, 0
  get_global r0, u0, 'kinds'
  return_1 r0
function f1
  get_global r0, u0, 'inspect'
  call r0, 0, r0
  set_global u0, 'kinds', r0
  return_0
",
        "Call1 Call0 Entry Base",
    );
}

#[test]
fn extra_arguments_move_the_frame() {
    frames(
        "
function f0 vararg
  closure r0, f1, [u0]
  load_int r2, 1
  load_int r3, 2
  load_int r4, 3
  call r0, 3, r0
  return_1 r0
function f1 params 1 vararg
  get_global r1, u0, 'inspect'
  call r1, 0, r1
  return_1 r1
",
        "Call1 Call1 Entry Base",
    );
}

#[test]
fn protected_calls_have_frames_of_their_own() {
    frames(
        "
function f0 vararg
  get_global r0, u0, 'pcall'
  get_global r2, u0, 'inspect'
  call_n r0, 1, 2
  return_1 r1
",
        "Pcall Call1 Entry Base".replace("Call1", "CallN").as_str(),
    );
    frames(
        "
function f0 vararg
  get_global r0, u0, 'xpcall'
  get_global r2, u0, 'fail'
  get_global r3, u0, 'inspect'
  call_n r0, 2, 2
  return_1 r1
",
        "Handler Xpcall CallN Entry Base",
    );
}

#[test]
fn metamethods_iterators_and_closers_have_continuation_frames() {
    for (event, use_it) in [
        ("__add", "add r0, r0, r0"),
        ("__index", "get_int r0, r0, 1"),
        ("__len", "len r0, r0"),
        ("__unm", "unm r0, r0"),
        ("__call", "call r0, 0, r0"),
    ] {
        let expected = if event == "__call" {
            "Call1 Entry Base"
        } else {
            "Finish Entry Base"
        };
        frames(
            &format!(
                "
function f0 vararg
  new_table r0, 0, 0
  new_table r1, 0, 0
  get_global r2, u0, 'inspect'
  set_field r1, '{event}', r2
  get_global r2, u0, 'setmetatable'
  move r4, r0
  move r5, r1
  call_0 r2, 2
  {use_it}
  return_1 r0
"
            ),
            expected,
        );
    }
    frames(
        "function f0 vararg\n get_global r0, u0, 'inspect'\n load_nils r1, 2\n for_call r0, r1, r2, r3, 1\n return_1 r3\n",
        "Finish Entry Base",
    );
    frames(
        "
function f0 vararg
  new_table r0, 0, 0
  new_table r1, 0, 0
  closure r2, f1, [u0]
  set_field r1, '__close', r2
  get_global r2, u0, 'setmetatable'
  move r4, r0
  move r5, r1
  call_0 r2, 2
  tbc r0
  close r0
  get_global r0, u0, 'kinds'
  return_1 r0
function f1 vararg
  get_global r0, u0, 'inspect'
  call r0, 0, r0
  set_global u0, 'kinds', r0
  return_0
",
        "Call1 Close Entry Base",
    );
}

#[test]
fn coroutines_start_at_their_own_bottom() {
    frames(
        "
function f0 vararg
  get_global r0, u0, 'coroutine'
  get_field r0, r0, 'wrap'
  closure r2, f1, [u0]
  call r0, 1, r0
  call r0, 0, r0
  return_1 r0
function f1
  get_global r0, u0, 'inspect'
  call r0, 0, r0
  return_1 r0
",
        "Call1 Body Base",
    );
}

#[test]
fn natives_that_call_leave_an_entry_frame() {
    frames(
        "
function f0 vararg
  get_global r0, u0, 'invoke'
  get_global r2, u0, 'inspect'
  call r0, 1, r0
  return_1 r0
",
        "Entry Call1 Entry Base",
    );
}

#[test]
fn results_reach_the_caller_after_the_header_is_gone() {
    // The single result lands on the frame word of the call that returns it.
    everywhere(|m: &mut Machine| {
        let got = m.run(
            "
function f0 vararg
  load_int r0, 5
  closure r1, f1, [u0]
  call r1, 0, r2
  add_k r0, r0, '100'
  add r0, r0, r2
  return_1 r0
function f1
  load_k r0, '1000'
  return_1 r0
",
        );
        assert_eq!(got, Ok(ints([1105])), "{:?}", m.options);
        assert_ne!(got, Ok(vec![Out::Nil]));
    });
}
