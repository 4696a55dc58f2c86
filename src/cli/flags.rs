//! Errors of the library in terms of the command line: flags replace the names of settings.

use crate::Error;
use crate::error::{OutputFault, Unfit, VectorsFault};
use crate::vectors::Format;

/// Names of `word2vec::Options` in errors, and their flags.
const FLAGS: &[(&str, &str)] = &[
    ("batch", "--batch"),
    ("batch 1", "--batch 1"),
    ("block", "--block"),
    ("cached_rows", "--cached-rows"),
    ("cbow_gradient", "--cbow-gradient"),
    ("context both", "--context both"),
    ("deterministic", "--deterministic"),
    ("hidden", "--hidden"),
    ("hierarchical", "--hs"),
    ("hierarchical false", "--hs 0"),
    ("kind cbow", "--model cbow"),
    ("kind ngram", "--model ngram"),
    ("kind skipgram", "--model skipgram"),
    ("layer", "--layer"),
    ("longest_sentence", "--max-sentence"),
    ("max_vocab", "--max-vocab"),
    ("max_word_bytes", "--max-word-bytes"),
    ("negative", "--negative"),
    ("negative 0", "--negative 0"),
    ("noise_hits", "--noise-hits"),
    ("noise_power", "--noise-power"),
    ("number of phrase_thresholds", "number of --phrase-threshold"),
    ("optimizer adagrad", "--optimizer adagrad"),
    ("order", "--order"),
    ("sigmoid", "--sigmoid"),
    ("valid_examples", "--valid-examples"),
    ("window", "--window"),
    ("window_rule", "--window-rule"),
];

fn flag(setting: &'static str) -> &'static str {
    FLAGS.iter().find(|(name, _)| *name == setting).map_or(setting, |(_, flag)| flag)
}

/// The message of an error, with flags in place of settings.
pub fn message(error: Error) -> String {
    match error {
        Error::Contradiction { first, second, hint } => {
            Error::Contradiction { first: flag(first), second: flag(second), hint }.to_string()
        }
        Error::NotWith { setting, other } => Error::NotWith { setting: flag(setting), other: flag(other) }.to_string(),
        Error::OutOfRange { name, value, limit } if name.contains('_') => {
            Error::OutOfRange { name: flag(name), value, limit }.to_string()
        }
        error @ Error::NoWords { too_long: 0, .. } => format!("{error} (--min-count)"),
        error @ (Error::NoWords { too_long: 1.., .. }
        | Error::Output(OutputFault::Word { unfit: Unfit::Long { .. }, .. })) => {
            format!("{error} (--max-word-bytes)")
        }
        error @ Error::VectorsFile { fault: VectorsFault::NoWords { .. }, .. } => format!("{error} (--words)"),
        error if is_skipped(&error) => {
            format!("{error}, or pass `--on-bad skip` to skip such entries (`lexmax convert` takes it, too)")
        }
        error @ Error::NothingToEvaluate => format!("{error} (--similarity, --analogies)"),
        error => error.to_string(),
    }
}

/// Whether `--on-bad skip` helps: a word or a vector cannot be read, or their number differs from the header.
fn is_skipped(error: &Error) -> bool {
    use VectorsFault::{EmptyWord, Ends, GoesOn, NotFinite, NotUtf8, Number, Size, TooShort};
    let Error::VectorsFile { path, fault, .. } = error else { return false };
    // Other formats need the exact number of vectors.
    let others = [Format::Npy, Format::Finalfusion, Format::Projector, Format::Model].map(Format::ending);
    let ending = crate::files::without_packing(path).extension().unwrap_or_default().to_ascii_lowercase();
    let has_lines = !others.iter().any(|other| ending == **other);
    matches!(fault, NotUtf8 { .. } | EmptyWord { .. } | Size { .. } | Number { .. } | NotFinite { .. })
        || has_lines && matches!(fault, TooShort { .. } | GoesOn { .. } | Ends { .. })
}

/// The warning about a text, with flags in place of settings.
pub fn warning(warning: &str) -> String {
    format!("lexmax: {}", warning.replace("split words", "--split words"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Ledger;
    use crate::layer::catalogue::LayerSpec;
    use crate::word2vec::{Options, PhraseOptions};
    use clap::CommandFactory;

    #[test]
    fn every_flag_is_one_of_train() {
        let cli = super::super::Cli::command();
        let train = cli.find_subcommand("train").expect("train");
        for (_, flag) in FLAGS {
            let long = flag.split(' ').find_map(|word| word.strip_prefix("--")).expect("a flag");
            assert!(train.get_arguments().any(|argument| argument.get_long() == Some(long)), "{flag}");
        }
    }

    #[test]
    fn the_library_speaks_of_settings_and_the_command_line_of_flags() {
        let mut options = Options::default();
        (options.hierarchical, options.negative) = (true, Some(5));
        let error = options.layer().unwrap_err();
        assert!(error.to_string().starts_with("hierarchical and negative contradict"), "{error}");
        assert!(message(error).starts_with("--hs and --negative contradict"));
        options.layer = "full".parse::<LayerSpec>().ok();
        let text = message(options.layer().unwrap_err());
        assert!(text.starts_with("--layer and --hs contradict"), "{text}");
        let mut phrases = PhraseOptions::passes(2);
        phrases.thresholds = vec![1.0; 3];
        let error = phrases.phrases().unwrap_err();
        assert!(!error.to_string().contains("--"), "{error}");
        assert!(message(error).contains("--phrase-threshold"));
        let mut ledger = Ledger { tokens: 9, ..Ledger::default() };
        assert_eq!(ledger.warning(), None);
        (ledger.unsplit.lao, ledger.unsplit.japanese) = (2, 3);
        let text = ledger.warning().unwrap();
        assert!(!text.contains("--"), "{text}");
        assert_eq!(
            warning(&text),
            "lexmax: --split words cannot split Lao, Japanese: 5 of 9 words are single letters; part the words with a \
             segmenter first, and read the text without --split words"
        );
    }
}
