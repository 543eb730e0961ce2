//! Modules that are wrong in one way each, and the error that says so.

use crate::*;

/// The faults of `f0` of a module with that body, and of the functions that follow it in the text.
fn faults(header: &str, body: &str) -> Vec<Fault> {
    let text = format!("module \"=m\"\nfunction f0 {header}\n{}", body.replace(" / ", "\n"));
    let module = assemble(&text).unwrap_or_else(|err| panic!("{err} in\n{text}"));
    match verify(module) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0.into_iter().map(|error| error.fault).collect(),
    }
}

fn accepts(header: &str, body: &str) {
    assert_eq!(faults(header, body), [], "{body}");
}

fn rejects(header: &str, body: &str, fault: Fault) {
    let found = faults(header, body);
    assert_eq!(found.first(), Some(&fault), "{body}: {found:?}");
}

#[test]
fn modules() {
    let empty = verify(Module::default()).expect_err("a module needs a main function");
    assert_eq!(empty.0[0].fault, Fault::NoMain);
    assert_eq!(empty.to_string(), "f0 at word 0: the module has no main function");
    rejects("", "closure r0, f0, [] {live} / return_0", Fault::ProtoCycle);
    let through = "closure r0, f1, [] {live} / return_0 / function f1 / closure r0, f0, [] {live} / return_0";
    rejects("", through, Fault::ProtoCycle);
}

/// Gives one function for all.
#[derive(Debug)]
struct Always(Function);

impl Recompile for Always {
    fn patience(&self, _: FuncId) -> Option<u32> {
        Some(1)
    }

    fn recompile(&self, _: FuncId) -> Option<Function> {
        Some(self.0.clone())
    }
}

#[test]
fn functions_compiled_again() {
    let module = |text: &str| assemble(&format!("module \"=m\"\n{}", text.replace(" / ", "\n"))).expect("it is right");
    let main = "function f0 params 1 / upvalue u0 \"\" regular / closure r0, f1, [] {live} / return_1 r0";
    let others = " / function f1 / return_0 / function f2 / return_0";
    let old = verify(module(&format!("{main}{others}"))).expect("it is right");
    let again = |text: &str| {
        let mut old = old.clone();
        let better = module(&format!("{text}{others}")).functions.swap_remove(0);
        old.set_recompiler(std::sync::Arc::new(Always(better)));
        let result = old.recompile(FuncId::MAIN).expect("there is better code");
        result.map(drop).map_err(|errors| errors.0[0].fault.clone())
    };
    assert_eq!(again(main), Ok(()));
    assert_eq!(again(&main.replace("return_1 r0", "return_0")), Ok(()));
    assert_eq!(
        again(&main.replace("params 1", "params 2 frame 2")),
        Err(Fault::OtherFunction)
    );
    assert_eq!(
        again(&main.replace("params 1", "params 1 vararg")),
        Err(Fault::OtherFunction)
    );
    assert_eq!(
        again(&main.replace("upvalue u0 \"\" regular / ", "")),
        Err(Fault::OtherFunction)
    );
    assert_eq!(again(&main.replace("f1", "f2")), Err(Fault::OtherFunction));
    assert_eq!(
        again(&main.replace("return_1 r0", "return_1 r1")),
        Err(Fault::Unassigned { slot: 1 })
    );
    assert_eq!(old.recompile(FuncId::MAIN), None);
}

#[test]
fn headers() {
    rejects("frame 70000", "return_0", Fault::FrameTooLarge { size: 70_000 });
    rejects("params 2 frame 1", "return_0", Fault::ParamsPastFrame);
    let upvalues: String = (0..8193)
        .map(|index| format!("upvalue u{index} \"\" regular / "))
        .collect();
    rejects("", &(upvalues + "return_0"), Fault::TooManyUpvalues);
}

#[test]
fn words() {
    let unknown = DecodeError::UnknownOpcode { at: 0, code: 0xffff };
    rejects("", ".word 0xffff / return_0", Fault::Decode(unknown));
    let padding = DecodeError::Padding { at: 0 };
    let jump = Opcode::Jump as u16;
    rejects(
        "",
        &format!(".word {:#x} / return_0", u64::from(jump) | 1 << 16),
        Fault::Decode(padding),
    );
    let truncated = DecodeError::Truncated { at: 0 };
    rejects(
        "",
        &format!(".word {:#x}", Opcode::GetField as u16),
        Fault::Decode(truncated),
    );
    let misaligned = DecodeError::Misaligned { at: 0, bits: 1 };
    rejects(
        "",
        &format!(".word {:#x}", u64::from(Opcode::LoadNil as u16) | 1 << 16),
        Fault::Decode(misaligned),
    );
    let field = format!(
        "constant k0 \"x\" / .word {:#x} {{live r0}} / .word 0x5 / .word 0x0 / return_0",
        Opcode::GetField as u16
    );
    rejects("params 1", &field, Fault::CacheNotEmpty);
    let internal = "constant k0 \"x\" / get_field_proto r0, r0, k0 {live r0} / return_0";
    rejects("params 1", internal, Fault::Internal(Opcode::GetFieldProto));
}

