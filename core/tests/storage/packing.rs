//! Archives for tests: good ones, and ones that lie.

use std::io::Write;

use crc32fast::hash as crc32;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// A tar archive of `files`, in the format GNU tar writes.
pub(crate) fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// `bytes` in a gzip stream.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One entry of a zip archive: what its headers say, and its bytes as they are stored.
#[derive(Clone)]
pub(crate) struct ZipEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc32: u32,
    pub(crate) len: u32,
    pub(crate) stored: Vec<u8>,
    pub(crate) unix_mode: u32,
}

impl ZipEntry {
    /// An entry that is not compressed.
    pub(crate) fn stored(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            method: 0,
            flags: 1 << 11, // names are UTF-8
            crc32: crc32(bytes),
            len: bytes.len() as u32,
            stored: bytes.to_vec(),
            unix_mode: 0o100_644,
        }
    }

    /// An entry that is compressed with deflate.
    pub(crate) fn deflated(name: &str, bytes: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        let stored = encoder.finish().unwrap();
        Self { method: 8, stored, ..Self::stored(name, bytes) }
    }
}

/// A zip archive of `entries`, as their headers want it.
pub(crate) fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = archive.len() as u32;
        let mut facts = Vec::new();
        for short in [20, entry.flags, entry.method, 0, 33] {
            facts.extend_from_slice(&u16::to_le_bytes(short));
        }
        for long in [entry.crc32, entry.stored.len() as u32, entry.len] {
            facts.extend_from_slice(&long.to_le_bytes());
        }
        facts.extend_from_slice(&(entry.name.len() as u16).to_le_bytes());
        facts.extend_from_slice(&0_u16.to_le_bytes());
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&facts);
        archive.extend_from_slice(&entry.name);
        archive.extend_from_slice(&entry.stored);
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&[20, 3]); // made by version 2.0 on Unix
        directory.extend_from_slice(&facts);
        directory.extend_from_slice(&[0; 6]); // comment, disk, internal attributes
        directory.extend_from_slice(&(entry.unix_mode << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(&entry.name);
    }
    let start = archive.len() as u32;
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        archive.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    }
    archive.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    archive.extend_from_slice(&start.to_le_bytes());
    archive.extend_from_slice(&[0, 0]);
    archive
}
