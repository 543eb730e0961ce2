//! Changed modules: what the verifier accepts runs, within its fuel, and does the same in every state.

use std::cell::RefCell;

use arbitrary::Unstructured;
use perilune::OptLevel;
use perilune_bytecode::{Verified, fuzzing, verify};
use perilune_luagen::program;

use crate::mode::{Code, Kind, Mode};
use crate::world::{Limits, World};

/// What a changed program may use: it may have become endless.
const LIMITS: Limits = Limits {
    fuel: 50_000,
    memory: 32 << 20,
};

/// Changed modules that are made of one program, at most.
const MOST: u64 = 40;

/// States are made anew after so many programs.
const LIFE: u32 = 200;

const KINDS: [Kind; 4] = [Kind::Fuel, Kind::FuelLoop, Kind::StackStress, Kind::GcStress];

/// What must go on working in a state.
const CHECK: &str = r#"
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local t = {} for i = 1, 20 do t[i] = (i * 7) % 20 end table.sort(t)
local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) error({ b }) end)
local closed = 0 do local c <close> = setmetatable({}, { __close = function() closed = closed + 1 end }) end
return fib(9), t[1], t[20], co(1), select(2, pcall(co, 5))[1], closed, ("%5.1f"):format(2.25), #load("return ...")("abc")
"#;

const ANSWER: &str = "end: true\t34\t0\t19\t2\t5\t1\t\"  2.2\"\t3\n";

/// How many modules were tried, and how many of these were accepted and run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub tried: u64,
    pub verified: u64,
}

/// States in which modules run.
struct Worlds {
    worlds: Vec<World>,
    check: Verified,
    age: u32,
}

impl Worlds {
    fn new() -> Worlds {
        let world = |kind| {
            let mode = Mode {
                name: "mutants",
                code: Code::O1,
                kind,
                checked: false,
            };
            World::new(&mode, Some(LIMITS))
        };
        let check = Code::O1.options().compile(CHECK.as_bytes(), b"=check");
        Worlds {
            worlds: KINDS.into_iter().map(world).collect(),
            check: check.expect("the check compiles"),
            age: 0,
        }
    }

    /// Runs a module in all states.
    fn run(&mut self, module: &Verified) {
        let mut answers = Vec::new();
        for world in &mut self.worlds {
            answers.push(world.run(module));
        }
        let first = &answers[0];
        // What came near the limit of memory may end otherwise where nothing is freed in time.
        let is_open = |text: &str| text.contains("memory") || text.contains("overflow");
        for (answer, kind) in answers.iter().zip(KINDS) {
            let is_stress = !matches!(kind, Kind::Fuel | Kind::FuelLoop);
            // Finalizers take fuel, and run when the collector does.
            if is_open(&answer.text) || is_open(&first.text) || (is_stress && answer.fuel != first.fuel) {
                continue;
            }
            assert_eq!(
                answer.text,
                first.text,
                "{kind:?}\n{}",
                perilune_bytecode::disasm(module)
            );
            assert_eq!(
                answer.fuel,
                first.fuel,
                "{kind:?}\n{}",
                perilune_bytecode::disasm(module)
            );
        }
        for world in &mut self.worlds {
            assert_eq!(world.run(&self.check).text, ANSWER);
        }
    }
}

thread_local! {
    static WORLDS: RefCell<Option<Worlds>> = const { RefCell::new(None) };
}

/// Makes a program, changes its module in some ways, and runs what is accepted.
///
/// # Panics
/// If something that is accepted does not do the same in every state, or leaves one that does not work.
pub fn check(data: &[u8]) -> Count {
    let mut count = Count::default();
    let (text, rest) = data.split_at(data.len() / 2);
    let mut u = Unstructured::new(rest);
    let options = match u.int_in_range(0..=2).unwrap_or(0) {
        0 => Code::O1,
        1 => Code::O0,
        _ => Code::Registers(5),
    };
    let mut options = options.options();
    if options.opt_level == OptLevel::O0 {
        options.patience = 0;
    }
    let Ok(module) = options.compile(program(text).as_bytes(), b"=p") else {
        return count;
    };
    let module = module.into_module();
    WORLDS.with_borrow_mut(|worlds| {
        while count.tried < MOST && !u.is_empty() {
            let Ok(changed) = fuzzing::changed(&module, &mut u) else {
                break;
            };
            count.tried += 1;
            let Some(Ok(verified)) = changed.map(verify) else {
                continue;
            };
            count.verified += 1;
            worlds.get_or_insert_with(Worlds::new).run(&verified);
        }
        if let Some(used) = worlds {
            used.age += 1;
            if used.age > LIFE {
                *worlds = None;
            }
        }
    });
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use perilune_luagen::seeded;
    use std::time::{Duration, Instant};

    #[test]
    fn changed_modules_do_the_same_everywhere() {
        let (start, budget) = (Instant::now(), Duration::from_millis(seeded::budget(1500)));
        let seed = seeded::seed(1);
        let mut all = Count::default();
        let mut index = 0;
        while start.elapsed() < budget {
            let count = check(&seeded::bytes(seed, index, 600, 2400));
            all.tried += count.tried;
            all.verified += count.verified;
            index += 1;
        }
        println!("{} modules changed, {} accepted and run", all.tried, all.verified);
        assert!(all.verified > 0);
    }
}
