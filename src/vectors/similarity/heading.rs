//! Headings: recognizes the usual names of columns.

use super::fields::Field;
use super::number::number;

/// Names of a column of scores, reduced to letters and digits.
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
/// Words in other names of a score column.
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
/// Words in names of columns beside the scores: measures of spread, and counts.
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
    "se",
    "sem",
    "freq",
    "frequency",
    "anzahl",
    "nr",
    "no",
    "nb",
    "rang",
    "effectif",
];
/// Words in names of columns that classify the pairs.
const KIND_PARTS: &[&str] =
    &["pos", "tag", "relation", "category", "class", "label", "domain", "set", "split", "source", "comment", "sense"];
/// Names of columns of words, without their number or letter.
const WORDS: &[&str] =
    &["word", "w", "wd", "term", "noun", "verb", "adjective", "token", "item", "lemma", "concept", "wort", "mot"];
/// Markers for scores that are missing or not finite.
const MISSING: &[&str] = &["nan", "na", "n/a", "null", "none", "nil", "inf", "infinity", "missing", "undefined"];

/// A name in lower case, without other characters than letters and digits.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The columns named in a heading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The two columns of words.
    pub words: Option<(usize, usize)>,
    /// The column of scores.
    pub score: Option<usize>,
    /// The columns with a name, as bits.
    pub named: u64,
    /// The columns named for other facts than scores, or for the scores of single people, as bits.
    pub others: u64,
}

/// The bit of a column; 0 for columns too far to the right.
fn bit(at: usize) -> u64 {
    1u64.checked_shl(at as u32).unwrap_or(0)
}

/// Whether one of the words in a name is in `known`.
fn has(name: &str, known: &[&str]) -> bool {
    name.to_lowercase().split(|c: char| !c.is_alphabetic()).any(|part| known.contains(&part))
}

/// Whether a name describes another fact than a score.
pub fn is_other(name: &str) -> bool {
    has(name, OTHER_PARTS)
}

impl Names {
    /// Reads a heading. `numbers` tells which columns hold numbers.
    pub fn new(heading: &[Field], numbers: impl Fn(usize) -> bool) -> Self {
        let names: Vec<String> = heading.iter().map(|field| plain(&field.text)).collect();
        let word = |ends: [&str; 2]| {
            let is =
                |name: &String| WORDS.iter().any(|stem| name.strip_prefix(stem).is_some_and(|end| ends.contains(&end)));
            names.iter().position(is)
        };
        let words = word(["1", "a"]).zip(word(["2", "b"]));
        let parts = |at: &usize| {
            let name = &heading[*at].text;
            has(name, SCORE_PARTS) && !is_other(name) && numbers(*at)
        };
        let score = names.iter().position(|name| SCORES.contains(&name.as_str()));
        // "r1", "r2", … are single people.
        let stem = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let series = |at: usize| {
            let of = |name: &str| (stem(name) < name.len()).then(|| name[..stem(name)].to_string());
            let own = of(&names[at]);
            own.is_some() && (0..names.len()).any(|other| other != at && of(&names[other]) == own)
        };
        let bits = |is: &dyn Fn(usize) -> bool| (0..names.len()).filter(|at| is(*at)).fold(0, |all, at| all | bit(at));
        Self {
            words,
            score: score.or_else(|| (0..names.len()).find(parts)),
            named: bits(&|at| !names[at].is_empty()),
            others: bits(&|at| is_other(&heading[at].text) || has(&heading[at].text, KIND_PARTS) || series(at)),
        }
    }

    /// Whether a column has a name.
    pub fn has_name(&self, at: usize) -> bool {
        self.named & bit(at) != 0
    }

    /// Whether a column has a name that does not describe scores.
    pub fn is_other(&self, at: usize) -> bool {
        self.others & bit(at) != 0
    }

    /// Whether the heading names both words and score, which a line with a pair never does.
    pub fn are_all(&self) -> bool {
        self.words.is_some() && self.score.is_some()
    }

    /// The same names, moved `by` columns to the right.
    pub fn shifted(self, by: usize) -> Self {
        Self {
            words: self.words.map(|(a, b)| (a + by, b + by)),
            score: self.score.map(|at| at + by),
            named: self.named << by,
            others: self.others << by,
        }
    }
}

/// Whether an unknown name may be a mistyped score, such as "l.5", "approx 7" or "O". Such a name contains a digit or a
/// decimal mark but no range of scores in brackets, or is a letter that looks like a digit.
pub fn may_be_score(text: &str) -> bool {
    let range = |text: &str| {
        let inner = text.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
        inner.is_some_and(|(name, range)| {
            !name.contains(|c: char| c.is_numeric() || c == '.' || c == ',')
                && range.split_once(['-', '–']).is_some_and(|(a, b)| number(a).is_some() && number(b).is_some())
        })
    };
    let digit = ["O", "o", "l", "I"].contains(&text);
    digit || text.contains(|c: char| c.is_numeric() || c == '.' || c == ',') && !range(text)
}

/// Whether a text may be the name of a score column: neither a number nor a marker for a missing one.
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
        let both = |names: Names| (names.words, names.score);
        let names = |heading: &str| Names::new(&split(heading, Separator::Comma), |at| at > 1);
        let want = |words, score| (words, score);
        for (heading, found) in [
            ("Word 1,Word 2,Human (mean),1,2", want(Some((0, 1)), Some(2))),
            ("word1,word2,POS,SimLex999,conc(w1),SD(SimLex)", want(Some((0, 1)), Some(3))),
            (",Word_A,Word_B,SD score,n,Mean score (0-10)", want(Some((1, 2)), Some(5))),
            ("id,w1,pos,w2,pos,RATING", want(Some((1, 3)), Some(5))),
            ("score,left,right", want(None, Some(0))),
            ("the,one,x", want(None, None)),
        ] {
            assert_eq!(both(names(heading)), found, "{heading}");
        }
        let shifted = names("word1,word2,n,mean").shifted(1);
        assert_eq!(both(shifted), want(Some((1, 2)), Some(4)));
        assert!(shifted.is_other(3) && !shifted.is_other(4) && shifted.has_name(4) && !shifted.has_name(0));
        let people = names("left,right,r1,r2,mittel,");
        let columns: Vec<_> = (0..6).filter(|at| people.has_name(*at) && !people.is_other(*at)).collect();
        assert_eq!(columns, [0, 1, 4]);
    }

    #[test]
    fn numbers_and_missing_ones_are_no_names() {
        assert!(["Score", "SimLex999", "Human (mean)", "Wert", "评分"].into_iter().all(may_name));
        assert!(["l.5", "O,5", "n.a.", "e5", "approx 7", "O"].into_iter().all(may_be_score));
        assert!(["Wert (0-10)", "Wert", "x", "评分"].into_iter().all(|text| !may_be_score(text)));
        assert!(["7.5x", "-5 or so", "nan", "-Inf", "N/A", "?", "", "7"].into_iter().all(|text| !may_name(text)));
    }
}
