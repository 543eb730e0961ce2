//! Chunks: source text or bytecode on its way to become a function.

use crate::error::{Error, Result};
use crate::function::{Function, Wrapped};
use crate::lua::Lua;
use crate::table::Table;
use crate::traits::{FromLuaMulti, IntoLua, IntoLuaMulti};
use std::borrow::Cow;
use std::panic::Location;
use std::path::{Path, PathBuf};

/// What can be loaded: text, bytes, files.
pub trait AsChunk {
    /// The chunk's name, if it has one of its own.
    fn name(&self) -> Option<String> {
        None
    }

    /// The environment, if it brings one.
    ///
    /// # Errors
    /// As its maker sees fit.
    fn environment(&self, lua: &Lua) -> Result<Option<Table>> {
        let _ = lua;
        Ok(None)
    }

    /// Text or bytecode, if that is known.
    fn mode(&self) -> Option<ChunkMode> {
        None
    }

    /// The text or bytecode.
    ///
    /// # Errors
    /// It cannot be read.
    fn source<'a>(&self) -> std::io::Result<Cow<'a, [u8]>>
    where
        Self: 'a;
}

macro_rules! borrowed_chunks {
    ($($ty:ty),*) => {
        $(impl AsChunk for &$ty {
            fn source<'a>(&self) -> std::io::Result<Cow<'a, [u8]>>
            where
                Self: 'a,
            {
                let inner: &'a $ty = self;
                Ok(Cow::Borrowed(inner.as_ref()))
            }
        })*
    };
}

borrowed_chunks!(str, String, [u8], Vec<u8>);

impl AsChunk for String {
    fn source<'a>(&self) -> std::io::Result<Cow<'a, [u8]>> {
        Ok(Cow::Owned(self.clone().into_bytes()))
    }
}

impl AsChunk for Vec<u8> {
    fn source<'a>(&self) -> std::io::Result<Cow<'a, [u8]>> {
        Ok(Cow::Owned(self.clone()))
    }
}

macro_rules! files {
    ($($ty:ty),*) => {
        $(impl AsChunk for $ty {
            fn name(&self) -> Option<String> {
                Some(format!("@{}", self.display()))
            }
            fn source<'a>(&self) -> std::io::Result<Cow<'a, [u8]>> {
                std::fs::read(self).map(Cow::Owned)
            }
        })*
    };
}

files!(&Path, PathBuf);

impl<C: AsChunk + ?Sized> AsChunk for Box<C> {
    fn name(&self) -> Option<String> {
        (**self).name()
    }
    fn environment(&self, lua: &Lua) -> Result<Option<Table>> {
        (**self).environment(lua)
    }
    fn mode(&self) -> Option<ChunkMode> {
        (**self).mode()
    }
    fn source<'a>(&self) -> std::io::Result<Cow<'a, [u8]>>
    where
        Self: 'a,
    {
        (**self).source()
    }
}

/// What a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkMode {
    /// Source text.
    Text,
    /// A module file. It is verified before it runs.
    Binary,
}

/// A chunk that is not compiled yet.
#[must_use = "a chunk does nothing until it is executed, evaluated, called or made a function"]
pub struct Chunk<'a> {
    pub(crate) lua: Lua,
    name: String,
    env: Result<Option<Table>>,
    mode: Option<ChunkMode>,
    source: std::io::Result<Cow<'a, [u8]>>,
}

impl Lua {
    /// A chunk. Its name is the place of this call, unless it has its own.
    #[track_caller]
    pub fn load<'a>(&self, chunk: impl AsChunk + 'a) -> Chunk<'a> {
        self.load_from(chunk, Location::caller())
    }

    fn load_from<'a>(&self, chunk: impl AsChunk + 'a, place: &Location<'_>) -> Chunk<'a> {
        Chunk {
            name: chunk
                .name()
                .unwrap_or_else(|| format!("@{}:{}", place.file(), place.line())),
            env: chunk.environment(self),
            mode: chunk.mode(),
            source: chunk.source(),
            lua: self.clone(),
        }
    }
}

