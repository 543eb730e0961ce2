//! Reads the text form of modules; see [`disasm`](crate::disasm) for what [`disasm`](crate::disasm()) writes.
//!
//! What people write may be shorter: `params`, `frame` and `lines` of a function may be missing (the frame is
//! then as large as the instructions need), word offsets too, and a jump may name a label that stands
//! on a line of its own, as `top:`.

use std::collections::BTreeMap;
use std::fmt;

use crate::disasm::name_word;
use crate::field::{Capture, Captures, FieldType, Reg, ResultCount, Upvalue};
use crate::live::LiveSet;
use crate::module::{
    Constant, Function, LineEntry, LocalVar, Module, NameKind, OperandName, Safepoint, UpvalueDesc, VariableKind,
};
use crate::op::{Op, OwnedField, from_fields};
use crate::opcode::{FieldInfo, Opcode, Role};

/// Text that is not a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// The line of the text, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub kind: AsmErrorKind,
}

/// A reason of an [`AsmError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AsmErrorKind {
    /// Something else was expected here.
    Expected(&'static str),
    /// A character that belongs to no token.
    Character(char),
    /// A string without its end, or with an escape that has no meaning.
    String,
    /// No instruction has this name.
    UnknownInstruction(String),
    /// A value does not fit its field, or the number of operands is wrong.
    Operands(Opcode),
    /// The word offset at the start of the line is not the one of the instruction.
    Offset {
        /// The one of the instruction.
        actual: u32,
    },
    /// No label has this name.
    UnknownLabel(String),
    /// Two labels have this name.
    DuplicateLabel(String),
    /// The jump does not reach its target.
    JumpTooFar,
    /// The function, upvalue or constant is not the next one.
    Number {
        /// The number of the next one.
        next: usize,
    },
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.kind {
            AsmErrorKind::Expected(what) => write!(f, "expected {what}"),
            AsmErrorKind::Character(c) => write!(f, "unexpected character {c:?}"),
            AsmErrorKind::String => f.write_str("malformed string"),
            AsmErrorKind::UnknownInstruction(name) => write!(f, "unknown instruction `{name}`"),
            AsmErrorKind::Operands(opcode) => write!(f, "the operands do not fit `{opcode}`"),
            AsmErrorKind::Offset { actual } => write!(f, "the instruction stands at word {actual}"),
            AsmErrorKind::UnknownLabel(name) => write!(f, "unknown label `{name}`"),
            AsmErrorKind::DuplicateLabel(name) => write!(f, "label `{name}` is bound twice"),
            AsmErrorKind::JumpTooFar => f.write_str("the jump does not reach its target"),
            AsmErrorKind::Number { next } => write!(f, "the next number is {next}"),
        }
    }
}

impl std::error::Error for AsmError {}

type Result<T> = std::result::Result<T, AsmErrorKind>;

/// The module that the text describes: `assemble(&disasm(module))` is `module` (if no live map lists a slot that
/// no frame can have, past [`MAX_FRAME`](crate::MAX_FRAME)).
///
/// # Errors
/// The first line that cannot be read. What a text may say wrongly beyond that,
/// [`verify`](crate::verify) finds.
pub fn assemble(text: &str) -> std::result::Result<Module, AsmError> {
    let mut parser = Parser {
        module: Module::default(),
        named: false,
        open: None,
    };
    let mut last = 1;
    for (number, line) in (1..).zip(text.lines()) {
        last = number;
        if line.split_whitespace().next() == Some("function") {
            parser.close()?;
        }
        parser
            .line(number, line)
            .map_err(|kind| AsmError { line: number, kind })?;
    }
    parser.close()?;
    if !parser.named {
        return Err(AsmError {
            line: last,
            kind: AsmErrorKind::Expected("`module`"),
        });
    }
    Ok(parser.module)
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    /// Letters, digits and what stands in numbers.
    Word(&'a str),
    Str(Vec<u8>),
    Punct(char),
}

fn tokens(line: &str) -> Result<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        match c {
            ';' => break,
            ' ' | '\t' => rest = &rest[1..],
            ',' | '{' | '}' | '[' | ']' | ':' => {
                tokens.push(Token::Punct(c));
                rest = &rest[1..];
            }
            '"' => {
                let (bytes, behind) = string(&rest[1..])?;
                tokens.push(Token::Str(bytes));
                rest = behind;
            }
            _ if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..end]));
                rest = &rest[end..];
            }
            c => return Err(AsmErrorKind::Character(c)),
        }
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '-' | '@')
}

