//! Runs written down so that they can go on.

use crate::word2vec::Config;
use super::control::Checkpoints;
use crate::error::{CheckpointFault, Error, Result};
use crate::model::{ModelReader, ModelWriter, SharedModel};
use crate::train::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

/// What a checkpoint says beside the model.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// Settings and text.
    pub settings: BTreeMap<String, String>,
    pub train: State,
    pub valid: ValidState,
}

/// What the held-out text has said after whole passes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidState {
    pub best: Option<Found>,
    pub last: Option<Found>,
    /// Evaluations since the best.
    pub since: u32,
    /// Passes that were evaluated.
    pub passes: u64,
}

/// A held-out NLL, as bits, of the model after so many words.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    pub words: u64,
    nll: u64,
}

impl Found {
    pub fn new(words: u64, nll: f64) -> Self {
        Self { words, nll: nll.to_bits() }
    }

    pub fn nll(&self) -> f64 {
        f64::from_bits(self.nll)
    }
}

/// All that decides what a run computes, by name.
pub(super) fn settings(config: &Config, corpus: &str, valid: &str, init: Option<String>) -> BTreeMap<String, String> {
    // Every field is named, so that none is forgotten.
    let Config {
        // What comes of these is the text, words and sentences.
        source: _,
        rules: _,
        spool: _,
        layer,
        window,
        encoding,
        dim,
        whole_gradients,
        sample,
        epochs,
        threads,
        rate,
        hot,
        deterministic,
        seed,
        init: _,
        control,
    } = config;
    let mut settings = vec![
        ("version", env!("CARGO_PKG_VERSION").to_string()),
        ("text", corpus.to_string()),
        ("layer", layer.to_string()),
        ("window", format!("{window:?}")),
        ("encoder", format!("{encoding:?}")),
        ("dim", dim.to_string()),
        ("whole gradients", whole_gradients.to_string()),
        ("sample", sample.to_string()),
        ("epochs", epochs.to_string()),
        ("rate", format!("{} to {}", rate.start(), rate.end())),
        ("deterministic", deterministic.to_string()),
        ("seed", seed.to_string()),
        ("init", init.unwrap_or_default()),
        ("valid", valid.to_string()),
        ("patience", format!("{:?}", control.valid.as_ref().and_then(|valid| valid.patience))),
    ];
    if !deterministic {
        settings.push(("threads", threads.to_string()));
        settings.push(("hot rows", format!("{hot:?}")));
    }
    settings.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// The folder of a run's checkpoint.
pub(super) struct Folder {
    checkpoints: Checkpoints,
    settings: BTreeMap<String, String>,
    written: Instant,
}

const FILE: &str = "checkpoint.safetensors";
const PARTIAL: &str = "checkpoint.partial";

impl Folder {
    /// Makes the folder if there is none.
    pub fn new(checkpoints: &Checkpoints, settings: BTreeMap<String, String>) -> Result<Self> {
        let dir = &checkpoints.dir;
        std::fs::create_dir_all(dir).map_err(Error::io(dir))?;
        let folder = Self { checkpoints: checkpoints.clone(), settings, written: Instant::now() };
        if !checkpoints.resume && folder.path().exists() {
            return Err(Error::Checkpoint { path: folder.path(), fault: CheckpointFault::Exists });
        }
        Ok(folder)
    }

    fn path(&self) -> PathBuf {
        self.checkpoints.dir.join(FILE)
    }

    /// Reads the checkpoint into `model`; none if there is none.
    pub fn resume(&self, model: &mut SharedModel) -> Result<Option<Saved>> {
        let path = self.path();
        let file = match File::open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => BufReader::new(file.map_err(Error::io(&path))?),
        };
        let mut reader = ModelReader::open(file, &path)?;
        let saved: Saved = reader.read_state()?;
        let names = self.settings.keys().chain(saved.settings.keys());
        for name in names {
            let of = |settings: &BTreeMap<String, String>| settings.get(name).cloned().unwrap_or_default();
            let (checkpoint, now) = (of(&saved.settings), of(&self.settings));
            if checkpoint != now {
                let fault = CheckpointFault::OtherRun { setting: name.clone(), checkpoint, now };
                return Err(Error::Checkpoint { path, fault });
            }
        }
        if reader.tree(model.layer().vocab())?.as_ref() != model.layer().tree() {
            let (checkpoint, now) = ("another".into(), "this one".into());
            let fault = CheckpointFault::OtherRun { setting: "tree".into(), checkpoint, now };
            return Err(Error::Checkpoint { path, fault });
        }
        reader.read_into(model)?;
        Ok(Some(saved))
    }

    /// Whether the time for the next one has come.
    pub fn is_due(&self) -> bool {
        self.written.elapsed() >= self.checkpoints.every
    }

    /// Replaces the checkpoint: at any moment the file is the old one or the new one, whole.
    pub fn write(&mut self, writer: ModelWriter, train: State, valid: ValidState) -> Result<()> {
        let saved = Saved { settings: self.settings.clone(), train, valid };
        let writer = writer.with_state(serde_json::to_string(&saved).expect("plain data"))?;
        let (partial, path) = (self.checkpoints.dir.join(PARTIAL), self.path());
        let write = || {
            let mut out = BufWriter::with_capacity(1 << 18, File::create(&partial)?);
            writer.write(&mut out)?;
            out.flush()?;
            out.get_ref().sync_all()?;
            std::fs::rename(&partial, &path)?;
            // The new name is on the disk once the folder is.
            #[cfg(unix)]
            File::open(&self.checkpoints.dir)?.sync_all()?;
            Ok(())
        };
        write().map_err(Error::io(&path))?;
        self.written = Instant::now();
        Ok(())
    }
}
