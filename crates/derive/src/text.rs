//! Rust tokens as Lua text: with the line breaks and spaces that the file has, so that lines of errors are right.

use proc_macro2::{Delimiter, Ident, LineColumn, Span, TokenStream, TokenTree};

/// The text, the variables of Rust in it, and where its parts came from.
#[derive(Default)]
pub struct Text {
    pub lua: String,
    pub captures: Vec<Ident>,
    /// Offsets in the text, ascending, and the tokens that begin there.
    origins: Vec<(usize, Span)>,
    /// Where the last token ended.
    end: Option<LineColumn>,
}

impl Text {
    pub fn of(tokens: TokenStream) -> Text {
        let mut text = Text::default();
        text.stream(tokens);
        text
    }

    /// The token at an offset, or the last before it.
    pub fn origin(&self, offset: usize) -> Span {
        let behind = self.origins.partition_point(|(start, _)| *start <= offset);
        self.origins[..behind]
            .last()
            .map_or_else(Span::call_site, |(_, span)| *span)
    }

    fn stream(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(dollar) if dollar.as_char() == '$' => {
                    match tokens.next_if(|t| matches!(t, TokenTree::Ident(_))) {
                        Some(TokenTree::Ident(name)) => {
                            self.put(&name.to_string(), dollar.span(), name.span());
                            if !self.captures.contains(&name) {
                                self.captures.push(name);
                            }
                        }
                        _ => self.put("$", dollar.span(), dollar.span()),
                    }
                }
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::None => ("", ""),
                    };
                    self.put(open, group.span_open(), group.span_open());
                    self.stream(group.stream());
                    self.put(close, group.span_close(), group.span_close());
                }
                other => self.put(&other.to_string(), other.span(), other.span()),
            }
        }
    }

    /// Appends a token that lies between the starts and the ends of two spans.
    fn put(&mut self, token: &str, first: Span, last: Span) {
        let start = first.start();
        if let Some(end) = self.end {
            if start.line > end.line {
                self.lua.extend(std::iter::repeat_n('\n', start.line - end.line));
            } else if start.column != end.column || start.line < end.line {
                self.lua.push(' ');
            }
        }
        self.origins.push((self.lua.len(), first));
        self.lua.push_str(token);
        self.end = Some(last.end());
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    fn text(rust: &str) -> Text {
        Text::of(rust.parse().expect("these are tokens"))
    }

    #[test]
    fn lines_and_spaces_stay() {
        let source = "local t = {a = 1}\n-- a comment\n\nreturn t.a .. \"x\", t[1], a~=b, ::l::";
        assert_eq!(text(source).lua, source);
    }

    #[test]
    fn captures_are_named_once() {
        let found = text("f($a, $b.c, $a)");
        assert_eq!(found.lua, "f(a, b.c, a)");
        assert_eq!(found.captures, ["a", "b"]);
    }
}
