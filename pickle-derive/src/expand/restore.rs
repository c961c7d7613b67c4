//! `Unpickle::restore`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::unpickle::{default, skipped};
use super::{Hooks, at, site};
use crate::model::{Container, Field, Fields, Form, Variant};

pub(super) fn of_struct(container: &Container, fields: &Fields) -> TokenStream {
    if let Form::Transparent(_) = container.form {
        return transparent(container, fields);
    }
    let count = fields.pickled().count();
    let values = values(container, fields);
    quote_spanned! {site()=>
        restorer.structure::<#count, Self>(id, &__SHAPE, |fields| {
            ::core::result::Result::Ok(Self { #values })
        })
    }
}

pub(super) fn of_enum(container: &Container, variants: &[Variant]) -> TokenStream {
    let arms = variants.iter().enumerate().map(|(number, variant)| {
        let (ident, count) = (&variant.ident, variant.fields.pickled().count());
        let values = values(container, &variant.fields);
        quote_spanned! {site()=>
            #number => restorer.variant_fields::<#count, Self>(variant, &__SHAPE, |fields| {
                ::core::result::Result::Ok(Self::#ident { #values })
            }),
        }
    });
    let build = quote_spanned! {site()=>
        match variant.index {
            #(#arms)*
            _ => ::core::unreachable!("the table has as many variants"),
        }
    };
    if container.untagged.is_some() {
        return quote_spanned! {site()=>
            restorer.untagged(id, &__SHAPE, |restorer, variant| #build)
        };
    }
    quote_spanned! {site()=>
        let variant = restorer.variant(id, &__SHAPE)?;
        #build
    }
}

/// The fields, each taken from what the pickle has for it.
fn values(container: &Container, fields: &Fields) -> TokenStream {
    let values = fields.list.iter().map(|field| {
        let member = &field.member;
        let value = skipped(field).unwrap_or_else(|| value(container, field));
        quote_spanned!(site()=> #member: #value,)
    });
    quote!(#(#values)*)
}

fn value(container: &Container, field: &Field) -> TokenStream {
    let ty = &field.ty;
    if field.unknown.is_some() {
        return quote_spanned!(at(field)=> fields.take_unknown::<#ty>()?);
    }
    let default = match (&field.default, container.default) {
        (Some(_), _) => Some(default(field)),
        (None, Some(span)) => {
            let member = &field.member;
            Some(quote_spanned! {span.resolved_at(site())=>
                <Self as ::core::default::Default>::default().#member
            })
        }
        (None, None) => None,
    };
    let set = Hooks::of_field(field, container).and_then(|hooks| hooks.set());
    match (set, default) {
        (None, None) => quote_spanned! {at(field)=>
            fields.take_by(
                |id, restorer| <#ty as __pickle::Unpickle<'__de>>::restore(id, restorer),
                || <#ty as __pickle::Unpickle<'__de>>::absent(),
            )?
        },
        (None, Some(default)) => quote_spanned! {at(field)=>
            fields.take_by(
                |id, restorer| <#ty as __pickle::Unpickle<'__de>>::restore(id, restorer),
                || ::core::option::Option::Some(#default),
            )?
        },
        (Some(set), None) => {
            quote_spanned!(at(field)=> fields.take_state::<#ty, _, _>(#set)?)
        }
        (Some(set), Some(default)) => {
            quote_spanned!(at(field)=> fields.take_state_or::<#ty, _, _>(#set, || #default)?)
        }
    }
}

/// The only field stands for the type.
fn transparent(container: &Container, fields: &Fields) -> TokenStream {
    let values = fields.list.iter().map(|field| {
        let (member, ty) = (&field.member, &field.ty);
        let value = skipped(field).unwrap_or_else(|| {
            match Hooks::of_field(field, container).and_then(|hooks| hooks.set()) {
                None => quote_spanned! {at(field)=>
                    <#ty as __pickle::Unpickle<'__de>>::restore(id, restorer)?
                },
                Some(set) => quote_spanned! {at(field)=>
                    __pickle::hooks::restore_state::<#ty, _, _>(id, restorer, #set)?
                },
            }
        });
        quote_spanned!(site()=> #member: #value,)
    });
    quote_spanned! {site()=>
        let id = restorer.transparent(id, &__SHAPE);
        ::core::result::Result::Ok(Self { #(#values)* })
    }
}
