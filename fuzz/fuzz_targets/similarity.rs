#![no_main]

use lexmax::vectors::Pairs;
use std::path::Path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(read) = Pairs::parse(&mut &data[..], Path::new("case")) {
        assert!(!read.pairs.is_empty() && read.pairs.iter().all(|pair| pair.score.is_finite()));
    }
});
