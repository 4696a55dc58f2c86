//! The record: its format, and its file.

use super::arguments::Task;
use super::error::Fault;
use super::formula::{self, Verdict};
use super::machine::{Commit, Simd};
use super::plan::{Entry, Plan};
use super::quality::Sets;
use super::run::Run;
use super::statistics::{Mean, Spread};
use lexmax::measure::RunFacts;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Raised when a key changes its meaning or is removed.
pub const FORM: u32 = 1;

/// All results of the runs of a plan.
#[derive(Debug, Serialize)]
pub struct Record {
    /// The version of the record format.
    pub form: u32,
    /// The start of the first round, UTC.
    pub date: String,
    pub label: String,
    /// `train` or `step`.
    pub task: &'static str,
    /// The recorder's own command.
    pub command: Vec<String>,
    pub machine: RunFacts,
    pub simd: Simd,
    pub commit: Option<Commit>,
    /// The version of each program.
    pub versions: BTreeMap<String, Option<String>>,
    /// The options, as given or by default.
    pub settings: Value,
    /// The seed of each round.
    pub seeds: Vec<u64>,
    pub corpus: Option<Corpus>,
    /// The options with which word vectors are scored.
    pub evaluation: Value,
    pub entries: Vec<Recorded>,
    /// Times of the entries selected by `against`, divided by the times of the others.
    pub ratios: Vec<Ratio>,
    /// The quality formula for each entry with a reference.
    pub quality: Vec<Verdict>,
}

/// Identifies a text.
#[derive(Debug, Serialize)]
pub struct Corpus {
    pub bytes: u64,
    pub sha256: String,
}

/// The results of a program in a setting.
#[derive(Debug, Serialize)]
pub struct Recorded {
    pub name: String,
    pub program: String,
    pub is_peer: bool,
    /// `model`, `layer` and `threads`, or `layer`, `vocab` and `threads`.
    pub setting: Map<String, Value>,
    /// The variant of lexmax's arguments.
    pub with: Option<String>,
    #[serde(flatten)]
    pub seconds: Seconds,
    pub total_seconds: Spread,
    pub processor_seconds: Option<Spread>,
    pub peak_bytes: Option<Spread>,
    /// Exchanges between threads, for each word read.
    pub exchanges_a_word: Option<Spread>,
    pub bytes_a_word: Option<Spread>,
    /// GFLOP/s of a step as a share of the processor's peak, of lexmax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_share: Option<Spread>,
    /// The training loss over the seeds.
    pub loss: Option<Mean>,
    /// The held-out NLL over the seeds, of lexmax with `--valid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_nll: Option<Mean>,
    /// Points over the seeds, by test set.
    pub quality: BTreeMap<String, Mean>,
    pub runs: Vec<Run>,
}

/// The measured time: of training or of a step.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Seconds {
    #[serde(rename = "train_seconds")]
    Train(Spread),
    #[serde(rename = "step_seconds")]
    Step(Spread),
}

impl Seconds {
    pub fn spread(&self) -> Spread {
        match self {
            Self::Train(spread) | Self::Step(spread) => *spread,
        }
    }
}

/// Medians of `against` divided by medians of `entry`: above 1 if the entry is faster.
#[derive(Debug, Serialize)]
pub struct Ratio {
    pub entry: String,
    pub against: String,
    /// Seconds of training or of a step.
    pub seconds: f64,
    /// Seconds of the whole processes; only for training.
    pub total_seconds: Option<f64>,
    /// Processor seconds of the whole processes; only for training.
    pub processor_seconds: Option<f64>,
}

impl Record {
    /// Records the facts known before the first round.
    pub fn begin(plan: &Plan, task: &Task, command: &[String]) -> Result<Self, Fault> {
        let corpus = match task {
            Task::Train(train) => Some(Corpus::of(train.corpus.as_ref())?),
            Task::Step(_) => None,
        };
        let settings = match task {
            Task::Train(train) => serde_json::to_value(train),
            Task::Step(step) => serde_json::to_value(step),
        };
        Ok(Self {
            form: FORM,
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            label: plan.label.clone(),
            task: plan.task,
            command: command.to_vec(),
            machine: RunFacts::here(),
            simd: Simd::here(),
            commit: Commit::here(),
            versions: plan.programs.iter().map(|program| (program.name.clone(), program.version())).collect(),
            settings: settings.expect("arguments are plain data"),
            seeds: plan.seeds.clone(),
            corpus,
            evaluation: serde_json::to_value(Sets::options()).expect("options are plain data"),
            entries: Vec::new(),
            ratios: Vec::new(),
            quality: Vec::new(),
        })
    }

