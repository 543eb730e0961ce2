//! The compiler as the VM's loader.

use perilune_bytecode::Verified;
use perilune_compiler::OptLevel;
use perilune_frontend::SyntaxError;
use perilune_lang::Std;
use perilune_vm::Loader;
use std::cell::Cell;
use std::rc::Rc;

/// How scripts are compiled.
#[derive(Clone, Debug)]
pub struct CompileOptions {
    /// The language version.
    pub std: Std,
    /// How much work goes into the code.
    pub opt_level: OptLevel,
    /// The size of the register file, 4 to 250.
    pub registers: u16,
    /// How many calls of a function without loops come before it is optimized: until then it has the code of `-O0`. 0 means
    /// that everything is optimized when it is compiled.
    pub patience: u32,
    /// Whether a chunk was compiled that looks into the frames of others (`debug.getlocal`, `sethook`…): what is compiled
    /// after it, by any clone of these options, is compiled at `-O0`, whose frames show what the source says.
    pub watched: Rc<Cell<bool>>,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions {
            std: Std::default(),
            opt_level: OptLevel::default(),
            registers: perilune_compiler::Options::MAX_REGISTERS,
            patience: perilune_compiler::DEFAULT_PATIENCE,
            watched: Rc::default(),
        }
    }
}

impl CompileOptions {
    fn for_chunk(&self, name: &[u8]) -> perilune_compiler::Options {
        perilune_compiler::Options {
            chunk_name: name.to_vec(),
            std: self.std,
            opt_level: if self.watched.get() {
                OptLevel::O0
            } else {
                self.opt_level
            },
            registers: self.registers,
        }
    }

    /// Compiles a chunk to a module that a VM loads.
    ///
    /// # Errors
    /// Every syntax error; the first is the one that Lua reports.
    ///
    /// # Panics
    /// If the compiler made code that the verifier refuses, which would be a fault of ours.
    pub fn compile(&self, source: &[u8], name: &[u8]) -> Result<Verified, Vec<SyntaxError>> {
        let tiered = perilune_compiler::compile_tiered(source, &self.for_chunk(name), self.patience)?;
        if tiered.watches {
            self.watched.set(true);
        }
        match perilune_bytecode::verify_compiled(tiered.module) {
            Ok(mut verified) => {
                if let Some(recompiler) = tiered.recompiler {
                    verified.set_recompiler(recompiler);
                }
                Ok(verified)
            }
            Err(errors) => panic!("the compiler made code that does not verify: {errors}"),
        }
    }
}

impl Loader for CompileOptions {
    fn compile(&self, source: &[u8], chunk_name: &[u8]) -> Result<Verified, Vec<u8>> {
        CompileOptions::compile(self, source, chunk_name).map_err(|errors| match errors.first() {
            Some(first) => first.message(chunk_name),
            None => b"syntax error".to_vec(),
        })
    }

    fn epoch(&self) -> u64 {
        self.watched.get().into()
    }
}

/// A file's text without a byte order mark and a first line that starts with `#`.
pub fn chunk_source(file: &[u8]) -> &[u8] {
    perilune_frontend::skip_shebang(file)
}
