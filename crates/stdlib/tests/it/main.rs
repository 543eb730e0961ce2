//! Scripts in `tests/data` whose output was compared with the reference implementation's.

use std::path::Path;
use std::rc::Rc;

use perilune_vm::{Ctx, Loader, NativeFn, Options, Raised, Returns, Vm};

struct Compiler;

impl Loader for Compiler {
    fn compile(&self, source: &[u8], name: &[u8]) -> Result<perilune_bytecode::Verified, Vec<u8>> {
        let options = perilune_compiler::Options {
            chunk_name: name.to_vec(),
            ..perilune_compiler::Options::default()
        };
        match perilune_compiler::compile(source, &options) {
            Ok(module) => Ok(perilune_bytecode::verify(module).expect("the compiler's code verifies")),
            Err(errors) => Err(errors[0].message(name)),
        }
    }
}

/// The text that scripts show with `show`.
#[derive(Default)]
struct Shown(Vec<u8>);

/// `show(...)`: appends its arguments, as `print` would.
const SHOW: NativeFn = |ctx| {
    let mut line = Vec::new();
    for i in 0..ctx.nargs() {
        if i > 0 {
            line.push(b'\t');
        }
        ctx.tostring(i)?;
        line.extend_from_slice(ctx.slot(ctx.top() - 1).as_str().unwrap_or(b"?"));
    }
    line.push(b'\n');
    ctx.state::<Shown>().borrow_mut().0.extend_from_slice(&line);
    Ok(Returns::NONE)
};

fn run(ctx: &mut Ctx<'_>, source: &[u8], name: &str) -> Result<(), Raised> {
    perilune_stdlib::install(ctx)?;
    ctx.set_functions(ctx.globals(), &[("show", SHOW)])?;
    if let Err(message) = ctx.load(source, format!("={name}").as_bytes(), b"t")? {
        return Err(ctx.error_plain(message));
    }
    ctx.call(0, Some(0)).map(|_| ())
}

/// Runs a script and returns what it shows.
fn output(source: &[u8], name: &str, options: Options) -> String {
    let mut vm = Vm::new(options);
    vm.set_loader(Rc::new(Compiler));
    vm.enter(|ctx| {
        if let Err(raised) = run(ctx, source, name) {
            let message = ctx.take_error(raised).as_str().unwrap_or(b"(no text)").to_vec();
            panic!("{name}: {}", String::from_utf8_lossy(&message));
        }
        let shown = ctx.state::<Shown>();
        let text = std::mem::take(&mut shown.borrow_mut().0);
        String::from_utf8_lossy(&text).into_owned()
    })
}

fn check(name: &str) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let source = std::fs::read(data.join(format!("{name}.lua"))).expect("the script is there");
    let expected = std::fs::read(data.join(format!("{name}.txt"))).expect("its output is there");
    let expected = String::from_utf8_lossy(&expected);
    for stress in [false, true] {
        let options = Options {
            gc_stress: stress,
            stack_stress: stress,
            ..Options::default()
        };
        let shown = output(&source, name, options);
        for (i, (shown, expected)) in shown.lines().zip(expected.lines()).enumerate() {
            assert_eq!(shown, expected, "{name}.txt:{} (stress: {stress})", i + 1);
        }
        assert_eq!(
            shown.lines().count(),
            expected.lines().count(),
            "{name}.txt: number of lines"
        );
    }
}

#[test]
fn basic_functions() {
    check("base");
}

#[test]
fn strings() {
    check("string");
}

#[test]
fn patterns() {
    check("pattern");
}

#[test]
fn tables() {
    check("table");
}

#[test]
fn mathematics() {
    check("math");
}

#[test]
fn files_and_time() {
    check("os");
}

#[test]
fn modules() {
    check("package");
}

/// Runs the calls of a file of `call -> message` lines, each of which must raise its message.
#[test]
fn argument_errors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/arguments");
    let mut libraries = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let text = std::fs::read_to_string(&path).expect("the file is UTF-8");
        assert!(text.lines().count() > 10, "{}", path.display());
        let source = format!(
            r##"
            for line in ([=====[
{text}]=====]):gmatch("[^\n]+") do
                local call, expected = line:match("^(.-) %-> (.*)$")
                local ok, message = pcall(assert(load("local r = table.pack(" .. call .. ")", "=call")))
                message = message and message:gsub("^call:1: ", "")
                if ok or message ~= expected then show(line, ok and "raised nothing" or message) end
            end
            "##
        );
        let name = path.file_stem().map(|n| n.to_string_lossy().into_owned());
        let name = name.expect("a file has a name");
        assert_eq!(output(source.as_bytes(), &name, Options::default()), "", "{name}");
        libraries += 1;
    }
    assert!(libraries >= 10, "{libraries}");
}

#[test]
fn safe_subset_reaches_no_files() {
    let mut vm = Vm::new(Options::default());
    vm.enter(|ctx| {
        assert!(perilune_stdlib::install_safe(ctx).is_ok());
        let globals = ctx.globals();
        let absent = |name: &[u8]| globals.get_str(ctx, name).is_ok_and(|v| v.is_nil());
        for name in ["io", "debug", "dofile", "loadfile"] {
            assert!(absent(name.as_bytes()), "{name} is there");
        }
        let Ok(Some(os)) = globals.get_str(ctx, b"os").map(|v| v.as_table()) else {
            panic!("no table os")
        };
        for name in ["execute", "exit", "getenv", "remove", "rename", "tmpname"] {
            assert!(
                os.get_str(ctx, name.as_bytes()).is_ok_and(|v| v.is_nil()),
                "os.{name} is there"
            );
        }
        assert!(os.get_str(ctx, b"time").is_ok_and(|v| v.is_function()));
    });
}

#[test]
fn memory_limit_holds_in_natives() {
    let source = br#"
        local s = ("x"):rep(1 << 20)
        local t = {}
        for i = 1, 100 do t[i] = s end
        for name, hog in pairs{
            rep = function() return s:rep(100) end,
            rep_separator = function() return ("x"):rep(1 << 20, s) end,
            concat = function() return table.concat(t) end,
            separator = function() return table.concat({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, s) end,
            gsub = function() return (("y"):rep(100):gsub("y", s)) end,
            format = function() return (("%s"):rep(100)):format(table.unpack(t)) end,
            pack = function() return string.pack("c1000000000", "x") end,
        } do
            local ok, message = pcall(hog)
            assert(not ok and message == "not enough memory", name .. ": " .. tostring(message))
        end
        show("still here", #s)
    "#;
    let options = Options {
        memory_limit: Some(8 << 20),
        ..Options::default()
    };
    assert_eq!(output(source, "limit", options), "still here\t1048576\n");
}
