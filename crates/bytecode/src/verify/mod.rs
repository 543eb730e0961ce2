//! Proves that a module cannot lead the virtual machine astray.
//!
//! [`verify`] accepts a module only if all of this holds. *Slot* means a slot of the frame; a slot *has a
//! value* or *has a cell*, or is unassigned.
//!
//! # Modules
//! - There is a main function.
//! - No function makes a closure of itself, directly or through others.
//!
//! # Code
//! - Every word belongs to an instruction that decodes; internal instructions do not occur, cache words are zero.
//! - The last instruction is a terminator; every jump lands on the start of an instruction.
//! - Every slot that an instruction names lies in the frame: ranges, results, and whole call windows (callee,
//!   frame word, arguments). A frame has at most [`MAX_FRAME`] slots, and holds the parameters.
//! - Constants exist and have the type that the instruction asks for; upvalues and functions exist; a
//!   closure takes as many captures as its function has upvalues.
//! - `vararg`, `vararg_open`, `vararg_table`, `get_vararg` and the two `vararg_from` occur in vararg functions only; a `concat` has two operands or more.
//! - The three registers of `for_prep` are different ones.
//!
//! # Open values
//! - An instruction that leaves open values is followed by one that consumes them, or by `close` and
//!   `return_open`; a consumer follows a producer. No jump lands in between or on the consumer.
//!
//! # Slots, on every path
//! - A slot is read only if it is assigned. `get_cell`, `set_cell` and captures read cells, `move`, `spill` and
//!   `reload` copy either, all else reads values. Where paths meet, a slot is assigned only if all paths
//!   agree what it has.
//! - A call with its window at slot `w` leaves all slots from `w` on unassigned, but for its results.
//! - After a safepoint, a slot is assigned only if it is in the live map, is marked to be closed, or was
//!   written by the instruction itself. So a live map that misses a slot that is read later is refused.
//!
//! # Safepoints
//! - All instructions flagged `safepoint` have a live map; others may have one, for debuggers. All its slots are assigned.
//! - The slots that the instruction reads are in its map, members of its call window and operands of `for_call` inside
//!   its window aside.
//! - The map of a call lists no slot above the callee's, for those belong to the called frame while it runs.
//!
//! # Loops
//! - `for_loop` runs only on what one `for_prep` prepared: its index, count and step, in the slots where
//!   `for_prep` left them or moved from there, and written by nothing but `for_loop` since. (At most
//!   [`MAX_PREPARED`] slots hold such parts at a time.)
//!
//! # To be closed
//! - `tbc` marks slots in ascending order; nothing writes a marked slot before a `close` at or below it.
//! - All paths to an instruction have marked the same slots; returns and tail calls find none marked.
//!
//! # Tables
//! - Lines, safepoints and operand names are strictly ascending and stand at instructions; names name an
//!   operand that exists; local variables have a range in the code and a slot in the frame.
//!
//! # Not proved
//! - Types of values other than cells and prepared loops: an instruction checks the tags that it relies on, such
//!   as that of the table of `set_list`, by itself.
//! - Anything after something but the code writes to a frame: what a debugger stores in a slot must be of the
//!   kind that the slot has, and not into prepared loops.
//!
//! Code that cannot be reached must decode and have its operands in range, but no slots assigned.
//! A function whose analysis would take more memory or time than [`Fault::TooComplex`] says is refused.

mod error;
mod flow;
mod quick;
mod structure;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

pub use error::{Fault, VerifyError, VerifyErrors};

use crate::module::{FuncId, Function, Module, SubsetError};
use crate::op::Op;

/// The most slots that a frame may have: what [`Slot`](crate::Slot) can number.
pub const MAX_FRAME: u32 = 1 << 16;

/// The most slots that may hold parts of prepared loops at one place.
pub const MAX_PREPARED: usize = 1024;

/// How many errors are reported at most.
const MAX_ERRORS: usize = 100;

/// A module that has passed [`verify`]; nothing else makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    module: Module,
    /// Of which functions each function makes closures, as often as it says so.
    nested: Vec<Vec<FuncId>>,
    recompiler: Recompiler,
}

impl Deref for Verified {
    type Target = Module;

    fn deref(&self) -> &Module {
        &self.module
    }
}

/// Compiles functions of a module again, to better code that does the same.
pub trait Recompile: fmt::Debug + Send + Sync {
    /// After how many calls a function is worth it; `None` if its code is as good as it gets.
    fn patience(&self, id: FuncId) -> Option<u32>;

    /// The better code. It has the parameters, the upvalues and the nested functions of the one in the module.
    fn recompile(&self, id: FuncId) -> Option<Function>;

