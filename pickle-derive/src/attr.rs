//! Parses `#[pickle(..)]`: a table of rules, and the items that follow them.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Token};

use crate::ctxt::Ctxt;

/// Where an attribute stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Container,
    Variant,
    Field,
}

impl Place {
    const ALL: [Self; 3] = [Self::Container, Self::Variant, Self::Field];

    fn name(self) -> &'static str {
        match self {
            Self::Container => "a struct or enum",
            Self::Variant => "a variant",
            Self::Field => "a field",
        }
    }
}

/// What follows an item's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Text,
    Path,
    /// An expression or nothing.
    MaybeExpr,
}

struct Rule {
    name: &'static str,
    places: &'static [Place],
    takes: Takes,
    repeats: bool,
    /// How it is written, for messages.
    usage: &'static str,
}

const fn rule(
    name: &'static str,
    places: &'static [Place],
    takes: Takes,
    usage: &'static str,
) -> Rule {
    Rule { name, places, takes, repeats: false, usage }
}

const CONTAINER: &[Place] = &[Place::Container];
const VARIANT: &[Place] = &[Place::Variant];
const FIELD: &[Place] = &[Place::Field];

const RULES: &[Rule] = &[
    rule("class", CONTAINER, Takes::Text, "class = \"package.module.Name\""),
    rule("python", CONTAINER, Takes::Text, "python = \"object\""),
    rule("rename_all", CONTAINER, Takes::Text, "rename_all = \"camelCase\""),
    rule("transparent", CONTAINER, Takes::Nothing, "transparent"),
    rule("getstate", CONTAINER, Takes::Path, "getstate = Self::state"),
    rule("setstate", CONTAINER, Takes::Path, "setstate = Self::from_state"),
    rule("after_load", CONTAINER, Takes::Path, "after_load = Self::repair"),
    rule("untagged", CONTAINER, Takes::Nothing, "untagged"),
    rule("deny_unknown_fields", CONTAINER, Takes::Nothing, "deny_unknown_fields"),
    rule("bound", CONTAINER, Takes::Text, "bound = \"T: Clone\""),
    rule("crate", CONTAINER, Takes::Path, "crate = path::to::pickle"),
    rule("pickle_only", CONTAINER, Takes::Nothing, "pickle_only"),
    rule("unpickle_only", CONTAINER, Takes::Nothing, "unpickle_only"),
    Rule { repeats: true, ..rule("alias", &Place::ALL, Takes::Text, "alias = \"old_name\"") },
    rule("default", CONTAINER, Takes::Nothing, "default"),
    rule("default", FIELD, Takes::MaybeExpr, "default = expression"),
    rule("rename", &[Place::Variant, Place::Field], Takes::Text, "rename = \"name\""),
    rule("other", VARIANT, Takes::Nothing, "other"),
    rule("skip", FIELD, Takes::Nothing, "skip"),
    rule("unknown", FIELD, Takes::Nothing, "unknown"),
    rule("with", FIELD, Takes::Path, "with = module"),
    rule("bytes", FIELD, Takes::Nothing, "bytes"),
    rule("serde", FIELD, Takes::Nothing, "serde"),
];

/// The items that stand on one container, variant or field, each as its rule has it.
#[derive(Default)]
pub(crate) struct Items {
    list: Vec<Item>,
}

struct Item {
    name: &'static str,
    span: Span,
    argument: Argument,
}

enum Argument {
    None,
    Text(LitStr),
    Path(Path),
    Expr(Box<Expr>),
}

