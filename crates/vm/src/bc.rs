//! Temporary stand-in.
use perilune_bytecode::Module;
pub struct Verified(Module);
impl std::ops::Deref for Verified { type Target = Module; fn deref(&self) -> &Module { &self.0 } }
pub fn verify(m: Module) -> Result<Verified, String> { Ok(Verified(m)) }
pub fn from_bytes(_: &[u8]) -> Result<Module, String> { Err("none".into()) }
pub fn to_bytes(_: &Module, _: bool) -> Vec<u8> { Vec::new() }
