//! Rust types in Lua: by hand, by macros, and borrowed for a while.

use perilune::{Lua, MetaMethod, Result, UserData, UserDataFields, UserDataMethods, userdata_impl};

/// By hand: everything is said where the trait is implemented.
#[derive(Clone, Copy)]
struct Vector {
    x: f64,
    y: f64,
}

impl UserData for Vector {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("x", |_, this| Ok(this.x));
        fields.add_field_method_get("y", |_, this| Ok(this.y));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_function("new", |_, (x, y)| Ok(Vector { x, y }));
        methods.add_method("length", |_, this, ()| Ok(this.x.hypot(this.y)));
        methods.add_meta_function(
            MetaMethod::Add,
            |_, (a, b): (perilune::UserDataRef<Vector>, perilune::UserDataRef<Vector>)| {
                Ok(Vector {
                    x: a.x + b.x,
                    y: a.y + b.y,
                })
            },
        );
    }
}

/// By macros: fields and functions are registered as they stand.
#[derive(UserData)]
struct Inventory {
    owner: String,
    #[lua(skip)]
    items: Vec<String>,
}

#[userdata_impl]
impl Inventory {
    #[lua(infallible)]
    fn add(&mut self, item: String) -> usize {
        self.items.push(item);
        self.items.len()
    }

    #[lua(infallible)]
    fn has(&self, item: &str) -> bool {
        self.items.iter().any(|i| i == item)
    }

    #[lua(meta, infallible)]
    fn __len(&self) -> usize {
        self.items.len()
    }
}

/// The world of a game: it is lent to scripts for one call, and the game owns it.
struct World {
    score: i64,
}

impl UserData for World {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method_mut("win", |_, this, points: i64| {
            this.score += points;
            Ok(this.score)
        });
    }
}

pub fn main() -> Result<()> {
    let lua = Lua::new();
    lua.globals().set("Vector", lua.create_proxy::<Vector>()?)?;
    let length: f64 = lua
        .load("local v = Vector.new(1, 1) + Vector.new(2, 3) return v:length()")
        .eval()?;
    assert_eq!(length, 5.0);

    let inventory = lua.create_userdata(Inventory {
        owner: "Ada".to_string(),
        items: Vec::new(),
    })?;
    lua.globals().set("inventory", &inventory)?;
    lua.load(
        r#"
        inventory:add("lamp")
        inventory:add("rope")
        inventory.owner = inventory.owner .. " Lovelace"
        assert(#inventory == 2 and inventory:has("lamp") and not inventory:has("sword"))
        "#,
    )
    .exec()?;
    // Rust sees what Lua did.
    let inventory = inventory.borrow::<Inventory>()?;
    assert_eq!((inventory.owner.as_str(), inventory.items.len()), ("Ada Lovelace", 2));

    let mut world = World { score: 10 };
    lua.scope(|scope| {
        lua.globals().set("world", scope.create_userdata_ref_mut(&mut world)?)?;
        lua.load("world:win(5)").exec()
    })?;
    assert_eq!(world.score, 15);
    // A script that kept it gets an error.
    assert!(lua.load("world:win(5)").exec().is_err());
    println!("{length} {} {}", inventory.owner, world.score);
    Ok(())
}
