//! Which file uses which, as `use` lines and paths say it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Where a module is: its crate, and the names of modules from there.
type Place = Vec<String>;

/// A source file.
#[derive(Default)]
struct File {
    path: String,
    module: Place,
    /// What other files' paths mean here, by the name that they begin with.
    names: HashMap<String, Place>,
    /// The other paths in it.
    paths: Vec<Place>,
    /// Whether there is anything but modules and `use` lines.
    has_code: bool,
}

/// The files that each file uses. Tests within a file do not count, nor does what a file declares and hands on.
pub fn of(sources: &[(String, String)]) -> BTreeMap<String, BTreeSet<String>> {
    let files: Vec<File> = sources.iter().map(|(path, text)| File::read(path, text)).collect();
    let modules: HashMap<&[String], &File> = files.iter().map(|file| (file.module.as_slice(), file)).collect();
    let arrows = files.iter().map(|file| {
        let used = file.uses().into_iter().filter_map(|place| find(&place, &modules));
        let others = used.filter(|used| file.has_code && *used != file.path).map(str::to_owned);
        (file.path.clone(), others.collect())
    });
    arrows.collect()
}

/// The file that a path leads to, through those that only hand it on.
fn find<'a>(place: &[String], modules: &HashMap<&[String], &'a File>) -> Option<&'a str> {
    let (file, rest) = (0..=place.len()).rev().find_map(|length| {
        let file = modules.get(place.get(..length)?)?;
        Some((file, place.get(length..)?))
    })?;
    let [first, others @ ..] = rest else { return Some(&file.path) };
    match file.names.get(first) {
        Some(handed_on) if *handed_on != place => find(&[handed_on, others].concat(), modules),
        _ => Some(&file.path),
    }
}

impl File {
    fn read(path: &str, text: &str) -> Self {
        let mut file = Self { path: path.to_owned(), module: module(path), ..Self::default() };
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        file.walk(tokens, true);
        file
    }

    fn uses(&self) -> Vec<Place> {
        let inline = self.paths.iter().filter_map(|path| self.absolute(path));
        self.names.values().cloned().chain(inline).collect()
    }

    fn walk(&mut self, tokens: TokenStream, is_outermost: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at..];
            at += match (token, rest.get(1)) {
                (TokenTree::Punct(mark), Some(next)) if mark.as_char() == '#' && is_of_tests(next) => {
                    let end = rest.iter().position(|token| is(token, ";") || is_braced(token));
                    end.map_or(rest.len(), |index| index + 1)
                }
                (TokenTree::Punct(mark), Some(next)) if mark.as_char() == '#' => 2 + usize::from(is(next, "!")),
                (TokenTree::Ident(word), _) if word == "use" => {
                    let line: Vec<_> = rest[1..].iter().take_while(|token| !is(token, ";")).cloned().collect();
                    self.import(&[], &line);
                    line.len() + 2
                }
                (TokenTree::Ident(word), Some(name)) if word == "mod" && is(&rest[2], ";") => {
                    let child = [self.module.as_slice(), &[name.to_string()]].concat();
                    self.names.insert(name.to_string(), child);
                    3
                }
                (TokenTree::Ident(word), Some(TokenTree::Group(_))) if word == "pub" => 2,
                (TokenTree::Ident(word), _) if word == "pub" => 1,
                (TokenTree::Ident(_), _) => {
                    self.has_code |= is_outermost;
                    let path = path(rest);
                    let length = 3 * path.len() - 2;
                    self.paths.extend(Some(path).filter(|path| path.len() > 1));
                    length
                }
                (TokenTree::Group(group), _) => {
                    self.walk(group.stream(), false);
                    1
                }
                _ => 1,
            };
        }
    }

    /// Reads what stands behind `use`, or in a brace of it behind this path.
    fn import(&mut self, before: &[String], tokens: &[TokenTree]) {
        for tree in tokens.split(|token| is(token, ",")).filter(|tree| !tree.is_empty()) {
            let mut place = before.to_vec();
            let mut name = None;
            for (index, token) in tree.iter().enumerate() {
                match token {
                    TokenTree::Group(group) => {
                        let within: Vec<_> = group.stream().into_iter().collect();
                        self.import(&place, &within);
                        name = Some("_".to_owned());
                    }
                    TokenTree::Ident(word) if word == "as" => name = tree.get(index + 1).map(ToString::to_string),
                    TokenTree::Ident(word) if word == "self" && !before.is_empty() => {}
                    TokenTree::Ident(word) if name.is_none() => place.push(word.to_string()),
                    _ => {}
                }
            }
            let name = name.or_else(|| place.last().cloned()).unwrap_or_default();
            if let (Some(place), false) = (self.absolute(&place), name == "_") {
                self.names.insert(name, place);
            }
        }
    }

    /// The place that a path means in this file; none where it is not of ours.
    fn absolute(&self, path: &[String]) -> Option<Place> {
        let [first, rest @ ..] = path else { return None };
        let start = match first.as_str() {
            "crate" => self.module[..1].to_vec(),
            "self" => self.module.clone(),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                let left = self.module.get(..self.module.len().checked_sub(ups)?)?;
                return Some([left, &path[ups..]].concat());
            }
            name => match self.names.get(name) {
                Some(place) => place.clone(),
                None => vec![krate(name)?],
            },
        };
        Some([start.as_slice(), rest].concat())
    }
}

/// The place of a file's module.
fn module(path: &str) -> Place {
    let (krate, below) = path.split_once("/src/").or(path.split_once("src/")).expect("a source file");
    let krate = if krate.is_empty() { "src".to_owned() } else { krate.to_owned() };
    let below = Path::new(below).with_extension("");
    let parts = below.iter().map(|part| part.to_string_lossy().into_owned());
    let is_own_name = |part: &String| !["mod", "lib"].contains(&part.as_str());
    [krate].into_iter().chain(parts.filter(is_own_name)).collect()
}

/// The folder of a crate of ours by its name.
fn krate(name: &str) -> Option<String> {
    match name.strip_prefix("deltawall")? {
        "" => Some("src".into()),
        driver => Some(format!("drivers/{}", driver.strip_prefix('_')?)),
    }
}

/// The path that begins here, one name or more.
fn path(tokens: &[TokenTree]) -> Place {
    let mut path = vec![tokens[0].to_string()];
    let mut rest = &tokens[1..];
    while let [one, other, TokenTree::Ident(next), after @ ..] = rest
        && is(one, ":")
        && is(other, ":")
    {
        path.push(next.to_string());
        rest = after;
    }
    path
}

fn is(token: &TokenTree, text: &str) -> bool {
    !matches!(token, TokenTree::Group(_)) && token.to_string() == text
}

fn is_braced(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_of_tests(attribute: &TokenTree) -> bool {
    attribute.to_string().replace(' ', "") == "[cfg(test)]"
}
