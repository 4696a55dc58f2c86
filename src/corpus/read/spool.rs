//! A text as ids in a file, for texts that are larger than memory.

use super::numbers::{Sink, Text};
use crate::corpus::{Joins, Ledger, SentenceReader, Sentences, Source, TextRules};
use crate::error::{Error, Result};
use crate::files::Temporary;
use crate::peers::Team;
use crate::vocab::{Vocabulary, WordId};
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A text stored as ids in a temporary file, for texts that are larger than memory.
///
/// The file holds the known words in order, 4 bytes each. Memory holds the ends of the sentences, 8 bytes each. The
/// sentences equal the ones of [`Corpus`](crate::corpus::Corpus). The file is removed with this value.
#[derive(Debug)]
pub struct SpooledCorpus {
    text: Text<Spool>,
}

/// Words that a reader loads from the file at a time: about 30 ms of training.
const BLOCK: u64 = 1 << 16;
const BYTES: usize = size_of::<WordId>();

impl SpooledCorpus {
    /// Reads a training text once. Its vocabulary contains the words that occur at least `min_count` times.
    ///
    /// # Errors
    /// The errors of [`SpooledCorpus::read`].
    pub fn load<P: AsRef<Path>>(paths: &[P], min_count: u64, dir: &Path) -> Result<(Vocabulary, Self)> {
        Self::read(&Source::plain(paths), &TextRules::min_count(min_count), dir)
    }

    /// Reads a training text once, and builds its vocabulary by the rules. The file is created in the folder `dir`,
    /// which needs 4 bytes of space for every word read and 4 for every word kept.
    ///
    /// # Errors
    /// The errors of [`Corpus::read`](crate::corpus::Corpus::read), and a folder that cannot be written to or is full.
    pub fn read(source: &Source, rules: &TextRules, dir: &Path) -> Result<(Vocabulary, Self)> {
        rules.check()?;
        let (vocab, text) = Text::read(source, rules, Spool::new(dir)?)?;
        Ok((vocab, Self { text }))
    }

    /// Reads a training text together with other ranks, as [`Corpus::read_over`](crate::corpus::Corpus::read_over)
    /// does. Every rank stores the whole text in a file of its own. The folder `dir`, which may have another path on
    /// each rank, also needs 4 bytes for every word of the rank's share.
    ///
    /// # Errors
    /// The errors of `Corpus::read_over`, and a folder that cannot be written to or is full.
    pub fn read_over(source: &Source, rules: &TextRules, dir: &Path, team: &mut Team) -> Result<(Vocabulary, Self)> {
        let (vocab, text) = Text::read_over(source, rules, || Spool::new(dir), team)?;
        Ok((vocab, Self { text }))
    }
}

impl Sentences for SpooledCorpus {
    fn len(&self) -> usize {
        self.text.ends.len()
    }

    fn has_pairs(&self) -> bool {
        self.text.has_pairs()
    }

    fn ledger(&self) -> Ledger {
        self.text.ledger
    }

    fn paths(&self) -> &[PathBuf] {
        &self.text.paths
    }

    fn joins(&self) -> Option<&Joins> {
        self.text.joins.as_ref()
    }

    fn reader(&self) -> Result<Box<dyn SentenceReader + '_>> {
        let file = self.text.ids.reopen()?;
        Ok(Box::new(Blocks { text: &self.text, file, bytes: Vec::new(), words: Vec::new(), first: 0 }))
    }
}

/// The loaded words, starting with word `first`.
struct Blocks<'a> {
    text: &'a Text<Spool>,
    file: File,
    bytes: Vec<u8>,
    words: Vec<WordId>,
    first: u64,
}

impl Blocks<'_> {
    /// Loads a block that starts with word `start` and reaches at least `end`.
    fn fill(&mut self, start: u64, end: u64) -> std::io::Result<()> {
        let end = end.max(start + BLOCK).min(self.text.ledger.kept);
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
        let Range { start, end } = self.text.range(i);
        if start < self.first || end > self.first + self.words.len() as u64 {
            self.fill(start, end).map_err(Error::io(self.text.ids.path()))?;
        }
        Ok(&self.words[(start - self.first) as usize..(end - self.first) as usize])
    }
}

/// Ids in a temporary file, which is removed with this value.
#[derive(Debug)]
pub(in crate::corpus) struct Spool {
    dir: PathBuf,
    file: Temporary,
    out: BufWriter<File>,
}

impl Spool {
    fn new(dir: &Path) -> Result<Self> {
        let file = Temporary::private(dir).map_err(Error::io(dir))?;
        let out = file.as_file().try_clone().map_err(Error::io(dir))?;
        Ok(Self { dir: dir.into(), file, out: BufWriter::with_capacity(BLOCK as usize, out) })
    }

    fn path(&self) -> &Path {
        self.file.path()
    }

    fn reopen(&self) -> Result<File> {
        self.file.reopen().map_err(Error::io(self.path()))
    }

    fn reader(&self) -> Result<Reader<'_>> {
        Ok(Reader {
            from: BufReader::with_capacity(BLOCK as usize, self.reopen()?),
            path: self.path(),
            line: Vec::new(),
        })
    }
}

impl Sink for Spool {
    fn push(&mut self, id: WordId) -> Result<()> {
        self.out.write_all(&id.to_le_bytes()).map_err(|e| Error::io(self.path())(e))
    }

    fn complete(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| Error::io(self.path())(e))
    }

    fn ids(&self, places: Range<u64>) -> Result<Vec<WordId>> {
        let mut from = self.reader()?;
        from.from.seek(SeekFrom::Start(places.start * BYTES as u64)).map_err(Error::io(self.path()))?;
        from.line(places.end - places.start)?;
        Ok(from.line)
    }

    fn for_each(&self, ends: &[u64], f: &mut dyn FnMut(&[WordId])) -> Result<()> {
        let (mut from, mut start) = (self.reader()?, 0);
        for end in ends {
            f(from.line(*end - start)?);
            start = *end;
        }
        Ok(())
    }

    fn rewrite(&mut self, ends: &mut [u64], f: &mut dyn FnMut(&[WordId], &mut Vec<WordId>)) -> Result<()> {
        let mut out = Self::new(&self.dir)?;
        let (mut from, mut left) = (self.reader()?, Vec::new());
        let (mut start, mut kept) = (0, 0);
        for end in ends {
            left.clear();
            f(from.line(*end - start)?, &mut left);
            left.iter().try_for_each(|id| out.push(*id))?;
            start = *end;
            kept += left.len() as u64;
            *end = kept;
        }
        out.complete()?;
        *self = out;
        Ok(())
    }
}

/// Reads ids from a file sequentially.
struct Reader<'a> {
    from: BufReader<File>,
    path: &'a Path,
    line: Vec<WordId>,
}

impl Reader<'_> {
    /// The next `words` ids.
    fn line(&mut self, words: u64) -> Result<&[WordId]> {
        self.line.clear();
        for _ in 0..words {
            let id = self.next()?;
            self.line.push(id);
        }
        Ok(&self.line)
    }

    fn next(&mut self) -> Result<WordId> {
        let mut bytes = [0; BYTES];
        match self.from.read_exact(&mut bytes) {
            Ok(()) => Ok(WordId::from_le_bytes(bytes)),
            Err(e) if e.kind() == ErrorKind::Interrupted => self.next(),
            Err(e) => Err(Error::io(self.path)(e)),
        }
    }
}

/// Asserts that a spooled corpus has the same sentences as one in memory, in the same order.
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
        let file = tempfile::NamedTempFile::new().unwrap();
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
