//! Figures as people read them: counts, sizes, lengths of time and points in time.
//!
//! Pure, so that what the page writes is tested natively. Nothing here knows a locale: grouping is
//! the thin space of ISO 80000, times are ISO 8601 with an offset, sizes are binary units.

mod number;
mod time;

pub use number::{bytes, compact, grouped, milliseconds, plural, rate, ratio, sample_value};
pub use time::{CivilTime, Zone, date_time, date_time_short, duration, spoken_range};
