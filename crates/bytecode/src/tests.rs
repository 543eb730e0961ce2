//! Laws over all rows of the instruction table, and of each representation of a module.

use crate::*;

/// `for i = 1, 10 do f(i) end` over the globals, with every table filled.
fn sample() -> Module {
    let mut asm = Assembler::new("main", 0);
    asm.function_mut().vararg = true;
    let env = asm.upvalue("_ENV", VariableKind::Regular);
    let f = asm.short_constant(Constant::str("f")).expect("a first constant");
    let (index, count, step) = (Reg(0), Reg(1), Reg(2));
    asm.line(1, 1);
    for (dst, value) in [(index, 1), (count, 10), (step, 1)] {
        asm.push(Op::LoadInt { dst, value: Imm(value) });
    }
    let (top, end) = (asm.label(), asm.label());
    asm.jump(Op::ForPrep { index, count, step, to: Jump32(0) }, end).safepoint([0, 1, 2]);
    asm.bind(top);
    asm.line(2, 3);
    asm.push(Op::GetGlobal { dst: Reg(3), env, key: f, cache: Cache::EMPTY, holder: Cache::EMPTY }).safepoint([0, 1, 2]);
    asm.push(Op::Move { dst: Reg(5), src: index });
    asm.push(Op::Call0 { window: Reg(3), args: Count(1) }).safepoint([0, 1, 2]).name(0, NameKind::Global, "f");
    asm.line(1, 1);
    asm.jump(Op::ForLoop { index, count, step, to: Jump32(0) }, top);
    asm.bind(end);
    asm.local("i", top, end, 0);
    asm.push(Op::Return0 {});
    asm.finish_module("@sample.lua")
}

#[test]
fn the_sample_verifies_and_survives_a_file() {
    let module = verify(sample()).expect("the sample is sound");
    assert_eq!(from_bytes(&to_bytes(&module, false)).as_ref(), Ok(&*module));
    let stripped = from_bytes(&to_bytes(&module, true)).expect("a stripped file is a file");
    assert!(stripped.functions[0].lines.is_empty() && stripped.name == b"=?");
    assert_eq!(stripped.functions[0].safepoints, module.functions[0].safepoints);
}
