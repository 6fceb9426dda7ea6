//! The command line: what it has, and what it says of itself.

use std::env::var_os;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Command as Clap, CommandFactory, FromArgMatches, Parser};
use clap_complete::Shell;

use super::clients::ClientsCommand;
use super::settings::Settings;

/// What the names of environment variables begin with, and what they began with when the gateway spoke one API.
const PREFIX: &str = "DELTAWALL_";
const OLD_PREFIX: &str = "API_";

/// One firewall API in front of every cloud.
#[derive(Debug, Parser)]
#[command(
    name = "deltawall",
    version,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    max_term_width = 120,
    after_help = "There are more options, which --help has."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    #[command(flatten)]
    pub(super) settings: Settings,

    /// A TOML file with any of these settings, `public_url = "…"` for --public-url and so on
    #[arg(long, env = "DELTAWALL_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// What else the program does.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    #[command(subcommand, name = "clients")]
    Clients(ClientsCommand),
    /// Prints what makes a shell complete this command line
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page, as troff
    Man,
}

/// Reads arguments and environment. The first argument is the program's own name.
///
/// # Errors
/// What is wrong with them; and help or version, where these are asked for.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    let command = Args::command().mut_args(|arg| {
        let name = arg.get_env().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
        let old = name.filter(|name| var_os(format!("{PREFIX}{name}")).is_none());
        let old = old.map(|name| format!("{OLD_PREFIX}{name}")).filter(|name| var_os(name).is_some());
        match old {
            Some(old) => arg.env(old),
            None => arg,
        }
    });
    let matches = command.try_get_matches_from(arguments)?;
    Args::from_arg_matches(&matches)
}

/// What makes a shell complete the command line.
pub(super) fn completions(shell: Shell) -> String {
    let (mut command, mut text) = (Args::command(), Vec::new());
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The manual page.
pub(super) fn manual() -> String {
    let mut text = Vec::new();
    let written = clap_mangen::Man::new(without_environment(Args::command())).render(&mut text);
    // Nothing fails that is written to memory.
    written.map(|()| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}

/// The same, without what the environment has: that is of this moment.
fn without_environment(command: Clap) -> Clap {
    command.mut_args(|arg| arg.hide_env_values(true))
}
