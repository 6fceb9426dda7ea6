//! Paths of a configuration file, which are relative to its folder.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::files::file_error;
use super::settings::Settings;
use super::store::{self, StorePlace};
use super::usage::Usage;

/// The settings of a file with the paths in them as they are from where the program runs.
///
/// # Errors
/// [`Usage`] where the store's place could not be written as text.
pub(super) fn resolved(mut settings: Settings, file: &Path) -> Result<Settings, Usage> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let Settings { tls_cert, tls_key, clients, mock_data, fgcp_data, nft_boot_file, state_key, feed, .. } =
        &mut settings;
    let own = [tls_cert, tls_key, clients, mock_data, fgcp_data, nft_boot_file, state_key];
    let of_feeds = feed.iter_mut().flat_map(|feed| [&mut feed.file, &mut feed.ca]);
    own.into_iter().chain(of_feeds).flatten().for_each(|path| place(path, folder));
    let state = settings.state.as_ref().map(ExposeSecret::expose_secret).filter(|text| !text.is_empty());
    if let Some(StorePlace::File(path)) = state.map(store::place_of).transpose()? {
        let path = folder.join(path);
        let unwritable = || file_error(file, "its folder's name is not UTF-8, so that state cannot be relative to it");
        settings.state = Some(SecretString::from(path.to_str().ok_or_else(unwritable)?));
    }
    Ok(settings)
}

/// An empty path says nothing, and stays so.
fn place(path: &mut PathBuf, folder: &Path) {
    if !path.as_os_str().is_empty() {
        *path = folder.join(&path);
    }
}
