//! The vector path: the instruction set of all vector functions and kernels, chosen once per process.
//!
//! | `LEXMAX_SIMD` | f32 per vector | needs |
//! |---|---|---|
//! | not set | the most that the machine has | |
//! | `scalar` | 1 | nothing |
//! | `avx2` | 8 | x86 with AVX2 and FMA |
//! | `avx512` | 16 | x86 with AVX-512 F, BW, CD, DQ and VL |
//!
//! Paths round in different orders. Results of different paths agree within rounding; results of one path are equal bit
//! for bit.
//!
//! A library function cannot report a bad value of the variable: it ignores the value and takes the best path. The
//! command line checks the variable first and refuses a bad value.

use crate::error::SimdFault;
use pulp::{Arch, WithSimd};
use std::env;
use std::ffi::OsStr;
use std::sync::LazyLock;

/// The environment variable that names a path.
const VARIABLE: &str = "LEXMAX_SIMD";

/// The paths by name, slowest first.
const NAMES: [&str; 3] = ["scalar", "avx2", "avx512"];

/// The vector path of this process. It is cached because a window of words takes a few microseconds and asks ten times.
static ARCH: LazyLock<Arch> = LazyLock::new(|| chosen(env::var_os(VARIABLE).as_deref()).unwrap_or_default());

/// Runs `op` on the vector path of this process.
#[inline(always)]
pub(crate) fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    ARCH.dispatch(op)
}

/// The name of this process's vector path: `scalar`, `avx2` or `avx512`. On processors other than x86, `native` means
/// the instructions that all of them have.
#[cfg(feature = "text")]
pub fn name() -> &'static str {
    match *ARCH {
        Arch::Scalar => NAMES[0],
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(_) => NAMES[1],
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V4(_) => NAMES[2],
        _ => "native",
    }
}

/// Checks that `LEXMAX_SIMD`, if set, names a path of this machine.
///
/// # Errors
/// [`SimdFault`] with the requested path and the available ones.
#[cfg(feature = "cli")]
pub fn check() -> crate::error::Result<()> {
    chosen(env::var_os(VARIABLE).as_deref())?;
    Ok(())
}

/// The path with this name; without a name, the best path.
fn chosen(name: Option<&OsStr>) -> std::result::Result<Arch, SimdFault> {
    let Some(name) = name else { return Ok(Arch::new()) };
    let here = || NAMES.into_iter().filter(|name| arch(name).is_some()).collect();
    let Some(known) = NAMES.into_iter().find(|known| name == *known) else {
        return Err(SimdFault::Unknown { asked: crate::error::shown::name(name.as_ref()), here: here() });
    };
    arch(known).ok_or_else(|| SimdFault::Lacking { asked: known, here: here() })
}

/// The path with this name, if the machine has it.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn arch(name: &str) -> Option<Arch> {
    match name {
        "scalar" => Some(Arch::Scalar),
        "avx2" => pulp::x86::V3::try_new().map(Arch::V3),
        "avx512" => pulp::x86::V4::try_new().map(Arch::V4),
        _ => None,
    }
}

/// The path with this name, if the machine has it.
#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn arch(name: &str) -> Option<Arch> {
    (name == "scalar").then_some(Arch::Scalar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Simd;
    use std::io::Write;
    use std::process::Command;

    /// Returns the numbers per vector.
    struct Lanes;

    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }

    fn of(name: &str) -> std::result::Result<usize, SimdFault> {
        chosen(Some(OsStr::new(name))).map(|arch| arch.dispatch(Lanes))
    }

    #[test]
    fn a_name_gives_its_path_or_an_error() {
        let here: Vec<_> = NAMES.into_iter().filter(|name| of(name).is_ok()).collect();
        assert_eq!(of("scalar"), Ok(1));
        for (name, width) in [("avx2", 8), ("avx512", 16)] {
            let lacking = SimdFault::Lacking { asked: name, here: here.clone() };
            assert!([Ok(width), Err(lacking)].contains(&of(name)), "{:?}", of(name));
        }
        for name in ["", "AVX2", "avx", "neon"] {
            let unknown = SimdFault::Unknown { asked: name.into(), here: here.clone() };
            assert_eq!(of(name), Err(unknown));
        }
        let best = Arch::new().dispatch(Lanes);
        assert!(here.iter().all(|name| of(name).unwrap() <= best));
    }

    #[test]
    fn the_variable_decides_and_without_it_the_machine() {
        let named = env::var(VARIABLE).ok().and_then(|name| of(&name).ok());
        assert_eq!(dispatch(Lanes), named.unwrap_or(Arch::new().dispatch(Lanes)));
        #[cfg(feature = "eval")]
        assert!(of(name()) == Ok(dispatch(Lanes)) || name() == "native");
    }

    /// The error bounds against f64 of vector functions and kernels hold on every path of the machine. This program
    /// reruns their tests on each path.
    #[test]
    fn bounds_hold_on_every_path() {
        for name in NAMES {
            if of(name).is_err() {
                // Written past the capture of the test's output.
                writeln!(std::io::stderr(), "NOT RUN: vector functions on {name}, which this machine lacks").unwrap();
                continue;
            }
            let mut tests = Command::new(env::current_exe().unwrap());
            tests.args(["simd::", "table::kernel::", "--skip", "bounds_hold_on_every_path"]).env(VARIABLE, name);
            let output = tests.output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{name}:\n{text}");
            let passed = text.lines().filter(|line| line.ends_with("... ok")).count();
            assert!(passed >= 12, "{name}: {passed} tests\n{text}");
        }
    }
}
