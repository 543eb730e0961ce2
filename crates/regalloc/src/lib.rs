//! Graph-colouring register allocation with spill slots, for any client.
