//! The version of Deltacloud that is spoken.

/// The `Server` header.
pub(super) const SERVER_NAME: &str = "Apache-Deltacloud/1.1.3";

/// The version. Clients compare it with the `Server` header.
pub(super) const VERSION: &str = SERVER_NAME.split_at("Apache-Deltacloud/".len()).1;
