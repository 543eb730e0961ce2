//! What a caller chooses about a compilation.

use perilune_lang::Std;

/// How much work goes into the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptLevel {
    /// Every local in a slot of its own, temporaries in stack order: what debuggers and hooks want.
    O0,
    /// SSA form, the passes of `ir::opt`, and graph colouring.
    #[default]
    O1,
}

/// How [`compile`](crate::compile) works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The name of the chunk: `@file`, `=text`, or the source text itself.
    pub chunk_name: Vec<u8>,
    /// The language version.
    pub std: Std,
    /// How much work goes into the code. A chunk that names certain functions of the debug library compiles at
    /// [`OptLevel::O0`] all the same, see [`names_debug`](crate::names_debug).
    pub opt_level: OptLevel,
    /// The size of the register file, 4 to 250. Values past it live in spill slots.
    pub registers: u16,
}

impl Options {
    /// The smallest register file.
    pub const MIN_REGISTERS: u16 = 4;
    /// The largest register file, and the default.
    pub const MAX_REGISTERS: u16 = 250;

    /// The defaults for a chunk of this name.
    pub fn new(chunk_name: impl Into<Vec<u8>>) -> Options {
        Options {
            chunk_name: chunk_name.into(),
            ..Options::default()
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            chunk_name: b"=?".to_vec(),
            std: Std::default(),
            opt_level: OptLevel::default(),
            registers: Options::MAX_REGISTERS,
        }
    }
}
