//! The file for the time between the machine's start and the gateway's.

use std::io::{self, Write};
use std::path::Path;

use tokio::sync::Mutex;

use crate::nft::Nft;
use crate::options::Options;

/// Writes it anew, where one is asked for: what is in force in the gateway's own namespace, in nft's syntax, for
/// /etc/nftables.conf to include. That it cannot be written is no reason not to change a rule, and is said in the log.
///
/// Each waits for those before it, and lists what is in force then, so that the last that is written is the last that was in force.
pub(crate) async fn renew(nft: &Nft, options: &Options, turn: &Mutex<()>) {
    let (Some(path), true) = (&options.boot_file, nft.is_own()) else { return };
    let _turn = turn.lock().await;
    let text = match nft.text().await {
        Ok(text) => text,
        Err(why) => {
            return tracing::error!(path = %path.display(), %why, "the rules for the machine's start were not written");
        }
    };
    if let Err(why) = write(path, &text) {
        tracing::error!(path = %path.display(), %why, "the rules for the machine's start were not written");
    }
}

/// What makes the table what is listed, whatever it is: the first time it is loaded, and each time after.
const ANEW: &str = "table inet deltawall\nflush table inet deltawall\n";

/// Writes it beside, and puts it in its place whole.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(ANEW.as_bytes())?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
