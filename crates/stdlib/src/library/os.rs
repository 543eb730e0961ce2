//! `os`.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use perilune_vm::{Ctx, NativeFn, Raised, Returns, Table, Val};

use super::io::{exit_result, file_error, file_result, shell, temporary_file};
use super::stream::{flush_all, os_path};
use super::{flush_standard_streams, with_buffer};
use crate::date::{DateTime, Fields, Local, Utc, Zone, specifier_length, strftime, timestamp};

const SAFE: &[(&str, NativeFn)] = &[("clock", clock), ("date", date), ("difftime", difftime), ("time", time)];

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("execute", execute),
    ("exit", exit),
    ("getenv", getenv),
    ("remove", remove),
    ("rename", rename),
    ("setlocale", setlocale),
    ("tmpname", tmpname),
];

/// Fills the table `os` with all functions.
pub(super) fn open(ctx: &Ctx<'_>, os: Table<'_>) -> Result<(), Raised> {
    open_safe(ctx, os)?;
    ctx.set_functions(os, FUNCTIONS)
}

/// Fills the table `os` with those that only tell the time.
pub(super) fn open_safe(ctx: &Ctx<'_>, os: Table<'_>) -> Result<(), Raised> {
    ctx.state::<Start>();
    ctx.set_functions(os, SAFE)
}

/// When the VM's clock started.
struct Start(Instant);

impl Default for Start {
    fn default() -> Start {
        Start(Instant::now())
    }
}

/// Seconds of processor time; where the system has no such clock, those since the VM started.
fn clock(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.ret_float(processor_time().unwrap_or_else(|| ctx.state::<Start>().borrow().0.elapsed().as_secs_f64()))
}

#[cfg(all(unix, feature = "os"))]
fn processor_time() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    // C's clock counts microseconds.
    Some(time.tv_sec as f64 + (time.tv_nsec / 1000) as f64 / 1e6)
}

#[cfg(not(all(unix, feature = "os")))]
fn processor_time() -> Option<f64> {
    None
}

/// Seconds since 1970 UTC.
fn now() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs() as i64,
        Err(before) => -(before.duration().as_secs_f64().ceil() as i64),
    }
}

fn difftime(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let (a, b) = (ctx.check_int(0)?, ctx.check_int(1)?);
    ctx.ret_float((i128::from(a) - i128::from(b)) as f64)
}

fn set_fields(ctx: &Ctx<'_>, table: Table<'_>, time: &DateTime) -> Result<(), Raised> {
    for (name, value) in [
        ("year", time.year),
        ("month", time.month),
        ("day", time.day),
        ("hour", time.hour),
        ("min", time.min),
        ("sec", time.sec),
        ("yday", time.yday + 1),
        ("wday", time.wday + 1),
    ] {
        table.set_str(ctx, name, Val::int(value))?;
    }
    table.set_str(ctx, "isdst", Val::bool(time.offset.dst))
}

fn date(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let ctx = &*ctx;
    let mut format = ctx.opt_str(0)?.unwrap_or(b"%c");
    let moment = if ctx.is_none_or_nil(1) {
        now()
    } else {
        ctx.check_int(1)?
    };
    let zone: &dyn Zone = match format.strip_prefix(b"!") {
        Some(rest) => {
            format = rest;
            &Utc
        }
        None => &Local,
    };
    let Some(time) = DateTime::from_timestamp(moment, zone) else {
        return Err(ctx.error("date result cannot be represented in this installation"));
    };
    if format == b"*t" {
        let table = ctx.new_table(0, 9)?;
        set_fields(ctx, table, &time)?;
        return ctx.ret(table.as_val());
    }
    ctx.charge(format.len() as u64 / 8)?;
    with_buffer(ctx, |out| {
        let mut rest = format;
        while let Some(percent) = memchr::memchr(b'%', rest) {
            out.extend_from_slice(&rest[..percent]);
            rest = &rest[percent + 1..];
            let Some(length) = specifier_length(rest) else {
                let shown = rest.split(|&b| b == 0).next().unwrap_or(b"");
                let message = [b"invalid conversion specifier '%", shown, b"'"].concat();
                return Err(ctx.arg_error_bytes(0, &message));
            };
            strftime(out, &rest[..length], &time);
            rest = &rest[length..];
        }
        out.extend_from_slice(rest);
        ctx.ret_str(out)
    })
}

