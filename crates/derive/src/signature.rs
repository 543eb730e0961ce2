//! What a function takes, and how its arguments come from Lua.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, FnArg, GenericArgument, PathArguments, Result, Signature, Type};

/// How a function takes the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    None,
    Shared,
    Exclusive,
    Taken,
}

/// A parameter: the type that is asked of Lua, and how the argument is made of it.
pub struct Parameter {
    pub name: Ident,
    pub ty: TokenStream,
    pub argument: TokenStream,
    /// Whether the argument borrows mutably.
    pub exclusive: bool,
}

/// How a function takes the state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Borrowed,
    Owned,
}

pub struct Taken {
    pub receiver: Receiver,
    pub state: Option<State>,
    pub parameters: Vec<Parameter>,
}

impl Taken {
    pub fn of(signature: &Signature, krate: &TokenStream) -> Result<Taken> {
        let mut taken = Taken {
            receiver: Receiver::None,
            state: None,
            parameters: Vec::new(),
        };
        let mut first = true;
        for input in &signature.inputs {
            let FnArg::Typed(typed) = input else {
                taken.receiver = receiver(input);
                continue;
            };
            if std::mem::take(&mut first)
                && let Some(state) = state(&typed.ty)
            {
                taken.state = Some(state);
                continue;
            }
            let name = format_ident!("argument_{}", taken.parameters.len());
            taken.parameters.push(parameter(name, &typed.ty, krate)?);
        }
        Ok(taken)
    }

    /// The pattern and type of a closure's parameter for the arguments.
    pub fn pattern(&self) -> TokenStream {
        let names = self.parameters.iter().map(|p| {
            let (name, mutable) = (&p.name, p.exclusive.then(|| quote!(mut)));
            quote!(#mutable #name)
        });
        let types = self.parameters.iter().map(|p| &p.ty);
        // One argument alone is no tuple: it may be several values.
        match self.parameters.len() {
            1 => quote!(#(#names)* : #(#types)*),
            _ => quote!((#(#names,)*) : (#(#types,)*)),
        }
    }

    pub fn arguments(&self) -> impl Iterator<Item = &TokenStream> {
        self.parameters.iter().map(|p| &p.argument)
    }
}

fn receiver(input: &FnArg) -> Receiver {
    let text: String = quote!(#input).to_string();
    let (before, _) = text.split_once("self").unwrap_or((&text, ""));
    match (
        before.contains('&'),
        before.split_whitespace().any(|word| word == "mut"),
    ) {
        (true, true) => Receiver::Exclusive,
        (true, false) => Receiver::Shared,
        (false, _) => Receiver::Taken,
    }
}

fn last_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|s| &s.ident),
        _ => None,
    }
}

fn state(ty: &Type) -> Option<State> {
    let (inner, state) = match ty {
        Type::Reference(reference) => (&*reference.elem, State::Borrowed),
        other => (other, State::Owned),
    };
    (last_name(inner)? == "Lua").then_some(state)
}

/// The content of an `Option` type.
fn optional(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match (last.ident == "Option", arguments.args.first()) {
        (true, Some(GenericArgument::Type(inner))) => Some(inner),
        _ => None,
    }
}

fn parameter(name: Ident, ty: &Type, krate: &TokenStream) -> Result<Parameter> {
    let inner = optional(ty);
    let (borrowed, exclusive) = match inner.unwrap_or(ty) {
        Type::Reference(reference) => {
            let exclusive = quote!(#reference).to_string().split_whitespace().any(|w| w == "mut");
            (Some(&*reference.elem), exclusive)
        }
        _ => (None, false),
    };
    let Some(borrowed) = borrowed else {
        return Ok(Parameter {
            ty: quote!(#ty),
            argument: quote!(#name),
            name,
            exclusive: false,
        });
    };
    let of_bytes = |ty: &Type| matches!(ty, Type::Slice(slice) if last_name(&slice.elem).is_some_and(|n| n == "u8"));
    let guard = match borrowed {
        Type::Path(_) if last_name(borrowed).is_some_and(|n| n == "str") => quote!(#krate::BorrowedStr),
        ty if of_bytes(ty) => quote!(#krate::BorrowedBytes),
        Type::Path(_) if exclusive => quote!(#krate::UserDataRefMut<#borrowed>),
        Type::Path(_) => quote!(#krate::UserDataRef<#borrowed>),
        _ => {
            return Err(Error::new_spanned(
                ty,
                "no value of Lua converts to a reference of this type",
            ));
        }
    };
    let (ty, argument) = match (inner.is_some(), exclusive) {
        (false, false) => (guard, quote!(&*#name)),
        (false, true) => (guard, quote!(&mut *#name)),
        (true, false) => (
            quote!(::core::option::Option<#guard>),
            quote!(#name.as_ref().map(|value| &**value)),
        ),
        (true, true) => (
            quote!(::core::option::Option<#guard>),
            quote!(#name.as_mut().map(|value| &mut **value)),
        ),
    };
    Ok(Parameter {
        name,
        ty,
        argument,
        exclusive,
    })
}