/// The bytes up to the closing quote, and what is behind it.
fn string(text: &str) -> Result<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((bytes, &text[at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => bytes.push(b'\n'),
                Some(c @ ('"' | '\\')) => bytes.push(c as u8),
                Some('x') => {
                    let mut digit = || {
                        chars
                            .next()
                            .and_then(|(_, c)| c.to_digit(16))
                            .ok_or(AsmErrorKind::String)
                    };
                    bytes.push((digit()? * 16 + digit()?) as u8);
                }
                _ => return Err(AsmErrorKind::String),
            },
            c => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err(AsmErrorKind::String)
}

struct Parser {
    module: Module,
    named: bool,
    open: Option<Open>,
}

/// The function whose lines are being read.
struct Open {
    function: Function,
    frame_given: bool,
    labels: BTreeMap<String, u32>,
    jumps: Vec<Jump>,
}

struct Jump {
    line: u32,
    at: u32,
    op: Op,
    to: Target,
}

enum Target {
    Word(i64),
    Label(String),
}

/// The tokens of a line that are still to be read.
struct Cursor<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token<'a>>>,
}

impl<'a> Cursor<'a> {
    fn word(&mut self, what: &'static str) -> Result<&'a str> {
        match self.tokens.next() {
            Some(Token::Word(word)) => Ok(word),
            _ => Err(AsmErrorKind::Expected(what)),
        }
    }

    fn string(&mut self, what: &'static str) -> Result<Vec<u8>> {
        match self.tokens.next() {
            Some(Token::Str(bytes)) => Ok(bytes),
            _ => Err(AsmErrorKind::Expected(what)),
        }
    }

    fn eat(&mut self, token: Token<'_>) -> bool {
        let found = self.tokens.peek() == Some(&token);
        if found {
            self.tokens.next();
        }
        found
    }

    fn punct(&mut self, c: char, what: &'static str) -> Result<()> {
        if self.eat(Token::Punct(c)) {
            Ok(())
        } else {
            Err(AsmErrorKind::Expected(what))
        }
    }

    fn number<T: std::str::FromStr>(&mut self, what: &'static str) -> Result<T> {
        self.word(what)?.parse().map_err(|_| AsmErrorKind::Expected(what))
    }

    /// A number behind a letter.
    fn numbered(&mut self, letter: char, what: &'static str) -> Result<u32> {
        numbered(self.word(what)?, letter).ok_or(AsmErrorKind::Expected(what))
    }

    /// `a..b`
    fn range(&mut self, what: &'static str) -> Result<(u32, u32)> {
        let (from, to) = self.word(what)?.split_once("..").ok_or(AsmErrorKind::Expected(what))?;
        match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) => Ok((from, to)),
            _ => Err(AsmErrorKind::Expected(what)),
        }
    }

    fn end(&mut self) -> Result<()> {
        if self.tokens.peek().is_none() {
            Ok(())
        } else {
            Err(AsmErrorKind::Expected("the end of the line"))
        }
    }
}

fn numbered<T: std::str::FromStr>(word: &str, letter: char) -> Option<T> {
    word.strip_prefix(letter)?.parse().ok()
}

fn in_order(number: u32, next: usize) -> Result<()> {
    if number as usize == next {
        Ok(())
    } else {
        Err(AsmErrorKind::Number { next })
    }
}

