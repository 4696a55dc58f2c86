//! The files that a run reads and writes beside its results.

use super::Word2VecConfig;
use crate::corpus::files;
use crate::error::Result;
use crate::files::{Output, Plan};
use crate::run::Control;
use crate::vectors::files_read;
use std::path::{Path, PathBuf};

/// The files that a run reads (texts as a user names them, and vectors to start from) and those that it writes on its
/// way: the checkpoint and the log.
///
/// # Errors
/// A log that cannot be written.
pub fn claims(texts: &[PathBuf], init: Option<&Path>, control: &Control) -> Result<Plan> {
    let held_out = control.valid.as_ref().map_or(&[][..], |valid| &valid.files);
    let mut plan = Plan::default();
    for named in [texts, held_out] {
        // What is not there is told when it is read.
        plan = plan.reads_texts(named).reads(files(named).unwrap_or_default());
    }
    plan = plan.reads(init.into_iter().flat_map(|path| files_read(path, None)));
    if let Some(path) = &control.log {
        Output::plain(path, "a log")?;
    }
    let checkpoint = control.checkpoint.as_ref().map(|checkpoints| checkpoints.file());
    Ok(plan.writes(checkpoint.iter().chain(&control.log)))
}

impl Word2VecConfig {
    /// Refuses a checkpoint or a log that is read, too. Nothing was read or written before.
    pub(super) fn check_files(&self) -> Result<()> {
        claims(&self.source.paths, self.init.as_deref(), &self.control)?.check()
    }
}
