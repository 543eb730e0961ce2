//! `Lua`: a state.

use crate::error::{Error, Result};
use crate::extra::Extra;
use crate::handle::{Ref, enter};
use crate::loader::CompileOptions;
use crate::multi::MultiValue;
use crate::program::Options;
use crate::stdlib::StdLib;
use crate::string::LuaString;
use crate::table::{Table, table_at};
use crate::traits::{Fault, FromLua, FromLuaMulti, IntoLua, IntoLuaMulti};
use crate::value::{Integer, Number, Value};
use perilune_vm::{Ctx, Owner, State, Type, Vm};
use std::fmt;
use std::rc::Rc;

/// A Lua state. Clones share it; it ends with the last of them. What callbacks get is a reference to the state they run in.
pub struct Lua(Hold);

enum Hold {
    /// Keeps the state alive.
    Owner(Owner),
    /// For what lives in the state itself, and for conversions on the way.
    Borrowed(State),
}

/// A reference to a state that does not keep it alive.
#[derive(Clone)]
pub struct WeakLua(State);

/// How a state treats its host.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LuaOptions {
    /// Whether `pcall` and `xpcall` may catch a panic of the host; it is resumed when it comes back to Rust in any case. If not,
    /// they let it pass.
    pub catch_rust_panics: bool,
    /// How many finished coroutines of asynchronous calls may be kept for new ones.
    pub thread_pool_size: usize,
}

impl Default for LuaOptions {
    fn default() -> LuaOptions {
        LuaOptions::new()
    }
}

impl LuaOptions {
    /// The defaults.
    pub const fn new() -> LuaOptions {
        LuaOptions {
            catch_rust_panics: true,
            thread_pool_size: 0,
        }
    }

    /// Sets [`LuaOptions::catch_rust_panics`].
    #[must_use]
    pub const fn catch_rust_panics(mut self, enabled: bool) -> LuaOptions {
        self.catch_rust_panics = enabled;
        self
    }

    /// Sets [`LuaOptions::thread_pool_size`].
    #[must_use]
    pub const fn thread_pool_size(mut self, size: usize) -> LuaOptions {
        self.thread_pool_size = size;
        self
    }
}

impl Clone for Lua {
    #[inline]
    fn clone(&self) -> Lua {
        match &self.0 {
            Hold::Owner(owner) => Lua(Hold::Owner(owner.clone())),
            Hold::Borrowed(state) => match state.own() {
                Some(owner) => Lua(Hold::Owner(owner)),
                None => Lua(Hold::Borrowed(state.clone())),
            },
        }
    }
}

impl Default for Lua {
    fn default() -> Lua {
        Lua::new()
    }
}

impl fmt::Debug for Lua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lua")
    }
}

impl Lua {
    /// A state with all libraries but `debug`.
    ///
    /// # Panics
    /// Never for want of a limit; if the system has no memory.
    pub fn new() -> Lua {
        match Lua::new_with(StdLib::ALL_SAFE, LuaOptions::default()) {
            Ok(lua) => lua,
            Err(error) => panic!("{error}"),
        }
    }

    /// A state with all libraries.
    ///
    /// # Panics
    /// As [`Lua::new`].
    pub fn unsafe_new() -> Lua {
        Lua::unsafe_new_with(StdLib::ALL, LuaOptions::default())
    }

    /// A state with these libraries; `debug` may be among them.
    ///
    /// # Panics
    /// As [`Lua::new`].
    pub fn unsafe_new_with(libraries: StdLib, options: LuaOptions) -> Lua {
        match Lua::with_options(libraries, options, &Options::default()) {
            Ok(lua) => lua,
            Err(error) => panic!("{error}"),
        }
    }

    /// A state with these libraries.
    ///
    /// # Errors
    /// `debug` is among them: ask for it by [`Lua::with_options`].
    pub fn new_with(libraries: StdLib, options: LuaOptions) -> Result<Lua> {
        if libraries.contains(StdLib::DEBUG) {
            return Err(Error::SafetyError(
                "The unsafe `debug` module can't be loaded using safe `new_with`".to_string(),
            ));
        }
        let lua = Lua::with_options(libraries, options, &Options::default())?;
        lua.extra().safe.set(true);
        if libraries.contains(StdLib::PACKAGE) {
            lua.refuse_native_modules()?;
        }
        Ok(lua)
    }

