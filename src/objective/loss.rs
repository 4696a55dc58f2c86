//! What users of a language-model loss expect beside −ln P(target): options, soft targets, reductions.

use crate::error::{Error, Result};
use crate::vocab::WordId;
use std::sync::Arc;

/// Options of an exact layer's criterion. With y the target (a word, or a distribution over words), w the words' weights,
/// ε the smoothing and c_k = w_k·((1 − ε)·y_k + ε/V),
///
/// L = −Σ_k c_k·ln P(k | h) + λ·(ln Z)²,
///
/// where all scores were capped before, z ← cap·tanh(z/cap), if there is a cap. 0 for an ignored target.
///
/// ```
/// use lexmax::objective::LossOptions;
///
/// # fn main() -> lexmax::Result<()> {
/// let options = LossOptions::new().with_smoothing(0.1)?.with_z_loss(1e-4)?.ignoring(0);
/// assert_eq!((options.smoothing(), options.ignored()), (0.1, Some(0)));
/// assert!(LossOptions::new().with_smoothing(1.5).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossOptions {
    ignored: Option<WordId>,
    word_weights: Option<Arc<[f32]>>,
    smoothing: f32,
    z_loss: f32,
    soft_cap: Option<f32>,
    soft_targets: bool,
}

/// One of the [`LossOptions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossOption {
    /// A target that counts nothing.
    Ignored,
    /// A weight a word.
    WordWeights,
    /// Label smoothing.
    Smoothing,
    /// λ·(ln Z)².
    ZLoss,
    /// Bounded scores.
    SoftCap,
    /// Targets that are distributions.
    SoftTargets,
}

impl LossOption {
    /// Every option.
    pub const ALL: &[Self] =
        &[Self::Ignored, Self::WordWeights, Self::Smoothing, Self::ZLoss, Self::SoftCap, Self::SoftTargets];

    fn name(self) -> &'static str {
        match self {
            Self::Ignored => "an ignored target",
            Self::WordWeights => "weights of words",
            Self::Smoothing => "label smoothing",
            Self::ZLoss => "z-loss",
            Self::SoftCap => "a soft cap",
            Self::SoftTargets => "soft targets",
        }
    }
}

impl LossOptions {
    /// −ln P(target) and nothing else.
    pub fn new() -> Self {
        Self::default()
    }

    /// Examples whose target is this count nothing. It need not be a word of the vocabulary.
    pub fn ignoring(self, target: WordId) -> Self {
        Self { ignored: Some(target), ..self }
    }

    /// A weight for every word, as PyTorch's `weight`.
    ///
    /// # Errors
    /// A weight that is negative or not finite.
    pub fn with_word_weights(self, weights: Vec<f32>) -> Result<Self> {
        weights.iter().try_for_each(|w| not_negative("weight of a word", *w))?;
        Ok(Self { word_weights: Some(weights.into()), ..self })
    }

