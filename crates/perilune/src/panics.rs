//! States in which scripts cannot catch a panic of the host.

use crate::error::Result;
use crate::failure::Failure;
use crate::lua::Lua;
use crate::value::Value;

/// Wraps `pcall` and `xpcall`: converting a panic's userdata for the host resumes it.
pub(crate) fn let_pass(lua: &Lua) -> Result<()> {
    let look = lua.create_function(|_, _: Value| Ok(()))?;
    let is_panic = lua.native("is_panic", |_, ctx| {
        let is_panic = Failure::of(ctx.arg(0)).is_some_and(Failure::is_panic);
        Ok(ctx.ret_bool(is_panic)?)
    })?;
    lua.load(
        "local look, is_panic, pcall, xpcall, type = ...\n\
         local function pass(ok, err, ...)\n\
           if not ok and type(err) == 'userdata' then look(err) end\n\
           return ok, err, ...\n\
         end\n\
         local function results(ok, ...)\n\
           if ok then return ok, ... end\n\
           return pass(ok, ...)\n\
         end\n\
         function _ENV.pcall(...) return results(pcall(...)) end\n\
         function _ENV.xpcall(f, handler, ...)\n\
           local function seen(err)\n\
             if is_panic(err) then return err end\n\
             return handler(err)\n\
           end\n\
           return results(xpcall(f, seen, ...))\n\
         end",
    )
    .set_name("=[host]")
    .call((
        look,
        is_panic,
        lua.globals().raw_get::<Value>("pcall")?,
        lua.globals().raw_get::<Value>("xpcall")?,
        lua.globals().raw_get::<Value>("type")?,
    ))
}
