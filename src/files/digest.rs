//! Digests of files and of values.

use sha2::Digest;
use std::path::Path;

const BUFFER: usize = 1 << 16;

/// SHA-256 of a regular file in the form of `sha256sum`. `None` for a pipe, which can be read only once.
pub fn sha256(path: &Path) -> Option<String> {
    // A pipe that nobody writes to would never open.
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mut file = std::fs::File::open(path).ok()?;
    let (mut hash, mut buffer) = (sha2::Sha256::new(), vec![0; BUFFER]);
    loop {
        match std::io::Read::read(&mut file, &mut buffer).ok()? {
            0 => return Some(shown(hash)),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// SHA-256 of a list of values. The length of each is part of the sum, so that no two lists run into the same bytes.
pub fn sha256_of<T: AsRef<[u8]>>(values: impl IntoIterator<Item = T>) -> String {
    let mut hash = sha2::Sha256::new();
    for value in values {
        hash.update((value.as_ref().len() as u64).to_le_bytes());
        hash.update(value);
    }
    shown(hash)
}

fn shown(hash: sha2::Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_the_standard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, b"abc").unwrap();
        // FIPS 180-2, appendix B.1.
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&path).as_deref(), Some(sum));
        assert_eq!(sha256(folder.path()), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_has_no_sum_and_does_not_block() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(sha256(&pipe), None);
    }

    #[test]
    fn lists_of_the_same_bytes_differ() {
        let lists: [&[&str]; 5] = [&[], &[""], &["ab"], &["a", "b"], &["b", "a"]];
        for (i, one) in lists.iter().enumerate() {
            assert!(lists[..i].iter().all(|other| sha256_of(*other) != sha256_of(*one)), "{one:?}");
        }
        assert_eq!(sha256_of(["a", "b"]), sha256_of([b"a", b"b"]));
    }
}
