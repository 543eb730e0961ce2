#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod mode;
mod show;
mod trials;
mod world;

pub use mode::{Code, Kind, MODES, Mode};
pub use trials::{Answer, Trials, fuel_differs};
