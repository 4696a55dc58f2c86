//! Reads the word vectors of a lexmax model: the tensors `vocab.ends`, `vocab.words` and `encoder.0.weight` of its
//! safetensors file.
//!
//! Tensors are read in the order of the file and all others are passed over, so that a stream is sufficient.

use super::input::Input;
use super::taken::Taken;
use crate::error::{Place, Result, VectorsFault};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

const DESCRIPTION: &str = "lexmax";
const ENDS: &str = "vocab.ends";
const WORDS: &str = "vocab.words";
const WEIGHT: &str = "encoder.0.weight";
/// The supported version of model files.
const FORMAT: u32 = 1;
/// The maximum header length in bytes, as in safetensors.
const LONGEST_HEADER: u64 = 16 << 20;

/// Whether a file starts like a safetensors file: a header length below 16 MiB, and the opening brace.
pub fn is_model(start: &[u8]) -> bool {
    start.get(8) == Some(&b'{') && start[3..8].iter().all(|byte| *byte == 0)
}

/// The tensors collected so far.
#[derive(Default)]
struct Found {
    ends: Option<Vec<u64>>,
    text: Option<Vec<u8>>,
    /// The values, the number of rows, and the number of entries in a row.
    weight: Option<(Vec<f32>, usize, usize)>,
}

/// Reads the words and the first table of the encoder. Returns the size of a vector.
pub fn read(input: &mut Input, taken: &mut Taken) -> Result<usize> {
    let expected = "a model of lexmax: the length of a header, and a safetensors header";
    let no_model = |input: &Input, place| input.fault(place, VectorsFault::Header { expected });
    let length = input.u64("the length of the header", 0)?;
    if length > LONGEST_HEADER.min(input.left().unwrap_or(u64::MAX)) {
        return Err(no_model(input, Place::Byte(0)));
    }
    let header = input.bytes(length, "the header")?;
    let tensors: Metadata = serde_json::from_slice(&header).map_err(|_| no_model(input, Place::Byte(8)))?;
    check_format(input, &tensors)?;
    let mut found = Found::default();
    for name in tensors.offset_keys() {
        let info = tensors.info(&name).expect("a name of this header");
        let place = Place::Byte(input.at());
        let bytes = (info.data_offsets.1 - info.data_offsets.0) as u64;
        match name.as_str() {
            ENDS => {
                check_shape(input, ENDS, info, Dtype::U64, 1)?;
                let read = input.bytes(bytes, "the ends of the words")?;
                found.ends = Some(read.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect());
            }
            WORDS => {
                check_shape(input, WORDS, info, Dtype::U8, 1)?;
                found.text = Some(input.bytes(bytes, "the words")?);
            }
            WEIGHT => {
                check_shape(input, WEIGHT, info, Dtype::F32, 2)?;
                let (rows, dim) = (info.shape[0], info.shape[1]);
                let room = input.check_size(place, rows as u64, dim as u64, Some(bytes))?;
                let mut values = Vec::with_capacity(room);
                input.numbers(rows * dim, 0, f32::from_le_bytes, &mut values)?;
                found.weight = Some((values, rows, dim));
            }
            _ => input.skip(bytes, "a tensor")?,
        }
    }
    let (words, dim) = found.take(input, taken)?;
    input.end(words)?;
    Ok(dim)
}

/// Refuses files of other programs and of later versions.
fn check_format(input: &Input, tensors: &Metadata) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let description = tensors.metadata().as_ref().and_then(|metadata| metadata.get(DESCRIPTION));
    let version = description.and_then(|text| serde_json::from_str::<Version>(text).ok());
    match version {
        Some(Version { format: FORMAT }) => Ok(()),
        Some(Version { format }) => {
            let fault = VectorsFault::NotRead { what: "version of the model", value: format.to_string(), known: "1" };
            Err(input.fault(Place::Byte(8), fault))
        }
        None => {
            let expected = "a model of lexmax: a safetensors file with the metadata \"lexmax\"";
            Err(input.fault(Place::Byte(8), VectorsFault::Header { expected }))
        }
    }
}

/// Refuses a tensor with another type, or with a number of axes other than `axes`.
fn check_shape(input: &Input, name: &'static str, info: &TensorInfo, dtype: Dtype, axes: usize) -> Result<()> {
    if info.dtype == dtype && info.shape.len() == axes {
        return Ok(());
    }
    let value = format!("{:?} of {:?}", info.dtype, info.shape);
    let known = "vocab.ends U64 [V], vocab.words U8 [bytes], encoder.0.weight F32 [V, d]";
    Err(input.fault(Place::Byte(input.at()), VectorsFault::NotRead { what: name, value, known }))
}

impl Found {
    /// Splits the text into words and adds them with their vectors. Returns the number of words and the size of a
    /// vector.
    fn take(self, input: &Input, taken: &mut Taken) -> Result<(usize, usize)> {
        let fault = |fault| input.fault(Place::Whole, fault);
        let Self { ends: Some(ends), text: Some(text), weight: Some((values, rows, dim)) } = self else {
            let expected = "a model with word vectors: tensors vocab.ends, vocab.words and encoder.0.weight";
            return Err(fault(VectorsFault::Header { expected }));
        };
        // An n-gram encoder has one more row, for positions before the first word of a sentence.
        let count = ends.len();
        if rows != count && rows != count + 1 {
            return Err(fault(VectorsFault::WordsMissVectors { words: count as u64, vectors: rows as u64 }));
        }
        if dim == 0 {
            return Err(fault(VectorsFault::TooLarge { words: count as u64, dim: 0 }));
        }
        let mut start = 0;
        for ((number, end), vector) in (1..).zip(ends).zip(values.chunks_exact(dim)) {
            let bytes = usize::try_from(end).ok().and_then(|end| text.get(start..end));
            let Some(word) = bytes else { return Err(fault(VectorsFault::WordEnd { number, end })) };
            start += word.len();
            if !taken.is_full() {
                taken.values.extend_from_slice(vector);
                taken.entry(word, dim, input.path(), [Place::Whole; 2])?;
            }
        }
        Ok((count, dim))
    }
}
