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

/// What to say of the first of these words that is another program's option.
pub fn hint(words: impl IntoIterator<Item = String>) -> Option<String> {
    words.into_iter().find_map(|word| {
        let known = OLD.iter().find(|(old, _)| *old == word);
        let known = known.map(|(old, new)| format!("{old}: options have two dashes here; take {new}"));
        known.or_else(|| {
            let unknown = UNKNOWN.contains(&word.as_str());
            unknown.then(|| format!("{word}: there is no such option; docs/presets.md says what stands for it"))
        })
    })
}
