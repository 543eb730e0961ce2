//! What all layers of Perilune share: Lua versions, and arithmetic and number text exactly as Lua's.
