//! JSON files, with the place of every member.
//!
//! serde reads the values; this reads where they stand. It follows RFC 8259 and stops at the first
//! byte that breaks it.

use super::kind::FileKind;
use super::outline::Outline;
use crate::block::BlockMeta;
use crate::encoding::{Shown, Trace};
use crate::error::{Error, Result};
use crate::event::Finding;

/// Objects and lists inside each other, at most: what is deeper is shown as text.
const DEPTH: usize = 32;

/// Shows a JSON file; of a `meta.json` also what is wrong with it.
pub(super) fn json(bytes: &[u8], kind: FileKind, path: &str, outline: &mut Outline) {
    let mut scanner = Scanner { bytes, at: 0 };
    let read = scanner.value("value", outline, 0).and_then(|()| {
        scanner.space();
        if scanner.at == bytes.len() { Ok(()) } else { Err(scanner.error("the end of the file")) }
    });
    if let Err(error) = read {
        outline.unwind_all(scanner.at as u64);
        outline.damaged(scanner.at as u64..bytes.len() as u64, error);
    } else if kind == FileKind::Meta
        && let Err(error) = BlockMeta::parse(bytes)
    {
        outline.find(Finding::from_error(&error.in_file(path)));
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn error(&self, expected: &'static str) -> Error {
        let found = match self.peek() {
            Some(byte) => format!("{}", Shown(&[byte])),
            None => "the end of the file".to_owned(),
        };
        Error::damaged("json", self.at as u64, expected, found)
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        self.space();
        if self.peek() != Some(byte) {
            return Err(self.error(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, name: &str, outline: &mut Outline, depth: usize) -> Result<()> {
        self.space();
        let start = self.at;
        match self.peek() {
            Some(b'{' | b'[') if depth < DEPTH => return self.group(name, outline, depth),
            Some(b'{' | b'[') => return Err(self.error("fewer groups inside each other")),
            Some(b'"') => drop(self.text()?),
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
                while self.peek().is_some_and(part) {
                    self.at += 1;
                }
                if serde_json::from_slice::<serde::de::IgnoredAny>(&self.bytes[start..self.at])
                    .is_err()
                {
                    self.at = start;
                    return Err(self.error("a value"));
                }
            }
            _ => return Err(self.error("a value")),
        }
        let value = String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned();
        outline.leaf(name, start as u64..self.at as u64, &value);
        Ok(())
    }

    fn group(&mut self, name: &str, outline: &mut Outline, depth: usize) -> Result<()> {
        let object = self.peek() == Some(b'{');
        let close = if object { b'}' } else { b']' };
        outline.open(name, self.at as u64 * 8);
        self.at += 1;
        let mut count = 0usize;
        loop {
            self.space();
            if count == 0 && self.peek() == Some(close) {
                break;
            }
            if object {
                let key = self.text()?;
                self.expect(b':', "a colon")?;
                self.value(&key, outline, depth + 1)?;
            } else {
                self.value(&count.to_string(), outline, depth + 1)?;
            }
            count += 1;
            self.space();
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        self.expect(close, if object { "a comma or }" } else { "a comma or ]" })?;
        let what = if object { "members" } else { "items" };
        outline.close(self.at as u64 * 8, &format_args!("{count} {what}"));
        Ok(())
    }

    /// A string, without its quotes and with escapes undone.
    fn text(&mut self) -> Result<String> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.error("a string"));
        }
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                let text = &self.bytes[start..self.at.min(self.bytes.len())];
                return serde_json::from_slice(text).map_err(|_| {
                    self.at = start;
                    self.error("a string of valid escapes and characters")
                });
            }
        }
        self.at = start;
        Err(self.error("a string that ends"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (crate::encoding::Field, Vec<Finding>) {
        let mut outline = Outline::new("x.json", 100, None);
        json(text.as_bytes(), FileKind::Json, "x.json", &mut outline);
        outline.finish("x.json", text.len() as u64, "")
    }

    #[test]
    fn members_have_names_values_and_places() {
        let (root, findings) = read(r#"{"a": -1.5, "b": ["x\"", true], "c": {}}"#);
        assert!(findings.is_empty(), "{findings:?}");
        let object = &root.children[0];
        let told: Vec<_> =
            object.children.iter().map(|f| (f.name.as_str(), f.byte_range())).collect();
        assert_eq!(told, [("a", 6..10), ("b", 17..30), ("c", 37..39)]);
        assert_eq!(object.children[1].children[0].value, r#""x\"""#);
        assert_eq!(object.value, "3 members");
    }

    #[test]
    fn what_is_no_json_is_named_with_its_place() {
        for (text, at) in [("", 0), ("{", 1), ("{\"a\" 1}", 5), ("[1,]", 3), ("nul", 0), ("1 2", 2)]
        {
            let (_, findings) = read(text);
            assert_eq!(findings[0].at.offset, Some(at), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(!read(&deep).1.is_empty());
    }
}
