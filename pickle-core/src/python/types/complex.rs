//! `complex`.

use std::fmt;

use crate::graph;
use crate::impls::prelude::*;
use crate::python::float_repr;

/// A complex number, as Python's `complex`.
///
/// ```
/// use pickle_core::python::Complex;
/// assert_eq!(Complex { re: 4.0, im: 6.0 }.to_string(), "(4+6j)");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

/// A float as it stands in a complex number: without `.0`.
fn part(value: f64) -> String {
    let mut text = float_repr(value);
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}

impl fmt::Display for Complex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let im = part(self.im);
        if self.re == 0.0 && self.re.is_sign_positive() {
            return write!(f, "{im}j");
        }
        let sign = if im.starts_with('-') { "" } else { "+" };
        write!(f, "({}{sign}{im}j)", part(self.re))
    }
}

std_struct! { [] Complex, "Complex" as "builtins.complex" { re: f64, im: f64 },
    dump: |value| (value.re, value.im),
    load: Ok(Complex { re, im }),
    save: save_complex, restore: restore_complex
}

fn save_complex(value: &Complex, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("builtins", "complex", 2, |saver| {
        saver.float(value.re);
        saver.float(value.im);
        Ok(())
    })
}

fn restore_complex(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Complex>> {
    if let graph::Node::Float(_) | graph::Node::Int(_) = restorer.node(id) {
        return Ok(Some(Complex { re: restorer.float(id)?, im: 0.0 }));
    }
    let Some(made) = restorer.made_by(id, "builtins", "complex") else { return Ok(None) };
    let [re, im] = match *made.args {
        [re] => [restorer.float(re)?, 0.0],
        [re, im] => [restorer.float(re)?, restorer.float(im)?],
        _ => return Ok(None),
    };
    Ok(Some(Complex { re, im }))
}
