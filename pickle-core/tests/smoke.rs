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
