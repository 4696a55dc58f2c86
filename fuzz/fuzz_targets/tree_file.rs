#![no_main]

use lexmax::tree::Tree;
use lexmax::vocab::Counts;
use std::path::Path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for words in [1, 2, 9] {
        let counts = Counts::new((1..=words).rev().collect()).expect("falling counts");
        let id = |text: &str| text.parse().ok().filter(|id| *id < words as u32);
        let tree = Tree::read(&mut &data[..], Path::new("case"), &counts, id, |word| word.to_string());
        if let Ok(tree) = tree {
            assert_eq!(tree.vocab() as u64, words);
            assert!((0..words as u32).all(|word| tree.ancestors(word).count() == tree.depth(word)));
        }
    }
});
