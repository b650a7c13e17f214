//! What a file is, by its path and its first bytes.

use crate::wal::LEGACY_MAGIC;

/// The kinds of file in a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Segment of `wal/`, `wbl/` or a checkpoint.
    LogSegment,
    /// Segment of a memory snapshot.
    SnapshotSegment,
    /// Segment of a log of Prometheus 2.0 to 2.3.
    LegacySegment,
    /// File of `chunks_head/`.
    HeadChunks,
    /// File of a block's `chunks/`.
    BlockChunks,
    /// A block's index.
    Index,
    /// A block's tombstones.
    Tombstones,
    /// A block's `meta.json`.
    Meta,
    /// Another JSON file: `series_state.json`.
    Json,
    /// The queries that were running: `queries.active`.
    ActiveQueries,
    /// The lock file.
    Lock,
    /// None of these.
    Unknown,
}

impl FileKind {
    /// The kind of the file at `path`, which begins with the bytes `first`.
    #[must_use]
    pub fn recognise(path: &str, first: &[u8]) -> Self {
        let mut parts = path.rsplit('/');
        let name = parts.next().unwrap_or_default();
        let folder = parts.next().unwrap_or_default();
        let number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(magic) = first.first_chunk().map(|magic| u32::from_be_bytes(*magic)) {
            match magic {
                LEGACY_MAGIC => return Self::LegacySegment,
                0x0130_bc91 => return Self::HeadChunks,
                0x85bd_40dd => return Self::BlockChunks,
                0xbaaa_d700 => return Self::Index,
                0x0130_ba30 => return Self::Tombstones,
                _ => {}
            }
        }
        match (folder, name) {
            ("chunks_head", _) if number => Self::HeadChunks,
            ("chunks", _) if number => Self::BlockChunks,
            _ if number && folder.starts_with("chunk_snapshot.") => Self::SnapshotSegment,
            _ if number => Self::LogSegment,
            (_, "index" | "index.repaired") => Self::Index,
            (_, "tombstones" | "tombstones.tmp") => Self::Tombstones,
            (_, "meta.json" | "meta.json.tmp") => Self::Meta,
            (_, "queries.active") => Self::ActiveQueries,
            (_, "lock") => Self::Lock,
            _ if name.ends_with(".json") => Self::Json,
            _ if name.ends_with(".repair") && folder == "wal" => Self::LogSegment,
            _ => Self::Unknown,
        }
    }

    /// The kind in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::LogSegment => "segment of a write-ahead log",
            Self::SnapshotSegment => "segment of a memory snapshot",
            Self::LegacySegment => "segment of a write-ahead log of Prometheus 2.0 to 2.3",
            Self::HeadChunks => "head chunk file",
            Self::BlockChunks => "chunk file of a block",
            Self::Index => "index of a block",
            Self::Tombstones => "tombstones of a block",
            Self::Meta => "meta.json of a block",
            Self::Json => "JSON file",
            Self::ActiveQueries => "queries that were running, a scratch file of the server",
            Self::Lock => "lock file; its content means nothing",
            Self::Unknown => "not a file that a data directory uses",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_win_over_names_and_names_decide_the_rest() {
        let kind = |path: &str| FileKind::recognise(path, &[1, 0, 0, 9]);
        assert_eq!(kind("wal/00000003"), FileKind::LogSegment);
        assert_eq!(kind("wal/checkpoint.00000002/00000000"), FileKind::LogSegment);
        assert_eq!(kind("chunk_snapshot.000001.0000000000/00000000"), FileKind::SnapshotSegment);
        assert_eq!(kind("chunks_head/000001"), FileKind::HeadChunks);
        assert_eq!(kind("01M7/chunks/000001"), FileKind::BlockChunks);
        assert_eq!(kind("01M7/index"), FileKind::Index);
        assert_eq!(kind("wal/series_state.json"), FileKind::Json);
        assert_eq!(kind("notes.txt"), FileKind::Unknown);
        let magic = [0x85, 0xbd, 0x40, 0xdd, 1];
        assert_eq!(FileKind::recognise("somewhere/copy", &magic), FileKind::BlockChunks);
    }
}
