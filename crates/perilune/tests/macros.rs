//! The macros: userdata from Rust types, chunks among Rust.

use perilune::{AnyUserData, FromLua, Lua, Result, StdLib, UserData, Variadic, chunk, userdata_impl};

#[derive(Clone, Debug, Default, PartialEq, UserData, FromLua)]
struct Account {
    owner: String,
    #[lua(get, name = "id")]
    number: u32,
    #[lua(skip)]
    secret: u64,
}

#[userdata_impl]
impl Account {
    const CURRENCY: &str = "EUR";

    #[lua(infallible)]
    fn open(owner: &str, number: u32) -> Self {
        Account {
            owner: owner.to_string(),
            number,
            secret: 7,
        }
    }

    #[lua(getter, infallible)]
    fn initials(&self) -> String {
        self.owner.chars().take(2).collect()
    }

    #[lua(setter, name = "renamed")]
    fn rename(&mut self, lua: &Lua, owner: String) -> Result<()> {
        lua.globals().set("last_name", &*owner)?;
        self.owner = owner;
        Ok(())
    }

    fn same_owner(&self, other: &Self) -> Result<bool> {
        Ok(self.owner == other.owner)
    }

    fn swap(&mut self, other: Option<&mut Account>) -> Result<bool> {
        match other {
            Some(other) => std::mem::swap(self, other),
            None => return Ok(false),
        }
        Ok(true)
    }

    #[lua(infallible)]
    fn total(numbers: Variadic<i64>) -> i64 {
        numbers.iter().sum()
    }

    fn close(self) -> Result<(String, u64)> {
        Ok((self.owner, self.secret))
    }

    #[lua(field)]
    fn kind() -> &'static str {
        "account"
    }

    #[lua(meta, infallible, name = "__eq")]
    fn equals(&self, other: &Account) -> bool {
        self.number == other.number
    }

    #[lua(meta, name = "__kind")]
    const NAME: &str = "Account";

    #[lua(skip)]
    fn hidden(&self) -> u64 {
        self.secret
    }
}

mod elsewhere {
    #[perilune::userdata_impl]
    impl super::Account {
        #[lua(infallible, name = "checksum")]
        fn sum(&self, bytes: &[u8]) -> u64 {
            bytes.iter().map(|b| u64::from(*b)).sum::<u64>() + self.hidden()
        }
    }
}

#[test]
fn types_describe_themselves() -> Result<()> {
    let lua = Lua::unsafe_new_with(StdLib::ALL, Default::default());
    lua.globals().set("Account", lua.create_proxy::<Account>()?)?;
    lua.load(
        r#"
        local a, b = Account.open("Ada", 1), Account.open("Bob", 2)
        assert(a.owner == "Ada" and a.id == 1 and a.secret == nil and a.number == nil and a.hidden == nil)
        assert(not pcall(function() a.id = 3 end))
        a.owner = "Eve"
        assert(a.initials == "Ev" and a.CURRENCY == "EUR" and a.kind == "account")
        a.renamed = "Zoe"
        assert(last_name == "Zoe" and a:same_owner(Account.open("Zoe", 9)))
        assert(a:swap(b) == true and a.owner == "Bob" and b.owner == "Zoe" and a:swap() == false)
        assert(Account.total(1, 2, 3) == 6 and a == Account.open("x", 2) and a ~= b)
        assert(debug.getmetatable(a).__kind == "Account" and a:checksum("\1\2") == 10)
        local owner, secret = a:close()
        assert(owner == "Bob" and secret == 7 and not pcall(function() return a.owner end))
        "#,
    )
    .exec()
}

#[test]
fn a_clone_of_the_value_is_an_argument() -> Result<()> {
    let lua = Lua::new();
    let number = lua.create_function(|_, account: Account| Ok(account.number))?;
    let account = lua.create_userdata(Account::open("Ada", 5))?;
    assert_eq!(number.call::<u32>(&account)?, 5);
    let error = number.call::<u32>(1).expect_err("a number is no account");
    assert!(
        error.to_string().contains("error converting Lua integer to Account"),
        "{error}"
    );
    // It is still there.
    assert_eq!(account.take::<Account>()?.number, 5);
    Ok(())
}

#[derive(Clone, Copy, FromLua)]
struct Borrows<'a, T>(&'a T)
where
    T: Copy;

#[test]
fn types_with_parameters_convert() -> Result<()> {
    let lua = Lua::new();
    let get = lua.create_function(|_, borrows: Borrows<'static, i32>| Ok(*borrows.0))?;
    assert_eq!(get.call::<i32>(AnyUserData::wrap(Borrows(&321)))?, 321);
    Ok(())
}

#[derive(UserData)]
enum Light {
    Red,
    Green,
}

#[userdata_impl]
impl Light {
    #[lua(infallible)]
    fn toggle(&mut self) {
        *self = match self {
            Light::Red => Light::Green,
            Light::Green => Light::Red,
        };
    }

    #[lua(meta, infallible)]
    fn __tostring(&self) -> &'static str {
        match self {
            Light::Red => "red",
            Light::Green => "green",
        }
    }
}

#[test]
fn enums_have_methods() -> Result<()> {
    let lua = Lua::new();
    lua.globals().set("light", Light::Red)?;
    let text: String = lua.load("light:toggle() return tostring(light)").eval()?;
    assert_eq!(text, "green");
    Ok(())
}

#[test]
fn chunks_capture_variables() -> Result<()> {
    let lua = Lua::new();
    let (name, numbers) = ("Ada".to_string(), vec![1, 2, 3]);
    let table = lua.create_table()?;
    lua.load(chunk! {
        -- A comment of Lua
        assert($name == "Ada" and #$numbers == 3)
        for i, n in ipairs($numbers) do $table[i] = n ^ 2 end // one of Rust
        $table.sum = $table[1] + $table[2] + $table[3]
        outside = ...
    })
    .call::<()>(42)?;
    assert_eq!(lua.globals().get::<i64>("outside")?, 42);
    assert!(
        lua.load("table.sum == nil and name == nil").eval::<bool>()?,
        "captures are no globals"
    );
    let three: i64 = lua.load(chunk! { 1 + 2 }).eval()?;
    assert_eq!(three, 3);
    Ok(())
}

#[test]
fn errors_in_chunks_have_their_lines() {
    let lua = Lua::new();
    let chunk = chunk! {
        local t = {
            x = 1,
        }

        error("here")
    };
    let error = lua.load(chunk).set_name("=chunk").exec().expect_err("it raises");
    assert!(error.to_string().contains("chunk:5: here"), "{error}");
}

#[derive(UserData)]
struct Counter(u64);

#[userdata_impl]
impl Counter {
    async fn value(&self, unit: Option<&str>) -> Result<String> {
        tokio::task::yield_now().await;
        Ok(format!("{}{}", self.0, unit.unwrap_or_default()))
    }

    #[lua(infallible)]
    async fn add(&mut self, n: u64) {
        tokio::task::yield_now().await;
        self.0 += n;
    }

    async fn version(lua: &Lua) -> Result<String> {
        lua.globals().get("_VERSION")
    }

    async fn take(self) -> Result<u64> {
        Ok(self.0)
    }
}

#[tokio::test]
async fn methods_may_be_asynchronous() -> Result<()> {
    let lua = Lua::new();
    lua.globals().set("counter", Counter(1))?;
    lua.load(
        r#"
        counter:add(2)
        assert(counter:value() == "3" and counter:value(" m") == "3 m")
        assert(counter.version() == _VERSION)
        assert(counter:take() == 3 and not pcall(function() return counter:value() end))
        "#,
    )
    .exec_async()
    .await
}
