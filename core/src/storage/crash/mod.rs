//! A disk that can crash: a double for tests, and what is behind the lab's crash button.
//!
//! [`SimulatedDisk`] is a storage in memory that knows, for every byte and every name, whether it
//! would survive. Three things can happen to it:
//!
//! 1. The process ends ([`SimulatedDisk::end_process`]): what was written survives, synced or not;
//!    locks are given back.
//! 2. The power fails ([`SimulatedDisk::lose_power`]): what was synced survives. Of the rest,
//!    [`PowerLoss`] says what does: nothing, a random part, or all.
//! 3. The machine stops after a number of operations ([`SimulatedDisk::freeze_after`]), in the
//!    middle of the last append if wanted. A test that runs a life once to count its operations,
//!    and once more for each of them, has been at every sync and every rename.
//!
//! The disk can also be full ([`SimulatedDisk::leave_space`]) and fail to sync
//! ([`SimulatedDisk::fail_sync`]), and it keeps a list of all [`Operation`]s.
//!
//! # What is durable
//!
//! 1. Bytes, when their file was synced after they were appended.
//! 2. Names, when their directory was synced after they changed: a file that was created and synced
//!    may still be gone. So says POSIX; many file systems are kinder.
//! 3. Renaming is one step; replacing a directory that has entries, or removing one, is many.
//! 4. After a failed sync, what was not durable then never will be, whatever later syncs say: the
//!    system forgot which pages to write.

mod bytes;
mod disk;
mod faults;
mod names;
mod operation;
mod power;
mod simulated;

pub use operation::Operation;
pub use power::{PowerLoss, UnsyncedBytes, UnsyncedNames};
pub use simulated::SimulatedDisk;
