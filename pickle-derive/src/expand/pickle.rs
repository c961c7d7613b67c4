//! `impl Pickle`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{Hooks, at, local, pattern, site, size};
use crate::bound;
use crate::model::{Body, Container, Field, Fields, Form, Variant};

pub(super) fn pickle(container: &Container) -> TokenStream {
    let ident = &container.ident;
    let (params, arguments, _) = container.generics.split_for_impl();
    let needed = quote!(__pickle::Pickle);
    let clause = bound::where_clause(container, &container.generics, &needed, false);
    let (measure, encode, save) = match (&container.form, &container.body) {
        (Form::State { getstate, setstate }, _) => {
            let hooks = Hooks::of_container(getstate.as_ref(), setstate.as_ref());
            let encode = quote_spanned! {site()=>
                __pickle::hooks::encode_state(writer);
                head.zero()
            };
            let save = hooks.save();
            (hooks.measure(&quote_spanned!(site()=> self)), encode, save)
        }
        (_, Body::Struct(fields)) => of_struct(container, fields),
        (_, Body::Enum(variants)) => of_enum(container, variants),
    };
    quote_spanned! {site()=>
        #[automatically_derived]
        impl #params __pickle::Pickle for #ident #arguments #clause {
            const IS_PLAIN: ::core::primitive::bool = true;

            #[inline]
            fn measure(&self, measure: &mut __pickle::native::Measure) -> __pickle::Result<()> {
                #measure
            }

            #[inline]
            fn encode<'__slot>(
                &self,
                head: __pickle::native::HeadMut<'__slot, Self>,
                writer: &mut __pickle::native::Writer,
            ) -> __pickle::native::Written<'__slot, Self> {
                #encode
            }

            fn save(&self, saver: &mut __pickle::Saver<'_>) -> __pickle::Result<()> {
                #save
            }
        }
    }
}

