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
