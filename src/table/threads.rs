//! The threads that an exclusive handle may use.

use rayon::ThreadPool;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::sync::{Arc, Mutex, PoisonError};

/// A pool of threads, or none. Results never depend on the number: work is cut by the data alone.
#[derive(Clone, Default)]
pub struct Threads(Option<Arc<ThreadPool>>);

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

    /// Calls `work` with every item, on all threads.
    pub fn each<T: Send>(&self, items: Vec<T>, work: impl Fn(T) + Sync + Send) {
        match &self.0 {
            Some(pool) if items.len() > 1 => pool.install(|| items.into_par_iter().for_each(work)),
            _ => items.into_iter().for_each(work),
        }
    }

    /// The same, where in one call after the other an item at the same place is the same: a thread begins with those whose data
    /// are in its cache since the last call, and takes others when it has done its own.
    pub fn each_at_home<T: Send>(&self, items: Vec<T>, work: impl Fn(T) + Sync + Send) {
        let Some(pool) = &self.0 else { return items.into_iter().for_each(work) };
        let items: Vec<_> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
        pool.broadcast(|thread| {
            let (others, own) = items.split_at(thread.index() * items.len() / thread.num_threads());
            for item in own.iter().chain(others) {
                // Whoever panics takes all others down: nobody sees what is left.
                let item = item.lock().unwrap_or_else(PoisonError::into_inner).take();
                item.into_iter().for_each(&work);
            }
        });
    }
}
