//! The tree of an inspection while it grows: bounded, and if wanted only around one place.

use std::fmt;
use std::ops::Range;

use crate::encoding::{Field, Reader, Trace};
use crate::error::{Error, Result};
use crate::event::Finding;

/// Fields that one group shows, apart from the outermost.
const GROUP_SIZE: usize = 100;
/// Fields shown before and behind the one that is looked for.
const AROUND: usize = 12;
/// Fields shown of one decompressed record.
const RECORD_SIZE: usize = 1000;
/// Findings kept of one file.
const MOST_FINDINGS: usize = 200;

/// A [`Trace`] that keeps the fields as a tree. Without a focus: the first ones, up to a limit, and
/// the first hundred of each group. With a focus: what holds that byte of the file, with a few
/// neighbours at every level.
#[derive(Debug)]
pub(super) struct Outline {
    open: Vec<Group>,
    room: usize,
    focus: Option<u64>,
    path: String,
    findings: Vec<Finding>,
}

#[derive(Debug, Default)]
struct Group {
    field: Field,
    /// There was room for the group when it began.
    kept: bool,
    /// Fields kept behind the focus.
    behind: usize,
}

impl Outline {
    pub(super) fn new(path: &str, limit: usize, focus: Option<u64>) -> Self {
        let root = Group { kept: true, ..Group::default() };
        let path = path.to_owned();
        Self { open: vec![root], room: limit, focus, path, findings: Vec::new() }
    }

    /// The tree, whose root is named `name` and spans `len` bytes, and what was found wrong.
    pub(super) fn finish(mut self, name: &str, len: u64, value: &str) -> (Field, Vec<Finding>) {
        self.unwind(1, None);
        let stopped = self.is_done(len);
        let mut root = self.open.pop().unwrap_or_default().field;
        let end = root.children.last().map_or(0, |last| last.start_bit + last.bits);
        if stopped && end < len * 8 {
            root.children.push(Field {
                name: "not_shown".to_owned(),
                start_bit: end,
                bits: len * 8 - end,
                value: "the rest of the file".to_owned(),
                ..Field::default()
            });
        }
        root.name = name.to_owned();
        root.bits = len * 8;
        value.clone_into(&mut root.value);
        (root, self.findings)
    }

    /// True when nothing from byte `position` on would be shown.
    pub(super) fn is_done(&self, position: u64) -> bool {
        match self.focus {
            None => self.room == 0,
            Some(focus) => position > focus && self.open.last().is_some_and(|g| g.behind >= AROUND),
        }
    }

    /// True when the inside of these bytes is to be shown.
    pub(super) fn wants(&self, bytes: &Range<u64>) -> bool {
        self.focus.is_none_or(|focus| bytes.contains(&focus))
    }

    /// True when one place is looked for.
    pub(super) fn has_focus(&self) -> bool {
        self.focus.is_some()
    }

