//! The libraries as scripts see them: natives on the VM's public API.

mod base;
mod collect;
mod debug;
mod io;
mod io_read;
mod load;
mod math;
mod os;
mod package;
mod shortcut;
mod stream;
mod string;
mod string_format;
mod string_pack;
mod string_pattern;
mod table;
mod table_sort;
mod utf8;

use perilune_vm::{Buffer, Ctx, Raised, Table};

pub use load::{read_source, read_standard_source, skip_first_line};
pub use package::NO_ENVIRONMENT;
pub use stream::{
    error_text, flush_standard_streams, is_output_in_line, os_path, read_standard_line, write_standard_output,
};

/// Opens every library.
///
/// # Errors
/// Out of memory.
pub fn install(ctx: &Ctx<'_>) -> Result<(), Raised> {
    install_safe(ctx)?;
    load::open_files(ctx)?;
    package::open_files(ctx)?;
    open(ctx, "io", io::open)?;
    open(ctx, "os", os::open)?;
    debug::open(ctx)
}

/// Opens what reaches neither files nor the system: the basic functions without `dofile` and
/// `loadfile`, `coroutine`, `string`, `table`, `math`, `utf8`, and of `os` the clock and the
/// calendar. `print` and `warn` write to the standard streams.
///
/// # Errors
/// Out of memory.
pub fn install_safe(ctx: &Ctx<'_>) -> Result<(), Raised> {
    perilune_vm::install_builtins(ctx)?;
    base::open(ctx)?;
    load::open(ctx)?;
    package::open(ctx)?;
    open(ctx, "string", string::open)?;
    open(ctx, "table", table::open)?;
    open(ctx, "math", math::open)?;
    open(ctx, "utf8", utf8::open)?;
    shortcut::open(ctx)?;
    open(ctx, "os", os::open_safe)
}

/// Opens what scripts of strangers get: the basic functions without `dofile`, `loadfile` and `require`, `coroutine`, `string`,
/// `table`, `math`, `utf8`, of `os` the clock and the calendar, and of `debug` the traceback. Binary chunks are not loaded from now
/// on. `print` and `warn` write to the standard streams.
///
/// # Errors
/// Out of memory.
pub fn install_sandbox(ctx: &Ctx<'_>) -> Result<(), Raised> {
    perilune_vm::install_builtins(ctx)?;
    base::open(ctx)?;
    load::open(ctx)?;
    ctx.load_text_only();
    open(ctx, "string", string::open)?;
    open(ctx, "table", table::open)?;
    open(ctx, "math", math::open)?;
    open(ctx, "utf8", utf8::open)?;
    shortcut::open(ctx)?;
    open(ctx, "os", os::open_safe)?;
    open(ctx, "debug", debug::fill_safe)
}

/// A library that can be opened by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Library {
    Coroutine,
    Package,
    String,
    Table,
    Math,
    Utf8,
    Io,
    Os,
    Debug,
}

/// Opens the basic functions alone, `load`, `dofile` and `loadfile` among them.
///
/// # Errors
/// Out of memory.
pub fn install_basic(ctx: &Ctx<'_>) -> Result<(), Raised> {
    perilune_vm::install_builtins(ctx)?;
    base::open(ctx)?;
    load::open(ctx)?;
    load::open_files(ctx)?;
    let globals = ctx.globals();
    shortcut::give(ctx, globals, shortcut::BASE)?;
    let coroutine = globals.get_str(ctx, b"coroutine")?;
    // The VM defines it with the other operations on frames; it waits for its turn.
    ctx.registry().set_str(ctx, "perilune.coroutine", coroutine)?;
    globals.set_str(ctx, "coroutine", perilune_vm::Val::NIL)
}