impl Parser {
    fn line(&mut self, number: u32, line: &str) -> Result<()> {
        let mut cursor = Cursor {
            tokens: tokens(line)?.into_iter().peekable(),
        };
        match cursor.tokens.peek() {
            None => return Ok(()),
            Some(Token::Word("module")) if !self.named => {
                cursor.tokens.next();
                self.named = true;
                self.module.name = cursor.string("the name of the module")?;
            }
            Some(_) if !self.named => return Err(AsmErrorKind::Expected("`module`")),
            Some(Token::Word("function")) => {
                cursor.tokens.next();
                let next = self.module.functions.len();
                self.open = Some(Open::new(&mut cursor, next)?);
            }
            Some(_) => {
                let open = self.open.as_mut().ok_or(AsmErrorKind::Expected("`function`"))?;
                open.line(&mut cursor, number)?;
            }
        }
        cursor.end()
    }

    /// Ends the open function: resolves its jumps.
    fn close(&mut self) -> std::result::Result<(), AsmError> {
        if let Some(open) = self.open.take() {
            self.module.functions.push(open.finish()?);
        }
        Ok(())
    }
}

impl Open {
    fn new(cursor: &mut Cursor<'_>, next: usize) -> Result<Self> {
        in_order(cursor.numbered('f', "the number of the function")?, next)?;
        let mut function = Function::default();
        let mut frame_given = false;
        if let Some(Token::Str(_)) = cursor.tokens.peek() {
            function.name = Some(cursor.string("the name of the function")?);
        }
        while cursor.tokens.peek().is_some() {
            match cursor.word("a property of the function")? {
                "params" => function.params = cursor.number("the number of parameters")?,
                "vararg" => function.vararg = true,
                "frame" => {
                    function.frame_size = cursor.number("the size of the frame")?;
                    frame_given = true;
                }
                "lines" => (function.line_defined, function.last_line) = cursor.range("first..last line")?,
                _ => return Err(AsmErrorKind::Expected("`params`, `vararg`, `frame` or `lines`")),
            }
        }
        Ok(Open {
            function,
            frame_given,
            labels: BTreeMap::new(),
            jumps: Vec::new(),
        })
    }

    fn line(&mut self, cursor: &mut Cursor<'_>, number: u32) -> Result<()> {
        let mut word = cursor.word("an instruction")?;
        let function = &mut self.function;
        let at = function.code.len() as u32;
        if cursor.eat(Token::Punct(':')) {
            return match self.labels.insert(word.to_string(), at) {
                None => Ok(()),
                Some(_) => Err(AsmErrorKind::DuplicateLabel(word.to_string())),
            };
        }
        match word {
            "upvalue" => {
                in_order(
                    cursor.numbered('u', "the number of the upvalue")?,
                    function.upvalues.len(),
                )?;
                let name = cursor.string("the name of the upvalue")?;
                let kind = cursor.word("the kind of the upvalue")?;
                let kind = VariableKind::ALL.iter().find(|(_, text)| *text == kind);
                let (kind, _) = *kind.ok_or(AsmErrorKind::Expected("`regular`, `const` or `close`"))?;
                function.upvalues.push(UpvalueDesc {
                    name: name.into(),
                    kind,
                });
                return Ok(());
            }
            "constant" => {
                in_order(
                    cursor.numbered('k', "the number of the constant")?,
                    function.constants.len(),
                )?;
                let token = cursor.tokens.next();
                function
                    .constants
                    .push(token.and_then(constant).ok_or(AsmErrorKind::Expected("a constant"))?);
                return Ok(());
            }
            "local" => {
                let name = cursor.string("the name of the local variable")?;
                let slot = cursor.numbered('r', "the slot of the local variable")?;
                let (start, end) = cursor.range("start..end")?;
                function.locals.push(LocalVar {
                    name: name.into(),
                    start,
                    end,
                    slot,
                });
                return Ok(());
            }
            "line" | "live" | "name" => {
                if cursor.word("`at`")? != "at" {
                    return Err(AsmErrorKind::Expected("`at`"));
                }
                let at = cursor.number("a word offset")?;
                return self.entry(cursor, word, at);
            }
            _ => {}
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            if word.parse() != Ok(at) {
                return Err(AsmErrorKind::Offset { actual: at });
            }
            word = cursor.word("an instruction")?;
        }
        if word == ".word" {
            let word = cursor.word("a word")?;
            let digits = word
                .strip_prefix("0x")
                .and_then(|digits| u64::from_str_radix(digits, 16).ok());
            function
                .code
                .push(digits.ok_or(AsmErrorKind::Expected("a word in hexadecimal digits"))?);
        } else {
            self.instruction(cursor, number, word)?;
        }
        while cursor.eat(Token::Punct('{')) {
            let table = cursor.word("`line`, `live` or `name`")?;
            self.entry(cursor, table, at)?;
            cursor.punct('}', "`}`")?;
        }
        Ok(())
    }

