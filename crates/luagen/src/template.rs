//! Shapes of programs that single statements seldom add up to.

use crate::generator::Generator;
use crate::scope::{Frame, Kind};

impl Generator<'_> {
    pub fn template(&mut self) {
        match self.below(13) {
            0 => self.closures_of_a_loop(),
            1 => self.goto_backwards(),
            2 => self.goto_out(),
            3 | 4 => self.closing(),
            5 => self.many_locals(),
            6 => self.environment(),
            7 => self.adjusted_results(),
            8 => self.shared_upvalues(),
            9 => self.declared_globals(),
            10 => self.loaded(),
            11 => self.method_chain(),
            _ => self.error_names(),
        }
    }

    /// Each iteration has variables of its own, which closures keep.
    fn closures_of_a_loop(&mut self) {
        let (name, i, x) = (format!("fs{}", self.fresh()), self.name(), self.name());
        self.line(&format!("local {name} = {{}}"));
        let head = self.pick(&[
            "for I = 1, 3 do",
            "for I, _ in ipairs({7, 8, 9}) do",
            "for I = 3, 1, -1 do",
        ]);
        self.line(&head.replace('I', i).replace(&format!("{i}pairs"), "ipairs"));
        self.block(|g| {
            g.scope.declare(i, Kind::Int, false);
            let value = g.int(2);
            g.line(&format!("local {x} = {value}"));
            g.scope.declare(x, Kind::Int, true);
            g.line(&format!(
                "{name}[#{name} + 1] = function(d) {x} = {x} + (d or 0) return {i}, {x} end"
            ));
            g.loop_body(2);
        });
        self.line("end");
        self.line(&format!("for _, f in ipairs({name}) do print(f(1)) print(f()) end"));
    }

    fn goto_backwards(&mut self) {
        let n = self.fresh();
        self.line("do");
        self.block(|g| {
            let x = g.name();
            g.line(&format!("local count{n} = 0"));
            g.line(&format!("::again{n}::"));
            g.line(&format!("local {x} = count{n}"));
            g.scope.declare(x, Kind::Int, true);
            g.line(&format!("local function get() {x} = {x} + 1 return {x} end"));
            g.body(2);
            g.line(&format!("print({x}, get())"));
            g.line(&format!(
                "count{n} = count{n} + 1 if count{n} < 3 then goto again{n} end"
            ));
        });
        self.line("end");
    }

    fn goto_out(&mut self) {
        let n = self.fresh();
        self.line("do");
        self.block(|g| {
            g.line("for i = 1, 3 do");
            g.block(|g| {
                g.scope.declare("i", Kind::Int, false);
                g.frame().loops.push(false);
                g.line("for j = 1, 3 do");
                g.block(|g| {
                    g.scope.declare("j", Kind::Int, false);
                    g.frame().loops.push(false);
                    let condition = g.bool(2);
                    g.line(&format!("if {condition} then goto out{n} end"));
                    g.body(1);
                    g.frame().loops.pop();
                });
                g.line("end");
                g.frame().loops.pop();
            });
            g.line("end");
            g.line("print(\"not left\")");
            g.line(&format!("::out{n}::"));
        });
        self.line("end");
    }

    /// Variables to be closed, on every way out of a block.
    fn closing(&mut self) {
        self.line("print(pcall(function(...)");
        self.block(|g| {
            let yields = g.frame().yields;
            let careful = g.below(2) == 0;
            g.frames.push(Frame {
                vararg: true,
                yields,
                careful,
                result: Some(Kind::Any),
                ..Frame::default()
            });
            let looped = g.one_in(3);
            if looped {
                g.line("for i = 1, 2 do");
                g.scope.declare("i", Kind::Int, false);
                g.frame().loops.push(false);
            }
            for _ in 0..1 + g.below(3) {
                let name = g.name();
                let value = match g.below(10) {
                    0 => "nil".to_owned(),
                    1 => "false".to_owned(),
                    2 => g.pick(&["{}", "42", "\"no\""]).to_owned(),
                    _ => {
                        let what = match g.below(6) {
                            0..=2 => String::new(),
                            3 => {
                                let error = g.error_call();
                                format!(" {error}")
                            }
                            4 => " if coroutine.isyieldable() then coroutine.yield(e) end".to_owned(),
                            _ => format!(" return {}", g.int(1)),
                        };
                        format!("setmetatable({{}}, {{__close = function(o, e) print(\"close {name}\", e){what} end}})")
                    }
                };
                g.line(&format!("local {name} <close> = {value}"));
                g.scope.declare(name, Kind::Any, false);
                g.statement();
            }
            match g.below(5) {
                0 => {
                    let error = g.error_call();
                    g.line(&format!("do {error} end"));
                }
                1 if looped => g.line("do break end"),
                2 | 3 => {
                    let call = g.call_expr(1);
                    g.line(&format!("do return {call} end"));
                }
                _ => {}
            }
            if looped {
                g.frame().loops.pop();
                g.line("end");
            }
            g.final_return();
            g.frames.pop();
        });
        self.line("end, 1, 2))");
    }

    /// More values alive at once than small register files hold.
    fn many_locals(&mut self) {
        let n = self.fresh();
        let count = 5 + self.below(35);
        self.line("do");
        self.block(|g| {
            let mut names = Vec::new();
            for at in 0..count {
                let value = match g.below(4) {
                    0 => g.int(0),
                    1 => format!("ga + {at}"),
                    2 if at > 1 => format!("{} + {}", names[g.below(at)], names[g.below(at)]),
                    _ => at.to_string(),
                };
                let name = format!("v{n}_{at}");
                g.line(&format!("local {name} = {value}"));
                names.push(name);
            }
            g.line("for i = 1, 2 do");
            g.block(|g| {
                g.scope.declare("i", Kind::Int, false);
                for _ in 0..3 {
                    let (a, b, c) = (g.below(count), g.below(count), g.below(count));
                    g.line(&format!("{}, {} = {}, {} ~ i", names[a], names[b], names[b], names[c]));
                }
                g.frame().loops.push(false);
                g.body(2);
                g.frame().loops.pop();
            });
            g.line("end");
            g.line(&format!("print({})", names.join(", ")));
        });
        self.line("end");
    }

    fn environment(&mut self) {
        let value = self.int(1);
        match self.below(3) {
            0 => self.line(&format!(
                "do local print, pcall = print, pcall local _ENV = {{x = {value}}} y = x print(x, y, _ENV.y, z) print(pcall(function() return x.y.z end)) end"
            )),
            1 => self.line(&format!(
                "print((function(_ENV) x = {value} return x, _ENV end)(setmetatable({{}}, {{__newindex = function(t, k, v) rawset(t, k, v) end}})))"
            )),
            _ => self.line(&format!("_ENV.fresh = {value} print(fresh, _G.fresh) fresh = nil")),
        }
    }

    /// Calls in the middle and at the end of lists.
    fn adjusted_results(&mut self) {
        let n = self.fresh();
        let list = self.without_varargs(|g| g.expr_list(4));
        self.line(&format!("local function many{n}(...) tick() return {list} end"));
        let f = format!("many{n}");
        let extra = self.int(0);
        match self.below(7) {
            0 => self.line(&format!("print({f}(), {f}())")),
            1 => self.line(&format!("print(({f}()), {extra}, {f}(), nil)")),
            2 => self.line(&format!("print({{{f}(), {f}()}}, #{{n = 1, {f}()}} >= 0)")),
            3 => self.line(&format!("local a, b, c, d, e = {extra}, {f}() print(a, b, c, d, e)")),
            4 => self.line(&format!("print(select(\"#\", {f}()), select(2, 0, {f}()))")),
            5 => self.line(&format!("print(pcall({f}, {f}())) print(table.pack({f}()))")),
            _ => self.line(&format!(
                "local t = {{}} t[1], t[2], t[3], t[4] = {f}() print(t[1], t[2], t[3], t[4], string.format(\"%s\", (tostring({f}()))))"
            )),
        }
    }

    fn shared_upvalues(&mut self) {
        let n = self.fresh();
        let start = self.int(1);
        let step = self.int(0);
        self.line(&format!("local function pair{n}(x) tick()"));
        self.block(|g| {
            g.scope.declare("x", Kind::Int, true);
            g.line("local function add(d) x = x + d return x end");
            g.line("local function get() return x end");
            g.frames.push(Frame::default());
            g.statement();
            g.frames.pop();
            g.line("return add, get, function(y) x, y = y, x return y end");
        });
        self.line("end");
        self.line("do");
        self.block(|g| {
            g.line(&format!("local add, get, swap = pair{n}({start})"));
            g.line(&format!("print(pcall(add, {step})) print(get(), swap({step}), get())"));
        });
        self.line("end");
    }

    /// Declarations of globals; in their scope other names must be declared too.
    fn declared_globals(&mut self) {
        let value = self.int(1);
        let form = match self.below(5) {
            0 => format!("do global print, gh gh = {value} print(gh) end"),
            1 => format!("do global gh, print = {value}, print print(gh) end"),
            2 => "do global<const> * print(type(print), gh) end".to_owned(),
            3 => format!("do global print; global function gh(x) return x end print(gh({value})) end"),
            _ => "do global<const> print print(print ~= nil) end".to_owned(),
        };
        self.line("gh = nil");
        self.line(&format!("print(pcall(function() {form} end))"));
    }

    fn loaded(&mut self) {
        let list = self.without_varargs(|g| g.expr_list(2));
        let text = self.pick(&[
            "return ...",
            "local a, b = ... return b, a",
            "x = 1",
            "return x +",
            "local x <const> = 1; x = 2",
            "goto nowhere",
            "for i = 1, 2 do end return 'done'",
            "return 1 .. 2",
            "break",
            "local t <close> = 42",
            "return {...}, select('#', ...)",
        ]);
        self.line(&format!(
            "do local f, m = load(\"{text}\", \"=chunk\", \"bt\", {{select = select}}) if f then print(pcall(f, {list})) else print(m) end end"
        ));
    }

    fn method_chain(&mut self) {
        let n = self.fresh();
        let (start, step) = (self.int(1), self.int(0));
        self.line(&format!("local class{n} = {{}} class{n}.__index = class{n}"));
        self.line(&format!(
            "function class{n}.new(v) return setmetatable({{v = v}}, class{n}) end"
        ));
        self.line(&format!(
            "function class{n}:add(d) tick() self.v = self.v + d return self end"
        ));
        self.line(&format!("function class{n}:get(...) return self.v, ... end"));
        let last = self.pick(&[
            "get()",
            "get(1, 2)",
            "missing()",
            "v()",
            "add({}):get()",
            "add(1).v:x()",
        ]);
        self.line(&format!(
            "print(pcall(function() local o = class{n}.new({start}) return o:add({step}):add(1):{last} end))"
        ));
    }

    /// Errors that name what was operated on.
    fn error_names(&mut self) {
        let up = self.name();
        let value = self.pick(&["nil", "{}", "true", "\"s\"", "1.5", "print", "1 << 63"]);
        let field = self.field();
        let what = self.pick(&[
            "return UP.x.y",
            "return UP.FIELD()",
            "UP.FIELD.x = 1",
            "return UP + 1",
            "return 1 + UP",
            "return -UP",
            "return #UP",
            "return UP .. \"x\"",
            "return \"x\" .. UP",
            "return UP < 1",
            "return UP < UP",
            "return {} <= UP",
            "UP()",
            "UP:FIELD()",
            "return UP & 1.5",
            "return UP | UP",
            "return ~UP",
            "return 1 // UP",
            "return 1 % UP",
            "return UP[UP]",
            "UP[nil] = 1",
            "local t = {} t[UP] = 1 return t[UP]",
            "for i = UP, 2 do break end",
            "for x in UP do break end",
            "local l = UP return l.x.y",
            "local l = UP return l()",
            "local l <const> = 5 return l.x.y",
            "return gz.FIELD",
            "gz.FIELD = 1",
            "gz()",
            "return gz.FIELD()",
            "return _ENV.gz.x",
            "return (\"x\"):nope()",
            "return (\"x\").y.z",
            "return math.floor(UP)",
            "return (\"x\"):rep(UP)",
            "return string.rep()",
            "return setmetatable(UP, 1)",
            "return ipairs()",
            "return table.concat({1, UP, 3})",
            "return table.concat({1, {}, 3})",
            "return UP.x[1][2]",
            "return 2^53 | UP",
            "return \"a\" + UP",
            "return \"a\" | 1",
            "return 1 < \"1\"",
            "return tostring()",
            "return table.unpack({}, 1, 1e8)",
            "return (\"xy\"):rep(1 << 62)",
            "return string.char(UP)",
            "return math.random(0, -1)",
            "return select(0)",
            "return load(UP)",
            "return UP.a.b.c.d",
            "local a = UP; a.b:c(1)",
        ]);
        let what = what.replace("UP", up).replace("FIELD", field);
        let local = self.pick(&["local", "local"]);
        self.line(&format!(
            "do {local} {up} = {value} print(pcall(function() {what} end)) end"
        ));
        if self.one_in(3) {
            self.line(&format!("print(pcall(function({up}) {what} end, {value}))"));
        }
    }
}
