//! An inspection as text: a line per field, indented, with offset, size, name and value.
//!
//! ```text
//! offset    size  field
//! 00000000    13  record: unknown; compression: snappy
//! 00000000    13    fragment: full, snappy, 6 bytes, in page 0
//! 00000000     1      flags: 9
//! ```
//!
//! Fields inside bytes are shown with the bit: `00000022.3`. Fields of a decompressed record have a
//! `~` in front of their offset, which counts from the start of that record.

use std::fmt::Write;

use super::file::Inspection;
use crate::encoding::Field;

/// Values longer than this are cut.
const VALUE_WIDTH: usize = 160;

impl Inspection {
    /// The whole tree as text, one line per field. `mark` is a byte of the file whose innermost
    /// fields get a `>` in front.
    #[must_use]
    pub fn render(&self, mark: Option<u64>) -> String {
        let mut text = format!("{}: {}, {} bytes\n", self.path, self.kind.describe(), self.len);
        let way: Vec<*const Field> = mark
            .map(|offset| self.path_to(offset).into_iter().map(std::ptr::from_ref).collect())
            .unwrap_or_default();
        for field in &self.root.children {
            line(&mut text, field, 0, false, &way);
        }
        left_out(&mut text, &self.root, 0);
        for finding in &self.findings {
            let _ = writeln!(text, "! {}: {}", finding.at, finding.what);
            for more in [&finding.prometheus, &finding.help] {
                if !more.is_empty() {
                    let _ = writeln!(text, "  {more}");
                }
            }
        }
        text
    }
}

fn line(text: &mut String, field: &Field, depth: usize, inside: bool, way: &[*const Field]) {
    let mark = if way.contains(&std::ptr::from_ref(field)) { '>' } else { ' ' };
    let sign = if inside { '~' } else { ' ' };
    let bits = match field.start_bit % 8 {
        0 => "  ".to_owned(),
        bit => format!(".{bit}"),
    };
    let size = match field.bits % 8 {
        0 => format!("{}", field.bits / 8),
        _ => format!("{}b", field.bits),
    };
    let indent = depth * 2;
    let offset = field.start_bit / 8;
    let name = &field.name;
    let _ = write!(text, "{mark}{sign}{offset:08x}{bits} {size:>6}  {:indent$}{name}", "");
    if !field.value.is_empty() {
        let _ = write!(text, ": ");
        push_plain(text, &field.value);
    }
    text.push('\n');
    for child in &field.children {
        line(text, child, depth + 1, inside || field.decompressed, way);
    }
    left_out(text, field, depth + 1);
}

fn left_out(text: &mut String, field: &Field, depth: usize) {
    if field.left_out > 0 {
        let indent = depth * 2;
        let _ = writeln!(text, "{:>20} {:indent$}… {} more", "", "", field.left_out);
    }
}

/// Adds a value without control characters: values are bytes of a file, terminals obey some.
fn push_plain(text: &mut String, value: &str) {
    for (index, character) in value.chars().enumerate() {
        if index == VALUE_WIDTH {
            text.push('…');
            return;
        }
        text.push(if character.is_control() { '\u{fffd}' } else { character });
    }
}
