//! What is read as the id of a rule is written so that it reads as the same, and names the rule that it was read from.

#![no_main]

use deltawall_core::{Rule, RuleId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(id) = RuleId::parse(text) else { return };
    let written = id.to_string();
    assert_eq!(RuleId::parse(&written).as_ref(), Ok(&id), "{text:?} was written as {written:?}");
    if let RuleId::Content(content) = &id {
        let rule = Rule { cloud_id: None, content: content.clone().into_owned(), log: None, description: None };
        assert_eq!(rule.id(), id);
        assert!(id.names(&rule), "{text:?} does not name its rule");
    }
});
