//! The phrases found in one text, for use in another.

use crate::error::Result;
use crate::vocab::{Interner, Vocabulary, WordId, Words};
use hashbrown::HashMap;

/// The pairs of words that [`Phrases`](crate::corpus::Phrases) joined in a text, pass by pass. They allow another text
/// to be read in the same way: see [`Corpus::read_known`](crate::corpus::Corpus::read_known). Memory: the words of the
/// pairs, and 20 bytes a pair.
#[derive(Clone, Debug, Default)]
pub struct Joins {
    words: Words,
    passes: Vec<HashMap<(u32, u32), u32>>,
}

impl Joins {
    /// Takes the pairs of each pass, as numbers of the words in `seen`.
    pub(in crate::corpus) fn new(passes: Vec<HashMap<(u32, u32), u32>>, seen: &Interner) -> Result<Self> {
        let mut words = Words::default();
        let mut number = |word: u32| words.intern(seen.word(word));
        let mut pass = |pairs: HashMap<(u32, u32), u32>| {
            // Sorted, so that the numbers do not depend on the hash.
            let mut pairs: Vec<_> = pairs.into_iter().collect();
            pairs.sort_unstable();
            let pair = |((a, b), phrase)| Ok(((number(a)?, number(b)?), number(phrase)?));
            pairs.into_iter().map(pair).collect()
        };
        let passes = passes.into_iter().map(&mut pass).collect::<Result<_>>()?;
        Ok(Self { words, passes })
    }

    /// Builds the value from words and, for each pass, its pairs with their phrases, as numbers of these words.
    pub(crate) fn of(words: Words, passes: impl IntoIterator<Item = Vec<[u32; 3]>>) -> Self {
        let pairs = |pass: Vec<[u32; 3]>| pass.into_iter().map(|[a, b, phrase]| ((a, b), phrase)).collect();
        Self { words, passes: passes.into_iter().map(pairs).collect() }
    }

    /// The words of all pairs and phrases, and for each pass its pairs with their phrases as numbers of these words.
    /// The order is fixed.
    pub(crate) fn parts(&self) -> (&Words, Vec<Vec<[u32; 3]>>) {
        let sorted = |pairs: &HashMap<(u32, u32), u32>| {
            let mut pairs: Vec<_> = pairs.iter().map(|((a, b), phrase)| [*a, *b, *phrase]).collect();
            pairs.sort_unstable();
            pairs
        };
        (&self.words, self.passes.iter().map(sorted).collect())
    }

    /// Whether no pair was joined.
    pub fn is_empty(&self) -> bool {
        self.passes.iter().all(HashMap::is_empty)
    }

    /// The words of a line after joining.
    pub fn words<'a>(&'a self, line: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        self.joined(line, |word| word)
    }

    /// Appends the ids of a joined line to `out`, without unknown words, and returns the number of words joined to the
    /// word before them.
    pub(in crate::corpus) fn ids<'a>(
        &'a self,
        line: impl Iterator<Item = &'a str>,
        vocab: &Vocabulary,
        out: &mut Vec<WordId>,
    ) -> u64 {
        let mut all = 0;
        let line = self.joined(line.inspect(|_| all += 1), |word| vocab.id(word));
        let joined = all - line.len() as u64;
        out.extend(line.into_iter().flatten());
        joined
    }

    /// Joins a line, and applies `of` to the resulting words.
    fn joined<'a, T: Copy>(&'a self, line: impl Iterator<Item = &'a str>, of: impl Fn(&'a str) -> T) -> Vec<T> {
        // A word is stored as its number, if it may be part of a phrase, and its image under `of`.
        let mut line: Vec<(Option<u32>, T)> = line.map(|word| (self.words.find(word), of(word))).collect();
        for pairs in &self.passes {
            let (mut read, mut kept) = (0, 0);
            while read < line.len() {
                let second = line.get(read + 1).and_then(|next| next.0);
                let pair = line[read].0.zip(second);
                let phrase = pair.and_then(|pair| pairs.get(&pair));
                line[kept] = match phrase {
                    Some(phrase) => (Some(*phrase), of(self.words.get(*phrase as usize))),
                    None => line[read],
                };
                read += 1 + usize::from(phrase.is_some());
                kept += 1;
            }
            line.truncate(kept);
        }
        line.into_iter().map(|word| word.1).collect()
    }
}
