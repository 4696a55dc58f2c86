//! The threads that an exclusive handle may use.

use rayon::ThreadPool;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A pool of threads, or none. Results never depend on the number: work is cut by the data alone.
#[derive(Clone, Default)]
pub struct Threads(Option<Arc<ThreadPool>>);

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Threads({})", self.count())
    }
}

impl Threads {
    /// `n` threads; 0 and 1 mean the caller's own. Where the system grants no more threads, the caller's own as well.
    pub fn new(n: usize) -> Self {
        if n <= 1 {
            return Self(None);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).thread_name(|i| format!("lexmax-{i}")).build();
        Self(pool.ok().map(Arc::new))
    }

    /// How many threads there are.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, |p| p.current_num_threads())
    }

    /// Calls `work` on one of the threads: what it calls on all of them does not have to wake it, and the others spin a while for
    /// more before they sleep.
    pub fn inside<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// The caller's own thread.
    pub(crate) fn alone() -> &'static Self {
        static ALONE: Threads = Threads(None);
        &ALONE
    }

    /// Calls `work` with every item, on all threads. One thread takes the items as they come: nothing is allocated.
    pub fn each<T: Send>(&self, items: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync + Send) {
        let Some(pool) = &self.0 else { return items.into_iter().for_each(work) };
        let items: Vec<T> = items.into_iter().collect();
        match items.len() {
            0 | 1 => items.into_iter().for_each(work),
            _ => pool.install(|| items.into_par_iter().for_each(work)),
        }
    }

    /// Works on every item until nothing is left of it, a portion at a time. `portion` is given an item and how much of it to leave,
    /// and says how much is left; at first that is `amount` of each.
    ///
    /// Where an item at the same place is the same in one call after the other, a thread has the data of its own in its cache:
    /// it takes those first, evenly, so that one that is done finds something left to take wherever another is late.
    pub fn each_in_portions<T: Send>(&self, items: Vec<T>, amount: u64, portion: impl Fn(&mut T, u64) -> u64 + Sync) {
        let Some(pool) = &self.0 else {
            return items.into_iter().for_each(|mut item| while portion(&mut item, 0) > 0 {});
        };
        let count = items.len();
        let shelf = Mutex::new(Shelf { left: vec![amount; count], items: items.into_iter().map(Some).collect() });
        // Whoever panics takes all others down: nobody sees what is left.
        let shelf = || shelf.lock().unwrap_or_else(PoisonError::into_inner);
        pool.broadcast(|thread| {
            let part = |index| index * count / thread.num_threads();
            let home = part(thread.index())..part(thread.index() + 1);
            loop {
                let Some((place, mut item, leave)) = shelf().take(home.clone()) else { break };
                let left = portion(&mut item, leave);
                shelf().put(place, item, left);
            }
        });
    }
}

/// Items that nobody works on, and how much is left of each.
struct Shelf<T> {
    items: Vec<Option<T>>,
    left: Vec<u64>,
}

/// A thread works on an item until so many times more is left of another of its own. Whoever takes another item has to bring
/// its data into the cache.
const UNEVEN: u64 = 2;
/// Portions are no smaller.
const SMALLEST: u64 = 32;

impl<T> Shelf<T> {
    /// The item with the most left, of those at home if there are any, and how much of it to leave.
    fn take(&mut self, home: Range<usize>) -> Option<(usize, T, u64)> {
        let most = |places: Range<usize>, but: Option<usize>| {
            let there =
                places.filter(|place| self.items[*place].is_some() && self.left[*place] > 0 && Some(*place) != but);
            there.max_by_key(|place| self.left[*place])
        };
        let own = most(home.clone(), None);
        let place = own.or_else(|| most(0..self.items.len(), None))?;
        let next = own.and_then(|own| most(home, Some(own)));
        let leave = next.map_or(0, |next| self.left[next] / UNEVEN);
        let item = self.items[place].take()?;
        Some((place, item, if leave < SMALLEST { 0 } else { leave }))
    }

    fn put(&mut self, place: usize, item: T, left: u64) {
        (self.items[place], self.left[place]) = (Some(item), left);
    }
}