    /// An entry of a table that belongs to the instruction at the word.
    fn entry(&mut self, cursor: &mut Cursor<'_>, table: &str, at: u32) -> Result<()> {
        let function = &mut self.function;
        match table {
            "line" => {
                let line = cursor.number("a line")?;
                cursor.punct(':', "`:`")?;
                let column = cursor.number("a column")?;
                function.lines.push(LineEntry { at, line, column });
            }
            "live" => {
                let mut slots = Vec::new();
                while let Some(Token::Word(_)) = cursor.tokens.peek() {
                    let slot = cursor.numbered('r', "a slot")?;
                    // The set takes memory up to its largest member.
                    if slot >= crate::verify::MAX_FRAME {
                        return Err(AsmErrorKind::Expected("a slot below 65536"));
                    }
                    slots.push(slot);
                }
                let live: LiveSet = slots.into_iter().collect();
                function.safepoints.push(Safepoint { at, live });
            }
            "name" => {
                let operand = cursor.number("the number of an operand")?;
                let kind = cursor.word("the kind of the name")?;
                let kind = NameKind::ALL
                    .iter()
                    .map(|(kind, _)| *kind)
                    .find(|known| name_word(*known) == kind);
                let kind = kind.ok_or(AsmErrorKind::Expected("the kind of the name"))?;
                let name = cursor.string("a name")?;
                function.names.push(OperandName {
                    at,
                    operand,
                    kind,
                    name: name.into(),
                });
            }
            _ => return Err(AsmErrorKind::Expected("`line`, `live` or `name`")),
        }
        Ok(())
    }

    fn instruction(&mut self, cursor: &mut Cursor<'_>, number: u32, name: &str) -> Result<()> {
        let opcode = Opcode::from_name(name).ok_or_else(|| AsmErrorKind::UnknownInstruction(name.to_string()))?;
        let mut fields = Vec::new();
        let mut target = None;
        for (index, info) in opcode
            .info()
            .fields
            .iter()
            .filter(|info| info.ty != FieldType::Cache)
            .enumerate()
        {
            if index > 0 {
                cursor.punct(',', "`,`")?;
            }
            fields.push(if info.role == Role::Jump {
                let word = cursor.word("the target of the jump")?;
                target = Some(match word.strip_prefix('@') {
                    Some(digits) => Target::Word(digits.parse().map_err(|_| AsmErrorKind::Expected("a word offset"))?),
                    None => Target::Label(word.to_string()),
                });
                OwnedField::Number(0)
            } else {
                operand(cursor, info)?
            });
        }
        let op = from_fields(opcode, &fields).ok_or(AsmErrorKind::Operands(opcode))?;
        let at = self.function.code.len() as u32;
        op.encode(&mut self.function.code);
        if !self.frame_given {
            self.function.frame_size = self.function.frame_size.max(op.frame_extent());
        }
        if let Some(to) = target {
            self.jumps.push(Jump {
                line: number,
                at,
                op,
                to,
            });
        }
        Ok(())
    }

