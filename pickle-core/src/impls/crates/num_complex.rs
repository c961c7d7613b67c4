//! `num-complex`: `complex` in Python.

use num_complex::Complex;

use crate::impls::prelude::*;
use crate::python;

std_struct! { [] Complex<f64>, "Complex" as "builtins.complex" { re: f64, im: f64 },
    dump: |value| (value.re, value.im),
    load: Ok(Complex { re, im }),
    save: save_double, restore: restore_double
}

std_struct! { [] Complex<f32>, "Complex" as "builtins.complex" { re: f32, im: f32 },
    dump: |value| (value.re, value.im),
    load: Ok(Complex { re, im }),
    save: save_single, restore: restore_single
}

fn save_double(value: &Complex<f64>, saver: &mut Saver<'_>) -> Result<()> {
    python::Complex { re: value.re, im: value.im }.save(saver)
}

fn save_single(value: &Complex<f32>, saver: &mut Saver<'_>) -> Result<()> {
    python::Complex { re: value.re.into(), im: value.im.into() }.save(saver)
}

fn restore_double(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Complex<f64>>> {
    if restorer.made_by(id, "builtins", "complex").is_some_and(|made| made.args.is_empty()) {
        return Ok(None); // one that another version of the type was pickled from
    }
    let value = python::Complex::restore(id, restorer)?;
    Ok(Some(Complex { re: value.re, im: value.im }))
}

fn restore_single(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Complex<f32>>> {
    let Some(value) = restore_double(id, restorer)? else { return Ok(None) };
    let single = Complex { re: value.re as f32, im: value.im as f32 };
    let fits = |double: f64, single: f32| double.is_infinite() || !single.is_infinite();
    match fits(value.re, single.re) && fits(value.im, single.im) {
        true => Ok(Some(single)),
        false => Err(restorer.invalid(id, "a complex number of two f32 (up to 3.4028235e38)")),
    }
}
