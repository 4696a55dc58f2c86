//! Training under the eyes of a [`Control`].

use best_model::Best;
use checkpoint::{Folder, Saved, ValidState, settings};
use control::{Ended, corpus_hash, examples_hash};
use log::Log;
use supervisor::Supervisor;
use crate::word2vec::{Config, Text, Warm, Watch};
use crate::corpus::{Corpus, Sentences, Source, held_out};
use crate::error::{Error, Result};
use crate::files::sha256;
use crate::model::{Architecture, SharedModel};
use crate::train::{self, Hogwild, Outcome};
use crate::vocab::Vocabulary;
use serde_json::json;
use std::time::Instant;

/// What came of it.
pub(super) struct Watched {
    pub outcome: Outcome,
    pub text: Text,
    pub ended: Ended,
    /// The held-out NLL of the model that is left.
    pub nll: Option<f64>,
    /// Words read when it was taken, where that is not the end.
    pub best_words: Option<u64>,
    pub warm: Option<Warm>,
}

pub(super) fn watched(
    config: &Config,
    architecture: &Architecture,
    (vocab, corpus, mut text): (&Vocabulary, &dyn Sentences, Text),
    model: &mut SharedModel,
    hogwild: &Hogwild,
    observe: &mut dyn Watch,
) -> Result<Watched> {
    let control = &config.control;
    let began = Instant::now();
    let recorded = control.checkpoint.is_some() || control.log.is_some();
    let hash = if recorded { corpus_hash(vocab, corpus)? } else { String::new() };
    let valid = match &control.valid {
        None => None,
        Some(valid) => {
            let source = Source { paths: valid.files.clone(), ..config.source.clone() };
            let longest = config.rules.longest_sentence;
            let valid_text = Corpus::read_known(&source, vocab, corpus.joins(), longest)?;
            text.valid = Some(valid_text.ledger());
            Some(held_out(&valid_text, config.window, valid.examples)?)
        }
    };
    observe.read(&text)?;
    let init = config.init.as_ref().map(|path| sha256(path).unwrap_or_default());
    let settings = settings(config, &hash, &valid.as_ref().map(examples_hash).unwrap_or_default(), init);
    let folder = control.checkpoint.as_ref().map(|c| Folder::new(c, settings.clone())).transpose()?;
    let saved = folder.as_ref().map_or(Ok(None), |folder| folder.resume(model))?;
    let warm = match (&config.init, &saved) {
        (Some(path), None) => Some(crate::word2vec::warm::start(model, vocab, &config.layer.to_string(), path)?),
        _ => None,
    };
    let mut log = control.log.as_ref().map(|path| Log::open(path, saved.is_some())).transpose()?;
    if let Some(log) = &mut log {
        let numbers = |shape: crate::table::TableShape| shape.rows as usize * (shape.dim + usize::from(shape.bias));
        let tables = model.encoder_tables().iter().chain(model.layer_tables());
        log.line(
            "start",
            json!({
                "lexmax": env!("CARGO_PKG_VERSION"), "settings": settings, "corpus": config.source.paths, "text_sha256": hash, "ledger": text.ledger, "valid_ledger": text.valid,
                "expected_subsampled_per_epoch": text.expected_subsampled,
                "vocab": vocab.len(), "words": corpus.ledger().tokens, "kept": corpus.ledger().kept,
                "parameters": tables.map(|t| numbers(t.shape())).sum::<usize>(), "threads": config.threads,
                "resumed_seconds": saved.as_ref().map(|s| s.train.seconds()), "warm": warm,
            }),
        )?;
    }
    let (from, valid_state) = match saved {
        Some(Saved { train, valid, .. }) => (Some(train), valid),
        None => (None, ValidState::default()),
    };
    let best = Best::new(control.valid.as_ref(), control.checkpoint.as_ref().map(|c| &*c.dir));
    if let (Some(best), Some(found)) = (&best, &valid_state.best) {
        best.check(found.words)?;
    }
    let mut supervisor = Supervisor {
        control,
        architecture,
        vocab,
        observe,
        folder,
        log,
        valid,
        found: valid_state.last,
        valid_state,
        best,
        was_over: false,
        words_an_epoch: corpus.ledger().kept,
        threads: config.threads,
        began,
        observed: None,
        last: None,
        ended: None,
        failed: None,
    };
    supervisor.was_over = supervisor.is_out_of_patience();
    let (counts, from) = (vocab.counts(), from.as_ref());
    let outcome = if config.deterministic {
        train::deterministic_watched(model, corpus, counts, hogwild, from, &mut supervisor)
    } else {
        train::hogwild_watched(model, corpus, counts, hogwild, from, &mut supervisor)
    };
    let outcome = outcome.map_err(|source| match source {
        Error::Diverged { .. } => Error::InLayer { layer: config.layer.to_string(), source: Box::new(source) },
        other => other,
    });
    let done = outcome.and_then(|outcome| {
        let ended = if outcome.stopped { supervisor.ended.unwrap_or(Ended::Interrupted) } else { Ended::Complete };
        Ok((outcome, ended, supervisor.leave_best(ended, model)?))
    });
    let (outcome, ended, left) = match done {
        Ok(done) => done,
        Err(error) => {
            supervisor.close(None)?;
            return Err(error);
        }
    };
    supervisor.close(Some((ended, left, &outcome)))?;
    let nll = left.or(supervisor.found).map(|found| found.nll());
    Ok(Watched { outcome, text, ended, nll, best_words: left.map(|left| left.words), warm })
}
