//! What a model is worth: the exact likelihood of held-out text and the distance from the truth; of word vectors, similarity and
//! analogies.
//!
//! | measure | of | is |
//! |---|---|---|
//! | [`held_out`] | a model | −ln P of held-out words, exact and normalized |
//! | [`excess_nats`] | a model | the distance from the truth, where it is known |
//! | [`similarity`] | vectors | Spearman's ρ between people's judgements and cosines |
//! | [`analogies`] | vectors | the share of right answers to "a is to b as c is to …" |
//! | [`neighbours`], [`answers`] | vectors | the nearest words, the best answers |
//! | [`evaluate`] | files of vectors | the last two measures of each, and their means with intervals |

mod analogy;
mod best;
mod evaluation;
mod excess;
mod forms;
mod likelihood;
mod nearest;
mod questions;
mod ranks;
mod similarity;

pub use analogy::{Analogies, AnalogyOptions, Method, Rules, Score, Section, analogies};
pub use evaluation::{Evaluation, EvaluationOptions, FileScores, Mean, Means, evaluate};
pub use excess::{EXACT_VOCAB, excess_nats};
pub use forms::Case;
pub use likelihood::{HeldOut, LnZ, held_out, held_out_by};
pub use nearest::{Neighbour, answers, neighbours};
pub use questions::{Question, QuestionSection, Questions};
pub use similarity::{Pair, Pairs, Similarity, similarity};
