//! The finalfusion format (<https://finalfusion.github.io/spec>): a header that lists chunks, then the chunks. The
//! vectors have length 1, and their original lengths are in a separate chunk.

use super::fit::norm;
use super::input::{Input, LONGEST_WORD};
use super::taken::Taken;
use super::word_list::WordList;
use super::{Output, each};
use crate::error::{Place, Result, VectorsFault};
use crate::vectors::VectorSource;
use crate::vocab::WordId;

pub const MAGIC: &[u8] = b"FiFu";
const SIMPLE_VOCAB: u32 = 1;
const ND_ARRAY: u32 = 2;
const BUCKET_VOCAB: u32 = 3;
const METADATA: u32 = 5;
const NORMS: u32 = 6;
const FASTTEXT_VOCAB: u32 = 7;
/// The type number of f32.
const F32: u32 = 10;
/// The maximum number of chunks; a valid file has at most four.
const MOST_CHUNKS: u32 = 16;
const KNOWN: &str = "vocabularies of words (1, 3, 7), matrices of f32 (2), metadata (5), norms (6)";

/// Reads words, vectors and, if present, lengths. Returns the size of a vector. Vectors of subword units follow the
/// ones of words and are passed over.
pub fn read(input: &mut Input, taken: &mut Taken) -> Result<usize> {
    let mut magic = [0; 4];
    input.exact(&mut magic, "the first bytes", 0)?;
    let (version, chunks) = (input.u32("the header", 0)?, input.u32("the header", 0)?);
    if magic != MAGIC || version != 0 || chunks > MOST_CHUNKS {
        let expected = "a file of finalfusion, of version 0";
        return Err(input.fault(Place::Byte(0), VectorsFault::Header { expected }));
    }
    let chunks = (0..chunks).map(|_| input.u32("the header", 0)).collect::<Result<Vec<_>>>()?;
    let (mut words, mut values, mut dim) = (WordList::new(input.path()), Vec::new(), 0);
    let mut needed = 0;
    for listed in chunks {
        let place = Place::Byte(input.at());
        let (chunk, len) = (input.u32("a chunk", words.len())?, input.u64("a chunk", words.len())?);
        if chunk != listed || matches!(chunk, ND_ARRAY | NORMS) == (words.len() == 0) && chunk != METADATA {
            let expected = "chunks as the header lists them, a vocabulary first";
            return Err(input.fault(place, VectorsFault::Header { expected }));
        }
        match chunk {
            METADATA => input.skip(len, "metadata")?,
            SIMPLE_VOCAB => read_words(input, 0, &mut words)?,
            BUCKET_VOCAB | FASTTEXT_VOCAB => read_words(input, 12, &mut words)?,
            ND_ARRAY if values.is_empty() => {
                needed = words.needed(taken.options);
                (values, dim) = read_array(input, words.len(), needed)?;
            }
            NORMS if !values.is_empty() => scale(input, &mut values, words.len(), dim)?,
            _ => {
                let fault = VectorsFault::NotRead { what: "chunk", value: chunk.to_string(), known: KNOWN };
                return Err(input.fault(place, fault));
            }
        }
    }
    input.end(words.len())?;
    if values.is_empty() {
        let fault = VectorsFault::WordsMissVectors { words: words.len() as u64, vectors: 0 };
        return Err(input.fault(Place::Whole, fault));
    }
    for (row, vector) in values.chunks_exact(dim).enumerate().take(needed) {
        if taken.is_full() {
            break;
        }
        taken.values.extend_from_slice(vector);
        taken.named_entry(&words, row, dim, (input.path(), Place::Whole))?;
    }
    Ok(dim)
}

/// Reads the words, which follow `settings` bytes about subword units.
fn read_words(input: &mut Input, settings: u64, words: &mut WordList) -> Result<()> {
    let place = Place::Byte(input.at());
    let count = input.u64("a vocabulary", 0)?;
    input.skip(settings, "a vocabulary")?;
    input.check_size(place, count, 1, count.checked_mul(5))?;
    let mut bytes = Vec::new();
    for number in 0..count as usize {
        let place = Place::Byte(input.at());
        let len = input.u32("a word", number)? as usize;
        if len > LONGEST_WORD {
            let fault = VectorsFault::LongWord { number: number + 1, limit: LONGEST_WORD };
            return Err(input.fault(place, fault));
        }
        bytes.resize(len, 0);
        input.exact(&mut bytes, "a word", number)?;
        words.push(&bytes, place);
    }
    Ok(())
}

/// Skips the padding to a multiple of four: one to four bytes.
fn read_padding(input: &mut Input) -> Result<()> {
    input.skip(4 - input.at() % 4, "padding")
}