    /// A state for scripts of strangers: [`Options::sandboxed`] says what they get, and which limits they have.
    ///
    /// ```
    /// use perilune::{Error, Lua, Options, Stop};
    ///
    /// let lua = Lua::sandboxed(&Options { fuel: Some(100_000), ..Options::sandboxed() })?;
    /// assert!(lua.load("return io == nil and os.execute == nil").eval::<bool>()?);
    /// let endless = lua.load("while true do pcall(error) end").exec();
    /// assert!(matches!(endless, Err(Error::Stopped { cause: Stop::Fuel, .. })));
    /// lua.set_fuel(Some(1000))?;
    /// assert_eq!(lua.load("return 6 * 7").eval::<i64>()?, 42);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The memory limit does not allow the libraries, or the system gives no thread to watch the time.
    pub fn sandboxed(options: &Options) -> Result<Lua> {
        let options = Options {
            sandbox: true,
            ..options.clone()
        };
        Lua::with_options(StdLib::NONE, LuaOptions::default(), &options)
    }

    /// A state with these libraries and settings of the engine: version, limits, optimization.
    ///
    /// # Errors
    /// The memory limit does not allow the libraries, or the system gives no thread to watch the time.
    pub fn with_options(libraries: StdLib, host: LuaOptions, options: &Options) -> Result<Lua> {
        let compile = CompileOptions {
            std: options.std,
            opt_level: options.opt_level,
            registers: options.registers,
            patience: options.patience,
            ..CompileOptions::default()
        };
        let watched = compile.watched.clone();
        let mut vm = Vm::new(options.for_vm());
        vm.set_loader(Rc::new(compile));
        let owner = Owner::new(vm);
        let catches = host.catch_rust_panics;
        #[cfg(feature = "async")]
        let pool_size = host.thread_pool_size;
        owner.set_data(Rc::new(Extra::new(watched)), |data| {
            if let Some(extra) = data.downcast_ref::<Extra>() {
                extra.clear();
            }
        });
        let lua = Lua(Hold::Owner(owner));
        #[cfg(feature = "async")]
        lua.extra().asynchronous.pool_size.set(pool_size);
        if options.sandbox {
            lua.enter(|ctx| Ok(perilune_stdlib::install_sandbox(ctx)?))?;
            lua.extra().safe.set(true);
        } else {
            lua.enter(|ctx| Ok(perilune_stdlib::install_basic(ctx)?))?;
        }
        lua.load_std_libs_unchecked(libraries)?;
        if !catches {
            crate::panics::let_pass(&lua)?;
        }
        // The libraries cost nothing.
        lua.limit(options)?;
        Ok(lua)
    }

    /// A reference that does not own.
    #[inline]
    pub(crate) fn borrowed(state: &State) -> Lua {
        Lua(Hold::Borrowed(state.clone()))
    }

    #[inline]
    pub(crate) fn state(&self) -> &State {
        match &self.0 {
            Hold::Owner(owner) => owner,
            Hold::Borrowed(state) => state,
        }
    }

    /// What this crate keeps with the state.
    pub(crate) fn extra(&self) -> &Extra {
        match self.state().data() {
            Some(extra) => extra,
            None => unreachable!("a state of this crate has its data"),
        }
    }

