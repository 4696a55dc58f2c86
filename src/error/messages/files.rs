//! Messages of faults of input files.

use super::messages;
use crate::error::*;

fn json() -> serde_json::Error {
    serde_json::from_str::<u32>("x").unwrap_err()
}

messages!(texts, whole, TextFault {
    Foreign { path: "a.zip".into(), kind: "a zip archive", advice: "unpack it first" }
        => "a.zip: this is a zip archive, not text; unpack it first",
    NoMark { path: "a.txt".into(), encoding: "UTF-16LE" }
        => "a.txt: this is UTF-16LE text without a byte order mark; convert it, as with `iconv -f UTF-16LE -t UTF-8`",
    Nul { path: "a.txt".into(), line: 7, byte: 3 }
        => "a.txt:7: byte 3 of the line is NUL, which does not occur in text; if the file is UTF-16 or UTF-32 without \
            a byte order mark, convert it, as with `iconv -f UTF-16LE -t UTF-8`; if it is binary data, name another \
            file",
    BadPattern { path: "a**b".into(), at: 2, why: "two stars" }
        => "a**b: the pattern is wrong at byte 2 (two stars); write special characters in brackets, as [*]",
    RepeatedInput => "standard input (-) is given twice, but can be read only once; remove one of them",
    BadDelimiter { delimiter: "a b".into() }
        => "\"a b\" cannot join words: it has white space; choose another, such as \"_\"",
});

messages!(vocabularies, whole, VocabularyFault {
    NotTwo => "the line is not a word, a space and a count; correct or remove it",
    BadCount { word: "sea".into(), count: "x".into() }
        => "the count of \"sea\" is \"x\", but must be a whole number from 1 to 2⁶⁴ - 1; correct it",
    RepeatedWord { word: "sea".into(), first: 4 } => "\"sea\" has a line already (line 4); remove one of them",
    TooLong { limit: 99 } => "the line has 99 bytes or more; name a file of words with their counts",
    NoWord { words: 9, min_count: 5 } => "none of the 9 words occurs 5 times or more; lower min_count",
});

messages!(trees, whole, TreeFault {
    BadCode { word: "sea".into(), code: "01x".into() }
        => "the code \"01x\" of \"sea\" is not made of 0 and 1; write a 0 or a 1 for each decision",
    NoWord => "the line is not a word, a space and a code; correct or remove it",
    UnknownWord { word: "sea".into() } => "\"sea\" is not in the vocabulary; remove the line",
    RepeatedWord { word: "sea".into(), first: 4 } => "\"sea\" has a line already (line 4); remove one of them",
    MissingWord { word: "sea".into() } => "the file has no line for \"sea\", a word of the vocabulary; add one",
    Crossing { word: "sea".into(), other: "lake".into(), line: 4 }
        => "the codes of \"sea\" and \"lake\" (line 4) conflict, since one is a prefix of the other; change one of \
            them",
    TooManyDecisions { word: "sea".into(), limit: 99 }
        => "the codes up to that of \"sea\" make more than 99 decisions; shorten them",
    OneChild { word: "sea".into(), decision: 3 }
        => "decision 3 on the path to \"sea\" has only one child; remove its digit from all codes",
});

