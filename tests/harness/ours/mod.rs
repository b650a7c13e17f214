//! Our engine, as lives of [`scenario`](crate::scenario) drive it.
//!
//! | file | what it knows |
//! |---|---|
//! | `samples` | samples of lives as the engine has them, and back |
//! | `live` | a whole database, on a simulated disk or in a folder |
//! | `head_alone` | a head with its logs: no block is ever cut |

mod head_alone;
mod live;
mod samples;

pub use head_alone::HeadAlone;
pub use live::{Live, Place};
pub use samples::{histogram, labels, matcher, outcome, read_all, value_of};
