//! numpy's arrays and scalars.

use std::borrow::Cow;

use bytemuck::checked;

use super::dtype::{ByteOrder, Dtype, DtypeKind};
use super::dtype_codec::save_shape;
use super::element::Element;
use crate::graph;
use crate::impls::prelude::*;
use crate::restore::Instance;

/// How the elements of an array with more than one dimension follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// As in C: the last index changes fastest. Arrays for which both hold are of this order.
    #[default]
    C,
    /// As in Fortran: the first index changes fastest.
    Fortran,
}

/// A numpy array: the bytes of its elements, and how they are to be read.
///
/// Loaded, it borrows the bytes from the pickle, or from the buffers that were lent to the unpickler.
/// Where the pickler hands out buffers, the bytes travel there
/// ([PEP 574](https://peps.python.org/pep-0574/)). It is written for numpy 1.26 and later.
///
/// ```
/// use pickle_core::{Protocol, dumps_with, loads, python::NdArray};
/// let array = NdArray::from_slice(&[2, 3], &[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// let pickle = dumps_with(&array, Protocol::V5)?;
///
/// let loaded: NdArray<'_> = loads(&pickle)?;
/// assert_eq!((loaded.shape(), loaded.dtype().to_string()), (&[2, 3][..], "<f4".to_owned()));
/// assert_eq!(loaded.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// assert!(loaded.to_vec::<f64>().is_err());
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NdArray<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    order: Order,
    bytes: Cow<'a, [u8]>,
    /// The module and name of a subclass of `numpy.ndarray`.
    class: Option<(String, String)>,
}

const ARRAY: &str = "an array whose bytes are those of its shape and dtype";

impl<'a> NdArray<'a> {
    /// An array of these bytes.
    ///
    /// # Errors
    /// When the bytes are not as many as shape and dtype need, and for Python objects.
    pub fn new(
        dtype: Dtype,
        shape: impl Into<Vec<usize>>,
        order: Order,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Result<Self> {
        Self::checked(dtype, shape.into(), order, bytes.into()).map_err(Error::expected)
    }

    /// An array over elements in the order of C.
    ///
    /// # Errors
    /// When they are not as many as the shape needs.
    pub fn from_slice<T: Element>(shape: &[usize], elements: &'a [T]) -> Result<Self> {
        Self::new(T::dtype(), shape, Order::C, bytemuck::cast_slice::<T, u8>(elements))
    }

    /// What the elements are.
    pub fn dtype(&self) -> &Dtype {
        &self.dtype
    }

    /// The length of each dimension. There is none in an array of a single element.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How the elements follow each other.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        if self.is_empty() { 0 } else { self.shape.iter().product() }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// The bytes of the elements, as they follow each other in memory.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The qualified name of the subclass of `numpy.ndarray`, as `numpy.rec.recarray`, if it is one.
    pub fn class(&self) -> Option<String> {
        self.class.as_ref().map(|(module, name)| format!("{module}.{name}"))
    }

    /// The elements as they are in memory, in the array's [`order`](Self::order).
    ///
    /// # Errors
    /// When they are of another type or byte order, or where they lie is not aligned for it.
    /// [`to_vec`](Self::to_vec) copies in all but the first case.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.expect::<T>()?;
        let what = match checked::try_cast_slice(&self.bytes) {
            Ok(elements) if self.is_native() => return Ok(elements),
            Ok(_) => "elements in the byte order of another machine",
            Err(checked::CheckedCastError::InvalidBitPattern) => {
                return Err(Error::expected("elements that are 0 or 1"));
            }
            Err(_) => "elements that are not aligned in memory",
        };
        let error = Error::new(ErrorKind::Unsupported { what: what.into() });
        Err(error.with_hint("`NdArray::to_vec` copies them"))
    }

