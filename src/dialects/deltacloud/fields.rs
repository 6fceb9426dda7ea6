//! What was sent of a thing, as text by the parameter that each is: in a query, in a form, in a rule of a rule set.

use deltawall_core::text::InvalidText;

use super::error::ApiError;
use super::parameter::{Parameter, Syntax};
use crate::text::shown;

/// What was sent of one thing.
pub(super) trait Fields {
    /// What was sent as this parameter.
    fn get(&self, parameter: &Parameter) -> Option<&str>;

    /// The failure of a parameter that is not there and has to be.
    fn missing(&self, parameter: &Parameter) -> ApiError;

    /// The failure of parameters that are wrong. What is wrong is what follows their names in a sentence.
    fn wrong(&self, parameters: &[&Parameter], what: &str) -> ApiError;

    /// The failure of the whole thing, in a sentence.
    fn refused(&self, why: &str) -> ApiError;

    /// What was sent without white space around it; none where there is nothing else.
    fn get_not_blank(&self, parameter: &Parameter) -> Option<&str> {
        self.get(parameter).map(str::trim).filter(|value| !value.is_empty())
    }

    /// What was sent and has to be.
    fn required(&self, parameter: &Parameter) -> Result<&str, ApiError> {
        self.get(parameter).ok_or_else(|| self.missing(parameter))
    }

    /// Text that may be left out or blank, without white space around it.
    fn text<T>(&self, parameter: &Parameter, new: fn(String) -> Result<T, InvalidText>) -> Result<Option<T>, ApiError> {
        let value = self.get_not_blank(parameter).map(|value| new(value.to_owned()));
        value.transpose().map_err(|why| self.wrong(&[parameter], &why.to_string()))
    }

    /// What the text stands for; none where it is not there or blank.
    fn parsed<T, E: ToString>(
        &self,
        parameter: &Parameter,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ApiError> {
        let Some(value) = self.get_not_blank(parameter) else { return Ok(None) };
        let parsed = parse(value)
            .map_err(|why| self.wrong(&[parameter], &format!("has '{}', which {}", shown(value), why.to_string())))?;
        Ok(Some(parsed))
    }

    /// A whole number that has to be there.
    fn number(&self, parameter: &Parameter) -> Result<i32, ApiError> {
        let value = self.required(parameter)?.trim();
        let number = value.parse().ok();
        number.ok_or_else(|| self.wrong(&[parameter], &format!("is '{}', and not a whole number", shown(value))))
    }

    /// What the parameter's word stands for, the meanings being in the order of its words; none where it is not there
    /// or blank.
    fn one_of<T: Copy, const N: usize>(&self, parameter: &Parameter, meanings: [T; N]) -> Result<Option<T>, ApiError> {
        let (Some(value), Syntax::Word(words)) = (self.get_not_blank(parameter), parameter.syntax) else {
            return Ok(None);
        };
        let known = words.iter().zip(meanings).find(|(word, _)| word.eq_ignore_ascii_case(value));
        known.map(|(_, meaning)| Some(meaning)).ok_or_else(|| {
            self.wrong(&[parameter], &format!("is '{}', and not one of {}", shown(value), words.join(", ")))
        })
    }
}
