//! The rooms of the house: what docs/ARCHITECTURE.md says of them holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice)]

mod arrows;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;
use std::path::Path;

/// How many lines a file has at the most.
const MOST_LINES: usize = 400;

/// What is not written by hand, or is data.
const NOT_WRITTEN: [&str; 5] =
    ["tests/fuzz/corpus", "tests/fuzz/Cargo.lock", "/package-lock.json", "/target/", "/node_modules/"];

type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn arrows_run_down_only() {
    let floors = floors();
    let floor = |file: &str| {
        let found = floors.iter().filter(|(place, _)| file == *place || file.starts_with(&format!("{place}/")));
        let found = found.max_by_key(|(place, _)| place.len());
        found.unwrap_or_else(|| panic!("{file} stands on no floor in docs/ARCHITECTURE.md"))
    };
    let mut wrong = Vec::new();
    for (file, used) in arrows() {
        let (place, number) = floor(&file);
        for other in used {
            let (other_place, other_number) = floor(&other);
            let why = match number.cmp(other_number) {
                _ if place == other_place => continue,
                std::cmp::Ordering::Less => continue,
                std::cmp::Ordering::Equal => "is on the same floor",
                std::cmp::Ordering::Greater => "stands above it",
            };
            wrong.push(format!("{file} uses {other}, which {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_arrows_run_round() {
    let arrows = arrows();
    let rounds: BTreeSet<_> = arrows.keys().filter_map(|file| round(file, &arrows)).collect();
    assert!(rounds.is_empty(), "{}", rounds.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn no_file_is_long() {
    let mut long = Vec::new();
    for path in ["src", "drivers", "tests"].iter().flat_map(|folder| files(folder)) {
        let is_of = |places: &[&str]| places.iter().any(|place| path.contains(place));
        let is_written = !is_of(&NOT_WRITTEN) && !path.ends_with(".snap");
        if let (true, Ok(text)) = (is_written, fs::read_to_string(root().join(&path))) {
            let lines = text.lines().count();
            long.extend((lines > MOST_LINES).then(|| format!("{path} has {lines} lines, of {MOST_LINES} at the most")));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn what_a_file_uses_is_found_in_use_lines_and_paths() {
    let sources = [
        ("src/lib.rs", "pub mod a; pub mod b; pub mod c;"),
        ("src/a.rs", "use crate::b::{self, Second as Other, inner::{Deep}};\nfn f() { b::first(); super::c::third() }"),
        ("src/b/mod.rs", "//! Hands on.\nmod first;\nmod inner;\npub use first::{Second, first};"),
        ("src/b/first.rs", "#[cfg(test)] mod tests { use crate::a; }\npub fn first() {}\npub struct Second;"),
        ("src/b/inner.rs", "fn f() { info!(x = super::first::first()) }"),
        ("src/c.rs", "pub fn third() -> deltawall_core::Error { \"crate::a\" }"),
        ("drivers/core/src/lib.rs", "mod error; pub use error::Error;"),
        ("drivers/core/src/error.rs", "pub struct Error;"),
    ];
    let found = arrows::of(&sources.map(|(path, text)| (path.to_owned(), text.to_owned())));
    let used = |file: &str| found[file].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(used("src/a.rs"), ["src/b/first.rs", "src/b/inner.rs", "src/b/mod.rs", "src/c.rs"]);
    assert_eq!(used("src/b/inner.rs"), ["src/b/first.rs"]);
    assert_eq!(used("src/c.rs"), ["drivers/core/src/error.rs"]);
    assert!(["src/lib.rs", "src/b/mod.rs", "src/b/first.rs"].iter().all(|file| used(file).is_empty()));
}

/// The shortest way from a file back to it, if there is one.
fn round(file: &str, arrows: &Arrows) -> Option<String> {
    let mut came_from: HashMap<&str, &str> = HashMap::new();
    let mut next = VecDeque::from([file]);
    while let Some(current) = next.pop_front() {
        for used in &arrows[current] {
            if used == file {
                let way = std::iter::successors(Some(current), |at| came_from.get(at).copied());
                let mut way: Vec<_> = way.take_while(|at| *at != file).collect();
                way.push(file);
                way.reverse();
                let first = way.iter().position(|at| at == way.iter().min().unwrap()).unwrap();
                way.rotate_left(first);
                return Some(format!("{} → {}", way.join(" → "), way[0]));
            }
            if !came_from.contains_key(used.as_str()) {
                came_from.insert(used, current);
                next.push_back(used);
            }
        }
    }
    None
}

/// The table of floors, from the top: what stands there, with the number of the floor.
fn floors() -> Vec<(String, usize)> {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with("Floors\n")).expect("a section Floors");
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1).enumerate();
    let places = rows.flat_map(|(number, row)| {
        let column = row.split('|').nth(2).unwrap_or_default();
        column.split('`').skip(1).step_by(2).map(move |place| (place.to_owned(), number))
    });
    places.collect()
}

fn arrows() -> Arrows {
    let is_source = |path: &String| path.ends_with(".rs") && (path.starts_with("src/") || path.contains("/src/"));
    let paths = ["src", "drivers"].iter().flat_map(|folder| files(folder)).filter(is_source);
    let sources: Vec<_> = paths.map(|path| (path.clone(), fs::read_to_string(root().join(&path)).unwrap())).collect();
    arrows::of(&sources)
}

/// The files below a folder, as the project's root sees them.
fn files(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap) {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(self::files(&path)),
            false => files.push(path),
        }
    }
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
