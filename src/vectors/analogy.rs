//! Analogy questions: a is to b as c is to which word?

use super::forms::{Case, Forms};
use super::questions::Questions;
use super::ranking::{BLOCK, Query, best};
use crate::table::Threads;
use crate::vectors::WordVectors;
use crate::vocab::WordId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use super::ranking::Method;

/// Rules for asking questions and counting answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
pub enum AnalogyRules {
    /// Counts as word2vec's compute-accuracy: ignores the case of a to z; the words of the question are no answer.
    ///
    /// Among words that are equal in upper case, the first stands for all in a question. The score of an answer must be
    /// above 0. The first five sections are semantic.
    #[default]
    Word2vec,
    /// Ignores case by Unicode's rules; no form of the words of the question is an answer.
    ///
    /// Words are compared by canonical caseless matching. Sections whose name begins with `gram` are syntactic.
    Unicode,
    /// Compares words letter by letter.
    ///
    /// Sections are classified as in [`AnalogyRules::Unicode`].
    Exact,
}

impl AnalogyRules {
    /// The rule for equal words.
    pub const fn case(self) -> Case {
        match self {
            Self::Word2vec => Case::Ascii,
            Self::Unicode => Case::Fold,
            Self::Exact => Case::Exact,
        }
    }
}

/// Settings for answering analogy questions.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct AnalogyOptions {
    /// The rules for asking questions and counting answers.
    pub rules: AnalogyRules,
    /// The scoring of answers.
    pub method: Method,
    /// Restricts questions and answers to this many first words; `None` means all.
    pub first: Option<usize>,
    /// The number of threads.
    pub threads: usize,
}

impl AnalogyOptions {
    /// The default number of first words.
    pub const FIRST: u32 = 30_000;
}

impl Default for AnalogyOptions {
    fn default() -> Self {
        Self {
            rules: AnalogyRules::default(),
            method: Method::default(),
            first: Some(Self::FIRST as usize),
            threads: 1,
        }
    }
}

/// The number of right answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Score {
    /// Right answers.
    pub right: u64,
    /// Questions whose four words are known.
    pub asked: u64,
    /// All questions.
    pub questions: u64,
}

impl Score {
    /// Right answers as a share of the asked questions; `None` if none was asked.
    pub fn share(&self) -> Option<f64> {
        (self.asked > 0).then(|| self.right as f64 / self.asked as f64)
    }

    /// Right answers as a share of all questions. Questions with an unknown word count as wrong.
    pub fn share_unknown_as_wrong(&self) -> Option<f64> {
        (self.questions > 0).then(|| self.right as f64 / self.questions as f64)
    }

    fn add(self, other: &Self) -> Self {
        let Self { right, asked, questions } = other;
        Self { right: self.right + right, asked: self.asked + asked, questions: self.questions + questions }
    }
}

/// The score of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Section {
    /// The name of the section.
    pub name: String,
    /// Whether the section is semantic rather than syntactic.
    pub semantic: bool,
    /// The score.
    pub score: Score,
}

/// The scores of a file of questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Analogies {
    /// The name of the file.
    pub name: String,
    /// The scoring of answers.
    pub method: Method,
    /// The score of all questions.
    pub total: Score,
    /// The score of the semantic sections.
    pub semantic: Score,
    /// The score of the syntactic sections.
    pub syntactic: Score,
    /// The sections in the order of the file.
    pub sections: Vec<Section>,
}

/// Answers all questions. For Q questions with known words and V words of size d, 3CosAdd costs Q·V·d multiply-adds,
/// and 3CosMul three times as many. Memory: one tile a thread, besides the vectors.
pub fn analogies(vectors: &WordVectors, questions: &Questions, options: &AnalogyOptions) -> Analogies {
    let words = options.first.unwrap_or(usize::MAX).min(vectors.len());
    let forms = Forms::new(vectors, options.rules.case(), words);
    // Words with the same form, for rules under which these are excluded too.
    let mut same: BTreeMap<WordId, Vec<WordId>> = BTreeMap::new();
    if options.rules != AnalogyRules::Word2vec {
        (0..).zip(forms.classes()).for_each(|(id, class)| same.entry(*class).or_default().push(id));
    }
    let excluded = |word: &WordId| same.get(word).cloned().unwrap_or_else(|| vec![*word]);
    let (mut queries, mut expected) = (Vec::new(), Vec::new());
    for (number, section) in questions.sections.iter().enumerate() {
        for question in &section.questions {
            let known = question.iter().map(|word| forms.find(word)).collect::<Option<Vec<_>>>();
            let Some(&[a, b, c, d]) = known.as_deref() else { continue };
            let words = [a, b, c];
            queries.push(Query { words, excluded: words.iter().flat_map(excluded).collect() });
            expected.push((number, d));
        }
    }
    let units = vectors.units();
    let units = &units[..words * vectors.dim()];
    let floor = if options.rules == AnalogyRules::Word2vec { 0.0 } else { f32::NEG_INFINITY };
    let mut answers = vec![None; queries.len()];
    let blocks = queries.chunks(BLOCK).zip(answers.chunks_mut(BLOCK));
    Threads::new(options.threads).each(blocks, |(block, answers)| {
        answers.copy_from_slice(&best(units, vectors.dim(), block, options.method, floor));
    });
    let mut sections: Vec<_> =
        questions.sections.iter().enumerate().map(|(n, s)| section(n, s, questions, options)).collect();
    for ((number, right), answer) in expected.into_iter().zip(answers) {
        let score = &mut sections[number].score;
        score.asked += 1;
        score.right += u64::from(answer.is_some_and(|word| forms.classes()[word as usize] == right));
    }
    let sum = |which: &dyn Fn(&Section) -> bool| {
        sections.iter().filter(|s| which(s)).fold(Score::default(), |sum, s| sum.add(&s.score))
    };
    Analogies {
        name: questions.name.clone(),
        method: options.method,
        total: sum(&|_| true),
        semantic: sum(&|s| s.semantic),
        syntactic: sum(&|s| !s.semantic),
        sections,
    }
}

/// A section before its questions are answered.
fn section(number: usize, section: &super::QuestionSection, all: &Questions, options: &AnalogyOptions) -> Section {
    // compute-accuracy counts sections from 1; questions before the first have the number 0.
    let first = usize::from(!all.sections[0].name.is_empty());
    let semantic = match options.rules {
        AnalogyRules::Word2vec => number + first <= 5,
        AnalogyRules::Unicode | AnalogyRules::Exact => !section.name.starts_with("gram"),
    };
    let score = Score { questions: section.questions.len() as u64, ..Score::default() };
    Section { name: section.name.clone(), semantic, score }
}
