//! Trees as text, one line per word: the word, a space, and the codes of its decisions from the root down.
//!
//! ```text
//! the 0
//! of 10
//! and 11
//! ```
//!
//! Lines may come in any order; empty lines are skipped. The only word of a vocabulary has no decision, so its line has
//! no code.

use super::{Child, Link, Tree};
use crate::error::{Error, Result, TreeFault};
use crate::vocab::{Counts, WordId};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::Path;

impl Tree {
    /// Writes the tree, words by falling count. `name` gives the words, which must not contain spaces or line breaks.
    ///
    /// # Errors
    /// Any error of the writer.
    pub fn write<'w>(&self, out: &mut dyn Write, name: impl Fn(WordId) -> std::borrow::Cow<'w, str>) -> io::Result<()> {
        for word in 0..self.vocab() as WordId {
            let mut codes: Vec<u8> = self.ancestors(word).map(|(_, code)| b'0' + u8::from(code)).collect();
            codes.reverse();
            writeln!(out, "{} {}", name(word), String::from_utf8_lossy(&codes))?;
        }
        Ok(())
    }

    /// Reads a tree over the words of `counts`. `id` maps a word to its id, `name` maps it back; `path` is for errors.
    ///
    /// # Errors
    /// Any error of the reader. [`Error::TreeFile`], with the line, in these cases:
    ///
    /// - a code has characters other than 0 and 1;
    /// - a word is unknown, repeated or missing;
    /// - the code of a word is a prefix of the code of another;
    /// - a line has no word;
    /// - a decision has only one child, or there are far more decisions than words.
    pub fn read(
        input: &mut dyn BufRead,
        path: &Path,
        counts: &Counts,
        id: impl Fn(&str) -> Option<WordId>,
        name: impl Fn(WordId) -> String,
    ) -> Result<Self> {
        let mut reader = Reader {
            path,
            places: vec![[Place::Empty; 2]],
            lines: vec![None; counts.len()],
            root: Place::Empty,
            name: &name,
        };
        let (mut bytes, mut line) = (Vec::new(), 0);
        loop {
            bytes.clear();
            if input.read_until(b'\n', &mut bytes).map_err(Error::io(path))? == 0 {
                break;
            }
            line += 1;
            let text = std::str::from_utf8(&bytes).map_err(|e| Error::NotUtf8 {
                path: path.into(),
                line,
                byte: e.valid_up_to() + 1,
            })?;
            // A byte order mark is not part of the first word.
            let text = text.strip_prefix('\u{feff}').filter(|_| line == 1).unwrap_or(text);
            reader.line(line, text.trim_end_matches(['\n', '\r']), &id)?;
        }
        let (leaves, nodes) = reader.finish(line)?;
        Ok(Self::from_links(leaves, nodes, counts))
    }
}

/// A tree has fewer decisions than words. The reader accepts this many times more before it looks for the decision with
/// one child.
const SPARE: usize = 8;

/// The present content of a place in the tree.
#[derive(Clone, Copy)]
enum Place {
    Empty,
    Taken(Child),
}

/// The state of the reader.
struct Reader<'a, N> {
    path: &'a Path,
    root: Place,
    /// The children of each node. Node 0 exists before it is known to be a node.
    places: Vec<[Place; 2]>,
    /// The line of each word.
    lines: Vec<Option<u64>>,
    name: &'a N,
}

