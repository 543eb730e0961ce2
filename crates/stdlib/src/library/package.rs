//! `package` and `require`: preloaded modules, and Lua files found along `package.path`.

use perilune_vm::{Ctx, NativeFn, Raised, Returns, Val};

use super::load::read_source;
use super::stream::os_path;

/// The registry's name for `package.loaded`.
const LOADED: &str = "_LOADED";
/// The registry's name for `package.preload`.
const PRELOAD: &str = "_PRELOAD";

/// The registry's name for a flag: paths do not come from environment variables.
pub const NO_ENVIRONMENT: &str = "LUA_NOENV";

/// `package.config`: directory separator, template separator, mark, and two marks of C loaders.
const CONFIG: &[u8] = if cfg!(windows) {
    b"\\\n;\n?\n!\n-\n"
} else {
    b"/\n;\n?\n!\n-\n"
};

/// Enters a library in `package.loaded`.
pub(super) fn enter(ctx: &Ctx<'_>, name: &str, library: Val<'_>) -> Result<(), Raised> {
    match ctx.registry().get_str(ctx, LOADED.as_bytes())?.as_table() {
        Some(loaded) => loaded.set_str(ctx, name, library),
        None => Ok(()),
    }
}

/// Defines `require` and `package` with preloaded modules only.
pub(super) fn open(ctx: &Ctx<'_>) -> Result<(), Raised> {
    let registry = ctx.registry();
    let loaded = ctx.new_table(0, 16)?;
    registry.set_str(ctx, LOADED, loaded.as_val())?;
    let preload = ctx.new_table(0, 4)?;
    registry.set_str(ctx, PRELOAD, preload.as_val())?;
    let package = ctx.new_table(0, 8)?;
    package.set_str(ctx, "loaded", loaded.as_val())?;
    package.set_str(ctx, "preload", preload.as_val())?;
    package.set_str(ctx, "config", ctx.new_str(CONFIG)?)?;
    let searchers = ctx.new_table(2, 0)?;
    searchers.set_int(ctx, 1, ctx.new_native("searcher_preload", search_preload, &[])?)?;
    package.set_str(ctx, "searchers", searchers.as_val())?;
    let globals = ctx.globals();
    globals.set_str(ctx, "require", ctx.new_native("require", require, &[package.as_val()])?)?;
    globals.set_str(ctx, "package", package.as_val())?;
    enter(ctx, "package", package.as_val())?;
    enter(ctx, "_G", globals.as_val())?;
    enter(ctx, "coroutine", globals.get_str(ctx, b"coroutine")?)
}

/// Adds the search along `package.path`.
pub(super) fn open_files(ctx: &Ctx<'_>) -> Result<(), Raised> {
    let Some(package) = ctx.globals().get_str(ctx, b"package")?.as_table() else {
        return Ok(());
    };
    let path = environment_path(ctx, "LUA_PATH", builtin_path(ctx))?;
    package.set_str(ctx, "path", ctx.new_str(&path)?)?;
    // Modules in C cannot be loaded; the field is there for scripts that read it, and for messages.
    let cpath = environment_path(ctx, "LUA_CPATH", builtin_cpath(ctx))?;
    package.set_str(ctx, "cpath", ctx.new_str(&cpath)?)?;
    package.set_str(ctx, "searchpath", ctx.new_native("searchpath", searchpath, &[])?)?;
    package.set_str(ctx, "loadlib", ctx.new_native("loadlib", loadlib, &[])?)?;
    let Some(searchers) = package.get_str(ctx, b"searchers")?.as_table() else {
        return Ok(());
    };
    let functions: [(&str, NativeFn); 3] = [
        ("searcher_Lua", search_path),
        ("searcher_C", search_cpath),
        ("searcher_Croot", search_cpath_of_root),
    ];
    for (i, (name, function)) in (2..).zip(functions) {
        searchers.set_int(ctx, i, ctx.new_native(name, function, &[package.as_val()])?)?;
    }
    Ok(())
}

/// `package.path` where the environment does not say otherwise.
fn builtin_path(ctx: &Ctx<'_>) -> String {
    if cfg!(windows) {
        return "!\\lua\\?.lua;!\\lua\\?\\init.lua;.\\?.lua;.\\?\\init.lua".to_owned();
    }
    let version = ctx.std();
    let share = format!("/usr/local/share/lua/{version}");
    let lib = format!("/usr/local/lib/lua/{version}");
    format!("{share}/?.lua;{share}/?/init.lua;{lib}/?.lua;{lib}/?/init.lua;./?.lua;./?/init.lua")
}

