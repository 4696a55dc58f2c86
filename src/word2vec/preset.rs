//! The defaults of other programs.

use crate::corpus::{Context, WindowRule};
use crate::encoder::BagGradient;
use crate::layer::NoiseHits;
use crate::model::ModelKind;
use crate::names;
use crate::objective::Sigmoid;
use crate::vectors::Format;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// A program whose defaults a run takes: the whole group, unless an option says otherwise. `docs/presets.md` lists the
/// remaining differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
#[non_exhaustive]
pub enum Preset {
    /// lexmax itself.
    #[default]
    Lexmax,
    /// word2vec.c, version 0.1c.
    Word2vec,
    /// Word2Vec of gensim 4.4.
    Gensim,
    /// fastText 0.9, skipgram and cbow.
    FastText,
}

/// The group of options that a preset sets.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Defaults {
    /// Kind of the model.
    pub kind: ModelKind,
    /// The n of an n-gram model.
    pub order: usize,
    /// Side of the context, for other models.
    pub context: Context,
    /// Size of the vectors.
    pub dim: usize,
    /// Largest number of context words on each side.
    pub window: usize,
    /// Rule for the number of context words on each side of a position.
    pub window_rule: WindowRule,
    /// Gradient of the words of a bag.
    pub cbow_gradient: BagGradient,
    /// Least count of a word that is kept.
    pub min_count: u64,
    /// Threshold of subsampling.
    pub sample: f64,
    /// Noise words per target.
    pub negative: u32,
    /// Exponent of the counts in the proposal of noise.
    pub noise_power: f64,
    /// Computation of σ.
    pub sigmoid: Sigmoid,
    /// Treatment of noise words that equal the target.
    pub noise_hits: NoiseHits,
    /// Initial rates of skip-gram and of CBOW.
    pub rates: [f32; 2],
    /// Final rate.
    pub last_rate: f32,
    /// Passes over the text.
    pub epochs: u32,
    /// Positions of a sentence that form one step.
    pub block: usize,
    /// Largest number of words in a sentence.
    pub longest_sentence: usize,
    /// Whether the vectors are written as text.
    pub text: bool,
}

/// Positions of a sentence that form one step in this crate's own preset.
const BLOCK: usize = 8;

impl Preset {
    /// Returns the options that the preset sets.
    pub fn defaults(self) -> Defaults {
        let own = Defaults {
            kind: ModelKind::SkipGram,
            order: 5,
            context: Context::Both,
            dim: 100,
            window: 5,
            window_rule: WindowRule::Dynamic,
            cbow_gradient: BagGradient::Whole,
            min_count: 5,
            sample: 1e-3,
            negative: 5,
            noise_power: 0.75,
            sigmoid: Sigmoid::Exact,
            noise_hits: NoiseHits::Keep,
            rates: [0.025, 0.05],
            last_rate: 0.0,
            epochs: 5,
            block: BLOCK,
            longest_sentence: 10_000,
            text: false,
        };
        match self {
            Self::Lexmax => own,
            Self::Word2vec => Defaults {
                block: 1,
                kind: ModelKind::Cbow,
                sigmoid: Sigmoid::Word2vec,
                noise_hits: NoiseHits::Drop,
                longest_sentence: 1_000,
                text: true,
                ..own
            },
            Self::Gensim => Defaults {
                block: 1,
                kind: ModelKind::Cbow,
                sigmoid: Sigmoid::Gensim,
                noise_hits: NoiseHits::Drop,
                rates: [0.025; 2],
                last_rate: 1e-4,
                ..own
            },
            Self::FastText => Defaults {
                block: 1,
                sample: 1e-4,
                noise_power: 0.5,
                sigmoid: Sigmoid::FastText,
                noise_hits: NoiseHits::Drop,
                rates: [0.05; 2],
                longest_sentence: 1_024,
                text: true,
                ..own
            },
        }
    }

    /// Returns the format in which the program writes vectors to a file of this name. A program that writes text does
    /// so for every file name, unless its ending belongs to a format that the program does not have.
    pub fn format(self, path: &Path) -> Format {
        match Format::of(path) {
            None | Some(Format::Binary) if self.defaults().text => Format::Text,
            named => named.unwrap_or(Format::Binary),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(names::name(self))
    }
}
