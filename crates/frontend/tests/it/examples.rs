//! The examples run: each checks what it shows.

#[path = "../../examples/lint.rs"]
mod lint;

#[test]
fn a_linter() {
    lint::main();
}
