//! The state of one generation: the bytes that decide, the text so far, what is visible.

use arbitrary::Unstructured;

use crate::scope::{Frame, Kind, NAMES, Scope, Signature};

/// Writes a program.
pub(crate) struct Generator<'a> {
    bytes: Unstructured<'a>,
    pub text: String,
    indent: usize,
    pub scope: Scope,
    pub frames: Vec<Frame>,
    pub signatures: Vec<Signature>,
    /// Numbers for labels and counters, which must not collide.
    pub fresh: usize,
    /// Nesting of statements.
    pub nesting: usize,
}

/// A Lua program that ends and prints what it computes; the bytes decide what it is.
pub fn program(bytes: &[u8]) -> String {
    let mut generator = Generator::new(bytes);
    generator.main();
    generator.text
}

impl<'a> Generator<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut scope = Scope::default();
        scope.declare("ga", Kind::Int, true);
        scope.declare("gb", Kind::Str, true);
        scope.declare("gc", Kind::List, true);
        scope.declare("gd", Kind::Float, true);
        Generator {
            bytes: Unstructured::new(bytes),
            text: String::new(),
            indent: 0,
            scope,
            frames: vec![Frame {
                vararg: true,
                careful: true,
                ..Frame::default()
            }],
            signatures: Vec::new(),
            fresh: 0,
            nesting: 0,
        }
    }

    fn main(&mut self) {
        if self.one_in(12) {
            self.line("global *");
        }
        while !self.is_done() && self.text.len() < 12_000 {
            self.statement();
        }
        let mut shown: Vec<String> = Vec::new();
        for at in self.scope.visible(|_| true) {
            shown.push(self.scope.vars[at].name.clone());
        }
        shown.sort();
        self.line(&format!("print({})", shown.join(", ")));
        if self.one_in(3) {
            let list = self.expr_list(2);
            self.line(&format!("return {list}"));
        }
    }

    /// The bytes are used up; every choice is now the first.
    pub fn is_done(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A number below `n`; 0 when the bytes are used up.
    pub fn below(&mut self, n: usize) -> usize {
        self.bytes.int_in_range(0..=n - 1).unwrap_or(0)
    }

    /// True once in `n` times, never when the bytes are used up.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1 && n > 1
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub fn int_between(&mut self, low: i64, high: i64) -> i64 {
        self.bytes.int_in_range(low..=high).unwrap_or(low)
    }

    pub fn bits(&mut self) -> u64 {
        self.bytes.arbitrary().unwrap_or(0)
    }

    pub fn fresh(&mut self) -> usize {
        self.fresh += 1;
        self.fresh
    }

    pub fn name(&mut self) -> &'static str {
        self.pick(&NAMES)
    }

    pub fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Writes what `body` does one level deeper, and forgets the variables that it declared.
    pub fn block(&mut self, body: impl FnOnce(&mut Self)) {
        let depth = self.scope.vars.len();
        self.indent += 1;
        self.nesting += 1;
        body(self);
        self.nesting -= 1;
        self.indent -= 1;
        self.scope.vars.truncate(depth);
    }

    /// The text that `body` writes, instead of writing it: a function inside an expression.
    pub fn captured(&mut self, body: impl FnOnce(&mut Self)) -> String {
        let start = self.text.len();
        body(self);
        let text = self.text.split_off(start);
        text.trim().to_owned()
    }

    /// What `body` gives as the text of a function without varargs of its own.
    pub fn without_varargs<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        self.frames.push(Frame {
            vararg: false,
            loops: Vec::new(),
            ..self.frames.last().cloned().unwrap_or_default()
        });
        let text = body(self);
        self.frames.pop();
        text
    }

    pub fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("main has a frame")
    }

    /// Errors are not wanted here.
    pub fn is_careful(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.careful)
    }

    pub fn is_vararg(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.vararg)
    }

    /// A visible variable of the kind.
    pub fn var(&mut self, kind: Kind) -> Option<String> {
        let found = self.scope.visible(|var| var.kind == kind);
        self.near(&found)
    }

    /// A visible variable of the kind that may be assigned to.
    pub fn target(&mut self, kind: Kind) -> Option<String> {
        let found = self.scope.visible(|var| var.kind == kind && var.assignable);
        self.near(&found)
    }

    /// One of these variables, rather an inner one.
    fn near(&mut self, found: &[usize]) -> Option<String> {
        if found.is_empty() {
            return None;
        }
        let most = if self.one_in(3) {
            found.len()
        } else {
            found.len().min(4)
        };
        let at = found[self.below(most)];
        Some(self.scope.vars[at].name.clone())
    }

    /// A kind of value; functions only where there are some.
    pub fn kind(&mut self) -> Kind {
        match self.below(12) {
            0..=3 => Kind::Int,
            4 | 5 => Kind::Float,
            6 | 7 => Kind::Str,
            8 => Kind::Bool,
            9 => Kind::List,
            10 => Kind::Map,
            _ => Kind::Any,
        }
    }

    /// An expression of the kind, or now and then of another.
    pub fn expr(&mut self, kind: Kind, depth: usize) -> String {
        let kind = if !self.is_careful() && self.below(30) == 29 {
            self.kind()
        } else {
            kind
        };
        match kind {
            Kind::Int => self.int(depth),
            Kind::Float => self.float(depth),
            Kind::Str => self.string(depth),
            Kind::Bool => self.bool(depth),
            Kind::List => self.list(depth),
            Kind::Map => self.map(depth),
            Kind::Obj => self.object(depth),
            Kind::Fn(signature) => self.function_value(signature),
            Kind::Any => self.any(depth),
        }
    }

    /// The same for a place that keeps it: strings cannot grow without limit.
    pub fn stored(&mut self, kind: Kind, depth: usize) -> String {
        let text = self.expr(kind, depth);
        let grows = text.contains("..") || text.contains("rep") || text.contains("concat") || text.contains("gsub");
        if grows && !text.contains("function") {
            format!("cut({text})")
        } else {
            text
        }
    }

    fn any(&mut self, depth: usize) -> String {
        match self.below(14) {
            0 => "nil".to_owned(),
            1 | 2 => self.var(Kind::Any).unwrap_or_else(|| "undefined".to_owned()),
            3 => self
                .pick(&["nil", "true", "false", "_VERSION", "gz", "{}", "-0.0", "print"])
                .to_owned(),
            4 | 5 => self.call_expr(depth),
            6 if self.is_vararg() => "...".to_owned(),
            7 => {
                let map = self.map(0);
                let key = self.field();
                format!("{}.{key}", prefix(&map))
            }
            8 => self.object(depth),
            9 if depth > 0 => {
                let (a, b) = (self.any(depth - 1), self.any(depth - 1));
                let op = self.pick(&["and", "or"]);
                format!("({a} {op} {b})")
            }
            10 if depth > 0 => self.anonymous_function(),
            _ => {
                let kind = self.kind();
                match kind {
                    Kind::Any => self.int(depth),
                    kind => self.expr(kind, depth),
                }
            }
        }
    }

    /// Several expressions of any kind, at least one.
    pub fn expr_list(&mut self, most: usize) -> String {
        let count = 1 + self.below(most);
        let mut list = Vec::new();
        for _ in 0..count {
            let kind = self.kind();
            list.push(self.expr(kind, 1));
        }
        if self.is_vararg() && self.one_in(8) {
            list.push("...".to_owned());
        }
        list.join(", ")
    }

    pub fn bool(&mut self, depth: usize) -> String {
        if depth == 0 {
            let leaf = self.pick(&["true", "false", "", "", ""]);
            return match leaf {
                "" => self.var(Kind::Bool).unwrap_or_else(|| "true".to_owned()),
                leaf => leaf.to_owned(),
            };
        }
        let depth = depth - 1;
        match self.below(12) {
            0..=3 => {
                let (a, b) = (self.number(depth), self.number(depth));
                let op = self.pick(&["<", "<=", ">", ">=", "==", "~="]);
                format!("({a} {op} {b})")
            }
            4 => {
                let (a, b) = (self.string(depth), self.string(depth));
                let op = self.pick(&["<", "<=", ">", ">=", "==", "~="]);
                format!("({a} {op} {b})")
            }
            5 => {
                let (a, b) = (self.kind(), self.kind());
                let (a, b) = (self.expr(a, depth), self.expr(b, depth));
                let op = self.pick(&["==", "~="]);
                format!("({a} {op} {b})")
            }
            6 => format!("not {}", self.bool(depth)),
            7 | 8 => {
                let (a, b) = (self.bool(depth), self.bool(depth));
                let op = self.pick(&["and", "or"]);
                format!("({a} {op} {b})")
            }
            9 => {
                let kind = self.kind();
                let value = self.expr(kind, depth);
                let name = self.pick(&["number", "string", "table", "nil", "function", "boolean"]);
                format!("(type({value}) == \"{name}\")")
            }
            10 if !self.is_careful() => {
                let (a, b) = (self.object(0), self.object(0));
                let op = self.pick(&["<", "<=", ">", ">=", "==", "~="]);
                format!("({a} {op} {b})")
            }
            _ => {
                let (a, b) = (self.number(depth), self.number(depth));
                format!("rawequal({a}, {b})")
            }
        }
    }
}

/// An expression as something that may be indexed or called.
pub(crate) fn prefix(text: &str) -> String {
    let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_name && !text.bytes().next().is_some_and(|b| b.is_ascii_digit()) && !["nil", "true", "false"].contains(&text)
    {
        text.to_owned()
    } else {
        format!("({text})")
    }
}
