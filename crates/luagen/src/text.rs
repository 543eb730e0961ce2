//! Strings: literals with escapes, the string library, patterns, formats.

use crate::generator::{Generator, prefix};
use crate::scope::Kind;

const STRINGS: [&str; 30] = [
    "\"\"",
    "\"a\"",
    "\"abc\"",
    "\"hello world\"",
    "\"10\"",
    "\"0x1F\"",
    "\"key = value\"",
    "\"a,b,,c\"",
    "\"  trim  \"",
    "\"x\\0y\"",
    "\"\\xff\\xfe\"",
    "\"\\u{20AC}uro\"",
    "\"line\\nline\"",
    "\"\\z  skipped\"",
    "'it\\'s'",
    "[[long]]",
    "[==[a]]b]==]",
    "\"%d %s\"",
    "\"THE (quick) fox\"",
    "\"aaaaab\"",
    "\"f(a(b)c)d\"",
    "\"\\65\\066\\x43\"",
    "\"2024-01-31\"",
    "\"\\u{7FFFFFFF}\"",
    "\"ab12cd34\"",
    "\"_under_score\"",
    "\"\\r\\n\\t\"",
    "\"nil\"",
    "\"1e400\"",
    "\"\\\"quoted\\\"\"",
];

const PATTERNS: [&str; 40] = [
    "a",
    "%a+",
    "%d+",
    "(%w+)",
    "(%w+)%s*=%s*(%w+)",
    "^%s*(.-)%s*$",
    "[^,]*",
    "[a-c]+",
    "[^%s]+",
    "%b()",
    "%f[%w]%w+",
    "%f[%W]",
    "(.)(.)",
    "()",
    "()a()",
    "(a*(.)%w(%s*))",
    ".-",
    ".*",
    "^a",
    "c$",
    "(.)%1",
    "[%a%d_]+",
    "[]]",
    "[^]]",
    "[a-]",
    "%x%x",
    "(%d%d%d%d)-(%d%d)-(%d%d)",
    "%u%l*",
    "[%z\\1-\\31]",
    "\\0",
    "%g+",
    "$",
    "^",
    "%",
    "[a",
    "(a",
    "a)",
    "%1",
    "%f",
    "%b",
];

/// The first patterns are well-formed.
const WHOLE_PATTERNS: usize = 33;

const FORMATS: [&str; 45] = [
    "%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%i", "%c", "%x", "%X", "%#x", "%o", "%#o", "%08x", "%e",
    "%.2e", "%E", "%f", "%.0f", "%10.3f", "%+.1f", "%g", "%.3g", "%G", "%#g", "%a", "%.1a", "%A", "%s", "%10s|",
    "%-10s|", "%.2s", "%q", "%%", "%5.1s|", "%020.5f", "%20d", "%u", "%", "%y", "%10", "%.100f", "%.20g", "%100d",
];

/// The first formats are well-formed.
const WHOLE_FORMATS: usize = 38;

