//! Puts the shares of all ranks together, in the order of the text.
//!
//! The owner of a share tells all ranks its lines as numbers of the whole text, with each new word of the text before
//! its first number. All ranks number and count the words of the messages, as one process does when it reads them.

use super::plan::Share;
use super::share::Own;
use crate::corpus::read::numbers::{Sink, Text};
use crate::error::{Error, Result};
use crate::peers::{Packer, Peers, Team, Unpacker};
use crate::vocab::Interner;
use std::ops::Range;

/// Ids in a message, apart from the rest of its last line: 1 MB.
const PIECE: u64 = 1 << 18;

/// No number yet.
const NONE: u32 = u32::MAX;

/// The whole text in a sink, as numbers by first appearance.
///
/// # Errors
/// All ranks fail if a sink of one does.
pub fn gathered<S: Sink>(own: Own<S>, sink: S, shares: &[Share], team: &mut Team) -> Result<(Interner, Text<S>)> {
    let mut whole = Whole { seen: Interner::default(), text: Text::new(sink, &[]), words: 0 };
    let mut sender = Sender { numbers: vec![NONE; own.seen.counts().len()], own: &own, line: 0 };
    // A rank that fails takes part to the end, since the others cannot know.
    let mut failed: Option<Error> = None;
    let mut ends = own.ends.iter();
    for share in shares {
        let end = if share.owner == team.rank() { ends.next().copied().unwrap_or_default() } else { 0 };
        loop {
            let mut message = Vec::new();
            if share.owner == team.rank() && failed.is_none() {
                message = sender.message(end, &mut whole.seen).unwrap_or_else(|error| {
                    failed = Some(error);
                    Vec::new()
                });
            }
            team.broadcast(share.owner, &mut message);
            // An empty message ends a share.
            if message.is_empty() {
                break;
            }
            if failed.is_none() {
                failed = whole.take(&message).err();
            }
        }
    }
    let result = failed.map_or_else(|| whole.text.ids.complete(), Err);
    team.agree(result)?;
    whole.text.ledger = own.ledger;
    Ok((whole.seen, whole.text))
}

/// Tells the lines of this rank.
struct Sender<'a, S> {
    own: &'a Own<S>,
    /// For each word of this rank, its number in the whole text.
    numbers: Vec<u32>,
    /// The next line.
    line: usize,
}

impl<S: Sink> Sender<'_, S> {
    /// The next lines before line `end`. Empty if none are left.
    fn message(&mut self, end: usize, seen: &mut Interner) -> Result<Vec<u8>> {
        let Self { own, numbers, line } = self;
        let mut lines: Vec<Range<u64>> = Vec::new();
        while *line < end && lines.first().is_none_or(|first| own.text.ends[*line - 1] - first.start < PIECE) {
            lines.push(own.text.range(*line));
            *line += 1;
        }
        let [Some(first), Some(last)] = [lines.first(), lines.last()] else { return Ok(Vec::new()) };
        let mut ids = own.text.ids.ids(first.start..last.end)?;
        let (mut new, mut text) = (Vec::new(), String::new());
        for id in &mut ids {
            let number = &mut numbers[*id as usize];
            if *number == NONE {
                let (word, known) = (own.seen.word(*id), seen.counts().len());
                *number = seen.number(word)?;
                if *number as usize == known {
                    new.push(word.len());
                    text.push_str(word);
                }
            }
            *id = *number;
        }
        let mut out = Packer::default();
        [new.len(), lines.len(), ids.len()].iter().for_each(|n| out.u64(*n as u64));
        new.iter().for_each(|len| out.u32(*len as u32));
        lines.iter().for_each(|line| out.u32((line.end - line.start) as u32));
        ids.iter().for_each(|id| out.u32(*id));
        let mut out = out.bytes();
        out.extend(text.as_bytes());
        Ok(out)
    }
}

/// The text as it comes.
struct Whole<S> {
    seen: Interner,
    text: Text<S>,
    words: u64,
}

impl<S: Sink> Whole<S> {
    /// Appends the lines of a message.
    fn take(&mut self, message: &[u8]) -> Result<()> {
        let mut from = Unpacker::new(message);
        let [new, lines, ids] = [(); 3].map(|()| from.u64());
        let new: Vec<_> = (0..new).map(|_| from.u32() as usize).collect();
        let mut text = &message[message.len() - new.iter().sum::<usize>()..];
        for len in new {
            let (word, rest) = text.split_at(len);
            self.seen.number(&String::from_utf8_lossy(word))?;
            text = rest;
        }
        for _ in 0..lines {
            self.words += u64::from(from.u32());
            self.text.ends.push(self.words);
        }
        let counts = self.seen.counts_mut();
        for _ in 0..ids {
            let id = from.u32();
            counts[id as usize] += 1;
            self.text.ids.push(id)?;
        }
        Ok(())
    }
}
