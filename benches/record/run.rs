//! Runs entries in turn.

use super::error::Fault;
use super::machine::processor_seconds;
use super::plan::{Entry, Plan};
use super::quality::Scores;
use lexmax::vectors::Format;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// The measurements of one run of a program.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Run {
    /// The number of the round, from 1.
    pub round: usize,
    pub seed: u64,
    /// The exact command, quoted as for a shell.
    pub command: String,
    /// Seconds of training or of a step as reported by the program; otherwise of the whole training run.
    pub seconds: f64,
    /// Whether the program reported `seconds`.
    pub is_told: bool,
    /// Seconds from start to end of the process.
    pub total_seconds: f64,
    /// User and system seconds of the process.
    pub processor_seconds: Option<f64>,
    /// The peak memory of the process, as reported by it.
    pub peak_bytes: Option<u64>,
    /// Exchanges and bytes between threads for each word read, as reported by lexmax.
    pub exchanges_a_word: Option<f64>,
    pub bytes_a_word: Option<f64>,
    /// The share of the processor's peak of multiply-adds, as reported by lexmax for a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_share: Option<f64>,
    /// The training loss of the last pass, as reported by the program.
    pub loss: Option<f64>,
    /// The held-out NLL of the model that is left, as reported by lexmax for a run with `--valid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_nll: Option<f64>,
    /// The version, as reported by a peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Points by test set.
    pub quality: Scores,
}

/// Facts that a program reports about a run. Other keys are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    train_seconds: Option<f64>,
    step_ms: Option<f64>,
    peak_bytes: Option<u64>,
    peak_share: Option<f64>,
    loss: Option<Loss>,
    valid_nll: Option<f64>,
    words: Option<f64>,
    traffic: Option<Traffic>,
    version: Option<String>,
    /// The format of the vectors.
    format: Option<Format>,
}

/// Exchanges and bytes between the threads.
#[derive(Debug, Deserialize)]
struct Traffic {
    exchanges: f64,
    bytes: f64,
}

/// A single loss, or one for each pass.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Loss {
    Last(f64),
    Passes(Vec<f64>),
}

impl Loss {
    fn last(&self) -> Option<f64> {
        match self {
            Self::Last(loss) => Some(*loss),
            Self::Passes(passes) => passes.last().copied(),
        }
    }
}

/// Runs every entry once in each round, one after the other. Returns the runs of each entry. Progress goes to standard
/// error.
pub fn by_turns(plan: &Plan) -> Result<Vec<Vec<Run>>, Fault> {
    let mut runs = vec![Vec::new(); plan.entries.len()];
    let temporary = tempfile::tempdir().map_err(|source| Fault::Output { path: std::env::temp_dir(), source })?;
    if let Some(keep) = &plan.keep {
        std::fs::create_dir_all(keep).map_err(|source| Fault::Output { path: keep.clone(), source })?;
    }
    for (round, seed) in (1..).zip(&plan.seeds) {
        for (entry, runs) in plan.entries.iter().zip(&mut runs) {
            let turn = Turn { plan, entry, round, seed: *seed };
            let run = turn.run(temporary.path())?;
            let (name, seconds) = (plan.name(entry), run.seconds);
            let told = if plan.is_training() { format!("{seconds:.2} s") } else { format!("{:.3} ms", 1e3 * seconds) };
            eprintln!("round {round} of {}: {name}: {told}", plan.seeds.len());
            runs.push(run);
        }
    }
    Ok(runs)
}

/// The turn of an entry in a round.
struct Turn<'a> {
    plan: &'a Plan,
    entry: &'a Entry,
    round: usize,
    seed: u64,
}

impl Turn<'_> {
    fn run(&self, temporary: &Path) -> Result<Run, Fault> {
        let Self { plan, entry, round, seed } = *self;
        let (out, facts) = (self.out(temporary), temporary.join("facts.json"));
        let words = plan.command(entry, seed, &out, &facts);
        let command = shlex::try_join(words.iter().map(String::as_str)).expect("arguments hold no NUL");
        let name = || plan.name(entry);

        let (start, processor) = (Instant::now(), processor_seconds());
        let child = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).output();
        let total_seconds = start.elapsed().as_secs_f64();
        let processor_seconds = processor_seconds().zip(processor).map(|(after, before)| after - before);

        let output = child.map_err(|source| Fault::Start { name: name(), command: command.clone(), source })?;
        if !output.status.success() {
            return Err(Fault::Failed {
                name: name(),
                command,
                status: output.status,
                said: last_lines(&output.stderr),
            });
        }
        let is_peer = plan.program(entry).is_peer();
        let told = if is_peer { told_by_peer(&output) } else { told_in_file(&facts) };
        let told = told.map_err(|source| Fault::Told { name: name(), command: command.clone(), source })?;
        let seconds = if plan.is_training() { told.train_seconds } else { told.step_ms.map(|ms| 1e-3 * ms) };
        let is_told = seconds.is_some();
        let whole = plan.is_training().then_some(total_seconds);
        let untold = || Fault::Untold { name: name(), command: command.clone(), key: "step_ms" };
        let seconds = seconds.or(whole).ok_or_else(untold)?;
        let format = if is_peer { told.format } else { Some(Format::Binary) };
        let scores = plan.sets.scores(&out, format);
        let quality =
            scores.map_err(|source| Fault::Scores { name: name(), command: command.clone(), source: source.into() })?;
        let loss = told.loss.filter(|_| plan.is_training()).and_then(|loss| loss.last());
        let (peak_bytes, peak_share, valid_nll) = (told.peak_bytes, told.peak_share, told.valid_nll);
        let a_word = |value: fn(&Traffic) -> f64| {
            let words = told.words.filter(|words| *words > 0.0);
            told.traffic.as_ref().zip(words).map(|(traffic, words)| value(traffic) / words)
        };
        let (exchanges_a_word, bytes_a_word) = (a_word(|t| t.exchanges), a_word(|t| t.bytes));
        let version = told.version;
        let run = Run {
            round,
            seed,
            command,
            seconds,
            is_told,
            total_seconds,
            processor_seconds,
            peak_bytes,
            exchanges_a_word,
            bytes_a_word,
            peak_share,
            loss,
            valid_nll,
            version,
            quality,
        };
        for path in [Some(&facts), Some(&out).filter(|_| plan.keep.is_none())].into_iter().flatten() {
            remove(path)?;
        }
        Ok(run)
    }

    /// The file for the vectors. Its name has no ending, so that its contents decide the format.
    fn out(&self, temporary: &Path) -> PathBuf {
        let Some(keep) = &self.plan.keep else { return temporary.join("vectors") };
        let name = format!("{} round={} seed={}", self.plan.name(self.entry), self.round, self.seed);
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_=".contains(c) { c } else { '_' };
        keep.join(name.chars().map(plain).collect::<String>())
    }
}

/// The facts written by lexmax.
fn told_in_file(facts: &Path) -> serde_json::Result<Told> {
    serde_json::from_slice(&std::fs::read(facts).map_err(serde_json::Error::io)?)
}

/// The last line of standard output that is a JSON object; default values if there is none.
fn told_by_peer(output: &Output) -> serde_json::Result<Told> {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines().rev().filter_map(|line| serde_json::from_str(line).ok());
    lines.find(serde_json::Value::is_object).map_or(Ok(Told::default()), serde_json::from_value)
}

/// The last lines of the output of a program.
fn last_lines(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

/// Removes a file if it exists, so that no result is mistaken for the next.
fn remove(path: &Path) -> Result<(), Fault> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Fault::Output { path: path.into(), source })
        }
        _ => Ok(()),
    }
}
