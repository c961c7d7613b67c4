//! `#[pickle::class]` on a trait, on an `impl` of it, on a type alias.
//!
//! For `#[pickle::class] trait Area { .. }` and `#[pickle::class] impl Area for Circle { .. }`, in
//! outline:
//!
//! ```ignore
//! trait Area: ::pickle::registry::Object {
//!     /* .. */
//!     fn __pickle_class_attribute_on_this_impl() where Self: Sized;
//! }
//! const _: () = {
//!     use ::pickle as __pickle;
//!     __pickle::__class_object!(dyn Area, [Area], dyn Area, "my_crate.Area");
//!     /* and with Send, with Sync, with both */
//! };
//!
//! impl Area for Circle {
//!     /* .. */
//!     fn __pickle_class_attribute_on_this_impl() {}
//! }
//! const _: () = {
//!     use ::pickle as __pickle;
//!     impl __pickle::registry::Registered<dyn Area> for Circle { /* its entry in a registry */ }
//!     __pickle::__submit!(|registry| registry.add_class::<dyn Area, Circle>());
//! };
//! ```

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Ident, Item, ItemImpl, ItemTrait, ItemType, LitStr, Path, Token, TraitItem, Type};

use crate::attr::near;
use crate::ctxt::Ctxt;
use crate::model::crate_name;

/// What stands in the parentheses of `#[pickle::class(..)]`, or of `#[pickle::function(..)]`.
pub(crate) struct Arguments {
    /// The trait of an alias: `dyn Trait`.
    object: Option<syn::TypeTraitObject>,
    pub(crate) name: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) krate: Path,
}

impl Arguments {
    pub(crate) fn new(tokens: TokenStream, ctxt: &mut Ctxt) -> Self {
        let krate = syn::parse_quote!(::pickle);
        let mut arguments = Self { object: None, name: None, aliases: Vec::new(), krate };
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                arguments.argument(input, ctxt)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        if let Err(error) = parser.parse2(tokens) {
            ctxt.push(error);
        }
        arguments
    }

    fn argument(&mut self, input: ParseStream<'_>, ctxt: &mut Ctxt) -> syn::Result<()> {
        use syn::ext::IdentExt as _;
        if input.peek(Token![dyn]) {
            self.object = Some(input.parse()?);
            return Ok(());
        }
        // The name alone is short for `name = ".."`.
        if input.peek(LitStr) {
            let text: LitStr = input.parse()?;
            let span = text.span();
            if self.name.replace(text).is_some() {
                ctxt.error(span, "the name is given twice");
            }
            return Ok(());
        }
        let name = input.call(Ident::parse_any)?;
        match name.to_string().as_str() {
            "name" => {
                input.parse::<Token![=]>()?;
                if self.name.replace(input.parse()?).is_some() {
                    ctxt.error(name.span(), "the name is given twice");
                }
            }
            "alias" => {
                input.parse::<Token![=]>()?;
                self.aliases.push(input.parse()?);
            }
            "crate" => {
                input.parse::<Token![=]>()?;
                self.krate = input.call(Path::parse_mod_style)?;
            }
            other => {
                let message = match near(other, ["name", "alias", "crate"].into_iter()) {
                    Some(near) => format!("unknown argument `{other}`, did you mean `{near}`?"),
                    None => format!(
                        "unknown argument `{other}`; there are `name = \"...\"` and `alias = \"...\"`"
                    ),
                };
                return Err(syn::Error::new(name.span(), message));
            }
        }
        Ok(())
    }

    /// Refuses what does not belong here.
    pub(crate) fn refuse_object(&self, place: &str, ctxt: &mut Ctxt) {
        if let Some(object) = &self.object {
            let message =
                format!("{place} says which trait it is about; `dyn Trait` is for a type alias");
            ctxt.error(object.span(), message);
        }
    }

    /// Each name is one, and none is there twice.
    pub(crate) fn check_names(&self, ctxt: &mut Ctxt) {
        let mut seen: Vec<String> = Vec::new();
        for name in self.name.iter().chain(&self.aliases) {
            let text = name.value();
            if text.is_empty() || text.chars().any(char::is_control) {
                ctxt.error(name.span(), "a name has characters, and none that control a terminal");
            }
            if seen.contains(&text) {
                ctxt.error(name.span(), "this name is given twice");
            }
            seen.push(text);
        }
    }
}

