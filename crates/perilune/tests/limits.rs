//! Limits of what scripts may do: they are exact, they end everything, and the state stays usable.

use perilune::{Backend, Error, Lua, LuaOptions, OptLevel, Options, StdLib, Stop, Value};
use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Calls, tail calls, loops, errors, coroutines that end, are left, closed and killed, metamethods, natives that call back.
const PROGRAM: &str = r##"
    local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
    local function down(n, ...) if n == 0 then return ... end return down(n - 1, ...) end
    local vector = setmetatable({}, { __add = function(a, b) return 7 end, __index = function(t, k) return k end,
      __lt = function() return true end, __call = function(self, x) return x, x end,
      __close = function() tick() end })
    local function work(k)
      local sum = 0
      for i = 1, 10 do
        tick()
        sum = sum + (vector + i) + #vector[("x"):rep(i)]
        if vector < vector then sum = sum + vector(i) end
        while sum > 1000 do sum = sum - 999 end
      end
      for _, v in ipairs({ 3, 1, 2 }) do sum = sum + v end
      for key in pairs({ a = 1, b = 2 }) do sum = sum + #key end
      local co = coroutine.wrap(function(...) for i = 1, 3 do coroutine.yield(fib(i)) end return ... end)
      for i = 1, k do sum = sum + co(i) end
      local other = coroutine.create(function()
        local guard <close> = vector
        coroutine.yield()
        tick()
      end)
      coroutine.resume(other)
      if k == 2 then coroutine.close(other) end
      local ok = pcall(function() local guard <close> = vector; local t = nil; tick(); return t.x end)
      xpcall(error, function(m) tick() return m end, "x")
      pcall(pcall, error)
      pcall(down, 3)
      pcall(string.rep)
      pcall(nil)
      coroutine.wrap(function() return pcall(coroutine.close, coroutine.running()) end)()
      table.sort({ 3, 1, 2 }, function(a, b) tick() return a < b end)
      ;("abc"):gsub(".", function(c) tick() end)
      goto done
      sum = sum + fib(10)
      ::done::
      return down(5, fib(8), select("#", down(3, 1, 2, 3)), sum)
    end
    return work(1), (work(2)), work(3)
"##;

fn state(options: &Options) -> (Lua, Rc<Cell<u64>>) {
    let lua = Lua::with_options(StdLib::ALL, LuaOptions::default(), options).expect("a state");
    let ticks = Rc::new(Cell::new(0));
    let counter = ticks.clone();
    let tick = lua
        .create_function(move |_, ()| {
            counter.set(counter.get() + 1);
            Ok(())
        })
        .expect("a function");
    lua.globals().set("tick", tick).expect("a global");
    (lua, ticks)
}

fn options(backend: Backend, opt_level: OptLevel) -> Options {
    Options {
        backend,
        opt_level,
        ..Options::default()
    }
}

/// How far the program comes with so much fuel, and what is left; `None` left if it had to end.
fn run(options: &Options, fuel: u64) -> (u64, Option<u64>) {
    let (lua, ticks) = state(options);
    let program = lua.load(PROGRAM).into_function().expect("a program");
    lua.set_fuel(Some(fuel)).expect("a state");
    let left = match program.call::<perilune::MultiValue>(()) {
        Ok(_) => lua.fuel(),
        Err(Error::Stopped { cause, .. }) => {
            assert_eq!(cause, Stop::Fuel);
            assert_eq!(lua.fuel(), Some(0));
            None
        }
        Err(e) => panic!("{e}"),
    };
    (ticks.get(), left)
}

#[test]
fn fuel_is_exact() {
    const MUCH: u64 = 1 << 40;
    for level in [OptLevel::O0, OptLevel::O1] {
        let tail = options(Backend::Tail, level);
        let by_loop = options(Backend::Loop, level);
        let steps = Options {
            fuel_steps: true,
            ..tail.clone()
        };
        let (ticks, left) = run(&tail, MUCH);
        let needed = MUCH - left.expect("it ends by itself");
        for other in [&tail, &by_loop, &steps] {
            assert_eq!(run(other, MUCH), (ticks, left));
            assert_eq!(run(other, needed), (ticks, Some(0)));
            assert_eq!(run(other, needed - 1).1, None);
        }
        let mut last = 0;
        for fuel in (0..needed).step_by(97) {
            let (reached, left) = run(&tail, fuel);
            assert_eq!(left, None);
            assert!(reached >= last, "more fuel comes further");
            last = reached;
            assert_eq!(run(&by_loop, fuel), (reached, None), "{fuel}");
            assert_eq!(run(&steps, fuel), (reached, None), "{fuel}");
        }
    }
}

