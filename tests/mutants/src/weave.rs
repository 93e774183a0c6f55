//! The source with its mutants in it, each behind a switch.

use core::fmt::Write as _;
use core::ops::Range;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::Result;
use crate::expression::{Kind, Place, Places};
use crate::list::Mutant;

/// What asks whether a mutant is on; const evaluation never finds one so.
const SWITCH: &str = r#"
mod mutant {
    use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

    static ON: AtomicU32 = AtomicU32::new(0);
    static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

    pub(crate) const fn on(mutant: u32) -> bool {
        core::intrinsics::const_eval_select((mutant,), never, ask)
    }

    const fn never(_: u32) -> bool {
        false
    }

    fn ask(mutant: u32) -> bool {
        REACHED[mutant as usize].store(true, Relaxed);
        ON.load(Relaxed) == mutant
    }

    #[used]
    #[unsafe(link_section = ".init_array")]
    static START: extern "C" fn() = start;

    unsafe extern "C" {
        fn atexit(end: extern "C" fn()) -> i32;
    }

    extern "C" fn start() {
        if let Some(mutant) = std::env::var("MUTANT").ok().and_then(|mutant| mutant.parse().ok()) {
            ON.store(mutant, Relaxed);
        }
        if std::env::var_os("MUTANTS_REACHED").is_some() {
            unsafe { atexit(end) };
        }
    }

    extern "C" fn end() {
        let reached: std::string::String = REACHED.iter().map(|one| if one.load(Relaxed) { '1' } else { '0' }).collect();
        let path = std::env::var_os("MUTANTS_REACHED").unwrap();
        std::fs::write(path, reached).unwrap();
    }
}
"#;

/// The files that have mutants, as they were.
pub(crate) struct Sources {
    tree: PathBuf,
    library: String,
    files: BTreeMap<PathBuf, (String, Places)>,
}

const LIBRARY: &str = "src/lib.rs";

/// What was written, by file.
pub(crate) type Woven = BTreeMap<PathBuf, String>;

impl Sources {
    pub(crate) fn read(tree: &Path, mutants: &[Mutant]) -> Result<Self> {
        let mut files = BTreeMap::new();
        for mutant in mutants {
            if !files.contains_key(&mutant.file) {
                let text = std::fs::read_to_string(tree.join(&mutant.file))?;
                let places = Places::of(&syn::parse_file(&text)?);
                files.insert(mutant.file.clone(), (text, places));
            }
        }
        let library = std::fs::read_to_string(tree.join(LIBRARY))?;
        Ok(Self {
            tree: tree.to_owned(),
            library,
            files,
        })
    }

    /// Writes the tree anew, without those that do not compile.
    pub(crate) fn weave(&self, mutants: &[Mutant], unviable: &BTreeSet<usize>) -> Result<Woven> {
        let mut woven = Woven::new();
        for (path, (text, places)) in &self.files {
            let numbered = mutants.iter().enumerate();
            let ours = numbered
                .filter(|(number, mutant)| mutant.file == *path && !unviable.contains(number));
            let file = File {
                text,
                sites: sites(text, places, ours),
            };
            woven.insert(path.clone(), file.render(0..text.len(), None));
        }
        woven.insert(
            LIBRARY.into(),
            with_switch(&self.library, mutants.len() + 1),
        ); // of modules, nothing to mutate
        for (path, text) in &woven {
            std::fs::write(self.tree.join(path), text)?;
        }
        Ok(woven)
    }

    /// Those for which there is no switch: cargo-mutants itself has to try them.
    pub(crate) fn strange(&self, mutants: &[Mutant]) -> Vec<usize> {
        let strange = |mutant: &Mutant| {
            let (text, places) = &self.files[&mutant.file];
            site(text, places, mutant).is_none()
        };
        let all = mutants
            .iter()
            .enumerate()
            .filter(|(_, mutant)| strange(mutant));
        all.inspect(|(_, mutant)| println!("NO SWITCH {}", mutant.name))
            .map(|(number, _)| number)
            .collect()
    }
}

fn with_switch(library: &str, count: usize) -> String {
    let library = library.replace(
        "#![forbid(unsafe_code)]",
        "#![feature(core_intrinsics, const_eval_select)] #![allow(internal_features)]",
    );
    library + &SWITCH.replace("COUNT", &count.to_string())
}

/// A place and the mutants that are there.
struct Site<'a> {
    range: Range<usize>,
    form: Form,
    mutants: Vec<(usize, &'a Mutant)>,
}

#[derive(Clone)]
enum Form {
    Body,
    Expression(Place),
}

fn sites<'a>(
    text: &str,
    places: &Places,
    mutants: impl Iterator<Item = (usize, &'a Mutant)>,
) -> Vec<Site<'a>> {
    let mut sites: Vec<Site<'a>> = Vec::new();
    for (number, mutant) in mutants {
        let Some((range, form)) = site(text, places, mutant) else {
            continue;
        };
        let is_body = matches!(form, Form::Body);
        match sites
            .iter_mut()
            .find(|site| site.range == range && matches!(site.form, Form::Body) == is_body)
        {
            Some(site) => site.mutants.push((number, mutant)),
            None => sites.push(Site {
                range,
                form,
                mutants: vec![(number, mutant)],
            }),
        }
    }
    // outer ones first; a body before the expression that it consists of
    sites.sort_by_key(|site| {
        (
            site.range.start,
            usize::MAX - site.range.end,
            !matches!(site.form, Form::Body),
        )
    });
    sites
}

