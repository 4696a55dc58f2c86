//! Sentences of any Python iterable, as ids in memory.

use lexmax::corpus::{Ledger, SentenceReader, Sentences};
use lexmax::vocab::{Vocabulary, WordId};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::collections::HashMap;
use std::path::PathBuf;

/// Words between two looks at the signals of the process.
const LOOK_EVERY: u64 = 1 << 16;

/// The words of an iterable of sentences, numbered in the order of their first use.
pub struct Gathered {
    words: Vec<Box<str>>,
    counts: Vec<u64>,
    ids: Vec<WordId>,
    /// Where each sentence ends in `ids`.
    ends: Vec<usize>,
}

impl Gathered {
    /// Goes through the iterable once. A sentence is an iterable of `str`, and no `str` itself.
    pub fn of(sentences: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = sentences.py();
        if sentences.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(
                "sentences is a str, expected an iterable of lists of str; a file is corpus_file",
            ));
        }
        let mut all = Self { words: Vec::new(), counts: Vec::new(), ids: Vec::new(), ends: Vec::new() };
        let mut known: HashMap<Box<str>, WordId> = HashMap::new();
        let mut until_look = LOOK_EVERY;
        for (number, sentence) in sentences.try_iter()?.enumerate() {
            let sentence = sentence?;
            if sentence.is_instance_of::<PyString>() {
                let message = format!("sentence {number} is a str, expected a list of str; split it into words");
                return Err(PyTypeError::new_err(message));
            }
            for word in sentence.try_iter()? {
                let word = word?;
                let Ok(word) = word.cast::<PyString>() else {
                    let kind = word.get_type().qualname()?;
                    let message = format!("sentence {number} has a word of type {kind}, expected str");
                    return Err(PyTypeError::new_err(message));
                };
                let word = word.to_cow()?;
                let id = match known.get(&*word) {
                    Some(id) => *id,
                    None => {
                        let id = u32::try_from(all.words.len())
                            .map_err(|_| PyValueError::new_err("too many different words; leave out rare words"))?;
                        known.insert(Box::from(&*word), id);
                        all.words.push(Box::from(&*word));
                        all.counts.push(0);
                        id
                    }
                };
                all.counts[id as usize] += 1;
                all.ids.push(id);
                until_look -= 1;
                if until_look == 0 {
                    until_look = LOOK_EVERY;
                    py.check_signals()?;
                }
            }
            all.ends.push(all.ids.len());
            // Sentences without words count too.
            until_look -= 1;
            if until_look == 0 {
                until_look = LOOK_EVERY;
                py.check_signals()?;
            }
        }
        Ok(all)
    }

    /// The vocabulary and the sentences of its words: rarer words leave no gap, and long sentences are cut.
    pub fn into_text(
        self,
        min_count: u64,
        most: Option<usize>,
        longest: usize,
    ) -> lexmax::Result<(Vocabulary, InMemory)> {
        let Self { words, counts, ids, ends } = self;
        let (tokens, lines) = (ids.len() as u64, ends.len() as u64);
        if counts.iter().all(|count| *count < min_count.max(1)) {
            let (paths, too_long) = (vec![PathBuf::from("sentences")], 0);
            return Err(lexmax::Error::NoWords { paths, tokens, too_long, min_count });
        }
        let all = Vocabulary::new(words.iter().cloned().zip(counts.iter().copied()), min_count)?;
        let vocab = match most {
            Some(most) => all.limited(min_count, most)?,
            None => all,
        };
        let new_ids: Vec<Option<WordId>> = words.iter().map(|word| vocab.id(word)).collect();
        let is_rare = |id: usize| counts[id] < min_count.max(1);
        let rare: u64 = (0..words.len()).filter(|id| is_rare(*id)).map(|id| counts[id]).sum();
        let mut text = InMemory { ids: Vec::with_capacity(ids.len()), ends: Vec::new(), ledger: Ledger::default() };
        let (mut start, mut cuts) = (0, 0);
        for end in ends {
            let first = text.ids.len();
            text.ids.extend(ids[start..end].iter().filter_map(|id| new_ids[*id as usize]));
            start = end;
            let (from, to) = (first, text.ids.len());
            let pieces = (from..to).step_by(longest).map(|piece| to.min(piece + longest));
            let before = text.ends.len();
            text.ends.extend(pieces);
            cuts += (text.ends.len() - before).saturating_sub(1) as u64;
        }
        let ledger = &mut text.ledger;
        (ledger.lines, ledger.tokens, ledger.rare) = (lines, tokens, rare);
        (ledger.kept, ledger.sentences, ledger.cut_sentences) = (text.ids.len() as u64, text.ends.len() as u64, cuts);
        ledger.over_limit = tokens - rare - ledger.kept;
        Ok((vocab, text))
    }
}

/// Sentences of ids.
pub struct InMemory {
    ids: Vec<WordId>,
    ends: Vec<usize>,
    ledger: Ledger,
}

impl InMemory {
    fn range(&self, i: usize) -> std::ops::Range<usize> {
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[i]
    }
}

impl Sentences for InMemory {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn has_pairs(&self) -> bool {
        (0..self.ends.len()).any(|i| self.range(i).len() > 1)
    }

    fn ledger(&self) -> Ledger {
        self.ledger
    }

    fn paths(&self) -> &[PathBuf] {
        &[]
    }

    fn reader(&self) -> lexmax::Result<Box<dyn SentenceReader + '_>> {
        Ok(Box::new(Reader(self)))
    }
}

struct Reader<'a>(&'a InMemory);

impl SentenceReader for Reader<'_> {
    fn sentence(&mut self, i: usize) -> lexmax::Result<&[WordId]> {
        Ok(&self.0.ids[self.0.range(i)])
    }
}
