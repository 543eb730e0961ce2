//! Which Lua a chunk is written in, and the points where the versions differ.

use std::fmt;
use std::str::FromStr;

/// A version of the Lua language.
///
/// Layers ask the predicates, not the version, so that a new version is one more row here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Std {
    /// Lua 5.4, as its release 5.4.8.
    V5_4,
    /// Lua 5.5, as its release 5.5.0. The default.
    #[default]
    V5_5,
}

impl Std {
    /// Every version, oldest first.
    pub const ALL: [Std; 2] = [Std::V5_4, Std::V5_5];

    /// The version as a script sees it in `_VERSION`: `"Lua 5.5"`.
    pub fn version_string(self) -> &'static str {
        match self {
            Std::V5_4 => "Lua 5.4",
            Std::V5_5 => "Lua 5.5",
        }
    }

    /// The version number as `lua_version` reports it: 504 or 505.
    pub fn number(self) -> u32 {
        match self {
            Std::V5_4 => 504,
            Std::V5_5 => 505,
        }
    }

    /// The longest string that the string library makes, in bytes: what a C `int` holds until 5.4.
    pub fn longest_string(self) -> usize {
        if self >= Std::V5_5 {
            i64::MAX as usize
        } else {
            i32::MAX as usize
        }
    }

    /// The native alignment in `string.pack` (`!` without a number), in bytes: that of a C `double` until 5.4, of a `long double` since.
    pub fn native_alignment(self) -> usize {
        if self >= Std::V5_5 { 16 } else { 8 }
    }

    /// Does the table library have `create`?
    pub fn table_create(self) -> bool {
        self >= Std::V5_5
    }

    /// Does `table.unpack` insist on a table, and do strings pass for one where only their length matters?
    pub fn unpack_checks_tables(self) -> bool {
        self >= Std::V5_5
    }

    /// Does `utf8.offset` return where the character ends too?
    pub fn offset_of_last_byte(self) -> bool {
        self >= Std::V5_5
    }

    /// Does a failed `write` say how many bytes were written?
    pub fn failed_writes_count(self) -> bool {
        self >= Std::V5_5
    }

    /// Are functions of 5.2 such as `math.pow` there? (5.4 is built with them by default.)
    pub fn old_math_functions(self) -> bool {
        self < Std::V5_5
    }

    /// The longest chain of `__call` metamethods; 5.4 has no limit but the stack's, and this one is far past any use.
    pub fn longest_call_chain(self) -> usize {
        if self >= Std::V5_5 { 15 } else { 2000 }
    }

    /// Are syntax errors worded as before 5.5: too many registers without a limit, scopes "of local 'x'", and a `break`
    /// outside of loops found where its function ends?
    pub fn old_syntax_messages(self) -> bool {
        self < Std::V5_5
    }

    /// Is the control variable of a `for` loop read-only?
    pub fn const_loop_variables(self) -> bool {
        self >= Std::V5_5
    }

    /// Does the language have `global` declarations?
    pub fn global_declarations(self) -> bool {
        self >= Std::V5_5
    }

    /// May a vararg parameter have a name, as in `function f(...t)`?
    pub fn named_varargs(self) -> bool {
        self >= Std::V5_5
    }

    /// May an attribute stand before the list, as in `local <const> a, b`?
    pub fn prefix_attributes(self) -> bool {
        self >= Std::V5_5
    }

    /// Does a float's text read back as the same float? If not, it has 14 significant digits.
    pub fn round_trip_floats(self) -> bool {
        self >= Std::V5_5
    }

    /// Does a table remember its last border apart from the size of its array part, so that `#t`
    /// starts its search there? (5.4 has one number for both.)
    pub fn remembered_border(self) -> bool {
        self >= Std::V5_5
    }

    /// Does `not (b < a)` stand in for `a <= b` where there is no `__le`? (5.4 is built with this by default.)
    pub fn less_stands_in_for_less_equal(self) -> bool {
        self < Std::V5_5
    }

    /// Is an array of `size` places, a power of two, worth its room for this many elements? (5.4 wants more than half of
    /// them taken, 5.5 a third.)
    pub fn worth_an_array(self, elements: u32, size: u32) -> bool {
        if self >= Std::V5_5 {
            size <= elements.saturating_mul(3)
        } else {
            elements > size / 2
        }
    }

    /// Does `debug.getinfo` number the place of the values that a call or return hands over even where there are none?
    pub fn empty_transfers_have_places(self) -> bool {
        self >= Std::V5_5
    }

    /// Does `io.write` give a float with an integral value as `1`, where `tostring` says `1.0`?
    pub fn writes_bare_floats(self) -> bool {
        self < Std::V5_5
    }

    /// Whether `coroutine.close` closes the running coroutine, which is also what it closes by default.
    pub fn coroutines_close_themselves(self) -> bool {
        self >= Std::V5_5
    }

    /// Is the error argument of `__close` absent when there is no error? (5.4 passes nil.)
    pub fn close_without_error_argument(self) -> bool {
        self >= Std::V5_5
    }

    /// Does the fourth value of a generic `for` take its slot before the control variable's?
    pub fn closing_value_before_control(self) -> bool {
        self >= Std::V5_5
    }
}

impl fmt::Display for Std {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Std::V5_4 => "5.4",
            Std::V5_5 => "5.5",
        })
    }
}

/// The text given to [`Std::from_str`] names no known version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStd(pub String);

impl fmt::Display for UnknownStd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown Lua version '{}' (known: 5.4, 5.5)", self.0)
    }
}

impl std::error::Error for UnknownStd {}

impl FromStr for Std {
    type Err = UnknownStd;

    fn from_str(text: &str) -> Result<Std, UnknownStd> {
        match text {
            "5.4" => Ok(Std::V5_4),
            "5.5" => Ok(Std::V5_5),
            other => Err(UnknownStd(other.to_owned())),
        }
    }
}
