//! Modules and functions: what the compiler hands over and the virtual machine loads.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::field::{Captures, DecodeError};
use crate::live::LiveSet;
use crate::op::{Op, decode};
use crate::opcode::Opcode;

/// A function of a module, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncId(pub u32);

impl FuncId {
    /// The function that runs when the module does.
    pub const MAIN: FuncId = FuncId(0);
}

impl fmt::Display for FuncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "f{}", self.0)
    }
}

/// A compiled chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The chunk name, with its `=` or `@`.
    pub name: Vec<u8>,
    /// The functions. The first is main; of a compiled chunk it is vararg and its upvalue 0 is `_ENV`.
    pub functions: Vec<Function>,
}

/// A compiled function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// The name it was defined with, if any.
    pub name: Option<Vec<u8>>,
    /// The line of its `function`; 0 for main.
    pub line_defined: u32,
    /// The line of its `end`; 0 for main.
    pub last_line: u32,
    /// How many parameters it has; they arrive in the first registers.
    pub params: u16,
    /// Whether it takes extra arguments.
    pub vararg: bool,
    /// How many slots its frame has: registers, spill slots and call windows.
    pub frame_size: u32,
    /// The instructions.
    pub code: Vec<u64>,
    /// What `K[i]` stands for.
    pub constants: Vec<Constant>,
    /// What `U[i]` stands for.
    pub upvalues: Vec<UpvalueDesc>,
    /// Source places, strictly ascending by `at`; an entry holds until the next one.
    pub lines: Vec<LineEntry>,
    /// The safepoints, strictly ascending by `at`. Code for debuggers has a map at every instruction.
    pub safepoints: Vec<Safepoint>,
    /// Names of operands for messages, strictly ascending by (`at`, `operand`).
    pub names: Vec<OperandName>,
    /// Local variables, in the order of their declaration.
    pub locals: Vec<LocalVar>,
}

/// A constant. Floats are equal when their bits are.
#[derive(Clone, Debug)]
pub enum Constant {
    /// `nil`
    Nil,
    /// `false`
    False,
    /// `true`
    True,
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string; functions of a module may share it.
    Str(Arc<[u8]>),
}

impl Constant {
    /// A string constant.
    pub fn str(bytes: impl AsRef<[u8]>) -> Self {
        Constant::Str(bytes.as_ref().into())
    }

    /// What distinguishes constants: kind, bits of a number, bytes of a string.
    fn key(&self) -> (u8, u64, &[u8]) {
        match self {
            Constant::Nil => (0, 0, &[]),
            Constant::False => (1, 0, &[]),
            Constant::True => (2, 0, &[]),
            Constant::Int(n) => (3, *n as u64, &[]),
            Constant::Float(x) => (4, x.to_bits(), &[]),
            Constant::Str(s) => (5, 0, s),
        }
    }
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Constant {}

impl PartialOrd for Constant {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An order for maps: by kind, then by bits or bytes. It is not Lua's.
impl Ord for Constant {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// An upvalue of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UpvalueDesc {
    /// The name of the variable; empty when stripped.
    pub name: Arc<[u8]>,
    /// What kind of variable it is.
    pub kind: VariableKind,
}

/// The kind of a variable, by its attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum VariableKind {
    /// No attribute.
    #[default]
    Regular = 0,
    /// `<const>`
    Const = 1,
    /// `<close>`
    Close = 2,
}

impl VariableKind {
    /// All kinds with their names in text.
    pub const ALL: &[(VariableKind, &str)] = &[
        (VariableKind::Regular, "regular"),
        (VariableKind::Const, "const"),
        (VariableKind::Close, "close"),
    ];
}

/// From word `at` on, instructions come from this place of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineEntry {
    /// Word offset of an instruction.
    pub at: u32,
    /// Line, from 1; 0 for instructions that belong to no line, which hooks do not see.
    pub line: u32,
    /// Column in bytes, from 1; 0 if unknown.
    pub column: u32,
}

/// The live map of an instruction at whose start the collector may run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Safepoint {
    /// Word offset of the instruction.
    pub at: u32,
    /// The slots it reads (members of its call window aside) and those whose values are read after it.
    pub live: LiveSet,
}

