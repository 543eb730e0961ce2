//! Faults put in on purpose while programs of the corpus run: the n-th allocation fails, the fuel ends, or the memory does, the host
//! comes in between at every n-th instruction. Afterwards the same state runs another script right.
//!
//! `cargo test` tries some for a few seconds; the ignored tests, which `cargo xtask faults` runs, try every one.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use perilune::program::{Error, Lua};
use perilune::{Ctx, Options, Raised};
use perilune_vm::HookEvents;

/// Folders of the corpus whose programs neither read nor write files.
const TOPICS: [&str; 17] = [
    "base",
    "closing",
    "closures",
    "coroutines",
    "expr",
    "format",
    "goto",
    "load",
    "math",
    "messages",
    "meta",
    "pack",
    "patterns",
    "spill",
    "stmt",
    "strings",
    "utf8",
];

/// Programs that need no more than this many allocations or units of fuel are tried at every one.
const SMALL: u64 = 3000;

/// How many numbers are tried of the others.
const SOME: u64 = 1000;

/// What programs print is made, and goes nowhere.
const SILENCE: &[u8] = b"
local tostring, select = tostring, select
function print(...) for i = 1, select('#', ...) do tostring((select(i, ...))) end end
io.write = function() return io.stdout end
io.stdout:setvbuf('full')
";

/// The same, but it can be asked for, without addresses.
const RECORD: &[u8] = b"
local tostring, select, concat, printed = tostring, select, table.concat, {}
function print(...) for i = 1, select('#', ...) do printed[#printed + 1] = tostring((select(i, ...))) end end
local gsub = string.gsub
function what_was_printed() return (gsub(concat(printed, ' '), '0x%x+', 'ADDRESS')) end
io.write = function() return io.stdout end
io.stdout:setvbuf('full')
";

/// What must go on working, limits included: a limit that a fault lowers for good shows here.
const CHECK: &[u8] = br#"
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local t = {}
for i = 1, 50 do t[i] = (i * 7) % 50 end
table.sort(t)
local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) error({ b }) end)
local first = co(1)
local _, raised = pcall(co, 5)
local function nest(n) if n == 0 then return 1 end local _, v = pcall(nest, n - 1) return v + 1 end
local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
local closed = 0
do local c <close> = setmetatable({}, { __close = function() closed = closed + 1 end }) end
local function inside(n)
  if n == 0 then return 0 end
  return 1 + coroutine.wrap(inside)(n - 1)
end
collectgarbage()
return fib(10), t[1], t[50], first, raised[1], nest(150), deep(1000), closed, inside(100), load("return 6 * 7")()
"#;

const ANSWER: &str = "55 0 49 2 5 151 1000 1 100 42";

struct Program {
    name: String,
    source: Vec<u8>,
}

/// The programs of the corpus that stand alone, in order.
fn programs() -> Vec<Program> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let mut programs = Vec::new();
    for topic in TOPICS {
        let folder = std::fs::read_dir(corpus.join(topic)).expect("the corpus has the topic");
        let mut files: Vec<_> = folder
            .map(|entry| entry.expect("the folder can be read").path())
            .collect();
        files.retain(|path| path.extension().is_some_and(|e| e == "lua"));
        files.sort();
        for path in files {
            let source = std::fs::read(&path).expect("the program can be read");
            let text = String::from_utf8_lossy(&source);
            let stands_alone = !text.starts_with("--!") && !text.contains("os.exit") && !text.contains("io.");
            if stands_alone {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                let name = format!("{topic}/{name}");
                programs.push(Program { name, source });
            }
        }
    }
    assert!(programs.len() > 50, "the corpus has programs");
    programs
}

fn state(prelude: &[u8]) -> Lua {
    let mut lua = Lua::with(&Options::default());
    lua.run(prelude, b"=prelude", &[]).expect("the prelude runs");
    lua
}

