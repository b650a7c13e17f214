//! Addresses: what can be seen, selected, linked and blamed, from the directory down to a byte.
//!
//! ```text
//! /                                        the data directory
//! /head                                    the head
//! /head/series/17                          a series in it
//! /block/01M7W9S29P9TR0PYK684K7T29N        a block
//! /block/01M7…/series/52                   a series of a block
//! /block/01M7…/series/52/chunk/8           a chunk of that series
//! /log/wal                                 a log: wal, wbl, checkpoint.00000007, chunk_snapshot.…
//! /log/wal/8                               a segment of it
//! /file/wal/00000008                       a file
//! /file/wal/00000008@0x41f3+16             sixteen bytes of it
//! ```
//!
//! Printing and reading are inverse; a fragment that cannot be read is no address.

use std::fmt;
use std::str::FromStr;

use chunkscope::types::{BlockId, ChunkRef, SeriesRef};
use serde::{Deserialize, Serialize};

/// A place in a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Address {
    /// The directory as a whole.
    #[default]
    Directory,
    /// The head or a block.
    Source(Source),
    /// A series of it.
    Series(Source, SeriesRef),
    /// A chunk of that series.
    Chunk(Source, SeriesRef, ChunkRef),
    /// A log.
    Log(Log),
    /// A segment of it, by number.
    Segment(Log, u64),
    /// A file, relative to the directory, and perhaps some of its bytes.
    File(String, Option<ByteRange>),
}

/// What holds series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// The head.
    Head,
    /// A block.
    Block(BlockId),
}

/// A write-ahead log, or one of the directories in its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Log {
    /// `wal/`
    Wal,
    /// `wbl/`, the log of out-of-order samples.
    OutOfOrder,
    /// `wal/checkpoint.N`: what was still needed of the segments up to N.
    Checkpoint(u64),
    /// `chunk_snapshot.N.offset`: the head as it was at a clean stop.
    Snapshot(u64, u64),
}

/// Bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ByteRange {
    /// Offset of the first byte.
    pub offset: u64,
    /// Number of bytes; 0 = a position.
    pub length: u64,
}

impl Address {
    /// The block `id`.
    #[must_use]
    pub const fn block(id: BlockId) -> Self {
        Self::Source(Source::Block(id))
    }

    /// The head.
    #[must_use]
    pub const fn head() -> Self {
        Self::Source(Source::Head)
    }

    /// The place `offset` of the file `path`.
    #[must_use]
    pub fn byte(path: impl Into<String>, offset: Option<u64>) -> Self {
        Self::File(path.into(), offset.map(|offset| ByteRange { offset, length: 0 }))
    }

    /// One level up; the directory is its own parent's end.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        Some(match self {
            Self::Directory => return None,
            Self::Source(_) | Self::Log(_) | Self::File(_, None) => Self::Directory,
            Self::Series(source, _) => Self::Source(*source),
            Self::Chunk(source, series, _) => Self::Series(*source, *series),
            Self::Segment(log, _) => Self::Log(*log),
            Self::File(path, Some(_)) => Self::File(path.clone(), None),
        })
    }

    /// From the directory down to this address: the breadcrumb.
    #[must_use]
    pub fn trail(&self) -> Vec<Self> {
        let mut trail = vec![self.clone()];
        while let Some(parent) = trail.last().and_then(Self::parent) {
            trail.push(parent);
        }
        trail.reverse();
        trail
    }

    /// True when `other` is this address or inside it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.trail().contains(self)
    }

    /// The last part in words, for a breadcrumb: `block 01M7…`, `series 17`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Directory => "directory".into(),
            Self::Source(Source::Head) => "head".into(),
            Self::Source(Source::Block(id)) => format!("block {id}"),
            Self::Series(_, series) => format!("series {series}"),
            Self::Chunk(_, _, chunk) => format!("chunk {chunk}"),
            Self::Log(log) => log.directory(),
            Self::Segment(_, number) => format!("segment {number}"),
            Self::File(path, None) => path.clone(),
            Self::File(_, Some(bytes)) => format!("@ {:#x}", bytes.offset),
        }
    }
}

