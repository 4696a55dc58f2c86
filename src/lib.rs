//! Output layers for large vocabularies behind one trait, a word2vec trainer, and tools to compare the layers.
//!
//! A model that predicts one of V words scores all V words for every example, so a softmax costs O(V·d). This crate
//! implements the known remedies. One loop trains all layers on the same examples from the same starting weights. Only
//! the layer differs, so a comparison shows the cost of a step and the likelihood that the layer reaches.
//!
//! # A first layer
//!
//! A [`head::Head`] puts an output layer on top of your own model. It takes hidden vectors and target words, moves its
//! own weights, and returns the loss and the gradient for the hidden vectors.
//!
//! ```
//! use lexmax::ndarray::array;
//! use lexmax::prelude::*;
//!
//! # fn main() -> lexmax::Result<()> {
//! let counts = Counts::new(vec![50, 30, 15, 5])?; // in falling order; the id of a word is its rank
//! let mut head = Head::builder("hierarchical", &counts, 2).rate(0.2).build()?;
//! let hidden = array![[0.3f32, -0.1], [0.2, 0.4]]; // hidden vectors of your model, B×d
//! let step = head.step(hidden.view(), &[2, 0])?; // one target word per row
//! assert!(step.loss > 0.0); // in nats
//! assert_eq!(step.d_hidden.dim(), (2, 2)); // ∂L/∂hidden, for your model's backward pass
//! let best = head.top_k(hidden.view(), 3)?; // exact ln P of the best words
//! assert_eq!(best[0].len(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! [`prelude`] has more snippets, which cover most programs: a head on your own model, word vectors from a file,
//! word2vec, your own layer, and a comparison.
//!
//! # The layers
//!
//! In the table, V is the number of words, d the size of the hidden vector, and B the number of examples in a batch. U
//! is the number of distinct candidates (targets and draws). Costs are multiply-adds per training step.
//!
//! | layer | P(w \| h) | a step costs | use it when |
//! |---|---|---|---|
//! | [`layer::FullSoftmax`] | softmax of all scores | 3·B·V·d | V is a few thousand, or accuracy comes first |
//! | [`layer::HierarchicalSoftmax`] | Π σ(±z) on a path of a tree | 3·d·Σ \|code\| | V is large; one P is wanted |
//! | [`layer::DifferentiatedSoftmax`] | softmax; short vectors for rare words | 3·B·Σ V_i·d_i | few words dominate |
//! | [`layer::SampledSoftmax`] | softmax; trained on a sample, z − ln q | 3·B·U·d | training must be fast |
//! | [`layer::TargetSampling`] | softmax; trained on targets ∪ uniform words | 3·B·\|V'\|·d | batches are large |
//! | [`layer::NegativeSampling`] | softmax of z + ln q | 3·B·(1 + k)·d | you need word vectors, not probabilities |
//! | [`layer::ClassBasedSoftmax`] | softmax of classes · softmax within | 3·d·Σ (C + \|class\|) | P may cost O(√V) |
//! | [`layer::AdaptiveSoftmax`] | softmax of head · softmax of tail | 3·Σ [d·(V₀ + J) + (d + V_i)·d_i] | V is large |
//! | [`layer::Entmax::sparsemax`] | max(0, z − τ) | 3·B·V·d (+ B·V·d/16) | most words must have P = 0 |
//! | [`layer::Entmax`] | max(0, (α − 1)·z − τ)^(1/(α − 1)) | 3·B·V·d (+ B·V·d/16) | as sparsemax, but less sparse |
//! | [`layer::NoiseContrastive`] | softmax; the scores learn ln P | 3·B·(1 + S)·d | scores must be ln P without a sum |
//! | [`layer::BlackOut`] | softmax; each draw is pushed down | 3·B·U·d | as sampled softmax, with stronger negatives |
//! | [`layer::OneVsEach`] | softmax; a sampled bound of pairs | 3·B·U·d | you need an unbiased estimate of a bound |
//! | [`layer::SelfNormalizedSoftmax`] | softmax; α·(ln Z)² in training | 3·B·V·d | a score alone must serve as ln P |
//! | [`layer::InfrequentNormalization`] | softmax; ln Z for a share γ | 3·γ·B·V·d | as self-normalized, but cheaper |
//!
//! The module [`layer`] says what each layer gives up. The guide `docs/which-layer.md` in the repository compares them
//! with measurements. `lexmax advise` and [`measure::advise`] recommend a layer for a task on your machine.
//!
//! # A first comparison
//!
//! ```
//! # #[cfg(feature = "eval")]
//! use lexmax::compare;
//!
//! # #[cfg(feature = "eval")]
//! # fn main() -> lexmax::Result<()> {
//! // A synthetic language of 200 words with known probabilities; `text("train.txt")` trains on a text instead.
//! let found = compare::Builder::of(["full", "hierarchical", "sampled:samples=32:proposal=uniform"])?
//!     .synthetic(200, 8)
//!     .dim(12)
//!     .examples(20_000)
//!     .valid_examples(1_000)
//!     .run()?;
//! println!("{found}");
//! for layer in &found.layers {
//!     assert!(layer.valid_nll < found.corpus.unigram_nll);
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "eval"))]
//! # fn main() {}
//! ```
//!
//! # Design
//!
//! **A layer chooses rows and a loss over their scores; a table does the rest.** A layer ([`layer::OutputLayer`]) holds
//! structure only. It gives a table ([`table::Table`]) the rows and a pure function from scores to ∂L/∂scores
//! ([`objective`]). The table owns the weights, the optimizer and the threads. All work goes through [`table::Tables`],
//! which counts it ([`table::Cost`]).
//!
//! Losses are in nats, in f64. The training loss of a sampled layer is not a likelihood. [`eval::held_out`] computes
//! the exact, normalized NLL of every layer on one scale.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | none | layers, tables, samplers, trees, [`head`]: 13 dependencies |
//! | `text` | `corpus`, `model`, `train`, `eval`, `vectors`, `word2vec`: texts, training, word vectors |
//! | `eval` | `compare`, `measure`, and the tables of `report`; needs `text`, which brings the module `eval` |
//! | `check` | `check`: audits of layers against references in f64 |
//! | `report` | pictures, pages, CSV files and terminal tables in `report`; needs `eval` |
//! | `cli` (default) | `cli` and the program `lexmax`; needs all other features |
#![forbid(unsafe_code)]

