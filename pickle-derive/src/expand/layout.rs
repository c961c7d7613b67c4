//! `impl Layout`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{Hooks, at, site, size};
use crate::bound;
use crate::model::{Body, Container, Field, Fields, Form, Kind, Style, Variant};

pub(super) fn layout(container: &Container) -> TokenStream {
    let ident = &container.ident;
    let (params, arguments, _) = container.generics.split_for_impl();
    let needed = quote!(__pickle::Layout);
    let clause = bound::where_clause(container, &container.generics, &needed, false);
    let constants = match (&container.form, &container.body) {
        (Form::State { .. }, _) => quote_spanned! {site()=>
            const HEAD: ::core::primitive::usize = 0;
        },
        (_, Body::Struct(fields)) => of_struct(container, fields),
        (_, Body::Enum(variants)) => of_enum(container, variants),
    };
    let describe = describe(container);
    quote_spanned! {site()=>
        #[automatically_derived]
        impl #params __pickle::Layout for #ident #arguments #clause {
            #constants

            fn shape() -> ::core::option::Option<&'static __pickle::shape::Shape> {
                ::core::option::Option::Some(&__SHAPE)
            }

            fn describe(schema: &mut __pickle::schema::SchemaBuilder) -> __pickle::schema::SchemaId {
                #describe
            }
        }
    }
}

fn of_struct(container: &Container, fields: &Fields) -> TokenStream {
    let head = size(fields);
    let fixed = fixed(fields);
    // In Python a transparent type is `None` where its field is.
    let nullable = match container.form {
        Form::Transparent(_) => fields.pickled().next().map(|(_, field)| {
            let ty = &field.ty;
            quote_spanned! {at(field)=>
                const NULLABLE: ::core::primitive::bool = <#ty as __pickle::Layout>::NULLABLE;
            }
        }),
        _ => None,
    };
    let is_plain = fields.list.iter().all(|field| matches!(field.kind, Kind::Plain));
    let image = (is_plain && container.after_load.is_none()).then(|| {
        let members = fields.list.iter().map(|field| &field.member);
        let types = fields.list.iter().map(|field| &field.ty);
        quote_spanned! {site()=>
            __pickle::__image_struct!(#(#members: #types,)*);
        }
    });
    quote_spanned! {site()=>
        const HEAD: ::core::primitive::usize = #head;
        const FIXED: ::core::primitive::bool = #fixed;
        #image
        #nullable
    }
}

fn of_enum(container: &Container, variants: &[Variant]) -> TokenStream {
    let sizes = variants.iter().map(|variant| size(&variant.fields));
    let fixed = variants.iter().map(|variant| {
        let (size, fixed) = (size(&variant.fields), fixed(&variant.fields));
        quote_spanned!(site()=> #size <= __pickle::native::INLINE && #fixed)
    });
    let is_fieldless = variants.iter().all(|variant| variant.fields.style == Style::Unit);
    let image =
        (is_fieldless && !variants.is_empty() && container.after_load.is_none()).then(|| {
            let names = variants.iter().map(|variant| &variant.ident);
            quote_spanned! {site()=>
                const IMAGE: __pickle::native::Image<Self> = __pickle::__image_enum!(#(#names)*);
            }
        });
    quote_spanned! {site()=>
        const HEAD: ::core::primitive::usize = __pickle::native::enum_head(&[#(#sizes),*]);
        const FIXED: ::core::primitive::bool = true #(&& #fixed)*;
        #image
    }
}

fn fixed(fields: &Fields) -> TokenStream {
    let each = fields.pickled().map(|(_, field)| match field.kind {
        Kind::Plain => {
            let ty = &field.ty;
            quote_spanned!(at(field)=> <#ty as __pickle::Layout>::FIXED)
        }
        _ => quote!(false),
    });
    quote_spanned!(site()=> true #(&& #each)*)
}

fn describe(container: &Container) -> TokenStream {
    match (&container.form, &container.body) {
        (Form::State { getstate, setstate }, _) => {
            let hooks = Hooks::of_container(getstate.as_ref(), setstate.as_ref());
            let state = hooks.describe(&quote!(Self));
            quote_spanned!(site()=> schema.state::<Self>(&__SHAPE, |schema| #state))
        }
        (Form::Transparent(_), Body::Struct(fields)) => {
            let field: TokenStream =
                fields.pickled().map(|(_, field)| describe_field(field, container)).collect();
            quote_spanned!(site()=> schema.transparent::<Self>(&__SHAPE, |schema| #field))
        }
        (_, Body::Struct(fields)) => shaped(container, &[fields]),
        (_, Body::Enum(variants)) => {
            let fields: Vec<_> = variants.iter().map(|variant| &variant.fields).collect();
            shaped(container, &fields)
        }
    }
}

fn shaped(container: &Container, parts: &[&Fields]) -> TokenStream {
    let fields = parts.iter().flat_map(|fields| fields.pickled());
    let types: Vec<_> = fields
        .map(|(_, field)| match Hooks::of_field(field, container) {
            None => {
                let ty = &field.ty;
                quote_spanned!(at(field)=> <#ty as __pickle::Layout>::describe)
            }
            Some(_) => {
                let state = describe_field(field, container);
                quote_spanned!(site()=> |schema| #state)
            }
        })
        .collect();
    quote_spanned!(site()=> schema.shaped::<Self>(&__SHAPE, &[#(#types),*]))
}

fn describe_field(field: &Field, container: &Container) -> TokenStream {
    let ty = &field.ty;
    match Hooks::of_field(field, container) {
        None => quote_spanned!(at(field)=> <#ty as __pickle::Layout>::describe(schema)),
        Some(hooks) => {
            let state = hooks.describe(&quote!(#ty));
            quote_spanned!(site()=> { let state = #state; schema.field_state(state) })
        }
    }
}
