//! `jiff`: `datetime.date`, `time`, `datetime`, `timedelta` and `zoneinfo.ZoneInfo` in Python.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

use super::civil::{CivilDate, CivilDateTime, CivilTime, Span};
use crate::impls::composite::std_wrapper;
use crate::impls::prelude::*;
use crate::python::{self, Moment};

const RANGE: &str = "a time that `jiff` can express";

fn civil_date(date: Date) -> CivilDate {
    CivilDate { year: date.year().into(), month: date.month() as u8, day: date.day() as u8 }
}

fn civil_time(time: Time) -> CivilTime {
    let (hour, minute, second) = (time.hour() as u8, time.minute() as u8, time.second() as u8);
    CivilTime { hour, minute, second, nanos: time.subsec_nanosecond() as u32 }
}

fn date(date: CivilDate) -> Result<Date, &'static str> {
    let part = |part: u8| i8::try_from(part).map_err(|_| RANGE);
    let year = i16::try_from(date.year).map_err(|_| RANGE)?;
    Date::new(year, part(date.month)?, part(date.day)?).map_err(|_| RANGE)
}

fn time(time: CivilTime) -> Result<Time, &'static str> {
    const TIME: &str = "a time below 24:00:00";
    let part = |part: u8| i8::try_from(part).map_err(|_| TIME);
    let nanos = i32::try_from(time.nanos).map_err(|_| TIME)?;
    Time::new(part(time.hour)?, part(time.minute)?, part(time.second)?, nanos).map_err(|_| TIME)
}

fn moment(timestamp: Timestamp) -> Moment {
    let (nanos, second) = (timestamp.as_nanosecond(), 1_000_000_000);
    // The years of `jiff` need far less than 64 bits.
    Moment { secs: nanos.div_euclid(second) as i64, nanos: nanos.rem_euclid(second) as u32 }
}

fn timestamp(moment: Moment) -> Result<Timestamp, &'static str> {
    Timestamp::new(moment.secs, moment.nanos as i32).map_err(|_| RANGE)
}

std_wrapper! { [] Date as CivilDate,
dump: |value| Ok::<_, Error>(&civil_date(*value)), load: |inner| date(inner) }

std_wrapper! { [] Time as CivilTime,
dump: |value| Ok::<_, Error>(&civil_time(*value)), load: |inner| time(inner) }

std_wrapper! { [] DateTime as CivilDateTime,
    dump: |value| Ok::<_, Error>(&CivilDateTime {
        date: civil_date(value.date()),
        time: civil_time(value.time()),
    }),
    load: |inner| date(inner.date)
        .and_then(|date| Ok(DateTime::from_parts(date, time(inner.time)?)))
}

std_wrapper! { [] Timestamp as Moment,
dump: |value| Ok::<_, Error>(&moment(*value)), load: |inner| timestamp(inner) }

std_wrapper! { [] SignedDuration as Span,
    dump: |value| Ok::<_, Error>(&Span { secs: value.as_secs(), nanos: value.subsec_nanos() }),
    load: |span| Ok(SignedDuration::new(span.secs, span.nanos))
}

// The zone is its IANA name, or its offset as `+05:30`.
std_struct! { [] ZonedDateTime, "ZonedDateTime" as "civil.ZonedDateTime" { moment: Moment, zone: String },
    dump: |value| (moment(value.timestamp()), zone_name(value)),
    load: in_zone(moment, &zone),
    save: save_zoned, restore: restore_zoned
}

fn zone_name(value: &ZonedDateTime) -> String {
    match value.time_zone().iana_name() {
        Some(name) => name.to_owned(),
        None => value.offset().to_string(),
    }
}

fn in_zone(moment: Moment, name: &str) -> Result<ZonedDateTime, &'static str> {
    Ok(ZonedDateTime::new(timestamp(moment)?, zone(name)?))
}

