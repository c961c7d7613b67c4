//! `datetime.time` and `datetime.datetime`.

use std::fmt;

use super::moment::Moment;
use super::zone::write_offset;
use super::{Date, TimeZone, calendar};
use crate::impls::prelude::*;

const TIME: &str = "a time below 24:00:00";

/// A time of the day, as Python's
/// [`datetime.time`](https://docs.python.org/3/library/datetime.html#time-objects).
///
/// ```
/// use pickle_core::python::Time;
/// assert_eq!(Time::new(1, 2, 3, 500_000)?.to_string(), "01:02:03.500000");
/// assert!(Time::new(24, 0, 0, 0).is_err());
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
    fold: bool,
    zone: Option<TimeZone>,
}

impl Time {
    /// A time without a zone.
    ///
    /// # Errors
    /// When a part is out of its range: seconds and minutes go to 59, microseconds to 999999.
    pub fn new(hour: u8, minute: u8, second: u8, microsecond: u32) -> Result<Self> {
        Self::checked(hour, minute, second, microsecond, false, None).map_err(Error::expected)
    }

    /// The same time in a zone; or in none.
    #[must_use]
    pub fn with_zone(mut self, zone: impl Into<Option<TimeZone>>) -> Self {
        self.zone = zone.into();
        self
    }

    /// The same time; of two that a clock shows when it is set back, the second
    /// ([PEP 495](https://peps.python.org/pep-0495/)). Protocols below 4 do not keep it.
    #[must_use]
    pub fn with_fold(mut self, fold: bool) -> Self {
        self.fold = fold;
        self
    }

    /// The hour, 0 to 23.
    pub fn hour(&self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    pub fn minute(&self) -> u8 {
        self.minute
    }

    /// The second, 0 to 59.
    pub fn second(&self) -> u8 {
        self.second
    }

    /// The microsecond, 0 to 999999.
    pub fn microsecond(&self) -> u32 {
        self.microsecond
    }

    /// Whether it is the second of two such times. See [`with_fold`](Self::with_fold).
    pub fn fold(&self) -> bool {
        self.fold
    }

    /// The zone, if there is one.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    fn checked(
        hour: u8,
        minute: u8,
        second: u8,
        microsecond: u32,
        fold: bool,
        zone: Option<TimeZone>,
    ) -> Result<Self, &'static str> {
        if hour < 24 && minute < 60 && second < 60 && microsecond < 1_000_000 {
            return Ok(Self { hour, minute, second, microsecond, fold, zone });
        }
        Err(TIME)
    }

    fn seconds(&self) -> i64 {
        i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    /// As Python pickles it; the first byte is left to carry the fold.
    fn to_bytes(&self) -> [u8; 6] {
        let [_, high, mid, low] = self.microsecond.to_be_bytes();
        [self.hour, self.minute, self.second, high, mid, low]
    }

    fn of_bytes(bytes: [u8; 6], fold: bool, zone: Option<TimeZone>) -> Result<Self> {
        let [hour, minute, second, high, mid, low] = bytes;
        let microsecond = u32::from_be_bytes([0, high, mid, low]);
        Self::checked(hour, minute, second, microsecond, fold, zone).map_err(Error::expected)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if self.microsecond != 0 {
            write!(f, ".{:06}", self.microsecond)?;
        }
        match self.zone.as_ref().map(|zone| (zone.offset(), zone)) {
            None => Ok(()),
            Some((Some(offset), _)) => write_offset(f, offset),
            // Its offset is in a database that is not looked up.
            Some((None, zone)) => write!(f, " {zone}"),
        }
    }
}

std_struct! { [] Time,
    "Time" as "datetime.time" {
        hour: u8, minute: u8, second: u8, microsecond: u32, fold: bool, zone: Option<TimeZone>
    },
    dump: |time| (time.hour, time.minute, time.second, time.microsecond, time.fold, &time.zone),
    load: Time::checked(hour, minute, second, microsecond, fold, zone),
    save: save_time, restore: restore_time
}

/// The bit of the first byte of a time, or of the month of a datetime, that carries the fold.
const FOLD: u8 = 0x80;

fn fold_bit(fold: bool, saver: &Saver<'_>) -> u8 {
    if fold && saver.protocol() >= crate::Protocol::V4 { FOLD } else { 0 }
}

fn save_time(time: &Time, saver: &mut Saver<'_>) -> Result<()> {
    let mut bytes = time.to_bytes();
    bytes[0] |= fold_bit(time.fold, saver);
    save_with_zone("time", &bytes, &time.zone, saver)
}

fn save_with_zone(
    class: &str,
    bytes: &[u8],
    zone: &Option<TimeZone>,
    saver: &mut Saver<'_>,
) -> Result<()> {
    saver.call("datetime", class, 1 + usize::from(zone.is_some()), |saver| {
        saver.bytes(bytes)?;
        zone.as_ref().map_or(Ok(()), |zone| zone.save(saver))
    })
}

