//! `package` and `require`: preloaded modules, and Lua files found along `package.path`.

use perilune_vm::{Ctx, Raised, Returns, Table, Val};

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
    if let Some(searchers) = package.get_str(ctx, b"searchers")?.as_table() {
        searchers.set_int(
            ctx,
            2,
            ctx.new_native("searcher_Lua", search_path, &[package.as_val()])?,
        )?;
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
    let loaded = loaded(ctx)?;
    let known = loaded.get(ctx.arg(0));
    if known.truthy() {
        return ctx.ret(known);
    }
    let package = ctx.upvalue(0).as_table();
    let searchers = match package {
        Some(package) => package.get_str(ctx, b"searchers")?,
        None => Val::NIL,
    };
    if searchers.as_table().is_none() {
        return Err(ctx.error("'package.searchers' must be a table"));
    }
    // Slot 1 holds the searchers.
    ctx.push(searchers)?;
    let mut tried: Vec<u8> = Vec::new();
    for i in 1.. {
        let searcher = ctx
            .slot(1)
            .as_table()
            .map_or(Val::NIL, |searchers| searchers.get_int(i));
        if searcher.is_nil() {
            return Err(ctx.error([b"module '", &name[..], b"' not found:", &tried].concat()));
        }
        ctx.push(searcher)?;
        ctx.push(ctx.arg(0))?;
        ctx.call(1, Some(2))?;
        if ctx.slot(2).is_function() {
            break;
        }
        if let Some(reason) = ctx.slot(2).as_str() {
            tried.extend_from_slice(b"\n\t");
            tried.extend_from_slice(reason);
        }
        ctx.set_top(2)?;
    }
    // Slots 2 and 3: the loader and its data. The loader gets the name and the data.
    ctx.push_slot(2)?;
    ctx.push_slot(0)?;
    ctx.push_slot(3)?;
    ctx.call(2, Some(1))?;
    let loaded = self::loaded(ctx)?;
    let result = ctx.slot(4);
    if !result.is_nil() {
        loaded.set(ctx, ctx.arg(0), result)?;
    } else if loaded.get(ctx.arg(0)).is_nil() {
        loaded.set(ctx, ctx.arg(0), Val::bool(true))?;
    }
    let value = loaded.get(ctx.arg(0));
    ctx.push(value)?;
    ctx.push_slot(3)?;
    Ok(Returns(2))
}

fn loaded<'a>(ctx: &'a Ctx<'_>) -> Result<Table<'a>, Raised> {
    let loaded = ctx.registry().get_str(ctx, LOADED.as_bytes())?;
    loaded.as_table().ok_or_else(|| ctx.error("'package.loaded' is gone"))
}

fn search_preload(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let name = ctx.check_str(0)?;
    let preload = ctx.registry().get_str(ctx, PRELOAD.as_bytes())?;
    let loader = preload.as_table().map_or(Val::NIL, |preload| preload.get(ctx.arg(0)));
    if loader.is_nil() {
        return ctx.ret_str(&[b"no field package.preload['", name, b"']"].concat());
    }
    ctx.push(loader)?;
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
    let name = ctx.check_str(0)?;
    let path = ctx.check_str(1)?;
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
    ctx.push_str(b"dynamic libraries not enabled; check your Lua installation")?;
    ctx.push_str(b"absent")?;
    Ok(Returns(3))
}

/// Upvalue: the table `package`.
fn search_path(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let name = ctx.check_str(0)?.to_vec();
    let path = match ctx.upvalue(0).as_table() {
        Some(package) => package.get_str(ctx, b"path")?.as_str().map(<[u8]>::to_vec),
        None => None,
    };
    let Some(path) = path else {
        return Err(ctx.error("'package.path' must be a string"));
    };
    let file = match search(&name, &path, b".", directory_separator()) {
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
        let parts = [
            b"error loading module '",
            &name[..],
            b"' from file '",
            &file,
            b"':\n\t",
            &message,
        ];
        return Err(ctx.error(parts.concat()));
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
