//! `io`, and the methods of files.

use std::cell::{Ref, RefCell, RefMut};
use std::fs::{File, OpenOptions};
use std::io::{self, SeekFrom};
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;

use perilune_lang::{Num, write_num};
use perilune_vm::{Ctx, NativeFn, Raised, Returns, Table, Val};

use super::io_read::read;
use super::stream::{self, Buffering, SharedStream, Standard, Stream, error_text, os_path, pipe_file};

/// The name of the type, and of its metatable in the registry.
const FILE: &str = "FILE*";

/// A file as a script holds it; `None` once closed.
pub(super) struct Handle(Option<SharedStream>);

/// Indices of the default files in the table that the functions share as upvalue 0.
const INPUT: i64 = 1;
const OUTPUT: i64 = 2;

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("close", io_close),
    ("flush", |ctx| {
        let file = default_file(ctx, OUTPUT)?;
        let result = file.borrow_mut().flush();
        file_result(ctx, result, None)
    }),
    ("input", |ctx| io_default(ctx, INPUT)),
    ("lines", io_lines),
    ("open", io_open),
    ("output", |ctx| io_default(ctx, OUTPUT)),
    ("popen", io_popen),
    ("read", |ctx| {
        let file = default_file(ctx, INPUT)?;
        read(ctx, &file, 0)
    }),
    ("tmpfile", io_tmpfile),
    ("type", io_type),
    ("write", |ctx| {
        let file = default_file(ctx, OUTPUT)?;
        let value = default_value(ctx, OUTPUT);
        write(ctx, &file, 0, value)
    }),
];

const METHODS: &[(&str, NativeFn)] = &[
    ("close", close),
    ("flush", |ctx| {
        let result = open_file(ctx, 0)?.borrow_mut().flush();
        file_result(ctx, result, None)
    }),
    ("lines", lines),
    ("read", |ctx| {
        let file = open_file(ctx, 0)?;
        read(ctx, &file, 1)
    }),
    ("seek", seek),
    ("setvbuf", setvbuf),
    ("write", |ctx| write(ctx, &open_file(ctx, 0)?, 1, ctx.arg(0))),
];

const METAMETHODS: &[(&str, NativeFn)] = &[("__close", collect), ("__gc", collect), ("__tostring", tostring)];

/// Fills the table `io`.
pub(super) fn open(ctx: &Ctx<'_>, library: Table<'_>) -> Result<(), Raised> {
    let metatable = ctx.new_table(0, 8)?;
    ctx.set_functions(metatable, METAMETHODS)?;
    let methods = ctx.new_table(0, METHODS.len())?;
    ctx.set_functions(methods, METHODS)?;
    metatable.set_str(ctx, "__index", methods.as_val())?;
    metatable.set_str(ctx, "__name", ctx.new_str(FILE.as_bytes())?)?;
    ctx.registry().set_str(ctx, FILE, metatable.as_val())?;
    let defaults = ctx.new_table(2, 0)?;
    for &(name, function) in FUNCTIONS {
        library.set_str(ctx, name, ctx.new_native(name, function, &[defaults.as_val()])?)?;
    }
    let standard = ctx.state::<Standard>();
    let standard = standard.borrow();
    for (name, stream, default) in [
        ("stdin", &standard.input, Some(INPUT)),
        ("stdout", &standard.output, Some(OUTPUT)),
        ("stderr", &standard.error, None),
    ] {
        let file = new_handle(ctx, stream.clone())?;
        library.set_str(ctx, name, file)?;
        if let Some(index) = default {
            defaults.set_int(ctx, index, file)?;
        }
    }
    Ok(())
}

fn new_handle<'a>(ctx: &'a Ctx<'_>, stream: SharedStream) -> Result<Val<'a>, Raised> {
    let file = ctx.new_userdata(Handle(Some(stream)), FILE)?;
    let metatable = ctx.registry().get_str(ctx, FILE.as_bytes())?.as_table();
    ctx.set_metatable(file, metatable)?;
    Ok(file)
}

fn new_stream<'a>(ctx: &'a Ctx<'_>, stream: Stream) -> Result<Val<'a>, Raised> {
    let stream = Rc::new(RefCell::new(stream));
    stream::register(ctx, &stream);
    new_handle(ctx, stream)
}

fn new_file<'a>(ctx: &'a Ctx<'_>, file: File, readable: bool, writable: bool) -> Result<Val<'a>, Raised> {
    new_stream(ctx, Stream::new(file, readable, writable))
}

/// `true`, or nil with the message and number of the error.
pub(super) fn file_result(ctx: &Ctx<'_>, result: io::Result<()>, path: Option<&[u8]>) -> Result<Returns, Raised> {
    match result {
        Ok(()) => ctx.ret_bool(true),
        Err(error) => file_error(ctx, &error, path),
    }
}

