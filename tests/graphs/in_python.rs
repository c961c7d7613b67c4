//! Several pickles of one pickler, read by one `Unpickler` of a real Python, and the other way round.

#![allow(clippy::print_stdout)] // says what was skipped

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::rc::Rc;

use pickle::{Pickle, Pickler, Protocol, Unpickler, Value};

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "__main__.Point")]
struct Point {
    x: u8,
    tag: Rc<str>,
}

/// What a program prints that gets these bytes; none where there is no Python.
fn python(program: &str, input: &[u8]) -> Option<Vec<u8>> {
    let run = Command::new("python3")
        .args(["-c", &format!("{PRELUDE}\n{program}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut run) = run else {
        println!("SKIPPED: there is no python3");
        return None;
    };
    run.stdin.take().expect("it is piped").write_all(input).expect("Python reads");
    let output = run.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "Python failed");
    Some(output.stdout)
}

const PRELUDE: &str = "
import io, pickle, sys
class Point:
    pass
f = sys.stdin.buffer
";

/// The protocols of Python's.
fn protocols() -> impl Iterator<Item = Protocol> {
    (0..=5).map(|number| Protocol::try_from(number).expect("one of Python's"))
}

#[test]
fn one_unpickler_of_python_gives_the_same_object_again() {
    const PROGRAM: &str = "
u = pickle.Unpickler(f)
a, plain, b, c, d = [u.load() for _ in range(5)]
assert a[0] is a[1] is b['k'] is c and a[0].x == 1 and a[0].tag == 'one', (a, b, c)
assert plain == ('one', 'two', 'one'), plain
assert d[0] is c and d[1] is d[2] and d[1].x == 2 and d[1].tag is c.tag, d
";
    let tag: Rc<str> = "one".into();
    let point = Rc::new(Point { x: 1, tag: tag.clone() });
    let other = Rc::new(Point { x: 2, tag });
    for protocol in protocols() {
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&vec![point.clone(), point.clone()]).unwrap();
        pickler.dump(&["one", "two", "one"]).unwrap();
        pickler.dump(&std::collections::BTreeMap::from([("k", point.clone())])).unwrap();
        pickler.dump(&point).unwrap();
        pickler.dump(&vec![point.clone(), other.clone(), other.clone()]).unwrap();
        python(PROGRAM, &bytes);
    }
}

#[test]
fn each_later_pickle_that_refers_to_no_other_loads_alone_in_python() {
    const PROGRAM: &str = "
a, b, c = pickle.load(f), pickle.load(f), pickle.load(f)
assert a.x == 1 and b == [('one', 1), ('one', 1)], (a, b)
assert c[0] is c[1] and c[0].x == 2, c
";
    let point = |x| Rc::new(Point { x, tag: "one".into() });
    let other = point(2);
    for protocol in protocols() {
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&point(1)).unwrap();
        pickler.dump(&vec![("one", 1_u8); 2]).unwrap();
        pickler.dump(&vec![other.clone(), other.clone()]).unwrap();
        python(PROGRAM, &bytes);
    }
}

#[test]
fn what_one_pickler_of_python_shares_is_shared() {
    for number in 0..=5 {
        let program = format!(
            "
p = pickle.Pickler(sys.stdout.buffer, {number})
a = Point(); a.x = 1; a.tag = 'one'
b = Point(); b.x = 2; b.tag = a.tag
p.dump([a, b, a])
p.dump((b, [a, a]))
p.dump(a)
"
        );
        let Some(bytes) = python(&program, b"") else { return };
        let mut unpickler = Unpickler::from_slice(&bytes).keep_memo(true);
        let first: Vec<Rc<Point>> = unpickler.load().unwrap();
        let (second, rest): (Rc<Point>, Vec<Rc<Point>>) = unpickler.load().unwrap();
        let third: Rc<Point> = unpickler.load().unwrap();
        assert_eq!((first[0].x, first[1].x, &*first[1].tag), (1, 2, "one"));
        assert!(Rc::ptr_eq(&first[0], &first[2]) && Rc::ptr_eq(&first[0], &third));
        assert!(Rc::ptr_eq(&first[1], &second) && Rc::ptr_eq(&first[0], &rest[1]));
        assert!(Rc::ptr_eq(&first[0].tag, &second.tag));
        let mut reader = Unpickler::new(bytes.as_slice()).keep_memo(true);
        reader.load::<Value>().unwrap();
        let (second, _) = reader.load::<(Value, Value)>().unwrap();
        assert_eq!(second.attributes()[0], ("x".into(), 2.into()));
    }
}

#[test]
fn text_of_an_earlier_pickle_is_found() {
    for number in 0..=5 {
        let program = format!(
            "
p = pickle.Pickler(sys.stdout.buffer, {number})
names = ['one', 'two']
p.dump(names)
p.dump(['three', names[0], names[1]])
"
        );
        let Some(bytes) = python(&program, b"") else { return };
        let mut unpickler = Unpickler::new(bytes.as_slice()).keep_memo(true);
        assert_eq!(unpickler.load::<Vec<String>>().unwrap(), ["one", "two"]);
        assert_eq!(unpickler.load::<Vec<String>>().unwrap(), ["three", "one", "two"]);
    }
}

#[test]
fn files_to_which_python_appended_load_pickle_by_pickle() {
    for number in 0..=5 {
        let program = format!(
            "
for name in ['one', 'two', 'three']:
    pickle.dump([name, name, [name]], sys.stdout.buffer, {number})
"
        );
        let Some(bytes) = python(&program, b"") else { return };
        let rows = |name: Rc<str>| (name.clone(), name.clone(), [name]);
        let mut unpickler = Unpickler::from_slice(&bytes);
        let loaded = unpickler.iter::<(Rc<str>, Rc<str>, [Rc<str>; 1])>();
        let expected = ["one", "two", "three"].map(|name| rows(name.into()));
        assert_eq!(loaded.collect::<Result<Vec<_>, _>>().unwrap(), expected);
        let mut unpickler = Unpickler::new(bytes.as_slice());
        let loaded = unpickler.iter::<Value>().map(|value| value.unwrap().to_string());
        let shown = loaded.collect::<Vec<_>>();
        assert_eq!(shown[2], "['three', 'three', ['three']]");
    }
}
