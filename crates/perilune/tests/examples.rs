//! The examples run: each checks what it shows.

#[path = "../examples/config.rs"]
mod config;
#[path = "../examples/hello.rs"]
mod hello;
#[path = "../examples/plugins.rs"]
mod plugins;
#[path = "../examples/rules.rs"]
mod rules;
#[path = "../examples/userdata.rs"]
mod userdata;

macro_rules! run {
    ($($name:ident $example:ident;)*) => {
        $(
            #[test]
            fn $name() -> perilune::Result<()> {
                $example::main()
            }
        )*
    };
}

run! {
    a_config_file config;
    hello_world hello;
    a_plugin_host plugins;
    a_rules_engine rules;
    rust_types userdata;
}
