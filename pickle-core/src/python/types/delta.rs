//! `datetime.timedelta`.

use std::fmt;
use std::time::Duration;

use crate::impls::prelude::*;

const DAY: i128 = 86_400_000_000;
const SECOND: i128 = 1_000_000;

const RANGE: &str = "a timedelta, of less than 1000000000 days";

/// A span of time in microseconds, as Python's
/// [`datetime.timedelta`](https://docs.python.org/3/library/datetime.html#timedelta-objects).
///
/// ```
/// use pickle_core::python::TimeDelta;
/// let delta = TimeDelta::new(-1, 86_399, 999_999)?;
/// assert_eq!(delta.to_string(), "-1 day, 23:59:59.999999");
/// assert_eq!(delta.total_microseconds(), -1);
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeDelta {
    days: i32,
    seconds: u32,
    microseconds: u32,
}

impl TimeDelta {
    /// No time.
    pub const ZERO: Self = Self { days: 0, seconds: 0, microseconds: 0 };

    /// The sum of so many days, seconds and microseconds.
    ///
    /// # Errors
    /// When it is 1000000000 days or more, either way.
    pub fn new(days: i64, seconds: i64, microseconds: i64) -> Result<Self> {
        let whole = i128::from(days) * DAY + i128::from(seconds) * SECOND;
        Self::from_microseconds(whole + i128::from(microseconds))
    }

    /// So many microseconds.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_microseconds(total: i128) -> Result<Self> {
        let days = i32::try_from(total.div_euclid(DAY)).ok();
        let days = days.filter(|days| days.unsigned_abs() < 1_000_000_000);
        let Some(days) = days else { return Err(Error::expected(RANGE)) };
        let rest = total.rem_euclid(DAY);
        Ok(Self { days, seconds: (rest / SECOND) as u32, microseconds: (rest % SECOND) as u32 })
    }

    /// Whole days, rounded down.
    pub fn days(self) -> i32 {
        self.days
    }

    /// Seconds of the day, below 86400.
    pub fn seconds(self) -> u32 {
        self.seconds
    }

    /// Microseconds of the second, below 1000000.
    pub fn microseconds(self) -> u32 {
        self.microseconds
    }

    /// The whole span in microseconds.
    pub fn total_microseconds(self) -> i128 {
        i128::from(self.days) * DAY
            + i128::from(self.seconds) * SECOND
            + i128::from(self.microseconds)
    }

    fn checked(days: i32, seconds: u32, microseconds: u32) -> Result<Self, &'static str> {
        let in_range = days.unsigned_abs() < 1_000_000_000;
        if in_range && seconds < 86_400 && microseconds < 1_000_000 {
            return Ok(Self { days, seconds, microseconds });
        }
        Err(RANGE)
    }
}

impl fmt::Display for TimeDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != 0 {
            let plural = if self.days.abs() == 1 { "" } else { "s" };
            write!(f, "{} day{plural}, ", self.days)?;
        }
        let (minutes, seconds) = (self.seconds / 60, self.seconds % 60);
        write!(f, "{}:{:02}:{seconds:02}", minutes / 60, minutes % 60)?;
        if self.microseconds != 0 {
            write!(f, ".{:06}", self.microseconds)?;
        }
        Ok(())
    }
}

/// Rounded down to microseconds.
impl TryFrom<Duration> for TimeDelta {
    type Error = Error;

    fn try_from(duration: Duration) -> Result<Self> {
        Self::from_microseconds(i128::try_from(duration.as_micros()).unwrap_or(i128::MAX))
    }
}

impl TryFrom<TimeDelta> for Duration {
    type Error = Error;

    fn try_from(delta: TimeDelta) -> Result<Self> {
        let total = u64::try_from(delta.total_microseconds() / SECOND);
        match total {
            Ok(seconds) if delta.days >= 0 => Ok(Self::new(seconds, delta.microseconds * 1000)),
            _ => Err(Error::expected("a duration, which is not negative")),
        }
    }
}

std_struct! { [] TimeDelta,
    "TimeDelta" as "datetime.timedelta" { days: i32, seconds: u32, microseconds: u32 },
    dump: |delta| (delta.days, delta.seconds, delta.microseconds),
    load: TimeDelta::checked(days, seconds, microseconds),
    save: save_delta, restore: restore_delta
}

fn save_delta(delta: &TimeDelta, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("datetime", "timedelta", 3, |saver| {
        saver.int(delta.days.into());
        saver.int(delta.seconds.into());
        saver.int(delta.microseconds.into());
        Ok(())
    })
}

fn restore_delta(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<TimeDelta>> {
    let Some(made) = restorer.made_by(id, "datetime", "timedelta") else { return Ok(None) };
    if made.args.len() > 3 || made.args.is_empty() {
        return Ok(None);
    }
    let mut parts = [0; 3];
    for (part, arg) in parts.iter_mut().zip(made.args) {
        *part = restorer.number::<i64>(*arg, "days, seconds or microseconds")?;
    }
    let delta = TimeDelta::new(parts[0], parts[1], parts[2]);
    delta.map(Some).map_err(|error| restorer.at(id, error))
}
