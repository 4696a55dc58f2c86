//! The settings in the name of a layer.

use super::Entry;
use super::key::{Key, Otherwise, either};
use crate::error::{Error, Result};
use crate::names::named;
use crate::objective::LossOptions;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// Keys and values in the name of a layer.
#[derive(Clone)]
pub struct LayerKeys {
    entry: &'static Entry,
    values: Vec<(String, String)>,
}

impl LayerKeys {
    pub(super) fn none(entry: &'static Entry) -> Self {
        Self { entry, values: Vec::new() }
    }

    pub(super) fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// Returns the given keys with their values.
    pub(super) fn values(&self) -> impl Iterator<Item = &(String, String)> {
        self.values.iter()
    }

    /// Sets the value of a key, and replaces an earlier value.
    ///
    /// # Errors
    /// A key that the layer does not have, or an empty value.
    pub(super) fn set(&mut self, key: &str, value: String) -> Result<()> {
        if self.entry.key(key).is_none() {
            let known = self.entry.all_keys().map(|key| key.name).collect();
            return Err(Error::UnknownLayerKey { layer: self.entry.name, key: key.into(), known });
        }
        if value.is_empty() {
            return Err(self.bad(key, &value, "something"));
        }
        match self.values.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => *old = value,
            None => self.values.push((key.into(), value)),
        }
        Ok(())
    }

    /// Returns the value of a key, if it was given.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Returns the text of a key's value: the given one, or the default.
    ///
    /// # Panics
    /// The layer does not declare the key, or the key has no constant default.
    pub(crate) fn text(&self, key: &str) -> &str {
        match (self.get(key), self.key(key).default) {
            (Some(value), _) | (None, Otherwise::Value(value)) => value,
            (None, Otherwise::Rule(rule)) => panic!("{key} of {} follows a rule: {rule}", self.entry.name),
        }
    }

    /// Returns the value of a key: the given one, or the default.
    ///
    /// # Errors
    /// The value cannot be parsed.
    pub(crate) fn value<T: FromStr>(&self, key: &str) -> Result<T> {
        let text = self.text(key);
        text.parse().map_err(|_| self.unreadable(key, text))
    }

    /// Returns the value of a key, if it was given.
    ///
    /// # Errors
    /// The value cannot be parsed.
    pub(crate) fn given<T: FromStr>(&self, key: &str) -> Result<Option<T>> {
        self.get(key).map(|text| text.parse().map_err(|_| self.unreadable(key, text))).transpose()
    }

    /// Returns the value of a key whose values are words: the given one, or the default.
    ///
    /// # Errors
    /// The value is none of the words.
    pub(crate) fn word<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let text = self.text(key);
        named(text).ok_or_else(|| self.unreadable(key, text))
    }

    /// Returns the value of a key whose values are words, if it was given.
    ///
    /// # Errors
    /// The value is none of the words.
    pub(super) fn given_word<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.get(key).map(|text| named(text).ok_or_else(|| self.unreadable(key, text))).transpose()
    }

    /// Rejects a key that has no effect beside the value of another key.
    pub(super) fn check(&self) -> Result<()> {
        for (key, value) in &self.values {
            if let Some((other, values)) = self.key(key).beside
                && !values.contains(&self.text(other))
            {
                let expected = either(values.iter().map(|value| format!("{other}={value}")));
                return Err(self.bad(key, value, format!("left out, or {expected} given with it")));
            }
        }
        Ok(())
    }

    /// Returns the options of the loss.
    ///
    /// # Errors
    /// A value cannot be parsed or is invalid.
    pub(super) fn loss(&self) -> Result<LossOptions> {
        let loss = LossOptions::new().with_smoothing(self.value("smoothing")?)?.with_z_loss(self.value("z-loss")?)?;
        let loss = match self.given("soft-cap")? {
            Some(cap) => loss.with_soft_cap(cap)?,
            None => loss,
        };
        Ok(match self.given("ignore")? {
            Some(word) => loss.ignoring(word),
            None => loss,
        })
    }

    fn key(&self, name: &str) -> &'static Key {
        self.entry.key(name).unwrap_or_else(|| panic!("{} declares no key {name}", self.entry.name))
    }

    /// Returns the error for a value that does not match the declaration of its key.
    pub(crate) fn unreadable(&self, key: &str, value: &str) -> Error {
        self.bad(key, value, self.key(key).expected())
    }

    /// Returns the error for an invalid value, with the expected one.
    pub(crate) fn bad(&self, key: &str, value: &str, expected: impl Into<Cow<'static, str>>) -> Error {
        let expected = expected.into();
        Error::LayerValue { layer: self.entry.name, key: key.into(), value: value.into(), expected }
    }
}

/// Entries of the catalogue are compared by name.
impl PartialEq for LayerKeys {
    fn eq(&self, other: &Self) -> bool {
        self.entry.name == other.entry.name && self.values == other.values
    }
}

impl Eq for LayerKeys {}

impl fmt::Debug for LayerKeys {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("LayerKeys").field("layer", &self.entry.name).field("values", &self.values).finish()
    }
}
