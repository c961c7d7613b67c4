//! Objects that hold more than their data: `getstate` says what is pickled, `setstate` rebuilds the
//! rest. The constructor is never called.
//!
//! ```sh
//! cargo run --example getstate_setstate
//! ```

use std::sync::atomic::{AtomicU32, Ordering};

use pickle::{Pickle, dumps, loads};

static CONSTRUCTED: AtomicU32 = AtomicU32::new(0);

/// Turns the data into text. A closure cannot be pickled.
type Report = Box<dyn Fn(&[f64]) -> String>;

/// Some data worth keeping, and two things that cannot or should not be pickled.
#[derive(Pickle)]
#[pickle(getstate = A::state, setstate = A::from_state)]
struct A {
    important_data: Vec<f64>,
    report: Report,
    is_up_to_date: bool,
}

impl A {
    fn new(important_data: Vec<f64>) -> Self {
        CONSTRUCTED.fetch_add(1, Ordering::Relaxed);
        Self { important_data, report: Box::new(describe), is_up_to_date: true }
    }

    /// Only the data is pickled. The state may borrow from the object.
    fn state(&self) -> &[f64] {
        &self.important_data
    }

    /// Puts an object together around the data. A loaded one is not up to date.
    fn from_state(important_data: Vec<f64>) -> Result<Self, String> {
        if let Some(bad) = important_data.iter().find(|number| number.is_nan()) {
            return Err(format!("important data is never {bad}"));
        }
        Ok(Self { important_data, report: Box::new(describe), is_up_to_date: false })
    }
}

fn describe(data: &[f64]) -> String {
    format!("{} numbers, {} in all", data.len(), data.iter().sum::<f64>())
}

fn main() -> Result<(), pickle::Error> {
    let a = A::new(vec![1.0, 2.5, 4.0]);
    println!("before: {}; up to date: {}", (a.report)(&a.important_data), a.is_up_to_date);

    let bytes = dumps(&a)?;
    let b: A = loads(&bytes)?;
    println!("after:  {}; up to date: {}", (b.report)(&b.important_data), b.is_up_to_date);
    assert_eq!(b.important_data, a.important_data);
    assert!(!b.is_up_to_date);

    let constructed = CONSTRUCTED.load(Ordering::Relaxed);
    println!("{} bytes; the constructor ran {constructed} time, for the first object", bytes.len());
    assert_eq!(constructed, 1);

    // A `setstate` that refuses: its error arrives with the path to the object.
    let refused = loads::<(u8, A)>(&dumps(&(7_u8, A::new(vec![f64::NAN])))?).err();
    println!("refused: {}", refused.expect("`setstate` refuses NaN"));
    Ok(())
}
