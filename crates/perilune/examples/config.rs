//! A configuration file in Lua: it computes, and arrives as a Rust type. Faults are told with their place.

use perilune::{Lua, LuaSerdeExt, Options, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Config {
    name: String,
    #[serde(default = "four")]
    workers: u32,
    log: Log,
    servers: Vec<Server>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

fn four() -> u32 {
    4
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Log {
    Off,
    File { path: String, rotate: bool },
}

#[derive(Debug, Deserialize, PartialEq)]
struct Server {
    host: String,
    port: u16,
    #[serde(default)]
    weight: Option<f64>,
}

const FILE: &str = r#"
local function server(n, weight)
  return { host = ("node%d.example.org"):format(n), port = 8000 + n, weight = weight }
end

name = "shop"
log = { file = { path = "/var/log/" .. name .. ".log", rotate = true } }
servers = { server(1), server(2, 0.5) }
env = { LANG = "C" }
"#;

fn read(text: &str) -> Result<Config> {
    // A file of settings has no business with the system, and ends soon.
    let lua = Lua::sandboxed(&Options {
        fuel: Some(1_000_000),
        ..Options::sandboxed()
    })?;
    // Its globals are the settings: they get a table of their own, which sees the libraries.
    let settings = lua.create_table()?;
    let meta = lua.create_table_from([("__index", lua.globals())])?;
    settings.set_metatable(Some(meta))?;
    lua.load(text)
        .set_name("=config")
        .set_environment(settings.clone())
        .exec()?;
    settings.set_metatable(None)?;
    lua.from_value(perilune::Value::Table(settings))
}

pub fn main() -> Result<()> {
    let config = read(FILE)?;
    assert_eq!(config.workers, 4);
    assert_eq!(config.servers[1].host, "node2.example.org");
    assert_eq!(config.servers[1].weight, Some(0.5));
    assert!(matches!(&config.log, Log::File { path, rotate: true } if path == "/var/log/shop.log"));
    println!("{config:#?}");

    let wrong = FILE.replace("8000 + n", "8000 * n");
    let error = read(&wrong.replace("server(2, ", "server(20, ")).expect_err("160,000 is no port");
    assert!(
        error
            .to_string()
            .starts_with("deserialize error: servers[2].port: invalid value"),
        "{error}"
    );
    let error = read("name = nil + 1").expect_err("nil is no number");
    assert!(
        error
            .to_string()
            .contains("config:1: attempt to perform arithmetic on a nil value"),
        "{error}"
    );
    Ok(())
}
