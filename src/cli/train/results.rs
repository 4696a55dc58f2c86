//! The results of a run: their files, and the order in which they are written.

use super::Arguments;
use crate::cli::signals::Signals;
use crate::error::shown;
use crate::files::{self, Output, Plan};
use crate::run::Ended;
use crate::vectors::Format;
use crate::vocab::Vocabulary;
use crate::word2vec::{Embeddings, Facts};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// The files of the results.
pub struct Results<'a> {
    vectors: Option<(&'a Path, Format)>,
    model: Option<&'a Path>,
    vocabulary: Option<&'a Path>,
    facts: Option<&'a Path>,
    /// Whether a run that was interrupted early may replace old files.
    keeps_partial: bool,
}

/// A result to write: its path, and the function that writes it.
type Unwritten<'a> = (PathBuf, Box<dyn Fn(&Path) -> Result<()> + 'a>);

impl<'a> Results<'a> {
    pub fn of(arguments: &'a Arguments) -> Self {
        let Arguments { output, vocabulary, model, .. } = arguments;
        Self {
            vectors: output.out.as_deref().map(|path| (path, output.format(path, model.preset))),
            model: output.save_model.as_deref(),
            vocabulary: vocabulary.save_vocab.as_deref(),
            facts: output.json.as_deref(),
            keeps_partial: output.keep_partial,
        }
    }

    /// All files that the user named.
    pub fn named(&self) -> impl Iterator<Item = &'a Path> {
        let vectors = self.vectors.map(|(path, _)| path);
        [vectors, self.model, self.vocabulary, self.facts].into_iter().flatten()
    }

    /// Adds all files to the outputs of the plan.
    pub fn claim(&self, mut plan: Plan) -> Plan {
        if let Some((path, format)) = self.vectors {
            plan = plan.writes([path]).writes_beside(path, format.side_file(path));
        }
        plan.writes([self.model, self.vocabulary, self.facts].into_iter().flatten())
    }

    /// Adds the files of a run that is interrupted early, too.
    pub fn claim_partial(&self, plan: Plan) -> Plan {
        let plan = self.claim(plan);
        if self.keeps_partial {
            return plan;
        }
        self.named().filter(|path| !is_stream(path)).fold(plan, |plan, path| {
            let partial = files::partial(path);
            let side = self.vectors.filter(|(vectors, _)| *vectors == path);
            let side = side.and_then(|(_, format)| format.side_file(&partial));
            plan.writes_beside(path, std::iter::once(partial).chain(side))
        })
    }

    /// Refuses files that cannot be written now.
    pub fn check(&self) -> Result<()> {
        self.vocabulary.map_or(Ok(()), |path| Output::new(path)?.check_terminal())?;
        self.facts.map_or(Ok(()), |path| Output::new(path).map(drop))?;
        self.model.map_or(Ok(()), |path| Output::plain(path, "a model").map(drop))?;
        self.vectors.map_or(Ok(()), |(path, format)| format.check_output(path))
    }

    /// Refuses words that one of the files cannot hold.
    pub fn check_words(&self, vocab: &Vocabulary) -> Result<()> {
        if let Some((path, format)) = self.vectors {
            format.check_words(path, vocab.words())?;
        }
        self.vocabulary.map_or(Ok(()), |path| vocab.check_file(path))?;
        self.model.map_or(Ok(()), |path| Format::Model.check_words(path, vocab.words()))
    }

    /// Whether a run was interrupted before it had read a quarter of the text once. Its results are worth less than
    /// the old ones.
    pub fn is_partial(&self, facts: &Facts) -> bool {
        let is_hasty = facts.subsampled().read < facts.ledger.kept.div_ceil(4);
        !self.keeps_partial && facts.ended == Ended::Interrupted && is_hasty
    }

    /// Writes every result that can be written: first the files, then the streams, which may wait for a reader. A
    /// signal ends the program once only streams are left. Returns the paths written.
    ///
    /// # Errors
    /// The first failure. Further failures and the files that were written are printed before.
    pub fn write(&self, trained: &Embeddings, signals: &Signals) -> Result<Vec<PathBuf>> {
        let is_partial = self.is_partial(&trained.facts());
        let (mut written, mut failures) = (Vec::new(), Vec::new());
        let (streams, files): (Vec<_>, Vec<_>) =
            self.unwritten(trained).into_iter().partition(|(path, _)| is_stream(path));
        let mut write = |(path, write): Unwritten, is_partial: bool, is_file: bool| {
            let partial = files::partial(&path);
            let path = if is_partial { partial.clone() } else { path };
            match write(&path) {
                Ok(()) => written.push(path),
                Err(error) => {
                    failures.push(error);
                    // The path may have become unwritable during training.
                    if is_file && !is_partial && write(&partial).is_ok() {
                        written.push(partial);
                    }
                }
            }
        };
        files.into_iter().for_each(|result| write(result, is_partial, true));
        signals.release();
        streams.into_iter().for_each(|result| write(result, false, false));
        let mut failures = failures.into_iter();
        let Some(first) = failures.next() else { return Ok(written) };
        failures.for_each(|error: Error| crate::cli::warn(&format!("lexmax: {error}")));
        for path in written {
            crate::cli::warn(&format!("lexmax: {} was written", shown::file(&path)));
        }
        Err(first)
    }

    fn unwritten<'b>(&self, trained: &'b Embeddings) -> Vec<Unwritten<'b>> {
        let mut all: Vec<Unwritten> = Vec::new();
        if let Some((path, format)) = self.vectors {
            all.push((path.into(), Box::new(move |path| trained.write(path, format))));
        }
        if let Some(path) = self.vocabulary {
            all.push((path.into(), Box::new(|path| trained.write_vocabulary(path))));
        }
        if let Some(path) = self.model {
            all.push((path.into(), Box::new(|path| trained.save_model(path))));
        }
        if let Some(path) = self.facts {
            all.push((path.into(), Box::new(|path| Output::new(path)?.put(trained.facts().to_json().as_bytes()))));
        }
        all
    }
}

/// Whether the path is a device, a pipe or standard output.
fn is_stream(path: &Path) -> bool {
    Output::new(path).is_ok_and(|output| output.is_stream())
}
