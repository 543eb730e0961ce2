//! The compiler from outside: dumps of every stage over data files, and laws over all of them.

mod data;
mod examples;
mod laws;
mod limits;
