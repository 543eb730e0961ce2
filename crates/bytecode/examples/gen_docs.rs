//! Prints the reference of the instruction set, or writes it to `docs/bytecode.md` with `--write`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let text = perilune_bytecode::reference();
    if std::env::args().nth(1).as_deref() == Some("--write") {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        std::fs::create_dir_all(&docs)?;
        return std::fs::write(docs.join("bytecode.md"), text);
    }
    print!("{text}");
    Ok(())
}