    /// Label smoothing: the share ε of each target goes to all words alike.
    ///
    /// # Errors
    /// ε outside 0 to 1.
    pub fn with_smoothing(self, share: f32) -> Result<Self> {
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::OutOfRange { name: "smoothing", value: f64::from(share), limit: "from 0 to 1" });
        }
        Ok(Self { smoothing: share, ..self })
    }

    /// λ·(ln Z)², which keeps the normalizer near 1 (weights of words do not count here).
    ///
    /// # Errors
    /// λ that is negative or not finite.
    pub fn with_z_loss(self, lambda: f32) -> Result<Self> {
        not_negative("z-loss", lambda)?;
        Ok(Self { z_loss: lambda, ..self })
    }

    /// Scores are cap·tanh(z/cap): in the model, so in its probabilities too.
    ///
    /// # Errors
    /// A cap that is not positive, or not finite.
    pub fn with_soft_cap(self, cap: f32) -> Result<Self> {
        if !(cap > 0.0 && cap.is_finite()) {
            let value = f64::from(cap);
            return Err(Error::OutOfRange { name: "soft-cap", value, limit: "more than 0, and finite" });
        }
        Ok(Self { soft_cap: Some(cap), ..self })
    }

    /// Batches may come with [`SoftTargets`].
    pub fn with_soft_targets(self) -> Self {
        Self { soft_targets: true, ..self }
    }

    /// Whether batches may come with [`SoftTargets`].
    pub fn takes_soft_targets(&self) -> bool {
        self.soft_targets
    }

    /// Whether the loss is −ln P(target), and targets are words.
    pub fn is_plain(&self) -> bool {
        self.asked().next().is_none()
    }

    /// The target that counts nothing.
    pub fn ignored(&self) -> Option<WordId> {
        self.ignored
    }

    /// The share of label smoothing, ε.
    pub fn smoothing(&self) -> f32 {
        self.smoothing
    }

    /// The factor of (ln Z)², λ.
    pub fn z_loss(&self) -> f32 {
        self.z_loss
    }

    /// The bound of the scores.
    pub fn soft_cap(&self) -> Option<f32> {
        self.soft_cap
    }

    /// The weights of all words, if they have some.
    pub fn word_weights(&self) -> Option<&[f32]> {
        self.word_weights.as_deref()
    }

    /// The weight of a word.
    pub fn word_weight(&self, word: WordId) -> f32 {
        self.word_weights.as_ref().map_or(1.0, |w| w[word as usize])
    }

    /// What an example with this target counts: 0 where it is ignored, else the word's weight.
    pub fn target_weight(&self, target: WordId) -> f32 {
        if self.ignored == Some(target) { 0.0 } else { self.word_weight(target) }
    }

    /// Takes the options for a layer that honours only some, over `vocab` words.
    ///
    /// # Errors
    /// [`Error::LossOption`] for the first that it does not honour; weights for more or fewer words than there are.
    pub fn check(&self, layer: &'static str, vocab: usize, honoured: &[LossOption]) -> Result<()> {
        if let Some(option) = self.asked().find(|option| !honoured.contains(option)) {
            return Err(Error::LossOption { layer, option: option.name() });
        }
        match &self.word_weights {
            Some(weights) if weights.len() != vocab => {
                Err(Error::WordWeightsMissWords { weights: weights.len(), vocab })
            }
            _ => Ok(()),
        }
    }

    fn asked(&self) -> impl Iterator<Item = LossOption> {
        let asked = [
            (LossOption::Ignored, self.ignored.is_some()),
            (LossOption::WordWeights, self.word_weights.is_some()),
            (LossOption::Smoothing, self.smoothing > 0.0),
            (LossOption::ZLoss, self.z_loss > 0.0),
            (LossOption::SoftCap, self.soft_cap.is_some()),
            (LossOption::SoftTargets, self.soft_targets),
        ];
        asked.into_iter().filter(|(_, asked)| *asked).map(|(option, _)| option)
    }

    /// # Panics
    /// If the options do not allow for soft targets.
    pub fn assert_soft(&self) {
        assert!(self.soft_targets, "soft targets for a layer that was not built for them");
    }
}

fn not_negative(name: &'static str, value: f32) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::OutOfRange { name, value: f64::from(value), limit: "0 or more, and finite" })
}

/// How the losses of a batch become one, and ∂/∂ of what comes after: the upstream factors of [`crate::layer::Batch`].
#[derive(Clone, Copy, Debug)]
pub enum Reduction<'a> {
    /// The losses stay apart; an upstream gradient each.
    None(&'a [f32]),
    /// Their sum; its upstream gradient.
    Sum(f32),
    /// Their sum over that of the weights of the targets that are not ignored (of soft targets: over their number), as
    /// PyTorch has it; its upstream gradient. Where nothing counts, 0.
    Mean(f32),
}

impl Reduction<'_> {
    /// The upstream factor of every example: with it a step returns the reduced loss times its upstream gradient, and its
    /// gradients are those of the reduced loss. `targets` are those of hard targets, else `None`; `len` examples.
    ///
    /// # Panics
    /// If there are not as many upstream gradients as examples, or words have weights and a target is no word.
    pub fn weights(&self, options: &LossOptions, targets: Option<&[WordId]>, len: usize) -> Vec<f32> {
        match self {
            Self::None(upstream) => {
                assert_eq!(upstream.len(), len, "upstream gradients and examples");
                upstream.to_vec()
            }
            Self::Sum(upstream) => vec![*upstream; len],
            Self::Mean(upstream) => {
                let weight = |t: &WordId| f64::from(options.target_weight(*t));
                let sum = targets.map_or(len as f64, |targets| targets.iter().map(weight).sum());
                let each = if sum > 0.0 { f64::from(*upstream) / sum } else { 0.0 };
                vec![each as f32; len]
            }
        }
    }
}

