//! A door to other ranks that several tables share, with counts of what goes through it.

use super::{Alone, Packer, Peers, Unpacker};
use crate::error::{Error, RanksFault, Result};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
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

    /// Returns `result` if all ranks pass `Ok`. Otherwise every rank gets an error, so that none goes on alone: its
    /// own, or the first of the others.
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

    /// Runs `work` on rank 0 alone. Its failure reaches all ranks.
    ///
    /// # Errors
    /// The error of `work`, as [`Error::OtherRank`] on other ranks.
    pub fn on_first(&mut self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let done = if self.is_first() { work() } else { Ok(()) };
        self.agree(done)
    }

    /// Checks that all ranks pass the same named values, in the same order. A difference is an error on every rank, so
    /// that none goes on alone.
    ///
    /// # Errors
    /// [`RanksFault::Differ`] with the first rank and the first value that differ from those of rank 0.
    pub fn compare(&mut self, values: &[(&str, String)]) -> Result<()> {
        if self.is_alone() {
            return Ok(());
        }
        let mut own = Packer::default();
        for (name, value) in values {
            own.text(name);
            own.text(value);
        }
        let all = self.all_gather(&own.bytes());
        let list = |bytes: &[u8]| {
            let mut from = Unpacker::new(bytes);
            let mut list = Vec::new();
            while !from.is_empty() {
                list.push((from.text(), from.text()));
            }
            list
        };
        let first = list(&all[0]);
        for (rank, bytes) in all.iter().enumerate().filter(|(_, bytes)| **bytes != all[0]) {
            let other = list(bytes);
            let name = |list: &[(String, String)], at: usize| list.get(at).map(|(name, _)| name.clone());
            let differs = (0..first.len().max(other.len())).find(|at| first.get(*at) != other.get(*at));
            let Some(setting) = differs.and_then(|at| name(&first, at).or_else(|| name(&other, at))) else { continue };
            let of = |list: Vec<(String, String)>| {
                list.into_iter().find(|(name, _)| *name == setting).map(|(_, value)| value).unwrap_or_default()
            };
            let (there, here) = (of(other), of(first));
            return Err(RanksFault::Differ { rank, setting, there, here }.into());
        }
        Ok(())
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
    fn work_of_the_first_rank_fails_on_all() {
        let results = ThreadPeers::run(2, |peers| {
            let mut team = Team::new(peers);
            let mut runs = 0;
            team.on_first(|| {
                runs += 1;
                Ok(())
            })
            .unwrap();
            (runs, team.on_first(|| Err(Error::EmptyVocabulary)).unwrap_err().to_string())
        });
        let own = Error::EmptyVocabulary.to_string();
        assert_eq!(results, [(1, own.clone()), (0, format!("rank 0: {own}"))]);
    }

    #[test]
    fn ranks_that_differ_fail_together() {
        let errors = ThreadPeers::run(3, |peers| {
            let mut team = Team::new(peers);
            let seed = if team.rank() == 2 { 8 } else { 7 };
            let same = [("layer", "full".to_string()), ("seed", "7".into())];
            team.compare(&same).unwrap();
            let error = team.compare(&[same[0].clone(), ("seed", seed.to_string())]).unwrap_err();
            // A value that one rank lacks is empty there.
            let lacks = team.compare(&same[..if team.rank() == 1 { 1 } else { 2 }]).unwrap_err();
            [error.to_string(), lacks.to_string()]
        });
        let error = |rank, setting: &str, there: &str, here: &str| {
            let [setting, there, here] = [setting, there, here].map(Into::into);
            RanksFault::Differ { rank, setting, there, here }.to_string()
        };
        let [seed, lacks] = [error(2, "seed", "8", "7"), error(1, "seed", "", "7")];
        assert!(errors.iter().all(|found| *found == [seed.clone(), lacks.clone()]), "{errors:?}");
        Team::default().compare(&[("seed", "1".into())]).unwrap();
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
