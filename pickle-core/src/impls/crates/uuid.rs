//! `uuid`: `uuid.UUID` in Python.

use uuid::Uuid;

use crate::impls::composite::std_wrapper;
use crate::impls::prelude::*;
use crate::python;

std_wrapper! { [] Uuid as python::Uuid,
    dump: |value| Ok::<_, Error>(&python::Uuid::from_bytes(*value.as_bytes())),
    load: |inner| Ok(Uuid::from_bytes(*inner.as_bytes()))
}
