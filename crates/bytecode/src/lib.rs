//! The instruction set, its assembler, disassembler, verifier and module files.