    #[inline]
    pub(crate) fn enter<R>(&self, f: impl FnOnce(&mut Ctx<'_>) -> std::result::Result<R, Fault>) -> Result<R> {
        enter(self.state(), f)
    }

    /// As [`Lua::enter`], where nothing can fail but the state itself.
    pub(crate) fn ask<R>(&self, f: impl FnOnce(&mut Ctx<'_>) -> R) -> R {
        match self.state().enter(f) {
            Ok(result) => result,
            Err(no_entry) => panic!("{no_entry}"),
        }
    }

    /// A reference that does not keep the state alive.
    pub fn weak(&self) -> WeakLua {
        WeakLua(self.state().clone())
    }

    // ---- libraries ----

    /// Opens more libraries.
    ///
    /// # Errors
    /// `debug`, in a state made by [`Lua::new`] or [`Lua::new_with`].
    pub fn load_std_libs(&self, libraries: StdLib) -> Result<()> {
        if self.extra().safe.get() && libraries.contains(StdLib::DEBUG) {
            return Err(Error::SafetyError(
                "the unsafe `debug` module can't be loaded in safe mode".to_string(),
            ));
        }
        self.load_std_libs_unchecked(libraries)?;
        if self.extra().safe.get() && libraries.contains(StdLib::PACKAGE) {
            self.refuse_native_modules()?;
        }
        Ok(())
    }

    /// Makes `package` say that modules in C are forbidden, not only that there are none.
    fn refuse_native_modules(&self) -> Result<()> {
        let package: Table = self.globals().raw_get("package")?;
        let load = self.native("loadlib", |_, _| {
            Err(Error::SafetyError("package.loadlib is disabled in safe mode".to_string()).into())
        })?;
        package.raw_set("loadlib", load)?;
        let search = self.native("searcher_C", |_, ctx| {
            Ok(ctx.ret_str(b"\n\tcan't load C modules in safe mode")?)
        })?;
        let searchers: Table = package.raw_get("searchers")?;
        // Behind those of `package.preload` and `package.path`.
        searchers.raw_set(3, search)?;
        searchers.raw_set(4, Value::Nil)
    }

    fn load_std_libs_unchecked(&self, libraries: StdLib) -> Result<()> {
        use perilune_stdlib::Library as L;
        let all = [
            (StdLib::COROUTINE, L::Coroutine),
            (StdLib::PACKAGE, L::Package),
            (StdLib::TABLE, L::Table),
            (StdLib::IO, L::Io),
            (StdLib::OS, L::Os),
            (StdLib::STRING, L::String),
            (StdLib::UTF8, L::Utf8),
            (StdLib::MATH, L::Math),
            (StdLib::DEBUG, L::Debug),
        ];
        self.enter(|ctx| {
            for (flag, library) in all {
                if libraries.contains(flag) {
                    perilune_stdlib::install_library(ctx, library)?;
                }
            }
            Ok(())
        })
    }

    fn loaded(&self) -> Result<Table> {
        self.enter(|ctx| {
            let known = ctx.registry().get_str(ctx, b"_LOADED")?;
            let loaded = match known.as_table() {
                Some(loaded) => loaded,
                None => {
                    let loaded = ctx.new_table(0, 8)?;
                    ctx.registry().set_str(ctx, "_LOADED", loaded.as_val())?;
                    loaded
                }
            };
            Ok(Table(Ref::keep(ctx, loaded.as_val())))
        })
    }

    /// Makes a value what `require` gives for a name.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn register_module(&self, name: &str, value: impl IntoLua) -> Result<()> {
        self.loaded()?.raw_set(name, value)
    }

    /// Makes a function what `require` calls for a name.
    ///
    /// # Errors
    /// There is no library `package`.
    pub fn preload_module(&self, name: &str, function: crate::Function) -> Result<()> {
        let preload: Table = self.globals().get::<Table>("package")?.get("preload")?;
        preload.raw_set(name, function)
    }

    /// Makes `require` load a name again.
    ///
    /// # Errors
    /// Out of memory.
    pub fn unload_module(&self, name: &str) -> Result<()> {
        self.loaded()?.raw_set(name, Value::Nil)
    }

    // ---- making values ----

    /// A string.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_string(&self, s: impl AsRef<[u8]>) -> Result<LuaString> {
        self.enter(|ctx| {
            let v = ctx.new_str(s.as_ref())?;
            Ok(LuaString(Ref::keep(ctx, v)))
        })
    }

    /// A string; here its bytes are copied as for [`Lua::create_string`].
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_external_string(&self, s: impl Into<Vec<u8>>) -> Result<LuaString> {
        self.create_string(s.into())
    }

