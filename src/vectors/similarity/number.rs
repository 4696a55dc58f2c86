//! Scores with a decimal point or a decimal comma; a file uses only one of them.

use crate::error::EvaluationFault;

/// The mark between the integer part and the fraction of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// No mark.
    None,
    /// A decimal point.
    Point,
    /// A decimal comma, or a thousands separator.
    Comma,
}

/// Parses a finite decimal number.
pub fn number(text: &str) -> Option<(f64, Mark)> {
    let signs = |byte: u8| byte.is_ascii_digit() || b"+-.,eE".contains(&byte);
    if !text.bytes().all(signs) || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mark = match (text.matches('.').count(), text.matches(',').count()) {
        (0, 0) => Mark::None,
        (1, 0) => Mark::Point,
        (0, 1) => Mark::Comma,
        _ => return None,
    };
    if let Some((whole, fraction)) = text.split_once(',') {
        let digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        if !digit(whole.bytes().last()) || !digit(fraction.bytes().next()) {
            return None;
        }
    }
    let value = text.replacen(',', ".", 1).parse::<f64>().ok().filter(|value| value.is_finite())?;
    Some((value, mark))
}

/// Whether the text consists of digits only.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a comma may be a thousands separator: one to three digits, the first not 0, before it and three after it.
fn may_be_thousands(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    text.split_once(',').is_some_and(|(whole, rest)| {
        is_digits(whole) && whole.len() <= 3 && !whole.starts_with('0') && is_digits(rest) && rest.len() == 3
    })
}

/// The decimal marks in the scores of a file.
#[derive(Default)]
pub struct Marks {
    point: Option<(u64, String)>,
    comma: Option<(u64, String)>,
    /// Whether a score without a mark occurred.
    whole: bool,
    /// Whether a comma occurred that cannot be a thousands separator.
    decimal: bool,
}

impl Marks {
    /// Records the mark of a score.
    pub fn meet(&mut self, line: u64, text: &str, mark: Mark) -> Result<(), EvaluationFault> {
        let (own, other) = match mark {
            Mark::None => {
                self.whole = true;
                return Ok(());
            }
            Mark::Point => (&mut self.point, &self.comma),
            Mark::Comma => (&mut self.comma, &self.point),
        };
        if let Some((line, other)) = other {
            return Err(EvaluationFault::TwoMarks { text: text.into(), other: other.clone(), line: *line });
        }
        own.get_or_insert_with(|| (line, text.into()));
        self.decimal |= mark == Mark::Comma && !may_be_thousands(text);
        Ok(())
    }

    /// Refuses possible thousands separators beside numbers without commas, since the order of such scores is
    /// ambiguous.
    pub fn check(self) -> Result<(), (u64, EvaluationFault)> {
        match self.comma {
            Some((line, text)) if self.whole && !self.decimal => Err((line, EvaluationFault::Thousands { text })),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_mark_at_most() {
        for (text, value, mark) in [
            ("7.35", 7.35, Mark::Point),
            ("7,35", 7.35, Mark::Comma),
            ("-0,5", -0.5, Mark::Comma),
            ("+12", 12.0, Mark::None),
            (".5", 0.5, Mark::Point),
            ("1,5e-1", 0.15, Mark::Comma),
            ("1e2", 100.0, Mark::None),
        ] {
            assert_eq!(number(text), Some((value, mark)), "{text}");
        }
        for text in ["", ".", ",5", "5,", "1,000.5", "1.000,5", "1,0,0", "nan", "inf", "1e999", "e", "-", "x1", "٣"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_has_one_mark() {
        let check = |texts: &[&str]| {
            let mut marks = Marks::default();
            for (line, text) in (1..).zip(texts) {
                marks.meet(line, text, number(text).unwrap().1).map_err(|fault| (line, fault))?;
            }
            marks.check()
        };
        let two =
            |text: &str, other: &str, line| EvaluationFault::TwoMarks { text: text.into(), other: other.into(), line };
        assert_eq!(check(&["5", "7.5", "7,5"]), Err((3, two("7,5", "7.5", 2))));
        assert_eq!(check(&["1,000", "7.5"]), Err((2, two("7.5", "1,000", 1))));
        assert_eq!(check(&["5", "1,000"]), Err((2, EvaluationFault::Thousands { text: "1,000".into() })));
        for good in [&["7,35", "1,000", "5"][..], &["7.5", "1.000", "5"], &["1,250", "7,500"], &["0,125", "3"], &["3"]]
        {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
    }
}
