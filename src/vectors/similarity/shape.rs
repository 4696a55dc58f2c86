//! The common layout of the lines in a file, and the pair of a line.

use super::columns::{Columns, row_number};
use super::fields::{Field, Separator};
use super::number::{Marks, number};
use super::pairs::Pair;
use crate::error::EvaluationFault;

/// The common layout of the lines in a file.
pub struct Shape {
    /// The field separator.
    pub separator: Separator,
    /// The columns of the words and the score.
    pub columns: Columns,
    /// The number of fields in each line. With tabs, which never occur in words, columns after the score may be
    /// missing.
    pub fields: usize,
    /// Whether quotation marks enclose all fields in each of the two word columns.
    pub quotes: [bool; 2],
}

impl Shape {
    /// The pair of a line.
    pub fn pair(&self, line: u64, fields: &[Field], marks: &mut Marks) -> Result<Pair, EvaluationFault> {
        let Columns { a, b, score, numbered } = self.columns;
        // If no other mark closes it, an opening mark is part of the word.
        let closes = |at: usize| fields[at + 1..].iter().any(|field| !field.quoted && field.text.ends_with('"'));
        let broken = |at: &usize| {
            let used = *at == score || (*at == a || *at == b) && closes(*at);
            fields[*at].open && (self.separator.is_strict() || used)
        };
        if let Some(at) = (0..fields.len()).find(broken) {
            return Err(EvaluationFault::OpenQuote { text: fields[at].text.to_string() });
        }
        let needed = self.columns.needed();
        let expected = if self.separator == Separator::Tab { needed } else { self.fields.max(needed) };
        if fields.len() < expected || fields.len() > expected && self.separator != Separator::Tab {
            let (found, separator) = (fields.len(), self.separator.name());
            return Err(EvaluationFault::Fields { found, expected, separator });
        }
        if numbered && row_number(&fields[0].text).is_none() {
            return Err(EvaluationFault::FirstColumn { text: fields[0].text.to_string() });
        }
        let [all_a, all_b] = self.quotes;
        let word = |at: usize, all: bool| match fields[at].word(self.separator, all) {
            "" => Err(EvaluationFault::EmptyWord { column: at + 1 }),
            text => Ok(text.to_string()),
        };
        let text = &fields[score].text;
        let (value, mark) = number(text).ok_or_else(|| EvaluationFault::Number { text: text.to_string() })?;
        marks.meet(line, text, mark)?;
        Ok(Pair { a: word(a, all_a)?, b: word(b, all_b)?, score: value })
    }
}
