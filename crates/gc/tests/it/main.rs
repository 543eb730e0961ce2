//! Tests of the lower floor through its public interface.

mod barrier;
mod finalizers;
mod graphs;
mod incremental;
mod layout;
mod limits;
mod minor;
mod support;
mod weak;
