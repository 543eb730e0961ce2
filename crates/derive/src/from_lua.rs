//! `#[derive(FromLua)]`

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

pub fn derive(mut item: DeriveInput) -> TokenStream {
    let krate = crate::krate::path();
    let name = &item.ident;
    let title = name.to_string();
    item.generics
        .make_where_clause()
        .predicates
        .push(parse_quote!(Self: 'static + ::core::clone::Clone));
    let (impls, types, wheres) = item.generics.split_for_impl();
    quote! {
        impl #impls #krate::FromLua for #name #types #wheres {
            #[inline]
            fn from_lua(value: #krate::Value, _: &#krate::Lua) -> #krate::Result<Self> {
                match value {
                    #krate::Value::UserData(data) => data.borrow_scoped(|value: &Self| value.clone()),
                    other => ::core::result::Result::Err(#krate::Error::FromLuaConversionError {
                        from: other.type_name(),
                        to: #title.to_string(),
                        message: ::core::option::Option::None,
                    }),
                }
            }
        }
    }
}
