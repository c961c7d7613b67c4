//! `Unpickle::restore`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use syn::Member;

use super::unpickle::{VariantFields, default, skipped};
use super::{Hooks, at, local, site};
use crate::model::{Body, Container, Field, Fields, Form, Kind, Variant};

pub(super) fn of_struct(container: &Container, fields: &Fields) -> TokenStream {
    match container.form {
        Form::Transparent(_) => transparent(container, fields),
        _ => quote_spanned!(site()=> restorer.whole_struct(id, &__SHAPE)),
    }
}

/// `Unpickle::PARTS`: the fields of a struct, each with how it is restored.
pub(super) fn parts(container: &Container) -> Option<TokenStream> {
    let Body::Struct(fields) = &container.body else { return None };
    if let Form::State { .. } = container.form {
        return None;
    }
    let fields = fields.list.iter().map(|field| part(container, field, &field.member));
    let apart = container.after_load.is_some().then(|| quote!(.apart()));
    Some(quote_spanned! {site()=>
        const PARTS: ::core::option::Option<__pickle::native::Parts<'__de, Self>> =
            ::core::option::Option::Some(
                __pickle::__parts!(struct Self, '__de, { #(#fields)* }) #apart
            );
    })
}

/// A line of `__parts!`.
fn part(container: &Container, field: &Field, member: &Member) -> TokenStream {
    let ty = &field.ty;
    let how = match (skipped(field), value_of(container, field)) {
        (Some(value), _) => quote_spanned!(at(field)=> skipped #value),
        (None, Taken::Plain) => {
            quote_spanned!(at(field)=> of <#ty as __pickle::Unpickle<'__de>>::KIND)
        }
        (None, Taken::Or(default)) => quote_spanned!(at(field)=> or || #default),
        (None, Taken::By(value)) => quote_spanned!(at(field)=> by |fields| #value),
    };
    quote_spanned!(at(field)=> #member: #ty, #how;)
}

pub(super) fn of_enum(container: &Container, variants: &[Variant]) -> TokenStream {
    let arms = variants.iter().enumerate().map(|(number, variant)| {
        let value = of_variant(container, variant);
        quote_spanned!(site()=> #number => #value,)
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

fn of_variant(container: &Container, variant: &Variant) -> TokenStream {
    let ident = &variant.ident;
    let VariantFields { taken, values } = VariantFields::new(&variant.fields, |_, field| {
        let ty = &field.ty;
        let value = match value_of(container, field) {
            Taken::Plain => quote_spanned!(at(field)=> fields.take::<#ty>()),
            Taken::Or(default) => {
                quote_spanned!(at(field)=> fields.take_or::<#ty>(|| #default))
            }
            Taken::By(value) => value,
        };
        (value, quote_spanned!(site()=> error))
    });
    quote_spanned! {site()=> {
        #(#taken)*
        ::core::result::Result::Ok(Self::#ident { #(#values)* })
    }}
}

/// How a field is taken from what the pickle has for it.
enum Taken {
    /// By its type.
    Plain,
    /// By its type, or else this.
    Or(TokenStream),
    /// By what makes a result of `fields`.
    By(TokenStream),
}

fn value_of(container: &Container, field: &Field) -> Taken {
    let ty = &field.ty;
    if field.unknown.is_some() {
        return Taken::By(quote_spanned!(at(field)=> fields.take_unknown::<#ty>()));
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
        (None, None) => Taken::Plain,
        (None, Some(default)) => Taken::Or(default),
        (Some(set), None) => {
            Taken::By(quote_spanned!(at(field)=> fields.take_state::<#ty, _, _>(#set)))
        }
        (Some(set), Some(default)) => Taken::By(quote_spanned! {at(field)=>
            fields.take_state_or::<#ty, _, _>(#set, || #default)
        }),
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

/// `Unpickle::shell` and `Unpickle::visit_cells` of an enum. Where a hook makes the value or looks at
/// it, there is no shell, and its cells do not wait.
pub(super) fn cells(container: &Container) -> TokenStream {
    let Body::Enum(variants) = &container.body else { return TokenStream::new() };
    if matches!(container.form, Form::State { .. }) || container.after_load.is_some() {
        return TokenStream::new();
    }
    let shell = unit(variants).map(|shell| {
        quote_spanned! {site()=>
            #[inline]
            fn shell(_: &__pickle::Restorer<'_, '__de>) -> ::core::option::Option<Self> {
                ::core::option::Option::Some(#shell)
            }
        }
    });
    let visit = visit_enum(container, variants).map(|visit| {
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
