#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod arith;
mod chunk_name;
mod compare;
mod convert;
mod for_loop;
mod format;
mod num;
mod parse_number;
mod std_version;

#[cfg(test)]
mod tests;

pub use arith::{
    ArithError, arith, float_floor_div, float_modulo, float_pow, fold_arith, int_floor_div, int_modulo, shift_left,
    shift_right,
};
pub use chunk_name::chunk_display;
pub use compare::{float_le_int, float_lt_int, int_le_float, int_lt_float, num_eq, num_le, num_lt};
pub use convert::{Rounding, float_to_integer, to_integer};
pub use for_loop::{ForError, ForLoop, ForValue, float_for_next, prepare_for};
pub use format::{
    FormatSpec, fmt_a, fmt_d, fmt_e, fmt_f, fmt_g, fmt_o, fmt_u, fmt_x, int_text, write_float, write_int, write_num,
};
pub use num::{ArithOp, CmpOp, Num};
pub use parse_number::{is_space, parse_number};
pub use std_version::{Std, UnknownStd};
