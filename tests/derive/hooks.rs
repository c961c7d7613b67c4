//! `getstate`, `setstate`, `after_load`, `with`.

use std::sync::atomic::{AtomicU32, Ordering};

use super::round_trip;
use pickle::{Pickle, dumps, loads};

thread_local! {
    /// Of this thread, since tests run side by side.
    static CONSTRUCTED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

type Report = Box<dyn Fn(&[f64]) -> String>;

/// Holds data, a closure, and a flag; only the data is pickled.
#[derive(Pickle)]
#[pickle(getstate = A::state, setstate = A::from_state)]
struct A {
    important_data: Vec<f64>,
    report: Report,
    is_up_to_date: bool,
}

impl A {
    fn new(important_data: Vec<f64>) -> Self {
        CONSTRUCTED.set(CONSTRUCTED.get() + 1);
        Self {
            important_data,
            report: Box::new(|data| data.len().to_string()),
            is_up_to_date: true,
        }
    }

    fn state(&self) -> &[f64] {
        &self.important_data
    }

    fn from_state(important_data: Vec<f64>) -> Result<Self, String> {
        if important_data.iter().any(|number| number.is_nan()) {
            return Err("important data is never NaN".into());
        }
        let report = Box::new(|data: &[f64]| format!("loaded: {}", data.len()));
        Ok(Self { important_data, report, is_up_to_date: false })
    }
}

#[test]
fn setstate_rebuilds_an_object_without_its_constructor() {
    let a = A::new(vec![1.0, 2.5]);
    assert_eq!((a.report)(&a.important_data), "2");
    let constructed = CONSTRUCTED.get();
    let loaded: A = loads(&dumps(&a).unwrap()).unwrap();
    assert_eq!(loaded.important_data, a.important_data);
    assert_eq!((loaded.report)(&loaded.important_data), "loaded: 2");
    assert!(a.is_up_to_date && !loaded.is_up_to_date);
    assert_eq!(CONSTRUCTED.get(), constructed);
}

#[test]
fn the_error_of_a_setstate_arrives_with_its_path() {
    #[derive(Pickle)]
    struct Report {
        parts: Vec<A>,
    }
    let parts = vec![A::new(vec![]), A::new(vec![f64::NAN])];
    let bytes = dumps(&Report { parts }).unwrap();
    let error = loads::<Report>(&bytes).map(|report| report.parts.len()).unwrap_err();
    assert_eq!(error.path(), "Report.parts[1]");
    let text = error.to_string();
    assert!(text.starts_with("important data is never NaN at Report.parts[1] (byte "), "{text}");
}

#[test]
fn objects_with_hooks_survive_in_blocks() {
    let many: Vec<A> = (0..200).map(|index| A::new(vec![f64::from(index); 3])).collect();
    let loaded: Vec<A> = loads(&dumps(&many).unwrap()).unwrap();
    assert!(many.iter().zip(&loaded).all(|(a, b)| a.important_data == b.important_data));
    assert_eq!(loaded.len(), 200);
}

/// Fails where a sensor was never calibrated.
#[derive(Pickle, Debug, PartialEq)]
#[pickle(getstate = Self::state, setstate = sensor)]
enum Sensor {
    Calibrated(f32),
    Raw,
}

impl Sensor {
    fn state(&self) -> Result<(&'static str, f32), std::fmt::Error> {
        match self {
            Self::Calibrated(factor) => Ok(("calibrated", *factor)),
            Self::Raw => Err(std::fmt::Error),
        }
    }
}

fn sensor((_, factor): (String, f32)) -> Sensor {
    Sensor::Calibrated(factor)
}

#[test]
fn a_getstate_may_fail_and_an_enum_may_have_one() {
    round_trip(vec![Sensor::Calibrated(0.5), Sensor::Calibrated(2.0)]);
    let error = dumps(&vec![Sensor::Calibrated(0.5), Sensor::Raw]).unwrap_err();
    assert_eq!(error.path(), "[1]");
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(getstate = Generic::state, setstate = Generic::from_state)]
struct Generic<T> {
    items: Vec<T>,
}

impl<T> Generic<T> {
    fn state(&self) -> &Vec<T> {
        &self.items
    }

    fn from_state(items: Vec<T>) -> Self {
        Self { items }
    }
}

#[test]
fn hooks_of_generic_types_bind_the_parameters() {
    round_trip(Generic {
        items: vec![Generic { items: vec![1_u8, 2] }, Generic { items: vec![] }],
    });
}

#[test]
fn a_state_is_dumped_once_even_when_getstate_counts() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[derive(Pickle)]
    #[pickle(getstate = Counter::state, setstate = Counter)]
    struct Counter(u32);
    impl Counter {
        fn state(&self) -> u32 {
            self.0 + CALLS.fetch_add(1, Ordering::Relaxed)
        }
    }
    let bytes = dumps(&[Counter(10), Counter(20)]).unwrap();
    let [first, second]: [Counter; 2] = loads(&bytes).unwrap();
    assert_eq!((first.0, second.0), (10, 21));
    assert_eq!(CALLS.load(Ordering::Relaxed), 2);
}