pub(super) fn file_error(ctx: &Ctx<'_>, error: &io::Error, path: Option<&[u8]>) -> Result<Returns, Raised> {
    let text = error_text(error);
    ctx.push(Val::NIL)?;
    match path {
        Some(path) => ctx.push_str(&[path, b": ", text.as_bytes()].concat())?,
        None => ctx.push_str(text.as_bytes())?,
    }
    ctx.push(Val::int(i64::from(error.raw_os_error().unwrap_or(0))))?;
    Ok(Returns(3))
}

/// How a process ended: `true` or nil, `exit` or `signal`, and the code.
pub(super) fn exit_result(ctx: &Ctx<'_>, status: ExitStatus) -> Result<Returns, Raised> {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    ctx.push(if status.success() { Val::bool(true) } else { Val::NIL })?;
    ctx.push_str(if signal.is_some() { b"signal" } else { b"exit" })?;
    ctx.push(Val::int(i64::from(signal.or(status.code()).unwrap_or(0))))?;
    Ok(Returns(3))
}

fn handle<'a>(ctx: &'a Ctx<'_>, i: usize) -> Result<&'a RefCell<Handle>, Raised> {
    ctx.check_userdata::<Handle>(i, FILE)
}

/// The stream of an argument that must be an open file.
fn open_file(ctx: &Ctx<'_>, i: usize) -> Result<SharedStream, Raised> {
    let stream = handle(ctx, i)?.borrow().0.clone();
    stream.ok_or_else(|| ctx.error("attempt to use a closed file"))
}

fn default_value<'a>(ctx: &'a Ctx<'_>, index: i64) -> Val<'a> {
    ctx.upvalue(0)
        .as_table()
        .map_or(Val::NIL, |defaults| defaults.get_int(index))
}

fn default_file(ctx: &Ctx<'_>, index: i64) -> Result<SharedStream, Raised> {
    let stream = default_value(ctx, index)
        .userdata::<Handle>()
        .and_then(|handle| handle.borrow().0.clone());
    let name = if index == INPUT { "input" } else { "output" };
    stream.ok_or_else(|| ctx.error(format!("default {name} file is closed")))
}

fn io_type(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    match ctx.arg(0).userdata::<Handle>() {
        None => ctx.ret_nil(),
        Some(handle) if handle.borrow().0.is_some() => ctx.ret_str(b"file"),
        Some(_) => ctx.ret_str(b"closed file"),
    }
}

fn tostring(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if handle(ctx, 0)?.borrow().0.is_none() {
        return ctx.ret_str(b"file (closed)");
    }
    let id = ctx.arg(0).identity();
    ctx.ret_str(format!("file (0x{id:08x})").as_bytes())
}

/// Opens a file by a mode of C's `fopen`.
fn open_by_mode(path: &[u8], mode: &[u8]) -> io::Result<(File, bool, bool)> {
    let update = mode.get(1) == Some(&b'+');
    let mut options = OpenOptions::new();
    let (readable, writable) = match mode.first() {
        Some(b'r') => (true, update),
        Some(b'w') => {
            options.create(true).truncate(true);
            (update, true)
        }
        _ => {
            options.create(true).append(true);
            (update, true)
        }
    };
    options.read(readable).write(writable);
    let file = options.open(os_path(path))?;
    // C opens a directory for reading, and fails at the first read; so does the system here.
    Ok((file, readable, writable))
}

/// `[rwa]+?b*`
fn is_open_mode(mode: &[u8]) -> bool {
    let Some((b'r' | b'w' | b'a', rest)) = mode.split_first() else {
        return false;
    };
    rest.strip_prefix(b"+").unwrap_or(rest).iter().all(|&b| b == b'b')
}

fn io_open(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let path = ctx.check_str(0)?;
    let mode = ctx.opt_str(1)?.unwrap_or(b"r");
    if !is_open_mode(mode) {
        return Err(ctx.arg_error(1, "invalid mode"));
    }
    match open_by_mode(path, mode) {
        Ok((file, readable, writable)) => ctx.ret(new_file(ctx, file, readable, writable)?),
        Err(error) => file_error(ctx, &error, Some(path)),
    }
}

/// Opens a file that must open.
fn open_or_raise<'a>(ctx: &'a Ctx<'_>, path: &[u8], mode: &[u8]) -> Result<Val<'a>, Raised> {
    match open_by_mode(path, mode) {
        Ok((file, readable, writable)) => new_file(ctx, file, readable, writable),
        Err(error) => {
            let text = error_text(&error);
            Err(ctx.error([b"cannot open file '", path, b"' (", text.as_bytes(), b")"].concat()))
        }
    }
}

/// A command for the system's shell.
pub(super) fn shell(command: &[u8]) -> Command {
    let (program, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("/bin/sh", "-c")
    };
    let mut shell = Command::new(program);
    shell.arg(flag).arg(os_path(command));
    shell
}

