//! Which words are kept.

use crate::corpus::{PhraseScore, Phrases, Rules};
use crate::word2vec::{Defaults, read_vocabulary};
use crate::{Error, Result};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Vocabulary")]
pub struct Vocabulary {
    /// Words that occur more rarely are dropped [5].
    #[arg(long, value_name = "N")]
    pub min_count: Option<u64>,
    /// The most frequent words, at most so many [all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_vocab: Option<u32>,
    /// Kept words in a sentence, at most: a longer line is cut, and the cuts are counted [10000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_sentence: Option<u32>,
    /// Threshold of subsampling of frequent words; 0 is off [0.001].
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub sample: Option<f64>,
    /// Passes that join pairs of words to phrases: one makes new_york, two new_york_times [0].
    #[arg(long, value_name = "PASSES", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub phrases: Option<u32>,
    /// How pairs are scored: word2phrase, as that program does, or npmi, from -1 to 1.
    #[arg(long, value_enum, default_value_t = ScoreName::Word2phrase, requires = "phrases")]
    pub phrase_score: ScoreName,
    /// Pairs with a higher score are joined; one value, or one a pass, joined by commas [100; 0.5 for npmi].
    #[arg(long, value_name = "T[,T]", value_delimiter = ',', requires = "phrases", allow_negative_numbers = true)]
    pub phrase_threshold: Vec<f64>,
    /// Words and pairs that occur more rarely make no phrase.
    #[arg(long, value_name = "N", default_value_t = 5, requires = "phrases")]
    pub phrase_min_count: u64,
    /// What stands between the words of a phrase.
    #[arg(long, value_name = "TEXT", default_value = "_", requires = "phrases")]
    pub phrase_delimiter: String,
    /// File for the words and their counts, in word2vec's format.
    #[arg(long, value_name = "FILE")]
    pub save_vocab: Option<PathBuf>,
    /// Takes words and counts from a file in word2vec's format, not from the text.
    #[arg(long, value_name = "FILE")]
    pub read_vocab: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ScoreName {
    Word2phrase,
    Npmi,
}

impl Vocabulary {
    /// Which words are kept.
    pub fn rules(&self, own: &Defaults) -> Result<Rules> {
        let min_count = self.min_count.unwrap_or(own.min_count);
        let vocabulary = self.read_vocab.as_ref().map(|path| read_vocabulary(path, min_count)).transpose()?;
        Ok(Rules {
            min_count,
            max_vocab: self.max_vocab.map(|n| n as usize),
            longest_sentence: self.max_sentence.map_or(own.longest_sentence, |n| n as usize),
            phrases: self.phrases()?,
            vocabulary: vocabulary.map(Into::into),
        })
    }

    fn phrases(&self) -> Result<Option<Phrases>> {
        let Some(passes) = self.phrases else { return Ok(None) };
        let score = match self.phrase_score {
            ScoreName::Word2phrase => PhraseScore::Word2Phrase,
            ScoreName::Npmi => PhraseScore::Npmi,
        };
        let thresholds = match self.phrase_threshold[..] {
            [] => vec![score.default_threshold(); passes as usize],
            [one] => vec![one; passes as usize],
            ref each if each.len() == passes as usize => each.to_vec(),
            ref each => {
                let limit = "one, or as many as --phrases has passes";
                return Err(Error::OutOfRange {
                    name: "number of --phrase-threshold",
                    value: each.len() as f64,
                    limit,
                });
            }
        };
        Phrases::new(score, self.phrase_min_count, &thresholds, &self.phrase_delimiter).map(Some)
    }
}
