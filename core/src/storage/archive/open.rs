//! Opening an archive, as a job of bounded steps.

use std::io::Read;
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};
use crate::event::{Job, Progress};
use crate::storage::contract::{ReadFile, Scratch};
use crate::storage::slice::Stream;

use super::limits::Limits;
use super::listing::Listing;
use super::opened::{Archive, Holder, OpenedArchive};
use super::tar_index::TarIndex;
use super::zip_index::{ZipIndex, library_words};

/// Bytes inflated in one step.
const BYTES_PER_STEP: u64 = 4 << 20;

/// Opens an archive step by step. Dropping it cancels.
#[derive(Debug)]
pub struct OpenArchive {
    name: String,
    file: Arc<dyn ReadFile>,
    scratch: Option<Box<dyn Scratch>>,
    inflated: Option<Arc<dyn ReadFile>>,
    inflated_bytes: u64,
    limits: Limits,
    listing: Listing,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Inflate(Box<Inflate>),
    Tar(TarIndex),
    Zip(Box<ZipIndex>),
}

/// A gzip stream on its way to the scratch file.
#[derive(Debug)]
struct Inflate {
    decoder: MultiGzDecoder<Stream>,
    buffer: Vec<u8>,
}

impl OpenArchive {
    /// The archive in `file`, called `name`. What is compressed goes to `scratch`; an archive with
    /// nothing compressed leaves it empty.
    ///
    /// # Errors
    /// It is no archive that can be opened, or larger than the limits allow.
    pub fn new(
        name: impl Into<String>,
        file: Arc<dyn ReadFile>,
        scratch: Box<dyn Scratch>,
        limits: Limits,
    ) -> Result<Self> {
        let name = name.into();
        let stage = first_stage(&name, &file, &limits)?;
        Ok(Self {
            name,
            file,
            scratch: Some(scratch),
            inflated: None,
            inflated_bytes: 0,
            limits,
            listing: Listing::new(limits.names),
            stage,
        })
    }