#[test]
fn ends_and_jumps() {
    rejects("", "", Fault::FallsOffEnd);
    rejects("", "load_nil r0", Fault::FallsOffEnd);
    rejects("params 1", "return_0 / jump_if r0, @0000", Fault::FallsOffEnd);
    rejects("", "jump @0002 / return_0", Fault::JumpTarget { to: 2 });
    rejects("", "jump @-1 / return_0", Fault::JumpTarget { to: -1 });
    let inside = "constant k0 \"x\" / get_field r0, r0, k0 {live r0} / jump @0001";
    rejects("params 1", inside, Fault::JumpTarget { to: 1 });
    accepts("", "jump @0000");
}

#[test]
fn slots_in_the_frame() {
    rejects("frame 1", "load_nil r1 / return_0", Fault::SlotPastFrame { needed: 2 });
    rejects(
        "frame 3",
        "load_nils r1, 3 / return_0",
        Fault::SlotPastFrame { needed: 4 },
    );
    rejects(
        "params 1 frame 1",
        "spill s1, r0 / return_0",
        Fault::SlotPastFrame { needed: 2 },
    );
    // The frame word belongs to the window.
    rejects(
        "params 1 frame 1",
        "call_0 r0, 0 {live} / return_0",
        Fault::SlotPastFrame { needed: 2 },
    );
    rejects(
        "params 1 frame 2",
        "call_n r0, 0, 3 {live} / return_0",
        Fault::SlotPastFrame { needed: 3 },
    );
    let for_call = "for_call r0, r1, r2, r3, 1 {live r0 r1 r2} / return_0";
    rejects("params 3 frame 6", for_call, Fault::SlotPastFrame { needed: 7 });
    accepts("params 3 frame 7", for_call);
    rejects(
        "frame 1",
        "close r1 {live} / return_0",
        Fault::SlotPastFrame { needed: 2 },
    );
}

#[test]
fn operands_that_do_not_exist() {
    rejects("", "load_k r0, k0 / return_0", Fault::NoSuchConstant { index: 0 });
    rejects(
        "",
        "constant k0 nil / load_kx r0, k1 / return_0",
        Fault::NoSuchConstant { index: 1 },
    );
    let global = "upvalue u0 \"_ENV\" regular / constant k0 1 / get_global r0, u0, k0 {live} / return_0";
    rejects(
        "",
        global,
        Fault::ConstantType {
            index: 0,
            expected: "a string",
        },
    );
    let number = "constant k0 \"1\" / add_k r0, r0, k0 {live r0} / return_0";
    rejects(
        "params 1",
        number,
        Fault::ConstantType {
            index: 0,
            expected: "a number",
        },
    );
    let integer = "constant k0 1.0 / band_k r0, r0, k0 {live r0} / return_0";
    rejects(
        "params 1",
        integer,
        Fault::ConstantType {
            index: 0,
            expected: "an integer",
        },
    );
    accepts("params 1", "constant k0 1.0 / add_k r0, r0, k0 {live r0} / return_0");
    rejects("", "get_upvalue r0, u0 / return_0", Fault::NoSuchUpvalue { index: 0 });
    rejects(
        "",
        "closure r0, f1, [] {live} / return_0",
        Fault::NoSuchFunction { index: 1 },
    );
    let leaf = "function f1 / upvalue u0 \"x\" regular / return_0";
    let few = format!("closure r0, f1, [] {{live}} / return_0 / {leaf}");
    rejects(
        "",
        &few,
        Fault::CaptureCount {
            captures: 0,
            upvalues: 1,
        },
    );
    let none = format!("closure r0, f1, [u0] {{live}} / return_0 / {leaf}");
    rejects("", &none, Fault::NoSuchUpvalue { index: 0 });
}

