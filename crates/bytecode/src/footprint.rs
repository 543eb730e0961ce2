//! What a module takes in memory, for hosts that hold scripts to a limit.

use std::sync::Arc;

use crate::module::{Constant, Function, Module};
use crate::verify::Verified;

/// Bytes of the counts in front of a shared string.
const COUNTS: usize = 2 * size_of::<usize>();

/// A shared string's bytes: it counts for each who has it.
fn shared(text: &Arc<[u8]>) -> usize {
    COUNTS + text.len()
}

fn buffer<T>(items: &Vec<T>) -> usize {
    items.capacity() * size_of::<T>()
}

impl Function {
    /// Bytes that it takes besides its own struct. Strings that it shares with others count in full.
    pub fn heap_bytes(&self) -> usize {
        let constants = self.constants.iter().map(|constant| match constant {
            Constant::Str(text) => shared(text),
            _ => 0,
        });
        let texts = constants
            .chain(self.upvalues.iter().map(|upvalue| shared(&upvalue.name)))
            .chain(self.names.iter().map(|name| shared(&name.name)))
            .chain(self.locals.iter().map(|local| shared(&local.name)))
            .sum::<usize>();
        let maps = self.safepoints.iter().map(|safepoint| safepoint.live.heap_bytes());
        self.name.as_ref().map_or(0, buffer)
            + buffer(&self.code)
            + buffer(&self.constants)
            + buffer(&self.upvalues)
            + buffer(&self.lines)
            + buffer(&self.safepoints)
            + buffer(&self.names)
            + buffer(&self.locals)
            + texts
            + maps.sum::<usize>()
    }
}

impl Module {
    /// Bytes that it takes besides its own struct.
    pub fn heap_bytes(&self) -> usize {
        let functions = self.functions.iter().map(Function::heap_bytes);
        buffer(&self.name) + buffer(&self.functions) + functions.sum::<usize>()
    }
}

impl Verified {
    /// Bytes that it takes besides its own struct, with what its [`Recompile`](crate::Recompile) keeps. They do not change as long as
    /// it lives.
    pub fn heap_bytes(&self) -> usize {
        let nested = self.all_nested();
        let module: &Module = self;
        module.heap_bytes() + buffer(nested) + nested.iter().map(buffer).sum::<usize>() + self.kept_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::LineEntry;

    #[test]
    fn what_is_added_is_counted() {
        let mut function = Function::default();
        assert_eq!(function.heap_bytes(), 0);
        function.code.reserve_exact(10);
        function.lines.reserve_exact(3);
        function.constants.reserve_exact(2);
        function.constants.push(Constant::str("12345"));
        function.constants.push(Constant::Int(7));
        let expected = 80 + 3 * size_of::<LineEntry>() + 2 * size_of::<Constant>() + COUNTS + 5;
        assert_eq!(function.heap_bytes(), expected);
        let module = Module {
            name: b"=x".to_vec(),
            functions: vec![function],
        };
        assert_eq!(module.heap_bytes(), expected + 2 + size_of::<Function>());
    }
}
