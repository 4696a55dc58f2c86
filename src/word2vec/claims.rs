//! The files that a run reads and writes in addition to its results.

use super::Word2VecConfig;
use crate::corpus::files;
use crate::error::{CheckpointFault, Error, Result};
use crate::files::{Output, Plan};
use crate::layer::catalogue::LayerSpec;
use crate::run::{Checkpoints, Control};
use crate::vectors::ReadOptions;
use std::path::{Path, PathBuf};

/// Lists the files that a run reads and those that it writes during training. It reads the texts as a user names them,
/// vectors to start from, and files that its layer is built from. It writes the checkpoint and the log.
pub fn claims(texts: &[PathBuf], init: Option<&Path>, layer: Option<&LayerSpec>, control: &Control) -> Plan {
    let held_out = control.valid.as_ref().map_or(&[][..], |valid| &valid.files);
    let mut plan = Plan::default();
    for named in [texts, held_out] {
        // A missing file is reported when it is read.
        plan = plan.reads_texts(named).reads(files(named).unwrap_or_default());
    }
    claim_init(plan, init)
        .reads(layer.into_iter().flat_map(LayerSpec::files))
        .writes(control.checkpoint.iter().map(Checkpoints::file))
        .writes(&control.log)
}

/// Adds the vectors or the model to start from.
pub fn claim_init(plan: Plan, init: Option<&Path>) -> Plan {
    plan.reads(init.into_iter().flat_map(|path| ReadOptions::default().files(path)))
}

impl Control {
    /// Refuses a log that cannot be written at present.
    pub(crate) fn check_log(&self) -> Result<()> {
        let Some(path) = &self.log else { return Ok(()) };
        Output::plain(path, "a log")?.check_lasting("a log")
    }

    /// Refuses a checkpoint that cannot be written at present, and one that would overwrite an existing checkpoint.
    pub(crate) fn check_checkpoint(&self) -> Result<()> {
        let Some(checkpoints) = &self.checkpoint else { return Ok(()) };
        let path = checkpoints.file();
        Output::plain(&path, "a checkpoint")?;
        if !checkpoints.resume && path.exists() {
            return Err(Error::Checkpoint { path, fault: CheckpointFault::Exists });
        }
        Ok(())
    }
}

impl Word2VecConfig {
    /// Refuses a checkpoint or a log that is also read, and a log that cannot be written. Nothing has been read or
    /// written before.
    pub(super) fn check_files(&self) -> Result<()> {
        claims(&self.source.paths, self.init.as_deref(), Some(&self.layer), &self.control).check()?;
        self.control.check_log()
    }
}
