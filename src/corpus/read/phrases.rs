//! Joins pairs of words that belong together into one word.

use super::numbers::{Sink, Text};
use crate::corpus::Joins;
use crate::error::{Error, Result, TextFault};
use crate::vocab::{Interner, WordId};
use hashbrown::HashMap;

/// A measure of how much more often two words are adjacent than expected by chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
pub enum PhraseScore {
    /// The score of word2phrase.
    ///
    /// (n(ab) − δ) / (n(a)·n(b)) · N over a text of N words (Mikolov et al. 2013b, eq. 6; the factor N comes from
    /// word2phrase.c).
    #[default]
    Word2Phrase,
    /// Normalized pointwise mutual information, from -1 to 1.
    ///
    /// ln(p(ab) / (p(a)·p(b))) / −ln p(ab) (Bouma 2009).
    Npmi,
}

impl PhraseScore {
    /// The score of two words that occur `a` and `b` times, and adjacent `together` times, in a text of `tokens` words.
    pub fn score(self, together: u64, a: u64, b: u64, tokens: u64, discount: u64) -> f64 {
        let [together, a, b, tokens] = [together, a, b, tokens].map(|n| n as f64);
        match self {
            Self::Word2Phrase => (together - discount as f64) / a / b * tokens,
            // A text that consists of a single pair: certain, instead of 0 / 0.
            Self::Npmi if together >= tokens => 1.0,
            Self::Npmi => (together * tokens / (a * b)).ln() / -(together / tokens).ln(),
        }
    }

    /// The default threshold: 100 for word2phrase, 0.5 for NPMI.
    pub fn default_threshold(self) -> f64 {
        match self {
            Self::Word2Phrase => 100.0,
            Self::Npmi => 0.5,
        }
    }
}

/// Rules that turn pairs of words into phrases, in one or more passes. Two passes make phrases of up to four words.
///
/// A pass counts the pairs within lines. It then goes through each line from the left, joins the first pair whose score
/// is above the threshold, and continues after that pair. word2phrase.c does the same but also counts pairs across line
/// ends, which it never joins either. Words and pairs that occur fewer than `min_count` times form no phrase. Memory:
/// about 40 bytes for each distinct pair of sufficiently frequent words.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrases {
    score: PhraseScore,
    min_count: u64,
    thresholds: Vec<f64>,
    delimiter: String,
}

impl Phrases {
    /// One pass for each of `thresholds`. `min_count` is also δ, and `delimiter` (usually `_`) is placed between the
    /// words.
    ///
    /// # Errors
    /// No threshold or more than 16; a threshold that is NaN; for [`PhraseScore::Npmi`] a threshold outside −1 to 1;
    /// white space in the delimiter.
    pub fn new(score: PhraseScore, min_count: u64, thresholds: &[f64], delimiter: &str) -> Result<Self> {
        if !(1..=16).contains(&thresholds.len()) {
            let value = thresholds.len() as f64;
            return Err(Error::OutOfRange { name: "passes for phrases", value, limit: "from 1 to 16" });
        }
        for &value in thresholds {
            let (fits, limit) = match score {
                PhraseScore::Word2Phrase => (value >= 0.0, "0 or more"),
                PhraseScore::Npmi => ((-1.0..=1.0).contains(&value), "from -1 to 1 for npmi"),
            };
            if !fits {
                return Err(Error::OutOfRange { name: "threshold of phrases", value, limit });
            }
        }
        if delimiter.contains(char::is_whitespace) {
            return Err(TextFault::BadDelimiter { delimiter: delimiter.into() }.into());
        }
        Ok(Self { score, min_count: min_count.max(1), thresholds: thresholds.into(), delimiter: delimiter.into() })
    }

    /// Joins the phrases in a text of numbers, and stores the joined pairs in the text.
    pub(in crate::corpus) fn join<S: Sink>(&self, text: &mut Text<S>, seen: &mut Interner) -> Result<()> {
        let mut passes = Vec::new();
        for threshold in &self.thresholds {
            let pairs = self.pairs(text, seen, *threshold)?;
            let counts = seen.counts_mut();
            let joined = &mut text.ledger.joined;
            text.ids.rewrite(&mut text.ends, &mut |line, out| {
                let mut rest = line;
                while let [a, tail @ ..] = rest {
                    let phrase = tail.first().and_then(|b| Some((b, *pairs.get(&(*a, *b))?)));
                    let Some((b, phrase)) = phrase else {
                        out.push(*a);
                        rest = tail;
                        continue;
                    };
                    counts[*a as usize] -= 1;
                    counts[*b as usize] -= 1;
                    counts[phrase as usize] += 1;
                    *joined += 1;
                    out.push(phrase);
                    rest = &tail[1..];
                }
            })?;
            passes.push(pairs);
        }
        text.joins = Some(Joins::new(passes, seen)?);
        Ok(())
    }