impl Chunk<'_> {
    /// A chunk without a state: it is loaded where it is converted.
    #[track_caller]
    pub fn wrap(chunk: impl AsChunk) -> impl IntoLua {
        let place = Location::caller();
        Wrapped(move |lua: &Lua| lua.load_from(chunk, place).into_function())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names it, as for `load`: `@` before a file's name, `=` before a text to be shown as it is.
    pub fn set_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Its environment, if it is not the globals.
    pub fn environment(&self) -> Option<&Table> {
        self.env.as_ref().ok()?.as_ref()
    }

    /// Gives it an environment.
    pub fn set_environment(mut self, env: Table) -> Self {
        self.env = Ok(Some(env));
        self
    }

    /// Text or bytecode; unless set, what its first byte says.
    pub fn mode(&self) -> ChunkMode {
        match (self.mode, &self.source) {
            (Some(mode), _) => mode,
            (None, Ok(source)) if source.first() == Some(&0x1B) => ChunkMode::Binary,
            _ => ChunkMode::Text,
        }
    }

    /// Allows one kind of chunk only.
    pub fn set_mode(mut self, mode: ChunkMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Runs it and drops the results.
    ///
    /// # Errors
    /// It does not compile; what it raised.
    pub fn exec(self) -> Result<()> {
        self.call(())
    }

    /// Evaluates it as an expression or, if it is none, runs it.
    ///
    /// # Errors
    /// It does not compile; what it raised; results that do not convert.
    pub fn eval<R: FromLuaMulti>(self) -> Result<R> {
        self.into_evaluator()?.call(())
    }

    /// As [`Chunk::eval`], up to the call.
    pub(crate) fn into_evaluator(self) -> Result<Function> {
        if self.mode() == ChunkMode::Text {
            let source = self.source.as_ref().map_err(Error::runtime)?;
            let mut expression = b"return ".to_vec();
            expression.extend_from_slice(source);
            if let Ok(function) = self.compile(&expression) {
                return Ok(function);
            }
        }
        self.into_function()
    }

    /// Calls it: the arguments are its `...`.
    ///
    /// # Errors
    /// As [`Chunk::eval`].
    pub fn call<R: FromLuaMulti>(self, args: impl IntoLuaMulti) -> Result<R> {
        self.into_function()?.call(args)
    }

    /// As [`Chunk::exec`], in a coroutine of its own: see [`Function::call_async`].
    ///
    /// # Errors
    /// As [`Chunk::exec`].
    #[cfg(feature = "async")]
    pub async fn exec_async(self) -> Result<()> {
        self.call_async(()).await
    }

    /// As [`Chunk::eval`], in a coroutine of its own.
    ///
    /// # Errors
    /// As [`Chunk::eval`].
    #[cfg(feature = "async")]
    pub async fn eval_async<R: FromLuaMulti>(self) -> Result<R> {
        let lua = self.lua.clone();
        let results = self.into_evaluator()?.call_async(()).await;
        drop(lua);
        results
    }

    /// As [`Chunk::call`], in a coroutine of its own.
    ///
    /// # Errors
    /// As [`Chunk::call`].
    #[cfg(feature = "async")]
    pub async fn call_async<R: FromLuaMulti>(self, args: impl IntoLuaMulti) -> Result<R> {
        let lua = self.lua.clone();
        let results = self.into_function()?.call_async(args).await;
        drop(lua);
        results
    }

    /// Compiles it.
    ///
    /// # Errors
    /// It cannot be read; [`Error::SyntaxError`].
    pub fn into_function(mut self) -> Result<Function> {
        let source = std::mem::replace(&mut self.source, Ok(Cow::Borrowed(b""))).map_err(Error::external)?;
        self.compile(&source)
    }

    fn compile(&self, source: &[u8]) -> Result<Function> {
        if self.name.contains('\0') {
            return Err(Error::runtime("invalid name: a zero byte"));
        }
        let env = self.env.clone()?;
        let mode: &[u8] = match self.mode {
            Some(ChunkMode::Text) => b"t",
            Some(ChunkMode::Binary) => b"b",
            None => b"bt",
        };
        self.lua.enter(|ctx| {
            match ctx.load(source, self.name.as_bytes(), mode)? {
                Ok(()) => {}
                Err(message) => {
                    let message = String::from_utf8_lossy(&message).into_owned();
                    return Err(Error::SyntaxError {
                        incomplete_input: message.ends_with("<eof>"),
                        message,
                    }
                    .into());
                }
            }
            let at = ctx.top() - 1;
            if let Some(env) = &env {
                env.0.push(ctx)?;
                ctx.set_function_env(at, crate::table::table_at(ctx, at + 1))?;
            }
            Ok(Function(crate::handle::Ref::keep(ctx, ctx.slot(at))))
        })
    }
}
