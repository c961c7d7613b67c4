//! `chrono`: `datetime.date`, `time`, `datetime`, `timedelta` and `timezone` in Python.

use chrono::{
    DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
    Timelike as _, Utc,
};

use super::civil::{CivilDate, CivilDateTime, CivilTime, Span};
use crate::impls::composite::{Owned, std_wrapper};
use crate::impls::prelude::*;
use crate::python::{self, Moment, OffsetMoment, TimeZone};

const SECOND: u32 = 1_000_000_000;

fn civil_date(date: NaiveDate) -> CivilDate {
    CivilDate { year: date.year(), month: date.month() as u8, day: date.day() as u8 }
}

fn civil_time(time: NaiveTime) -> CivilTime {
    let (hour, minute, second) = (time.hour() as u8, time.minute() as u8, time.second() as u8);
    CivilTime { hour, minute, second, nanos: time.nanosecond() }
}

fn date(date: CivilDate) -> Result<NaiveDate, &'static str> {
    NaiveDate::from_ymd_opt(date.year, date.month.into(), date.day.into())
        .ok_or("a date that `chrono` can express")
}

fn time(time: CivilTime) -> Result<NaiveTime, &'static str> {
    let CivilTime { hour, minute, second, nanos } = time;
    NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nanos)
        .ok_or("a time below 24:00:00")
}

/// A leap second is the second after it.
fn moment(secs: i64, nanos: u32) -> Moment {
    Moment { secs: secs + i64::from(nanos / SECOND), nanos: nanos % SECOND }
}

fn utc(moment: Moment) -> Result<DateTime<Utc>, &'static str> {
    DateTime::from_timestamp(moment.secs, moment.nanos).ok_or("a time that `chrono` can express")
}

std_wrapper! { [] NaiveDate as CivilDate,
dump: |value| Ok::<_, Error>(&civil_date(*value)), load: |inner| date(inner) }

std_wrapper! { [] NaiveTime as CivilTime,
dump: |value| Ok::<_, Error>(&civil_time(*value)), load: |inner| time(inner) }

std_wrapper! { [] NaiveDateTime as CivilDateTime,
    dump: |value| Ok::<_, Error>(&CivilDateTime {
        date: civil_date(value.date()),
        time: civil_time(value.time()),
    }),
    load: |inner| date(inner.date).and_then(|date| Ok(date.and_time(time(inner.time)?)))
}

std_wrapper! { [] DateTime<Utc> as Moment,
    dump: |value| Ok::<_, Error>(&moment(value.timestamp(), value.timestamp_subsec_nanos())),
    load: |inner| utc(inner)
}

std_wrapper! { [] DateTime<FixedOffset> as OffsetMoment,
    dump: |value| Ok::<_, Error>(&OffsetMoment {
        moment: moment(value.timestamp(), value.timestamp_subsec_nanos()),
        offset: value.offset().local_minus_utc(),
    }),
    load: |inner| {
        let offset = FixedOffset::east_opt(inner.offset).ok_or("an offset of less than a day");
        offset.and_then(|offset| Ok(utc(inner.moment)?.with_timezone(&offset)))
    }
}

std_wrapper! { [] FixedOffset as TimeZone,
    dump: |value| python::TimeDelta::new(0, value.local_minus_utc().into(), 0)
        .and_then(TimeZone::fixed)
        .map(Owned),
    load: |zone| zone
        .offset()
        .filter(|offset| offset.microseconds() == 0)
        .and_then(|offset| FixedOffset::east_opt((offset.total_microseconds() / 1_000_000) as i32))
        .ok_or("a fixed offset in whole seconds")
}

std_wrapper! { [] TimeDelta as Span,
    dump: |value| Ok::<_, Error>(&Span { secs: value.num_seconds(), nanos: value.subsec_nanos() }),
    load: |span| {
        const RANGE: &str = "a span of 64 bits of milliseconds";
        let secs = if span.nanos < 0 { span.secs.checked_sub(1) } else { Some(span.secs) };
        let nanos = span.nanos.rem_euclid(SECOND as i32) as u32;
        secs.and_then(|secs| TimeDelta::new(secs, nanos)).ok_or(RANGE)
    }
}
