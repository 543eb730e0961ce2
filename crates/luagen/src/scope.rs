//! What is visible where: variables with the kind of value that they most likely have.

/// The kind of value that an expression is meant to have. It is a hope: some have another on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Str,
    Bool,
    /// A sequence of numbers or strings without holes.
    List,
    /// A table with the fields `a`, `b`, `c` and some more.
    Map,
    /// A table with a metatable.
    Obj,
    /// A function of the signature with this number.
    Fn(usize),
    Any,
}

/// What a function expects and gives.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub params: Vec<Kind>,
    pub result: Kind,
}

#[derive(Clone, Debug)]
pub(crate) struct Var {
    pub name: String,
    pub kind: Kind,
    pub assignable: bool,
}

/// A function being written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub vararg: bool,
    /// Loops around the current place, by whether `continue` has a label in each.
    pub loops: Vec<bool>,
    /// Runs inside a coroutine, as far as one can tell.
    pub yields: bool,
    /// Most of what it does raises no error.
    pub careful: bool,
    pub result: Option<Kind>,
}

/// Names are few, so that they shadow each other.
pub(crate) const NAMES: [&str; 18] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "m", "n", "p", "q", "r", "x", "y",
];

/// Visible variables, the innermost last.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub vars: Vec<Var>,
}

impl Scope {
    /// Indexes of the variables that no later one hides and that `wanted` accepts, the innermost first.
    pub fn visible(&self, wanted: impl Fn(&Var) -> bool) -> Vec<usize> {
        let mut seen: Vec<&str> = Vec::new();
        let mut found = Vec::new();
        for (at, var) in self.vars.iter().enumerate().rev() {
            if seen.contains(&var.name.as_str()) {
                continue;
            }
            seen.push(&var.name);
            if wanted(var) {
                found.push(at);
            }
        }
        found
    }

    pub fn declare(&mut self, name: &str, kind: Kind, assignable: bool) {
        self.vars.push(Var {
            name: name.to_owned(),
            kind,
            assignable,
        });
    }
}