#[test]
fn instructions_with_rules_of_their_own() {
    rejects("", "vararg r0, 1 / return_0", Fault::NotVararg);
    rejects("", "vararg_table r0 {live} / return_0", Fault::NotVararg);
    rejects("params 1", "get_vararg r0, r0 / return_0", Fault::NotVararg);
    accepts("params 1 vararg", "get_vararg r0, r0 / return_0");
    rejects(
        "params 1",
        "vararg_from r0, r1, 1 {live r0} / return_0",
        Fault::NotVararg,
    );
    rejects(
        "params 1",
        "vararg_from_open r0 {live r0} / return_open r0, 0",
        Fault::NotVararg,
    );
    accepts("vararg", "vararg r0, 1 / return_0");
    accepts("params 1 vararg", "vararg_from r0, r0, 2 {live r0} / return_0");
    accepts("params 1 vararg", "vararg_from_open r0 {live r0} / return_open r0, 0");
    rejects(
        "params 1 vararg",
        "vararg_from_open r0 {live r0} / return_0",
        Fault::OpenNotConsumed,
    );
    rejects("params 1", "concat r0, r0, 1 {live r0} / return_0", Fault::ConcatCount);
    rejects(
        "params 2",
        "for_prep r0, r1, r0, @0002 {live r0 r1} / return_0",
        Fault::ForRegisters,
    );
}

#[test]
fn open_values() {
    rejects("vararg", "vararg_open / return_0", Fault::OpenNotConsumed);
    rejects(
        "vararg",
        "vararg_open / load_nil r0 / return_open r0, 0",
        Fault::OpenNotConsumed,
    );
    rejects("params 1", "return_open r0, 0", Fault::OpenNotProduced);
    rejects(
        "params 1",
        "call_n r0, 0, open {live} / return_0",
        Fault::OpenNotConsumed,
    );
    accepts("params 1", "call_n r0, 0, open {live} / return_open r0, 0");
    let into = "vararg_open / return_open r0, 0 / jump @0001";
    rejects("params 1 vararg", into, Fault::OpenJumpedInto);
    accepts("params 1 vararg", "vararg_open / close r0 {live} / return_open r0, 0");
    rejects(
        "params 1 vararg",
        "vararg_open / close r0 {live} / return_0",
        Fault::OpenNotConsumed,
    );
    rejects(
        "params 1",
        "close r0 {live} / return_open r0, 0",
        Fault::OpenNotProduced,
    );
    let into_close = "vararg_open / close r0 {live} / return_open r0, 0 / jump @0001";
    rejects("params 1 vararg", into_close, Fault::OpenJumpedInto);
}

#[test]
fn tables() {
    rejects("params 1", "len r0, r0 / return_0", Fault::SafepointMissing);
    rejects("params 1", "live at 9 r0 / return_0", Fault::SafepointUnexpected);
    rejects(
        "params 1",
        "len r0, r0 {live r0} {live r0} / return_0",
        Fault::SafepointOrder,
    );
    rejects(
        "",
        "line at 1 1:1 / line at 0 1:1 / load_nil r0 / return_0",
        Fault::LineOrder,
    );
    rejects("", "line at 1 1:1 / return_0", Fault::LinePlace);
    let twice = "return_1 r0 {name 0 local \"a\"} {name 0 local \"b\"}";
    rejects("params 1", twice, Fault::NameOrder);
    rejects("params 1", "name at 5 0 local \"a\" / return_0", Fault::NamePlace);
    rejects(
        "params 1",
        "return_1 r0 {name 1 local \"a\"}",
        Fault::NameOperand { operand: 1 },
    );
    rejects(
        "params 1",
        "local \"a\" r1 0000..0001 / return_0",
        Fault::LocalRange { index: 0 },
    );
    rejects(
        "params 1",
        "local \"a\" r0 0000..0002 / return_0",
        Fault::LocalRange { index: 0 },
    );
    rejects(
        "params 1",
        "local \"a\" r0 0001..0000 / return_0",
        Fault::LocalRange { index: 0 },
    );
}

