#![no_main]

use lexmax::vectors::Format;

libfuzzer_sys::fuzz_target!(|data: &[u8]| lexmax_fuzz::vectors(Format::Glove, data, b""));
