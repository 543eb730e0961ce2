#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod mode;
pub mod mutants;
mod show;
mod trials;
mod world;

pub use mode::{Code, Kind, MODES, Mode};
pub use trials::{Answer, Trials, check, fuel_differs};
