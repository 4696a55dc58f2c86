//! Reports of `lexmax compare` and `lexmax scale`: runs of them, or files that they have written, become one record.

use super::arguments::Report;
use super::error::Fault;
use super::machine::{Commit, Simd};
use super::plan::{folder, label};
use super::record::{self, FORM};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Commands of lexmax that write a report, with the names of their files.
const COMMANDS: [(&str, &str); 2] = [("compare", "compare.json"), ("scale", "scale.json")];

/// Keys that the tables do not need, and that would make a record large.
const DROPPED: [&str; 3] = ["curve", "epochs", "build_seconds"];

/// Reports of one command of lexmax on one machine.
#[derive(Debug, Serialize)]
pub struct ReportRecord {
    pub form: u32,
    /// End of the first run, UTC.
    pub date: String,
    pub label: String,
    /// `compare` or `scale`.
    pub task: String,
    /// The recorder's own command.
    pub command: Vec<String>,
    pub machine: Value,
    pub simd: Simd,
    pub commit: Option<Commit>,
    /// Versions by program.
    pub versions: BTreeMap<String, Value>,
    pub reports: Vec<Wrapped>,
}

/// One report.
#[derive(Debug, Serialize)]
pub struct Wrapped {
    /// The command that wrote it. Paths are cut to file names.
    pub command: String,
    /// The report without its curves and without the facts that the record has.
    pub report: Value,
}

/// Runs lexmax, or reads the files of `--from`, and writes the record. Returns the name of its file.
pub fn run(asked: &Report, command: &[String]) -> Result<PathBuf, Fault> {
    let label = label(&asked.label)?;
    let folder = asked.folder.clone().unwrap_or_else(folder);
    record::check_folder(&folder)?;
    let (reports, simd, commit) = match (&asked.commit, &asked.simd) {
        (Some(hash), Some(path)) => {
            let read = asked.from.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
            let commit = Commit { hash: hash.clone(), is_dirty: false };
            (read, Simd { path: path.clone(), asked: None }, Some(commit))
        }
        _ => {
            let commit = Commit::here();
            (run_lexmax(asked)?, Simd::here(), commit)
        }
    };
    let record = wrap(reports, label, command, simd, commit)?;
    record::persist(&record, &folder, &record.date, &record.label)
}

/// Runs `lexmax COMMAND …` once, or once for each `--with`.
fn run_lexmax(asked: &Report) -> Result<Vec<Value>, Fault> {
    let text = asked.command.join(" ");
    let name = asked.command.first().map_or("", String::as_str);
    let file = COMMANDS.iter().find(|(command, _)| *command == name).map(|(_, file)| file);
    let file = file.ok_or_else(|| Fault::Command { text: text.clone() })?;
    let temporary = tempfile::tempdir().map_err(|source| Fault::Output { path: std::env::temp_dir(), source })?;
    let runs = if asked.with.is_empty() { &[String::new()][..] } else { &asked.with };
    let run = |with: &String| {
        let more = shlex::split(with).ok_or_else(|| Fault::Quoting { name: name.into(), command: with.clone() })?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_lexmax"));
        command.args(&asked.command).args(more).arg("--out").arg(temporary.path());
        let shown = format!("lexmax {text} {with}");
        let status = command.status().map_err(|source| Fault::Start {
            name: "lexmax".into(),
            command: shown.clone(),
            source,
        })?;
        if !status.success() {
            return Err(Fault::Failed { name: "lexmax".into(), command: shown, status, said: String::new() });
        }
        read(&temporary.path().join(file))
    };
    runs.iter().map(run).collect()
}

fn read(path: &Path) -> Result<Value, Fault> {
    let bytes = std::fs::read(path).map_err(|source| Fault::Input { path: path.into(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| Fault::Report { path: path.into(), source })
}

/// One record of reports of one command on one machine.
fn wrap(
    reports: Vec<Value>,
    label: String,
    command: &[String],
    simd: Simd,
    commit: Option<Commit>,
) -> Result<ReportRecord, Fault> {
    let mut machines: Vec<Value> = Vec::new();
    let (mut tasks, mut dates, mut versions, mut wrapped) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for mut report in reports {
        let run = report.get_mut("run").map(Value::take).unwrap_or_default();
        let (Value::Object(mut machine), Value::Object(mut report)) = (run, report) else {
            return Err(Fault::NoReport { label });
        };
        let told = machine.remove("command").and_then(|command| command.as_str().map(plain));
        let seconds = machine.remove("unix_seconds").and_then(|seconds| seconds.as_u64());
        let (Some(told), Some(seconds)) = (told, seconds) else { return Err(Fault::NoReport { label }) };
        report.remove("run");
        versions.extend(report.remove("lexmax"));
        tasks.push(told.split(' ').nth(1).unwrap_or_default().to_string());
        dates.push(seconds);
        machines.push(machine.into());
        wrapped.push(Wrapped { command: told, report: slim(report.into()) });
    }
    let differs = |values: &[Value]| values.windows(2).any(|pair| pair[0] != pair[1]);
    if differs(&machines) || differs(&versions) || tasks.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(Fault::Mixed { label });
    }
    let (Some(task), Some(date), Some(machine)) = (tasks.pop(), dates.first(), machines.pop()) else {
        return Err(Fault::NoReport { label });
    };
    if !COMMANDS.iter().any(|(command, _)| *command == task) {
        return Err(Fault::Command { text: task });
    }
    let date = humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(*date)).to_string();
    let versions = versions.pop().map(|version| ("lexmax".to_string(), version)).into_iter().collect();
    let command = command.iter().map(|word| cut(word)).collect();
    Ok(ReportRecord { form: FORM, date, label, task, command, machine, simd, commit, versions, reports: wrapped })
}

/// Leaves out the keys of `DROPPED` and cuts paths to file names.
fn slim(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(key, _)| !DROPPED.contains(&key.as_str()));
            kept.map(|(key, value)| (key, slim(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(values) => values.into_iter().map(slim).collect(),
        Value::String(text) => cut(&text).into(),
        other => other,
    }
}

/// A command with file names in the place of paths.
fn plain(command: &str) -> String {
    command.split(' ').map(cut).collect::<Vec<_>>().join(" ")
}

/// A word with file names in the place of paths, also behind `=`, `,` and `:`, as in a layer's name.
fn cut(word: &str) -> String {
    let pieces = word.split_inclusive(['=', ',', ':']);
    pieces.map(|piece| piece.rsplit('/').find(|name| !name.is_empty()).unwrap_or(piece)).collect()
}