fn stopped(result: perilune::Result<Value>) -> Stop {
    match result {
        Err(Error::Stopped { cause, .. }) => cause,
        other => panic!("it must end: {other:?}"),
    }
}

#[test]
fn a_stop_lasts_until_there_is_fuel() {
    let (lua, ticks) = state(&Options::default());
    lua.set_fuel(Some(1000)).expect("a state");
    let endless = lua.load("while true do end").into_function().expect("a program");
    assert_eq!(stopped(endless.call(())), Stop::Fuel);
    assert_eq!(stopped(lua.load("return 1").eval()), Stop::Fuel);
    assert_eq!(stopped(lua.load("tick()").eval()), Stop::Fuel);
    assert_eq!(ticks.get(), 0);
    lua.set_fuel(Some(1000)).expect("a state");
    assert_eq!(lua.load("tick() return 1").eval::<i64>().expect("a number"), 1);
    lua.set_fuel(None).expect("a state");
    assert_eq!(lua.fuel(), None);
    assert_eq!(
        lua.load("local n = 0 for i = 1, 1e5 do n = n + 1 end return n")
            .eval::<i64>()
            .expect("a number"),
        100_000
    );
}

#[test]
fn a_host_cannot_swallow_a_stop() {
    let (lua, ticks) = state(&Options::default());
    let swallow = lua
        .create_function(|_, f: perilune::Function| {
            for _ in 0..3 {
                let ended = f.call::<()>(());
                assert!(matches!(ended, Err(Error::Stopped { cause: Stop::Fuel, .. })));
            }
            Ok(())
        })
        .expect("a function");
    lua.globals().set("swallow", swallow).expect("a global");
    lua.set_fuel(Some(10_000)).expect("a state");
    let script = "swallow(function() while true do end end) tick()";
    assert_eq!(stopped(lua.load(script).eval()), Stop::Fuel);
    assert_eq!(ticks.get(), 0);
}

