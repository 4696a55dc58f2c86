//! The files that a run reads and writes beside its results.

use super::Word2VecConfig;
use crate::corpus::files;
use crate::error::Result;
use crate::files::{Output, Plan};
use crate::layer::catalogue::LayerSpec;
use crate::run::Control;
use crate::vectors::files_read;
use std::path::{Path, PathBuf};

/// The files that a run reads (texts as a user names them, vectors to start from, what its layer is built from) and
/// those that it writes on its way: the checkpoint and the log.
///
/// # Errors
/// A checkpoint or a log that cannot be written.
pub fn claims(texts: &[PathBuf], init: Option<&Path>, layer: Option<&LayerSpec>, control: &Control) -> Result<Plan> {
    let held_out = control.valid.as_ref().map_or(&[][..], |valid| &valid.files);
    let mut plan = Plan::default();
    for named in [texts, held_out] {
        // What is not there is told when it is read.
        plan = plan.reads_texts(named).reads(files(named).unwrap_or_default());
    }
    plan = plan.reads(init.into_iter().flat_map(|path| files_read(path, None)));
    plan = plan.reads(layer.into_iter().flat_map(LayerSpec::files));
    if let Some(path) = &control.log {
        Output::plain(path, "a log")?;
    }
    let checkpoint = control.checkpoint.as_ref().map(|checkpoints| checkpoints.file());
    if let Some(path) = &checkpoint {
        Output::plain(path, "a checkpoint")?;
    }
    Ok(plan.writes(checkpoint.iter().chain(&control.log)))
}

impl Word2VecConfig {
    /// Refuses a checkpoint or a log that is read, too. Nothing was read or written before.
    pub(super) fn check_files(&self) -> Result<()> {
        claims(&self.source.paths, self.init.as_deref(), Some(&self.layer), &self.control)?.check()
    }
}
