//! The member epochs that are none: what a heartbeat says by them (C17, S1). Knows no member.

/// The member joins.
pub const JOINS: i32 = 0;
/// It leaves.
pub const LEAVES: i32 = -1;
/// A static member leaves for a while.
pub const AWAY: i32 = -2;
