#![no_main]

use lexmax::vectors::Pairs;
use std::path::Path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(read) = Pairs::parse(&mut &data[..], Path::new("case")) else { return };
    assert!(!read.pairs.is_empty());
    let text = std::str::from_utf8(data).expect("pairs are text");
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let told = |line: &&str| !line.trim_start().starts_with('#') && !line.trim().is_empty();
    // Each line is a pair, except for at most one heading.
    let lines = text.split('\n').filter(told).count();
    assert!(read.pairs.len() == lines || read.pairs.len() + 1 == lines);
    // Words are parts of the text, apart from doubled quotation marks.
    let plain = text.replace('"', "");
    for pair in &read.pairs {
        assert!(pair.score.is_finite() && !pair.a.is_empty() && !pair.b.is_empty());
        assert!([&pair.a, &pair.b].into_iter().all(|word| plain.contains(&word.replace('"', ""))));
    }
    // The pairs survive a round trip through a tab-separated table with a heading.
    let plain = |word: &String| !word.contains(['\t', '\n', '\r', '"', '\u{feff}']) && !word.starts_with('#');
    if read.pairs.iter().all(|pair| plain(&pair.a) && plain(&pair.b)) {
        let line = |pair: &lexmax::vectors::Pair| format!("{}\t{}\t{:?}\n", pair.a, pair.b, pair.score);
        let table = "word1\tword2\tscore\n".to_string() + &read.pairs.iter().map(line).collect::<String>();
        let again = Pairs::parse(&mut table.as_bytes(), Path::new("case")).expect("a table of pairs");
        assert_eq!(again.pairs, read.pairs);
    }
});
