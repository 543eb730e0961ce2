//! Long programs, deep programs, and what the reference refuses.

use perilune_compiler::{OptLevel, Options, compile};

/// Compiles at both levels; the instructions of the main function at each.
fn lengths(text: &str) -> [usize; 2] {
    [OptLevel::O0, OptLevel::O1].map(|opt_level| {
        let options = Options {
            opt_level,
            ..Options::new("=test")
        };
        let module = compile(text.as_bytes(), &options).unwrap_or_else(|errors| panic!("{}", errors[0]));
        module.main().ops().count()
    })
}

#[test]
fn long_chains_do_not_recurse() {
    const LENGTH: usize = 20_000;
    for (first, more) in [
        ("return a", " + a"),
        ("return a", ".b"),
        ("return a", "()"),
        ("return a", ":m(1)"),
        ("return a", " or a"),
        ("return a", " == a"),
    ] {
        let [o0, o1] = lengths(&format!("{first}{}", more.repeat(LENGTH)));
        assert!(o0 >= LENGTH && o1 >= LENGTH, "{more}: {o0} {o1}");
    }
}

#[test]
fn long_functions_compile() {
    const LENGTH: usize = 5_000;
    let [o0, o1] = lengths(&"x = y + 1\n".repeat(LENGTH));
    assert_eq!([o0, o1], [3 * LENGTH + 1; 2]);
    let arms: String = (0..LENGTH).map(|i| format!("elseif a == {i} then f({i})\n")).collect();
    let [o0, o1] = lengths(&format!("local a = ...\nif a then\n{arms}end"));
    assert!(o0 > 4 * LENGTH && o1 > 4 * LENGTH);
}

#[test]
fn more_constants_than_operands_can_name() {
    let fields: String = (0..5000).map(|i| format!("t.k{i} = 'v{i}'\n")).collect();
    let globals: String = (0..50)
        .map(|i| format!("g{i} = h{i}:m{i}(g{i}.x{i} + {i}.5)\n"))
        .collect();
    let [o0, o1] = lengths(&format!("local t = {{}}\n{fields}{globals}"));
    assert!(o0 > 5000 && o1 > 5000);
}

#[test]
fn too_many_registers_are_refused() {
    let args = vec!["1"; 260].join(", ");
    let errors = compile(format!("f({args})").as_bytes(), &Options::new("=test")).unwrap_err();
    assert!(errors[0].to_string().contains("too many registers"), "{}", errors[0]);
}

#[test]
fn as_many_registers_as_allowed_fit() {
    let args = vec!["x"; 240].join(", ");
    lengths(&format!("return f({args})"));
    lengths(&format!("return {args}"));
    lengths(&format!("local t = {{ {args} }}"));
    let nested = format!("{}1{}", "f(1, ".repeat(90), ")".repeat(90));
    lengths(&format!("return {nested}"));
}
