//! What became of a text.

use super::unsplit::Unsplit;
use serde::Serialize;
use std::fmt;

/// What became of the words of a text. Nothing is dropped that is not here:
/// `tokens = kept + rare + over_limit + unknown + joined + invalid + too_long`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ledger {
    /// Files read, standard input among them.
    pub files: u64,
    /// Lines read.
    pub lines: u64,
    /// Pieces that lines were cut into beyond one each, being longer than [`LONGEST_LINE`](crate::corpus::LONGEST_LINE) bytes.
    pub cut_lines: u64,
    /// Sequences of bytes that were no UTF-8, and NUL bytes, that became U+FFFD.
    pub replaced: u64,
    /// Words read.
    pub tokens: u64,
    /// Words dropped since some of their bytes were no UTF-8, or NUL.
    pub invalid: u64,
    /// Words dropped since they have more bytes than [`Source::max_word_bytes`](crate::corpus::Source::max_word_bytes).
    pub too_long: u64,
    /// Words that became part of a phrase that began before them.
    pub joined: u64,
    /// Words dropped since they occur too rarely.
    pub rare: u64,
    /// Words dropped since the vocabulary was to hold no more.
    pub over_limit: u64,
    /// Words dropped since the vocabulary that was given lacks them.
    pub unknown: u64,
    /// Words kept.
    pub kept: u64,
    /// Sentences: lines with a word, and what they were cut into.
    pub sentences: u64,
    /// Sentences beyond one a line, since lines had more words than a sentence may.
    pub cut_sentences: u64,
    /// Words among `tokens` that are single letters, since [`Split::Words`](crate::corpus::Split::Words) cannot split
    /// their script. Not in JSON where there are none.
    #[serde(skip_serializing_if = "Unsplit::is_none")]
    pub unsplit: Unsplit,
}

impl Ledger {
    /// All words that are not there any more, but for those that are part of a phrase.
    pub fn dropped(&self) -> u64 {
        self.invalid + self.too_long + self.rare + self.over_limit + self.unknown
    }

    /// Whether the sums are right.
    pub fn adds_up(&self) -> bool {
        self.tokens == self.kept + self.joined + self.dropped()
    }

    /// A warning about words that could not be split, if there are any, with what to do.
    pub fn warning(&self) -> Option<String> {
        let Self { unsplit, tokens, .. } = self;
        let what = || {
            format!(
                "split words cannot split {unsplit}: {} of {tokens} words are single letters; part the words with a \
                 segmenter first, and read the text without split words",
                unsplit.total()
            )
        };
        (!unsplit.is_none()).then(what)
    }
}

impl fmt::Display for Ledger {
    /// A line for people; what did not happen is left out.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { files, lines, tokens, kept, sentences, .. } = self;
        write!(f, "{files} files, {lines} lines, {tokens} words: {kept} kept in {sentences} sentences")?;
        let parts = [
            (self.joined, "joined to the word before"),
            (self.rare, "dropped as rare"),
            (self.over_limit, "dropped beyond the largest vocabulary"),
            (self.unknown, "not in the vocabulary"),
            (self.invalid, "dropped for bytes that are no UTF-8"),
            (self.too_long, "dropped as too long"),
            (self.replaced, "sequences of bytes replaced"),
            (self.cut_lines, "cuts of lines too long for memory"),
            (self.cut_sentences, "cuts of sentences too long"),
        ];
        parts.iter().filter(|(n, _)| *n > 0).try_for_each(|(n, what)| write!(f, ", {n} {what}"))?;
        match self.unsplit.total() {
            0 => Ok(()),
            n => write!(f, ", {n} single letters of {} in place of words", self.unsplit),
        }
    }
}
