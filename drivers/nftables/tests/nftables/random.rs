//! Randomised tests, which print their seed.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Runs so many cases, from the seed in SEED where there is one.
pub fn runner(cases: u32) -> TestRunner {
    let seed =
        std::env::var("SEED").map_or_else(|_| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
