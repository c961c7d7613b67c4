//! The static table of names.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

use super::site;
use crate::model::{Body, Container, Fields, Form, Name, Style, Variant};

/// `static __SHAPE`.
pub(super) fn table(container: &Container) -> TokenStream {
    let Container { name, class, .. } = container;
    let class = &class.text;
    let (module, qualname) = (&class[..container.module_len], &class[container.module_len..]);
    let qualname = qualname.trim_start_matches('.');
    let aliases = texts(&container.aliases);
    let python = format_ident!("{}", python(container));
    let untagged = container.untagged.is_some();
    let deny_unknown_fields = container.deny_unknown_fields.is_some();
    let body = match (&container.form, &container.body) {
        (Form::State { .. }, _) => quote!(State),
        (Form::Transparent(_), _) => quote!(Transparent),
        (Form::Plain, Body::Struct(own)) => {
            let fields = fields(own, container.default.is_some());
            quote!(Struct(#fields))
        }
        (Form::Plain, Body::Enum(variants)) => {
            let plain = variants.iter().all(|variant| variant.fields.style == Style::Unit);
            // Where no number is given, those that Rust counts are not those that Python does.
            let numbered = plain && variants.iter().any(|variant| variant.has_number);
            let variants = variants.iter().map(|own| variant(container, own, numbered));
            quote!(Enum(&[#(#variants),*]))
        }
    };
    quote_spanned! {site()=>
        static __SHAPE: __pickle::shape::Shape = __pickle::shape::Shape {
            name: #name,
            class: #class,
            aliases: #aliases,
            module: #module,
            qualname: #qualname,
            python: __pickle::shape::PythonShape::#python,
            untagged: #untagged,
            deny_unknown_fields: #deny_unknown_fields,
            body: __pickle::shape::Body::#body,
        };
    }
}

/// What the user says, or what suits the type.
fn python(container: &Container) -> &'static str {
    if let Some(python) = &container.python {
        return python.shape;
    }
    match &container.body {
        Body::Enum(variants)
            if variants.iter().all(|variant| variant.fields.style == Style::Unit) =>
        {
            "Name"
        }
        _ => "Object",
    }
}

fn variant(container: &Container, variant: &Variant, numbered: bool) -> TokenStream {
    let (owner, ident) = (&container.ident, &variant.ident);
    let value = match numbered {
        true => quote!(::core::option::Option::Some(#owner::#ident as ::core::primitive::i128)),
        false => quote!(::core::option::Option::None),
    };
    let name = &variant.name.text;
    let aliases = texts(&variant.aliases);
    let other = variant.other.is_some();
    let fields = fields(&variant.fields, false);
    quote_spanned! {site()=>
        __pickle::shape::Variant {
            name: #name, aliases: #aliases, other: #other, value: #value, fields: #fields,
        }
    }
}

fn fields(fields: &Fields, default: bool) -> TokenStream {
    let style = format_ident!(
        "{}",
        match fields.style {
            Style::Named => "Named",
            Style::Tuple => "Tuple",
            Style::Unit => "Unit",
        }
    );
    let list = fields.pickled().map(|(_, field)| {
        let name = &field.name.text;
        let aliases = texts(&field.aliases);
        let default = default || field.default.is_some();
        let bytes = field.bytes.is_some();
        quote_spanned! {site()=>
            __pickle::shape::Field {
                name: #name, aliases: #aliases, default: #default, bytes: #bytes,
            }
        }
    });
    quote_spanned! {site()=>
        __pickle::shape::Fields { style: __pickle::shape::Style::#style, list: &[#(#list),*] }
    }
}

fn texts(names: &[Name]) -> TokenStream {
    let texts = names.iter().map(|name| &name.text);
    quote!(&[#(#texts),*])
}
