//! Messages of [`enum@Error`].

use super::messages;
use crate::error::*;
use std::io::{self, ErrorKind};

messages!(errors, whole, Error {
    Io { path: "a.txt".into(), source: io::Error::new(ErrorKind::NotFound, "no such file") }
        => "a.txt: no such file; check the path",
    Io { path: "a.txt".into(), source: io::Error::new(ErrorKind::PermissionDenied, "denied") }
        => "a.txt: denied; check its permissions",
    Io { path: "a.txt".into(), source: io::Error::new(ErrorKind::StorageFull, "disk full") }
        => "a.txt: disk full; free some space, or name another place",
    NotUtf8 { path: "a.txt".into(), line: 7, byte: 3 }
        => "a.txt:7: byte 3 of the line is not UTF-8; convert the text to UTF-8",
    NoFiles { path: "texts".into() } => "texts: no file found; check the path or the pattern",
    Text(TextFault::RepeatedInput)
        => "standard input (-) is given twice, but can be read only once; remove one of them",
    VocabularyFile { path: "v.txt".into(), line: 2, fault: VocabularyFault::NotTwo }
        => "v.txt:2: the line is not a word, a space and a count; correct or remove it",
    NoWords { paths: vec!["a.txt".into(), "b.txt".into()], tokens: 9, too_long: 0, min_count: 5 }
        => "a.txt, b.txt: no word of 9 tokens occurs at least 5 times; lower min_count",
    NoWords { paths: vec!["a.txt".into()], tokens: 9, too_long: 2, min_count: 5 }
        => "a.txt: no word of 9 tokens occurs at least 5 times, and 2 tokens are longer than max_word_bytes; lower \
            min_count, or raise that",
    NoWords { paths: vec!["a.txt".into()], tokens: 9, too_long: 9, min_count: 9 }
        => "a.txt: all 9 tokens are longer than max_word_bytes; separate words by spaces, or raise it",
    NoKnownWords { paths: vec!["b.txt".into()], tokens: 9 }
        => "b.txt: none of its 9 tokens is in the vocabulary; check its language and text rules",
    NoExamples { paths: vec!["a.txt".into()] }
        => "a.txt: no example: no line has two known words; use longer lines or another vocabulary",
    EmptyVocabulary => "the vocabulary is empty; give it at least one word",
    OtherRank { rank: 3, message: "a.txt: no such file; check the path".into() }
        => "rank 3: a.txt: no such file; check the path",
    NoText("tree=huffman")
        => "tree=huffman needs the feature `text` of lexmax, which this program lacks; build it with that feature",
    TooManyWords { words: 11, limit: 10 }
        => "11 words are too many, since a vocabulary holds at most 10; leave out rare words",
    CountsNotFalling { word: 4, count: 9, previous: 8 }
        => "word 4 has count 9, but the word before it has 8; sort words by falling count",
    ZeroCount { word: 4 }
        => "word 4 has count 0, but every word needs at least 1; raise the count, or leave the word out",
    OutOfRange { name: "dim", value: 0.5, limit: "1 or more" } => "dim is 0.5, but must be 1 or more",
    NotWith { setting: "order", other: "the model cbow" }
        => "order has no effect with the model cbow; remove one of them",
    Contradiction { first: "hierarchical", second: "negative", hint: "remove one of them" }
        => "hierarchical and negative contradict each other: remove one of them",
    UnknownLayer { name: "ful".into(), known: vec!["full", "nce"] } => "unknown layer \"ful\"; choose one of full, nce",
    RepeatedLayer("full".into()) => "layer full is named twice; remove one of them",
    NoVocabs("1e3..".into(), "whole numbers") => "vocab is \"1e3..\", but must be whole numbers",
    UnknownLayerKey { layer: "full", key: "samples".into(), known: vec!["bias", "smoothing"] }
        => "layer full has no key \"samples\"; choose one of bias, smoothing",
    RepeatedLayerKey { layer: "full", key: "bias".into() }
        => "layer full: the key bias is given twice; remove one of them",
    LayerValue { layer: "full", key: "bias".into(), value: "yes".into(), expected: "none, zero or unigram".into() }
        => "layer full: bias is \"yes\", but must be none, zero or unigram",
    LossOption { layer: "negative", option: "label smoothing" }
        => "negative does not support label smoothing; remove it, or choose a layer that does",
    NoBlocks { part: "full", block: 8, other: "negative" }
        => "full takes one position at a time, not blocks of 8; set block to 1, or use negative",
    WordWeightsMissWords { weights: 3, vocab: 4 } => "3 weights for 4 words; give one weight for each word",
    BlocksMissWords { words: 30, vocab: 50 }
        => "blocks hold 30 words, but the vocabulary has 50; change the last block",
    SlicesMissDim { sum: 5, dim: 4 }
        => "the slices of the blocks sum to 5, but the hidden vector has 4 entries; make them equal",
    TreeFile { path: "t.tree".into(), line: 3, fault: TreeFault::NoWord }
        => "t.tree:3: the line is not a word, a space and a code; correct or remove it",
    VectorsFile { path: "v.bin".into(), place: Place::Byte(6), fault: VectorsFault::NotUtf8 { number: 1 } }
        => "v.bin, byte 6: word 1 is not UTF-8; convert the words, or check the format",
    VectorsFile { path: "v.txt".into(), place: Place::Line(7), fault: VectorsFault::EmptyWord { number: 2 } }
        => "v.txt:7: word 2 is empty; give it a name or remove it",
    VectorsFile { path: "v.txt".into(), place: Place::Whole, fault: VectorsFault::EmptyFile }
        => "v.txt: the file is empty; write or copy it again",
    VectorsFormat { path: "v.x".into(), known: "text, npy".into() }
        => "v.x: neither name nor content shows the format of the vectors; name one of text, npy",
    EvaluationFile { path: "q.txt".into(), line: 1, fault: Box::new(EvaluationFault::Empty) }
        => "q.txt:1: the file has no word pair and no question; add one, or name another file",
    UnknownWord { word: "kinng".into(), similar: vec!["king".into(), "kin".into()] }
        => "no vector for \"kinng\"; similar words: \"king\", \"kin\"",
    UnknownWord { word: "kinng".into(), similar: vec![] } => "no vector for \"kinng\"; check its spelling and case",
    NotThreeWords(2)
        => "an analogy needs three words, found 2; write a, b and c of \"a is to b as c is to …\"",
    NothingToEvaluate => "no file to evaluate with; name files of word pairs or of analogy questions",
    NotInVocabulary(vec!["sea".into(), "lake".into()])
        => "not in the vocabulary: \"sea\", \"lake\"; check spelling and case",
    ModelFile { path: "m.safetensors".into(), fault: Box::new(ModelFault::Format { found: 2, known: 1 }) }
        => "m.safetensors: the file has format 2, but this version reads format 1; use the version that wrote it",
    NotFinite { table: "layer.0".into(), row: 7, value: f32::NAN }
        => "row 7 of table layer.0 has NaN, which is not finite; train at a lower rate",
    CutoffsNotRising { previous: 20, next: 10, vocab: 50 }
        => "cut-off 10 follows 20, but cut-offs must rise and stay below 50, the vocabulary; correct it",
    Diverged { cause: Divergence::Loss(f64::NAN), examples: 300, rate: 0.5, suggested: 0.025 }
        => "the loss became NaN after 300 examples at rate 0.5; try a rate of 0.025 or less",
    Checkpoint { path: "ck".into(), fault: CheckpointFault::Exists }
        => "ck: there is a checkpoint already; resume it, or choose another folder",
    Init { path: "v.bin".into(), fault: InitFault::OtherDim { found: 50, needed: 100 } }
        => "v.bin: its vectors have 50 numbers, but the model has 100; make the sizes equal",
    StateField { field: "the codes of the proposal" }
        => "the state of training does not fit this run: the codes of the proposal; use the state of a run with the \
            same settings",
    SharedOptimizer { optimizer: "adagrad" }
        => "tables shared by workers support only sgd, not adagrad; choose sgd",
    InLayer { layer: "full:bias=zero".into(), source: Box::new(Error::EmptyVocabulary) }
        => "layer full:bias=zero: the vocabulary is empty; give it at least one word",
    NoPoints("cost") => "the chart cost has no point; give it at least one finite value",
    Output(OutputFault::NoStream { path: "-".into(), what: "a model" })
        => "-: a model cannot go to standard output, a device or a pipe; name a file",
    Input(InputFault::Targets { targets: 3, examples: 4 })
        => "3 targets for 4 hidden vectors; give one target for each vector",
    Head(HeadFault::NoRate) => "a layer outside the catalogue has no default rate; call `rate` on the builder",
    Ranks(RanksFault::OneProcess { setting: "a mini-batch", ranks: 2, advice: "set batch to 1" })
        => "a mini-batch cannot be trained on 2 ranks; set batch to 1, or start one rank",
    Simd(SimdFault::Lacking { asked: "avx512", here: vec!["scalar"] })
        => "LEXMAX_SIMD is avx512, which this machine lacks; it has scalar; unset it to use the best",
    TooLarge { rows: 1000, dim: 300 } => "1000 rows of 300 numbers do not fit in memory; use fewer or shorter rows",
});
