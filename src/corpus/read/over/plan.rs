//! The shares of a text, one rank each.

use crate::files::{Extent, Part, is_stream};
use crate::peers::{Packer, Peers, Team, Unpacker};
use std::path::{Path, PathBuf};

/// A file, or a part of one, that one rank reads.
#[derive(Debug)]
pub struct Share {
    /// The number of the file.
    pub file: usize,
    /// The rank that reads it.
    pub owner: usize,
    /// The part; `None` for the whole file.
    pub part: Option<Cut>,
}

/// A part of a file that is cut.
#[derive(Debug)]
pub struct Cut {
    /// The lines.
    pub part: Part,
    /// Bytes of the whole file, on rank 0.
    pub bytes: u64,
}

/// The way to read a file.
#[derive(Clone, Copy)]
enum Way {
    /// Any one rank reads all of it.
    Whole,
    /// Rank 0 reads all of it.
    Stream,
    /// All ranks read parts.
    Parts(Extent),
}

impl Way {
    fn of(path: &Path, has_parts: bool) -> Self {
        match Extent::of(path).filter(|_| has_parts) {
            Some(extent) => Self::Parts(extent),
            None if is_stream(path) => Self::Stream,
            None => Self::Whole,
        }
    }

    fn pack(self, out: &mut Packer) {
        let numbers = match self {
            Self::Whole => [0, 0, 0],
            Self::Stream => [1, 0, 0],
            Self::Parts(Extent { mark, bytes }) => [2, mark, bytes],
        };
        numbers.iter().for_each(|number| out.u64(*number));
    }

    fn unpack(from: &mut Unpacker) -> Self {
        match [from.u64(), from.u64(), from.u64()] {
            [0, ..] => Self::Whole,
            [1, ..] => Self::Stream,
            [_, mark, bytes] => Self::Parts(Extent { mark, bytes }),
        }
    }
}

/// The shares of all ranks, in the order of the text. Rank 0 decides, since files may look different elsewhere.
pub fn shares(paths: &[PathBuf], team: &mut Team) -> Vec<Share> {
    let ranks = team.size();
    let mut plan = Packer::default();
    if team.is_first() {
        paths.iter().for_each(|path| Way::of(path, paths.len() < ranks).pack(&mut plan));
    }
    let mut plan = plan.bytes();
    team.broadcast(0, &mut plan);
    let mut plan = Unpacker::new(&plan);
    let mut shares = Vec::new();
    for file in 0..paths.len() {
        match Way::unpack(&mut plan) {
            Way::Whole => shares.push(Share { file, owner: file % ranks, part: None }),
            Way::Stream => shares.push(Share { file, owner: 0, part: None }),
            Way::Parts(extent) => shares.extend((0..ranks).map(|owner| {
                let part = Cut { part: extent.part(owner, ranks), bytes: extent.bytes };
                Share { file, owner, part: Some(part) }
            })),
        }
    }
    shares
}
