//! Cold code first: functions compile by the baseline, and those that are called often again, better.
//!
//! Most code of a program runs a few times at most, and the optimizer costs some ten times as much as the baseline.
//! So [`compile_tiered`] makes a module of baseline code, and says after how many calls a function is worth the
//! optimizer: at once if it has a loop, for it might be called once and stay in it. The main function of a chunk is
//! called at once; it is optimized with the module if loops are a good part of it.
//!
//! What is compiled again is parsed again: text takes a fraction of the room of its tree. The trees of a few modules are
//! kept for the functions that follow, in each thread. Which code a function has depends on calls alone, never on time or
//! addresses, and `string.dump` writes optimized code in any case; so programs behave alike in every run.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use perilune_bytecode::{self as bytecode, FuncId, Recompile};
use perilune_frontend::SyntaxError;
use perilune_regalloc::Ctx;

use crate::compile::{
    Order, Parsed, baseline_functions, check, compile_parsed, names_finalizers, optimized_function, watches_frames,
};
use crate::options::{OptLevel, Options};

/// How many calls of a function without loops come before it is optimized.
pub const DEFAULT_PATIENCE: u32 = 64;

/// How many bytes of source text the trees that are kept may stand for. A longer one is parsed when the first function of
/// it is to be optimized, and kept then.
const KEPT_SOURCE: usize = 64 << 10;

/// What [`compile_tiered`] makes.
#[derive(Debug)]
pub struct Tiered {
    /// The module.
    pub module: bytecode::Module,
    /// What compiles functions of it again, if any are to be.
    pub recompiler: Option<Arc<dyn Recompile>>,
    /// As of [`compile_watching`](crate::compile_watching).
    pub watches: bool,
}

/// As [`compile_watching`](crate::compile_watching), but at [`OptLevel::O1`] functions are compiled by the baseline,
/// with a recompiler for those that are called `patience` times. If that is 0, everything is optimized at once.
///
/// # Errors
/// As [`compile`](crate::compile).
///
/// # Panics
/// As [`compile`](crate::compile).
pub fn compile_tiered(source: &[u8], options: &Options, patience: u32) -> Result<Tiered, Vec<SyntaxError>> {
    let parsed = Parsed::new(source, options)?;
    let watches = watches_frames(&parsed.chunk);
    if patience == 0 || parsed.level(options.opt_level) == OptLevel::O0 {
        return Ok(Tiered {
            module: compile_parsed(&parsed, options),
            recompiler: None,
            watches,
        });
    }
    let kept = Kept::new(parsed);
    let source = kept.parsed.source();
    let mut functions = Vec::with_capacity(kept.order.functions.len());
    let mut patiences = Vec::with_capacity(kept.order.functions.len());
    for (function, loops) in baseline_functions(source, &kept.order, false) {
        let patience = if loops { 1 } else { patience };
        patiences.push((!names_finalizers(&function)).then_some(patience));
        functions.push(function);
    }
    if patiences[0] == Some(1) && loops_matter(&functions[0]) {
        let mut ctx = Ctx::default();
        functions[0] = optimized_function(source, source.chunk.main, &kept.order, options.registers, &mut ctx);
        patiences[0] = None;
    } else if patiences[0] == Some(1) {
        // It runs now, and for the only time in all likelihood.
        patiences[0] = Some(2);
    }
    let recompiler = Tiers {
        source: kept.parsed.chunk.source.clone(),
        options: options.clone(),
        patiences,
    };
    if functions.len() > 1 && recompiler.source.len() <= KEPT_SOURCE {
        KEPT.with_borrow_mut(|all| all.put(kept));
    }
    Ok(Tiered {
        module: check(bytecode::Module {
            name: options.chunk_name.clone(),
            functions,
        }),
        recompiler: Some(Arc::new(recompiler)),
        watches,
    })
}

