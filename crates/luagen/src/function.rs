//! Functions and calls: parameters, varargs, closures, several results, recursion.

use crate::generator::{Generator, prefix};
use crate::scope::{Frame, Kind, Signature};

impl Generator<'_> {
    pub fn signature(&mut self, params: &[Kind], result: Kind) -> usize {
        self.signatures.push(Signature {
            params: params.to_vec(),
            result,
        });
        self.signatures.len() - 1
    }

    pub fn random_signature(&mut self) -> usize {
        let params: Vec<Kind> = (0..self.below(4)).map(|_| self.kind()).collect();
        let result = self.kind();
        self.signature(&params, result)
    }

    /// A function of any signature, as an expression.
    pub fn anonymous_function(&mut self) -> String {
        let signature = self.random_signature();
        self.function_expr(signature, 0)
    }

    /// A function of this signature: one that exists, or a new one.
    pub fn function_value(&mut self, signature: usize) -> String {
        match self.var(Kind::Fn(signature)) {
            Some(var) => var,
            None => self.function_expr(signature, 0),
        }
    }

    /// A function expression; with some depth left it may have statements.
    pub fn function_expr(&mut self, signature: usize, depth: usize) -> String {
        if depth == 0 || self.nesting > 5 {
            let Signature { params, result } = self.signatures[signature].clone();
            let names = self.param_names(params.len());
            let mut body = String::new();
            self.block(|g| {
                for (name, kind) in names.iter().zip(&params) {
                    g.scope.declare(name, *kind, true);
                }
                g.frames.push(Frame::default());
                body = g.expr(result, 1);
                g.frames.pop();
            });
            return format!("(function({}) tick() return {body} end)", names.join(", "));
        }
        let text = self.captured(|g| g.function_body("(function", signature));
        format!("{text})")
    }

    fn param_names(&mut self, count: usize) -> Vec<String> {
        // Two parameters may have the same name; the later one hides the other.
        (0..count).map(|_| self.name().to_owned()).collect()
    }

    /// Writes a function: `head`, the parameters, the body, `end`.
    pub fn function_body(&mut self, head: &str, signature: usize) {
        let Signature { params, result } = self.signatures[signature].clone();
        let mut names = self.param_names(params.len());
        let declared: Vec<(String, Kind)> = names.iter().cloned().zip(params).collect();
        let vararg = self.below(5);
        let named = self.name();
        match vararg {
            3 => names.push("...".to_owned()),
            4 => names.push(format!("...{named}")),
            _ => {}
        }
        self.line(&format!("{head}({}) tick()", names.join(", ")));
        self.block(|g| {
            for (name, kind) in &declared {
                g.scope.declare(name, *kind, true);
            }
            if vararg == 4 {
                g.scope.declare(named, Kind::Map, false);
            }
            let yields = g.frame().yields;
            let careful = g.below(2) == 0;
            g.frames.push(Frame {
                vararg: vararg >= 3,
                yields,
                careful,
                result: Some(result),
                ..Frame::default()
            });
            for _ in 0..1 + g.below(4) {
                g.statement();
            }
            g.final_return();
            g.frames.pop();
        });
        self.line("end");
    }

    /// The last statement of a function.
    pub fn final_return(&mut self) {
        let result = self.frame().result.unwrap_or(Kind::Any);
        let value = self.stored(result, 2);
        match self.below(10) {
            0..=4 => self.line(&format!("return {value}")),
            5 | 6 => {
                let more = self.expr_list(3);
                self.line(&format!("return {value}, {more}"));
            }
            7 => {
                let call = self.call_expr(1);
                self.line(&format!("return {call}"));
            }
            8 if self.is_vararg() => self.line(&format!("return {value}, ...")),
            8 => self.line(&format!("return ({value})")),
            _ => {}
        }
    }

    /// Arguments for a signature: the right ones mostly, now and then too few or too many.
    fn arguments(&mut self, signature: usize, depth: usize) -> String {
        let params = self.signatures[signature].params.clone();
        let count = match self.below(8) {
            0..=5 => params.len(),
            6 => params.len() + 1,
            _ => params.len().saturating_sub(1),
        };
        let mut args = Vec::new();
        for at in 0..count {
            let kind = match params.get(at) {
                Some(kind) => *kind,
                None => self.kind(),
            };
            args.push(self.stored(kind, depth));
        }
        if self.is_vararg() && self.one_in(10) {
            args.push("...".to_owned());
        }
        args.join(", ")
    }

    /// A visible function with its signature.
    fn some_function(&mut self) -> Option<(String, usize)> {
        let found = self.scope.visible(|var| matches!(var.kind, Kind::Fn(_)));
        if found.is_empty() {
            return None;
        }
        let at = found[self.below(found.len())];
        let var = &self.scope.vars[at];
        let Kind::Fn(signature) = var.kind else { return None };
        Some((var.name.clone(), signature))
    }

    /// A call of a function of the program if there is one, else of a library's.
    pub fn call_expr(&mut self, depth: usize) -> String {
        if let Some((name, signature)) = self.some_function() {
            let args = self.arguments(signature, depth.saturating_sub(1));
            return match self.below(12) {
                0..=8 if !self.is_careful() || self.frames.len() > 1 => format!("{name}({args})"),
                _ if self.is_careful() => format!("pcall({name}{}{args})", if args.is_empty() { "" } else { ", " }),
                9 => format!("({name}({args}))"),
                10 => format!("select({}, {name}({args}))", self.pick(&["1", "2", "-1", "\"#\""])),
                _ => {
                    let args = if args.is_empty() { args } else { format!(", {args}") };
                    format!("pcall({name}{args})")
                }
            };
        }
        match self.below(5) {
            0..=2 if self.is_careful() => format!("tostring({})", self.int(0)),
            0 => {
                let object = self.object(0);
                let list = self.expr_list(2);
                format!("{}({list})", prefix(&object))
            }
            1 => {
                let object = self.object(0);
                let field = self.field();
                format!("{}:{field}()", prefix(&object))
            }
            2 => {
                let list = self.list(0);
                format!("table.unpack({list})")
            }
            3 => {
                let map = self.map(0);
                format!("type({map})")
            }
            _ => {
                let kind = self.kind();
                format!("type({})", self.expr(kind, depth.saturating_sub(1)))
            }
        }
    }

    /// A named function.
    pub fn function_statement(&mut self) {
        let signature = self.random_signature();
        let name = self.name();
        let kind = Kind::Fn(signature);
        match self.below(8) {
            0..=4 => {
                self.function_body(&format!("local function {name}"), signature);
                self.scope.declare(name, kind, true);
            }
            5 => {
                self.function_body(&format!("local {name} <const> = function"), signature);
                self.scope.declare(name, kind, false);
            }
            6 => {
                let global = self.pick(&["gf", "gg"]);
                self.function_body(&format!("function {global}"), signature);
                if self.scope.visible(|var| var.name == global).is_empty()
                    && self.frames.len() == 1
                    && self.nesting == 0
                {
                    self.scope.declare(global, kind, false);
                }
            }
            _ => {
                let field = self.field();
                match self.var(Kind::Map) {
                    Some(map) => {
                        let separator = self.pick(&[".", ":"]);
                        self.function_body(&format!("function {map}{separator}{field}"), signature);
                        let args = self.without_varargs(|g| g.arguments(signature, 1));
                        self.line(&format!(
                            "print(pcall(function() return {map}{separator}{field}({args}) end))"
                        ));
                    }
                    None => self.function_body("gd = gd, function", signature),
                }
            }
        }
    }

    /// A function that calls itself, with a parameter that falls.
    pub fn recursive_function(&mut self) {
        let name = self.name();
        let kind = self.pick(&[Kind::Int, Kind::Str, Kind::Float]);
        let (n, x) = ("n", "x");
        self.line(&format!("local function {name}({n}, {x}) tick()"));
        self.block(|g| {
            g.scope.declare(n, Kind::Any, false);
            g.scope.declare(x, kind, true);
            g.frames.push(Frame::default());
            let base = g.stored(kind, 1);
            g.line(&format!("if {n} <= 0 then return {base} end"));
            let next = g.stored(kind, 1);
            let combined = match kind {
                Kind::Str => format!("return cut({name}({n} - 1, {next}) .. {x})"),
                _ => {
                    let op = g.pick(&["+", "-", "*", "//"]);
                    format!("return {name}({n} - 1, {next}) {op} {x}")
                }
            };
            match g.below(4) {
                0 | 1 => g.line(&combined),
                2 => g.line(&format!("return {name}({n} - 1, {next})")),
                _ => {
                    g.line(&format!("local r = {name}({n} - 1, {next})"));
                    g.scope.declare("r", kind, true);
                    g.statement();
                    g.line("return r");
                }
            }
            g.frames.pop();
        });
        self.line("end");
        let start = self.stored(kind, 1);
        let depth = self.below(6);
        self.line(&format!("print(pcall({name}, {depth}, {start}))"));
        // Calls with any number would end by ticks alone: no other call knows what it is.
        self.scope.declare(name, Kind::Any, true);
    }
}
