//! `tests/data/<stage>/<what>.lua`, with their dumps beside them.

use std::path::{Path, PathBuf};

use perilune_compiler::{OptLevel, Options, Stage, dump_stage};

/// A test program with what its first lines ask for.
pub struct Case {
    pub path: PathBuf,
    pub source: Vec<u8>,
    pub options: Options,
    pub stage: Stage,
}

/// Every test program, in order.
pub fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let list = |dir: &Path| {
        let entries = std::fs::read_dir(dir).expect("the folder can be read");
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.expect("the entry can be read").path())
            .collect();
        paths.sort();
        paths
    };
    let folders = list(&root).into_iter().filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| list(&folder));
    files
        .filter(|path| path.extension().is_some_and(|ext| ext == "lua"))
        .map(read)
        .collect()
}

fn read(path: PathBuf) -> Case {
    let source = std::fs::read(&path).expect("the program can be read");
    let mut options = Options::new("=test");
    let mut stage = None;
    for line in String::from_utf8_lossy(&source).lines() {
        let Some(setting) = line.strip_prefix("--! ") else {
            break;
        };
        let (key, value) = setting.split_once(" = ").expect("a setting is `key = value`");
        match key {
            "dump" => stage = Stage::from_name(value),
            "level" => options.opt_level = OptLevel::from_number(value.parse().unwrap()).expect("a level"),
            "std" => options.std = value.parse().expect("a version"),
            "registers" => options.registers = value.parse().expect("a number"),
            other => panic!("{}: unknown setting {other}", path.display()),
        }
    }
    Case {
        stage: stage.expect("a program says which stage to dump"),
        path,
        source,
        options,
    }
}

#[test]
fn dumps() {
    for case in cases() {
        let text = dump_stage(&case.source, &case.options, case.stage)
            .unwrap_or_else(|errors| panic!("{}: {}", case.path.display(), errors[0]));
        let name = case
            .path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(case.path.parent().expect("a file is in a folder"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}
