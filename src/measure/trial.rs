//! Timing of a layer: the common routine of `scale` and `advise`, and the extrapolation of a time to another number of
//! words.

use super::heap::{self, Grown};
use super::rig::{Rig, Sizes, zipf};
use super::timing::{Plan, Timed};
use crate::error::Result;
use crate::layer::Bias;
use crate::layer::catalogue::LayerSpec;
use crate::table::Threads;
use std::sync::Arc;
use std::time::Instant;

/// Plans for steps and for evaluations. A slow step gets one run as a warm-up and three timed runs.
const PLANS: [Plan; 2] = [
    Plan { warm_up: 1, runs: (3, 2_000), window: 0.02, seconds: STEP_SECONDS, patience: f64::INFINITY },
    Plan { warm_up: 1, runs: (4, 500), window: 0.01, seconds: 0.03, patience: 1.0 },
];
/// Seconds for which a layer's steps are timed, in each pass.
pub const STEP_SECONDS: f64 = 0.08;
/// Largest factor by which that time grows if filling the tables takes long. Such tables are cold, and they get few
/// passes.
const LONGER: f64 = 5.0;
/// Longest evaluations, in seconds, that get another pass. Longer ones already contain the fluctuations of the
/// machine.
const SOON: f64 = 0.1;
/// Largest number of passes over the layers. A shared machine is slow for about a second at a time. With few passes
/// some layers see only such times.
pub const PASSES: usize = 8;
/// Plan of a first look.
const GLANCE: Plan = Plan { warm_up: 1, runs: (2, 2), window: 0.0, seconds: 0.0, patience: f64::INFINITY };

/// A layer with its times.
pub(super) struct Trial {
    pub rig: Rig,
    pub step: Timed,
    pub evaluation: Timed,
    /// Bytes that training held beyond the layer and its parameters.
    pub grown: Option<Grown>,
    /// Seconds to fill the tables.
    filling: f64,
    /// Seconds of the steps in the last pass (with filling the tables), and of the evaluations.
    stepping: f64,
    evaluating: f64,
    /// Seconds of all passes.
    spent: f64,
    plans: [Plan; 2],
}

impl Trial {
    /// Times steps, then evaluations. There are three steps or more, as far as `patience` seconds allow; they take not
    /// much longer than `seconds`.
    ///
    /// # Errors
    /// Tables that do not fit in memory.
    pub fn new(rig: Rig, threads: &Threads, seconds: f64, patience: f64) -> Result<Self> {
        let [steps, evaluations] = PLANS;
        let evaluations = Plan { seconds: seconds.min(evaluations.seconds), ..evaluations };
        let plans = [Plan { seconds, patience, ..steps }, evaluations];
        let trial = Self::planned(rig, threads, plans, None)?;
        let seconds = trial.filling.clamp(seconds, LONGER * seconds);
        Ok(Self { plans: [Plan { seconds, ..plans[0] }, evaluations], ..trial })
    }

    /// Times steps. Times evaluations too, unless they are known together with the seconds that they took.
    fn planned(rig: Rig, threads: &Threads, plans: [Plan; 2], known: Option<(Timed, f64)>) -> Result<Self> {
        let start = Instant::now();
        let mut matrices = rig.matrices()?;
        let filling = start.elapsed().as_secs_f64();
        let (step, grown) = heap::measured(|| rig.time_steps(&mut matrices, threads, plans[0]));
        let stepping = start.elapsed().as_secs_f64();
        let (evaluation, evaluating) = known.unwrap_or_else(|| {
            let start = Instant::now();
            (rig.time_evaluation(&matrices, threads, plans[1]), start.elapsed().as_secs_f64())
        });
        drop(matrices);
        let spent = start.elapsed().as_secs_f64();
        Ok(Self { rig, step, evaluation, grown, filling, stepping, evaluating, spent, plans })
    }

    /// Times all layers in turn, pass after pass, with new tables each time. The quietest time of each layer counts.
    /// The place of the tables in memory matters, and other work of the machine matters more, which is why time passes
    /// between two passes.
    ///
    /// A layer gets no further pass that would take more than `seconds` in all. `observe` receives the number of the
    /// next layer, even if the layer is skipped.
    ///
    /// # Errors
    /// Tables that do not fit in memory.
    pub fn passes(
        mut trials: Vec<Self>,
        threads: &Threads,
        seconds: f64,
        observe: &mut dyn FnMut(usize),
    ) -> Result<Vec<Self>> {
        for _ in 1..PASSES {
            let pass = trials.into_iter().enumerate().map(|(i, trial)| {
                observe(i);
                trial.again(threads, seconds)
            });
            trials = pass.collect::<Result<_>>()?;
        }
        Ok(trials)
    }

    fn again(self, threads: &Threads, seconds: f64) -> Result<Self> {
        let evaluates = self.evaluating <= SOON;
        if self.spent + self.stepping + if evaluates { self.evaluating } else { 0.0 } > seconds {
            return Ok(self);
        }
        let Self { rig, step, evaluation, grown, evaluating, spent, plans, .. } = self;
        let known = (!evaluates).then(|| (evaluation.clone(), evaluating));
        let other = Self::planned(rig, threads, plans, known)?;
        let step = step.quieter(other.step);
        let evaluation = if evaluates { evaluation.quieter(other.evaluation) } else { evaluation };
        Ok(Self { step, evaluation, grown, spent: spent + other.spent, ..other })
    }
}

