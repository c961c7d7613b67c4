//! Long sequences are written block by block: most blocks in one pass, and measured first where that
//! is less work or the user's code runs. The bytes are the same.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use pickle::native::{HeadMut, Measure, Writer, Written};
use pickle::schema::{SchemaBuilder, SchemaId};
use pickle::{ErrorKind, Layout, Limits, Pickle, Saver, dumps, dumps_into, loads};

/// Pickled as what it holds, by code that the framework does not know: so it is measured.
#[derive(Clone)]
struct Foreign<T>(T);

impl<T: Layout> Layout for Foreign<T> {
    const HEAD: usize = T::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        T::describe(schema)
    }
}

impl<T: Pickle> Pickle for Foreign<T> {
    fn measure(&self, measure: &mut Measure) -> pickle::Result<()> {
        self.0.measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        head.put(&self.0, writer)
    }

    fn save(&self, saver: &mut Saver<'_>) -> pickle::Result<()> {
        self.0.save(saver)
    }
}

#[derive(Pickle, Clone, Debug, Default, PartialEq)]
struct Row {
    id: u32,
    name: String,
    numbers: Vec<u16>,
    words: Vec<String>,
    boxed: Option<Box<Row>>,
    by_name: BTreeMap<String, Vec<u8>>,
}

/// Rows with about so many numbers and bytes of text each, which change from block to block.
fn rows(count: usize, numbers: usize, text: usize) -> Vec<Row> {
    let row = |index: usize| {
        let swing = [0, 1, 3, 40, 2][index / 64 % 5];
        Row {
            id: index as u32,
            name: "n".repeat(text * swing % 1000),
            numbers: vec![index as u16; numbers * swing % 700],
            words: vec!["word".into(); index % (text + 1) % 9],
            boxed: index.is_multiple_of(3).then(Box::default),
            by_name: (0..index % 4).map(|n| (n.to_string(), vec![7; n])).collect(),
        }
    };
    (0..count).map(row).collect()
}

#[test]
fn one_pass_writes_the_bytes_of_two() {
    for count in [64, 65, 128, 129, 1000] {
        for (numbers, text) in [(0, 0), (5, 0), (0, 20), (9, 2), (300, 30), (20, 300)] {
            let rows = rows(count, numbers, text);
            let foreign: Vec<_> = rows.iter().cloned().map(Foreign).collect();
            let measured = dumps(&foreign).unwrap();
            // What there is room for may move, and what was there already may not.
            for room in [0, 5000, 1 << 22] {
                let mut out = Vec::with_capacity(room);
                out.extend(b"before");
                dumps_into(&rows, &mut out).unwrap();
                assert!(out[..6] == *b"before" && out[6..] == measured, "{count} {numbers} {text}");
            }
            assert!(loads::<Vec<Row>>(&measured).unwrap() == rows);
        }
    }
}

#[test]
fn blocks_of_several_sequences_follow_each_other() {
    let maps: BTreeMap<u32, Row> = (0..).zip(rows(200, 3, 1)).collect();
    let value = (rows(300, 10, 2), maps, rows(65, 1, 40));
    assert!(
        loads::<(Vec<Row>, BTreeMap<u32, Row>, Vec<Row>)>(&dumps(&value).unwrap()).unwrap()
            == value
    );
    let foreign: Vec<_> = value.0.iter().cloned().map(Foreign).collect();
    assert!(dumps(&(foreign, &value.1, &value.2)).unwrap() == dumps(&value).unwrap());
}

#[test]
fn rows_as_deep_as_the_limit_are_written_and_none_deeper() {
    let deep = |length| {
        (0..length)
            .fold(Row::default(), |row, _| Row { boxed: Some(Box::new(row)), ..Row::default() })
    };
    // One level for the rows, and one for what the last of them holds.
    let limit = Limits::DEFAULT.max_depth;
    let deepest = limit - 2;
    let mut rows = rows(200, 9, 0);
    for length in deepest - 40..=deepest {
        rows[150] = deep(length);
        let foreign: Vec<_> = rows.iter().cloned().map(Foreign).collect();
        assert!(dumps(&rows).unwrap() == dumps(&foreign).unwrap(), "{length}");
    }
    rows[150] = deep(deepest + 1);
    let error = dumps(&rows).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Depth { limit: at } if *at == limit));
    assert!(error.path().to_string().starts_with("[150].boxed"), "{error}");
}

#[test]
fn a_poisoned_lock_in_a_later_block_is_an_error_that_says_where() {
    #[derive(Pickle)]
    struct Locked {
        numbers: Vec<u16>,
        lock: Mutex<String>,
    }

    let all: Vec<Locked> =
        (0..200).map(|n| Locked { numbers: vec![n; 9], lock: Mutex::new(n.to_string()) }).collect();
    for _ in 0..2 {
        assert_eq!(loads::<Vec<Locked>>(&dumps(&all).unwrap()).unwrap().len(), 200);
    }
    std::thread::scope(|scope| {
        let poison = || {
            let _guard = all[170].lock.lock();
            panic!("while it is locked");
        };
        scope.spawn(poison).join().unwrap_err();
    });
    let error = dumps(&all).unwrap_err();
    assert!(error.path().to_string().starts_with("[170]"), "{error}");
}
