//! Advice on the layers that fit a task, from closed-form costs and a short measurement of this machine.

use super::machine::{self, RunFacts};
use super::rig::{Rig, Sizes, zipf};
use super::trial::{LEAST, Look, Trial};
use crate::error::{Error, Result};
use crate::layer::Bias;
use crate::layer::catalogue::LayerSpec;
use crate::table::{Cost, Threads, batch_part};
use crate::vocab::Counts;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The purpose of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
pub enum Need {
    /// Exact probabilities of words after training.
    #[default]
    Probabilities,
    /// Word vectors; the layer is not used after training.
    Vectors,
}

/// The task.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdviseConfig {
    /// The layers to choose from.
    pub layers: Vec<LayerSpec>,
    /// Number of words, V.
    pub vocab: usize,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Words to train on; each word is one example.
    pub tokens: u64,
    /// Examples in a batch, B.
    pub batch: usize,
    /// Samples per batch for every layer that draws; `None` for the layer's own number.
    pub samples: Option<usize>,
    /// Number of threads.
    pub threads: usize,
    /// Largest number of bytes that training may take; `None` for all free memory.
    pub memory_bytes: Option<u64>,
    /// Largest number of seconds that training may take; `None` for no limit.
    pub seconds: Option<f64>,
    /// The purpose of the model.
    pub need: Need,
    /// Seconds for which the steps of a layer are timed, in each of at most 8 passes [default: 0.08].
    pub step_seconds: f64,
    /// Seed of weights, hidden vectors and targets.
    pub seed: u64,
}

impl AdviseConfig {
    /// The default number of examples in a batch.
    pub const BATCH: u32 = 64;
    /// The default seed.
    pub const SEED: u64 = 1;

    /// A task of these sizes on one thread, without limits of memory or time.
    pub fn new(layers: Vec<LayerSpec>, vocab: usize, dim: usize, tokens: u64) -> Self {
        Self {
            layers,
            vocab,
            dim,
            tokens,
            batch: Self::BATCH as usize,
            samples: None,
            threads: 1,
            memory_bytes: None,
            seconds: None,
            need: Need::default(),
            step_seconds: super::STEP_SECONDS,
            seed: Self::SEED,
        }
    }
}

/// Expected cost of a layer, and whether it fits.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// Name of the layer, with its settings.
    pub layer: String,
    /// Whether the layer fits the task.
    pub fits: bool,
    /// Reason why the layer fits or does not fit.
    pub why: String,
    /// Multiply-adds of a step at V, by closed form.
    pub multiply_adds: u64,
    /// Number of words at which the step was timed; its time at V follows by closed form.
    pub timed_at: usize,
    /// Number of examples in the timed batches.
    pub timed_batch: usize,
    /// Time of a step at V, in nanoseconds per example.
    pub step_ns_per_example: f64,
    /// Time of the exact ln P of a word, in nanoseconds.
    pub evaluation_ns_per_example: f64,
    /// Bytes of the layer's tables in training, by closed form.
    pub memory_bytes: u64,
    /// Seconds of training on all tokens once.
    pub train_seconds: f64,
}

/// Verdicts on all layers: those that fit come first; each group is sorted from fast to slow.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Advice {
    /// Version of the crate.
    pub lexmax: &'static str,
    /// Machine and time of the run.
    pub run: RunFacts,
    /// Number of words, V.
    pub vocab: usize,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Words to train on.
    pub tokens: u64,
    /// The purpose of the model.
    pub need: Need,
    /// Bytes of the embeddings, which every layer needs in addition to its own.
    pub embedding_bytes: u64,
    /// Largest number of bytes that training may take, if there is a limit.
    pub memory_limit: Option<u64>,
    /// One verdict per layer.
    pub layers: Vec<Verdict>,
    /// Layers that cannot be built at these sizes, with the reason.
    pub refused: Vec<(String, String)>,
}

impl Advice {
    /// Returns the advice as indented JSON, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data") + "\n"
    }
}

/// Longest timed step, in seconds. A longer one is timed with fewer examples or words.
const STEP_SECONDS: f64 = 0.25;
/// Largest number of bytes of parameters that are filled for a timed step.
const BYTES: u64 = 1 << 30;
/// Seconds after which one step is enough.
const PATIENCE: f64 = 1.5;
/// Seconds within which a layer gets further passes.
const PASSES_SECONDS: f64 = 4.0;

