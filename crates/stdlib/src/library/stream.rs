//! Buffered files as C's `stdio` gives them: one position for reading and writing, and buffers
//! that the script can size.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::process::Child;
use std::rc::{Rc, Weak};

use perilune_vm::Ctx;

/// When written bytes go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buffering {
    /// At once.
    None,
    /// At line ends.
    Line,
    /// When the buffer is full.
    Full,
}

/// Bytes that a buffer holds.
const BUFFER: usize = 8192;

/// An open file.
pub(super) struct Stream {
    file: File,
    readable: bool,
    writable: bool,
    /// Bytes read ahead, of which those before `at` are consumed.
    ahead: Vec<u8>,
    at: usize,
    pending: Vec<u8>,
    buffering: Buffering,
    /// The last byte written was no line end.
    in_line: bool,
    /// The process at the other end of a pipe.
    pub child: Option<Child>,
    /// Standard streams cannot be closed.
    pub standard: bool,
}

/// Shared, since `print` and `io.stdout` write through one buffer.
pub(super) type SharedStream = Rc<RefCell<Stream>>;

/// `EBADF`
const BAD_DESCRIPTOR: i32 = 9;

impl Stream {
    pub fn new(file: File, readable: bool, writable: bool) -> Stream {
        Stream {
            file,
            readable,
            writable,
            ahead: Vec::new(),
            at: 0,
            pending: Vec::new(),
            buffering: Buffering::Full,
            in_line: false,
            child: None,
            standard: false,
        }
    }

    pub fn set_buffering(&mut self, buffering: Buffering) -> io::Result<()> {
        self.buffering = buffering;
        self.flush()
    }

    /// Writes all of `bytes`, through the buffer.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.writable {
            return Err(io::Error::from_raw_os_error(BAD_DESCRIPTOR));
        }
        if let Some(&last) = bytes.last() {
            self.in_line = last != b'\n';
        }
        if self.at < self.ahead.len() {
            // What was read ahead is not consumed: go back to the position that the script sees.
            let unread = (self.ahead.len() - self.at) as i64;
            self.file.seek(SeekFrom::Current(-unread))?;
        }
        self.ahead.clear();
        self.at = 0;
        if self.pending.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        if bytes.len() > BUFFER {
            self.file.write_all(bytes)?;
        } else {
            self.pending.extend_from_slice(bytes);
        }
        match self.buffering {
            Buffering::Full => Ok(()),
            Buffering::Line if memchr::memrchr(b'\n', bytes).is_none() => Ok(()),
            _ => self.flush(),
        }
    }

    pub fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let result = self.file.write_all(&self.pending);
        // A failed write is reported once, not again at each later flush.
        self.pending.clear();
        result
    }

    /// The bytes read ahead; reads more if there are none. Empty at the end of the file.
    pub fn fill(&mut self) -> io::Result<&[u8]> {
        if self.at == self.ahead.len() {
            self.flush()?;
            self.at = 0;
            self.ahead.resize(BUFFER, 0);
            let count = loop {
                match self.file.read(&mut self.ahead) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            self.ahead.truncate(*count.as_ref().unwrap_or(&0));
            count?;
        }
        Ok(&self.ahead[self.at..])
    }

    /// Marks bytes of [`fill`](Stream::fill) as consumed.
    pub fn consume(&mut self, count: usize) {
        self.at += count;
    }

    /// The next byte, not consumed.
    pub fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.fill()?.first().copied())
    }

    /// Is the stream open for reading?
    pub fn check_readable(&self) -> io::Result<()> {
        if self.readable {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(BAD_DESCRIPTOR))
        }
    }

    /// Moves the position; the new one from the start.
    pub fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.flush()?;
        let unread = (self.ahead.len() - self.at) as i64;
        let to = match to {
            SeekFrom::Current(offset) => SeekFrom::Current(offset - unread),
            other => other,
        };
        let position = self.file.seek(to)?;
        self.ahead.clear();
        self.at = 0;
        Ok(position)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure.
        let _ = self.flush();
    }
}

/// The files that scripts opened, to be written out when the process ends without closing them, as C does.
#[derive(Default)]
struct OpenFiles(Vec<Weak<RefCell<Stream>>>);

/// Enters a stream among those that [`flush_all`] writes out.
pub(super) fn register(ctx: &Ctx<'_>, stream: &SharedStream) {
    let open = ctx.state::<OpenFiles>();
    let files = &mut open.borrow_mut().0;
    if files.len() == files.capacity() {
        files.retain(|file| file.strong_count() > 0);
    }
    files.push(Rc::downgrade(stream));
}

/// Writes out all buffers, as C does when a program exits: failures are nobody's any more.
pub(super) fn flush_all(ctx: &Ctx<'_>) {
    let _ = flush_standard_streams(ctx);
    for file in &ctx.state::<OpenFiles>().borrow().0 {
        if let Some(file) = file.upgrade()
            && let Ok(mut file) = file.try_borrow_mut()
        {
            let _ = file.flush();
        }
    }
}

