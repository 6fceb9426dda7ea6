//! Files that settings name.

use std::path::Path;

use super::usage::Usage;

/// The text of a file that a setting names.
///
/// # Errors
/// [`Usage`] when it cannot be read.
pub fn read(path: &Path) -> Result<String, Usage> {
    std::fs::read_to_string(path).map_err(|error| file_error(path, error))
}

/// Whether a file can be read to its end while the gateway runs: a pipe or a device might never have one.
///
/// # Errors
/// [`Usage`] when it is none that can.
pub fn check_has_end(path: &Path) -> Result<(), Usage> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(file_error(path, "it is not a file, which alone is read anew")),
        Err(error) => Err(file_error(path, error)),
    }
}

/// What is wrong with a file that a setting names, in one line.
pub fn file_error(path: &Path, error: impl ToString) -> Usage {
    Usage(format!("{}: {}", path.display(), in_one_line(&error.to_string())))
}

/// A message's first paragraph, without its "error: ", as one line.
pub(super) fn in_one_line(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.trim_start_matches("error: ").split_whitespace().collect();
    words.join(" ")
}
