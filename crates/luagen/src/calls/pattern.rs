//! Patterns: pieces of every kind, mostly put together right, on subjects of the same few characters.

use super::{Source, quoted};

/// What every program begins with.
pub(super) const HEAD: &str = "\
local find, match, gsub, gmatch = string.find, string.match, string.gsub, string.gmatch
local function all(s, p, i)
  local found, n = {}, 0
  for a, b, c in gmatch(s, p, i) do
    n = n + 1
    found[n] = {a, b, c}
    if n == 12 then break end
  end
  return n, found
end
local map = {a = \"<A>\", b = 7, ab = false, [\"\"] = \"<>\", [\"1\"] = true, [1] = \"one\"}
";

const ALPHABET: &[u8] = b"aaabbcABx_ 12,.()[]%-\n";

/// Quantified pieces in one pattern: more would take long on both sides.
const QUANTIFIERS: usize = 4;

impl Source<'_> {
    pub(super) fn pattern_call(&mut self) -> String {
        let subject = match self.below(12) {
            0 => self.bytes_of(b"\0\x01\x7F\x80\xFFab", 12),
            1 => b"((a)(b(c))a)b)".to_vec(),
            _ => self.bytes_of(ALPHABET, 24),
        };
        let (subject, pattern) = (quoted(&subject), self.pattern());
        let init = match self.below(6) {
            0..=2 => String::new(),
            3 => format!(", {}", self.small(-4, 4)),
            4 => format!(", {}", self.small(-40, 40)),
            _ => format!(", {}", self.int()),
        };
        match self.below(8) {
            0 | 1 => {
                let plain = match init.is_empty() || !self.one_in(4) {
                    true => "",
                    false => ", true",
                };
                format!("print(pcall(find, {subject}, {pattern}{init}{plain}))")
            }
            2 | 3 => format!("print(pcall(match, {subject}, {pattern}{init}))"),
            4 => format!("print(pcall(all, {subject}, {pattern}{init}))"),
            _ => {
                let by = match self.below(8) {
                    0..=3 => {
                        let by = self.bytes_of(b"<>%%%%0123%a", 7);
                        quoted(&by)
                    }
                    4 => "map".to_owned(),
                    5 => "function(...) return ... end".to_owned(),
                    6 => "function(...) print(...) end".to_owned(),
                    _ => self.pick(&["5", "2.5", "nil", "{}", "print", "true"]).to_owned(),
                };
                let most = match self.below(4) {
                    0 => format!(", {}", self.small(-1, 4)),
                    _ => String::new(),
                };
                format!("print(pcall(gsub, {subject}, {pattern}, {by}{most}))")
            }
        }
    }

    /// A pattern as a literal.
    fn pattern(&mut self) -> String {
        let mut text: Vec<u8> = Vec::new();
        if self.one_in(5) {
            text.push(b'^');
        }
        let (mut open, mut captures, mut quantifiers) = (0, 0, 0);
        for _ in 0..self.below(7) {
            match self.below(14) {
                0 | 1 => {
                    text.push(b'(');
                    captures += 1;
                    match self.one_in(4) {
                        true => text.push(b')'),
                        false => open += 1,
                    }
                    continue;
                }
                2 | 3 if open > 0 => {
                    text.push(b')');
                    open -= 1;
                    continue;
                }
                4 if captures > 0 => {
                    let number = 1 + self.below(captures + 1);
                    text.extend(format!("%{number}").bytes());
                    continue;
                }
                5 => text.extend(self.pick(&["%b()", "%b[]", "%bab", "%baa"]).bytes()),
                6 => {
                    text.extend(b"%f");
                    self.set(&mut text);
                    continue;
                }
                7 | 8 => self.set(&mut text),
                _ => self.single(&mut text),
            }
            if quantifiers < QUANTIFIERS && self.below(2) == 1 {
                text.push(self.pick(b"*+-?"));
                quantifiers += 1;
            }
        }
        text.extend(std::iter::repeat_n(b')', open));
        if self.one_in(6) {
            text.push(b'$');
        }
        // Something that is wrong, or means something else.
        if self.one_in(10) {
            let at = self.below(text.len() + 1);
            let piece = self.pick(&[
                "%", "[", "]", "(", ")", "%f", "%b", "%bx", "%0", "%9", "^", "$", "[^", "[a-", "[%",
            ]);
            text.splice(at..at, piece.bytes());
        }
        if self.one_in(20) && !text.is_empty() {
            text.truncate(self.below(text.len()));
        }
        quoted(&text)
    }

    fn single(&mut self, text: &mut Vec<u8>) {
        match self.below(10) {
            0 | 1 => text.push(b'.'),
            2..=4 => self.class(text),
            5 => {
                text.push(b'%');
                text.push(self.pick(b".%()[]-*+?^$,_"));
            }
            6 => text.push(self.pick(b"\0\x01\x7F\x80\xFF")),
            _ => text.push(self.pick(b"aaabbcAx_ 1,")),
        }
    }

    fn class(&mut self, text: &mut Vec<u8>) {
        text.push(b'%');
        text.push(self.pick(b"aAdDlLsSuUwWxXpPcCgGzZhk"));
    }

    fn set(&mut self, text: &mut Vec<u8>) {
        text.push(b'[');
        if self.one_in(3) {
            text.push(b'^');
        }
        if self.one_in(8) {
            text.push(b']');
        }
        for _ in 0..1 + self.below(3) {
            match self.below(6) {
                0 => self.class(text),
                1 => text.extend(
                    self.pick(&[
                        "a-b",
                        "a-z",
                        "b-a",
                        "1-9",
                        "A-",
                        "-a",
                        "%a-z",
                        "%]",
                        "%-",
                        "\u{1}-\u{7f}",
                    ])
                    .bytes(),
                ),
                _ => text.push(self.pick(b"abcAx_ 12,.()-^$")),
            }
        }
        if !self.one_in(40) {
            text.push(b']');
        }
    }
}