fn of_struct(container: &Container, fields: &Fields) -> (TokenStream, TokenStream, TokenStream) {
    let value = |field: &Field| {
        let member = &field.member;
        quote_spanned!(site()=> &self.#member)
    };
    let measure = fields.pickled().map(|(index, field)| {
        let step = quote_spanned!(site()=> __SHAPE.in_field(error, #index));
        measure_field(container, field, &value(field), &step)
    });
    let puts = fields.pickled().map(|(_, field)| {
        put_field(container, field, &value(field), &quote_spanned!(site()=> fields.cursor()))
    });
    let measure = quote_spanned! {site()=>
        #(#measure)*
        ::core::result::Result::Ok(())
    };
    let encode = quote_spanned! {site()=>
        let mut fields = head.fields();
        #(#puts)*
        fields.finish()
    };
    let mut saves = fields.pickled().map(|(index, field)| {
        let known = quote_spanned!(site()=> __SHAPE.field(#index));
        save_field(container, field, &known, &value(field))
    });
    let save = match container.form {
        Form::Transparent(_) => {
            let inner =
                fields.pickled().map(|(_, field)| save_inner(container, field, &value(field)));
            quote_spanned!(site()=> #(#inner)*)
        }
        _ => {
            let saves = saves.by_ref();
            let unknown = fields.list.iter().find(|field| field.unknown.is_some());
            let (structure, unknown) = match unknown.map(|field| (at(field), &field.member)) {
                None => (quote!(structure), quote!()),
                Some((at, member)) => {
                    (quote!(open_structure), quote_spanned!(at=> self.#member.len(),))
                }
            };
            quote_spanned! {site()=>
                saver.#structure(&__SHAPE, #unknown |fields| {
                    #(#saves)*
                    ::core::result::Result::Ok(())
                })
            }
        }
    };
    (measure, encode, save)
}

fn of_enum(container: &Container, variants: &[Variant]) -> (TokenStream, TokenStream, TokenStream) {
    if variants.is_empty() {
        let never = quote_spanned!(site()=> match *self {});
        return (never.clone(), never.clone(), never);
    }
    let measure = variants.iter().enumerate().map(|(number, variant)| {
        let (ident, pattern, size) =
            (&variant.ident, pattern(&variant.fields), size(&variant.fields));
        let measure = variant.fields.pickled().map(|(index, field)| {
            let local = local(index);
            let step = quote_spanned!(site()=> __SHAPE.in_variant(error, #number, #index));
            measure_field(container, field, &quote!(#local), &step)
        });
        quote_spanned! {site()=>
            Self::#ident #pattern => {
                measure.variant(#size);
                #(#measure)*
                ::core::result::Result::Ok(())
            }
        }
    });
    let encode = variants.iter().enumerate().map(|(number, variant)| {
        let (ident, pattern, size) =
            (&variant.ident, pattern(&variant.fields), size(&variant.fields));
        let tag = tag(number, variants.len());
        let puts = variant.fields.pickled().map(|(index, field)| {
            let local = local(index);
            put_field(container, field, &quote!(#local), &quote_spanned!(site()=> fields))
        });
        quote_spanned! {site()=>
            Self::#ident #pattern => {
                fields.bytes(#tag.to_le_bytes());
                fields.variant(#size, writer, |fields, writer| { #(#puts)* });
                fields.finish()
            }
        }
    });
    let measure = quote_spanned!(site()=> match self { #(#measure)* });
    let encode = quote_spanned! {site()=>
        let mut fields = head.fields();
        match self { #(#encode)* }
    };
    let save = variants.iter().enumerate().map(|(number, variant)| {
        let (ident, pattern) = (&variant.ident, pattern(&variant.fields));
        let saves = variant.fields.pickled().map(|(index, field)| {
            let local = local(index);
            let known = quote_spanned!(site()=> __SHAPE.variant_field(#number, #index));
            save_field(container, field, &known, &quote!(#local))
        });
        quote_spanned! {site()=>
            Self::#ident #pattern => saver.variant(&__SHAPE, #number, |fields| {
                #(#saves)*
                ::core::result::Result::Ok(())
            }),
        }
    });
    let save = quote_spanned!(site()=> match self { #(#save)* });
    (measure, encode, save)
}

/// Puts a field as it is, or as the state that its hook makes.
fn save_field(
    container: &Container,
    field: &Field,
    known: &TokenStream,
    value: &TokenStream,
) -> TokenStream {
    if field.unknown.is_some() {
        return quote_spanned!(at(field)=> fields.put_unknown(#known, #value)?;);
    }
    let put = match Hooks::of_field(field, container).and_then(|hooks| hooks.get()) {
        None => {
            let ty = &field.ty;
            quote_spanned! {at(field)=>
                <#ty as __pickle::Pickle>::save_next(#value, #known, fields)
            }
        }
        Some(get) => quote_spanned! {site()=>
            fields.put_state(#known, __pickle::hooks::state_of(#value, #get))
        },
    };
    // What `?` expands to takes the compiler longer.
    quote_spanned! {site()=>
        if let ::core::result::Result::Err(error) = #put {
            return ::core::result::Result::Err(error);
        }
    }
}

/// Saves the only field of a transparent type in place of the type.
fn save_inner(container: &Container, field: &Field, value: &TokenStream) -> TokenStream {
    match Hooks::of_field(field, container).and_then(|hooks| hooks.get()) {
        None => {
            let ty = &field.ty;
            quote_spanned!(at(field)=> <#ty as __pickle::Pickle>::save(#value, saver))
        }
        Some(get) => quote_spanned! {site()=>
            __pickle::Pickle::save(&__pickle::hooks::state_of(#value, #get)?, saver)
        },
    }
}

/// A variant's number, in a type of the tag's size.
pub(super) fn tag(number: usize, variants: usize) -> proc_macro2::Literal {
    match variants {
        0..=256 => proc_macro2::Literal::u8_suffixed(number as u8),
        _ => proc_macro2::Literal::u16_suffixed(number as u16),
    }
}

fn measure_field(
    container: &Container,
    field: &Field,
    value: &TokenStream,
    step: &TokenStream,
) -> TokenStream {
    let measure = match Hooks::of_field(field, container) {
        None => {
            let ty = &field.ty;
            quote_spanned!(at(field)=> <#ty as __pickle::Pickle>::measure_next(#value, measure))
        }
        Some(hooks) => hooks.measure(value),
    };
    quote_spanned! {site()=>
        if let ::core::result::Result::Err(error) = #measure {
            return ::core::result::Result::Err(#step);
        }
    }
}

fn put_field(
    container: &Container,
    field: &Field,
    value: &TokenStream,
    fields: &TokenStream,
) -> TokenStream {
    let ty = &field.ty;
    match Hooks::of_field(field, container) {
        None => quote_spanned! {at(field)=>
            <#ty as __pickle::Pickle>::encode_next(#value, #fields, writer);
        },
        Some(_) => quote_spanned!(site()=> __pickle::hooks::encode_state(writer);),
    }
}