/// `package.cpath` where the environment does not say otherwise.
fn builtin_cpath(ctx: &Ctx<'_>) -> String {
    if cfg!(windows) {
        return "!\\?.dll;!\\loadall.dll;.\\?.dll".to_owned();
    }
    let lib = format!("/usr/local/lib/lua/{}", ctx.std());
    format!("{lib}/?.so;{lib}/loadall.so;./?.so")
}

/// A path from the environment variable, or the one of the same name with the version, with `;;` standing for the
/// built-in path.
fn environment_path(ctx: &Ctx<'_>, variable: &str, builtin: String) -> Result<Vec<u8>, Raised> {
    if ctx.registry().get_str(ctx, NO_ENVIRONMENT.as_bytes())?.truthy() {
        return Ok(builtin.into_bytes());
    }
    let versioned = format!("{variable}_{}", ctx.std().to_string().replace('.', "_"));
    let Some(path) = std::env::var_os(versioned).or_else(|| std::env::var_os(variable)) else {
        return Ok(builtin.into_bytes());
    };
    let path = path.as_encoded_bytes();
    let Some(at) = memchr::memmem::find(path, b";;") else {
        return Ok(path.to_vec());
    };
    let (before, after) = (&path[..at], &path[at + 2..]);
    let parts: Vec<&[u8]> = [before, builtin.as_bytes(), after]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    Ok(parts.join(&b';'))
}

/// Upvalue: the table `package`.
fn require(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let name = ctx.check_str(0)?.to_vec();
    ctx.set_top(1)?;
    // Slot 1: `package.loaded`, slot 2: what it has, slot 3: the searchers.
    ctx.push(ctx.registry().get_str(ctx, LOADED.as_bytes())?)?;
    ctx.index(1, 0)?;
    if ctx.slot(2).truthy() {
        return Ok(Returns(1));
    }
    get_package_field(ctx, b"searchers")?;
    if ctx.slot(3).as_table().is_none() {
        return Err(ctx.error("'package.searchers' must be a table"));
    }
    let mut tried: Vec<u8> = Vec::new();
    for i in 1.. {
        let searcher = ctx
            .slot(3)
            .as_table()
            .map_or(Val::NIL, |searchers| searchers.get_int(i));
        if searcher.is_nil() {
            return Err(ctx.error([b"module '", &name[..], b"' not found:", &tried].concat()));
        }
        ctx.push(searcher)?;
        ctx.push(ctx.arg(0))?;
        ctx.call(1, Some(2))?;
        let outcome = ctx.slot(4);
        if outcome.is_function() {
            break;
        }
        if let Some(reason) = outcome.as_str() {
            tried.extend_from_slice(b"\n\t");
            tried.extend_from_slice(reason);
        } else if let Some(reason) = outcome.as_num() {
            tried.extend_from_slice(b"\n\t");
            perilune_lang::write_num(&mut tried, reason, ctx.std());
        }
        ctx.set_top(4)?;
    }
    // Slots 4 and 5: the loader and its data. The loader gets the name and the data.
    ctx.push_slot(4)?;
    ctx.push_slot(0)?;
    ctx.push_slot(5)?;
    ctx.call(2, Some(1))?;
    if !ctx.slot(6).is_nil() {
        ctx.set_index(1, 0, 6)?;
    }
    ctx.index(1, 0)?;
    if ctx.slot(7).is_nil() {
        ctx.set_slot(7, Val::bool(true));
        ctx.set_index(1, 0, 7)?;
    }
    ctx.push_slot(5)?;
    Ok(Returns(2))
}

/// Pushes a field of the table `package`, upvalue 0, as the reference reads it: with metamethods.
fn get_package_field(ctx: &mut Ctx<'_>, name: &[u8]) -> Result<(), Raised> {
    let at = ctx.top();
    ctx.push(ctx.upvalue(0))?;
    ctx.push_str(name)?;
    ctx.index(at, at + 1)?;
    ctx.set_slot(at, ctx.slot(at + 2));
    ctx.pop(2);
    Ok(())
}

fn search_preload(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_str(0)?;
    let at = ctx.top();
    ctx.push(ctx.registry().get_str(ctx, PRELOAD.as_bytes())?)?;
    ctx.index(at, 0)?;
    if ctx.slot(at + 1).is_nil() {
        let name = ctx.check_str(0)?;
        return ctx.ret_str(&[b"no field package.preload['", name, b"']"].concat());
    }
    ctx.push_str(b":preload:")?;
    Ok(Returns(2))
}

