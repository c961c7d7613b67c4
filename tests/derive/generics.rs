//! Generics, lifetimes, bounds, recursion.

use std::borrow::Cow;
use std::fmt::Debug;
use std::marker::PhantomData;

use super::round_trip;
use pickle::{Pickle, dumps, loads};

#[derive(Pickle, Debug, PartialEq)]
struct Pair<A, B = u8> {
    first: A,
    second: Vec<B>,
}

#[derive(Pickle, Debug, PartialEq)]
struct Bounded<T: Clone + Debug>
where
    T: PartialEq,
{
    items: Vec<Option<T>>,
}

#[derive(Pickle, Debug, PartialEq)]
struct Grid<T, const W: usize, const H: usize> {
    cells: [[T; W]; H],
}

#[derive(Pickle, Debug, PartialEq)]
enum Either<L, R> {
    Left(L),
    Right { value: R },
}

#[test]
fn generic_types_round_trip() {
    round_trip(Pair { first: "x".to_owned(), second: vec![1_u8, 2] });
    round_trip(Pair { first: Pair { first: 1, second: vec!['a'] }, second: vec![()] });
    round_trip(Bounded { items: vec![Some(1.5_f64), None] });
    round_trip(Grid { cells: [[1_u16, 2, 3], [4, 5, 6]] });
    round_trip(Grid::<String, 0, 4> { cells: [const { [] }; 4] });
    round_trip::<Vec<Either<u8, String>>>(vec![
        Either::Left(3),
        Either::Right { value: "three".into() },
    ]);
}

/// Not pickled, and no default.
#[derive(Debug, PartialEq)]
struct Marker;

#[derive(Pickle, Debug, PartialEq)]
struct Tagged<T> {
    id: u32,
    tag: PhantomData<T>,
}

#[derive(Pickle, Debug, PartialEq)]
struct Cached<T> {
    id: u32,
    #[pickle(skip)]
    cache: Option<T>,
}

#[test]
fn parameters_that_are_not_pickled_are_not_bound() {
    round_trip(Tagged::<Marker> { id: 1, tag: PhantomData });
    #[derive(Debug, PartialEq, Default)]
    struct Unpickled;
    round_trip(Cached::<Unpickled> { id: 2, cache: None });
}

trait Unit {
    type Number;
}

#[derive(Debug, PartialEq)]
struct Metre;

impl Unit for Metre {
    type Number = f64;
}

#[derive(Pickle, Debug, PartialEq)]
struct Quantity<U: Unit>
where
    U::Number: PartialEq,
{
    number: U::Number,
    others: Vec<<U as Unit>::Number>,
    unit: PhantomData<U>,
}

#[test]
fn associated_types_are_bound_themselves() {
    round_trip(Quantity::<Metre> { number: 1.5, others: vec![2.5], unit: PhantomData });
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(bound = "T: ::pickle::Pickle + for<'x> ::pickle::Unpickle<'x>, U: Clone")]
struct OwnBound<T, U> {
    items: Vec<T>,
    #[pickle(skip, default = None)]
    other: Option<U>,
}

#[test]
fn a_bound_of_the_users_replaces_the_inferred() {
    round_trip(OwnBound::<u8, Vec<Marker2>> { items: vec![1], other: None });
    #[derive(Debug, PartialEq, Clone)]
    struct Marker2;
}

#[derive(Pickle, Debug, PartialEq, Clone)]
struct Borrowing<'a, 'b: 'a> {
    name: &'a str,
    blob: &'b [u8],
    title: Cow<'a, str>,
    more: Option<Vec<&'a str>>,
}

#[test]
fn borrowed_fields_point_into_the_pickle() {
    let title = Cow::Borrowed("title");
    let value = Borrowing { name: "näme", blob: &[1, 2, 3], title, more: Some(vec!["a", ""]) };
    let bytes = dumps(&value).unwrap();
    let loaded: Borrowing<'_, '_> = loads(&bytes).unwrap();
    assert_eq!(loaded, value);
    assert!(matches!(loaded.title, Cow::Borrowed(_)));
    assert!(bytes.as_ptr_range().contains(&loaded.name.as_ptr()));
    assert!(bytes.as_ptr_range().contains(&loaded.blob.as_ptr()));
}

#[derive(Pickle, Debug, PartialEq)]
struct Named<'a, T, const N: usize = 2>(&'a str, [T; N]);

#[derive(Pickle, Debug, PartialEq)]
enum Token<'de> {
    Word(&'de str),
    Many(Vec<Token<'de>>),
}

#[test]
fn lifetimes_mix_with_other_parameters_and_may_be_called_de() {
    let bytes = dumps(&Named("x", [1_u8, 2])).unwrap();
    assert_eq!(loads::<Named<'_, u8>>(&bytes).unwrap(), Named("x", [1, 2]));
    let value = Token::Many(vec![Token::Word("a"), Token::Many(vec![])]);
    let bytes = dumps(&value).unwrap();
    assert_eq!(loads::<Token<'_>>(&bytes).unwrap(), value);
}

#[derive(Pickle, Debug, PartialEq, Clone)]
struct Node<T> {
    value: T,
    next: Option<Box<Self>>,
    children: Vec<Node<T>>,
}

#[derive(Pickle, Debug, PartialEq)]
enum Expr {
    Number(f64),
    Sum(Box<Expr>, Box<Expr>),
    Call { name: String, arguments: Vec<Expr> },
    Maybe(Option<Box<Expr>>),
}

#[derive(Pickle, Debug, PartialEq)]
struct Even(Option<Box<Odd>>);

#[derive(Pickle, Debug, PartialEq)]
struct Odd(Vec<Even>);

#[test]
fn recursive_types_round_trip() {
    let leaf = Node { value: 1_u8, next: None, children: vec![] };
    let chain = Node { value: 2, next: Some(Box::new(leaf.clone())), children: vec![leaf] };
    round_trip(Node { value: 3, next: None, children: vec![chain.clone(), chain] });
    let call =
        Expr::Call { name: "f".into(), arguments: vec![Expr::Number(1.0), Expr::Maybe(None)] };
    round_trip(Expr::Sum(Box::new(Expr::Number(0.5)), Box::new(call)));
    round_trip(Even(Some(Box::new(Odd(vec![Even(None), Even(Some(Box::new(Odd(vec![]))))])))));
}
