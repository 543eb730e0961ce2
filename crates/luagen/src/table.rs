//! Tables: sequences, maps, their library, traversal.

use crate::generator::{Generator, prefix};
use crate::scope::Kind;

const FIELDS: [&str; 6] = ["a", "b", "c", "v", "n", "x"];

impl Generator<'_> {
    pub fn field(&mut self) -> &'static str {
        self.pick(&FIELDS)
    }

    /// An expression that gives a sequence.
    pub fn list(&mut self, depth: usize) -> String {
        if self.below(8) < 5
            && let Some(var) = self.var(Kind::List)
        {
            return var;
        }
        if depth == 0 || self.is_done() {
            return self
                .pick(&["{3, 1, 2}", "{}", "{\"b\", \"a\"}", "{1.5, 1, -7}"])
                .to_owned();
        }
        let depth = depth - 1;
        match self.below(10) {
            0..=5 => {
                let kind = self.pick(&[Kind::Int, Kind::Int, Kind::Str, Kind::Float]);
                let count = self.below(5);
                let values: Vec<String> = (0..count).map(|_| self.element(kind, depth)).collect();
                let separator = self.pick(&[", ", "; "]);
                format!("{{{}}}", values.join(separator))
            }
            6 => {
                let (list, from) = (self.list(0), self.int_between(1, 3));
                format!("{{table.unpack({list}, {from})}}")
            }
            7 => {
                let list = self.list(0);
                format!("table.move({list}, 1, #{list}, {}, {{}})", self.int_between(1, 1))
            }
            8 => {
                let values = self.element(Kind::Int, depth);
                format!("table.pack({values}, 2)")
            }
            _ => {
                let text = self.string(depth);
                format!("{{{}:byte(1, 5)}}", prefix(&text))
            }
        }
    }

    /// A value that is not nil, whatever its parts are: a nil would be a hole.
    fn element(&mut self, kind: Kind, depth: usize) -> String {
        let text = match kind {
            Kind::Int => self.int(depth),
            Kind::Float => self.float(depth),
            _ => self.string(depth),
        };
        if text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with('"') && !text[1..].contains(['"', ' ']) {
            return text;
        }
        format!("{text} or 0")
    }

    /// An expression that gives a table with fields.
    pub fn map(&mut self, depth: usize) -> String {
        if self.below(8) < 5
            && let Some(var) = self.var(Kind::Map)
        {
            return var;
        }
        if depth == 0 || self.is_done() {
            return self
                .pick(&["{a = 1, b = \"two\"}", "{v = 5}", "{c = {a = 1}}"])
                .to_owned();
        }
        let mut parts = Vec::new();
        for _ in 0..self.below(5) {
            let kind = self.kind();
            let value = self.stored(kind, depth - 1);
            parts.push(match self.below(6) {
                0..=3 => format!("{} = {value}", self.field()),
                4 => {
                    let key = self.key();
                    format!("[{key}] = {value}")
                }
                _ => value,
            });
        }
        if self.is_vararg() && self.one_in(8) {
            parts.push("...".to_owned());
        }
        format!("{{{}}}", parts.join(", "))
    }

    /// A key of a table; some are equal though written differently, some are not allowed.
    fn key(&mut self) -> String {
        match self.below(6) {
            0..=2 => {
                let keys = [
                    "1",
                    "2",
                    "1.0",
                    "2^53",
                    "\"a\"",
                    "\"b\"",
                    "true",
                    "-1",
                    "0",
                    "3.5",
                    "\"a\" .. \"\"",
                    "0/0",
                    "nil",
                ];
                keys[self.below(if self.is_careful() { 11 } else { 13 })].to_owned()
            }
            3 => self.int(1),
            4 => self.string(1),
            _ if self.is_careful() => "0.25".to_owned(),
            _ => self.float(0),
        }
    }

    /// A place in a table.
    pub fn place(&mut self) -> String {
        match self.below(8) {
            0..=4 => {
                let map = self.map(0);
                format!("{}.{}", prefix(&map), self.field())
            }
            _ if self.is_careful() => "gx".to_owned(),
            5 => {
                let (map, key) = (self.map(0), self.key());
                format!("{}[{key}]", prefix(&map))
            }
            6 => {
                let object = self.object(0);
                format!("{}.{}", prefix(&object), self.field())
            }
            _ => {
                let (map, field) = (self.map(0), self.field());
                format!("{}.{field}.{}", prefix(&map), self.field())
            }
        }
    }

    /// Something that the table library does, with its result printed.
    pub fn table_statement(&mut self) {
        let list = match self.var(Kind::List) {
            Some(list) => list,
            None => "gc".to_owned(),
        };
        match self.below(12) {
            0 | 1 => {
                let kind = self.pick(&[Kind::Int, Kind::Str]);
                let value = self.element(kind, 1);
                self.line(&format!("if #{list} < 12 then {list}[#{list} + 1] = {value} end"));
            }
            2 => {
                let value = self.element(Kind::Int, 1);
                self.line(&format!("if #{list} < 12 then table.insert({list}, {value}) end"));
            }
            3 => {
                let value = self.element(Kind::Int, 1);
                let at = self.int_between(0, 3);
                // Who walks the list must come to its end.
                self.line(&format!(
                    "if #{list} < 12 then print(pcall(table.insert, {list}, {at}, {value})) end"
                ));
            }
            4 => self.line(&format!("print(table.remove({list}))")),
            5 => {
                let at = self.int_between(0, 3);
                self.line(&format!("print(pcall(table.remove, {list}, {at}))"));
            }
            6 | 7 => {
                let by = self.pick(&[
                    "",
                    ", function(x, y) return x > y end",
                    ", function(x, y) return tostring(x) < tostring(y) end",
                    ", function(x, y) return nil end",
                ]);
                self.line(&format!("print(pcall(table.sort, {list}{by}))"));
                self.line(&format!("print({list})"));
            }
            8 => {
                let (from, to) = (self.int_between(-1, 3), self.int_between(0, 4));
                self.line(&format!("print(table.unpack({list}, {from}, {to}))"));
            }
            9 => {
                let (from, to, at) = (self.int_between(1, 3), self.int_between(0, 4), self.int_between(1, 2));
                self.line(&format!("print(table.move({list}, {from}, {to}, {at}, {{1, 2}}))"));
            }
            10 => {
                let list = self.expr_list(4);
                let at = self.pick(&["1", "2", "-1", "-2", "0", "5", "\"x\""]);
                self.line(&format!("print(pcall(select, {at}, {list}))"));
            }
            _ => {
                let map = self.map(0);
                let (key, kind) = (self.key(), self.kind());
                let value = self.stored(kind, 1);
                self.line(&format!("print(pcall(rawset, {map}, {key}, {value}))"));
            }
        }
    }
}