/// A distribution over words for each example. Words may repeat in a row; what a row sums to is its weight.
#[derive(Clone, Copy, Debug)]
pub struct SoftTargets<'a>(Distributions<'a>);

#[derive(Clone, Copy, Debug)]
enum Distributions<'a> {
    Sparse { offsets: &'a [u32], words: &'a [WordId], probabilities: &'a [f32] },
    Dense { probabilities: &'a [f32], vocab: usize },
}

impl<'a> SoftTargets<'a> {
    /// Lists of words with their probabilities, one after the other: example b has those from `offsets[b]` to
    /// `offsets[b + 1]`.
    ///
    /// # Errors
    /// Offsets that do not rise from 0 to the number of words, a word outside the vocabulary, a probability that is negative
    /// or not finite.
    pub fn sparse(offsets: &'a [u32], words: &'a [WordId], probabilities: &'a [f32], vocab: usize) -> Result<Self> {
        let bad = |name, value: f64, limit| Err(Error::OutOfRange { name, value, limit });
        if words.len() != probabilities.len() {
            return bad("probabilities of soft targets", probabilities.len() as f64, "as many as words");
        }
        let ends = offsets.first() == Some(&0) && offsets.last().is_some_and(|end| *end as usize == words.len());
        if !ends || offsets.windows(2).any(|o| o[0] > o[1]) {
            let last = offsets.last().copied().unwrap_or(0);
            return bad("offsets of soft targets", f64::from(last), "rising from 0 to the number of words");
        }
        if let Some(word) = words.iter().find(|w| **w as usize >= vocab) {
            return bad("word of a soft target", f64::from(*word), "in the vocabulary");
        }
        probabilities.iter().try_for_each(|p| not_negative("probability of a soft target", *p))?;
        Ok(Self(Distributions::Sparse { offsets, words, probabilities }))
    }

    /// A probability for every word: B×V, row after row.
    ///
    /// # Errors
    /// A row that is not as long as there are words; a probability that is negative or not finite.
    pub fn dense(probabilities: &'a [f32], vocab: usize) -> Result<Self> {
        if vocab == 0 || !probabilities.len().is_multiple_of(vocab) {
            let value = probabilities.len() as f64;
            return Err(Error::OutOfRange {
                name: "entries of soft targets",
                value,
                limit: "a multiple of the vocabulary size",
            });
        }
        probabilities.iter().try_for_each(|p| not_negative("probability of a soft target", *p))?;
        Ok(Self(Distributions::Dense { probabilities, vocab }))
    }

    /// Number of examples, B.
    pub fn len(&self) -> usize {
        match self.0 {
            Distributions::Sparse { offsets, .. } => offsets.len() - 1,
            Distributions::Dense { probabilities, vocab } => probabilities.len() / vocab,
        }
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first example that does not fit a vocabulary of `vocab` words, and its first word beyond it. Rows that give a
    /// probability to another number of words fit nowhere.
    pub fn outside(&self, vocab: usize) -> Option<(usize, WordId)> {
        match self.0 {
            Distributions::Sparse { offsets, words, .. } => {
                let at = words.iter().position(|word| *word as usize >= vocab)?;
                Some((offsets.partition_point(|offset| *offset as usize <= at) - 1, words[at]))
            }
            Distributions::Dense { vocab: given, .. } => {
                (given != vocab && !self.is_empty()).then_some((0, given as WordId))
            }
        }
    }

    /// The words of example b that have a probability, each with it.
    pub fn words_of(&self, b: usize) -> Box<dyn Iterator<Item = (WordId, f32)> + 'a> {
        match self.0 {
            Distributions::Sparse { offsets, words, probabilities } => {
                let range = offsets[b] as usize..offsets[b + 1] as usize;
                Box::new(words[range.clone()].iter().copied().zip(probabilities[range].iter().copied()))
            }
            Distributions::Dense { .. } => {
                let row = self.dense_row(b).unwrap_or_default();
                Box::new((0..).zip(row.iter().copied()).filter(|(_, p)| *p > 0.0))
            }
        }
    }

    /// The probability of every word for example b, where they are given like that.
    pub(super) fn dense_row(&self, b: usize) -> Option<&'a [f32]> {
        match self.0 {
            Distributions::Sparse { .. } => None,
            Distributions::Dense { probabilities, vocab } => Some(&probabilities[b * vocab..(b + 1) * vocab]),
        }
    }
}
