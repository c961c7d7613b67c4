//! Dates, times and spans as other crates have them: to the nanosecond, in any year, without a zone.
//! In Python's protocols they are those of `datetime`, rounded down to microseconds.

use crate::impls::prelude::*;
use crate::python::{Date, DateTime, NANOS, Time, TimeDelta, unsupported};

const SECOND: u32 = 1_000_000_000;

/// A signed span of time: seconds, and nanoseconds of the same sign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) secs: i64,
    pub(crate) nanos: i32,
}

impl Span {
    fn checked(secs: i64, nanos: i32) -> Result<Self, &'static str> {
        let same_sign = secs == 0 || nanos == 0 || (secs < 0) == (nanos < 0);
        if nanos.unsigned_abs() < SECOND && same_sign {
            Ok(Self { secs, nanos })
        } else {
            Err(NANOS)
        }
    }
}

std_struct! { [] Span, "Span" as "civil.Span" { secs: i64, nanos: i32 },
    dump: |span| (span.secs, span.nanos),
    load: Span::checked(secs, nanos),
    save: save_span, restore: restore_span
}

fn save_span(span: &Span, saver: &mut Saver<'_>) -> Result<()> {
    let micros = i128::from(span.secs) * 1_000_000 + i128::from(span.nanos.div_euclid(1000));
    match TimeDelta::from_microseconds(micros) {
        Ok(delta) => delta.save(saver),
        Err(_) => Err(unsupported("a span of 1000000000 days or more")),
    }
}

fn restore_span(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Span>> {
    if restorer.made_by(id, "datetime", "timedelta").is_none() {
        return Ok(None);
    }
    // A timedelta has less than 10^14 seconds.
    let micros = TimeDelta::restore(id, restorer)?.total_microseconds();
    let (secs, micros) = ((micros / 1_000_000) as i64, (micros % 1_000_000) as i32);
    Ok(Some(Span { secs, nanos: micros * 1000 }))
}

/// A date of any year.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CivilDate {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl CivilDate {
    fn to_python(self) -> Result<Date> {
        Date::new(self.year, self.month, self.day)
            .map_err(|_| unsupported("a date outside of the years 1 to 9999"))
    }

    fn of_python(date: Date) -> Self {
        Self { year: date.year(), month: date.month(), day: date.day() }
    }
}

std_struct! { [] CivilDate, "Date" as "datetime.date" { year: i32, month: u8, day: u8 },
    dump: |date| (date.year, date.month, date.day),
    load: Ok(CivilDate { year, month, day }),
    save: save_civil_date, restore: restore_civil_date
}

fn save_civil_date(date: &CivilDate, saver: &mut Saver<'_>) -> Result<()> {
    date.to_python()?.save(saver)
}

fn restore_civil_date(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<CivilDate>> {
    if restorer.made_by(id, "datetime", "date").is_none_or(|made| made.args.is_empty()) {
        return Ok(None);
    }
    Date::restore(id, restorer).map(|date| Some(CivilDate::of_python(date)))
}

/// A time of the day, without a zone. The nanoseconds of a leap second go on from those before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CivilTime {
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanos: u32,
}

impl CivilTime {
    fn to_python(self) -> Result<Time> {
        Time::new(self.hour, self.minute, self.second, self.nanos / 1000)
            .map_err(|_| unsupported("a leap second"))
    }

    fn of_python(time: &Time) -> Result<Self> {
        if let Some(zone) = time.zone() {
            let what = format!("a time without a zone was expected, found one in {zone}");
            return Err(Error::new(ErrorKind::Unsupported { what: what.into() })
                .with_hint("load it into a type that has a zone or an offset"));
        }
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        Ok(Self { hour, minute, second, nanos: time.microsecond() * 1000 })
    }
}

std_struct! { [] CivilTime,
    "Time" as "civil.Time" { hour: u8, minute: u8, second: u8, nanos: u32 },
    dump: |time| (time.hour, time.minute, time.second, time.nanos),
    load: Ok(CivilTime { hour, minute, second, nanos }),
    save: save_civil_time, restore: restore_civil_time
}

fn save_civil_time(time: &CivilTime, saver: &mut Saver<'_>) -> Result<()> {
    time.to_python()?.save(saver)
}

fn restore_civil_time(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<CivilTime>> {
    if restorer.made_by(id, "datetime", "time").is_none_or(|made| made.args.is_empty()) {
        return Ok(None);
    }
    let time = CivilTime::of_python(&Time::restore(id, restorer)?);
    time.map(Some).map_err(|error| restorer.at(id, error))
}

/// A date and a time of that day, without a zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CivilDateTime {
    pub(crate) date: CivilDate,
    pub(crate) time: CivilTime,
}

std_struct! { [] CivilDateTime,
    "DateTime" as "civil.DateTime" { date: CivilDate, time: CivilTime },
    dump: |value| (value.date, value.time),
    load: Ok(CivilDateTime { date, time }),
    save: save_civil_datetime, restore: restore_civil_datetime
}

fn save_civil_datetime(value: &CivilDateTime, saver: &mut Saver<'_>) -> Result<()> {
    DateTime::new(value.date.to_python()?, value.time.to_python()?).save(saver)
}

fn restore_civil_datetime(
    id: NodeId,
    restorer: &mut Restorer<'_, '_>,
) -> Result<Option<CivilDateTime>> {
    if restorer.made_by(id, "datetime", "datetime").is_none_or(|made| made.args.is_empty()) {
        return Ok(None);
    }
    let value = DateTime::restore(id, restorer)?;
    let time = CivilTime::of_python(value.time()).map_err(|error| restorer.at(id, error))?;
    Ok(Some(CivilDateTime { date: CivilDate::of_python(value.date()), time }))
}
