//! Which words are kept.

use crate::corpus::{PhraseScore, Source};
use crate::vocab::LONGEST_WORD;
use crate::word2vec::{Options, PhraseOptions};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Vocabulary")]
pub struct Vocabulary {
    /// Words that occur more rarely are dropped [default: 5].
    #[arg(long, value_name = "N")]
    pub min_count: Option<u64>,
    /// The most frequent words, at most so many [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_vocab: Option<u32>,
    /// Kept words in a sentence, at most: a longer line is cut, and the cuts are counted [default: 10000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_sentence: Option<u32>,
    /// Longer words are dropped, and counted: bytes of UTF-8, from 1 to 65536.
    #[arg(long, value_name = "N", default_value_t = Source::MAX_WORD_BYTES as u32,
        value_parser = clap::value_parser!(u32).range(1..=LONGEST_WORD as i64))]
    pub max_word_bytes: u32,
    /// Threshold of subsampling of frequent words; 0 is off [default: 0.001].
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub sample: Option<f64>,
    /// Passes that join pairs of words to phrases: one makes new_york, two new_york_times [default: 0].
    #[arg(long, value_name = "PASSES", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub phrases: Option<u32>,
    /// Score of pairs.
    #[arg(long, value_enum, default_value_t, requires = "phrases")]
    pub phrase_score: PhraseScore,
    /// Pairs with a higher score are joined; one value, or one a pass, joined by commas [default: 100; 0.5 for npmi].
    #[arg(long, value_name = "T[,T]", value_delimiter = ',', requires = "phrases", allow_negative_numbers = true)]
    pub phrase_threshold: Vec<f64>,
    /// Words and pairs that occur more rarely make no phrase.
    #[arg(long, value_name = "N", default_value_t = PhraseOptions::MIN_COUNT, requires = "phrases")]
    pub phrase_min_count: u64,
    /// What stands between the words of a phrase.
    #[arg(long, value_name = "TEXT", default_value = PhraseOptions::DELIMITER, requires = "phrases")]
    pub phrase_delimiter: String,
    /// File for the words and their counts, in word2vec's format.
    #[arg(long, value_name = "FILE")]
    pub save_vocab: Option<PathBuf>,
    /// Takes words and counts from a file in word2vec's format, not from the text.
    #[arg(long, value_name = "FILE")]
    pub read_vocab: Option<PathBuf>,
}

impl Vocabulary {
    /// Hands the options on.
    pub fn set(&self, options: &mut Options) {
        options.min_count = self.min_count;
        options.max_vocab = self.max_vocab.map(|n| n as usize);
        options.longest_sentence = self.max_sentence.map(|n| n as usize);
        options.sample = self.sample;
        options.phrases = self.phrases.map(|passes| self.phrases(passes));
        options.vocabulary = self.read_vocab.clone();
    }

    fn phrases(&self, passes: u32) -> PhraseOptions {
        PhraseOptions {
            passes,
            score: self.phrase_score,
            thresholds: self.phrase_threshold.clone(),
            min_count: self.phrase_min_count,
            delimiter: self.phrase_delimiter.clone(),
        }
    }
}
