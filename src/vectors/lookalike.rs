//! Suggestions for misspelled words.

use caseless::default_case_fold_str;

/// The maximum number of suggestions.
const MOST: usize = 3;
/// Longer words are not compared letter by letter.
const LONGEST: usize = 40;

/// The words most similar to `word`. Words that differ only in case come first, then words at an edit distance of a few
/// letters (insertions, deletions, substitutions, and swaps of neighbours). Ties keep the order of the file.
pub fn similar<'a>(words: impl Iterator<Item = &'a str>, word: &str) -> Vec<String> {
    let folded = default_case_fold_str(word);
    let letters = folded.chars().count();
    if letters > LONGEST {
        return Vec::new();
    }
    let limit = (letters / 3).max(1);
    let mut best: Vec<(usize, &str)> = Vec::new();
    for other in words {
        // A letter takes between 1 and 4 bytes.
        if other.len() > 4 * (letters + limit) || letters > other.len() + limit {
            continue;
        }
        let other_folded = default_case_fold_str(other);
        if other_folded.chars().count().abs_diff(letters) > limit {
            continue;
        }
        let distance = strsim::osa_distance(&folded, &other_folded);
        let farthest = if best.len() < MOST { limit + 1 } else { best[MOST - 1].0 };
        if distance < farthest.min(letters) {
            best.insert(best.partition_point(|(d, _)| *d <= distance), (distance, other));
            best.truncate(MOST);
        }
    }
    best.into_iter().map(|(_, word)| word.into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_comes_before_letters_and_far_words_do_not_come() {
        let words = ["the", "paris", "Berlin", "Pairs", "größe", "x"];
        assert_eq!(similar(words.into_iter(), "Paris"), ["paris", "Pairs"]);
        assert_eq!(similar(words.into_iter(), "BERLIN"), ["Berlin"]);
        assert_eq!(similar(words.into_iter(), "GRÖSSE"), ["größe"]);
        assert_eq!(similar(words.into_iter(), "zebra"), [""; 0]);
        assert_eq!(similar(words.into_iter(), "y"), [""; 0]);
    }
}