fn io_popen(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let command = ctx.check_str(0)?;
    let mode = ctx.opt_str(1)?.unwrap_or(b"r");
    if !matches!(mode, b"r" | b"w") {
        return Err(ctx.arg_error(1, "invalid mode"));
    }
    // The child shares the streams, whose buffers must be out first.
    stream::flush_all(ctx);
    let mut process = shell(command);
    let reading = mode == b"r";
    if reading {
        process.stdout(Stdio::piped());
    } else {
        process.stdin(Stdio::piped());
    }
    let mut child = match process.spawn() {
        Ok(child) => child,
        Err(error) => return file_error(ctx, &error, Some(command)),
    };
    let file = match (child.stdout.take(), child.stdin.take()) {
        (Some(pipe), _) => pipe_file(pipe),
        (None, Some(pipe)) => pipe_file(pipe),
        (None, None) => return Err(ctx.error("the child process has no pipe")),
    };
    let mut stream = Stream::new(file, reading, !reading);
    stream.child = Some(child);
    ctx.ret(new_stream(ctx, stream)?)
}

fn io_tmpfile(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    match temporary_file(true) {
        Ok((file, _)) => ctx.ret(new_file(ctx, file, true, true)?),
        Err(error) => file_error(ctx, &error, None),
    }
}

/// Creates a file under a new name in the directory for temporary files; `unlink` takes the name
/// away again where the system can do that to an open file.
pub(super) fn temporary_file(unlink: bool) -> io::Result<(File, std::path::PathBuf)> {
    let mut attempts = 0;
    loop {
        let path = std::env::temp_dir().join(format!("lua_{:012x}", crate::random::entropy() >> 16));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => {
                if unlink && cfg!(unix) {
                    std::fs::remove_file(&path)?;
                }
                return Ok((file, path));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < 100 => attempts += 1,
            Err(error) => return Err(error),
        }
    }
}

fn io_default(ctx: &mut Ctx<'_>, index: i64) -> Result<Returns, Raised> {
    if !ctx.is_none_or_nil(0) {
        let argument = ctx.arg(0);
        let file = if argument.as_str().is_some() || argument.as_num().is_some() {
            open_or_raise(ctx, ctx.check_str(0)?, if index == INPUT { b"r" } else { b"w" })?
        } else {
            open_file(ctx, 0)?;
            ctx.arg(0)
        };
        if let Some(defaults) = ctx.upvalue(0).as_table() {
            defaults.set_int(ctx, index, file)?;
        }
    }
    ctx.ret(default_value(ctx, index))
}

fn io_close(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if !ctx.is_none(0) {
        return close(ctx);
    }
    let file = default_value(ctx, OUTPUT);
    match file.userdata::<Handle>() {
        Some(handle) if handle.borrow().0.is_some() => close_handle(ctx, handle),
        _ => Err(ctx.error("attempt to use a closed file")),
    }
}

fn close(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    open_file(ctx, 0)?;
    close_handle(ctx, handle(ctx, 0)?)
}

fn close_handle(ctx: &Ctx<'_>, handle: &RefCell<Handle>) -> Result<Returns, Raised> {
    let stream = RefMut::map(handle.borrow_mut(), |handle| &mut handle.0).take();
    let Some(shared) = stream else { return ctx.ret_nil() };
    if shared.borrow().standard {
        *handle.borrow_mut() = Handle(Some(shared));
        ctx.push(Val::NIL)?;
        ctx.push_str(b"cannot close standard file")?;
        return Ok(Returns(2));
    }
    let (flushed, child) = {
        let mut stream = shared.borrow_mut();
        (stream.flush(), stream.child.take())
    };
    // The pipe must close before the child is waited for.
    drop(shared);
    match child {
        None => file_result(ctx, flushed, None),
        Some(mut child) => match child.wait() {
            Ok(status) => exit_result(ctx, status),
            Err(error) => file_error(ctx, &error, None),
        },
    }
}

/// `__gc` and `__close`: closes an open file, and leaves standard ones.
fn collect(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let handle = handle(ctx, 0)?;
    let is_open = Ref::map(handle.borrow(), |handle| &handle.0).is_some();
    if is_open {
        close_handle(ctx, handle)?;
    }
    Ok(Returns::NONE)
}