    /// An empty table.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_table(&self) -> Result<Table> {
        self.create_table_with_capacity(0, 0)
    }

    /// An empty table with room for elements and fields.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_table_with_capacity(&self, elements: usize, fields: usize) -> Result<Table> {
        self.enter(|ctx| {
            let table = ctx.new_table(elements, fields)?;
            Ok(Table(Ref::keep(ctx, table.as_val())))
        })
    }

    /// A table of these entries.
    ///
    /// # Errors
    /// Entries that do not convert; a key that is nil or NaN.
    pub fn create_table_from<K: IntoLua, V: IntoLua>(
        &self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Table> {
        let mut entries = entries.into_iter();
        let room = entries.size_hint().0.min(1 << 16);
        self.enter(|ctx| {
            let table = ctx.new_table(0, room)?;
            ctx.push(table.as_val())?;
            while let Some((k, v)) = ctx.lend(|| entries.next()) {
                k.push_to_stack(ctx, self.state())?;
                v.push_to_stack(ctx, self.state())?;
                table_at(ctx, 0).set(ctx, ctx.slot(1), ctx.slot(2))?;
                ctx.pop(2);
            }
            Ok(Table(Ref::keep(ctx, ctx.slot(0))))
        })
    }

    /// A table of these values under 1, 2 and so on.
    ///
    /// # Errors
    /// Values that do not convert.
    pub fn create_sequence_from<T: IntoLua>(&self, values: impl IntoIterator<Item = T>) -> Result<Table> {
        let mut values = values.into_iter();
        let room = values.size_hint().0.min(1 << 16);
        self.enter(|ctx| {
            let table = ctx.new_table(room, 0)?;
            ctx.push(table.as_val())?;
            let mut index = 0;
            while let Some(value) = ctx.lend(|| values.next()) {
                index += 1;
                value.push_to_stack(ctx, self.state())?;
                table_at(ctx, 0).set_int(ctx, index, ctx.slot(1))?;
                ctx.pop(1);
            }
            Ok(Table(Ref::keep(ctx, ctx.slot(0))))
        })
    }

    // ---- globals, metatables, the registry ----

    /// The global environment.
    pub fn globals(&self) -> Table {
        self.ask(|ctx| Table(Ref::keep(ctx, ctx.globals().as_val())))
    }

    /// Makes another table the global environment of chunks loaded from now on.
    ///
    /// # Errors
    /// It is another state's.
    pub fn set_globals(&self, globals: Table) -> Result<()> {
        self.enter(|ctx| {
            globals.0.push(ctx)?;
            ctx.set_globals(table_at(ctx, 0));
            Ok(())
        })
    }

    /// The metatable that all values of a basic type share.
    #[allow(private_bounds)]
    pub fn type_metatable<T: LuaType>(&self) -> Option<Table> {
        self.ask(|ctx| {
            ctx.type_metatable(T::TYPE)
                .map(|meta| Table(Ref::keep(ctx, meta.as_val())))
        })
    }

    /// Sets or takes the metatable that all values of a basic type share.
    #[allow(private_bounds)]
    pub fn set_type_metatable<T: LuaType>(&self, metatable: Option<Table>) {
        let done = self.enter(|ctx| {
            let meta = match &metatable {
                Some(meta) => {
                    meta.0.push(ctx)?;
                    Some(table_at(ctx, 0))
                }
                None => None,
            };
            ctx.set_type_metatable(T::TYPE, meta);
            Ok(())
        });
        if let Err(error) = done {
            panic!("{error}");
        }
    }

    /// Keeps a value in the registry under a name.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn set_named_registry_value(&self, name: &str, value: impl IntoLua) -> Result<()> {
        self.enter(|ctx| {
            value.push_to_stack(ctx, self.state())?;
            Ok(ctx.registry().set_str(ctx, name, ctx.slot(0))?)
        })
    }

    /// The value kept in the registry under a name.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn named_registry_value<T: FromLua>(&self, name: &str) -> Result<T> {
        self.enter(|ctx| {
            let v = ctx.registry().get_str(ctx, name.as_bytes())?;
            ctx.push(v)?;
            Ok(T::from_slot(ctx, 0, self.state())?)
        })
    }

    /// Forgets the value kept in the registry under a name.
    ///
    /// # Errors
    /// Out of memory.
    pub fn unset_named_registry_value(&self, name: &str) -> Result<()> {
        self.set_named_registry_value(name, Value::Nil)
    }

    // ---- conversions ----

    /// A string or number as a string.
    ///
    /// # Errors
    /// Out of memory.
    pub fn coerce_string(&self, value: Value) -> Result<Option<LuaString>> {
        match value {
            Value::String(s) => Ok(Some(s)),
            Value::Integer(_) | Value::Number(_) => self.enter(|ctx| {
                value.push_to(ctx)?;
                ctx.tostring(0)?;
                Ok(Some(LuaString(Ref::keep(ctx, ctx.slot(1)))))
            }),
            _ => Ok(None),
        }
    }

    /// A number or numeric string as an integer, if it is integral.
    ///
    /// # Errors
    /// None; for the sake of similar operations.
    pub fn coerce_integer(&self, value: Value) -> Result<Option<Integer>> {
        Ok(crate::convert::number_of(&value).and_then(perilune_lang::to_integer))
    }

    /// A number or numeric string as a float.
    ///
    /// # Errors
    /// None; for the sake of similar operations.
    pub fn coerce_number(&self, value: Value) -> Result<Option<Number>> {
        Ok(crate::convert::number_of(&value).map(perilune_lang::Num::to_float))
    }

    /// Converts to a Lua value.
    ///
    /// # Errors
    /// As [`IntoLua::into_lua`].
    pub fn pack(&self, value: impl IntoLua) -> Result<Value> {
        value.into_lua(self)
    }

    /// Converts from a Lua value.
    ///
    /// # Errors
    /// As [`FromLua::from_lua`].
    pub fn unpack<T: FromLua>(&self, value: Value) -> Result<T> {
        T::from_lua(value, self)
    }

    /// Converts by way of a Lua value.
    ///
    /// # Errors
    /// As both conversions.
    pub fn convert<T: FromLua>(&self, value: impl IntoLua) -> Result<T> {
        T::from_lua(value.into_lua(self)?, self)
    }

    /// Converts to Lua values.
    ///
    /// # Errors
    /// As [`IntoLuaMulti::into_lua_multi`].
    pub fn pack_multi(&self, values: impl IntoLuaMulti) -> Result<MultiValue> {
        values.into_lua_multi(self)
    }

    /// Converts from Lua values.
    ///
    /// # Errors
    /// As [`FromLuaMulti::from_lua_multi`].
    pub fn unpack_multi<T: FromLuaMulti>(&self, values: MultiValue) -> Result<T> {
        T::from_lua_multi(values, self)
    }

    // ---- errors ----

    /// A traceback of the running code from a level on, with a message in front.
    ///
    /// # Errors
    /// Out of memory.
    pub fn traceback(&self, message: Option<&str>, level: usize) -> Result<LuaString> {
        self.enter(|ctx| {
            let text = ctx.traceback(message.map(str::as_bytes), level);
            let v = ctx.new_str(&text)?;
            Ok(LuaString(Ref::keep(ctx, v)))
        })
    }
}

impl WeakLua {
    /// The state, if it is still there.
    pub fn try_upgrade(&self) -> Option<Lua> {
        self.0.own().map(|owner| Lua(Hold::Owner(owner)))
    }

    /// The state.
    ///
    /// # Panics
    /// If it is gone.
    pub fn upgrade(&self) -> Lua {
        match self.try_upgrade() {
            Some(lua) => lua,
            None => panic!("Lua instance is destroyed"),
        }
    }
}

impl PartialEq for WeakLua {
    fn eq(&self, other: &WeakLua) -> bool {
        self.0.same(&other.0)
    }
}

impl fmt::Debug for WeakLua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakLua")
    }
}

/// Types of values that share a metatable.
pub(crate) trait LuaType {
    const TYPE: Type;
}

macro_rules! lua_types {
    ($($ty:ty, $variant:ident;)*) => {
        $(impl LuaType for $ty {
            const TYPE: Type = Type::$variant;
        })*
    };
}

lua_types! {
    bool, Boolean;
    Number, Number;
    LuaString, String;
    crate::Function, Function;
    crate::Thread, Thread;
    crate::value::LightUserData, LightUserdata;
}
