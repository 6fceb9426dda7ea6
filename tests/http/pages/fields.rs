//! The forms of pages, as browsers send them.

/// The value of the first field of this name.
pub fn value<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next()
}

/// All fields of a form of the page, the first that is sent there, as a browser sends them.
pub fn fields(page: &str, action: &str) -> String {
    let (_, rest) = page.split_once(&format!("<form method=\"post\" action=\"{action}\">")).expect(action);
    let form = rest.split("</form>").next().unwrap();
    let mut sent = Vec::new();
    let attribute = |tag: &str, name: &str| -> Option<String> {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(unescaped(rest.split('"').next().unwrap()))
    };
    for tag in form.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let is_off = tag.contains("type=\"checkbox\"") && !tag.contains(" checked");
        if !is_off {
            sent.push((attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap()));
        }
    }
    for select in form.split("<select").skip(1) {
        let options = select.split("</select>").next().unwrap();
        let chosen = options.split("<option").find(|option| option.contains(" selected"));
        let chosen = chosen.or(options.split("<option").nth(1)).unwrap();
        let text = chosen.split_once('>').unwrap().1.split('<').next().unwrap().to_owned();
        sent.push((attribute(select, "name").unwrap(), attribute(chosen, "value").unwrap_or(text)));
    }
    form_of(&sent)
}

fn form_of(fields: &[(String, String)]) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

fn unescaped(text: &str) -> String {
    ["&#34;", "&#39;", "&#60;", "&#62;", "&#38;"]
        .iter()
        .zip(["\"", "'", "<", ">", "&"])
        .fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character))
}
