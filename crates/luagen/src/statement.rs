//! Statements, weighted so that most programs compute, print, loop and call.

use crate::generator::{Generator, prefix};
use crate::scope::Kind;

impl Generator<'_> {
    pub fn statement(&mut self) {
        // Deep inside, only what does not nest.
        let most = if self.nesting > 6 || self.is_done() { 40 } else { 100 };
        match self.below(most) {
            0..=13 => self.print_statement(),
            14..=20 => self.local_statement(),
            21..=29 => self.assignment(),
            30..=32 => self.table_statement(),
            33..=35 => self.string_results(),
            36 => self.coroutine_state(),
            37 | 38 if self.frame().yields => self.yield_statement(),
            37 => self.leave_statement(),
            38 => self.call_statement(),
            39 => self.error_statement(),
            40..=46 => self.if_statement(),
            47..=53 => self.numeric_for(),
            54..=58 => self.generic_for(),
            59..=62 => self.while_statement(),
            63 | 64 => self.repeat_statement(),
            65 | 66 => self.do_statement(),
            67..=73 => self.function_statement(),
            74 | 75 => self.recursive_function(),
            76..=82 => self.protected_block(),
            83..=87 => self.object_statement(),
            88..=91 => self.coroutine_statement(),
            92..=93 => self.leave_statement(),
            _ => self.template(),
        }
    }

    /// Statements inside of a block.
    pub fn body(&mut self, most: usize) {
        for _ in 0..1 + self.below(most) {
            self.statement();
        }
    }

    fn print_statement(&mut self) {
        let list = self.expr_list(3);
        match self.below(6) {
            0..=2 => self.line(&format!("print({list})")),
            3 => {
                let call = self.call_expr(1);
                self.line(&format!("print({call})"));
            }
            4 => {
                let kind = self.kind();
                let value = self.expr(kind, 3);
                self.line(&format!("print({value})"));
            }
            _ => {
                let list = self.without_varargs(|g| {
                    g.frame().careful = false;
                    g.expr_list(3)
                });
                self.line(&format!("print(pcall(function() return {list} end))"));
            }
        }
    }

    fn local_statement(&mut self) {
        match self.below(10) {
            0..=5 => {
                let kind = match self.below(10) {
                    9 => Kind::Obj,
                    _ => self.kind(),
                };
                let value = self.stored(kind, 2);
                let name = self.name();
                let attribute = match self.below(8) {
                    7 => " <const>",
                    _ => "",
                };
                self.line(&format!("local {name}{attribute} = {value}"));
                self.scope.declare(name, kind, attribute.is_empty());
            }
            6 => {
                let (a, b) = (self.kind(), self.kind());
                let (x, y) = (self.stored(a, 1), self.stored(b, 1));
                let (left, right) = (self.name(), self.name());
                self.line(&format!("local {left}, {right} = {x}, {y}"));
                self.scope.declare(left, a, true);
                self.scope.declare(right, b, true);
            }
            7 => {
                let call = self.call_expr(1);
                let (a, b, c) = (self.name(), self.name(), self.name());
                self.line(&format!("local {a}, {b}, {c} = {call}"));
                for name in [a, b, c] {
                    self.scope.declare(name, Kind::Any, true);
                }
            }
            8 => {
                let name = self.name();
                self.line(&format!("local {name}"));
                self.scope.declare(name, Kind::Any, true);
            }
            _ => {
                let signature = self.random_signature();
                let value = self.function_expr(signature, 2);
                let name = self.name();
                self.line(&format!("local {name} = {value}"));
                self.scope.declare(name, Kind::Fn(signature), true);
            }
        }
    }

    fn assignment(&mut self) {
        match self.below(12) {
            0..=5 => {
                let kind = self.kind();
                if let Some(name) = self.target(kind) {
                    let value = self.stored(kind, 2);
                    self.line(&format!("{name} = {value}"));
                } else {
                    self.print_statement();
                }
            }
            6 | 7 => {
                let (place, kind) = (self.place(), self.kind());
                let value = self.stored(kind, 1);
                self.assign(&place, &value);
            }
            8 => {
                let (a, b) = (self.kind(), self.kind());
                if let (Some(x), Some(y)) = (self.target(a), self.target(b)) {
                    let (left, right) = (self.stored(a, 1), self.stored(b, 1));
                    self.line(&format!("{x}, {y} = {left}, {right}"));
                }
            }
            9 => {
                if let (Some(x), Some(y)) = (self.target(Kind::Int), self.target(Kind::Int)) {
                    let place = self.place();
                    self.line(&format!("{x}, {y} = {y}, {x}"));
                    self.assign(&format!("{x}, {place}"), &format!("{y}, {x}"));
                }
            }
            10 => {
                let kind = self.pick(&[Kind::Int, Kind::Float]);
                if let Some(name) = self.target(kind) {
                    let op = self.pick(&["+", "-", "*", "//", "%", "/"]);
                    let value = self.number(1);
                    self.line(&format!("{name} = {name} {op} {}", prefix(&value)));
                }
            }
            _ => {
                if let (Some(x), Some(y)) = (self.target(Kind::Any), self.target(Kind::Any)) {
                    let call = self.call_expr(1);
                    self.line(&format!("{x}, {y} = {call}"));
                }
            }
        }
    }

    /// An assignment to a place, which begins with a parenthesis where that would continue the statement before.
    fn assign(&mut self, place: &str, value: &str) {
        let separator = if place.starts_with('(') { ";" } else { "" };
        self.line(&format!("{separator}{place} = {value}"));
    }

    fn call_statement(&mut self) {
        let call = self.call_expr(2);
        let is_call = call.ends_with(')') && !call.starts_with('(');
        match is_call {
            true => self.line(&call),
            false => self.line(&format!("local _ = {call}")),
        }
    }

    /// A call that raises an error, with values of all kinds.
    pub fn error_call(&mut self) -> String {
        match self.below(8) {
            0..=2 => format!("error({}, {})", self.string(0), self.pick(&["1", "2", "0", "3"])),
            3 => "error({code = 7})".to_owned(),
            4 => "error()".to_owned(),
            5 => format!("error({})", self.object(0)),
            6 => {
                let kind = self.kind();
                let value = self.expr(kind, 1);
                format!("assert(false, {value})")
            }
            _ => format!("error({})", self.int(0)),
        }
    }

    fn error_statement(&mut self) {
        if self.frames.len() > 1 {
            let (condition, error) = (self.bool(1), self.error_call());
            self.line(&format!("if {condition} then {error} end"));
        } else {
            let error = self.without_varargs(Self::error_call);
            self.line(&format!("print(pcall(function() {error} end))"));
        }
    }

    fn if_statement(&mut self) {
        let condition = self.condition();
        self.line(&format!("if {condition} then"));
        self.block(|g| g.body(2));
        for _ in 0..self.below(3) {
            if self.one_in(2) {
                let condition = self.condition();
                self.line(&format!("elseif {condition} then"));
                self.block(|g| g.body(2));
            }
        }
        if self.one_in(2) {
            self.line("else");
            self.block(|g| g.body(2));
        }
        self.line("end");
    }

    /// What decides a branch: any value may.
    fn condition(&mut self) -> String {
        match self.below(6) {
            0..=3 => self.bool(2),
            4 => {
                let kind = self.kind();
                self.expr(kind, 1)
            }
            _ => {
                let (a, b) = (self.bool(1), self.bool(1));
                let op = self.pick(&["and", "or"]);
                let not = self.pick(&["", "not "]);
                format!("{not}({a}) {op} {b}")
            }
        }
    }

    /// The inside of a loop, sometimes with a label for `continue` at its end.
    pub fn loop_body(&mut self, most: usize) {
        let goes_on = self.one_in(4);
        self.frame().loops.push(goes_on);
        if goes_on {
            // Locals of the body end before the label, which then stands at the end of the block.
            let label = format!("continue{}", self.frame().loops.len());
            self.body(most);
            self.line(&format!("::{label}::"));
        } else {
            self.body(most);
        }
        self.frame().loops.pop();
    }

    pub fn numeric_for(&mut self) {
        let name = self.name();
        let bounds = match self.below(8) {
            0..=2 => format!("1, {}", self.below(5)),
            3 | 4 => self
                .pick(&[
                    "3, 1, -1",
                    "1, 6, 2",
                    "10, -10, -7",
                    "math.maxinteger - 1, math.maxinteger",
                    "math.mininteger + 2, math.mininteger, -1",
                    "math.mininteger, math.maxinteger, math.maxinteger",
                    "math.maxinteger, math.mininteger, math.mininteger",
                    "1, 2, 0.5",
                    "1.0, 3",
                    "0.1, 0.5, 0.1",
                    "3, 1",
                    "1, 3.7",
                    "-1, -3.2, -1",
                    "1, math.huge, 1 << 62",
                    "math.mininteger, -math.huge, -1",
                    "9007199254740992.0, 9007199254740996.0, 2",
                    "1, 3, math.maxinteger",
                    "0.0, -0.0, -1.0",
                ])
                .to_owned(),
            5 if !self.is_careful() => self
                .pick(&[
                    "1, 10, 0",
                    "\"a\", 2",
                    "1, \"x\"",
                    "1, 2, {}",
                    "1, nil",
                    "1.5, 2, 0.0",
                    "1, 0/0",
                    "0/0, 1",
                    "\"1\", 2",
                ])
                .to_owned(),
            _ => {
                let (from, to) = (self.number(1), self.number(1));
                let step = match self.below(3) {
                    0 => String::new(),
                    _ if self.is_careful() => self.pick(&[", 2", ", -1", ", 0.25"]).to_owned(),
                    _ => format!(", {}", self.number(0)),
                };
                let count = format!("n{}", self.fresh());
                self.line(&format!("local {count} = 0"));
                // On one line with the loop, so that a reducer cannot take them apart.
                self.line(&format!(
                    "for {name} = {from}, {to}{step} do {count} = {count} + 1 if {count} > 4 then break end"
                ));
                self.block(|g| {
                    g.scope.declare(name, Kind::Int, false);
                    g.loop_body(3);
                });
                self.line("end");
                return;
            }
        };
        self.line(&format!("for {name} = {bounds} do"));
        self.block(|g| {
            g.scope.declare(name, Kind::Int, false);
            if g.one_in(2) {
                g.line(&format!("print({name})"));
            }
            g.loop_body(3);
        });
        self.line("end");
    }

    fn generic_for(&mut self) {
        let (k, v) = (self.name(), self.name());
        let (iterated, kinds) = match self.below(9) {
            0 | 1 => (format!("ipairs({})", self.list(1)), (Kind::Int, Kind::Any)),
            2 => (format!("spairs({})", self.map(1)), (Kind::Any, Kind::Any)),
            3 => {
                let (text, pattern) = (self.string(1), self.pattern());
                (format!("{}:gmatch({pattern})", prefix(&text)), (Kind::Str, Kind::Any))
            }
            4 => {
                let count = self.below(4);
                let iterator = format!("function(s, c) if c < s then return c + 1, c * c end end, {count}, 0");
                (iterator, (Kind::Int, Kind::Int))
            }
            5 => {
                let list = self.list(0);
                (format!("next, {{({list})[1]}}"), (Kind::Int, Kind::Any))
            }
            6 => {
                let close = "setmetatable({}, {__close = function(_, e) print(\"closed\", e) end})";
                let count = self.below(4);
                (
                    format!("function(s, c) if c < s then return c + 1, -c end end, {count}, 0, {close}"),
                    (Kind::Int, Kind::Int),
                )
            }
            7 => {
                let text = if self.is_careful() {
                    "\"\u{20AC}a\"".to_owned()
                } else {
                    self.string(0)
                };
                (format!("utf8.codes({text})"), (Kind::Int, Kind::Int))
            }
            8 if self.is_careful() => ("ipairs(gc)".to_owned(), (Kind::Int, Kind::Any)),
            _ => {
                let wrong = self.pick(&["nil", "5", "{}", "\"x\"", "ipairs()", "next", "pairs(nil)"]);
                (wrong.to_owned(), (Kind::Any, Kind::Any))
            }
        };
        self.line(&format!("for {k}, {v} in {iterated} do"));
        self.block(|g| {
            g.scope.declare(k, kinds.0, false);
            g.scope.declare(v, kinds.1, true);
            if g.one_in(2) {
                g.line(&format!("print({k}, {v})"));
            }
            g.loop_body(2);
        });
        self.line("end");
    }

    fn while_statement(&mut self) {
        let count = format!("w{}", self.fresh());
        let (start, condition) = (self.below(4), self.bool(1));
        self.line(&format!("local {count} = {start}"));
        let joined = self.pick(&["or", "and", "and"]);
        match joined {
            "or" => self.line(&format!("while {count} > 0 do {count} = {count} - 1")),
            _ => self.line(&format!("while {count} > 0 and {condition} do {count} = {count} - 1")),
        }
        self.block(|g| g.loop_body(3));
        self.line("end");
    }

    fn repeat_statement(&mut self) {
        let count = format!("w{}", self.fresh());
        self.line(&format!("local {count} = 0"));
        self.line(&format!("repeat {count} = {count} + 1"));
        self.block(|g| {
            // No label at the end: the condition sees the locals of the body.
            g.frame().loops.push(false);
            g.body(3);
            g.frame().loops.pop();
            let condition = g.bool(1);
            g.line(&format!("local done = {condition}"));
        });
        self.line(&format!("until {count} >= 3 or done"));
    }

    fn do_statement(&mut self) {
        self.line("do");
        self.block(|g| g.body(3));
        self.line("end");
    }

    /// `break`, `continue` and early returns, each in a block of its own.
    fn leave_statement(&mut self) {
        let condition = self.bool(1);
        let loops = self.frame().loops.clone();
        match (loops.last(), self.below(4)) {
            (Some(true), 0 | 1) => self.line(&format!("if {condition} then goto continue{} end", loops.len())),
            (Some(_), 0..=2) => self.line(&format!("if {condition} then break end")),
            _ if self.frames.len() > 1 => {
                let list = self.expr_list(2);
                self.line(&format!("if {condition} then return {list} end"));
            }
            _ => self.print_statement(),
        }
    }

    /// Statements under `pcall` or `xpcall`, with the outcome printed.
    pub fn protected_block(&mut self) {
        let call = self.pick(&["pcall", "pcall", "pcall", "xpcall"]);
        self.line(&format!("print({call}(function(...)"));
        self.block(|g| {
            let yields = g.frame().yields;
            let careful = g.below(2) == 0;
            g.frames.push(crate::scope::Frame {
                vararg: true,
                yields,
                careful,
                result: Some(Kind::Any),
                ..Default::default()
            });
            g.body(4);
            if g.one_in(3) {
                let error = g.error_call();
                g.line(&error);
            } else {
                g.final_return();
            }
            g.frames.pop();
        });
        match call {
            "xpcall" => {
                let handler = self.pick(&[
                    "function(m) return \"handled\", m end",
                    "debug.traceback",
                    "function(m) error(m) end",
                    "tostring",
                    "function(m) return type(m) end",
                    "nil",
                ]);
                self.line(&format!("end, {handler}, 1, 2))"));
            }
            _ => self.line("end, 1, \"x\"))"),
        }
    }
}
