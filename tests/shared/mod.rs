//! What must come out the same natively and in every browser: each check is a plain function, run by `native.rs` and by `web.rs`.
//!
//! Has never heard of test runners.

pub(crate) mod pinned;
