//! Moments as std and other crates have them, to the nanosecond and in any year. In Python's
//! protocols they are `datetime.datetime` in UTC or with an offset, rounded down to microseconds.

use super::{DateTime, TimeDelta, TimeZone};
use crate::impls::prelude::*;

const SECOND: u32 = 1_000_000_000;

pub(crate) const NANOS: &str = "nanoseconds below 1000000000";

/// A moment: seconds since 1970 in UTC, rounded down, and nanoseconds from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) secs: i64,
    pub(crate) nanos: u32,
}

impl Moment {
    pub(crate) fn checked(secs: i64, nanos: u32) -> Result<Self, &'static str> {
        if nanos < SECOND { Ok(Self { secs, nanos }) } else { Err(NANOS) }
    }

    /// What Python has for it, in a zone that is `offset` seconds from UTC.
    pub(crate) fn to_datetime(self, offset: i64, zone: TimeZone) -> Result<DateTime> {
        let local = self.secs.checked_add(offset).map(|secs| Self { secs, ..self });
        let found = local.and_then(|local| DateTime::of_local(local, Some(zone)));
        found.ok_or_else(|| unsupported("a time outside of the years 1 to 9999"))
    }

    fn later(self, seconds: i64) -> Self {
        Self { secs: self.secs.saturating_add(seconds), ..self }
    }
}

#[cold]
pub(crate) fn unsupported(what: &'static str) -> Error {
    let what = format!("{what}, which Python's datetime cannot express");
    Error::new(ErrorKind::Unsupported { what: what.into() })
}

std_struct! { [] Moment, "SystemTime" { secs: i64, nanos: u32 },
    dump: |moment| (moment.secs, moment.nanos),
    load: Moment::checked(secs, nanos),
    save: save_moment, restore: restore_moment
}

fn save_moment(moment: &Moment, saver: &mut Saver<'_>) -> Result<()> {
    moment.to_datetime(0, TimeZone::UTC)?.save(saver)
}

fn restore_moment(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Moment>> {
    Ok(restore_offset(id, restorer)?.map(|value| value.moment))
}

/// A moment, and how far the clocks are from UTC where it was noted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OffsetMoment {
    pub(crate) moment: Moment,
    /// Seconds east of Greenwich.
    pub(crate) offset: i32,
}

std_struct! { [] OffsetMoment, "OffsetDateTime" as "civil.OffsetDateTime" { moment: Moment, offset: i32 },
    dump: |value| (value.moment, value.offset),
    load: Ok(OffsetMoment { moment, offset }),
    save: save_offset, restore: restore_offset
}

fn save_offset(value: &OffsetMoment, saver: &mut Saver<'_>) -> Result<()> {
    let zone = TimeZone::fixed(TimeDelta::new(0, value.offset.into(), 0)?)?;
    value.moment.to_datetime(value.offset.into(), zone)?.save(saver)
}

/// Of a datetime. One without a zone is taken to be in UTC.
fn restore_offset(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<OffsetMoment>> {
    if restorer.made_by(id, "datetime", "datetime").is_none() {
        return Ok(None);
    }
    let value = DateTime::restore(id, restorer)?;
    let offset = match value.zone().map(|zone| (zone.offset(), zone)) {
        None => TimeDelta::ZERO,
        Some((Some(offset), _)) => offset,
        Some((None, zone)) => return Err(restorer.at(id, no_database(zone))),
    };
    // The parts of a second, if any, go to the moment.
    let total = offset.total_microseconds();
    let (seconds, micros) =
        (total.div_euclid(1_000_000) as i64, total.rem_euclid(1_000_000) as u32);
    let mut moment = value.local().later(-seconds);
    if micros * 1000 > moment.nanos {
        moment = Moment { secs: moment.secs - 1, nanos: moment.nanos + SECOND };
    }
    moment.nanos -= micros * 1000;
    Ok(Some(OffsetMoment { moment, offset: seconds as i32 }))
}

#[cold]
fn no_database(zone: &TimeZone) -> Error {
    let what = format!("a time in the zone {:?} needs a database of zones", zone.to_string());
    Error::new(ErrorKind::Unsupported { what: what.into() }).with_hint(
        "load it into `pickle::python::DateTime`, or into `jiff::ZonedDateTime` (feature `jiff`)",
    )
}
