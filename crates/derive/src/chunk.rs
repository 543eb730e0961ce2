//! `chunk!`

use crate::text::Text;
use perilune_frontend::{Options, parse};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Result};

pub fn expand(tokens: TokenStream) -> Result<TokenStream> {
    let text = Text::of(tokens);
    check(&text)?;
    let krate = crate::krate::path();
    let source = &text.lua;
    let captures = &text.captures;
    let names = captures.iter().map(ToString::to_string);
    let environment = if captures.is_empty() {
        quote!(::core::option::Option::None::<fn(&#krate::Table) -> #krate::Result<()>>)
    } else {
        quote!(::core::option::Option::Some(move |captures: &#krate::Table| {
            #(captures.raw_set(#names, #captures)?;)*
            ::core::result::Result::Ok(())
        }))
    };
    Ok(quote!(#krate::__macros::chunk(#source, #environment)))
}

/// Parses the text, as statements and as an expression: either will do.
fn check(text: &Text) -> Result<()> {
    let statements = parse(text.lua.as_bytes(), &Options::default());
    let Some(error) = statements.errors.first() else {
        return Ok(());
    };
    let expression = format!("return {}", text.lua);
    if parse(expression.as_bytes(), &Options::default()).errors.is_empty() {
        return Ok(());
    }
    let place = text.origin(error.span.start as usize);
    Err(Error::new(place, format!("in this Lua chunk: {error}")))
}