fn check_type(input: &mut Input) -> Result<()> {
    let place = Place::Byte(input.at());
    match input.u32("a chunk", 0)? {
        F32 => Ok(()),
        other => {
            let fault =
                VectorsFault::NotRead { what: "type of the numbers", value: other.to_string(), known: "f32 (10)" };
            Err(input.fault(place, fault))
        }
    }
}

/// Reads the vectors of the first `needed` words. Returns them with their size.
fn read_array(input: &mut Input, words: usize, needed: usize) -> Result<(Vec<f32>, usize)> {
    let place = Place::Byte(input.at());
    let (rows, dim) = (input.u64("a matrix", 0)?, u64::from(input.u32("a matrix", 0)?));
    check_type(input)?;
    read_padding(input)?;
    if rows < words as u64 || dim == 0 {
        return Err(input.fault(place, VectorsFault::WordsMissVectors { words: words as u64, vectors: rows }));
    }
    let need = rows.checked_mul(dim).and_then(|n| n.checked_mul(4));
    input.check_size(place, rows, dim, need)?;
    let mut values = Vec::new();
    input.numbers(needed * dim as usize, 0, f32::from_le_bytes, &mut values)?;
    input.skip((rows - needed as u64) * dim * 4, "a matrix")?;
    Ok((values, dim as usize))
}

/// Multiplies the vectors by their lengths.
fn scale(input: &mut Input, values: &mut [f32], words: usize, dim: usize) -> Result<()> {
    let place = Place::Byte(input.at());
    let count = input.u64("norms", 0)?;
    check_type(input)?;
    read_padding(input)?;
    if count != words as u64 {
        return Err(input.fault(place, VectorsFault::WordsMissVectors { words: words as u64, vectors: count }));
    }
    let mut norms = Vec::new();
    input.numbers(words, 0, f32::from_le_bytes, &mut norms)?;
    for (row, norm) in values.chunks_exact_mut(dim).zip(norms) {
        row.iter_mut().for_each(|x| *x *= norm);
    }
    Ok(())
}

/// Writes words, vectors of length 1, and the original lengths.
pub fn write(out: &mut Output, source: &dyn VectorSource) -> Result<()> {
    let ids = 0..source.len() as WordId;
    let chunks = [SIMPLE_VOCAB, ND_ARRAY, NORMS];
    let mut head = [MAGIC, &0u32.to_le_bytes(), &(chunks.len() as u32).to_le_bytes()].concat();
    chunks.iter().for_each(|chunk| head.extend(chunk.to_le_bytes()));
    let vocab: u64 = 8 + ids.clone().map(|id| 4 + source.word(id).len() as u64).sum::<u64>();
    head.extend(chunk_head(SIMPLE_VOCAB, vocab, &(source.len() as u64).to_le_bytes()));
    out.put(&head)?;
    for word in ids.map(|id| source.word(id)) {
        out.put(&(word.len() as u32).to_le_bytes())?;
        out.put(word.as_bytes())?;
    }
    let (rows, dim) = (source.len() as u64, source.dim() as u64);
    // The offset of the padding, in bytes from the start of the file.
    let at = head.len() as u64 + vocab - 8 + 4 + 8 + 8 + 4 + 4;
    let padding = vec![0; (4 - at % 4) as usize];
    let size = [&rows.to_le_bytes()[..], &(dim as u32).to_le_bytes(), &F32.to_le_bytes(), &padding].concat();
    out.put(&chunk_head(ND_ARRAY, size.len() as u64 + rows * dim * 4, &size))?;
    let (mut norms, mut bytes) = (Vec::with_capacity(source.len()), Vec::new());
    each(source, &mut |_, vector| {
        let norm = norm(vector);
        norms.push(norm as f32);
        bytes.clear();
        let scale = if norm > 0.0 { norm.recip() } else { 0.0 };
        vector.iter().for_each(|x| bytes.extend_from_slice(&((f64::from(*x) * scale) as f32).to_le_bytes()));
        out.put(&bytes)
    })?;
    // The matrix ends at a multiple of four.
    let size = [&rows.to_le_bytes()[..], &F32.to_le_bytes(), &[0; 4]].concat();
    out.put(&chunk_head(NORMS, size.len() as u64 + rows * 4, &size))?;
    norms.iter().try_for_each(|norm| out.put(&norm.to_le_bytes()))
}

fn chunk_head(chunk: u32, len: u64, first: &[u8]) -> Vec<u8> {
    [&chunk.to_le_bytes()[..], &len.to_le_bytes(), first].concat()
}
