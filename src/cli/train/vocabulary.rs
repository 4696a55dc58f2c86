//! The words to keep.

use crate::corpus::{PhraseScore, Source};
use crate::vocab::LONGEST_WORD;
use crate::word2vec::{Options, PhraseOptions};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Vocabulary")]
pub struct Vocabulary {
    /// Least count of a word that is kept [default: 5].
    #[arg(long, value_name = "N", value_parser = crate::cli::natural::<u64>())]
    pub min_count: Option<u64>,
    /// Most words to keep; the most frequent ones stay [default: all].
    #[arg(long, value_name = "N", value_parser = crate::cli::whole::<u32>(1..=u32::MAX.into()))]
    pub max_vocab: Option<u32>,
    /// Most words of a sentence; longer lines are cut [default: 10000].
    ///
    /// Only kept words count. The number of cuts is reported.
    #[arg(hide_short_help = true, long, value_name = "N", value_parser = crate::cli::whole::<u32>(1..=10_000))]
    pub max_sentence: Option<u32>,
    /// Longest word to keep, in bytes of UTF-8.
    ///
    /// From 1 to 65536. The number of longer words is reported.
    #[arg(hide_short_help = true, long, value_name = "N", default_value_t = Source::MAX_WORD_BYTES as u32,
        value_parser = crate::cli::whole::<u32>(1..=LONGEST_WORD as u64))]
    pub max_word_bytes: u32,
    /// Subsampling threshold for frequent words; 0 is off [default: 0.001].
    ///
    /// A share of the text. Training drops occurrences of more frequent words at random.
    #[arg(long, value_name = "T", value_parser = crate::cli::number::<f64>, allow_negative_numbers = true)]
    pub sample: Option<f64>,
    /// Passes that join pairs of words into phrases [default: 0].
    ///
    /// One pass makes new_york, two make new_york_times.
    #[arg(long, value_name = "N", value_parser = crate::cli::whole::<u32>(1..=16))]
    pub phrases: Option<u32>,
    /// Score of a pair of words.
    #[arg(hide_short_help = true, long, value_enum, default_value_t, value_name = "SCORE", requires = "phrases")]
    pub phrase_score: PhraseScore,
    /// Score above which a pair is joined [default: 100; 0.5 for npmi].
    ///
    /// One value for all passes, or one for each pass, joined by commas.
    #[arg(hide_short_help = true,
        long, value_name = "T", value_delimiter = ',', requires = "phrases", allow_negative_numbers = true,
        value_parser = crate::cli::number::<f64>)]
    pub phrase_threshold: Vec<f64>,
    /// Least count of words and pairs that form phrases.
    #[arg(hide_short_help = true,
        long, value_name = "N", default_value_t = PhraseOptions::MIN_COUNT, requires = "phrases",
        value_parser = crate::cli::natural::<u64>())]
    pub phrase_min_count: u64,
    /// Text between the words of a phrase.
    #[arg(hide_short_help = true,
        long, value_name = "TEXT", default_value = PhraseOptions::DELIMITER, requires = "phrases")]
    pub phrase_delimiter: String,
    /// File to write words and counts to [default: none].
    ///
    /// The format is word2vec's: a word, a space and a count on each line.
    #[arg(long, value_name = "FILE")]
    pub save_vocab: Option<PathBuf>,
    /// File to read words and counts from [default: counts the text].
    ///
    /// The format is word2vec's: a word, a space and a count on each line.
    #[arg(long, value_name = "FILE")]
    pub read_vocab: Option<PathBuf>,
}

impl Vocabulary {
    /// Copies the options into those of the library.
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
