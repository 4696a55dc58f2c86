//! Signals that end the program, so that a shell sees which one it was.

use crate::Result;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The signals that were heard, for all threads.
#[derive(Default)]
struct Heard {
    /// Whether the first signal lets a training run come to its end, instead of ending the program.
    is_held: AtomicBool,
    /// Set by the first signal.
    stop: Arc<AtomicBool>,
    /// Its number; 0 before.
    signal: AtomicI32,
    /// When it came.
    first: OnceLock<Instant>,
}

/// Signals within this time of the first one count as one.
const REPEATED: Duration = Duration::from_secs(2);

/// Ctrl-C, SIGTERM, SIGHUP, SIGQUIT and the limit of processor time. They end the program at once, without temporary
/// files left, and as the system has it where no program listens. While a run is trained, the first one only sets the
/// flag of [`Signals::stop`], and another one, two seconds later or more, ends the program.
pub struct Signals(Arc<Heard>);

impl Signals {
    /// Listens from now on, except to signals that the program was told to ignore, as by `nohup`.
    ///
    /// # Errors
    /// The error of the system.
    pub fn listen() -> Result<Self> {
        let heard = Arc::new(Heard::default());
        system::listen(heard.clone())?;
        Ok(Self(heard))
    }

    /// Listens to nothing.
    #[cfg(test)]
    pub fn deaf() -> Self {
        Self(Arc::default())
    }

    /// The flag that the first signal sets.
    pub fn stop(&self) -> Arc<AtomicBool> {
        self.0.stop.clone()
    }

    /// From now on the first signal sets the flag of [`Signals::stop`] only.
    pub fn hold(&self) {
        self.0.is_held.store(true, SeqCst);
    }

    /// From now on a signal ends the program at once.
    pub fn release(&self) {
        self.0.is_held.store(false, SeqCst);
    }

    /// Ends the program by the signal that was heard, if there was one.
    pub fn raise(&self) {
        match self.0.signal.load(SeqCst) {
            0 => {}
            signal => system::end(signal),
        }
    }
}

impl Heard {
    /// Takes a signal in.
    fn hear(&self, signal: i32) {
        let is_first = self.signal.compare_exchange(0, signal, SeqCst, SeqCst).is_ok();
        let first = *self.first.get_or_init(Instant::now);
        self.stop.store(true, SeqCst);
        // `timeout`, a shell and a terminal that closes each send one: that is still the first.
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
        // The limit of a file's size is an error of whoever writes.
        flag::register(SIGXFSZ, Arc::default()).map(drop).map_err(Error::io("signals"))?;
        let signals =
            [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let mut signals = Signals::new(signals).map_err(Error::io("signals"))?;
        let hear = move || signals.forever().for_each(|signal| heard.hear(signal));
        std::thread::Builder::new().name("signals".into()).spawn(hear).map(drop).map_err(Error::io("signals"))
    }

    /// The signals that the program was told to ignore, a bit each; none where the system does not tell.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }

    /// Whether the system repeats the signal by itself.
    pub fn is_reminder(signal: i32) -> bool {
        signal == SIGXCPU
    }

    /// Whether the signal ends the program at once, whatever it does.
    pub fn is_hard(signal: i32) -> bool {
        signal == SIGQUIT
    }

    /// Ends the program as the signal does where no program listens.
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

    /// Whether the system repeats the signal by itself.
    pub fn is_reminder(_: i32) -> bool {
        false
    }

    /// Whether the signal ends the program at once, whatever it does.
    pub fn is_hard(_: i32) -> bool {
        false
    }

    /// Ends the program.
    pub fn end(signal: i32) {
        remove_temporaries();
        std::process::exit(128 + signal);
    }
}
