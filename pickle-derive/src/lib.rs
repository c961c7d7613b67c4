//! The derive macros of `pickle-rs`. Depend on that crate, which re-exports this one and documents the
//! attributes.
//!
//! A derive passes through stages, one module each: `attr` parses `#[pickle(..)]` by a table of rules;
//! `model` resolves names and defaults, after which nothing sees syntax; `check` finds what does not
//! fit together; `bound` infers where clauses; `expand` writes the impls. Each stage reports all its
//! mistakes to `ctxt`; where there are any, `fallback` writes impls that say nothing, so that the user
//! sees these mistakes and no others.

#![forbid(unsafe_code)]

mod attr;
mod bound;
mod check;
mod class;
mod ctxt;
mod expand;
mod fallback;
mod function;
mod key;
mod model;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Generates `Pickle` and `Unpickle`. The attributes are described with the trait `Pickle`.
#[proc_macro_derive(Pickle, attributes(pickle))]
pub fn derive_pickle(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut ctxt = ctxt::Ctxt::default();
    let container = model::Container::new(&input, &mut ctxt);
    if let Some(container) = &container {
        check::all(container, &mut ctxt);
    }
    match (container, ctxt.into_error()) {
        (Some(container), None) => expand::container(&container).into(),
        (_, errors) => fallback::impls(&input, errors).into(),
    }
}

/// Generates the traits of an ordered key of the store. Described with the trait `Key` there.
#[proc_macro_derive(Key, attributes(key))]
pub fn derive_key(input: TokenStream) -> TokenStream {
    key::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Pickles the objects of a trait by the names of their classes.
///
/// On the trait it makes `Box<dyn Trait>` (also `dyn Trait + Send + Sync`) a type that can be
/// pickled. On an `impl` it registers the type, by `name = "..."` (or `"..."` alone) or else by the
/// name of the type's own, and by every `alias = "..."`. A generic `impl` has the attribute too, and
/// each instance of it that travels is registered on an alias:
/// `#[pickle::class(dyn Trait)] type Name = Type<u8>;`.
#[proc_macro_attribute]
pub fn class(arguments: TokenStream, item: TokenStream) -> TokenStream {
    class::expand(arguments.into(), item.into()).into()
}

/// Pickles a function by its name: that of its module and its own, or `name = "module.function"`.
///
/// Beside the function stands a type of the same name then, for `Function::of`.
#[proc_macro_attribute]
pub fn function(arguments: TokenStream, item: TokenStream) -> TokenStream {
    function::expand(arguments.into(), item.into()).into()
}
