//! What nobody can guess.

use ring::rand::{SecureRandom, SystemRandom};

/// So many random bytes.
///
/// # Errors
/// When the system has none.
pub(super) fn random<const BYTES: usize>() -> Result<[u8; BYTES], String> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).or(Err("the system has no random numbers"))?;
    Ok(bytes)
}