/// Opens one library, after [`install_basic`].
///
/// # Errors
/// Out of memory.
pub fn install_library(ctx: &Ctx<'_>, library: Library) -> Result<(), Raised> {
    match library {
        Library::Coroutine => {
            let coroutine = ctx.registry().get_str(ctx, b"perilune.coroutine")?;
            ctx.globals().set_str(ctx, "coroutine", coroutine)?;
            package::enter(ctx, "coroutine", coroutine)
        }
        Library::Package => {
            package::open(ctx)?;
            package::open_files(ctx)
        }
        Library::String => open(ctx, "string", |ctx, library| {
            string::open(ctx, library)?;
            shortcut::give(ctx, library, shortcut::STRING)
        }),
        Library::Table => open(ctx, "table", |ctx, library| {
            table::open(ctx, library)?;
            shortcut::give(ctx, library, shortcut::TABLE)
        }),
        Library::Math => open(ctx, "math", |ctx, library| {
            math::open(ctx, library)?;
            shortcut::give(ctx, library, shortcut::MATH)
        }),
        Library::Utf8 => open(ctx, "utf8", utf8::open),
        Library::Io => open(ctx, "io", io::open),
        Library::Os => {
            open(ctx, "os", os::open_safe)?;
            open(ctx, "os", os::open)
        }
        Library::Debug => debug::open(ctx),
    }
}

/// Makes (or completes) a global library table and enters it in `package.loaded`.
fn open(ctx: &Ctx<'_>, name: &str, fill: fn(&Ctx<'_>, Table<'_>) -> Result<(), Raised>) -> Result<(), Raised> {
    let globals = ctx.globals();
    let library = match globals.get_str(ctx, name.as_bytes())?.as_table() {
        Some(library) => library,
        None => ctx.new_table(0, 32)?,
    };
    fill(ctx, library)?;
    globals.set_str(ctx, name, library.as_val())?;
    package::enter(ctx, name, library.as_val())
}

/// Where a string function starts: a position from 1 that may count from the end, cut to `1..`.
#[inline]
fn start_position(position: i64, length: usize) -> usize {
    if position > 0 {
        position as usize
    } else if position == 0 || position < -(length as i64) {
        1
    } else {
        (length as i64 + position + 1) as usize
    }
}

/// Where a string function ends: as [`start_position`], cut to `0..=length`.
#[inline]
fn end_position(position: i64, length: usize) -> usize {
    if position > length as i64 {
        length
    } else if position >= 0 {
        position as usize
    } else if position < -(length as i64) {
        0
    } else {
        (length as i64 + position + 1) as usize
    }
}

/// A buffer that results are built in, kept between calls.
#[derive(Default)]
struct Scratch(Option<Buffer>);

/// A buffer that grew past this is not kept.
const KEPT: usize = 128 << 10;

/// Runs `f` with the empty buffer.
fn with_buffer<R>(ctx: &Ctx<'_>, f: impl FnOnce(&mut Buffer) -> R) -> R {
    let mut buffer = take_buffer(ctx);
    let result = f(&mut buffer);
    give_buffer(ctx, buffer);
    result
}

/// Takes the buffer out, for natives that call back; a nested use finds a fresh one.
fn take_buffer(ctx: &Ctx<'_>) -> Buffer {
    let kept = ctx.state::<Scratch>().borrow_mut().0.take();
    let mut buffer = kept.unwrap_or_else(|| ctx.new_buffer());
    buffer.clear();
    buffer
}

/// Gives the buffer back for the next use.
fn give_buffer(ctx: &Ctx<'_>, buffer: Buffer) {
    if buffer.capacity() <= KEPT {
        ctx.state::<Scratch>().borrow_mut().0 = Some(buffer);
    }
}

/// Makes room for `count` results; `too_many` is the error if a stack may not hold so many.
fn reserve_results(ctx: &Ctx<'_>, count: usize, too_many: &str) -> Result<(), Raised> {
    match ctx.reserve(count) {
        Err(raised) if ctx.must_leave() || ctx.is_memory_error() => Err(raised),
        Err(_) => Err(ctx.error(too_many)),
        Ok(()) => Ok(()),
    }
}
