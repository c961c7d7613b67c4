//! Compressed pickles load wherever owned values do, and hostile ones are errors.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use pickle_core::{
    Compression, ErrorKind, Limits, Pickle, Pickler, Protocol, Unpickler, Value, decompress, dumps,
    load, loads, to_value,
};

const BOTH: [(&str, Compression); 2] = [("zstd", Compression::Zstd(3)), ("lz4", Compression::Lz4)];

type Lines = Vec<(u32, String)>;

fn lines() -> Lines {
    (0..300).map(|number| (number, format!("GET /page/{} 200", number % 7))).collect()
}

fn compressed<T: Pickle + ?Sized>(value: &T, compression: Compression) -> Vec<u8> {
    let mut out = Vec::new();
    Pickler::new(&mut out).compression(compression).dump(value).unwrap();
    out
}

/// A frame by hand.
fn frame(algorithm: u8, size: u64, data: &[u8]) -> Vec<u8> {
    [&[0xfc, 1, algorithm], &varint(size)[..], &varint(data.len() as u64), data].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

#[test]
fn a_compressed_pickle_is_smaller_and_loads() {
    let plain = dumps(&lines()).unwrap();
    for (name, compression) in BOTH {
        let small = compressed(&lines(), compression);
        assert!(small.len() * 4 < plain.len(), "{name}: {} of {}", small.len(), plain.len());
        assert_eq!(load::<Lines>(&mut small.as_slice()).unwrap(), lines());
        assert_eq!(Value::loads(&small).unwrap(), to_value(&lines()).unwrap());
        assert_eq!(Value::load(&mut small.as_slice()).unwrap(), to_value(&lines()).unwrap());
    }
}

#[test]
fn what_does_not_become_smaller_is_written_as_it_is() {
    for (_, compression) in BOTH {
        assert_eq!(compressed(&7_u8, compression), dumps(&7_u8).unwrap());
    }
}

#[test]
fn values_borrow_from_what_was_decompressed() {
    for (_, compression) in BOTH {
        let small = compressed(&lines(), compression);
        assert_eq!(
            loads::<Lines>(&small).unwrap_err().to_string(),
            "a compressed pickle has no bytes to borrow from (byte 0)\n\
             hint: `load` and `Unpickler::new` read it, or `decompress` it first"
        );
        let pickle = decompress(&small, &Limits::DEFAULT).unwrap();
        let borrowed: Vec<(u32, &str)> = loads(&pickle).unwrap();
        assert_eq!(borrowed[8], (8, "GET /page/1 200"));
        assert_eq!(*decompress(&pickle, &Limits::DEFAULT).unwrap(), *pickle);
    }
}

#[test]
fn pickles_in_a_row_are_read_to_their_ends_and_share_objects() {
    let text = Rc::new("long enough to be compressed ".repeat(9));
    let mut file = Vec::new();
    let mut pickler = Pickler::new(&mut file).compression(Compression::Zstd(19));
    for _ in 0..2 {
        pickler.dump(&vec![Rc::clone(&text); 20]).unwrap();
    }
    pickler.dump(&1_u8).unwrap();
    let mut unpickler = Unpickler::new(file.as_slice());
    let first: Vec<Rc<String>> = unpickler.load().unwrap();
    let second: Vec<Rc<String>> = unpickler.load().unwrap();
    assert_eq!(first[0], text);
    assert!(Rc::ptr_eq(&first[0], &second[19]));
    assert_eq!(unpickler.load::<u8>().unwrap(), 1);
}

#[test]
fn pythons_protocols_are_not_compressed() {
    let mut out = Vec::new();
    let mut pickler = Pickler::new(&mut out).protocol(Protocol::V4).compression(Compression::Lz4);
    let text = "only native pickles are compressed: Python would not read others";
    assert!(pickler.dump(&lines()).unwrap_err().to_string().contains(text));
    assert!(Compression::Zstd(3).compress(b"K\x01.").unwrap_err().to_string().contains(text));
    assert_eq!(out, b"");
}

#[test]
fn every_prefix_is_an_error_and_so_are_bytes_behind() {
    for (_, compression) in BOTH {
        let mut small = compressed(&lines(), compression);
        for end in 0..small.len() {
            assert!(load::<Lines>(&mut &small[..end]).is_err());
            assert!(Value::loads(&small[..end]).is_err());
            assert!(end == 0 || decompress(&small[..end], &Limits::DEFAULT).is_err());
        }
        small.push(0);
        let error = Value::loads(&small).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TrailingBytes { count: 1 }), "{error}");
        assert!(decompress(&small, &Limits::DEFAULT).is_err());
    }
}

