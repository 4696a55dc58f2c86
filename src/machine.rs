//! Memory and cores of the current machine, as far as the system reports them.

/// Peak memory of this process in bytes; `None` if the system does not report it.
pub fn peak_bytes() -> Option<u64> {
    kilobytes("/proc/self/status", "VmHWM:")
}

/// Memory of the machine in bytes; `None` if the system does not report it.
#[cfg(feature = "eval")]
pub fn memory_bytes() -> Option<u64> {
    kilobytes("/proc/meminfo", "MemTotal:")
}

/// Available memory in bytes; `None` if the system does not report it.
#[cfg(feature = "eval")]
pub fn free_bytes() -> Option<u64> {
    kilobytes("/proc/meminfo", "MemAvailable:")
}

/// Number of threads that can run at the same time; 1 if the system does not report it.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Number of cores that the process which started this one may use; `None` if the system does not report it.
#[cfg(feature = "cli")]
pub fn cores_of_parent() -> Option<usize> {
    let own = std::fs::read_to_string("/proc/self/status").ok()?;
    let parent = own.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim();
    let status = std::fs::read_to_string(format!("/proc/{parent}/status")).ok()?;
    count(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim())
}

/// Numbers in a list of numbers and ranges, such as `0-3,8`.
#[cfg(feature = "cli")]
fn count(list: &str) -> Option<usize> {
    let number = |text: &str| text.parse::<usize>().ok();
    let numbers = list.split(',').map(|part| match part.split_once('-') {
        None => number(part).map(|_| 1),
        Some((first, last)) => Some((number(last)? + 1).saturating_sub(number(first)?)),
    });
    numbers.sum()
}

/// The name of this machine in a network; empty if the system does not report it.
#[cfg(feature = "cli")]
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().into()
}

fn kilobytes(file: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores_are_counted() {
        for (list, cores) in [("0", Some(1)), ("0-3", Some(4)), ("0-3,8,10-11", Some(7)), ("", None), ("0-x", None)] {
            assert_eq!(count(list), cores, "{list}");
        }
    }
}
