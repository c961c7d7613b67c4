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
    let mut pickled = 0_usize..;
    let fields = fields.list.iter().enumerate().map(|(position, field)| {
        let (member, local) = (&field.member, local(position));
        let (decode, index) = match skipped(field) {
            Some(value) => {
                (quote_spanned!(at(field)=> ::core::result::Result::Ok(place.write(#value))), 0)
            }
            None => {
                let index = pickled.next().unwrap_or_default();
                let decode = match Hooks::of_field(field, container) {
                    None => {
                        let ty = &field.ty;
                        quote_spanned! {at(field)=>
                            <#ty as __pickle::Unpickle<'__de>>::decode_next(heads, reader, place)
                        }
                    }
                    Some(hooks) => {
                        let ty = &field.ty;
                        let value = hooks.decode(&quote!(#ty));
                        quote_spanned!(site()=> #value.map(|value| place.write(value)))
                    }
                };
                (decode, index)
            }
        };
        quote_spanned!(site()=> #member: #local, #index => |place, heads| #decode;)
    });
    quote_spanned! {site()=>
        __pickle::__decode_struct!(
            struct, head, slot, { #(#fields)* }, |error, index| __SHAPE.in_field(error, index)
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
    if variants.iter().all(|variant| variant.fields.pickled().next().is_none()) {
        return quote_spanned! {site()=>
            let mut fields = head.fields();
            match #tag::from_le_bytes(fields.take()) { #(#arms)* #unknown }
        };
    }
    // One place adds the step into a field to an error, whichever field it comes from.
    quote_spanned! {site()=>
        let mut fields = head.fields();
        let decoded = 'fields: {
            ::core::result::Result::Ok(
                match #tag::from_le_bytes(fields.take()) { #(#arms)* #unknown }
            )
        };
        match decoded {
            ::core::result::Result::Ok(decoded) => decoded,
            ::core::result::Result::Err((error, variant, index)) => {
                ::core::result::Result::Err(__SHAPE.in_variant(error, variant, index))
            }
        }
    }
}

fn of_variant(container: &Container, number: usize, variant: &Variant) -> TokenStream {
    let Variant { ident, fields, .. } = variant;
    let size = size(fields);
    let lets = fields.pickled().map(|(index, field)| {
        let (local, ty) = (local(index), &field.ty);
        let decode = match Hooks::of_field(field, container) {
            None => quote_spanned! {at(field)=>
                <#ty as __pickle::Unpickle<'__de>>::decode_value(&mut fields, reader)
            },
            Some(hooks) => hooks.decode(&quote!(#ty)),
        };
        quote_spanned! {site()=>
            let #local: #ty = match #decode {
                ::core::result::Result::Ok(value) => value,
                ::core::result::Result::Err(error) => {
                    break 'fields ::core::result::Result::Err((error, #number, #index));
                }
            };
        }
    });
    let mut pickled = 0_usize..;
    let values = fields.list.iter().map(|field| {
        let member = &field.member;
        let value = skipped(field).unwrap_or_else(|| {
            let local = local(pickled.next().unwrap_or_default());
            quote!(#local)
        });
        quote_spanned!(site()=> #member: #value,)
    });
    quote_spanned! {site()=>
        let mut fields = reader.variant(fields, #size)?;
        #(#lets)*
        ::core::result::Result::Ok(slot.write(Self::#ident { #(#values)* }))
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
