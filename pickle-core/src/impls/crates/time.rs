//! `time`: `datetime.date`, `time`, `datetime`, `timedelta` and `timezone` in Python.

use time::{
    Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset,
};

use super::civil::{CivilDate, CivilDateTime, CivilTime, Span};
use crate::impls::composite::{Owned, std_wrapper};
use crate::impls::prelude::*;
use crate::python::{self, Moment, OffsetMoment, TimeZone};

const RANGE: &str = "a time that `time` can express";

fn civil_date(date: Date) -> CivilDate {
    CivilDate { year: date.year(), month: date.month().into(), day: date.day() }
}

fn civil_time(time: Time) -> CivilTime {
    let (hour, minute, second, nanos) = time.as_hms_nano();
    CivilTime { hour, minute, second, nanos }
}

fn date(date: CivilDate) -> Result<Date, &'static str> {
    let month = Month::try_from(date.month).map_err(|_| RANGE)?;
    Date::from_calendar_date(date.year, month, date.day).map_err(|_| RANGE)
}

fn time(time: CivilTime) -> Result<Time, &'static str> {
    let CivilTime { hour, minute, second, nanos } = time;
    Time::from_hms_nano(hour, minute, second, nanos).map_err(|_| "a time below 24:00:00")
}

fn moment(nanos: i128) -> Moment {
    let second = 1_000_000_000;
    // The years of `time` need far less than 64 bits.
    Moment { secs: nanos.div_euclid(second) as i64, nanos: nanos.rem_euclid(second) as u32 }
}

fn nanos(moment: Moment) -> i128 {
    i128::from(moment.secs) * 1_000_000_000 + i128::from(moment.nanos)
}

std_wrapper! { [] Date as CivilDate,
dump: |value| Ok::<_, Error>(&civil_date(*value)), load: |inner| date(inner) }

std_wrapper! { [] Time as CivilTime,
dump: |value| Ok::<_, Error>(&civil_time(*value)), load: |inner| time(inner) }

std_wrapper! { [] PrimitiveDateTime as CivilDateTime,
    dump: |value| Ok::<_, Error>(&CivilDateTime {
        date: civil_date(value.date()),
        time: civil_time(value.time()),
    }),
    load: |inner| date(inner.date)
        .and_then(|date| Ok(PrimitiveDateTime::new(date, time(inner.time)?)))
}

std_wrapper! { [] UtcDateTime as Moment,
    dump: |value| Ok::<_, Error>(&moment(value.unix_timestamp_nanos())),
    load: |inner| UtcDateTime::from_unix_timestamp_nanos(nanos(inner)).map_err(|_| RANGE)
}

std_wrapper! { [] OffsetDateTime as OffsetMoment,
    dump: |value| Ok::<_, Error>(&OffsetMoment {
        moment: moment(value.unix_timestamp_nanos()),
        offset: value.offset().whole_seconds(),
    }),
    load: |inner| {
        let utc = OffsetDateTime::from_unix_timestamp_nanos(nanos(inner.moment));
        let offset = UtcOffset::from_whole_seconds(inner.offset);
        match (utc, offset) {
            (Ok(utc), Ok(offset)) => utc.checked_to_offset(offset).ok_or(RANGE),
            _ => Err(RANGE),
        }
    }
}

std_wrapper! { [] UtcOffset as TimeZone,
    dump: |value| python::TimeDelta::new(0, value.whole_seconds().into(), 0)
        .and_then(TimeZone::fixed)
        .map(Owned),
    load: |zone| zone
        .offset()
        .filter(|offset| offset.microseconds() == 0)
        .and_then(|offset| {
            let seconds = (offset.total_microseconds() / 1_000_000) as i32;
            UtcOffset::from_whole_seconds(seconds).ok()
        })
        .ok_or("a fixed offset in whole seconds")
}

std_wrapper! { [] Duration as Span,
    dump: |value| Ok::<_, Error>(&Span {
        secs: value.whole_seconds(),
        nanos: value.subsec_nanoseconds(),
    }),
    load: |span| Ok(Duration::new(span.secs, span.nanos))
}
