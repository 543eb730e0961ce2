//! Tests over data files: tokens, trees and resolutions by snapshot, messages word for word.

mod errors;
mod examples;
mod laws;
mod lines;
mod snapshots;
