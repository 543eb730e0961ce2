//! Numbers: integers and floats with their edges, arithmetic of all kinds.

use crate::generator::{Generator, prefix};
use crate::scope::Kind;

const INTS: [&str; 32] = [
    "math.maxinteger",
    "math.mininteger",
    "0x7fffffffffffffff",
    "0x8000000000000000",
    "0xffffffffffffffff",
    "9223372036854775807",
    "(-9223372036854775807 - 1)",
    "4611686018427387904",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "4294967296",
    "2147483647",
    "-2147483648",
    "65535",
    "65536",
    "32767",
    "-32769",
    "255",
    "256",
    "-1",
    "0",
    "1",
    "2",
    "63",
    "64",
    "-64",
    "127",
    "128",
    "-128",
    "1000000007",
    "0x10",
];

const FLOATS: [&str; 34] = [
    "0.0",
    "-0.0",
    "0.5",
    "-1.5",
    "2.5",
    "3.0",
    "1e15",
    "1e16",
    "1e100",
    "-1e308",
    "1e308",
    "5e-324",
    "2.2250738585072014e-308",
    "0.1",
    "0.30000000000000004",
    "123456.789",
    "9007199254740992.0",
    "9007199254740994.0",
    "9223372036854775807.0",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854777856.0",
    "0x1p-3",
    "0x.8p4",
    "0xA.8",
    "math.huge",
    "-math.huge",
    "(0/0)",
    "math.pi",
    "1e-7",
    "4294967296.5",
    "3e0",
    "1.7976931348623157e308",
    "100.25",
];

