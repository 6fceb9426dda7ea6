//! How the id of a rule is written.

use std::fmt;

use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::model::{Action, Direction};
use crate::protocol::Protocol;
use crate::source::Source;

/// What stands for something else within an id.
const DELIMITERS: &AsciiSet = &AsciiSet::EMPTY.add(b'~').add(b'@').add(b',').add(b'/').add(b' ').add(b'%');

/// What is written of a rule.
pub(super) struct Written<'a> {
    pub(super) owner: &'a str,
    pub(super) protocol: Protocol,
    pub(super) direction: Direction,
    pub(super) action: Action,
    pub(super) sources: &'a [Source],
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(self.owner, f)?;
        f.write_str("~")?;
        f.write_str(&self.protocol.name().unwrap_or_default())?;
        f.write_str("~")?;
        if let Some((from, to)) = self.protocol.numbers() {
            write_number(from, f)?;
            f.write_str("~")?;
            write_number(to, f)?;
        } else {
            f.write_str("~")?;
        }
        f.write_str("~")?;
        for (index, source) in self.sources.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write_source(source, f)?;
        }
        if self.direction == Direction::Egress {
            f.write_str("~egress")?;
        }
        match self.action {
            Action::Accept => Ok(()),
            Action::Deny | Action::Reject => write!(f, "~{}", self.action.name()),
        }
    }
}

fn write_source(source: &Source, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match source {
        Source::Group(group) => {
            f.write_str("@group,")?;
            write_escaped(group.owner.as_str(), f)?;
            f.write_str(",")?;
            write_escaped(group.name.as_str(), f)
        }
        Source::Address(cidr) => {
            f.write_str("@address,")?;
            f.write_str(cidr.family())?;
            f.write_str(",")?;
            fmt::Display::fmt(&cidr.address_text(), f)?;
            f.write_str(",")?;
            write_number(cidr.prefix().into(), f)
        }
        Source::Range(range) => {
            f.write_str("@range,")?;
            f.write_str(range.family())?;
            write!(f, ",{},{}", range.first(), range.last())
        }
        Source::PrefixList(id) => {
            f.write_str("@prefix_list,")?;
            write_escaped(id.as_str(), f)
        }
    }
}

fn write_escaped(field: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    utf8_percent_encode(field, DELIMITERS).try_for_each(|part| f.write_str(part))
}

fn write_number(number: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(itoa::Buffer::new().format(number))
}
