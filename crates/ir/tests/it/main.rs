//! Runs the passes that each `tests/data/*.ir` names on its function; the results are snapshots beside it.

use perilune_ir::opt::Pass;
use perilune_ir::{Function, opt, verify};
use std::path::Path;

#[test]
fn passes() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut files: Vec<_> = std::fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ir"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are test files");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        insta::with_settings!({ snapshot_path => &data, prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, check(name, &text));
        });
    }
}

fn check(name: &str, text: &str) -> String {
    let header = text.lines().next().and_then(|line| line.strip_prefix("; passes = "));
    let header = header.unwrap_or_else(|| panic!("{name} opens with '; passes = ...'"));
    let mut func: Function = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
    verify(&func).unwrap_or_else(|errors| panic!("{name}: {errors}"));
    for pass in header.split(", ") {
        match pass {
            "O1" => opt::run(&mut func, opt::Level::O1, |_, _| {}),
            "split_critical_edges" => opt::split_critical_edges(&mut func),
            pass => Pass::from_name(pass)
                .unwrap_or_else(|| panic!("{name}: no pass '{pass}'"))
                .run(&mut func),
        }
        verify(&func).unwrap_or_else(|errors| panic!("{name} after {pass}: {errors}\n{func}"));
    }
    func.to_string()
}
