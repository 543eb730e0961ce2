//! Formats and numerals: conversions with any flags of any values, numbers to text and back.

use super::{Source, quoted};

/// What every program begins with.
pub(super) const HEAD: &str = "\
local format, load = string.format, load
local function value(s) local f, m = load(\"return \" .. s, \"=n\") if f then return f() end return m end
local function plus(s) return s + 0 end
local function again(x) local s = tostring(x) return s, tonumber(s) == x, format(\"%.17g\", x), math.tointeger(x) end
local named = setmetatable({}, {__tostring = function() return \"named\" end, __name = \"Named\"})
";

impl Source<'_> {
    pub(super) fn format_call(&mut self) -> String {
        match self.below(10) {
            0..=4 => {
                let count = 1 + self.below(2);
                let (mut format, mut args) = (Vec::new(), String::new());
                for _ in 0..count {
                    if self.one_in(4) {
                        format.extend(self.bytes_of(b"a %%\0\xFF", 3));
                    }
                    if let Some(arg) = self.conversion(&mut format) {
                        args += ", ";
                        args += &arg;
                    }
                }
                format!("print(pcall(format, {}{args}))", quoted(&format))
            }
            5 => {
                let number = match self.below(4) {
                    0 => self.int(),
                    _ => self.float(),
                };
                format!("print(again({number}))")
            }
            6 => {
                let (text, base) = (self.digits(), self.small(1, 37));
                format!("print(pcall(tonumber, {}, {base}))", quoted(&text))
            }
            7 => {
                let text = self.numeral();
                format!("print(pcall(plus, {}))", quoted(&text))
            }
            8 => {
                let text = self.numeral();
                format!("print(value({}))", quoted(&text))
            }
            _ => {
                let text = self.numeral();
                let text = quoted(&text);
                format!("print(tonumber({text}), math.tointeger({text}))")
            }
        }
    }

    /// Appends one conversion, and gives the argument for it, if it takes one.
    fn conversion(&mut self, format: &mut Vec<u8>) -> Option<String> {
        format.push(b'%');
        let kind = self.pick(b"ddiuoxXcssqaAeEfFgGgGpbD%");
        let start = format.len();
        if self.below(2) == 1 {
            for _ in 0..self.below(3) {
                format.push(self.pick(b"-+ #0"));
            }
            if self.below(2) == 1 {
                let width = self.small(1, 120);
                format.extend(
                    match width {
                        ..=99 => (width % 24 + 1).to_string(),
                        width => width.to_string(),
                    }
                    .bytes(),
                );
            }
            if self.below(2) == 1 {
                format.push(b'.');
                match self.below(8) {
                    0 => {}
                    1 => format.extend(self.small(20, 120).to_string().bytes()),
                    _ => format.extend(self.small(0, 20).to_string().bytes()),
                }
            }
        }
        format.push(kind);
        match kind {
            b'%' => return None,
            // Addresses differ.
            b'p' => return Some(self.pick(&["1", "nil", "true", "2.5"]).to_owned()),
            _ => {}
        }
        let is_plain = format.len() == start + 1;
        Some(match self.below(12) {
            0..=3 => self.int(),
            4..=7 => self.float(),
            8 => {
                let text = self.bytes_of(b"abc \n\r\0\\\"\x7F\xFF019", 14);
                quoted(&text)
            }
            9 => {
                let text = self.numeral();
                quoted(&text)
            }
            10 if is_plain => self.pick(&["nil", "true", "named", "{}", "print"]).to_owned(),
            10 => self.pick(&["nil", "true", "named", "false"]).to_owned(),
            _ => match kind {
                b's' | b'q' => quoted(&b"long ".repeat(30)),
                _ => self.float(),
            },
        })
    }

    /// What may be a number in some base.
    fn digits(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        if self.one_in(4) {
            text.extend(self.bytes_of(b" -+\t", 2));
        }
        text.extend(self.bytes_of(b"0011123789aAbBfFzZ", 20));
        if self.one_in(6) {
            text.extend(self.bytes_of(b" .x_\0", 2));
        }
        text
    }

    /// What may be a numeral.
    fn numeral(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        if self.one_in(5) {
            text.extend(self.bytes_of(b" \t\n-+", 2));
        }
        let is_hex = self.below(3) == 2;
        let digits: &[u8] = match is_hex {
            true => {
                text.extend(self.pick(&["0x", "0X", "0x0", "-0x"]).bytes());
                b"0123456789abcdefABCDEF"
            }
            false => b"0123456789",
        };
        let longest = self.pick(&[1, 4, 17, 20, 40]);
        text.extend(self.bytes_of(digits, longest));
        if self.below(2) == 1 {
            text.push(b'.');
            let longest = self.pick(&[1, 4, 20]);
            text.extend(self.bytes_of(digits, longest));
        }
        if self.below(2) == 1 {
            text.push(match is_hex {
                true => self.pick(b"pPpPe"),
                false => self.pick(b"eEeEp"),
            });
            text.extend(self.pick(&["", "+", "-", "-"]).bytes());
            let longest = self.pick(&[1, 2, 3, 3, 5]);
            text.extend(self.bytes_of(b"0123456789", longest));
        }
        if self.one_in(8) {
            let at = self.below(text.len() + 1);
            text.insert(at, self.pick(b" ._xnif0\0,"));
        }
        text
    }
}