    /// A copy of the elements in the order of C.
    ///
    /// # Errors
    /// When they are of another type.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.expect::<T>()?;
        let mut bytes = self.c_bytes();
        if !self.is_native() {
            bytes.to_mut().chunks_exact_mut(self.dtype.part()).for_each(<[u8]>::reverse);
        }
        let size = size_of::<T>();
        let elements = bytes.chunks_exact(size).map(checked::try_pod_read_unaligned);
        let elements: Result<_, _> = elements.collect();
        elements.map_err(|_| Error::expected("elements that are 0 or 1"))
    }

    /// The bytes of the elements in the order of C; a copy if they are in another.
    pub fn c_bytes(&self) -> Cow<'_, [u8]> {
        match self.order {
            Order::C => Cow::Borrowed(&self.bytes),
            Order::Fortran => {
                let mut strides = Vec::with_capacity(self.shape.len());
                let mut stride = self.dtype.size;
                for len in &self.shape {
                    strides.push(stride);
                    stride *= len;
                }
                Cow::Owned(gather(&self.bytes, &self.shape, &strides, self.dtype.size))
            }
        }
    }

    /// The array, with bytes of its own.
    pub fn into_owned(self) -> NdArray<'static> {
        NdArray { bytes: Cow::Owned(self.bytes.into_owned()), ..self }
    }

    fn is_native(&self) -> bool {
        matches!(self.dtype.order, ByteOrder::None | ByteOrder::NATIVE)
    }

    fn expect<T: Element>(&self) -> Result<()> {
        if T::is(&self.dtype) {
            return Ok(());
        }
        let kind = ErrorKind::Mismatch {
            expected: format!("an array of {}", T::dtype()).into(),
            found: format!("one of {}", self.dtype).into(),
        };
        Err(Error::new(kind))
    }

    fn checked(
        dtype: Dtype,
        shape: Vec<usize>,
        order: Order,
        bytes: Cow<'a, [u8]>,
    ) -> Result<Self, &'static str> {
        if dtype.has_objects() {
            return Err("an array of what has a fixed size, not of Python objects");
        }
        let count = if shape.contains(&0) {
            Some(0)
        } else {
            shape.iter().try_fold(1_usize, |count, len| count.checked_mul(*len))
        };
        if count.and_then(|count| count.checked_mul(dtype.size)) != Some(bytes.len()) {
            return Err(ARRAY);
        }
        // With one dimension or none that has a length, both orders are the same.
        let both = shape.contains(&0) || shape.iter().filter(|len| **len != 1).count() < 2;
        let order = if both { Order::C } else { order };
        Ok(Self { dtype, shape, order, bytes, class: None })
    }
}

/// The elements in the order of C, of bytes where index `i` of dimension `d` is `i * strides[d]`
/// further.
fn gather(bytes: &[u8], shape: &[usize], strides: &[usize], size: usize) -> Vec<u8> {
    let mut gathered = Vec::with_capacity(bytes.len());
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    while gathered.len() < bytes.len() {
        gathered.extend_from_slice(&bytes[at..at + size]);
        for dimension in (0..shape.len()).rev() {
            index[dimension] += 1;
            at += strides[dimension];
            if index[dimension] < shape[dimension] {
                break;
            }
            at -= strides[dimension] * shape[dimension];
            index[dimension] = 0;
        }
    }
    gathered
}

impl Layout for NdArray<'_> {
    const HEAD: usize = Dtype::HEAD + <Vec<u64>>::HEAD + bool::HEAD + <[u8]>::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        schema.named::<NdArray<'static>>(|schema| {
            let fields = composite::named([
                ("dtype", Dtype::describe(schema)),
                ("shape", <Vec<u64>>::describe(schema)),
                ("fortran", bool::describe(schema)),
                ("bytes", <[u8]>::describe(schema)),
            ]);
            Node::Struct(StructNode { class: "numpy.ndarray".into(), fields })
        })
    }
}

static SHAPE: Shape = composite::struct_shape(
    "NdArray",
    "numpy.ndarray",
    &[
        composite::field("dtype"),
        composite::field("shape"),
        composite::field("fortran"),
        composite::field("bytes"),
    ],
);

impl NdArray<'_> {
    fn wire_shape(&self) -> Vec<u64> {
        self.shape.iter().map(|len| *len as u64).collect()
    }
}

fn loaded<'a>(
    dtype: Dtype,
    shape: &[u64],
    fortran: bool,
    bytes: Cow<'a, [u8]>,
) -> Result<NdArray<'a>, &'static str> {
    let shape = shape.iter().map(|len| usize::try_from(*len).map_err(|_| ARRAY));
    let order = if fortran { Order::Fortran } else { Order::C };
    NdArray::checked(dtype, shape.collect::<Result<_, _>>()?, order, bytes)
}

impl Pickle for NdArray<'_> {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        self.dtype.measure(measure)?;
        self.wire_shape().measure(measure)?;
        self.bytes.measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        let mut fields = head.fields();
        fields.put(&self.dtype, writer);
        fields.put(&self.wire_shape(), writer);
        fields.put(&(self.order == Order::Fortran), writer);
        fields.put(&*self.bytes, writer);
        fields.finish()
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        // As numpy: what Python's buffers cannot express goes by the older way.
        let buffer = saver.protocol() >= crate::Protocol::V5
            && self.class.is_none()
            && self.dtype.size > 0
            && !self.dtype.has_times();
        if buffer {
            return saver.call("numpy._core.numeric", "_frombuffer", 4, |saver| {
                saver.writable_buffer(&self.bytes)?;
                self.dtype.save(saver)?;
                save_shape(&self.shape, saver)?;
                saver.str(if self.order == Order::C { "C" } else { "F" });
                Ok(())
            });
        }
        saver.call("numpy._core.multiarray", "_reconstruct", 3, |saver| {
            match &self.class {
                Some((module, name)) => saver.global(module, name)?,
                None => saver.global("numpy", "ndarray")?,
            }
            save_shape(&[0], saver)?;
            saver.bytes(b"b")
        })?;
        saver.build(|saver| {
            saver.tuple(5, |saver| {
                saver.int(1);
                save_shape(&self.shape, saver)?;
                self.dtype.save(saver)?;
                saver.bool(self.order == Order::Fortran);
                saver.bytes(&self.bytes)
            })
        })
    }
}

