//! Laws on random texts: nothing panics, everything ends, printing and parsing agree.

use arbtest::arbtest;
use perilune_frontend::fuzzing::check;
use perilune_frontend::{Options, parse};
use perilune_luagen::seeded::{Cases, budget};
use perilune_luagen::{damaged, program};

/// Pieces that random programs are made of.
const PIECES: &[&str] = &[
    "and",
    "break",
    "do",
    "else",
    "elseif",
    "end",
    "false",
    "for",
    "function",
    "goto",
    "if",
    "in",
    "local",
    "nil",
    "not",
    "or",
    "repeat",
    "return",
    "then",
    "true",
    "until",
    "while",
    "//",
    "..",
    "...",
    "==",
    "::",
    "<const>",
    "<close>",
    "x",
    "y",
    "_ENV",
    "global",
    "*",
    "1",
    "2.5",
    "0x10",
    "\"s\"",
    "[[l]]",
    "+",
    "-",
    "#",
    "~",
    "=",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ":",
    ",",
    ".",
    "x = 1",
    "local x <const> = 5",
    "global x",
    "global *",
    "do",
    "end",
    "if x then",
    "for i = 1, 2 do",
    "for k, v in x do",
    "function f(a, ...t)",
    "goto l",
    "::l::",
    "f(x)",
    "return x",
    "repeat",
    "until x",
    "t.x = y",
    "x = function()",
    "local y <close> = x",
    "\n",
    "--c\n",
    "é",
    "\\",
];

#[test]
fn random_bytes() {
    let cases = Cases::of("random bytes");
    arbtest(|u| {
        cases.next();
        check(u.arbitrary()?);
        Ok(())
    })
    .budget_ms(budget(500));
}

#[test]
fn random_programs() {
    let cases = Cases::of("random programs");
    arbtest(|u| {
        cases.next();
        let mut source = String::new();
        for _ in 0..u.int_in_range(0..=40)? {
            source.push_str(u.choose(PIECES)?);
            source.push(' ');
        }
        check(source.as_bytes());
        Ok(())
    })
    .budget_ms(budget(1000));
}

#[test]
fn programs_of_the_grammar() {
    let cases = Cases::of("programs of the grammar");
    arbtest(|u| {
        cases.next();
        let bytes = u.bytes(u.len())?;
        check(program(bytes).as_bytes());
        check(damaged(bytes).as_bytes());
        Ok(())
    })
    .size_max(1500)
    .budget_ms(budget(1000));
}

#[test]
fn mutated_programs() {
    let program = include_bytes!("../data/ast/statements.lua");
    let cases = Cases::of("mutated programs");
    arbtest(|u| {
        cases.next();
        let mut source = program.to_vec();
        for _ in 0..u.int_in_range(1..=4)? {
            let at = u.choose_index(source.len())?;
            match u.int_in_range(0..=2)? {
                0 => drop(source.drain(at..(at + 5).min(source.len()))),
                1 => drop(source.splice(at..at, u.choose(PIECES)?.bytes())),
                _ => source[at] = u.arbitrary()?,
            }
        }
        check(&source);
        Ok(())
    })
    .budget_ms(budget(1000));
}

#[test]
fn printing_keeps_the_data_files() {
    for source in [
        &include_bytes!("../data/ast/statements.lua")[..],
        include_bytes!("../data/ast/expressions.lua"),
        include_bytes!("../data/resolve/upvalues.lua"),
        include_bytes!("../data/resolve/jumps.lua"),
        include_bytes!("../data/resolve/globals.lua"),
    ] {
        assert_eq!(parse(source, &Options::default()).errors, []);
        check(source);
    }
}
