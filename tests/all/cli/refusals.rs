//! Invalid settings are refused: exit code 2, a message with the value and the limit, and no output.

use super::place::{Place, text};
use flate2::{Compression, write::GzEncoder};
use lexmax::layer::catalogue::CATALOGUE;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Write;

/// For options that are refused before there is anything to train.
const LONG: &str = "--examples 1000000000000";

/// Runs the command with each line of arguments, which must be refused with a message that has all the words beside it.
fn refused(place: &Place, cases: &[(&str, &[&str])]) {
    let before = place.files();
    for (arguments, words) in cases {
        let output = place.run(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "lexmax {arguments}: {message}");
        assert!(output.stdout.is_empty(), "lexmax {arguments}");
        assert!(message.chars().all(|c| c == '\n' || !c.is_control()), "lexmax {arguments}: {message:?}");
        for word in *words {
            assert!(message.to_lowercase().contains(&word.to_lowercase()), "lexmax {arguments}: {word}: {message}");
        }
        assert_eq!(place.files(), before, "lexmax {arguments}");
    }
}

#[test]
fn unknown_names() {
    let place = Place::new();
    let known = CATALOGUE.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
    refused(
        &place,
        &[
            ("--frobnicate", &["--frobnicate"]),
            ("compare --frobnicate", &["--frobnicate"]),
            ("frobnicate", &["frobnicate"]),
            ("--seed 1 compare", &["compare"]),
            ("--model bow", &["--model", "bow", "cbow, skipgram"]),
            ("--context right", &["--context", "right", "both, left"]),
            ("--optimizer adam", &["--optimizer", "adam", "sgd, adagrad"]),
            ("--layers ful", &["\"ful\"", &known]),
            ("--layers full,", &["\"\"", &known]),
            ("--layers sampled:sample=5", &["\"sample\"", "samples, proposal, power, correction, bias"]),
            ("--layers full:samples=5", &["\"samples\"", "choose one of bias"]),
        ],
    );
}

/// A vector path without a name; `tests/all/stability.rs` has one that the machine lacks.
#[test]
fn unknown_vector_paths() {
    for value in ["", "AVX2", "neon"] {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
        let output = command.args(["check", "--layers", "full"]).env("LEXMAX_SIMD", value).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{value:?}: {message}");
        let says = format!("LEXMAX_SIMD is {value:?}, but must be scalar, avx2 or avx512; this machine has scalar");
        assert!(message.contains(&says), "{message}");
    }
}

#[test]
fn values_of_layers() {
    let place = Place::new();
    refused(
        &place,
        &[
            ("--layers negative:samples=five", &["negative", "samples", "\"five\"", "whole number"]),
            ("--layers negative:samples=-5", &["negative", "samples", "\"-5\""]),
            ("--layers negative:samples", &["negative", "samples"]),
            ("--layers full,negative:samples=0", &["layer negative:samples=0: samples is 0, but must be"]),
            ("--layers negative:samples=2:samples=3", &["samples", "twice"]),
            ("--layers full:bias=yes", &["\"yes\"", "none, zero or unigram"]),
            ("--layers sampled:proposal=zipf", &["\"zipf\"", "uniform, log-uniform or unigram"]),
            ("--layers sampled:power=1", &["power", "proposal=unigram"]),
            ("--layers sampled:proposal=unigram:power=nan", &["power", "nan"]),
            ("--vocab 50 --classes 5 --layers sampled:correction=distinct", &["samples is 256", "at most"]),
            ("--vocab 50 --classes 5 --layers differentiated:blocks=10x4+20x4", &["30 words", "50"]),
            ("--dim 4 --layers differentiated:blocks=10x3+restx2", &["sum to 5", "4"]),
            ("--dim 4 --layers differentiated-projected:blocks=restx5", &["5", "hidden size"]),
            ("--layers differentiated:blocks=2000*24", &["2000*24", "WORDSxSIZE"]),
        ],
    );
}

