//! `fractions.Fraction`.

use std::fmt;

use super::BigInt;
use crate::impls::prelude::*;

const FRACTION: &str = "a fraction with a denominator above 0";

/// A ratio of two integers, as Python's
/// [`fractions.Fraction`](https://docs.python.org/3/library/fractions.html). CPython writes it in
/// lowest terms; here it is kept as it is given.
///
/// ```
/// use pickle_core::python::{BigInt, Fraction};
/// let third = Fraction::new(BigInt::from(1), BigInt::from(3))?;
/// assert_eq!(third.to_string(), "1/3");
/// assert!(Fraction::new(BigInt::from(1), BigInt::from(0)).is_err());
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: BigInt,
    denominator: BigInt,
}

impl Fraction {
    /// A ratio.
    ///
    /// # Errors
    /// When the denominator is not above zero.
    pub fn new(numerator: BigInt, denominator: BigInt) -> Result<Self> {
        Self::checked(numerator, denominator).map_err(Error::expected)
    }

    /// What is above the line.
    pub fn numerator(&self) -> &BigInt {
        &self.numerator
    }

    /// What is below the line, above zero.
    pub fn denominator(&self) -> &BigInt {
        &self.denominator
    }

    fn checked(numerator: BigInt, denominator: BigInt) -> Result<Self, &'static str> {
        match denominator.is_zero() || denominator.is_negative() {
            true => Err(FRACTION),
            false => Ok(Self { numerator, denominator }),
        }
    }

    /// `1/3` or `2`, as Pythons before 3.11 pickle a fraction.
    fn of_text(text: &str) -> Result<Self> {
        const LONGEST: usize = 2 * 4300;
        if text.len() > LONGEST {
            return Err(Error::expected("a fraction of at most 8600 characters"));
        }
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        Self::new(numerator.trim().parse()?, denominator.trim().parse()?)
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator == BigInt::from(1) {
            true => self.numerator.fmt(f),
            false => write!(f, "{}/{}", self.numerator, self.denominator),
        }
    }
}

std_struct! { [] Fraction,
    "Fraction" as "fractions.Fraction" { numerator: BigInt, denominator: BigInt },
    dump: |value| (&value.numerator, &value.denominator),
    load: Fraction::checked(numerator, denominator),
    save: save_fraction, restore: restore_fraction
}

fn save_fraction(value: &Fraction, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("fractions", "Fraction", 2, |saver| {
        value.numerator.save(saver)?;
        value.denominator.save(saver)
    })
}

fn restore_fraction(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Fraction>> {
    let Some(made) = restorer.made_by(id, "fractions", "Fraction") else { return Ok(None) };
    let fraction = match *made.args {
        [numerator, denominator] => Fraction::new(
            BigInt::restore(numerator, restorer)?,
            BigInt::restore(denominator, restorer)?,
        ),
        [text] if matches!(restorer.node(text), crate::graph::Node::Str(_)) => {
            Fraction::of_text(restorer.text(text)?)
        }
        [numerator] => Fraction::new(BigInt::restore(numerator, restorer)?, BigInt::from(1)),
        _ => return Ok(None),
    };
    fraction.map(Some).map_err(|error| restorer.at(id, error))
}
