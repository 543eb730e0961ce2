//! `debug`: activation records, variables, hooks.

use perilune_vm::{Ctx, FunctionInfo, HookEvent, HookEvents, HookFn, NativeFn, Raised, Returns, Table, Type, Val};
use std::io::Write;
use std::rc::Rc;

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("debug", interact),
    ("gethook", gethook),
    ("getinfo", getinfo),
    ("getlocal", getlocal),
    ("getmetatable", getmetatable),
    ("getregistry", |ctx| ctx.ret(ctx.registry().as_val())),
    ("getupvalue", getupvalue),
    ("getuservalue", getuservalue),
    ("sethook", sethook),
    ("setlocal", setlocal),
    ("setmetatable", setmetatable),
    ("setupvalue", setupvalue),
    ("setuservalue", setuservalue),
    ("traceback", traceback),
    ("upvalueid", upvalueid),
    ("upvaluejoin", upvaluejoin),
];

/// The field of the registry that maps coroutines to their hook functions.
const HOOK_KEY: &str = "_HOOKKEY";

/// Opens the library.
pub(super) fn open(ctx: &Ctx<'_>) -> Result<(), Raised> {
    super::open(ctx, "debug", fill)
}

fn fill(ctx: &Ctx<'_>, debug: Table<'_>) -> Result<(), Raised> {
    ctx.set_functions(debug, FUNCTIONS)
}

/// Fills the table `debug` with what only tells where a script is.
pub(super) fn fill_safe(ctx: &Ctx<'_>, debug: Table<'_>) -> Result<(), Raised> {
    ctx.set_functions(debug, &[("traceback", traceback)])
}

fn getmetatable(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(0)?;
    match ctx.metatable(ctx.arg(0)) {
        Some(metatable) => ctx.ret(metatable.as_val()),
        None => ctx.ret_nil(),
    }
}

fn setmetatable(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let metatable = ctx.arg(1).as_table();
    if metatable.is_none() && (ctx.is_none(1) || !ctx.arg(1).is_nil()) {
        return Err(ctx.type_error(1, "nil or table"));
    }
    ctx.set_metatable(ctx.arg(0), metatable)?;
    ctx.ret(ctx.arg(0))
}

/// An optional coroutine as first argument: whether it is there, and so how many arguments it takes.
fn skip_thread(ctx: &Ctx<'_>) -> usize {
    usize::from(ctx.arg(0).ty() == Type::Thread)
}

/// The coroutine that [`skip_thread`] found.
fn thread<'a>(ctx: &'a Ctx<'_>, skip: usize) -> Option<Val<'a>> {
    (skip == 1).then(|| ctx.arg(0))
}

fn getinfo(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let skip = skip_thread(ctx);
    let options: Vec<u8> = match ctx.opt_str(skip + 1)? {
        Some(options) => options.to_vec(),
        None => b"flnSrtu".to_vec(),
    };
    if options.first() == Some(&b'>') {
        return Err(ctx.arg_error(skip + 1, "invalid option '>'"));
    }
    let (info, f) = if ctx.arg(skip).is_function() {
        (ctx.function_info(ctx.arg(skip)), ctx.arg(skip))
    } else {
        let level = ctx.check_int(skip)?;
        match ctx.level_info(thread(ctx, skip), level) {
            Some(found) => found,
            None => return ctx.ret_nil(),
        }
    };
    if options.iter().any(|option| !b"SlnrutLf".contains(option)) {
        return Err(ctx.arg_error(skip + 1, "invalid option"));
    }
    let table = ctx.new_table(0, 16)?;
    fill_info(ctx, table, &info, &options)?;
    if options.contains(&b'L')
        && let Some(lines) = ctx.active_lines(f)
    {
        let set = ctx.new_table(0, 0)?;
        for line in lines {
            set.set_int(ctx, line.into(), Val::bool(true))?;
        }
        table.set_str(ctx, "activelines", set.as_val())?;
    }
    if options.contains(&b'f') {
        table.set_str(ctx, "func", f)?;
    }
    ctx.ret(table.as_val())
}

