//! What is predicted from what, and through which layer.

use clap::{Args, ValueEnum};
use lexmax::Result;
use lexmax::corpus::{Context, Model as WindowModel, Window};
use lexmax::layer::catalogue::LayerSpec;
use lexmax::model::Encoding;

#[derive(Args)]
#[command(next_help_heading = "Model")]
pub struct Model {
    /// The output layer as NAME[:key=value]…, e.g. hierarchical or negative:samples=5.
    #[arg(long, default_value = "negative", value_name = "LAYER")]
    pub layer: LayerSpec,
    /// skipgram: predict a word from each word of its context; cbow: from the mean of it; ngram: from the words before, in
    /// their order, through a hidden layer (Bengio 2003).
    #[arg(long, value_enum, default_value_t = ModelName::Skipgram)]
    pub model: ModelName,
    /// The n of ngram: a word and the n - 1 before it [5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub order: Option<u32>,
    /// Size of ngram's hidden layer [as --dim].
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub hidden: Option<u32>,
    /// The side of the context [both; left for ngram].
    #[arg(long, value_enum)]
    pub context: Option<ContextName>,
    /// Size of the vectors.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub dim: u32,
    /// Words a side, at most: each position draws its own number [5].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub window: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ModelName {
    Skipgram,
    Cbow,
    Ngram,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ContextName {
    Both,
    Left,
}

impl Model {
    /// What is predicted.
    pub fn kind(&self) -> WindowModel {
        match self.model {
            ModelName::Skipgram => WindowModel::SkipGram,
            ModelName::Cbow | ModelName::Ngram => WindowModel::Cbow,
        }
    }

    /// The encoding, its window, and the size of its hidden vectors.
    pub fn encoding(&self) -> Result<(Encoding, Window, usize)> {
        let context = match self.context {
            Some(ContextName::Left) => Context::Left,
            Some(ContextName::Both) | None => Context::Both,
        };
        let dim = self.dim as usize;
        crate::cli::check_ngram(
            matches!(self.model, ModelName::Ngram),
            &[("--order", self.order.is_some()), ("--hidden", self.hidden.is_some())],
            &[("--window", self.window.is_some()), ("--context both", matches!(self.context, Some(ContextName::Both)))],
        )?;
        Ok(match self.model {
            ModelName::Ngram => {
                let hidden = self.hidden.map_or(dim, |d| d as usize);
                (Encoding::NGram { embedding: dim }, Encoding::window(self.order.unwrap_or(5) as usize)?, hidden)
            }
            _ => {
                let window = Window::new(self.kind(), context, self.window.unwrap_or(5) as usize, true)?;
                (Encoding::Mean, window, dim)
            }
        })
    }
}
