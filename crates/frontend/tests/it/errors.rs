//! The first error's message, word for word.

use std::fmt::Write;

use perilune_frontend::{ErrorKind, Options, first_error, parse, resolve};
use perilune_lang::Std;

fn message_with(source: &[u8], options: &Options) -> String {
    let parse = parse(source, options);
    let resolution = resolve(&parse.chunk);
    first_error(&parse, &resolution).map_or("OK".to_owned(), |error| error.display(b"=s"))
}

fn message(source: &[u8]) -> String {
    message_with(source, &Options::default())
}

/// `tests/data/errors.txt` has cases: a line `==== message`, and the lines of the source.
#[test]
fn word_for_word() {
    let data = include_str!("../data/errors.txt");
    let mut cases = 0;
    let mut wrong = String::new();
    for case in data.split("==== ").skip(1) {
        let (expected, source) = case.split_once('\n').expect("a message and a source");
        let source = source.strip_suffix('\n').unwrap_or(source);
        let found = message(source.as_bytes()).replace('\n', "\\n");
        if found != expected {
            writeln!(wrong, "{source}\n  expected {expected}\n  found    {found}").expect("text");
        }
        cases += 1;
    }
    assert!(cases > 130, "only {cases} cases");
    assert_eq!(wrong, "");
}

#[test]
fn nesting_ends_at_200_levels() {
    let nested = |n: usize| format!("x = {}1{}", "(".repeat(n), ")".repeat(n)).into_bytes();
    assert_eq!(message(&nested(195)), "OK");
    assert_eq!(message(&nested(196)), "C stack overflow");
    let inner = Options {
        outer_levels: 100,
        ..Options::default()
    };
    assert_eq!(message_with(&nested(97), &inner), "OK");
    assert_eq!(message_with(&nested(98), &inner), "C stack overflow");
    let blocks = |n: usize| ("do ".repeat(n) + &"end ".repeat(n)).into_bytes();
    assert_eq!(message(&blocks(197)), "OK");
    assert_eq!(message(&blocks(198)), "C stack overflow");
    let concat = format!("x = 1{}", " .. 1".repeat(300));
    assert_eq!(message(concat.as_bytes()), "C stack overflow");
    let targets = format!("a{} = 1", ", a".repeat(300));
    assert_eq!(message(targets.as_bytes()), "C stack overflow");
    for (open, core, close, most) in [
        ("{", "", "}", 196),
        ("function() return ", "1", " end", 97),
        ("f(", "", ")", 196),
        ("not ", "1", "", 195),
    ] {
        let source = |n: usize| format!("x = {}{core}{}", open.repeat(n), close.repeat(n));
        assert_eq!(message(source(most).as_bytes()), "OK", "{open}");
        assert_eq!(message(source(most + 1).as_bytes()), "C stack overflow", "{open}");
    }
    let nest = parse(&nested(100_000), &Options::default());
    assert_eq!(nest.errors.len(), 1, "nothing is reported past the limit");
    assert_eq!(nest.errors[0].kind, ErrorKind::TooDeep);
}

#[test]
fn long_chains_are_right() {
    for (head, link, tail) in [
        ("x = 1", " + 1", ""),
        ("x = a", ".b", ""),
        ("f", "()", ""),
        ("if x then", " elseif y then", " end"),
    ] {
        let source = format!("{head}{}{tail}", link.repeat(100_000));
        assert_eq!(message(source.as_bytes()), "OK", "{head}{link}");
    }
    let constant = format!("local c <const> = 1{} c = 2", " + 1".repeat(100_000));
    assert_eq!(
        message(constant.as_bytes()),
        "s:1: attempt to assign to const variable 'c'"
    );
}

#[test]
fn too_many_variables() {
    let names = |n: usize| (0..n).map(|i| format!("v{i}")).collect::<Vec<_>>().join(", ");
    assert_eq!(message(format!("local {}", names(200)).as_bytes()), "OK");
    assert_eq!(
        message(format!("local {}", names(201)).as_bytes()),
        "s:1: too many local variables (limit is 200) in main function near <eof>"
    );
    assert_eq!(
        message(format!("\nfunction f({}, ...) end", names(200)).as_bytes()),
        "s:2: too many local variables (limit is 200) in function at line 2 near ')'"
    );
    let outer: String = (0..4)
        .map(|k| {
            let declared: String = (0..100).map(|i| format!("local v{k}_{i} ")).collect();
            format!("return function() {declared}")
        })
        .collect();
    let used: Vec<String> = (0..300).map(|i| format!("v{}_{}", i / 100, i % 100)).collect();
    let source = format!(
        "{outer}\nreturn function()\nreturn {}{}",
        used.join(", "),
        " end".repeat(5)
    );
    assert_eq!(
        message(source.as_bytes()),
        "s:3: too many upvalues (limit is 255) in function at line 1 near ','"
    );
}

#[test]
fn too_many_registers() {
    let list = |n: usize| vec!["x"; n].join(",");
    assert_eq!(message(format!("f({})", list(254)).as_bytes()), "OK");
    assert_eq!(
        message(format!("f({})", list(255)).as_bytes()),
        "s:1: too many registers (limit is 255) in main function near <eof>"
    );
    assert_eq!(
        message(format!("a = f({}, y)", list(260)).as_bytes()),
        "s:1: too many registers (limit is 255) in main function near 'x'"
    );
    assert_eq!(message(format!("t = {{{}}}", list(1000)).as_bytes()), "OK");
}

#[test]
fn bytes_survive_in_messages() {
    let found = parse(b"x = 'a\xff\\q'", &Options::default());
    assert_eq!(
        found.errors[0].message(b"@f\xfe.lua"),
        b"f\xfe.lua:1: invalid escape sequence near ''a\xff\\q'"
    );
}

#[test]
fn lua_5_4_has_no_global_declarations() {
    let options = Options {
        std: Std::V5_4,
        ..Options::default()
    };
    assert_eq!(message_with(b"global = 1; for i = 1, 2 do i = 3 end", &options), "OK");
    assert_eq!(message_with(b"global x", &options), "s:1: syntax error near 'x'");
    assert_eq!(
        message_with(b"function f(...t) end", &options),
        "s:1: ')' expected near 't'"
    );
    assert_eq!(
        message_with(b"local <const> x = 1", &options),
        "s:1: <name> expected near '<'"
    );
}

#[test]
fn lua_5_4_words_some_errors_otherwise() {
    let options = Options {
        std: Std::V5_4,
        ..Options::default()
    };
    let cases: [(&str, &str); 7] = [
        (
            "local a\nbreak\nlocal b\n\nreturn a",
            "s:5: break outside loop at line 2",
        ),
        (
            "while x do function f()\n break\n\n end\n end",
            "s:5: break outside loop at line 2",
        ),
        ("goto x\n break", "s:2: no visible label 'x' for <goto> at line 1"),
        ("break\n x = = 1", "s:2: unexpected symbol near '='"),
        (
            "goto x; local aa ::x:: print(aa)",
            "s:1: <goto x> at line 1 jumps into the scope of local 'aa'",
        ),
        ("::a::\n::a::\n\nx = 1", "s:4: label 'a' already defined on line 2"),
        (
            "local x <const> = 1; x\n\n= 2",
            "s:3: attempt to assign to const variable 'x'",
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(message_with(source.as_bytes(), &options), expected, "{source}");
    }
    let many = "x,".repeat(260);
    for source in [format!("f({many}x)"), format!("local a, b = {many}x")] {
        assert_eq!(
            message_with(source.as_bytes(), &options),
            "s:1: function or expression needs too many registers near 'x'"
        );
    }
}
