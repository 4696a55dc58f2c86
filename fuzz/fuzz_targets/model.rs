#![no_main]

use lexmax::model::{ModelReader, ModelWriter};
use lexmax::train::State;
use std::io::Cursor;
use std::path::Path;

// A checkpoint is a model file with a training state.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(reader) = ModelReader::open(Cursor::new(data), Path::new("case")) else { return };
    let _ = reader.read_state::<State>();
    let Ok((architecture, vocab, model)) = reader.read() else { return };
    assert_eq!(vocab.len(), model.layer().shape().vocab);
    let mut file = Vec::new();
    let writer = ModelWriter::new(&architecture, &vocab, &model).expect("what was read");
    writer.write(&mut file).expect("a vector takes all");
    let again = ModelReader::open(Cursor::new(&file), Path::new("again")).and_then(ModelReader::read);
    let (_, words, _) = again.expect("what was written");
    assert_eq!(words.len(), vocab.len());
});
