//! What was done to a simulated disk.

use std::fmt;

/// A change to a storage, or a request to make one durable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A file was created, empty.
    Create {
        /// Its path.
        path: String,
    },
    /// A directory was created.
    CreateDirectory {
        /// Its path.
        path: String,
    },
    /// Bytes were added to a file.
    Append {
        /// The path it was created with.
        path: String,
        /// Where they begin.
        offset: u64,
        /// How many they are.
        len: u64,
    },
    /// A file's bytes were made durable.
    Sync {
        /// The path it was created with.
        path: String,
    },
    /// A directory's names were made durable.
    SyncDirectory {
        /// Its path.
        path: String,
    },
    /// A file or directory got another name.
    Rename {
        /// The name it had.
        from: String,
        /// The name it has.
        to: String,
    },
    /// A file got a second name.
    Link {
        /// The name it has.
        from: String,
        /// The other one.
        to: String,
    },
    /// A file or directory was removed.
    Remove {
        /// Its path.
        path: String,
    },
    /// A lock was taken.
    Lock {
        /// The path of its file.
        path: String,
    },
    /// A lock was given back.
    Unlock {
        /// The path of its file.
        path: String,
    },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { path } => write!(f, "create {path}"),
            Self::CreateDirectory { path } => write!(f, "create {path}/"),
            Self::Append { path, offset, len } => write!(f, "append {path} @ {offset:#x} +{len}"),
            Self::Sync { path } => write!(f, "sync {path}"),
            Self::SyncDirectory { path } => write!(f, "sync {path}/"),
            Self::Rename { from, to } => write!(f, "rename {from} -> {to}"),
            Self::Link { from, to } => write!(f, "link {from} -> {to}"),
            Self::Remove { path } => write!(f, "remove {path}"),
            Self::Lock { path } => write!(f, "lock {path}"),
            Self::Unlock { path } => write!(f, "unlock {path}"),
        }
    }
}
