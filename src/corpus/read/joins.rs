//! The phrases of a text, to be joined in another one too.

use crate::vocab::Interner;
use crate::vocab::{Vocabulary, WordId};
use hashbrown::HashMap;

/// Which pairs of words [`Phrases`](crate::corpus::Phrases) joined in a text, pass by pass, so that another text can be read in the same
/// way: see [`Corpus::read_known`](crate::corpus::Corpus::read_known). Memory: the words of the pairs twice, and 20 bytes a pair.
#[derive(Clone, Debug, Default)]
pub struct Joins {
    numbers: HashMap<Box<str>, u32>,
    words: Vec<Box<str>>,
    passes: Vec<HashMap<(u32, u32), u32>>,
}

/// A word on its way: its number if it may be part of a phrase, and what it is in the vocabulary.
type Word = (Option<u32>, Option<WordId>);

impl Joins {
    /// Of the pairs of each pass, whose words have these numbers.
    pub(in crate::corpus) fn new(passes: Vec<HashMap<(u32, u32), u32>>, seen: &Interner) -> Self {
        let mut joins = Self::default();
        for pairs in passes {
            let pass = pairs.iter().map(|((a, b), phrase)| {
                let [a, b, phrase] = [*a, *b, *phrase].map(|word| joins.number(seen.word(word)));
                ((a, b), phrase)
            });
            let pass = pass.collect();
            joins.passes.push(pass);
        }
        joins
    }

    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.words.len() as u32;
        self.words.push(word.into());
        self.numbers.insert(word.into(), number);
        number
    }

    /// The ids of what a line becomes, those of unknown words left out, and how many words became part of one before them.
    pub(in crate::corpus) fn ids<'a>(
        &self,
        line: impl Iterator<Item = &'a str>,
        vocab: &Vocabulary,
        out: &mut Vec<WordId>,
    ) -> u64 {
        let known = |word: &str| (self.numbers.get(word).copied(), vocab.id(word));
        let mut line: Vec<Word> = line.map(known).collect();
        let all = line.len();
        for pairs in &self.passes {
            let (mut read, mut kept) = (0, 0);
            while read < line.len() {
                let second = line.get(read + 1).and_then(|next| next.0);
                let pair = line[read].0.zip(second);
                let phrase = pair.and_then(|pair| pairs.get(&pair));
                line[kept] = match phrase {
                    Some(phrase) => (Some(*phrase), vocab.id(&self.words[*phrase as usize])),
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
