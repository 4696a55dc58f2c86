//! The best model of a run on its held-out text, kept in a file until the run ends.

use super::Valid;
use crate::error::{Error, Result};
use crate::files::{OnDisk, Output, on};
use crate::model::{ModelOver, ModelReader, ModelWriter};
use crate::table::stored::Stored;
use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

/// Location of the best parameters so far.
pub(super) enum BestModel {
    /// A file without a name, which disappears with the program however the program ends.
    Nameless { folder: PathBuf, file: Option<File> },
    /// `best-WORDS.safetensors` beside the checkpoint, which records the number of words. A new file is complete before
    /// the checkpoint names it, and the old file is removed afterwards. So the file that the checkpoint names always
    /// exists.
    Named { folder: PathBuf },
}

impl BestModel {
    /// Keeps a best model only if the run may end by patience.
    pub fn new(valid: Option<&Valid>, checkpoints: Option<&Path>) -> Option<Self> {
        let valid = valid.filter(|valid| valid.patience.is_some())?;
        Some(match checkpoints {
            Some(folder) => Self::Named { folder: folder.into() },
            None => Self::Nameless { folder: valid.folder.clone(), file: None },
        })
    }

    /// Writes the best model. An unnamed one replaces its predecessor; a named one stands beside it.
    pub fn put(&mut self, writer: &ModelWriter, words: u64) -> Result<()> {
        match self {
            Self::Named { folder } => Output::plain(&named(folder, words), "a model")?.stream(|out| writer.write(out)),
            Self::Nameless { folder, file } => {
                let write = || {
                    std::fs::create_dir_all(&*folder)?;
                    let file = tempfile::tempfile_in(&*folder)?;
                    let mut out = BufWriter::with_capacity(1 << 18, OnDisk(&file));
                    writer.write(&mut out)?;
                    out.flush()?;
                    drop(out);
                    Ok(file)
                };
                *file = Some(write().map_err(Error::io(&*folder))?);
                Ok(())
            }
        }
    }

    /// Checks that the model after `words` words can be read, so that a resumed run fails before it trains.
    pub fn check(&self, words: u64) -> Result<()> {
        let Self::Named { folder } = self else { return Ok(()) };
        let path = named(folder, words);
        ModelReader::open(BufReader::new(File::open(&path).map_err(Error::io(&path))?), &path).map(drop)
    }

    /// Reads the model after `words` words into `model`.
    pub fn restore<M: Stored>(&mut self, words: u64, model: &mut ModelOver<M>) -> Result<()> {
        let (path, file) = match self {
            Self::Named { folder } => (named(folder, words), None),
            Self::Nameless { folder, file } => (folder.clone(), file.take()),
        };
        let open = || match file {
            Some(mut file) => file.rewind().map(|()| file),
            None => File::open(&path),
        };
        let file = BufReader::new(open().map_err(Error::io(&path))?);
        ModelReader::open(file, &path)?.read_into(model)
    }

    /// Removes all named models except the one after `words` words.
    pub fn keep_only(&self, words: Option<u64>) -> Result<()> {
        let Self::Named { folder } = self else { return Ok(()) };
        for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
            let path = entry.map_err(Error::io(folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let of = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX)).map(str::parse::<u64>);
            if of.is_some_and(|of| of.is_ok_and(|of| Some(of) != words)) {
                on(|disk| disk.remove(&path)).map_err(Error::io(&path))?;
            }
        }
        Ok(())
    }
}

const PREFIX: &str = "best-";
const SUFFIX: &str = ".safetensors";

fn named(folder: &Path, words: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{words}{SUFFIX}"))
}