impl<'de: 'a, 'a> Unpickle<'de> for NdArray<'a> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let mut fields = head.fields();
        let dtype = reader.value::<Dtype>(fields.head())?;
        let shape = reader.value::<Vec<u64>>(fields.head())?;
        let fortran = reader.value::<bool>(fields.head())?;
        let bytes = reader.value::<Cow<'de, [u8]>>(fields.head())?;
        match loaded(dtype, &shape, fortran, bytes) {
            Ok(array) => Ok(slot.write(array)),
            Err(expected) => Err(reader.invalid(head, expected)),
        }
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let made = restorer.instance(id);
        let array = match made.as_ref().map(|made| (&*made.module, &*made.name)) {
            Some(("numpy._core.multiarray" | "numpy.core.multiarray", "_reconstruct")) => {
                reconstructed(id, made, restorer)
            }
            Some(("numpy._core.numeric" | "numpy.core.numeric", "_frombuffer")) => {
                of_buffer(id, made, restorer)
            }
            _ => {
                let mut nodes = [None; 4];
                let mut fields = restorer.structure(id, &SHAPE, &mut nodes)?;
                let (dtype, shape) = (fields.take()?, fields.take::<Vec<u64>>()?);
                let (fortran, bytes) = (fields.take()?, fields.take()?);
                Ok(loaded(dtype, &shape, fortran, bytes))
            }
        };
        array?.map_err(|expected| restorer.invalid(id, expected))
    }
}

type Loaded<'de> = Result<Result<NdArray<'de>, &'static str>>;

/// `_reconstruct(class, (0,), b'b')` with the state version, shape, dtype, whether it is in the order
/// of Fortran, bytes.
fn reconstructed<'de>(
    id: NodeId,
    made: Option<Instance<'_>>,
    restorer: &mut Restorer<'_, 'de>,
) -> Loaded<'de> {
    let (args, states) = made.map_or_else(Default::default, |made| (made.args, made.states));
    let ([class, ..], [state]) = (args, states) else { return Ok(Err("an array with its state")) };
    // The first arrays had no version.
    let ([_, shape, dtype, fortran, data] | [shape, dtype, fortran, data]) =
        *restorer.items(*state)?
    else {
        return Ok(Err("an array's state of 5 parts"));
    };
    let dtype = Dtype::restore(dtype, restorer)?;
    if dtype.has_objects() {
        return Err(restorer
            .mismatch(id, "an array of what has a fixed size")
            .with_hint("an array of Python objects loads into `pickle::Value`"));
    }
    let shape = Vec::<usize>::restore(shape, restorer)?;
    let fortran = match restorer.node(fortran) {
        graph::Node::Int(value) => value != 0,
        _ => restorer.bool(fortran)?,
    };
    let bytes = match restorer.node(data) {
        graph::Node::Str(_) => Cow::Owned(restorer.raw_bytes(data)?.into_owned()),
        _ => restorer.cow_bytes(data)?,
    };
    let order = if fortran { Order::Fortran } else { Order::C };
    Ok(NdArray::checked(dtype, shape, order, bytes).map(|mut array| {
        let class = restorer.global(*class);
        array.class = class
            .filter(|(_, name)| name != "ndarray")
            .map(|(module, name)| (module.into_owned(), name.into_owned()));
        to_native(&mut array);
        array
    }))
}

/// numpy turns the bytes of numbers when it loads an array in this way.
fn to_native(array: &mut NdArray<'_>) {
    let simple = matches!(
        array.dtype.kind,
        DtypeKind::Int
            | DtypeKind::UInt
            | DtypeKind::Float
            | DtypeKind::Complex
            | DtypeKind::Str
            | DtypeKind::DateTime(_)
            | DtypeKind::TimeDelta(_)
    );
    if simple && !array.is_native() {
        let part = array.dtype.part();
        array.bytes.to_mut().chunks_exact_mut(part).for_each(<[u8]>::reverse);
        array.dtype.order = ByteOrder::NATIVE;
    }
}

