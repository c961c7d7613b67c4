//! Numbers, text and bytes.

use std::borrow::Cow;

use super::Restorer;
use super::special::Scalar;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Integer, Node, NodeId};
use crate::raw;

impl<'g, 'de> Restorer<'g, 'de> {
    /// An integer; a bool is none.
    ///
    /// # Errors
    /// When the node is no integer.
    pub fn integer(&self, id: NodeId) -> Result<Integer<'g>> {
        match self.graph.node(id) {
            Node::Int(value) => Ok(Integer::Small(value)),
            Node::BigInt(span) => Ok(Integer::Big(self.graph.bytes(span))),
            _ => Err(self.mismatch(id, "int")),
        }
    }

    /// An integer that fits the type.
    ///
    /// # Errors
    /// When the node is no integer or it does not fit; the error names the range.
    #[inline]
    pub fn number<T: TryFrom<i64> + TryFrom<i128>>(
        &self,
        id: NodeId,
        range: &'static str,
    ) -> Result<T> {
        if let Node::Int(value) = self.graph.node(id)
            && let Ok(value) = T::try_from(value)
        {
            return Ok(value);
        }
        let value = match self.integer(id) {
            Ok(value) => value.to_i128(),
            Err(error) => match self.scalar(id) {
                Some(Scalar::Int(value)) => Some(value),
                _ => return Err(error),
            },
        };
        let value = value.and_then(|value| T::try_from(value).ok());
        value.ok_or_else(|| self.out_of_range(id, range))
    }

    /// The error that an integer does not fit.
    #[cold]
    pub fn out_of_range(&self, id: NodeId, range: &'static str) -> Error {
        let value = match self.integer(id) {
            Ok(Integer::Big(bytes)) if bytes.len() > 64 => {
                format!("an integer of {} bytes", bytes.len())
            }
            Ok(value) => value.to_string(),
            Err(error) => return error,
        };
        self.at(id, Error::new(ErrorKind::OutOfRange { value, range: range.into() }))
    }

    /// A float, or an integer that is one exactly.
    ///
    /// # Errors
    /// When the node is neither.
    #[inline]
    pub fn float(&self, id: NodeId) -> Result<f64> {
        match self.graph.node(id) {
            Node::Float(value) => Ok(value),
            Node::Int(value) if (value as f64) as i128 == i128::from(value) => Ok(value as f64),
            Node::Int(_) | Node::BigInt(_) => {
                Err(self.out_of_range(id, "float, which does not hold it exactly"))
            }
            _ => match self.scalar(id) {
                Some(Scalar::Float(value)) => Ok(value),
                Some(Scalar::Int(value)) if (value as f64) as i128 == value => Ok(value as f64),
                _ => Err(self.mismatch(id, "float")),
            },
        }
    }

    /// A bool.
    ///
    /// # Errors
    /// When the node is none.
    pub fn bool(&self, id: NodeId) -> Result<bool> {
        match self.graph.node(id) {
            Node::Bool(value) => Ok(value),
            _ => match self.scalar(id) {
                Some(Scalar::Bool(value)) => Ok(value),
                _ => Err(self.mismatch(id, "bool")),
            },
        }
    }

    /// Text.
    ///
    /// # Errors
    /// When the node is none, or holds lone surrogates, which no `str` of Rust can.
    #[inline]
    pub fn text(&self, id: NodeId) -> Result<&'g str> {
        match self.graph.node(id) {
            Node::Str(span) => match raw::from_utf8(self.graph.bytes(span)) {
                Ok(text) => Ok(text),
                Err(_) => Err(self.surrogates(id)),
            },
            _ => Err(self.mismatch(id, "str")),
        }
    }

    /// Text that lives as long as the input.
    ///
    /// # Errors
    /// As [`text`](Self::text); and when the text is not in the input as it is, because it was
    /// escaped or encoded otherwise.
    pub fn borrowed_text(&self, id: NodeId) -> Result<&'de str> {
        let text = match self.graph.node(id) {
            Node::Str(span) => self.graph.borrowed(span),
            _ => return Err(self.mismatch(id, "str")),
        };
        match text.map(raw::from_utf8) {
            Some(Ok(text)) => Ok(text),
            Some(Err(_)) => Err(self.surrogates(id)),
            None => Err(self.not_borrowed(id, "`String` or `Cow<str>`")),
        }
    }

    #[cold]
    fn surrogates(&self, id: NodeId) -> Error {
        self.at(
            id,
            Error::new(ErrorKind::InvalidUtf8).with_hint(
                "the text holds lone surrogates, which `pickle::Value` keeps and `String` cannot",
            ),
        )
    }

    #[cold]
    fn not_borrowed(&self, id: NodeId, owned: &str) -> Error {
        let what = "the pickle does not hold these bytes as they are, so they cannot be borrowed";
        let error = Error::new(ErrorKind::Unsupported { what: what.into() });
        self.at(id, error.with_hint(format!("load into {owned}")))
    }

    /// Bytes, in any form that Python's protocols write them.
    ///
    /// # Errors
    /// When the node denotes none.
    #[inline]
    pub fn bytes(&self, id: NodeId) -> Result<Cow<'g, [u8]>> {
        match self.graph.node(id) {
            Node::Bytes(span) | Node::ByteArray(span) => Ok(Cow::Borrowed(self.graph.bytes(span))),
            Node::Buffer { index, .. } => Ok(Cow::Borrowed(self.graph.buffer(index))),
            _ => self.bytes_like(id),
        }
    }

    /// Bytes that live as long as the input, or as the buffers beside it.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); and when the bytes are not in the input as they are.
    pub fn borrowed_bytes(&self, id: NodeId) -> Result<&'de [u8]> {
        let bytes = match self.graph.node(id) {
            Node::Bytes(span) | Node::ByteArray(span) => self.graph.borrowed(span),
            Node::Buffer { index, .. } => self.graph.borrowed_buffer(index),
            _ => return Err(self.mismatch(id, "bytes")),
        };
        bytes.ok_or_else(|| self.not_borrowed(id, "`Vec<u8>` or `Cow<[u8]>`"))
    }

    /// `None`.
    ///
    /// # Errors
    /// When the node is anything else.
    pub fn none(&self, id: NodeId) -> Result<()> {
        match self.graph.node(id) {
            Node::None => Ok(()),
            _ => Err(self.mismatch(id, "None")),
        }
    }

    /// The items of a sequence of this length.
    ///
    /// # Errors
    /// When the node denotes no sequence, or one of another length.
    pub(crate) fn exactly(&self, id: NodeId, len: usize) -> Result<Cow<'g, [NodeId]>> {
        match self.items(id) {
            Ok(items) if items.len() == len => Ok(items),
            _ => Err(self.mismatch(id, format!("tuple of {len}"))),
        }
    }

    /// An unsigned integer of 128 bits.
    pub(crate) fn unsigned(&self, id: NodeId, range: &'static str) -> Result<u128> {
        match self.integer(id)? {
            Integer::Big(bytes @ [.., 0]) if bytes.len() == 17 => {
                let mut all = [0; 16];
                all.copy_from_slice(&bytes[..16]);
                Ok(u128::from_le_bytes(all))
            }
            _ => self.number::<u128>(id, range),
        }
    }

    /// A float, rounded to single precision.
    pub(crate) fn single(&self, id: NodeId) -> Result<f32> {
        let double = self.float(id)?;
        let single = double as f32;
        if single.is_infinite() && double.is_finite() {
            let kind = ErrorKind::OutOfRange {
                value: double.to_string(),
                range: "f32 (up to 3.4028235e38)".into(),
            };
            return Err(self.at(id, Error::new(kind)));
        }
        Ok(single)
    }

    /// Text of the program's own.
    #[inline]
    pub(crate) fn string(&mut self, id: NodeId) -> Result<String> {
        let text = self.text(id)?;
        self.charge(1, text.len())?;
        Ok(raw::copy_text(text))
    }

    /// Text, borrowed from the input where it is there.
    pub(crate) fn cow_text(&mut self, id: NodeId) -> Result<Cow<'de, str>> {
        match self.graph.node(id) {
            Node::Str(span) if self.graph.borrowed(span).is_some() => {
                self.borrowed_text(id).map(Cow::Borrowed)
            }
            _ => self.string(id).map(Cow::Owned),
        }
    }

    /// Bytes of the program's own: `bytes` in any form, or a list of integers.
    pub(crate) fn byte_vec(&mut self, id: NodeId) -> Result<Vec<u8>> {
        if let Node::List(_) | Node::Tuple { .. } | Node::Set(_) | Node::FrozenSet(_) =
            self.graph.node(id)
        {
            return self.list(id);
        }
        let bytes = self.bytes(id)?;
        self.charge(1, bytes.len())?;
        Ok(bytes.into_owned())
    }

    /// Bytes, borrowed from the input where they are there.
    pub(crate) fn cow_bytes(&mut self, id: NodeId) -> Result<Cow<'de, [u8]>> {
        match self.borrowed_bytes(id) {
            Ok(bytes) => Ok(Cow::Borrowed(bytes)),
            Err(_) => self.byte_vec(id).map(Cow::Owned),
        }
    }

    /// The bytes of text or of bytes: what a path may be.
    pub(crate) fn text_or_bytes(&mut self, id: NodeId) -> Result<Cow<'g, [u8]>> {
        let bytes = match self.graph.node(id) {
            Node::Str(_) => Cow::Borrowed(self.text(id)?.as_bytes()),
            _ => match self.path(id) {
                Some(path) => Cow::Owned(path?.into_bytes()),
                None => self.bytes(id)?,
            },
        };
        self.charge(1, bytes.len())?;
        Ok(bytes)
    }

    /// [`text_or_bytes`](Self::text_or_bytes) that live as long as the input.
    pub(crate) fn borrowed_text_or_bytes(&self, id: NodeId) -> Result<&'de [u8]> {
        match self.graph.node(id) {
            Node::Str(_) => self.borrowed_text(id).map(str::as_bytes),
            _ => self.borrowed_bytes(id),
        }
    }
}
