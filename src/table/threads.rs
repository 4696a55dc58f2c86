//! The threads that an exclusive handle may use.

use rayon::ThreadPool;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A thread pool, or none. Results never depend on the number of threads: work is cut by the data alone.
#[derive(Clone, Default)]
pub struct Threads(Option<Arc<ThreadPool>>);

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Threads({})", self.count())
    }
}

impl Threads {
    /// A pool of `n` threads. With 0 or 1, or if the system grants no more threads, work runs on the caller's thread.
    pub fn new(n: usize) -> Self {
        if n <= 1 {
            return Self(None);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).thread_name(|i| format!("lexmax-{i}")).build();
        Self(pool.ok().map(Arc::new))
    }

    /// Number of threads.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, |p| p.current_num_threads())
    }

    /// Calls `work` on a thread of the pool. Parallel calls inside `work` then start on a thread that is awake, and the
    /// other threads spin a while before they sleep.
    pub fn inside<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Only the caller's thread.
    pub(crate) fn alone() -> &'static Self {
        static ALONE: Threads = Threads(None);
        &ALONE
    }

    /// Calls `work` on every item, on all threads. A single thread takes the items in order and allocates nothing.
    pub fn each<T: Send>(&self, items: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync + Send) {
        let Some(pool) = &self.0 else { return items.into_iter().for_each(work) };
        let items: Vec<T> = items.into_iter().collect();
        match items.len() {
            0 | 1 => items.into_iter().for_each(work),
            _ => pool.install(|| items.into_par_iter().for_each(work)),
        }
    }

    /// Works on every item, one portion at a time, until nothing is left of any. `portion` gets an item and the amount
    /// to leave, and returns the amount that is left. Every item starts with `amount`.
    ///
    /// Each thread takes its home items first, so that repeated calls find their data in that thread's cache. It takes
    /// them evenly, so that a thread that is done finds work at any thread that is late.
    pub fn each_in_portions<T: Send>(&self, items: Vec<T>, amount: u64, portion: impl Fn(&mut T, u64) -> u64 + Sync) {
        let Some(pool) = &self.0 else {
            return items.into_iter().for_each(|mut item| while portion(&mut item, 0) > 0 {});
        };
        let count = items.len();
        let shelf = Mutex::new(Shelf { left: vec![amount; count], items: items.into_iter().map(Some).collect() });
        // A panicking thread brings all others down, so nobody sees a half-done shelf.
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

/// Items that no thread holds, and the amount left of each.
struct Shelf<T> {
    items: Vec<Option<T>>,
    left: Vec<u64>,
}

/// A thread switches to another of its home items once that one has this many times as much left. Switching to another
/// item brings its data into the cache, which costs time.
const UNEVEN: u64 = 2;
/// Minimum amount in a portion.
const SMALLEST: u64 = 32;

impl<T> Shelf<T> {
    /// The item with the most left, home items first, and the amount to leave of it.
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
