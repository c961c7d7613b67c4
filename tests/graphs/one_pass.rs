//! Graphs are written in one pass where no code of a user's runs, and measured first elsewhere: the
//! bytes are the same.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{self, Rc};
use std::sync::{Arc, Mutex};

use pickle::native::{HeadMut, Measure, Writer, Written};
use pickle::schema::{SchemaBuilder, SchemaId};
use pickle::{ErrorKind, Layout, Limits, Pickle, Saver, dumps, dumps_into, loads};

/// Pickled as what it holds, by code that the framework does not know.
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

#[derive(Pickle, Debug, Default)]
struct Node {
    name: String,
    bytes: Vec<u8>,
    link: Option<Rc<Node>>,
    map: BTreeMap<u32, Rc<RefCell<Vec<u16>>>>,
    #[pickle(default)]
    back: rc::Weak<Node>,
}

fn nodes(count: usize, text: usize) -> Vec<Rc<Node>> {
    let mut nodes: Vec<Rc<Node>> = Vec::new();
    for index in 0..count {
        let map = nodes.last().map(|last| last.map.clone()).unwrap_or_default();
        let mut node = Node { name: "x".repeat(index % (text + 1)), map, ..Node::default() };
        node.bytes = vec![index as u8; index % 5];
        match index % 4 {
            1 => node.link = nodes.last().cloned(),
            2 => node.back = Rc::downgrade(&nodes[index / 2]),
            3 => drop(node.map.insert(index as u32, Rc::new(RefCell::new(vec![1; index % 7])))),
            _ => {}
        }
        if node.map.len() > 3 {
            node.map.clear();
        }
        nodes.push(Rc::new(node));
    }
    nodes
}

#[test]
fn one_pass_writes_the_bytes_of_two() {
    for (count, text) in [(0, 0), (1, 10), (7, 40), (100, 5000), (3000, 30), (20, 100_000)] {
        let nodes = Foreign(nodes(count, text));
        let measured = dumps(&nodes).unwrap();
        // What there is room for may move, and what was there already may not.
        for room in [0, 100, 1 << 20] {
            let mut out = Vec::with_capacity(room);
            out.extend(b"before");
            dumps_into(&nodes.0, &mut out).unwrap();
            assert!(out[..6] == *b"before" && out[6..] == measured, "{count}, {text}, {room}");
        }
    }
}

#[test]
fn a_large_object_that_is_met_first_is_written_the_same() {
    let large = Rc::new(vec![7_u64; 500_000]);
    let value = (large.clone(), String::from("text"), large);
    assert!(dumps(&value).unwrap() == dumps(&Foreign(value)).unwrap());
}

#[test]
fn what_is_as_deep_as_the_limit_is_written_and_nothing_deeper() {
    #[derive(Pickle)]
    struct Link(#[allow(dead_code)] Option<Rc<Link>>);

    let chain = |length| (0..length).fold(Link(None), |link, _| Link(Some(Rc::new(link))));
    let limit = Limits::DEFAULT.max_depth;
    for length in limit - 40..=limit {
        assert!(dumps(&chain(length)).unwrap() == dumps(&Foreign(chain(length))).unwrap());
    }
    let error = dumps(&chain(limit + 1)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Depth { limit: at } if *at == limit));
}

#[test]
fn a_borrowed_cell_is_an_error_that_says_where() {
    #[derive(Pickle)]
    struct Cells {
        all: Vec<Rc<RefCell<String>>>,
    }

    let cell = Rc::new(RefCell::new(String::new()));
    let cells = Cells { all: vec![Rc::default(), cell.clone()] };
    let guard = cell.borrow_mut();
    let error = dumps(&cells).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Locked { .. }));
    assert_eq!(error.path().to_string(), "Cells.all[1]");
    drop(guard);
    assert_eq!(loads::<Cells>(&dumps(&cells).unwrap()).unwrap().all.len(), 2);
}

/// Refused when it is measured, and only then.
struct Refused;

impl Layout for Refused {
    const HEAD: usize = String::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        String::describe(schema)
    }
}

impl Pickle for Refused {
    fn measure(&self, _: &mut Measure) -> pickle::Result<()> {
        Err(pickle::Error::custom("refused"))
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        head.put("written", writer)
    }

    fn save(&self, saver: &mut Saver<'_>) -> pickle::Result<()> {
        "saved".save(saver)
    }
}

#[test]
fn what_foreign_code_refuses_when_it_measures_is_refused() {
    for _ in 0..2 {
        let error = dumps(&(Rc::new(5), Refused)).unwrap_err();
        assert_eq!(error.to_string(), "refused at [1]");
    }
}

#[test]
fn what_another_thread_may_let_go_of_is_written_as_it_is() {
    let shared = Arc::new(String::from("shared"));
    let value = (Arc::new(Mutex::new(shared.clone())), shared.clone(), Arc::downgrade(&shared));
    let (locked, strong, weak) =
        loads::<(Arc<Mutex<Arc<String>>>, Arc<String>, std::sync::Weak<String>)>(
            &dumps(&value).unwrap(),
        )
        .unwrap();
    assert!(Arc::ptr_eq(&locked.lock().unwrap(), &strong));
    assert!(Arc::ptr_eq(&weak.upgrade().unwrap(), &strong));
}