/// Writes the arguments from `first` on; returns the file.
fn write(ctx: &Ctx<'_>, file: &SharedStream, first: usize, value: Val<'_>) -> Result<Returns, Raised> {
    let mut written = 0;
    for i in first..ctx.nargs() {
        let argument = ctx.arg(i);
        let (result, length) = if let Some(text) = argument.as_str() {
            (file.borrow_mut().write(text), text.len())
        } else if let Some(number) = argument.as_num() {
            let mut text = Vec::with_capacity(32);
            write_num(&mut text, number, ctx.std());
            if ctx.std().writes_bare_floats() && matches!(number, Num::Float(_)) && text.ends_with(b".0") {
                text.truncate(text.len() - 2);
            }
            (file.borrow_mut().write(&text), text.len())
        } else {
            return Err(ctx.type_error(i, "string"));
        };
        if let Err(error) = result {
            let returns = file_error(ctx, &error, None)?;
            if !ctx.std().failed_writes_count() {
                return Ok(returns);
            }
            ctx.push(Val::int(written as i64))?;
            return Ok(Returns(returns.0 + 1));
        }
        written += length;
    }
    ctx.charge(written as u64 / 16)?;
    ctx.ret(value)
}

fn seek(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let file = open_file(ctx, 0)?;
    let whence = ctx.check_option(1, Some("cur"), &["set", "cur", "end"])?;
    let offset = ctx.opt_int(2, 0)?;
    let to = match whence {
        0 => match u64::try_from(offset) {
            Ok(offset) => SeekFrom::Start(offset),
            Err(_) => return file_error(ctx, &io::Error::from_raw_os_error(INVALID_ARGUMENT), None),
        },
        1 => SeekFrom::Current(offset),
        _ => SeekFrom::End(offset),
    };
    let result = file.borrow_mut().seek(to);
    match result {
        Ok(position) => ctx.ret_int(position as i64),
        Err(error) => file_error(ctx, &error, None),
    }
}

/// `EINVAL`
const INVALID_ARGUMENT: i32 = 22;

fn setvbuf(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let file = open_file(ctx, 0)?;
    let mode = ctx.check_option(1, None, &["no", "full", "line"])?;
    ctx.opt_int(2, 0)?;
    let mode = [Buffering::None, Buffering::Full, Buffering::Line][mode];
    let result = file.borrow_mut().set_buffering(mode);
    file_result(ctx, result, None)
}

/// The most formats that `lines` takes.
const MAX_FORMATS: usize = 250;

/// Pushes the iterator over `file`; its formats are the arguments from 1 on. Upvalues: the file,
/// whether to close it at the end, the formats.
fn push_iterator(ctx: &Ctx<'_>, file: Val<'_>, close: bool) -> Result<(), Raised> {
    let formats = ctx.nargs().saturating_sub(1);
    if formats > MAX_FORMATS {
        return Err(ctx.arg_error(MAX_FORMATS + 1, "too many arguments"));
    }
    let mut upvalues = vec![file, Val::bool(close), Val::int(formats as i64)];
    upvalues.extend((1..=formats).map(|i| ctx.arg(i)));
    ctx.push(ctx.new_native("lines", next_line, &upvalues)?)
}

fn lines(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    open_file(ctx, 0)?;
    push_iterator(ctx, ctx.arg(0), false)?;
    Ok(Returns(1))
}

fn io_lines(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if ctx.is_none_or_nil(0) {
        default_file(ctx, INPUT)?;
        push_iterator(ctx, default_value(ctx, INPUT), false)?;
        return Ok(Returns(1));
    }
    let file = open_or_raise(ctx, ctx.check_str(0)?, b"r")?;
    push_iterator(ctx, file, true)?;
    ctx.push(Val::NIL)?;
    ctx.push(Val::NIL)?;
    // The generic `for` closes the file when the loop ends early.
    ctx.push(file)?;
    Ok(Returns(4))
}

fn next_line(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let Some(handle) = ctx.upvalue(0).userdata::<Handle>() else {
        return Ok(Returns::NONE);
    };
    let Some(file) = handle.borrow().0.clone() else {
        return Err(ctx.error("file is already closed"));
    };
    let formats = ctx.upvalue(2).as_int().unwrap_or(0) as usize;
    let returns = super::io_read::read_formats(ctx, &file, formats, |ctx, i| ctx.upvalue(3 + i))?;
    drop(file);
    let first = ctx.top() - returns.0 as usize;
    if ctx.slot(first).truthy() {
        return Ok(returns);
    }
    if returns.0 > 1 {
        let message = ctx.slot(first + 1).as_str().unwrap_or(b"").to_vec();
        return Err(ctx.error(message));
    }
    if ctx.upvalue(1).truthy()
        && let Some(handle) = ctx.upvalue(0).userdata::<Handle>()
    {
        close_handle(ctx, handle)?;
    }
    Ok(Returns::NONE)
}

#[cfg(test)]
mod tests {
    use super::is_open_mode;

    #[test]
    fn modes() {
        for good in ["r", "w", "a", "r+", "w+b", "rb", "abb"] {
            assert!(is_open_mode(good.as_bytes()), "{good}");
        }
        for bad in ["", "x", "rw", "r++", "rb+", "+r", "rt"] {
            assert!(!is_open_mode(bad.as_bytes()), "{bad}");
        }
    }
}
