//! The HTML views: pages for people, of the same answers that programs get. Askama escapes all that they show.

mod assets;
mod changes;
mod firewall;
mod form;
mod pages;
mod plan;
mod planned;
mod ports;
mod render;
mod rows;
mod words;

pub(super) use assets::{Asset, asset, media_types};
pub(super) use pages::{error, view};
