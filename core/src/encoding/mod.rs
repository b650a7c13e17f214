//! Bytes and bits in, named fields out.
//!
//! This is the spine of every format. A decoder names each field where it reads it,
//! `r.u16("num_samples")?`, and is generic over a [`Trace`]. One decoder then gives four things:
//! the value; an [error](crate::error::Error) with offset and field; the annotated tree that
//! `inspect` and the byte views of the page show; and the golden test of the format. Untraced (`T =
//! ()`), the names cost nothing.

mod bit_reader;
mod bit_writer;
mod checksum;
mod reader;
mod trace;
mod varint;

pub use bit_reader::BitReader;
pub use bit_writer::BitWriter;
pub use checksum::{checksum, checksum_append};
pub use reader::Reader;
pub use trace::{Field, FieldTree, Hex, Shown, Trace};
pub use varint::{
    put_string, put_uvarint, put_varint, short_uvarint, take_uvarint, unzigzag, zigzag,
};
