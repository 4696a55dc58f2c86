//! The model and its output layer.

use crate::cli;
use crate::corpus::{Context, WindowRule};
use crate::encoder::BagGradient;
use crate::layer::NoiseHits;
use crate::layer::catalogue::LayerSpec;
use crate::model::ModelKind;
use crate::objective::Sigmoid;
use crate::word2vec::{Options, Preset};
use crate::{Error, Result};
use clap::Args;

#[derive(Args)]
#[command(next_help_heading = "Model")]
pub struct ModelOptions {
    /// Program to imitate; single options override its defaults.
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    pub preset: Preset,
    /// Output layer, as NAME[:key=value]… [default: negative].
    ///
    /// For example hierarchical or negative:samples=10. All layers and keys are listed below.
    #[arg(long, value_name = "LAYER")]
    layer: Option<LayerSpec>,
    /// Model below the layer [default: skipgram].
    #[arg(long, value_enum, value_name = "KIND")]
    model: Option<ModelKind>,
    /// Same as --model cbow (1) or skipgram (0) [default: as --model].
    #[arg(hide_short_help = true, long, value_name = "0|1", num_args = 0..=1, default_missing_value = "1",
        value_parser = crate::cli::whole::<u8>(0..=1))]
    cbow: Option<u8>,
    /// Same as --layer hierarchical (1) [default: 0].
    #[arg(hide_short_help = true, long, value_name = "0|1", num_args = 0..=1, default_missing_value = "1",
        value_parser = crate::cli::whole::<u8>(0..=1))]
    hs: Option<u8>,
    /// Noise words for each target of negative sampling [default: 5].
    #[arg(long, value_name = "N", alias = "neg", value_parser = cli::whole::<u32>(0..=u32::MAX.into()))]
    negative: Option<u32>,
    /// Exponent of word counts in the noise distribution [default: 0.75].
    #[arg(hide_short_help = true, long, value_name = "A", alias = "ns-exponent", value_parser = cli::number::<f64>,
        allow_negative_numbers = true)]
    noise_power: Option<f64>,
    /// Treatment of a noise word that equals the target [default: keep].
    #[arg(hide_short_help = true, long, value_enum, value_name = "HOW")]
    noise_hits: Option<NoiseHits>,
    /// Sigmoid in gradients [default: exact].
    ///
    /// The tables of other programs have few entries and cut off large scores.
    #[arg(hide_short_help = true, long, value_enum, value_name = "TABLE")]
    sigmoid: Option<Sigmoid>,
    /// Words of an n-gram: the predicted one and N - 1 before it [default: 5].
    #[arg(long, value_name = "N", value_parser = cli::order())]
    order: Option<u32>,
    /// Size of the hidden layer of ngram [default: as --dim].
    #[arg(long, value_name = "D", value_parser = cli::dim())]
    hidden: Option<u32>,
    /// Side of the context [default: both; left for ngram].
    #[arg(hide_short_help = true, long, value_enum, value_name = "SIDE")]
    context: Option<Context>,
    /// Size of word vectors [default: 100].
    #[arg(long, value_name = "D", alias = "size", alias = "vector-size", value_parser = cli::dim())]
    dim: Option<u32>,
    /// Most context words on each side [default: 5].
    #[arg(long, value_name = "N", alias = "ws", value_parser = crate::cli::whole::<u32>(1..=10_000))]
    window: Option<u32>,
    /// Window in training: drawn from 1 to --window, or fixed [default: dynamic].
    #[arg(hide_short_help = true, long, value_enum, value_name = "RULE")]
    window_rule: Option<WindowRule>,
    /// Gradient for each context word of cbow [default: whole].
    #[arg(hide_short_help = true, long, value_enum, value_name = "RULE")]
    cbow_gradient: Option<BagGradient>,
}

impl ModelOptions {
    /// The options of the library for the model.
    pub fn options(&self) -> Result<Options> {
        Ok(Options {
            preset: self.preset,
            kind: self.kind()?,
            order: self.order.map(|n| n as usize),
            hidden: self.hidden.map(|n| n as usize),
            context: self.context,
            dim: self.dim.map(|n| n as usize),
            window: self.window.map(|n| n as usize),
            window_rule: self.window_rule,
            cbow_gradient: self.cbow_gradient,
            layer: self.layer.clone(),
            hierarchical: self.hs == Some(1),
            negative: self.negative,
            noise_power: self.noise_power,
            sigmoid: self.sigmoid,
            noise_hits: self.noise_hits,
            ..Options::default()
        })
    }

    fn kind(&self) -> Result<Option<ModelKind>> {
        let other = match self.cbow {
            Some(0) => Some(ModelKind::SkipGram),
            Some(_) => Some(ModelKind::Cbow),
            None => None,
        };
        if self.model.is_some() && other.is_some() && self.model != other {
            let hint = "remove one of them";
            return Err(Error::Contradiction { first: "--model", second: "--cbow", hint });
        }
        Ok(self.model.or(other))
    }
}
