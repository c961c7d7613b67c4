//! `Unpickle::restore`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::unpickle::{default, skipped};
use super::{Hooks, at, local, site};
use crate::model::{Body, Container, Field, Fields, Form, Kind, Variant};

pub(super) fn of_struct(container: &Container, fields: &Fields) -> TokenStream {
    if let Form::Transparent(_) = container.form {
        return transparent(container, fields);
    }
    let count = fields.pickled().count();
    let values = values(container, fields);
    quote_spanned! {site()=>
        let mut nodes = [::core::option::Option::None; #count];
        let mut fields = restorer.structure(id, &__SHAPE, &mut nodes)?;
        ::core::result::Result::Ok(Self { #values })
    }
}

pub(super) fn of_enum(container: &Container, variants: &[Variant]) -> TokenStream {
    let arms = variants.iter().enumerate().map(|(number, variant)| {
        let ident = &variant.ident;
        let values = values(container, &variant.fields);
        quote_spanned!(site()=> #number => ::core::result::Result::Ok(Self::#ident { #values }),)
    });
    let most = variants.iter().map(|variant| variant.fields.pickled().count()).max().unwrap_or(0);
    let build = quote_spanned! {site()=>
        match fields.variant() {
            #(#arms)*
            _ => ::core::unreachable!("the table has as many variants"),
        }
    };
    if container.untagged.is_some() {
        return quote_spanned! {site()=>
            let mut nodes = [::core::option::Option::None; #most];
            restorer.untagged(id, &__SHAPE, &mut nodes, |fields| #build)
        };
    }
    quote_spanned! {site()=>
        let mut nodes = [::core::option::Option::None; #most];
        let mut fields = restorer.variant(id, &__SHAPE, &mut nodes)?;
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
                <#ty as __pickle::Unpickle<'__de>>::restore,
                <#ty as __pickle::Unpickle<'__de>>::absent,
            )?
        },
        (None, Some(default)) => quote_spanned! {at(field)=>
            fields.take_or(
                <#ty as __pickle::Unpickle<'__de>>::restore,
                || #default,
                <#ty as __pickle::Unpickle<'__de>>::visit_cells,
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

/// `Unpickle::shell` and `Unpickle::visit_cells`. Where a hook makes the value or looks at it, there
/// is no shell, and its cells do not wait.
pub(super) fn cells(container: &Container) -> TokenStream {
    if matches!(container.form, Form::State { .. }) || container.after_load.is_some() {
        return TokenStream::new();
    }
    let (shell, visit) = match &container.body {
        Body::Struct(fields) => (shell(container, fields), visit_struct(container, fields)),
        Body::Enum(variants) => (unit(variants), visit_enum(container, variants)),
    };
    let shell = shell.map(|shell| {
        quote_spanned! {site()=>
            #[inline]
            fn shell(
                restorer: &__pickle::Restorer<'_, '__de>,
            ) -> ::core::option::Option<Self> {
                ::core::option::Option::Some(#shell)
            }
        }
    });
    let visit = visit.map(|visit| {
        quote_spanned! {site()=>
            #[inline]
            fn visit_cells(
                &self,
                visitor: &mut __pickle::CellVisitor<'_, '_, '__de>,
            ) -> __pickle::Result<()> {
                #visit
                ::core::result::Result::Ok(())
            }
        }
    });
    quote!(#shell #visit)
}

/// The fields that are restored by their types' own impls.
fn plain<'f>(
    container: &'f Container,
    fields: &'f Fields,
) -> impl Iterator<Item = (usize, &'f Field)> {
    let is_plain = |field: &Field| {
        field.unknown.is_none()
            && !matches!(field.kind, Kind::Skipped)
            && Hooks::of_field(field, container).is_none()
    };
    fields.list.iter().enumerate().filter(move |(_, field)| is_plain(field))
}

/// A variant without fields: one with fields may hold another value of the enum.
fn unit(variants: &[Variant]) -> Option<TokenStream> {
    let unit = variants.iter().find(|variant| variant.fields.list.is_empty())?;
    let ident = &unit.ident;
    Some(quote_spanned!(site()=> Self::#ident {}))
}

fn shell(container: &Container, fields: &Fields) -> Option<TokenStream> {
    if plain(container, fields).count() != fields.list.len() {
        return None;
    }
    let values = fields.list.iter().map(|field| {
        let (member, ty) = (&field.member, &field.ty);
        quote_spanned! {at(field)=>
            #member: <#ty as __pickle::Unpickle<'__de>>::shell(restorer)?,
        }
    });
    Some(quote_spanned!(site()=> Self { #(#values)* }))
}

fn visit_struct(container: &Container, fields: &Fields) -> Option<TokenStream> {
    let visits = plain(container, fields).map(|(_, field)| {
        let (member, ty) = (&field.member, &field.ty);
        quote_spanned! {at(field)=>
            <#ty as __pickle::Unpickle<'__de>>::visit_cells(&self.#member, visitor)?;
        }
    });
    let visits: Vec<_> = visits.collect();
    (!visits.is_empty()).then(|| quote!(#(#visits)*))
}

fn visit_enum(container: &Container, variants: &[Variant]) -> Option<TokenStream> {
    let arms = variants.iter().map(|variant| {
        let (ident, fields) = (&variant.ident, plain(container, &variant.fields));
        let (patterns, visits): (Vec<_>, Vec<_>) = fields
            .map(|(position, field)| {
                let (member, ty, local) = (&field.member, &field.ty, local(position));
                let visit = quote_spanned! {at(field)=>
                    <#ty as __pickle::Unpickle<'__de>>::visit_cells(#local, visitor)?;
                };
                (quote_spanned!(site()=> #member: #local,), visit)
            })
            .unzip();
        (!visits.is_empty())
            .then(|| quote_spanned!(site()=> Self::#ident { #(#patterns)* .. } => { #(#visits)* }))
    });
    let arms: Vec<_> = arms.collect();
    let has_more = arms.iter().any(Option::is_none).then(|| quote!(_ => {}));
    let arms: Vec<_> = arms.into_iter().flatten().collect();
    (!arms.is_empty()).then(|| quote_spanned!(site()=> match self { #(#arms)* #has_more }))
}
