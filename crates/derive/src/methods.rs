//! `#[userdata_impl]`

use crate::attributes::{Attributes, conditions, others};
use crate::signature::{Receiver, State, Taken};
use crate::userdata::registration;
use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Error, ImplItem, ImplItemConst, ImplItemFn, ItemImpl, Path, Result, Type};

const OF_FUNCTIONS: &[&str] = &["skip", "name", "infallible", "getter", "setter", "field", "meta"];
const OF_CONSTANTS: &[&str] = &["skip", "name", "field", "meta"];

pub fn register(arguments: &TokenStream, mut block: ItemImpl) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "`userdata_impl` takes no arguments"));
    }
    let Type::Path(of) = &*block.self_ty else {
        return Err(Error::new_spanned(&block.self_ty, "expected the path of a type"));
    };
    let mut beside: Path = of.path.clone();
    let Some(last) = beside.segments.last_mut() else {
        return Err(Error::new_spanned(&block.self_ty, "expected the path of a type"));
    };
    last.ident = registration(&last.ident);
    let krate = crate::krate::path();
    let of = of.path.to_token_stream();
    let mut entries = Vec::new();
    for item in &block.items {
        let entry = match item {
            ImplItem::Fn(function) => of_function(&krate, &of, function)?,
            ImplItem::Const(constant) => of_constant(&krate, &of, constant)?,
            _ => None,
        };
        // Outside of the block, `Self` has no meaning.
        entries.extend(entry.map(|entry| without_self(entry, &of)));
    }
    for item in &mut block.items {
        match item {
            ImplItem::Fn(function) => others(&mut function.attrs),
            ImplItem::Const(constant) => others(&mut constant.attrs),
            _ => {}
        }
    }
    Ok(quote! {
        #krate::__macros::inventory::submit! {
            #beside(|registry| {
                #(#entries)*
            })
        }

        #block
    })
}

fn without_self(tokens: TokenStream, of: &TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => of.clone(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_self(group.stream(), of));
                inner.set_span(group.span());
                TokenTree::Group(inner).into_token_stream()
            }
            other => other.into_token_stream(),
        })
        .collect()
}

fn of_constant(krate: &TokenStream, of: &TokenStream, constant: &ImplItemConst) -> Result<Option<TokenStream>> {
    let attributes = Attributes::of(&constant.attrs, OF_CONSTANTS)?;
    if attributes.skip {
        return Ok(None);
    }
    let (ident, conditions) = (&constant.ident, conditions(&constant.attrs));
    let (add, name) = (add_field(attributes.meta), attributes.name(ident));
    Ok(Some(quote! {
        #(#conditions)*
        #krate::UserDataFields::#add(registry, #name, <#of>::#ident);
    }))
}

fn add_field(of_metatable: bool) -> TokenStream {
    match of_metatable {
        true => quote!(add_meta_field),
        false => quote!(add_field),
    }
}