impl Generator<'_> {
    fn string_leaf(&mut self) -> String {
        if self.below(8) < 4
            && let Some(var) = self.var(Kind::Str)
        {
            return var;
        }
        self.pick(&STRINGS).to_owned()
    }

    pub fn string(&mut self, depth: usize) -> String {
        if depth == 0 || self.is_done() {
            return self.string_leaf();
        }
        let depth = depth - 1;
        match self.below(26) {
            0..=3 => self.string_leaf(),
            4..=8 => {
                let count = 2 + self.below(3);
                let parts: Vec<String> = (0..count).map(|_| self.concat_operand(depth)).collect();
                format!("({})", parts.join(" .. "))
            }
            9 | 10 => {
                let (text, from, to) = (self.string(depth), self.position(), self.position());
                format!("{}:sub({from}, {to})", prefix(&text))
            }
            11 => {
                let (text, times) = (self.string(depth), self.int_between(-1, 4));
                match self.one_in(3) {
                    true => format!("{}:rep({times}, \", \")", prefix(&text)),
                    false => format!("{}:rep({times})", prefix(&text)),
                }
            }
            12 => {
                let text = self.string(depth);
                let f = self.pick(&["upper", "lower", "reverse"]);
                format!("{}:{f}()", prefix(&text))
            }
            13..=15 => self.format_call(depth),
            16 => {
                let kind = self.kind();
                format!("tostring({})", self.expr(kind, depth))
            }
            17 | 18 => {
                let (text, pattern, by) = (self.string(depth), self.pattern(), self.replacement(depth));
                let limit = self.pick(&["", ", 1", ", 2", ", 0", ", -1"]);
                format!("({}:gsub({pattern}, {by}{limit}))", prefix(&text))
            }
            19 => {
                let (text, pattern) = (self.string(depth), self.pattern());
                format!("({}:match({pattern}) or \"none\")", prefix(&text))
            }
            20 => {
                let list = self.list(0);
                let separator = self.pick(&["\", \"", "\"\"", "\"--\"", "nil"]);
                match self.one_in(3) {
                    true => format!("table.concat({list}, {separator}, {})", self.position()),
                    false => format!("table.concat({list}, {separator})"),
                }
            }
            21 => {
                let (a, b) = (self.int_between(0, 300), self.int(depth));
                let f = self.pick(&["string.char", "utf8.char"]);
                let a = if self.is_careful() { a & 127 } else { a };
                format!("{f}({a}, {b} & 127)")
            }
            22 if !self.is_careful() => {
                let (format, value) = (self.pack_format(), self.int(depth));
                format!("string.pack({format}, {value})")
            }
            23 => {
                let object = self.object(0);
                format!("tostring({object})")
            }
            24 => {
                let (condition, a, b) = (self.bool(depth), self.string(depth), self.string(depth));
                format!("({condition} and {a} or {b})")
            }
            _ => {
                let value = self.number(depth);
                format!("math.type({value})")
            }
        }
    }

    fn concat_operand(&mut self, depth: usize) -> String {
        let text = match self.below(8) {
            0..=3 => self.string(depth),
            4 | 5 => self.int(depth),
            6 => self.float(depth),
            _ if self.is_careful() => self.string(depth),
            _ => {
                let kind = self.kind();
                self.expr(kind, depth)
            }
        };
        // A numeral takes the first point of `..`.
        if text.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
            format!("({text})")
        } else {
            text
        }
    }

    fn position(&mut self) -> i64 {
        match self.below(8) {
            7 => self.pick(&[i64::MAX, i64::MIN + 1, 1 << 31, 0, -100]),
            _ => self.int_between(-4, 6),
        }
    }

    pub fn pattern(&mut self) -> String {
        match self.below(4) {
            _ if self.is_careful() => format!("\"{}\"", PATTERNS[self.below(WHOLE_PATTERNS)]),
            0..=2 => format!("\"{}\"", self.pick(&PATTERNS)),
            _ => {
                let mut text = String::new();
                let mut loops = 0;
                for _ in 0..1 + self.below(4) {
                    text += self.pick(&[
                        "a", ".", "%a", "%d", "[a-z]", "[^ ]", "%s", "(.)", "%w", "b", "(", ")", "%%", "[%w_]",
                    ]);
                    let suffix = self.pick(&["", "", "+", "*", "-", "?"]);
                    // Loops within loops take long.
                    if loops < 2 || suffix == "?" {
                        text += suffix;
                    }
                    loops += usize::from(!suffix.is_empty());
                }
                format!("\"{text}\"")
            }
        }
    }

    fn replacement(&mut self, depth: usize) -> String {
        match self.below(8) {
            0..=3 => [
                "\"\"", "\"-\"", "\"<%0>\"", "\"%1\"", "\"%%\"", "\"%2%1\"", "\"%\"", "\"%9\"",
            ][self.below(if self.is_careful() { 5 } else { 8 })]
            .to_owned(),
            4 => "{a = \"A\", hello = 1, b = false, [\"10\"] = {}}".to_owned(),
            5 => "string.upper".to_owned(),
            6 if self.is_careful() => "\"%0%0\"".to_owned(),
            6 => self.map(0),
            _ => {
                let signature = self.signature(&[Kind::Str], Kind::Str);
                self.function_expr(signature, depth)
            }
        }
    }

    /// A call of `string.format`, mostly with arguments of the right kind.
    pub fn format_call(&mut self, depth: usize) -> String {
        let mut format = String::new();
        let mut args = String::new();
        for _ in 0..1 + self.below(3) {
            format += self.pick(&["", "x", " ", "[", "%%"]);
            let spec = match self.is_careful() {
                true => FORMATS[self.below(WHOLE_FORMATS)],
                false => self.pick(&FORMATS),
            };
            format += spec;
            let value = match spec.trim_end_matches('|').chars().next_back() {
                Some('d' | 'i' | 'x' | 'X' | 'o' | 'u') => self.int(depth),
                Some('c') => self.int_between(1, 200).to_string(),
                Some('e' | 'E' | 'f' | 'g' | 'G' | 'a' | 'A') => self.number(depth),
                Some('s') => {
                    let kind = self.pick(&[Kind::Str, Kind::Str, Kind::Int, Kind::Float, Kind::Bool, Kind::Obj]);
                    self.expr(kind, depth)
                }
                Some('q') => {
                    let kind = self.pick(&[Kind::Str, Kind::Int, Kind::Float, Kind::Bool]);
                    self.expr(kind, depth)
                }
                Some('%') if spec == "%%" => continue,
                _ => "1".to_owned(),
            };
            args += ", ";
            args += &value;
        }
        format!("string.format(\"{format}\"{args})")
    }

    pub fn pack_format(&mut self) -> &'static str {
        self.pick(&[
            "\"i4\"",
            "\"<i8\"",
            "\">I2\"",
            "\"b\"",
            "\"B\"",
            "\"=j\"",
            "\"!4 i1 i4\"",
            "\"i3\"",
            "\"d\"",
            "\"<f\"",
            "\">n\"",
            "\"i16\"",
            "\"i17\"",
            "\"s1\"",
            "\"z\"",
            "\"<I3 x\"",
            "\"!8 Xi8 b\"",
            "\"J\"",
            "\"h\"",
        ])
    }

    /// A statement that shows several results of the string library at once.
    pub fn string_results(&mut self) {
        let call = self.without_varargs(|g| {
            g.frame().careful = false;
            g.results_call()
        });
        match !self.is_careful() && self.one_in(4) {
            true => self.line(&format!("print({call})")),
            false => self.line(&format!("print(pcall(function() return {call} end))")),
        }
    }

    fn results_call(&mut self) -> String {
        let text = self.string(1);
        let text = prefix(&text);
        let pattern = self.pattern();
        let at = self.position();
        match self.below(10) {
            0 | 1 => format!("{text}:find({pattern}, {at})"),
            2 => format!("{text}:find({pattern}, {at}, true)"),
            3 | 4 => format!("{text}:match({pattern}, {at})"),
            5 => {
                let by = self.replacement(1);
                format!("{text}:gsub({pattern}, {by})")
            }
            6 => format!("{text}:byte({at}, {})", self.int_between(-1, 5)),
            7 => format!("utf8.codepoint({text}, 1, -1)"),
            8 => {
                let f = self.pick(&["utf8.len", "utf8.offset"]);
                format!("{f}({text}, {})", self.int_between(-2, 3))
            }
            _ => {
                let (format, value) = (self.pack_format(), self.int(1));
                format!("string.unpack({format}, string.pack({format}, {value}))")
            }
        }
    }
}