messages!(vectors, whole, VectorsFault {
    MissingWord { word: "sea".into() }
        => "no vector for \"sea\", a word of the vocabulary; add one, or use vectors that have all words",
    NotFinite { word: "sea".into() } => "the vector of \"sea\" is not finite; correct or remove it",
    Length { word: "sea".into() }
        => "the length of the vector of \"sea\" is beyond the range of f32; choose a format other than finalfusion",
    Header { expected: "a file with a word and a number" }
        => "this is not a file with a word and a number; check the file and its format",
    TooShort { words: 9, dim: 5, need: 180, left: 60 }
        => "the header says 9 words of 5 numbers, which need 180 bytes, but 60 are left; check the format",
    TooLarge { words: 9, dim: 5 }
        => "9 words of 5 numbers are out of range (1 to 2³¹ - 1 words of 1 to 2²⁰ numbers); check the header",
    Ends { what: "a word", words: 9 } => "the file ends within a word, after 9 whole words; write or copy it again",
    GoesOn { words: 9 }
        => "the file continues after its 9 words; correct the number of words, or remove the rest",
    Number { word: "sea".into(), text: "x".into() }
        => "\"x\" in the vector of \"sea\" is not a number; write it as 0.25 or 2.5e-1",
    Size { word: "sea".into(), found: 49, dim: 50 }
        => "the vector of \"sea\" has 49 numbers, expected 50; correct or remove it",
    NotUtf8 { number: 7 } => "word 7 is not UTF-8; convert the words, or check the format",
    WordEnd { number: 7, end: 3 }
        => "word 7 ends at byte 3, before its beginning or after the last word; write the file again",
    ReadOnly { format: "model", known: ".bin, .txt".into() }
        => "a model file cannot be written from word vectors alone; name one of .bin, .txt",
    EmptyWord { number: 7 } => "word 7 is empty; give it a name or remove it",
    LongWord { number: 7, limit: 99 } => "word 7 has more than 99 bytes; shorten it, or check the format",
    RepeatedWord { word: "sea".into(), first: 4 } => "\"sea\" is already word 4; remove one of them",
    NotRead { what: "chunk", value: "9".into(), known: "1, 2" }
        => "unsupported chunk 9 (supported: 1, 2); convert the file",
    Foreign { what: "a zip archive", advice: "unpack it first" } => "this is a zip archive; unpack it first",
    EmptyFile => "the file is empty; write or copy it again",
    NoWords { format: "npy", names: "v.words.txt".into() }
        => "a npy file keeps its words beside it, but there is no v.words.txt; name the file of the words",
    WordsInside { format: "text" } => "a text file contains its words; remove the separate file of words",
    NothingLeft { passed_over: "3 words".into() } => "no word is left: 3 words; check the format",
    WordsMissVectors { words: 3, vectors: 4 } => "4 vectors, but 3 words; give one vector for each word",
});

messages!(models, whole, ModelFault {
    TooShort { bytes: 5 }
        => "the file has 5 bytes, but needs at least 8 for the length of its header; write or copy it again",
    HeaderLength { length: 99, limit: 50 }
        => "this is no model of lexmax: its first 8 bytes give a header of 99 bytes, but at most 50 are possible; name a \
            file of `save_model`",
    Header { byte: 9, source: json() }
        => "byte 9: the header: expected value at line 1 column 1; name a model of lexmax",
    Size { said: 99, found: 50 }
        => "the header describes 99 bytes of tensors, but 50 bytes follow; write or copy the file again",
    NoField { field: "lexmax" }
        => "this is not a model of lexmax: the metadata have no \"lexmax\"; name a file that lexmax wrote",
    Field { field: "lexmax", column: 1, source: json() }
        => "metadata \"lexmax\", column 1: expected value at line 1 column 1; write the file again",
    Format { found: 2, known: 1 }
        => "the file has format 2, but this version reads format 1; use the version that wrote it",
    Senseless { field: "loss", source: Box::new(Error::EmptyVocabulary) }
        => "metadata \"loss\": the vocabulary is empty; give it at least one word",
    NoTensor { tensor: "layer.0".into() } => "the tensor \"layer.0\" is missing; write the file again, or name another",
    StrangeTensor { tensor: "x".into() }
        => "the tensor \"x\" does not belong to this model; remove it, or name another file",
    Shape {
        tensor: "x".into(), found: "F32".into(), found_shape: vec![2, 3], needed: "U64".into(), needed_shape: vec![4]
    }
        => "tensor \"x\" is F32 of [2, 3], but the model needs U64 of [4]; write the file again, or name another",
    Number { tensor: "x".into(), row: 3, byte: 9, value: 0.5 }
        => "byte 9: 0.5 in row 3 of tensor \"x\" is not allowed; write the file again",
    Reference { tensor: "x", at: 3 }
        => "number 3 of tensor \"x\" refers to something that does not exist; write the file again",
    Word { word: 3, byte: 9, fault: WordFault::NotUtf8 } => "byte 9: word 3 is not UTF-8; write the file again",
    Counts { source: Box::new(Error::ZeroCount { word: 4 }) }
        => "tensor \"vocab.counts\": word 4 has count 0, but every word needs at least 1; raise the count, or leave \
            the word out",
    Tree { fault: LinksFault::Leaf { word: 3 } }
        => "word 3 is not below a decision, or its place is taken; write the file again",
});

