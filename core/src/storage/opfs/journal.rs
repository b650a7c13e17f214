//! What `settle` is about to do, written down before it does it, so that the next mount can finish
//! what a killed tab began. With it, `settle` happens as a whole or not at all.
//!
//! | bytes | field | |
//! |---|---|---|
//! | 4 | done | steps that are done, big endian; written after each step |
//! | 4 | len | bytes of the steps, big endian; 0: there is nothing to do |
//! | 4 | checksum | CRC-32C of the steps, big endian |
//! | len | steps | JSON |
//!
//! The file is as large as it ever was: writing it anew needs no space on a full disk.

use web_sys::FileSystemDirectoryHandle;

use crate::error::Result;
use crate::storage::contract::ReadFile;

use super::access::Access;
use super::change::Step;
use super::root::{file, new_file};

const NAME: &str = "journal";
const HEADER: usize = 12;

/// Room that is made at first.
const ROOM: usize = 64 << 10;

/// The journal of a store.
#[derive(Debug)]
pub(super) struct Journal {
    access: Access,
}

impl Journal {
    /// Opens the journal in the directory `aside`, or makes it.
    pub(super) async fn open(aside: &FileSystemDirectoryHandle) -> Result<Self> {
        let handle = new_file(aside, NAME).await?;
        let mut access = Access::open(&handle, "the journal of the store").await?;
        if access.len() < ROOM as u64 {
            let missing = ROOM - access.len() as usize;
            access.append(&vec![0; missing])?;
        }
        Ok(Self { access })
    }

    /// Opens the journal in the directory `aside`, if there is one.
    pub(super) async fn find(aside: &FileSystemDirectoryHandle) -> Result<Option<Self>> {
        match file(aside, NAME, false).await {
            Ok(_) => Self::open(aside).await.map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The steps that are left from a settle that was interrupted.
    pub(super) fn left_over(&self) -> Result<Vec<Step>> {
        let mut header = [0; HEADER];
        self.access.read_at(0, &mut header)?;
        let field = |at: usize| -> u32 {
            let bytes = header[at..at + 4].try_into().expect("four bytes of twelve");
            u32::from_be_bytes(bytes)
        };
        let (done, len, checksum) = (field(0) as usize, u64::from(field(4)), field(8));
        if len == 0 || len > self.access.len() - HEADER as u64 {
            return Ok(Vec::new());
        }
        let bytes = self.access.view(HEADER as u64..HEADER as u64 + len)?;
        // Torn while it was written: nothing was begun.
        let is_whole = crc32c::crc32c(&bytes) == checksum;
        let steps: Vec<Step> = match is_whole {
            true => serde_json::from_slice(&bytes).unwrap_or_default(),
            false => Vec::new(),
        };
        Ok(steps.into_iter().skip(done).collect())
    }

    /// Writes down what is about to be done.
    pub(super) fn begin(&mut self, steps: &[Step]) -> Result<()> {
        let json = serde_json::to_vec(steps).expect("steps are plain data");
        let mut bytes = Vec::with_capacity(HEADER + json.len());
        bytes.extend_from_slice(&0_u32.to_be_bytes());
        bytes.extend_from_slice(&(json.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&json).to_be_bytes());
        bytes.extend_from_slice(&json);
        self.access.write_at(0, &bytes)?;
        self.access.flush()
    }

    /// Notes that so many steps are done.
    pub(super) fn advance(&mut self, done: usize) -> Result<()> {
        self.access.write_at(0, &(done as u32).to_be_bytes())
    }

    /// Notes that all is done.
    pub(super) fn end(&mut self) -> Result<()> {
        self.access.write_at(0, &[0; HEADER])
    }
}
