//! Bytes from strangers: names that are unknown, many, or of another trait; depth; any damage.

use pickle::{
    ErrorKind, Limits, Pickler, Protocol, Registry, Unpickler, Value, dumps, dumps_with, loads,
};

use super::classes::{Circle, Group, Rect, Shape, Wide, group, shown};

type Objects = Vec<Box<dyn Shape>>;

/// A native pickle: what stands before the payload's length, between that and the payload, and the
/// payload without its table of classes.
struct Parts {
    before: Vec<u8>,
    between: Vec<u8>,
    section: Vec<u8>,
}

impl Parts {
    fn of(pickle: &[u8]) -> Self {
        let (length, at) = varint(&pickle[3..]);
        let payload = pickle.len() - length;
        let end = pickle.len() - 4;
        let table = u32::from_le_bytes(pickle[end..].try_into().unwrap()) as usize;
        Self {
            before: pickle[..3].to_vec(),
            between: pickle[3 + at..payload].to_vec(),
            section: pickle[payload..end - table].to_vec(),
        }
    }

    fn with_table(&self, table: &[u8]) -> Vec<u8> {
        let mut out = self.before.clone();
        put(&mut out, self.section.len() + table.len() + 4);
        out.extend_from_slice(&self.between);
        out.extend_from_slice(&self.section);
        out.extend_from_slice(table);
        out.extend_from_slice(&(table.len() as u32).to_le_bytes());
        out
    }
}

fn varint(bytes: &[u8]) -> (usize, usize) {
    let size = 1 + bytes.iter().position(|byte| *byte < 0x80).unwrap();
    let value = bytes[..size].iter().rev().fold(0, |all, byte| all << 7 | usize::from(byte & 0x7f));
    (value, size)
}

fn put(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn class(out: &mut Vec<u8>, namespace: &str, name: &str, schema: &[u8]) {
    for text in [namespace, name] {
        put(out, text.len());
        out.extend_from_slice(text.as_bytes());
    }
    out.extend_from_slice(&[7; 8]);
    put(out, schema.len());
    out.extend_from_slice(schema);
}

fn circle() -> Box<dyn Shape> {
    Box::new(Circle { r: 1.0 })
}

#[test]
fn a_table_of_a_million_names_is_refused_by_budget_or_for_its_names() {
    let parts = Parts::of(&dumps(&circle()).unwrap());
    for schema in [&[][..], b"\x00\x01\x00"] {
        let mut table = Vec::new();
        put(&mut table, 1_000_000);
        for number in 0..1_000_000 {
            class(&mut table, "names.Shape", &format!("class{number}"), schema);
        }
        let bytes = parts.with_table(&table);
        let error = loads::<Box<dyn Shape>>(&bytes).unwrap_err();
        match schema {
            [] => assert_eq!(error.to_string(), "`class0` is not registered as a `names.Shape`"),
            _ => assert_eq!(
                error.to_string(),
                "corrupt pickle: the schema and fingerprint of a class do not belong together"
            ),
        }
        assert!(Value::loads(&bytes).is_err());
    }
}

#[test]
fn a_table_that_lies_about_its_size_is_an_error() {
    let parts = Parts::of(&dumps(&circle()).unwrap());
    let mut huge = Vec::new();
    put(&mut huge, u32::MAX as usize);
    for table in [&huge[..], b"", b"\x00\x00", b"\x01", b"\x01\xff\xff\xff\xff\x0f"] {
        let bytes = parts.with_table(table);
        assert!(loads::<Box<dyn Shape>>(&bytes).is_err());
        assert!(Value::loads(&bytes).is_err());
    }
    let mut bytes = dumps(&circle()).unwrap();
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = loads::<Box<dyn Shape>>(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "corrupt pickle: the table of classes is longer than the payload"
    );
}

#[test]
fn the_name_of_a_class_of_another_trait_is_an_error() {
    let wide: Box<dyn Wide> = Box::new(Rect(1.0, 2.0));
    let bytes = dumps(&(circle(), wide)).unwrap();
    let heads = [0, 0, 0, 0, 1, 0, 0, 0];
    let at = bytes.windows(8).rposition(|window| window == heads).unwrap();
    for (from, to) in [(0, 1), (4, 0), (0, 2), (4, 255)] {
        let mut bytes = bytes.clone();
        bytes[at + from] = to;
        let error = loads::<(Box<dyn Shape>, Box<dyn Wide>)>(&bytes).unwrap_err().to_string();
        let expected = match (from, to) {
            (0, 1) => "expected a `names.Shape`, found shapes.Rect, a `names.Wide`",
            (4, 0) => "expected a `names.Wide`, found shapes.Circle, a `names.Shape`",
            _ => "corrupt pickle: an object of a class that is not in the table",
        };
        assert!(error.starts_with(expected), "{error}");
        assert!(Value::loads(&bytes).unwrap_err().to_string().starts_with(expected));
    }
}

#[test]
fn an_unknown_name_is_shown_cut_and_escaped() {
    let name = "\u{1b}[31m".repeat(1000);
    let mut bytes = b"\x80\x02c__main__\n".to_vec();
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b"\n)\x81.");
    let text = loads::<Box<dyn Shape>>(&bytes).unwrap_err().to_string();
    assert!(text.starts_with("`__main__.\\u{1b}[31m\\u{1b}[31m"), "{text}");
    assert!(text.len() < 1200 && !text.contains('\u{1b}'), "{}", text.len());
}