messages!(words, part, WordFault {
    NotUtf8 => "is not UTF-8",
    Repeated { first: 4 } => "is the same as word 4",
    End { end: 9 } => "ends at byte 9, before it begins or beyond the tensor",
});

messages!(links, whole, LinksFault {
    Nodes { words: 5, nodes: 6 }
        => "6 decisions over 5 words are no tree, which has one decision less than words; write the file again",
    Node { node: 3 } => "decision 3 is not below an earlier one, or its place is taken; write the file again",
    Leaf { word: 3 } => "word 3 is not below a decision, or its place is taken; write the file again",
});

messages!(evaluations, whole, EvaluationFault {
    NoQuestion { words: 3 } => "the line has 3 words, but a question has 4; correct or remove it",
    Separated { words: 3, separator: "commas" }
        => "the line has 3 words with commas between them, but a question has 4 with white space between them; correct \
            or remove it",
    Comment => "the line looks like a comment, but comments begin with \"#\"; begin it with that, or remove it",
    LineEnds
        => "the line has a carriage return inside, an old form of line end; convert the file, for example with `tr \
            '\\r' '\\n'`",
    Bats => "the line looks like BATS (a word and its answers); write each question as four words on a line",
    PairNoQuestion
        => "the line looks like two words and a score, not like four words; read the file as word pairs",
    QuestionNoPair
        => "the line belongs to analogy questions, not to two words and a score; read the file as questions",
    Vectors
        => "the second column holds numbers, as in word vectors; name a file with two words and a score on each line",
    NoPair
        => "the line is not two words and a number with tabs, commas, semicolons or spaces between them; correct or \
            remove it",
    Fields { found: 3, expected: 4, separator: "tabs" }
        => "the line has 3 fields, expected 4 as in other lines (separated by tabs); write all lines alike, with \
            quotation marks around fields that have the separator",
    OpenQuote { text: "sea".into() }
        => "the quotation mark before \"sea\" is not closed before the next separator; close it, or double the marks \
            that belong to the text",
    EmptyWord { column: 2 } => "the word in column 2 is empty; correct or remove the line",
    FirstColumn { text: "x".into() }
        => "the first column (here \"x\") may be a word or not; remove it, or name the columns in a heading: word1, \
            word2, score",
    ScoreName { columns: [3, 4] }
        => "column 3 and column 4 may both hold the scores; name one of them \"score\" in the heading",
    Number { text: "x".into() } => "the score \"x\" is not a finite number; correct it or remove the line",
    TwoMarks { text: "1.5".into(), other: "1,5".into(), line: 3 }
        => "the scores \"1.5\" here and \"1,5\" in line 3 have different decimal marks; write all with a decimal point",
    Thousands { text: "1,500".into() }
        => "the comma in the score \"1,500\" may be a decimal mark or not; write a point, or leave the comma out",
    SplitScore { text: "1,5".into() }
        => "\"1,5\" may be one score or two columns, since commas separate the fields; put scores between quotation \
            marks, or name all columns in a heading: word1, word2, score",
    LongLine { limit: 99 } => "the line has more than 99 bytes; name a text file of word pairs or of questions",
    LargeFile { limit: 99 } => "the file has more than 99 bytes; name a file of word pairs",
    Empty => "the file has no word pair and no question; add one, or name another file",
    UnknownPairs { known: 1, pairs: 3, vectors: "v.vec".into(), word: "cat".into(), similar: Some("Cat".into()) }
        => "Spearman's ρ needs two pairs of known words, but 1 of 3 are known: v.vec has no vector for \"cat\"; \
            similar words: \"Cat\"",
    UnknownQuestions {
        questions: 3, first: 9, vectors: "v.vec".into(), word: "cat".into(), similar: Some("cat".into())
    }
        => "none of the 3 questions has four known words: v.vec has no vector for \"cat\" among its first 9; use more \
            of the first words",
    OnePair => "the file has one pair, but Spearman's ρ needs two; add pairs, or name another file",
    EqualScores { known: 3, score: "5".into(), vectors: "v.vec".into() }
        => "all 3 pairs with vectors in v.vec have the score 5, so that Spearman's ρ is not defined; add other pairs",
    EqualCosines { known: 3, cosine: "0.5".into(), vectors: "v.vec".into() }
        => "the vectors in v.vec give all 3 pairs the cosine 0.5, so that Spearman's ρ is not defined; name other \
            vectors",
});
