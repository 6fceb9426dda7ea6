//! Running `nft`, for one network namespace.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use std::{env, io};

use deltawall_core::{Error, ErrorKind};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::capabilities::ID;
use crate::commands::{TABLE, Transaction};

/// How long it may take. 10,000 rules take a second.
const LONGEST: Duration = Duration::from_secs(60);

/// Where programs of the administrator are that are not in an ordinary user's PATH.
const ADMINISTRATORS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Where named network namespaces are.
const NAMESPACES: &str = "/run/netns";

/// The `nft` of one network namespace.
#[derive(Debug)]
pub(crate) struct Nft {
    /// The namespace, by its file, where it is not the gateway's own.
    namespace: Option<PathBuf>,
}

/// Why it has not done what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NftError {
    /// There is no such program.
    #[error("the program {0} is not installed")]
    Missing(&'static str),
    /// The namespace is not there.
    #[error("the network namespace {} is not there", .0.display())]
    NoNamespace(PathBuf),
    /// The gateway may not do that.
    #[error("the gateway lacks the right: nft needs CAP_NET_ADMIN, and other namespaces CAP_SYS_ADMIN")]
    Rights,
    /// What it was to change is not there.
    #[error("there is no such table, chain or rule")]
    Absent,
    /// It did not end.
    #[error("nft did not answer in {} seconds", LONGEST.as_secs())]
    TimedOut,
    /// It says something else.
    #[error("nft says: {0}")]
    Says(String),
    /// It could not be run.
    #[error("nft could not be run: {0}")]
    Run(#[from] io::Error),
}

impl Nft {
    /// That of a namespace, by its name; that of the gateway's own where there is none.
    pub(crate) fn new(namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(|name| Path::new(NAMESPACES).join(name)) }
    }

    /// Whether it is that of the gateway's own namespace.
    pub(crate) fn is_own(&self) -> bool {
        self.namespace.is_none()
    }

    /// What the kernel has in our table; none where there is no such table.
    pub(crate) async fn list(&self) -> Result<Option<Vec<u8>>, NftError> {
        match self.run("nft", &["-j", "-n", "list", "table", "inet", TABLE], None).await {
            Ok(text) => Ok(Some(text)),
            Err(NftError::Absent) => Ok(None),
            Err(why) => Err(why),
        }
    }

    /// Our table in nft's own syntax, without counters.
    pub(crate) async fn text(&self) -> Result<Vec<u8>, NftError> {
        self.run("nft", &["-s", "list", "table", "inet", TABLE], None).await
    }

    /// Carries out all of a transaction, or nothing.
    pub(crate) async fn apply(&self, transaction: Transaction) -> Result<(), NftError> {
        if transaction.is_empty() {
            return Ok(());
        }
        self.run("nft", &["-j", "-f", "-"], Some(transaction.into_text())).await.map(drop)
    }

    /// The interfaces with their addresses, as `ip -j address` has them.
    pub(crate) async fn addresses(&self) -> Result<Vec<u8>, NftError> {
        self.run("ip", &["-j", "address", "show"], None).await
    }

    async fn run(&self, program: &'static str, arguments: &[&str], input: Option<String>) -> Result<Vec<u8>, NftError> {
        let mut command = match &self.namespace {
            None => Command::new(found(program)?),
            Some(namespace) => {
                if !namespace.exists() {
                    return Err(NftError::NoNamespace(namespace.clone()));
                }
                let mut command = Command::new(found("nsenter")?);
                command.arg(format!("--net={}", namespace.display())).arg("--").arg(found(program)?);
                command
            }
        };
        command.args(arguments).env_clear().env("LC_ALL", "C").kill_on_drop(true);
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let talk = async {
            let mut child = command.spawn()?;
            let stdin = child.stdin.take();
            let write = async {
                if let (Some(mut stdin), Some(input)) = (stdin, input) {
                    // Where it ends before it has read everything, what it says tells why.
                    let _ = stdin.write_all(input.as_bytes()).await;
                }
            };
            let ((), output) = tokio::join!(write, child.wait_with_output());
            output
        };
        let output = tokio::time::timeout(LONGEST, talk).await.ok().ok_or(NftError::TimedOut)??;
        judged(output)
    }
}

/// The path of a program.
fn found(program: &'static str) -> Result<PathBuf, NftError> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut paths = env::split_paths(&path).chain(ADMINISTRATORS.map(PathBuf::from)).map(|folder| folder.join(program));
    paths.find(|path| path.is_file()).ok_or(NftError::Missing(program))
}

fn judged(output: Output) -> Result<Vec<u8>, NftError> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or_default();
    Err(match first {
        _ if first.contains("No such file or directory") => NftError::Absent,
        _ if first.contains("Operation not permitted") || first.contains("must be root") => NftError::Rights,
        _ => NftError::Says(first.chars().filter(|c| !c.is_control()).take(300).collect()),
    })
}

impl From<NftError> for Error {
    fn from(why: NftError) -> Self {
        let kind = match why {
            NftError::TimedOut => ErrorKind::Timeout,
            NftError::NoNamespace(_) => ErrorKind::Unavailable,
            NftError::Absent => ErrorKind::Conflict,
            NftError::Missing(_) | NftError::Rights | NftError::Says(_) | NftError::Run(_) => ErrorKind::Internal,
        };
        let message = match kind {
            ErrorKind::Conflict => format!(
                "The kernel's table {TABLE} is not as the gateway has left it: another program has changed it or taken it away. See the firewall's drift, and revert it."
            ),
            _ => format!("The kernel's firewall cannot be asked: {why}."),
        };
        Self::new(kind, ID, message).with_source(why)
    }
}
