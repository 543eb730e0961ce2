//! The text form of functions and modules: printing and parsing are inverse up to the numbers of ids.
//!
//! ```text
//! function "name" lines 1..3 vararg {
//!   u0 = upvalue regular "_ENV"
//!   l0 = local "x"
//! b0(v0, v1: cell):
//!   v2 = int 1 @2:7
//!   v3 = add v0, v2 @2:5 names(0 local "x")
//!   jump b1(v3)
//! b1(v4):
//!   return v4
//! }
//! ```
//! An instruction is `results = mnemonic immediates, operands, successors`, then its location and the
//! names of its operands, each where it has some. `;` starts a comment.

mod parse;
mod print;

pub use parse::ParseError;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use print::mnemonic;
