//! The documents: links lead somewhere, the tests and files they name exist, and lines are not too wide.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

const WIDTH: usize = 100;

/// Folders of the repository, and what is read in them.
const FOLDERS: [&str; 8] = [
    ".ci", "benches", "crates", "docs", "examples", "fuzz", "src", "tests",
];

/// A document, by its path from the root of the repository.
struct Page {
    path: PathBuf,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    let text = read_to_string(root().join(path));
    text.map_err(|error| format!("{}: {error}", path.display()))
        .unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The README and the pages: what is part of the documentation of the crate, too.
fn published() -> Vec<Page> {
    let docs = entries(&root().join("docs"));
    let pages = docs.iter().map(|path| path.strip_prefix(root()).unwrap());
    let pages = pages.filter(|path| path.to_str().is_some_and(is_page));
    pages.chain([Path::new("README.md")]).map(page).collect()
}

fn all() -> Vec<Page> {
    let others = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    let others = others.iter().map(|name| page(Path::new(name)));
    published().into_iter().chain(others).collect()
}

fn page(path: &Path) -> Page {
    let text = read(path);
    Page {
        path: path.into(),
        text,
    }
}

/// The lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Labels and targets of the lines `[label]: target`.
fn definitions(text: &str) -> Vec<(&str, &str)> {
    let defined = prose(text).filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    defined.collect()
}

/// Targets of `[text](target)`.
fn inline(text: &str) -> Vec<&str> {
    let links = prose(text).flat_map(|line| line.split("](").skip(1));
    links
        .filter_map(|rest| Some(rest.split_once(')')?.0))
        .collect()
}

/// The text outside of code blocks, in pieces: every second one is between backquotes.
fn pieces(text: &str) -> Vec<String> {
    let text = prose(text).collect::<Vec<_>>().join("\n");
    text.split('`').map(String::from).collect()
}

/// What is written between backquotes.
fn quoted(text: &str) -> Vec<String> {
    pieces(text).into_iter().skip(1).step_by(2).collect()
}

fn is_page(target: &str) -> bool {
    let path = Path::new(target);
    path.extension().is_some_and(|extension| extension == "md")
}

fn is_relative(target: &str) -> bool {
    !target.contains("://")
}

/// The anchors of a page, made from its headings as GitHub and rustdoc do.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let slug = |heading: &str| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let words: String = heading
            .trim_start_matches('#')
            .trim()
            .chars()
            .filter(kept)
            .collect();
        words.to_lowercase().replace(' ', "-")
    };
    headings.map(slug).collect()
}

/// Checks that the file and the anchor exist that `target` names in `page`.
fn check_link(page: &Page, target: &str) {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() {
        page.path.clone()
    } else {
        page.path.parent().unwrap().join(file)
    };
    let name = page.path.display();
    assert!(root().join(&path).exists(), "{name}: no file {target}");
    if !anchor.is_empty() {
        let known = anchors(&read(&path));
        assert!(
            known.iter().any(|known| known == anchor),
            "{name}: no heading {target}"
        );
    }
}

#[test]
fn relative_links_lead_to_files_and_headings() {
    for page in all() {
        let targets = definitions(&page.text)
            .into_iter()
            .map(|(_, target)| target);
        for target in targets
            .chain(inline(&page.text))
            .filter(|target| is_relative(target))
        {
            check_link(&page, target);
        }
    }
}

#[test]
fn labels_of_links_are_defined() {
    for page in all() {
        let unquoted = pieces(&page.text).into_iter().step_by(2);
        let text = unquoted.collect::<String>();
        let used = text
            .split("][")
            .skip(1)
            .filter_map(|rest| rest.split_once(']'));
        let defined = definitions(&page.text);
        for (label, _) in used {
            let is_defined = defined.iter().any(|(known, _)| *known == label);
            assert!(
                is_defined,
                "{}: [{label}] is not defined",
                page.path.display()
            );
        }
    }
}

/// What `target` of the page `path` is in the documentation of the crate.
fn in_rustdoc(path: &Path, target: &str) -> String {
    let file = path.parent().unwrap().join(target);
    let name = file.file_stem().unwrap().to_str().unwrap();
    if target.starts_with("..") || !file.starts_with("docs") && name != "README" {
        format!("https://docs.rs/crate/systole/latest/source/{name}.md")
    } else if name == "README" {
        "crate::guide".into()
    } else {
        format!("crate::guide::{}", name.replace('-', "_"))
    }
}

