//! Any file of a data directory as a tree of named fields with their places and values.
//!
//! Nothing here knows a format: the decoders that read data for queries are given a
//! [`Trace`](crate::encoding::Trace), and what they name is what is shown. A file is shown from its
//! start up to a number of fields, or around one byte; the file may be larger than memory.

mod kind;
mod outline;

mod chunk_files;
mod index;
mod json;
mod plain;
mod segment;

mod file;
mod render;

pub use file::{InspectOptions, Inspection, inspect};
pub use kind::FileKind;
