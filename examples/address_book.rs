//! An address book in a store: a collection with indexes, updates, and a watcher beside them.
//!
//! ```sh
//! cargo run --example address_book
//! ```

use std::error::Error;
use std::time::Duration;

use pickle::Pickle;
use pickle::store::{ChangeKind, Indexed, Indexes, Store};

#[derive(Debug, Clone, PartialEq, Pickle)]
struct Person {
    name: String,
    email: String,
    town: String,
    tags: Vec<String>,
}

impl Indexed for Person {
    fn indexes(indexes: &mut Indexes<Self>) {
        indexes
            .unique("by_email", |person| person.email.clone())
            .index("by_place", |person| (person.town.clone(), person.name.clone()))
            .index_each("by_tag", |person| person.tags.clone());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let store = Store::temporary()?;
    let people = store.indexed::<u32, Person>("people")?;

    let mut batch = store.batch();
    for (id, person) in (1..).zip(generate()) {
        batch.put_in(&people, &id, &person)?;
    }
    batch.commit()?;
    println!("{} people, put in one batch", people.len()?);
    assert_eq!(people.len()?, 120);

    // Who has this address? One, by a unique index.
    let by_email = people.index::<String>("by_email")?;
    let (id, person) = by_email.get("ada.moser.2@example.org")?.ok_or("nobody has it")?;
    println!("{}: #{id}, {} in {}", person.email, person.name, person.town);
    let copy = Person { name: "Another".into(), ..person.clone() };
    let refused = people.put(&9999, &copy).expect_err("the address is taken");
    println!("refused: {refused}");
    assert!(!people.contains(&9999)?);

    // The index by town and name answers both `in Bern` and `in Bern, from K on`.
    let by_place = people.index::<(String, String)>("by_place")?;
    let in_bern = by_place.prefix(&("Bern",))?.count();
    let from_k = by_place.range(("Bern", "K")..("Bern", "L"))?.collect::<Result<Vec<_>, _>>()?;
    let names: Vec<_> = from_k.iter().map(|(_, _, person)| person.name.as_str()).collect();
    println!("{in_bern} live in Bern; with K: {}", names.join(", "));
    assert!(names.iter().all(|name| name.starts_with('K')) && names.is_sorted());

    // Someone moves, while someone else looks on.
    let mut changes = people.watch_key(&id)?;
    people.update(&id, |person| person.town = "Geneva".into())?;
    people.update(&id, |person| person.tags.push("moved".into()))?;
    while let Some(change) = changes.next_within(Duration::ZERO)? {
        assert_eq!((change.key, change.kind), (id, ChangeKind::Put));
        println!("change {}: #{} was written", change.sequence, change.key);
    }
    let moved = people.index::<String>("by_tag")?.find("moved")?.collect::<Result<Vec<_>, _>>()?;
    println!("moved: {} to {}", moved[0].1.name, moved[0].1.town);
    assert_eq!((moved.len(), moved[0].0, moved[0].1.town.as_str()), (1, id, "Geneva"));

    // Records and indexes agree, after all that.
    let report = store.verify()?;
    println!("verify: {} entries are whole, {} damaged", report.whole, report.problems.len());
    assert!(report.is_ok());
    for (index, entries) in store.stats()?.indexes {
        println!("{index}: {entries} entries");
    }
    Ok(())
}

/// A hundred and twenty people, the same each time.
fn generate() -> impl Iterator<Item = Person> {
    const FIRST: [&str; 6] = ["Ada", "Beat", "Kim", "Luca", "Nora", "Urs"];
    const LAST: [&str; 5] = ["Moser", "Keller", "Frei", "Rossi", "Weber"];
    const TOWNS: [&str; 4] = ["Bern", "Basel", "Chur", "Lugano"];
    const TAGS: [&str; 3] = ["family", "work", "choir"];
    (0..120_usize).map(|number| {
        let (first, last) = (FIRST[number % 6], LAST[number / 6 % 5]);
        let group = number / 30;
        Person {
            name: format!("{first} {last}"),
            email: format!("{first}.{last}.{group}@example.org").to_lowercase(),
            town: TOWNS[number * 7 % 11 % 4].to_owned(),
            tags: TAGS[..number % 4].iter().map(ToString::to_string).collect(),
        }
    })
}
