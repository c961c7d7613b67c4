//! `#[derive(Key)]`: a struct as an ordered key of the store. The stages of the other derive, in
//! small: `Model` reads and checks, `expand` writes from the model alone, `fallback` stands in
//! where there are mistakes.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Field, Index, Member, Meta, Path, Token, Type, parse_quote};

use crate::ctxt::Ctxt;

/// All impls for a type, or its mistakes.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let krate = krate(input, &mut ctxt);
    let fields = fields(input, &mut ctxt);
    match ctxt.into_error() {
        None => expand(&Model { input, krate, fields }),
        Some(error) => fallback(input, &krate, error),
    }
}

/// A struct that is a key.
struct Model<'a> {
    input: &'a DeriveInput,
    /// The path of the store.
    krate: Path,
    fields: Vec<(Member, &'a Type)>,
}

impl Model<'_> {
    /// A struct around one unnamed field is that field.
    fn is_newtype(&self) -> bool {
        matches!(self.fields.as_slice(), [(Member::Unnamed(_), _)])
    }

    fn types(&self) -> Vec<&Type> {
        self.fields.iter().map(|(_, ty)| *ty).collect()
    }
}

/// The path in `#[key(crate = path)]`, or that under the facade.
fn krate(input: &DeriveInput, ctxt: &mut Ctxt) -> Path {
    let mut krate = parse_quote!(::pickle::store);
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("key")) {
        let parsed = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        match parsed {
            Err(error) => ctxt.push(error),
            Ok(items) => items.iter().for_each(|item| match item {
                Meta::NameValue(item) if item.path.is_ident("crate") => match &item.value {
                    syn::Expr::Path(path) => krate = path.path.clone(),
                    other => ctxt.error(other.span(), "expected `crate = path::to::store`"),
                },
                other => ctxt.error(
                    other.span(),
                    "unknown item in `#[key(..)]`; there is `crate = path::to::store`",
                ),
            }),
        }
    }
    krate
}

fn fields<'a>(input: &'a DeriveInput, ctxt: &mut Ctxt) -> Vec<(Member, &'a Type)> {
    let data = match &input.data {
        Data::Struct(data) => data,
        Data::Enum(data) => {
            ctxt.error(
                data.enum_token.span,
                "an enum has no order that survives new variants: use a struct, or a number",
            );
            return Vec::new();
        }
        Data::Union(data) => {
            ctxt.error(data.union_token.span, "a union cannot be a key");
            return Vec::new();
        }
    };
    for field in &data.fields {
        for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("key")) {
            ctxt.error(attr.span(), "`#[key(..)]` belongs on the struct");
        }
    }
    if data.fields.is_empty() {
        ctxt.error(input.ident.span(), "a struct without fields has one value: there is no order");
    }
    if data.fields.len() > 255 {
        ctxt.error(input.ident.span(), "a key has at most 255 fields");
    }
    let member = |(index, field): (usize, &'a Field)| match &field.ident {
        Some(ident) => (Member::Named(ident.clone()), &field.ty),
        None => (Member::Unnamed(Index::from(index)), &field.ty),
    };
    data.fields.iter().enumerate().map(member).collect()
}

/// For `struct Event { day: u32, name: String }`, in outline:
///
/// ```ignore
/// impl ToKey for Event {
///     fn encode_key(&self, encoder) {
///         encoder.begin_tuple(2);
///         ToKey::encode_key(&self.day, encoder);
///         ToKey::encode_key(&self.name, encoder);
///         encoder.end_tuple();
///     }
/// }
/// impl AsKey<Event> for Event {}
/// impl Key for Event { fn kind() -> String { .. } fn decode_key(decoder) -> Result<Self> { .. } }
/// impl<A: AsKey<u32>, B: AsKey<String>> AsKey<Event> for (A, B) {}
/// impl<A: AsKey<u32>> KeyPrefix<Event> for (A,) {}
/// ```
fn expand(model: &Model<'_>) -> TokenStream {
    let krate = &model.krate;
    let (to_key, key) = (to_key(model), key(model));
    let tuples = tuples(model);
    quote_spanned! {site()=>
        #[allow(deprecated, unused_qualifications, clippy::all, clippy::pedantic)]
        const _: () = {
            use #krate as __store;
            #to_key
            #key
            #tuples
        };
    }
}

