//! A text as ids in a file, for texts that are larger than memory.

use super::phrases::IdLines;
use super::text::DROPPED;
use crate::corpus::{Joins, Ledger, SentenceReader, Sentences, Source, TextRules, words};
use crate::error::{Error, Result};
use crate::vocab::Interner;
use crate::vocab::{Vocabulary, WordId};
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The known words of a text in a file, 4 bytes each, and in memory where its sentences end, 8 bytes each.
///
/// The same sentences as [`Corpus`](crate::corpus::Corpus) has. The file has no name that outlives this value.
#[derive(Debug)]
pub struct SpooledCorpus {
    file: NamedTempFile,
    ends: Vec<u64>,
    ledger: Ledger,
    joins: Option<Joins>,
    paths: Vec<PathBuf>,
}

/// Words that a reader takes from the file at a time: some 30 ms of training.
const BLOCK: u64 = 1 << 16;
const BYTES: usize = size_of::<WordId>();

impl SpooledCorpus {
    /// Reads a training text once, and makes its vocabulary of the words that occur at least `min_count` times.
    ///
    /// # Errors
    /// As [`SpooledCorpus::read`].
    pub fn load<P: AsRef<Path>>(paths: &[P], min_count: u64, dir: &Path) -> Result<(Vocabulary, Self)> {
        Self::read(&Source::plain(paths), &TextRules::min_count(min_count), dir)
    }

    /// Reads a training text once, and makes its vocabulary by the rules. The file is in the folder `dir`, which needs room for
    /// 4 bytes for every word read and 4 for every word kept.
    ///
    /// # Errors
    /// Those of [`Corpus::read`](crate::corpus::Corpus::read), and a folder that cannot be written to or is full.
    pub fn read(source: &Source, rules: &TextRules, dir: &Path) -> Result<(Vocabulary, Self)> {
        rules.check()?;
        let (mut seen, mut ledger) = (Interner::default(), Ledger::default());
        let mut out = Writer::new(dir)?;
        let mut ends = Vec::new();
        source.for_each_line(&mut ledger, |line| {
            for word in words(line) {
                out.push(seen.intern(word)?)?;
            }
            if ends.last().copied().unwrap_or(0) < out.words {
                ends.push(out.words);
            }
            Ok(())
        })?;
        ledger.tokens += out.words;
        let mut lines = FileLines { dir, file: out.finish()?, ends };
        let mut joins = None;
        if let Some(phrases) = &rules.phrases {
            (lines, joins) = phrases.join(lines, &mut seen, &mut ledger).map(|(lines, joins)| (lines, Some(joins)))?;
        }
        let (vocab, new_ids) = rules.number(&seen, seen.counts(), &source.paths, &mut ledger)?;
        drop(seen);
        let lines = lines.rewrite(&mut |line, out| {
            out.extend(line.iter().map(|old| new_ids[*old as usize]).filter(|id| *id != DROPPED));
        })?;
        let (mut start, mut ends) = (0, Vec::with_capacity(lines.ends.len()));
        for end in lines.ends {
            let longest = rules.longest_sentence;
            ledger.cut_sentences += (end - start).saturating_sub(1) / longest as u64;
            ends.extend((start..end).skip(longest).step_by(longest));
            if end > start {
                ends.push(end);
            }
            start = end;
        }
        (ledger.kept, ledger.sentences) = (start, ends.len() as u64);
        debug_assert!(ledger.adds_up(), "{ledger:?}");
        Ok((vocab, Self { file: lines.file, ends, ledger, joins, paths: source.paths.clone() }))
    }

    fn start(&self, sentence: usize) -> u64 {
        if sentence == 0 { 0 } else { self.ends[sentence - 1] }
    }
}

impl Sentences for SpooledCorpus {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn has_pairs(&self) -> bool {
        (0..self.len()).any(|i| self.ends[i] - self.start(i) > 1)
    }

    fn ledger(&self) -> Ledger {
        self.ledger
    }

    fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    fn joins(&self) -> Option<&Joins> {
        self.joins.as_ref()
    }

    fn reader(&self) -> Result<Box<dyn SentenceReader + '_>> {
        let file = self.file.reopen().map_err(Error::io(self.file.path()))?;
        Ok(Box::new(Blocks { corpus: self, file, bytes: Vec::new(), words: Vec::new(), first: 0 }))
    }
}

/// Words at hand from `first` on.
struct Blocks<'a> {
    corpus: &'a SpooledCorpus,
    file: File,
    bytes: Vec<u8>,
    words: Vec<WordId>,
    first: u64,
}

impl Blocks<'_> {
    /// Reads a block that begins at word `start` and has at least those before `end`.
    fn fill(&mut self, start: u64, end: u64) -> std::io::Result<()> {
        let end = end.max(start + BLOCK).min(self.corpus.ledger.kept);
        self.bytes.resize((end - start) as usize * BYTES, 0);
        self.file.seek(SeekFrom::Start(start * BYTES as u64))?;
        self.file.read_exact(&mut self.bytes)?;
        self.words.clear();
        self.words.extend(self.bytes.as_chunks().0.iter().map(|word| WordId::from_le_bytes(*word)));
        self.first = start;
        Ok(())
    }
}

impl SentenceReader for Blocks<'_> {
    fn sentence(&mut self, i: usize) -> Result<&[WordId]> {
        let (start, end) = (self.corpus.start(i), self.corpus.ends[i]);
        if start < self.first || end > self.first + self.words.len() as u64 {
            self.fill(start, end).map_err(Error::io(self.corpus.file.path()))?;
        }
        Ok(&self.words[(start - self.first) as usize..(end - self.first) as usize])
    }
}

/// Lines of numbers in a file.
struct FileLines<'a> {
    dir: &'a Path,
    file: NamedTempFile,
    ends: Vec<u64>,
}