/// Whether a main function with loops is to be optimized before it runs: it is short, or a good part of it is in loops. In
/// long ones with a loop here and there, the optimizer would take longer than the rest of it runs.
fn loops_matter(main: &bytecode::Function) -> bool {
    const SHORT: usize = 4000;
    const PART: usize = 4;
    let all = main.code.len();
    if all <= SHORT {
        return true;
    }
    let (mut looping, mut counted) = (0, all);
    let ops: Vec<(u32, bytecode::Op)> = main.ops().flatten().collect();
    // From the end, so that the outermost of nested loops come first.
    for (at, op) in ops.iter().rev() {
        let end = *at as usize + op.words();
        let Some(back) = op
            .jump()
            .filter(|&jump| jump < 0)
            .map(|jump| jump.unsigned_abs() as usize)
        else {
            continue;
        };
        let start = end.saturating_sub(back);
        looping += end.min(counted).saturating_sub(start);
        counted = counted.min(start);
    }
    looping >= all / PART
}

/// The recompiler of a module.
#[derive(Debug)]
struct Tiers {
    source: Arc<[u8]>,
    options: Options,
    /// By number of the function.
    patiences: Vec<Option<u32>>,
}

impl Drop for Tiers {
    fn drop(&mut self) {
        // When the thread ends, the trees may be gone already.
        let _ = KEPT.try_with(|all| all.borrow_mut().0.retain(|kept| !kept.is_of(self)));
    }
}

impl Recompile for Tiers {
    fn kept_bytes(&self) -> usize {
        // The text, once; the trees of a few modules are the thread's.
        self.source.len() + self.patiences.capacity() * size_of::<Option<u32>>()
    }

    fn patience(&self, id: FuncId) -> Option<u32> {
        self.patiences.get(id.0 as usize).copied().flatten()
    }

    fn recompile(&self, id: FuncId) -> Option<bytecode::Function> {
        let kept = KEPT.with_borrow_mut(|all| all.get(self))?;
        let func = *kept.order.functions.get(id.0 as usize)?;
        let mut ctx = kept.ctx.borrow_mut();
        Some(optimized_function(
            kept.parsed.source(),
            func,
            &kept.order,
            self.options.registers,
            ctx.get_or_insert_default(),
        ))
    }
}

/// A module's tree, and what compiling one of its functions needs.
#[derive(Debug)]
struct Kept {
    parsed: Parsed,
    order: Order,
    ctx: RefCell<Option<Ctx>>,
}

impl Kept {
    fn new(parsed: Parsed) -> Kept {
        Kept {
            order: Order::new(parsed.source()),
            ctx: RefCell::default(),
            parsed,
        }
    }

    fn is_of(&self, tiers: &Tiers) -> bool {
        Arc::ptr_eq(&self.parsed.chunk.source, &tiers.source)
    }
}

thread_local! {
    static KEPT: RefCell<AllKept> = RefCell::default();
}

/// The trees in this thread that were used last, the last one at the end.
#[derive(Default)]
struct AllKept(Vec<Rc<Kept>>);

impl AllKept {
    fn put(&mut self, kept: Kept) -> Rc<Kept> {
        let kept = Rc::new(kept);
        self.0.push(kept.clone());
        let mut size: usize = self.0.iter().map(|kept| kept.parsed.chunk.source.len()).sum();
        while self.0.len() > 1 && size > KEPT_SOURCE {
            size -= self.0.remove(0).parsed.chunk.source.len();
        }
        kept
    }

    /// The tree of a module, which is parsed if it is not there.
    fn get(&mut self, tiers: &Tiers) -> Option<Rc<Kept>> {
        if let Some(at) = self.0.iter().position(|kept| kept.is_of(tiers)) {
            let kept = self.0.remove(at);
            self.0.push(kept.clone());
            return Some(kept);
        }
        let mut parsed = Parsed::new(&tiers.source, &tiers.options).ok()?;
        // So that it is found next time.
        parsed.chunk.source = tiers.source.clone();
        Some(self.put(Kept::new(parsed)))
    }
}
