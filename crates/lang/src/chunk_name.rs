//! How the name of a chunk shows in messages.

/// The longest display, the C string's final zero included.
const ID_SIZE: usize = 60;

/// The name of a chunk as messages show it, at most 59 bytes.
///
/// `=text` shows as `text`, `@file` as `file` (its end if it is long), and anything else, source
/// text, as `[string "first line..."]`.
pub fn chunk_display(name: &[u8]) -> Vec<u8> {
    // The reference works on C strings, which a zero byte ends, but takes the length of the whole.
    let text = |bytes: &[u8]| bytes.split(|&b| b == 0).next().unwrap_or(&[]).to_vec();
    match name.first() {
        Some(b'=') => text(&name[1..name.len().min(ID_SIZE)]),
        Some(b'@') if name.len() <= ID_SIZE => text(&name[1..]),
        Some(b'@') => {
            let mut out = b"...".to_vec();
            out.extend(text(&name[name.len() - (ID_SIZE - 1 - 3)..]));
            out
        }
        _ => {
            const ROOM: usize = ID_SIZE - "[string \"...\"]".len() - 1;
            let line = name.iter().position(|&b| b == b'\n');
            let mut out = b"[string \"".to_vec();
            if name.len() < ROOM && line.is_none() {
                out.extend(text(name));
            } else {
                let end = line.unwrap_or(name.len()).min(ROOM);
                out.extend(text(&name[..end]));
                out.extend(b"...");
            }
            out.extend(b"\"]");
            out
        }
    }
}
