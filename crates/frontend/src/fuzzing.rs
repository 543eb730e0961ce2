//! The law of the parser, which tests and fuzz targets call with random texts.

use crate::{Node, Options, dump_ast, dump_resolution, first_error, parse, print_source, resolve, walk};

/// Parses, resolves and prints any text.
///
/// # Panics
/// If something panics, or what the tree prints does not parse to the same tree.
pub fn check(source: &[u8]) {
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
