//! From source text to a module, in one call.

use la_arena::ArenaMap;
use perilune_bytecode as bytecode;
use perilune_frontend::ast::{Chunk, FuncId};
use perilune_frontend::{Resolution, SyntaxError, first_error, parse, resolve};
use perilune_ir as ir;
use perilune_regalloc::{self as regalloc, Ctx, Function as _, RegFile, checker};

use crate::baseline::{self, Places};
use crate::lower::lower_function;
use crate::options::{OptLevel, Options};
use crate::source::Source;
use crate::{VCode, emit, select};

/// The largest functions whose allocation debug builds check: the checker's time grows with the square
/// of the number of blocks.
const CHECKED_BLOCKS: u32 = 2000;

/// Compiles a chunk.
///
/// # Errors
/// Every error of the source text. The first is the one that the reference implementation reports.
///
/// # Panics
/// When [`Options::registers`] is out of its range; and, in debug builds, when a stage makes something
/// that its verifier refuses.
pub fn compile(source: &[u8], options: &Options) -> Result<bytecode::Module, Vec<SyntaxError>> {
    compile_watching(source, options).map(|(module, _)| module)
}

/// As [`compile`]; and whether the chunk [watches frames](watches_frames), so that all that is loaded after it
/// should compile at [`OptLevel::O0`].
///
/// # Errors
/// As [`compile`].
///
/// # Panics
/// As [`compile`].
pub fn compile_watching(source: &[u8], options: &Options) -> Result<(bytecode::Module, bool), Vec<SyntaxError>> {
    let parsed = Parsed::new(source, options)?;
    let watches = watches_frames(&parsed.chunk);
    Ok((compile_parsed(&parsed, options), watches))
}

/// A chunk without errors.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) chunk: Chunk,
    names: Resolution,
}

impl Parsed {
    pub(crate) fn new(source: &[u8], options: &Options) -> Result<Parsed, Vec<SyntaxError>> {
        let range = Options::MIN_REGISTERS..=Options::MAX_REGISTERS;
        assert!(
            range.contains(&options.registers),
            "a register file has 4 to 250 registers"
        );
        let frontend = perilune_frontend::Options {
            std: options.std,
            ..Default::default()
        };
        let parsed = parse(source, &frontend);
        let names = resolve(&parsed.chunk);
        let Some(first) = first_error(&parsed, &names) else {
            return Ok(Parsed {
                chunk: parsed.chunk,
                names,
            });
        };
        let others = parsed
            .errors
            .iter()
            .chain(&names.errors)
            .filter(|&error| error != first);
        Err(std::iter::once(first).chain(others).cloned().collect())
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            chunk: &self.chunk,
            names: &self.names,
        }
    }

    /// The level for a chunk that asks for `wanted`.
    pub(crate) fn level(&self, wanted: OptLevel) -> OptLevel {
        match names_debug(&self.chunk) {
            true => OptLevel::O0,
            false => wanted,
        }
    }
}

pub(crate) fn compile_parsed(parsed: &Parsed, options: &Options) -> bytecode::Module {
    let source = parsed.source();
    let functions = match parsed.level(options.opt_level) {
        OptLevel::O0 => {
            let functions = baseline_functions(source, &Order::new(source), true).into_iter();
            functions.map(|(function, _)| function).collect()
        }
        OptLevel::O1 => optimized_functions(source, options.registers),
    };
    check(bytecode::Module {
        name: options.chunk_name.clone(),
        functions,
    })
}

/// A module as it is; in debug builds, once it is verified.
pub(crate) fn check(module: bytecode::Module) -> bytecode::Module {
    if cfg!(debug_assertions)
        && let Err(errors) = bytecode::verify(module.clone())
    {
        panic!(
            "the compiler made bytecode that does not verify: {errors}\n{}",
            bytecode::disasm(&module)
        );
    }
    module
}

/// The functions of a chunk as its module has them.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) functions: Vec<FuncId>,
    pub(crate) numbers: ArenaMap<FuncId, u32>,
}

