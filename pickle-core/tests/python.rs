//! Values through a real Python, both ways, where the machine has one.

#![allow(clippy::print_stdout)] // says what was skipped

use std::io::Write as _;
use std::process::{Command, Stdio};

use pickle_core::{Protocol, Value, value};

/// Runs a script over bytes; what it prints. `None` where there is no `python3`.
fn python(script: &str, input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("python3");
    command.args(["-W", "ignore", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("skipped: there is no python3");
        return None;
    };
    child.stdin.take().expect("piped").write_all(input).expect("python3 reads");
    let output = child.wait_with_output().expect("python3 ends");
    assert!(output.status.success(), "python3 failed");
    Some(output.stdout)
}

fn plain() -> Value {
    let shared = value!(["shared", 1]);
    Value::dict([
        (value!("none"), value!(null)),
        (value!("bools"), value!([true, false])),
        (value!("ints"), value!([0, 255, 256, 65535, 65536, -1, i64::MIN, u64::MAX, i128::MAX])),
        (value!("floats"), value!([0.0, -0.0, 1.5, 1e300, 1e-5, f64::INFINITY])),
        (value!("text"), value!(["", "é\u{1f600}", "line\nbreak\\u0041", "x".repeat(70_000)])),
        (value!("bytes"), value!([b"", b"\x00\xff", (vec![7_u8; 70_000].as_slice())])),
        (value!("bytearrays"), Value::list([Value::bytearray(b""), Value::bytearray(b"\x80a")])),
        (value!("tuples"), value!([(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)])),
        (value!((1, "key")), Value::tuple([shared.clone(), shared])),
        (value!("sets"), Value::list([Value::set([]), Value::set([value!(1), value!("a")])])),
        (value!("frozen"), Value::frozenset([value!(2), value!((3,))])),
        (value!("list"), Value::from((0..2500).collect::<Vec<i64>>())),
        (value!("dict"), Value::dict((0..1001).map(|n| (value!(n), value!(n))))),
        (value!("global"), Value::global("collections", "OrderedDict")),
    ])
}

#[test]
fn python_reads_what_is_written_and_writes_it_alike() {
    for number in 0..=5 {
        let bytes = plain().dumps(Protocol::try_from(number).expect("a protocol")).expect("dumps");
        let script = format!(
            "import sys, pickle, collections
data = sys.stdin.buffer.read()
value = pickle.loads(data)
assert value['ints'] == [0, 255, 256, 65535, 65536, -1, -2**63, 2**64 - 1, 2**127 - 1]
assert value['text'][1:3] == ['\\xe9\\U0001f600', 'line\\nbreak\\\\u0041']
assert value['bytes'] == [b'', b'\\x00\\xff', bytes([7]) * 70000]
assert value['bytearrays'] == [bytearray(), bytearray(b'\\x80a')]
assert value[1, 'key'][0] is value[1, 'key'][1]
assert value['sets'] == [set(), {{1, 'a'}}] and value['frozen'] == frozenset([2, (3,)])
assert value['list'] == list(range(2500)) and value['dict'] == {{n: n for n in range(1001)}}
assert value['global'] is collections.OrderedDict
sys.stdout.buffer.write(pickle.dumps(value, {number}))"
        );
        let Some(again) = python(&script, &bytes) else { return };
        let again = Value::loads(&again).expect("what Python wrote");
        for key in ["none", "bools", "ints", "floats", "text", "tuples", "list", "dict"] {
            assert_eq!(again.get(key), plain().get(key), "{key} by protocol {number}");
        }
        if number == 5 {
            assert_eq!(again, plain());
        }
    }
}

#[test]
fn values_built_here_have_the_bytes_of_the_c_pickler() {
    let value = Value::dict([
        (value!("list"), Value::from((0..1001).collect::<Vec<i64>>())),
        (value!("one"), value!([1])),
        (value!("dict"), Value::dict((0..1001).map(|n| (value!(n), value!(n))))),
        (value!("tuple"), value!((1, 2.5, "x", null, true))),
        (value!("big"), value!("y".repeat(100_000))),
        (value!("bytes"), value!(vec![1_u8; 66_000].as_slice())),
        (value!("frozen"), Value::frozenset([value!(7)])),
        (value!("set"), Value::set((0..1000).map(|n| value!(n)))),
    ]);
    for number in 3..=5 {
        let script = format!(
            "import sys, pickle
value = {{'list': list(range(1001)), 'one': [1], 'dict': {{n: n for n in range(1001)}},
    'tuple': (1, 2.5, 'x', None, True), 'big': 'y' * 100000, 'bytes': bytes([1]) * 66000,
    'frozen': frozenset([7]), 'set': set(range(1000))}}
sys.stdout.buffer.write(pickle.dumps(value, {number}))"
        );
        let bytes = value.dumps(Protocol::try_from(number).expect("a protocol")).expect("dumps");
        let Some(expected) = python(&script, b"") else { return };
        let differs = bytes.iter().zip(&expected).position(|(a, b)| a != b);
        assert!(
            bytes == expected,
            "protocol {number}: {differs:?}, {} {}",
            bytes.len(),
            expected.len()
        );
    }
}
