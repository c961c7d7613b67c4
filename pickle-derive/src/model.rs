//! What is derived, resolved: names chosen, defaults applied, spans kept. Nothing later sees syntax of
//! attributes.

use heck::{
    ToKebabCase, ToLowerCamelCase, ToShoutyKebabCase, ToShoutySnakeCase, ToSnakeCase,
    ToUpperCamelCase,
};
use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{
    Data, DeriveInput, Expr, Generics, Ident, Index, LitStr, Member, Path, Token, Type,
    WherePredicate,
};

use crate::attr::{Items, Place, near};
use crate::ctxt::Ctxt;

/// A name on the wire or in Python, and the token it comes from.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A struct or enum.
pub(crate) struct Container {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// Path to the facade.
    pub(crate) krate: Path,
    /// The own name, without `r#`.
    pub(crate) name: String,
    /// The qualified name.
    pub(crate) class: Name,
    /// How much of it is the module.
    pub(crate) module_len: usize,
    pub(crate) aliases: Vec<Name>,
    pub(crate) python: Option<Python>,
    pub(crate) form: Form,
    pub(crate) after_load: Option<Path>,
    pub(crate) untagged: Option<Span>,
    pub(crate) deny_unknown_fields: Option<Span>,
    pub(crate) default: Option<Span>,
    pub(crate) rename_all: Option<Span>,
    pub(crate) bound: Option<Vec<WherePredicate>>,
    pub(crate) pickle_only: Option<Span>,
    pub(crate) unpickle_only: Option<Span>,
    pub(crate) packed: Option<Span>,
    pub(crate) body: Body,
}

/// The form of a type in Python's protocols, asked for by `python = ".."`.
pub(crate) struct Python {
    /// A variant of `PythonShape`.
    pub(crate) shape: &'static str,
    pub(crate) name: LitStr,
}

/// What is pickled of a type.
pub(crate) enum Form {
    /// Its fields or variants.
    Plain,
    /// Its only field, as if it were that.
    Transparent(Span),
    /// What its hooks say.
    State { getstate: Option<Path>, setstate: Option<Path> },
}

pub(crate) enum Body {
    Struct(Fields),
    Enum(Vec<Variant>),
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) name: Name,
    pub(crate) aliases: Vec<Name>,
    pub(crate) other: Option<Span>,
    /// Whether the declaration gives it a number.
    pub(crate) has_number: bool,
    pub(crate) fields: Fields,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Named,
    Tuple,
    Unit,
}

pub(crate) struct Fields {
    pub(crate) style: Style,
    /// All fields, the skipped among them.
    pub(crate) list: Vec<Field>,
}

pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    pub(crate) name: Name,
    pub(crate) renamed: Option<Span>,
    pub(crate) aliases: Vec<Name>,
    pub(crate) kind: Kind,
    pub(crate) default: Option<FieldDefault>,
    pub(crate) bytes: Option<Span>,
    /// Whether it holds what the type does not have.
    pub(crate) unknown: Option<Span>,
}

/// How a field travels.
pub(crate) enum Kind {
    /// As its type says.
    Plain,
    /// Not at all.
    Skipped,
    /// As a module's `getstate` and `setstate` say.
    With(Path),
    /// Through serde's traits.
    Serde(Span),
}

/// What a field gets that the pickle does not have.
pub(crate) enum FieldDefault {
    /// `Default::default()`.
    Trait,
    /// An expression.
    Expr(Box<Expr>),
}