/// The first readable file that `name` gives along `path`, or what was tried.
fn search(name: &[u8], path: &[u8], separator: &[u8], replacement: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let name = if separator.is_empty() {
        name.to_vec()
    } else {
        replace(name, separator, replacement)
    };
    let mut tried = Vec::new();
    for (i, template) in path.split(|&b| b == b';').enumerate() {
        let file = replace(template, b"?", &name);
        if std::fs::File::open(os_path(&file)).is_ok() {
            return Ok(file);
        }
        if i > 0 {
            tried.extend_from_slice(b"\n\t");
        }
        tried.extend_from_slice(b"no file '");
        tried.extend_from_slice(&file);
        tried.push(b'\'');
    }
    Err(tried)
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn directory_separator() -> &'static [u8] {
    if cfg!(windows) { b"\\" } else { b"/" }
}

fn searchpath(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    // The reference's compiler evaluates the arguments' checks from the last to the first.
    ctx.opt_str(3)?;
    ctx.opt_str(2)?;
    let path = ctx.check_str(1)?;
    let name = ctx.check_str(0)?;
    let separator = ctx.opt_str(2)?.unwrap_or(b".");
    let replacement = ctx.opt_str(3)?.unwrap_or(directory_separator());
    match search(name, path, separator, replacement) {
        Ok(file) => ctx.ret_str(&file),
        Err(tried) => {
            ctx.push(Val::NIL)?;
            ctx.push_str(&tried)?;
            Ok(Returns(2))
        }
    }
}

fn loadlib(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    ctx.check_str(0)?;
    ctx.check_str(1)?;
    ctx.push(Val::NIL)?;
    ctx.push_str(NO_C_MODULES)?;
    ctx.push_str(b"absent")?;
    Ok(Returns(3))
}

/// The file that `name` has along the path in this field of `package`; `Err` with what was tried.
fn find_file(ctx: &mut Ctx<'_>, name: &[u8], field: &str) -> Result<Result<Vec<u8>, Vec<u8>>, Raised> {
    get_package_field(ctx, field.as_bytes())?;
    let path = ctx.slot(ctx.top() - 1);
    let mut number = Vec::new();
    let path = match (path.as_str(), path.as_num()) {
        (Some(path), _) => path,
        (None, Some(path)) => {
            perilune_lang::write_num(&mut number, path, ctx.std());
            &number
        }
        (None, None) => return Err(ctx.error(format!("'package.{field}' must be a string"))),
    };
    let found = search(name, path, b".", directory_separator());
    ctx.pop(1);
    Ok(found)
}

/// What the reference says where it was built without the loading of modules in C.
const NO_C_MODULES: &[u8] = b"dynamic libraries not enabled; check your Lua installation";

fn load_error(ctx: &Ctx<'_>, name: &[u8], file: &[u8], message: &[u8]) -> Raised {
    let parts = [
        b"error loading module '",
        name,
        b"' from file '",
        file,
        b"':\n\t",
        message,
    ];
    ctx.error(parts.concat())
}

/// Modules in C are looked for, so that one that is there is said to be of no use.
fn search_cpath(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let name = ctx.check_str(0)?.to_vec();
    match find_file(ctx, &name, "cpath")? {
        Ok(file) => Err(load_error(ctx, &name, &file, NO_C_MODULES)),
        Err(tried) => ctx.ret_str(&tried),
    }
}

/// A module `a.b` may be in the library of its root `a`.
fn search_cpath_of_root(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let name = ctx.check_str(0)?.to_vec();
    let Some(dot) = memchr::memchr(b'.', &name) else {
        return Ok(Returns::NONE);
    };
    match find_file(ctx, &name[..dot], "cpath")? {
        Ok(file) => Err(load_error(ctx, &name, &file, NO_C_MODULES)),
        Err(tried) => ctx.ret_str(&tried),
    }
}

/// Upvalue: the table `package`.
fn search_path(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let name = ctx.check_str(0)?.to_vec();
    let file = match find_file(ctx, &name, "path")? {
        Ok(file) => file,
        Err(tried) => return ctx.ret_str(&tried),
    };
    let chunk_name = [b"@", &file[..]].concat();
    let outcome = match read_source(&file) {
        Ok(source) => {
            ctx.charge(source.len() as u64 / 4)?;
            ctx.load(&source, &chunk_name, b"bt")?
        }
        Err(message) => Err(message),
    };
    if let Err(message) = outcome {
        return Err(load_error(ctx, &name, &file, &message));
    }
    ctx.push_str(&file)?;
    Ok(Returns(2))
}

#[cfg(test)]
mod tests {
    use super::{replace, search};

    #[test]
    fn templates() {
        assert_eq!(replace(b"a/?/?.lua", b"?", b"x"), b"a/x/x.lua");
        let tried = search(b"no.such", b"./?.nope;?/init.nope", b".", b"/").unwrap_err();
        assert_eq!(tried, b"no file './no/such.nope'\n\tno file 'no/such/init.nope'");
    }
}
