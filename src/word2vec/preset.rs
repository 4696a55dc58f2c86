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

/// A program whose defaults a run takes: all of the group, unless an option says otherwise. `docs/presets.md` has what
/// differs all the same.
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
    /// The kind of the model.
    pub kind: ModelKind,
    /// The n of an n-gram.
    pub order: usize,
    /// The side of the context of other models.
    pub context: Context,
    /// Size of the vectors.
    pub dim: usize,
    /// Words a side, at most.
    pub window: usize,
    /// The number of words a side that a position has.
    pub window_rule: WindowRule,
    /// The gradient of the words of a bag.
    pub cbow_gradient: BagGradient,
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
    /// What becomes of noise that is the target.
    pub noise_hits: NoiseHits,
    /// First rate of skip-gram and of CBOW.
    pub rates: [f32; 2],
    /// The last rate.
    pub last_rate: f32,
    /// Passes.
    pub epochs: u32,
    /// Positions of a sentence that are one step.
    pub block: usize,
    /// Words in a sentence, at most.
    pub longest_sentence: usize,
    /// Whether the vectors are written as text.
    pub text: bool,
}

/// Positions of a sentence that are one step in this crate's own preset.
const BLOCK: usize = 8;

impl Preset {
    /// What it sets.
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

    /// The format in which the program writes vectors to a file of this name. A program that writes text does so
    /// whatever the file is called, unless its ending belongs to a format that the program does not have.
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
