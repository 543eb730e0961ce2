//! Lua source text to a syntax tree with resolved names; it recovers from every error.
