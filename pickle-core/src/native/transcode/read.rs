//! What a type has at its head: a value at once, or the frames that will read it.

use super::super::classes::another_trait;
use super::super::plan::{Group, Kind, NameId, TypeId};
use super::super::reader::Count;
use super::super::shared::Word;
use super::super::varint::Bytes;
use super::super::{COUNT, INLINE, LONG};
use super::{Frame, Make, Transcoder, array};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::bigint;
use crate::graph::{Edges, Node, NodeId};
use crate::schema::Scalar;

impl<'p, 'de> Transcoder<'p, 'de> {
    /// Reads a value, or pushes the frames that will.
    pub(super) fn value(&mut self, id: TypeId, head: &'de [u8]) -> Result<()> {
        let planned = self.plan.of(id);
        match &planned.kind {
            Kind::Scalar(scalar) => self.scalar(*scalar, head),
            Kind::Str => {
                let count = u32::from_le_bytes(array::<COUNT>(head));
                let text = self.reader.text_at(head, count)?;
                let span = self.span(text.as_bytes());
                self.push(Node::Str(span), head)
            }
            Kind::Bytes => {
                let count = self.count(head)?;
                let bytes = self.reader.bytes_of(count)?;
                let span = self.span(bytes);
                self.push(Node::Bytes(span), head)
            }
            Kind::ByteArray(length) => {
                let span = self.span(&head[..*length]);
                self.push(Node::Bytes(span), head)
            }
            Kind::Option(item) => self.option(item, head),
            Kind::Box(item) => self.boxed(item),
            Kind::Shared(item) => self.shared(item, head, false),
            Kind::Weak(item) => self.shared(item, head, true),
            Kind::Seq(item) => self.sequence(Make::List, item, head),
            Kind::Set(item) => self.sequence(Make::Set, item, head),
            Kind::Map(entry) => self.sequence(Make::Dict, entry, head),
            Kind::Array(item, length) => {
                self.will_add(*length)?;
                self.then(Make::Tuple, head)?;
                self.heads(item, 0, *length, head)
            }
            Kind::Tuple(items) => {
                self.then(Make::Tuple, head)?;
                self.heads(items, 0, 1, head)
            }
            Kind::Struct(group) => {
                self.then(Make::Object(group), head)?;
                self.heads(&group.parts, 0, 1, head)
            }
            Kind::Enum { tag, variants, is_fieldless } => {
                self.variant(*tag, variants, *is_fieldless, head)
            }
            Kind::State { class, state } => self.state(class.map(Make::State), state, head),
            Kind::Persistent(id) => self.state(Some(Make::Persistent), id, head),
            Kind::Global => {
                let (module, name) = head.split_at(COUNT);
                let (module, name) = (self.text(module)?, self.text(name)?);
                self.push(Node::Global { module, name }, head)
            }
            Kind::Object(namespace) => self.object_of(*namespace, head),
        }
    }

    /// A value whose head is in the tail.
    pub(super) fn boxed(&mut self, item: &'p [TypeId; 1]) -> Result<()> {
        let facts = self.plan.of(item[0]).facts;
        let head = self.reader.take_tail(facts.head)?;
        if !facts.is_fixed {
            self.nest()?;
        }
        self.heads(item, 0, 1, head)
    }

    /// A shared object: one node, whichever of its pointers is read.
    pub(super) fn shared(
        &mut self,
        item: &'p [TypeId; 1],
        head: &'de [u8],
        is_weak: bool,
    ) -> Result<()> {
        match Word::read(array(head)) {
            Word::Dangling if is_weak => self.push(Node::None, head),
            Word::Dangling => Err(self.invalid(head, "a pointer to an object")),
            Word::Unnumbered => self.boxed(item),
            Word::New => {
                // What it holds may lead back to it. Until it is there, it may be no key.
                let id = self.add(Node::List(Edges::default()), self.offset(head))?;
                self.charge(2 * size_of::<NodeId>())?;
                self.shared.push(id);
                self.then(Make::Shared(id), head)?;
                self.boxed(item)
            }
            Word::Known(number) => {
                let id = match number.checked_sub(self.first) {
                    None => self.earlier(number, head)?,
                    Some(own) => match self.shared.get(own as usize) {
                        Some(id) => *id,
                        None => return Err(self.invalid(head, "the number of a shared object")),
                    },
                };
                self.charge(2 * size_of::<NodeId>())?;
                self.values.push(id);
                Ok(())
            }
        }
    }

    pub(super) fn earlier(&mut self, number: u32, head: &'de [u8]) -> Result<NodeId> {
        // The table beside the graph takes twice what it holds.
        self.charge(4 * size_of::<NodeId>())?;
        let id = self.add(Node::None, self.offset(head))?;
        self.graph.set_earlier(id, number);
        Ok(id)
    }