fn zone(name: &str) -> Result<TimeZone, &'static str> {
    const ZONE: &str = "a time zone of the database on this machine, or an offset";
    if !name.starts_with(['+', '-']) {
        return TimeZone::get(name).map_err(|_| ZONE);
    }
    let numbers = name[1..].split(':').map(str::parse::<i32>);
    let seconds = match numbers.collect::<Result<Vec<_>, _>>().as_deref() {
        Ok([hours]) => hours * 3600,
        Ok([hours, minutes]) => hours * 3600 + minutes * 60,
        Ok([hours, minutes, seconds]) => hours * 3600 + minutes * 60 + seconds,
        _ => return Err(ZONE),
    };
    let seconds = if name.starts_with('-') { -seconds } else { seconds };
    Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| ZONE)
}

/// Python's datetime, in `zoneinfo` where the zone has a name.
fn save_zoned(value: &ZonedDateTime, saver: &mut Saver<'_>) -> Result<()> {
    let seconds = i64::from(value.offset().seconds());
    let zone = match value.time_zone().iana_name() {
        Some("UTC") => python::TimeZone::UTC,
        Some(name) => python::TimeZone::named(name)?,
        None => python::TimeZone::fixed(python::TimeDelta::new(0, seconds, 0)?)?,
    };
    let found = moment(value.timestamp()).to_datetime(seconds, zone)?;
    let ambiguous = value.time_zone().to_ambiguous_timestamp(value.datetime());
    let second = matches!(
        ambiguous.offset(),
        AmbiguousOffset::Fold { after, .. } if after == value.offset()
    );
    let time = found.time().clone().with_fold(second);
    python::DateTime::new(found.date(), time).save(saver)
}

/// Of a datetime. One without a zone is taken to be in UTC.
fn restore_zoned(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<ZonedDateTime>> {
    if restorer.made_by(id, "datetime", "datetime").is_none_or(|made| made.args.is_empty()) {
        return Ok(None);
    }
    let value = python::DateTime::restore(id, restorer)?;
    let zone = match value.zone() {
        None => Ok(TimeZone::UTC),
        Some(found) => match (found.key(), found.offset()) {
            (Some(key), _) => zone(key),
            (None, Some(offset)) if offset == python::TimeDelta::ZERO => Ok(TimeZone::UTC),
            (None, offset) => offset
                .filter(|offset| offset.microseconds() == 0)
                .and_then(|offset| i32::try_from(offset.total_microseconds() / 1_000_000).ok())
                .and_then(|seconds| Offset::from_seconds(seconds).ok())
                .map(TimeZone::fixed)
                .ok_or("an offset in whole seconds"),
        },
    };
    let zone = zone.map_err(|expected| restorer.invalid(id, expected))?;
    match zoned(&value, zone) {
        Ok(zoned) => Ok(Some(zoned)),
        Err(expected) => Err(restorer.invalid(id, expected)),
    }
}

/// Of two times that a clock shows the same, `fold` tells which; one that the clock skips is, as in
/// Python, reckoned by the offset before the gap, or after it.
fn zoned(value: &python::DateTime, zone: TimeZone) -> Result<ZonedDateTime, &'static str> {
    let day = value.date();
    let day = CivilDate { year: day.year(), month: day.month(), day: day.day() };
    let clock = value.time();
    let nanos = clock.microsecond() * 1000;
    let (hour, minute, second) = (clock.hour(), clock.minute(), clock.second());
    let clock = CivilTime { hour, minute, second, nanos };
    let local = DateTime::from_parts(date(day)?, time(clock)?);
    let ambiguous = zone.to_ambiguous_zoned_datetime(local);
    let zoned = match (value.time().fold(), ambiguous.offset()) {
        (false, _) | (_, AmbiguousOffset::Unambiguous { .. }) => ambiguous.compatible(),
        (true, AmbiguousOffset::Fold { .. }) => ambiguous.later(),
        (true, AmbiguousOffset::Gap { .. }) => ambiguous.earlier(),
    };
    zoned.map_err(|_| RANGE)
}
