//! Each file of `tests/data/<stage>` against the snapshot beside it.

use std::fs;
use std::path::Path;

use perilune_frontend::{Options, dump_ast, dump_resolution, dump_tokens, parse, resolve};

fn check(stage: &str, dump: impl Fn(&[u8]) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(stage);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder of the stage")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lua"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no data for {stage}");
    for file in files {
        let source = fs::read(&file).expect("a readable file");
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        insta::with_settings!({
            snapshot_path => &folder,
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, dump(&source));
        });
    }
}

#[test]
fn tokens() {
    check("tokens", dump_tokens);
}

#[test]
fn ast() {
    check("ast", |source| {
        let parse = parse(source, &Options::default());
        let mut out = dump_ast(&parse.chunk);
        for error in &parse.errors {
            out.push_str(&error.display(b"=chunk"));
            out.push('\n');
        }
        out
    });
}

#[test]
fn resolution() {
    check("resolve", |source| {
        let parse = parse(source, &Options::default());
        assert_eq!(parse.errors, [], "the data of this stage parses");
        dump_resolution(&parse.chunk, &resolve(&parse.chunk))
    });
}
