//! What is predicted from what, and through which layer.

use crate::corpus::Context;
use crate::layer::catalogue::LayerSpec;
use crate::model::ModelKind;
use crate::word2vec::{Options, Preset, Sigmoid};
use crate::{Error, Result};
use clap::{Args, ValueEnum};

#[derive(Args)]
#[command(next_help_heading = "Model")]
pub struct ModelOptions {
    /// Defaults of lexmax, word2vec, gensim or fasttext, and how these train; single options still count.
    #[arg(long, default_value_t = Preset::Lexmax, value_name = "NAME")]
    pub preset: Preset,
    /// The output layer as NAME[:key=value]…, e.g. hierarchical or negative:samples=5 [negative].
    #[arg(long, value_name = "LAYER")]
    layer: Option<LayerSpec>,
    /// skipgram: predict a word from each word of its context; cbow: from the mean of it; ngram: from the words before,
    /// in their order, through a hidden layer (Bengio 2003) [skipgram].
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
    /// Noise words of negative sampling [5].
    #[arg(long, value_name = "N", alias = "neg")]
    negative: Option<u32>,
    /// The exponent of counts by which noise is drawn [0.75].
    #[arg(long, value_name = "A", alias = "ns-exponent", allow_negative_numbers = true)]
    noise_power: Option<f64>,
    /// Whether noise that is the target counts [keep].
    #[arg(long, value_enum)]
    noise_hits: Option<HitsName>,
    /// How the gradient of a decision is computed: exactly, or from the table of another program, which cuts it off
    /// [exact].
    #[arg(long, value_enum)]
    sigmoid: Option<SigmoidName>,
    /// The n of ngram: a word and the n - 1 before it [5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1_000))]
    order: Option<u32>,
    /// Size of ngram's hidden layer [as --dim].
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    hidden: Option<u32>,
    /// The side of the context [both; left for ngram].
    #[arg(long, value_enum)]
    context: Option<Context>,
    /// Size of the vectors [100].
    #[arg(long, alias = "size", alias = "vector-size", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    dim: Option<u32>,
    /// Words a side, at most [5].
    #[arg(long, alias = "ws", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    window: Option<u32>,
    /// dynamic: each position draws its own number of words a side; fixed: all have the most [dynamic].
    #[arg(long, value_enum)]
    window_rule: Option<RuleName>,
    /// whole: each word of a bag descends along the whole gradient of their mean; mean: along its share, the true one
    /// [whole].
    #[arg(long, value_enum)]
    cbow_gradient: Option<GradientName>,
}

#[derive(Clone, Copy, ValueEnum)]
enum HitsName {
    Keep,
    Drop,
}

#[derive(Clone, Copy, ValueEnum)]
enum SigmoidName {
    Exact,
    Word2vec,
    Gensim,
    Fasttext,
}

#[derive(Clone, Copy, ValueEnum)]
enum RuleName {
    Dynamic,
    Fixed,
}

#[derive(Clone, Copy, ValueEnum)]
enum GradientName {
    Whole,
    Mean,
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
            dynamic: self.window_rule.map(|rule| matches!(rule, RuleName::Dynamic)),
            whole_gradients: self.cbow_gradient.map(|rule| matches!(rule, GradientName::Whole)),
            layer: self.layer.clone(),
            hierarchical: self.hs == Some(1),
            negative: self.negative,
            noise_power: self.noise_power,
            sigmoid: self.sigmoid.map(|sigmoid| match sigmoid {
                SigmoidName::Exact => Sigmoid::Exact,
                SigmoidName::Word2vec => Sigmoid::Word2vec,
                SigmoidName::Gensim => Sigmoid::Gensim,
                SigmoidName::Fasttext => Sigmoid::FastText,
            }),
            keep_hits: self.noise_hits.map(|hits| matches!(hits, HitsName::Keep)),
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
