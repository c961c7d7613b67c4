//! `impl Unpickle`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::pickle::tag;
use super::{Hooks, at, local, restore, site, size};
use crate::bound;
use crate::fallback::unpickle_generics;
use crate::model::{Body, Container, Field, FieldDefault, Fields, Form, Kind, Variant};

pub(super) fn unpickle(container: &Container) -> TokenStream {
    let ident = &container.ident;
    let (_, arguments, _) = container.generics.split_for_impl();
    let load = unpickle_generics(&container.generics);
    let (params, _, _) = load.split_for_impl();
    let needed = quote!(__pickle::Unpickle<'__de>);
    let clause = bound::where_clause(container, &load, &needed, true);
    let (decode, restore) = match (&container.form, &container.body) {
        (Form::State { getstate, setstate }, _) => {
            let hooks = Hooks::of_container(getstate.as_ref(), setstate.as_ref());
            let value = hooks.decode(&quote!(Self));
            let decode = quote_spanned!(site()=> #value.map(|value| slot.write(value)));
            (decode, hooks.restore())
        }
        (_, Body::Struct(fields)) => {
            (of_struct(container, fields), restore::of_struct(container, fields))
        }
        (_, Body::Enum(variants)) => {
            (of_enum(container, variants), restore::of_enum(container, variants))
        }
    };
    let decode = match &container.after_load {
        None => decode,
        Some(path) => {
            let span = path.span().resolved_at(site());
            quote_spanned! {span=>
                let decoded: __pickle::Result<__pickle::native::Filled<'__slot, Self>> = {
                    #decode
                };
                __pickle::hooks::finish(decoded, #path)
            }
        }
    };
    let restore = match &container.after_load {
        None => restore,
        Some(path) => {
            let span = path.span().resolved_at(site());
            quote_spanned! {span=>
                let restored: __pickle::Result<Self> =
                    __pickle::hooks::restore_apart(restorer, |restorer| { #restore });
                __pickle::hooks::finish_restored(restored, #path)
            }
        }
    };
    let parts = restore::parts(container);
    let cells = restore::cells(container);
    quote_spanned! {site()=>
        #[automatically_derived]
        impl #params __pickle::Unpickle<'__de> for #ident #arguments #clause {
            #[inline]
            fn decode<'__slot>(
                head: __pickle::native::Head<'_, Self>,
                reader: &mut __pickle::native::Reader<'__de>,
                slot: __pickle::native::Slot<'__slot, Self>,
            ) -> __pickle::Result<__pickle::native::Filled<'__slot, Self>> {
                #decode
            }

            #parts

            fn restore(
                id: __pickle::graph::NodeId,
                restorer: &mut __pickle::Restorer<'_, '__de>,
            ) -> __pickle::Result<Self> {
                #restore
            }

            #cells
        }
    }
}

fn of_struct(container: &Container, fields: &Fields) -> TokenStream {
    let fields = fields.list.iter().map(|field| {
        let member = &field.member;
        let decode = match skipped(field) {
            Some(value) => {
                quote_spanned!(at(field)=> ::core::result::Result::Ok(place.write(#value)))
            }
            None => decode_field(container, field),
        };
        quote_spanned!(at(field)=> #member: |heads, place| #decode;)
    });
    // `restore::parts` makes `PARTS` of the same list.
    quote_spanned! {site()=>
        __pickle::__decode_struct!(
            unsafe head, slot, { #(#fields)* }, |error, index| __SHAPE.in_field(error, index)
        )
    }
}

fn of_enum(container: &Container, variants: &[Variant]) -> TokenStream {
    let arms = variants.iter().enumerate().map(|(number, variant)| {
        let tag = tag(number, variants.len());
        let body = of_variant(container, number, variant);
        quote_spanned!(site()=> #tag => { #body })
    });
    let tag = match variants.len() {
        0..=256 => quote!(::core::primitive::u8),
        _ => quote!(::core::primitive::u16),
    };
    let name = &container.name;
    let unknown = quote_spanned! {site()=>
        tag => ::core::result::Result::Err(reader.unknown_variant(head, tag.into(), #name)),
    };
    quote_spanned! {site()=>
        let mut fields = head.fields();
        match #tag::from_le_bytes(fields.take()) { #(#arms)* #unknown }
    }
}

fn of_variant(container: &Container, number: usize, variant: &Variant) -> TokenStream {
    let Variant { ident, fields, .. } = variant;
    let VariantFields { taken, values } = VariantFields::new(fields, |index, field| {
        let ty = &field.ty;
        let value = match Hooks::of_field(field, container) {
            None => quote_spanned! {at(field)=>
                <#ty as __pickle::Unpickle<'__de>>::value_next(&mut heads, reader)
            },
            Some(hooks) => hooks.decode(&quote!(#ty)),
        };
        (value, quote_spanned!(site()=> __SHAPE.in_variant(error, #number, #index)))
    });
    let built = quote_spanned! {site()=>
        ::core::result::Result::Ok(slot.write(Self::#ident { #(#values)* }))
    };
    if taken.is_empty() {
        return built;
    }
    let size = size(fields);
    quote_spanned! {site()=>
        let mut heads = match reader.variant(fields, #size) {
            ::core::result::Result::Ok(heads) => heads,
            ::core::result::Result::Err(error) => return ::core::result::Result::Err(error),
        };
        #(#taken)*
        #built
    }
}

/// Decodes a field from the next of `heads` into `place`.
fn decode_field(container: &Container, field: &Field) -> TokenStream {
    let ty = &field.ty;
    match Hooks::of_field(field, container) {
        None => quote_spanned! {at(field)=>
            <#ty as __pickle::Unpickle<'__de>>::decode_next(heads, reader, place)
        },
        Some(hooks) => {
            let value = hooks.decode(&quote!(#ty));
            quote_spanned!(site()=> #value.map(|value| place.write(value)))
        }
    }
}

/// How a variant is built, field by field.
pub(super) struct VariantFields {
    /// Statements that take the pickled fields into locals.
    pub(super) taken: Vec<TokenStream>,
    /// `member: value,` for each field, whether it is pickled or not.
    pub(super) values: Vec<TokenStream>,
}

impl VariantFields {
    /// `take` gives, for the number of a pickled field among them, a result of its value, and what is
    /// returned instead of an `error` in it.
    pub(super) fn new(
        fields: &Fields,
        take: impl Fn(usize, &Field) -> (TokenStream, TokenStream),
    ) -> Self {
        let mut taken = Vec::new();
        let values = fields.list.iter().map(|field| {
            let member = &field.member;
            let value = skipped(field).unwrap_or_else(|| {
                let local = local(taken.len());
                let (value, error) = take(taken.len(), field);
                taken.push(quote_spanned! {at(field)=>
                    let #local = match #value {
                        ::core::result::Result::Ok(value) => value,
                        ::core::result::Result::Err(error) => {
                            return ::core::result::Result::Err(#error);
                        }
                    };
                });
                quote!(#local)
            });
            quote_spanned!(site()=> #member: #value,)
        });
        let values = values.collect();
        Self { taken, values }
    }
}

/// What a skipped field is filled with.
pub(super) fn skipped(field: &Field) -> Option<TokenStream> {
    match field.kind {
        Kind::Skipped => Some(default(field)),
        _ => None,
    }
}

pub(super) fn default(field: &Field) -> TokenStream {
    let ty = &field.ty;
    match &field.default {
        Some(FieldDefault::Expr(expr)) => {
            quote_spanned!(at(field)=> { let value: #ty = #expr; value })
        }
        Some(FieldDefault::Trait) | None => {
            quote_spanned!(at(field)=> <#ty as __pickle::hooks::AbsentField>::absent())
        }
    }
}
