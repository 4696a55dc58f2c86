//! The names that programs use most: `use lexmax::prelude::*;`.
//!
//! | name | for | feature |
//! |---|---|---|
//! | [`Head`], [`Counts`], [`Optimizer`] | an output layer on your own hidden vectors | none |
//! | [`WordVectors`], [`Word2Vec`], [`Preset`] | word vectors: files and training | `text` |
//! | [`OutputLayer`], [`LayerShape`], [`Batch`], [`Scratch`], [`Tables`], [`LayerExt`] | your own layer | none |
//! | [`Duration`] | time budgets | none |
//!
//! An output layer on your own hidden vectors. [`Head`] owns the layer, the weights, the optimizer and the scratch.
//!
//! ```no_run
//! use lexmax::prelude::*;
//!
//! # use lexmax::ndarray::{Array2, ArrayView2, array};
//! # fn backward(_: ArrayView2<f32>) {}
//! # fn main() -> lexmax::Result<()> {
//! # let (counts, dim) = (Counts::new(vec![50, 30, 15, 5])?, 3);
//! # let batches: Vec<(Array2<f32>, Vec<u32>)> = vec![(array![[0.1, -0.2, 0.3]], vec![2])];
//! # let hidden = array![[0.1f32, -0.2, 0.3]];
//! let mut head = Head::builder("hierarchical", &counts, dim)
//!     .optimizer(Optimizer::adagrad(0.1)?).rate(0.2).seed(1).build()?;
//! for (hidden, targets) in batches {
//!     let step = head.step(hidden.view(), &targets)?;        // step.loss in nats; the weights have moved
//!     backward(step.d_hidden);                               // ∂L/∂hidden, B×d
//! }
//! let best = head.top_k(hidden.view(), 5)?;                  // best[b][i].word, .ln_p
//! head.save("head.safetensors")?;                            // Head::load reads it
//! # Ok(())
//! # }
//! ```
//!
//! Word vectors: the nearest words in a file of vectors, and training with the defaults of another program.
//!
//! ```no_run
//! // with the feature "text"
//! use lexmax::prelude::*;
//!
//! # #[cfg(feature = "text")]
//! # fn main() -> lexmax::Result<()> {
//! let vectors = WordVectors::open("vectors.bin")?;
//! for near in vectors.nearest("river", 10)? { println!("{} {:.3}", near.word, near.cosine); }
//! let vectors = Word2Vec::preset(Preset::Gensim).layer("hierarchical")?.train("text.txt")?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "text"))]
//! # fn main() {}
//! ```
//!
//! Your own layer needs three methods. Every verb, `Head` and `check::audit` (feature `check`) accept it. `train`
//! (feature `text`) trains it beside the layers of the catalogue, as `examples/custom_layer.rs` shows. `compare`
//! accepts layers of the catalogue only.
//!
//! ```
//! use lexmax::layer::Bias;
//! use lexmax::ndarray::{Array2, ArrayView2, ArrayViewMut2};
//! use lexmax::prelude::*;
//! use lexmax::table::Rows;
//!
//! # use lexmax::ndarray::array;
//! # struct Mine { vocab: usize, dim: usize }
//! impl OutputLayer for Mine {                                // the softmax over all words
//!     fn shape(&self) -> LayerShape {
//!         LayerShape::flat(self.vocab, self.dim, Bias::Unigram)
//!     }
//!
//!     fn step(
//!         &self, w: &mut Tables, batch: Batch, s: &mut Scratch, d_hidden: ArrayViewMut2<f32>,
//!         losses: Option<&mut [f64]>,
//!     ) -> f64 {
//!         let mut k = Array2::zeros((batch.len(), self.vocab));
//!         self.log_probs(w, batch.hidden, s, k.view_mut());
//!         let mut own = vec![0.0; batch.len()];
//!         for (b, target) in batch.targets.iter().enumerate() {
//!             let (weight, mut k) = (batch.weight(b), k.row_mut(b));
//!             own[b] = -f64::from(weight * k[*target as usize]);
//!             k.mapv_inplace(|ln_p| weight * ln_p.exp());    // ∂L/∂scores = softmax − e_t
//!             k[*target as usize] -= weight;
//!         }
//!         let all = Rows::Range(0..self.vocab as u32);
//!         w.weighted_sum(0, &all, k.view(), d_hidden);
//!         w.descend(0, &all, k.view(), batch.hidden);
//!         if let Some(losses) = losses { losses.copy_from_slice(&own); }
//!         own.iter().sum()
//!     }
//!
//!     fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, mut out: ArrayViewMut2<f32>) {
//!         w.scores(0, &Rows::Range(0..self.vocab as u32), hidden, out.view_mut());
//!         for mut row in out.rows_mut() {
//!             let max = row.iter().fold(f32::MIN, |max, z| max.max(*z));
//!             let sum: f64 = row.iter().map(|z| f64::from(z - max).exp()).sum();
//!             row.mapv_inplace(|z| (f64::from(z - max) - sum.ln()) as f32);
//!         }
//!     }
//! }
//! # fn main() -> lexmax::Result<()> {
//! # let counts = Counts::new((1..=20).rev().collect())?;
//! # let mut head = Head::of(Mine { vocab: 20, dim: 2 }).counts(&counts).rate(0.5).build()?;
//! # let hidden = array![[1.0f32, 0.5]];
//! # let first = head.step(hidden.view(), &[3])?.loss;
//! # assert!(head.step(hidden.view(), &[3])?.loss < first);
//! # #[cfg(feature = "check")]
//! # assert!(lexmax::check::audit(&Mine { vocab: 20, dim: 4 }, &Default::default()).passed());
//! # Ok(())
//! # }
//! ```
//!
//! A comparison of three layers on a text, for 60 seconds each.
//!
//! ```no_run
//! // with the feature "eval"
//! # #[cfg(feature = "eval")]
//! use lexmax::compare;
//! use lexmax::prelude::*;
//!
//! # #[cfg(feature = "eval")]
//! # fn main() -> lexmax::Result<()> {
//! let found = compare::Builder::of(["full", "hierarchical", "sampled:samples=32"])?
//!     .text("train.txt").budget(Duration::from_secs(60)).run()?;
//! println!("{found}");                                       // a compare::Comparison
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "eval"))]
//! # fn main() {}
//! ```

pub use crate::head::Head;
pub use crate::layer::{Batch, LayerExt, LayerShape, OutputLayer, Scratch};
pub use crate::optimizer::Optimizer;
pub use crate::table::Tables;
#[cfg(feature = "text")]
pub use crate::vectors::WordVectors;
pub use crate::vocab::Counts;
#[cfg(feature = "text")]
pub use crate::word2vec::{Preset, Word2Vec};
pub use std::time::Duration;
