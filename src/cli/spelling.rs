//! Options as other programs spell them.

/// An option of word2vec or fastText, with one dash, and what it is here.
const OLD: &[(&str, &str)] = &[
    ("-train", "--corpus"),
    ("-input", "--corpus"),
    ("-output", "--out"),
    ("-size", "--dim"),
    ("-dim", "--dim"),
    ("-window", "--window"),
    ("-ws", "--window"),
    ("-sample", "--sample"),
    ("-t", "--sample"),
    ("-hs", "--hs"),
    ("-loss", "--layer"),
    ("-negative", "--negative"),
    ("-neg", "--negative"),
    ("-threads", "--threads"),
    ("-thread", "--threads"),
    ("-iter", "--epochs"),
    ("-epoch", "--epochs"),
    ("-min-count", "--min-count"),
    ("-minCount", "--min-count"),
    ("-alpha", "--lr"),
    ("-lr", "--lr"),
    ("-cbow", "--cbow"),
    ("-binary", "--binary"),
    ("-seed", "--seed"),
    ("-save-vocab", "--save-vocab"),
    ("-read-vocab", "--read-vocab"),
];

/// Options that other programs have and this one has not.
const UNKNOWN: &[&str] =
    &["-classes", "-debug", "-verbose", "-minn", "-maxn", "-bucket", "-wordNgrams", "-lrUpdateRate"];

/// The value of `--lowercase` that is a word of its own, where only `=` tells it from what follows.
const LANGUAGES: &[&str] = &["tr", "az", "lt"];

/// A hint at the first of these words that is another program's option, or that lacks an equals sign.
pub fn hint(words: impl IntoIterator<Item = String>) -> Option<String> {
    let mut before = String::new();
    words.into_iter().find_map(|word| {
        let known = OLD.iter().find(|(old, _)| *old == word);
        let known = known.map(|(old, new)| format!("{old}: options have two dashes here; take {new}"));
        let unknown = || {
            let unknown = UNKNOWN.contains(&word.as_str());
            unknown.then(|| format!("{word}: there is no such option; docs/presets.md says what stands for it"))
        };
        let parted = || {
            let is_parted = before == "--lowercase" && LANGUAGES.contains(&word.as_str());
            is_parted.then(|| format!("--lowercase {word}: a language follows an equals sign; take --lowercase={word}"))
        };
        let hint = known.or_else(unknown).or_else(parted);
        before = word;
        hint
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Language;
    use clap::ValueEnum;

    fn hint_of(line: &str) -> Option<String> {
        hint(line.split(' ').map(String::from))
    }

    #[test]
    fn a_language_without_an_equals_sign_is_told_for_all_languages() {
        let names = Language::value_variants().iter().filter_map(|language| language.to_possible_value());
        assert!(names.map(|name| name.get_name().to_string()).eq(LANGUAGES.iter().map(|name| name.to_string())));
        for name in LANGUAGES {
            let hint = hint_of(&format!("lexmax train --corpus c.txt --lowercase {name} --out v.bin")).unwrap();
            assert!(hint.contains(&format!("take --lowercase={name}")), "{hint}");
        }
        for line in ["train --lowercase=tr", "train --lowercase --nfc tr", "train --lowercase text", "train tr"] {
            assert_eq!(hint_of(line), None, "{line}");
        }
        assert!(hint_of("train -size 9").unwrap().contains("take --dim"));
    }
}
