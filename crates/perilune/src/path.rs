//! Paths of fields: `a.b[3]?.c["d"]`.

use crate::error::{Error, Result};
use crate::lua::Lua;
use crate::traits::IntoLua;
use crate::value::{Integer, Value};
use std::fmt;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Name(String),
    Index(Integer),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Name(name) => f.write_str(name),
            Key::Index(i) => write!(f, "{i}"),
        }
    }
}

impl IntoLua for Key {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        match self {
            Key::Name(name) => name.into_lua(lua),
            Key::Index(i) => Ok(Value::Integer(i)),
        }
    }
}

/// The steps of a path, each with whether it is followed by `?`.
pub(crate) fn lookup_path(path: &str) -> Result<Vec<(Key, bool)>> {
    let mut parser = Parser { path, at: 0 };
    let mut steps = Vec::new();
    loop {
        parser.skip_space();
        let Some(c) = parser.peek() else { break };
        let key = match c {
            '.' => {
                let start = parser.at;
                parser.at += 1;
                parser.name(start)?
            }
            '[' => {
                parser.at += 1;
                parser.bracket()?
            }
            // The first name needs no dot.
            _ if steps.is_empty() => parser.name(parser.at)?,
            c => return Err(parser.unexpected(c)),
        };
        let stops = parser.peek() == Some('?');
        if stops {
            parser.at += 1;
        }
        steps.push((key, stops));
    }
    Ok(steps)
}

struct Parser<'a> {
    path: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.path[self.at..].chars().next()
    }

    fn skip_space(&mut self) {
        let rest = &self.path[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn error(&self, what: &str, at: usize) -> Error {
        Error::runtime(format!("{what} in path at position {at}"))
    }

    fn unexpected(&self, c: char) -> Error {
        self.error(&format!("unexpected character '{c}'"), self.at)
    }

    fn name(&mut self, start: usize) -> Result<Key> {
        let rest = &self.path[self.at..];
        let len = rest
            .find(|c: char| matches!(c, '.' | '?' | '[') || c.is_ascii_whitespace())
            .unwrap_or(rest.len());
        if len == 0 {
            return Err(self.error("empty key", start));
        }
        self.at += len;
        Ok(Key::Name(rest[..len].to_string()))
    }

    fn bracket(&mut self) -> Result<Key> {
        let key = match self.peek() {
            Some('0'..='9' | '-') => self.index()?,
            Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
            Some(']') => return Err(self.error("empty key", self.at)),
            Some(c) => return Err(self.unexpected(c)),
            None => return Err(Error::runtime("unexpected end of path")),
        };
        match self.peek() {
            Some(']') => {
                self.at += 1;
                Ok(key)
            }
            Some(c) => Err(self.error(&format!("expected ']', got '{c}'"), self.at)),
            None => Err(Error::runtime("unexpected end of path")),
        }
    }

    fn index(&mut self) -> Result<Key> {
        let start = self.at;
        let rest = &self.path[start..];
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(self.error("invalid integer", start));
        }
        self.at += sign + digits;
        match rest[..sign + digits].parse() {
            Ok(i) => Ok(Key::Index(i)),
            Err(_) => Err(self.error("integer overflow", start)),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Key> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        let mut chars = self.path[self.at..].char_indices();
        let begin = self.at;
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at = begin + at + 1;
                return Ok(Key::Name(text));
            }
            if c == '\\' {
                match chars.next() {
                    Some((_, escaped)) => text.push(escaped),
                    None => break,
                }
            } else {
                text.push(c);
            }
        }
        Err(self.error("unexpected end of string", start))
    }
}
