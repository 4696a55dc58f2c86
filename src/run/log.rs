//! The log of a run: one JSON object per line.
//!
//! | event | fields |
//! |---|---|
//! | `start` | the settings, the number of parameters, the seconds of a resumed run, the caller's facts |
//! | `progress` | every ten seconds: seconds, words, share, rate, mean loss since the last line, words per second |
//! | `valid` | held-out NLL in nats, perplexity, examples |
//! | `checkpoint` | seconds, words |
//! | `checkpoint-failed` | the error message: no more checkpoints are written, and the run continues |
//! | `end` | `why` (`complete`, `budget`, `patience`, `interrupted`), the held-out NLL, the words of each pass |
//! | `end` | `why` = `error` and the error message; this line may be the only one |

use crate::error::{Error, Result};
use crate::files::{OnDisk, on};
use crate::train::{MeanLoss, Progress};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Seconds of training between two `progress` lines.
const EVERY: f64 = 10.0;

pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// Words and seconds at the last line, and the loss since then.
    last: (u64, f64),
    loss: MeanLoss,
}

/// Adds the failure of a run, which may not have a log yet. An error while writing is ignored.
pub(super) fn failure(path: &Path, error: &Error) {
    if let Ok(mut log) = Log::open(path, true) {
        log.line("end", json!({ "why": "error", "message": error.to_string() })).ok();
    }
}

impl Log {
    /// Opens a log: a new one, or an existing one to append to.
    pub fn open(path: &Path, goes_on: bool) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            on(|disk| disk.make_folder(folder)).map_err(Error::io(folder))?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(goes_on).write(true).truncate(!goes_on);
        let file = options.open(path).map_err(Error::io(path))?;
        Ok(Self { path: path.into(), file, last: (0, 0.0), loss: MeanLoss::default() })
    }

    /// Writes one line.
    pub fn line(&mut self, event: &str, mut what: Value) -> Result<()> {
        what["event"] = event.into();
        let line = what.to_string() + "\n";
        OnDisk(&self.file).write_all(line.as_bytes()).map_err(Error::io(&self.path))
    }

    /// Accumulates progress, and writes a line every ten seconds or if `now` is set.
    pub fn progress(&mut self, at: &Progress, now: bool) -> Result<()> {
        self.loss.add(at);
        let (words, seconds) = (at.words - self.last.0.min(at.words), at.seconds - self.last.1);
        if !(now || seconds >= EVERY) {
            return Ok(());
        }
        // JSON has no NaN: it is written as null.
        let loss = self.loss.take();
        self.last = (at.words, at.seconds);
        let speed = words as f64 / seconds;
        let line = json!({
            "seconds": at.seconds, "words": at.words, "examples": at.examples, "share": at.share, "rate": at.rate,
            "loss": loss, "words_per_second": speed,
        });
        self.line("progress", line)
    }
}
