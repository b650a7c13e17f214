//! Which field was read where: off by default, a tree when somebody looks.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Receives every field that a decoder reads. `()` receives nothing and costs nothing.
///
/// Positions are **bits** from the start of the file, so that byte fields and bit fields share one
/// scale: byte `n` is bit `8 * n`.
pub trait Trace {
    /// False when fields are thrown away: lets a decoder skip work that only a reader would see.
    const ON: bool;

    /// A field was read.
    fn field(&mut self, name: &str, bits: Range<u64>, value: &dyn fmt::Display);

    /// A group of fields begins at `bit`.
    fn open(&mut self, name: &str, bit: u64);

    /// The innermost open group ends at `bit`; `value` sums it up, and may be empty.
    fn close(&mut self, bit: u64, value: &dyn fmt::Display);
}

impl Trace for () {
    const ON: bool = false;
    #[inline(always)]
    fn field(&mut self, _: &str, _: Range<u64>, _: &dyn fmt::Display) {}
    #[inline(always)]
    fn open(&mut self, _: &str, _: u64) {}
    #[inline(always)]
    fn close(&mut self, _: u64, _: &dyn fmt::Display) {}
}

impl<T: Trace> Trace for &mut T {
    const ON: bool = T::ON;
    #[inline(always)]
    fn field(&mut self, name: &str, bits: Range<u64>, value: &dyn fmt::Display) {
        (**self).field(name, bits, value);
    }
    #[inline(always)]
    fn open(&mut self, name: &str, bit: u64) {
        (**self).open(name, bit);
    }
    #[inline(always)]
    fn close(&mut self, bit: u64, value: &dyn fmt::Display) {
        (**self).close(bit, value);
    }
}

/// A field, or a group of fields, with its place in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name the decoder gives it.
    pub name: String,
    /// First bit, from the start of the file.
    pub start_bit: u64,
    /// Number of bits.
    pub bits: u64,
    /// The value as text; for a group, what sums it up.
    pub value: String,
    /// The fields of a group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Field>,
    /// True when the children stand in the decompressed record: their positions count from its
    /// start, not from the start of the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decompressed: bool,
    /// Fields of the group that were left out because the tree reached its limit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Field {
    /// The bytes the field touches.
    #[must_use]
    pub fn byte_range(&self) -> Range<u64> {
        self.start_bit / 8..(self.start_bit + self.bits).div_ceil(8)
    }
}

/// A [`Trace`] that keeps the fields as a tree, up to a number of fields.
#[derive(Debug)]
pub struct FieldTree {
    open: Vec<Field>,
    room: usize,
}

impl FieldTree {
    /// An empty tree that keeps at most `limit` fields and counts the rest.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { open: vec![Field::default()], room: limit }
    }

    /// The tree: its root is named `name` and spans all that was read. Groups that a failing
    /// decoder left open end where their last field ends.
    #[must_use]
    pub fn finish(mut self, name: &str) -> Field {
        while self.open.len() > 1 {
            self.close_at(None, &"");
        }
        let mut root = self.open.pop().unwrap_or_default();
        root.name = name.to_owned();
        root.start_bit = root.children.first().map_or(0, |first| first.start_bit);
        let end = root.children.last().map_or(0, |last| last.start_bit + last.bits);
        root.bits = end.saturating_sub(root.start_bit);
        root
    }

    fn add(&mut self, field: Field) {
        let Some(group) = self.open.last_mut() else { return };
        if self.room == 0 {
            group.left_out += 1;
        } else {
            self.room -= 1;
            group.children.push(field);
        }
    }

    fn close_at(&mut self, bit: Option<u64>, value: &dyn fmt::Display) {
        if self.open.len() < 2 {
            return;
        }
        let Some(mut group) = self.open.pop() else { return };
        let last = group.children.last().map_or(group.start_bit, |last| last.start_bit + last.bits);
        group.bits = bit.unwrap_or(last).saturating_sub(group.start_bit);
        group.value = value.to_string();
        self.add(group);
    }
}

impl Trace for FieldTree {
    const ON: bool = true;

    fn field(&mut self, name: &str, bits: Range<u64>, value: &dyn fmt::Display) {
        let field = Field {
            name: name.to_owned(),
            start_bit: bits.start,
            bits: bits.end - bits.start,
            value: if self.room == 0 { String::new() } else { value.to_string() },
            ..Field::default()
        };
        self.add(field);
    }

    fn open(&mut self, name: &str, bit: u64) {
        self.open.push(Field { name: name.to_owned(), start_bit: bit, ..Field::default() });
    }

    fn close(&mut self, bit: u64, value: &dyn fmt::Display) {
        self.close_at(Some(bit), value);
    }
}

/// Shows bytes as lower-case hex.
#[derive(Debug, Clone, Copy)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(64).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        if self.0.len() > 64 { write!(f, "… ({} bytes)", self.0.len()) } else { Ok(()) }
    }
}

/// Shows bytes as quoted text, with escapes for what is not printable.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_keeps_groups_and_counts_what_is_over_the_limit() {
        let mut tree = FieldTree::with_limit(3);
        tree.field("magic", 0..32, &"85bd40dd");
        tree.open("entry", 32);
        tree.field("length", 32..40, &1);
        tree.field("data", 40..48, &"00");
        tree.field("checksum", 48..80, &"x");
        tree.close(80, &"entry 0");
        let root = tree.finish("file");
        assert_eq!(root.children.len(), 1, "the group itself found no room");
        assert_eq!(root.left_out, 1);
        assert_eq!(root.children[0].byte_range(), 0..4);
    }

    #[test]
    fn a_decoder_that_fails_leaves_a_usable_tree() {
        let mut tree = FieldTree::with_limit(100);
        tree.open("record", 8);
        tree.field("kind", 8..16, &1);
        let root = tree.finish("segment");
        assert_eq!(root.children[0].children[0].name, "kind");
        assert_eq!((root.children[0].start_bit, root.children[0].bits), (8, 8));
    }
}