fn nested(levels: usize) -> Group {
    let mut group = Group { name: String::new(), parts: vec![] };
    for _ in 0..levels {
        group = Group { name: String::new(), parts: vec![Box::new(group)] };
    }
    group
}

#[test]
fn boxes_in_boxes_end_at_the_limit_of_depth() {
    for protocol in [Protocol::Native, Protocol::V0, Protocol::V4] {
        let error = dumps_with(&nested(400), protocol).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Depth { limit: 128 }), "{protocol}: {error}");

        let dump = move || {
            let mut bytes = Vec::new();
            let limits = Limits { max_depth: 5000, ..Limits::DEFAULT };
            let mut pickler = Pickler::new(&mut bytes).protocol(protocol).limits(limits);
            pickler.dump(&nested(400)).map(|()| bytes)
        };
        let large = std::thread::Builder::new().stack_size(64 << 20).spawn(dump).unwrap();
        let bytes = large.join().unwrap().unwrap();
        let error = loads::<Group>(&bytes).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Depth { limit: 128 }), "{protocol}: {error}");
    }
}

#[test]
fn an_object_that_holds_itself_is_an_error() {
    // g = Group(); g.parts = [g]
    let bytes = b"\x80\x02cshapes\nGroup\nq\0)\x81q\x01}q\x02(X\x04\0\0\0nameq\x03X\0\0\0\0q\x04\
                  X\x05\0\0\0partsq\x05]q\x06h\x01aub.";
    let error = loads::<Box<dyn Shape>>(bytes).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cycle), "{error}");
}

#[test]
fn every_prefix_is_an_error_and_any_changed_byte_is_harmless() {
    let value: (Objects, pickle::Global) =
        (vec![Box::new(group()), circle()], pickle::Global::new("a", "b"));
    for protocol in [Protocol::Native, Protocol::V2, Protocol::V5] {
        let bytes = dumps_with(&value, protocol).unwrap();
        for end in 0..bytes.len() {
            assert!(loads::<(Objects, pickle::Global)>(&bytes[..end]).is_err(), "{protocol} {end}");
        }
        let mut changed = bytes.clone();
        for at in 0..bytes.len() {
            for to in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(1)] {
                changed[at] = to;
                if let Ok((objects, _)) = loads::<(Objects, pickle::Global)>(&changed) {
                    objects.iter().for_each(|object| drop(shown(&**object)));
                }
                let none = Unpickler::from_slice(&changed).registry(Registry::empty()).load::<(
                    Objects,
                    pickle::Global,
                )>(
                );
                assert!(none.is_err() || none.is_ok_and(|(objects, _)| objects.is_empty()));
                drop(Value::loads(&changed));
            }
            changed[at] = bytes[at];
        }
    }
}
