//! The records of benches/records/, as far as tables need them.

use super::error::Fault;
use super::region::Region;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The form that is read.
const FORM: u32 = 1;

/// All records, the newest of each label, by label.
#[derive(Debug)]
pub struct Records {
    records: Vec<Record>,
}

/// A record of any task.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// The name of the file without its date.
    #[serde(skip)]
    pub label: String,
    pub form: u32,
    pub date: String,
    /// `train`, `step`, `compare` or `scale`.
    pub task: String,
    pub command: Vec<String>,
    pub machine: Machine,
    pub simd: Simd,
    pub commit: Option<Commit>,
    pub versions: BTreeMap<String, Option<String>>,
    /// Options of the recorder, of `train` and `step`.
    #[serde(default)]
    pub settings: BTreeMap<String, serde_json::Value>,
    /// The training text.
    #[serde(default)]
    pub corpus: Option<Text>,
    /// Programs in settings, of `train` and `step`.
    #[serde(default)]
    pub entries: Vec<Entry>,
    /// Ratios of times, of `train` and `step`.
    #[serde(default)]
    pub ratios: Vec<Ratio>,
    /// The quality formula of each entry against the reference, of `train`.
    #[serde(default)]
    pub quality: Vec<Verdict>,
    #[serde(skip)]
    pub comparisons: Vec<Wrapped<Comparison>>,
    #[serde(skip)]
    pub scales: Vec<Wrapped<Scale>>,
}

