//! `datetime.timezone` and `zoneinfo.ZoneInfo`.

use std::fmt;

use super::TimeDelta;
use crate::impls::prelude::*;

/// A time zone of Python's: a fixed offset from UTC
/// ([`datetime.timezone`](https://docs.python.org/3/library/datetime.html#timezone-objects)), or the
/// name of a zone in the IANA database
/// ([`zoneinfo.ZoneInfo`](https://docs.python.org/3/library/zoneinfo.html)).
///
/// ```
/// use pickle_core::python::{TimeDelta, TimeZone};
/// let zone = TimeZone::fixed(TimeDelta::new(0, 5 * 3600 + 1800, 0)?)?;
/// assert_eq!(zone.to_string(), "UTC+05:30");
/// assert_eq!(TimeZone::named("Europe/Paris")?.key(), Some("Europe/Paris"));
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimeZone(Zone);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Zone {
    Fixed { offset: TimeDelta, name: Option<String> },
    Named(String),
}

const ZONE: &str = "a time zone: a key, or an offset of less than a day";

impl TimeZone {
    /// `datetime.timezone.utc`.
    pub const UTC: Self = Self(Zone::Fixed { offset: TimeDelta::ZERO, name: None });

    /// So far from UTC.
    ///
    /// # Errors
    /// When that is a day or more.
    pub fn fixed(offset: TimeDelta) -> Result<Self> {
        Self::checked(None, offset, None).map_err(Error::expected)
    }

    /// So far from UTC, by a name of its own.
    ///
    /// # Errors
    /// As [`fixed`](Self::fixed).
    pub fn fixed_named(offset: TimeDelta, name: impl Into<String>) -> Result<Self> {
        Self::checked(None, offset, Some(name.into())).map_err(Error::expected)
    }

    /// A zone of the IANA database by its key. Whether it is there is not looked up.
    ///
    /// # Errors
    /// When the key is empty.
    pub fn named(key: impl Into<String>) -> Result<Self> {
        Self::checked(Some(key.into()), TimeDelta::ZERO, None).map_err(Error::expected)
    }

    /// The key of a zone in the IANA database.
    pub fn key(&self) -> Option<&str> {
        match &self.0 {
            Zone::Named(key) => Some(key),
            Zone::Fixed { .. } => None,
        }
    }

    /// The offset from UTC, where it is the same at all times: of a fixed zone, and of the names
    /// that UTC has in the IANA database.
    pub fn offset(&self) -> Option<TimeDelta> {
        match &self.0 {
            Zone::Fixed { offset, .. } => Some(*offset),
            Zone::Named(key) => match &**key {
                "UTC" | "Etc/UTC" | "UCT" | "Etc/UCT" | "Zulu" | "Etc/Zulu" | "Universal"
                | "Etc/Universal" | "GMT" | "Etc/GMT" => Some(TimeDelta::ZERO),
                _ => None,
            },
        }
    }

    fn checked(
        key: Option<String>,
        offset: TimeDelta,
        name: Option<String>,
    ) -> Result<Self, &'static str> {
        match key {
            Some(key) if !key.is_empty() => Ok(Self(Zone::Named(key))),
            // From above minus a day to below a day, in the parts of a timedelta.
            None if offset.days() == 0
                || offset.days() == -1 && (offset.seconds(), offset.microseconds()) != (0, 0) =>
            {
                Ok(Self(Zone::Fixed { offset, name }))
            }
            _ => Err(ZONE),
        }
    }

    fn parts(&self) -> (Option<&str>, TimeDelta, Option<&str>) {
        match &self.0 {
            Zone::Fixed { offset, name } => (None, *offset, name.as_deref()),
            Zone::Named(key) => (Some(key), TimeDelta::ZERO, None),
        }
    }
}

/// As Python's `str`: the name, which for a fixed offset is by default that.
impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Zone::Named(name) | Zone::Fixed { name: Some(name), .. } => f.write_str(name),
            Zone::Fixed { offset, .. } if *offset == TimeDelta::ZERO => f.write_str("UTC"),
            Zone::Fixed { offset, .. } => {
                f.write_str("UTC")?;
                write_offset(f, *offset)
            }
        }
    }
}

/// `+05:30`, with seconds and microseconds where there are any.
pub(super) fn write_offset(f: &mut fmt::Formatter<'_>, offset: TimeDelta) -> fmt::Result {
    let total = offset.total_microseconds();
    let (sign, total) = (if total < 0 { '-' } else { '+' }, total.unsigned_abs());
    let (seconds, micros) = (total / 1_000_000, total % 1_000_000);
    write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
    if !seconds.is_multiple_of(60) || micros != 0 {
        write!(f, ":{:02}", seconds % 60)?;
    }
    if micros != 0 {
        write!(f, ".{micros:06}")?;
    }
    Ok(())
}

std_struct! { [] TimeZone,
    "TimeZone" as "datetime.tzinfo" { key: Option<String>, offset: TimeDelta, name: Option<String> },
    dump: |zone| (zone.parts().0, zone.parts().1, zone.parts().2),
    load: TimeZone::checked(key, offset, name),
    save: save_zone, restore: restore_zone
}

fn save_zone(zone: &TimeZone, saver: &mut Saver<'_>) -> Result<()> {
    match &zone.0 {
        Zone::Fixed { offset, name } => {
            let len = 1 + usize::from(name.is_some());
            saver.call("datetime", "timezone", len, |saver| {
                offset.save(saver)?;
                if let Some(name) = name {
                    saver.str(name);
                }
                Ok(())
            })
        }
        // What `ZoneInfo.__reduce__` returns: the key, and that the zone may come from a cache.
        Zone::Named(key) => saver.call("zoneinfo", "ZoneInfo._unpickle", 2, |saver| {
            saver.str(key);
            saver.int(1);
            Ok(())
        }),
    }
}

fn restore_zone(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<TimeZone>> {
    let Some(made) = restorer.instance(id) else { return Ok(None) };
    let zone = match (&*made.module, &*made.name, made.args) {
        ("datetime", "timezone", [offset]) => {
            TimeZone::fixed(TimeDelta::restore(*offset, restorer)?)
        }
        ("datetime", "timezone", [offset, name]) => {
            let offset = TimeDelta::restore(*offset, restorer)?;
            TimeZone::fixed_named(offset, restorer.string(*name)?)
        }
        ("zoneinfo" | "backports.zoneinfo", "ZoneInfo", [key])
        | ("zoneinfo" | "backports.zoneinfo", "ZoneInfo._unpickle", [key, _])
        // pytz names the zone, and then the offset that it is at.
        | ("pytz", "_p", [key, ..]) => TimeZone::named(restorer.string(*key)?),
        ("pytz", "_UTC", []) => Ok(TimeZone::UTC),
        _ => return Ok(None),
    };
    zone.map(Some).map_err(|error| restorer.at(id, error))
}
