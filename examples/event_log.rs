//! A log of events in a store: keys in the order of time, chatter that ends by itself, and an
//! export that moves the log to another engine.
//!
//! ```sh
//! cargo run --example event_log
//! ```
//!
//! The events are those of a day in a building: doors, temperatures, and a heartbeat each minute.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use pickle::Pickle;
use pickle::store::{Key, Store};

/// Sorts by time, then by source: that is the order of the log.
#[derive(Key, Debug, Clone, PartialEq)]
struct At {
    second: u32,
    source: String,
}

#[derive(Debug, Clone, PartialEq, Pickle)]
enum Event {
    Opened { badge: u16 },
    Degrees(f32),
    Heartbeat,
}

const HOUR: u32 = 3600;

fn main() -> Result<(), Box<dyn Error>> {
    // A clock of our own, so that a day takes no day.
    let second = Arc::new(AtomicU64::new(0));
    let now = {
        let second = Arc::clone(&second);
        move || SystemTime::UNIX_EPOCH + Duration::from_secs(second.load(Ordering::Relaxed))
    };
    let store = Store::builder("memory:").clock(now.clone()).open()?;
    let log = store.collection::<At, Event>("log")?;

    for (at, event) in a_day() {
        second.store(at.second.into(), Ordering::Relaxed);
        match event {
            // Nobody wants the heartbeats of yesterday.
            Event::Heartbeat => log.put_with_ttl(&at, &event, Duration::from_secs(600))?,
            _ => log.put(&at, &event)?,
        }
    }
    let (first, last) = (log.first()?.ok_or("empty")?.0, log.last()?.ok_or("empty")?.0);
    println!("{} events from {} to {}", log.len()?, clock(first.second), clock(last.second));

    // A span of time is a range of keys; a tuple stands for the struct.
    let night = log.range((0, "")..(6 * HOUR, ""))?;
    let mut doors = 0;
    for item in night {
        let (at, event) = item?;
        if let Event::Opened { badge } = event {
            doors += 1;
            println!("{} at night: {} opened by badge {badge}", clock(at.second), at.source);
        }
    }
    assert_eq!(doors, 3);

    let beats = |log: &pickle::store::Collection<At, Event>| -> pickle::store::Result<usize> {
        let mut count = 0;
        for item in log.iter()? {
            count += usize::from(item?.1 == Event::Heartbeat);
        }
        Ok(count)
    };
    println!("{} heartbeats are left of 1440", beats(&log)?);
    assert_eq!(beats(&log)?, 10);

    // The log moves to a store on disk: with keys, types, and the times at which values end.
    let mut stream = Vec::new();
    store.export(&mut stream)?;
    let folder = tempfile::tempdir()?;
    let url = format!("sled:{}", folder.path().join("log").display());
    let archive = Store::import(stream.as_slice(), Store::builder(&url).clock(now))?;
    let archived = archive.collection::<At, Event>("log")?;
    println!("exported {} bytes; the archive has {} events", stream.len(), archived.len()?);
    let all =
        |log: &pickle::store::Collection<At, Event>| log.iter()?.collect::<Result<Vec<_>, _>>();
    assert_eq!(all(&archived)?, all(&log)?);

    // An hour later the last heartbeats are gone there, too.
    second.fetch_add(HOUR.into(), Ordering::Relaxed);
    assert_eq!(beats(&archived)?, 0);
    println!("an hour later: {} swept, {} events stay", archive.sweep_expired()?, archived.len()?);
    assert!(archive.verify()?.is_ok());
    Ok(())
}

/// The events of a day in the order of time, the same each time.
fn a_day() -> impl Iterator<Item = (At, Event)> {
    (0..24 * 60_u32).flat_map(|minute| {
        let at = |source: &str| At { second: minute * 60, source: source.to_owned() };
        let mut events = vec![(at("heartbeat"), Event::Heartbeat)];
        if minute % 15 == 0 {
            let degrees = 18.0 + 4.0 * (minute as f32 / 1440.0 * std::f32::consts::TAU).sin();
            events.push((at("hall"), Event::Degrees(degrees)));
        }
        let hour = minute / 60;
        if minute % 97 == 13 && !(4..=7).contains(&hour) {
            events.push((at("main door"), Event::Opened { badge: (minute * 31 % 900) as u16 }));
        }
        events
    })
}

fn clock(second: u32) -> String {
    format!("{:02}:{:02}", second / HOUR, second / 60 % 60)
}