    /// Adds a finding.
    pub(super) fn find(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// A leaf over bytes of the file.
    pub(super) fn leaf(&mut self, name: &str, bytes: Range<u64>, value: &dyn fmt::Display) {
        if !bytes.is_empty() {
            self.field(name, bytes.start * 8..bytes.end * 8, value);
        }
    }

    /// Decodes `bytes`, which begin at `base` of the file, into fields. After an error the fields
    /// read so far stay, the rest is one field that says what is wrong, and there is a finding.
    pub(super) fn decode<'b, V>(
        &mut self,
        bytes: &'b [u8],
        base: u64,
        decode: impl FnOnce(&mut Reader<'b, &mut Self>) -> Result<V>,
    ) -> Option<V> {
        let depth = self.open.len();
        let mut r = Reader::traced(bytes, base, &mut *self);
        let result = decode(&mut r);
        let reached = r.offset();
        let error = match result {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        self.unwind(depth, Some(reached));
        self.leaf("undecoded", reached..base + bytes.len() as u64, &error);
        self.find_error(error);
        None
    }

    /// Adds a damaged part of the file.
    pub(super) fn damaged(&mut self, bytes: Range<u64>, error: Error) {
        self.leaf("damaged", bytes, &error);
        self.find_error(error);
    }

    /// A group over `bytes` of the file, whose fields stand in the record `payload` that those
    /// bytes hold in compressed form, or only a part of.
    pub(super) fn decompressed<'b, V>(
        &mut self,
        name: &str,
        bytes: Range<u64>,
        payload: &'b [u8],
        decode: impl FnOnce(&mut Reader<'b, &mut Self>) -> Result<V>,
    ) -> Option<V> {
        let limit = if self.focus.is_some() { RECORD_SIZE } else { self.room.min(RECORD_SIZE) };
        let mut inner = Self::new(&self.path, limit, None);
        let value = inner.decode(payload, 0, decode);
        let (mut group, findings) = inner.finish(name, 0, "");
        group.start_bit = bytes.start * 8;
        group.bits = (bytes.end - bytes.start) * 8;
        group.value = format!("{} bytes as they were written", payload.len());
        group.decompressed = true;
        self.room = self.room.saturating_sub(count(&group));
        self.findings.extend(findings.into_iter().map(|mut finding| {
            finding.at.offset = Some(bytes.start);
            finding
        }));
        self.add(group);
        value
    }

    /// The byte that is looked for.
    pub(super) fn focus(&self) -> Option<u64> {
        self.focus
    }

    /// Closes all groups, which end at byte `at`.
    pub(super) fn unwind_all(&mut self, at: u64) {
        self.unwind(1, Some(at));
    }

    /// Makes the leaf `name` of the group that was last closed into a group, with what `fill` adds.
    pub(super) fn expand_last(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::new(&self.path, self.room, self.focus);
        fill(&mut inner);
        let (inner, findings) = inner.finish(name, 0, "");
        self.findings.extend(findings);
        let Some(group) = self.open.last_mut() else { return };
        let focus = self.focus;
        let holds =
            |field: &&mut Field| focus.is_none_or(|focus| field.byte_range().contains(&focus));
        let Some(entry) = group.field.children.iter_mut().rfind(holds) else { return };
        if let Some(leaf) = entry.children.iter_mut().rfind(|field| field.name == name) {
            leaf.children = inner.children;
            leaf.left_out = inner.left_out;
            leaf.value = String::new();
        }
    }

    /// As [`Outline::decode`], for decoders of bits that take a trace and not a reader.
    pub(super) fn decode_bits(
        &mut self,
        bytes: &[u8],
        base: u64,
        decode: impl FnOnce(&mut Self) -> Result<()>,
    ) {
        let depth = self.open.len();
        if let Err(error) = decode(self) {
            self.unwind(depth, None);
            let shown = self.open.last().and_then(|group| group.field.children.last());
            let end = shown.map_or(base, |last| (last.start_bit + last.bits).div_ceil(8));
            self.leaf("undecoded", end..base + bytes.len() as u64, &error);
            self.find_error(error);
        }
    }

    fn find_error(&mut self, error: Error) {
        let error = error.in_file(&self.path);
        self.find(Finding::from_error(&error));
    }

    fn unwind(&mut self, depth: usize, byte: Option<u64>) {
        while self.open.len() > depth {
            self.close_at(byte.map(|byte| byte * 8), &"");
        }
    }

    fn close_at(&mut self, bit: Option<u64>, value: &dyn fmt::Display) {
        if self.open.len() < 2 {
            return;
        }
        let Some(mut group) = self.open.pop() else { return };
        let last = group.field.children.last();
        let end = last.map_or(group.field.start_bit, |last| last.start_bit + last.bits);
        group.field.bits = bit.unwrap_or(end).saturating_sub(group.field.start_bit);
        if !group.kept {
            if let Some(parent) = self.open.last_mut() {
                parent.field.left_out += 1;
            }
            return;
        }
        group.field.value = value.to_string();
        self.add(group.field);
    }

    /// Puts a field, for which room was taken, into the innermost group.
    fn add(&mut self, mut field: Field) {
        let Some(focus) = self.focus else {
            if let Some(group) = self.open.last_mut() {
                group.field.children.push(field);
            }
            return;
        };
        let Some(group) = self.open.last_mut() else { return };
        let bytes = field.byte_range();
        if !bytes.contains(&focus) {
            field.left_out += field.children.len() as u64;
            field.children.clear();
            if bytes.start > focus {
                group.behind += 1;
                if group.behind > AROUND {
                    group.field.left_out += 1;
                    return;
                }
            } else if group.field.children.len() >= AROUND {
                group.field.children.remove(0);
                group.field.left_out += 1;
            }
        }
        group.field.children.push(field);
    }

    /// Takes room for one more field of the innermost group.
    fn take_room(&mut self) -> bool {
        let outermost = self.open.len() == 1;
        let Some(group) = self.open.last() else { return false };
        if self.focus.is_some() {
            return true;
        }
        let fits = group.kept && (outermost || group.field.children.len() < GROUP_SIZE);
        if fits && self.room > 0 {
            self.room -= 1;
            return true;
        }
        false
    }
}

fn count(field: &Field) -> usize {
    1 + field.children.iter().map(count).sum::<usize>()
}

impl Trace for Outline {
    const ON: bool = true;

    fn field(&mut self, name: &str, bits: Range<u64>, value: &dyn fmt::Display) {
        if !self.take_room() {
            if let Some(group) = self.open.last_mut() {
                group.field.left_out += 1;
            }
            return;
        }
        self.add(Field {
            name: name.to_owned(),
            start_bit: bits.start,
            bits: bits.end - bits.start,
            value: value.to_string(),
            ..Field::default()
        });
    }

    fn open(&mut self, name: &str, bit: u64) {
        let kept = self.take_room();
        let field = Field { name: name.to_owned(), start_bit: bit, ..Field::default() };
        self.open.push(Group { field, kept, behind: 0 });
    }

    fn close(&mut self, bit: u64, value: &dyn fmt::Display) {
        self.close_at(Some(bit), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(outline: &mut Outline, groups: u64) {
        for group in 0..groups {
            outline.open("entry", group * 80);
            for byte in 0..10 {
                let at = group * 10 + byte;
                outline.leaf("byte", at..at + 1, &at);
            }
            outline.close((group + 1) * 80, &group);
        }
    }

    #[test]
    fn without_a_focus_the_first_fields_are_kept() {
        let mut outline = Outline::new("x", 30, None);
        fill(&mut outline, 200);
        assert!(outline.is_done(0));
        let (root, _) = outline.finish("file", 2000, "");
        assert_eq!(root.children.len(), 4);
        assert_eq!(root.children[2].left_out, 3);
        assert_eq!(root.left_out, 197);
        assert_eq!(
            (root.children[3].name.as_str(), root.children[3].bits),
            ("not_shown", 1970 * 8)
        );
    }

    #[test]
    fn with_a_focus_the_way_to_it_and_neighbours_are_kept() {
        let mut outline = Outline::new("x", 30, Some(1234));
        fill(&mut outline, 200);
        let (root, _) = outline.finish("file", 2000, "");
        assert_eq!(root.children.len(), 2 * AROUND + 2);
        let inside: Vec<_> = root.children.iter().filter(|c| !c.children.is_empty()).collect();
        assert_eq!((inside.len(), inside[0].value.as_str()), (1, "123"));
        assert!(inside[0].children.iter().any(|leaf| leaf.value == "1234"));
    }

    #[test]
    fn a_failing_decoder_leaves_its_fields_and_a_finding() {
        let mut outline = Outline::new("wal/00000000", 30, None);
        let none = outline.decode(&[0, 1, 2], 5, |r| {
            r.open("entry");
            r.u16("count")?;
            r.u32("checksum")
        });
        assert_eq!(none, None);
        let (root, findings) = outline.finish("file", 8, "");
        assert_eq!(root.children[0].children[0].name, "count");
        assert_eq!(root.children[1].byte_range(), 7..8);
        assert_eq!(findings[0].at.path, "wal/00000000");
    }
}
