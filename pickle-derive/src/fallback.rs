//! Impls that say nothing, beside the mistakes of a type: so that its users get no errors of their own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Generics, parse_quote};

/// The mistakes, and impls under which the rest of the program is checked.
pub(crate) fn impls(input: &DeriveInput, errors: Option<syn::Error>) -> TokenStream {
    let errors = errors.map(syn::Error::into_compile_error);
    let krate = krate(input);
    let ident = &input.ident;
    let (params, arguments, clause) = input.generics.split_for_impl();
    let load = unpickle_generics(&input.generics);
    let (load_params, _, load_clause) = load.split_for_impl();
    quote! {
        #errors
        const _: () = {
            use #krate as __pickle;

            #[automatically_derived]
            impl #params __pickle::Layout for #ident #arguments #clause {
                const HEAD: ::core::primitive::usize = 0;

                fn describe(_: &mut __pickle::schema::SchemaBuilder) -> __pickle::schema::SchemaId {
                    ::core::unreachable!()
                }
            }

            #[automatically_derived]
            impl #params __pickle::Pickle for #ident #arguments #clause {
                fn measure(&self, _: &mut __pickle::native::Measure) -> __pickle::Result<()> {
                    ::core::unreachable!()
                }

                fn encode<'__slot>(
                    &self,
                    _: __pickle::native::HeadMut<'__slot, Self>,
                    _: &mut __pickle::native::Writer,
                ) -> __pickle::native::Written<'__slot, Self> {
                    ::core::unreachable!()
                }

                fn save(&self, _: &mut __pickle::Saver<'_>) -> __pickle::Result<()> {
                    ::core::unreachable!()
                }
            }

            #[automatically_derived]
            impl #load_params __pickle::Unpickle<'__de> for #ident #arguments #load_clause {
                fn decode<'__slot>(
                    _: __pickle::native::Head<'_, Self>,
                    _: &mut __pickle::native::Reader<'__de>,
                    _: __pickle::native::Slot<'__slot, Self>,
                ) -> __pickle::Result<__pickle::native::Filled<'__slot, Self>> {
                    ::core::unreachable!()
                }

                fn restore(
                    _: __pickle::graph::NodeId,
                    _: &mut __pickle::Restorer<'_, '__de>,
                ) -> __pickle::Result<Self> {
                    ::core::unreachable!()
                }
            }
        };
    }
}

/// The generics of an impl of `Unpickle<'__de>`: `'__de` outlives what the type may borrow.
pub(crate) fn unpickle_generics(generics: &Generics) -> Generics {
    let mut load = generics.clone();
    let borrowed = generics.lifetimes().map(|parameter| &parameter.lifetime);
    load.params.insert(0, parse_quote!('__de: #(#borrowed)+*));
    load
}

/// The path in `crate = path`, if that much can be read.
fn krate(input: &DeriveInput) -> syn::Path {
    use crate::attr::{Items, Place};
    let items = Items::new(&input.attrs, Place::Container, &mut Default::default());
    items.path("crate").cloned().unwrap_or_else(|| parse_quote!(::pickle))
}
