//! Reads the shares of one rank. All ranks fail if one does.

use super::plan::{Cut, Share};
use crate::corpus::read::numbers::{Numbers, Sink, Text};
use crate::corpus::{Ledger, Source};
use crate::error::{Error, RanksFault, Result, TextFault};
use crate::peers::{Packer, Peers, Team, Unpacker};
use crate::vocab::Interner;
use std::path::Path;

/// The shares that this rank has read.
pub struct Own<S> {
    /// The words, numbered by first appearance in these shares.
    pub seen: Interner,
    /// The lines with words of all these shares.
    pub text: Text<S>,
    /// The number of these lines up to the end of each share.
    pub ends: Vec<usize>,
    /// The counts of the shares of all ranks.
    pub ledger: Ledger,
}

/// Reads the shares of this rank into a sink.
///
/// # Errors
/// All ranks fail if one does. The rank that reads the first fault of the text returns it.
pub fn read<S: Sink>(source: &Source, sink: S, shares: &[Share], team: &mut Team) -> Result<Own<S>> {
    let (mut numbers, mut ledger) = (Numbers::new(sink), Ledger::default());
    let (mut ends, mut lines) = (Vec::new(), Vec::new());
    let rank = team.rank();
    let read = shares.iter().enumerate().filter(|(_, share)| share.owner == rank).try_for_each(|(i, share)| {
        let (path, before) = (&*source.paths[share.file], ledger.lines);
        let part = share.part.as_ref().map(|cut| &cut.part);
        same_size(path, share.part.as_ref(), rank)
            .and_then(|()| source.for_each_line_of((path, part), &mut ledger, |line| numbers.line(source, line)))
            .map_err(|error| Fault { share: i, error })?;
        ends.push(numbers.lines());
        lines.push(ledger.lines - before);
        Ok(())
    });
    // The sink may fail after the last share.
    let complete = || numbers.complete(ledger).map_err(|error| Fault { share: shares.len(), error });
    let own = read.and_then(|()| complete()).map(|(seen, text)| Own { ledger: text.ledger, seen, text, ends });
    together(own, &lines, shares, team)
}

/// An error of this rank, with the number of the share in which it occurred.
struct Fault {
    share: usize,
    error: Error,
}

/// Refuses a file that has another size than on rank 0, since its parts would have other bounds. A file that is missing
/// is refused when it is read.
pub fn same_size(path: &Path, cut: Option<&Cut>, rank: usize) -> Result<()> {
    let (Some(Cut { bytes, .. }), Ok(found)) = (cut, std::fs::metadata(path)) else { return Ok(()) };
    if found.len() == *bytes {
        return Ok(());
    }
    let setting = format!("the size of {}", path.file_name().unwrap_or_default().display());
    let [there, here] = [found.len(), *bytes].map(|bytes| format!("{bytes} bytes"));
    Err(RanksFault::Differ { rank, setting, there, here }.into())
}

/// Adds the ledgers of all ranks. The first fault of the text becomes the error of all ranks. `lines` has the number of
/// lines of each share of this rank that was read completely.
fn together<S>(
    own: std::result::Result<Own<S>, Fault>,
    lines: &[u64],
    shares: &[Share],
    team: &mut Team,
) -> Result<Own<S>> {
    let mut state = Packer::default();
    state.u64(own.as_ref().map_or_else(|fault| fault.share as u64, |_| u64::MAX));
    let mut ledger = own.as_ref().map_or_else(|_| Ledger::default(), |own| own.ledger);
    ledger.counts_mut().into_iter().for_each(|count| state.u64(*count));
    lines.iter().for_each(|lines| state.u64(*lines));
    let all = team.all_gather(&state.bytes());
    let mut all: Vec<_> = all.iter().map(|state| Unpacker::new(state)).collect();
    let first = all.iter_mut().map(Unpacker::u64).min().unwrap_or(u64::MAX);
    let mut sums = Ledger::default();
    for state in &mut all {
        sums.counts_mut().into_iter().for_each(|sum| *sum += state.u64());
    }
    let result = match own {
        Ok(own) => Ok(Ok(Own { ledger: sums, ..own })),
        Err(Fault { share, error }) if share as u64 == first => {
            // Every share before the first fault was read completely, so that its lines are known.
            let lines: Vec<_> = shares[..share].iter().map(|share| (share.file, all[share.owner].u64())).collect();
            let file = shares.get(share).map(|share| share.file);
            let before = lines.iter().filter(|(of, _)| Some(*of) == file).map(|(_, lines)| lines).sum();
            Err(further(error, before))
        }
        // Another rank has an earlier fault, which all ranks return.
        Err(Fault { error, .. }) => Ok(Err(error)),
    };
    team.agree(result)?
}

/// The error with its line counted from a place `lines` before.
fn further(error: Error, lines: u64) -> Error {
    match error {
        Error::NotUtf8 { path, line, byte } => Error::NotUtf8 { path, line: line + lines, byte },
        Error::Text(TextFault::Nul { path, line, byte }) => TextFault::Nul { path, line: line + lines, byte }.into(),
        error => error,
    }
}