/// Vocabulary of a first look; a smaller one would fit in the caches.
pub(super) const LEAST: usize = 20_000;
/// Multiply-adds per second that every machine reaches.
const CAUTIOUS_RATE: f64 = 2e9;
/// Seconds of a step, at that rate, above which there is no first look.
const LONG: f64 = 2.0;

/// Times of a layer at one number of words, from which those at another number are estimated.
#[derive(Clone, Debug)]
pub(super) struct Look {
    vocab: usize,
    /// Multiply-adds of a step and of an evaluation, by closed form.
    multiply_adds: [f64; 2],
    /// Seconds of a step and of an evaluation.
    seconds: [f64; 2],
    parameter_bytes: u64,
    /// Seconds to fill the tables.
    filling: f64,
    /// Seconds and bytes to build the layer.
    building: (f64, u64),
}

impl Look {
    /// Takes a first look by timing the layer at [`LEAST`] words. If that would take long, a cautious rate is used.
    ///
    /// # Errors
    /// Sizes that make no sense for the layer, or do not fit in memory.
    pub fn glance(layer: &LayerSpec, sizes: Sizes, threads: &Threads) -> Result<Self> {
        let counts = Arc::new(zipf(LEAST)?);
        let made = || -> Result<_> {
            let start = Instant::now();
            Ok((Rig::new(layer, &counts, Bias::Unigram, sizes)?, start.elapsed().as_secs_f64()))
        };
        // The faster of two builds counts, since other work of the machine during one build would be multiplied.
        let ((rig, first), (_, second)) = (made()?, made()?);
        let building = first.min(second);
        let cautious = Self::cautious(&rig, building);
        if cautious.seconds[0] > LONG {
            return Ok(cautious);
        }
        Ok(Self::of(&Trial::planned(rig, threads, [GLANCE; 2], None)?, building))
    }

    /// Takes the times of a timed layer; `building` are the seconds to build it.
    pub fn of(trial: &Trial, building: f64) -> Self {
        let seconds = [&trial.step, &trial.evaluation].map(|timed| timed.quantile(0.5));
        Self { seconds, filling: trial.filling, ..Self::cautious(&trial.rig, building) }
    }

    /// Estimates the times at a cautious rate, without timing.
    pub fn cautious(rig: &Rig, building: f64) -> Self {
        let multiply_adds = [rig.expected_cost().multiply_adds, rig.evaluation_multiply_adds()].map(|n| n as f64);
        Self {
            vocab: rig.vocab(),
            multiply_adds,
            seconds: multiply_adds.map(|n| n / CAUTIOUS_RATE),
            parameter_bytes: rig.parameter_bytes(),
            filling: 4.0 * rig.parameter_bytes() as f64 / CAUTIOUS_RATE,
            building: (building, rig.structure().peak),
        }
    }

    /// Returns the seconds and bytes to build the layer for `vocab` words.
    pub fn building(&self, vocab: usize) -> (f64, u64) {
        let growth = vocab as f64 / self.vocab as f64;
        (self.building.0 * growth, (self.building.1 as f64 * growth) as u64)
    }

    /// Returns the seconds to fill the tables of a layer.
    pub fn filling(&self, rig: &Rig) -> f64 {
        self.filling * rig.parameter_bytes() as f64 / self.parameter_bytes.max(1) as f64
    }

    /// Returns the seconds of a step and of the exact ln P of a batch.
    pub fn seconds(&self, rig: &Rig) -> [f64; 2] {
        let work = [rig.expected_cost().multiply_adds, rig.evaluation_multiply_adds()];
        [0, 1].map(|i| self.seconds[i] * work[i] as f64 / self.multiply_adds[i].max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_passes_in_turn_as_long_as_there_is_time() {
        let threads = Threads::new(1);
        let trial = |name: &str| {
            let counts = Arc::new(zipf(100).unwrap());
            let rig =
                Rig::new(&name.parse().unwrap(), &counts, Bias::Zero, Sizes { dim: 8, batch: 4, seed: 1 }).unwrap();
            Trial::new(rig, &threads, 0.001, 1.0).unwrap()
        };
        let pieces = |trials: &[Trial]| trials.iter().map(|t| (t.step.pieces, t.evaluation.pieces)).collect::<Vec<_>>();
        for (seconds, grows) in [(f64::INFINITY, true), (0.0, false)] {
            let first = vec![trial("full"), trial("negative")];
            let (before, mut seen) = (pieces(&first), Vec::new());
            let after = pieces(&Trial::passes(first, &threads, seconds, &mut |i| seen.push(i)).unwrap());
            assert_eq!(seen, [0, 1].repeat(PASSES - 1));
            for (before, after) in before.into_iter().zip(after) {
                // Each pass has at least one run of each kind.
                let (steps, evaluations) = (after.0 - before.0, after.1 - before.1);
                assert!(
                    if grows { steps.min(evaluations) >= PASSES - 1 } else { steps.max(evaluations) == 0 },
                    "{steps}"
                );
            }
        }
    }
}
