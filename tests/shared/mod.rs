//! What must come out the same natively and in every browser: each check is a plain function, run by native tests and by `web.rs`.
//!
//! Has never heard of test runners.
// Each test target uses its part of this module.
#![allow(dead_code)]

pub(crate) mod golden;
pub(crate) mod laws;
pub(crate) mod pinned;
pub(crate) mod promises;
pub(crate) mod random;
#[cfg(feature = "conformance")]
pub(crate) mod recorded;