/// Checks what becomes of the definition of `label` in `page` on docs.rs, by the definitions `links`.
fn check_definition(page: &Page, label: &str, target: &str, links: &[(&str, &str)]) {
    let name = page.path.display();
    let link = links.iter().find(|(known, _)| *known == label);
    let link = link.map_or("nowhere", |(_, link)| link);
    if is_page(target) {
        assert_eq!(link, in_rustdoc(&page.path, target), "{name}: [{label}]");
    } else if let Some(item) = target.strip_prefix("https://docs.rs/systole/latest/systole/") {
        let is_item = link.split("::").skip(1).all(|part| item.contains(part));
        assert!(link.contains("::") && is_item, "{name}: [{label}]: {link}");
    }
}

/// On docs.rs there are no files: `src/guide/links.md` says what takes their place.
#[test]
fn links_between_pages_work_on_docs_rs() {
    let links = read(Path::new("src/guide/links.md"));
    let links = definitions(&links);
    for page in published() {
        for (label, target) in definitions(&page.text) {
            check_definition(&page, label, target, &links);
        }
        let inline = inline(&page.text).into_iter();
        let pages: Vec<_> = inline.filter(|link| link.contains(".md")).collect();
        let name = page.path.display();
        assert!(pages.is_empty(), "{name}: these need labels: {pages:?}");
    }
}

#[test]
fn pages_are_part_of_the_crate_documentation() {
    let guide = read(Path::new("src/guide.rs"));
    for page in published() {
        let file = page.path.file_name().unwrap().to_str().unwrap();
        let is_there = file == "README.md" || guide.contains(&format!("{file:?}"));
        assert!(is_there, "src/guide.rs: no {file}");
    }
    let manifest = read(Path::new("Cargo.toml"));
    let packed = [
        "docs/*.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ];
    for file in packed {
        let is_packed = manifest.contains(&format!("\"/{file}\""));
        assert!(is_packed, "Cargo.toml: docs.rs needs /{file} in `include`");
    }
}

/// All Rust of the repository.
fn sources(folder: &Path, text: &mut String) {
    for path in entries(folder) {
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&read(&path));
        }
    }
}

/// Long enough to be the name of a test. Time series begin with the name of the crate.
fn is_test(word: &str) -> bool {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    word.matches('_').count() >= 3 && word.chars().all(is_name) && !word.starts_with("systole_")
}

#[test]
fn tests_that_are_named_exist() {
    let mut rust = String::new();
    for folder in FOLDERS {
        sources(&root().join(folder), &mut rust);
    }
    for page in all() {
        for word in quoted(&page.text).iter().filter(|word| is_test(word)) {
            let is_there = ["(", "<"]
                .iter()
                .any(|next| rust.contains(&format!("fn {word}{next}")));
            assert!(is_there, "{}: there is no `{word}`", page.path.display());
        }
    }
}

#[test]
fn files_that_are_named_exist() {
    for page in all() {
        for word in quoted(&page.text) {
            let path = word.split_whitespace().next().unwrap_or_default();
            let Some((folder, _)) = path.split_once('/') else {
                continue;
            };
            let is_there = !FOLDERS.contains(&folder) || root().join(path).exists();
            assert!(is_there, "{}: there is no `{path}`", page.path.display());
        }
    }
}

#[test]
fn lines_are_wrapped_and_the_readme_is_short() {
    let lines = read(Path::new("README.md")).lines().count();
    assert!(lines <= 150, "README.md has {lines} lines of 150");
    for page in all() {
        for line in prose(&page.text) {
            let may_be_long = ["|", "[", "<"].iter().any(|start| line.starts_with(start));
            let is_wide = line.chars().count() > WIDTH;
            assert!(
                may_be_long || !is_wide,
                "{}: too wide: {line}",
                page.path.display()
            );
        }
    }
}

/// Where documentation has no files beside it, the README's picture is part of it.
#[test]
fn the_picture_on_docs_rs_is_that_of_the_readme() {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let picture = read(Path::new("docs/fleet.svg"));
    let mut text = String::from("[outage]: data:image/svg+xml;base64,");
    for chunk in picture.as_bytes().chunks(3) {
        let bits = (0..3).fold(0, |bits, i| {
            bits << 8 | usize::from(chunk.get(i).copied().unwrap_or(0))
        });
        for i in 0..4 {
            let digit = DIGITS
                .get(bits >> (18 - 6 * i) & 63)
                .copied()
                .map(char::from);
            text.push(digit.filter(|_| i <= chunk.len()).unwrap_or('='));
        }
    }
    let path = Path::new("src/guide/outage.md");
    if std::env::var_os("SYSTOLE_UPDATE").is_some() {
        std::fs::write(root().join(path), format!("{text}\n")).unwrap();
    }
    let hint = "SYSTOLE_UPDATE=1 cargo test --test documents writes it";
    assert!(
        read(path).trim_end() == text,
        "{} is another picture: {hint}",
        path.display()
    );
}