impl FileLines<'_> {
    fn read(&self, f: &mut dyn FnMut(&[WordId]) -> Result<()>) -> Result<()> {
        let mut numbers = Reader::new(&self.file)?;
        let (mut start, mut line) = (0, Vec::new());
        for end in &self.ends {
            line.clear();
            for _ in start..*end {
                line.push(numbers.next()?);
            }
            start = *end;
            f(&line)?;
        }
        Ok(())
    }
}

impl IdLines for FileLines<'_> {
    fn for_each(&self, f: &mut dyn FnMut(&[WordId])) -> Result<()> {
        self.read(&mut |line| {
            f(line);
            Ok(())
        })
    }

    fn rewrite(self, f: &mut dyn FnMut(&[WordId], &mut Vec<WordId>)) -> Result<Self> {
        let mut out = Writer::new(self.dir)?;
        let (mut ends, mut left) = (Vec::with_capacity(self.ends.len()), Vec::new());
        self.read(&mut |line| {
            left.clear();
            f(line, &mut left);
            left.iter().try_for_each(|id| out.push(*id))?;
            ends.push(out.words);
            Ok(())
        })?;
        Ok(Self { dir: self.dir, file: out.finish()?, ends })
    }
}

/// Ids into a new file.
struct Writer {
    out: BufWriter<NamedTempFile>,
    words: u64,
}

impl Writer {
    fn new(dir: &Path) -> Result<Self> {
        let file = NamedTempFile::new_in(dir).map_err(Error::io(dir))?;
        Ok(Self { out: BufWriter::with_capacity(BLOCK as usize, file), words: 0 })
    }

    fn push(&mut self, id: WordId) -> Result<()> {
        self.words += 1;
        self.out.write_all(&id.to_le_bytes()).map_err(|e| self.failed(e))
    }

    fn failed(&self, e: std::io::Error) -> Error {
        Error::io(self.out.get_ref().path())(e)
    }

    fn finish(self) -> Result<NamedTempFile> {
        let path = self.out.get_ref().path().to_owned();
        self.out.into_inner().map_err(|e| Error::io(path)(e.into_error()))
    }
}

/// Ids out of a file, one after the other.
struct Reader<'a> {
    from: BufReader<File>,
    file: &'a NamedTempFile,
}

impl<'a> Reader<'a> {
    fn new(file: &'a NamedTempFile) -> Result<Self> {
        let from = file.reopen().map_err(Error::io(file.path()))?;
        Ok(Self { from: BufReader::with_capacity(BLOCK as usize, from), file })
    }

    fn next(&mut self) -> Result<WordId> {
        let mut bytes = [0; BYTES];
        match self.from.read_exact(&mut bytes) {
            Ok(()) => Ok(WordId::from_le_bytes(bytes)),
            Err(e) if e.kind() == ErrorKind::Interrupted => self.next(),
            Err(e) => Err(Error::io(self.file.path())(e)),
        }
    }
}

/// Holds that a spooled corpus has the sentences of one in memory, in their order.
#[cfg(test)]
pub(in crate::corpus) fn assert_same(memory: &crate::corpus::Corpus, spooled: &SpooledCorpus) {
    assert_eq!((spooled.len(), spooled.ledger()), (memory.len(), memory.ledger()));
    let mut reader = spooled.reader().unwrap();
    for (i, sentence) in memory.sentences().enumerate() {
        assert_eq!(reader.sentence(i).unwrap(), sentence, "sentence {i}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Corpus, LONGEST_SENTENCE};
    use proptest::prelude::*;

    type Loaded<C> = Result<(Vocabulary, C)>;

    fn both(text: &str, min_count: u64) -> (Loaded<Corpus>, Loaded<SpooledCorpus>) {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        (Corpus::load(&[file.path()], min_count), SpooledCorpus::load(&[file.path()], min_count, &std::env::temp_dir()))
    }

    fn assert_same(memory: &Corpus, spooled: &SpooledCorpus, order: impl Iterator<Item = usize>) {
        assert_eq!((spooled.len(), spooled.ledger()), (memory.len(), memory.ledger()));
        let (mut a, mut b) = (Sentences::reader(memory).unwrap(), spooled.reader().unwrap());
        for i in order {
            assert_eq!(b.sentence(i).unwrap(), a.sentence(i).unwrap(), "sentence {i}");
        }
        assert_eq!(Sentences::has_pairs(memory), spooled.has_pairs());
    }

    #[test]
    fn more_than_a_block_in_any_order() {
        let line = |i: usize| (0..i % 37).map(|w| format!("w{} ", (w * i) % 101)).collect::<String>() + "\n";
        let text: String = (0..12_000).map(line).chain(["long ".repeat(3 * LONGEST_SENTENCE)]).collect();
        let (memory, spooled) = both(&text, 1);
        let ((_, memory), (_, spooled)) = (memory.unwrap(), spooled.unwrap());
        assert!(memory.ledger().kept > 3 * BLOCK);
        let n = memory.len();
        assert_same(&memory, &spooled, (0..n).chain((0..n).rev()).chain((0..n).map(|i| i * 7919 % n)));
    }

    proptest! {
        #[test]
        fn the_same_sentences_as_in_memory(text in "[a-eé \\n]{0,200}", min_count in 0u64..4) {
            match both(&text, min_count) {
                (Ok((vocab, memory)), Ok((other, spooled))) => {
                    prop_assert_eq!(vocab.counts().as_slice(), other.counts().as_slice());
                    assert_same(&memory, &spooled, 0..memory.len());
                }
                (memory, spooled) => prop_assert_eq!(memory.unwrap_err().to_string(), spooled.unwrap_err().to_string()),
            }
        }
    }
}
