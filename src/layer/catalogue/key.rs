//! The keys of layer names. Each is declared once, with its values and its default.

use self::Otherwise::{Rule, Value};
use self::Values::{Form, Words, WordsOr};
use super::words::ProposalName;
use crate::layer::Bias;
use crate::names::names;
use std::fmt;

/// A key in the name of a layer.
#[derive(Debug)]
pub struct Key {
    /// The name of the key.
    pub name: &'static str,
    /// The accepted values.
    pub values: Values,
    /// The default.
    pub default: Otherwise,
    /// Another key and some of its values. This key may be given only if the other key has one of them.
    pub beside: Option<(&'static str, &'static [&'static str])>,
    /// A description of the setting.
    pub doc: &'static str,
}

/// The accepted values of a key.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// One of the names of an enum.
    Words(fn() -> &'static [&'static str]),
    /// One of the names of an enum, or any text of this form.
    WordsOr(fn() -> &'static [&'static str], &'static str),
    /// Any text of this form.
    Form(&'static str),
}

/// The default of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// A constant value.
    Value(&'static str),
    /// A rule that depends on other settings, in words.
    Rule(&'static str),
}

impl Key {
    /// Returns the words that are accepted as values.
    pub fn words(&self) -> &'static [&'static str] {
        match self.values {
            Words(words) | WordsOr(words, _) => words(),
            Form(_) => &[],
        }
    }

    /// Describes the accepted values, as in "uniform, log-uniform or unigram".
    pub fn expected(&self) -> String {
        match self.values {
            Words(words) => either(words().iter().copied()),
            WordsOr(words, form) => either(words().iter().copied().chain([form])),
            Form(form) => form.into(),
        }
    }

    /// Whether a value equals the default.
    pub fn is_default(&self, value: &str) -> bool {
        matches!(self.default, Value(default) if default == value)
    }

    pub(super) const fn new(name: &'static str, values: Values, default: Otherwise, doc: &'static str) -> Self {
        Self { name, values, default, beside: None, doc }
    }

    /// Restricts the key to names in which `key` has one of `values`.
    pub(super) const fn beside(self, key: &'static str, values: &'static [&'static str]) -> Self {
        Self { beside: Some((key, values)), ..self }
    }
}

impl fmt::Display for Key {
    /// Writes one line, as in "samples: words drawn for each batch; a whole number from 1 \[default: 256\]".
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (Value(default) | Rule(default)) = self.default;
        write!(f, "{}: {}; {} [default: {default}]", self.name, self.doc, self.expected())
    }
}

/// Joins the items with commas, and with "or" before the last.
pub(super) fn either<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| item.as_ref().into()).collect();
    let last = items.pop().unwrap_or_default();
    if items.is_empty() { last } else { format!("{} or {last}", items.join(", ")) }
}

pub(super) const COUNT: Values = Form("a whole number from 1");
pub(super) const NUMBER: Values = Form("a number");

/// The keys that every layer has.
pub(super) static COMMON: [Key; 5] = [
    Key::new("bias", Words(names::<Bias>), Rule("set by the command"), "start of the biases, in layers that have them"),
    Key::new("smoothing", NUMBER, Value("0"), "share of each target that is spread evenly over all words"),
    Key::new("z-loss", NUMBER, Value("0"), "weight of (ln Z)² in the loss"),
    Key::new("soft-cap", NUMBER, Rule("none"), "bound of the scores, cap·tanh(z/cap)"),
    Key::new("ignore", Form("the number of a word"), Rule("none"), "target whose examples are left out"),
];

pub(super) const fn samples(default: &'static str, doc: &'static str) -> Key {
    Key::new("samples", COUNT, Value(default), doc)
}

pub(super) const fn proposal(default: &'static str) -> Key {
    Key::new("proposal", Words(names::<ProposalName>), Value(default), "distribution of the drawn words")
}

pub(super) const fn power(default: &'static str) -> Key {
    Key::new("power", NUMBER, Value(default), "exponent of the counts in the unigram proposal")
        .beside("proposal", &["unigram"])
}