/// The quality formula of an entry, in `benches/README.md`.
#[derive(Debug, Deserialize)]
pub struct Verdict {
    pub entry: String,
    pub sets: Vec<SetVerdict>,
    pub loss: Option<LossVerdict>,
    /// None with one seed.
    pub holds: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub struct SetVerdict {
    pub set: String,
    pub holds: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub struct LossVerdict {
    pub holds: Option<bool>,
}

impl Verdict {
    /// The test sets, or the loss, for which the formula fails; `holds` if there is none.
    pub fn words(&self) -> String {
        let sets = self.sets.iter().filter(|set| set.holds == Some(false)).map(|set| set.set.as_str());
        let loss = self.loss.iter().filter(|loss| loss.holds == Some(false)).map(|_| "training loss");
        let failed: Vec<&str> = sets.chain(loss).collect();
        match (self.holds, failed.is_empty()) {
            (_, false) => format!("fails: {}", failed.join(", ")),
            (Some(true), true) => "holds".into(),
            _ => "–".into(),
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct Text {
    pub bytes: u64,
}

#[derive(Debug, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub system: String,
    pub rustc: String,
}

#[derive(Debug, Deserialize)]
pub struct Simd {
    pub path: String,
    /// The path that `LEXMAX_SIMD` asked for.
    pub asked: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Commit {
    pub hash: String,
    pub is_dirty: bool,
}

/// A program in a setting.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub name: String,
    pub program: String,
    pub is_peer: bool,
    pub setting: Map<String, Value>,
    pub with: Option<String>,
    pub train_seconds: Option<Spread>,
    pub step_seconds: Option<Spread>,
    pub processor_seconds: Option<Spread>,
    pub peak_bytes: Option<Spread>,
    /// The share of the processor's peak of multiply-adds, of a step of lexmax.
    pub peak_share: Option<Spread>,
    pub loss: Option<Mean>,
    pub valid_nll: Option<Mean>,
    #[serde(default)]
    pub quality: BTreeMap<String, Mean>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Spread {
    pub n: usize,
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Mean {
    pub n: usize,
    pub mean: f64,
    pub standard_error: Option<f64>,
}

/// Seconds of `against` over those of `entry`.
#[derive(Debug, Deserialize)]
pub struct Ratio {
    pub entry: String,
    pub seconds: f64,
    pub processor_seconds: Option<f64>,
}

/// A report with the command that wrote it.
#[derive(Debug, Deserialize)]
pub struct Wrapped<R> {
    pub command: String,
    pub report: R,
}

/// A report of `lexmax compare`.
#[derive(Debug, Deserialize)]
pub struct Comparison {
    pub corpus: Corpus,
    pub config: Config,
    pub layers: Vec<Layer>,
}

#[derive(Debug, Deserialize)]
pub struct Corpus {
    pub vocab: u64,
    pub unigram_nll: f64,
    pub entropy_rate: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub struct Config {
    pub model: String,
    pub dim: u64,
    pub budget_seconds: Option<f64>,
    pub budget_examples: Option<u64>,
    pub threads: u64,
    pub seed: u64,
    pub valid_examples: u64,
}

#[derive(Debug, Deserialize)]
pub struct Layer {
    pub layer: String,
    pub rate: f64,
    pub batch: u64,
    pub seconds: f64,
    pub examples: u64,
    pub ns_per_example: f64,
    pub cost_per_example: Cost,
    /// Nats; null where a held-out word has the probability 0.
    pub valid_nll: Option<f64>,
    pub valid_perplexity: Option<f64>,
    pub epsilon_perplexity: Option<f64>,
    pub excess_nats: Option<f64>,
    pub ln_z: Option<LnZ>,
}

/// Distance of the scores from normalized ones, in nats.
#[derive(Debug, Deserialize)]
pub struct LnZ {
    pub mean: f64,
    pub standard_deviation: f64,
}

#[derive(Debug, Deserialize)]
pub struct Cost {
    pub multiply_adds: f64,
}

/// A report of `lexmax scale`.
#[derive(Debug, Deserialize)]
pub struct Scale {
    pub dim: u64,
    pub batch: u64,
    pub threads: u64,
    pub points: Vec<Point>,
    pub fits: Vec<Fit>,
}

/// A layer at a size of the vocabulary.
#[derive(Debug, Deserialize)]
pub struct Point {
    pub layer: String,
    pub vocab: u64,
    pub step_ns_per_example: f64,
    pub evaluation_ns_per_example: f64,
    /// Values of a step, which has `batch` examples.
    pub multiply_adds: f64,
    pub peak_bytes: f64,
    /// Steps that were timed.
    pub steps: u64,
}

#[derive(Debug, Deserialize)]
pub struct Fit {
    pub layer: String,
    pub growth: String,
}

impl Records {
    /// Reads the JSON files of a folder.
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let fault = |source| Fault::Input { path: folder.into(), source };
        let mut newest = BTreeMap::<String, Record>::new();
        for entry in std::fs::read_dir(folder).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let record = Record::read(&path)?;
                let is_older = |old: &Record| old.date < record.date;
                if newest.get(&record.label).is_none_or(is_older) {
                    newest.insert(record.label.clone(), record);
                }
            }
        }
        Ok(Self { records: newest.into_values().collect() })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    /// The record that a region names.
    pub fn of(&self, region: &Region, form: &'static str) -> Result<&Record, Fault> {
        let place = region.place();
        let Some(label) = &region.label else {
            return Err(Fault::Words { place, needs: "the label of a record", form });
        };
        self.iter().find(|record| record.label == *label).ok_or_else(|| {
            let known = self.iter().map(|record| record.label.as_str()).collect::<Vec<_>>().join(", ");
            Fault::NoRecord { place, label: label.clone(), known }
        })
    }
}

impl Record {
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let bytes = std::fs::read(path).map_err(|source| Fault::Input { path: path.into(), source })?;
        let fault = |source| Fault::Record { path: path.into(), source };
        let mut record: Self = serde_json::from_slice(&bytes).map_err(fault)?;
        if record.form != FORM {
            return Err(Fault::Form { path: path.into(), form: record.form, known: FORM });
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let label = stem.get(10..).and_then(|rest| rest.strip_prefix('-')).filter(|label| !label.is_empty());
        record.label = label.ok_or_else(|| Fault::Name { path: path.into() })?.to_string();
        match record.task.as_str() {
            "compare" => record.comparisons = reports(&bytes).map_err(fault)?,
            "scale" => record.scales = reports(&bytes).map_err(fault)?,
            _ => {}
        }
        Ok(record)
    }

    /// An error: the record lacks something that a region asks for.
    pub fn lacks(&self, region: &Region, what: impl Into<String>) -> Fault {
        Fault::NoData { place: region.place(), label: self.label.clone(), what: what.into() }
    }

    /// Day, machine and commit, for the line below a table.
    pub fn source(&self) -> String {
        let Machine { processor, cores, .. } = &self.machine;
        let (day, simd, commit) = (self.day(), &self.simd.path, self.commit());
        format!("record `{}` of {day}, {processor}, {cores} cores, {simd}, commit {commit}", self.label)
    }

    /// The settings of training that all entries share, and the size of the text; empty where the record has none.
    pub fn training(&self) -> String {
        let setting = |(key, words): (&str, &str)| {
            let value = self.settings.get(key)?.as_str()?;
            Some(format!("{words} {value}"))
        };
        let words = [
            ("dim", "d ="),
            ("window", "window"),
            ("min_count", "min-count"),
            ("sample", "subsampling"),
            ("lr", "rate"),
            ("epochs", "epochs"),
        ];
        let text = self.corpus.as_ref().map(|text| format!("{:.0} MB of text", text.bytes as f64 / 1e6));
        let all: Vec<String> = words.into_iter().filter_map(setting).chain(text).collect();
        if all.is_empty() { String::new() } else { format!(" Settings: {}.", all.join(", ")) }
    }

    pub fn day(&self) -> &str {
        self.date.get(..10).unwrap_or(&self.date)
    }

    /// The beginning of the commit's hash, and whether files differed from it.
    pub fn commit(&self) -> String {
        let Some(Commit { hash, is_dirty }) = &self.commit else { return "unknown".into() };
        format!("{}{}", hash.get(..7).unwrap_or(hash), if *is_dirty { " with changes" } else { "" })
    }
}

/// The reports of a record. The whole file is parsed again, so that an error has its line.
fn reports<R: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<Vec<Wrapped<R>>> {
    #[derive(Deserialize)]
    struct Reports<R> {
        reports: Vec<Wrapped<R>>,
    }
    Ok(serde_json::from_slice::<Reports<R>>(bytes)?.reports)
}

impl Entry {
    /// A value of the setting as text.
    pub fn setting(&self, key: &str) -> String {
        match self.setting.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        }
    }
}
