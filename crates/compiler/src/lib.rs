//! Lowers syntax trees to SSA, selects instructions, and emits bytecode.
