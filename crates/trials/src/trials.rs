//! One program in several modes.

use perilune::CompileOptions;
use perilune_bytecode::Verified;
use perilune_luagen::batch::{self, Item};
use std::cell::RefCell;

use crate::mode::{Code, MODES, Mode};
use crate::show::escape;
use crate::world::World;

/// What a program printed in a mode.
#[derive(Debug)]
pub struct Answer {
    pub mode: &'static str,
    pub text: String,
    /// What it needed, where that is counted.
    pub fuel: Option<u64>,
}

/// Ways to compile, and states of the modes that share each.
pub struct Trials(Vec<Way>);

struct Way {
    options: CompileOptions,
    worlds: Vec<(&'static Mode, World)>,
}

impl Trials {
    /// States of these modes.
    pub fn new(modes: impl IntoIterator<Item = &'static Mode>) -> Trials {
        let mut ways: Vec<(Code, Way)> = Vec::new();
        for mode in modes {
            let world = (mode, World::new(mode, None));
            match ways.iter_mut().find(|(code, _)| *code == mode.code) {
                Some((_, way)) => way.worlds.push(world),
                None => {
                    let way = Way {
                        options: mode.code.options(),
                        worlds: vec![world],
                    };
                    ways.push((mode.code, way));
                }
            }
        }
        Trials(ways.into_iter().map(|(_, way)| way).collect())
    }

    /// What the program prints in each mode; what does not compile, or is only to be compiled, has one answer for all
    /// modes with the same code. Says before each which comes next.
    pub fn answers(&mut self, item: &Item, mut next: impl FnMut(&'static str)) -> Vec<Answer> {
        let mut answers = Vec::new();
        for way in &mut self.0 {
            next(way.worlds[0].0.name);
            match way.compile(item) {
                Ok(module) => {
                    for (nth, (mode, world)) in way.worlds.iter_mut().enumerate() {
                        if nth > 0 {
                            next(mode.name);
                        }
                        let done = world.run(&module);
                        answers.push(Answer {
                            mode: mode.name,
                            text: done.text,
                            fuel: done.fuel,
                        });
                    }
                }
                Err(text) => answers.push(Answer {
                    mode: way.worlds[0].0.name,
                    text,
                    fuel: None,
                }),
            }
        }
        answers
    }
}

impl Way {
    /// The module to run, or the answer.
    fn compile(&self, item: &Item) -> Result<Verified, String> {
        // What one program looks into does not change how the next is compiled.
        self.options.watched.set(false);
        match self.options.compile(item.source.as_bytes(), b"=p") {
            Ok(module) if item.runs => Ok(module),
            Ok(_) => Err("compiles\n".to_owned()),
            Err(errors) => {
                let message = errors.first().map_or(Vec::new(), |first| first.message(b"=p"));
                let mut text = "syntax: ".to_owned();
                escape(&message, &mut text);
                text.push('\n');
                Err(text)
            }
        }
    }
}

thread_local! {
    static ALL: RefCell<Option<(Trials, u32)>> = const { RefCell::new(None) };
}

/// States are made anew after so many programs.
const LIFE: u32 = 300;

/// Runs a program in all modes.
///
/// # Panics
/// If they do not agree.
pub fn check(item: &Item) {
    ALL.with_borrow_mut(|all| {
        let (trials, age) = all.get_or_insert_with(|| (Trials::new(MODES), 0));
        let answers = trials.answers(item, |_| ());
        for answer in &answers {
            let agrees = batch::is_open(&answers[0].text) || answer.text == answers[0].text;
            assert!(
                agrees,
                "{}: {}\n{}: {}",
                answers[0].mode, answers[0].text, answer.mode, answer.text
            );
        }
        assert_eq!(fuel_differs(&answers), None);
        *age += 1;
        if *age > LIFE {
            *all = None;
        }
    });
}

/// What needs different amounts of fuel in two modes that should agree on it: the later mode, and a sentence.
pub fn fuel_differs(answers: &[Answer]) -> Option<(&'static str, String)> {
    let mut metered = answers.iter().filter_map(|answer| Some((answer.mode, answer.fuel?)));
    let (first, fuel) = metered.next()?;
    let (other, differs) = metered.find(|(_, used)| *used != fuel)?;
    Some((other, format!("{differs} units of fuel, and {fuel} in {first}\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_answers_the_same() {
        let mut trials = Trials::new(MODES);
        let source = "local t = {} for i = 1, 5 do t[i] = i * ga end print(t, #t, load('return ...')(2)) \
                      print(pcall(error, {v = val({v = 2})})) print(xpcall(nil, debug.traceback)) tick() return spairs(t)()";
        let answers = trials.answers(&Item::run(source.to_owned()), |_| ());
        assert_eq!(answers.len(), MODES.len());
        for answer in &answers {
            assert_eq!(answer.text, answers[0].text, "{}", answer.mode);
        }
        assert!(
            answers[0]
                .text
                .starts_with("{[1]=1,[2]=2,[3]=3,[4]=4,[5]=5}\t5\t2\nfalse\t{[\"v\"]=2}\n"),
            "{}",
            answers[0].text
        );
        assert!(answers[0].text.ends_with("end: true\t1\t1\n"), "{}", answers[0].text);
        assert_eq!(fuel_differs(&answers), None);
        assert_eq!(answers.iter().filter(|answer| answer.fuel.is_some()).count(), 3);
    }

    #[test]
    fn wrong_programs_have_one_answer_for_each_way() {
        let mut trials = Trials::new(MODES.iter().filter(|mode| mode.name.starts_with("O1")));
        let answers = trials.answers(&Item::run("x =".to_owned()), |_| ());
        let texts: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
        assert_eq!(texts, ["syntax: p:1: unexpected symbol near <eof>\n"]);
        let answers = trials.answers(&Item::compile("x = 1".to_owned()), |_| ());
        assert_eq!(answers[0].text, "compiles\n");
    }
}