/// The item, and what the attribute adds to it.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let arguments = Arguments::new(arguments, &mut ctxt);
    arguments.check_names(&mut ctxt);
    let item = match syn::parse2::<Item>(item.clone()) {
        Ok(item) => item,
        Err(error) => {
            ctxt.push(error);
            let errors = ctxt.into_error().map(syn::Error::into_compile_error);
            return quote!(#errors #item);
        }
    };
    let expanded = match item {
        Item::Trait(item) => of_trait(&arguments, item, &mut ctxt),
        Item::Impl(item) => of_impl(&arguments, item, &mut ctxt),
        Item::Type(item) => of_alias(&arguments, item, &mut ctxt),
        other => {
            let (span, hint) = match &other {
                Item::Struct(item) => {
                    (item.struct_token.span, "; a struct has `#[derive(Pickle)]`")
                }
                Item::Enum(item) => (item.enum_token.span, "; an enum has `#[derive(Pickle)]`"),
                Item::Fn(item) => {
                    (item.sig.fn_token.span, "; a function has `#[pickle::function]`")
                }
                _ => (other.span(), ""),
            };
            let message = format!(
                "`#[pickle::class]` belongs on a trait, an `impl` of it, or an alias of a type \
                 that has one{hint}"
            );
            ctxt.error(span, message);
            (other.into_token_stream(), TokenStream::new())
        }
    };
    let (item, added) = expanded;
    match ctxt.into_error() {
        None => quote!(#item #added),
        Some(errors) => {
            let errors = errors.into_compile_error();
            quote!(#errors #item)
        }
    }
}

/// The method that says that an `impl` has the attribute; its absence says that it has not.
fn marker(span: Span) -> Ident {
    Ident::new("__pickle_class_attribute_on_this_impl", span)
}

fn of_trait(
    arguments: &Arguments,
    mut item: ItemTrait,
    ctxt: &mut Ctxt,
) -> (TokenStream, TokenStream) {
    arguments.refuse_object("the trait itself", ctxt);
    if let Some(alias) = arguments.aliases.first() {
        ctxt.error(
            alias.span(),
            "objects are told apart by their classes, so a trait needs no `alias`",
        );
    }
    if !item.generics.params.is_empty() {
        let message = "a trait with parameters has other objects for each of them, which share no \
                       names; `#[pickle::class]` is for traits without";
        ctxt.error(item.generics.params.span(), message);
    }
    for member in &item.items {
        let TraitItem::Type(own) = member else { continue };
        let is_sized = |predicate: &syn::WherePredicate| {
            predicate.to_token_stream().to_string().replace(' ', "") == "Self:Sized"
        };
        let clause = own.generics.where_clause.as_ref();
        if !clause.is_some_and(|clause| clause.predicates.iter().any(is_sized)) {
            let message = "a trait with associated types has other objects for each of them; \
                           `#[pickle::class]` is for traits without, or with `where Self: Sized` \
                           on such types";
            ctxt.error(own.ident.span(), message);
        }
    }
    let (krate, ident) = (&arguments.krate, &item.ident);
    let namespace = match &arguments.name {
        Some(name) => name.value(),
        None => format!("{}.{}", crate_name(), ident_text(ident)),
    };
    let at = ident.span().resolved_at(Span::mixed_site());
    let added = quote_spanned! {at=>
        #[allow(deprecated, unused_qualifications, clippy::all, clippy::pedantic)]
        const _: () = {
            use #krate as __pickle;
            __pickle::__class_object!(dyn #ident, [#ident], dyn #ident, #namespace);
            __pickle::__class_object!(
                dyn #ident + ::core::marker::Send,
                [#ident + ::core::marker::Send], dyn #ident, #namespace
            );
            __pickle::__class_object!(
                dyn #ident + ::core::marker::Sync,
                [#ident + ::core::marker::Sync], dyn #ident, #namespace
            );
            __pickle::__class_object!(
                dyn #ident + ::core::marker::Send + ::core::marker::Sync,
                [#ident + ::core::marker::Send + ::core::marker::Sync], dyn #ident, #namespace
            );
        };
    };
    let marker = marker(Span::call_site());
    item.colon_token.get_or_insert_default();
    item.supertraits.push(syn::parse_quote!(#krate::registry::Object));
    item.items.push(syn::parse_quote! {
        #[doc(hidden)]
        fn #marker() where Self: ::core::marker::Sized;
    });
    (item.into_token_stream(), added)
}

fn of_impl(
    arguments: &Arguments,
    mut item: ItemImpl,
    ctxt: &mut Ctxt,
) -> (TokenStream, TokenStream) {
    let Some((_, path, _)) = item.trait_.clone() else {
        let message = "`#[pickle::class]` belongs on the `impl` of a trait, not on that of a type";
        ctxt.error(item.impl_token.span, message);
        return (item.into_token_stream(), TokenStream::new());
    };
    arguments.refuse_object("the `impl`", ctxt);
    let marker = marker(path.span());
    item.items.push(syn::parse_quote! {
        #[doc(hidden)]
        fn #marker() {}
    });
    if !item.generics.params.is_empty() {
        if let Some(name) = arguments.name.iter().chain(&arguments.aliases).next() {
            let path = path.to_token_stream().to_string().replace(' ', "");
            let message = format!(
                "a generic type has many instances; name each: `#[pickle::class(dyn {path}, name = \
                 \"...\")] type Name = ...;`"
            );
            ctxt.error(name.span(), message);
        }
        return (item.into_token_stream(), TokenStream::new());
    }
    let ty = &item.self_ty;
    let default = format!("{}.{}", crate_name(), type_text(ty));
    let name = match &arguments.name {
        Some(name) => quote!(::core::option::Option::Some(#name)),
        None => quote!(::core::option::Option::None),
    };
    let (krate, aliases) = (&arguments.krate, &arguments.aliases);
    let at = ty.span().resolved_at(Span::mixed_site());
    let entry = quote_spanned! {at=>
        __pickle::registry::ClassEntry::derived::<dyn #path, #ty>(
            #name, ::std::string::String::from(#default), &[#(#aliases),*],
        )
    };
    let entry = with_markers(&path, ty, entry);
    let added = quote_spanned! {at=>
        #[allow(deprecated, unused_qualifications, clippy::all, clippy::pedantic)]
        const _: () = {
            use #krate as __pickle;

            impl __pickle::registry::Registered<dyn #path> for #ty {
                fn entry() -> __pickle::registry::ClassEntry {
                    #entry
                }
            }

            fn __register(registry: &mut __pickle::Registry) -> __pickle::Result<()> {
                registry.add_class::<dyn #path, #ty>()
            }

            __pickle::__submit!(__register);
        };
    };
    (item.into_token_stream(), added)
}

fn of_alias(arguments: &Arguments, item: ItemType, ctxt: &mut Ctxt) -> (TokenStream, TokenStream) {
    let none = TokenStream::new();
    if !item.generics.params.is_empty() {
        ctxt.error(item.generics.params.span(), "an alias with parameters is no one type");
    }
    let Some(object) = &arguments.object else {
        let message =
            "say of which trait it is a class: `#[pickle::class(dyn Trait, name = \"...\")]`";
        ctxt.error(item.type_token.span, message);
        return (item.into_token_stream(), none);
    };
    let mut bounds = object.bounds.iter();
    let (Some(syn::TypeParamBound::Trait(bound)), None) = (bounds.next(), bounds.next()) else {
        let message =
            "name the trait alone; its objects with `Send` and `Sync` follow from the type";
        ctxt.error(object.span(), message);
        return (item.into_token_stream(), none);
    };
    let (krate, path, aliases) = (&arguments.krate, &bound.path, &arguments.aliases);
    let name = match &arguments.name {
        Some(name) => name.value(),
        None => format!("{}.{}", crate_name(), ident_text(&item.ident)),
    };
    let alias = &item.ident;
    let at = item.ty.span().resolved_at(Span::mixed_site());
    let ty: Type = syn::parse_quote!(#alias);
    let entry = quote_spanned! {at=>
        __pickle::registry::ClassEntry::new::<dyn #path, #ty>(#name.into(), &[#(#aliases),*])
    };
    let entry = with_markers(path, &ty, entry);
    let added = quote_spanned! {at=>
        #[allow(deprecated, unused_qualifications, clippy::all, clippy::pedantic)]
        const _: () = {
            use #krate as __pickle;

            fn __register(registry: &mut __pickle::Registry) -> __pickle::Result<()> {
                registry.add_entry({ #entry })
            }

            __pickle::__submit!(__register);
        };
    };
    (item.into_token_stream(), added)
}

/// The entry, and the objects with `Send` and `Sync` that the type can be.
fn with_markers(path: &Path, ty: &Type, entry: TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        use __pickle::registry::{Otherwise as _, Probe};
        use ::core::marker::{Send, Sync};
        let mut entry = #entry;
        Probe::<dyn #path + Send, #ty>::NEW.add_to(&mut entry);
        Probe::<dyn #path + Sync, #ty>::NEW.add_to(&mut entry);
        Probe::<dyn #path + Send + Sync, #ty>::NEW.add_to(&mut entry);
        entry
    }
}

fn ident_text(ident: &Ident) -> String {
    use syn::ext::IdentExt as _;
    ident.unraw().to_string()
}

/// The last name of a type's path, or its tokens.
fn type_text(ty: &Type) -> String {
    match ty {
        Type::Path(path) if path.path.segments.iter().all(|part| part.arguments.is_empty()) => {
            path.path.segments.last().map(|part| ident_text(&part.ident)).unwrap_or_default()
        }
        _ => ty.to_token_stream().to_string().replace(' ', ""),
    }
}
