//! `Duration` and `SystemTime`: to the nanosecond natively, and in Python's protocols `timedelta` and
//! `datetime` in UTC, rounded down to microseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::prelude::*;
use crate::python::{Moment, TimeDelta, unsupported};

const SECOND: u32 = 1_000_000_000;

const NANOS: &str = "nanoseconds below 1000000000";

std_struct! { [] Duration, "Duration" { secs: u64, nanos: u32 },
    dump: |duration| (duration.as_secs(), duration.subsec_nanos()),
    load: if nanos < SECOND { Ok(Duration::new(secs, nanos)) } else { Err(NANOS) },
    save: save_duration, restore: restore_duration
}

fn save_duration(duration: &Duration, saver: &mut Saver<'_>) -> Result<()> {
    match TimeDelta::try_from(*duration) {
        Ok(delta) => delta.save(saver),
        Err(_) => Err(unsupported("a duration of 1000000000 days or more")),
    }
}

fn restore_duration(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Duration>> {
    if restorer.made_by(id, "datetime", "timedelta").is_none() {
        return Ok(None);
    }
    let duration = Duration::try_from(TimeDelta::restore(id, restorer)?);
    duration.map(Some).map_err(|error| restorer.at(id, error))
}

// Seconds since 1970, rounded down, and nanoseconds from there on: as in POSIX.
std_struct! { [] SystemTime, "SystemTime" { secs: i64, nanos: u32 },
    dump: |time| (since_epoch(time).0, since_epoch(time).1),
    load: from_epoch(secs, nanos),
    save: save_time, restore: restore_time
}

fn save_time(time: &SystemTime, saver: &mut Saver<'_>) -> Result<()> {
    let (secs, nanos) = since_epoch(time);
    Moment { secs, nanos }.save(saver)
}

/// Of a datetime. One without a zone is taken to be in UTC.
fn restore_time(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<SystemTime>> {
    if restorer.made_by(id, "datetime", "datetime").is_none() {
        return Ok(None);
    }
    let moment = Moment::restore(id, restorer)?;
    let time = from_epoch(moment.secs, moment.nanos);
    time.map(Some).map_err(|expected| restorer.invalid(id, expected))
}

fn since_epoch(time: &SystemTime) -> (i64, u32) {
    match time.duration_since(UNIX_EPOCH) {
        // No platform counts seconds in more than 63 bits.
        Ok(after) => (after.as_secs() as i64, after.subsec_nanos()),
        Err(error) => {
            let before = error.duration();
            let secs = (before.as_secs() as i64).wrapping_neg();
            match before.subsec_nanos() {
                0 => (secs, 0),
                nanos => (secs.wrapping_sub(1), SECOND - nanos),
            }
        }
    }
}

fn from_epoch(secs: i64, nanos: u32) -> Result<SystemTime, &'static str> {
    if nanos >= SECOND {
        return Err(NANOS);
    }
    let whole = Duration::from_secs(secs.unsigned_abs());
    let time = match secs < 0 {
        true => UNIX_EPOCH.checked_sub(whole),
        false => UNIX_EPOCH.checked_add(whole),
    };
    time.and_then(|time| time.checked_add(Duration::from_nanos(nanos.into())))
        .ok_or("a time that this machine can express")
}
