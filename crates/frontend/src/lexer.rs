//! The scanner: source bytes to tokens, one at a time.
//!
//! It never fails: a fault is recorded, and a token of the intended kind comes out.

use perilune_lang::{Num, is_space, parse_number};

use crate::error::{ErrorKind, Order, Phase, SyntaxError};
use crate::lines::Span;
use crate::names::{NameId, Names};
use crate::token::{Token, TokenKind, TokenValue, reserved};

/// The largest code point of a `\u{...}` escape, 2^31 - 1, after one more digit.
const MAX_BEFORE_DIGIT: u32 = 0x7fff_ffff >> 4;

pub(crate) struct Lexer<'s> {
    source: &'s [u8],
    at: usize,
    /// The line of the last byte read.
    pub(crate) line: u32,
    /// The end of the last token read; errors of scanning happen at that moment.
    last_end: u32,
    /// The contents of a string with escapes, while it is read.
    text: Vec<u8>,
    pub(crate) names: Names,
    pub(crate) errors: Vec<SyntaxError>,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s [u8]) -> Lexer<'s> {
        Lexer {
            source,
            at: 0,
            line: 1,
            last_end: 0,
            text: Vec::new(),
            names: Names::new(),
            errors: Vec::new(),
        }
    }

    /// A scanner that begins at a byte offset, on a given line.
    pub(crate) fn starting_at(source: &'s [u8], at: u32, line: u32) -> Lexer<'s> {
        Lexer {
            at: at as usize,
            line,
            ..Lexer::new(source)
        }
    }

    /// Makes every further token the end of the text.
    pub(crate) fn stop(&mut self) {
        self.source = &self.source[..self.at];
    }

    pub(crate) fn next_token(&mut self) -> Token {
        self.skip_blanks();
        let start = self.at;
        let mut value = TokenValue::None;
        let kind = match self.peek() {
            None => TokenKind::Eof,
            Some(byte) => match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'_' => self.name(&mut value),
                b'0'..=b'9' => self.number(&mut value),
                b'"' | b'\'' => {
                    value = TokenValue::Name(self.short_string(byte));
                    TokenKind::String
                }
                b'.' => match (self.peek_at(1), self.peek_at(2)) {
                    (Some(b'.'), Some(b'.')) => self.take(3, TokenKind::TripleDot),
                    (Some(b'.'), _) => self.take(2, TokenKind::DoubleDot),
                    (Some(b'0'..=b'9'), _) => self.number(&mut value),
                    _ => self.take(1, TokenKind::Dot),
                },
                b'[' => self.bracket(&mut value),
                b'=' => self.either(b'=', TokenKind::DoubleEqual, TokenKind::Equal),
                b'~' => self.either(b'=', TokenKind::TildeEqual, TokenKind::Tilde),
                b'/' => self.either(b'/', TokenKind::DoubleSlash, TokenKind::Slash),
                b':' => self.either(b':', TokenKind::DoubleColon, TokenKind::Colon),
                b'<' if self.peek_at(1) == Some(b'<') => self.take(2, TokenKind::DoubleLess),
                b'<' => self.either(b'=', TokenKind::LessEqual, TokenKind::Less),
                b'>' if self.peek_at(1) == Some(b'>') => self.take(2, TokenKind::DoubleGreater),
                b'>' => self.either(b'=', TokenKind::GreaterEqual, TokenKind::Greater),
                b'+' => self.take(1, TokenKind::Plus),
                b'-' => self.take(1, TokenKind::Minus),
                b'*' => self.take(1, TokenKind::Star),
                b'%' => self.take(1, TokenKind::Percent),
                b'^' => self.take(1, TokenKind::Caret),
                b'#' => self.take(1, TokenKind::Hash),
                b'&' => self.take(1, TokenKind::Ampersand),
                b'|' => self.take(1, TokenKind::Pipe),
                b'(' => self.take(1, TokenKind::LeftParen),
                b')' => self.take(1, TokenKind::RightParen),
                b'{' => self.take(1, TokenKind::LeftBrace),
                b'}' => self.take(1, TokenKind::RightBrace),
                b']' => self.take(1, TokenKind::RightBracket),
                b';' => self.take(1, TokenKind::Semicolon),
                b',' => self.take(1, TokenKind::Comma),
                _ => self.take(1, TokenKind::Stray),
            },
        };
        let span = self.span_from(start);
        self.last_end = span.end;
        Token { kind, span, value }
    }

    /// The token as messages show it after `near`, quotes included. A zero byte shows as nothing,
    /// since the reference has no other token of that number.
    pub(crate) fn near(&self, token: &Token) -> Option<Box<[u8]>> {
        let raw = token.span.of(self.source);
        Some(match token.kind {
            TokenKind::Name | TokenKind::Integer | TokenKind::Float => quote(&[raw]),
            TokenKind::String => {
                // The reference shows its buffer: delimiters and what escapes were turned into.
                let equals = raw.iter().skip(1).take_while(|&&b| b == b'=').count();
                let delimiter = if raw[0] == b'[' { equals + 2 } else { 1 };
                let close = &raw[raw.len() - delimiter.min(raw.len())..];
                quote(&[&raw[..delimiter.min(raw.len())], &self.names[token.name()], close])
            }
            TokenKind::Stray if raw[0] == 0 => return None,
            TokenKind::Stray => stray(raw[0]),
            kind => kind.text().as_bytes().into(),
        })
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn peek_at(&self, offset: usize) -> Option<u8> {
        self.source.get(self.at + offset).copied()
    }

    fn take(&mut self, bytes: usize, kind: TokenKind) -> TokenKind {
        self.at += bytes;
        kind
    }

    fn either(&mut self, second: u8, double: TokenKind, single: TokenKind) -> TokenKind {
        if self.peek_at(1) == Some(second) {
            self.take(2, double)
        } else {
            self.take(1, single)
        }
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(start as u32, self.at as u32)
    }

    fn error(&mut self, kind: ErrorKind, start: usize, near: Box<[u8]>) {
        let order = Order {
            consumed: self.last_end,
            phase: Phase::Scan,
        };
        let span = self.span_from(start);
        self.errors.push(SyntaxError {
            kind,
            span,
            line: self.line,
            near: Some(near),
            order,
        });
    }

    /// Skips `\n`, `\r`, `\r\n` or `\n\r`.
    fn line_break(&mut self, first: u8) {
        self.at += 1;
        if let Some(second @ (b'\n' | b'\r')) = self.peek()
            && second != first
        {
            self.at += 1;
        }
        self.line += 1;
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' | b'\r' => self.line_break(byte),
                b' ' | b'\t' | 0x0b | 0x0c => self.at += 1,
                b'-' if self.peek_at(1) == Some(b'-') => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        self.at += 2;
        if self.peek() == Some(b'[')
            && let Some(level) = self.long_opening()
        {
            self.long_bracket(start, level, "comment");
            return;
        }
        let rest = &self.source[self.at..];
        let length = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
        self.at += length.unwrap_or(rest.len());
    }

    fn name(&mut self, value: &mut TokenValue) -> TokenKind {
        let rest = &self.source[self.at..];
        let length = rest.iter().position(|&b| !is_name_byte(b)).unwrap_or(rest.len());
        let name = &rest[..length];
        self.at += length;
        if let Some(kind) = reserved(name) {
            return kind;
        }
        *value = TokenValue::Name(self.names.intern(name));
        TokenKind::Name
    }

    fn number(&mut self, value: &mut TokenValue) -> TokenKind {
        let start = self.at;
        // As in the reference, a dot in front does not keep `.0x1` from going on as a hexadecimal numeral does, and being wrong whole.
        self.at += usize::from(self.peek() == Some(b'.'));
        let hex = self.peek() == Some(b'0') && matches!(self.peek_at(1), Some(b'x' | b'X'));
        self.at += if hex { 2 } else { 1 };
        while let Some(byte) = self.peek() {
            let mark = if hex { b'p' } else { b'e' };
            if byte | 0x20 == mark {
                self.at += 1;
                self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            } else if byte.is_ascii_hexdigit() || byte == b'.' {
                self.at += 1;
            } else {
                // A letter that touches the numeral belongs to it, and makes it wrong.
                self.at += usize::from(byte.is_ascii_alphabetic() || byte == b'_');
                break;
            }
        }
        let text = &self.source[start..self.at];
        match parse_number(text) {
            Some(Num::Int(i)) => {
                *value = TokenValue::Integer(i);
                TokenKind::Integer
            }
            Some(Num::Float(f)) => {
                *value = TokenValue::Float(f);
                TokenKind::Float
            }
            None => {
                let near = quote(&[text]);
                self.error(ErrorKind::Message("malformed number"), start, near);
                *value = TokenValue::Integer(0);
                TokenKind::Integer
            }
        }
    }

    fn bracket(&mut self, value: &mut TokenValue) -> TokenKind {
        let start = self.at;
        match self.long_opening() {
            Some(level) => {
                let (from, to) = self.long_bracket(start, level, "string");
                let raw = &self.source[from..to];
                *value = TokenValue::Name(if raw.contains(&b'\r') {
                    let text = unify_line_breaks(raw);
                    self.names.intern(&text)
                } else {
                    self.names.intern(raw)
                });
                TokenKind::String
            }
            None if self.peek_at(1) == Some(b'=') => {
                let equals = self.source[start + 1..].iter().take_while(|&&b| b == b'=').count();
                self.at += 1 + equals;
                let near = quote(&[&self.source[start..self.at]]);
                self.error(ErrorKind::Message("invalid long string delimiter"), start, near);
                *value = TokenValue::Name(Names::EMPTY);
                TokenKind::String
            }
            None => self.take(1, TokenKind::LeftBracket),
        }
    }

    /// The level of the long bracket that opens here, if one does.
    fn long_opening(&self) -> Option<usize> {
        let rest = &self.source[self.at + 1..];
        let level = rest.iter().take_while(|&&b| b == b'=').count();
        (rest.get(level) == Some(&b'[')).then_some(level)
    }

    /// Reads a long bracket and returns the range of its contents.
    fn long_bracket(&mut self, start: usize, level: usize, what: &'static str) -> (usize, usize) {
        let line = self.line;
        self.at += level + 2;
        if let Some(byte @ (b'\n' | b'\r')) = self.peek() {
            self.line_break(byte);
        }
        let from = self.at;
        loop {
            let rest = &self.source[self.at..];
            match rest.iter().position(|b| matches!(b, b']' | b'\n' | b'\r')) {
                None => {
                    self.at = self.source.len();
                    let near = TokenKind::Eof.text().as_bytes().into();
                    self.error(ErrorKind::UnfinishedLong { what, line }, start, near);
                    return (from, self.at);
                }
                Some(offset) => self.at += offset,
            }
            match self.source[self.at] {
                b']' => {
                    let to = self.at;
                    let rest = &self.source[to + 1..];
                    let equals = rest.iter().take_while(|&&b| b == b'=').count();
                    self.at += 1 + equals;
                    if equals == level && self.peek() == Some(b']') {
                        self.at += 1;
                        return (from, to);
                    }
                }
                byte => self.line_break(byte),
            }
        }
    }

    fn short_string(&mut self, delimiter: u8) -> NameId {
        let start = self.at;
        self.at += 1;
        // Most strings have no escapes and are taken from the source as they are.
        let rest = &self.source[self.at..];
        let plain = rest
            .iter()
            .position(|&b| b == delimiter || matches!(b, b'\\' | b'\n' | b'\r'))
            .unwrap_or(rest.len());
        if rest.get(plain) == Some(&delimiter) {
            self.at += plain + 1;
            return self.names.intern(&rest[..plain]);
        }
        self.text.clear();
        loop {
            let rest = &self.source[self.at..];
            let plain = rest
                .iter()
                .position(|&b| b == delimiter || matches!(b, b'\\' | b'\n' | b'\r'))
                .unwrap_or(rest.len());
            self.text.extend_from_slice(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                None => {
                    let near = TokenKind::Eof.text().as_bytes().into();
                    self.error(ErrorKind::Message("unfinished string"), start, near);
                    break;
                }
                Some(b'\\') => self.escape(delimiter, start),
                Some(b'\n' | b'\r') => {
                    let near = quote(&[&[delimiter], &self.text]);
                    self.error(ErrorKind::Message("unfinished string"), start, near);
                    break;
                }
                Some(_) => {
                    self.at += 1;
                    break;
                }
            }
        }
        self.names.intern(&self.text)
    }

    /// Reads an escape sequence into `text`.
    fn escape(&mut self, delimiter: u8, start: usize) {
        let backslash = self.at;
        self.at += 1;
        let Some(byte) = self.peek() else { return };
        let simple = match byte {
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'\\' | b'"' | b'\'' => byte,
            b'\n' | b'\r' => {
                self.line_break(byte);
                self.text.push(b'\n');
                return;
            }
            b'z' => {
                self.at += 1;
                while let Some(blank) = self.peek().filter(|&b| is_space(b)) {
                    match blank {
                        b'\n' | b'\r' => self.line_break(blank),
                        _ => self.at += 1,
                    }
                }
                return;
            }
            _ => {
                let result = match byte {
                    b'x' => self.hex_escape(),
                    b'u' => self.utf8_escape(),
                    b'0'..=b'9' => self.decimal_escape(),
                    _ => Err("invalid escape sequence"),
                };
                if let Err(message) = result {
                    // The message shows the byte at which reading stopped, too.
                    let end = (self.at + 1).min(self.source.len());
                    let raw = &self.source[backslash..end];
                    let near = quote(&[&[delimiter], &self.text, raw]);
                    self.error(ErrorKind::Message(message), start, near);
                }
                return;
            }
        };
        self.at += 1;
        self.text.push(simple);
    }

    fn hex_digit(&mut self) -> Result<u32, &'static str> {
        let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
        digit.inspect(|_| self.at += 1).ok_or("hexadecimal digit expected")
    }

    fn hex_escape(&mut self) -> Result<(), &'static str> {
        self.at += 1;
        let high = self.hex_digit()?;
        let low = self.hex_digit()?;
        self.text.push((high << 4 | low) as u8);
        Ok(())
    }

    fn decimal_escape(&mut self) -> Result<(), &'static str> {
        let mut value = 0;
        for _ in 0..3 {
            let Some(digit @ b'0'..=b'9') = self.peek() else {
                break;
            };
            value = value * 10 + u32::from(digit - b'0');
            self.at += 1;
        }
        self.text
            .push(u8::try_from(value).map_err(|_| "decimal escape too large")?);
        Ok(())
    }

    fn utf8_escape(&mut self) -> Result<(), &'static str> {
        self.at += 1;
        if self.peek() != Some(b'{') {
            return Err("missing '{'");
        }
        self.at += 1;
        let mut value = self.hex_digit()?;
        while self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
            if value > MAX_BEFORE_DIGIT {
                return Err("UTF-8 value too large");
            }
            value = value << 4 | self.hex_digit()?;
        }
        if self.peek() != Some(b'}') {
            return Err("missing '}'");
        }
        self.at += 1;
        push_utf8(&mut self.text, value);
        Ok(())
    }
}

