//! A value by its type in Rust, whatever that is: which one is chosen by the pickle.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use pickle::graph::{Node, NodeId};
use pickle::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use pickle::python::{
    BigInt, ByteArray, Complex, Counter, Date, DateTime, Decimal, DefaultDict, Deque, Dtype,
    Fraction, NdArray, NdScalar, OrderedDict, PyRange, Time, TimeDelta, TimeZone, Uuid,
};
use pickle::restore::Instance;
use pickle::schema::{SchemaBuilder, SchemaId};
use pickle::{Layout, Pickle, Restorer, Result, Saver, Unpickle};

use crate::classes::{A, IntColor, Nested, Nt, Plain, Point, Tnt};

macro_rules! typed {
    ($($variant:ident($type:ty),)*) => {
        #[derive(Debug)]
        pub(crate) enum Typed {
            None,
            Tuple(Vec<Typed>),
            Set(Vec<Typed>),
            FrozenSet(Vec<Typed>),
            Dict(Vec<(Typed, Typed)>),
            Global(String, String),
            $($variant($type),)*
        }

        impl Pickle for Typed {
            fn measure(&self, _: &mut Measure) -> Result<()> {
                Err(pickle::Error::custom("only for Python's protocols"))
            }

            fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
                head.zero()
            }

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                match self {
                    Self::None => saver.none(),
                    Self::Tuple(items) => saver.tuple(items.len(), |saver| {
                        items.iter().try_for_each(|item| item.save(saver))
                    })?,
                    Self::Set(items) => saver.set::<Self, &Self>(items.len(), items.iter())?,
                    Self::FrozenSet(items) => saver.frozenset::<Self, &Self>(items.len(), items.iter())?,
                    Self::Dict(entries) => {
                        let pairs = entries.iter().map(|(key, value)| (key, value));
                        saver.dict(entries.len(), pairs)?;
                    }
                    Self::Global(module, name) => saver.global(module, name)?,
                    $(Self::$variant(value) => value.save(saver)?,)*
                }
                Ok(())
            }
        }
    };
}

typed! {
    Bool(bool), Int(BigInt), Float(f64), Str(String), Bytes(Vec<u8>), ByteArray(ByteArray),
    List(Vec<Typed>), Complex(Complex), Date(Date), Time(Time), DateTime(DateTime),
    TimeDelta(TimeDelta), TimeZone(TimeZone), Decimal(Decimal), Fraction(Fraction), Uuid(Uuid),
    Range(PyRange), Path(PathBuf), V4(Ipv4Addr), V6(Ipv6Addr), Deque(Deque<Typed>),
    OrderedDict(OrderedDict<Typed, Typed>), DefaultDict(DefaultDict<Typed, Typed>),
    Counter(Counter<Typed, Typed>), Array(NdArray<'static>), Scalar(NdScalar), Dtype(Dtype),
    Point(Point), Plain(Plain), Nt(Nt), Tnt(Tnt), A(A), IntColor(IntColor), Nested(Nested),
}

impl Layout for Typed {
    const HEAD: usize = 0;
    const NULLABLE: bool = true;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        <()>::describe(schema)
    }
}

impl<'de> Unpickle<'de> for Typed {
    fn decode<'b>(
        _: Head<'_, Self>,
        _: &mut Reader<'de>,
        _: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        Err(pickle::Error::custom("only for Python's protocols"))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        Ok(match restorer.node(id) {
            Node::None => Self::None,
            Node::Bool(_) => Self::Bool(bool::restore(id, restorer)?),
            Node::Int(_) | Node::BigInt(_) => Self::Int(BigInt::restore(id, restorer)?),
            Node::Float(_) => Self::Float(f64::restore(id, restorer)?),
            Node::Str(_) => Self::Str(String::restore(id, restorer)?),
            Node::Bytes(_) => Self::Bytes(Vec::restore(id, restorer)?),
            Node::Buffer { .. } => Self::Bytes(Vec::restore(id, restorer)?),
            Node::ByteArray(_) => Self::ByteArray(ByteArray::restore(id, restorer)?),
            Node::List(_) => Self::List(restorer.list(id)?),
            Node::Tuple { .. } => Self::Tuple(restorer.list(id)?),
            Node::Set(_) => Self::Set(elements(id, restorer)?),
            Node::FrozenSet(_) => Self::FrozenSet(elements(id, restorer)?),
            Node::Dict(_) => Self::Dict(OrderedDict::restore(id, restorer)?.0),
            Node::Global { .. } => global(id, restorer)?,
            _ => match restorer.instance(id) {
                Some(made) => object(id, &made, restorer)?,
                None => return Err(restorer.mismatch(id, "a value with a type")),
            },
        })
    }
}

