//! Writes the impls, from the model alone. Nothing here decides; what is generated calls what
//! `pickle-core` provides, and contains no `unsafe`.
//!
//! For `struct Point { x: f64, #[pickle(skip)] y: f64 }`, in outline:
//!
//! ```ignore
//! const _: () = {
//!     use ::pickle as __pickle;
//!     static __SHAPE: __pickle::shape::Shape = /* names */;
//!     impl __pickle::Layout for Point {
//!         const HEAD: usize = 0 + <f64 as Layout>::HEAD;
//!         fn describe(schema: &mut SchemaBuilder) -> SchemaId {
//!             schema.shaped::<Self>(&__SHAPE, &[<f64 as Layout>::describe])
//!         }
//!     }
//!     impl __pickle::Pickle for Point { /* measure: sizes; encode: `f64::encode_next(&self.x, ..)` */ }
//!     impl<'__de> __pickle::Unpickle<'__de> for Point {
//!         // What restores each field, and drops those of a decode that fails: a table, walked by
//!         // code that is compiled once.
//!         const PARTS: Option<Parts<'__de, Self>> = Some(__parts!(struct Self, '__de, {
//!             x: f64, of <f64 as Unpickle<'__de>>::KIND;
//!             y: f64, skipped <f64 as AbsentField>::absent();
//!         }));
//!         fn decode(head, reader, slot) {
//!             __decode_struct!(unsafe head, slot, {
//!                 x: |heads, place| <f64 as Unpickle>::decode_next(heads, reader, place);
//!                 y: |heads, place| Ok(place.write(<f64 as AbsentField>::absent()));
//!             })
//!         }
//!         fn restore(id, restorer) { restorer.whole_struct(id, &__SHAPE) }
//!     }
//! };
//! ```

mod layout;
mod pickle;
mod restore;
mod shape;
mod unpickle;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Path};

use crate::model::{Container, Field, Fields, Kind};

/// All that is generated for a type.
pub(crate) fn container(container: &Container) -> TokenStream {
    let krate = &container.krate;
    let shape = shape::table(container);
    let layout = layout::layout(container);
    let pickle = container.pickles().then(|| pickle::pickle(container));
    let unpickle = container.unpickles().then(|| unpickle::unpickle(container));
    quote_spanned! {site()=>
        #[allow(
            deprecated, non_upper_case_globals, unused_mut, unused_qualifications,
            unused_variables, unreachable_code, clippy::all, clippy::pedantic
        )]
        const _: () = {
            use #krate as __pickle;
            #shape
            #layout
            #pickle
            #unpickle
        };
    }
}

/// Names of ours mean ours; paths of the user's mean what they mean where the type stands.
fn site() -> Span {
    Span::mixed_site()
}

/// Where a missing impl of a field's type is reported.
fn at(field: &Field) -> Span {
    field.ty.span().resolved_at(site())
}

/// The local that stands for a field.
fn local(index: usize) -> Ident {
    format_ident!("__field{index}", span = site())
}

