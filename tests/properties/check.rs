//! Runs a property over many values and shrinks the first that breaks it. Does not know what is checked.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Asks `property` of so many values, always the same ones; with the environment variable `RUNS`, of that many others.
#[track_caller]
pub(crate) fn for_all<S>(cases: u32, strategy: S, property: impl Fn(S::Value) -> Result<(), String>)
where
    S: Strategy,
    S::Value: Debug + Clone,
{
    let more = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok());
    let config = Config { cases: more.unwrap_or(cases), failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let mut runner = match more {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    if let Err(error) = runner.run(&strategy, |value| property(value).map_err(TestCaseError::fail)) {
        panic!("{error}");
    }
}
