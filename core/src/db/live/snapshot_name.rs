//! How a snapshot is named: `20231114T221320Z-0123456789abcdef`, the time in UTC and chance.

use crate::types::Timestamp;

const DAY: i64 = 24 * 60 * 60;

/// The name of a snapshot made at `time`.
pub(super) fn snapshot_name(time: Timestamp, chance: u64) -> String {
    // Four digits of a year: until the end of 9999.
    let seconds = time.div_euclid(1000).clamp(0, 253_402_300_799);
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z-{chance:016x}")
}

/// Year, month and day of a day since 1970-01-01.
fn date(mut day: i64) -> (i64, usize, i64) {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while day >= 365 + i64::from(is_leap(year)) {
        day -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + i64::from(is_leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    (year, month, day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_time_in_utc() {
        let name = |time| snapshot_name(time, 0x0123_4567_89ab_cdef);
        assert_eq!(name(1_700_000_000_999), "20231114T221320Z-0123456789abcdef");
        assert_eq!(&name(951_782_400_000)[..16], "20000229T000000Z");
        assert_eq!(&name(1_709_251_199_000)[..16], "20240229T235959Z");
        assert_eq!(&name(1_735_689_599_000)[..16], "20241231T235959Z");
        assert_eq!(&name(-5)[..16], "19700101T000000Z");
        assert_eq!(&name(i64::MAX)[..16], "99991231T235959Z");
    }
}