#[test]
fn assignment_on_every_path() {
    rejects("frame 1", "return_1 r0", Fault::Unassigned { slot: 0 });
    let one_branch = "jump_if r0, skip / load_nil r1 / skip: / return_1 r1";
    rejects("params 1", one_branch, Fault::Unassigned { slot: 1 });
    accepts(
        "params 1",
        "load_true r1 / jump_if r0, skip / load_nil r1 / skip: / return_1 r1",
    );
    // What the loop body leaves unassigned is not there in the second round.
    let round = "load_nil r2 / top: / move r1, r2 / call_0 r2, 0 {live r0} / jump_if r0, top / return_0";
    rejects("params 1", round, Fault::Unassigned { slot: 2 });
    rejects(
        "params 2",
        "call_0 r0, 0 {live} / return_1 r1",
        Fault::Unassigned { slot: 1 },
    );
    accepts("params 2", "call_n r0, 0, 2 {live} / return_1 r1");
    rejects(
        "params 2",
        "call_n r0, 0, 1 {live} / return_1 r1",
        Fault::Unassigned { slot: 1 },
    );
    rejects(
        "params 1 frame 4",
        "call_0 r0, 1 {live} / return_0",
        Fault::Unassigned { slot: 2 },
    );
    rejects(
        "params 1",
        "load_nil r2 / concat r0, r1, 2 {live r2} / return_0",
        Fault::Unassigned { slot: 1 },
    );
    accepts("params 1", "load_nil r2 / return_0 / return_1 r7");
}

#[test]
fn the_windows_of_self_field() {
    let method = "constant k0 \"m\" / self_field r1, r0, k0 {live r0} / ";
    accepts("params 1", &format!("{method} call r1, 1, r0 {{live}} / return_1 r0"));
    // The frame word is not written by it.
    rejects(
        "params 1",
        &format!("{method} return_1 r2"),
        Fault::Unassigned { slot: 2 },
    );
}

#[test]
fn cells_and_values() {
    rejects("params 1", "get_cell r0, r0 / return_0", Fault::ValueAsCell { slot: 0 });
    rejects("params 2", "set_cell r0, r1 / return_0", Fault::ValueAsCell { slot: 0 });
    rejects(
        "params 1",
        "new_cell r0, r0 {live r0} / return_1 r0",
        Fault::CellAsValue { slot: 0 },
    );
    let stored = "new_cell r0, r0 {live r0} / set_cell r0, r0 / return_0";
    rejects("params 1", stored, Fault::CellAsValue { slot: 0 });
    accepts(
        "params 1",
        "new_cell r1, r0 {live r0} / move r2, r1 / get_cell r0, r2 / return_1 r0",
    );
    let spilled = "new_cell r1, r0 {live r0} / spill s9, r1 / reload r2, s9 / get_cell r0, r2 / return_1 r0";
    accepts("params 1 frame 10", spilled);
    let mixed = "jump_if r0, skip / new_cell r0, r0 {live r0} / skip: / return_1 r0";
    rejects("params 1", mixed, Fault::Unassigned { slot: 0 });
    let capture = "closure r1, f1, [r0] {live r0} / return_1 r1 / function f1 / upvalue u0 \"x\" regular / return_0";
    rejects("params 1", capture, Fault::ValueAsCell { slot: 0 });
    accepts("params 1", &format!("new_cell r0, r0 {{live r0}} / {capture}"));
}

#[test]
fn live_maps() {
    rejects(
        "params 1",
        "len r0, r0 {live r0 r1} / return_0",
        Fault::LiveUnassigned { slot: 1 },
    );
    rejects(
        "params 1",
        "len r0, r0 {live r0 r65000} / return_0",
        Fault::LiveUnassigned { slot: 65_000 },
    );
    rejects(
        "params 1",
        "len r0, r0 {live} / return_0",
        Fault::UseNotLive { slot: 0 },
    );
    // The collector may have freed what a map that lacks r1 held.
    rejects(
        "params 2",
        "len r0, r0 {live r0} / return_1 r1",
        Fault::Unassigned { slot: 1 },
    );
    accepts("params 2", "len r0, r0 {live r0 r1} / return_1 r1");
    rejects(
        "params 3 frame 3",
        "call_0 r0, 1 {live r2} / return_0",
        Fault::LiveInWindow { slot: 2 },
    );
    let for_call = "for_call r0, r1, r2, r2, 1 {live r0 r1 r2} / return_0";
    accepts("params 3", for_call);
    let above = "for_call r0, r1, r2, r1, 1 {live r0 r1 r2} / return_0";
    rejects("params 3", above, Fault::LiveInWindow { slot: 2 });
    accepts("params 3", "for_call r0, r1, r2, r1, 1 {live r0} / return_0");
    rejects(
        "params 3",
        "for_call r0, r1, r2, r1, 1 {live} / return_0",
        Fault::UseNotLive { slot: 0 },
    );
}

