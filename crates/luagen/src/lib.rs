#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod calls;
mod coroutine;
mod damage;
mod function;
mod generator;
mod meta;
mod number;
mod scope;
mod statement;
mod table;
mod template;
mod text;

pub mod batch;
pub mod reduce;
pub mod seeded;

pub use calls::{Calls, calls};
pub use damage::damaged;
pub use generator::program;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_give_the_same_program() {
        for index in 0..200 {
            let bytes = seeded::bytes(7, index, 100, 800);
            assert_eq!(program(&bytes), program(&bytes));
            assert_eq!(damaged(&bytes), damaged(&bytes));
        }
    }

    #[test]
    fn few_bytes_make_a_program_too() {
        for length in 0..40 {
            assert!(program(&vec![255; length]).contains("print("));
        }
    }
}