    /// Bytes that it keeps as long as the module lives, such as the source text; always the same.
    fn kept_bytes(&self) -> usize {
        0
    }
}

/// A module's [`Recompile`], if it has one. Of no account when modules are compared.
#[derive(Clone, Debug, Default)]
struct Recompiler(Option<Arc<dyn Recompile>>);

impl PartialEq for Recompiler {
    fn eq(&self, _: &Recompiler) -> bool {
        true
    }
}

impl Eq for Recompiler {}

/// A function that has passed [`Verified::recompile`]: it may run in the place of the one in the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedFunction(Function);

impl Deref for VerifiedFunction {
    type Target = Function;

    fn deref(&self) -> &Function {
        &self.0
    }
}

impl Verified {
    /// The module, to be changed and verified anew.
    pub fn into_module(self) -> Module {
        self.module
    }

    /// The functions of which a function makes closures, in the order of its code.
    ///
    /// # Panics
    /// If the module has no such function.
    pub fn nested(&self, id: FuncId) -> &[FuncId] {
        &self.nested[id.0 as usize]
    }

    pub(crate) fn all_nested(&self) -> &Vec<Vec<FuncId>> {
        &self.nested
    }

    pub(crate) fn kept_bytes(&self) -> usize {
        self.recompiler
            .0
            .as_ref()
            .map_or(0, |recompiler| recompiler.kept_bytes())
    }

    /// Says who compiles functions of the module again.
    pub fn set_recompiler(&mut self, recompiler: Arc<dyn Recompile>) {
        self.recompiler = Recompiler(Some(recompiler));
    }

    /// After how many calls [`recompile`](Self::recompile) is worth it for a function; `None` if never.
    pub fn patience(&self, id: FuncId) -> Option<u32> {
        self.recompiler.0.as_ref()?.patience(id)
    }

    /// Better code for a function, verified; `None` if there is none.
    ///
    /// # Errors
    /// What is wrong with it, as [`verify`] would report of the module with this function in it.
    ///
    /// # Panics
    /// If the module has no such function.
    pub fn recompile(&self, id: FuncId) -> Option<Result<VerifiedFunction, VerifyErrors>> {
        let recompiler = self.recompiler.0.as_ref()?;
        recompiler.patience(id)?;
        let function = recompiler.recompile(id)?;
        Some(self.verify_in_place(id, function))
    }

    /// Checks a function that is to take the place of one of the module.
    fn verify_in_place(&self, id: FuncId, function: Function) -> Result<VerifiedFunction, VerifyErrors> {
        let mut errors = Errors {
            list: Vec::new(),
            function: id,
        };
        let old = self.module.function(id);
        let same = (old.params, old.vararg) == (function.params, function.vararg);
        if !same || old.upvalues.len() != function.upvalues.len() {
            errors.report(0, Fault::OtherFunction);
        }
        let mut nested = check_compiled_function(&self.module, &function, &mut errors);
        nested.retain(|proto| !self.nested(id).contains(proto));
        // Cycles cannot arise, and the VM knows where the nested functions are, if there are no others.
        if !nested.is_empty() {
            errors.report(0, Fault::OtherFunction);
        }
        match errors.list.is_empty() {
            true => Ok(VerifiedFunction(function)),
            false => Err(VerifyErrors(errors.list)),
        }
    }

    /// As [`Module::subset`], with the best code of each function that the module's recompiler has: what does not
    /// depend on how often functions were called.
    ///
    /// # Errors
    /// As [`Module::subset`].
    pub fn best_subset(&self, root: FuncId) -> Result<Module, SubsetError> {
        self.module.subset_with(root, |id| {
            let better = self.recompile(id)?.ok()?;
            Some(better.0)
        })
    }

    /// The instructions of a function with their word offsets.
    ///
    /// # Panics
    /// If the module has no such function.
    pub fn ops(&self, id: FuncId) -> impl Iterator<Item = (u32, Op)> {
        self.module
            .function(id)
            .ops()
            .map(|op| op.expect("verified code decodes"))
    }
}

/// Checks a module against the list in the documentation of this module (`docs/bytecode.md`, *Verification*).
///
/// # Errors
/// What is wrong, function by function in the order of the code; the first hundred at most.
pub fn verify(module: Module) -> Result<Verified, VerifyErrors> {
    verify_by(module, check_function)
}

