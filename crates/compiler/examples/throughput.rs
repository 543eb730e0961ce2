//! Compiles files and says how many lines a second that is, from text to a verified module of cold code:
//! `cargo run --release -p perilune-compiler --example throughput -- TIMES FILE...`

use std::time::Instant;

use perilune_compiler::{DEFAULT_PATIENCE, Options, compile_tiered};

fn main() {
    let mut args = std::env::args().skip(1);
    let times = args.next().and_then(|times| times.parse().ok()).unwrap_or(1_u32);
    let (mut lines, mut refused) = (0, 0);
    let files: Vec<Vec<u8>> = args
        .map(|path| std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}")))
        .collect();
    let start = Instant::now();
    for file in &files {
        let text = perilune_frontend::skip_shebang(file);
        for _ in 0..times {
            match compile_tiered(text, &Options::default(), DEFAULT_PATIENCE) {
                Ok(tiered) => {
                    perilune_bytecode::verify_compiled(tiered.module).expect("compiled code verifies");
                    lines += text.iter().filter(|&&byte| byte == b'\n').count();
                }
                Err(_) => refused += 1,
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{lines} lines, {:.0} a second; {refused} refused",
        lines as f64 / seconds
    );
}
