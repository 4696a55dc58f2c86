//! Supervision of a run: checkpoints, a held-out text, a budget, a log.

use crate::run::{Checkpoints, Control, Valid};
use crate::vectors::OnBad;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

#[derive(Args)]
#[command(next_help_heading = "Run")]
pub struct RunControl {
    /// Folder for checkpoints, for --resume [default: none].
    ///
    /// The file is checkpoint.safetensors. A run can continue from it after any interruption.
    #[arg(long, value_name = "DIR")]
    pub checkpoint: Option<PathBuf>,
    /// Time between checkpoints, as 90s or 5m [default: 60s].
    ///
    /// Another checkpoint is written at the end.
    #[arg(long, value_name = "TIME", value_parser = crate::cli::duration, requires = "checkpoint")]
    pub checkpoint_every: Option<Duration>,
    /// Continues from the checkpoint, if there is one.
    ///
    /// Settings and text must be the same.
    #[arg(long, requires = "checkpoint")]
    pub resume: bool,
    /// Vectors or model to start from [default: none].
    ///
    /// Words of the file start with their vectors; other words start at random. A model is a file of --save-model.
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// Treatment of entries of --init that cannot be read.
    #[arg(hide_short_help = true, long, value_enum, default_value_t, value_name = "HOW", requires = "init")]
    pub on_bad: OnBad,
    /// Held-out text, scored after every pass [default: none].
    ///
    /// Names files as --corpus does, and is read with the same options. The score is the exact NLL.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub valid: Vec<PathBuf>,
    /// Most held-out examples to score, evenly spaced.
    #[arg(long, default_value_t = Valid::EXAMPLES as u32, value_name = "N", requires = "valid",
        value_parser = crate::cli::whole::<u32>(1..=u32::MAX.into()))]
    pub valid_examples: u32,
    /// Stops after N passes in a row without a lower held-out NLL [default: never].
    ///
    /// With --patience every output holds the best model evaluated (lowest held-out NLL); otherwise the final one.
    /// Models are evaluated after each pass and at the end.
    #[arg(long, value_name = "N", requires = "valid", value_parser = crate::cli::whole::<u32>(1..=u32::MAX.into()))]
    pub patience: Option<u32>,
    /// Stops after this time, as 90s or 2h [default: never].
    ///
    /// The rate depends on the words read, not on the time, so that --resume continues the same run.
    #[arg(long, value_name = "TIME", value_parser = crate::cli::duration)]
    pub budget: Option<Duration>,
    /// File for a log in JSON lines [default: none].
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

impl RunControl {
    /// The supervision of a run that writes its vectors to `out`. The run ends once `stop` is true.
    pub fn control(&self, out: Option<&Path>, stop: Arc<AtomicBool>) -> Control {
        let checkpoint = |dir: &PathBuf| Checkpoints {
            dir: dir.clone(),
            every: self.checkpoint_every.unwrap_or(Checkpoints::EVERY),
            resume: self.resume,
        };
        let folder = || out.and_then(Path::parent).filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let valid = || Valid {
            files: self.valid.clone(),
            examples: self.valid_examples as usize,
            patience: self.patience,
            folder: folder().into(),
            grace: Valid::GRACE,
        };
        Control {
            checkpoint: self.checkpoint.as_ref().map(checkpoint),
            valid: (!self.valid.is_empty()).then(valid),
            budget: self.budget,
            log: self.log.clone(),
            stop: Some(stop),
        }
    }
}
