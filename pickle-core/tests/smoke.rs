//! Smoke.
use pickle_core::{Pickle, UnpickleOwned, dumps, loads};
fn trip<T: Pickle + UnpickleOwned + PartialEq + std::fmt::Debug>(v: T) {
    let b = dumps(&v).unwrap();
    assert_eq!(loads::<T>(&b).unwrap(), v);
}
#[test]
fn round() {
    trip(1u8);
    trip(String::from("héllo"));
    trip(vec![1u32; 5]);
    trip(vec![1u64; 10000]);
    trip((1u8, 2u16, String::from("x"), vec![vec![String::from("a")], vec![]]));
    trip((0..1000).map(|i| format!("item {i}")).collect::<Vec<_>>());
    trip(
        (0..1000)
            .map(|i| (i as u8, format!("item {i}"), Some([i as u64; 20]), None::<u8>))
            .collect::<Vec<_>>(),
    );
    trip("x".repeat(100_000));
    trip(Some(Box::new((1u8, true, 'x', [[1u8; 3]; 2]))));
    trip(vec![true, false, true]);
    trip(vec![(true, 1u8); 40000]);
    trip(());
}

#[test]
fn depth_agrees_in_blocks() {
    // A list in the stream below boxes: dumping and loading count the same levels.
    use pickle_core::{Limits, Pickler, Unpickler};
    let value = Box::new(Box::new(vec![String::from("x"); 65]));
    for max_depth in 0..6 {
        let limits = Limits { max_depth, ..Limits::DEFAULT };
        let mut out = Vec::new();
        let dumped = Pickler::new(&mut out).limits(limits).dump(&value).is_ok();
        let bytes = dumps(&value).unwrap();
        let loaded =
            Unpickler::from_slice(&bytes).limits(limits).load::<Box<Box<Vec<String>>>>().is_ok();
        assert_eq!(dumped, loaded, "{max_depth}");
    }
}
