//! The text form: what it looks like, what it accepts, where it reports errors.

use super::sample;
use crate::*;

#[test]
fn the_sample_as_text() {
    let text = disasm(&sample());
    insta::assert_snapshot!(text, @r#"
    module "@sample.lua"

    function f0 "main" params 0 vararg frame 6 lines 0..0
      upvalue u0 "_ENV" regular
      constant k0 "f"
      local "i" r0 0005..0012
      0000  load_int r0, 1  {line 1:1}  ; line 1
      0001  load_int r1, 10  ; line 1
      0002  load_int r2, 1  ; line 1
      0003  for_prep r0, r1, r2, @0012  {live r0 r1 r2}  ; line 1
      0005  get_global r3, u0, k0 "f"  {line 2:3} {live r0 r1 r2}  ; line 2
      0008  move r5, r0  ; line 2
      0009  call_0 r3, 1  {live r0 r1 r2} {name 0 global "f"}  ; line 2
      0010  for_loop r0, r1, r2, @0005  {line 1:1}  ; line 1
      0012  return_0  ; line 1
    "#);
    assert_eq!(assemble(&text), Ok(sample()));
}

#[test]
fn strange_modules_have_a_text() {
    let mut module = sample();
    module.name = b"=\x00\"\\\n\xff".to_vec();
    let main = &mut module.functions[0];
    main.constants.extend([
        Constant::Float(f64::INFINITY),
        Constant::Float(-0.0),
        Constant::Float(1e300),
        Constant::Float(f64::from_bits(0xfff8_0000_0000_0001)),
        Constant::Int(i64::MIN),
        Constant::Nil,
        Constant::str([b'x'; 100]),
    ]);
    // A filled cache word, a word that is no instruction, and tables out of order.
    main.code[6] = 1;
    main.code.push(u64::MAX);
    main.lines.reverse();
    main.names.push(OperandName {
        at: 77,
        operand: 1,
        kind: NameKind::ForIterator,
        name: [].into(),
    });
    main.safepoints.push(Safepoint {
        at: 1,
        live: LiveSet::new(),
    });
    let text = disasm(&module);
    assert!(text.contains("  0005  .word 0x"));
    assert!(text.contains("  live at 0001\n"));
    assert!(text.contains("  name at 0077 1 for_iterator \"\"\n"));
    assert_eq!(assemble(&text), Ok(module));
}

#[test]
fn people_may_leave_out_what_follows_from_the_rest() {
    let text = "module \"=m\"
function f0 params 1
  constant k0 \"key\"
top:
  get_field r2, r0, k0 {live r0}   ; a comment
  jump_if r2, top
  jump done
done:
  return_0";
    let module = assemble(text).expect("the text is right");
    assert_eq!(module.main().frame_size, 3);
    let shown = disasm(&verify(module).expect("the module is sound"));
    assert!(
        shown.contains("  0003  jump_if r2, @0000\n  0004  jump @0005\n"),
        "{shown}"
    );
}

#[test]
fn errors_name_their_line() {
    let function = |body: &str| format!("module \"\"\nfunction f0\n{body}\nfunction f1\n  return_0");
    let cases = [
        (String::new(), 1, AsmErrorKind::Expected("`module`")),
        ("module \"a".to_string(), 1, AsmErrorKind::String),
        (
            "module \"a\"\n  return_0".to_string(),
            2,
            AsmErrorKind::Expected("`function`"),
        ),
        (function("  fly r0"), 3, AsmErrorKind::UnknownInstruction("fly".into())),
        (function("  move r0"), 3, AsmErrorKind::Expected("`,`")),
        (
            function("  move r0, r1, r2"),
            3,
            AsmErrorKind::Expected("the end of the line"),
        ),
        (function("  move r0, k1"), 3, AsmErrorKind::Expected("a register")),
        (function("  move r0, r4096"), 3, AsmErrorKind::Operands(Opcode::Move)),
        (
            function("  load_int r0, 40000"),
            3,
            AsmErrorKind::Operands(Opcode::LoadInt),
        ),
        (function("  0001  return_0"), 3, AsmErrorKind::Offset { actual: 0 }),
        (function("  jump away"), 3, AsmErrorKind::UnknownLabel("away".into())),
        (function("a:\na:"), 4, AsmErrorKind::DuplicateLabel("a".into())),
        (function("  jump_eq_i r0, 1, @99999"), 3, AsmErrorKind::JumpTooFar),
        (function("  constant k1 nil"), 3, AsmErrorKind::Number { next: 0 }),
        (
            function("  return_0 {live r70000}"),
            3,
            AsmErrorKind::Expected("a slot below 65536"),
        ),
        (function("  return_0 ?"), 3, AsmErrorKind::Character('?')),
        (
            function("  closure r0, f0, [s1]"),
            3,
            AsmErrorKind::Expected("a register or an upvalue"),
        ),
    ];
    for (text, line, kind) in cases {
        assert_eq!(assemble(&text), Err(AsmError { line, kind }), "{text}");
    }
}
