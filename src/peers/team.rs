//! A door to other ranks that several tables share, with counts of what goes through it.

use super::{Alone, Peers};
use crate::error::{Error, Result};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ranks of a process, shared by all parts of it that ask them. Clones use the same door.
#[derive(Clone)]
pub struct Team {
    door: Arc<Mutex<Door>>,
    rank: usize,
    size: usize,
}

struct Door {
    peers: Box<dyn Peers>,
    exchanged: Exchanged,
}

/// What a rank has sent to other ranks.
///
/// A message to every other rank counts once for each of them, however the transport spreads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchanged {
    /// Messages to one rank each.
    pub messages: u64,
    /// Bytes of these messages.
    pub bytes: u64,
}

impl Exchanged {
    fn add(&mut self, messages: usize, bytes: usize) {
        self.messages += messages as u64;
        self.bytes += (messages * bytes) as u64;
    }
}

impl fmt::Debug for Team {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Team").field("rank", &self.rank).field("size", &self.size).finish_non_exhaustive()
    }
}

impl Default for Team {
    /// A team of one.
    fn default() -> Self {
        Self::new(Alone)
    }
}

impl Team {
    /// Shares a door.
    pub fn new(peers: impl Peers + 'static) -> Self {
        let (rank, size) = (peers.rank(), peers.size());
        let door = Door { peers: Box::new(peers), exchanged: Exchanged::default() };
        Self { door: Arc::new(Mutex::new(door)), rank, size }
    }

    /// Whether there is no other rank.
    pub fn is_alone(&self) -> bool {
        self.size == 1
    }

    /// Whether this rank writes files and reports: rank 0 does.
    pub fn is_first(&self) -> bool {
        self.rank == 0
    }

    /// Returns what this rank has sent so far.
    pub fn exchanged(&self) -> Exchanged {
        self.door().exchanged
    }

    /// Returns `result` if all ranks pass `Ok`. Otherwise every rank gets an error, so that none goes on alone: its own,
    /// or the first of the others.
    ///
    /// # Errors
    /// The error of this rank, or [`Error::OtherRank`].
    pub fn agree<T>(&mut self, result: Result<T>) -> Result<T> {
        if self.is_alone() {
            return result;
        }
        let message = result.as_ref().err().map(|error| format!("!{error}")).unwrap_or_default();
        let all = self.all_gather(message.as_bytes());
        let value = result?;
        match all.iter().enumerate().find(|(_, message)| !message.is_empty()) {
            None => Ok(value),
            Some((rank, message)) => {
                Err(Error::OtherRank { rank, message: String::from_utf8_lossy(&message[1..]).into_owned() })
            }
        }
    }

    /// Refuses values that are not the same on all ranks. `what` names a value by its place in the list.
    ///
    /// # Errors
    /// [`Error::RanksDiffer`] with the first rank that differs from rank 0, and its first value that does. All ranks
    /// return it.
    pub fn same(&mut self, what: impl Fn(usize) -> String, values: &[String]) -> Result<()> {
        if self.is_alone() {
            return Ok(());
        }
        let all = self.all_gather(values.join("\0").as_bytes());
        let Some(rank) = (1..all.len()).find(|rank| all[*rank] != all[0]) else { return Ok(()) };
        let values = |rank: usize| all[rank].split(|byte| *byte == 0).map(Some).chain(std::iter::repeat(None));
        let longest = all[0].len().max(all[rank].len()) + 1;
        let differ = values(0).zip(values(rank)).take(longest).enumerate().find(|(_, (first, found))| first != found);
        let (place, (first, found)) = differ.unwrap_or_default();
        let shown = |value: Option<&[u8]>| value.map_or("missing".into(), |v| String::from_utf8_lossy(v).into_owned());
        Err(Error::RanksDiffer { rank, what: what(place), found: shown(found), first: shown(first) })
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peers for Team {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_gather(&mut self, own: &[u8]) -> Vec<Vec<u8>> {
        let mut door = self.door();
        door.exchanged.add(self.size - 1, own.len());
        door.peers.all_gather(own)
    }

    fn chain_sum(&mut self, sum: &mut [f32], own: &[f32]) {
        let mut door = self.door();
        let is_last = self.rank + 1 == self.size;
        door.exchanged.add(if is_last { self.size - 1 } else { 1 }, size_of_val(sum));
        door.peers.chain_sum(sum, own);
    }

    fn broadcast(&mut self, root: usize, bytes: &mut Vec<u8>) {
        let mut door = self.door();
        if self.rank == root {
            door.exchanged.add(self.size - 1, bytes.len());
        }
        door.peers.broadcast(root, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::ThreadPeers;

    #[test]
    fn ranks_fail_together() {
        for failing in 0..3 {
            let results = ThreadPeers::run(3, |peers| {
                let mut team = Team::new(peers);
                assert_eq!(team.agree(Ok(7)).unwrap(), 7);
                let fails = team.rank() == failing;
                let error = Error::EmptyVocabulary;
                team.agree(if fails { Err(error) } else { Ok(()) }).unwrap_err().to_string()
            });
            let own = Error::EmptyVocabulary.to_string();
            let others = format!("rank {failing}: {own}");
            let expected: Vec<_> =
                (0..3).map(|rank| if rank == failing { own.clone() } else { others.clone() }).collect();
            assert_eq!(results, expected);
        }
    }

    #[test]
    fn values_that_differ_are_named_on_all_ranks() {
        for (other, want) in [
            (vec!["5", "no", "x"], None),
            (vec!["5", "yes", "x"], Some((1, "yes", "no"))),
            (vec!["4", "yes", "x"], Some((0, "4", "5"))),
            (vec!["5", "no"], Some((2, "missing", "x"))),
            (vec!["5", "no", "x", ""], Some((3, "", "missing"))),
        ] {
            let all = ThreadPeers::run(3, |peers| {
                let mut team = Team::new(peers);
                let values = if team.rank() == 2 { &other } else { &vec!["5", "no", "x"] };
                let values: Vec<_> = values.iter().map(|value| value.to_string()).collect();
                team.same(|place| format!("value {place}"), &values).map_err(|e| format!("{e:?}"))
            });
            let want = want.map_or(Ok(()), |(place, found, first): (usize, &str, &str)| {
                let (what, found, first) = (format!("value {place}"), found.into(), first.into());
                Err(format!("{:?}", Error::RanksDiffer { rank: 2, what, found, first }))
            });
            assert_eq!(all, [want.clone(), want.clone(), want]);
        }
        assert!(Team::default().same(|_| String::new(), &["a".into()]).is_ok());
    }

    #[test]
    fn messages_are_counted_on_the_rank_that_sends_them() {
        let sent = ThreadPeers::run(3, |peers| {
            let mut team = Team::new(peers);
            team.all_gather(&[0; 5]);
            team.broadcast(1, &mut vec![0; 7]);
            team.chain_sum(&mut [0.0; 4], &[]);
            let Exchanged { messages, bytes } = team.clone().exchanged();
            (messages, bytes)
        });
        assert_eq!(sent, [(2 + 1, 10 + 16), (2 + 2 + 1, 10 + 14 + 16), (2 + 2, 10 + 32)]);
        assert_eq!(Team::default().exchanged(), Exchanged::default());
    }
}
