//! Settings by name, as checkpoints and logs store them.

use super::Word2VecConfig;
use crate::corpus::{Context, Direction, Sentences, Window};
use crate::encoder::BagGradient;
use crate::error::Result;
use crate::model::Encoding;
use crate::table::CachedRows;
use crate::vocab::Vocabulary;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Everything that decides the result of a run, by name, except what [`Run::open`](crate::run::Run::open) adds. `text`
/// is the hash of the text, and `init` the hash of the file that the run starts from.
///
/// A checkpoint is resumed if these strings are equal. Their spelling is part of the file format.
pub(super) fn settings(config: &Word2VecConfig, text: &str, init: Option<String>) -> BTreeMap<String, String> {
    // Every field is listed, so that none is forgotten.
    let Word2VecConfig {
        // The hash of the text stands for these fields.
        source: _,
        rules: _,
        spool: _,
        layer,
        window,
        encoding,
        dim,
        gradient,
        sample,
        epochs,
        block,
        batch,
        optimizer,
        threads,
        rate,
        cached,
        deterministic,
        seed,
        init: _,
        init_on_bad: _,
        control: _,
        team: _,
    } = config;
    let mut settings = vec![
        ("text", text.to_string()),
        ("layer", layer.to_string()),
        ("window", window_name(window)),
        ("encoder", encoding_name(*encoding)),
        ("dim", dim.to_string()),
        ("whole gradients", (*gradient == BagGradient::Whole).to_string()),
        ("sample", sample.to_string()),
        ("epochs", epochs.to_string()),
        ("rate", format!("{} to {}", rate.start(), rate.end())),
        // Mini-batches give the same bits on any number of threads, whether or not that is asked for.
        ("deterministic", (*deterministic && *batch == 1).to_string()),
        ("seed", seed.to_string()),
        ("init", init.unwrap_or_default()),
    ];
    // Checkpoints of earlier versions have no such entry; they were trained on single positions.
    if *block > 1 {
        settings.push(("block", block.to_string()));
    }
    if *batch > 1 {
        settings.push(("batch", batch.to_string()));
        settings.push(("optimizer", serde_json::to_string(optimizer).expect("plain data")));
    } else if !deterministic {
        settings.push(("threads", threads.to_string()));
        settings.push(("hot rows", cached_rows_name(*cached)));
    }
    settings.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

fn window_name(window: &Window) -> String {
    let model = match window.direction() {
        Direction::SkipGram => "SkipGram",
        Direction::Cbow => "Cbow",
    };
    let context = match window.context() {
        Context::Both => "Both",
        Context::Left => "Left",
    };
    let (size, dynamic) = (window.size(), window.is_dynamic());
    format!("Window {{ model: {model}, context: {context}, size: {size}, dynamic: {dynamic} }}")
}

fn encoding_name(encoding: Encoding) -> String {
    match encoding {
        Encoding::Mean => "Mean".into(),
        Encoding::NGram { embedding } => format!("NGram {{ embedding: {embedding} }}"),
    }
}

fn cached_rows_name(cached: CachedRows) -> String {
    match cached {
        CachedRows::Fitting => "Cached".into(),
        CachedRows::First(rows) => format!("First({rows})"),
    }
}

/// SHA-256 of a training text, in hexadecimal digits: the words with their counts, and all sentences as ids.
pub(super) fn text_hash(vocab: &Vocabulary, corpus: &dyn Sentences) -> Result<String> {
    let mut hash = Sha256::new();
    for (word, count) in (0..).zip(vocab.counts().as_slice()) {
        hash.update((vocab.word(word).len() as u64).to_le_bytes());
        hash.update(vocab.word(word));
        hash.update(count.to_le_bytes());
    }
    let (mut reader, mut bytes) = (corpus.reader()?, Vec::new());
    for number in 0..corpus.len() {
        let sentence = reader.sentence(number)?;
        bytes.clear();
        bytes.extend_from_slice(&(sentence.len() as u64).to_le_bytes());
        sentence.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_checkpoints_hold() {
        let window = |model, context, size, dynamic| window_name(&Window::new(model, context, size, dynamic).unwrap());
        for (name, held) in [
            (
                window(Direction::SkipGram, Context::Both, 5, true),
                "Window { model: SkipGram, context: Both, size: 5, dynamic: true }",
            ),
            (
                window(Direction::Cbow, Context::Left, 10, false),
                "Window { model: Cbow, context: Left, size: 10, dynamic: false }",
            ),
            (encoding_name(Encoding::Mean), "Mean"),
            (encoding_name(Encoding::NGram { embedding: 100 }), "NGram { embedding: 100 }"),
            (cached_rows_name(CachedRows::Fitting), "Cached"),
            (cached_rows_name(CachedRows::First(4)), "First(4)"),
        ] {
            assert_eq!(name, held);
        }
    }
}
