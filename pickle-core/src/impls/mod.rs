//! The types of std, by kind.

mod num;
mod option;
mod seq;
mod text;
mod tuple;