impl Generator<'_> {
    pub fn number(&mut self, depth: usize) -> String {
        match self.below(8) {
            0..=4 => self.int(depth),
            5 | 6 => self.float(depth),
            _ if self.is_careful() => self.int(depth),
            _ => self.numeric_string(),
        }
    }

    /// A string that arithmetic may take for a number, or not.
    fn numeric_string(&mut self) -> String {
        let strings = [
            "\"10\"",
            "\"0x10\"",
            "\" 7 \"",
            "\"1e1\"",
            "\"-3\"",
            "\"0x1p4\"",
            "\"2.50\"",
            "\"1e\"",
            "\"\"",
            "\"0x\"",
            "\"abc\"",
            "\"9223372036854775808\"",
            "\"-0\"",
            "\"inf\"",
            "\"nan\"",
            "\"1 2\"",
            "\"\\t5\\n\"",
            "\"0x8000000000000000\"",
        ];
        self.pick(&strings).to_owned()
    }

    fn int_leaf(&mut self) -> String {
        if self.below(8) < 5
            && let Some(var) = self.var(Kind::Int)
        {
            return var;
        }
        match self.below(12) {
            0..=6 => self.int_between(-3, 12).to_string(),
            7 | 8 => self.int_between(-300, 300).to_string(),
            9 | 10 => self.pick(&INTS).to_owned(),
            _ => {
                let bits = self.bits();
                let shift = self.below(64);
                ((bits >> shift) as i64).to_string()
            }
        }
        .replace("-9223372036854775808", "math.mininteger")
    }

    pub fn int(&mut self, depth: usize) -> String {
        if depth == 0 || self.is_done() {
            return self.int_leaf();
        }
        let depth = depth - 1;
        match self.below(28) {
            0..=4 => self.int_leaf(),
            5..=13 => {
                let (a, b) = (self.int_operand(depth), self.int_operand(depth));
                let op = self.pick(&["+", "-", "*", "//", "%", "&", "|", "~", "<<", ">>", "+", "-", "*", "+"]);
                if self.is_careful() && ["//", "%"].contains(&op) && !b.bytes().all(|c| c.is_ascii_digit() && c != b'0')
                {
                    return format!("({a} {op} ({b} | 1))");
                }
                self.binary(&a, op, &b)
            }
            14 | 15 => {
                let value = self.int_operand(depth);
                let op = self.pick(&["-", "~", "- ", "~ -"]);
                format!("{op}{}", negatable(&value))
            }
            16 => format!("#{}", prefix(&self.string(depth))),
            17 => {
                let list = self.list(0);
                format!("#{}", prefix(&list))
            }
            18 => {
                let list = self.expr_list(3);
                format!("select(\"#\", {list})")
            }
            19 => {
                let (a, b) = (self.int(depth), self.int(depth));
                let f = self.pick(&["math.max", "math.min", "math.fmod", "math.ult"]);
                match f {
                    "math.ult" => format!("(math.ult({a}, {b}) and {a} or {b})"),
                    f => format!("{f}({a}, {b})"),
                }
            }
            20 => {
                let value = self.number(depth);
                let f = self.pick(&["math.tointeger", "math.floor", "math.ceil", "math.abs", "tonumber"]);
                format!("({f}({value}) or 0)")
            }
            21 => {
                let (condition, a, b) = (self.bool(depth), self.int(depth), self.int(depth));
                format!("({condition} and {a} or {b})")
            }
            22 => {
                let (text, at) = (self.string(depth), self.int_between(-2, 4));
                format!("({}:byte({at}) or -1)", prefix(&text))
            }
            23 => {
                let digits = self.pick(&[
                    "\"ff\"",
                    "\"777\"",
                    "\"-zz\"",
                    "\" 11 \"",
                    "\"1010\"",
                    "\"8\"",
                    "\"\"",
                    "\"fffffffffffffffff\"",
                ]);
                let most = if self.is_careful() { 5 } else { 7 };
                let base = ["16", "8", "36", "2", "10", "37", "1"][self.below(most)];
                format!("(tonumber({digits}, {base}) or -1)")
            }
            24 => {
                let list = self.list(0);
                let at = self.int_between(0, 4);
                format!("({}[{at}] or 0)", prefix(&list))
            }
            25 => {
                let map = self.map(0);
                let field = self.field();
                format!("({}.{field} or 0)", prefix(&map))
            }
            26 | 27 if self.is_careful() => self.int_leaf(),
            26 => {
                let object = self.object(0);
                let op = self.pick(&["+", "-", "*", "//", "%", "&", "|", "~", "<<", ">>", "..", "/", "^"]);
                let other = self.int(depth);
                if self.one_in(2) {
                    format!("({object} {op} {other})")
                } else {
                    format!("({other} {op} {object})")
                }
            }
            _ => {
                let object = self.object(0);
                let op = self.pick(&["-", "~", "#"]);
                format!("{op}{}", prefix(&object))
            }
        }
    }

    fn int_operand(&mut self, depth: usize) -> String {
        match self.below(16) {
            0..=12 => self.int(depth),
            _ if self.is_careful() => self.int_leaf(),
            13 | 14 => self.float(0),
            _ => self.numeric_string(),
        }
    }

    fn float_leaf(&mut self) -> String {
        if self.below(8) < 5
            && let Some(var) = self.var(Kind::Float)
        {
            return var;
        }
        match self.below(8) {
            0..=5 => self.pick(&FLOATS).to_owned(),
            6 => {
                let (whole, part) = (self.int_between(-40, 40), self.below(100));
                format!("{whole}.{part}")
            }
            _ => {
                let value = f64::from_bits(self.bits());
                if value.is_finite() {
                    format!("{value:e}")
                } else {
                    "1e309".to_owned()
                }
            }
        }
    }

    pub fn float(&mut self, depth: usize) -> String {
        if depth == 0 || self.is_done() {
            return self.float_leaf();
        }
        let depth = depth - 1;
        match self.below(14) {
            0..=2 => self.float_leaf(),
            3..=7 => {
                let (a, b) = (self.number(depth), self.float(depth));
                let op = self.pick(&["+", "-", "*", "/", "//", "%", "^", "/"]);
                match self.one_in(2) {
                    true => self.binary(&a, op, &b),
                    false => self.binary(&b, op, &a),
                }
            }
            8 => {
                let (a, b) = (self.int(depth), self.int(depth));
                self.binary(&a, "/", &b)
            }
            9 => format!("-{}", negatable(&self.float(depth))),
            10 => {
                let value = self.number(depth);
                let f = self.pick(&[
                    "math.sqrt",
                    "math.abs",
                    "math.sin",
                    "math.exp",
                    "math.log",
                    "math.floor",
                    "math.tan",
                ]);
                format!("{f}({value})")
            }
            11 => {
                let (a, b) = (self.number(depth), self.number(depth));
                let f = self.pick(&["math.fmod", "math.max", "math.min", "math.log", "math.atan"]);
                format!("{f}({a}, {b})")
            }
            12 => {
                let value = self.float(depth);
                let f = self.pick(&["math.modf", "math.frexp"]);
                match f {
                    "math.modf" => format!("select({}, math.modf({value}))", self.pick(&["1", "2", "-1"])),
                    _ => format!("({value} + 0.0)"),
                }
            }
            _ => {
                let text = self.numeric_string();
                format!("(tonumber({text}) or 0.5)")
            }
        }
    }

    /// Mostly with parentheses around it, so that kinds come out as meant; sometimes precedence decides.
    fn binary(&mut self, a: &str, op: &str, b: &str) -> String {
        match self.below(7) {
            6 => format!("{a} {op} {b}"),
            _ => format!("({a} {op} {b})"),
        }
    }
}

/// An operand of a minus sign: two of them in a row would begin a comment.
fn negatable(text: &str) -> String {
    if text.starts_with('-') {
        format!("({text})")
    } else {
        text.to_owned()
    }
}