impl Order {
    pub(crate) fn new(source: Source<'_>) -> Order {
        Order {
            functions: source.function_order(),
            numbers: source.function_numbers(),
        }
    }
}

/// All functions by the baseline; and whether each has a loop.
pub(crate) fn baseline_functions(source: Source<'_>, order: &Order, observed: bool) -> Vec<(bytecode::Function, bool)> {
    let mut places = Places::default();
    order
        .functions
        .iter()
        .map(|&func| baseline::compile_function(source, func, &order.numbers, &mut places, observed))
        .collect()
}

fn optimized_functions(source: Source<'_>, registers: u16) -> Vec<bytecode::Function> {
    let order = Order::new(source);
    let mut ctx = Ctx::default();
    order
        .functions
        .iter()
        .map(|&id| optimized_function(source, id, &order, registers, &mut ctx))
        .collect()
}

/// Whether a function names finalizers. Who sets one sees when objects die, and the local variables of such a function keep theirs
/// alive to the ends of their blocks, as in the reference: it is compiled by the baseline alone. Optimized code forgets a
/// value after its last use.
pub(crate) fn names_finalizers(function: &bytecode::Function) -> bool {
    let is_name = |constant: &bytecode::Constant| matches!(constant, bytecode::Constant::Str(s) if **s == *b"__gc");
    function.constants.iter().any(is_name)
}

/// One function of a chunk, optimized unless it [names finalizers](names_finalizers).
pub(crate) fn optimized_function(
    source: Source<'_>,
    id: FuncId,
    order: &Order,
    registers: u16,
    ctx: &mut Ctx,
) -> bytecode::Function {
    let by_baseline = || baseline::compile_function(source, id, &order.numbers, &mut Places::default(), false).0;
    if source.chunk.names.get(b"__gc").is_some() {
        let function = by_baseline();
        if names_finalizers(&function) {
            return function;
        }
    }
    let mut func = lower_function(source, id, &order.numbers);
    ir::opt::run(&mut func, ir::opt::Level::O1, |_, _| {});
    let code = select(&mut func);
    let params: Vec<&[u8]> = source.chunk.functions[id]
        .params
        .iter()
        .map(|param| source.bytes(param.name))
        .collect();
    match allocate(&code, registers, ctx) {
        Some(out) => emit(&func, &code, &out, &params),
        // The stack order of the baseline needs few slots, whatever the function.
        None => by_baseline(),
    }
}

/// Places for the values of a function, unless its frame would be larger than instructions can address.
///
/// # Panics
/// In debug builds, if the allocation is wrong.
pub fn allocate(code: &VCode, registers: u16, ctx: &mut Ctx) -> Option<regalloc::Output> {
    let file = RegFile {
        allocatable: code.file_size(registers),
    };
    let out = regalloc::run(code, &file, ctx).ok()?;
    if cfg!(debug_assertions)
        && code.num_blocks() <= CHECKED_BLOCKS
        && let Err(errors) = checker::check(code, &file, &out)
    {
        panic!("wrong allocation: {errors}");
    }
    (out.frame_size < bytecode::Reg::LIMIT).then_some(out)
}

/// Whether a chunk names functions of the debug library that see or change the variables of a running function, so that
/// its own frames must be what the source says.
pub fn names_debug(chunk: &Chunk) -> bool {
    watches_frames(chunk) || names_with_debug(chunk, &["setupvalue", "upvaluejoin"])
}

/// Whether a chunk names functions of the debug library that look into the frames of others, or asks which lines have
/// code: those of statements that optimization takes away are among them.
pub fn watches_frames(chunk: &Chunk) -> bool {
    names_with_debug(chunk, &["getlocal", "setlocal", "sethook", "activelines"])
}

/// Whether a chunk names one of these, and the library, be it as a global, as a module, or in an alias.
fn names_with_debug(chunk: &Chunk, functions: &[&str]) -> bool {
    chunk.names.get(b"debug").is_some() && functions.iter().any(|name| chunk.names.get(name.as_bytes()).is_some())
}
