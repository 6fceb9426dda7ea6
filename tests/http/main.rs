//! The gateway over real HTTP: endpoints × formats × drivers.
//!
//! Each test starts a server of its own on a free port and speaks to it over a plain socket, so that what goes over
//! the wire is just what the test says. Whole answers are compared with the files in `snapshots`. What the API does on every
//! driver is tested on each that can do all of it: `subject` says how.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice)]

mod accounts;
mod alpn;
mod answers;
mod anyone;
mod attacks;
mod blocked;
mod budget;
mod changes;
mod clients_file;
mod clock;
mod cloud;
mod command_line;
mod concurrency;
mod conditions;
mod connections;
mod crowd;
mod documentation;
mod down;
mod drift;
mod ec2;
mod emulator;
mod expiries;
mod failures;
mod faults;
mod fgcp;
mod formats;
mod frames;
mod guards;
mod halo;
mod held;
mod hostile;
mod http2;
mod ids;
mod instance;
mod joining;
mod kept;
mod keys;
mod killed;
mod life;
mod limits;
mod links;
mod methods;
mod mock;
mod mock_nftables;
#[path = "../../drivers/nftables/tests/nftables/namespaces.rs"]
mod namespaces;
mod nftables;
mod observe;
mod openapi;
mod options;
mod other_sites;
mod overload;
mod packets;
mod pages;
mod parameters;
mod planning;
mod process;
mod races;
mod reference;
mod refused;
mod replacing;
mod resources;
mod seen;
mod selection;
mod server;
mod shutdown;
mod slow;
mod sources;
mod spoken;
mod subject;
mod timed;
mod tls;
mod vapix;
mod walk;
mod wire;
