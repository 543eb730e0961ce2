//! The client's side of a cycle: its roots, and the clearing of weak containers.

use super::arena::Arena;
use super::{Ptr, Tracer};

/// The client's roots.
///
/// # Safety
///
/// `trace` marks every object that the client may use after the collection and does not reach through
/// a marked object; `weak` leaves no pointer to an unmarked object in a container of its lists, nor in
/// any table of the client's own (an intern set) once [`WeakPhase::is_last`]. Neither allocates from the
/// heap nor unwinds.
pub unsafe trait Roots {
    /// Marks the roots.
    fn trace(&mut self, t: &mut Tracer);

    /// Clears weak containers. Called twice per cycle; see [`WeakPhase`].
    fn weak(&mut self, phase: &mut WeakPhase<'_>);
}

/// One of the two moments of a cycle at which weak references are cleared.
///
/// As in PUC Lua (manual 2.5.3, 2.5.4), values are cleared before the objects with finalizers are
/// resurrected and keys afterwards: the first call has `clear_values`, and the second has `clear_keys`, and in
/// `clear_values` the containers that were themselves resurrected.
#[derive(Debug)]
pub struct WeakPhase<'a> {
    pub(super) values: [&'a [Ptr]; 2],
    pub(super) keys: [&'a [Ptr]; 2],
    pub(super) last: bool,
    pub(super) minor: bool,
}

impl<'a> WeakPhase<'a> {
    /// The containers in which entries with an unmarked value must go.
    pub fn clear_values(&self) -> impl Iterator<Item = Ptr> + 'a {
        self.values.into_iter().flatten().copied()
    }

    /// The containers in which entries with an unmarked key must go.
    pub fn clear_keys(&self) -> impl Iterator<Item = Ptr> + 'a {
        self.keys.into_iter().flatten().copied()
    }

    /// Whether the object survives, as far as this phase knows: before the last phase an unmarked object may
    /// yet be resurrected.
    #[inline]
    pub fn is_marked(&self, obj: Ptr) -> bool {
        Arena::is_marked(obj)
    }

    /// Keeps a leaf (a string) alive, which as a key or value is never weak.
    ///
    /// # Panics
    ///
    /// If the object is not of a leaf kind, or was reported as the key of an ephemeron: it would be kept
    /// without what hangs on it.
    pub fn mark_leaf(&mut self, obj: Ptr) {
        assert!(
            Tracer::mark_leaf(obj),
            "only leaves that are no ephemeron keys can be marked while weak containers are cleared"
        );
    }

    /// The cycle is minor: what was there at the end of the last cycle survives.
    pub fn is_minor(&self) -> bool {
        self.minor
    }

    /// True in the second phase: what is unmarked now will be freed, so that intern sets may be swept.
    pub fn is_last(&self) -> bool {
        self.last
    }
}
