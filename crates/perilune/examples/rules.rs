//! A rules engine: conditions and actions are written in Lua, compiled once, and asked for each order in Rust.

use perilune::{Error, Function, Lua, LuaSerdeExt, Options, Result, Table};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Order {
    customer: String,
    country: String,
    total: f64,
    items: Vec<String>,
    #[serde(default)]
    discount: f64,
    #[serde(default)]
    notes: Vec<String>,
}

struct Rule {
    name: String,
    priority: i64,
    when: Function,
    then: Function,
}

struct Engine {
    lua: Lua,
    rules: Vec<Rule>,
}

const RULES: &str = r#"
rule "large orders" {
  priority = 10,
  when = function(order) return order.total >= 500 end,
  next = function(order) order.discount = order.discount + 0.05 end,
}

rule "no lamps abroad" {
  priority = 20,
  when = function(order) return order.country ~= "LU" and contains(order.items, "lamp") end,
  next = function(order)
    note(order, "lamps stay in the country")
    order.items = without(order.items, "lamp")
  end,
}

rule "regulars" {
  when = function(order) return visits(order.customer) > 3 end,
  next = function(order) order.discount = math.min(order.discount + 0.1, 0.12) end,
}
"#;

/// What rules may call, written in Lua itself.
const LIBRARY: &str = r#"
function contains(list, x)
  for _, v in ipairs(list) do if v == x then return true end end
  return false
end
function without(list, x)
  local left = {}
  for _, v in ipairs(list) do if v ~= x then left[#left + 1] = v end end
  return left
end
function note(order, text) order.notes[#order.notes + 1] = text end
"#;

impl Engine {
    fn new(text: &str) -> Result<Engine> {
        let lua = Lua::sandboxed(&Options::sandboxed())?;
        // What rules may ask of the program.
        let visits = lua.create_function(|_, customer: String| Ok(customer.len()))?;
        lua.globals().set("visits", visits)?;
        lua.load(LIBRARY).set_name("=library").exec()?;
        // `rule "name" { ... }` collects.
        let collected = lua.create_table()?;
        let list = collected.clone();
        let rule = lua.create_function(move |lua, name: String| {
            let list = list.clone();
            lua.create_function(move |_, rule: Table| {
                rule.set("name", &*name)?;
                list.push(rule)
            })
        })?;
        lua.globals().set("rule", rule)?;
        lua.load(text).set_name("=rules").exec()?;
        let mut rules = Vec::new();
        for rule in collected.sequence_values::<Table>() {
            let rule = rule?;
            rules.push(Rule {
                name: rule.get("name")?,
                priority: rule.get::<Option<i64>>("priority")?.unwrap_or(0),
                when: rule.get("when")?,
                then: rule.get("next")?,
            });
        }
        rules.sort_by_key(|rule| -rule.priority);
        Ok(Engine { lua, rules })
    }

    /// The order as the rules leave it, and which of them applied.
    fn apply(&self, order: &Order) -> Result<(Order, Vec<&str>)> {
        self.lua.set_fuel(Some(1_000_000))?;
        let facts = self.lua.to_value(order)?;
        let mut applied = Vec::new();
        for rule in &self.rules {
            let in_rule = |e: Error| perilune::ErrorContext::context(e, format!("in rule '{}'", rule.name));
            if rule.when.call::<bool>(&facts).map_err(in_rule)? {
                rule.then.call::<()>(&facts).map_err(in_rule)?;
                applied.push(&*rule.name);
            }
        }
        Ok((self.lua.from_value(facts)?, applied))
    }
}

pub fn main() -> Result<()> {
    let engine = Engine::new(RULES)?;
    let order = Order {
        customer: "Ada Lovelace".to_string(),
        country: "GB".to_string(),
        total: 600.0,
        items: vec!["lamp".to_string(), "rope".to_string()],
        discount: 0.0,
        notes: Vec::new(),
    };
    let (after, applied) = engine.apply(&order)?;
    assert_eq!(applied, ["no lamps abroad", "large orders", "regulars"]);
    assert_eq!(after.items, ["rope"]);
    assert_eq!(after.discount, 0.12);
    assert_eq!(after.notes, ["lamps stay in the country"]);
    let (same, applied) = engine.apply(&Order {
        customer: "Bo".to_string(),
        country: "LU".to_string(),
        total: 20.0,
        ..order.clone()
    })?;
    assert!(applied.is_empty() && same.items == order.items);

    let broken = Engine::new("rule 'typo' { when = function(o) return o.totl > 1 end, next = print }")?;
    let error = broken.apply(&order).expect_err("there is no such field");
    assert!(error.to_string().starts_with("in rule 'typo'"), "{error}");
    println!("{after:?}");
    Ok(())
}