/// Appends the UTF-8 form of a value below 2^31, up to six bytes as UTF-8 once had.
fn push_utf8(text: &mut Vec<u8>, value: u32) {
    if value < 0x80 {
        text.push(value as u8);
        return;
    }
    let mut extra = 1;
    while extra < 5 && value >> (6 * extra + 6 - extra) != 0 {
        extra += 1;
    }
    let lead = !(0xffu8 >> (extra + 1));
    text.push(lead | (value >> (6 * extra)) as u8);
    for position in (0..extra).rev() {
        text.push(0x80 | (value >> (6 * position) & 0x3f) as u8);
    }
}

fn unify_line_breaks(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        at += 1;
        if !matches!(byte, b'\n' | b'\r') {
            text.push(byte);
            continue;
        }
        if let Some(&second @ (b'\n' | b'\r')) = raw.get(at)
            && second != byte
        {
            at += 1;
        }
        text.push(b'\n');
    }
    text
}

/// May a name have this byte after its first?
#[inline(always)]
fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES[usize::from(byte)]
}

static NAME_BYTES: [bool; 256] = {
    let mut is_name = [false; 256];
    let mut byte = 0;
    while byte < is_name.len() {
        is_name[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    is_name
};

/// The parts in quotes, up to the first zero byte, where a C string ends.
fn quote(parts: &[&[u8]]) -> Box<[u8]> {
    let mut out = vec![b'\''];
    out.extend(parts.iter().copied().flatten().take_while(|&&b| b != 0));
    out.push(b'\'');
    out.into()
}

/// A byte that begins no token as messages show it.
fn stray(byte: u8) -> Box<[u8]> {
    match byte {
        b' '..=b'~' => [b'\'', byte, b'\''].into(),
        _ => format!("'<\\{byte}>'").into_bytes().into(),
    }
}
