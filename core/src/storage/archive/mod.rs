//! A `.tar`, `.tar.gz` or `.zip` of a data directory, opened as a read-only storage; and a storage
//! packed into a `.tar` ([`PackTar`]).
//!
//! Nothing is unpacked that can be read where it is: files in a tar, and stored files in a zip, are
//! parts of the archive. What is compressed is inflated once, into one scratch file: all of a
//! `.tar.gz`, and the deflated files of a zip one behind the other. [`OpenArchive`] does this as a
//! job of bounded steps; dropping it cancels, and drops the scratch file with it.
//!
//! # What is not trusted
//!
//! 1. Names: absolute ones, `..`, backslashes, zero bytes, empty parts and names that are not UTF-8
//!    are left out with a finding. A name that comes twice means its last file in a tar, as `tar`
//!    extracts it; in a zip, where readers disagree, its first.
//! 2. Sizes: nothing is allocated from a size in a header. What is inflated is counted against
//!    [`Limits`], and the sizes a zip declares are added up before anything is inflated.
//! 3. Kinds: a hard link to a file of the same archive is that file; symbolic links, devices,
//!    sparse and encrypted files are left out with a finding. An archive in the archive is
//!    just a file.
//! 4. Damage: what was read before an archive broke off stays readable; the findings say where.

mod limits;
mod listing;
mod open;
mod opened;
mod pack;
mod scratch;
mod tar_index;
mod zip_index;

pub use crate::storage::contract::Scratch;
pub use limits::Limits;
pub use open::OpenArchive;
pub use opened::{Archive, OpenedArchive};
pub use pack::PackTar;
pub use scratch::MemoryScratch;
