//! Objects with metatables: every event, handlers of every sort.

use crate::generator::Generator;
use crate::scope::{Frame, Kind};

const BINARY: [(&str, &str); 13] = [
    ("add", "+"),
    ("sub", "-"),
    ("mul", "*"),
    ("div", "/"),
    ("mod", "%"),
    ("pow", "^"),
    ("idiv", "//"),
    ("band", "&"),
    ("bor", "|"),
    ("bxor", "~"),
    ("shl", "<<"),
    ("shr", ">>"),
    ("concat", ".."),
];

impl Generator<'_> {
    /// An expression that gives a table with a metatable.
    pub fn object(&mut self, depth: usize) -> String {
        if let Some(var) = self.var(Kind::Obj) {
            return var;
        }
        if depth > 0 {
            let value = self.int(depth - 1);
            return format!(
                "setmetatable({{v = {value}}}, {{__index = {{a = 7}}, __len = function(x) return x.v end}})"
            );
        }
        self.pick(&[
            "setmetatable({}, {__index = function(t, k) return k end})",
            "setmetatable({v = 3}, {__add = function(x, y) return val(x) + val(y) end, __name = \"Thing\"})",
            "setmetatable({}, {__call = function(self, ...) return ... end})",
            "setmetatable({}, {__tostring = function() return \"obj\" end, __eq = function() return true end})",
            "setmetatable({v = 2}, {__lt = function(x, y) return val(x) < val(y) end, __unm = function(x) return -x.v end})",
            "setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v) end, __metatable = \"locked\"})",
        ])
        .to_owned()
    }

    /// Declares an object with a metatable of its own.
    pub fn object_statement(&mut self) {
        let meta = format!("mt{}", self.fresh());
        let name = self.name();
        self.line(&format!("local {meta} = {{}}"));
        for _ in 0..1 + self.below(5) {
            self.handler(&meta);
        }
        let (value, more) = (self.int(1), self.map(0));
        match self.below(5) {
            0..=2 => self.line(&format!("local {name} = setmetatable({{v = {value}}}, {meta})")),
            3 => self.line(&format!(
                "local {name} = setmetatable({{v = {value}, a = {more}}}, {meta})"
            )),
            _ => self.line(&format!("local {name} <const> = setmetatable({{}}, {meta})")),
        }
        self.scope.declare(name, Kind::Obj, true);
        let at = self.scope.vars.len() - 1;
        self.scope.vars[at].assignable = false;
        self.object_use(name);
    }

    /// Prints what an operator gives with an object on one side.
    pub fn object_use(&mut self, name: &str) {
        for _ in 0..1 + self.below(3) {
            let other = match self.below(4) {
                0 | 1 => self.int(0),
                2 => name.to_owned(),
                _ => self.without_varargs(|g| {
                    let kind = g.kind();
                    g.expr(kind, 0)
                }),
            };
            let field = self.field();
            let what = match self.below(12) {
                0..=3 => {
                    let (_, op) = self.pick(&BINARY);
                    match self.one_in(2) {
                        true => format!("return {name} {op} ({other})"),
                        false => format!("return ({other}) {op} {name}"),
                    }
                }
                4 => {
                    let op = self.pick(&["<", "<=", "==", ">", ">=", "~="]);
                    format!("return {name} {op} ({other})")
                }
                5 => format!("return #{name}, -{name}"),
                6 => format!("return ~{name}"),
                7 => format!("return {name}({other})"),
                8 => format!(
                    "return {name}.{field}, {name}[{}]",
                    self.pick(&["1", "\"zz\"", "{}", "1.5"])
                ),
                9 => format!("{name}.{field} = {other} return {name}"),
                10 => format!("return tostring({name}), #tostring({name}) > 0, type({name})"),
                _ => format!("local n = 0 for k, v in pairs({name}) do n = n + 1 end return n, rawlen({name})"),
            };
            self.line(&format!("print(pcall(function() {what} end))"));
        }
    }

    fn handler(&mut self, meta: &str) {
        match self.below(20) {
            0..=6 => {
                let (event, op) = self.pick(&BINARY);
                let plain = format!("return val(x) {op} val(y)");
                self.event(meta, event, &["x", "y"], &plain, Kind::Any);
            }
            7 | 8 => {
                let (event, plain) = self.pick(&[
                    ("lt", "return val(x) < val(y)"),
                    ("le", "return val(x) <= val(y)"),
                    ("eq", "return val(x) == val(y)"),
                ]);
                self.event(meta, event, &["x", "y"], plain, Kind::Bool);
            }
            9 => {
                let (event, plain) = self.pick(&[
                    ("unm", "return -val(x)"),
                    ("bnot", "return ~val(x)"),
                    ("len", "return val(x)"),
                ]);
                self.event(meta, event, &["x"], plain, Kind::Int);
            }
            10..=12 => match self.below(4) {
                0 => {
                    let map = self.map(1);
                    self.line(&format!("{meta}.__index = {map}"));
                }
                1 => {
                    let object = self.object(0);
                    self.line(&format!("{meta}.__index = {object}"));
                }
                _ => self.event(meta, "index", &["t", "k"], "return k", Kind::Any),
            },
            13 | 14 => match self.below(4) {
                0 => {
                    let map = self.map(0);
                    self.line(&format!("{meta}.__newindex = {map}"));
                }
                _ => self.event(meta, "newindex", &["t", "k", "w"], "rawset(t, k, w)", Kind::Any),
            },
            15 | 16 => {
                if self.one_in(6) {
                    let object = self.object(0);
                    self.line(&format!("{meta}.__call = {object}"));
                } else {
                    self.event(meta, "call", &["self", "x"], "return self.v, x", Kind::Any);
                }
            }
            17 => {
                let plain = self.pick(&[
                    "return \"<\" .. tostring(val(x)) .. \">\"",
                    "return 5",
                    "return \"obj\"",
                ]);
                self.event(meta, "tostring", &["x"], plain, Kind::Str);
            }
            18 => {
                let value = self.pick(&["\"Name\"", "5", "\"\"", "\"other thing\""]);
                self.line(&format!("{meta}.__name = {value}"));
            }
            _ => {
                let value = self.pick(&[
                    "__metatable = false",
                    "__metatable = \"mine\"",
                    "__pairs = function(t) return function(_, k) if not k then return 1, t.v end end, t, nil end",
                    "__mode = \"k\"",
                ]);
                self.line(&format!("{meta}.{value}"));
            }
        }
    }

    /// A handler for an event: the plain one, or one that prints, yields, fails or runs statements.
    fn event(&mut self, meta: &str, event: &str, params: &[&str], plain: &str, result: Kind) {
        self.line(&format!("{meta}.__{event} = function({}) tick()", params.join(", ")));
        self.block(|g| {
            for param in params {
                g.scope.declare(param, Kind::Any, true);
            }
            let yields = g.frame().yields;
            g.frames.push(Frame {
                yields,
                result: Some(result),
                ..Frame::default()
            });
            match g.below(10) {
                0..=3 => g.line(plain),
                4 => {
                    g.line(&format!("print(\"{event}\", {})", params.join(", ")));
                    g.line(plain);
                }
                5 => {
                    g.line(&format!(
                        "local r = coroutine.isyieldable() and coroutine.yield(\"{event}\")"
                    ));
                    g.line(plain);
                }
                6 => {
                    let error = g.error_call();
                    g.line(&error);
                }
                7 => {
                    let list = g.expr_list(2);
                    g.line(&format!("return {list}"));
                }
                8 => g.line(&format!("return setmetatable({{v = 1}}, {meta})")),
                _ => {
                    g.statement();
                    g.final_return();
                }
            }
            g.frames.pop();
        });
        self.line("end");
    }
}
