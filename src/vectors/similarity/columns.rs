//! Determines the columns of a file that hold the words and the score.

use super::fields::{Field, Separator};
use super::heading::Names;
use super::number::{Mark, is_digits, number};
use crate::error::EvaluationFault;

/// The number of columns examined. A column further right holds the score only if a heading says so.
const MOST: usize = 64;

/// Parts of speech as they occur in files.
const TAGS: &[&str] = &[
    "n",
    "v",
    "a",
    "j",
    "r",
    "s",
    "noun",
    "verb",
    "adj",
    "adv",
    "adjective",
    "adverb",
    // Tags of the Penn Treebank.
    "nn",
    "nns",
    "nnp",
    "nnps",
    "vb",
    "vbd",
    "vbg",
    "vbn",
    "vbp",
    "vbz",
    "jj",
    "jjr",
    "jjs",
    "rb",
    "rbr",
    "rbs",
    "cd",
    "md",
    "prp",
    "dt",
    "fw",
    "uh",
    // Universal tags.
    "propn",
    "num",
    "pron",
    "adp",
    "aux",
    "det",
    "intj",
    "sconj",
    "cconj",
];

/// The columns of a pair in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The first word.
    pub a: usize,
    /// The second word.
    pub b: usize,
    /// The score.
    pub score: usize,
    /// Whether the first column numbers the rows.
    pub numbered: bool,
}

impl Columns {
    /// The minimum number of fields in a line.
    pub fn needed(&self) -> usize {
        self.a.max(self.b).max(self.score) + 1
    }
}

/// The number of a row: digits, possibly followed by a point, a bracket or a colon.
pub fn row_number(text: &str) -> Option<u64> {
    let digits = text.strip_suffix(['.', ')', ':']).unwrap_or(text);
    is_digits(digits).then(|| digits.parse().ok()).flatten()
}

/// Counts for one column.
#[derive(Clone, Copy, Default)]
struct Column {
    numbers: usize,
    /// Numbers with a fraction.
    fractions: usize,
    /// Fields of digits without quotation marks.
    digits: usize,
    /// Parts of speech.
    tags: usize,
    /// Single letters.
    letters: usize,
    /// Possible words: fields that are neither empty nor a number nor a part of speech.
    texts: usize,
    /// Possible words of a few capital letters, such as "SYN".
    labels: usize,
    /// Fields in quotation marks.
    quoted: usize,
}

/// Counts for all rows of a file.
pub struct Rows {
    columns: Vec<Column>,
    rows: usize,
    /// The number of fields in the first row.
    pub fields: usize,
    /// The first field of the first row.
    first: String,
    row_numbers: usize,
    /// The next row number, as long as all row numbers increase by one.
    next: Option<u64>,
}

