//! Selects the entry that another is compared with.

use super::error::Fault;
use super::plan::{Entry, Plan};

/// Values that the keys of an entry take in its counterpart; all other keys stay the same.
#[derive(Clone, Debug)]
pub struct Selector {
    values: Vec<(String, String)>,
}

impl Selector {
    /// Parses `key=value` parts joined by commas. A part may be the bare name of a program, a peer or a variant.
    pub fn new(text: &str, plan: &Plan) -> Result<Self, Fault> {
        let all: Vec<(&str, String)> = plan.entries.iter().flat_map(|entry| plan.keys(entry)).collect();
        let value = |part: &str| {
            let (key, value) = part.split_once('=').map_or((None, part), |(key, value)| (Some(key), value));
            let is_asked = |has: &(&str, String)| {
                has.1 == value && key.map_or(["program", "with"].contains(&has.0), |key| has.0 == key)
            };
            // A variant without its own name may contain an equals sign.
            let is_variant = |has: &(&str, String)| has.0 == "with" && has.1 == part;
            all.iter().find(|has| is_asked(has)).or_else(|| all.iter().find(|has| is_variant(has)))
        };
        let unknown = |part: &str| {
            let mut known: Vec<String> = all.iter().map(|(key, value)| format!("{key}={value}")).collect();
            known.sort_unstable();
            known.dedup();
            Fault::Selector { text: text.into(), part: part.into(), known: known.join(", ") }
        };
        let values = text.split(',').map(|part| {
            let (key, value) = value(part).ok_or_else(|| unknown(part))?;
            Ok((key.to_string(), value.clone()))
        });
        Ok(Self { values: values.collect::<Result<_, _>>()? })
    }

    /// The index of an entry's counterpart. `None` if there is none or more than one, and for the counterpart itself.
    /// If one of the two is a peer, variants are ignored, since a peer has none.
    pub fn counterpart(&self, plan: &Plan, entry: &Entry) -> Option<usize> {
        let own = plan.keys(entry);
        let wanted = |key: &str| {
            let selected = self.values.iter().find(|(selected, _)| selected == key).map(|(_, value)| value);
            selected.or_else(|| own.iter().find(|(own, _)| *own == key).map(|(_, value)| value))
        };
        let selects_with = self.values.iter().any(|(key, _)| key == "with");
        let is_counterpart = |other: &Entry| {
            let is_peer = plan.program(other).is_peer();
            let skips_with = is_peer || (plan.program(entry).is_peer() && !selects_with);
            let keys = plan.keys(other);
            keys.iter().all(|(key, value)| (*key == "with" && skips_with) || wanted(key) == Some(value))
        };
        let mut found = (0..plan.entries.len()).filter(|number| is_counterpart(&plan.entries[*number]));
        let first = found.next().filter(|_| found.next().is_none())?;
        (!std::ptr::eq(&plan.entries[first], entry)).then_some(first)
    }
}
