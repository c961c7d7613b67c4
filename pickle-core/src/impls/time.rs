//! `Duration` and `SystemTime`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::composite::{self, std_struct};
use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{Node, SchemaBuilder, SchemaId, StructNode};
use crate::shape::Shape;
use crate::traits::{Layout, Pickle, Unpickle};

const SECOND: u32 = 1_000_000_000;

const NANOS: &str = "nanoseconds below 1000000000";

std_struct! { [] Duration, "Duration" { secs: u64, nanos: u32 },
    dump: |duration| (duration.as_secs(), duration.subsec_nanos()),
    load: if nanos < SECOND { Ok(Duration::new(secs, nanos)) } else { Err(NANOS) }
}

// Seconds since 1970, rounded down, and nanoseconds from there on: as in POSIX.
std_struct! { [] SystemTime, "SystemTime" { secs: i64, nanos: u32 },
    dump: |time| (since_epoch(time).0, since_epoch(time).1),
    load: from_epoch(secs, nanos)
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