    /// Inflates a piece of a gzip stream. True when it is at its end.
    fn inflate(&mut self) -> Result<bool> {
        let (Stage::Inflate(inflate), Some(scratch)) = (&mut self.stage, &mut self.scratch) else {
            return Ok(true);
        };
        let goal = self.inflated_bytes + BYTES_PER_STEP;
        while self.inflated_bytes < goal {
            match inflate.decoder.read(&mut inflate.buffer) {
                Ok(0) => return Ok(true),
                Ok(count) => {
                    self.inflated_bytes += count as u64;
                    self.limits.check(self.inflated_bytes, self.file.len())?;
                    scratch.append(&inflate.buffer[..count])?;
                }
                Err(error) => {
                    let at = inflate.decoder.get_ref().position();
                    let why = library_words(error)?;
                    let what = format!("the gzip stream breaks off about here: {why}");
                    self.listing.damage("", at, what);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The scratch file, finished, to read from.
    fn finish_scratch(&mut self) -> Result<Option<Arc<dyn ReadFile>>> {
        if let Some(scratch) = self.scratch.take()
            && self.inflated_bytes > 0
        {
            self.inflated = Some(scratch.finish()?);
        }
        Ok(self.inflated.clone())
    }

    fn finish(&mut self) -> Result<OpenedArchive> {
        let scratch = self.finish_scratch()?;
        let listing = std::mem::replace(&mut self.listing, Listing::new(0));
        let (tree, findings) = listing.finish();
        let name = std::mem::take(&mut self.name);
        let archive = Arc::clone(&self.file);
        let storage = Arc::new(Archive { name, tree, archive, scratch });
        Ok(OpenedArchive { storage, findings, inflated_bytes: self.inflated_bytes })
    }
}

impl Job for OpenArchive {
    type Output = OpenedArchive;

    fn step(&mut self) -> Result<Option<OpenedArchive>> {
        let done = match &mut self.stage {
            Stage::Inflate(_) => {
                if self.inflate()? {
                    let Some(inflated) = self.finish_scratch()? else {
                        return Err(Error::refused(format!(
                            "{} is empty when inflated",
                            self.name
                        )));
                    };
                    if !is_tar(inflated.as_ref())? {
                        return Err(Error::refused(format!(
                            "{} is compressed, but not a tar archive",
                            self.name
                        )));
                    }
                    self.stage = Stage::Tar(TarIndex::new(inflated, Holder::Scratch));
                }
                false
            }
            Stage::Tar(index) => index.step(&mut self.listing)?,
            Stage::Zip(index) => {
                let scratch = self.scratch.as_mut().expect("taken only when the job ends");
                let done = index.step(&mut self.listing, scratch.as_mut())?;
                self.inflated_bytes = index.inflated_bytes;
                done
            }
        };
        if done { self.finish().map(Some) } else { Ok(None) }
    }

    fn progress(&self) -> Progress {
        let listing = "reading the archive's list of files";
        let (stage, detail, bytes_done, bytes_total) = match &self.stage {
            Stage::Inflate(inflate) => {
                let done = inflate.decoder.get_ref().position();
                ("inflating the archive", "", done, self.file.len())
            }
            Stage::Tar(index) => {
                let file = self.inflated.as_ref().unwrap_or(&self.file);
                (listing, "", index.position(), file.len())
            }
            Stage::Zip(index) if index.declared_bytes == 0 => (listing, "", 0, 0),
            Stage::Zip(index) => (
                "inflating the archive",
                index.detail(),
                index.inflated_bytes,
                index.declared_bytes,
            ),
        };
        Progress {
            stage: stage.to_owned(),
            detail: detail.to_owned(),
            bytes_done,
            bytes_total,
            records: self.listing.names() as u64,
            ..Progress::default()
        }
    }
}

/// What to begin with, by the first bytes of the file.
fn first_stage(name: &str, file: &Arc<dyn ReadFile>, limits: &Limits) -> Result<Stage> {
    let start = file.view(0..file.len().min(8))?;
    let other = match start.as_ref() {
        [0x1f, 0x8b, ..] => {
            let decoder = MultiGzDecoder::new(Stream::new(Arc::clone(file), 256 << 10));
            return Ok(Stage::Inflate(Box::new(Inflate { decoder, buffer: vec![0; 64 << 10] })));
        }
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => {
            return Ok(Stage::Zip(Box::new(ZipIndex::new(Arc::clone(file), limits)?)));
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz",
        [b'B', b'Z', b'h', ..] => "bzip2",
        [b'7', b'z', 0xbc, 0xaf, ..] => "7z",
        [b'R', b'a', b'r', b'!', ..] => "rar",
        _ if is_tar(file.as_ref())? => {
            return Ok(Stage::Tar(TarIndex::new(Arc::clone(file), Holder::Archive)));
        }
        _ => {
            return Err(Error::refused(format!(
                "{name} is neither a tar archive nor a gzip or zip file"
            )));
        }
    };
    Err(Error::refused(format!(
        "{name} is packed with {other}, which is not supported; \
         unpack it, or pack it as .tar.gz or .zip"
    )))
}

/// True when the first header's checksum is right, as all kinds of tar have it.
fn is_tar(file: &dyn ReadFile) -> Result<bool> {
    if file.len() < 512 {
        return Ok(false);
    }
    let mut header = tar::Header::new_old();
    file.read_at(0, header.as_mut_bytes())?;
    let bytes = header.as_bytes();
    let sum = |part: &[u8]| part.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    // The checksum counts itself as eight spaces.
    let expected = sum(&bytes[..148]) + 8 * u32::from(b' ') + sum(&bytes[156..]);
    // Two blocks of zeros are an archive with nothing in it.
    Ok(header.cksum().is_ok_and(|found| found == expected) || bytes.iter().all(|&byte| byte == 0))
}