#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "eval")]
pub mod compare;
#[cfg(feature = "text")]
pub mod corpus;
#[cfg(feature = "text")]
mod encoder;
pub mod error;
#[cfg(feature = "text")]
pub mod eval;
mod files;
pub mod head;
pub mod layer;
#[cfg(feature = "text")]
mod machine;
#[cfg(feature = "eval")]
pub mod measure;
#[cfg(feature = "text")]
pub mod model;
mod names;
pub mod objective;
mod optimizer;
pub mod peers;
pub mod prelude;
#[cfg(feature = "eval")]
pub mod report;
mod rng;
#[cfg(feature = "text")]
mod run;
pub mod sampler;
mod simd;
pub mod table;
#[cfg(feature = "text")]
pub mod train;
pub mod tree;
#[cfg(feature = "text")]
pub mod vectors;
pub mod vocab;
#[cfg(feature = "text")]
pub mod word2vec;

pub use error::{Error, Result};
pub use ndarray;
pub use rand;
pub use rng::WorkerRng;

/// Compiles the Rust code in the pages of `docs/` as doc tests.
#[cfg(doctest)]
mod pages {
    #[cfg(feature = "eval")]
    #[doc = include_str!("../docs/compare-and-scale.md")]
    mod compare_and_scale {}
    #[cfg(feature = "text")]
    #[doc = include_str!("../docs/formats.md")]
    mod formats {}
    #[doc = include_str!("../docs/own-layer.md")]
    mod own_layer {}
    #[doc = include_str!("../docs/own-model.md")]
    mod own_model {}
}