    /// Resolves the jumps.
    fn finish(self) -> std::result::Result<Function, AsmError> {
        let mut function = self.function;
        if !self.frame_given {
            function.frame_size = function.frame_size.max(function.params.into());
        }
        for Jump { line, at, op, to } in self.jumps {
            let fail = |kind| AsmError { line, kind };
            let to = match to {
                Target::Word(word) => word,
                Target::Label(name) => match self.labels.get(&name) {
                    Some(&word) => word.into(),
                    None => return Err(fail(AsmErrorKind::UnknownLabel(name))),
                },
            };
            let distance = to.saturating_sub(i64::from(at) + op.words() as i64);
            let op = i32::try_from(distance).ok().and_then(|distance| op.with_jump(distance));
            let mut words = Vec::new();
            op.ok_or(fail(AsmErrorKind::JumpTooFar))?.encode(&mut words);
            function.code[at as usize..at as usize + words.len()].copy_from_slice(&words);
        }
        Ok(function)
    }
}

fn constant(token: Token<'_>) -> Option<Constant> {
    Some(match token {
        Token::Str(bytes) => Constant::Str(bytes.into()),
        Token::Word("nil") => Constant::Nil,
        Token::Word("false") => Constant::False,
        Token::Word("true") => Constant::True,
        Token::Word(word) => match (word.parse(), word.strip_prefix("nan.0x")) {
            (Ok(value), _) => Constant::Int(value),
            (_, Some(digits)) => Constant::Float(f64::from_bits(u64::from_str_radix(digits, 16).ok()?)),
            _ => Constant::Float(word.parse().ok()?),
        },
        Token::Punct(_) => return None,
    })
}

/// Reads a field that is no jump.
fn operand(cursor: &mut Cursor<'_>, info: &FieldInfo) -> Result<OwnedField> {
    if info.ty == FieldType::Captures {
        return captures(cursor).map(OwnedField::Captures);
    }
    let (letter, what) = match (info.ty, info.role) {
        (FieldType::Reg, _) => (Some('r'), "a register"),
        (FieldType::Const, _) | (FieldType::Wide, Role::WideConst) => (Some('k'), "a constant"),
        (FieldType::Upvalue, _) => (Some('u'), "an upvalue"),
        (FieldType::Slot, _) => (Some('s'), "a slot"),
        (FieldType::Wide, Role::Proto) => (Some('f'), "a function"),
        _ => (None, "a number"),
    };
    let word = cursor.word(what)?;
    let number = match letter {
        Some(letter) => numbered(word, letter),
        None if info.ty == FieldType::ResultCount && word == "open" => Some(i64::from(ResultCount::OPEN.0)),
        None => word.parse().ok(),
    };
    if letter == Some('k') {
        skip_literal(cursor);
    }
    number.map(OwnedField::Number).ok_or(AsmErrorKind::Expected(what))
}

/// What the constant is stands behind its number for the reader only.
fn skip_literal(cursor: &mut Cursor<'_>) {
    if let Some(Token::Word(_) | Token::Str(_)) = cursor.tokens.peek() {
        cursor.tokens.next();
        cursor.eat(Token::Word("..."));
    }
}

fn captures(cursor: &mut Cursor<'_>) -> Result<Captures> {
    cursor.punct('[', "`[`")?;
    let mut captures = Vec::new();
    while !cursor.eat(Token::Punct(']')) {
        let word = cursor.word("a register, an upvalue or `]`")?;
        let capture = match numbered(word, 'r') {
            Some(reg) => Some(Capture::Register(Reg(reg))),
            None => numbered(word, 'u').map(|upvalue| Capture::Upvalue(Upvalue(upvalue))),
        };
        captures.push(capture.ok_or(AsmErrorKind::Expected("a register or an upvalue"))?);
    }
    Ok(Captures(captures))
}
