//! `decimal.Decimal`.

use std::fmt;
use std::str::FromStr;

use crate::impls::prelude::*;

const NUMBER: &str = "a decimal number, as `1.50`, `-3E+8`, `NaN` or `Infinity`";

/// A decimal number with all its digits, as Python's
/// [`decimal.Decimal`](https://docs.python.org/3/library/decimal.html).
///
/// It is text in the form of Python's `str`: `1.50` and `1.5` are different values, as they are
/// different objects in Python.
///
/// ```
/// use pickle_core::python::Decimal;
/// let price: Decimal = "1.50".parse()?;
/// assert_eq!(price.to_string(), "1.50");
/// assert_eq!("1e100".parse::<Decimal>()?.to_string(), "1E+100");
/// assert!("one".parse::<Decimal>().is_err());
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is neither infinite nor a NaN.
    pub fn is_finite(&self) -> bool {
        !self.0.ends_with("Infinity") && !self.0.contains("NaN")
    }

    fn checked(text: &str) -> Result<Self, &'static str> {
        canonical(text).map(Self).ok_or(NUMBER)
    }
}

/// Reads what Python's constructor reads, but for digits other than ASCII's.
impl FromStr for Decimal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::checked(text).map_err(Error::expected)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The text of Python's `str` for what its constructor makes of `text`.
fn canonical(text: &str) -> Option<String> {
    let text = text.trim().replace('_', "");
    let (sign, rest) = match text.as_bytes() {
        [b'-', ..] => ("-", &text[1..]),
        [b'+', ..] => ("", &text[1..]),
        _ => ("", &*text),
    };
    let lower = rest.to_ascii_lowercase();
    if matches!(&*lower, "inf" | "infinity") {
        return Some(format!("{sign}Infinity"));
    }
    for (prefix, name) in [("nan", "NaN"), ("snan", "sNaN")] {
        if let Some(payload) = lower.strip_prefix(prefix) {
            let digits = payload.bytes().all(|byte| byte.is_ascii_digit());
            return digits.then(|| format!("{sign}{name}{}", payload.trim_start_matches('0')));
        }
    }
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
        None => (&*lower, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    Some(scientific(sign, digits, exponent))
}

/// Python's exponents are below 10^18.
fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = text.parse().ok().filter(|_| is_number);
    exponent.filter(|exponent: &i64| exponent.unsigned_abs() < 1_000_000_000_000_000_000)
}

/// The [to-scientific-string](https://speleotrove.com/decimal/daconvs.html) of the specification.
fn scientific(sign: &str, digits: &str, exponent: i64) -> String {
    let len = digits.len() as i64;
    let adjusted = exponent + len - 1;
    if exponent <= 0 && adjusted >= -6 {
        let point = len + exponent;
        return match point {
            _ if exponent == 0 => format!("{sign}{digits}"),
            1.. => {
                let (whole, fraction) = digits.split_at(point as usize);
                format!("{sign}{whole}.{fraction}")
            }
            _ => format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
        };
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E{adjusted:+}")
}

std_struct! { [] Decimal, "Decimal" as "decimal.Decimal" { text: String },
    dump: |value| (&value.0),
    load: Decimal::checked(&text),
    save: save_decimal, restore: restore_decimal
}

fn save_decimal(value: &Decimal, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("decimal", "Decimal", 1, |saver| {
        saver.fresh_str(&value.0);
        Ok(())
    })
}

fn restore_decimal(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Decimal>> {
    let text = match restorer.node(id) {
        crate::graph::Node::Int(value) => value.to_string(),
        _ => match restorer.made_by(id, "decimal", "Decimal").map(|made| made.args) {
            Some([text]) => restorer.string(*text)?,
            _ => return Ok(None),
        },
    };
    match Decimal::checked(&text) {
        Ok(value) => Ok(Some(value)),
        Err(expected) => Err(restorer.invalid(id, expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_what_python_prints() {
        for (text, printed) in [
            ("0", "0"),
            ("-0", "-0"),
            ("00.10", "0.10"),
            ("1e5", "1E+5"),
            ("1_000", "1000"),
            ("123e-5", "0.00123"),
            ("1e-7", "1E-7"),
            ("12e-8", "1.2E-7"),
            ("0e-6", "0.000000"),
            ("0e-7", "0E-7"),
            ("0e3", "0E+3"),
            ("-1.5E+3", "-1.5E+3"),
            (".5", "0.5"),
            ("5.", "5"),
            ("inf", "Infinity"),
            ("-Infinity", "-Infinity"),
            ("nan", "NaN"),
            ("sNaN012", "sNaN12"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(printed), "{text}");
            assert_eq!(canonical(printed).as_deref(), Some(printed));
        }
        for text in ["", ".", "e5", "1e", "1e+", "--1", "1 2", "NaNx", "1e1000000000000000000"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