impl Log {
    /// Its directory, relative to the data directory.
    #[must_use]
    pub fn directory(self) -> String {
        match self {
            Self::Wal => "wal".into(),
            Self::OutOfOrder => "wbl".into(),
            Self::Checkpoint(index) => format!("wal/checkpoint.{index:08}"),
            Self::Snapshot(segment, offset) => format!("chunk_snapshot.{segment:06}.{offset:010}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("head"),
            Self::Block(id) => write!(f, "block/{id}"),
        }
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wal => f.write_str("wal"),
            Self::OutOfOrder => f.write_str("wbl"),
            Self::Checkpoint(index) => write!(f, "checkpoint.{index:08}"),
            Self::Snapshot(segment, offset) => {
                write!(f, "chunk_snapshot.{segment:06}.{offset:010}")
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => f.write_str("/"),
            Self::Source(source) => write!(f, "/{source}"),
            Self::Series(source, series) => write!(f, "/{source}/series/{series}"),
            Self::Chunk(source, series, chunk) => {
                write!(f, "/{source}/series/{series}/chunk/{}", chunk.0)
            }
            Self::Log(log) => write!(f, "/log/{log}"),
            Self::Segment(log, number) => write!(f, "/log/{log}/{number}"),
            Self::File(path, None) => write!(f, "/file/{path}"),
            Self::File(path, Some(bytes)) if bytes.length == 0 => {
                write!(f, "/file/{path}@{:#x}", bytes.offset)
            }
            Self::File(path, Some(bytes)) => {
                write!(f, "/file/{path}@{:#x}+{}", bytes.offset, bytes.length)
            }
        }
    }
}

/// The text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnAddress;

impl FromStr for Log {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let number = |text: &str| text.parse().map_err(|_| NotAnAddress);
        match (text, text.split_once('.')) {
            ("wal", _) => Ok(Self::Wal),
            ("wbl", _) => Ok(Self::OutOfOrder),
            (_, Some(("checkpoint", index))) => number(index).map(Self::Checkpoint),
            (_, Some(("chunk_snapshot", rest))) => {
                let (segment, offset) = rest.split_once('.').ok_or(NotAnAddress)?;
                Ok(Self::Snapshot(number(segment)?, number(offset)?))
            }
            _ => Err(NotAnAddress),
        }
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.strip_prefix('/').ok_or(NotAnAddress)?;
        if let Some(file) = text.strip_prefix("file/") {
            return file_address(file);
        }
        let number = |text: &str| text.parse::<u64>().map_err(|_| NotAnAddress);
        let parts: Vec<&str> = text.split('/').collect();
        let (source, rest) = match parts.as_slice() {
            [""] => return Ok(Self::Directory),
            ["log", log] => return Ok(Self::Log(log.parse()?)),
            ["log", log, segment] => return Ok(Self::Segment(log.parse()?, number(segment)?)),
            ["head", rest @ ..] => (Source::Head, rest),
            ["block", id, rest @ ..] => {
                (Source::Block(id.parse().map_err(|_| NotAnAddress)?), rest)
            }
            _ => return Err(NotAnAddress),
        };
        match rest {
            [] => Ok(Self::Source(source)),
            ["series", series] => Ok(Self::Series(source, SeriesRef(number(series)?))),
            ["series", series, "chunk", chunk] => {
                Ok(Self::Chunk(source, SeriesRef(number(series)?), ChunkRef(number(chunk)?)))
            }
            _ => Err(NotAnAddress),
        }
    }
}

/// `path`, `path@0x10` or `path@0x10+4`. A name with an `@` of its own is told by what follows it.
fn file_address(text: &str) -> Result<Address, NotAnAddress> {
    if text.is_empty() {
        return Err(NotAnAddress);
    }
    let bytes = text.rsplit_once("@0x").and_then(|(path, range)| {
        let (offset, length) = range.split_once('+').unwrap_or((range, "0"));
        let offset = u64::from_str_radix(offset, 16).ok()?;
        Some((path, ByteRange { offset, length: length.parse().ok()? }))
    });
    Ok(match bytes {
        Some((path, bytes)) if !path.is_empty() => Address::File(path.into(), Some(bytes)),
        _ => Address::File(text.into(), None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Source {
        Source::Block("01M7W9S29P9TR0PYK684K7T29N".parse().unwrap())
    }

    #[test]
    fn every_address_survives_the_url() {
        let bytes = ByteRange { offset: 0x41f3, length: 16 };
        let all = [
            Address::Directory,
            Address::head(),
            Address::Source(block()),
            Address::Series(Source::Head, SeriesRef(17)),
            Address::Chunk(block(), SeriesRef(52), ChunkRef::new(1, 8)),
            Address::Log(Log::Wal),
            Address::Segment(Log::Checkpoint(7), 0),
            Address::Segment(Log::Snapshot(3, 4096), 0),
            Address::Log(Log::OutOfOrder),
            Address::File("wal/00000008".into(), None),
            Address::File("wal/00000008".into(), Some(bytes)),
            Address::File("odd@name".into(), Some(ByteRange { offset: 0, length: 0 })),
        ];
        for address in all {
            assert_eq!(address.to_string().parse(), Ok(address.clone()), "{address}");
        }
        let written = Address::File("wal/00000008".into(), Some(bytes)).to_string();
        assert_eq!(written, "/file/wal/00000008@0x41f3+16");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "head", "/block/", "/block/x", "/head/series/", "/log/abc", "/file/"] {
            assert_eq!(text.parse::<Address>(), Err(NotAnAddress), "{text}");
        }
    }

    #[test]
    fn the_trail_leads_up_to_the_directory() {
        let chunk = Address::Chunk(block(), SeriesRef(52), ChunkRef(8));
        let trail: Vec<String> = chunk.trail().iter().map(ToString::to_string).collect();
        assert_eq!(trail.len(), 4);
        assert_eq!(trail[0], "/");
        assert_eq!(trail[1], format!("/{}", block()));
        assert!(Address::Source(block()).covers(&chunk));
        assert!(!Address::head().covers(&chunk));
    }
}
