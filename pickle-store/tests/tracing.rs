//! What takes long is in a span.

#![cfg(feature = "tracing")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pickle_store::{Result, Store};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Collects the names of spans as they are made, and `!` for events.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<&'static str>>>);

impl Subscriber for Names {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "pickle_store" && *metadata.level() <= tracing::Level::DEBUG
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut names = self.0.lock().unwrap();
        names.push(span.metadata().name());
        Id::from_u64(names.len() as u64)
    }

    fn event(&self, _: &Event<'_>) {
        self.0.lock().unwrap().push("!");
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn spans_tell_what_the_store_does() {
    let names = Names::default();
    tracing::subscriber::with_default(names.clone(), || {
        let store = Store::builder("memory:").open().unwrap();
        let users = store.define::<u8, u8>("users").index("by_value", |it| *it).open().unwrap();
        users.put(&1, &1).unwrap();
        let mut first = true;
        let done: Result<()> = store.transaction(|tx| {
            let value = tx.collection(&users).get(&1)?.unwrap();
            if std::mem::take(&mut first) {
                users.put(&1, &2)?;
            }
            tx.collection(&users).put(&1, &(value + 10))
        });
        done.unwrap();
        store.put_with_ttl("a", &1_u8, Duration::ZERO).unwrap();
        store.sweep_expired().unwrap();
        store.export(&mut Vec::new()).unwrap();
        store.verify().unwrap();
        store.compact().unwrap();
        store.sync().unwrap();
    });
    let names = names.0.lock().unwrap();
    let mut all = names.clone();
    all.dedup();
    let expected = [
        "open",
        "index",
        "write",
        "transaction",
        "write",
        "!",
        "write",
        "sweep",
        "write",
        "export",
        "verify",
        "compact",
        "sync",
    ];
    assert_eq!(all, expected);
}
