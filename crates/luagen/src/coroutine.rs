//! Coroutines: yields everywhere, results both ways, errors, closing.

use crate::generator::Generator;
use crate::scope::{Frame, Kind};

impl Generator<'_> {
    /// The body of a coroutine's function, after its head.
    fn coroutine_body(&mut self, params: &[&str]) {
        self.block(|g| {
            for param in params {
                g.scope.declare(param, Kind::Any, true);
            }
            let careful = g.below(2) == 0;
            g.frames.push(Frame {
                yields: true,
                vararg: true,
                careful,
                result: Some(Kind::Any),
                ..Frame::default()
            });
            for _ in 0..2 + g.below(4) {
                match g.one_in(3) {
                    true => g.yield_statement(),
                    false => g.statement(),
                }
            }
            g.final_return();
            g.frames.pop();
        });
    }

    pub fn yield_statement(&mut self) {
        let list = self.without_varargs(|g| g.expr_list(3));
        match self.below(8) {
            0 | 1 => self.line(&format!("coroutine.yield({list})")),
            2 => self.line(&format!("print(coroutine.yield({list}))")),
            3 => {
                let name = self.name();
                self.line(&format!("local {name} = coroutine.yield({list})"));
                self.scope.declare(name, Kind::Any, true);
            }
            4 => self.line(&format!("print(pcall(coroutine.yield, {list}))")),
            5 => self.line(
                "for k, v in function(_, i) i = i + 1 if i < 3 then coroutine.yield(i) return i, i * 2 end end, nil, 0 do print(k, v) end",
            ),
            6 => self.line(&format!("print(pcall(function() local r = coroutine.yield({list}) error(r) end))")),
            _ => {
                let name = self.name();
                self.line("do");
                self.block(|g| {
                    g.line(&format!(
                        "local {name} <close> = setmetatable({{}}, {{__close = function(_, e) print(\"close\", e, coroutine.isyieldable()) if coroutine.isyieldable() then print(coroutine.yield(\"closing\")) end end}})"
                    ));
                    g.line(&format!("coroutine.yield({list})"));
                    g.statement();
                });
                self.line("end");
            }
        }
    }

    pub fn coroutine_statement(&mut self) {
        let name = format!("co{}", self.fresh());
        match self.below(5) {
            0 | 1 => {
                self.line(&format!("local {name} = coroutine.wrap(function(x, ...) tick()"));
                self.coroutine_body(&["x"]);
                self.line("end)");
                for _ in 0..1 + self.below(4) {
                    let list = self.expr_list(2);
                    self.line(&format!("print(pcall({name}, {list}))"));
                }
            }
            2 | 3 => {
                self.line(&format!("local {name} = coroutine.create(function(x, y, ...) tick()"));
                self.coroutine_body(&["x", "y"]);
                self.line("end)");
                for _ in 0..1 + self.below(4) {
                    let list = self.expr_list(2);
                    self.line(&format!("print(coroutine.resume({name}, {list}))"));
                    if self.one_in(3) {
                        self.statement();
                    }
                }
                self.line(&format!("print(coroutine.status({name}))"));
                if self.one_in(2) {
                    self.line(&format!("print(coroutine.close({name}), coroutine.status({name}))"));
                    self.line(&format!("print(coroutine.resume({name}))"));
                }
            }
            _ => {
                let (a, b) = (self.name(), self.name());
                self.line(&format!("for {a}, {b} in coroutine.wrap(function(...)"));
                self.block(|g| {
                    let careful = g.below(2) == 0;
                    g.frames.push(Frame {
                        yields: true,
                        vararg: true,
                        careful,
                        ..Frame::default()
                    });
                    g.line("for i = 1, 3 do");
                    g.block(|g| {
                        g.scope.declare("i", Kind::Int, false);
                        g.frame().loops.push(false);
                        g.statement();
                        let list = g.expr_list(2);
                        g.line(&format!("coroutine.yield(i, {list})"));
                        g.frame().loops.pop();
                    });
                    g.line("end");
                    g.frames.pop();
                });
                self.line("end) do");
                self.block(|g| {
                    g.scope.declare(a, Kind::Any, false);
                    g.scope.declare(b, Kind::Any, true);
                    g.frame().loops.push(false);
                    g.line(&format!("print({a}, {b})"));
                    g.statement();
                    g.frame().loops.pop();
                });
                self.line("end");
            }
        }
    }

    /// What coroutine functions say about the place where they are called.
    pub fn coroutine_state(&mut self) {
        let what = self.pick(&[
            "print(coroutine.isyieldable())",
            "print(select(2, coroutine.running()))",
            "print(pcall(coroutine.close, coroutine.running()))",
            "print(coroutine.status(coroutine.running()))",
            "print(coroutine.resume(coroutine.running()))",
            "print(pcall(coroutine.wrap(function() error({code = 5}) end)))",
            "print(pcall(table.sort, {3, 1, 2}, function(x, y) coroutine.yield(x) return x < y end))",
            "print(pcall(string.gsub, \"abc\", \".\", coroutine.yield))",
        ]);
        self.line(what);
    }
}
