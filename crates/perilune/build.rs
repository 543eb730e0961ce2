//! How the `perilune` command is linked in optimised builds: its functions in the order of `layout.ld`, and, where that works, the C
//! library in it.
//!
//! Both are about start-up and memory. The kernel maps a file 64 KiB at a time, so the code that every run needs costs as much
//! memory as the code between it; and a C library of one's own is a tenth of what the shared one touches
//! ([docs/performance.md](../../docs/performance.md) has the figures). What this linker cannot do is left out: a small program is
//! linked and run first. Nothing is done for debug builds, for another machine, and if `RUSTFLAGS` say how to build.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The libraries that the standard library asks for, and the archives that have them.
const ARCHIVES: [(&str, &str); 7] = [
    ("libgcc_s.a", "libgcc_eh.a"),
    ("libc.a", "libc.a"),
    ("libm.a", "libm.a"),
    ("libdl.a", "libdl.a"),
    ("librt.a", "librt.a"),
    ("libutil.a", "libutil.a"),
    ("libpthread.a", "libpthread.a"),
];

/// Unwinds, and uses a thread: what the command needs of its libraries.
const PROBE: &str = r#"fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::spawn(|| std::panic::catch_unwind(|| panic!("{}", std::process::id())).is_err());
    std::process::exit(if thread.join().is_ok_and(|caught| caught) { 7 } else { 1 })
}"#;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=layout.ld");
    let var = |name: &str| env::var(name).unwrap_or_default();
    let plain = var("CARGO_ENCODED_RUSTFLAGS").is_empty() && var("TARGET") == var("HOST");
    let glibc = var("CARGO_CFG_TARGET_OS") == "linux" && var("CARGO_CFG_TARGET_ENV") == "gnu";
    if var("PROFILE") != "release" || !plain || !glibc {
        return;
    }
    let out = PathBuf::from(var("OUT_DIR"));
    let script = Path::new(&var("CARGO_MANIFEST_DIR")).join("layout.ld");
    let layout = vec![format!("-Wl,-T,{}", script.display())];
    let mut alone = archives(&out.join("archives")).unwrap_or_default();
    if !alone.is_empty() {
        alone.extend(layout.clone());
    }
    for args in [alone, layout] {
        if !args.is_empty() && links(&out, &args) {
            for arg in args {
                println!("cargo::rustc-link-arg-bin=perilune={arg}");
            }
            return;
        }
    }
}

/// Fills a folder with archives alone, and says how the linker is sent there, so that it links no shared library.
fn archives(folder: &Path) -> Option<Vec<String>> {
    fs::create_dir_all(folder).ok()?;
    for (name, archive) in ARCHIVES {
        let asked = Command::new(linker())
            .arg(format!("-print-file-name={archive}"))
            .output()
            .ok()?;
        let path = PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim_end());
        // It prints the bare name of what it does not find.
        if !path.is_absolute() {
            return None;
        }
        // A file of this kind stands for another: the linker reads it as a script.
        fs::write(folder.join(name), format!("INPUT({})\n", path.display())).ok()?;
    }
    // This C library relocates the program, so that it is known to read the short form of its thousands of relocations.
    let short = "-Wl,-z,pack-relative-relocs".to_owned();
    Some(vec!["-static-pie".to_owned(), short, format!("-L{}", folder.display())])
}

fn linker() -> String {
    env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned())
}

/// Whether a program that is linked with `args` runs, and the linker has nothing to say.
fn links(out: &Path, args: &[String]) -> bool {
    let (source, program) = (out.join("probe.rs"), out.join("probe"));
    if fs::write(&source, PROBE).is_err() {
        return false;
    }
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg(&source).arg("-o").arg(&program).arg("-O");
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg(format!("-Clinker={linker}"));
    }
    for arg in args {
        rustc.arg(format!("-Clink-arg={arg}"));
    }
    let quiet = rustc
        .output()
        .is_ok_and(|done| done.status.success() && done.stderr.is_empty());
    quiet
        && Command::new(&program)
            .status()
            .is_ok_and(|status| status.code() == Some(7))
}
