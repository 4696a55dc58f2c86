//! What surrounds a run: checkpoints, a held-out text, a budget, a log.

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
    /// Folder for checkpoint.safetensors, from which the run can go on after whatever ended it.
    #[arg(long, value_name = "DIR")]
    pub checkpoint: Option<PathBuf>,
    /// Time from one checkpoint to the next; there is one at the end, too [default: 60s].
    #[arg(long, value_name = "TIME", value_parser = crate::cli::duration, requires = "checkpoint")]
    pub checkpoint_every: Option<Duration>,
    /// Go on from the checkpoint, if there is one: of the same settings and text.
    #[arg(long, requires = "checkpoint")]
    pub resume: bool,
    /// Vectors, or a model of --save-model, to start from: words that they know keep theirs.
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// Treatment of words and vectors of --init that cannot be read: `skip` passes over them, and counts them by kind.
    #[arg(long, value_enum, default_value_t, requires = "init")]
    pub on_bad: OnBad,
    /// Held-out text, as --corpus names it and read with the same options: its exact NLL is taken after every pass.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub valid: Vec<PathBuf>,
    /// At most so many held-out examples, evenly spaced.
    #[arg(long, default_value_t = Valid::EXAMPLES as u32, value_name = "N", requires = "valid",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub valid_examples: u32,
    /// End after so many passes in a row that did not lower the held-out NLL. Whatever ends the run, what is written is
    /// then the model with the least held-out NLL of those evaluated: after passes, and at the end.
    #[arg(long, value_name = "N", requires = "valid", value_parser = clap::value_parser!(u32).range(1..))]
    pub patience: Option<u32>,
    /// End after so much time; the rate follows the text, so that --resume goes on as if nothing had been.
    #[arg(long, value_name = "TIME", value_parser = crate::cli::duration)]
    pub budget: Option<Duration>,
    /// File for a log, JSON lines.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

impl RunControl {
    /// `out` is what will be written; the run ends once `stop` is true.
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