fn elements(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Vec<Typed>> {
    let items = restorer.elements(id)?;
    items.iter().map(|item| Typed::restore(*item, restorer)).collect()
}

fn global(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Typed> {
    match restorer.global(id) {
        // A member of an enum by its name.
        Some((module, name)) if module.starts_with("h2_types") && name.ends_with("TWO") => {
            Ok(Typed::IntColor(IntColor::restore(id, restorer)?))
        }
        Some((module, name)) if module.starts_with("h2_types") && name == "Nested.X" => {
            Ok(Typed::Nested(Nested::restore(id, restorer)?))
        }
        Some((module, name)) => Ok(Typed::Global(module.into_owned(), name.into_owned())),
        None => Err(restorer.mismatch(id, "a name")),
    }
}

/// The object of a class that has a type here.
fn object(id: NodeId, made: &Instance<'_>, restorer: &mut Restorer<'_, '_>) -> Result<Typed> {
    Ok(match (&*made.module, &*made.name) {
        ("_codecs", "encode") | ("builtins", "bytes") => Typed::Bytes(Vec::restore(id, restorer)?),
        ("builtins", "bytearray") => Typed::ByteArray(ByteArray::restore(id, restorer)?),
        ("builtins", "set") => Typed::Set(elements(id, restorer)?),
        ("builtins", "frozenset") => Typed::FrozenSet(elements(id, restorer)?),
        ("builtins", "complex") => Typed::Complex(Complex::restore(id, restorer)?),
        ("builtins", "range") => Typed::Range(PyRange::restore(id, restorer)?),
        ("datetime", "date") => Typed::Date(Date::restore(id, restorer)?),
        ("datetime", "time") => Typed::Time(Time::restore(id, restorer)?),
        ("datetime", "datetime") => Typed::DateTime(DateTime::restore(id, restorer)?),
        ("datetime", "timedelta") => Typed::TimeDelta(TimeDelta::restore(id, restorer)?),
        ("datetime", "timezone") | ("zoneinfo", _) => {
            Typed::TimeZone(TimeZone::restore(id, restorer)?)
        }
        ("decimal", "Decimal") => Typed::Decimal(Decimal::restore(id, restorer)?),
        ("fractions", "Fraction") => Typed::Fraction(Fraction::restore(id, restorer)?),
        ("uuid", "UUID") => Typed::Uuid(Uuid::restore(id, restorer)?),
        ("ipaddress", "IPv4Address") => Typed::V4(Ipv4Addr::restore(id, restorer)?),
        ("ipaddress", "IPv6Address") => Typed::V6(Ipv6Addr::restore(id, restorer)?),
        ("pathlib" | "pathlib._local", _) => Typed::Path(PathBuf::restore(id, restorer)?),
        ("collections", "deque") => Typed::Deque(Deque::restore(id, restorer)?),
        ("collections", "OrderedDict") => Typed::OrderedDict(OrderedDict::restore(id, restorer)?),
        ("collections", "defaultdict") => Typed::DefaultDict(DefaultDict::restore(id, restorer)?),
        ("collections", "Counter") => Typed::Counter(Counter::restore(id, restorer)?),
        ("numpy", "dtype") => Typed::Dtype(Dtype::restore(id, restorer)?),
        (_, "scalar") => Typed::Scalar(NdScalar::restore(id, restorer)?),
        (_, "_reconstruct" | "_frombuffer") => {
            Typed::Array(NdArray::restore(id, restorer)?.into_owned())
        }
        ("h2_types", "Point") => Typed::Point(Point::restore(id, restorer)?),
        ("h2_types", "Plain") => Typed::Plain(Plain::restore(id, restorer)?),
        ("h2_types", "NT") => Typed::Nt(Nt::restore(id, restorer)?),
        ("h2_types", "TNT") => Typed::Tnt(Tnt::restore(id, restorer)?),
        ("h2_types", "A") => Typed::A(A::restore(id, restorer)?),
        ("h2_types", "IntColor") => Typed::IntColor(IntColor::restore(id, restorer)?),
        ("h2_types", "Holder.Nested") => Typed::Nested(Nested::restore(id, restorer)?),
        (module, name) => {
            return Err(restorer.mismatch(id, format!("a class with a type, not {module}.{name}")));
        }
    })
}
