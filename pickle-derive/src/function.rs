//! `#[pickle::function]`: beside the function a type of the same name, which says what it is called.
//!
//! For `#[pickle::function] pub fn area(r: f64) -> f64 { .. }`, in outline:
//!
//! ```ignore
//! pub fn area(r: f64) -> f64 { /* .. */ }
//! pub enum area {}
//! const _: () = {
//!     use ::pickle as __pickle;
//!     impl __pickle::registry::Named for area {
//!         type Pointer = fn(f64) -> f64;
//!         fn pointer() -> fn(f64) -> f64 { area }
//!         fn global() -> __pickle::Global { /* the module's path, "area" */ }
//!     }
//!     __pickle::__submit!(|registry| registry.add_function::<area>());
//! };
//! ```

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, GenericParam, ItemFn, Signature, Type};

use crate::class::Arguments;
use crate::ctxt::Ctxt;

/// The function, and what the attribute adds to it.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let arguments = Arguments::new(arguments, &mut ctxt);
    arguments.check_names(&mut ctxt);
    arguments.refuse_object("a function", &mut ctxt);
    let function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let message = "`#[pickle::function]` belongs on a function with a body";
            ctxt.error(item.span(), message);
            let errors = ctxt.into_error().map(syn::Error::into_compile_error);
            return quote!(#errors #item);
        }
    };
    check(&function.sig, &mut ctxt);
    let global = global(&arguments, &function, &mut ctxt);
    if let Some(errors) = ctxt.into_error() {
        let errors = errors.into_compile_error();
        return quote!(#errors #function);
    }
    let added = added(&arguments, &function, &global);
    quote!(#function #added)
}

/// Only a plain function has one pointer that anybody may call.
fn check(signature: &Signature, ctxt: &mut Ctxt) {
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            ctxt.error(parameter.span(), "a generic function is many functions, of one name");
        }
    }
    if let Some(token) = &signature.unsafety {
        let message = "whoever loads the pickle could call an unsafe function without a promise";
        ctxt.error(token.span, message);
    }
    if let Some(token) = &signature.asyncness {
        ctxt.error(token.span, "the type that an async function returns has no name");
    }
    if let Some(abi) = &signature.abi {
        ctxt.error(abi.span(), "a pickled function is one of Rust's");
    }
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                ctxt.error(
                    receiver.span(),
                    "a method is not pickled by name; take it as an argument",
                );
            }
            FnArg::Typed(typed) => refuse_impl(&typed.ty, ctxt),
        }
    }
    if let syn::ReturnType::Type(_, ty) = &signature.output {
        refuse_impl(ty, ctxt);
    }
}

fn refuse_impl(ty: &Type, ctxt: &mut Ctxt) {
    if let Type::ImplTrait(_) = ty {
        ctxt.error(ty.span(), "`impl Trait` in a signature is a type without a name");
    }
}

/// The module and the name.
fn global(arguments: &Arguments, function: &ItemFn, ctxt: &mut Ctxt) -> TokenStream {
    for name in arguments.name.iter().chain(&arguments.aliases) {
        if !name.value().contains(['.', ':']) {
            ctxt.error(name.span(), "a qualified name has a module: `name = \"module.function\"`");
        }
    }
    match &arguments.name {
        Some(name) => {
            let text = name.value();
            // `module:Outer.function`, as Python's entry points have it.
            let cut = text.split_once(':').or_else(|| text.rsplit_once('.'));
            let (module, own) = cut.unwrap_or(("", &text));
            quote!(__pickle::Global::new(#module, #own))
        }
        None => {
            let own = function.sig.ident.unraw().to_string();
            quote!(__pickle::Global::new(
                ::core::module_path!().replace("::", "."), #own
            ))
        }
    }
}

fn added(arguments: &Arguments, function: &ItemFn, global: &TokenStream) -> TokenStream {
    let ItemFn { vis, sig, attrs, .. } = function;
    let (krate, ident) = (&arguments.krate, &sig.ident);
    let conditions = attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let conditions: Vec<_> = conditions.collect();
    let aliases = arguments.aliases.iter().map(|alias| alias.value().replace(':', "."));
    let lifetimes = &sig.generics.params;
    let binder = (!lifetimes.is_empty()).then(|| quote!(for<#lifetimes>));
    let inputs = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(&typed.ty),
        FnArg::Receiver(_) => None,
    });
    let output = &sig.output;
    let pointer = quote!(#binder fn(#(#inputs),*) #output);
    let at = Span::mixed_site();
    quote_spanned! {at=>
        #(#conditions)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis enum #ident {}

        #(#conditions)*
        #[allow(deprecated, unused_qualifications, clippy::all, clippy::pedantic)]
        const _: () = {
            use #krate as __pickle;

            impl __pickle::registry::Named for #ident {
                type Pointer = #pointer;

                const ALIASES: &'static [&'static ::core::primitive::str] = &[#(#aliases),*];

                fn pointer() -> Self::Pointer {
                    #ident
                }

                fn global() -> __pickle::Global {
                    #global
                }
            }

            fn __register(registry: &mut __pickle::Registry) -> __pickle::Result<()> {
                registry.add_function::<#ident>()
            }

            __pickle::__submit!(__register);
        };
    }
}
