//! Output layers for large vocabularies, behind one trait, and the bench on which they are compared.
//!
//! A model that must choose one word out of V scores V words for every example: a softmax costs O(V·d). This crate has
//! the remedies side by side, trained by the same loop on the same examples from the same start, so that only the layer
//! differs: what does a step cost, and what does it reach?
//!
//! | layer | P(w \| h) | a step costs | take it when |
//! |---|---|---|---|
//! | [`layer::FullSoftmax`] | softmax of all scores | 3·B·V·d | V is small, or nothing but the truth will do |
//! | [`layer::HierarchicalSoftmax`] | Π σ(±z) on a path of a tree | 3·d·Σ \|code\| | V is large; vectors, or single probabilities |
//! | [`layer::DifferentiatedSoftmax`] | softmax; rare words have short vectors | 3·B·Σ V_i·d_i | most of the text is few of the words |
//! | [`layer::SampledSoftmax`] | softmax; trained on a sample, z − ln q | 3·B·U·d, U candidates | training must be fast, the test exact |
//! | [`layer::TargetSampling`] | softmax; trained on targets ∪ uniform words | 3·B·\|V'\|·d | batches are large |
//! | [`layer::NegativeSampling`] | softmax of z + ln q | 3·B·(1 + k)·d | the vectors are wanted, not the probabilities |
//! | [`layer::ClassBasedSoftmax`] | softmax of classes · softmax within | 3·d·Σ (C + \|class\|) | as the tree, with two wide decisions |
//! | [`layer::AdaptiveSoftmax`] | softmax of head · softmax of tail | 3·Σ [d·(V₀ + J) + (d + V_i)·d_i] | V is large and words follow Zipf's law |
//! | [`layer::Entmax::sparsemax`] | max(0, z − τ) | 3·B·V·d | most words are to have no probability at all |
//! | [`layer::Entmax`] | max(0, (α − 1)·z − τ)^(1/(α − 1)) | 3·B·V·d | the same, less steeply |
//! | [`layer::NoiseContrastive`] | softmax; the scores learn ln P | 3·B·(1 + S)·d | scores are to be ln P without a sum |
//! | [`layer::BlackOut`] | softmax; draws are to lose | 3·B·U·d | as sampled softmax, harder on what is wrongly likely |
//! | [`layer::OneVsEach`] | softmax; a bound of pairs, sampled | 3·B·U·d | an unbiased estimate of a bound is wanted |
//! | [`layer::SelfNormalizedSoftmax`] | softmax; α·(ln Z)² in training | 3·B·V·d | single scores must do for ln P |
//! | [`layer::InfrequentNormalization`] | softmax; ln Z for a share γ | 3·γ·B·V·d | as before, at a share of the cost |
//!
//! The guide `docs/which-layer.md` in the repository goes through the cases with measured pictures; `lexmax advise`
//! and [`measure::advise`] say what fits a task on the machine at hand.
//!
//! # Where to begin
//!
//! [`prelude`] has five snippets, which are most of what a program needs: a [`head::Head`] on hidden vectors of one's own, word
//! vectors from a file, a layer of one's own, a comparison, and word2vec.
//!
//! # A first comparison
//!
//! ```
//! # #[cfg(feature = "eval")]
//! use lexmax::compare;
//!
//! # #[cfg(feature = "eval")]
//! # fn main() -> lexmax::Result<()> {
//! // A language of 200 words whose every probability is known; `text("train.txt")` takes a text in its place.
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
//! # How it is put together
//!
//! **A layer says which rows, and what loss over their scores; a table does the rest.** A layer
//! ([`layer::OutputLayer`]) holds structure only. It hands a table ([`table::Table`]) the rows it means and a pure
//! function from scores to ∂L/∂scores ([`objective`]); the table owns weights, optimizer and threads. All work passes
//! one door ([`table::Tables`]), which counts it ([`table::Cost`]).
//!
//! Losses are in nats, in f64. A sampled training loss is never a likelihood: [`eval::held_out`] gives the exact,
//! normalized NLL of every layer on one scale.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | none | layers, tables, samplers, trees, [`head`]: 13 dependencies |
//! | `text` | `corpus`, `model`, `train`, `eval`, `vectors`, `word2vec`: texts, training, word vectors |
//! | `eval` | `compare`, `measure`, and the tables of `report`; needs `text`, with which the module `eval` comes |
//! | `check` | `check`: audits of layers, references in f64 |
//! | `report` | pictures, pages, CSV and tables for the terminal in `report`; needs `eval` |
//! | `cli` (default) | `cli` and the program `lexmax`; needs all others |
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