/// The name of an operand, for messages such as "attempt to index a nil value (local 'x')".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OperandName {
    /// Word offset of the instruction.
    pub at: u32,
    /// Index among the values that the instruction reads, in the order of its row: registers, constants,
    /// upvalues, immediates; each element of a range or window for itself (the callee is 0).
    pub operand: u16,
    /// What the name names.
    pub kind: NameKind,
    /// The name; functions of a module may share it.
    pub name: Arc<[u8]>,
}

/// What an operand's name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum NameKind {
    /// A global variable.
    Global = 0,
    /// A local variable.
    Local = 1,
    /// A method.
    Method = 2,
    /// A field.
    Field = 3,
    /// An upvalue.
    Upvalue = 4,
    /// A constant.
    Constant = 5,
    /// The iterator of a generic `for`.
    ForIterator = 6,
    /// A metamethod.
    Metamethod = 7,
}

impl NameKind {
    /// All kinds with the words that messages use.
    pub const ALL: &[(NameKind, &str)] = &[
        (NameKind::Global, "global"),
        (NameKind::Local, "local"),
        (NameKind::Method, "method"),
        (NameKind::Field, "field"),
        (NameKind::Upvalue, "upvalue"),
        (NameKind::Constant, "constant"),
        (NameKind::ForIterator, "for iterator"),
        (NameKind::Metamethod, "metamethod"),
    ];
}

impl NameKind {
    /// The word that messages use.
    pub fn text(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A local variable while it is in scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocalVar {
    /// Its name.
    pub name: Arc<[u8]>,
    /// Word offset of the first instruction at which it is in scope.
    pub start: u32,
    /// Word offset of the first instruction behind its scope.
    pub end: u32,
    /// The slot that holds it.
    pub slot: u32,
}

impl Module {
    /// The function that runs when the module does.
    ///
    /// # Panics
    /// If the module has no function.
    pub fn main(&self) -> &Function {
        self.function(FuncId::MAIN)
    }

    /// A function by number.
    ///
    /// # Panics
    /// If the module has no such function.
    pub fn function(&self, id: FuncId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// The module whose main is `root`, with only the functions that it reaches, in the order of
    /// their numbers behind it: what `string.dump` writes.
    ///
    /// # Errors
    /// If a function that it reaches holds words that are no instruction, or refers to a function that
    /// does not exist (reported as the truncated module's end).
    pub fn subset(&self, root: FuncId) -> Result<Module, SubsetError> {
        self.subset_with(root, |_| None)
    }

    /// As [`subset`](Self::subset), with what `better` gives in the place of functions of the module.
    pub(crate) fn subset_with(
        &self,
        root: FuncId,
        better: impl Fn(FuncId) -> Option<Function>,
    ) -> Result<Module, SubsetError> {
        let mut reached = vec![false; self.functions.len()];
        let mut work = vec![root];
        while let Some(id) = work.pop() {
            let Some(seen) = reached.get_mut(id.0 as usize) else {
                return Err(SubsetError::NoSuchFunction(id));
            };
            if std::mem::replace(seen, true) {
                continue;
            }
            for op in self.function(id).ops() {
                if let (_, Op::Closure { proto, .. }) = op.map_err(|err| SubsetError::Decode(id, err))? {
                    work.push(FuncId(proto.0));
                }
            }
        }
        let others = (0..)
            .map(FuncId)
            .zip(&reached)
            .filter(|(id, reached)| **reached && *id != root)
            .map(|(id, _)| id);
        let order: Vec<FuncId> = std::iter::once(root).chain(others).collect();
        let mut number = vec![0; self.functions.len()];
        for (new, old) in order.iter().enumerate() {
            number[old.0 as usize] = new as u32;
        }
        let mut module = Module {
            name: self.name.clone(),
            functions: Vec::with_capacity(order.len()),
        };
        for id in order {
            let mut function = better(id).unwrap_or_else(|| self.function(id).clone());
            let mut code = Vec::with_capacity(function.code.len());
            for op in function.ops() {
                let (_, mut op) = op.map_err(|err| SubsetError::Decode(id, err))?;
                if let Op::Closure { proto, .. } = &mut op {
                    proto.0 = number[proto.0 as usize];
                }
                op.encode(&mut code);
            }
            function.code = code;
            module.functions.push(function);
        }
        Ok(module)
    }

    /// Removes what programs do not need to run: names of variables, lines, local variables. Fields and methods keep their
    /// names, which are constants of the program; a global is a field then, and an upvalue still one.
    pub fn strip(&mut self) {
        self.name = b"=?".to_vec();
        for function in &mut self.functions {
            function.name = None;
            function.lines = Vec::new();
            function.names.retain_mut(|name| match name.kind {
                NameKind::Local => false,
                NameKind::Upvalue => {
                    name.name = (*b"?").into();
                    true
                }
                NameKind::Global => {
                    name.kind = NameKind::Field;
                    true
                }
                _ => true,
            });
            function.locals = Vec::new();
            function
                .upvalues
                .iter_mut()
                .for_each(|upvalue| upvalue.name = Arc::default());
        }
    }
}

/// Why [`Module::subset`] cannot follow the functions of a module that was never verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubsetError {
    /// The function does not exist.
    NoSuchFunction(FuncId),
    /// The function's code does not decode.
    Decode(FuncId, DecodeError),
}

impl fmt::Display for SubsetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubsetError::NoSuchFunction(id) => write!(f, "function {id} does not exist"),
            SubsetError::Decode(id, err) => write!(f, "function {id}: {err}"),
        }
    }
}

