//! A directory packed into a tar archive, piece by piece.
//!
//! The archive shows the directory as it was when packing began: all files are opened then, and an
//! open file keeps its bytes and its length.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::event::Progress;
use crate::storage::contract::{EntryKind, ReadFile, Storage, join};

/// Bytes of a file in one piece.
const PIECE_BYTES: u64 = 1 << 20;

/// Bytes in a block of an archive: entries are padded to whole ones, and two of zeros end it.
const BLOCK: u64 = 512;

/// Permissions that tar sets on what it extracts.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

/// Packs a directory. Dropping it cancels.
#[derive(Debug)]
pub struct PackTar {
    waiting: VecDeque<Packed>,
    /// The file whose bytes are being packed, and how many of them are.
    current: Option<(Packed, u64)>,
    modified_seconds: u64,
    progress: Progress,
    is_ended: bool,
}

#[derive(Debug)]
struct Packed {
    path: String,
    /// None for a directory.
    file: Option<Arc<dyn ReadFile>>,
}

impl PackTar {
    /// Packs all of `storage` but the files at the paths `left_out` (its `lock`, say) into the
    /// directory `inside` of the archive. All get the time `modified_seconds` since 1970.
    ///
    /// # Errors
    /// The storage fails.
    pub fn new(
        storage: &dyn Storage,
        inside: &str,
        left_out: &[&str],
        modified_seconds: u64,
    ) -> Result<Self> {
        let mut progress = Progress { stage: "packing".to_owned(), ..Progress::default() };
        let mut entries = Vec::new();
        let mut waiting = vec![String::new()];
        while let Some(directory) = waiting.pop() {
            for entry in storage.list(&directory)? {
                let path = join(&directory, &entry.name);
                let file = match entry.kind {
                    EntryKind::Directory => None,
                    EntryKind::File if left_out.contains(&path.as_str()) => continue,
                    EntryKind::File => Some(storage.open(&path)?),
                };
                progress.bytes_total += file.as_ref().map_or(0, |file| file.len());
                entries.push(Packed { path: join(inside, &path), file });
                if entry.kind == EntryKind::Directory {
                    waiting.push(path);
                }
            }
        }
        if !inside.is_empty() {
            entries.push(Packed { path: inside.to_owned(), file: None });
        }
        // A directory stands before what is in it.
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let waiting = entries.into();
        Ok(Self { waiting, current: None, modified_seconds, progress, is_ended: false })
    }

    /// The next piece of the archive, of about 1 MiB at most; `None` after the last one.
    ///
    /// # Errors
    /// The storage fails, or a path cannot be written into an archive.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>> {
        let mut piece = Vec::new();
        while (piece.len() as u64) < PIECE_BYTES && !self.is_ended {
            let room = PIECE_BYTES - piece.len() as u64;
            match self.current.take() {
                Some((packed, done)) => self.read_on(packed, done, room, &mut piece)?,
                None => self.begin_next(&mut piece)?,
            }
        }
        Ok(if piece.is_empty() { None } else { Some(piece) })
    }

    /// How far packing is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn begin_next(&mut self, piece: &mut Vec<u8>) -> Result<()> {
        let Some(packed) = self.waiting.pop_front() else {
            self.is_ended = true;
            piece.resize(piece.len() + 2 * BLOCK as usize, 0);
            return Ok(());
        };
        self.progress.detail.clone_from(&packed.path);
        piece.extend(header(&packed, self.modified_seconds)?);
        self.current = Some((packed, 0));
        Ok(())
    }

    fn read_on(&mut self, packed: Packed, done: u64, room: u64, piece: &mut Vec<u8>) -> Result<()> {
        let Some(file) = &packed.file else { return Ok(()) };
        let end = file.len().min(done + room);
        let bytes = file.view(done..end).map_err(|error| error.in_file(&packed.path))?;
        piece.extend_from_slice(&bytes);
        self.progress.bytes_done += end - done;
        if end < file.len() {
            drop(bytes);
            self.current = Some((packed, end));
        } else {
            let padding = file.len().next_multiple_of(BLOCK) - file.len();
            piece.resize(piece.len() + padding as usize, 0);
        }
        Ok(())
    }
}

/// The header of an entry, with one for a long name before it where it needs that.
fn header(packed: &Packed, modified_seconds: u64) -> Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    let (kind, mode) = match packed.file {
        Some(_) => (tar::EntryType::Regular, FILE_MODE),
        None => (tar::EntryType::Directory, DIRECTORY_MODE),
    };
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(modified_seconds);
    header.set_size(packed.file.as_ref().map_or(0, |file| file.len()));
    // The bytes follow piece by piece, not through the builder.
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, &packed.path, io::empty()).map_err(|error| {
        Error::refused(format!("{:?} cannot be packed into an archive: {error}", packed.path))
    })?;
    Ok(builder.get_ref().clone())
}