/// Runs the check; what is wrong with the state, if something is.
fn fault_of(lua: &mut Lua) -> Option<String> {
    match lua.run(CHECK, b"=check", &[]) {
        Ok(outcome) => {
            let answer = String::from_utf8_lossy(&outcome.results.join(&b' ')).into_owned();
            (answer != ANSWER).then(|| format!("it answers {answer}"))
        }
        Err(error) => Some(error.to_string()),
    }
}

/// The numbers to try up to `count`: all, or some that spread over it.
fn numbers(count: u64) -> Vec<u64> {
    if count <= SMALL {
        return (1..=count).collect();
    }
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..SOME).map(|_| 1 + next() % count).collect()
}

/// One kind of fault.
trait Fault {
    /// What runs first in each state.
    fn prelude(&self) -> &'static [u8] {
        SILENCE
    }
    /// Runs a program without the fault; how many places it has for one.
    fn places(&self, lua: &mut Lua, program: &Program) -> u64;
    /// Runs a program with the fault at a place.
    fn strike(&self, lua: &mut Lua, program: &Program, place: u64);
}

/// The allocation with this number fails, once.
struct Allocation;

impl Fault for Allocation {
    fn places(&self, lua: &mut Lua, program: &Program) -> u64 {
        lua.vm().fail_allocation(Some(u64::MAX));
        let outcome = lua.run(&program.source, b"=program", &[]);
        assert!(outcome.is_ok(), "{}: {outcome:?}", program.name);
        u64::MAX - lua.vm().allocations_to_failure().expect("the fault is far away")
    }

    fn strike(&self, lua: &mut Lua, program: &Program, place: u64) {
        lua.vm().fail_allocation(Some(place));
        // The program may catch the error, and may then say that something else is wrong.
        match lua.run(&program.source, b"=program", &[]) {
            Ok(_) | Err(Error::Runtime { .. }) => {}
            Err(other) => panic!("{}, allocation {place}: {other}", program.name),
        }
        lua.vm().fail_allocation(None);
    }
}

/// The fuel ends after this many units.
struct Fuel;

impl Fuel {
    /// More than programs of the corpus need.
    const PLENTY: u64 = 1 << 40;
}

impl Fault for Fuel {
    fn places(&self, lua: &mut Lua, program: &Program) -> u64 {
        lua.vm().set_fuel(Some(Self::PLENTY));
        let outcome = lua.run(&program.source, b"=program", &[]);
        assert!(outcome.is_ok(), "{}: {outcome:?}", program.name);
        let left = lua.vm().fuel().expect("there is a limit");
        lua.vm().set_fuel(None);
        Self::PLENTY - left
    }

    fn strike(&self, lua: &mut Lua, program: &Program, place: u64) {
        // One less than it would need up to there.
        lua.vm().set_fuel(Some(place - 1));
        // A program whose course depends on the collector may end in time.
        match lua.run(&program.source, b"=program", &[]) {
            Ok(_) | Err(Error::Runtime { .. }) => {}
            Err(other) => panic!("{}, {place} units: {other}", program.name),
        }
        lua.vm().set_fuel(None);
    }
}

/// There is no more memory than so many fiftieths of what the program takes at most.
#[derive(Default)]
struct Limit {
    /// Bytes in use at most, by program.
    peaks: RefCell<BTreeMap<String, usize>>,
}

impl Limit {
    const PARTS: u64 = 50;
    /// What the second script may take.
    const SECOND: usize = 64 << 10;
}

fn used(lua: &mut Lua) -> usize {
    lua.vm().enter(|ctx| ctx.memory_used())
}

fn limit_memory(lua: &mut Lua, limit: usize) {
    lua.vm().enter(|ctx| ctx.limit_memory(Some(limit)));
}

impl Fault for Limit {
    fn places(&self, lua: &mut Lua, program: &Program) -> u64 {
        let outcome = lua.run(&program.source, b"=program", &[]);
        assert!(outcome.is_ok(), "{}: {outcome:?}", program.name);
        let peak = lua.vm().memory_peak().max(used(lua));
        self.peaks.borrow_mut().insert(program.name.clone(), peak);
        Self::PARTS
    }

