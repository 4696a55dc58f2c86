//! Numbers as bytes, for other ranks.

/// Writes numbers one after the other.
#[derive(Default)]
pub struct Packer(Vec<u8>);

impl Packer {
    /// Appends an integer.
    pub fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    /// Appends an integer, in a fold.
    pub fn with(mut self, value: u64) -> Self {
        self.u64(value);
        self
    }

    /// Appends an integer.
    pub fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    /// Appends a number.
    pub fn f64(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }

    /// Appends numbers.
    pub fn f32s(&mut self, values: &[f32]) {
        self.0.reserve(4 * values.len());
        values.iter().for_each(|value| self.0.extend(value.to_le_bytes()));
    }

    /// Appends a text, behind its length.
    pub fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    /// Returns all that was written.
    pub fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The rule that all ranks keep.
const SAME: &str = "all ranks write and read the same numbers";

/// Reads what a [`Packer`] of another rank has written, in the same order.
pub struct Unpacker<'a>(&'a [u8]);

impl<'a> Unpacker<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub fn f32(&mut self) -> f32 {
        f32::from_le_bytes(self.take())
    }

    pub fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.take())
    }

    pub fn f32s(&mut self, out: &mut [f32]) {
        out.iter_mut().for_each(|value| *value = self.f32());
    }

    pub fn text(&mut self) -> String {
        let len = self.u64() as usize;
        let (text, rest) = self.0.split_at_checked(len).expect(SAME);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_first_chunk().expect(SAME);
        self.0 = rest;
        *head
    }
}
