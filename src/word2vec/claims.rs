//! The files that a run reads and writes beside its results.

use super::Word2VecConfig;
use crate::corpus::files;
use crate::error::Result;
use crate::files::{Output, Plan};
use crate::layer::catalogue::LayerSpec;
use crate::run::{Checkpoints, Control};
use crate::vectors::files_read;
use std::path::{Path, PathBuf};

/// The files that a run reads (texts as a user names them, vectors to start from, what its layer is built from) and
/// those that it writes on its way: the checkpoint and the log.
pub fn claims(texts: &[PathBuf], init: Option<&Path>, layer: Option<&LayerSpec>, control: &Control) -> Plan {
    let held_out = control.valid.as_ref().map_or(&[][..], |valid| &valid.files);
    let mut plan = Plan::default();
    for named in [texts, held_out] {
        // What is not there is told when it is read.
        plan = plan.reads_texts(named).reads(files(named).unwrap_or_default());
    }
    plan.reads(init.into_iter().flat_map(|path| files_read(path, None)))
        .reads(layer.into_iter().flat_map(LayerSpec::files))
        .writes(control.checkpoint.iter().map(Checkpoints::file))
        .writes(&control.log)
}

impl Control {
    /// Refuses a checkpoint and a log that cannot be written, as things stand.
    pub(crate) fn check_files(&self) -> Result<()> {
        let checkpoint = self.checkpoint.as_ref().map(Checkpoints::file);
        checkpoint.map_or(Ok(()), |path| Output::plain(&path, "a checkpoint").map(drop))?;
        self.log.as_ref().map_or(Ok(()), |path| Output::plain(path, "a log").map(drop))
    }
}

impl Word2VecConfig {
    /// Refuses a checkpoint or a log that is read, too, or cannot be written. Nothing was read or written before.
    pub(super) fn check_files(&self) -> Result<()> {
        claims(&self.source.paths, self.init.as_deref(), Some(&self.layer), &self.control).check()?;
        self.control.check_files()
    }
}