/// `_frombuffer(buffer, dtype, shape, order)`, and for arrays whose dimensions are in no order of
/// either language the order that they are in.
fn of_buffer<'de>(
    id: NodeId,
    made: Option<Instance<'_>>,
    restorer: &mut Restorer<'_, 'de>,
) -> Loaded<'de> {
    let args = made.map_or(&[][..], |made| made.args);
    let [buffer, dtype, shape, order, axes @ ..] = args else {
        return Ok(Err("a buffer, a dtype, a shape and an order"));
    };
    let dtype = Dtype::restore(*dtype, restorer)?;
    let shape = Vec::<usize>::restore(*shape, restorer)?;
    let bytes = restorer.cow_bytes(*buffer)?;
    match (restorer.text(*order)?, axes) {
        ("C", _) => Ok(NdArray::checked(dtype, shape, Order::C, bytes)),
        ("F", _) => Ok(NdArray::checked(dtype, shape, Order::Fortran, bytes)),
        ("K", [axes]) => {
            let axes = Vec::<usize>::restore(*axes, restorer)?;
            Ok(NdArray::checked(dtype, shape, Order::C, bytes)
                .and_then(|array| transposed(array, &axes)))
        }
        _ => Err(restorer.invalid(id, "an array in the order C, F or K")),
    }
}

/// The array whose dimension `d` is dimension `axes[d]` of this one.
fn transposed<'a>(array: NdArray<'a>, axes: &[usize]) -> Result<NdArray<'a>, &'static str> {
    const AXES: &str = "each dimension once";
    let mut strides = vec![array.dtype.size; array.shape.len()];
    for dimension in (1..array.shape.len()).rev() {
        // Too large only where there are no elements.
        strides[dimension - 1] = strides[dimension].saturating_mul(array.shape[dimension]);
    }
    let mut seen = vec![false; axes.len()];
    if axes.len() != array.shape.len() {
        return Err(AXES);
    }
    for axis in axes {
        match seen.get_mut(*axis) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(AXES),
        }
    }
    let shape: Vec<usize> = axes.iter().map(|axis| array.shape[*axis]).collect();
    let strides: Vec<usize> = axes.iter().map(|axis| strides[*axis]).collect();
    let bytes = gather(&array.bytes, &shape, &strides, array.dtype.size);
    NdArray::checked(array.dtype, shape, Order::C, Cow::Owned(bytes))
}

/// A scalar of numpy's, as `numpy.float32(1)`: an element by itself. Numbers load into Rust's numbers
/// as well.
///
/// ```
/// use pickle_core::{Protocol, dumps_with, loads, python::NdScalar};
/// let pickle = dumps_with(&NdScalar::of(1.5_f32), Protocol::V4)?;
/// assert_eq!(loads::<NdScalar>(&pickle)?.get::<f32>()?, 1.5);
/// assert_eq!(loads::<f64>(&pickle)?, 1.5);
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NdScalar {
    dtype: Dtype,
    bytes: Vec<u8>,
}

impl NdScalar {
    /// A scalar of these bytes.
    ///
    /// # Errors
    /// When they are not as many as the dtype needs, and for Python objects.
    pub fn new(dtype: Dtype, bytes: Vec<u8>) -> Result<Self> {
        Self::checked(dtype, bytes).map_err(Error::expected)
    }

    /// A scalar of this value.
    pub fn of<T: Element>(value: T) -> Self {
        Self { dtype: T::dtype(), bytes: bytemuck::bytes_of(&value).to_vec() }
    }

    /// What it is.
    pub fn dtype(&self) -> &Dtype {
        &self.dtype
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its value.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn get<T: Element>(&self) -> Result<T> {
        let array = NdArray::new(self.dtype.clone(), [], Order::C, &*self.bytes)?;
        Ok(array.to_vec::<T>()?[0])
    }

    fn checked(dtype: Dtype, bytes: Vec<u8>) -> Result<Self, &'static str> {
        match dtype.size == bytes.len() && !dtype.has_objects() {
            true => Ok(Self { dtype, bytes }),
            false => Err("a scalar whose bytes are those of its dtype"),
        }
    }
}

std_struct! { [] NdScalar, "NdScalar" as "numpy.generic" { dtype: Dtype, bytes: Vec<u8> },
    dump: |scalar| (&scalar.dtype, &scalar.bytes),
    load: NdScalar::checked(dtype, bytes),
    save: save_scalar, restore: restore_scalar
}

fn save_scalar(scalar: &NdScalar, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("numpy._core.multiarray", "scalar", 2, |saver| {
        scalar.dtype.save(saver)?;
        saver.bytes(&scalar.bytes)
    })
}

fn restore_scalar(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<NdScalar>> {
    let Some((dtype, data)) = restorer.scalar_parts(id) else { return Ok(None) };
    let dtype = Dtype::restore(dtype, restorer)?;
    let bytes = restorer.raw_bytes(data)?.into_owned();
    match NdScalar::checked(dtype, bytes) {
        Ok(scalar) => Ok(Some(scalar)),
        Err(expected) => Err(restorer.invalid(id, expected)),
    }
}
