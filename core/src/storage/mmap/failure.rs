//! The system's failures in the engine's words.

use std::io;

use crate::error::{Error, FailureKind};

/// The system's failure in the engine's words.
pub(super) fn failure(operation: &'static str, path: &str, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FailureKind::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            FailureKind::NotAllowed
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureKind::NoSpace,
        _ => FailureKind::Other,
    };
    Error::storage(operation, path, kind, error.to_string())
}
