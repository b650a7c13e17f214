//! The one error of the engine. Every data error is an address: file, offset, field.
//!
//! Bytes from outside never panic. A decoder that meets bytes it cannot accept returns
//! [`Error::Damaged`] with the place, what it expected and what it found; the caller that knows the
//! file adds its path with [`Error::in_file`]. The text reads like
//!
//! ```text
//! wal/00000002 @ 0x41f3, field checksum: expected 9d45d443, found 9d45d442; the record is torn …
//! ```

use std::borrow::Cow;
use std::fmt;

/// What every fallible function of the engine returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done. One word wide, so that `Result` stays cheap in decoders.
#[derive(Clone, PartialEq, Eq)]
pub enum Error {
    /// Bytes that are not what the format demands.
    Damaged(Box<Damage>),
    /// The storage refused: missing file, no permission, no space.
    Storage(Box<StorageFailure>),
    /// A request that makes no sense or is not supported, in a sentence.
    Refused(Box<str>),
    /// The caller asked to stop.
    Cancelled,
}

/// Where in a data directory something is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, serde::Serialize, serde::Deserialize)]
pub struct Location {
    /// Path relative to the data directory, with `/`; empty until a caller that knows it adds it.
    pub path: String,
    /// Byte offset in the file, where one is known.
    pub offset: Option<u64>,
    /// The field being read, by the name the decoder gives it.
    pub field: Cow<'static, str>,
}

/// Bytes that break their format, with their address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Damage {
    /// Where the bytes are.
    pub at: Location,
    /// What the format demands there.
    pub expected: Cow<'static, str>,
    /// What is there.
    pub found: Cow<'static, str>,
    /// What it means and what to do, in a sentence; empty when there is nothing to add.
    pub help: Cow<'static, str>,
}

/// A storage operation that failed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StorageFailure {
    /// What was tried: `open`, `list`, `read`, …
    pub operation: Cow<'static, str>,
    /// Path relative to the data directory.
    pub path: String,
    /// What kind of failure.
    pub kind: FailureKind,
    /// The system's own words.
    pub message: String,
}

/// The kinds of storage failure callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum FailureKind {
    /// No such file or directory.
    NotFound,
    /// Not allowed, or the storage is read-only.
    NotAllowed,
    /// Disk or quota is full.
    NoSpace,
    /// Another process or tab holds the lock.
    Locked,
    /// Anything else.
    Other,
}

impl Error {
    /// Bytes at `offset` in the field `field` are not what the format demands.
    #[cold]
    pub fn damaged(
        field: impl Into<Cow<'static, str>>,
        offset: u64,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Damaged(Box::new(Damage {
            at: Location { path: String::new(), offset: Some(offset), field: field.into() },
            expected: expected.into(),
            found: found.into(),
            help: Cow::Borrowed(""),
        }))
    }

    /// A storage operation on `path` failed.
    #[cold]
    pub fn storage(
        operation: impl Into<Cow<'static, str>>,
        path: impl Into<String>,
        kind: FailureKind,
        message: impl Into<String>,
    ) -> Self {
        Self::Storage(Box::new(StorageFailure {
            operation: operation.into(),
            path: path.into(),
            kind,
            message: message.into(),
        }))
    }

    /// A request that is refused, with the sentence that says why.
    #[cold]
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into().into_boxed_str())
    }

    /// Adds the path of the file to a data error that has none yet.
    #[must_use]
    pub fn in_file(mut self, path: &str) -> Self {
        if let Self::Damaged(damage) = &mut self
            && damage.at.path.is_empty()
        {
            damage.at.path = path.to_owned();
        }
        self
    }

    /// Shifts the offset of a data error that has no path yet: for decoders that were given a part
    /// of a file and counted from its start.
    #[must_use]
    pub fn shifted_by(mut self, bytes: u64) -> Self {
        if let Self::Damaged(damage) = &mut self
            && damage.at.path.is_empty()
        {
            damage.at.offset = damage.at.offset.map(|offset| offset.saturating_add(bytes));
        }
        self
    }

    /// Adds the sentence that says what the damage means and what to do, if there is none yet.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        if let Self::Damaged(damage) = &mut self
            && damage.help.is_empty()
        {
            damage.help = help.into();
        }
        self
    }

    /// Sets the offset of a data error that has no path yet: for bytes that do not stand in the
    /// file as they were decoded.
    #[must_use]
    pub fn at_offset(mut self, offset: u64) -> Self {
        if let Self::Damaged(damage) = &mut self
            && damage.at.path.is_empty()
        {
            damage.at.offset = Some(offset);
        }
        self
    }

    /// Puts the part that holds the field in front of it: part `entry 12` makes `value` into
    /// `entry 12, value`.
    #[cold]
    #[must_use]
    pub fn in_part(mut self, part: &str) -> Self {
        if let Self::Damaged(damage) = &mut self {
            let field = &damage.at.field;
            let path = if field.is_empty() { part.to_owned() } else { format!("{part}, {field}") };
            damage.at.field = path.into();
        }
        self
    }

    /// The damage, if this is a data error.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        match self {
            Self::Damaged(damage) => Some(damage),
            _ => None,
        }
    }

    /// True when a file or directory that was asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Storage(failure) if failure.kind == FailureKind::NotFound)
    }

    /// Where it happened, as far as it is known.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::Damaged(damage) => Some(damage.at.clone()),
            Self::Storage(failure) => {
                Some(Location { path: failure.path.clone(), offset: None, field: "".into() })
            }
            Self::Refused(_) | Self::Cancelled => None,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nowhere = self.offset.is_none() && self.field.is_empty();
        f.write_str(match self.path.as_str() {
            "" if nowhere => "the directory itself",
            "" => "(file unknown)",
            path => path,
        })?;
        if let Some(offset) = self.offset {
            write!(f, " @ {offset:#x}")?;
        }
        if !self.field.is_empty() {
            write!(f, ", field {}", self.field)?;
        }
        Ok(())
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.at, self.expected, self.found)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(damage) => damage.fmt(f),
            Self::Storage(failure) => {
                write!(f, "cannot {} {}: {}", failure.operation, failure.path, failure.message)
            }
            Self::Refused(why) => f.write_str(why),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_error_reads_as_an_address() {
        let error = Error::damaged("checksum", 0xf3, "9d45d443", "9d45d442")
            .shifted_by(0x4100)
            .in_file("wal/00000002")
            .with_help("the record is torn");
        assert_eq!(
            error.to_string(),
            "wal/00000002 @ 0x41f3, field checksum: expected 9d45d443, found 9d45d442; \
             the record is torn"
        );
        assert_eq!(error.clone().in_file("other").shifted_by(1), error, "the first address stays");
    }

    #[test]
    fn an_error_is_two_words_at_most() {
        assert!(size_of::<Error>() <= 2 * size_of::<usize>() + 8);
    }
}
