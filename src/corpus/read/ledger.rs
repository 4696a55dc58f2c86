//! Counts of the words of a text that were kept, joined or dropped.

use super::unsplit::Unsplit;
use serde::Serialize;
use std::fmt;

/// The fate of every word of a text. Every dropped word is counted here:
/// `tokens = kept + rare + over_limit + unknown + joined + invalid + too_long`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ledger {
    /// Files read, including standard input.
    pub files: u64,
    /// Lines read.
    pub lines: u64,
    /// Additional pieces of lines longer than [`LONGEST_LINE`](crate::corpus::LONGEST_LINE) bytes, which are cut.
    pub cut_lines: u64,
    /// Byte sequences that are not UTF-8, and NUL bytes, replaced by U+FFFD.
    pub replaced: u64,
    /// Words read.
    pub tokens: u64,
    /// Words dropped because some of their bytes are not UTF-8 or are NUL.
    pub invalid: u64,
    /// Words dropped because they exceed [`Source::max_word_bytes`](crate::corpus::Source::max_word_bytes).
    pub too_long: u64,
    /// Words that were joined to the word before them to form a phrase.
    pub joined: u64,
    /// Words dropped because they occur too rarely.
    pub rare: u64,
    /// Words dropped because the vocabulary has reached its maximum size.
    pub over_limit: u64,
    /// Words dropped because they are not in the given vocabulary.
    pub unknown: u64,
    /// Words kept.
    pub kept: u64,
    /// Sentences: lines with at least one word, and the pieces that long lines were cut into.
    pub sentences: u64,
    /// Additional sentences from lines with more words than a sentence may have.
    pub cut_sentences: u64,
    /// Single letters among `tokens`, from scripts that [`Split::Words`](crate::corpus::Split::Words) cannot split into
    /// words. Omitted from JSON if there are none.
    #[serde(skip_serializing_if = "Unsplit::is_none")]
    pub unsplit: Unsplit,
}

impl Ledger {
    /// The number of dropped words. Joined words do not count.
    pub fn dropped(&self) -> u64 {
        self.invalid + self.too_long + self.rare + self.over_limit + self.unknown
    }

    /// Whether the counts add up.
    pub fn adds_up(&self) -> bool {
        self.tokens == self.kept + self.joined + self.dropped()
    }

    /// The counts, in a fixed order. It is the same on all ranks.
    pub(super) fn counts_mut(&mut self) -> [&mut u64; 20] {
        let Self {
            files,
            lines,
            cut_lines,
            replaced,
            tokens,
            invalid,
            too_long,
            joined,
            rare,
            over_limit,
            unknown,
            kept,
            sentences,
            cut_sentences,
            unsplit: Unsplit { thai, lao, khmer, burmese, chinese, japanese },
        } = self;
        [
            files,
            lines,
            cut_lines,
            replaced,
            tokens,
            invalid,
            too_long,
            joined,
            rare,
            over_limit,
            unknown,
            kept,
            sentences,
            cut_sentences,
            thai,
            lao,
            khmer,
            burmese,
            chinese,
            japanese,
        ]
    }

    /// A warning about words that could not be split, with advice; `None` if there are none.
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
    /// One line of text; counts of 0 are omitted.
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
