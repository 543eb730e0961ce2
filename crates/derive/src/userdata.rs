//! `#[derive(UserData)]`

use crate::attributes::{Attributes, conditions};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Fields, Ident, Result};

/// The type whose values are the registrations of a type's blocks. It stands beside the type.
pub fn registration(of: &Ident) -> Ident {
    format_ident!("__PeriluneRegistrationOf{of}")
}

pub fn derive(item: &DeriveInput) -> Result<TokenStream> {
    let krate = crate::krate::path();
    let name = &item.ident;
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &item.generics,
            "types with parameters cannot derive `UserData`; wrap one in a type of its own",
        ));
    }
    let fields = match &item.data {
        Data::Struct(data) => fields(&krate, &data.fields)?,
        Data::Enum(_) => Vec::new(),
        Data::Union(data) => {
            return Err(Error::new_spanned(
                data.union_token,
                "`UserData` is for structs and enums",
            ));
        }
    };
    let registration = registration(name);
    let visibility = &item.vis;
    Ok(quote! {
        #[doc(hidden)]
        #visibility struct #registration(pub fn(&mut #krate::UserDataRegistry<#name>));

        #krate::__macros::inventory::collect!(#registration);

        impl #krate::UserData for #name {
            fn register(registry: &mut #krate::UserDataRegistry<Self>) {
                #(#fields)*
                for block in #krate::__macros::inventory::iter::<#registration> {
                    (block.0)(registry);
                }
            }
        }
    })
}

fn fields(krate: &TokenStream, fields: &Fields) -> Result<Vec<TokenStream>> {
    let Fields::Named(fields) = fields else {
        return Ok(Vec::new());
    };
    let mut made = Vec::new();
    for field in &fields.named {
        let attributes = Attributes::of(&field.attrs, &["get", "set", "skip", "name"])?;
        let (Some(ident), false) = (&field.ident, attributes.skip) else {
            continue;
        };
        let both = attributes.get == attributes.set;
        let (name, ty, conditions) = (attributes.name(ident), &field.ty, conditions(&field.attrs));
        if both || attributes.get {
            made.push(quote! {
                #(#conditions)*
                #krate::UserDataFields::add_field_method_get(registry, #name, |_, this| {
                    ::core::result::Result::Ok(::core::clone::Clone::clone(&this.#ident))
                });
            });
        }
        if both || attributes.set {
            made.push(quote! {
                #(#conditions)*
                #krate::UserDataFields::add_field_method_set(registry, #name, |_, this, value: #ty| {
                    this.#ident = value;
                    ::core::result::Result::Ok(())
                });
            });
        }
    }
    Ok(made)
}
