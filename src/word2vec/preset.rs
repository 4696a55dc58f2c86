//! The defaults of other programs.

use crate::vectors::Format;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A program whose defaults a run takes: all of the group, unless an option says otherwise. `docs/presets.md` has what
/// differs all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// This crate's own.
    #[default]
    Lexmax,
    /// word2vec.c, version 0.1c.
    Word2vec,
    /// gensim 4.4, `Word2Vec`.
    Gensim,
    /// fastText 0.9, `skipgram` and `cbow`.
    FastText,
}

/// How a program computes σ(z) of a decision in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sigmoid {
    /// As it is.
    #[default]
    Exact,
    /// From word2vec.c's table.
    Word2vec,
    /// From gensim's table.
    Gensim,
    /// From fastText's table.
    FastText,
}

/// The group of options that a preset sets.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Defaults {
    /// CBOW, not skip-gram.
    pub cbow: bool,
    /// Size of the vectors.
    pub dim: usize,
    /// Words a side, at most; each position draws its own number.
    pub window: usize,
    /// The least count.
    pub min_count: u64,
    /// Threshold of subsampling.
    pub sample: f64,
    /// Noise words.
    pub negative: u32,
    /// The exponent of counts in the proposal of noise.
    pub noise_power: f64,
    /// How σ is computed.
    pub sigmoid: Sigmoid,
    /// Whether noise that is the target counts.
    pub keep_hits: bool,
    /// First rate of skip-gram and of CBOW.
    pub rates: [f32; 2],
    /// The last rate.
    pub last_rate: f32,
    /// Passes.
    pub epochs: u32,
    /// Words in a sentence, at most.
    pub longest_sentence: usize,
    /// Whether the vectors are written as text.
    pub text: bool,
}

impl Preset {
    /// All names.
    pub const NAMES: [&'static str; 4] = ["lexmax", "word2vec", "gensim", "fasttext"];

    /// What it sets.
    pub fn defaults(self) -> Defaults {
        let own = Defaults {
            cbow: false,
            dim: 100,
            window: 5,
            min_count: 5,
            sample: 1e-3,
            negative: 5,
            noise_power: 0.75,
            sigmoid: Sigmoid::Exact,
            keep_hits: true,
            rates: [0.025, 0.05],
            last_rate: 0.0,
            epochs: 5,
            longest_sentence: 10_000,
            text: false,
        };
        match self {
            Self::Lexmax => own,
            Self::Word2vec => Defaults {
                cbow: true,
                sigmoid: Sigmoid::Word2vec,
                keep_hits: false,
                longest_sentence: 1_000,
                text: true,
                ..own
            },
            Self::Gensim => Defaults {
                cbow: true,
                sigmoid: Sigmoid::Gensim,
                keep_hits: false,
                rates: [0.025; 2],
                last_rate: 1e-4,
                ..own
            },
            Self::FastText => Defaults {
                sample: 1e-4,
                noise_power: 0.5,
                sigmoid: Sigmoid::FastText,
                keep_hits: false,
                rates: [0.05; 2],
                longest_sentence: 1_024,
                text: true,
                ..own
            },
        }
    }

    /// The format in which the program writes vectors to a file of this name. A program that writes text does so
    /// whatever the file is called, unless its ending belongs to a format that the program does not have.
    pub fn format(self, path: &Path) -> Format {
        match Format::of(path) {
            None | Some(Format::Binary) if self.defaults().text => Format::Text,
            named => named.unwrap_or(Format::Binary),
        }
    }

    fn number(self) -> usize {
        [Self::Lexmax, Self::Word2vec, Self::Gensim, Self::FastText].iter().position(|p| *p == self).unwrap_or(0)
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(Self::NAMES[self.number()])
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Lexmax, Self::Word2vec, Self::Gensim, Self::FastText];
        let found = all.into_iter().find(|preset| preset.to_string() == text);
        found.ok_or_else(|| format!("there are: {}", Self::NAMES.join(", ")))
    }
}

impl Sigmoid {
    /// The value of the key `sigmoid` of a layer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Word2vec => "word2vec",
            Self::Gensim => "gensim",
            Self::FastText => "fasttext",
        }
    }
}