#[test]
fn hooks_that_disagree_are_an_error_and_not_a_misread_pickle() {
    #[derive(Pickle)]
    #[pickle(getstate = Torn::state, setstate = Torn::from_state)]
    struct Torn(u32);
    impl Torn {
        fn state(&self) -> u32 {
            self.0
        }
        fn from_state(number: f32) -> Self {
            Self(number as u32)
        }
    }
    let error = dumps(&Torn(1)).unwrap_err();
    let text = "this pickle holds u32, not f32\n\
                hint: `getstate` gives u32, so `setstate` must take that, not f32";
    assert_eq!(error.to_string(), text);
}

#[derive(Pickle, Debug, PartialEq, Default)]
#[pickle(after_load = Index::build)]
struct Index {
    words: Vec<String>,
    #[pickle(skip)]
    longest: usize,
}

impl Index {
    fn build(&mut self) {
        self.longest = self.words.iter().map(String::len).max().unwrap_or(0);
    }
}

#[derive(Pickle, Debug, PartialEq, Clone, Copy)]
#[pickle(after_load = Percent::check)]
struct Percent(u8);

impl Percent {
    fn check(&mut self) -> Result<(), String> {
        if self.0 > 100 { Err(format!("{} is more than 100 %", self.0)) } else { Ok(()) }
    }
}

#[derive(Pickle, Debug, PartialEq, Clone, Copy)]
#[pickle(after_load = Level::cap)]
enum Level {
    Low,
    High,
}

impl Level {
    fn cap(&mut self) {
        *self = Self::Low;
    }
}

#[test]
fn after_load_finishes_what_was_loaded() {
    round_trip(Index { words: vec!["a".into(), "four".into()], longest: 4 });
    assert_eq!(
        loads::<Vec<Level>>(&dumps(&[Level::High; 3][..]).unwrap()).unwrap(),
        [Level::Low; 3]
    );
}

#[test]
fn after_load_may_refuse_and_is_asked_for_each_element() {
    round_trip(vec![Percent(100); 50]);
    let bytes = dumps(&vec![Percent(7), Percent(101)]).unwrap();
    let error = loads::<Vec<Percent>>(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "101 is more than 100 % at [1]");
}

/// A type of someone else's.
mod foreign {
    #[derive(Debug, PartialEq, Clone, Copy)]
    pub(super) struct Celsius {
        pub(super) tenths: i32,
    }
}

mod celsius {
    use super::foreign::Celsius;

    pub(super) fn getstate(celsius: &Celsius) -> i32 {
        celsius.tenths
    }

    pub(super) fn setstate(tenths: i32) -> Result<Celsius, String> {
        if tenths < -2731 { Err("colder than cold".into()) } else { Ok(Celsius { tenths }) }
    }
}

#[derive(Pickle, Debug, PartialEq)]
struct Weather {
    place: String,
    #[pickle(with = celsius)]
    celsius: foreign::Celsius,
    wind: Wind,
}

#[derive(Pickle, Debug, PartialEq)]
enum Wind {
    Calm,
    Chill(#[pickle(with = celsius)] foreign::Celsius, u8),
}

#[test]
fn a_foreign_type_travels_with_a_module() {
    let celsius = foreign::Celsius { tenths: -105 };
    round_trip(vec![
        Weather { place: "A".into(), celsius, wind: Wind::Calm },
        Weather { place: "B".into(), celsius, wind: Wind::Chill(celsius, 9) },
    ]);
    let celsius = foreign::Celsius { tenths: -9999 };
    let bytes = dumps(&Weather { place: String::new(), celsius, wind: Wind::Calm }).unwrap();
    let error = loads::<Weather>(&bytes).unwrap_err();
    assert_eq!(error.path(), "Weather.celsius");
}

#[derive(Pickle)]
#[pickle(getstate = Outgoing::state, pickle_only)]
struct Outgoing {
    file: std::fs::File,
}

impl Outgoing {
    fn state(&self) -> Result<u64, std::io::Error> {
        self.file.metadata().map(|metadata| metadata.len())
    }
}

#[derive(Pickle)]
#[pickle(pickle_only)]
struct Log {
    target: &'static str,
    lines: Vec<&'static str>,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(unpickle_only, class = "derive.Log")]
struct LoadedLog {
    target: String,
    #[pickle(alias = "rows")]
    lines: Vec<String>,
}

#[test]
fn one_direction_is_enough() {
    let log = Log { target: "t", lines: vec!["a", "b"] };
    let bytes = dumps(&log).unwrap();
    let loaded: LoadedLog = loads(&bytes).unwrap();
    assert_eq!(loaded, LoadedLog { target: "t".into(), lines: vec!["a".into(), "b".into()] });
    let file = std::env::current_exe().and_then(std::fs::File::open).unwrap();
    assert!(dumps(&Outgoing { file }).is_ok());
}