#[test]
fn fuel_cannot_be_saved_up() {
    // Coroutines that stopped before there was a limit, or under another one, give nothing back that they did not pay.
    let (lua, _) = state(&Options::default());
    lua.load(
        r#"
        list = {}
        function fill() for i = 1, 100 do
          local co = coroutine.create(function()
            coroutine.yield()
            if true then return end
            local a, b, c, d = 1, 2, 3, 4
            print(a, b, c, d, a + b, c + d, a .. b, c .. d, a // b, c // d)
          end)
          coroutine.resume(co)
          list[i] = co
        end end
        fill()
        function go() for i = 1, #list do coroutine.resume(list[i]) end end
        "#,
    )
    .exec()
    .expect("it runs");
    let globals = lua.globals();
    let go: perilune::Function = globals.get("go").expect("a function");
    let fill: perilune::Function = globals.get("fill").expect("a function");
    lua.set_fuel(Some(100_000)).expect("a state");
    go.call::<()>(()).expect("it runs");
    let used = 100_000 - lua.fuel().expect("a limit");
    assert!(used > 500, "{used}");
    fill.call::<()>(()).expect("it runs");
    lua.set_fuel(Some(100_000)).expect("a state");
    go.call::<()>(()).expect("it runs");
    assert_eq!(100_000 - lua.fuel().expect("a limit"), used);
    // Errors of calls that cannot begin pay back nothing.
    lua.set_fuel(Some(1_000_000)).expect("a state");
    let script = r#"
        local function f(n)
          if n > 0 then return (f(n - 1)) end
          while true do pcall(f, 1e9) end
          local a, b, c, d = 1, 2, 3, 4
          print(a, b, c, d, a + b, c + d, a .. b, c .. d, a // b, c // d)
        end
        f(190000)
    "#;
    assert_eq!(stopped(lua.load(script).eval()), Stop::Fuel);
}

#[test]
fn limits_can_change_while_scripts_run() {
    let (lua, ticks) = state(&Options::default());
    let more = lua
        .create_function(|lua, n: u64| {
            let left = lua.fuel();
            lua.set_fuel(Some(n))?;
            Ok(left)
        })
        .expect("a function");
    lua.globals().set("more", more).expect("a global");
    lua.set_fuel(Some(10_000)).expect("a state");
    lua.load("for i = 1, 100 do more(1000) for j = 1, 100 do tick() end end")
        .exec()
        .expect("it gets more and more");
    assert_eq!(ticks.get(), 10_000);
    let script = "for i = 1, 100 do tick() end more(5) while true do tick() end";
    assert_eq!(stopped(lua.load(script).eval()), Stop::Fuel);
    assert!(ticks.get() < 10_103);
}

#[test]
fn time_ends_everything() {
    let (lua, _) = state(&Options::default());
    lua.set_timeout(Some(Duration::from_millis(50))).expect("a thread");
    let began = Instant::now();
    for script in [
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(string.find, ('a'):rep(60), ('a*'):rep(9) .. 'b') end",
        "return 1",
    ] {
        assert_eq!(stopped(lua.load(script).eval()), Stop::Time);
    }
    assert!(began.elapsed() < Duration::from_secs(30));
    lua.set_timeout(None).expect("a state");
    assert_eq!(lua.load("return 1").eval::<i64>().expect("a number"), 1);
}

#[test]
fn another_thread_cancels() {
    let (lua, _) = state(&Options::default());
    let handle = lua.interrupt_handle();
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        handle.cancel();
    });
    let script = "while true do pcall(function() while true do end end) end";
    assert_eq!(stopped(lua.load(script).eval()), Stop::Cancelled);
    other.join().expect("it ends");
    // The next one runs.
    assert_eq!(lua.load("return 1").eval::<i64>().expect("a number"), 1);
    assert_eq!(lua.stopped(), None);
}

#[test]
fn memory_may_end_everything() {
    let (lua, ticks) = state(&Options::default());
    lua.set_memory_final(true).expect("a state");
    lua.set_memory_limit(lua.used_memory() + (1 << 20)).expect("a state");
    let script = "for i = 1, 3 do pcall(string.rep, 'x', 1 << 24) tick() end";
    assert_eq!(stopped(lua.load(script).eval()), Stop::Memory);
    assert_eq!(ticks.get(), 0);
    assert_eq!(lua.load("return #('x'):rep(100)").eval::<i64>().expect("a number"), 100);
}

/// Over parts of the corpus, whole programs need the same on both back-ends, and counted step by step.
#[test]
fn programs_need_the_same_in_every_way() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut programs = 0;
    for folder in ["closing", "coroutines", "errors", "frames", "goto", "meta"] {
        let mut scripts: Vec<_> = std::fs::read_dir(root.join("tests/corpus").join(folder))
            .expect("the corpus")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|e| e == "lua"))
            .collect();
        scripts.sort();
        for script in scripts {
            // The command line is as long each time: it lies in the table `arg`, and so in memory.
            let used = [
                "--fuel-stats --dispatch tail",
                "--fuel-stats --dispatch loop",
                "--fuel-steps --dispatch tail",
            ]
            .map(|flags| {
                let output = Command::new(env!("CARGO_BIN_EXE_perilune"))
                    .args(flags.split(' '))
                    .arg(&script)
                    .current_dir(&root)
                    .stdin(std::process::Stdio::null())
                    .output()
                    .expect("the command runs");
                let text = String::from_utf8_lossy(&output.stderr).into_owned();
                text.lines()
                    .find(|line| line.starts_with("fuel: "))
                    .unwrap_or_else(|| panic!("{}: {text}", script.display()))
                    .to_owned()
            });
            assert_eq!(used[0], used[1], "{}", script.display());
            assert_eq!(used[0], used[2], "{}", script.display());
            programs += 1;
        }
    }
    assert!(programs > 80, "{programs}");
}
