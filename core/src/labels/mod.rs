//! Who a series is: its labels, and the matchers that choose series by them.

mod regex;
mod matcher;
mod quoted;
mod selector;
mod set;

pub use matcher::{MatchOperator, Matcher};
pub use selector::parse_selector;
pub use set::{Labels, METRIC_NAME};