fn site(text: &str, places: &Places, mutant: &Mutant) -> Option<(Range<usize>, Form)> {
    match mutant.genre.as_str() {
        "FnValue" => {
            let range = offset(text, mutant.start)?..offset(text, mutant.end)?;
            let inside = text
                .get(range.clone())?
                .strip_prefix('{')
                .and_then(|inside| inside.strip_suffix('}'));
            let range = if inside.is_some() {
                range.start + 1..range.end - 1
            } else {
                range
            };
            Some((range, Form::Body))
        }
        "BinaryOperator" | "UnaryOperator" | "MatchArm" | "MatchArmGuard" | "StructField" => {
            let place = places.at(mutant.start)?;
            Some((place.range(), Form::Expression(place.clone())))
        }
        _ => None,
    }
}

fn offset(text: &str, at: proc_macro2::LineColumn) -> Option<usize> {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(at.line - 1)
        .map(str::len)
        .sum();
    let line = text.get(line_start..)?;
    let into: usize = line.chars().take(at.column).map(char::len_utf8).sum();
    Some(line_start + into)
}

struct File<'a> {
    text: &'a str,
    sites: Vec<Site<'a>>,
}

impl File<'_> {
    /// The text of `range`, with what is switched in it, after the site `within` which it is part of.
    fn render(&self, range: Range<usize>, within: Option<usize>) -> String {
        let mut out = String::new();
        let mut at = range.start;
        let first = within.map_or(0, |site| site + 1);
        for (which, site) in self.sites.iter().enumerate().skip(first) {
            if site.range.start >= at && site.range.end <= range.end {
                out.push_str(&self.text[at..site.range.start]);
                out.push_str(&self.switched(which));
                at = site.range.end;
            }
        }
        out + &self.text[at..range.end]
    }

    fn switched(&self, which: usize) -> String {
        let site = &self.sites[which];
        let part = |range: &Range<usize>| self.render(range.clone(), Some(which));
        match &site.form {
            Form::Body => returns(site) + &part(&site.range),
            Form::Expression(Place::Binary { kind, left, right }) => {
                let operator = self.text[left.end..right.start].trim();
                binary(site, *kind, [&part(left), operator, &part(right)])
            }
            Form::Expression(Place::Unary { operand }) => {
                let operator = &self.text[site.range.start..operand.start];
                let number = number(site.mutants[0].0);
                format!(
                    "{}(match {} {{ value =>\nif {number} {{ value }} else\n{{ {operator}value }} }}){}",
                    open(site),
                    part(operand),
                    CLOSE
                )
            }
            Form::Expression(Place::Field {
                name, value, base, ..
            }) => {
                let number = number(site.mutants[0].0);
                let (open, value, base) = (open(site), part(value), &self.text[base.clone()]);
                format!(
                    "{name}: {open}(if {number} {{ ({base}).{name} }} else\n{{ {value} }}){CLOSE}"
                )
            }
            Form::Expression(Place::Arm { pattern, guard }) => {
                arm(site, &part(pattern), guard.as_ref().map(part))
            }
        }
    }
}

/// What the build is told of a site, for its complaints: where it begins, and with which mutant.
pub(crate) const OPEN: &str = "/*site ";
pub(crate) const CLOSE: &str = "/*end*/";
pub(crate) const ASKS: &str = "crate::mutant::on(";

fn open(site: &Site<'_>) -> String {
    let numbers: Vec<String> = site
        .mutants
        .iter()
        .map(|(number, _)| number.to_string())
        .collect();
    format!("{OPEN}{}*/", numbers.join(" "))
}

fn number(number: usize) -> String {
    format!("{ASKS}{})", number + 1)
}

fn returns(site: &Site<'_>) -> String {
    let mut out = String::from("\n");
    for (which, mutant) in &site.mutants {
        let _ = writeln!(
            out,
            "if {} {{ return {}; }}",
            number(*which),
            mutant.replacement
        );
    }
    out
}

fn binary(site: &Site<'_>, kind: Kind, [left, operator, right]: [&str; 3]) -> String {
    let switched = |value: &dyn Fn(&str) -> String| {
        let mut out = String::from("\n");
        for (which, mutant) in &site.mutants {
            let _ = writeln!(
                out,
                "if {} {{ {} }} else",
                number(*which),
                value(&mutant.replacement)
            );
        }
        let _ = writeln!(out, "{{ {} }}", value(operator));
        out
    };
    let open = open(site);
    match kind {
        Kind::Value => {
            let values = switched(&|operator| format!("left {operator} right"));
            format!("{open}(match ({left}, {right}) {{ (left, right) => {values} }}){CLOSE}")
        }
        Kind::Comparison => {
            let values = switched(&|operator| format!("*left {operator} *right"));
            // copies, since the fields of packed structures cannot be referred to
            format!(
                "{open}(match (&{{ {left} }}, &{{ {right} }}) {{ (left, right) => {values} }}){CLOSE}"
            )
        }
        Kind::Assignment => {
            let values = switched(&|operator| format!("{left} {operator} right"));
            format!("{open}(match {right} {{ right => {values} }}){CLOSE}")
        }
        Kind::Lazy { decides } => {
            let ask = number(site.mutants[0].0);
            format!("{open}(match {left} {{ left =>\nif left == (decides_{decides} != {ask}) {{ left }} else\n{{ {right} }} }}){CLOSE}")
                .replace("decides_true", "true")
                .replace("decides_false", "false")
        }
    }
}

fn arm(site: &Site<'_>, pattern: &str, guard: Option<String>) -> String {
    let mut holds = format!("({})", guard.as_deref().unwrap_or("true"));
    for (which, mutant) in &site.mutants {
        let ask = number(*which);
        holds = match (mutant.genre.as_str(), mutant.replacement.as_str()) {
            ("MatchArmGuard", "true") => format!("({holds} ||\n{ask}\n)"),
            _ => format!("({holds} && !\n{ask}\n)"),
        };
    }
    format!("{}{pattern} if {holds}{CLOSE}", open(site))
}