fn of_function(krate: &TokenStream, of: &TokenStream, function: &ImplItemFn) -> Result<Option<TokenStream>> {
    let attributes = Attributes::of(&function.attrs, OF_FUNCTIONS)?;
    if attributes.skip {
        return Ok(None);
    }
    let signature = &function.sig;
    let fails = |message: &str| Err(Error::new_spanned(signature, message));
    let taken = Taken::of(signature, krate)?;
    let is_async = signature.asyncness.is_some();
    if [attributes.getter, attributes.setter, attributes.field]
        .iter()
        .filter(|set| **set)
        .count()
        > 1
    {
        return fails("a function is one of `getter`, `setter` and `field`");
    }
    if attributes.meta && (attributes.getter || attributes.setter) {
        return fails("`meta` goes with `field` only");
    }
    if is_async && (attributes.getter || attributes.setter || attributes.field) {
        return fails("fields are not asynchronous");
    }
    if taken.state == Some(State::Owned) && !is_async {
        return fails("only asynchronous functions own the state; take `&Lua`");
    }
    let (ident, name) = (&signature.ident, attributes.name(&signature.ident));
    let conditions = conditions(&function.attrs);
    let state = match (taken.state, is_async) {
        (None, _) => None,
        (Some(State::Borrowed), true) => Some(quote!(&lua,)),
        (Some(_), _) => Some(quote!(lua,)),
    };
    let this = match (taken.receiver, is_async) {
        (Receiver::None, _) => None,
        (Receiver::Shared, true) => Some(quote!(&this,)),
        (Receiver::Exclusive, true) => Some(quote!(&mut this,)),
        _ => Some(quote!(this,)),
    };
    let arguments = taken.arguments();
    let call = quote!(<#of>::#ident(#this #state #(#arguments),*));
    let call = if is_async { quote!(#call.await) } else { call };
    let outcome = match attributes.infallible {
        true => quote!(::core::result::Result::Ok(#call)),
        false => call.clone(),
    };
    let pattern = taken.pattern();
    let entry = if attributes.field {
        if taken.receiver != Receiver::None || taken.state.is_some() || !taken.parameters.is_empty() {
            return fails("a field's function takes nothing");
        }
        let add = add_field(attributes.meta);
        quote!(#krate::UserDataFields::#add(registry, #name, #call);)
    } else if attributes.getter {
        if taken.receiver != Receiver::Shared || !taken.parameters.is_empty() {
            return fails("a getter takes `&self`, and `&Lua` if it likes");
        }
        quote!(#krate::UserDataFields::add_field_method_get(registry, #name, |lua, this| #outcome);)
    } else if attributes.setter {
        if !matches!(taken.receiver, Receiver::Shared | Receiver::Exclusive) || taken.parameters.len() != 1 {
            return fails("a setter takes `&mut self` and the value");
        }
        quote!(#krate::UserDataFields::add_field_method_set(registry, #name, |lua, this, #pattern| #outcome);)
    } else {
        let add = adder(attributes.meta, is_async, taken.receiver)
            .ok_or_else(|| Error::new_spanned(signature, "a metamethod does not take the value out"))?;
        let closure = match (taken.receiver, is_async) {
            (Receiver::None, false) => quote!(|lua, #pattern| #outcome),
            (Receiver::None, true) => quote!(|lua, #pattern| async move { #outcome }),
            (_, false) => quote!(|lua, this, #pattern| #outcome),
            (Receiver::Exclusive, true) => quote!(|lua, mut this, #pattern| async move { #outcome }),
            (_, true) => quote!(|lua, this, #pattern| async move { #outcome }),
        };
        quote!(#krate::UserDataMethods::#add(registry, #name, #closure);)
    };
    Ok(Some(quote! {
        #(#conditions)*
        {
            #[allow(unused_variables, unused_mut)]
            #entry
        }
    }))
}

/// The method of the registry that adds such a function.
fn adder(is_meta: bool, is_async: bool, receiver: Receiver) -> Option<TokenStream> {
    Some(match (is_meta, is_async, receiver) {
        (false, false, Receiver::None) => quote!(add_function),
        (false, false, Receiver::Shared) => quote!(add_method),
        (false, false, Receiver::Exclusive) => quote!(add_method_mut),
        (false, false, Receiver::Taken) => quote!(add_method_once),
        (false, true, Receiver::None) => quote!(add_async_function),
        (false, true, Receiver::Shared) => quote!(add_async_method),
        (false, true, Receiver::Exclusive) => quote!(add_async_method_mut),
        (false, true, Receiver::Taken) => quote!(add_async_method_once),
        (true, false, Receiver::None) => quote!(add_meta_function),
        (true, false, Receiver::Shared) => quote!(add_meta_method),
        (true, false, Receiver::Exclusive) => quote!(add_meta_method_mut),
        (true, true, Receiver::None) => quote!(add_async_meta_function),
        (true, true, Receiver::Shared) => quote!(add_async_meta_method),
        (true, true, Receiver::Exclusive) => quote!(add_async_meta_method_mut),
        (true, _, Receiver::Taken) => return None,
    })
}
