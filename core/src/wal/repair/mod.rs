//! Repair of a damaged log: first told, then done, only when asked.
//!
//! Prometheus repairs at start, unasked: it keeps the records before the first damage, and deletes
//! the rest of that segment and all later segments, undamaged ones too. It does so even when the
//! damage is in a checkpoint, which costs it the whole log. Here [`RehearseJob`] tells what such a
//! repair would cost; [`repair`] does it, with the same result in `wal/` or `wbl/`, and keeps the
//! old bytes aside. What lies outside the reach of upstream's repair is refused.

mod content;

mod rehearse;

mod act;

pub use act::{OldBytes, Repaired, repair};
pub use content::LogContent;
pub use rehearse::{Cut, Rehearsal, RehearseJob, Verdict, rehearse};
