//! Lists in messages.

use std::path::PathBuf;

pub fn list(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
    names.join(", ")
}

pub fn did_you_mean(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
    if quoted.is_empty() { "; check its spelling and case".into() } else { format!("; there is {}", quoted.join(", ")) }
}

pub fn no_words(tokens: u64, too_long: u64, min_count: u64) -> String {
    if too_long > 0 && too_long == tokens {
        return format!("all {tokens} tokens are longer than max_word_bytes; part words by spaces, or raise it");
    }
    let all = format!("no word of {tokens} tokens occurs at least {min_count} times");
    match too_long {
        0 => format!("{all}; lower min_count"),
        _ => format!("{all}, and {too_long} tokens are longer than max_word_bytes; lower min_count, or raise that"),
    }
}
