//! A plugin host: each plugin has a sandboxed state of its own, limits, and a folder's file that is loaded again when it changes. What a
//! plugin saved survives that; a plugin that hangs or hoards memory is stopped, and the others go on.

use perilune::{Error, Function, Lua, LuaSerdeExt, Options, Result, Stop, Table};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What a plugin may use for one event: memory in all, and work.
const MEMORY: usize = 4 << 20;
const FUEL: u64 = 2_000_000;

struct Plugin {
    file: PathBuf,
    changed: SystemTime,
    lua: Lua,
    on_event: Function,
    /// How often it was stopped.
    faults: u32,
}

impl Plugin {
    fn load(file: &Path, saved: serde_json::Value) -> Result<Plugin> {
        let changed = fs::metadata(file)?.modified()?;
        let lua = Lua::sandboxed(&Options {
            memory_limit: Some(MEMORY),
            fuel: Some(FUEL),
            timeout: None,
            ..Options::sandboxed()
        })?;
        lua.globals().set("saved", lua.to_value(&saved)?)?;
        let plugin: Table = lua.load(file).eval()?;
        let on_event = plugin.get("on_event")?;
        Ok(Plugin {
            file: file.to_path_buf(),
            changed,
            lua,
            on_event,
            faults: 0,
        })
    }

    fn send(&mut self, event: &str) -> Result<String> {
        self.lua.set_fuel(Some(FUEL))?;
        let answer = self.on_event.call::<String>(event);
        if let Err(Error::Stopped { cause, .. }) = &answer {
            self.faults += 1;
            println!("{}: stopped, {cause:?}", self.file.display());
        }
        answer
    }

    /// Loads the file again if it changed. One that does not load leaves the old plugin in place.
    fn reload(&mut self) -> Result<bool> {
        if fs::metadata(&self.file)?.modified()? == self.changed {
            return Ok(false);
        }
        let saved = self.lua.from_value(self.lua.globals().get("saved")?)?;
        *self = Plugin::load(&self.file, saved)?;
        Ok(true)
    }
}

struct Host {
    plugins: BTreeMap<String, Plugin>,
}

impl Host {
    fn new(folder: &Path) -> Result<Host> {
        let mut plugins = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            plugins.insert(name, Plugin::load(&file, serde_json::json!({}))?);
        }
        Ok(Host { plugins })
    }

    fn send(&mut self, plugin: &str, event: &str) -> Result<String> {
        match self.plugins.get_mut(plugin) {
            Some(plugin) => plugin.send(event),
            None => Err(Error::runtime(format!("no plugin {plugin}"))),
        }
    }
}

/// Writes a file so that its time of change is another.
fn write(file: &Path, text: &str, minute: u64) -> Result<()> {
    fs::write(file, text)?;
    let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(60 * minute);
    fs::File::options().write(true).open(file)?.set_modified(time)?;
    Ok(())
}

pub fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("perilune-plugins-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let counter = folder.join("counter.lua");
    let count = "saved.n = (saved.n or 0) + 1 return event .. ' ' .. saved.n";
    write(
        &counter,
        &format!("return {{ on_event = function(event) {count} end }}"),
        1,
    )?;
    write(
        &folder.join("rogue.lua"),
        "local function hang() while true do end end
         local function hoard() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end
         return { on_event = function(event) pcall(event == 'hang' and hang or hoard) return 'escaped' end }",
        1,
    )?;

    let mut host = Host::new(&folder)?;
    assert_eq!(host.send("counter", "first")?, "first 1");
    // A loop cannot be caught by the script that runs it, and neither can hoarding; the others do not notice.
    for event in ["hang", "hoard"] {
        let stopped = host.send("rogue", event).expect_err("it uses up a limit");
        assert!(matches!(
            stopped,
            Error::Stopped {
                cause: Stop::Fuel | Stop::Memory,
                ..
            }
        ));
    }
    assert_eq!(host.plugins["rogue"].faults, 2);
    assert_eq!(host.send("counter", "second")?, "second 2");

    // A new version takes over, with what the old one saved.
    let version2 = format!("return {{ on_event = function(event) event = event:upper() {count} end }}");
    write(&counter, &version2, 2)?;
    let plugin = host.plugins.get_mut("counter").expect("it is there");
    assert!(plugin.reload()? && !plugin.reload()?);
    assert_eq!(host.send("counter", "third")?, "THIRD 3");
    // A broken one does not.
    write(&counter, "return {", 3)?;
    let plugin = host.plugins.get_mut("counter").expect("it is there");
    assert!(matches!(plugin.reload(), Err(Error::SyntaxError { .. })));
    assert_eq!(host.send("counter", "fourth")?, "FOURTH 4");
    println!("four events counted, two stopped");
    fs::remove_dir_all(folder)?;
    Ok(())
}
