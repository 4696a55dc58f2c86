//! A text that several ranks read together: each reads a share, and all get the whole.

mod exchange;
mod plan;
mod share;
#[cfg(test)]
mod tests;

use super::numbers::{Sink, Text};
use crate::corpus::{Source, TextRules};
use crate::error::Result;
use crate::files::sha256_of;
use crate::peers::{Peers, Team};
use crate::vocab::Vocabulary;
use std::path::PathBuf;

impl<S: Sink> Text<S> {
    /// Reads a text together with other ranks, and builds its vocabulary. `sink` makes an empty sink.
    pub fn read_over(
        source: &Source,
        rules: &TextRules,
        sink: impl Fn() -> Result<S>,
        team: &mut Team,
    ) -> Result<(Vocabulary, Self)> {
        if team.is_alone() {
            rules.check()?;
            return Self::read(source, rules, sink()?);
        }
        same_settings(source, rules, team)?;
        same_files(&source.paths, team)?;
        rules.check()?;
        source.check()?;
        let sinks = sink().and_then(|own| Ok((own, sink()?)));
        let (own, whole) = team.agree(sinks)?;
        let shares = plan::shares(&source.paths, team);
        let own = share::read(source, own, &shares, team)?;
        let (seen, mut text) = exchange::gathered(own, whole, &shares, team)?;
        text.paths.clone_from(&source.paths);
        let (vocab, text) = team.agree(text.by_rules(seen, rules))?;
        team.compare(&[("the SHA-256 of the vocabulary", digest(&vocab))])?;
        Ok((vocab, text))
    }
}

/// Refuses settings for the words of a text that are not the same on all ranks.
fn same_settings(source: &Source, rules: &TextRules, team: &mut Team) -> Result<()> {
    let Source { paths: _, invalid, normalizer, max_word_bytes } = source;
    let TextRules { min_count, max_vocab, longest_sentence, phrases, vocabulary } = rules;
    team.compare(&[
        ("invalid", format!("{invalid:?}")),
        ("normalizer", format!("{normalizer:?}")),
        ("max_word_bytes", max_word_bytes.to_string()),
        ("min_count", min_count.to_string()),
        ("max_vocab", max_vocab.map_or("none".into(), |most| most.to_string())),
        ("longest_sentence", longest_sentence.to_string()),
        ("phrases", phrases.as_ref().map_or("none".into(), |phrases| format!("{phrases:?}"))),
        ("the SHA-256 of the given vocabulary", vocabulary.as_deref().map_or("none".into(), digest)),
    ])
}

/// Refuses a list of files that is not the same on all ranks.
fn same_files(paths: &[PathBuf], team: &mut Team) -> Result<()> {
    let digest = sha256_of(paths.iter().map(|path| path.as_os_str().as_encoded_bytes()));
    if team.all_gather(digest.as_bytes()).iter().all(|other| *other == digest.as_bytes()) {
        return Ok(());
    }
    // All ranks see that not all are equal. The names say which file differs.
    let places: Vec<_> = (1..=paths.len()).map(|place| format!("file {place} of the text")).collect();
    let names = places.iter().zip(paths).map(|(place, path)| (&**place, path.to_string_lossy().into_owned()));
    team.compare(&names.collect::<Vec<_>>())?;
    team.compare(&[("the SHA-256 of the names of the files", digest)])
}

/// SHA-256 of the words and their counts, in the order of the ids.
fn digest(vocab: &Vocabulary) -> String {
    let words = vocab.words().map(|word| word.as_bytes().to_vec());
    let counts = vocab.counts().as_slice().iter().map(|count| count.to_le_bytes().to_vec());
    sha256_of(words.zip(counts).flat_map(|(word, count)| [word, count]))
}
