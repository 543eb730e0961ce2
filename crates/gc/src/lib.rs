//! A tracing heap with exact roots, usable alone.
