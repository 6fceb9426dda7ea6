//! The rules of EC2's security groups, error for error.

mod checks;
mod cloud;
mod data;
mod groups;
mod id;
mod refusal;
mod replace;

pub use data::SAMPLE_DATA;
pub use groups::{Groups, Mock};
pub use id::ID;
