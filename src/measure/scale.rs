//! Cost of a step and of an exact evaluation as a function of V.

use super::growth::{Crossover, Fit, crossover};
use super::machine::{self, RunFacts};
use super::rig::{Rig, Sizes, zipf};
use super::timing::Timed;
use super::trial::{LEAST, Look, STEP_SECONDS, Trial};
use super::vocabs::Vocabs;
use crate::error::Result;
use crate::layer::Bias;
use crate::layer::catalogue::LayerSpec;
use crate::table::Threads;
use crate::vocab::Counts;
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;

/// Settings of a measurement over several vocabularies.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScaleConfig {
    /// Layers, in the order of the table.
    pub layers: Vec<LayerSpec>,
    /// Numbers of words.
    pub vocabs: Vocabs,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Examples in a batch, B.
    pub batch: usize,
    /// Samples of every layer that draws, instead of the layer's own number.
    pub samples: Option<usize>,
    /// Number of threads.
    pub threads: usize,
    /// Seed of weights, hidden vectors and targets.
    pub seed: u64,
    /// Seconds that a point may take; a point that would take longer is skipped.
    pub point_seconds: f64,
    /// Bytes that a point may take [default: four fifths of the free memory].
    pub memory_bytes: Option<u64>,
}

impl ScaleConfig {
    /// Default numbers of words.
    pub const VOCABS: &'static str = "1e3..1e6";
    /// Default size of the hidden vector.
    pub const DIM: u32 = 128;
    /// Default number of examples in a batch.
    pub const BATCH: u32 = 64;
    /// Default seed.
    pub const SEED: u64 = 1;

    /// All layers with their own settings, from 10³ to 10⁶ words, d = 128, B = 64.
    pub fn new(layers: Vec<LayerSpec>, threads: usize) -> Self {
        Self {
            layers,
            vocabs: Self::VOCABS.parse().expect("numbers of words"),
            dim: Self::DIM as usize,
            batch: Self::BATCH as usize,
            samples: None,
            threads,
            seed: Self::SEED,
            point_seconds: POINT_SECONDS,
            memory_bytes: None,
        }
    }
}

/// Default seconds that a point may take.
pub const POINT_SECONDS: f64 = 10.0;
/// Share of the free memory that a point may take.
const MEMORY_SHARE: f64 = 0.8;
/// Largest share of a point's seconds for which fast steps are timed in a pass.
const STEPS: f64 = 0.008;
/// Share of a point's seconds within which it gets further passes.
const PATIENCE: f64 = 0.4;

/// A layer at one number of words. Work is that of a whole step over the B examples of a batch.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Point {
    /// Name of the layer, with its settings.
    pub layer: String,
    /// Number of words, V.
    pub vocab: usize,
    /// Median time of a training step with its update, in nanoseconds per example, in the quietest of many short
    /// windows.
    pub step_ns_per_example: f64,
    /// First and third quartile of that time.
    pub step_ns_quartiles: [f64; 2],
    /// Number of timed steps.
    pub steps: usize,
    /// Multiply-adds of a step.
    pub multiply_adds: u64,
    /// Rows of parameters read and updated in a step.
    pub rows: u64,
    /// Bytes of parameters read and updated in a step.
    pub bytes: u64,
    /// Random words drawn in a step.
    pub draws: u64,
    /// Median time of the exact ln P of a given word, in nanoseconds per example.
    pub evaluation_ns_per_example: f64,
    /// First and third quartile of that time.
    pub evaluation_ns_quartiles: [f64; 2],
    /// Multiply-adds of an evaluation of B examples.
    pub evaluation_multiply_adds: u64,
    /// Bytes of the layer's parameters.
    pub parameter_bytes: u64,
    /// Peak bytes of training (layer, parameters, gradients and buffers), as counted by the program's allocator. If the
    /// program does not count (see [`crate::measure`]), the bytes that its tables would hold.
    pub peak_bytes: u64,
    /// Seconds to build the layer: tree, proposal, clusters.
    pub build_seconds: f64,
}

/// A point that was not measured.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Skipped {
    /// Name of the layer, with its settings.
    pub layer: String,
    /// Number of words, V.
    pub vocab: usize,
    /// Reason why it was not measured.
    pub reason: String,
}