fn restore_time(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Time>> {
    let Some(made) = restorer.made_by(id, "datetime", "time") else { return Ok(None) };
    let [bytes, zone @ ..] = made.args else { return Ok(None) };
    let zone = match zone {
        [] => None,
        [zone] => Option::<TimeZone>::restore(*zone, restorer)?,
        _ => return Ok(None),
    };
    let Ok(mut bytes) = <[u8; 6]>::try_from(&*restorer.raw_bytes(*bytes)?) else {
        return Err(restorer.invalid(id, "a time of 6 bytes"));
    };
    let fold = bytes[0] & FOLD != 0;
    bytes[0] &= !FOLD;
    let time = Time::of_bytes(bytes, fold, zone);
    time.map(Some).map_err(|error| restorer.at(id, error))
}

/// A date and a time of that day, as Python's
/// [`datetime.datetime`](https://docs.python.org/3/library/datetime.html#datetime-objects).
///
/// Without a zone it is what a clock somewhere shows, not a moment.
///
/// ```
/// use pickle_core::python::{Date, DateTime, Time, TimeZone};
/// let noon = DateTime::new(Date::new(2020, 2, 29)?, Time::new(12, 0, 0, 0)?);
/// assert_eq!(noon.to_string(), "2020-02-29 12:00:00");
/// let utc = DateTime::new(noon.date(), noon.time().clone().with_zone(TimeZone::UTC));
/// assert_eq!(utc.to_string(), "2020-02-29 12:00:00+00:00");
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    date: Date,
    time: Time,
}

impl DateTime {
    /// A time of a day. The zone and the fold are the time's.
    pub fn new(date: Date, time: Time) -> Self {
        Self { date, time }
    }

    /// The date.
    pub fn date(&self) -> Date {
        self.date
    }

    /// The time, with its zone.
    pub fn time(&self) -> &Time {
        &self.time
    }

    /// The zone, if there is one.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.time.zone()
    }

    /// Seconds and nanoseconds from 1970-01-01, by the clock that shows this time.
    pub(crate) fn local(&self) -> Moment {
        let secs = self.date.days() * 86_400 + self.time.seconds();
        Moment { secs, nanos: self.time.microsecond * 1000 }
    }

    /// The date and time that a clock shows so long after 1970-01-01, rounded down to microseconds;
    /// `None` outside of Python's years.
    pub(crate) fn of_local(local: Moment, zone: Option<TimeZone>) -> Option<Self> {
        let (year, month, day) = calendar::date(local.secs.div_euclid(86_400))?;
        let second = local.secs.rem_euclid(86_400) as u32;
        let time = Time {
            hour: (second / 3600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
            microsecond: local.nanos / 1000,
            fold: false,
            zone,
        };
        Some(Self { date: Date::checked(year, month, day).ok()?, time })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.date, self.time)
    }
}

std_struct! { [] DateTime, "DateTime" as "datetime.datetime" { date: Date, time: Time },
    dump: |value| (value.date, &value.time),
    load: Ok(DateTime { date, time }),
    save: save_datetime, restore: restore_datetime
}

fn save_datetime(value: &DateTime, saver: &mut Saver<'_>) -> Result<()> {
    let mut bytes = [0; 10];
    bytes[..4].copy_from_slice(&value.date.to_bytes());
    bytes[4..].copy_from_slice(&value.time.to_bytes());
    bytes[2] |= fold_bit(value.time.fold, saver);
    save_with_zone("datetime", &bytes, &value.time.zone, saver)
}

fn restore_datetime(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<DateTime>> {
    let Some(made) = restorer.made_by(id, "datetime", "datetime") else { return Ok(None) };
    let value = match *made.args {
        [bytes] => of_bytes(bytes, None, restorer)?,
        [bytes, zone] => {
            let zone = Option::restore(zone, restorer)?;
            of_bytes(bytes, zone, restorer)?
        }
        [_, _, _, ..] if made.args.len() <= 8 => of_parts(made.args, restorer)?,
        _ => return Ok(None),
    };
    value.map(Some).map_err(|error| restorer.at(id, error))
}

fn of_bytes(
    bytes: NodeId,
    zone: Option<TimeZone>,
    restorer: &Restorer<'_, '_>,
) -> Result<Result<DateTime>> {
    let raw = restorer.raw_bytes(bytes)?;
    let (Some((date, _)), Ok(time)) =
        (raw.split_first_chunk::<4>(), raw[raw.len().min(4)..].try_into())
    else {
        return Err(restorer.invalid(bytes, "a datetime of 10 bytes"));
    };
    let mut date = *date;
    let fold = date[2] & FOLD != 0;
    date[2] &= !FOLD;
    let time = Time::of_bytes(time, fold, zone);
    Ok(Date::of_bytes(date).and_then(|date| Ok(DateTime { date, time: time? })))
}

/// Year, month, day, and what follows them in a call of the constructor.
fn of_parts(args: &[NodeId], restorer: &mut Restorer<'_, '_>) -> Result<Result<DateTime>> {
    let mut parts = [0_u32; 7];
    for (part, arg) in parts.iter_mut().zip(args) {
        *part = restorer.number(*arg, "a part of a datetime")?;
    }
    let zone = match args.get(7) {
        Some(zone) => Option::<TimeZone>::restore(*zone, restorer)?,
        None => None,
    };
    // What does not fit a byte is out of range in any case.
    let byte = |part: u32| u8::try_from(part).unwrap_or(u8::MAX);
    let [year, month, day, hour, minute, second, microsecond] = parts;
    let date = Date::new(year.try_into().unwrap_or(0), byte(month), byte(day));
    let time = Time::new(byte(hour), byte(minute), byte(second), microsecond);
    Ok(date.and_then(|date| Ok(DateTime { date, time: time?.with_zone(zone) })))
}
