//! Files of analogy questions, as word2vec's questions-words.txt.

use super::similarity::{lines, name};
use crate::error::{Error, EvaluationFault, Result};
use crate::files;
use std::io::BufRead;
use std::path::Path;

/// a is to b as c is to d.
pub type Question = [String; 4];

/// Questions of a kind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuestionSection {
    /// What they are about; empty for questions before the first heading.
    pub name: String,
    /// The questions.
    pub questions: Vec<Question>,
}

/// The questions of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Questions {
    /// The file's name.
    pub name: String,
    /// The sections in the order of the file.
    pub sections: Vec<QuestionSection>,
}

impl Questions {
    /// Reads a file: a question of four words a line; a line that begins with a colon is the heading of a section.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotUtf8`], and [`Error::EvaluationFile`] with the line.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&mut files::text(path)?, path)
    }

    /// The same from any source; errors call it `path`.
    ///
    /// # Errors
    /// As [`Questions::read`].
    pub fn parse(source: &mut dyn BufRead, path: &Path) -> Result<Self> {
        let mut sections: Vec<QuestionSection> = Vec::new();
        let mut last = 0;
        lines(source, path, &mut |line, text| {
            last = line;
            if let Some(name) = text.trim_start().strip_prefix(':') {
                sections.push(QuestionSection { name: name.trim().into(), questions: Vec::new() });
                return Ok(());
            }
            let words: Vec<String> = text.split_whitespace().map(String::from).collect();
            if words.is_empty() {
                return Ok(());
            }
            let question = Question::try_from(words).map_err(|words| {
                let fault = EvaluationFault::NoQuestion { words: words.len() };
                Error::EvaluationFile { path: path.into(), line, fault }
            })?;
            if sections.is_empty() {
                sections.push(QuestionSection { name: String::new(), questions: Vec::new() });
            }
            sections.last_mut().expect("one at least").questions.push(question);
            Ok(())
        })?;
        if sections.iter().all(|section| section.questions.is_empty()) {
            return Err(Error::EvaluationFile { path: path.into(), line: last, fault: EvaluationFault::Empty });
        }
        Ok(Self { name: name(path), sections })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Err(Error::EvaluationFile { line, fault, .. }) => (line, fault),
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(": a\na b c d\na b c\n"), (3, EvaluationFault::NoQuestion { words: 3 }));
        assert_eq!(fault("a b c d e\n"), (1, EvaluationFault::NoQuestion { words: 5 }));
        assert_eq!(fault(": a\n: b\n"), (2, EvaluationFault::Empty));
        assert_eq!(fault(""), (0, EvaluationFault::Empty));
    }
}
