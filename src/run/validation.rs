//! The held-out text of a run: its likelihoods, and the end of patience.

use super::Valid;
use crate::corpus::Examples;
use crate::error::Result;
use crate::eval::held_out_while;
use crate::model::{Handles, Side};
use crate::table::Threads;
use crate::train::AtRest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Evaluations after whole passes, as stored in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub best: Option<Found>,
    pub last: Option<Found>,
    /// Evaluations since the best one.
    pub since: u32,
    /// Passes evaluated.
    pub passes: u64,
}

/// Held-out NLL as bits, and the words read by then.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    pub words: u64,
    nll: u64,
}

impl Found {
    fn new(words: u64, nll: f64) -> Self {
        Self { words, nll: nll.to_bits() }
    }

    pub fn nll(&self) -> f64 {
        f64::from_bits(self.nll)
    }
}

/// Held-out examples with the record of their evaluations.
pub(super) struct Validation {
    examples: Option<Examples>,
    patience: Option<u32>,
    grace: Duration,
    words_per_pass: u64,
    pub record: Record,
    /// Last evaluation, after a pass or at an end.
    pub last: Option<Found>,
}

impl Validation {
    pub fn new(examples: Option<Examples>, valid: Option<&Valid>, words_per_pass: u64, record: Record) -> Self {
        let patience = valid.and_then(|valid| valid.patience);
        let grace = valid.map_or(Valid::GRACE, |valid| valid.grace);
        Self { examples, patience, grace, words_per_pass, last: record.last, record }
    }

    /// Whether a pass has ended since the last evaluation.
    pub fn is_due(&self, words: u64) -> bool {
        self.examples.is_some() && words >= (self.record.passes + 1).saturating_mul(self.words_per_pass)
    }

    pub fn is_out_of_patience(&self) -> bool {
        self.patience.is_some_and(|patience| self.record.since >= patience)
    }

    /// Evaluates the model. Returns the line for the log, if there is a held-out text. The evaluation is broken off,
    /// without a result, if it takes longer than [`Valid::grace`] after `stop` was set.
    pub fn measure(&mut self, at: &AtRest, threads: usize, stop: Option<&AtomicBool>) -> Result<Option<Value>> {
        let Some(examples) = &self.examples else { return Ok(None) };
        let is_stopped = || stop.is_some_and(|stop| stop.load(Relaxed));
        if self.grace.is_zero() && is_stopped() {
            return Ok(None);
        }
        let threads = Threads::new(threads);
        let [encoder, layer];
        let mut handles = match at.model.plain() {
            Some(model) => model.frozen(&threads),
            None => {
                [encoder, layer] = [at.model.copy(Side::Encoder)?, at.model.copy(Side::Layer)?];
                Handles::frozen(&encoder, &layer, &threads)
            }
        };
        let mut stopped: Option<Instant> = None;
        let grace = self.grace;
        let mut goes_on = || !is_stopped() || stopped.get_or_insert_with(Instant::now).elapsed() < grace;
        let (encoder, layer) = (at.model.encoder(), at.model.layer());
        let Some(found) = held_out_while(encoder, layer, &mut handles, examples, &mut goes_on) else { return Ok(None) };
        let (nll, words) = (found.nll(), at.progress.words);
        self.last = Some(Found::new(words, nll));
        Ok(Some(json!({
            "seconds": at.progress.seconds, "words": words, "share": at.progress.share, "nll": nll,
            "perplexity": found.perplexity(), "examples": examples.len(),
        })))
    }

    /// Records the last evaluation as that of a pass. Returns whether it is the best so far.
    pub fn count_pass(&mut self) -> bool {
        let (Some(now), record) = (self.last, &mut self.record) else { return false };
        (record.last, record.passes) = (Some(now), now.words / self.words_per_pass.max(1));
        // A first NLL that is NaN counts as the best one; a later one does not, since it is not smaller.
        let is_best = record.best.is_none_or(|best| now.nll() < best.nll());
        if is_best {
            (record.best, record.since) = (Some(now), 0);
        } else {
            record.since += 1;
        }
        is_best
    }
}

/// Name of a patience in the settings of a checkpoint.
pub(super) fn patience_name(patience: Option<u32>) -> String {
    patience.map_or("None".into(), |evaluations| format!("Some({evaluations})"))
}

/// SHA-256 of held-out examples, in hexadecimal digits.
pub(super) fn examples_hash(examples: &Examples) -> String {
    let mut hash = Sha256::new();
    for numbers in [&examples.words, &examples.offsets, &examples.targets] {
        hash.update((numbers.len() as u64).to_le_bytes());
        numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_has_the_name_that_checkpoints_hold() {
        assert_eq!(patience_name(None), "None");
        assert_eq!(patience_name(Some(2)), "Some(2)");
    }

    #[test]
    fn patience_counts_passes_since_the_best() {
        let valid = Valid::new(["x"]).patience(2);
        let mut validation = Validation::new(Some(Examples::new()), Some(&valid), 10, Record::default());
        assert!(!validation.is_due(9) && validation.is_due(10));
        let mut pass = |words, nll| {
            validation.last = Some(Found::new(words, nll));
            let is_best = validation.count_pass();
            (is_best, validation.is_out_of_patience(), validation.is_due(words))
        };
        assert_eq!(pass(10, 3.0), (true, false, false));
        assert_eq!(pass(20, 3.0), (false, false, false));
        assert_eq!(pass(30, 2.5), (true, false, false));
        assert_eq!(pass(41, 2.6), (false, false, false));
        assert_eq!(pass(50, f64::NAN), (false, true, false));
        assert_eq!(validation.record.best.map(|best| (best.words, best.nll())), Some((30, 2.5)));
    }
}
