//! The quality formula: tests whether an entry is as good as its reference, within the uncertainty of the seeds.
//!
//! Differences are paired by seed. On each test set the mean difference must be at least −(1 point + 2 standard errors
//! of that mean), and the mean training loss must differ by at most 1 %.

use super::run::Run;
use super::statistics::Mean;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Points that an entry may be behind.
const POINTS: f64 = 1.0;
/// Standard errors that it may be behind in addition.
const ERRORS: f64 = 2.0;
/// The relative difference of the loss that is allowed.
const LOSS: f64 = 0.01;

/// The comparison of an entry with its reference.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    pub entry: String,
    pub reference: String,
    pub sets: Vec<SetVerdict>,
    /// Null if one of the two reports no loss.
    pub loss: Option<LossVerdict>,
    /// Whether all conditions hold; null if one cannot be decided and no other fails.
    pub holds: Option<bool>,
}

/// A test set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetVerdict {
    pub set: String,
    /// The number of seeds that both have.
    pub n: usize,
    /// The mean of entry − reference over the seeds, in points.
    pub difference: f64,
    /// The standard error of `difference`; null for one seed.
    pub standard_error: Option<f64>,
    /// The lowest `difference` that holds; null for one seed.
    pub bound: Option<f64>,
    pub holds: Option<bool>,
}

/// The training loss.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LossVerdict {
    /// Mean loss of the entry / mean loss of the reference − 1.
    pub difference: f64,
    pub bound: f64,
    pub holds: bool,
}

/// The mean of the runs of each seed, so that every seed counts once.
pub fn by_seed(runs: &[Run], value: impl Fn(&Run) -> Option<f64>) -> BTreeMap<u64, f64> {
    let mut values = BTreeMap::<u64, Vec<f64>>::new();
    for run in runs {
        values.entry(run.seed).or_default().extend(value(run));
    }
    values.into_iter().filter_map(|(seed, values)| Some((seed, Mean::new(&values)?.mean))).collect()
}

/// The mean over the seeds.
pub fn over_seeds(runs: &[Run], value: impl Fn(&Run) -> Option<f64>) -> Option<Mean> {
    Mean::new(&by_seed(runs, value).into_values().collect::<Vec<_>>())
}

/// Compares the runs of an entry with the runs of its reference. A set that either lacks is left out.
pub fn verdict(entry: (&str, &[Run]), reference: (&str, &[Run])) -> Verdict {
    let names: BTreeSet<&String> = entry.1.iter().flat_map(|run| run.quality.keys()).collect();
    let sets: Vec<SetVerdict> = names.into_iter().filter_map(|set| set_verdict(set, entry.1, reference.1)).collect();
    let loss = loss_verdict(entry.1, reference.1);
    let all: Vec<Option<bool>> = sets.iter().map(|set| set.holds).chain(loss.as_ref().map(|l| Some(l.holds))).collect();
    let holds = match &all[..] {
        [] => None,
        all if all.contains(&Some(false)) => Some(false),
        all if all.contains(&None) => None,
        _ => Some(true),
    };
    Verdict { entry: entry.0.into(), reference: reference.0.into(), sets, loss, holds }
}

fn set_verdict(set: &str, entry: &[Run], reference: &[Run]) -> Option<SetVerdict> {
    let [own, theirs] = [entry, reference].map(|runs| by_seed(runs, |run| run.quality.get(set).copied()));
    let differences: Vec<f64> = own.iter().filter_map(|(seed, value)| Some(value - theirs.get(seed)?)).collect();
    let Mean { n, mean, standard_error } = Mean::new(&differences)?;
    let bound = standard_error.map(|error| -(POINTS + ERRORS * error));
    let holds = bound.map(|bound| mean >= bound);
    Some(SetVerdict { set: set.into(), n, difference: mean, standard_error, bound, holds })
}

fn loss_verdict(entry: &[Run], reference: &[Run]) -> Option<LossVerdict> {
    let [own, theirs] = [entry, reference].map(|runs| by_seed(runs, |run| run.loss));
    let pairs: Vec<(f64, f64)> = own.iter().filter_map(|(seed, value)| Some((*value, *theirs.get(seed)?))).collect();
    let (own, theirs): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let difference = Mean::new(&own)?.mean / Mean::new(&theirs)?.mean - 1.0;
    Some(LossVerdict { difference, bound: LOSS, holds: difference.abs() <= LOSS })
}
