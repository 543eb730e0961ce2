//! By which name the crate that uses a macro knows `perilune`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// `::perilune`, or what the manifest calls it: a program that was written for another crate renames this one.
pub fn path() -> TokenStream {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let own = std::env::var("CARGO_PKG_NAME").is_ok_and(|name| name == "perilune");
    let manifest = std::fs::read_to_string(std::path::Path::new(&folder).join("Cargo.toml")).unwrap_or_default();
    let name = if own { None } else { name_in(&manifest) };
    let name = format_ident!("{}", name.unwrap_or_else(|| "perilune".to_string()));
    quote!(::#name)
}

/// The name under which a manifest has a dependency on `perilune`.
fn name_in(manifest: &str) -> Option<String> {
    let mut section = String::new();
    let mut inherited = None;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_string();
            // `[dependencies.name]`
            if let Some((kind, name)) = section.rsplit_once('.')
                && kind.ends_with("dependencies")
            {
                note(name, "", &mut inherited);
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        if section.ends_with("dependencies") {
            let key = key.trim();
            let (name, rest) = key.split_once('.').unwrap_or((key, ""));
            if renames(value) || (rest == "package" && value.contains("\"perilune\"")) {
                return Some(rust_name(name));
            }
            note(name, rest, &mut inherited);
        } else if key.trim() == "package"
            && value.contains("\"perilune\"")
            && let Some((_, name)) = section.rsplit_once('.')
        {
            return Some(rust_name(name));
        }
    }
    inherited
}

/// Remembers a dependency that can be this crate, unless a better one is known.
fn note(name: &str, _rest: &str, known: &mut Option<String>) {
    if name == "perilune" || (name == "mlua" && known.is_none()) {
        *known = Some(rust_name(name));
    }
}

fn renames(value: &str) -> bool {
    let dense: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    dense.contains("package=\"perilune\"")
}

fn rust_name(name: &str) -> String {
    name.trim_matches('"').replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn manifests_name_the_crate() {
        let cases = [
            ("[dependencies]\nperilune = \"1\"\n", Some("perilune")),
            (
                "[dependencies]\nmlua = { package = \"perilune\", version = \"1\" }\n",
                Some("mlua"),
            ),
            (
                "[dependencies]\nmlua = \"0.12\"\nperilune = { path = \"x\" }\n",
                Some("perilune"),
            ),
            (
                "[dev-dependencies.lua-engine]\npackage = \"perilune\"\n",
                Some("lua_engine"),
            ),
            ("[dependencies]\nmlua.workspace = true\n", Some("mlua")),
            ("[dependencies]\nserde = \"1\"\n", None),
        ];
        for (manifest, expected) in cases {
            assert_eq!(name_in(manifest).as_deref(), expected, "{manifest}");
        }
    }
}
