//! The tokens of Lua.

use crate::lines::Span;
use crate::names::NameId;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    And,
    Break,
    Do,
    Else,
    ElseIf,
    End,
    False,
    For,
    Function,
    Goto,
    If,
    In,
    Local,
    Nil,
    Not,
    Or,
    Repeat,
    Return,
    Then,
    True,
    Until,
    While,
    DoubleSlash,
    DoubleDot,
    TripleDot,
    DoubleEqual,
    GreaterEqual,
    LessEqual,
    TildeEqual,
    DoubleLess,
    DoubleGreater,
    DoubleColon,
    Eof,
    Float,
    Integer,
    Name,
    String,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Caret,
    Hash,
    Ampersand,
    Tilde,
    Pipe,
    Less,
    Greater,
    Equal,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Semicolon,
    Colon,
    Comma,
    Dot,
    /// A byte that begins no token.
    Stray,
}

impl TokenKind {
    /// The kind as messages show it, quotes included.
    pub(crate) fn text(self) -> &'static str {
        match self {
            TokenKind::And => "'and'",
            TokenKind::Break => "'break'",
            TokenKind::Do => "'do'",
            TokenKind::Else => "'else'",
            TokenKind::ElseIf => "'elseif'",
            TokenKind::End => "'end'",
            TokenKind::False => "'false'",
            TokenKind::For => "'for'",
            TokenKind::Function => "'function'",
            TokenKind::Goto => "'goto'",
            TokenKind::If => "'if'",
            TokenKind::In => "'in'",
            TokenKind::Local => "'local'",
            TokenKind::Nil => "'nil'",
            TokenKind::Not => "'not'",
            TokenKind::Or => "'or'",
            TokenKind::Repeat => "'repeat'",
            TokenKind::Return => "'return'",
            TokenKind::Then => "'then'",
            TokenKind::True => "'true'",
            TokenKind::Until => "'until'",
            TokenKind::While => "'while'",
            TokenKind::DoubleSlash => "'//'",
            TokenKind::DoubleDot => "'..'",
            TokenKind::TripleDot => "'...'",
            TokenKind::DoubleEqual => "'=='",
            TokenKind::GreaterEqual => "'>='",
            TokenKind::LessEqual => "'<='",
            TokenKind::TildeEqual => "'~='",
            TokenKind::DoubleLess => "'<<'",
            TokenKind::DoubleGreater => "'>>'",
            TokenKind::DoubleColon => "'::'",
            TokenKind::Eof => "<eof>",
            TokenKind::Float => "<number>",
            TokenKind::Integer => "<integer>",
            TokenKind::Name => "<name>",
            TokenKind::String => "<string>",
            TokenKind::Plus => "'+'",
            TokenKind::Minus => "'-'",
            TokenKind::Star => "'*'",
            TokenKind::Slash => "'/'",
            TokenKind::Percent => "'%'",
            TokenKind::Caret => "'^'",
            TokenKind::Hash => "'#'",
            TokenKind::Ampersand => "'&'",
            TokenKind::Tilde => "'~'",
            TokenKind::Pipe => "'|'",
            TokenKind::Less => "'<'",
            TokenKind::Greater => "'>'",
            TokenKind::Equal => "'='",
            TokenKind::LeftParen => "'('",
            TokenKind::RightParen => "')'",
            TokenKind::LeftBrace => "'{'",
            TokenKind::RightBrace => "'}'",
            TokenKind::LeftBracket => "'['",
            TokenKind::RightBracket => "']'",
            TokenKind::Semicolon => "';'",
            TokenKind::Colon => "':'",
            TokenKind::Comma => "','",
            TokenKind::Dot => "'.'",
            TokenKind::Stray => "<stray>",
        }
    }
}

/// A token with its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// The value of a name, string or number.
    pub(crate) value: TokenValue,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum TokenValue {
    None,
    Name(NameId),
    Integer(i64),
    Float(f64),
}

impl Token {
    /// The name or string that the token holds.
    pub(crate) fn name(&self) -> NameId {
        match self.value {
            TokenValue::Name(name) => name,
            _ => crate::names::Names::EMPTY,
        }
    }
}

/// The reserved word that `bytes` spell, if they do.
pub(crate) fn reserved(bytes: &[u8]) -> Option<TokenKind> {
    if !(2..=8).contains(&bytes.len()) {
        return None;
    }
    Some(match bytes {
        b"and" => TokenKind::And,
        b"break" => TokenKind::Break,
        b"do" => TokenKind::Do,
        b"else" => TokenKind::Else,
        b"elseif" => TokenKind::ElseIf,
        b"end" => TokenKind::End,
        b"false" => TokenKind::False,
        b"for" => TokenKind::For,
        b"function" => TokenKind::Function,
        b"goto" => TokenKind::Goto,
        b"if" => TokenKind::If,
        b"in" => TokenKind::In,
        b"local" => TokenKind::Local,
        b"nil" => TokenKind::Nil,
        b"not" => TokenKind::Not,
        b"or" => TokenKind::Or,
        b"repeat" => TokenKind::Repeat,
        b"return" => TokenKind::Return,
        b"then" => TokenKind::Then,
        b"true" => TokenKind::True,
        b"until" => TokenKind::Until,
        b"while" => TokenKind::While,
        _ => return None,
    })
}
