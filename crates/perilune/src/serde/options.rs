//! What the options of both directions have in common.

/// Defines a setter for each field of `Options`, and its default by `Options::new`.
macro_rules! setters {
    ($($name:ident)*) => {
        impl Default for Options {
            fn default() -> Options {
                Options::new()
            }
        }

        impl Options {
            $(
                #[doc = concat!("Sets [`Options::", stringify!($name), "`].")]
                #[must_use]
                pub const fn $name(mut self, enabled: bool) -> Options {
                    self.$name = enabled;
                    self
                }
            )*
        }
    };
}

pub(super) use setters;
