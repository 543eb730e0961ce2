//! What to do about programs that only Lua 5.4 accepts.

use perilune::{CompileOptions, Std};
use perilune_bytecode::Verified;
use perilune_vm::Loader;
use std::cell::RefCell;

/// A loader that remembers the last chunk that did not compile, to look at it again if that ends the program.
pub struct RememberingLoader {
    compile: CompileOptions,
    failed: RefCell<Option<Failed>>,
}

struct Failed {
    source: Vec<u8>,
    name: Vec<u8>,
    message: Vec<u8>,
}

/// What 5.4 has and 5.5 refuses when it runs, by a piece of the message.
const RUNTIME: &[&[u8]] = &[b"invalid option 'setpause'", b"invalid option 'setstepmul'"];

impl RememberingLoader {
    pub fn new(compile: CompileOptions) -> RememberingLoader {
        RememberingLoader {
            compile,
            failed: RefCell::new(None),
        }
    }

    pub fn options(&self) -> &CompileOptions {
        &self.compile
    }

    /// Whether an error with this message would not have been raised in Lua 5.4.
    pub fn is_5_5_alone(&self, message: &[u8]) -> bool {
        if self.compile.std != Std::V5_5 {
            return false;
        }
        let contains = |part: &[u8]| !part.is_empty() && message.windows(part.len()).any(|window| window == part);
        RUNTIME.iter().any(|part| contains(part))
            || self
                .failed
                .borrow()
                .as_ref()
                .is_some_and(|f| contains(&f.message) && is_5_4(&self.compile, &f.source, &f.name))
    }
}

impl Loader for RememberingLoader {
    fn compile(&self, source: &[u8], chunk_name: &[u8]) -> Result<Verified, Vec<u8>> {
        let result = Loader::compile(&self.compile, source, chunk_name);
        if let Err(message) = &result
            && self.compile.std == Std::V5_5
        {
            *self.failed.borrow_mut() = Some(Failed {
                source: source.to_vec(),
                name: chunk_name.to_vec(),
                message: message.clone(),
            });
        }
        result
    }

    fn epoch(&self) -> u64 {
        self.compile.epoch()
    }
}

/// Does a text that is not Lua 5.5 compile as Lua 5.4?
pub fn is_5_4(compile: &CompileOptions, source: &[u8], name: &[u8]) -> bool {
    let compile = CompileOptions {
        std: Std::V5_4,
        ..compile.clone()
    };
    compile.compile(source, name).is_ok()
}

/// The line that says so.
pub fn note(program: &[u8]) -> Vec<u8> {
    [
        program,
        b": note: this is a program for Lua 5.4: run it with the option '--std 5.4', or call perilune as 'lua5.4'\n",
    ]
    .concat()
}
