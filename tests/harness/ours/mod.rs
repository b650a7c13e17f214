//! Our engine, as lives of [`scenario`](crate::scenario) drive it.
//!
//! | file | what it knows |
//! |---|---|
//! | `samples` | samples of lives as the engine has them, and back |
//! | `live` | a whole database, on a simulated disk or in a folder |
//! | `interrupted` | a life on a disk that stops, and what may be left |
//! | `from_bytes` | a life that bytes choose |
//! | `head_alone` | a head with its logs: no block is ever cut |

mod from_bytes;
mod head_alone;
mod interrupted;
mod live;
mod samples;

pub use from_bytes::live_as;
pub use head_alone::HeadAlone;
pub use interrupted::{Ended, live_until_it_stops};
pub use live::{Live, Place};
pub use samples::{histogram, labels, matcher, outcome, read_all, value_of};