impl std::error::Error for SubsetError {}

impl Function {
    /// The instructions with their word offsets. Stops after the first error.
    pub fn ops(&self) -> Ops<'_> {
        Ops {
            code: &self.code,
            at: 0,
        }
    }

    /// The opcodes of code that decodes, with their word offsets: faster than [`ops`](Self::ops). Stops at a word that is no
    /// opcode.
    pub fn opcodes(&self) -> impl Iterator<Item = (usize, Opcode)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let opcode = Opcode::from_u16(*self.code.get(at)? as u16)?;
            let start = at;
            at += match opcode {
                // The number of captures stands behind the function's.
                Opcode::Closure => {
                    let captures = *self.code.get(at + 1)? as u16;
                    (10 + 2 * usize::from(captures)).div_ceil(8)
                }
                opcode => opcode.words(),
            };
            Some((start, opcode))
        })
    }

    /// The source place of the instruction that holds the word.
    pub fn line_at(&self, word: u32) -> Option<LineEntry> {
        let behind = self.lines.partition_point(|entry| entry.at <= word);
        self.lines[..behind].last().copied()
    }

    /// The line to report for the instruction that holds the word: its own or, of one that belongs to no line, that of
    /// the next one that does.
    pub fn line_for(&self, word: u32) -> Option<u32> {
        let behind = self.lines.partition_point(|entry| entry.at <= word);
        let from = behind.saturating_sub(1);
        self.lines[from..]
            .iter()
            .map(|entry| entry.line)
            .find(|&line| line != 0)
    }

    /// The live map of the instruction that starts at the word.
    pub fn safepoint_at(&self, word: u32) -> Option<&LiveSet> {
        let index = self
            .safepoints
            .binary_search_by_key(&word, |safepoint| safepoint.at)
            .ok()?;
        Some(&self.safepoints[index].live)
    }

    /// The name of an operand of the instruction that starts at the word.
    pub fn name_at(&self, word: u32, operand: u16) -> Option<&OperandName> {
        let index = self
            .names
            .binary_search_by_key(&(word, operand), |name| (name.at, name.operand))
            .ok()?;
        Some(&self.names[index])
    }

    /// The local variables in scope at the word, in the order of their declaration.
    pub fn locals_at(&self, word: u32) -> impl Iterator<Item = &LocalVar> {
        self.locals
            .iter()
            .filter(move |local| local.start <= word && word < local.end)
    }
}

/// The instructions of a function; see [`Function::ops`].
#[derive(Clone, Debug)]
pub struct Ops<'a> {
    code: &'a [u64],
    at: usize,
}

impl Iterator for Ops<'_> {
    type Item = Result<(u32, Op), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.code.len() {
            return None;
        }
        let at = self.at;
        Some(match decode(self.code, at) {
            Ok((op, words)) => {
                self.at += words;
                Ok((at as u32, op))
            }
            Err(err) => {
                self.at = self.code.len();
                Err(err)
            }
        })
    }
}

impl Captures {
    /// How many upvalues the closure gets.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it gets none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
