//! Room for what a driver holds of its cloud's answers.

use std::fmt;

/// How much may be held for whoever asks, which drivers with long answers to read count theirs by.
pub trait Room: fmt::Debug + Send + Sync + 'static {
    /// Takes so many bytes of it. False where there are not so many left, and then nothing is taken.
    fn take(&self, bytes: usize) -> bool;

    /// Gives back so many bytes that were taken.
    fn give_back(&self, bytes: usize);
}
