//! Long calls on a thread of their own. The calling thread looks for Ctrl-C and runs what Python is to hear.

use crate::failure::{Failure, guarded};
use pyo3::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Time between two looks at the signals of the process.
const PULSE: Duration = Duration::from_millis(50);
/// Time that a call without a result worth keeping has to end after Ctrl-C. Then its thread goes on alone, and ends
/// where it next looks at `Line::stop`.
const GRACE: Duration = Duration::from_millis(800);
/// Bytes of stack, as many as the main thread of a process usually has.
const STACK: usize = 8 << 20;

/// The end of a call, or the news before it.
enum Sent<N, T> {
    News(N),
    Done(Box<Result<T, Failure>>),
}

/// The connection of a call that runs apart to the thread that waits for it.
pub struct Line<N> {
    send: Box<dyn Fn(N) + Send>,
    /// True once the call is to end.
    pub stop: Arc<AtomicBool>,
    /// To be set once a call that is stopped leaves a result worth keeping. It is waited for then, until a second
    /// Ctrl-C.
    pub keeps: Arc<AtomicBool>,
}

impl<N> Line<N> {
    /// Hands on what Python is to hear.
    pub fn tell(&self, news: N) {
        (self.send)(news);
    }
}

/// The end of a call that ran apart.
pub struct Ended<T> {
    /// The result; none where Ctrl-C came and the call did not end in time.
    pub result: Option<Result<T, Failure>>,
    /// The exception of Ctrl-C, or of `hear`.
    pub interrupted: Option<PyErr>,
}

/// Runs `work` on a thread of its own. `hear` gets its news, with the interpreter attached, on this thread.
pub fn apart<N: Send + 'static, T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(Line<N>) -> lexmax::Result<T> + Send + 'static,
    hear: &mut dyn FnMut(Python<'_>, N) -> PyResult<()>,
) -> PyResult<Ended<T>> {
    let (send, receive): (Sender<Sent<N, T>>, Receiver<_>) = channel();
    let (stop, keeps) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let news = send.clone();
    let line =
        Line { send: Box::new(move |n| drop(news.send(Sent::News(n)))), stop: stop.clone(), keeps: keeps.clone() };
    let thread = std::thread::Builder::new().name("lexmax".into()).stack_size(STACK);
    thread.spawn(move || drop(send.send(Sent::Done(Box::new(guarded(|| work(line)))))))?;
    let (mut interrupted, mut since): (Option<PyErr>, Option<Instant>) = (None, None);
    // A receiver may be asked from one thread only, so it moves into the closure and out again.
    let mut receive = receive;
    loop {
        let (back, sent) = py.detach(move || {
            let sent = receive.recv_timeout(PULSE);
            (receive, sent)
        });
        receive = back;
        let heard = match sent {
            Ok(Sent::Done(result)) => return Ok(Ended { result: Some(*result), interrupted }),
            Ok(Sent::News(news)) if interrupted.is_none() => hear(py, news),
            Ok(Sent::News(_)) | Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Ended { result: Some(Err(Failure::Panic("its thread is gone".into()))), interrupted });
            }
        };
        if let Err(error) = heard.and_then(|()| py.check_signals()) {
            stop.store(true, Relaxed);
            if interrupted.is_some() {
                return Ok(Ended { result: None, interrupted });
            }
            (since, interrupted) = (Some(Instant::now()), Some(error));
        }
        if since.is_some_and(|since| since.elapsed() > GRACE && !keeps.load(Relaxed)) {
            return Ok(Ended { result: None, interrupted });
        }
    }
}