    fn strike(&self, lua: &mut Lua, program: &Program, place: u64) {
        let limit = self.peaks.borrow()[&program.name] * place as usize / Self::PARTS as usize;
        limit_memory(lua, limit.max(1));
        let catches = String::from_utf8_lossy(&program.source).contains("call");
        match lua.run(&program.source, b"=program", &[]) {
            Ok(_) => assert!(used(lua) <= limit, "{}, {limit} bytes: more in use", program.name),
            Err(Error::Runtime { message, .. }) => {
                // What a program makes of the error that it caught is its own affair.
                assert!(
                    catches || message.ends_with(b"not enough memory"),
                    "{}, {limit} bytes: {}",
                    program.name,
                    String::from_utf8_lossy(&message)
                );
            }
            Err(other) => panic!("{}, {limit} bytes: {other}", program.name),
        }
        // With little more than what is needed to say anything, at once, and without a limit afterwards.
        lua.vm().enter(|ctx| ctx.collect());
        let limit = limit.max(used(lua) + Self::SECOND);
        limit_memory(lua, limit);
        let second = lua.run(
            b"local t = {} for i = 1, 20 do t[i] = { tostring(i) } end return t[20][1]",
            b"=second",
            &[],
        );
        let second = second.unwrap_or_else(|e| panic!("{}, {limit} bytes: the second script: {e}", program.name));
        assert_eq!(second.results, [b"20".to_vec()], "{}, {limit} bytes", program.name);
        limit_memory(lua, 0);
    }
}

/// The host comes in between at every so-manieth instruction: it calls, allocates and collects, and the program goes on as if
/// nothing had been.
#[derive(Default)]
struct Interruption {
    /// What each program prints.
    printed: RefCell<BTreeMap<String, String>>,
}