    pub(super) fn scalar(&mut self, scalar: Scalar, head: &'de [u8]) -> Result<()> {
        let node = match scalar {
            Scalar::Unit => Node::None,
            Scalar::Bool => match head {
                [0] => Node::Bool(false),
                [1] => Node::Bool(true),
                _ => return Err(self.invalid(head, "a bool, 0 or 1")),
            },
            Scalar::Char => match char::from_u32(u32::from_le_bytes(array(head))) {
                Some(char) => Node::Str(self.own(char.encode_utf8(&mut [0; 4]).as_bytes())?),
                None => return Err(self.invalid(head, "a char, a Unicode scalar value")),
            },
            Scalar::U8 => Node::Int(head[0].into()),
            Scalar::U16 => Node::Int(u16::from_le_bytes(array(head)).into()),
            Scalar::U32 => Node::Int(u32::from_le_bytes(array(head)).into()),
            Scalar::I8 => Node::Int(i8::from_le_bytes(array(head)).into()),
            Scalar::I16 => Node::Int(i16::from_le_bytes(array(head)).into()),
            Scalar::I32 => Node::Int(i32::from_le_bytes(array(head)).into()),
            Scalar::I64 => Node::Int(i64::from_le_bytes(array(head))),
            Scalar::U64 | Scalar::U128 => {
                let mut wide = [0; 17];
                wide[..head.len()].copy_from_slice(head);
                self.integer(&wide)?
            }
            Scalar::I128 => self.integer(head)?,
            Scalar::F32 => Node::Float(f32::from_le_bytes(array(head)).into()),
            Scalar::F64 => Node::Float(f64::from_le_bytes(array(head))),
        };
        self.push(node, head)
    }

    /// A text that is part of something.
    pub(super) fn text(&mut self, head: &'de [u8]) -> Result<NodeId> {
        let count = u32::from_le_bytes(array::<COUNT>(head));
        let text = self.reader.text_at(head, count)?;
        let (span, offset) = (self.span(text.as_bytes()), self.offset(head));
        self.add(Node::Str(span), offset)
    }

    /// An integer from its bytes in two's complement.
    pub(super) fn integer(&mut self, bytes: &[u8]) -> Result<Node> {
        match bigint::small(bytes) {
            Some(small) => Ok(Node::Int(small)),
            None => self.own(bigint::trim(bytes)).map(Node::BigInt),
        }
    }

    pub(super) fn option(&mut self, item: &'p [TypeId; 1], head: &'de [u8]) -> Result<()> {
        let facts = self.plan.of(item[0]).facts;
        match head[0] {
            0 => self.push(Node::None, head),
            1 => {
                let inner = match facts.head <= INLINE {
                    true => &head[1..],
                    false => self.reader.take_tail(facts.head)?,
                };
                if facts.is_nullable {
                    self.then(Make::Some, head)?;
                }
                self.heads(item, 0, 1, inner)
            }
            _ => Err(self.invalid(head, "an option's tag, 0 or 1")),
        }
    }