/// The size of the heads of all fields.
fn size(fields: &Fields) -> TokenStream {
    let heads = fields.pickled().filter(|(_, field)| matches!(field.kind, Kind::Plain)).map(
        |(_, field)| {
            let ty = &field.ty;
            quote_spanned!(at(field)=> <#ty as __pickle::Layout>::HEAD)
        },
    );
    quote_spanned!(site()=> (0 #(+ #heads)*))
}

/// Borrows the pickled fields of a variant into their locals.
fn pattern(fields: &Fields) -> TokenStream {
    let bindings = fields.pickled().map(|(index, field)| {
        let (member, local) = (&field.member, local(index));
        quote_spanned!(site()=> #member: #local,)
    });
    quote_spanned!(site()=> { #(#bindings)* .. })
}

/// The pair of functions that a type or field is pickled through.
struct Hooks {
    getstate: Option<TokenStream>,
    setstate: Option<TokenStream>,
}

impl Hooks {
    /// Those of a container.
    fn of_container(getstate: Option<&Path>, setstate: Option<&Path>) -> Self {
        Self {
            getstate: getstate.map(|path| quote!(#path)),
            setstate: setstate.map(|path| quote!(#path)),
        }
    }

    /// Those of a field, as far as the container uses them.
    fn of_field(field: &Field, container: &Container) -> Option<Self> {
        let module = match &field.kind {
            Kind::Plain | Kind::Skipped => return None,
            Kind::With(module) => quote!(#module),
            Kind::Serde(span) => quote_spanned!(*span=> __pickle::bridge::serde),
        };
        let span = module.span();
        Some(Self {
            getstate: container.pickles().then(|| quote_spanned!(span=> #module::getstate)),
            setstate: container.unpickles().then(|| quote_spanned!(span=> #module::setstate)),
        })
    }

    /// A closure from a borrowed value to its state, or the error of the hook.
    fn get(&self) -> Option<TokenStream> {
        let path = self.getstate.as_ref()?;
        let span = path.span().resolved_at(site());
        Some(quote_spanned! {span=> |value| {
            use __pickle::hooks::PlainState as _;
            __pickle::hooks::Returned(#path(value)).state()
        }})
    }

    /// A closure from a state to a value.
    fn set(&self) -> Option<TokenStream> {
        let path = self.setstate.as_ref()?;
        let span = path.span().resolved_at(site());
        Some(quote_spanned!(span=> |state| #path(state)))
    }

    /// Describes the state of a value of type `of`.
    fn describe(&self, of: &TokenStream) -> TokenStream {
        match (self.get(), self.set()) {
            (Some(get), None) => {
                quote_spanned!(site()=> __pickle::hooks::describe_state::<#of, _>(#get, schema))
            }
            (Some(get), Some(set)) => quote_spanned! {site()=>
                __pickle::hooks::describe_states::<#of, _, _, _>(#get, #set, schema)
            },
            (None, Some(set)) => {
                quote_spanned!(site()=> __pickle::hooks::describe_rebuilt::<#of, _, _>(#set, schema))
            }
            (None, None) => unreachable!("a type is pickled or unpickled"),
        }
    }

    /// Where a `setstate` that does not fit is reported.
    fn at_setstate(&self) -> Span {
        self.setstate.as_ref().map_or_else(site, |path| path.span().resolved_at(site()))
    }

    /// Measures the state of `value`.
    fn measure(&self, value: &TokenStream) -> TokenStream {
        let get = self.get();
        match self.set() {
            Some(set) => quote_spanned! {self.at_setstate()=>
                __pickle::hooks::measure_state(#value, #get, #set, measure)
            },
            None => quote_spanned! {site()=>
                __pickle::hooks::measure_state_only(#value, #get, measure)
            },
        }
    }

    /// Saves the state of `self` for Python.
    fn save(&self) -> TokenStream {
        let get = self.get();
        quote_spanned! {site()=>
            saver.state(&__SHAPE, &__pickle::hooks::state_of(self, #get)?)
        }
    }

    /// Rebuilds `Self` from the state that a node denotes.
    fn restore(&self) -> TokenStream {
        let set = self.set();
        quote_spanned! {self.at_setstate()=>
            let state = restorer.state(id, &__SHAPE)?;
            __pickle::hooks::restore_state::<Self, _, _>(state, restorer, #set)
        }
    }

    /// Rebuilds a value of type `of` from its state.
    fn decode(&self, of: &TokenStream) -> TokenStream {
        let set = self.set();
        match self.get() {
            Some(get) => quote_spanned! {self.at_setstate()=>
                __pickle::hooks::decode_state::<#of, _, _, _>(reader, #get, #set)
            },
            None => quote_spanned! {self.at_setstate()=>
                __pickle::hooks::decode_state_only::<#of, _, _>(reader, #set)
            },
        }
    }
}