#[test]
fn sizes_and_rates() {
    let place = Place::new();
    refused(
        &place,
        &[
            (&format!("--lr nan {LONG}"), &["nan", "0 or more, and finite"]),
            (&format!("--lr inf {LONG}"), &["inf", "0 or more, and finite"]),
            (&format!("--lr=-1 {LONG}"), &["-1", "0 or more, and finite"]),
            ("--lr -1", &["-1"]),
            ("--lr fast", &["--lr", "fast"]),
            ("--dim 0", &["--dim", "0", "from 1 to 16384"]),
            ("--dim 16385", &["--dim", "16385", "from 1 to 16384"]),
            ("--dim 2.5", &["--dim", "2.5"]),
            ("--window 0", &["--window", "0", "from 1 to 10000"]),
            ("--window 10001", &["--window", "10001", "from 1 to 10000"]),
            ("--batch 0", &["--batch", "0", "from 1 to "]),
            ("--batch 1048577", &["--batch", "1048577", "from 1 to "]),
            ("--examples 0", &["--examples", "0", "from 1 to "]),
            ("--examples -1", &["-1"]),
            ("--valid-examples 0", &["--valid-examples", "0", "from 1 to "]),
            ("--valid-examples 4294967296", &["--valid-examples", "4294967296", "from 1 to "]),
            ("--budget 0s", &["--budget", "0s", "more than 0"]),
            ("--budget 0", &["--budget", "0", "more than 0"]),
            ("--budget=-1", &["--budget", "-1"]),
            ("--budget nan", &["--budget", "nan"]),
            ("--budget long", &["--budget", "long"]),
            ("--budget 1s --examples 5", &["--budget", "--examples"]),
            ("--sample -1", &["-1"]),
            (&format!("--sample=-1 {LONG}"), &["sample", "-1", "0 or a positive number"]),
            (&format!("--sample nan {LONG}"), &["sample", "nan", "0 or a positive number"]),
            ("--min-count -1", &["-1"]),
            ("--threads 0", &["--threads", "0", "from 1 to "]),
            ("--seed -1", &["-1"]),
            ("--seed=-1", &["--seed", "-1"]),
            ("--seed 18446744073709551616", &["--seed", "18446744073709551616"]),
        ],
    );
}

#[test]
fn languages() {
    let place = Place::new();
    place.file("text", text(50));
    refused(
        &place,
        &[
            ("--vocab 0", &["vocab is 0", "1 to 16777216"]),
            ("--vocab 16777217", &["vocab is 16777217", "1 to 16777216"]),
            ("--vocab=-1", &["--vocab", "-1"]),
            ("--classes 0", &["classes is 0", "1 to 1024"]),
            ("--classes 1025", &["classes is 1025", "1 to 1024"]),
            ("--vocab 20 --classes 21", &["classes is 21", "number of words"]),
            ("--vocab 20 --classes 2 --corpus text", &["--vocab", "--corpus"]),
            ("--classes 2 --corpus text", &["--classes", "--corpus"]),
            ("--valid text", &["--corpus"]),
            ("--corpus", &["--corpus"]),
        ],
    );
}

