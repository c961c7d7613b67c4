//! `num-rational`: `fractions.Fraction` in Python.

use std::str::FromStr;

use num_integer::Integer;
use num_rational::Ratio;

use crate::impls::prelude::*;
use crate::python::Fraction;

const RATIO: &str = "a ratio with a denominator above 0 that fits its type";

fn checked<T: Integer + Clone>(numer: T, denom: T) -> Result<Ratio<T>, &'static str> {
    if denom > T::zero() { Ok(Ratio::new(numer, denom)) } else { Err(RATIO) }
}

fn save_ratio<T: Pickle>(value: &Ratio<T>, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("fractions", "Fraction", 2, |saver| {
        value.numer().save(saver)?;
        value.denom().save(saver)
    })
}

fn restore_ratio<'de, T: Unpickle<'de> + Integer + Clone + FromStr>(
    id: NodeId,
    restorer: &mut Restorer<'_, 'de>,
) -> Result<Option<Ratio<T>>> {
    let Some(made) = restorer.made_by(id, "fractions", "Fraction") else { return Ok(None) };
    let ratio = match *made.args {
        [] => return Ok(None),
        [numer, denom] => checked(T::restore(numer, restorer)?, T::restore(denom, restorer)?),
        // As text, or alone.
        _ => {
            let fraction = Fraction::restore(id, restorer)?;
            let parts = (fraction.numerator().to_string(), fraction.denominator().to_string());
            match (parts.0.parse(), parts.1.parse()) {
                (Ok(numer), Ok(denom)) => checked(numer, denom),
                _ => Err(RATIO),
            }
        }
    };
    ratio.map(Some).map_err(|expected| restorer.invalid(id, expected))
}

macro_rules! ratios {
    ($($type:ty,)*) => {$(
        std_struct! { [] Ratio<$type>,
            "Ratio" as "fractions.Fraction" { numerator: $type, denominator: $type },
            dump: |value| (value.numer(), value.denom()),
            load: checked(numerator, denominator),
            save: save_ratio, restore: restore_ratio
        }
    )*};
}

ratios! { i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, }

#[cfg(feature = "num-bigint")]
ratios! { num_bigint::BigInt, num_bigint::BigUint, }
