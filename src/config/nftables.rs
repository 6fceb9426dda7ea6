//! What the operator decides about nftables.

use std::path::PathBuf;

use super::settings::{LetThrough, Settings};
use super::usage::Usage;
use super::values;

/// What the operator decides about nftables.
#[derive(Debug, Clone)]
pub struct Nftables {
    /// The network namespaces that are providers, beside the gateway's own.
    pub namespaces: Vec<String>,
    /// Whether ingress rules also judge what the host forwards.
    pub forward: bool,
    /// What is let through before any rule.
    pub let_through: Vec<LetThrough>,
    /// Whether connections go on when the rule goes that let them in.
    pub keep_connections: bool,
    /// Whether changes are refused after which who makes them could not reach the gateway any more.
    pub guard: bool,
    /// The bits of a connection's mark that are the driver's, if not its own choice.
    pub marks: Option<u32>,
    /// The file that is written for the time before the gateway starts.
    pub boot_file: Option<PathBuf>,
}

impl Default for Nftables {
    fn default() -> Self {
        use LetThrough::{Dhcp, Established, Loopback, Neighbours};
        Self {
            namespaces: Vec::new(),
            forward: false,
            let_through: vec![Loopback, Established, Neighbours, Dhcp],
            keep_connections: false,
            guard: true,
            marks: None,
            boot_file: None,
        }
    }
}

impl Nftables {
    /// Reads what was typed, and what the file has.
    pub(super) fn read(typed: &Settings, file: &Settings) -> Result<Self, Usage> {
        let default = Self::default();
        let given = |typed: &[LetThrough], file: &[LetThrough]| match (typed, file) {
            ([], []) => default.let_through.clone(),
            ([], file) => file.to_vec(),
            (typed, _) => typed.to_vec(),
        };
        let let_through = given(&typed.nft_let_through, &file.nft_let_through);
        if let_through.len() > 1 && let_through.contains(&LetThrough::None) {
            return Err(Usage("'none' for --nft-let-through goes with nothing else".into()));
        }
        let namespaces = values::names(&typed.nft_namespaces);
        let marks = [&typed.nft_marks, &file.nft_marks].into_iter().flatten().find(|text| !text.is_empty());
        let boot_file = [&typed.nft_boot_file, &file.nft_boot_file].into_iter().flatten();
        Ok(Self {
            namespaces: if namespaces.is_empty() { values::names(&file.nft_namespaces) } else { namespaces },
            forward: typed.nft_forward.or(file.nft_forward).unwrap_or(default.forward),
            let_through,
            keep_connections: typed
                .nft_keep_connections
                .or(file.nft_keep_connections)
                .unwrap_or(default.keep_connections),
            guard: typed.nft_guard.or(file.nft_guard).unwrap_or(default.guard),
            marks: marks.map(|text| bits(text)).transpose()?,
            boot_file: boot_file.into_iter().find(|path| !path.as_os_str().is_empty()).cloned(),
        })
    }
}

/// Reads 32 bits in hexadecimal.
fn bits(text: &str) -> Result<u32, Usage> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = u32::from_str_radix(digits, 16).ok().filter(|_| is_plain);
    bits.ok_or_else(|| Usage(format!("'{text}' for --nft-marks is not 32 bits in hexadecimal, such as 0x0000ffff")))
}
