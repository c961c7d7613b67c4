//! `bytes`: `bytes` in Python.

use bytes::{Bytes, BytesMut};

use crate::impls::composite::std_wrapper;
use crate::impls::prelude::*;

std_wrapper! { [] Bytes as Vec<u8>,
dump: |value| Ok::<&[u8], Error>(value), load: |bytes| Ok(Bytes::from(bytes)) }

std_wrapper! { [] BytesMut as Vec<u8>,
dump: |value| Ok::<&[u8], Error>(value), load: |bytes| Ok(BytesMut::from(&*bytes)) }