impl Interruption {
    /// Runs a program, and the function before every so-manieth instruction of it.
    fn run(
        lua: &mut Lua,
        program: &Program,
        every: u64,
        between: impl Fn(&mut Ctx<'_>) -> Result<(), Raised> + 'static,
    ) {
        let events = HookEvents {
            count: i32::try_from(every).unwrap_or(i32::MAX),
            ..HookEvents::default()
        };
        lua.vm()
            .enter(|ctx| ctx.set_hook(None, Some(Rc::new(move |ctx: &mut Ctx<'_>, _| between(ctx))), events));
        let outcome = lua.run(&program.source, b"=program", &[]);
        lua.vm().enter(|ctx| ctx.set_hook(None, None, HookEvents::default()));
        assert!(outcome.is_ok(), "{}, every {every}: {outcome:?}", program.name);
    }

    fn printed(lua: &mut Lua) -> String {
        let outcome = lua
            .run(b"return what_was_printed()", b"=printed", &[])
            .expect("it is text");
        String::from_utf8_lossy(&outcome.results.concat()).into_owned()
    }
}

impl Fault for Interruption {
    fn prelude(&self) -> &'static [u8] {
        RECORD
    }

    fn places(&self, lua: &mut Lua, program: &Program) -> u64 {
        let count = Rc::new(Cell::new(0));
        let counter = count.clone();
        Self::run(lua, program, 1, move |_| {
            counter.set(counter.get() + 1);
            Ok(())
        });
        self.printed
            .borrow_mut()
            .insert(program.name.clone(), Self::printed(lua));
        // A program of a few instructions has a place too.
        1.max(count.get())
    }

    fn strike(&self, lua: &mut Lua, program: &Program, place: u64) {
        let times = Cell::new(0u64);
        Self::run(lua, program, place, move |ctx| {
            times.set(times.get() + 1);
            let table = ctx.new_table(2, 2)?.as_val();
            ctx.push(table)?;
            // The program may have taken it away.
            let tostring = ctx.globals().get_str(ctx, b"tostring")?;
            if tostring.is_function() {
                ctx.push(tostring)?;
                ctx.push_slot(ctx.top() - 2)?;
                // Where the program has gone as deep as it may, this may not.
                if let Err(raised) = ctx.call(1, Some(1)) {
                    ctx.take_error(raised);
                }
            }
            // Collecting every time would take quadratic time.
            if times.get() < 64 || times.get().is_multiple_of(64) {
                ctx.collect();
            }
            Ok(())
        });
        let printed = Self::printed(lua);
        let expected = &self.printed.borrow()[&program.name];
        assert!(
            printed == *expected,
            "{}, every {place}: it prints\n{printed}\ninstead of\n{expected}",
            program.name
        );
    }
}

/// Tries a fault at places of all programs: every program in turn, until time is up or all places are tried.
fn sweep(fault: &dyn Fault, time: Option<Duration>, mut programs: Vec<Program>) {
    let start = Instant::now();
    let (mut tried, mut skipped) = (0u64, 0);
    if time.is_some() {
        // Quick ones, from all folders.
        programs.retain(|program| program.source.len() < 2500);
        let count = programs.len();
        programs.sort_by_cached_key(|program| (program.source.len() * 7919) % count);
    }
    let mut plans = Vec::new();
    for program in programs {
        let mut lua = state(fault.prelude());
        let before = Instant::now();
        let places = fault.places(&mut lua, &program);
        if time.is_some() && before.elapsed() > Duration::from_millis(20) {
            skipped += 1;
            continue;
        }
        lua.vm().fail_allocation(None);
        if let Some(why) = fault_of(&mut lua) {
            // It changed a library for good.
            println!("{} is left out: {why}", program.name);
            skipped += 1;
            continue;
        }
        plans.push((program, numbers(places)));
        if time.is_some_and(|time| start.elapsed() > time / 2) {
            break;
        }
    }
    'all: for (program, places) in &plans {
        // In the short form a spread of places of each program.
        let share = match time {
            Some(_) => places.len().div_ceil(12).max(1),
            None => 1,
        };
        for &place in places.iter().step_by(share) {
            let mut lua = state(fault.prelude());
            fault.strike(&mut lua, program, place);
            if let Some(why) = fault_of(&mut lua) {
                panic!("{}, place {place}: the state is not usable: {why}", program.name);
            }
            tried += 1;
            if time.is_some_and(|time| start.elapsed() > time) {
                break 'all;
            }
        }
        if time.is_none() {
            println!("{}: {} places", program.name, places.len());
        }
    }
    println!(
        "{tried} faults in {} programs, {skipped} programs left out",
        plans.len()
    );
    assert!(tried > 0);
}

#[test]
fn an_allocation_may_fail() {
    sweep(&Allocation, Some(Duration::from_secs(6)), programs());
}

#[test]
fn the_memory_may_end() {
    sweep(&Limit::default(), Some(Duration::from_secs(4)), programs());
}

#[test]
#[ignore = "takes minutes: cargo xtask faults"]
fn the_memory_may_end_at_every_fiftieth() {
    sweep(&Limit::default(), None, programs());
}

#[test]
fn the_host_may_come_in_between() {
    sweep(&Interruption::default(), Some(Duration::from_secs(4)), programs());
}

#[test]
fn the_fuel_may_end() {
    sweep(&Fuel, Some(Duration::from_secs(4)), programs());
}

#[test]
#[ignore = "takes minutes: cargo xtask faults"]
fn the_fuel_may_end_everywhere() {
    sweep(&Fuel, None, programs());
}

#[test]
#[ignore = "takes minutes: cargo xtask faults"]
fn the_host_may_come_in_between_everywhere() {
    sweep(&Interruption::default(), None, programs());
}

#[test]
#[ignore = "takes minutes: cargo xtask faults"]
fn every_allocation_may_fail() {
    sweep(&Allocation, None, programs());
}