fn to_key(model: &Model<'_>) -> TokenStream {
    let ident = &model.input.ident;
    let (params, arguments, clause) = model.input.generics.split_for_impl();
    let bounds = bounds(model);
    let clause = with(clause, &bounds);
    let parts = model.fields.iter().map(
        |(member, ty)| quote_spanned!(at(ty)=> __store::ToKey::encode_key(&self.#member, encoder);),
    );
    let count = model.fields.len() as u8;
    let (begin, end) = match model.is_newtype() {
        true => (None, None),
        false => (
            Some(quote_spanned!(site()=> encoder.begin_tuple(#count);)),
            Some(quote_spanned!(site()=> encoder.end_tuple();)),
        ),
    };
    quote_spanned! {site()=>
        #[automatically_derived]
        impl #params __store::ToKey for #ident #arguments #clause {
            fn encode_key(&self, encoder: &mut __store::KeyEncoder) {
                #begin
                #(#parts)*
                #end
            }
        }

        #[automatically_derived]
        impl #params __store::AsKey<Self> for #ident #arguments #clause {}
    }
}

fn key(model: &Model<'_>) -> TokenStream {
    let ident = &model.input.ident;
    let (params, arguments, clause) = model.input.generics.split_for_impl();
    let bounds = bounds(model);
    let clause = with(clause, &bounds);
    let kinds =
        model.fields.iter().map(|(_, ty)| quote_spanned!(at(ty)=> <#ty as __store::Key>::kind()));
    let kind = match model.is_newtype() {
        true => quote_spanned!(site()=> #(#kinds)*),
        false => quote_spanned!(site()=> __store::KeyDecoder::tuple_kind(&[#(#kinds),*])),
    };
    let parts = model.fields.iter().map(|(member, ty)| {
        quote_spanned!(at(ty)=> #member: <#ty as __store::Key>::decode_key(decoder)?,)
    });
    let count = model.fields.len() as u8;
    let (begin, end) = match model.is_newtype() {
        true => (None, None),
        false => (
            Some(quote_spanned!(site()=> decoder.begin_tuple(#count)?;)),
            Some(quote_spanned!(site()=> decoder.end_tuple();)),
        ),
    };
    quote_spanned! {site()=>
        #[automatically_derived]
        impl #params __store::Key for #ident #arguments #clause {
            fn kind() -> ::std::string::String {
                #kind
            }

            fn decode_key(decoder: &mut __store::KeyDecoder<'_>) -> __store::Result<Self> {
                #begin
                let key = Self { #(#parts)* };
                #end
                ::core::result::Result::Ok(key)
            }
        }
    }
}

/// Tuples that stand for the struct, and for its first fields.
fn tuples(model: &Model<'_>) -> TokenStream {
    if model.is_newtype() || !model.input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let ident = &model.input.ident;
    let types = model.types();
    let params: Vec<_> = (0..types.len()).map(|index| format_ident!("__Part{index}")).collect();
    let prefixes = (1..types.len()).map(|count| {
        let (params, types) = (&params[..count], &types[..count]);
        quote_spanned! {site()=>
            #[automatically_derived]
            impl<#(#params: __store::AsKey<#types>),*> __store::KeyPrefix<#ident> for (#(#params,)*) {}
        }
    });
    quote_spanned! {site()=>
        #[automatically_derived]
        impl<#(#params: __store::AsKey<#types>),*> __store::AsKey<#ident> for (#(#params,)*) {}
        #(#prefixes)*
    }
}

/// What the fields of a generic struct must be.
fn bounds(model: &Model<'_>) -> Vec<TokenStream> {
    if model.input.generics.type_params().next().is_none() {
        return Vec::new();
    }
    model.types().iter().map(|ty| quote_spanned!(at(ty)=> #ty: __store::Key)).collect()
}

fn with(clause: Option<&syn::WhereClause>, bounds: &[TokenStream]) -> TokenStream {
    let own = clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    match clause.is_none() && bounds.is_empty() {
        true => TokenStream::new(),
        false => quote!(where #(#own,)* #(#bounds,)*),
    }
}

/// Impls that say nothing, so that users of the type get no errors of their own.
fn fallback(input: &DeriveInput, krate: &Path, error: syn::Error) -> TokenStream {
    let error = error.into_compile_error();
    let ident = &input.ident;
    let (params, arguments, clause) = input.generics.split_for_impl();
    quote! {
        #error
        const _: () = {
            use #krate as __store;

            #[automatically_derived]
            impl #params __store::ToKey for #ident #arguments #clause {
                fn encode_key(&self, _: &mut __store::KeyEncoder) {
                    ::core::unreachable!()
                }
            }

            #[automatically_derived]
            impl #params __store::AsKey<Self> for #ident #arguments #clause {}

            #[automatically_derived]
            impl #params __store::Key for #ident #arguments #clause {
                fn kind() -> ::std::string::String {
                    ::core::unreachable!()
                }

                fn decode_key(_: &mut __store::KeyDecoder<'_>) -> __store::Result<Self> {
                    ::core::unreachable!()
                }
            }
        };
    }
}

fn site() -> Span {
    Span::mixed_site()
}

/// Where a missing impl of a field's type is reported.
fn at(ty: &Type) -> Span {
    ty.span().resolved_at(site())
}
