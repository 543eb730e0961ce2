//! The examples run: each checks what it shows.

#[path = "../../examples/calculator.rs"]
mod calculator;

#[test]
fn a_calculator() -> Result<(), Box<dyn std::error::Error>> {
    calculator::main()
}
