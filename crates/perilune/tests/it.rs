//! The embedding API: results, errors, limits, binary modules.

use perilune::program::{Error, Lua};
use perilune::{Backend, OptLevel, Options};
use perilune_bytecode::{to_bytes, verify};

fn all_options() -> Vec<Options> {
    let mut all = Vec::new();
    for backend in [Backend::Tail, Backend::Loop] {
        for opt_level in [OptLevel::O0, OptLevel::O1] {
            all.push(Options {
                backend,
                opt_level,
                ..Options::default()
            });
        }
    }
    all.push(Options {
        registers: 4,
        gc_stress: true,
        stack_stress: true,
        ..Options::default()
    });
    all
}

fn results(lua: &mut Lua, source: &str) -> Vec<String> {
    let outcome = lua
        .run(source.as_bytes(), b"=test", &[])
        .unwrap_or_else(|e| panic!("{e}"));
    outcome
        .results
        .iter()
        .map(|r| String::from_utf8_lossy(r).into_owned())
        .collect()
}

fn runtime_error(lua: &mut Lua, source: &str) -> (String, Option<String>) {
    match lua.run(source.as_bytes(), b"=test", &[]) {
        Err(Error::Runtime { message, traceback }) => (
            String::from_utf8_lossy(&message).into_owned(),
            traceback.map(|t| String::from_utf8_lossy(&t).into_owned()),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn results_come_as_text() {
    for options in all_options() {
        let mut lua = Lua::with(&options);
        assert_eq!(
            results(&mut lua, "return 1, 2.5, 'x', true, nil, {}, print"),
            ["1", "2.5", "x", "true", "nil", "table", "function"],
            "{options:?}"
        );
        assert!(results(&mut lua, "local x = 1").is_empty());
        assert_eq!(
            results(
                &mut lua,
                "local function f(n) if n == 0 then return 0 end return n + f(n - 1) end return f(100)"
            ),
            ["5050"]
        );
        // Globals stay from run to run.
        assert!(results(&mut lua, "counter = (counter or 0) + 1").is_empty());
        assert_eq!(results(&mut lua, "counter = counter + 1 return counter"), ["2"]);
    }
}

#[test]
fn arguments_are_the_chunks_extra_arguments() {
    let mut lua = Lua::new();
    let outcome = lua
        .run(
            b"local a, b = ... return b, a, select('#', ...)",
            b"=test",
            &[b"one", b"two", b"three"],
        )
        .expect("it runs");
    assert_eq!(outcome.results, [b"two".to_vec(), b"one".to_vec(), b"3".to_vec()]);
}

#[test]
fn every_syntax_error_is_listed_with_its_place() {
    let source = b"local x = = 1\nlocal y = 2\nif y then\n  y = y +\nend\ngoto nowhere\n";
    let Err(Error::Syntax { chunk, errors }) = Lua::new().compile(source, b"@bad.lua") else {
        panic!("it is wrong")
    };
    assert_eq!(chunk, b"@bad.lua");
    assert!(errors.len() >= 2, "{errors:?}");
    let first = &errors[0];
    assert_eq!(first.line, 1);
    assert_eq!(first.span.start, 10);
    assert_eq!(first.display(b"@bad.lua"), "bad.lua:1: unexpected symbol near '='");
    assert!(
        errors.iter().any(|e| e.line == 5),
        "the second expression ends at `end`: {errors:?}"
    );
    let shown = perilune::render(source, b"@bad.lua", &errors, false);
    assert!(shown.contains("bad.lua:1:11: "), "{shown}");
    // What a state reports is the first of them.
    let mut lua = Lua::new();
    let error = lua.run(source, b"@bad.lua", &[]).expect_err("it is wrong");
    assert_eq!(error.to_string(), "bad.lua:1: unexpected symbol near '='");
    assert_eq!(results(&mut lua, "return 1"), ["1"]);
}

#[test]
fn runtime_errors_have_a_traceback() {
    for options in all_options() {
        let mut lua = Lua::with(&options);
        let (message, traceback) = runtime_error(
            &mut lua,
            "local function inner()\n  local t\n  return t.x\nend\nlocal function outer()\n  local r = inner()\n  return r\nend\nouter()\n",
        );
        assert_eq!(
            message, "test:3: attempt to index a nil value (local 't')",
            "{options:?}"
        );
        let traceback = traceback.expect("a string has one");
        assert!(traceback.starts_with("stack traceback:"), "{traceback}");
        for line in ["test:3: in", "test:6: in", "test:9: in main chunk"] {
            assert!(traceback.contains(line), "{line}: {traceback}");
        }
        assert_eq!(
            runtime_error(&mut lua, "error({})").0,
            "(error object is a table value)"
        );
        assert_eq!(
            runtime_error(
                &mut lua,
                "error(setmetatable({}, {__tostring = function() return 'mine' end}))"
            ),
            ("mine".to_string(), None)
        );
        assert_eq!(results(&mut lua, "return 1"), ["1"]);
    }
}

#[test]
fn the_memory_limit_is_an_error_that_scripts_catch() {
    for options in all_options() {
        if options.gc_stress {
            continue;
        }
        let mut lua = Lua::with(&Options {
            memory_limit: Some(4 << 20),
            ..options.clone()
        });
        for grow in [
            "local t = {} for i = 1, 1e9 do t[i] = {} end",
            "local t = {} for i = 1, 1e9 do t[i] = i end",
            "local s = 'x' while true do s = s .. s end",
            "return string.rep('x', 1 << 40)",
            "local t = {} for i = 1, 1e9 do t['k' .. i] = i end",
            "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
            "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end",
            "local function f(...) return f(1, ...) end return f()",
            "return table.concat(setmetatable({}, {__index = function() return ('x'):rep(1 << 20) end, __len = function() return 1 << 10 end}))",
        ] {
            let source = format!("local ok, e = pcall(function() {grow} end) collectgarbage() return ok, e");
            let got = results(&mut lua, &source);
            assert_eq!(got[0], "false", "{grow}");
            // A state may run out of stack before it runs out of memory.
            assert!(
                got[1].ends_with("not enough memory") || got[1].contains("stack overflow") && grow.contains("..."),
                "{grow}: {got:?}"
            );
            assert_eq!(
                results(&mut lua, "local t = {} for i = 1, 1000 do t[i] = {i} end return #t"),
                ["1000"],
                "after {grow}, {options:?}"
            );
        }
        // Without a pcall it is an error of the run.
        assert_eq!(
            runtime_error(&mut lua, "local s = 'x' while true do s = s .. s end").0,
            "not enough memory"
        );
        assert_eq!(results(&mut lua, "return 1"), ["1"]);
    }
}

#[test]
fn binary_modules_make_the_round_trip() {
    let source = b"local t = {...} local function f(x) return x .. '!' end return f(t[1]), #t, 0.5, -7";
    for options in all_options() {
        let mut lua = Lua::with(&options);
        let module = lua.compile(source, b"=test").expect("it compiles");
        for strip in [false, true] {
            let bytes = to_bytes(&module, strip);
            assert_eq!(bytes[0], 0x1B);
            let outcome = lua.run(&bytes, b"=test", &[b"hello"]).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(
                outcome.results,
                [b"hello!".to_vec(), b"1".to_vec(), b"0.5".to_vec(), b"-7".to_vec()]
            );
            if !strip {
                let read = perilune_bytecode::from_bytes(&bytes).expect("it reads");
                assert_eq!(verify(read).expect("it is right"), module);
            }
        }
        let bytes = to_bytes(&module, false);
        let error = lua
            .run(&bytes[..bytes.len() / 2], b"=cut", &[])
            .expect_err("half a module");
        assert!(error.to_string().starts_with("cut: bad binary format ("), "{error}");
        let mut broken = bytes.clone();
        broken[4] ^= 0x55;
        assert!(
            matches!(lua.run(&broken, b"=broken", &[]), Err(Error::Binary(_))),
            "not the head of a module"
        );
        // As scripts load it.
        assert_eq!(
            results(
                &mut lua,
                "local f = load(string.dump(function(x) return x * 2 end)) return f(21)"
            ),
            ["42"]
        );
        assert_eq!(
            results(
                &mut lua,
                "local f, e = load(string.dump(print == nil and print or function() end):sub(1, 20), 'cut', 'b') return f, e:match('bad binary format')"
            ),
            ["nil", "bad binary format"]
        );
    }
}

#[test]
fn natives_are_functions_of_scripts() {
    let mut lua = Lua::new();
    fn twice(ctx: &mut perilune_vm::Ctx<'_>) -> Result<perilune_vm::Returns, perilune_vm::Raised> {
        let n = ctx.check_int(0)?;
        ctx.ret_int(n * 2)
    }
    lua.vm()
        .enter(|ctx| ctx.set_functions(ctx.globals(), &[("twice", twice)]))
        .expect("there is memory");
    assert_eq!(
        results(&mut lua, "return twice(21), twice('4'), select(2, pcall(twice, {}))"),
        ["42", "8", "bad argument #1 to 'twice' (number expected, got table)"]
    );
}

#[test]
fn deep_recursion_and_stack_overflow() {
    for backend in [Backend::Tail, Backend::Loop] {
        let mut lua = Lua::with(&Options {
            backend,
            ..Options::default()
        });
        assert_eq!(
            results(
                &mut lua,
                "local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(150000)"
            ),
            ["150000"]
        );
        let got = results(
            &mut lua,
            "local function f() return 1 + f() end local ok, e = pcall(f) return ok, (e:gsub('\\n.*', ''))",
        );
        assert_eq!(got[0], "false");
        assert!(got[1].contains("stack overflow"), "{got:?}");
        assert_eq!(results(&mut lua, "return 1"), ["1"]);
    }
}

#[test]
fn closing_runs_the_finalizers() {
    let path = std::env::temp_dir().join(format!("perilune-close-{}", std::process::id()));
    let mut lua = Lua::new();
    let source = format!(
        "keep = setmetatable({{}}, {{__gc = function() local f = assert(io.open({:?}, 'w')) f:write('closed') f:close() end}})",
        path.display().to_string()
    );
    assert!(results(&mut lua, &source).is_empty());
    assert!(!path.exists());
    lua.close().expect("the output is there");
    let text = std::fs::read_to_string(&path).expect("the finalizer wrote it");
    std::fs::remove_file(&path).expect("it can be removed");
    assert_eq!(text, "closed");
}

#[test]
fn hooks_from_rust_see_lines_calls_and_locals() {
    use perilune_vm::{HookEvent, HookEvents};
    use std::cell::RefCell;
    use std::rc::Rc;
    for backend in [Backend::Tail, Backend::Loop] {
        let mut lua = Lua::with(&Options {
            backend,
            opt_level: perilune::OptLevel::O0,
            ..Options::default()
        });
        let seen = Rc::new(RefCell::new(Vec::new()));
        let log = seen.clone();
        let events = HookEvents {
            calls: true,
            lines: true,
            ..HookEvents::default()
        };
        lua.vm().enter(|ctx| {
            let hook = Rc::new(move |ctx: &mut perilune_vm::Ctx<'_>, event| {
                if let HookEvent::Line(line) = event {
                    let local = ctx.local(None, 0, 1).and_then(|(_, value)| value.as_int());
                    log.borrow_mut().push((line, local));
                }
                Ok(())
            });
            ctx.set_hook(None, Some(hook), events);
        });
        assert_eq!(results(&mut lua, "local a = 1\na = a + 1\nreturn a"), ["2"]);
        lua.vm().enter(|ctx| ctx.set_hook(None, None, HookEvents::default()));
        results(&mut lua, "local b = 5");
        assert_eq!(
            *seen.borrow(),
            [(Some(1), None), (Some(2), Some(1)), (Some(3), Some(2))]
        );
    }
}

#[test]
fn a_stack_that_overflew_twice_has_its_limit_again() {
    let mut lua = Lua::new();
    let source = "local function loop(x) return 1 + loop(x) end
        local _, handled = xpcall(loop, function() return (select(2, pcall(loop))) end)
        local ok, e = pcall(function() for i = 999990, 1000000 do table.unpack({}, 1, i) end end)
        return handled, ok, (e:gsub('^.*: ', ''))";
    let got = results(&mut lua, source);
    assert_eq!(got[1..], ["false", "too many results to unpack"]);
    assert!(got[0].contains("error handling"), "{got:?}");
}
