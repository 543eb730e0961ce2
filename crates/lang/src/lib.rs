#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod arith;
mod chunk_name;
mod convert;
mod num;
mod std_version;

pub use arith::{
    ArithError, arith, float_floor_div, float_modulo, float_pow, fold_arith, int_floor_div,
    int_modulo, shift_left, shift_right,
};
pub use chunk_name::chunk_display;
pub use convert::{Rounding, float_to_integer, to_integer};
pub use num::{ArithOp, CmpOp, Num};
pub use std_version::{Std, UnknownStd};
