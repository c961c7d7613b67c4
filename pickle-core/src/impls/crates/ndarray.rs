//! `ndarray`: `numpy.ndarray` in Python, as [`NdArray`].

use ndarray::{Array, Dimension, IxDyn};

use crate::impls::prelude::*;
use crate::python::{Element, NdArray, Order};

/// Over the array's own elements where they follow each other in the order of C or Fortran.
fn plain<T: Element, D: Dimension>(array: &Array<T, D>) -> Result<NdArray<'_>> {
    let shape = array.shape();
    let borrowed = |elements, order| {
        NdArray::new(T::dtype(), shape, order, bytemuck::cast_slice::<T, u8>(elements))
    };
    if let Some(elements) = array.as_slice() {
        return borrowed(elements, Order::C);
    }
    match array.t().to_slice() {
        Some(elements) => borrowed(elements, Order::Fortran),
        None => {
            let elements: Vec<T> = array.iter().copied().collect();
            let bytes = bytemuck::cast_slice::<T, u8>(&elements).to_vec();
            NdArray::new(T::dtype(), shape, Order::C, bytes)
        }
    }
}

fn shaped<T: Element, D: Dimension>(array: &NdArray<'_>) -> Result<Array<T, D>> {
    let elements = array.to_vec::<T>()?;
    let shaped = Array::from_shape_vec(IxDyn(array.shape()), elements);
    let shaped = shaped.and_then(|array| array.into_dimensionality::<D>());
    shaped.map_err(|_| {
        let expected = match D::NDIM {
            Some(count) => format!("an array of {count} dimensions"),
            None => "an array of fewer elements".to_owned(),
        };
        let found = format!("one of {}", array.shape().len()).into();
        Error::new(ErrorKind::Mismatch { expected: expected.into(), found })
    })
}

impl<T: Element, D: Dimension> Layout for Array<T, D> {
    const HEAD: usize = NdArray::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        NdArray::describe(schema)
    }
}

impl<T: Element, D: Dimension> Pickle for Array<T, D> {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        plain(self)?.measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        match plain(self) {
            Ok(array) => head.put(&array, writer),
            Err(error) => {
                writer.fail(error);
                head.zero()
            }
        }
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        plain(self)?.save(saver)
    }
}

impl<'de, T: Element, D: Dimension> Unpickle<'de> for Array<T, D> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let start = reader.offset();
        let array = reader.value::<NdArray<'de>>(head.cast())?;
        shaped(&array).map(|array| slot.write(array)).map_err(|error| error.at(start))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let array = NdArray::restore(id, restorer)?;
        restorer.charge(1, array.bytes().len())?;
        shaped(&array).map_err(|error| restorer.at(id, error))
    }
}
