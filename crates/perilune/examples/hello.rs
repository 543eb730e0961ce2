//! Embedding in 15 lines: a function of Rust for Lua, and a result of Lua for Rust.

use perilune::{Lua, Result};

pub fn main() -> Result<()> {
    let lua = Lua::new();
    let greet = lua.create_function(|_, name: String| Ok(format!("Hello, {name}!")))?;
    lua.globals().set("greet", greet)?;
    let text: String = lua.load("greet('world')").eval()?;
    assert_eq!(text, "Hello, world!");
    println!("{text}");
    Ok(())
}