fn time(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if ctx.is_none_or_nil(0) {
        return ctx.ret_int(now());
    }
    ctx.check_table(0)?;
    ctx.set_top(1)?;
    let fields = Fields {
        year: field(ctx, "year", None, 1900)?,
        month: field(ctx, "month", None, 1)?,
        day: field(ctx, "day", None, 0)?,
        hour: field(ctx, "hour", Some(12), 0)?,
        min: field(ctx, "min", Some(0), 0)?,
        sec: field(ctx, "sec", Some(0), 0)?,
        dst: {
            get_field(ctx, "isdst")?;
            let value = ctx.slot(1);
            let dst = if value.is_nil() { None } else { Some(value.truthy()) };
            ctx.pop(1);
            dst
        },
    };
    let unrepresentable = "time result cannot be represented in this installation";
    let Some(moment) = timestamp(&fields, &Local) else {
        return Err(ctx.error(unrepresentable));
    };
    if let Some(time) = DateTime::from_timestamp(moment, &Local) {
        let table = ctx.check_table(0)?;
        set_fields(ctx, table, &time)?;
    }
    // C's `mktime` says -1 when it fails, so that this one moment cannot be told.
    if moment == -1 {
        return Err(ctx.error(unrepresentable));
    }
    ctx.ret_int(moment)
}

/// Pushes a field of the table in slot 0, as slot 1.
fn get_field(ctx: &mut Ctx<'_>, name: &str) -> Result<(), Raised> {
    ctx.push_str(name.as_bytes())?;
    ctx.index(0, 1)?;
    let value = ctx.slot(2);
    ctx.set_slot(1, value);
    ctx.pop(1);
    Ok(())
}

/// A field as an integer that fits C's `int` once `delta` is taken off.
fn field(ctx: &mut Ctx<'_>, name: &str, default: Option<i64>, delta: i64) -> Result<i64, Raised> {
    get_field(ctx, name)?;
    let value = ctx.slot(1);
    let number = match (value.to_int(), default) {
        (Some(number), _) => {
            let fits = if number >= 0 {
                number - delta <= i64::from(i32::MAX)
            } else {
                i64::from(i32::MIN) + delta <= number
            };
            if !fits {
                return Err(ctx.error(format!("field '{name}' is out-of-bound")));
            }
            number
        }
        (None, _) if !value.is_nil() => return Err(ctx.error(format!("field '{name}' is not an integer"))),
        (None, Some(default)) => default,
        (None, None) => return Err(ctx.error(format!("field '{name}' missing in date table"))),
    };
    ctx.pop(1);
    Ok(number)
}

fn execute(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let Some(command) = ctx.opt_str(0)? else {
        let found = shell(b"exit 0").status().is_ok();
        return ctx.ret_bool(found);
    };
    // The command writes to the same standard output.
    let _ = flush_standard_streams(ctx);
    match shell(command).status() {
        Ok(status) => exit_result(ctx, status),
        Err(error) => file_error(ctx, &error, None),
    }
}

/// Ends the process, after the state if asked.
fn exit(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let code = match ctx.arg(0).as_bool() {
        Some(success) => i32::from(!success),
        None => ctx.opt_int(0, 0)? as i32,
    };
    if ctx.arg(1).truthy() {
        ctx.close_state();
    }
    flush_all(ctx);
    std::process::exit(code)
}

fn getenv(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let name = ctx.check_str(0)?;
    // These names would not be looked up but refused.
    if name.is_empty() || name.contains(&b'=') || name.contains(&0) {
        return ctx.ret_nil();
    }
    match std::env::var_os(os_path(name)) {
        Some(value) => ctx.ret_str(value.as_encoded_bytes()),
        None => ctx.ret_nil(),
    }
}

fn remove(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let name = ctx.check_str(0)?;
    let path = os_path(name);
    let is_directory = std::fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir());
    let result = if is_directory {
        std::fs::remove_dir(&path)
    } else {
        std::fs::remove_file(&path)
    };
    file_result(ctx, result, Some(name))
}

fn rename(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let from = ctx.check_str(0)?;
    let to = ctx.check_str(1)?;
    file_result(ctx, std::fs::rename(os_path(from), os_path(to)), None)
}

/// Only the C locale is there.
fn setlocale(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let locale = ctx.opt_str(0)?;
    ctx.check_option(
        1,
        Some("all"),
        &["all", "collate", "ctype", "monetary", "numeric", "time"],
    )?;
    match locale {
        None | Some(b"" | b"C" | b"POSIX") => ctx.ret_str(b"C"),
        Some(_) => ctx.ret_nil(),
    }
}

fn tmpname(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    match temporary_file(false) {
        Ok((_, path)) => ctx.ret_str(path.as_os_str().as_encoded_bytes()),
        Err(_) => Err(ctx.error("unable to generate a unique filename")),
    }
}