    /// Adds the results of the runs of each entry.
    pub fn end(mut self, plan: &Plan, runs: &[Vec<Run>]) -> Self {
        for (entry, runs) in plan.entries.iter().zip(runs) {
            let told = runs.iter().rev().find_map(|run| run.version.clone());
            let version = self.versions.entry(plan.program(entry).name.clone()).or_default();
            *version = told.or(version.take());
            self.entries.push(Recorded::new(plan, entry, runs));
        }
        let counterparts = |selector: &Option<super::selector::Selector>| -> Vec<(usize, usize)> {
            let of = |number: usize| Some((number, selector.as_ref()?.counterpart(plan, &plan.entries[number])?));
            (0..plan.entries.len()).filter_map(of).collect()
        };
        let against = counterparts(&plan.against).into_iter();
        self.ratios = against.map(|(own, other)| Ratio::new(&self.entries[own], &self.entries[other])).collect();
        let named = |number: usize| (self.entries[number].name.as_str(), &runs[number][..]);
        let references = counterparts(&plan.reference).into_iter();
        self.quality = references.map(|(own, other)| formula::verdict(named(own), named(other))).collect();
        self
    }

    /// Writes the record, completely or not at all. Its new name consists of date and label, and a number if necessary.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, Fault> {
        persist(self, folder, &self.date, &self.label)
    }
}

/// Writes a record, whole or not at all. The name has the day and the label, and a number if that name is taken.
pub fn persist(record: &impl Serialize, folder: &Path, date: &str, label: &str) -> Result<PathBuf, Fault> {
    let mut json = serde_json::to_vec_pretty(record).expect("a record is plain data");
    json.push(b'\n');
    let fault = |path: &Path, source| Fault::Output { path: path.into(), source };
    let mut file = temporary(folder).map_err(|source| fault(folder, source))?;
    file.write_all(&json).and_then(|()| file.as_file().sync_all()).map_err(|source| fault(folder, source))?;
    let day = &date[..10];
    for number in 1.. {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{day}-{label}{number}.json"));
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => file = error.file,
            Err(error) => return Err(fault(&path, error.error)),
        }
    }
    unreachable!("some number is free")
}

/// Creates the folder and a temporary file in it. Hours of runs must not end at a folder that cannot be written to.
pub fn check_folder(folder: &Path) -> Result<(), Fault> {
    let made = std::fs::create_dir_all(folder).and_then(|()| temporary(folder).map(drop));
    made.map_err(|source| Fault::Output { path: folder.into(), source })
}

/// A file that is removed unless it is persisted; others may then read it.
fn temporary(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.prefix(".record-").tempfile_in(folder)
}

impl Corpus {
    fn of(path: &Path) -> Result<Self, Fault> {
        let fault = |source| Fault::Input { path: path.into(), source };
        let (mut file, mut hash) = (std::fs::File::open(path).map_err(fault)?, Sha256::new());
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let read = std::io::Read::read(&mut file, &mut buffer).map_err(fault)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            bytes += read as u64;
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { bytes, sha256 })
    }
}

impl Recorded {
    fn new(plan: &Plan, entry: &Entry, runs: &[Run]) -> Self {
        let spread = |value: fn(&Run) -> Option<f64>| Spread::new(runs.iter().filter_map(value));
        let seconds = spread(|run| Some(run.seconds)).expect("a run at least");
        let value = |(key, value): &(&str, String)| {
            let number = value.parse::<u64>().ok().filter(|_| ["threads", "vocab"].contains(key));
            (key.to_string(), number.map_or_else(|| value.as_str().into(), Value::from))
        };
        let sets = runs.iter().flat_map(|run| run.quality.keys());
        let quality =
            sets.filter_map(|set| Some((set.clone(), formula::over_seeds(runs, |run| run.quality.get(set).copied())?)));
        Self {
            name: plan.name(entry),
            program: plan.program(entry).name.clone(),
            is_peer: plan.program(entry).is_peer(),
            setting: entry.setting.iter().map(value).collect(),
            with: plan.variant(entry).map(|variant| variant.name.clone()),
            seconds: if plan.is_training() { Seconds::Train(seconds) } else { Seconds::Step(seconds) },
            total_seconds: spread(|run| Some(run.total_seconds)).expect("a run at least"),
            processor_seconds: spread(|run| run.processor_seconds),
            peak_bytes: spread(|run| run.peak_bytes.map(|bytes| bytes as f64)),
            exchanges_a_word: spread(|run| run.exchanges_a_word),
            bytes_a_word: spread(|run| run.bytes_a_word),
            peak_share: spread(|run| run.peak_share),
            loss: formula::over_seeds(runs, |run| run.loss),
            valid_nll: formula::over_seeds(runs, |run| run.valid_nll),
            quality: quality.collect(),
            runs: runs.to_vec(),
        }
    }
}

impl Ratio {
    fn new(entry: &Recorded, against: &Recorded) -> Self {
        let is_training = matches!(entry.seconds, Seconds::Train(_));
        let processor = against.processor_seconds.zip(entry.processor_seconds);
        Self {
            entry: entry.name.clone(),
            against: against.name.clone(),
            seconds: against.seconds.spread().median / entry.seconds.spread().median,
            total_seconds: is_training.then(|| against.total_seconds.median / entry.total_seconds.median),
            processor_seconds: processor.filter(|_| is_training).map(|(other, own)| other.median / own.median),
        }
    }
}
