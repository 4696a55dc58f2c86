//! Numbers of words as text: `1e3..1e6`, or `1000,50000`.

use crate::error::Error;
use std::fmt;
use std::str::FromStr;

/// Numbers of words in rising order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabs(Vec<usize>);

/// The largest number of words that can be measured.
const MOST: f64 = 1e8;
const LIMIT: &str = "numbers of words from 1 to 1e8, as 1e3..1e6 or 1000,50000";

impl Vocabs {
    /// Numbers from `first` to `last`, evenly spaced in the logarithm, about `per_decade` for each factor of 10.
    pub fn between(first: usize, last: usize, per_decade: usize) -> Self {
        let (low, high) = ((first.max(1) as f64).ln(), (last.max(first).max(1) as f64).ln());
        let steps = ((high - low) / 10f64.ln() * per_decade as f64).round().max(1.0);
        let at = |i: usize| (low + (high - low) * i as f64 / steps).exp().round() as usize;
        let mut vocabs: Vec<usize> = (0..=steps as usize).map(at).collect();
        vocabs.dedup();
        Self(vocabs)
    }

    /// Returns the numbers.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

/// Numbers for each factor of 10 in `1e3..1e6`.
const PER_DECADE: usize = 2;

impl FromStr for Vocabs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let number = |text: &str| {
            let Ok(value) = text.trim().parse::<f64>() else {
                return Err(Error::NoVocabs(text.trim().into(), LIMIT));
            };
            let whole = (1.0..=MOST).contains(&value) && value == value.trunc();
            if whole { Ok(value as usize) } else { Err(Error::OutOfRange { name: "vocab", value, limit: LIMIT }) }
        };
        if let Some((first, last)) = text.split_once("..") {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                let limit = "at least the first vocabulary size";
                return Err(Error::OutOfRange { name: "the last vocabulary size", value: last as f64, limit });
            }
            return Ok(Self::between(first, last, PER_DECADE));
        }
        let mut vocabs = text.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
        vocabs.sort_unstable();
        vocabs.dedup();
        Ok(Self(vocabs))
    }
}

impl fmt::Display for Vocabs {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists() {
        let parse = |text: &str| text.parse::<Vocabs>().map(|v| v.0).map_err(|e| e.to_string());
        assert_eq!(parse("1e3..1e5").unwrap(), [1_000, 3_162, 10_000, 31_623, 100_000]);
        assert_eq!(parse("7..7").unwrap(), [7]);
        assert_eq!(parse("500,20,500").unwrap(), [20, 500]);
        for (text, word) in [
            ("", "vocab"),
            ("0", "0"),
            ("1.5", "1.5"),
            ("1e9", "1e8"),
            ("1e5..1e3", "1000"),
            ("x", "\"x\""),
            ("1e3..y", "\"y\""),
        ] {
            assert!(parse(text).unwrap_err().contains(word), "{text}: {:?}", parse(text));
        }
    }
}
