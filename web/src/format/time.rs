//! Points and lengths of time, in UTC or in the zone of the reader.

use chunkscope::types::{Duration, TimeRange, Timestamp};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Where the reader's clock stands: minutes east of UTC, which may differ from time to time.
#[derive(Debug, Clone, Copy)]
pub struct Zone {
    /// What the reader calls it.
    pub name: &'static str,
    offset: fn(Timestamp) -> i32,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name // a function has no one address: it may be there twice
    }
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self { name: "UTC", offset: |_| 0 };

    /// The reader's own zone, which asks `offset` for the minutes east of UTC at a time.
    #[must_use]
    pub const fn new(offset: fn(Timestamp) -> i32) -> Self {
        Self { name: "local", offset }
    }

    /// Minutes east of UTC at `time`.
    #[must_use]
    pub fn minutes_east(&self, time: Timestamp) -> i32 {
        (self.offset)(time)
    }

    /// `time` as a clock on the wall shows it, in milliseconds since 1970-01-01 on that clock.
    #[must_use]
    pub fn wall(&self, time: Timestamp) -> Timestamp {
        time.saturating_add(i64::from(self.minutes_east(time)) * MINUTE)
    }

    /// The time at which the clock on the wall shows `wall`.
    #[must_use]
    pub fn from_wall(&self, wall: Timestamp) -> Timestamp {
        let guess = wall.saturating_sub(i64::from(self.minutes_east(wall)) * MINUTE);
        wall.saturating_sub(i64::from(self.minutes_east(guess)) * MINUTE)
    }
}

/// A time in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CivilTime {
    /// Year; 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// Milliseconds since midnight.
    pub milliseconds: i64,
}

impl CivilTime {
    /// From milliseconds since 1970-01-01 on the same clock.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        let (year, month, day) = civil_from_days(wall.div_euclid(DAY));
        Self { year, month, day, milliseconds: wall.rem_euclid(DAY) }
    }

    /// Milliseconds since 1970-01-01 on the same clock.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        days_from_civil(self.year, self.month, self.day)
            .saturating_mul(DAY)
            .saturating_add(self.milliseconds)
    }

    /// `2026-11-21`.
    #[must_use]
    pub fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `Nov 21`.
    #[must_use]
    pub fn day_name(&self) -> String {
        format!("{} {}", self.month_name(), self.day)
    }

    /// `Nov`.
    #[must_use]
    pub fn month_name(&self) -> &'static str {
        const NAMES: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        NAMES[(self.month as usize + 11) % 12]
    }

    /// `14:05`, with seconds and milliseconds only where they are not zero.
    #[must_use]
    pub fn clock(&self) -> String {
        let (hour, minute) = (self.milliseconds / HOUR, self.milliseconds / MINUTE % 60);
        let (second, rest) = (self.milliseconds / SECOND % 60, self.milliseconds % SECOND);
        match (second, rest) {
            (0, 0) => format!("{hour:02}:{minute:02}"),
            (_, 0) => format!("{hour:02}:{minute:02}:{second:02}"),
            _ => format!("{hour:02}:{minute:02}:{second:02}.{rest:03}"),
        }
    }
}

/// Days since 1970-01-01 to year, month, day (Hinnant's algorithm, eras of 400 years from March).
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `2026-11-21 14:05:00.000+00:00` without the parts that are zero: ISO 8601 with its offset.
#[must_use]
pub fn date_time(time: Timestamp, zone: Zone) -> String {
    let east = zone.minutes_east(time);
    let offset = match east {
        0 => "Z".to_string(),
        _ => {
            let sign = if east < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", east.abs() / 60, east.abs() % 60)
        }
    };
    format!("{}{offset}", date_time_short(time, zone))
}

/// As [`date_time`], without the offset.
#[must_use]
pub fn date_time_short(time: Timestamp, zone: Zone) -> String {
    let civil = CivilTime::new(zone.wall(time));
    format!("{} {}", civil.date(), civil.clock())
}

/// From first to last time; the date is not repeated when it is the same.
#[must_use]
pub fn spoken_range(range: TimeRange, zone: Zone) -> String {
    if range.is_empty() {
        return "no time".into();
    }
    let (first, last) =
        (CivilTime::new(zone.wall(range.min_time)), CivilTime::new(zone.wall(range.max_time)));
    let end = match first.date() == last.date() {
        true => last.clock(),
        false => format!("{} {}", last.date(), last.clock()),
    };
    format!("{} {} – {end}", first.date(), first.clock())
}

/// A length of time in its two largest units: `2h`, `1d 2h`, `4m 30s`, `850ms`; whole seconds
/// from ten seconds on.
#[must_use]
pub fn duration(length: Duration) -> String {
    const UNITS: [(i64, &str); 6] =
        [(365 * DAY, "y"), (DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")];
    if length == 0 {
        return "0s".into();
    }
    let sign = if length < 0 { "-" } else { "" };
    let mut rest = length.saturating_abs();
    if rest >= 10 * SECOND {
        rest -= rest % SECOND;
    }
    let mut parts: Vec<String> = Vec::new();
    for (size, unit) in UNITS {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    format!("{sign}{}", parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EAST: Zone = Zone::new(|_| 330);

    #[test]
    fn the_calendar_goes_both_ways() {
        for (time, text) in [
            (0, "1970-01-01 00:00Z"),
            (-1, "1969-12-31 23:59:59.999Z"),
            (951_782_400_000, "2000-02-29 00:00Z"),
            (1_700_000_000_123, "2023-11-14 22:13:20.123Z"),
            (-62_135_596_800_000, "0001-01-01 00:00Z"),
        ] {
            assert_eq!(date_time(time, Zone::UTC), text);
        }
        for day in (-200_000..200_000).step_by(37) {
            assert_eq!(CivilTime::new(day * DAY).wall(), day * DAY);
        }
    }

    #[test]
    fn a_zone_shows_its_offset() {
        assert_eq!(date_time(0, EAST), "1970-01-01 05:30+05:30");
    }

    #[test]
    fn lengths_of_time() {
        assert_eq!(duration(2 * HOUR), "2h");
        assert_eq!(duration(26 * HOUR), "1d 2h");
        assert_eq!(duration(DAY + 5 * MINUTE), "1d");
        assert_eq!(duration(270 * SECOND), "4m 30s");
        assert_eq!(duration(850), "850ms");
        assert_eq!(duration(1850), "1s 850ms");
        assert_eq!(duration(59_850), "59s");
        assert_eq!(duration(0), "0s");
        assert_eq!(duration(-5 * MINUTE), "-5m");
    }

    #[test]
    fn a_range_does_not_repeat_its_date() {
        let range = TimeRange::new(0, 2 * HOUR);
        assert_eq!(spoken_range(range, Zone::UTC), "1970-01-01 00:00 – 02:00");
        let range = TimeRange::new(0, DAY);
        assert_eq!(spoken_range(range, Zone::UTC), "1970-01-01 00:00 – 1970-01-02 00:00");
        assert_eq!(spoken_range(TimeRange::EMPTY, Zone::UTC), "no time");
    }
}