/// The result of [`scale()`], as written to `scale.json`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Scale {
    /// Version of the crate.
    pub lexmax: &'static str,
    /// Machine and time of the run.
    pub run: RunFacts,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Examples in a batch, B.
    pub batch: usize,
    /// Samples of every layer that draws, if not the layer's own number.
    pub samples: Option<usize>,
    /// Number of threads.
    pub threads: usize,
    /// Seed of weights, hidden vectors and targets.
    pub seed: u64,
    /// Measured points, in rising order of V.
    pub points: Vec<Point>,
    /// Points that were skipped.
    pub skipped: Vec<Skipped>,
    /// Growth of the times of steps, one fit per layer.
    pub fits: Vec<Fit>,
    /// Vocabulary sizes from which one layer's step is cheaper than another's.
    pub crossovers: Vec<Crossover>,
}

impl Scale {
    /// Returns the data as indented JSON, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data") + "\n"
    }

    /// Returns V and nanoseconds per example of the steps of a layer.
    pub fn step_times(&self, layer: &str) -> Vec<(f64, f64)> {
        let of_layer = self.points.iter().filter(|p| p.layer == layer);
        of_layer.map(|p| (p.vocab as f64, p.step_ns_per_example)).collect()
    }
}

/// An event during the measurement.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A pass of the measurement of a point begins, one of at most 8. All layers have a pass before one has its next.
    Begin(&'a LayerSpec, usize),
    /// A point was measured.
    Point(&'a Point),
    /// A point was skipped.
    Skipped(&'a Skipped),
}

/// Measures every layer at every number of words.
///
/// # Errors
/// Sizes that make no sense for all layers. A layer that does not fit at one number of words becomes a skipped point.
pub fn scale(config: &ScaleConfig, observe: &mut dyn FnMut(Event)) -> Result<Scale> {
    let layers = LayerSpec::distinct(&config.layers, config.samples)?;
    let threads = Threads::new(config.threads);
    let sizes = Sizes { dim: config.dim, batch: config.batch, seed: config.seed };
    sizes.check()?;
    let mut found = Scale {
        lexmax: env!("CARGO_PKG_VERSION"),
        run: RunFacts::here(),
        dim: config.dim,
        batch: config.batch,
        samples: config.samples,
        threads: threads.count(),
        seed: config.seed,
        points: Vec::new(),
        skipped: Vec::new(),
        fits: Vec::new(),
        crossovers: Vec::new(),
    };
    let patience = config.point_seconds * PATIENCE;
    let mut looks = vec![None; layers.len()];
    for vocab in config.vocabs.as_slice() {
        let counts = Arc::new(zipf(*vocab)?);
        let (mut measured, mut trials) = (Vec::new(), Vec::new());
        for (layer, look) in layers.iter().zip(&mut looks) {
            observe(Event::Begin(layer, *vocab));
            let bench = Bench { layer, sizes, threads: &threads, config };
            match bench.measure(&counts, look) {
                Ok((trial, building)) => {
                    measured.push((layer, building));
                    trials.push(trial);
                }
                Err(reason) => {
                    let skipped = Skipped { layer: layer.to_string(), vocab: *vocab, reason };
                    observe(Event::Skipped(&skipped));
                    found.skipped.push(skipped);
                }
            }
        }
        trials = Trial::passes(trials, &threads, patience, &mut |i| observe(Event::Begin(measured[i].0, *vocab)))?;
        for ((layer, building), trial) in measured.into_iter().zip(trials) {
            let point = Point::new(layer, &trial, building);
            observe(Event::Point(&point));
            found.points.push(point);
        }
    }
    found.conclude(&layers.iter().map(LayerSpec::to_string).collect::<Vec<_>>());
    Ok(found)
}

impl Scale {
    fn conclude(&mut self, layers: &[String]) {
        let times: Vec<_> = layers.iter().map(|l| (l.as_str(), self.step_times(l))).collect();
        self.fits = times.iter().filter_map(|(layer, times)| Fit::new(layer, times)).collect();
        let pairs = times.iter().flat_map(|a| times.iter().map(move |b| (a, b)));
        // "Cheaper at every measured V" is reported only relative to the first layer, with which all are compared.
        let worth = |c: &Crossover| !c.throughout || c.than == layers[0];
        self.crossovers = pairs.filter_map(|(a, b)| crossover((a.0, &a.1), (b.0, &b.1))).filter(worth).collect();
        self.crossovers.sort_by(|a, b| a.from_vocab.total_cmp(&b.from_vocab));
    }
}

/// A layer to be measured, and the limits of the measurement.
struct Bench<'a> {
    layer: &'a LayerSpec,
    sizes: Sizes,
    threads: &'a Threads,
    config: &'a ScaleConfig,
}

impl Bench<'_> {
    /// Measures the layer. Returns its times with the seconds to build it, or the reason why it was skipped. `look` has
    /// the knowledge from fewer words, and afterwards that from these.
    fn measure(&self, counts: &Arc<Counts>, look: &mut Option<Look>) -> std::result::Result<(Trial, f64), String> {
        let limit = self.config.memory_bytes;
        let limit = limit.or_else(|| crate::machine::free_bytes().map(|b| (b as f64 * MEMORY_SHARE) as u64));
        if look.is_none() && counts.len() > LEAST {
            // Without a look, the closed form and a cautious rate are used.
            *look = Look::glance(self.layer, self.sizes, self.threads).ok();
        }
        if let Some(look) = look {
            let (seconds, bytes) = look.building(counts.len());
            within_time("making it", seconds, self.config.point_seconds)?;
            within_memory("making it", bytes, limit)?;
        }
        let start = Instant::now();
        let rig = Rig::new(self.layer, counts, Bias::Unigram, self.sizes).map_err(|e| e.to_string())?;
        let building = start.elapsed().as_secs_f64();
        let known = look.clone().unwrap_or_else(|| Look::cautious(&rig, building));
        let [step, evaluation] = known.seconds(&rig);
        // One step as a warm-up and three timed ones; one evaluation as a warm-up and one timed.
        let seconds = known.filling(&rig) + 4.0 * step + 2.0 * evaluation;
        within_time("it", seconds, self.config.point_seconds)?;
        within_memory("it", rig.training_bytes(), limit)?;
        let seconds = STEP_SECONDS.min(self.config.point_seconds * STEPS);
        let trial = Trial::new(rig, self.threads, seconds, f64::INFINITY).map_err(|e| e.to_string())?;
        *look = Some(Look::of(&trial, building));
        Ok((trial, building))
    }
}

