//! `rust_decimal`: `decimal.Decimal` in Python.

use rust_decimal::Decimal;

use crate::impls::prelude::*;
use crate::python;

const RANGE: &str = "a finite decimal of 96 bits and at most 28 digits behind the point";

std_struct! { [] Decimal, "Decimal" as "rust_decimal.Decimal" { mantissa: i128, scale: u32 },
    dump: |value| (value.mantissa(), value.scale()),
    load: Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| RANGE),
    save: save_decimal, restore: restore_decimal
}

fn save_decimal(value: &Decimal, saver: &mut Saver<'_>) -> Result<()> {
    value.to_string().parse::<python::Decimal>()?.save(saver)
}

fn restore_decimal(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Decimal>> {
    let is_int = matches!(restorer.node(id), crate::graph::Node::Int(_));
    if !is_int && restorer.made_by(id, "decimal", "Decimal").is_none() {
        return Ok(None);
    }
    let value = python::Decimal::restore(id, restorer)?;
    let found = match value.as_str().contains('E') {
        true => Decimal::from_scientific(value.as_str()),
        false => Decimal::from_str_exact(value.as_str()),
    };
    found.map(Some).map_err(|_| restorer.invalid(id, RANGE))
}
