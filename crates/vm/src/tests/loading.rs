//! What does not verify does not load.

use super::{Machine, Out, ints, module, program};
use crate::{Options, Raised};
use perilune_bytecode::{assemble, from_bytes, to_bytes, verify};

fn load(m: &mut Machine, chunk: &[u8]) -> Result<(), String> {
    let loaded =
        m.vm.enter(|ctx| -> Result<_, Raised> { ctx.load(chunk, b"=chunk", b"bt") });
    match loaded {
        Ok(Ok(())) => Ok(()),
        Ok(Err(message)) => Err(String::from_utf8_lossy(&message).into_owned()),
        Err(_) => panic!("there is memory"),
    }
}

#[test]
fn modules_make_the_round_trip() {
    let verified = program("function f0 vararg\n load_int r0, 4\n return_1 r0\n");
    let bytes = to_bytes(&verified, false);
    assert_eq!(verify(from_bytes(&bytes).expect("it reads")), Ok(verified.clone()));
    let mut m = Machine::new(Options::default());
    assert_eq!(load(&mut m, &bytes), Ok(()));
    assert_eq!(m.run_module(verified, &[]), Ok(ints([4])));
}

#[test]
fn unverified_code_is_refused() {
    let mut m = Machine::new(Options::default());
    let refused = [
        // A register that was never written.
        "return_1 r0",
        // A jump into the middle of an instruction.
        "load_nil r0\n jump @3\n get_global r0, u0, 'x'\n return_0",
        // Past the end of the code.
        "load_nil r0",
        // A constant that does not exist.
        "load_k r0, k7\n return_1 r0",
        // An upvalue that does not exist.
        "get_upvalue r0, u9\n return_1 r0",
        // A loop that nothing prepared.
        "load_int r0, 1\n load_int r1, 1\n load_int r2, 1\ntop:\n for_loop r0, r1, r2, top\n return_0",
        // Open values that nothing left.
        "return_open r0, 0",
        // A cell that is a value.
        "load_nil r0\n get_cell r0, r0\n return_1 r0",
        // An instruction that only the VM writes.
        "new_table r0, 0, 0\n get_field_proto r0, r0, 'x'\n return_1 r0",
    ];
    for body in refused {
        let module = module(&format!("function f0 vararg\n{body}\n"));
        assert!(verify(module.clone()).is_err(), "{body}");
        let message = load(&mut m, &to_bytes(&module, false)).expect_err(body);
        assert!(message.starts_with("chunk: bad binary format ("), "{message}");
    }
    assert_eq!(
        m.run("function f0 vararg\n load_int r0, 4\n return_1 r0\n"),
        Ok(vec![Out::Int(4)])
    );
}

#[test]
fn a_live_map_that_misses_a_register_is_refused() {
    // The table in r0 is needed after the allocation of the second one, whose map does not list it.
    let text = "
module \"=t\"
function f0
  new_table r0, 0, 0 { live }
  new_table r1, 0, 0 { live }
  return_n r0, 2
";
    let module = assemble(text).expect("it reads");
    let errors = verify(module).expect_err("r0 may have been collected");
    assert!(errors.to_string().contains("slot 0 is not assigned"), "{errors}");
    let right = text.replacen("new_table r1, 0, 0 { live }", "new_table r1, 0, 0 { live r0 }", 1);
    assert!(verify(assemble(&right).expect("it reads")).is_ok());
}

#[test]
fn corrupt_files_are_refused() {
    let mut m = Machine::new(Options::default());
    let bytes = to_bytes(&program(super::calls::FIB), false);
    assert_eq!(load(&mut m, &bytes), Ok(()));
    let (mut refused, mut loaded) = (0, 0);
    for cut in 1..bytes.len() {
        let message = load(&mut m, &bytes[..cut]).expect_err("a file that is cut off");
        assert!(message.starts_with("chunk: bad binary format ("), "{message}");
    }
    for at in 1..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            // What still verifies (a name, a line, an immediate) is no danger.
            match load(&mut m, &bytes) {
                Ok(()) => loaded += 1,
                Err(message) => {
                    assert!(message.starts_with("chunk: bad binary format ("), "{message}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > loaded, "{refused} refused, {loaded} loaded");
    let mut bytes = bytes;
    bytes.extend_from_slice(b"more");
    assert!(load(&mut m, &bytes).is_err());
}

#[test]
fn the_mode_is_respected() {
    let mut m = Machine::new(Options::default());
    let bytes = to_bytes(&program("function f0 vararg\n return_0\n"), true);
    let refused =
        m.vm.enter(|ctx| ctx.load(&bytes, b"=chunk", b"t"))
            .expect("there is memory");
    assert_eq!(refused, Err(b"attempt to load a binary chunk (mode is 't')".to_vec()));
    let refused =
        m.vm.enter(|ctx| ctx.load(b"return 1", b"=chunk", b"b"))
            .expect("there is memory");
    assert_eq!(refused, Err(b"attempt to load a text chunk (mode is 'b')".to_vec()));
}