#[test]
fn prepared_loops() {
    let prep = "for_prep r0, r1, r2, end {live r0 r1 r2} / top: / ";
    accepts(
        "params 3",
        &format!("{prep} for_loop r0, r1, r2, top / end: / return_0"),
    );
    rejects(
        "params 3",
        "top: / for_loop r0, r1, r2, top / return_0",
        Fault::NotPrepared,
    );
    let swapped = format!("{prep} for_loop r0, r2, r1, top / end: / return_0");
    rejects("params 3", &swapped, Fault::NotPrepared);
    let written = format!("{prep} load_int r1, 5 / for_loop r0, r1, r2, top / end: / return_0");
    rejects("params 3", &written, Fault::NotPrepared);
    let around = format!("jump_if r0, @0003 / {prep} for_loop r0, r1, r2, top / end: / return_0");
    rejects("params 3", &around, Fault::NotPrepared);
    // Through a spill slot, as an allocator short of registers does it.
    let spilled =
        format!("{prep} spill s9, r1 / load_nil r1 / reload r1, s9 / for_loop r0, r1, r2, top / end: / return_0");
    accepts("params 3 frame 10", &spilled);
    let again = format!("{prep} for_loop r0, r1, r2, top / end: / for_loop r0, r1, r2, @0002 / return_0");
    rejects("params 3", &again, Fault::NotPrepared);
    let dead = format!("{prep} len r3, r0 {{live r0 r1}} / for_loop r0, r1, r2, top / end: / return_0");
    rejects("params 3", &dead, Fault::Unassigned { slot: 2 });
    let two = "for_prep r0, r1, r2, end {live r0 r1 r2 r3 r4 r5} / for_prep r3, r4, r5, end {live r0 r1 r2 r3 r4 r5}
top: / for_loop r0, r4, r5, top / end: / return_0";
    rejects("params 6", two, Fault::NotPrepared);
}

#[test]
fn slots_to_be_closed() {
    let tbc = "tbc r0 {live r0} / ";
    accepts("params 1", &format!("{tbc} close r0 {{live r0}} / return_0"));
    rejects("params 1", &format!("{tbc} return_0"), Fault::NotClosed { slot: 0 });
    let tail = "tbc r0 {live r0 r1} / tail_call r1, 0 {live r0}";
    rejects("params 2", tail, Fault::NotClosed { slot: 0 });
    rejects(
        "params 1",
        &format!("{tbc} load_nil r0 / close r0 {{live}} / return_0"),
        Fault::CloseOverwritten { slot: 0 },
    );
    let window = format!("{tbc} call_0 r0, 0 {{live}} / close r0 {{live}} / return_0");
    rejects("params 1", &window, Fault::CloseOverwritten { slot: 0 });
    let order = "tbc r1 {live r0 r1} / tbc r0 {live r0 r1} / close r0 {live} / return_0";
    rejects("params 2", order, Fault::CloseOrder { slot: 0 });
    let twice = format!("{tbc} tbc r0 {{live r0}} / close r0 {{live}} / return_0");
    rejects("params 1", &twice, Fault::CloseOrder { slot: 0 });
    let mismatch = "jump_if r1, skip / tbc r0 {live r0} / skip: / close r0 {live} / return_0";
    rejects("params 2", mismatch, Fault::CloseMismatch);
    // The virtual machine keeps what is marked alive; once it is closed, only the map does.
    accepts(
        "params 1",
        &format!("{tbc} new_table r1, 0, 0 {{live}} / move r1, r0 / close r0 {{live}} / return_0"),
    );
    rejects(
        "params 1",
        &format!("{tbc} close r0 {{live}} / return_1 r0"),
        Fault::Unassigned { slot: 0 },
    );
}

#[test]
fn analyses_that_would_take_too_much_are_refused() {
    // Many blocks over a frame of many slots.
    let mut asm = Assembler::new("wide", 1);
    for _ in 0..20_000 {
        let next = asm.label();
        asm.jump(
            Op::JumpIf {
                cond: Reg(0),
                to: Jump32(0),
            },
            next,
        );
        asm.bind(next);
    }
    asm.push(Op::Spill {
        slot: Slot(u16::MAX),
        src: Reg(0),
    });
    asm.push(Op::Return0 {});
    let errors = verify(asm.finish_module("=wide")).expect_err("too much memory");
    assert_eq!(errors.0[0].fault, Fault::TooComplex);
}

#[test]
fn no_more_errors_than_a_hundred() {
    let body = "load_k r0, k0 / ".repeat(150) + "return_0";
    assert_eq!(faults("", &body).len(), 100);
}