/// Times a step of every layer and decides which layers fit the task. `observe` is called when work on a layer begins.
///
/// # Errors
/// No tokens, or sizes that no layer can have. Layers that cannot be built at these sizes are listed in
/// [`Advice::refused`].
pub fn advise(config: &AdviseConfig, observe: &mut dyn FnMut(&LayerSpec)) -> Result<Advice> {
    if config.tokens == 0 {
        return Err(Error::OutOfRange { name: "tokens", value: 0.0, limit: "1 or more" });
    }
    let sizes = Sizes { dim: config.dim, batch: config.batch, seed: config.seed };
    sizes.check()?;
    let threads = Threads::new(config.threads);
    let counts = Arc::new(zipf(config.vocab)?);
    let memory_limit = config.memory_bytes.or_else(crate::machine::free_bytes);
    let embedding_bytes = 4 * config.vocab as u64 * config.dim as u64;
    let (mut estimates, mut trials, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for layer in LayerSpec::distinct(&config.layers, config.samples)? {
        observe(&layer);
        match Estimate::new(&layer, &counts, sizes, &threads, config.step_seconds) {
            Ok((estimate, trial)) => {
                estimates.push((layer, estimate));
                trials.push(trial);
            }
            Err(e) => refused.push((layer.to_string(), e.to_string())),
        }
    }
    let trials = Trial::passes(trials, &threads, PASSES_SECONDS, &mut |i| observe(&estimates[i].0))?;
    let verdict = |((layer, estimate), trial): (&(LayerSpec, Estimate), &Trial)| {
        estimate.verdict(layer, trial, config, embedding_bytes, memory_limit)
    };
    let mut layers: Vec<Verdict> = estimates.iter().zip(&trials).map(verdict).collect();
    layers.sort_by(|a, b| b.fits.cmp(&a.fits).then(a.train_seconds.total_cmp(&b.train_seconds)));
    let AdviseConfig { vocab, dim, tokens, need, .. } = *config;
    let lexmax = env!("CARGO_PKG_VERSION");
    let run = RunFacts::here();
    Ok(Advice { lexmax, run, vocab, dim, tokens, need, embedding_bytes, memory_limit, layers, refused })
}

/// The closed-form cost of a layer at V.
struct Estimate {
    cost: Cost,
    evaluation_multiply_adds: u64,
    memory_bytes: u64,
    batch: usize,
}

impl Estimate {
    /// Makes the estimate, with the first pass over the layer or over its stand-in.
    fn new(
        layer: &LayerSpec,
        counts: &Arc<Counts>,
        sizes: Sizes,
        threads: &Threads,
        seconds: f64,
    ) -> Result<(Self, Trial)> {
        let whole = Rig::new(layer, counts, Bias::Unigram, sizes)?;
        let (cost, evaluation_multiply_adds) = (whole.expected_cost(), whole.evaluation_multiply_adds());
        let (memory_bytes, vocab, batch) = (whole.training_bytes(), counts.len(), sizes.batch);
        let look = if vocab > LEAST { Look::glance(layer, sizes, threads).ok() } else { None };
        let (timed_at, timed_batch) = look.map_or((vocab, batch), |look| stand_in(&whole, look.seconds(&whole)[0]));
        let rig = match (timed_at, timed_batch) == (vocab, batch) {
            true => whole,
            false => {
                let sizes = Sizes { batch: timed_batch, ..sizes };
                Rig::new(layer, &Arc::new(zipf(timed_at)?), Bias::Unigram, sizes)?
            }
        };
        let trial = Trial::new(rig, threads, seconds, PATIENCE)?;
        Ok((Self { cost, evaluation_multiply_adds, memory_bytes, batch }, trial))
    }

    /// Returns the times of a step and of an evaluation of the whole layer, in nanoseconds per example.
    fn ns(&self, trial: &Trial) -> [f64; 2] {
        let Trial { rig, step, evaluation, .. } = trial;
        let timed = [rig.expected_cost().multiply_adds, rig.evaluation_multiply_adds()];
        let whole = [self.cost.multiply_adds, self.evaluation_multiply_adds];
        let ns = |i: usize, seconds: f64| seconds * 1e9 * whole[i] as f64 / timed[i].max(1) as f64 / self.batch as f64;
        [ns(0, step.quantile(0.5)), ns(1, evaluation.quantile(0.5))]
    }
}

/// Returns the numbers of words and examples that stand in for a layer whose step takes `step` seconds. A fast layer is
/// timed as a whole.
fn stand_in(whole: &Rig, step: f64) -> (usize, usize) {
    let (vocab, batch) = (whole.vocab(), whole.sizes.batch);
    let mut examples = batch;
    let mut share = BYTES as f64 / whole.parameter_bytes() as f64;
    if step > STEP_SECONDS {
        // A layer that goes over its words once per part of a batch treats all parts alike, so one part is enough.
        let part = batch_part(vocab).min(batch);
        if whole.rows_per_example(part) <= 1.01 * whole.rows_per_example(batch) {
            examples = part;
        }
        share = share.min(STEP_SECONDS / step * batch as f64 / examples as f64);
    }
    let words = vocab.min(((vocab as f64 * share) as usize).max(LEAST));
    let like_all = least_divided_alike(vocab, words);
    let fits = whole.parameter_bytes() as f64 * like_all as f64 / vocab as f64 <= 2.0 * BYTES as f64;
    (if fits { like_all } else { words }, examples)
}

/// Returns the least number of words, not below `words`, at which batches are cut into parts as at `vocab` words. Other
/// numbers of words would say little about a step over `vocab` words.
fn least_divided_alike(vocab: usize, words: usize) -> usize {
    let mut least = vocab;
    while least > words {
        let next = words.max(least - least.div_ceil(20));
        if batch_part(next) != batch_part(vocab) {
            break;
        }
        least = next;
    }
    least
}

impl Estimate {
    fn verdict(
        &self,
        layer: &LayerSpec,
        trial: &Trial,
        config: &AdviseConfig,
        embeddings: u64,
        limit: Option<u64>,
    ) -> Verdict {
        let [step_ns, evaluation_ns] = self.ns(trial);
        let train_seconds = step_ns * 1e-9 * config.tokens as f64;
        let memory = self.memory_bytes + embeddings;
        let mut against = Vec::new();
        if let Some(limit) = limit.filter(|limit| memory > *limit) {
            let [memory, limit] = [memory, limit].map(machine::written);
            against.push(format!("takes {memory} with the embeddings, more than {limit}"));
        }
        if let Some(seconds) = config.seconds.filter(|seconds| train_seconds > *seconds) {
            against.push(format!("takes {train_seconds:.0} s, more than {seconds:.0} s"));
        }
        let fits = against.is_empty();
        Verdict {
            layer: layer.to_string(),
            fits,
            why: if fits { self.reason(config, &trial.rig) } else { against.join("; ") },
            multiply_adds: self.cost.multiply_adds,
            timed_at: trial.rig.vocab(),
            timed_batch: trial.rig.sizes.batch,
            step_ns_per_example: step_ns,
            evaluation_ns_per_example: evaluation_ns,
            memory_bytes: self.memory_bytes,
            train_seconds,
        }
    }

    /// Returns the reason to choose the layer.
    fn reason(&self, config: &AdviseConfig, rig: &Rig) -> String {
        let dense = 3.0 * config.batch as f64 * config.vocab as f64 * config.dim as f64;
        let share = self.cost.multiply_adds as f64 / dense;
        let work = match share {
            s if s <= 0.0 => "does no work: there is nothing to choose from".to_string(),
            s if s > 0.95 => "scores every word in training".to_string(),
            s if s > 0.01 => format!("does {:.0} % of full softmax's work", 100.0 * s),
            s => format!("does 1/{:.0} of full softmax's work", 1.0 / s),
        };
        match config.need {
            Need::Vectors => work,
            Need::Probabilities if rig.gives_zeros() => format!("{work}; gives some words the probability 0"),
            Need::Probabilities if rig.is_normalized() => format!("{work}; normalized in training"),
            Need::Probabilities => format!("{work}; probabilities by a scan of all words after training"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scale::{ScaleConfig, scale};
    use super::super::vocabs::Vocabs;
    use super::*;

    fn layers() -> Vec<LayerSpec> {
        crate::layer::catalogue::all_layers()
    }

    fn config(memory_bytes: Option<u64>) -> AdviseConfig {
        AdviseConfig {
            layers: layers(),
            vocab: 3_000,
            dim: 16,
            tokens: 1_000_000,
            batch: 32,
            samples: Some(64),
            threads: 1,
            memory_bytes,
            seconds: None,
            need: Need::Probabilities,
            step_seconds: 0.01,
            seed: 1,
        }
    }

    /// The closed forms of `advise` agree with the counts of `scale`: multiply-adds within 30 %, the accuracy promised
    /// for times.
    #[test]
    fn closed_forms_agree_with_what_is_counted() {
        let advice = advise(&config(None), &mut |_| {}).unwrap();
        let (dim, batch, samples) = (16, 32, Some(64));
        let vocabs = Vocabs::between(3_000, 3_000, 1);
        let measured = scale(
            &ScaleConfig { vocabs, dim, batch, samples, point_seconds: 1.0, ..ScaleConfig::new(layers(), 1) },
            &mut |_| {},
        );
        let measured = measured.unwrap();
        assert_eq!(advice.layers.len() + advice.refused.len(), layers().len());
        for verdict in &advice.layers {
            let point = measured.points.iter().find(|p| p.layer == verdict.layer).expect("the same layers");
            let ratio = verdict.multiply_adds as f64 / point.multiply_adds as f64;
            assert!((1.0 / 1.3..1.3).contains(&ratio), "{}: {ratio}", verdict.layer);
            assert!(verdict.memory_bytes >= point.parameter_bytes);
            let sparse = ["sparsemax", "entmax"].contains(&verdict.layer.as_str());
            assert_eq!(verdict.why.contains("probability 0"), sparse, "{verdict:?}");
        }
    }

    #[test]
    fn what_does_not_fit_comes_last_and_says_why() {
        // Embeddings and weights of 3,000 words take 192 kB each; full softmax has a gradient of that size too.
        let advice = advise(&config(Some(500_000)), &mut |_| {}).unwrap();
        let full = advice.layers.iter().find(|v| v.layer == "full").unwrap();
        assert!(!full.fits && full.why.contains("more than"), "{full:?}");
        assert!(advice.layers.windows(2).all(|w| w[0].fits >= w[1].fits));
        let none = AdviseConfig { tokens: 0, ..config(None) };
        assert!(advise(&none, &mut |_| {}).unwrap_err().to_string().contains("tokens"));
    }
}
