#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attributes;
mod chunk;
mod from_lua;
mod krate;
mod methods;
mod signature;
mod text;
mod userdata;

use proc_macro::TokenStream;

/// Implements `UserData` for a struct or enum.
///
/// Named fields are readable (their types are cloned) and writable. `#[lua(...)]` on a field says otherwise: `get` and `set` for one of
/// both, `skip` for none, `name = "..."` for another name in Lua. Functions come from blocks with [`userdata_impl`].
#[proc_macro_derive(UserData, attributes(lua))]
pub fn derive_user_data(item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::DeriveInput);
    finish(userdata::derive(&item))
}

/// Registers the functions and constants of an `impl` block of a type that derives `UserData`.
///
/// What a function becomes: with `&self` or `&mut self`, a method; with `self`, a method that takes the value out; else a function.
/// `async` functions become asynchronous ones. A first parameter of type `&Lua` gets the state. Parameters of type `&str` and `&[u8]` borrow
/// strings, other references borrow userdata; `Option` of each may be nil.
///
/// `#[lua(...)]` on an item: `skip`; `name = "..."`; `infallible` (the function returns no `Result`); `getter`, `setter` (of a
/// field); `field` (the value, computed once); `meta` (a metamethod, or with `field` or on a constant, a field of the metatable).
#[proc_macro_attribute]
pub fn userdata_impl(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let block = syn::parse_macro_input!(item as syn::ItemImpl);
    finish(methods::register(&arguments.into(), block))
}

/// Implements `FromLua` for a type that is `Clone`: of a userdata, a clone of its value.
#[proc_macro_derive(FromLua)]
pub fn derive_from_lua(item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::DeriveInput);
    from_lua::derive(item).into()
}

/// A chunk of Lua, written among Rust. Faults in it are errors of the compiler, at their place.
///
/// `$name` stands for a variable of Rust, which is moved into the chunk and converted when it is loaded. The text consists of tokens of Rust:
/// strings are in double quotes, and neither `//` nor `[[` strings are possible. Comments of both languages are.
#[proc_macro]
pub fn chunk(tokens: TokenStream) -> TokenStream {
    finish(chunk::expand(tokens.into()))
}

fn finish(made: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    made.unwrap_or_else(|error| error.to_compile_error()).into()
}
