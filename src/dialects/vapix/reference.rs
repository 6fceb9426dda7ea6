//! The API described for people, in Markdown.

use super::model::name;
use super::types::{ABOUT, ACTIONS, ACTIVATED, DATA_TYPES, Member, Property, RULES, Type, VERSION};

/// The whole document.
pub(super) fn document() -> String {
    let property = |property: &Property, path: &str| {
        let methods = if property.writable { "GET, PATCH, PUT" } else { "GET" };
        let null = if property.nullable { " or null" } else { "" };
        format!("| `{path}{}` | {methods} | {}{null} | {} |\n", property.name, said(property.is), property.about)
    };
    let properties: String = std::iter::once(property(&ACTIVATED, "/"))
        .chain(RULES.iter().map(|one| property(one, "/conf/rules/")))
        .collect();
    let action = |action: &super::types::Action| {
        let takes = action.takes.map_or("`{}`".to_owned(), |of| of.name.to_owned());
        format!("| `/conf/{}` | POST, PATCH, PUT | {takes} | {} |\n", action.name, action.about)
    };
    let actions: String = ACTIONS.iter().map(action).collect();
    let member = |member: &Member| {
        let null = if member.nullable { " or null" } else { "" };
        format!("| `{}` | {}{null} | {} |\n", member.name, said(member.is), member.about)
    };
    let types: String = DATA_TYPES
        .iter()
        .map(|of| {
            let members: String = of.members.iter().map(member).collect();
            format!("\n### {}\n\n{}\n\n| Member | Type | Meaning |\n|---|---|---|\n{members}", of.name, of.about)
        })
        .collect();
    format!(
        "# Firewall configuration API {VERSION}\n\n{ABOUT}\n\nAll paths are below `/config/rest/firewall/v1`. Everything needs the role admin.\n\n\
         ## Properties\n\n| Path | Methods | Type | Meaning |\n|---|---|---|---|\n{properties}\n\
         ## Actions\n\n| Path | Methods | Takes | Effect |\n|---|---|---|---|\n{actions}\n\
         ## Data types\n{types}\n\
         ## Errors\n\n| Code | Message | When |\n|---|---|---|\n\
         | 5 | Validation error | Something is missing, unknown, or not of its type. |\n\
         | 11 | Bad content type | The body is not said to be JSON. |\n\
         | 100 | Invalid IP address | What should be an address or a network is none. |\n\
         | 101 | Invalid IP address range. | A range ends before it starts, or in another family. |\n\
         | 103 | Invalid request. | Members do not go together, the state stands against it, or the back end cannot enforce it. |\n\
         | 104 | Invalid port range. | A range ends before it starts. |\n"
    )
}

fn said(is: Type) -> String {
    match is {
        Type::Integer(least, most) => format!("integer, {least} to {most}"),
        Type::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        is => name(is),
    }
}
