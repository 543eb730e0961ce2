//! Lua 5.5 in Rust: the embedding API and the perilune command.
