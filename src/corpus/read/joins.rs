//! The phrases of a text, to be joined in another one too.

use crate::error::Result;
use crate::vocab::{Interner, Vocabulary, WordId, Words};
use hashbrown::HashMap;

/// Which pairs of words [`Phrases`](crate::corpus::Phrases) joined in a text, pass by pass, so that another text can be read in the same
/// way: see [`Corpus::read_known`](crate::corpus::Corpus::read_known). Memory: the words of the pairs, and 20 bytes a pair.
#[derive(Clone, Debug, Default)]
pub struct Joins {
    words: Words,
    passes: Vec<HashMap<(u32, u32), u32>>,
}

/// A word on its way: its number if it may be part of a phrase, and what it is in the vocabulary.
type Word = (Option<u32>, Option<WordId>);

impl Joins {
    /// Of the pairs of each pass, whose words have these numbers.
    pub(in crate::corpus) fn new(passes: Vec<HashMap<(u32, u32), u32>>, seen: &Interner) -> Result<Self> {
        let mut words = Words::default();
        let mut number = |word: u32| words.intern(seen.word(word));
        let mut pass = |pairs: HashMap<(u32, u32), u32>| {
            let pair = |((a, b), phrase)| Ok(((number(a)?, number(b)?), number(phrase)?));
            pairs.into_iter().map(pair).collect()
        };
        let passes = passes.into_iter().map(&mut pass).collect::<Result<_>>()?;
        Ok(Self { words, passes })
    }

    /// The ids of what a line becomes, those of unknown words left out, and how many words became part of one before them.
    pub(in crate::corpus) fn ids<'a>(
        &self,
        line: impl Iterator<Item = &'a str>,
        vocab: &Vocabulary,
        out: &mut Vec<WordId>,
    ) -> u64 {
        let known = |word: &str| (self.words.find(word), vocab.id(word));
        let mut line: Vec<Word> = line.map(known).collect();
        let all = line.len();
        for pairs in &self.passes {
            let (mut read, mut kept) = (0, 0);
            while read < line.len() {
                let second = line.get(read + 1).and_then(|next| next.0);
                let pair = line[read].0.zip(second);
                let phrase = pair.and_then(|pair| pairs.get(&pair));
                line[kept] = match phrase {
                    Some(phrase) => (Some(*phrase), vocab.id(self.words.get(*phrase as usize))),
                    None => line[read],
                };
                read += 1 + usize::from(phrase.is_some());
                kept += 1;
            }
            line.truncate(kept);
        }
        out.extend(line.iter().filter_map(|word| word.1));
        (all - line.len()) as u64
    }
}