    pub(super) fn variant(
        &mut self,
        tag: usize,
        variants: &'p [Group],
        is_fieldless: bool,
        head: &'de [u8],
    ) -> Result<()> {
        let (number, payload) = head.split_at(tag);
        let number = number.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte));
        let Some(variant) = variants.get(number) else {
            return Err(self.unknown_variant(variants, number, head));
        };
        if is_fieldless {
            let name = self.name(variant.name)?;
            self.charge(2 * size_of::<NodeId>())?;
            self.values.push(name);
            return Ok(());
        }
        let heads = match variant.size <= INLINE {
            true => payload,
            false => self.reader.take_tail(variant.size)?,
        };
        self.then(Make::Object(variant), head)?;
        self.heads(&variant.parts, 0, 1, heads)
    }

    #[cold]
    pub(super) fn unknown_variant(&self, variants: &[Group], number: usize, head: &[u8]) -> Error {
        let owner = match variants.first() {
            Some(variant) => self.plan.name(self.class_of(variant.class).name).to_owned(),
            None => "an enum without variants".to_owned(),
        };
        let kind = ErrorKind::UnknownVariant { found: number.to_string(), owner: owner.into() };
        self.reader.at(head, Error::new(kind))
    }

    /// A state: a section of its own in the tail.
    pub(super) fn state(
        &mut self,
        make: Option<Make<'p>>,
        state: &'p [TypeId; 1],
        head: &'de [u8],
    ) -> Result<()> {
        if let Some(make) = make {
            self.then(make, head)?;
        }
        self.nest()?;
        let (text, nested) = (self.reader.text, self.reader.nested);
        let tail = Bytes::new(self.reader.tail);
        let (heads, rest) = self.reader.open(tail, self.plan.head(state[0]))?;
        self.reader.nested = true;
        self.push_frame(Frame::Section { tail: rest.rest(), text, nested })?;
        self.heads(state, 0, 1, heads)
    }

    /// An object: the number of its class, and its value in the tail.
    pub(super) fn object_of(&mut self, namespace: NameId, head: &'de [u8]) -> Result<()> {
        let plan = self.plan;
        let number = u32::from_le_bytes(array(head)) as usize;
        let Some(class) = plan.objects.get(number) else {
            let error = Error::corrupt("an object of a class that is not in the table");
            return Err(self.reader.at(head, error));
        };
        if class.namespace != namespace {
            let name = |id| plan.name(id);
            let (found, expected) = (name(class.namespace), name(namespace));
            let error = another_trait(name(class.name), found, expected);
            return Err(self.reader.at(head, error));
        }
        let inner = self.reader.take_tail(plan.head(class.root[0]))?;
        if !class.is_told {
            self.then(Make::Named(class.name), head)?;
        }
        self.nest()?;
        self.heads(&class.root, 0, 1, inner)
    }

    pub(super) fn sequence(
        &mut self,
        make: Make<'p>,
        parts: &'p [TypeId],
        head: &'de [u8],
    ) -> Result<()> {
        let facts = parts.iter().map(|id| self.plan.of(*id).facts);
        let (size, is_fixed) = facts.fold((0_usize, true), |(size, is_fixed), part| {
            (size.saturating_add(part.head), is_fixed && part.is_fixed)
        });
        let count = self.count(head)?;
        self.then(make, head)?;
        let (Count::Inline(items) | Count::Stream(items)) = count;
        if size == 0 {
            self.reader.charge_zero_sized(items, head)?;
        }
        let bytes = items.saturating_mul(size);
        let heads = match count {
            Count::Inline(_) => self.reader.take_tail(bytes)?,
            Count::Stream(_) if is_fixed => self.reader.take_stream(bytes)?,
            Count::Stream(_) => {
                if bytes as u64 > self.reader.stream.left() {
                    return Err(self.reader.end(bytes));
                }
                self.will_add(items.saturating_mul(parts.len()))?;
                self.nest()?;
                return self.push_frame(Frame::Blocks { parts, round: 0, rounds: items });
            }
        };
        self.will_add(items.saturating_mul(parts.len()))?;
        if !is_fixed && items > 0 {
            self.nest()?;
        }
        self.heads(parts, 0, items, heads)
    }

    /// Opens the next block of a sequence in the stream: the items from `first` to `end`.
    pub(super) fn block(&mut self, parts: &'p [TypeId], first: usize, end: usize) -> Result<()> {
        let size = parts.iter().map(|id| self.plan.head(*id)).fold(0, usize::saturating_add);
        let (tail, text, nested) = (self.reader.tail, self.reader.text, self.reader.nested);
        let heads = self.reader.open_root(size.saturating_mul(end - first))?;
        self.reader.nested = true;
        self.push_frame(Frame::Section { tail, text, nested })?;
        self.heads(parts, first, end, heads)
    }

    pub(super) fn count(&mut self, head: &'de [u8]) -> Result<Count> {
        let word = u32::from_le_bytes(array::<COUNT>(head));
        if word < LONG {
            Ok(Count::Inline(word as usize))
        } else {
            self.reader.far_count(head, word)
        }
    }

    /// Counts a level of nesting until the frames above are done.
    pub(super) fn nest(&mut self) -> Result<()> {
        if self.reader.depth >= self.reader.limits.max_depth {
            return Err(self.reader.too_deep());
        }
        self.reader.depth += 1;
        self.push_frame(Frame::Level)
    }

    /// Reads the values of these heads next.
    pub(super) fn heads(
        &mut self,
        parts: &'p [TypeId],
        round: usize,
        rounds: usize,
        heads: &'de [u8],
    ) -> Result<()> {
        if parts.is_empty() || rounds == round {
            return Ok(());
        }
        self.push_frame(Frame::Heads { parts, part: 0, round, rounds, heads })
    }

    /// Makes one value of those that the frames above will read.
    pub(super) fn then(&mut self, what: Make<'p>, head: &'de [u8]) -> Result<()> {
        let (first, offset) = (self.values.len(), self.offset(head));
        self.push_frame(Frame::Make { what, first, offset })
    }

    pub(super) fn push_frame(&mut self, frame: Frame<'p, 'de>) -> Result<()> {
        let frames = (self.frames.len() + 1) * size_of::<Frame<'_, '_>>();
        if self.used.saturating_add(frames as u64) > self.budget {
            return Err(self.out_of_memory());
        }
        self.frames.push(frame);
        Ok(())
    }
}
