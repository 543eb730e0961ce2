//! A language of its own on the crates from the IR down: formulas with parameters become SSA, registers, bytecode, and run on the
//! VM. Lua's syntax and library have no part in it.
//!
//! ```text
//! fall(height, mass) = let v = (2 * 9.81 * height) ^ 0.5 in mass * v ^ 2 / 2
//! ```

use perilune_bytecode::{Module, Verified, verify};
use perilune_compiler::{emit, select};
use perilune_ir::{self as ir, BinOp, CmpOp, FunctionBuilder, UnOp, Value};
use perilune_regalloc::{Ctx, RegFile, checker, run};
use perilune_vm::{Options, Raised, Val, Vm};
use std::error::Error;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Splits a formula into names, numbers and signs.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut joins = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || c == '.' || c == '_';
        match tokens.last_mut() {
            Some(last) if word && joins => last.push(c),
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.to_string()),
        }
        joins = word;
    }
    tokens
}

/// Compiles an expression while it reads it: each node is a value of the IR as soon as it is known.
struct Compiler<'t, 'f> {
    tokens: &'t [String],
    build: FunctionBuilder<'f>,
    names: Vec<(String, Value)>,
}

impl Compiler<'_, '_> {
    fn peek(&self) -> &str {
        self.tokens.first().map_or("", |t| t)
    }

    fn take(&mut self) -> Result<String> {
        let (first, rest) = self.tokens.split_first().ok_or("the formula ends too early")?;
        self.tokens = rest;
        Ok(first.clone())
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        match self.take()? {
            found if found == token => Ok(()),
            found => Err(format!("'{token}' expected, not '{found}'").into()),
        }
    }

    /// `let name = e in e`, `if e < e then e else e`, or a sum.
    fn expression(&mut self) -> Result<Value> {
        match self.peek() {
            "let" => {
                self.take()?;
                let name = self.take()?;
                self.expect("=")?;
                let value = self.expression()?;
                self.expect("in")?;
                self.names.push((name, value));
                let body = self.expression();
                self.names.pop();
                body
            }
            "if" => self.choice(),
            _ => self.sum(0),
        }
    }

    fn choice(&mut self) -> Result<Value> {
        self.take()?;
        let left = self.sum(0)?;
        self.expect("<")?;
        let right = self.sum(0)?;
        self.expect("then")?;
        let (then, other, end) = (
            self.build.create_block(),
            self.build.create_block(),
            self.build.create_block(),
        );
        let result = self.build.block_param(end);
        let condition = self.build.compare(CmpOp::Lt, left, right);
        self.build.branch(condition, (then, &[]), (other, &[]));
        for (block, word) in [(then, "else"), (other, "")] {
            self.build.switch_to(block);
            self.build.seal_block(block);
            let value = self.expression()?;
            self.build.jump(end, &[value]);
            if !word.is_empty() {
                self.expect(word)?;
            }
        }
        self.build.switch_to(end);
        self.build.seal_block(end);
        Ok(result)
    }

    /// Operators by how tightly they bind: `+ -`, `* /`, `^`.
    fn sum(&mut self, level: usize) -> Result<Value> {
        const LEVELS: [&[(&str, BinOp)]; 3] = [
            &[("+", BinOp::Add), ("-", BinOp::Sub)],
            &[("*", BinOp::Mul), ("/", BinOp::Div)],
            &[("^", BinOp::Pow)],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return self.atom();
        };
        let mut left = self.sum(level + 1)?;
        while let Some((_, op)) = operators.iter().find(|(sign, _)| *sign == self.peek()) {
            self.take()?;
            let right = self.sum(level + 1)?;
            left = self.build.binary(*op, left, right);
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Value> {
        let token = self.take()?;
        match token.as_str() {
            "(" => {
                let value = self.expression()?;
                self.expect(")")?;
                Ok(value)
            }
            "-" => {
                let value = self.atom()?;
                Ok(self.build.unary(UnOp::Unm, value))
            }
            number if number.starts_with(|c: char| c.is_ascii_digit()) => Ok(self.build.float(number.parse()?)),
            name => match self.names.iter().rev().find(|(known, _)| known == name) {
                Some((_, value)) => Ok(*value),
                None => Err(format!("unknown name '{name}'").into()),
            },
        }
    }
}

/// Compiles `name(parameters) = expression`.
fn compile(formula: &str) -> Result<Verified> {
    let (head, body) = formula.split_once('=').ok_or("a formula has a '='")?;
    let head = tokens(head);
    let body = tokens(body);
    let name = head.first().ok_or("a formula has a name")?;
    let mut function = ir::Function::new(name);
    let mut compiler = Compiler {
        tokens: &body,
        build: FunctionBuilder::new(&mut function),
        names: Vec::new(),
    };
    let entry = compiler.build.create_block();
    for parameter in head[1..].iter().filter(|t| !["(", ")", ","].contains(&t.as_str())) {
        let value = compiler.build.block_param(entry);
        compiler.names.push((parameter.clone(), value));
    }
    compiler.build.switch_to(entry);
    compiler.build.seal_block(entry);
    let value = compiler.expression()?;
    if let Some(extra) = compiler.tokens.first() {
        return Err(format!("'{extra}' is too much").into());
    }
    compiler.build.ret(&[value]);
    let names: Vec<String> = compiler.names.into_iter().map(|(name, _)| name).collect();
    compiler.build.finish();
    ir::verify(&function)?;

    ir::opt::run(&mut function, ir::opt::Level::O1, |_, _| {});
    let code = select(&mut function);
    let registers = RegFile {
        allocatable: code.file_size(8),
    };
    let places = run(&code, &registers, &mut Ctx::default())?;
    checker::check(&code, &registers, &places)?;
    let names: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
    let module = Module {
        name: b"=formula".to_vec(),
        functions: vec![emit(&function, &code, &places, &names)],
    };
    Ok(verify(module)?)
}

/// Calls a compiled formula.
fn evaluate(module: Verified, arguments: &[f64]) -> Result<f64> {
    let mut vm = Vm::new(Options::default());
    let value = vm.enter(|ctx| -> std::result::Result<Option<f64>, Raised> {
        ctx.push_module(module)?;
        for argument in arguments {
            ctx.push(Val::float(*argument))?;
        }
        ctx.call(arguments.len(), Some(1))?;
        Ok(ctx.slot(ctx.top() - 1).as_num().map(|n| n.to_float()))
    });
    value.ok().flatten().ok_or_else(|| "no number came out".into())
}

pub fn main() -> Result<()> {
    let fall = "fall(height, mass) = let v = (2 * 9.81 * height) ^ 0.5 in mass * v ^ 2 / 2";
    let module = compile(fall)?;
    println!("{}", perilune_bytecode::disasm(&module));
    let joules = evaluate(module, &[10.0, 2.0])?;
    assert!((joules - 196.2).abs() < 1e-9, "{joules}");

    let smaller = compile("clamp(x, low) = if x < low then low else if 10 - 1 < x then -(1 - 10) else x")?;
    for (x, expected) in [(-5.0, 0.0), (5.0, 5.0), (50.0, 9.0)] {
        assert_eq!(evaluate(smaller.clone(), &[x, 0.0])?, expected);
    }
    assert!(compile("f(x) = x + y").is_err_and(|e| e.to_string() == "unknown name 'y'"));
    assert!(compile("f(x) = (x").is_err());
    Ok(())
}