fn fill_info(ctx: &Ctx<'_>, table: Table<'_>, info: &FunctionInfo, options: &[u8]) -> Result<(), Raised> {
    let int = |name: &str, value: i64| table.set_str(ctx, name, Val::int(value));
    let flag = |name: &str, value: bool| table.set_str(ctx, name, Val::bool(value));
    let text = |name: &str, value: &[u8]| table.set_str(ctx, name, ctx.new_str(value)?);
    for option in options {
        match option {
            b'S' => {
                text("source", &info.source)?;
                text("short_src", &info.short_source)?;
                int("linedefined", info.line_defined)?;
                int("lastlinedefined", info.last_line_defined)?;
                text("what", info.what.as_bytes())?;
            }
            b'l' => int("currentline", info.current_line)?,
            b'u' => {
                int("nups", info.upvalues as i64)?;
                int("nparams", info.params as i64)?;
                flag("isvararg", info.vararg)?;
            }
            b'n' => {
                if let Some(name) = &info.name {
                    text("name", name)?;
                }
                text("namewhat", info.name_what.as_bytes())?;
            }
            b'r' => {
                int("ftransfer", info.first_transfer as i64)?;
                int("ntransfer", info.transfers as i64)?;
            }
            b't' => {
                flag("istailcall", info.tail_call)?;
                if ctx.std().number() >= 505 {
                    int("extraargs", info.extra_args as i64)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn getlocal(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let skip = skip_thread(ctx);
    let n = ctx.check_int(skip + 1)?;
    if ctx.arg(skip).is_function() {
        return match ctx.parameter_name(ctx.arg(skip), n) {
            Some(name) => ctx.ret_str(name),
            None => ctx.ret_nil(),
        };
    }
    let level = check_level(ctx, skip)?;
    match ctx.local(thread(ctx, skip), level, n) {
        Some((name, value)) => {
            ctx.push(ctx.new_str(&name)?)?;
            ctx.push(value)?;
            Ok(Returns(2))
        }
        None => ctx.ret_nil(),
    }
}

fn check_level(ctx: &Ctx<'_>, skip: usize) -> Result<i64, Raised> {
    let level = ctx.check_int(skip)?;
    if ctx.has_level(thread(ctx, skip), level) {
        Ok(level)
    } else {
        Err(ctx.arg_error(skip, "level out of range"))
    }
}

fn setlocal(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let skip = skip_thread(ctx);
    ctx.check_int(skip)?;
    let n = ctx.check_int(skip + 1)?;
    let level = check_level(ctx, skip)?;
    ctx.check_any(skip + 2)?;
    match ctx.set_local(thread(ctx, skip), level, n, ctx.arg(skip + 2)) {
        Some(name) => ctx.ret_str(&name),
        None => ctx.ret_nil(),
    }
}

fn getupvalue(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let n = ctx.check_int(1)?;
    ctx.check_function(0)?;
    match ctx.function_upvalue(ctx.arg(0), n) {
        Some((name, value)) => {
            ctx.push(ctx.new_str(name)?)?;
            ctx.push(value)?;
            Ok(Returns(2))
        }
        None => Ok(Returns::NONE),
    }
}

fn setupvalue(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_any(2)?;
    let n = ctx.check_int(1)?;
    ctx.check_function(0)?;
    match ctx.set_function_upvalue(ctx.arg(0), n, ctx.arg(2)) {
        Some(name) => ctx.ret_str(name),
        None => Ok(Returns::NONE),
    }
}

fn upvalueid(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let n = ctx.check_int(1)?;
    ctx.check_function(0)?;
    match ctx.upvalue_id(ctx.arg(0), n) {
        Some(id) => ctx.ret(id),
        None => ctx.ret_nil(),
    }
}

fn check_upvalue(ctx: &Ctx<'_>, f: usize, number: usize) -> Result<i64, Raised> {
    let n = ctx.check_int(number)?;
    ctx.check_function(f)?;
    match ctx.upvalue_id(ctx.arg(f), n) {
        Some(_) => Ok(n),
        None => Err(ctx.arg_error(number, "invalid upvalue index")),
    }
}

fn upvaluejoin(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let n = check_upvalue(ctx, 0, 1)?;
    let m = check_upvalue(ctx, 2, 3)?;
    for f in [0, 2] {
        if !ctx.arg(f).is_lua_function() {
            return Err(ctx.arg_error(f, "Lua function expected"));
        }
    }
    ctx.join_upvalues(ctx.arg(0), n, ctx.arg(2), m);
    Ok(Returns::NONE)
}

fn getuservalue(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let n = ctx.opt_int(1, 1)?;
    match ctx.user_value(ctx.arg(0), n) {
        Some(value) => {
            ctx.push(value)?;
            ctx.push(Val::bool(true))?;
            Ok(Returns(2))
        }
        None => ctx.ret_nil(),
    }
}

fn setuservalue(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let n = ctx.opt_int(2, 1)?;
    if ctx.arg(0).ty() != Type::Userdata {
        return Err(ctx.type_error(0, "userdata"));
    }
    ctx.check_any(1)?;
    if ctx.set_user_value(ctx.arg(0), n, ctx.arg(1)) {
        ctx.ret(ctx.arg(0))
    } else {
        ctx.ret_nil()
    }
}

fn traceback(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let skip = skip_thread(ctx);
    let message = ctx.arg(skip);
    if message.as_str().is_none() && message.as_num().is_none() && !message.is_nil() {
        return ctx.ret(message);
    }
    let of_other = thread(ctx, skip).is_some_and(|co| !co.raw_eq(ctx.running()));
    let level = ctx.opt_int(skip + 1, if of_other { 0 } else { 1 })?;
    // The reference takes the message for a text of C's, which ends at its first zero byte.
    let message = ctx.opt_str(skip)?.and_then(|m| m.split(|&b| b == 0).next());
    let level = usize::try_from(level).unwrap_or(usize::MAX);
    let text = ctx.traceback_of(thread(ctx, skip), message, level);
    ctx.ret_str(&text)
}

/// The hook that calls the Lua function of the running coroutine: one, so that [`gethook`] knows it.
struct LuaHook(HookFn);

impl Default for LuaHook {
    fn default() -> LuaHook {
        LuaHook(Rc::new(call_hook))
    }
}

fn call_hook(ctx: &mut Ctx<'_>, event: HookEvent) -> Result<(), Raised> {
    let Some(hooks) = ctx.registry().get_str(ctx, HOOK_KEY.as_bytes())?.as_table() else {
        return Ok(());
    };
    let f = hooks.get(ctx.running());
    if !f.is_function() {
        return Ok(());
    }
    ctx.push(f)?;
    let (name, line) = match event {
        HookEvent::Call => ("call", None),
        HookEvent::TailCall => ("tail call", None),
        HookEvent::Return => ("return", None),
        HookEvent::Line(line) => ("line", line),
        HookEvent::Count => ("count", None),
    };
    ctx.push_str(name.as_bytes())?;
    ctx.push(line.map_or(Val::NIL, |line| Val::int(line.into())))?;
    ctx.call(2, Some(0)).map(|_| ())
}

/// The table of hook functions, made on first use. Its keys are weak.
fn hook_table<'a>(ctx: &'a Ctx<'_>) -> Result<Table<'a>, Raised> {
    let registry = ctx.registry();
    if let Some(hooks) = registry.get_str(ctx, HOOK_KEY.as_bytes())?.as_table() {
        return Ok(hooks);
    }
    let hooks = ctx.new_table(0, 2)?;
    registry.set_str(ctx, HOOK_KEY, hooks.as_val())?;
    hooks.set_str(ctx, "__mode", ctx.new_str(b"k")?)?;
    ctx.set_metatable(hooks.as_val(), Some(hooks))?;
    Ok(hooks)
}

fn sethook(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let skip = skip_thread(ctx);
    let mut events = HookEvents::default();
    let mut hook = None;
    if !ctx.is_none_or_nil(skip) {
        let mask = ctx.check_str(skip + 1)?;
        events.calls = mask.contains(&b'c');
        events.returns = mask.contains(&b'r');
        events.lines = mask.contains(&b'l');
        ctx.check_function(skip)?;
        events.count = ctx.opt_int(skip + 2, 0)? as i32;
        hook = Some(ctx.state::<LuaHook>().borrow().0.clone());
    }
    let hooks = hook_table(ctx)?;
    let co = thread(ctx, skip).unwrap_or_else(|| ctx.running());
    hooks.set(ctx, co, ctx.arg(skip))?;
    ctx.set_hook(Some(co), hook, events);
    Ok(Returns::NONE)
}

fn gethook(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let skip = skip_thread(ctx);
    let co = thread(ctx, skip).unwrap_or_else(|| ctx.running());
    let Some((hook, events)) = ctx.hook(Some(co)) else {
        return ctx.ret_nil();
    };
    if Rc::ptr_eq(&hook, &ctx.state::<LuaHook>().borrow().0) {
        let hooks = hook_table(ctx)?;
        ctx.push(hooks.get(co))?;
    } else {
        ctx.push_str(b"external hook")?;
    }
    let mut mask = Vec::new();
    for (on, letter) in [(events.calls, b'c'), (events.returns, b'r'), (events.lines, b'l')] {
        if on {
            mask.push(letter);
        }
    }
    ctx.push_str(&mask)?;
    ctx.push(Val::int(events.count.into()))?;
    Ok(Returns(3))
}

/// `debug.debug`: runs lines of the standard input until one says `cont`.
fn interact(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    loop {
        write_error(b"lua_debug> ");
        // A stream that cannot be read has ended.
        let line = match super::stream::read_standard_line(ctx) {
            Ok(Some(line)) if line != b"cont" => line,
            _ => return Ok(Returns::NONE),
        };
        let top = ctx.top();
        ctx.push(ctx.protected_call())?;
        match ctx.load(&line, b"=(debug command)", b"bt")? {
            Ok(()) => {
                let handler = ctx.new_native("debug", |ctx| ctx.ret(ctx.arg(0)), &[])?;
                ctx.push(handler)?;
                ctx.call(2, Some(2))?;
                if !ctx.slot(top).truthy() {
                    ctx.tostring(top + 1)?;
                    let mut text = ctx.slot(ctx.top() - 1).as_str().unwrap_or_default().to_vec();
                    text.push(b'\n');
                    write_error(&text);
                }
            }
            Err(mut message) => {
                message.push(b'\n');
                write_error(&message);
            }
        }
        ctx.set_top(top)?;
    }
}

fn write_error(text: &[u8]) {
    let mut out = std::io::stderr();
    // What cannot be written has nowhere else to go.
    let _ = out.write_all(text).and_then(|()| out.flush());
}
