//! Commands about one chunk on its own: `chunk`, `sample`, `samples`, `bytes`.

use std::fmt::Write;

use chunkscope::chunk::{Encoding, Xor2Appender, XorAppender, decode_traced};
use chunkscope::encoding::{Field, FieldTree};
use chunkscope::types::{Samples, Timestamp};

use super::language::Command;
use super::stored::hex_lines;
use super::words::{Answer, number, sample};

/// A chunk that is being written, by hand.
#[derive(Debug)]
pub(super) enum Chunk {
    Xor(XorAppender),
    Xor2(Box<Xor2Appender>),
}

impl Chunk {
    /// `chunk [XOR|XOR2]`: an empty chunk.
    pub(super) fn begin(command: &Command) -> Result<Self, String> {
        match command.words.first().map_or("XOR", String::as_str) {
            "XOR" => Ok(Self::Xor(XorAppender::new())),
            "XOR2" => Ok(Self::Xor2(Box::new(Xor2Appender::new()))),
            other => Err(format!("{other} is no encoding this command knows")),
        }
    }

    /// `sample VALUE@TIME…`: appends, and shows the bits that were added, as they are read back.
    pub(super) fn sample(&mut self, command: &Command) -> Answer {
        command.knows(&[])?;
        let mut text = String::new();
        for word in &command.words {
            let (time, value) = sample(word)?;
            self.append(time, value);
            let tree = self.tree()?;
            let added = tree.children.iter().rev().find(|field| !field.children.is_empty());
            let added = added.ok_or("the chunk shows no sample")?;
            let _ = writeln!(text, "{}: {} ({} bits)", added.name, added.value, added.bits);
            for field in &added.children {
                show(&mut text, field, 1);
            }
        }
        Ok(text)
    }

    /// `samples count=N [from=TIME] [step=TIME] [value=V] [add=V]`: appends many, and says what the
    /// chunk takes then.
    pub(super) fn samples(&mut self, command: &Command) -> Answer {
        command.knows(&["count", "from", "step", "value", "add"])?;
        let (from, step) = (command.time_or("from", 0)?, command.time_or("step", 15_000)?);
        let value = command.setting("value").map_or(Ok(1.0), number)?;
        let add = command.setting("add").map_or(Ok(0.0), number)?;
        for at in 0..command.number_or("count", 1i64)? {
            self.append(from + at * step, value + add * at as f64);
        }
        let (samples, bytes) = match self {
            Self::Xor(chunk) => (chunk.num_samples(), chunk.byte_len()),
            Self::Xor2(chunk) => (chunk.num_samples(), chunk.byte_len()),
        };
        let each = bytes as f64 * 8.0 / f64::from(samples.max(1));
        Ok(format!("{samples} samples, {bytes} bytes: {each:.1} bits a sample\n"))
    }

    /// `bytes`: the chunk as it would be stored.
    pub(super) fn bytes(&self) -> Answer {
        Ok(hex_lines(&self.to_bytes(), 0))
    }

    fn append(&mut self, time: Timestamp, value: f64) {
        match self {
            Self::Xor(chunk) => chunk.append(time, value),
            Self::Xor2(chunk) => chunk.append(time, value, 0),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Xor(chunk) => chunk.to_bytes(),
            Self::Xor2(chunk) => chunk.to_bytes(),
        }
    }

    fn tree(&self) -> Result<Field, String> {
        let encoding = match self {
            Self::Xor(_) => Encoding::Xor,
            Self::Xor2(_) => Encoding::Xor2,
        };
        let mut tree = FieldTree::with_limit(100_000);
        decode_traced(encoding, &self.to_bytes(), 0, &mut tree, &mut Samples::default())
            .map_err(|error| error.to_string())?;
        Ok(tree.finish("chunk"))
    }
}

/// A field with the bits it takes, and what is in it.
fn show(text: &mut String, field: &Field, depth: usize) {
    let (indent, from) = (depth * 2, field.start_bit);
    let to = from + field.bits;
    let _ = writeln!(text, "{:indent$}{}: {} (bits {from}..{to})", "", field.name, field.value);
    for inside in &field.children {
        show(text, inside, depth + 1);
    }
}