impl Items {
    /// Reads all `#[pickle(..)]` among `attributes`.
    pub(crate) fn new(attributes: &[Attribute], place: Place, ctxt: &mut Ctxt) -> Self {
        let mut items = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("pickle")) {
            let Meta::List(list) = &attribute.meta else {
                ctxt.error(
                    attribute.meta.span(),
                    "write `#[pickle(...)]`, with the attributes inside",
                );
                continue;
            };
            let parser = |input: ParseStream<'_>| {
                while !input.is_empty() {
                    items.item(input, place, ctxt)?;
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            };
            if let Err(error) = parser.parse2(list.tokens.clone()) {
                ctxt.push(error);
            }
        }
        items
    }

    fn item(&mut self, input: ParseStream<'_>, place: Place, ctxt: &mut Ctxt) -> syn::Result<()> {
        let name = input.call(Ident::parse_any)?;
        if input.peek(syn::token::Paren) {
            let message = format!("write `{name} = ...`, not `{name}(...)`");
            return Err(syn::Error::new(name.span(), message));
        }
        let argument = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse::<Expr>()?),
            None => None,
        };
        let rule = match find(&name.to_string(), place) {
            Ok(rule) => rule,
            Err(message) => {
                ctxt.error(name.span(), message);
                return Ok(());
            }
        };
        if !rule.repeats && self.span(rule.name).is_some() {
            ctxt.error(name.span(), format_args!("`{name}` is given twice"));
            return Ok(());
        }
        match rule.argument(&name, argument) {
            Ok(argument) => {
                self.list.push(Item { name: rule.name, span: name.span(), argument });
            }
            Err(error) => ctxt.push(error),
        }
        Ok(())
    }

    /// Where `name` stands, if it does.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        self.find(name).map(|item| item.span)
    }

    /// The text given to `name`.
    pub(crate) fn text(&self, name: &'static str) -> Option<&LitStr> {
        self.texts(name).next()
    }

    /// All texts given to `name`.
    pub(crate) fn texts(&self, name: &'static str) -> impl Iterator<Item = &LitStr> {
        self.list.iter().filter(move |item| item.name == name).filter_map(|item| {
            match &item.argument {
                Argument::Text(text) => Some(text),
                _ => None,
            }
        })
    }

    /// The path given to `name`.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        match &self.find(name)?.argument {
            Argument::Path(path) => Some(path),
            _ => None,
        }
    }

    /// The expression given to `name`.
    pub(crate) fn expr(&self, name: &str) -> Option<&Expr> {
        match &self.find(name)?.argument {
            Argument::Expr(expr) => Some(expr),
            _ => None,
        }
    }

    fn find(&self, name: &str) -> Option<&Item> {
        self.list.iter().find(|item| item.name == name)
    }
}

impl Rule {
    fn argument(&self, name: &Ident, argument: Option<Expr>) -> syn::Result<Argument> {
        let usage = self.usage;
        match (self.takes, argument) {
            (Takes::Nothing | Takes::MaybeExpr, None) => Ok(Argument::None),
            (Takes::MaybeExpr, Some(expr)) => Ok(Argument::Expr(Box::new(expr))),
            (Takes::Text, Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. }))) => {
                Ok(Argument::Text(text))
            }
            (Takes::Path, Some(Expr::Path(path))) if path.qself.is_none() => {
                Ok(Argument::Path(path.path))
            }
            // As serde has it.
            (Takes::Path, Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. }))) => {
                text.parse().map(Argument::Path)
            }
            (Takes::Nothing, Some(expr)) => {
                Err(syn::Error::new(expr.span(), format!("`{name}` takes no value")))
            }
            (_, Some(expr)) => Err(syn::Error::new(expr.span(), format!("expected `{usage}`"))),
            (_, None) => {
                Err(syn::Error::new(name.span(), format!("`{name}` needs a value: `{usage}`")))
            }
        }
    }
}

/// The rule of a name at a place, or what is wrong with it.
fn find(name: &str, place: Place) -> Result<&'static Rule, String> {
    if let Some(rule) = RULES.iter().find(|rule| rule.name == name && rule.places.contains(&place))
    {
        return Ok(rule);
    }
    if (name, place) == ("rename", Place::Container) {
        return Err("a type is named by `class = \"package.module.Name\"`".into());
    }
    let elsewhere: Vec<_> = (Place::ALL.iter())
        .filter(|place| RULES.iter().any(|rule| rule.name == name && rule.places.contains(place)))
        .map(|place| place.name())
        .collect();
    if !elsewhere.is_empty() {
        let (elsewhere, here) = (elsewhere.join(" or "), place.name());
        return Err(format!("`{name}` belongs on {elsewhere}, not on {here}"));
    }
    let here = || RULES.iter().filter(|rule| rule.places.contains(&place)).map(|rule| rule.name);
    match near(name, here()) {
        Some(near) => Err(format!("unknown attribute `{name}`, did you mean `{near}`?")),
        None => {
            let known: Vec<_> = here().collect();
            let known = known.join("`, `");
            Err(format!("unknown attribute `{name}`; {} takes `{known}`", place.name()))
        }
    }
}

/// The name that `name` may have been meant to be.
pub(crate) fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= known.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