#[test]
fn a_changed_bit_is_an_error_or_gives_a_value() {
    for (_, compression) in BOTH {
        let mut out = Vec::new();
        Pickler::new(&mut out).checksum(true).compression(compression).dump(&lines()).unwrap();
        for bit in 0..out.len() * 8 {
            out[bit / 8] ^= 1 << (bit % 8);
            // The checksum is over the pickle, so what loads is what was dumped.
            if let Ok(found) = load::<Lines>(&mut out.as_slice()) {
                assert_eq!(found, lines());
            }
            out[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn what_readers_would_take_for_a_bomb_is_not_compressed() {
    for (_, compression) in BOTH {
        let small = compressed(&vec![0_u8; 200 << 10], compression);
        assert!(small.len() < 2 << 10);
        assert_eq!(load::<Vec<u8>>(&mut small.as_slice()).unwrap(), vec![0; 200 << 10]);
    }
    let zeros = vec![0_u8; 8 << 20];
    assert!(compressed(&zeros, Compression::Zstd(3)) == dumps(&zeros).unwrap());
    // What LZ4 makes of it is below the ratio.
    let small = compressed(&zeros, Compression::Lz4);
    assert!(small.len() < 40 << 10);
    assert!(load::<Vec<u8>>(&mut small.as_slice()).unwrap() == zeros);
}

#[test]
fn a_bomb_is_found_before_it_is_decompressed() {
    let zeros = vec![0_u8; 64 << 20];
    let pickle = dumps(&zeros).unwrap();
    let small = frame(1, pickle.len() as u64, &zstd::bulk::compress(&pickle, 1).unwrap());
    assert!(small.len() < 16 << 10);
    let error = load::<Vec<u8>>(&mut small.as_slice()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Memory { .. }), "{error}");
    assert!(error.to_string().contains("`Limits::max_alloc_ratio`"), "{error}");
    let limits = Limits { max_alloc_ratio: u32::MAX, ..Limits::DEFAULT };
    let load = |limits| Unpickler::new(small.as_slice()).limits(limits).load::<Vec<u8>>();
    assert!(load(limits).unwrap() == zeros);
    // The pickle is charged to the same budget as the value.
    let limits = Limits { max_alloc_bytes: 100 << 20, ..limits };
    let error = load(limits).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Memory { .. }), "{error}");
}

#[test]
fn a_frame_that_lies_about_its_size_is_damaged() {
    let pickle = dumps(&vec![7_u8; 3000]).unwrap();
    let limits = Limits { max_alloc_ratio: u32::MAX, ..Limits::DEFAULT };
    for (algorithm, (_, compression)) in (1..).zip(BOTH) {
        let whole = compression.compress(&pickle).unwrap();
        let size = pickle.len() as u64;
        // Its length takes one byte: it is well compressed.
        let data = &whole[3 + varint(size).len() + 1..];
        let honest = frame(algorithm, size, data);
        assert_eq!(*honest, *whole);
        assert_eq!(*decompress(&honest, &limits).unwrap(), *pickle);
        for size in [0, 1, size - 1, size + 1, 1 << 30, 1 << 36] {
            let error = decompress(&frame(algorithm, size, data), &limits).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{size}: {error}");
        }
        let longer = frame(algorithm, size, &[data, &[0]].concat());
        assert!(decompress(&longer, &limits).is_err());
    }
}

#[test]
fn what_is_in_a_frame_is_a_native_pickle() {
    let once = compressed(&lines(), Compression::Lz4);
    assert!(Compression::Lz4.compress(&once).is_err());
    for inner in [&once[..], b"K\x01.", b""] {
        let data = lz4_flex::block::compress(inner);
        let error = decompress(&frame(2, inner.len() as u64, &data), &Limits::DEFAULT).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}");
    }
}

#[test]
fn a_later_version_and_another_algorithm_are_named() {
    let small = compressed(&lines(), Compression::Lz4);
    let error = |at: usize, byte| {
        let mut other = small.clone();
        other[at] = byte;
        load::<Lines>(&mut other.as_slice()).unwrap_err().to_string()
    };
    assert!(error(1, 2).contains("of version 2, known is 1"), "{}", error(1, 2));
    assert!(error(2, 9).contains("compression by algorithm 9"), "{}", error(2, 9));
}

/// Made once by each algorithm; other versions of it may compress otherwise.
#[test]
fn what_was_compressed_once_loads() {
    for (name, compression) in BOTH {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compressed-1").join(name);
        if std::env::var_os("GOLDEN").is_some_and(|value| value == "add") && !path.exists() {
            fs::write(&path, compressed(&lines(), compression)).unwrap();
        }
        let golden = fs::read(&path).unwrap();
        assert_eq!(golden[..3], compressed(&lines(), compression)[..3]);
        assert_eq!(load::<Lines>(&mut golden.as_slice()).unwrap(), lines());
    }
}
