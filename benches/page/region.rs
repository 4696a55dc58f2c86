//! Regions of Markdown files: `<!-- begin generated: NAME -->` to `<!-- end generated -->`, each on a line of its own.
//! Lines in fenced code are passed over.

use super::error::Fault;
use std::fmt;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- begin generated:";
const END: &str = "<!-- end generated -->";

/// A region: where it begins, and its name cut into words.
#[derive(Clone, Debug)]
pub struct Region {
    pub path: PathBuf,
    /// Line of its beginning, from 1.
    pub line: usize,
    /// The table.
    pub table: String,
    /// The record, where the table is of one.
    pub label: Option<String>,
    /// `key=value` words.
    options: Vec<(String, String)>,
}

/// A file with all of its regions filled.
#[derive(Debug)]
pub struct Filled {
    pub path: PathBuf,
    pub text: String,
    /// Number of regions.
    pub regions: usize,
    /// Regions whose text has changed.
    pub stale: Vec<Region>,
}

impl Region {
    fn new(path: &Path, line: usize, name: &str) -> Self {
        let mut words = name.split_whitespace();
        let table = words.next().unwrap_or_default().to_string();
        let (options, labels): (Vec<&str>, Vec<&str>) = words.partition(|word| word.contains('='));
        let options = options.iter().filter_map(|word| word.split_once('='));
        Self {
            path: path.into(),
            line,
            table,
            label: (!labels.is_empty()).then(|| labels.join(" ")),
            options: options.map(|(key, value)| (key.into(), value.into())).collect(),
        }
    }

    /// File and line, for errors.
    pub fn place(&self) -> String {
        format!("{}:{}", self.path.display(), self.line)
    }

    /// The value of an option.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    /// The values of an option with commas between them; none without the option.
    pub fn list(&self, key: &str) -> Vec<&str> {
        self.option(key).map_or_else(Vec::new, |values| values.split(',').collect())
    }

    /// Refuses options that a table does not have.
    pub fn check_options(&self, known: &[&str]) -> Result<(), Fault> {
        match self.options.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) => Err(self.unknown("option", key, known.iter().copied())),
            None => Ok(()),
        }
    }

    /// Refuses a label where a table is of all records.
    pub fn check_no_label(&self) -> Result<(), Fault> {
        match &self.label {
            Some(label) => Err(self.unknown("word", label, ["none: the table is of all records"].into_iter())),
            None => Ok(()),
        }
    }

    /// An error that lists what could stand in the place of `text`.
    pub fn unknown<'a>(&self, kind: &'static str, text: &str, known: impl Iterator<Item = &'a str>) -> Fault {
        let known = known.collect::<Vec<_>>().join(", ");
        Fault::Unknown { place: self.place(), kind, text: text.into(), known }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.table)?;
        self.label.iter().try_for_each(|label| write!(f, " {label}"))?;
        self.options.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))
    }
}

/// Fills the regions of a text.
pub fn fill(path: &Path, text: &str, table: impl Fn(&Region) -> Result<String, Fault>) -> Result<Filled, Fault> {
    let mut filled = Filled { path: path.into(), text: String::new(), regions: 0, stale: Vec::new() };
    let mut is_code = false;
    let mut open: Option<(Region, String)> = None;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let bare = line.trim();
        is_code ^= open.is_none() && bare.starts_with("```");
        let begins = bare.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix("-->")).filter(|_| !is_code);
        match (&mut open, begins) {
            (Some((region, _)), Some(_)) => return Err(Fault::Unclosed { path: path.into(), line: region.line }),
            (None, Some(name)) => {
                filled.text.push_str(line);
                open = Some((Region::new(path, number, name.trim()), String::new()));
            }
            (None, None) if bare == END && !is_code => return Err(Fault::Unopened { path: path.into(), line: number }),
            (None, None) => filled.text.push_str(line),
            (Some(_), None) if bare == END => {
                let (region, old) = open.take().expect("a region is open");
                let new = format!("\n{}\n\n", table(&region)?.trim_end());
                filled.text.push_str(&new);
                filled.text.push_str(line);
                filled.regions += 1;
                filled.stale.extend((new != old).then_some(region));
            }
            (Some((_, old)), None) => old.push_str(line),
        }
    }
    match open {
        Some((region, _)) => Err(Fault::Unclosed { path: path.into(), line: region.line }),
        None => Ok(filled),
    }
}
