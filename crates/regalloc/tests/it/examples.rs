//! The examples run: each checks what it shows.

#[path = "../../examples/two_address.rs"]
mod two_address;

#[test]
fn another_machine() -> Result<(), Box<dyn std::error::Error>> {
    two_address::main()
}
