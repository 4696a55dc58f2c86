//! Messages of faults of settings, arrays, heads and runs.

use super::messages;
use crate::error::*;

messages!(heads, whole, HeadFault {
    Counts { counts: 3, vocab: 4 } => "3 counts for 4 words; give one count for each word",
    NoCounts
        => "the biases of this layer start at the unigram model, which needs word counts; call `counts` on the builder",
    NoRate => "a layer outside the catalogue has no default rate; call `rate` on the builder",
    NotOfOwnLayer { setting: "bias" }
        => "bias applies only to layers of the catalogue; set it on your layer before you pass it",
    Loss { loss: f64::INFINITY, rate: 0.5 }
        => "the loss of this step is inf at rate 0.5, and no weight was changed; lower the rate or scale the hidden \
            vectors; if earlier steps spoiled the weights, build or load the head again",
    Gradient { rate: 0.5 }
        => "the gradient of the relaxed samples is not finite at rate 0.5, and no weight was changed; raise the \
            temperature or scale the incoming gradients; if earlier steps spoiled the weights, load the head again",
    NoBackward
        => "this layer has no gradient of ln P, which a relaxed sample needs; implement `log_probs_backward`",
    OwnLayerInFile { path: "h.safetensors".into() }
        => "h.safetensors: the file holds a layer outside the catalogue; build that layer, and call \
            `Head::of(layer).load(path)`",
    OtherHead { path: "h.safetensors".into(), setting: "dim", found: "5".into(), needed: "6".into() }
        => "h.safetensors: dim is 5 in the file, but 6 here; build the head as in the file",
});

messages!(inputs, whole, InputFault {
    Shape { what: "hidden vectors", found: [2, 3], needed: [4, 5] }
        => "hidden vectors: the shape is 2 × 3, expected 4 × 5; pass an array of that shape",
    Targets { targets: 3, examples: 4 } => "3 targets for 4 hidden vectors; give one target for each vector",
    Target { example: 1, target: 40, vocab: 30 }
        => "target 40 of example 1 is not in the vocabulary of 30 words; use numbers from 0 to 29",
    NotFinite { what: "hidden vectors", row: 1, column: 3, value: f32::NAN }
        => "hidden vectors: row 1, column 3 is NaN; pass finite numbers only",
});

messages!(several_ranks, whole, RanksFault {
    Differ { rank: 2, setting: "seed".into(), there: "8".into(), here: "7".into() }
        => "seed is \"8\" on rank 2, but \"7\" on rank 0; start all ranks with the same program, options and text",
    OneProcess { setting: "a mini-batch", ranks: 2, advice: "set batch to 1" }
        => "a mini-batch cannot be trained on 2 ranks; set batch to 1, or start one rank",
    NotDivided { command: "compare", ranks: 4 }
        => "each of 4 ranks would do the same compare; pass --vocab-parallel, or start one rank",
});

messages!(vector_paths, whole, SimdFault {
    Unknown { asked: "neon".into(), here: vec!["scalar", "avx2"] }
        => "LEXMAX_SIMD is \"neon\", but must be scalar, avx2 or avx512; this machine has scalar, avx2; unset it to \
            use the best",
    Lacking { asked: "avx512", here: vec!["scalar", "avx2"] }
        => "LEXMAX_SIMD is avx512, which this machine lacks; it has scalar, avx2; unset it to use the best",
});

messages!(divergences, part, Divergence {
    Loss(f64::NAN) => "the loss became NaN",
    Parameter { table: "layer.0".into(), row: 7, value: f32::INFINITY } => "row 7 of table layer.0 became inf",
});

messages!(checkpoints, whole, CheckpointFault {
    Exists => "there is a checkpoint already; resume it, or choose another folder",
    OtherRun { setting: "dim".into(), checkpoint: "50".into(), now: "60".into() }
        => "the checkpoint belongs to another run: dim is \"50\" there, but \"60\" here; change it back, or choose \
            another folder",
});

messages!(starts, whole, InitFault {
    OtherDim { found: 50, needed: 100 } => "its vectors have 50 numbers, but the model has 100; make the sizes equal",
    NothingInCommon { words: 9 }
        => "none of its 9 words is in the text's vocabulary; use vectors of the same language and case",
});

messages!(outputs, whole, OutputFault {
    IsInput { output: "./a".into(), input: "b".into() }
        => "./a: this output would overwrite the input b; name another output",
    IsOutput { first: "a".into(), second: "./b".into() }
        => "a and ./b: these outputs are the same file, and only the last would be left; name another one",
    InText { output: "texts/v".into(), input: "texts".into() }
        => "texts/v: this output lies among the input files of texts, so that the next run would read it as text; name \
            another place, or name the texts one by one",
    Packing { path: "v.xz".into(), ending: "xz".into(), known: "end it in .gz" }
        => "v.xz: lexmax does not write .xz files; end it in .gz",
    Word {
        path: "v".into(), what: "a file of the format text".into(), word: "new york".into(), unfit: Unfit::Space,
        others: ["npy", "projector"].into()
    }
        => "v: the word \"new york\" cannot be written to a file of the format text: it has white space, at which a \
            reader would cut it; choose another format (npy, projector), or leave the word out",
    Word {
        path: "v".into(), what: "a vocabulary".into(), word: "new york".into(), unfit: Unfit::Space, others: [].into()
    }
        => "v: the word \"new york\" cannot be written to a vocabulary: it has white space, at which a reader would \
            cut it; leave out the word or this file",
    Word {
        path: "v".into(), what: "a model".into(), word: "aa".into(), unfit: Unfit::Long { bytes: 9, limit: 8 },
        others: [].into()
    }
        => "v: the word \"aa\" cannot be written to a model: it has 9 bytes, but at most 8 can be read again; lower \
            max_word_bytes, join fewer phrases, or remove the word from the vocabulary file",
    NoStream { path: "-".into(), what: "a model" }
        => "-: a model cannot go to standard output, a device or a pipe; name a file",
    Kept { path: "v".into(), why: "it is read-only" }
        => "v: it is read-only, so it cannot be written; change that, or name another output",
    BelowFile { below: "a/b".into(), file: "a".into() }
        => "a/b: this output lies below the output a, which is a file; name another one",
    StreamIsInput { stream: "standard error", input: "a".into() }
        => "standard error leads to the input a, which would be changed; redirect it elsewhere",
    Beside {
        side: "v.words.txt".into(), main: "v.npy".into(),
        fault: Box::new(OutputFault::Kept { path: "v.words.txt".into(), why: "it is read-only" })
    }
        => "v.words.txt: it is read-only, so it cannot be written; change that, or name another output (v.words.txt is \
            written beside v.npy)",
    Ending { path: "v.npy".into(), format: "text", named: "npy", ending: "txt" }
        => "v.npy: the ending stands for the format npy, but text was chosen; end it in .txt, or choose npy",
    OfOther { side: "v.words.txt".into(), main: "v.npy".into(), other: "v.npy.gz".into() }
        => "v.words.txt: this file would be written beside v.npy, but belongs to v.npy.gz; name another output",
    Unasked { side: "v.words.txt".into(), main: "v.npy".into() }
        => "v.words.txt: this file would be written beside v.npy, but exists already without it; remove it, or name \
            another output",
});

messages!(unfit_words, part, Unfit {
    Empty => "it is empty",
    Long { bytes: 9, limit: 8 } => "it has 9 bytes, but at most 8 can be read again",
    Space => "it has white space, at which a reader would cut it",
    Nul => "it has a NUL byte, at which other programs would cut it",
    Packed => "it begins as a compressed file does",
});