impl Container {
    /// Resolves a derive's input; nothing where it is no type that can be derived for.
    pub(crate) fn new(input: &DeriveInput, ctxt: &mut Ctxt) -> Option<Self> {
        let items = Items::new(&input.attrs, Place::Container, ctxt);
        let case = items.text("rename_all").and_then(|text| Case::new(text, ctxt));
        let body = match &input.data {
            Data::Struct(data) => Body::Struct(Fields::new(&data.fields, case, ctxt)),
            Data::Enum(data) => Body::Enum(
                data.variants.iter().map(|variant| Variant::new(variant, case, ctxt)).collect(),
            ),
            Data::Union(data) => {
                let message = "a union cannot be pickled: nothing says which of its fields is \
                               valid; use an enum";
                ctxt.error(data.union_token.span, message);
                return None;
            }
        };
        let name = input.ident.unraw().to_string();
        let dotted = |mut name: Name| {
            // `module:Outer.Inner`, as Python's entry points have it, names a nested class.
            let colon = name.text.find(':');
            if let Some(colon) = colon {
                name.text.replace_range(colon..=colon, ".");
            }
            (name, colon)
        };
        let (class, colon) = match items.text("class") {
            Some(text) => dotted(Name::of(text)),
            None => {
                let text = format!("{}.{name}", crate_name());
                (Name { text, span: input.ident.span() }, None)
            }
        };
        let module_len = colon.or(class.text.rfind('.')).unwrap_or(0);
        let hook = |name| items.path(name).cloned();
        let form = match (hook("getstate"), hook("setstate"), items.span("transparent")) {
            (None, None, None) => Form::Plain,
            (None, None, Some(span)) => Form::Transparent(span),
            (getstate, setstate, transparent) => {
                if let Some(span) = transparent {
                    ctxt.error(span, "`transparent` and `getstate` exclude each other");
                }
                Form::State { getstate, setstate }
            }
        };
        Some(Self {
            ident: input.ident.clone(),
            generics: input.generics.clone(),
            krate: hook("crate").unwrap_or_else(|| syn::parse_quote!(::pickle)),
            name,
            class,
            module_len,
            aliases: items.texts("alias").map(|text| dotted(Name::of(text)).0).collect(),
            python: items.text("python").and_then(|text| Python::new(text, ctxt)),
            form,
            after_load: hook("after_load"),
            untagged: items.span("untagged"),
            deny_unknown_fields: items.span("deny_unknown_fields"),
            default: items.span("default"),
            rename_all: items.span("rename_all"),
            bound: items.text("bound").and_then(|text| predicates(text, ctxt)),
            pickle_only: items.span("pickle_only"),
            unpickle_only: items.span("unpickle_only"),
            packed: packed(input),
            body,
        })
    }

    /// The fields of a struct, or of all variants.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        let (fields, variants) = match &self.body {
            Body::Struct(fields) => (Some(fields), &[][..]),
            Body::Enum(variants) => (None, variants.as_slice()),
        };
        let variants = variants.iter().map(|variant| &variant.fields);
        fields.into_iter().chain(variants).flat_map(|fields| &fields.list)
    }

    /// Whether `Pickle` is generated.
    pub(crate) fn pickles(&self) -> bool {
        self.unpickle_only.is_none()
    }

    /// Whether `Unpickle` is generated.
    pub(crate) fn unpickles(&self) -> bool {
        self.pickle_only.is_none()
    }
}

/// The crate being compiled, as Rust paths spell it.
pub(crate) fn crate_name() -> String {
    // Set by cargo. Without it, what Python calls the module that it runs.
    std::env::var("CARGO_CRATE_NAME").unwrap_or_else(|_| "__main__".into())
}

fn predicates(text: &LitStr, ctxt: &mut Ctxt) -> Option<Vec<WherePredicate>> {
    match text.parse_with(Punctuated::<WherePredicate, Token![,]>::parse_terminated) {
        Ok(predicates) => Some(predicates.into_iter().collect()),
        Err(error) => {
            ctxt.error(text.span(), format_args!("not a where clause: {error}"));
            None
        }
    }
}

fn packed(input: &DeriveInput) -> Option<Span> {
    let mut packed = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        // Whatever else `repr` holds is the compiler's business.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("packed") {
                packed = Some(meta.path.span());
            }
            if meta.input.peek(syn::token::Paren) {
                let content;
                syn::parenthesized!(content in meta.input);
                content.parse::<proc_macro2::TokenStream>()?;
            }
            Ok(())
        });
    }
    packed
}

impl Name {
    fn of(text: &LitStr) -> Self {
        Self { text: text.value(), span: text.span() }
    }
}

impl Python {
    const SHAPES: [(&'static str, &'static str); 6] = [
        ("object", "Object"),
        ("dict", "Dict"),
        ("tuple", "Tuple"),
        ("namedtuple", "NamedTuple"),
        ("enum", "Enum"),
        ("tagged", "Tagged"),
    ];

    fn new(text: &LitStr, ctxt: &mut Ctxt) -> Option<Self> {
        let value = text.value();
        match Self::SHAPES.iter().find(|(name, _)| *name == value) {
            Some((_, shape)) => Some(Self { shape, name: text.clone() }),
            None => {
                unknown_text(text, "shape", Self::SHAPES.map(|(name, _)| name), ctxt);
                None
            }
        }
    }
}

impl Variant {
    fn new(variant: &syn::Variant, case: Option<Case>, ctxt: &mut Ctxt) -> Self {
        let items = Items::new(&variant.attrs, Place::Variant, ctxt);
        Self {
            ident: variant.ident.clone(),
            name: name(&items, &variant.ident, case),
            aliases: items.texts("alias").map(Name::of).collect(),
            other: items.span("other"),
            has_number: variant.discriminant.is_some(),
            // As in serde, `rename_all` on an enum names variants; their fields keep their names.
            fields: Fields::new(&variant.fields, None, ctxt),
        }
    }
}