#[test]
fn texts() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("folder")).unwrap();
    place.file("text", text(50));
    place.file("empty", "");
    place.file("blank", "\n \u{2003}\r\n\n");
    place.file("rare", "a b c\nd e f\na g h\n");
    place.file("latin1", b"fine f\xc3\xbcnf\nth\xfcr\n");
    place.file("one-line", "a b a b\n");
    place.file("single", "a\nb\na\nb\n");
    place.file("unknown", "x y\nz\n");
    place.file("known-alone", "w0 x\ny w1\n");
    refused(
        &place,
        &[
            ("--corpus missing", &["missing", "no such file"]),
            ("--corpus text missing", &["missing", "no such file"]),
            ("--corpus folder", &["folder: no file found"]),
            ("--corpus empty", &["empty", "no word", "0 tokens"]),
            ("--corpus blank", &["blank", "no word", "0 tokens"]),
            ("--corpus rare --valid text", &["rare", "9 tokens", "at least 5 times"]),
            ("--corpus text --min-count 1000", &["text", "at least 1000 times"]),
            ("--corpus text latin1", &["latin1:2", "byte 3", "UTF-8"]),
            ("--corpus one-line --min-count 1", &["1", "2 or more"]),
            ("--corpus single --min-count 1", &["single", "no example"]),
            ("--corpus single --min-count 1 --valid text", &["text", "none of its 300 tokens"]),
            ("--corpus single --min-count 1 --valid one-line", &["single", "no example"]),
            ("--corpus text --valid missing", &["missing", "no such file"]),
            ("--corpus text --valid folder", &["folder: no file found"]),
            ("--corpus text --valid empty", &["empty", "0 tokens"]),
            ("--corpus text --valid unknown", &["unknown", "none of its 3 tokens"]),
            ("--corpus text --valid known-alone", &["known-alone", "no example"]),
            ("--corpus text --valid latin1", &["latin1:2", "byte 3", "UTF-8"]),
            (&format!("--corpus text --sample=-1 {LONG}"), &["sample", "-1", "0 or a positive number"]),
            (&format!("--corpus text --sample nan {LONG}"), &["sample", "nan", "0 or a positive number"]),
        ],
    );
}

#[test]
fn damaged_files() {
    let place = Place::new();
    let text = text(500);
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(text.as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    let zst = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let changed = |whole: &[u8]| {
        let mut bytes = whole.to_vec();
        bytes[whole.len() / 2] ^= 0x55;
        bytes
    };
    place.file("cut.gz", &gz[..gz.len() / 2]);
    place.file("cut.zst", &zst[..zst.len() / 2]);
    place.file("changed.gz", changed(&gz));
    place.file("changed.zst", changed(&zst));
    place.file("plain.gz", &text);
    place.file("plain.zst", &text);
    refused(
        &place,
        &[
            ("--corpus cut.gz", &["cut.gz"]),
            ("--corpus cut.zst", &["cut.zst"]),
            ("--corpus changed.gz", &["changed.gz"]),
            ("--corpus changed.zst", &["changed.zst"]),
            ("--corpus plain.gz", &["plain.gz"]),
            ("--corpus plain.zst", &["plain.zst"]),
        ],
    );
}

#[test]
fn places_that_cannot_be_written_to_before_anything_is_trained() {
    let place = Place::new();
    place.file("text", text(50));
    std::fs::create_dir_all(place.path().join("folder/compare.json")).unwrap();
    refused(
        &place,
        &[
            (&format!("--out text {LONG}"), &["text"]),
            (&format!("--out text/deep/er {LONG}"), &["text"]),
            (&format!("--out folder {LONG}"), &["folder/compare.json"]),
        ],
    );
}

#[test]
fn losses_that_are_not_finite() {
    let place = Place::new();
    let run =
        |options: &str| format!("--vocab 50 --classes 5 --examples 1000 --valid-examples 50 --layers full {options}");
    refused(
        &place,
        &[
            (&run("--lr 1e38"), &["full", "try a rate of"]),
            (&run("--lr 1e30 --optimizer sgd"), &["full", "try a rate of"]),
            // The loss is finite, the perplexity is not.
            (&run("--lr 1000"), &["full", "try a rate of"]),
        ],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn models_beyond_memory() {
    let place = Place::new();
    let lexmax = assert_cmd::cargo::cargo_bin!("lexmax");
    // 31 GiB of embeddings; 11 GiB in four arrays of 2.8 GiB; 39 GiB for the contexts of a batch.
    for options in ["--vocab 500000 --dim 16384", "--vocab 500000 --dim 1500", "--window 10000 --batch 1048576"] {
        // At most 4 GiB of addresses.
        let script = format!("ulimit -v 4194304 && exec '{}' {options}", lexmax.display());
        let output = assert_cmd::Command::new("sh")
            .args(["-c", &script])
            .current_dir(place.path())
            .timeout(std::time::Duration::from_secs(30))
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options}: {message}");
        assert!(message.contains("memory") && place.files().is_empty(), "{options}: {message}");
    }
}