impl Rows {
    /// Examines all rows.
    pub fn new<'a>(rows: impl Iterator<Item = Vec<Field<'a>>>) -> Self {
        let mut all = Self {
            columns: vec![Column::default(); MOST],
            rows: 0,
            fields: 0,
            first: String::new(),
            row_numbers: 0,
            next: None,
        };
        rows.for_each(|fields| all.add(&fields));
        all
    }

    fn add(&mut self, fields: &[Field]) {
        let first = fields.first().map_or("", |field| &field.text);
        let row = row_number(first);
        if self.rows == 0 {
            (self.fields, self.first, self.next) = (fields.len(), first.into(), row);
        }
        self.next = self.next.filter(|next| row == Some(*next)).and_then(|next| next.checked_add(1));
        self.row_numbers += usize::from(row.is_some());
        self.rows += 1;
        for (column, Field { text, quoted, .. }) in self.columns.iter_mut().zip(fields) {
            let number = number(text);
            column.numbers += usize::from(number.is_some());
            column.fractions += usize::from(number.is_some_and(|(_, mark)| mark != Mark::None));
            column.digits += usize::from(!quoted && is_digits(text));
            let tag = TAGS.iter().any(|tag| text.eq_ignore_ascii_case(tag));
            let other = !tag && number.is_none() && !text.is_empty();
            column.tags += usize::from(tag);
            column.texts += usize::from(other);
            column.labels += usize::from(other && text.len() < 6 && text.bytes().all(|byte| byte.is_ascii_uppercase()));
            column.quoted += usize::from(*quoted);
            column.letters += usize::from(text.chars().count() == 1 && text.chars().all(char::is_alphabetic));
        }
    }

    fn most(&self, count: usize) -> bool {
        count > 0 && 2 * count >= self.rows
    }

    /// Whether most rows have a number in a column.
    pub fn numbers(&self, at: usize) -> bool {
        self.columns.get(at).is_some_and(|column| self.most(column.numbers))
    }

    /// Whether the field of a column is in quotation marks in every row.
    pub fn quotes(&self, at: usize) -> bool {
        self.columns.get(at).is_some_and(|column| column.quoted == self.rows)
    }

    /// Whether the first column numbers the rows, followed by two words and a score.
    fn numbered(&self) -> bool {
        self.most(self.row_numbers) && !self.numbers(1) && !self.numbers(2)
    }

    /// Whether each of two words, the first in column `at`, is followed by a part of speech.
    fn tagged(&self, at: usize) -> bool {
        self.most(self.columns[at + 1].tags) && self.most(self.columns[at + 3].tags)
    }

    /// Guesses the columns from their content. Words come first, possibly after the row number and with a part of
    /// speech each. The score is in the first column of numbers after them.
    pub fn look(&self) -> Option<Columns> {
        let a = usize::from(self.numbered());
        let b = a + if self.tagged(a) { 2 } else { 1 };
        let score = (b + b - a..MOST).find(|at| self.numbers(*at))?;
        Some(Columns { a, b, score, numbered: a == 1 })
    }

    /// The columns by the names in a heading, or by their content if the heading does not name them.
    pub fn columns(&self, names: Names) -> Result<Columns, EvaluationFault> {
        if let Some((a, b)) = names.words {
            let score = self.score(names, a.max(b) + 1)?;
            let differ = score != a && score != b;
            return if differ { Ok(Columns { a, b, score, numbered: false }) } else { Err(EvaluationFault::NoPair) };
        }
        let mut columns = self.look().ok_or(EvaluationFault::NoPair)?;
        columns.score = self.score(names, columns.score)?;
        if columns.score <= columns.b || !self.begins_with_words(&columns, names) {
            return Err(EvaluationFault::FirstColumn { text: self.first.clone() });
        }
        let second = &self.columns[1];
        let vectors = second.numbers == self.rows && (self.fields > 3 || second.fractions > 0);
        if vectors && !self.numbers(0) { Err(EvaluationFault::Vectors) } else { Ok(columns) }
    }

    /// The column of scores: the column with such a name, or the only named column of numbers that does not hold other
    /// facts. If no column of numbers has a name, it is the first of them.
    fn score(&self, names: Names, from: usize) -> Result<usize, EvaluationFault> {
        if let Some(score) = names.score {
            return Ok(score);
        }
        let numbers = || (from..MOST).filter(|at| self.numbers(*at));
        let named: Vec<usize> = numbers().filter(|at| names.has_name(*at)).collect();
        let own: Vec<usize> = named.iter().copied().filter(|at| !names.is_other(*at)).collect();
        match if own.is_empty() { &named[..] } else { &own[..] } {
            [] => numbers().next().ok_or(EvaluationFault::NoPair),
            [score] => Ok(*score),
            [first, second, ..] => Err(EvaluationFault::ScoreName { columns: [first + 1, second + 1] }),
        }
    }

    /// Refuses rows with several columns of numbers.
    pub fn check_one_score(&self, columns: &Columns) -> Result<(), EvaluationFault> {
        match (columns.score + 1..MOST).find(|at| self.numbers(*at)) {
            Some(second) => Err(EvaluationFault::ScoreName { columns: [columns.score + 1, second + 1] }),
            None => Ok(()),
        }
    }

    /// Whether a third column of words follows the two, so that the pair is ambiguous.
    fn third_word(&self, columns: &Columns, names: Names) -> bool {
        let [a, b, third] =
            [columns.a, columns.b, columns.b + 1].map(|at| self.columns.get(at).copied().unwrap_or_default());
        let labels = third.labels == third.texts && !self.most(a.labels) && !self.most(b.labels);
        let next = columns.b + 1;
        columns.b == columns.a + 1 && columns.score > next && !names.is_other(next) && self.most(third.texts) && !labels
    }

    /// Whether the first column, or the one after the row numbers, certainly holds words.
    fn begins_with_words(&self, columns: &Columns, names: Names) -> bool {
        let counts_up = self.next.is_some() && self.rows > 1;
        // A single row counts as increasing as well.
        let may_count = self.next.is_some() && (self.rows > 1 || self.fields > 3);
        let (first, third) = (&self.columns[0], &self.columns[2]);
        if self.third_word(columns, names) {
            return false;
        }
        if columns.numbered {
            // Only SCWS has this layout. For few columns, "7 up N 5" may be two words and a part of speech.
            return columns.b == 3 || counts_up && third.tags < self.rows;
        }
        let number = self.most(first.numbers) && columns.score > 2;
        let label = columns.score > 2 && columns.b == 1 && first.letters == self.rows && self.rows > 1;
        !(may_count || number || label && third.tags < self.rows)
    }

    /// Whether "7,35" may be a score with a decimal comma that was split, since commas separate fields. Then digits
    /// follow digits in every row.
    pub fn may_be_split(&self, score: usize, separator: Separator) -> bool {
        let digits = |at: usize| self.columns.get(at).is_some_and(|column| column.digits == self.rows);
        separator == Separator::Comma && digits(score) && digits(score + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::split;
    use super::*;

    fn rows(text: &str) -> Rows {
        Rows::new(text.lines().map(|line| split(line, Separator::Space)))
    }

    #[test]
    fn the_looks_of_known_sets() {
        for (text, a, b, score) in [
            ("tiger cat 7.35", 0, 1, 2),
            ("old new A 1.58 2.7\ncat dog N 7 5", 0, 1, 3),
            ("squish squirt 5.88 6 7\na b 5 1 2", 0, 1, 2),
            ("1 river n lake n <b> _ 7.5 8 7\n2 run v go v _ _ 6 5 4", 1, 3, 7),
            ("river n lake n 7.5", 0, 2, 4),
            ("9 river n lake n _ _ 7.5\n4 run v go v _ _ 6", 1, 3, 7),
            ("0 river lake 7,35\n1 river sea 5", 1, 2, 3),
            ("1. river lake 7.5\n2. hill sea 6", 1, 2, 3),
            ("1 2 9.5\n1 3 9\n3 2 8", 0, 1, 2),
            ("7 seven 9.5\n3 three 9", 0, 1, 2),
            ("river NNS lake VBZ 7\nhill NNP sea JJR 5", 0, 2, 4),
            ("river PROPN lake NUM 7\nhill NOUN sea X 5", 0, 2, 4),
            ("river lake SYN 7\nhill sea COHYP 5", 0, 1, 3),
        ] {
            let columns = rows(text).columns(Names::default()).unwrap();
            assert_eq!((columns.a, columns.b, columns.score), (a, b, score), "{text}");
            assert_eq!(columns.numbered, a == 1);
        }
    }

    #[test]
    fn doubtful_columns_are_refused() {
        let first = |text: &str| EvaluationFault::FirstColumn { text: text.into() };
        for (text, fault) in [
            ("1 river 7.5\n2 lake 6", first("1")),
            ("1 2 3 9.5\n2 3 4 8", first("1")),
            ("5 river lake 7.5\n2 hill sea 6", first("5")),
            ("1 river lake 7.5", first("1")),
            ("1 river lake 7.5\nx hill sea 6\n3 a b 2", first("1")),
            ("7 up N 5\n8 down N 4", first("7")),
            ("3 50 up 5", first("3")),
            ("3 50 7 5", first("3")),
            ("7.5 river lake 3\n6.5 hill sea 4", first("7.5")),
            ("t book paper 7.46\nM cat tiger 7.35", first("t")),
            ("train king smaller 5.92\ntest cat tiger 7.35", first("train")),
            ("1 train king smaller 5.92\n2 test cat tiger 7.35", first("1")),
            ("river SUBST lake VERB 7", first("river")),
            ("river 0.5 0.1 -0.3\nlake 0.25 1 2", EvaluationFault::Vectors),
            ("river 0.5 0.1\nlake 0.25 1", EvaluationFault::Vectors),
            ("river lake", EvaluationFault::NoPair),
        ] {
            assert_eq!(rows(text).columns(Names::default()), Err(fault), "{text}");
        }
        // A heading removes the ambiguity.
        let names = Names { words: Some((1, 2)), score: Some(3), ..Names::default() };
        let columns = rows("t book paper 7.46\nM cat tiger 7.35").columns(names).unwrap();
        assert_eq!((columns.a, columns.b, columns.score, columns.needed()), (1, 2, 3, 4));
        let score = Names { score: Some(0), ..Names::default() };
        assert_eq!(rows("7.5 river lake 3\n6.5 hill sea 4").columns(score), Err(first("7.5")));
    }
}
