//! The types of std, by kind.

mod cell;
mod collections;
mod composite;
mod net;
mod num;
mod option;
mod path;
mod range;
mod seq;
mod text;
mod time;
mod tuple;
