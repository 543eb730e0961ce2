//! What the code calls that macros make.

pub use inventory;

use crate::chunk::{AsChunk, ChunkMode};
use crate::error::Result;
use crate::lua::Lua;
use crate::table::Table;
use std::borrow::Cow;
use std::cell::Cell;

struct Written<F> {
    source: &'static str,
    captures: Cell<Option<F>>,
}

/// A chunk whose environment has the variables that `captures` puts into a table, and otherwise the globals.
pub fn chunk<F: FnOnce(&Table) -> Result<()>>(source: &'static str, captures: Option<F>) -> impl AsChunk {
    Written {
        source,
        captures: Cell::new(captures),
    }
}

impl<F: FnOnce(&Table) -> Result<()>> AsChunk for Written<F> {
    fn environment(&self, lua: &Lua) -> Result<Option<Table>> {
        let Some(captures) = self.captures.take() else {
            return Ok(None);
        };
        let environment = lua.create_table()?;
        captures(&environment)?;
        let globals = lua.globals();
        let meta = lua.create_table_from([("__index", &globals), ("__newindex", &globals)])?;
        environment.set_metatable(Some(meta))?;
        Ok(Some(environment))
    }

    fn mode(&self) -> Option<ChunkMode> {
        Some(ChunkMode::Text)
    }

    fn source<'a>(&self) -> std::io::Result<Cow<'a, [u8]>>
    where
        Self: 'a,
    {
        Ok(Cow::Borrowed(self.source.as_bytes()))
    }
}
