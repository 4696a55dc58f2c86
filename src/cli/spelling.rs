//! Options of other programs, and their names here.

/// Options of word2vec and fastText, with one dash, and their names here.
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

/// Options of other programs without a counterpart here.
const UNKNOWN: &[&str] =
    &["-classes", "-debug", "-verbose", "-minn", "-maxn", "-bucket", "-wordNgrams", "-lrUpdateRate"];

/// Values of `--lowercase`. An equals sign must join them, or they would be the next argument.
const LANGUAGES: &[&str] = &["tr", "az", "lt"];

/// A message about the first word that is an option of another program, or that lacks an equals sign.
pub fn hint(words: impl IntoIterator<Item = String>) -> Option<String> {
    let mut before = String::new();
    words.into_iter().find_map(|word| {
        let known = OLD.iter().find(|(old, _)| *old == word);
        let known = known.map(|(old, new)| format!("{old} is an option of another program; write {new}"));
        let unknown = || {
            let unknown = UNKNOWN.contains(&word.as_str());
            unknown.then(|| format!("there is no option {word}; docs/presets.md lists the options of other programs"))
        };
        let parted = || {
            let is_parted = before == "--lowercase" && LANGUAGES.contains(&word.as_str());
            is_parted.then(|| format!("--lowercase {word} has no equals sign; write --lowercase={word}"))
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
            assert!(hint.contains(&format!("write --lowercase={name}")), "{hint}");
        }
        for line in ["train --lowercase=tr", "train --lowercase --nfc tr", "train --lowercase text", "train tr"] {
            assert_eq!(hint_of(line), None, "{line}");
        }
        assert!(hint_of("train -size 9").unwrap().contains("write --dim"));
    }
}
