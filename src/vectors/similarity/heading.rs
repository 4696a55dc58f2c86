//! Headings: the names that people give to columns.

use super::fields::Field;

/// Names of a column of scores, letters and digits only.
const SCORES: &[&str] = &[
    "score",
    "mean",
    "rating",
    "similarity",
    "relatedness",
    "humanmean",
    "human",
    "simlex999",
    "simlex",
    "simverb",
    "gold",
    "average",
    "avg",
    "judgement",
    "judgment",
    "sim",
    "rel",
    "humanscore",
    "humanrating",
    "goldscore",
    "meanscore",
    "averagescore",
    "avgscore",
    "meanrating",
    "averagerating",
    "avgrating",
    "similarityscore",
    "relatednessscore",
    "simscore",
    "relscore",
];
/// Words in other names of such a column.
const SCORE_PARTS: &[&str] = &[
    "score",
    "mean",
    "rating",
    "similarity",
    "relatedness",
    "human",
    "gold",
    "average",
    "avg",
    "judgement",
    "judgment",
];
/// Words in names of columns beside it: how scores scatter, and how many there are.
const OTHER_PARTS: &[&str] = &[
    "sd",
    "std",
    "stdev",
    "stddev",
    "dev",
    "deviation",
    "var",
    "variance",
    "n",
    "num",
    "number",
    "count",
    "min",
    "max",
    "id",
    "rank",
    "type",
    "kind",
];
/// Names of columns of words, before their number or their letter.
const WORDS: &[&str] =
    &["word", "w", "wd", "term", "noun", "verb", "adjective", "token", "item", "lemma", "concept", "wort", "mot"];
/// Scores that are missing, or not finite.
const MISSING: &[&str] = &["nan", "na", "n/a", "null", "none", "nil", "inf", "infinity", "missing", "undefined"];

/// A name without signs and case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The columns that a heading names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The two columns of words.
    pub words: Option<(usize, usize)>,
    /// The column of scores.
    pub score: Option<usize>,
}

impl Names {
    /// Reads a heading. `numbers` says which columns hold numbers.
    pub fn new(heading: &[Field], numbers: impl Fn(usize) -> bool) -> Self {
        let names: Vec<String> = heading.iter().map(|field| plain(&field.text)).collect();
        let word = |ends: [&str; 2]| {
            let is =
                |name: &String| WORDS.iter().any(|stem| name.strip_prefix(stem).is_some_and(|end| ends.contains(&end)));
            names.iter().position(is)
        };
        let words = word(["1", "a"]).zip(word(["2", "b"]));
        let parts = |at: &usize| {
            let name = heading[*at].text.to_lowercase();
            let has = |known: &[&str]| name.split(|c: char| !c.is_alphabetic()).any(|part| known.contains(&part));
            has(SCORE_PARTS) && !has(OTHER_PARTS) && numbers(*at)
        };
        let score = names.iter().position(|name| SCORES.contains(&name.as_str()));
        Self { words, score: score.or_else(|| (0..names.len()).find(parts)) }
    }

    /// Whether words and score are named, as in no pair.
    pub fn are_all(&self) -> bool {
        self.words.is_some() && self.score.is_some()
    }

    /// The same, so many columns further right.
    pub fn shifted(self, by: usize) -> Self {
        Self { words: self.words.map(|(a, b)| (a + by, b + by)), score: self.score.map(|at| at + by) }
    }
}

/// Whether a text may be the name of a column of scores: not a number, nor what stands for a missing one.
pub fn may_name(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-', '.', ',']);
    let missing = MISSING.contains(&bare.to_lowercase().as_str());
    text.chars().any(char::is_alphabetic) && !bare.starts_with(|c: char| c.is_numeric()) && !missing
}

#[cfg(test)]
mod tests {
    use super::super::fields::{Separator, split};
    use super::*;

    #[test]
    fn known_headings_name_their_columns() {
        let names = |heading: &str| Names::new(&split(heading, Separator::Comma), |at| at > 1);
        let want = |words, score| Names { words, score };
        for (heading, found) in [
            ("Word 1,Word 2,Human (mean),1,2", want(Some((0, 1)), Some(2))),
            ("word1,word2,POS,SimLex999,conc(w1),SD(SimLex)", want(Some((0, 1)), Some(3))),
            (",Word_A,Word_B,SD score,n,Mean score (0-10)", want(Some((1, 2)), Some(5))),
            ("id,w1,pos,w2,pos,RATING", want(Some((1, 3)), Some(5))),
            ("score,left,right", want(None, Some(0))),
            ("the,one,x", want(None, None)),
        ] {
            assert_eq!(names(heading), found, "{heading}");
        }
        assert_eq!(names("word1,word2,mean").shifted(1), want(Some((1, 2)), Some(3)));
    }

    #[test]
    fn numbers_and_missing_ones_are_no_names() {
        assert!(["Score", "SimLex999", "Human (mean)", "Wert", "评分"].into_iter().all(may_name));
        assert!(["7.5x", "-5 or so", "nan", "-Inf", "N/A", "?", "", "7"].into_iter().all(|text| !may_name(text)));
    }
}
