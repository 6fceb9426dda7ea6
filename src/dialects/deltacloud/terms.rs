//! How a change is to be made, and which changes are asked for.

use std::time::Duration;

use deltawall_core::FirewallId;

use super::change_parameters::{
    BEFORE, CONFIRM_WITHIN, EXPIRES_AT, EXPIRES_IN, MOST, OF_FIREWALL, SINCE, STATE, UNTIL, USER, WHY,
};
use super::error::ApiError;
use super::fields::Fields;
use super::parameter::{Parameter, Syntax};
use super::parameters::Parameters;
use crate::changes::terms::{Expires, Terms};
use crate::clock::Timestamp;
use crate::store::ChangeId;
use crate::store::record::{Query, State};

/// How long the words may be that say why a change is made, in characters.
const MAX_WHY: usize = 1000;

/// How many changes are listed where the client does not say.
const USUAL: i32 = 50;

impl Parameters {
    /// How a change is to be made.
    pub(super) fn terms(&self) -> Result<Terms, ApiError> {
        let expires = match (self.seconds(&EXPIRES_IN)?, self.time(&EXPIRES_AT)?) {
            (Some(_), Some(_)) => return Err(self.wrong(&[&EXPIRES_IN, &EXPIRES_AT], "cannot both be there")),
            (time, at) => time.map(Expires::In).or(at.map(Expires::At)),
        };
        let why = self.get_not_blank(&WHY);
        if why.is_some_and(|why| why.chars().any(char::is_control)) {
            return Err(self.wrong(&[&WHY], "must not contain control characters"));
        }
        if why.is_some_and(|why| why.chars().count() > MAX_WHY) {
            return Err(self.wrong(&[&WHY], &format!("is longer than {MAX_WHY} characters")));
        }
        Ok(Terms {
            confirm_within: self.seconds(&CONFIRM_WITHIN)?,
            expires,
            of_rules: Vec::new(),
            why: why.map(str::to_owned),
            ..Terms::default()
        })
    }

    /// Which changes are asked for.
    pub(super) fn changes(&self) -> Result<Query, ApiError> {
        let firewall = self.text(&OF_FIREWALL, FirewallId::new)?;
        let before = self.parsed(&BEFORE, ChangeId::new)?;
        Ok(Query {
            firewall: firewall.map(|id| id.to_string()),
            state: self.one_of(&STATE, State::ALL)?,
            user: self.get_not_blank(&USER).map(str::to_owned),
            since: self.time(&SINCE)?,
            until: self.time(&UNTIL)?,
            before,
            limit: usize::try_from(self.whole(&MOST)?.unwrap_or(USUAL)).unwrap_or_default(),
            ..Query::default()
        })
    }

    fn time(&self, parameter: &Parameter) -> Result<Option<Timestamp>, ApiError> {
        self.parsed(parameter, str::parse)
    }

    fn seconds(&self, parameter: &Parameter) -> Result<Option<Duration>, ApiError> {
        let seconds = self.whole(parameter)?.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(seconds.map(Duration::from_secs))
    }

    /// A whole number that the parameter can be; none where it is not there or blank.
    fn whole(&self, parameter: &Parameter) -> Result<Option<i32>, ApiError> {
        let Syntax::Number(first, last) = parameter.syntax else { return Ok(None) };
        let read = |text: &str| {
            let number = text.parse().ok().filter(|number| (first..=last).contains(number));
            number.ok_or_else(|| format!("is not a whole number from {first} to {last}"))
        };
        self.parsed(parameter, read)
    }
}
