//! `datetime.date`.

use std::fmt;

use super::calendar;
use crate::impls::prelude::*;

const DATE: &str = "a date from 0001-01-01 to 9999-12-31";

/// A date, as Python's
/// [`datetime.date`](https://docs.python.org/3/library/datetime.html#date-objects).
///
/// ```
/// use pickle_core::{loads, python::Date};
/// // pickle.dumps(datetime.date(2020, 2, 29))
/// let pickle = b"\x80\x03cdatetime\ndate\nq\0C\x04\x07\xe4\x02\x1dq\x01\x85q\x02Rq\x03.";
/// assert_eq!(loads::<Date>(pickle)?, Date::new(2020, 2, 29)?);
/// assert!(Date::new(2020, 13, 1).is_err());
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day of a month of a year.
    ///
    /// # Errors
    /// When there is no such day between the years 1 and 9999.
    pub fn new(year: i32, month: u8, day: u8) -> Result<Self> {
        Self::checked(year, month, day).map_err(Error::expected)
    }

    /// The year, 1 to 9999.
    pub fn year(self) -> i32 {
        self.year.into()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.day
    }

    pub(super) fn checked(year: i32, month: u8, day: u8) -> Result<Self, &'static str> {
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=calendar::days_in_month(year, month)).contains(&day);
        if exists { Ok(Self { year: year as u16, month, day }) } else { Err(DATE) }
    }

    /// Days from 1970-01-01.
    pub(super) fn days(self) -> i64 {
        calendar::days(self.year(), self.month, self.day)
    }

    pub(super) fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.year.to_be_bytes();
        [high, low, self.month, self.day]
    }

    pub(super) fn of_bytes(bytes: [u8; 4]) -> Result<Self> {
        let [high, low, month, day] = bytes;
        Self::new(u16::from_be_bytes([high, low]).into(), month, day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

std_struct! { [] Date, "Date" as "datetime.date" { year: i32, month: u8, day: u8 },
    dump: |date| (date.year(), date.month, date.day),
    load: Date::checked(year, month, day),
    save: save_date, restore: restore_date
}

fn save_date(date: &Date, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("datetime", "date", 1, |saver| saver.bytes(&date.to_bytes()))
}

fn restore_date(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Date>> {
    let Some(made) = restorer.made_by(id, "datetime", "date") else { return Ok(None) };
    let date = match *made.args {
        [bytes] => match <[u8; 4]>::try_from(&*restorer.raw_bytes(bytes)?) {
            Ok(bytes) => Date::of_bytes(bytes),
            Err(_) => return Err(restorer.invalid(id, "a date of 4 bytes")),
        },
        [year, month, day] => Date::new(
            restorer.number(year, "a year")?,
            restorer.number(month, "a month")?,
            restorer.number(day, "a day")?,
        ),
        _ => return Ok(None),
    };
    date.map(Some).map_err(|error| restorer.at(id, error))
}