impl Point {
    fn new(layer: &LayerSpec, trial: &Trial, build_seconds: f64) -> Self {
        let Trial { rig, step, evaluation, grown, .. } = trial;
        let of_tables = rig.structure().held + rig.parameter_bytes();
        let per_example = |seconds: f64| seconds * 1e9 / rig.sizes.batch as f64;
        let quartiles = |timed: &Timed| [0.25, 0.75].map(|share| per_example(timed.quantile(share)));
        Self {
            layer: layer.to_string(),
            vocab: rig.vocab(),
            step_ns_per_example: per_example(step.quantile(0.5)),
            step_ns_quartiles: quartiles(step),
            steps: step.pieces,
            multiply_adds: step.cost.multiply_adds,
            rows: step.cost.rows_read + step.cost.rows_written,
            bytes: step.bytes,
            draws: step.cost.draws,
            evaluation_ns_per_example: per_example(evaluation.quantile(0.5)),
            evaluation_ns_quartiles: quartiles(evaluation),
            evaluation_multiply_adds: evaluation.cost.multiply_adds,
            parameter_bytes: rig.parameter_bytes(),
            peak_bytes: grown.map_or_else(|| rig.training_bytes(), |grown| of_tables + grown.peak),
            build_seconds,
        }
    }
}

fn within_time(what: &str, seconds: f64, budget: f64) -> std::result::Result<(), String> {
    if seconds <= budget {
        return Ok(());
    }
    Err(format!("{what} would take about {seconds:.1} s, more than the {budget:.1} s that a point has"))
}

fn within_memory(what: &str, bytes: u64, limit: Option<u64>) -> std::result::Result<(), String> {
    match limit {
        Some(limit) if bytes > limit => {
            Err(format!("{what} would take about {}, more than {}", machine::written(bytes), machine::written(limit)))
        }
        _ => Ok(()),
    }
}
