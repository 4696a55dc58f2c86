//! A layer under the clock: the one routine by which `scale` and `advise` take their times, and what a time at one number
//! of words says of another.

use super::heap::{self, Grown};
use super::rig::{Rig, Sizes, zipf};
use super::timing::{Plan, Timed};
use crate::error::Result;
use crate::layer::Bias;
use crate::layer::catalogue::LayerSpec;
use crate::table::Threads;
use std::sync::Arc;
use std::time::Instant;

/// Of steps and of evaluations. A dear step is taken once to warm up and three times that count.
const PLANS: [Plan; 2] = [
    Plan { warm_up: 1, runs: (3, 2_000), window: 0.02, seconds: STEP_SECONDS, patience: f64::INFINITY },
    Plan { warm_up: 1, runs: (4, 500), window: 0.01, seconds: 0.03, patience: 1.0 },
];
/// Seconds in which a layer's steps are timed, in each pass.
pub const STEP_SECONDS: f64 = 0.08;
/// So many times longer, at most, where it took as long to fill the tables: they are cold, and passes are few.
const LONGER: f64 = 5.0;
/// Seconds of evaluations that are worth another pass; in longer ones the machine has its moods.
const SOON: f64 = 0.1;
/// Passes over the layers, at most. A machine that is shared goes for a second or so at two thirds of its pace, and more than
/// half of the time: of two passes a third saw nothing else.
pub const PASSES: usize = 8;
/// For a first look.
const GLANCE: Plan = Plan { warm_up: 1, runs: (2, 2), window: 0.0, seconds: 0.0, patience: f64::INFINITY };

/// A layer with its times.
pub(super) struct Trial {
    pub rig: Rig,
    pub step: Timed,
    pub evaluation: Timed,
    /// What training held beyond layer and parameters.
    pub grown: Option<Grown>,
    /// Seconds to fill the tables.
    filling: f64,
    /// Seconds of the steps in the last pass, with the filling, and of the evaluations.
    stepping: f64,
    evaluating: f64,
    /// Seconds of all passes.
    spent: f64,
    plans: [Plan; 2],
}

impl Trial {
    /// Times steps, three or more as far as `patience` seconds allow and not much longer than `seconds`, then evaluations.
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

    /// Times steps, and evaluations unless they are known with the seconds that they took.
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

    /// Times all layers in turn again and again, with tables made anew, and the quietest time of each counts: where in memory
    /// they lie matters, and more so what the machine does for others, which is why time passes between. A layer has no
    /// further pass that would take more than `seconds` in all. `observe` sees which one is next, also where it is passed over.
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

/// A vocabulary for a first look; a smaller one would stand in the caches.
pub(super) const LEAST: usize = 20_000;
/// A rate that any machine has, multiply-adds a second.
const CAUTIOUS_RATE: f64 = 2e9;
/// Seconds of a step, by that rate, above which nobody looks.
const LONG: f64 = 2.0;

/// What a layer took at some number of words, from which to tell what it takes at another.
#[derive(Clone, Debug)]
pub(super) struct Look {
    vocab: usize,
    /// Of a step and of an evaluation, by closed form.
    multiply_adds: [f64; 2],
    /// Seconds of a step and of an evaluation.
    seconds: [f64; 2],
    parameter_bytes: u64,
    /// Seconds to fill the tables.
    filling: f64,
    /// Seconds and bytes to make the layer.
    building: (f64, u64),
}

impl Look {
    /// By the clock, at [`LEAST`] words; where that would be long, by a cautious rate.
    ///
    /// # Errors
    /// Sizes that make no sense for the layer, or do not fit in memory.
    pub fn glance(layer: &LayerSpec, sizes: Sizes, threads: &Threads) -> Result<Self> {
        let counts = Arc::new(zipf(LEAST)?);
        let made = || -> Result<_> {
            let start = Instant::now();
            Ok((Rig::new(layer, &counts, Bias::Unigram, sizes)?, start.elapsed().as_secs_f64()))
        };
        // What else the machine did the first time would be multiplied.
        let ((rig, first), (_, second)) = (made()?, made()?);
        let building = first.min(second);
        let cautious = Self::cautious(&rig, building);
        if cautious.seconds[0] > LONG {
            return Ok(cautious);
        }
        Ok(Self::of(&Trial::planned(rig, threads, [GLANCE; 2], None)?, building))
    }

    /// Of a layer that was timed; `building` is the seconds that it took to make.
    pub fn of(trial: &Trial, building: f64) -> Self {
        let seconds = [&trial.step, &trial.evaluation].map(|timed| timed.quantile(0.5));
        Self { seconds, filling: trial.filling, ..Self::cautious(&trial.rig, building) }
    }

    /// Without a clock.
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

    /// Seconds and bytes to make the layer for so many words.
    pub fn building(&self, vocab: usize) -> (f64, u64) {
        let growth = vocab as f64 / self.vocab as f64;
        (self.building.0 * growth, (self.building.1 as f64 * growth) as u64)
    }

    /// Seconds to fill the tables of a layer.
    pub fn filling(&self, rig: &Rig) -> f64 {
        self.filling * rig.parameter_bytes() as f64 / self.parameter_bytes.max(1) as f64
    }

    /// Seconds of a step and of the exact ln P of a batch.
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
                // Each pass has one run of each kind at least.
                let (steps, evaluations) = (after.0 - before.0, after.1 - before.1);
                assert!(
                    if grows { steps.min(evaluations) >= PASSES - 1 } else { steps.max(evaluations) == 0 },
                    "{steps}"
                );
            }
        }
    }
}
