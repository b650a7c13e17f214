//! Which samples a head takes, by the sheet of rules (formats, 9.3). Written down a second time,
//! from the sheet alone: the engine has its own.

use super::step::Value;

/// What an appender measures by, fixed when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The newest in-order sample of the head.
    pub head_max_time: i64,
    /// The first time that may come in order.
    pub min_valid_time: i64,
    /// How late samples may be; 0 = none may.
    pub window: i64,
}

/// What an append comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Taken.
    Accepted,
    /// Before all that may come, without a window.
    OutOfBounds,
    /// Behind its series, without a window.
    OutOfOrder,
    /// Before the window.
    TooOld,
    /// Another value at the newest time.
    Duplicate,
}

/// Where an accepted sample goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Behind the newest one of its series.
    InOrder,
    /// The newest one again: nothing changes.
    Same,
    /// Among the late ones.
    Late,
}

impl Limits {
    /// Where a sample at `time` goes in a series whose open chunk ends with `newest`.
    ///
    /// # Errors
    /// It is refused, and why.
    pub fn place(
        &self,
        time: i64,
        value: Value,
        newest: Option<(i64, Value)>,
    ) -> Result<Placement, Outcome> {
        let early = time < self.min_valid_time;
        if self.window == 0 && early {
            return Err(Outcome::OutOfBounds);
        }
        if !early {
            match newest {
                None => return Ok(Placement::InOrder),
                Some((last, _)) if time > last => return Ok(Placement::InOrder),
                Some((last, same)) if time == last && same == value => return Ok(Placement::Same),
                Some((last, _)) if time == last => return Err(Outcome::Duplicate),
                Some(_) => {}
            }
        }
        match self.window {
            0 => Err(Outcome::OutOfOrder),
            window if time >= self.head_max_time.saturating_sub(window) => Ok(Placement::Late),
            _ => Err(Outcome::TooOld),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules() {
        let one = Value::float(1.0);
        let newest = Some((950, one));
        let limits = |window| Limits { head_max_time: 1000, min_valid_time: 900, window };
        let place = |window, time| limits(window).place(time, one, newest);
        assert_eq!(place(0, 899), Err(Outcome::OutOfBounds));
        assert_eq!(place(0, 949), Err(Outcome::OutOfOrder));
        assert_eq!(place(0, 950), Ok(Placement::Same));
        assert_eq!(limits(0).place(950, Value::STALE, newest), Err(Outcome::Duplicate));
        assert_eq!(limits(300).place(950, Value::STALE, newest), Err(Outcome::Duplicate));
        assert_eq!(place(0, 951), Ok(Placement::InOrder));
        assert_eq!(limits(0).place(900, one, None), Ok(Placement::InOrder));
        assert_eq!(place(300, 899), Ok(Placement::Late));
        assert_eq!(place(300, 700), Ok(Placement::Late));
        assert_eq!(place(300, 699), Err(Outcome::TooOld));
    }
}
