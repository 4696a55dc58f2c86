//! What is predicted from what, and through which layer.

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
    /// Program whose defaults and way of training a run takes; single options still count.
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    pub preset: Preset,
    /// The output layer as NAME[:key=value]…, e.g. hierarchical or negative:samples=5 [default: negative].
    #[arg(long, value_name = "LAYER")]
    layer: Option<LayerSpec>,
    /// Model under the layer [default: skipgram].
    #[arg(long, value_enum)]
    model: Option<ModelKind>,
    /// word2vec's way to say --model cbow (1) or skipgram (0).
    #[arg(long, value_name = "0|1", num_args = 0..=1, default_missing_value = "1",
        value_parser = clap::value_parser!(u8).range(0..=1))]
    cbow: Option<u8>,
    /// word2vec's way to say --layer hierarchical (1).
    #[arg(long, value_name = "0|1", num_args = 0..=1, default_missing_value = "1",
        value_parser = clap::value_parser!(u8).range(0..=1))]
    hs: Option<u8>,
    /// Noise words of negative sampling [default: 5].
    #[arg(long, value_name = "N", alias = "neg")]
    negative: Option<u32>,
    /// The exponent of counts by which noise is drawn [default: 0.75].
    #[arg(long, value_name = "A", alias = "ns-exponent", allow_negative_numbers = true)]
    noise_power: Option<f64>,
    /// Treatment of noise that is the target [default: keep].
    #[arg(long, value_enum)]
    noise_hits: Option<NoiseHits>,
    /// Source of σ in the gradient of a decision; the tables of other programs cut it off [default: exact].
    #[arg(long, value_enum)]
    sigmoid: Option<Sigmoid>,
    /// The n of ngram: a word and the n - 1 before it [default: 5].
    #[arg(long, value_name = "N", value_parser = cli::order())]
    order: Option<u32>,
    /// Size of ngram's hidden layer [default: as --dim].
    #[arg(long, value_name = "D", value_parser = cli::dim())]
    hidden: Option<u32>,
    /// The side of the context [default: both; left for ngram].
    #[arg(long, value_enum)]
    context: Option<Context>,
    /// Size of the vectors [default: 100].
    #[arg(long, alias = "size", alias = "vector-size", value_parser = cli::dim())]
    dim: Option<u32>,
    /// Words a side, at most [default: 5].
    #[arg(long, alias = "ws", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    window: Option<u32>,
    /// Number of words a side in training [default: dynamic].
    #[arg(long, value_enum)]
    window_rule: Option<WindowRule>,
    /// Gradient along which each word of a context descends in cbow [default: whole].
    #[arg(long, value_enum)]
    cbow_gradient: Option<BagGradient>,
}

impl ModelOptions {
    /// The options of the library, as far as the model goes.
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
            let hint = "leave one of them out";
            return Err(Error::Contradiction { first: "--model", second: "--cbow", hint });
        }
        Ok(self.model.or(other))
    }
}
