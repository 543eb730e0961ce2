//! Input of the subcommands.

use std::io::Read;

/// A source text with the name of its chunk.
pub struct Input {
    pub text: Vec<u8>,
    pub name: Vec<u8>,
}

/// Reads a file, or standard input for `-`. The error is the message.
pub fn read(file: &[u8]) -> Result<Input, Vec<u8>> {
    if file != b"-" {
        return Ok(Input {
            text: perilune_stdlib::read_source(file)?,
            name: [b"@", file].concat(),
        });
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|e| format!("cannot read stdin: {}", perilune_stdlib::error_text(&e)).into_bytes())?;
    Ok(Input {
        text: perilune_stdlib::skip_first_line(bytes),
        name: b"=stdin".to_vec(),
    })
}
