//! Parsing functions and modules.

use crate::{
    BinOp, Block, Capture, CmpOp, FloatBits, FuncRef, Function, Loc, Local, Module, NameKind, Op, Scope, StrId, UnOp,
    Upvalue, UpvalueKind, Value, ValueDef, ValueKind,
};
use indexmap::IndexMap;
use std::fmt;
use std::str::FromStr;

/// Why a text is no function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

type Result<T> = std::result::Result<T, ParseError>;

impl FromStr for Function {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Function> {
        let mut parser = Parser::new(text);
        let func = parser.function()?;
        parser.end()?;
        Ok(func)
    }
}

impl FromStr for Module {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Module> {
        let mut parser = Parser::new(text);
        let mut module = Module::default();
        while parser.peek() != b"" {
            module.functions.push(parser.function()?);
        }
        Ok(module)
    }
}

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
    /// The line of the token read last.
    token_line: u32,
    func: Function,
    values: IndexMap<u32, Named<Value>>,
    blocks: IndexMap<u32, Named<Block>>,
}

/// An entity that the text names, perhaps before it defines it.
struct Named<T> {
    entity: T,
    line: u32,
    defined: bool,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parser<'t> {
        Parser {
            text: text.as_bytes(),
            at: 0,
            line: 1,
            token_line: 1,
            func: Function::new(""),
            values: IndexMap::new(),
            blocks: IndexMap::new(),
        }
    }

    // Tokens: words (letters, digits, `_`, `.`, `-`, `+`), strings with their quotes, single marks.

    fn skip_space(&mut self) {
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                b';' => {
                    while self.text.get(self.at + 1).is_some_and(|&byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => break,
            }
            self.at += 1;
        }
    }

    /// The next token, empty at the end of the text.
    fn peek(&mut self) -> &'t [u8] {
        self.skip_space();
        let rest = &self.text[self.at..];
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-+".contains(byte);
        let len = match rest.first() {
            None => 0,
            Some(b'"') => {
                let mut len = 1;
                while rest.get(len).is_some_and(|&byte| byte != b'"') {
                    len += if rest[len] == b'\\' { 2 } else { 1 };
                }
                (len + 1).min(rest.len())
            }
            Some(byte) if word(byte) => rest.iter().take_while(|byte| word(byte)).count(),
            Some(_) => 1,
        };
        &rest[..len]
    }

    fn next(&mut self) -> &'t [u8] {
        let token = self.peek();
        self.at += token.len();
        self.token_line = self.line;
        self.line += token.iter().filter(|&&byte| byte == b'\n').count() as u32;
        token
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(ParseError {
            line: self.token_line,
            message: message.into(),
        })
    }

    fn unexpected<T>(&self, wanted: &str, token: &[u8]) -> Result<T> {
        self.error(format!("expected {wanted}, found '{}'", String::from_utf8_lossy(token)))
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.peek() == token.as_bytes();
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        match self.next() {
            found if found == token.as_bytes() => Ok(()),
            found => self.unexpected(&format!("'{token}'"), found),
        }
    }

    fn end(&mut self) -> Result<()> {
        match self.next() {
            b"" => Ok(()),
            token => self.unexpected("the end", token),
        }
    }

    fn word(&mut self) -> Result<&'t str> {
        let token = self.next();
        match std::str::from_utf8(token) {
            Ok(word) if !word.is_empty() => Ok(word),
            _ => self.unexpected("a word", token),
        }
    }

    fn number<T: FromStr>(&mut self) -> Result<T> {
        let word = self.word()?;
        word.parse().or_else(|_| self.unexpected("a number", word.as_bytes()))
    }

    /// A number behind a letter, as in `v12`.
    fn id(&mut self, letter: &str) -> Result<u32> {
        let word = self.word()?;
        match word.strip_prefix(letter).and_then(|digits| digits.parse().ok()) {
            Some(number) => Ok(number),
            None => self.unexpected(&format!("'{letter}' and a number"), word.as_bytes()),
        }
    }

    fn peek_id(&mut self, letter: u8) -> bool {
        matches!(self.peek(), [first, digits @ ..] if *first == letter && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
    }

    fn kind<T>(&mut self, from_text: fn(&str) -> Option<T>) -> Result<T> {
        let word = self.word()?;
        from_text(word).map_or_else(|| self.unexpected("a kind", word.as_bytes()), Ok)
    }

    fn string(&mut self) -> Result<Vec<u8>> {
        let token = self.next();
        let Some(inner) = token.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
            return self.unexpected("a string", token);
        };
        let mut bytes = Vec::with_capacity(inner.len());
        let mut rest = inner.iter().copied();
        while let Some(byte) = rest.next() {
            if byte != b'\\' {
                bytes.push(byte);
                continue;
            }
            match rest.next() {
                Some(b'n') => bytes.push(b'\n'),
                Some(byte @ (b'"' | b'\\')) => bytes.push(byte),
                Some(b'x') => {
                    let mut digit = || rest.next().and_then(|byte| (byte as char).to_digit(16));
                    match (digit(), digit()) {
                        (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
                        _ => return self.error("expected two hexadecimal digits"),
                    }
                }
                _ => return self.error("unknown escape in a string"),
            }
        }
        Ok(bytes)
    }

    fn str_id(&mut self) -> Result<StrId> {
        let bytes = self.string()?;
        Ok(self.func.intern(&bytes))
    }

    // Functions.

    fn function(&mut self) -> Result<Function> {
        self.values.clear();
        self.blocks.clear();
        self.expect("function")?;
        self.func = Function::new(self.string()?);
        if self.eat("lines") {
            let word = self.word()?;
            let range = word
                .split_once("..")
                .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
            let Some((from, to)) = range else {
                return self.unexpected("a range of lines", word.as_bytes());
            };
            (self.func.line_defined, self.func.last_line) = (from, to);
        }
        self.func.vararg = self.eat("vararg");
        self.expect("{")?;
        while self.peek_id(b'u') {
            if self.id("u")? as usize != self.func.upvalues().len() {
                return self.error("upvalues are declared in order");
            }
            self.expect("=")?;
            self.expect("upvalue")?;
            let kind = self.kind(UpvalueKind::from_text)?;
            let name = self.string()?;
            let upvalue = self.func.add_upvalue(&name, kind);
            if self.eat("fixed") {
                self.func.fix_upvalue(upvalue);
            }
        }
        while self.peek_id(b'l') {
            if self.id("l")? as usize != self.func.locals().len() {
                return self.error("locals are declared in order");
            }
            self.expect("=")?;
            self.expect("local")?;
            let name = self.string()?;
            self.func.add_local(&name);
        }
        let mut layout = Vec::new();
        while !self.eat("}") {
            layout.push(self.block()?);
        }
        for (number, named) in &self.values {
            if !named.defined {
                let message = format!("v{number} is not defined");
                return Err(ParseError {
                    line: named.line,
                    message,
                });
            }
        }
        for (number, named) in &self.blocks {
            if !named.defined {
                let message = format!("b{number} is not defined");
                return Err(ParseError {
                    line: named.line,
                    message,
                });
            }
        }
        self.func.set_layout(layout);
        Ok(std::mem::replace(&mut self.func, Function::new("")))
    }

    fn block_id(&mut self, define: bool) -> Result<Block> {
        let number = self.id("b")?;
        let line = self.token_line;
        let func = &mut self.func;
        let named = self.blocks.entry(number).or_insert_with(|| Named {
            entity: func.create_block(),
            line,
            defined: false,
        });
        if define && std::mem::replace(&mut named.defined, true) {
            return self.error(format!("b{number} is defined twice"));
        }
        Ok(named.entity)
    }

    fn value_use(&mut self) -> Result<Value> {
        let number = self.id("v")?;
        let line = self.token_line;
        let func = &mut self.func;
        let named = self.values.entry(number).or_insert_with(|| Named {
            entity: func.reserve_value(),
            line,
            defined: false,
        });
        Ok(named.entity)
    }

    fn value_def(&mut self, number: u32, def: ValueDef, kind: ValueKind) -> Result<Value> {
        let line = self.token_line;
        let func = &mut self.func;
        let named = self.values.entry(number).or_insert_with(|| Named {
            entity: func.reserve_value(),
            line,
            defined: false,
        });
        if std::mem::replace(&mut named.defined, true) {
            return self.error(format!("v{number} is defined twice"));
        }
        self.func.define_value(named.entity, def, kind);
        Ok(named.entity)
    }

    fn block(&mut self) -> Result<Block> {
        let block = self.block_id(true)?;
        let mut params = Vec::new();
        if self.eat("(") {
            while !self.eat(")") {
                if !params.is_empty() {
                    self.expect(",")?;
                }
                let number = self.id("v")?;
                let kind = if self.eat(":") {
                    self.kind(ValueKind::from_text)?
                } else {
                    ValueKind::Lua
                };
                let def = ValueDef::Param(block, params.len() as u32);
                params.push(self.value_def(number, def, kind)?);
            }
        }
        self.func.set_params(block, &params);
        self.expect(":")?;
        while self.peek() != b"}" && !self.peek_id(b'b') {
            if self.peek() == b"" {
                return self.error("expected '}', found the end");
            }
            self.inst(block)?;
        }
        Ok(block)
    }

    fn inst(&mut self, block: Block) -> Result<()> {
        let mut results = Vec::new();
        if self.peek_id(b'v') {
            loop {
                results.push(self.id("v")?);
                if !self.eat(",") {
                    break;
                }
            }
            self.expect("=")?;
        }
        let (mut op, immediates) = self.op()?;
        let line = self.token_line;
        let mut args = Vec::new();
        if let Op::Closure { func, .. } = op {
            let mut captures = Vec::new();
            while self.eat(",") {
                captures.push(if self.peek_id(b'u') {
                    Capture::Upvalue(Upvalue::from_u32(self.id("u")?))
                } else {
                    Capture::Cell(self.value_use()?)
                });
            }
            let (captures, cells) = self.func.add_captures(&captures);
            op = Op::Closure { func, captures };
            args = cells;
        }
        let mut edges: Vec<(Block, Vec<Value>)> = Vec::new();
        // Before the first item stands no comma: it is on the line of its mnemonic, or there is none.
        let mut first = !immediates;
        loop {
            let more = if first {
                (self.peek_id(b'v') || self.peek_id(b'b')) && self.line == line
            } else {
                self.eat(",")
            };
            if !more {
                break;
            }
            first = false;
            if self.peek_id(b'v') && edges.is_empty() {
                args.push(self.value_use()?);
            } else {
                let to = self.block_id(false)?;
                let mut values = Vec::new();
                if self.eat("(") {
                    while !self.eat(")") {
                        if !values.is_empty() {
                            self.expect(",")?;
                        }
                        values.push(self.value_use()?);
                    }
                }
                edges.push((to, values));
            }
        }
        if edges.len() != op.successors() {
            return self.error(format!(
                "expected {} successors, found {}",
                op.successors(),
                edges.len()
            ));
        }
        let mut loc = Loc::default();
        if self.eat("@") {
            loc.line = self.number()?;
            self.expect(":")?;
            loc.column = self.number()?;
        }
        let edges: Vec<(Block, &[Value])> = edges.iter().map(|(to, values)| (*to, &values[..])).collect();
        let inst = self.func.make_inst(op, &args, 0, &edges, loc);
        for (position, number) in results.into_iter().enumerate() {
            let value = self.value_def(number, ValueDef::Result(inst, position as u32), op.result_kind())?;
            self.func.push_result(inst, value);
        }
        self.func.append_inst(block, inst);
        if self.eat("names") {
            self.expect("(")?;
            loop {
                let operand: u32 = self.number()?;
                if operand as usize >= args.len() {
                    return self.error(format!("there is no operand {operand}"));
                }
                let kind = self.kind(NameKind::from_text)?;
                let name = self.string()?;
                self.func.set_operand_name(inst, operand, kind, &name);
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        Ok(())
    }

    /// A mnemonic and its immediates, and whether there were some.
    fn op(&mut self) -> Result<(Op, bool)> {
        let word = self.word()?;
        let op = match word {
            "nil" => Op::Nil,
            "true" => Op::True,
            "false" => Op::False,
            "copy" => Op::Copy,
            "concat" => Op::Concat,
            "new_cell" => Op::NewCell,
            "get_cell" => Op::GetCell,
            "set_cell" => Op::SetCell,
            "get_index" => Op::GetIndex,
            "set_index" => Op::SetIndex,
            "call" => Op::Call,
            "call_open" => Op::CallOpen,
            "vararg" => Op::Vararg,
            "vararg_open" => Op::VarargOpen,
            "vararg_table" => Op::VarargTable,
            "get_vararg" => Op::GetVararg,
            "vararg_from" => Op::VarargFrom,
            "vararg_from_open" => Op::VarargFromOpen,
            "for_call" => Op::ForCall,
            "jump" => Op::Jump,
            "branch" => Op::Branch,
            "branch_nil" => Op::BranchNil,
            "for_prep" => Op::ForPrep,
            "for_loop" => Op::ForLoop,
            "return" => Op::Return,
            "tail_call" => Op::TailCall,
            _ => match (UnOp::from_text(word), BinOp::from_text(word), CmpOp::from_text(word)) {
                (Some(op), ..) => Op::Unary(op),
                (_, Some(op), _) => Op::Binary(op),
                (.., Some(op)) => Op::Compare(op),
                _ => return Ok((self.op_with_immediates(word)?, true)),
            },
        };
        Ok((op, false))
    }

    fn op_with_immediates(&mut self, word: &str) -> Result<Op> {
        Ok(match word {
            "int" => Op::Int(self.number()?),
            "float" => Op::Float(self.float()?),
            "str" => Op::Str(self.str_id()?),
            "self_field" => Op::SelfField(self.str_id()?),
            "check_global" => Op::CheckGlobal(self.str_id()?),
            "get_upvalue" => Op::GetUpvalue(Upvalue::from_u32(self.id("u")?)),
            "set_upvalue" => Op::SetUpvalue(Upvalue::from_u32(self.id("u")?)),
            "get_global" | "set_global" => {
                let env = Upvalue::from_u32(self.id("u")?);
                self.expect(",")?;
                let key = self.str_id()?;
                if word == "get_global" {
                    Op::GetGlobal { env, key }
                } else {
                    Op::SetGlobal { env, key }
                }
            }
            "new_table" => {
                let array = self.number()?;
                self.expect(",")?;
                Op::NewTable {
                    array,
                    record: self.number()?,
                }
            }
            "set_list" => Op::SetList { start: self.number()? },
            "tbc" => Op::Tbc(Scope::from_u32(self.id("s")?)),
            "close" => Op::Close(Scope::from_u32(self.id("s")?)),
            "local_start" => Op::LocalStart(Local::from_u32(self.id("l")?)),
            "local_end" => Op::LocalEnd(Local::from_u32(self.id("l")?)),
            "closure" => {
                let func = FuncRef::from_u32(self.id("f")?);
                let (captures, _) = self.func.add_captures(&[]);
                Op::Closure { func, captures }
            }
            _ => return self.unexpected("an instruction", word.as_bytes()),
        })
    }

    fn float(&mut self) -> Result<FloatBits> {
        if self.peek() == b"nan" {
            self.next();
            self.expect(":")?;
            let word = self.word()?;
            return match u64::from_str_radix(word, 16) {
                Ok(bits) if f64::from_bits(bits).is_nan() => Ok(FloatBits(bits)),
                _ => self.unexpected("the bits of a NaN", word.as_bytes()),
            };
        }
        self.number().map(FloatBits::new)
    }
}
