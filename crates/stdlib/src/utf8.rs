//! UTF-8 as Lua takes it: strictly, or laxly with code points up to 2^31.

/// The largest code point that the lax mode takes.
pub const MAX_LAX: u32 = 0x7fff_ffff;

/// The largest code point of Unicode.
pub const MAX_UNICODE: u32 = 0x10_ffff;

/// The pattern that matches one encoded character: `utf8.charpattern`.
pub const CHAR_PATTERN: &[u8] = b"[\0-\x7F\xC2-\xFD][\x80-\xBF]*";

/// Is the byte at `at` a continuation byte? False past the end.
#[inline]
pub fn is_continuation(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|b| b & 0xc0 == 0x80)
}

/// Decodes the character at the start of `text`: its code point and its length in bytes.
///
/// Rejects stray, missing and overlong sequences; unless `lax`, surrogates and code points past
/// [`MAX_UNICODE`] too. Empty text is rejected.
#[inline]
pub fn decode(text: &[u8], lax: bool) -> Option<(u32, usize)> {
    let first = *text.first()?;
    if first < 0x80 {
        return Some((u32::from(first), 1));
    }
    // The number of leading ones is the length.
    let length = first.leading_ones() as usize;
    if !(2..=6).contains(&length) || text.len() < length {
        return None;
    }
    let mut code = u32::from(first) & (0x7f >> length);
    for &byte in &text[1..length] {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    const SHORTEST: [u32; 7] = [0, 0, 0x80, 0x800, 0x1_0000, 0x20_0000, 0x400_0000];
    if code < SHORTEST[length] {
        return None;
    }
    if !lax && (code > MAX_UNICODE || (0xd800..=0xdfff).contains(&code)) {
        return None;
    }
    Some((code, length))
}

/// Appends the encoding of `code`, up to [`MAX_LAX`], surrogates included.
pub fn encode(out: &mut Vec<u8>, code: u32) {
    debug_assert!(code <= MAX_LAX);
    if code < 0x80 {
        out.push(code as u8);
        return;
    }
    // Continuation bytes hold six bits each, the first byte what its length mark leaves.
    let mut length = 2;
    while code >> (5 * length + 1) != 0 {
        length += 1;
    }
    let mark = !(0xffu32 >> length) & 0xff;
    out.push((mark | code >> (6 * (length - 1))) as u8);
    for i in (0..length - 1).rev() {
        out.push((0x80 | (code >> (6 * i) & 0x3f)) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_LAX, decode, encode, is_continuation};

    #[test]
    fn round_trips_at_every_length_border() {
        for code in [
            0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff, 0x11_0000,
            0x1f_ffff, 0x20_0000, 0x3ff_ffff, 0x400_0000, MAX_LAX,
        ] {
            let mut text = Vec::new();
            encode(&mut text, code);
            assert_eq!(decode(&text, true), Some((code, text.len())), "{code:x}");
            let unicode = char::from_u32(code);
            assert_eq!(decode(&text, false), unicode.map(|_| (code, text.len())), "{code:x}");
            if let Some(c) = unicode {
                assert_eq!(text, c.to_string().as_bytes());
            }
        }
    }

    #[test]
    fn rejects_what_is_not_utf8() {
        for text in [
            &b""[..],
            b"\x80",
            b"\xbf",
            b"\xfe",
            b"\xff",
            b"\xc0\x80",
            b"\xc1\xbf",
            b"\xe0\x9f\xbf",
            b"\xf0\x8f\xbf\xbf",
            b"\xc3",
            b"\xc3(",
            b"\xe2\x82",
            b"\xf8\x87\xbf\xbf\xbf",
            b"\xfc\x83\xbf\xbf\xbf\xbf",
        ] {
            assert_eq!(decode(text, true), None, "{text:x?}");
        }
        assert!(is_continuation(b"\xc3\xa9", 1));
        assert!(!is_continuation(b"\xc3\xa9", 0));
        assert!(!is_continuation(b"\xc3\xa9", 2));
    }
}