/// As [`verify`], for what a compiler of one's own just made: functions of the usual kind are accepted in one pass, and the others go
/// through the full check. What comes from elsewhere is better left to [`verify`], where one check stands between a file and the
/// machine instead of two.
///
/// # Errors
/// As [`verify`].
pub fn verify_compiled(module: Module) -> Result<Verified, VerifyErrors> {
    verify_by(module, check_compiled_function)
}

/// Checks a function; the functions of which it makes closures.
type CheckFunction = fn(&Module, &Function, &mut Errors) -> Vec<FuncId>;

fn verify_by(module: Module, check_one: CheckFunction) -> Result<Verified, VerifyErrors> {
    let mut nested = Vec::with_capacity(module.functions.len());
    match check(&module, check_one, &mut nested) {
        errors if errors.is_empty() => Ok(Verified {
            module,
            nested,
            recompiler: Recompiler::default(),
        }),
        errors => Err(VerifyErrors(errors)),
    }
}

fn check(module: &Module, check_one: CheckFunction, protos: &mut Vec<Vec<FuncId>>) -> Vec<VerifyError> {
    let mut errors = Errors {
        list: Vec::new(),
        function: FuncId::MAIN,
    };
    if module.functions.is_empty() {
        errors.report(0, Fault::NoMain);
    }
    for (id, function) in (0..).map(FuncId).zip(&module.functions) {
        errors.function = id;
        protos.push(check_one(module, function, &mut errors));
        if errors.list.len() >= MAX_ERRORS {
            errors.list.truncate(MAX_ERRORS);
            return errors.list;
        }
    }
    if let Some(id) = structure::find_cycle(protos) {
        errors.function = id;
        errors.report(0, Fault::ProtoCycle);
    }
    errors.list
}

/// How many functions of a module the fast way accepts.
///
/// # Panics
/// If it accepts one that the full check does not.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn accepted_at_once(module: &Module) -> usize {
    let mut count = 0;
    for (id, function) in (0..).map(FuncId).zip(&module.functions) {
        if quick::accepts(module, function, &mut Vec::new()) {
            let mut errors = Errors {
                list: Vec::new(),
                function: id,
            };
            check_function(module, function, &mut errors);
            assert_eq!(
                errors.list,
                [],
                "the fast way accepts what is wrong: {}",
                crate::disasm(module)
            );
            count += 1;
        }
    }
    count
}

/// [`check_function`], by the fast way where that says yes.
fn check_compiled_function(module: &Module, function: &Function, errors: &mut Errors) -> Vec<FuncId> {
    let mut nested = Vec::new();
    if quick::accepts(module, function, &mut nested) {
        return nested;
    }
    check_function(module, function, errors)
}

/// Checks one function in full; the functions of which it makes closures.
fn check_function(module: &Module, function: &Function, errors: &mut Errors) -> Vec<FuncId> {
    let before = errors.list.len();
    let body = structure::check(module, function, errors);
    // The flow of a function whose structure is wrong means nothing.
    if let Some(body) = body.filter(|_| errors.list.len() == before) {
        flow::check(function, &body, errors);
    }
    protos_of(function)
}

/// The functions of which a function makes closures.
fn protos_of(function: &Function) -> Vec<FuncId> {
    let protos = function.ops().flatten().filter_map(|(_, op)| match op {
        Op::Closure { proto, .. } => Some(FuncId(proto.0)),
        _ => None,
    });
    protos.collect()
}

/// Collects what is wrong in one function after the other.
struct Errors {
    list: Vec<VerifyError>,
    function: FuncId,
}

impl Errors {
    fn report(&mut self, at: u32, fault: Fault) {
        if self.list.len() < MAX_ERRORS {
            self.list.push(VerifyError {
                function: self.function,
                at,
                fault,
            });
        }
    }
}

/// The decoded code of a function.
struct Body {
    insts: Vec<Inst>,
    /// Per word, the number of the instruction that starts there, or [`NO_INST`].
    starts: Vec<u32>,
}

const NO_INST: u32 = u32::MAX;

struct Inst {
    at: u32,
    op: Op,
    /// The number of the instruction that it jumps to.
    target: Option<u32>,
    /// Whether some jump lands on it.
    is_target: bool,
    /// Its index among the safepoints.
    safepoint: Option<u32>,
}

impl Body {
    /// The instruction that starts at the word.
    fn inst_at(&self, word: u32) -> Option<u32> {
        self.starts.get(word as usize).copied().filter(|&inst| inst != NO_INST)
    }
}

/// The live words of the safepoint of an instruction that must have one.
fn live_words<'a>(function: &'a Function, inst: &Inst) -> Option<&'a crate::live::LiveSet> {
    inst.safepoint.map(|index| &function.safepoints[index as usize].live)
}
