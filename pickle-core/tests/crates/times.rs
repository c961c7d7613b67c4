//! `chrono`, `jiff` and `time`.

use pickle_core::python::{Date, DateTime, Time, TimeDelta, TimeZone};
use pickle_core::{dumps, loads};

use super::{assert_like, assert_survives_natively, python};

const OFFSET: i32 = 5 * 3600 + 1800;

fn offset() -> TimeZone {
    let offset = TimeDelta::new(0, OFFSET.into(), 0).expect("a span");
    TimeZone::fixed(offset).expect("a zone")
}

fn day() -> Date {
    Date::new(1969, 12, 31).expect("a date")
}

fn clock() -> Time {
    Time::new(23, 59, 58, 7).expect("a time")
}

fn datetime(zone: Option<TimeZone>) -> DateTime {
    DateTime::new(day(), clock().with_zone(zone))
}

fn span() -> TimeDelta {
    TimeDelta::new(0, -2, 7).expect("a span")
}

mod in_chrono {
    use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

    use super::*;

    fn naive() -> NaiveDateTime {
        let date = NaiveDate::from_ymd_opt(1969, 12, 31).expect("a date");
        date.and_hms_micro_opt(23, 59, 58, 7).expect("a time")
    }

    #[test]
    fn types_of_chrono_are_those_of_datetime() {
        let east = FixedOffset::east_opt(OFFSET).expect("an offset");
        assert_like(&naive().date(), &day());
        assert_like(&naive().time(), &clock());
        assert_like(&naive(), &datetime(None));
        assert_like(&naive().and_utc(), &datetime(Some(TimeZone::UTC)));
        let local = naive().and_local_timezone(east).single().expect("a time");
        assert_like(&local, &datetime(Some(offset())));
        assert_like(&east, &offset());
        let delta = TimeDelta::seconds(-2) + TimeDelta::microseconds(7);
        assert_like(&delta, &span());
    }

    #[test]
    fn nanoseconds_and_distant_years_survive_natively() {
        let nanos = naive() + TimeDelta::nanoseconds(1);
        assert_survives_natively(&nanos);
        assert_survives_natively(&nanos.and_utc());
        assert_survives_natively(&NaiveDate::MIN);
        assert_survives_natively(&NaiveTime::from_hms_nano_opt(23, 59, 59, 1_999_999_999));
        assert_survives_natively(&::chrono::DateTime::<Utc>::MAX_UTC);
        assert_survives_natively(&TimeDelta::MIN);
        let late = pickle_core::dumps_with(&NaiveDate::MAX, pickle_core::Protocol::V4);
        assert!(late.is_err());
    }

    /// Natively one is the other, too: their schemas are the same.
    #[test]
    fn a_date_of_chrono_is_one_of_the_plain_type() {
        let pickle = dumps(&naive().date()).expect("dumps");
        assert_eq!(loads::<Date>(&pickle).ok(), Some(day()));
        let pickle = dumps(&naive().and_utc()).expect("dumps");
        let moment = loads::<std::time::SystemTime>(&pickle).ok();
        assert_eq!(moment, Some(std::time::SystemTime::from(naive().and_utc())));
    }

    #[test]
    fn a_naive_datetime_does_not_drop_a_zone() {
        let pickle = python(&datetime(Some(offset())), 4);
        let error = loads::<NaiveDateTime>(&pickle).expect_err("it has a zone");
        assert!(error.to_string().contains("found one in UTC+05:30"), "{error}");
    }
}

mod in_time {
    use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

    use super::*;

    fn naive() -> PrimitiveDateTime {
        let date = Date::from_calendar_date(1969, Month::December, 31).expect("a date");
        PrimitiveDateTime::new(date, Time::from_hms_micro(23, 59, 58, 7).expect("a time"))
    }

    #[test]
    fn types_of_time_are_those_of_datetime() {
        let east = UtcOffset::from_whole_seconds(OFFSET).expect("an offset");
        assert_like(&naive().date(), &day());
        assert_like(&naive().time(), &clock());
        assert_like(&naive(), &datetime(None));
        assert_like(&naive().as_utc(), &datetime(Some(TimeZone::UTC)));
        assert_like(&naive().assume_offset(east), &datetime(Some(offset())));
        assert_like(&east, &offset());
        assert_like(&(Duration::seconds(-2) + Duration::microseconds(7)), &span());
    }

    #[test]
    fn nanoseconds_survive_natively() {
        let nanos = naive() + Duration::nanoseconds(1);
        assert_survives_natively(&nanos);
        assert_survives_natively::<OffsetDateTime>(&nanos.assume_utc());
        assert_survives_natively(&Date::MIN);
        assert_survives_natively(&Duration::MIN);
        assert_survives_natively(&Duration::MAX);
    }
}

mod in_jiff {
    use jiff::civil::{Date, DateTime};
    use jiff::tz::{Offset, TimeZone};
    use jiff::{SignedDuration, Timestamp, ZonedDateTime};

    use super::*;

    fn naive() -> DateTime {
        DateTime::new(1969, 12, 31, 23, 59, 58, 7000).expect("a datetime")
    }

    fn timestamp() -> Timestamp {
        Timestamp::new(-2, 7000).expect("a timestamp")
    }

    #[test]
    fn types_of_jiff_are_those_of_datetime() {
        assert_like(&naive().date(), &day());
        assert_like(&naive().time(), &clock());
        assert_like(&naive(), &datetime(None));
        assert_like(&timestamp(), &datetime(Some(super::TimeZone::UTC)));
        assert_like(&SignedDuration::new(-1, -999_993_000), &span());
    }

    #[test]
    fn zoned_datetimes_keep_their_zone() {
        let utc = ZonedDateTime::new(timestamp(), TimeZone::UTC);
        assert_like(&utc, &datetime(Some(super::TimeZone::UTC)));
        let east = TimeZone::fixed(Offset::from_seconds(OFFSET).expect("an offset"));
        let local = east.to_ambiguous_zoned_datetime(naive()).compatible().expect("a time");
        assert_like(&local, &datetime(Some(offset())));
    }

    /// Where the machine has a database of zones.
    #[test]
    fn the_second_of_two_times_is_the_second() {
        let Ok(berlin) = TimeZone::get("Europe/Berlin") else {
            println!("skipped: there is no database of time zones");
            return;
        };
        let local = DateTime::new(2020, 10, 25, 2, 30, 0, 0).expect("a datetime");
        let ambiguous = berlin.to_ambiguous_zoned_datetime(local);
        let (first, second) = (ambiguous.clone().earlier(), ambiguous.later());
        for (zoned, fold) in [(first, false), (second, true)] {
            let zoned = zoned.expect("a time");
            let zone = super::TimeZone::named("Europe/Berlin").expect("a key");
            let date = super::Date::new(2020, 10, 25).expect("a date");
            let time = Time::new(2, 30, 0, 0).expect("a time").with_zone(zone).with_fold(fold);
            let plain = super::DateTime::new(date, time);
            assert_eq!(python(&zoned, 4), python(&plain, 4));
            assert_eq!(loads::<ZonedDateTime>(&python(&plain, 4)).ok(), Some(zoned.clone()));
            assert_survives_natively(&zoned);
        }
    }

    #[test]
    fn nanoseconds_survive_natively() {
        assert_survives_natively(&Timestamp::MIN);
        assert_survives_natively(&Timestamp::MAX);
        assert_survives_natively(&Date::MIN);
        assert_survives_natively(&SignedDuration::MIN);
    }
}
