//! Modules: the functions of one chunk.

use crate::{FuncRef, Function};

/// The functions of one chunk; closures name them by their position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The functions. The first is the main chunk.
    pub functions: Vec<Function>,
}

impl Module {
    /// Adds a function.
    pub fn push(&mut self, function: Function) -> FuncRef {
        self.functions.push(function);
        FuncRef::from_index(self.functions.len() - 1)
    }

    /// The function with this id.
    pub fn get(&self, func: FuncRef) -> Option<&Function> {
        self.functions.get(func.index())
    }
}
