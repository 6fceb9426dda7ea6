//! The command line: what can be typed, and what is told of it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Parser};
use clap_complete::Shell;
use clap_mangen::Man;

use super::clients::ClientsCommand;
use super::files::in_one_line;
use super::settings::Settings;
use super::usage::Usage;

/// What the program is called.
const NAME: &str = "deltawall";

/// Its version, with the commit that it was built from where that is known.
const VERSION: &str = env!("DELTAWALL_VERSION");

/// The command that takes what the program takes.
const CHECK: &str = "check";

/// The groups that options are told in. Those in none of them come first, and are the summary.
const GROUPS: &[(&str, &[&str])] = &[
    ("Clouds", &["provider", "user", "password", "backend_timeout", "backend_requests", "backend_queue"]),
    ("Connections", &["halo_hosts", "insecure_http", "admin_listen", "trusted_proxies"]),
    ("Log", &["log_format", "log_level"]),
    (
        "Limits",
        &[
            "header_timeout",
            "body_timeout",
            "idle_timeout",
            "max_connections",
            "max_peer_connections",
            "max_held",
            "max_body",
            "max_parameters",
            "max_field",
            "max_sources",
            "drain_timeout",
        ],
    ),
    ("Changes", &["state_key", "keep_changes", "reconcile_every"]),
    ("Halo", &["halo", "ghostport_time", "max_zone", "max_objects", "max_rules"]),
    ("VAPIX", &["vapix", "vapix_challenge"]),
    ("EC2", &["ec2_credentials", "ec2_vpc", "ec2_show_egress", "ec2_max_answer", "ec2_endpoint"]),
    (
        "nftables",
        &[
            "nft_namespaces",
            "nft_forward",
            "nft_let_through",
            "nft_keep_connections",
            "nft_guard",
            "nft_marks",
            "nft_boot_file",
        ],
    ),
    ("Mocks", &["mock_data", "fgcp_data", "fgcp_stop_delay"]),
];

/// What stands below the options.
const AFTER_SUMMARY: &str = "deltawall --help tells of all options.";
const AFTER_HELP: &str = "Each option is also an environment variable and a key of the file that --config names. \
                          DELTAWALL_… is read beside API_…, and wins. The command line wins over the environment, and that over the file.";

/// One firewall API in front of every cloud.
#[derive(Debug, Parser)]
#[command(name = NAME, version = VERSION, disable_help_subcommand = true, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    given: Given,
}

/// The settings, and where more of them are.
#[derive(Debug, clap::Args)]
pub(super) struct Given {
    #[command(flatten)]
    pub(super) settings: Settings,

    /// A TOML file with any of these settings, `public_url = "…"` for --public-url and so on
    #[arg(long, env = "API_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// What else the program does.
#[derive(Debug, clap::Subcommand)]
enum Command {
    #[command(subcommand, name = "clients")]
    Clients(ClientsCommand),
    /// Checks the settings with all files that they name, as at the start, and changes nothing
    #[command(name = CHECK)]
    Check(Box<Given>),
    /// Prints the completions of a shell, for it to read when it starts
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Prints the manual page, for man to read: `deltawall man | man -l -`
    Man {
        /// The command whose page it is, such as `clients add`, if not the program's own
        command: Vec<String>,
    },
}

/// What was typed.
pub(super) enum Typed {
    /// The settings to serve with.
    Serve(Box<Given>),
    /// The settings to check.
    Check(Box<Given>),
    /// Something about the file of clients.
    Clients(ClientsCommand),
    /// Something that asks for a text.
    Print(String),
}

/// Reads what was typed. The first of `arguments` is the program's own name.
pub(super) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Typed, Usage> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let mut command = command(arguments.iter().any(|argument| argument == "-h"))
        .mut_args(with_own_variable)
        .mut_subcommand(CHECK, |command| command.mut_args(with_own_variable));
    let parsed = command.try_get_matches_from_mut(arguments).and_then(|matches| Args::from_arg_matches(&matches));
    let args = match parsed {
        Ok(args) => args,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Typed::Print(error.to_string()));
        }
        Err(error) => return Err(Usage(in_one_line(&error.to_string()))),
    };
    match args.command {
        None => Ok(Typed::Serve(Box::new(args.given))),
        Some(Command::Check(given)) => Ok(Typed::Check(given)),
        Some(Command::Clients(command)) => Ok(Typed::Clients(command)),
        Some(Command::Completions { shell }) => Ok(Typed::Print(completions(shell))),
        Some(Command::Man { command }) => manual(&command).map(Typed::Print),
    }
}

/// The command line, of which the summary tells the first options alone.
///
/// Clap's own `--help` puts each text on a line below its option, which makes four lines of one. So `--help` is its short form, too,
/// and `-h` the same with less in it.
fn command(is_summary: bool) -> clap::Command {
    let command = Args::command().disable_help_flag(true);
    with_settings(command.mut_subcommands(|command| with_help(command, is_summary)), is_summary)
}

/// What is disabled for the program is disabled for all commands.
fn with_help(command: clap::Command, is_summary: bool) -> clap::Command {
    match command.get_name() {
        CHECK => with_settings(command, is_summary),
        _ => command
            .mut_subcommands(|command| with_help(command, is_summary))
            .arg(help("Print help").action(ArgAction::Help)),
    }
}

/// A command that takes all settings.
fn with_settings(command: clap::Command, is_summary: bool) -> clap::Command {
    let grouped = command.mut_args(|arg| match group_of(&arg) {
        Some(group) => arg.help_heading(group).hide_short_help(is_summary),
        None => arg,
    });
    grouped.arg(help("Print this; -h is a summary").action(ArgAction::HelpShort)).after_help(if is_summary {
        AFTER_SUMMARY
    } else {
        AFTER_HELP
    })
}

fn help(says: &'static str) -> Arg {
    Arg::new("help").short('h').long("help").help(says)
}

/// Each variable API_… may be called DELTAWALL_… instead. Where both say something that wins.
fn with_own_variable(arg: Arg) -> Arg {
    let name = arg.get_env().and_then(OsStr::to_str).and_then(|name| name.strip_prefix("API_"));
    let own = name.map(|name| format!("DELTAWALL_{name}"));
    match own.filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        Some(name) => arg.env(OsString::from(name)),
        None => arg,
    }
}

fn group_of(arg: &Arg) -> Option<&'static str> {
    let id = arg.get_id().as_str();
    GROUPS.iter().find(|(_, ids)| ids.contains(&id)).map(|(group, _)| *group)
}

fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command(false), NAME, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The manual page of the program, or of the command that these words are.
fn manual(words: &[String]) -> Result<String, Usage> {
    let mut command = command(false);
    command.build();
    let mut told = &command;
    for word in words {
        let unknown = || Usage(format!("there is no command '{}' to have a page", words.join(" ")));
        told = told.find_subcommand(word).ok_or_else(unknown)?;
    }
    let mut text = Vec::new();
    let page = Man::new(told.clone()).source(format!("{NAME} {VERSION}"));
    page.render(&mut text).map_err(|why| Usage(why.to_string()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
