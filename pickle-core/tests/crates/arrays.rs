//! `ndarray`.

use ndarray::{Array, Array0, Array1, Array2, ArrayD, array};
use pickle_core::python::{NdArray, Order};

use super::{assert_survives, python};

#[test]
fn arrays_are_those_of_numpy() {
    let matrix = array![[1_i32, 2, 3], [4, 5, 6]];
    assert_survives(&matrix);
    let plain = NdArray::from_slice(&[2, 3], &[1_i32, 2, 3, 4, 5, 6]).expect("an array");
    for number in 0..=5 {
        assert_eq!(python(&matrix, number), python(&plain, number));
    }
    assert_survives(&Array0::from_elem((), 1.5_f64));
    assert_survives(&Array1::<bool>::from_vec(vec![true, false]));
    assert_survives(&ArrayD::<u8>::zeros(vec![0, 3]));
    assert_survives(&Array::from_shape_fn((2, 3, 4), |(a, b, c)| (a * 12 + b * 4 + c) as f32));
}

#[test]
fn the_order_of_fortran_is_kept_and_others_become_that_of_c() {
    let transposed = array![[1_i64, 2, 3], [4, 5, 6]].reversed_axes();
    assert_survives(&transposed);
    let pickle = python(&transposed, 4);
    let loaded: NdArray<'_> = pickle_core::loads(&pickle).expect("loads");
    assert_eq!((loaded.order(), loaded.shape()), (Order::Fortran, &[3, 2][..]));
    let mut strided = array![[1_i64, 2, 3], [4, 5, 6]];
    strided.invert_axis(ndarray::Axis(1));
    assert_survives(&strided);
}

#[test]
fn another_type_or_number_of_dimensions_is_refused() {
    let pickle = python(&array![[1_i32, 2, 3], [4, 5, 6]], 4);
    let error = pickle_core::loads::<Array1<i32>>(&pickle).expect_err("two dimensions");
    assert_eq!(error.to_string(), "expected an array of 1 dimensions, found one of 2 (byte 83)");
    assert!(pickle_core::loads::<Array2<i64>>(&pickle).is_err());
    assert_eq!(pickle_core::loads::<ArrayD<i32>>(&pickle).expect("any").ndim(), 2);
}

#[test]
fn arrays_of_complex_numbers_are_those_of_numpy() {
    use num_complex::Complex;

    assert_survives(&array![Complex { re: 1.0_f64, im: 2.0 }]);
    let pairs = NdArray::from_slice(&[1], &[[1.0_f32, 2.0]]).expect("an array").into_owned();
    let loaded = pickle_core::loads::<Array1<Complex<f32>>>(&python(&pairs, 5));
    assert_eq!(loaded.ok(), Some(array![Complex { re: 1.0, im: 2.0 }]));
}
