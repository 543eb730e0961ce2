//! Executes verified bytecode: frames, tables, strings, metamethods, errors.
