//! Laws on random texts: nothing panics, everything ends, printing and parsing agree.

use arbtest::arbtest;
use perilune_frontend::{Node, Options, dump_ast, dump_resolution, first_error, parse, print_source, resolve, walk};
use perilune_luagen::seeded::budget;
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

fn check(source: &[u8]) {
    let parsed = parse(source, &Options::default());
    let resolution = resolve(&parsed.chunk);
    let mut nodes = 0;
    walk(&parsed.chunk, Node::Function(parsed.chunk.main), |_| {
        nodes += 1;
        true
    });
    assert!(nodes >= 2, "the main function and its block");
    assert!(!dump_resolution(&parsed.chunk, &resolution).is_empty());
    let printed = print_source(&parsed.chunk);
    if !parsed.errors.is_empty() {
        return;
    }
    let again = parse(printed.as_bytes(), &Options::default());
    assert_eq!(again.errors, [], "{printed}");
    assert_eq!(dump_ast(&again.chunk), dump_ast(&parsed.chunk), "{printed}");
    let resolved_again = resolve(&again.chunk);
    assert_eq!(
        first_error(&parsed, &resolution)
            .map(|error| error.kind.clone())
            .is_some(),
        first_error(&again, &resolved_again).is_some()
    );
}

#[test]
fn random_bytes() {
    arbtest(|u| {
        check(u.arbitrary()?);
        Ok(())
    })
    .budget_ms(budget(500));
}

#[test]
fn random_programs() {
    arbtest(|u| {
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
    arbtest(|u| {
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
    arbtest(|u| {
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