impl Fields {
    fn new(fields: &syn::Fields, case: Option<Case>, ctxt: &mut Ctxt) -> Self {
        let style = match fields {
            syn::Fields::Named(_) => Style::Named,
            syn::Fields::Unnamed(_) => Style::Tuple,
            syn::Fields::Unit => Style::Unit,
        };
        let list = (fields.iter().enumerate())
            .map(|(index, field)| Field::new(index, field, case, ctxt))
            .collect();
        Self { style, list }
    }

    /// The fields that travel, with their places among those that do.
    pub(crate) fn pickled(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.list.iter().filter(|field| !field.is_skipped()).enumerate()
    }
}

impl Field {
    fn new(index: usize, field: &syn::Field, case: Option<Case>, ctxt: &mut Ctxt) -> Self {
        let items = Items::new(&field.attrs, Place::Field, ctxt);
        let unknown = items.span("unknown");
        let (member, name) = match &field.ident {
            // The name in native schemas that no other field has.
            Some(ident) if unknown.is_some() => {
                let name = Name { text: "**".to_owned(), span: ident.span() };
                (Member::Named(ident.clone()), name)
            }
            Some(ident) => (Member::Named(ident.clone()), name(&items, ident, case)),
            None => {
                let name = Name { text: index.to_string(), span: field.ty.span() };
                (Member::Unnamed(Index::from(index)), name)
            }
        };
        Self {
            member,
            ty: field.ty.clone(),
            name,
            renamed: items.span("rename"),
            aliases: items.texts("alias").map(Name::of).collect(),
            kind: Kind::new(&items, ctxt),
            default: (items.span("default")).map(|_| match items.expr("default") {
                Some(expr) => FieldDefault::Expr(Box::new(expr.clone())),
                None => FieldDefault::Trait,
            }),
            bytes: items.span("bytes"),
            unknown,
        }
    }

    pub(crate) fn is_skipped(&self) -> bool {
        matches!(self.kind, Kind::Skipped)
    }
}

impl Kind {
    fn new(items: &Items, ctxt: &mut Ctxt) -> Self {
        if let (Some(span), Some(_)) = (items.span("with"), items.span("serde")) {
            ctxt.error(span, "`with` and `serde` exclude each other");
        }
        match (items.span("skip"), items.path("with"), items.span("serde")) {
            (Some(skip), with, serde) => {
                if with.is_some() || serde.is_some() {
                    ctxt.error(skip, "a skipped field is not pickled in any form");
                }
                Self::Skipped
            }
            (None, Some(path), _) => Self::With(path.clone()),
            (None, None, Some(span)) => Self::Serde(span),
            (None, None, None) => Self::Plain,
        }
    }
}

fn name(items: &Items, ident: &Ident, case: Option<Case>) -> Name {
    if let Some(text) = items.text("rename") {
        return Name::of(text);
    }
    let own = ident.unraw().to_string();
    let text = match case {
        Some(Case(rule)) => rule(&own),
        None => own,
    };
    Name { text, span: ident.span() }
}

/// A `rename_all` rule.
#[derive(Clone, Copy)]
struct Case(Rename);

type Rename = fn(&str) -> String;

impl Case {
    const RULES: [(&'static str, Rename); 8] = [
        ("lowercase", |name| name.to_lowercase()),
        ("UPPERCASE", |name| name.to_uppercase()),
        ("PascalCase", |name| name.to_upper_camel_case()),
        ("camelCase", |name| name.to_lower_camel_case()),
        ("snake_case", |name| name.to_snake_case()),
        ("SCREAMING_SNAKE_CASE", |name| name.to_shouty_snake_case()),
        ("kebab-case", |name| name.to_kebab_case()),
        ("SCREAMING-KEBAB-CASE", |name| name.to_shouty_kebab_case()),
    ];

    fn new(text: &LitStr, ctxt: &mut Ctxt) -> Option<Self> {
        let value = text.value();
        match Self::RULES.iter().find(|(name, _)| *name == value) {
            Some((_, rule)) => Some(Self(*rule)),
            None => {
                unknown_text(text, "rule", Self::RULES.map(|(name, _)| name), ctxt);
                None
            }
        }
    }
}

fn unknown_text<const N: usize>(text: &LitStr, what: &str, known: [&str; N], ctxt: &mut Ctxt) {
    let value = text.value();
    match near(&value, known.into_iter()) {
        Some(near) => ctxt.error(
            text.span(),
            format_args!("unknown {what} \"{value}\", did you mean \"{near}\"?"),
        ),
        None => {
            let known = known.join("\", \"");
            ctxt.error(
                text.span(),
                format_args!("unknown {what} \"{value}\"; there are \"{known}\""),
            );
        }
    }
}
