//! Names of files in logs and results.

use std::fmt::Write;
use std::path::Path;

/// The name as text: bytes that are not UTF-8 as `\xE9`, so that two files never have one name.
pub fn name(path: &Path) -> String {
    let mut name = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name += chunk.valid();
        chunk.invalid().iter().for_each(|byte| write!(name, "\\x{byte:02X}").expect("a string takes all"));
    }
    name
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn every_name_is_text() {
        for (bytes, text) in [
            (&b"caf\xe9.txt"[..], "caf\\xE9.txt"),
            (b"caf\xc3\xa9.txt", "caf\u{e9}.txt"),
            (b"\xff\xfe/x", "\\xFF\\xFE/x"),
            (b"", ""),
        ] {
            assert_eq!(name(Path::new(OsStr::from_bytes(bytes))), text);
        }
    }
}