/// The standard streams of one VM. Each has its own duplicate of the descriptor.
pub(super) struct Standard {
    pub input: SharedStream,
    pub output: SharedStream,
    pub error: SharedStream,
}

impl Default for Standard {
    fn default() -> Standard {
        let interactive = io::stdout().is_terminal();
        let share = |file: File, readable, buffering| {
            let mut stream = Stream::new(file, readable, !readable);
            stream.standard = true;
            stream.buffering = buffering;
            Rc::new(RefCell::new(stream))
        };
        let output = if interactive { Buffering::Line } else { Buffering::Full };
        Standard {
            input: share(duplicate(&io::stdin()), true, Buffering::Full),
            output: share(duplicate(&io::stdout()), false, output),
            error: share(duplicate(&io::stderr()), false, Buffering::None),
        }
    }
}

#[cfg(unix)]
fn duplicate(stream: &impl std::os::fd::AsFd) -> File {
    // A closed standard stream becomes one that swallows and yields nothing.
    stream
        .as_fd()
        .try_clone_to_owned()
        .map_or_else(|_| null_device(), File::from)
}

#[cfg(windows)]
fn duplicate(stream: &impl std::os::windows::io::AsHandle) -> File {
    stream
        .as_handle()
        .try_clone_to_owned()
        .map_or_else(|_| null_device(), File::from)
}

#[cfg(any(unix, windows))]
fn null_device() -> File {
    let path = if cfg!(windows) { "NUL" } else { "/dev/null" };
    match File::options().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) => panic!("the null device {path} opens: {error}"),
    }
}

/// The stream that `print` writes to.
pub(super) fn standard_output(ctx: &Ctx<'_>) -> SharedStream {
    ctx.state::<Standard>().borrow().output.clone()
}

/// Writes for `print`, which ignores failures as the reference does.
pub(super) fn print(out: &SharedStream, bytes: &[u8]) {
    let _ = out.borrow_mut().write(bytes);
}

/// Ends a `print`: its text goes out at once, as the reference's, whatever reads it.
pub(super) fn end_print(out: &SharedStream) {
    let _ = out.borrow_mut().flush();
}

/// Writes out what scripts left in the buffers of standard output, as C does at exit. A VM that
/// is dropped does so by itself.
///
/// # Errors
/// The write failed.
pub fn flush_standard_streams(ctx: &Ctx<'_>) -> io::Result<()> {
    let standard = ctx.state::<Standard>();
    let standard = standard.borrow();
    standard.output.borrow_mut().flush()
}

/// Writes to the standard output of scripts, as `print` does: failures are ignored.
pub fn write_standard_output(ctx: &Ctx<'_>, bytes: &[u8]) {
    let out = standard_output(ctx);
    print(&out, bytes);
    end_print(&out);
}

/// Does the standard output of scripts end within a line?
pub fn is_output_in_line(ctx: &Ctx<'_>) -> bool {
    standard_output(ctx).borrow().in_line
}

/// The next line of the standard input of scripts, without its end; `None` at the end.
///
/// # Errors
/// The read failed.
pub fn read_standard_line(ctx: &Ctx<'_>) -> io::Result<Option<Vec<u8>>> {
    let input = standard_input(ctx);
    let mut input = input.borrow_mut();
    let mut line = Vec::new();
    loop {
        let ahead = input.fill()?;
        if ahead.is_empty() {
            return Ok((!line.is_empty()).then_some(line));
        }
        if let Some(end) = memchr::memchr(b'\n', ahead) {
            line.extend_from_slice(&ahead[..end]);
            input.consume(end + 1);
            return Ok(Some(line));
        }
        line.extend_from_slice(ahead);
        let count = ahead.len();
        input.consume(count);
    }
}

/// What is left of the standard input of scripts.
pub(super) fn read_standard_input(ctx: &Ctx<'_>) -> io::Result<Vec<u8>> {
    let input = standard_input(ctx);
    let mut input = input.borrow_mut();
    let mut bytes = Vec::new();
    loop {
        let ahead = input.fill()?;
        if ahead.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(ahead);
        let count = ahead.len();
        input.consume(count);
    }
}

fn standard_input(ctx: &Ctx<'_>) -> SharedStream {
    ctx.state::<Standard>().borrow().input.clone()
}

/// A path as the operating system takes it.
#[cfg(unix)]
pub fn os_path(path: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    // C strings end at a zero byte.
    let end = memchr::memchr(0, path).unwrap_or(path.len());
    OsString::from_vec(path[..end].to_vec())
}

/// A path as the operating system takes it.
#[cfg(not(unix))]
pub fn os_path(path: &[u8]) -> OsString {
    String::from_utf8_lossy(path).into_owned().into()
}

/// An error as C's `strerror` words it.
pub fn error_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The file at the near end of a pipe to a child process.
#[cfg(unix)]
pub(super) fn pipe_file(pipe: impl Into<std::os::fd::OwnedFd>) -> File {
    File::from(pipe.into())
}

/// The file at the near end of a pipe to a child process.
#[cfg(windows)]
pub(super) fn pipe_file(pipe: impl Into<std::os::windows::io::OwnedHandle>) -> File {
    File::from(pipe.into())
}
