//! The keys of layers' names: each declared once, with what it may be and what holds without it.

use self::Otherwise::{Rule, Value};
use self::Values::{Form, Words, WordsOr};
use super::words::ProposalName;
use crate::layer::Bias;
use crate::names::names;
use std::fmt;

/// A key that a layer's name may carry.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// Values that it may have.
    pub values: Values,
    /// The default.
    pub default: Otherwise,
    /// Another key with the values beside which alone this key may be given.
    pub beside: Option<(&'static str, &'static [&'static str])>,
    /// The setting of the layer that it is.
    pub doc: &'static str,
}

/// The values that a key may have.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// One of the names of an enum.
    Words(fn() -> &'static [&'static str]),
    /// One of them, or anything of this form.
    WordsOr(fn() -> &'static [&'static str], &'static str),
    /// Anything of this form.
    Form(&'static str),
}

/// The default of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// The same as with this value.
    Value(&'static str),
    /// Something that depends on other things, in words.
    Rule(&'static str),
}

impl Key {
    /// The words that its value may be.
    pub fn words(&self) -> &'static [&'static str] {
        match self.values {
            Words(words) | WordsOr(words, _) => words(),
            Form(_) => &[],
        }
    }

    /// Its values in words, as in "uniform, log-uniform or unigram".
    pub fn expected(&self) -> String {
        match self.values {
            Words(words) => either(words().iter().copied()),
            WordsOr(words, form) => either(words().iter().copied().chain([form])),
            Form(form) => form.into(),
        }
    }

    /// Whether a value is the same as none.
    pub fn is_default(&self, value: &str) -> bool {
        matches!(self.default, Value(default) if default == value)
    }

    pub(super) const fn new(name: &'static str, values: Values, default: Otherwise, doc: &'static str) -> Self {
        Self { name, values, default, beside: None, doc }
    }

    /// May be given only beside one of `values` of another key.
    pub(super) const fn beside(self, key: &'static str, values: &'static [&'static str]) -> Self {
        Self { beside: Some((key, values)), ..self }
    }
}

impl fmt::Display for Key {
    /// A line as in "samples: words drawn for each batch; a whole number from 1 \[default: 256\]".
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (Value(default) | Rule(default)) = self.default;
        write!(f, "{}: {}; {} [default: {default}]", self.name, self.doc, self.expected())
    }
}

/// The items in a line, with "or" before the last.
pub(super) fn either<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| item.as_ref().into()).collect();
    let last = items.pop().unwrap_or_default();
    if items.is_empty() { last } else { format!("{} or {last}", items.join(", ")) }
}

pub(super) const COUNT: Values = Form("a whole number from 1");
pub(super) const NUMBER: Values = Form("a number");

/// Keys of every layer's name.
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
