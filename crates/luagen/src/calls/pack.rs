//! Packing: formats of all options, values in and out of their ranges, and data cut, changed or read from elsewhere.

use super::{Source, quoted};

/// What every program begins with.
pub(super) const HEAD: &str = "\
local pack, unpack, packsize, char, byte = string.pack, string.unpack, string.packsize, string.char, string.byte
local function bytes(ok, s) if ok then return #s, byte(s, 1, 40) end return ok, s end
local function again(f, ...)
  local s = pack(f, ...)
  return #s, unpack(f, s)
end
";

impl Source<'_> {
    pub(super) fn pack_call(&mut self) -> String {
        let mut format = Vec::new();
        let mut values = String::new();
        for _ in 0..1 + self.below(4) {
            if self.one_in(3) {
                format.extend(
                    self.pick(&["<", ">", "=", "!", "!1", "!2", "!4", "!8", "!16", " "])
                        .bytes(),
                );
            }
            self.option(&mut format, &mut values);
        }
        // Something that is wrong.
        if self.one_in(12) {
            let at = self.below(format.len() + 1);
            format.insert(at, self.pick(b"iI!Xsxzc019q\0 "));
        }
        let format = quoted(&format);
        match self.below(6) {
            0 | 1 => format!("print(bytes(pcall(pack, {format}{values})))"),
            2 | 3 => format!("print(pcall(again, {format}{values}))"),
            4 => format!("print(pcall(packsize, {format}))"),
            _ => {
                let data = match self.below(2) {
                    0 => self.bytes_of(b"\0\0\0\x01\x02\x7F\x80\xFFab", 24),
                    _ => (0..self.below(24)).map(|_| self.bits() as u8).collect(),
                };
                let at = match self.below(3) {
                    0 => format!(", {}", self.small(-26, 27)),
                    1 => format!(", {}", self.int()),
                    _ => String::new(),
                };
                format!("print(pcall(unpack, {format}, {}{at}))", quoted(&data))
            }
        }
    }

    /// Appends an option, and a value for it.
    fn option(&mut self, format: &mut Vec<u8>, values: &mut String) {
        let option = self.pick(b"bBhHlLjJTiIiIiIfdnszxXcc");
        format.push(option);
        let sizes: &[&str] = match option {
            b'i' | b'I' => &["", "1", "2", "3", "4", "5", "7", "8", "9", "12", "15", "16", "0", "17"],
            b's' => &["", "1", "2", "4", "8", "3"],
            b'c' => &["0", "1", "3", "8", "20", ""],
            b'X' => &["b", "h", "i", "i3", "i4", "i8", "d", "i16", "s1", "c1", "z", "", "<i8"],
            _ => &[""],
        };
        let size = self.pick(sizes);
        format.extend(size.bytes());
        let value = match option {
            b'x' | b'X' => return,
            b'f' | b'd' | b'n' => self.float(),
            b's' | b'z' | b'c' => {
                let text = self.bytes_of(b"abc\x01\xFF\0", 9);
                quoted(&text)
            }
            _ => match self.below(12) {
                0 => self.float(),
                1 => self.pick(&["nil", "\"7\"", "\"x\"", "{}", "2.5", "3.0"]).to_owned(),
                _ => self.int(),
            },
        };
        *values += ", ";
        *values += &value;
    }
}
