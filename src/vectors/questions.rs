//! Files of analogy questions in the format of word2vec's questions-words.txt.

use super::similarity::{is_pair, is_silent, lines, name, number};
use crate::error::{EvaluationFault, Result};
use crate::files;
use std::io::BufRead;
use std::path::Path;

/// The question "a is to b as c is to d".
pub type Question = [String; 4];

/// A section of questions of one kind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuestionSection {
    /// The heading; empty for questions before the first heading.
    pub name: String,
    /// The questions.
    pub questions: Vec<Question>,
}

/// The questions of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Questions {
    /// The name of the file.
    pub name: String,
    /// The sections in the order of the file.
    pub sections: Vec<QuestionSection>,
    /// The line of the first question, from 1.
    pub(crate) line: u64,
}

impl Questions {
    /// Reads a file in the format of Google's questions-words.txt: one question of four words a line, separated by
    /// white space. A line that begins with a colon is the heading of a section. A line that begins with `#` is a
    /// comment.
    ///
    /// BATS files (a word and its answers a line), files of word pairs with scores, and lines with other numbers of
    /// words are refused.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io), [`Error::NotUtf8`](crate::Error::NotUtf8), and
    /// [`Error::EvaluationFile`](crate::Error::EvaluationFile) with the line.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&mut *files::text(path)?, path)
    }

    /// Like [`Questions::read`], from any source; `path` is used in errors.
    ///
    /// # Errors
    /// The errors of [`Questions::read`].
    pub fn parse(source: &mut dyn BufRead, path: &Path) -> Result<Self> {
        let mut sections: Vec<QuestionSection> = Vec::new();
        let (mut last, mut first, mut scored) = (0, 0, true);
        lines(source, path, &mut |line, text| {
            last = line;
            if is_silent(text) {
                return Ok(());
            }
            if let Some(name) = text.trim_start().strip_prefix(':') {
                sections.push(QuestionSection { name: name.trim().into(), questions: Vec::new() });
                return Ok(());
            }
            let words: Vec<String> = text.split_whitespace().map(String::from).collect();
            if words.len() == 4 && [',', ';'].into_iter().any(|sign| words[..3].iter().all(|word| word.ends_with(sign)))
            {
                return Err(not_a_question(text, 4).in_file(path, line));
            }
            let question = Question::try_from(words).map_err(|words| {
                let fault = not_a_question(text, words.len());
                fault.in_file(path, line)
            })?;
            if first == 0 {
                first = line;
            }
            scored &= number(&question[3]).is_some() && number(&question[1]).is_none();
            if sections.is_empty() {
                sections.push(QuestionSection { name: String::new(), questions: Vec::new() });
            }
            sections.last_mut().expect("one at least").questions.push(question);
            Ok(())
        })?;
        let fault = |line, fault: EvaluationFault| Err(fault.in_file(path, line));
        match first {
            0 => fault(last, EvaluationFault::Empty),
            // If the last word of every line is a number and the second word never is, the lines are scored pairs.
            _ if scored => fault(first, EvaluationFault::PairNoQuestion),
            line => Ok(Self { name: name(path), sections, line }),
        }
    }
}

/// The fault of a line that does not have four words.
fn not_a_question(line: &str, words: usize) -> EvaluationFault {
    let separated =
        [(',', "commas"), (';', "semicolons"), (':', "colons")].into_iter().find_map(|(sign, separator)| {
            let words = line.split(sign).filter(|word| !word.trim().is_empty()).count();
            matches!(words, 2 | 4).then_some(EvaluationFault::Separated { words, separator })
        });
    match words {
        2 if is_bats(line) || line.contains('\t') => EvaluationFault::Bats,
        _ if is_pair(line) => EvaluationFault::PairNoQuestion,
        words => separated.unwrap_or(EvaluationFault::NoQuestion { words }),
    }
}

/// Whether a line is a word and answers separated by slashes.
fn is_bats(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words[..], [_, answers] if answers.contains('/'))
}

/// The fault of a line that belongs in a file of questions rather than of pairs.
pub fn foreign(line: &str) -> Option<EvaluationFault> {
    let words = line.split_whitespace().count();
    let question = line.starts_with(':') || words == 4 && !line.split_whitespace().any(|word| number(word).is_some());
    match () {
        () if question => Some(EvaluationFault::QuestionNoPair),
        () if is_bats(line) => Some(EvaluationFault::Bats),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn parse(text: &str) -> Result<Questions> {
        Questions::parse(&mut text.as_bytes(), Path::new("q.txt"))
    }

    #[test]
    fn sections_and_questions() {
        let found = parse("a b c d\n: first one\r\nA  B\tC D\r\n\n: none\n:third\ne f g h").unwrap();
        let names: Vec<_> = found.sections.iter().map(|s| (s.name.as_str(), s.questions.len())).collect();
        assert_eq!(names, [("", 1), ("first one", 1), ("none", 0), ("third", 1)]);
        assert_eq!(found.sections[1].questions[0], ["A", "B", "C", "D"]);
    }

    #[test]
    fn bad_files_are_refused_with_the_line() {
        let fault = |text: &str| match parse(text) {
            Err(Error::EvaluationFile { line, fault, .. }) => (line, *fault),
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(": a\na b c d\na b c\n"), (3, EvaluationFault::NoQuestion { words: 3 }));
        assert_eq!(fault("a b c d e\n"), (1, EvaluationFault::NoQuestion { words: 5 }));
        let separated = |words, separator| EvaluationFault::Separated { words, separator };
        assert_eq!(fault("a,b,c,d\n"), (1, separated(4, "commas")));
        assert_eq!(fault("a, b, c, d\n"), (1, separated(4, "commas")));
        assert_eq!(fault("a; b; c; d\n"), (1, separated(4, "semicolons")));
        assert_eq!(fault("a : b :: c : d\n"), (1, separated(4, "colons")));
        assert_eq!(fault("good:better\n"), (1, separated(2, "colons")));
        assert_eq!(fault("a b c d\re f g h\r"), (1, EvaluationFault::LineEnds));
        assert_eq!(fault(": a\n: b\n"), (2, EvaluationFault::Empty));
        assert_eq!(fault(""), (0, EvaluationFault::Empty));
    }
}
