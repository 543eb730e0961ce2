//! An SSA intermediate representation with block parameters, a verifier, a text form and passes.