    /// The pairs above a threshold, each with the number of its phrase.
    fn pairs<S: Sink>(
        &self,
        text: &Text<S>,
        seen: &mut Interner,
        threshold: f64,
    ) -> Result<HashMap<(WordId, WordId), WordId>> {
        let counts = seen.counts();
        let frequent = |word: WordId| counts[word as usize] >= self.min_count;
        let mut pairs: HashMap<(WordId, WordId), u64> = HashMap::new();
        text.ids.for_each(&text.ends, &mut |line| {
            for pair in line.windows(2) {
                if frequent(pair[0]) && frequent(pair[1]) {
                    *pairs.entry((pair[0], pair[1])).or_default() += 1;
                }
            }
        })?;
        let tokens = counts.iter().sum();
        pairs.retain(|(a, b), together| {
            let (a, b) = (counts[*a as usize], counts[*b as usize]);
            *together >= self.min_count && self.score.score(*together, a, b, tokens, self.min_count) > threshold
        });
        // Sorted, so that the numbers of phrases do not depend on the hash.
        let mut joined: Vec<_> = pairs.into_keys().collect();
        joined.sort_unstable();
        let number = |(a, b): (WordId, WordId)| {
            let phrase = format!("{}{}{}", seen.word(a), self.delimiter, seen.word(b));
            Ok(((a, b), seen.number(&phrase)?))
        };
        joined.into_iter().map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Corpus, Ledger, Source, SpooledCorpus, TextRules};
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn rules(phrases: Phrases) -> TextRules {
        TextRules { phrases: Some(phrases), ..TextRules::min_count(1) }
    }

    fn join(text: &str, phrases: Phrases) -> (Vec<Vec<String>>, Ledger) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let (vocab, corpus) = Corpus::read(&Source::plain(&[file.path()]), &rules(phrases.clone())).unwrap();
        let words = |s: &[WordId]| s.iter().map(|&w| vocab.word(w).to_owned()).collect();
        let mut counts = vec![0; vocab.len()];
        corpus.tokens().iter().for_each(|&w| counts[w as usize] += 1);
        assert_eq!(counts, vocab.counts().as_slice());
        let dir = tempfile::tempdir().unwrap();
        let (_, spooled) = SpooledCorpus::read(&Source::plain(&[file.path()]), &rules(phrases), dir.path()).unwrap();
        crate::corpus::read::spool::assert_same(&corpus, &spooled);
        (corpus.sentences().map(words).collect(), corpus.ledger())
    }

    /// A pass over strings, written directly from the definition.
    fn naive(lines: &[Vec<String>], score: PhraseScore, min: u64, threshold: f64) -> Vec<Vec<String>> {
        let (mut words, mut pairs) = (HashMap::new(), HashMap::new());
        for line in lines {
            line.iter().for_each(|w| *words.entry(w).or_insert(0u64) += 1);
            line.windows(2).for_each(|p| *pairs.entry((&p[0], &p[1])).or_insert(0u64) += 1);
        }
        let n = words.values().sum::<u64>();
        let good = |a: &String, b: &String| {
            let (ab, na, nb) = (pairs[&(a, b)], words[a], words[b]);
            let enough = ab >= min && na >= min && nb >= min;
            let (ab, na, nb, n) = (ab as f64, na as f64, nb as f64, n as f64);
            enough
                && threshold
                    < match score {
                        PhraseScore::Word2Phrase => (ab - min as f64) / na / nb * n,
                        PhraseScore::Npmi => ((ab * n) / (na * nb)).ln() / -(ab / n).ln(),
                    }
        };
        let joined = |line: &Vec<String>| {
            let (mut out, mut i) = (Vec::new(), 0);
            while i < line.len() {
                if i + 1 < line.len() && good(&line[i], &line[i + 1]) {
                    out.push(format!("{}_{}", line[i], line[i + 1]));
                    i += 2;
                } else {
                    out.push(line[i].clone());
                    i += 1;
                }
            }
            out
        };
        lines.iter().map(joined).collect()
    }

    #[test]
    fn thresholds_without_sense_are_refused() {
        let new = |score, t: &[f64]| Phrases::new(score, 5, t, "_");
        assert!(new(PhraseScore::Word2Phrase, &[]).is_err() && new(PhraseScore::Word2Phrase, &[1.0; 17]).is_err());
        assert!(new(PhraseScore::Word2Phrase, &[f64::NAN]).is_err() && new(PhraseScore::Word2Phrase, &[-1.0]).is_err());
        assert!(new(PhraseScore::Npmi, &[1.5]).is_err() && new(PhraseScore::Npmi, &[0.5]).is_ok());
        assert!(Phrases::new(PhraseScore::Npmi, 5, &[0.5], " ").is_err());
    }

    #[test]
    fn two_passes_make_phrases_of_four() {
        let text = "new york times square is in new york city\n".repeat(8) + &"other words in a line\n".repeat(9);
        let phrases = Phrases::new(PhraseScore::Npmi, 2, &[0.6, 0.6], "_").unwrap();
        let (lines, ledger) = join(&text, phrases);
        assert_eq!(lines[0][0], "new_york_times_square");
        assert!(ledger.joined > 0 && ledger.adds_up(), "{ledger}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn phrases_are_those_of_the_definition(
            text in "([a-d]( [a-d]){0,7}\n){1,20}",
            min in 1u64..3,
            npmi: bool,
            thresholds in prop::collection::vec(0.0..2.0f64, 1..3),
        ) {
            let (score, scale) = if npmi { (PhraseScore::Npmi, 0.5) } else { (PhraseScore::Word2Phrase, 1.0) };
            let thresholds: Vec<_> = thresholds.iter().map(|t| t * scale).collect();
            let mut want: Vec<Vec<String>> =
                text.lines().map(|l| l.split(' ').map(String::from).collect()).collect();
            let tokens: usize = want.iter().map(Vec::len).sum();
            prop_assume!(tokens > 2);
            for &threshold in &thresholds {
                want = naive(&want, score, min, threshold);
            }
            let (got, ledger) = join(&text, Phrases::new(score, min, &thresholds, "_").unwrap());
            prop_assert_eq!(got, want);
            prop_assert!(ledger.adds_up() && ledger.tokens == tokens as u64);
        }
    }
}
