//! Rust source with its comments and literals blanked, so that rules about code do not trip over prose.

/// `text` with every comment, string and character literal replaced by spaces; lines and columns stay.
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        let end = literal_or_comment(&chars, i);
        if end == i {
            out.push(chars[i]);
            i += 1;
        } else {
            out.extend(chars[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            i = end;
        }
    }
    out
}

/// The end of the comment or literal that starts at `i`, or `i` if none does.
fn literal_or_comment(chars: &[char], i: usize) -> usize {
    let at = |k: usize| chars.get(k).copied().unwrap_or('\0');
    match at(i) {
        '/' if at(i + 1) == '/' => find(chars, i, |k| at(k) == '\n'),
        '/' if at(i + 1) == '*' => block_comment(chars, i),
        '"' => quoted(chars, i, '"'),
        '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => quoted(chars, i, '\''),
        'r' if !in_word(chars, i) => raw_string(chars, i),
        'b' if !in_word(chars, i) && at(i + 1) == 'r' => match raw_string(chars, i + 1) {
            end if end > i + 1 => end,
            _ => i,
        },
        _ => i,
    }
}

fn in_word(chars: &[char], i: usize) -> bool {
    // `br"…"` and `cr"…"` begin inside what looks like a word, which their prefix's arm or the plain quote handles.
    i > 0 && (chars[i - 1].is_alphanumeric() || chars[i - 1] == '_') && !matches!(chars[i - 1], 'b' | 'c')
}

fn find(chars: &[char], from: usize, stop: impl Fn(usize) -> bool) -> usize {
    (from..chars.len()).find(|&k| stop(k)).unwrap_or(chars.len())
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut i = start + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            c if c == quote => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

fn raw_string(chars: &[char], start: usize) -> usize {
    let open = find(chars, start + 1, |k| chars[k] != '#');
    if chars.get(open) != Some(&'"') {
        return start;
    }
    let hashes = open - start - 1;
    let closes = |k: usize| chars[k] == '"' && (1..=hashes).all(|h| chars.get(k + h) == Some(&'#'));
    let close = find(chars, open + 1, closes);
    (close + 1 + hashes).min(chars.len())
}

/// The identifiers of `code`, each with its line (from 1) and the character after it.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str, char)> {
    code.lines().zip(1..).flat_map(|(line, number)| {
        let mut rest = line;
        std::iter::from_fn(move || {
            let start = rest.find(|c: char| c.is_alphabetic() || c == '_')?;
            rest = &rest[start..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            rest = tail;
            Some((number, word, tail.chars().next().unwrap_or(' ')))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_words(text: &str) -> Vec<String> {
        words(&code_only(text)).map(|(_, w, _)| w.to_owned()).collect()
    }

    #[test]
    fn comments_and_literals_vanish() {
        let text = "a // b\n/* c /* d */ e */ f \"g \\\" h\" 'i' '\\'' j<'k> r#\"l \" m\"# br\"n\" b'o' c\"p\" q";
        assert_eq!(all_words(text), ["a", "f", "j", "k", "b", "c", "q"]);
    }

    #[test]
    fn lines_and_columns_stay() {
        let text = "x /* one\ntwo */ y \"three\nfour\" z";
        let code = code_only(text);
        assert_eq!(code.chars().count(), text.chars().count());
        assert_eq!(
            words(&code).map(|(n, w, _)| (n, w)).collect::<Vec<_>>(),
            [(1, "x"), (2, "y"), (3, "z")]
        );
    }

    #[test]
    fn words_know_what_follows() {
        let code = "todo!(); unsafe_code unsafe {";
        let found: Vec<_> = words(code).collect();
        assert_eq!(found, [(1, "todo", '!'), (1, "unsafe_code", ' '), (1, "unsafe", ' ')]);
    }
}
