//! Nothing in the input can panic, hang, overflow the stack, leak, or allocate out of proportion.
#![forbid(unsafe_code)]

mod support;

use std::thread;

use pickle::{ErrorKind, Limits, Pickle, Unpickler, dumps, loads};
use support::samples::{Account, SAMPLES, Tree};

#[test]
fn every_prefix_is_an_error() {
    for sample in SAMPLES {
        let bytes = (sample.dump)();
        for length in (0..bytes.len()).step_by(step(bytes.len())) {
            let loaded = (sample.load)(&bytes[..length]);
            assert!(loaded.is_err(), "{} cut to {length} bytes loads", sample.name);
        }
    }
}

#[test]
fn every_changed_byte_gives_an_error_or_a_value() {
    for sample in SAMPLES {
        let mut bytes = (sample.dump)();
        // What is known of a type is computed once, and stays.
        assert!((sample.load)(&bytes).unwrap());
        let large = 64 * bytes.len() as u64 + (1 << 20);
        for index in (0..bytes.len()).step_by(step(bytes.len())) {
            let right = bytes[index];
            for wrong in [right ^ 1, right ^ 0x80, !right, 0, 0x7f, 0xff] {
                bytes[index] = wrong;
                let used = allocation_counter::measure(|| drop((sample.load)(&bytes)));
                assert!(
                    used.bytes_max <= large,
                    "{}: byte {index} as {wrong} allocates {} bytes",
                    sample.name,
                    used.bytes_max
                );
                // How to read a schema that no type has is remembered for a few schemas, which other
                // tests push out. What leaks does so each time.
                let mut used =
                    std::iter::once(used.bytes_current).chain(std::iter::repeat_with(|| {
                        allocation_counter::measure(|| drop((sample.load)(&bytes))).bytes_current
                    }));
                let leaks = used.by_ref().take(8).all(|bytes| bytes != 0);
                assert!(!leaks, "{}: byte {index} as {wrong} leaks", sample.name);
            }
            bytes[index] = right;
        }
    }
}

/// All bytes of small pickles, a sample of large ones.
fn step(length: usize) -> usize {
    (length / 700).max(1)
}

#[test]
fn a_changed_byte_under_a_checksum_is_always_an_error() {
    let sample = SAMPLES.iter().find(|sample| sample.name == "checksum").unwrap();
    let mut bytes = (sample.dump)();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            bytes[index] ^= 1 << bit;
            assert!((sample.load)(&bytes).is_err(), "bit {bit} of byte {index}");
            bytes[index] ^= 1 << bit;
        }
    }
}

#[derive(Debug, Pickle)]
struct Link {
    next: Option<Box<Link>>,
}

/// A pickle of a chain of `depth` links, made without recursion: the schema and header of a real
/// one, and a tail of tags.
fn deep_links(depth: usize) -> Vec<u8> {
    let short = dumps(&Link { next: None }).unwrap();
    // The payload of one link is tail length 0, text length 0, tag 0.
    let (front, payload) = short.split_at(short.len() - 3);
    assert_eq!(payload, [0, 0, 0]);
    let mut body = Vec::new();
    varint(&mut body, depth);
    varint(&mut body, 0);
    body.extend(std::iter::repeat_n(1, depth));
    body.push(0);
    let mut bytes = front[..3].to_vec();
    varint(&mut bytes, body.len());
    bytes.extend(&front[4..]);
    bytes.extend(body);
    bytes
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn the_deep_input_of_these_tests_is_well_formed() {
    let loaded: Link = loads(&deep_links(100)).unwrap();
    let links = std::iter::successors(Some(&loaded), |link| link.next.as_deref());
    assert_eq!(links.count(), 101);
}

#[test]
fn a_deeply_nested_input_is_an_error_on_a_small_stack() {
    on_a_small_stack(|| {
        let error = loads::<Link>(&deep_links(100_000)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Depth { limit: 128 }), "{error}");
    });
}

#[test]
fn a_deeply_nested_value_is_an_error_on_a_small_stack() {
    on_a_small_stack(|| {
        let mut link = Link { next: None };
        for _ in 0..1000 {
            link = Link { next: Some(Box::new(link)) };
        }
        let error = dumps(&link).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Depth { limit: 128 }), "{error}");
    });
}

#[test]
fn a_higher_limit_admits_deeper_input() {
    let bytes = deep_links(400);
    let limits = Limits { max_depth: 500, ..Limits::DEFAULT };
    assert!(Unpickler::from_slice(&bytes).limits(limits).load::<Link>().is_ok());
    assert!(loads::<Link>(&bytes).is_err());
}

#[test]
fn a_sequence_of_nothing_is_bounded() {
    let mut bytes = dumps(&vec![(); 3]).unwrap();
    let count = bytes.len() - 4;
    assert_eq!(bytes[count..], [3, 0, 0, 0]);
    bytes[count..].copy_from_slice(&0x7fff_fffe_u32.to_le_bytes());
    let error = loads::<Vec<()>>(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "corrupt pickle: more than 16777216 elements that take no bytes (byte {count})\n\
             hint: raise `Limits::max_zero_sized` where the data is trusted"
        )
    );
}

#[test]
fn announced_lengths_allocate_nothing() {
    // A count in the stream larger than the input, for elements that take many bytes each.
    let mut bytes = dumps(&vec![[0_u64; 8]; 300]).unwrap();
    let stream = bytes.len() - 300 * 64 - 2;
    assert_eq!(bytes[stream..stream + 2], [0xac, 0x02]);
    bytes[stream..stream + 2].copy_from_slice(&[0xff, 0x7f]);
    let used = allocation_counter::measure(|| {
        assert!(loads::<Vec<[u64; 8]>>(&bytes).is_err());
    });
    assert!(used.bytes_max < 4096, "{} bytes", used.bytes_max);
}

#[test]
fn a_budget_bounds_memory() {
    let bytes = dumps(&vec![0_u64; 10_000]).unwrap();
    let limits = Limits { max_alloc_bytes: 79_999, ..Limits::DEFAULT };
    let error = Unpickler::from_slice(&bytes).limits(limits).load::<Vec<u64>>().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Memory { limit: 79_999 }), "{error}");
    let limits = Limits { max_alloc_bytes: 80_000, ..limits };
    assert!(Unpickler::from_slice(&bytes).limits(limits).load::<Vec<u64>>().is_ok());
}

#[test]
fn a_failed_load_leaks_nothing() {
    // Each cut fails at another place, with another number of values already built.
    let value = (tree_of_boxes(3), vec![String::from("text"); 200], vec![account(); 3]);
    let bytes = dumps(&value).unwrap();
    for index in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[index] ^= 0x55;
        let used = allocation_counter::measure(|| {
            drop(loads::<(Tree, Vec<String>, Vec<Account>)>(&bytes));
        });
        assert_eq!(used.bytes_current, 0, "byte {index}");
    }
}

fn account() -> Account {
    Account { owner: "Grace".into(), cents: 5 }
}

fn tree_of_boxes(depth: u32) -> Tree {
    Tree {
        name: "node".into(),
        weight: Some(1),
        children: (0..depth).map(|_| tree_of_boxes(depth - 1)).collect(),
        next: (depth > 0).then(|| Box::new(tree_of_boxes(depth - 1))),
    }
}
