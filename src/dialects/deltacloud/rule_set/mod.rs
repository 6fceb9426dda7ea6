//! Rule sets as clients send them: as JSON or XML, in the form in which firewalls are shown.

mod json;
mod read;
mod sent;
mod xml;

pub(super) use read::read;
pub(super) use sent::SentSet;
