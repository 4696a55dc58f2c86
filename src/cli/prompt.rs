//! Questions on standard input, one on each line.

use crate::peers::{Peers, Team};
use crate::{Error, Result};
use std::io::{BufRead, IsTerminal, Read, Write};

/// The most bytes of a line.
const LONGEST: usize = 1 << 20;

/// Answers each line of standard input until its end, until the line `EXIT`, or until nobody reads the answers. A
/// terminal shows `hint` as the prompt. A line without an answer gives a warning, and the next line is read.
///
/// Rank 0 of the team reads and prints; the other ranks are given the lines, since an answer may need all of them.
///
/// # Errors
/// [`Error::Io`] if standard input cannot be read or standard output cannot be written.
pub fn answer_lines(hint: &str, team: &mut Team, mut answer: impl FnMut(&str) -> Result<String>) -> Result<()> {
    if team.is_first() {
        let answered = answer_input(hint, |line| {
            ask(team, Some(line));
            answer(line)
        });
        ask(team, None);
        return answered;
    }
    while let Some(line) = ask(team, None) {
        // Rank 0 tells of an error.
        answer(&line).ok();
    }
    Ok(())
}

/// Gives the line of rank 0 to all ranks; `None` is the end.
fn ask(team: &mut Team, line: Option<&str>) -> Option<String> {
    let mut bytes = line.map_or(Vec::new(), |line| format!("\n{line}").into_bytes());
    team.broadcast(0, &mut bytes);
    let (_, line) = bytes.split_first()?;
    Some(String::from_utf8_lossy(line).into_owned())
}

/// Answers the lines of standard input.
fn answer_input(hint: &str, mut answer: impl FnMut(&str) -> Result<String>) -> Result<()> {
    let mut input = std::io::stdin().lock();
    let terminal = input.is_terminal();
    let mut bytes = Vec::new();
    for number in 1.. {
        if terminal {
            let mut stderr = std::io::stderr().lock();
            write!(stderr, "{hint} (separate words that have spaces by tabs; EXIT ends): ")
                .and_then(|()| stderr.flush())
                .ok();
        }
        bytes.clear();
        if !next(&mut input, &mut bytes).map_err(Error::io("standard input"))? {
            break;
        }
        let answered = match line(&bytes, number) {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) if line.trim_matches(' ') == "EXIT" => break,
            Ok(line) if terminal => answer(line).map_err(|error| error.to_string()),
            Ok(line) => answer(line).map_err(|error| format!("standard input:{number}: {error}")),
            Err(message) => Err(message),
        };
        let goes_on = match answered {
            Ok(text) => super::is_read(&text)?,
            Err(message) => is_heard(&message),
        };
        if !goes_on {
            break;
        }
    }
    Ok(())
}

/// The words of a line, separated by tabs if it has any, otherwise by white space. Tabs allow words with spaces.
pub fn words(line: &str) -> Vec<&str> {
    match line.contains('\t') {
        true => line.split('\t').filter(|word| !word.is_empty()).collect(),
        false => line.split_whitespace().collect(),
    }
}

/// Reads a line and keeps at most one byte more than the limit. False at the end of the input.
fn next(input: &mut impl BufRead, bytes: &mut Vec<u8>) -> std::io::Result<bool> {
    let read = input.take(LONGEST as u64 + 1).read_until(b'\n', bytes)?;
    if read > LONGEST && bytes.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok(read > 0)
}

/// The line without its line end, or an error message.
fn line(bytes: &[u8], number: u64) -> std::result::Result<&str, String> {
    if bytes.len() > LONGEST {
        return Err(format!(
            "standard input:{number}: the line has more than {LONGEST} bytes; write fewer words on a line"
        ));
    }
    // A byte order mark is not part of the first word.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let not_utf8 = |e: std::str::Utf8Error| {
        let byte = e.valid_up_to() + 1;
        Error::NotUtf8 { path: "standard input".into(), line: number, byte }.to_string()
    };
    std::str::from_utf8(bytes).map_err(not_utf8)
}

/// Prints a warning about a line. False if the reader of the answers is gone.
fn is_heard(message: &str) -> bool {
    super::warn(message);
    !is_gone()
}

/// Whether the reader of standard output is gone. On other systems than Unix the next answer detects it.
#[cfg(unix)]
fn is_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = std::io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&at_once)).is_ok() && asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

#[cfg(not(unix))]
fn is_gone() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_parts_words_with_spaces() {
        assert_eq!(words(" the  sea "), ["the", "sea"]);
        assert_eq!(words("new york\tthe sea\t"), ["new york", "the sea"]);
        assert_eq!(words("new york\t"), ["new york"]);
    }

    #[test]
    fn a_line_too_long_is_passed_over() {
        let text = "x".repeat(3 * LONGEST) + "\nsea\r\nlast";
        let (mut input, mut bytes) = (text.as_bytes(), Vec::new());
        let mut read = |bytes: &mut Vec<u8>| {
            bytes.clear();
            next(&mut input, bytes).unwrap()
        };
        assert!(read(&mut bytes) && line(&bytes, 1).unwrap_err().starts_with("standard input:1: "));
        assert!(read(&mut bytes) && line(&bytes, 2) == Ok("sea"));
        assert!(read(&mut bytes) && line(&bytes, 3) == Ok("last"));
        assert!(!read(&mut bytes));
        assert!(line(b"\xef\xbb\xbfsea\n", 1) == Ok("sea") && line(b"\xef\xbb\xbfsea\n", 2) == Ok("\u{feff}sea"));
        assert!(line(b"caf\xe9\n", 7).unwrap_err().starts_with("standard input:7: byte 4 "));
    }
}
