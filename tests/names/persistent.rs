//! Objects that live elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use pickle::{
    Persistent, PersistentId, Pickle, Pickler, Protocol, Unpickler, Value, dumps, dumps_with,
    loads, to_value, value,
};

#[derive(Debug, PartialEq)]
struct Table {
    name: String,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Report")]
struct Report {
    title: String,
    tables: Vec<Persistent<Arc<Table>>>,
}

fn table(name: &str) -> Arc<Table> {
    Arc::new(Table { name: name.into() })
}

fn report() -> Report {
    let tables = ["a", "b", "a"].map(|name| table(name).into());
    Report { title: "sums".into(), tables: tables.into() }
}

fn pickled(protocol: Protocol) -> Vec<u8> {
    let mut out = Vec::new();
    let pickler = Pickler::new(&mut out).protocol(protocol);
    pickler.persistent(|table: &Arc<Table>| table.name.clone()).dump(&report()).unwrap();
    out
}

const PROTOCOLS: [Protocol; 7] = [
    Protocol::V0,
    Protocol::V1,
    Protocol::V2,
    Protocol::V3,
    Protocol::V4,
    Protocol::V5,
    Protocol::Native,
];

#[test]
fn what_the_resolver_has_is_what_is_loaded() {
    let known = HashMap::from(["a", "b"].map(|name| (name.to_owned(), table(name))));
    for protocol in PROTOCOLS {
        let tables = known.clone();
        let bytes = pickled(protocol);
        let loaded: Report = Unpickler::from_slice(&bytes)
            .persistent(move |name: String| tables.get(&name).cloned().ok_or("gone"))
            .load()
            .unwrap();
        assert_eq!(loaded, report(), "{protocol}");
        let [first, _, last] = &loaded.tables[..] else { panic!() };
        assert!(Arc::ptr_eq(first, last) && Arc::ptr_eq(first, &known["a"]));
    }
}

#[test]
fn an_id_that_the_resolver_does_not_have_is_an_error_with_its_path() {
    for protocol in PROTOCOLS {
        let bytes = pickled(protocol);
        let error = Unpickler::from_slice(&bytes)
            .persistent(|name: String| match name.as_str() {
                "a" => Ok(table("a")),
                _ => Err(format!("no table {name}")),
            })
            .load::<Report>()
            .unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("no table b at Report.tables[1] (byte "), "{protocol}: {text}");
    }
}

#[test]
fn without_a_resolver_it_is_an_error_that_says_what_to_give() {
    let what = "no resolver is given between alloc::sync::Arc<names::persistent::Table> and its id, \
                a alloc::string::String at Report.tables[0]";
    for protocol in PROTOCOLS {
        assert_eq!(
            dumps_with(&report(), protocol).unwrap_err().to_string(),
            format!("{what}\nhint: `Pickler::persistent` takes one")
        );
        let error = loads::<Report>(&pickled(protocol)).unwrap_err();
        assert!(error.to_string().starts_with(what), "{protocol}: {error}");
        assert_eq!(error.hint(), Some("`Unpickler::persistent` takes one"));
    }
}

#[test]
fn a_value_keeps_the_id_and_asks_nobody() {
    for protocol in PROTOCOLS {
        let value = Value::loads(&pickled(protocol)).unwrap().to_string();
        let tables = "'tables': [persistent_id('a'), persistent_id('b'), persistent_id('a')]";
        assert!(value.contains(tables), "{protocol}: {value}");
    }
}

#[test]
fn an_id_is_pickled_as_itself() {
    assert_eq!(dumps_with(&PersistentId("a"), Protocol::V0).unwrap(), b"Pa\n.");
    assert_eq!(
        dumps_with(&PersistentId((1, "a")), Protocol::V2).unwrap(),
        b"\x80\x02K\x01X\x01\0\0\0aq\0\x86q\x01Q."
    );
    let error = dumps_with(&PersistentId(7), Protocol::V0).unwrap_err();
    assert_eq!(error.to_string(), "protocol 0 writes only lines of ASCII as persistent ids");
    let bytes = dumps(&PersistentId(7_u64)).unwrap();
    assert_eq!(loads::<PersistentId<u64>>(&bytes).unwrap(), PersistentId(7));
    assert_eq!(loads::<PersistentId<u8>>(&bytes).unwrap(), PersistentId(7));
    let error = loads::<PersistentId<u8>>(&dumps(&7_u64).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "this pickle holds u64, not persistent[u8]");
    let ids = to_value(&vec![PersistentId(1)]).unwrap();
    assert_eq!(ids.get(0).unwrap().as_persistent_id().unwrap(), value!(1));
}

#[test]
fn handle_and_id_read_each_other() {
    #[derive(Pickle, Debug)]
    #[pickle(class = "shop.Report")]
    struct Ids {
        title: String,
        tables: Vec<PersistentId>,
    }
    for protocol in PROTOCOLS {
        let ids: Ids = loads(&pickled(protocol)).unwrap();
        assert_eq!(ids.tables, ["a", "b", "a"].map(|id| PersistentId(id.to_owned())));
        assert_eq!(ids.title, "sums");
    }
}