impl<N: Fn(WordId) -> String> Reader<'_, N> {
    fn fault(&self, line: u64, fault: TreeFault) -> Error {
        Error::TreeFile { path: self.path.into(), line, fault }
    }

    fn line(&mut self, line: u64, text: &str, id: impl Fn(&str) -> Option<WordId>) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let (name, code) = text.split_once(' ').unwrap_or((text, ""));
        if name.is_empty() {
            return Err(self.fault(line, TreeFault::NoWord));
        }
        let word = || name.to_string();
        if !code.bytes().all(|b| b == b'0' || b == b'1') {
            return Err(self.fault(line, TreeFault::BadCode { word: word(), code: code.into() }));
        }
        let known = id(name).filter(|word| (*word as usize) < self.lines.len());
        let Some(known) = known else { return Err(self.fault(line, TreeFault::UnknownWord { word: word() })) };
        if let Some(first) = self.lines[known as usize] {
            return Err(self.fault(line, TreeFault::RepeatedWord { word: word(), first }));
        }
        if let Err(other) = self.insert(known, code) {
            let line_of_other = self.lines[other as usize].unwrap_or(0);
            let crossing = TreeFault::Crossing { word: word(), other: (self.name)(other), line: line_of_other };
            return Err(self.fault(line, crossing));
        }
        self.lines[known as usize] = Some(line);
        let limit = SPARE * self.lines.len() + SPARE;
        if self.places.len() > limit {
            return Err(self.fault(line, TreeFault::TooManyDecisions { word: word(), limit }));
        }
        Ok(())
    }

    fn place(&mut self, at: Option<(u32, usize)>) -> &mut Place {
        match at {
            None => &mut self.root,
            Some((node, code)) => &mut self.places[node as usize][code],
        }
    }

    /// Puts a word where its code says, or returns the word that is in the way.
    fn insert(&mut self, word: WordId, code: &str) -> std::result::Result<(), WordId> {
        let mut at = None;
        for bit in code.bytes() {
            let node = match *self.place(at) {
                Place::Taken(Child::Word(other)) => return Err(other),
                Place::Taken(Child::Node(node)) => node,
                Place::Empty => {
                    // Node 0 exists from the start.
                    let node = if at.is_none() { 0 } else { self.places.len() as u32 };
                    if at.is_some() {
                        self.places.push([Place::Empty; 2]);
                    }
                    *self.place(at) = Place::Taken(Child::Node(node));
                    node
                }
            };
            at = Some((node, usize::from(bit == b'1')));
        }
        match *self.place(at) {
            Place::Taken(Child::Word(other)) => Err(other),
            Place::Taken(Child::Node(node)) => Err(self.below(node)),
            Place::Empty => {
                *self.place(at) = Place::Taken(Child::Word(word));
                Ok(())
            }
        }
    }

    /// Any word below a node.
    fn below(&self, mut node: u32) -> WordId {
        loop {
            let taken = self.places[node as usize].iter().find_map(|place| match place {
                Place::Taken(child) => Some(*child),
                Place::Empty => None,
            });
            match taken.expect("a node is made on the way to a word") {
                Child::Word(word) => return word,
                Child::Node(below) => node = below,
            }
        }
    }

    /// The links, after checking that all words have a place and all nodes two children.
    fn finish(self, last: u64) -> Result<(Vec<Link>, Vec<Link>)> {
        if let Some(word) = self.lines.iter().position(Option::is_none) {
            let word = (self.name)(word as WordId);
            return Err(self.fault(last, TreeFault::MissingWord { word }));
        }
        let mut leaves = vec![Link::NONE; self.lines.len()];
        let nodes = if let Place::Taken(Child::Node(_)) = self.root { self.places.len() } else { 0 };
        let mut links = vec![Link::NONE; nodes];
        // By line, so that the first fault of the file is reported.
        let mut single = BTreeMap::new();
        for (node, places) in (0..).zip(&self.places[..nodes]) {
            for (code, place) in [false, true].into_iter().zip(places) {
                match place {
                    Place::Taken(Child::Word(word)) => leaves[*word as usize] = Link::new(node, code),
                    Place::Taken(Child::Node(below)) => links[*below as usize] = Link::new(node, code),
                    Place::Empty => {
                        let word = self.below(node);
                        single.entry(self.lines[word as usize].unwrap_or(last)).or_insert((node, word));
                    }
                }
            }
        }
        if let Some((line, (node, word))) = single.into_iter().next() {
            let up = std::iter::successors(Some(node), |node| links[*node as usize].get().map(|(up, _)| up));
            let fault = TreeFault::OneChild { word: (self.name)(word), decision: up.count() };
            return Err(self.fault(line, fault));
        }
        Ok((leaves, links))
    }
}
