//! `#[lua(...)]`

use syn::{Attribute, Ident, LitStr, Meta, Result, meta::ParseNestedMeta};

/// What the attributes of an item say.
#[derive(Default)]
pub struct Attributes {
    pub skip: bool,
    pub get: bool,
    pub set: bool,
    pub getter: bool,
    pub setter: bool,
    pub field: bool,
    pub meta: bool,
    pub infallible: bool,
    name: Option<String>,
}

impl Attributes {
    /// Those of an item, of which only `allowed` ones make sense.
    pub fn of(attributes: &[Attribute], allowed: &[&str]) -> Result<Attributes> {
        let mut all = Attributes::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("lua")) {
            match &attribute.meta {
                Meta::Path(_) => {}
                Meta::List(_) => attribute.parse_nested_meta(|meta| all.note(&meta, allowed))?,
                Meta::NameValue(_) => {
                    return Err(syn::Error::new_spanned(
                        attribute,
                        "the form is `#[lua(...)]`, as in `#[lua(name = \"x\")]`",
                    ));
                }
            }
        }
        Ok(all)
    }

    fn note(&mut self, meta: &ParseNestedMeta<'_>, allowed: &[&str]) -> Result<()> {
        let key = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        if !allowed.contains(&key.as_str()) {
            return Err(meta.error(format!("expected one of: {}", allowed.join(", "))));
        }
        let flag = match key.as_str() {
            "skip" => &mut self.skip,
            "get" => &mut self.get,
            "set" => &mut self.set,
            "getter" => &mut self.getter,
            "setter" => &mut self.setter,
            "field" => &mut self.field,
            "meta" => &mut self.meta,
            "infallible" => &mut self.infallible,
            _ => {
                self.name = Some(meta.value()?.parse::<LitStr>()?.value());
                return Ok(());
            }
        };
        *flag = true;
        Ok(())
    }

    /// The name in Lua of an item with this name in Rust.
    pub fn name(&self, ident: &Ident) -> String {
        let own = || ident.to_string().trim_start_matches("r#").to_string();
        self.name.clone().unwrap_or_else(own)
    }
}

/// The attributes that are not for these macros.
pub fn others(attributes: &mut Vec<Attribute>) {
    attributes.retain(|a| !a.path().is_ident("lua"));
}

/// Those that say whether an item is there at all.
pub fn conditions(attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes.iter().filter(|a| a.path().is_ident("cfg")).collect()
}
