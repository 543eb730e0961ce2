//! Limits on memory: wherever a program meets one, it ends in its result or in the error, and the state goes on.

use perilune::Options;
use perilune::program::{Error, Lua};

/// Objects of all kinds, buffers of the library, stacks, finalizers.
const PROGRAM: &[u8] = br#"
local parts, tree, co = {}, {}, {}
local function make(d)
  if d == 0 then return {} end
  return { make(d - 1), make(d - 1), name = "n" .. d }
end
local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
for i = 1, 60 do
  parts[#parts + 1] = ("x"):rep(i * 50) .. i
  tree[i % 7 + 1] = make(6)
  co[i % 5 + 1] = coroutine.wrap(function(...)
    local t = { ... }
    while true do t[#t + 1] = coroutine.yield(#t) end
  end)
  co[i % 5 + 1](i)
  setmetatable({}, { __gc = function() end })
end
local text = table.concat(parts, ",")
local up = text:upper():gsub("X", "yy")
local sorted = {}
for w in text:gmatch("%d+") do sorted[#sorted + 1] = tonumber(w) end
table.sort(sorted, function(a, b) return a > b end)
local kept = xpcall(deep, function(m) return m end, 3000)
return #text .. " " .. #up .. " " .. #sorted .. " " .. #tree .. " " .. tostring(kept)
"#;

const SECOND: &[u8] = b"local t = {} for i = 1, 20 do t[i] = { tostring(i) } end return #t, t[20][1]";

fn options(memory_limit: Option<usize>) -> Options {
    Options {
        memory_limit,
        ..Options::default()
    }
}

#[test]
fn every_limit_ends_in_the_result_or_the_error() {
    let mut lua = Lua::with(&options(None));
    let base = lua.vm().enter(|ctx| ctx.memory_used());
    let whole = lua.run(PROGRAM, b"=program", &[]).expect("there is no limit").results;
    let peak = lua.vm().memory_peak().max(lua.vm().enter(|ctx| ctx.memory_used()));
    let (mut ended, mut failed) = (0, 0);
    for part in 1..=50 {
        let limit = base + (peak - base) * part / 50;
        let mut lua = Lua::with(&options(Some(limit)));
        match lua.run(PROGRAM, b"=program", &[]) {
            Ok(outcome) => {
                ended += 1;
                // An error in the `xpcall` is one that the program caught.
                let same = outcome.results == whole || outcome.results[0].ends_with(b"false");
                assert!(same, "with {limit} bytes");
            }
            Err(Error::Runtime { message, .. }) => {
                failed += 1;
                assert!(
                    message.ends_with(b"not enough memory"),
                    "with {limit} bytes: {}",
                    String::from_utf8_lossy(&message)
                );
            }
            Err(other) => panic!("with {limit} bytes: {other}"),
        }
        let second = lua.run(SECOND, b"=second", &[]);
        let second = second.unwrap_or_else(|e| panic!("with {limit} bytes the state is not usable: {e}"));
        assert_eq!(second.results, [b"20".to_vec(), b"20".to_vec()], "with {limit} bytes");
        assert!(lua.vm().enter(|ctx| ctx.memory_used()) <= limit);
    }
    assert!(ended > 0 && failed > 10, "{ended} ended, {failed} failed");
}

#[test]
fn message_handlers_do_not_get_the_error() {
    let mut lua = Lua::with(&options(Some(1 << 20)));
    let script = b"local asked = false
        local ok, e = xpcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end, function(m) asked = true return m end)
        return tostring(ok), e, tostring(asked)";
    let outcome = lua.run(script, b"=script", &[]).expect("the error is caught");
    let results: Vec<_> = outcome.results.iter().map(|r| String::from_utf8_lossy(r)).collect();
    assert_eq!(results, ["false", "not enough memory", "false"]);
}

#[test]
fn what_cannot_fit_is_refused_at_once() {
    let mut lua = Lua::with(&options(Some(1 << 20)));
    let script = b"local before = collectgarbage('count')
        for _ = 1, 100 do
          for _, n in ipairs({ 1 << 21, 1 << 30, 1 << 40, 1 << 62 }) do assert(not pcall(string.rep, 'x', n)) end
        end
        return tostring(collectgarbage('count') < before + 100)";
    let outcome = lua.run(script, b"=script", &[]).expect("the errors are caught");
    assert_eq!(outcome.results, [b"true".to_vec()]);
}
