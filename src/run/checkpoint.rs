//! Checkpoints: files from which a run can be resumed.

use super::Checkpoints;
use super::validation::Record;
use crate::corpus::Normalizer;
use crate::error::{CheckpointFault, Error, Result};
use crate::files::{Output, on};
use crate::layer::LayerExt;
use crate::model::{ModelOver, ModelReader, ModelWriter};
use crate::table::stored::Stored;
use crate::train::State;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::PathBuf;
use std::time::Instant;

/// Name of the number of ranks in the settings of a checkpoint.
pub(super) const RANKS: &str = "ranks";

/// Contents of a checkpoint in addition to the model.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// Everything that decides the result of the run, by name.
    pub settings: BTreeMap<String, String>,
    pub train: State,
    pub valid: Record,
}

/// The folder of a run's checkpoint.
pub(super) struct Folder {
    checkpoints: Checkpoints,
    settings: BTreeMap<String, String>,
    written: Instant,
}

impl Folder {
    /// Creates the folder if it does not exist.
    pub fn new(checkpoints: &Checkpoints, settings: BTreeMap<String, String>) -> Result<Self> {
        let dir = &checkpoints.dir;
        on(|disk| disk.make_folder(dir)).map_err(Error::io(dir))?;
        let folder = Self { checkpoints: checkpoints.clone(), settings, written: Instant::now() };
        if !checkpoints.resume && folder.path().exists() {
            return Err(Error::Checkpoint { path: folder.path(), fault: CheckpointFault::Exists });
        }
        Ok(folder)
    }

    pub fn path(&self) -> PathBuf {
        self.checkpoints.file()
    }

    /// The checkpoint, if there is one.
    fn open(&self) -> Result<Option<File>> {
        let path = self.path();
        match File::open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            file => file.map(Some).map_err(Error::io(&path)),
        }
    }

    /// Reads the checkpoint into `model`, if there is one.
    pub fn resume<M: Stored>(&self, model: &mut ModelOver<M>, normalizer: &Normalizer) -> Result<Option<Saved>> {
        let Some(file) = self.open()? else { return Ok(None) };
        Contents { bytes: BufReader::new(file), path: self.path(), settings: &self.settings }.read(model, normalizer)
    }

    /// The bytes of the checkpoint, if there is one.
    pub fn bytes(&self) -> Result<Option<Vec<u8>>> {
        let Some(mut file) = self.open()? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::io(&self.path()))?;
        Ok(Some(bytes))
    }

    /// Whether the next checkpoint is due.
    pub fn is_due(&self) -> bool {
        self.written.elapsed() >= self.checkpoints.every
    }

    /// Replaces the checkpoint. At any moment the file is the old one or the new one, complete.
    pub fn write(&mut self, writer: ModelWriter, train: State, valid: Record) -> Result<()> {
        let saved = Saved { settings: self.settings.clone(), train, valid };
        let writer = writer.with_state(serde_json::to_string(&saved).expect("plain data"))?;
        Output::plain(&self.path(), "a checkpoint")?.stream(|out| writer.write(out))?;
        self.written = Instant::now();
        Ok(())
    }
}

/// The contents of a checkpoint to resume, and the settings that it must have.
pub(super) struct Contents<'a, B> {
    pub bytes: B,
    pub path: PathBuf,
    pub settings: &'a BTreeMap<String, String>,
}

impl<B: Read + Seek> Contents<'_, B> {
    /// Reads the parameters into `model`.
    pub fn read<M: Stored>(self, model: &mut ModelOver<M>, normalizer: &Normalizer) -> Result<Option<Saved>> {
        let Self { bytes, path, settings } = self;
        let mut reader = ModelReader::open(bytes, &path)?;
        let saved: Saved = reader.read_state()?;
        let names: BTreeSet<_> = settings.keys().chain(saved.settings.keys()).collect();
        for name in names {
            // Runs without blocks or mini-batches, and those of one process, do not name them.
            let is_one = ["batch", "block", RANKS].contains(&name.as_str());
            let missing = || if is_one { "1".into() } else { String::new() };
            let of = |settings: &BTreeMap<String, String>| settings.get(name).cloned().unwrap_or_else(missing);
            let (checkpoint, now) = (of(&saved.settings), of(settings));
            if checkpoint != now {
                let fault = CheckpointFault::OtherRun { setting: name.clone(), checkpoint, now };
                return Err(Error::Checkpoint { path, fault });
            }
        }
        // Other treatments of lines can give the same words for this text, but not for a later question.
        if reader.architecture().reading.normalizer != *normalizer {
            let json = |normalizer| serde_json::to_string(normalizer).expect("plain data");
            let (checkpoint, now) = (json(&reader.architecture().reading.normalizer), json(normalizer));
            let fault = CheckpointFault::OtherRun { setting: "treatment of lines".into(), checkpoint, now };
            return Err(Error::Checkpoint { path, fault });
        }
        if reader.tree(model.layer().vocab())?.as_ref() != model.layer().tree() {
            let (checkpoint, now) = ("another".into(), "this one".into());
            let fault = CheckpointFault::OtherRun { setting: "tree".into(), checkpoint, now };
            return Err(Error::Checkpoint { path, fault });
        }
        reader.read_into(model)?;
        Ok(Some(saved))
    }
}
