//! Length, rate and threads of training.

use crate::optimizer::OptimizerKind;
use crate::word2vec::Options;
use clap::Args;

#[derive(Args)]
#[command(next_help_heading = "Training")]
pub struct Schedule {
    /// Passes over the text [default: 5].
    #[arg(long, value_name = "N", alias = "iter", alias = "epoch",
        value_parser = crate::cli::whole::<u32>(1..=10_000))]
    pub epochs: Option<u32>,
    /// Positions trained in one step [default: 8; 1 where the layer takes no blocks].
    ///
    /// The positions are neighbours in a sentence. Only hierarchical and negative take more than one. Larger blocks are
    /// mostly faster, because their positions share reads and writes. Each position sees the updates of its neighbours
    /// later.
    #[arg(long, value_name = "N", value_parser = crate::cli::whole::<u32>(1..=256))]
    pub block: Option<u32>,
    /// Examples in a mini-batch [default: the layer's batch if it is dense, else 1].
    ///
    /// A dense layer, such as full or adaptive, reads most of its rows in every step. Mini-batches read them once for
    /// many examples. They have one worker, whose products use all threads, and give the same bits on any number of
    /// threads. With 1, positions are trained one by one, or in blocks, by many workers.
    #[arg(long, value_name = "B", value_parser = crate::cli::whole::<u32>(1..=1_048_576))]
    pub batch: Option<u32>,
    /// Optimizer of mini-batches [default: adagrad].
    ///
    /// Without mini-batches it is sgd.
    #[arg(long, value_enum, value_name = "NAME")]
    pub optimizer: Option<OptimizerKind>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", alias = "workers", value_parser = crate::cli::whole::<u32>(1..=1024))]
    pub threads: Option<u32>,
    /// Learning rate at the start [default: 0.025 for skipgram, else 0.05].
    ///
    /// With mini-batches the default is the layer's rate for the optimizer, on the summed loss of a batch.
    #[arg(long, value_name = "R", alias = "alpha", value_parser = crate::cli::number::<f32>,
        allow_negative_numbers = true)]
    pub lr: Option<f32>,
    /// Learning rate at the end [default: a ten-thousandth of --lr].
    ///
    /// The rate falls linearly with the number of words read.
    #[arg(long, value_name = "R", alias = "min-alpha", value_parser = crate::cli::number::<f32>,
        allow_negative_numbers = true)]
    pub lr_end: Option<f32>,
    /// Rows of each table that a thread caches [default: 6 MB; see --help].
    ///
    /// The default is 6 MB of rows with one thread. With several threads it is 512 nodes of a tree, and no other rows.
    #[arg(hide_short_help = true,
        long, value_name = "N", alias = "hot-rows", value_parser = crate::cli::whole::<u32>(0..=u32::MAX.into()))]
    pub cached_rows: Option<u32>,
    /// Gives the same bits for any number of threads; slower.
    ///
    /// Binary, instruction set, seed, text and settings must be the same. The instruction set is the best of the
    /// machine, or the one that LEXMAX_SIMD names. --cached-rows cannot be given.
    #[arg(long)]
    pub deterministic: bool,
    /// Seed of all random numbers.
    #[arg(long, value_name = "N", default_value_t = Options::SEED,
        value_parser = crate::cli::natural::<u64>())]
    pub seed: u64,
}

impl Schedule {
    /// Copies the options into those of the library.
    pub fn set(&self, options: &mut Options) {
        options.epochs = self.epochs;
        options.block = self.block.map(|n| n as usize);
        options.batch = self.batch.map(|n| n as usize);
        options.optimizer = self.optimizer;
        options.threads = self.threads.map(|n| n as usize);
        options.rate = self.lr;
        options.last_rate = self.lr_end;
        options.cached_rows = self.cached_rows;
        options.deterministic = self.deterministic;
        options.seed = Some(self.seed);
    }
}
