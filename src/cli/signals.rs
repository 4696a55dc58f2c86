//! Signals that end the program. A shell sees the signal that ended it.

use crate::Result;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The signals received, for all threads.
#[derive(Default)]
struct Heard {
    /// Whether the first signal ends a training run early, instead of the program.
    is_held: AtomicBool,
    /// Set by the first signal.
    stop: Arc<AtomicBool>,
    /// The number of the first signal; 0 before it.
    signal: AtomicI32,
    /// The time of the first signal.
    first: OnceLock<Instant>,
}

/// Signals within this time of the first one count as one.
const REPEATED: Duration = Duration::from_secs(2);

/// Handler of Ctrl-C, SIGTERM, SIGHUP, SIGQUIT and the limit of processor time.
///
/// A signal removes temporary files and ends the program at once, with the default action of the system. While a run is
/// trained, the first signal only sets the flag of [`Signals::stop`]; another one at least two seconds later ends the
/// program.
pub struct Signals(Arc<Heard>);

impl Signals {
    /// Starts to listen, except to signals that the program must ignore (for example under `nohup`).
    ///
    /// # Errors
    /// The error of the system.
    pub fn listen() -> Result<Self> {
        let heard = Arc::new(Heard::default());
        system::listen(heard.clone())?;
        Ok(Self(heard))
    }

    /// Listens to no signal.
    #[cfg(test)]
    pub fn deaf() -> Self {
        Self(Arc::default())
    }

    /// The flag that the first signal sets.
    pub fn stop(&self) -> Arc<AtomicBool> {
        self.0.stop.clone()
    }

    /// Makes the first signal set the flag of [`Signals::stop`] only.
    pub fn hold(&self) {
        self.0.is_held.store(true, SeqCst);
    }

    /// Makes every signal end the program at once.
    pub fn release(&self) {
        self.0.is_held.store(false, SeqCst);
    }

    /// Ends the program by the first signal, if there was one.
    pub fn raise(&self) {
        match self.0.signal.load(SeqCst) {
            0 => {}
            signal => system::end(signal),
        }
    }
}

impl Heard {
    /// Handles a signal.
    fn hear(&self, signal: i32) {
        let is_first = self.signal.compare_exchange(0, signal, SeqCst, SeqCst).is_ok();
        let first = *self.first.get_or_init(Instant::now);
        self.stop.store(true, SeqCst);
        // `timeout`, a shell and a closing terminal each send a signal; together they count as the first.
        let is_same = is_first || first.elapsed() < REPEATED || system::is_reminder(signal);
        if !(is_same && self.is_held.load(SeqCst)) || system::is_hard(signal) {
            system::end(signal);
        }
    }
}

#[cfg(unix)]
mod system {
    use super::Heard;
    use crate::files::remove_temporaries;
    use crate::{Error, Result};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;
    use std::sync::Arc;

    pub fn listen(heard: Arc<Heard>) -> Result<()> {
        let ignored = ignored();
        // Exceeding the limit of a file's size is an error of the write.
        flag::register(SIGXFSZ, Arc::default()).map(drop).map_err(Error::io("signals"))?;
        let signals =
            [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let mut signals = Signals::new(signals).map_err(Error::io("signals"))?;
        let hear = move || signals.forever().for_each(|signal| heard.hear(signal));
        std::thread::Builder::new().name("signals".into()).spawn(hear).map(drop).map_err(Error::io("signals"))
    }

    /// The signals that the program must ignore, one bit each; none if the system does not list them.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }

    /// Whether the system repeats the signal.
    pub fn is_reminder(signal: i32) -> bool {
        signal == SIGXCPU
    }

    /// Whether the signal ends the program at once, even in a training run.
    pub fn is_hard(signal: i32) -> bool {
        signal == SIGQUIT
    }

    /// Ends the program with the default action of the signal.
    pub fn end(signal: i32) {
        remove_temporaries();
        signal_hook::low_level::emulate_default_handler(signal).ok();
        std::process::exit(128 + signal);
    }
}

#[cfg(not(unix))]
mod system {
    use super::Heard;
    use crate::files::remove_temporaries;
    use crate::{Error, Result};
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::time::Duration;

    const LOOKS: Duration = Duration::from_millis(50);

    pub fn listen(heard: Arc<Heard>) -> Result<()> {
        let flags = [SIGINT, SIGTERM].map(|signal| (signal, Arc::new(AtomicBool::new(false))));
        for (signal, flag) in &flags {
            flag::register(*signal, flag.clone()).map(drop).map_err(Error::io("signals"))?;
        }
        let look = move || loop {
            for (signal, flag) in &flags {
                if flag.swap(false, SeqCst) {
                    heard.hear(*signal);
                }
            }
            std::thread::sleep(LOOKS);
        };
        std::thread::Builder::new().name("signals".into()).spawn(look).map(drop).map_err(Error::io("signals"))
    }

    /// Whether the system repeats the signal.
    pub fn is_reminder(_: i32) -> bool {
        false
    }

    /// Whether the signal ends the program at once, even in a training run.
    pub fn is_hard(_: i32) -> bool {
        false
    }

    /// Ends the program.
    pub fn end(signal: i32) {
        remove_temporaries();
        std::process::exit(128 + signal);
    }
}
