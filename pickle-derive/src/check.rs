//! What does not fit together, one small function per rule.

use std::collections::HashMap;
use std::fmt::Display;

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::ctxt::Ctxt;
use crate::model::{Body, Container, Field, Fields, Form, Kind, Name, Style, Variant};

/// Runs every rule.
pub(crate) fn all(container: &Container, ctxt: &mut Ctxt) {
    packed(container, ctxt);
    directions(container, ctxt);
    hooks(container, ctxt);
    transparent(container, ctxt);
    untagged(container, ctxt);
    default(container, ctxt);
    python(container, ctxt);
    rename_all(container, ctxt);
    classes(container, ctxt);
    container.fields().for_each(|field| skipped(field, ctxt));
    container.fields().for_each(|field| field_forms(field, ctxt));
    match &container.body {
        Body::Struct(fields) => {
            names_of_fields(fields, ctxt);
            unknown(container, fields, ctxt);
        }
        Body::Enum(variants) => {
            variants.iter().for_each(|variant| names_of_fields(&variant.fields, ctxt));
            for span in container.fields().filter_map(|field| field.unknown) {
                ctxt.error(span, "`unknown` is for structs; give the variant one in a field");
            }
            names_of_variants(variants, ctxt);
            other(variants, ctxt);
            count(variants, ctxt);
        }
    }
    if container.unpickles() && !matches!(container.form, Form::State { .. }) {
        container.fields().for_each(|field| borrowed_for_ever(field, ctxt));
    }
}

fn packed(container: &Container, ctxt: &mut Ctxt) {
    if let (Some(span), false) = (container.packed, is_state(container)) {
        let message = "the fields of a packed type cannot be borrowed; remove `packed`, or pickle \
                       the type through `getstate` and `setstate`";
        ctxt.error(span, message);
    }
}

fn is_state(container: &Container) -> bool {
    matches!(container.form, Form::State { .. })
}

/// `pickle_only`, `unpickle_only`, and what they leave without use.
fn directions(container: &Container, ctxt: &mut Ctxt) {
    if let (Some(_), Some(span)) = (container.pickle_only, container.unpickle_only) {
        ctxt.error(span, "`pickle_only` and `unpickle_only` exclude each other; remove both");
    }
    let (mut getstate, mut setstate) = (None, None);
    if let Form::State { getstate: get, setstate: set } = &container.form {
        (getstate, setstate) = (get.as_ref(), set.as_ref());
    }
    let only = |ctxt: &mut Ctxt, path: Option<&syn::Path>, hook: &str, only: &str| {
        if let Some(path) = path {
            ctxt.error(path.span(), format_args!("`{hook}` is never called under `{only}`"));
        }
    };
    if container.pickle_only.is_some() {
        only(ctxt, setstate, "setstate", "pickle_only");
        only(ctxt, container.after_load.as_ref(), "after_load", "pickle_only");
    }
    if container.unpickle_only.is_some() {
        only(ctxt, getstate, "getstate", "unpickle_only");
    }
}

/// Each of `getstate` and `setstate` needs the other, and they replace what fields say.
fn hooks(container: &Container, ctxt: &mut Ctxt) {
    let Form::State { getstate, setstate } = &container.form else { return };
    if let (Some(path), None, true) = (getstate, setstate, container.unpickles()) {
        let message = "`getstate` needs `setstate = path` to load what it gave, or `pickle_only`";
        ctxt.error(path.span(), message);
    }
    if let (None, Some(path), true) = (getstate, setstate, container.pickles()) {
        let message =
            "`setstate` needs `getstate = path` to make what it takes, or `unpickle_only`";
        ctxt.error(path.span(), message);
    }
    for field in container.fields() {
        let kind = match &field.kind {
            // Says to the reader what `getstate` leaves out.
            Kind::Plain | Kind::Skipped => None,
            Kind::With(path) => Some(path.span()),
            Kind::Serde(span) => Some(*span),
        };
        let span = kind.or(field.renamed).or(field.bytes);
        let span = span.or_else(|| field.aliases.first().map(|alias| alias.span));
        if let Some(span) = span {
            ctxt.error(span, "no effect here: `getstate` decides what is pickled");
        }
    }
    let others = [container.deny_unknown_fields, container.default, container.rename_all];
    for span in others.into_iter().flatten() {
        ctxt.error(span, "no effect here: `getstate` decides what is pickled");
    }
}

/// Forms without a name stand for variants only where there are some to choose from.
fn untagged(container: &Container, ctxt: &mut Ctxt) {
    let Some(span) = container.untagged else { return };
    match (&container.form, &container.body) {
        (Form::State { .. }, _) => {
            ctxt.error(span, "no effect here: `getstate` and `setstate` say what is pickled");
        }
        (_, Body::Struct(_)) => ctxt.error(span, "`untagged` is for enums"),
        (_, Body::Enum(variants)) => {
            for span in variants.iter().filter_map(|variant| variant.other) {
                ctxt.error(span, "`other` would take what `untagged` gives to another variant");
            }
        }
    }
}

fn transparent(container: &Container, ctxt: &mut Ctxt) {
    let Form::Transparent(span) = container.form else { return };
    match &container.body {
        Body::Enum(_) => ctxt.error(span, "`transparent` is for structs with one field"),
        Body::Struct(fields) => match fields.pickled().count() {
            1 => {}
            0 => ctxt.error(span, "`transparent` needs a field that is not skipped"),
            count => {
                let message =
                    format!("`transparent` needs one field, not {count}; skip the others");
                ctxt.error(span, message);
            }
        },
    }
    let python = container.python.as_ref().map(|python| python.name.span());
    let others = [python, container.deny_unknown_fields, container.rename_all];
    for span in others.into_iter().flatten() {
        ctxt.error(span, "no effect here: a `transparent` type is pickled as its field");
    }
}

fn default(container: &Container, ctxt: &mut Ctxt) {
    if let (Some(span), Body::Enum(_)) = (container.default, &container.body) {
        ctxt.error(span, "`default` is for structs, whose missing fields it fills");
    }
}

/// The shape in Python must be one that the type can have.
fn python(container: &Container, ctxt: &mut Ctxt) {
    let Some(python) = &container.python else { return };
    let (fits, takes) = match (python.shape, &container.body) {
        ("Dict" | "NamedTuple", Body::Struct(fields)) => {
            (fields.style == Style::Named, "structs with named fields")
        }
        ("Dict" | "NamedTuple", Body::Enum(_)) => (false, "structs with named fields"),
        ("Tuple", body) => (matches!(body, Body::Struct(_)), "structs"),
        ("Enum", Body::Enum(variants)) => (
            variants.iter().all(|variant| variant.fields.style == Style::Unit),
            "enums whose variants have no fields",
        ),
        ("Enum", Body::Struct(_)) => (false, "enums whose variants have no fields"),
        ("Tagged", body) => (matches!(body, Body::Enum(_)), "enums"),
        _ => (true, ""),
    };
    if !fits {
        let message = format!("`python = \"{}\"` is for {takes}", python.name.value());
        ctxt.error(python.name.span(), message);
    }
}

fn rename_all(container: &Container, ctxt: &mut Ctxt) {
    if let (Some(span), Body::Struct(fields)) = (container.rename_all, &container.body)
        && fields.style != Style::Named
    {
        ctxt.error(span, "`rename_all` needs fields with names");
    }
}

/// Classes are dotted names.
fn classes(container: &Container, ctxt: &mut Ctxt) {
    let is_identifier = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|first| first == '_' || first.is_alphabetic())
            && chars.all(|char| char == '_' || char.is_alphanumeric())
    };
    for class in std::iter::once(&container.class).chain(&container.aliases) {
        if !(class.text.contains('.') && class.text.split('.').all(is_identifier)) {
            let text = &class.text;
            let message =
                format!("\"{text}\" is no qualified name such as \"package.module.Name\"");
            ctxt.error(class.span, message);
        }
    }
    distinct(std::iter::once((&container.class, &container.aliases)), "class", ctxt);
}

/// A field that does not travel has no use for a name.
fn skipped(field: &Field, ctxt: &mut Ctxt) {
    if !field.is_skipped() {
        return;
    }
    let alias = field.aliases.first().map(|alias| alias.span);
    for (span, what) in [(field.renamed, "rename"), (alias, "alias"), (field.bytes, "bytes")] {
        if let Some(span) = span {
            ctxt.error(span, format_args!("`{what}` has no effect on a skipped field"));
        }
    }
}

fn field_forms(field: &Field, ctxt: &mut Ctxt) {
    if let (Kind::With(_) | Kind::Serde(_), Some(span)) = (&field.kind, field.bytes) {
        ctxt.error(span, "`bytes` has no effect beside `with` or `serde`, which decide the form");
    }
    if let (Some(span), syn::Member::Unnamed(_)) = (field.renamed, &field.member) {
        ctxt.error(span, "the fields of tuples have no names");
    }
}

/// A field for what the type does not have needs names, in every form.
fn unknown(container: &Container, fields: &Fields, ctxt: &mut Ctxt) {
    for field in &fields.list {
        let Some(span) = field.unknown else { continue };
        let is_plain = matches!(field.kind, Kind::Plain);
        let has_form =
            field.renamed.is_some() || field.bytes.is_some() || !field.aliases.is_empty();
        if !is_plain || has_form || field.default.is_some() {
            ctxt.error(
                span,
                "`unknown` stands alone: the field has no name and no form of its own",
            );
        }
        if fields.style != Style::Named || !matches!(container.form, Form::Plain) {
            ctxt.error(span, "`unknown` is for structs whose fields are pickled by name");
        }
        if let Some(python) = &container.python
            && !["Object", "Dict"].contains(&python.shape)
        {
            ctxt.error(python.name.span(), "this form has no names for what `unknown` keeps");
        }
        if let Some(denied) = container.deny_unknown_fields {
            ctxt.error(denied, "`unknown` keeps what `deny_unknown_fields` refuses");
        }
    }
}

fn names_of_fields(fields: &Fields, ctxt: &mut Ctxt) {
    let names = fields.pickled().map(|(_, field)| (&field.name, &field.aliases));
    distinct(names, "field", ctxt);
}

fn names_of_variants(variants: &[Variant], ctxt: &mut Ctxt) {
    distinct(variants.iter().map(|variant| (&variant.name, &variant.aliases)), "variant", ctxt);
}

/// No name or alias stands for two things.
fn distinct<'a>(
    names: impl Iterator<Item = (&'a Name, &'a Vec<Name>)>,
    what: impl Display,
    ctxt: &mut Ctxt,
) {
    let names: Vec<_> = names.collect();
    let mut seen = HashMap::new();
    for (index, (name, _)) in names.iter().enumerate() {
        if seen.insert(name.text.as_str(), index).is_some() {
            ctxt.error(name.span, format_args!("another {what} is named \"{}\" too", name.text));
        }
    }
    for (index, (_, aliases)) in names.iter().enumerate() {
        for alias in *aliases {
            let message = match seen.insert(&alias.text, index) {
                None => continue,
                Some(other) if other == index => "this name is taken already by the same",
                Some(_) => "this name is taken already by another",
            };
            ctxt.error(alias.span, format_args!("{message} {what}"));
        }
    }
}

fn other(variants: &[Variant], ctxt: &mut Ctxt) {
    let mut first = true;
    for variant in variants {
        let Some(span) = variant.other else { continue };
        if !first {
            ctxt.error(span, "only one variant can be the one for unknown variants");
        }
        first = false;
        if variant.fields.style != Style::Unit {
            ctxt.error(span, "`other` is for variants without fields");
        }
    }
}

fn count(variants: &[Variant], ctxt: &mut Ctxt) {
    if let Some(variant) = variants.get(1 << 16) {
        ctxt.error(variant.ident.span(), "more than 65536 variants cannot be pickled");
    }
}

/// What is loaded borrows from the pickle, which does not live for ever.
fn borrowed_for_ever(field: &Field, ctxt: &mut Ctxt) {
    struct Static(Option<Span>);
    impl<'ast> Visit<'ast> for Static {
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            match &reference.lifetime {
                Some(lifetime) if lifetime.ident == "static" => {
                    self.0.get_or_insert(lifetime.span());
                }
                _ => visit::visit_type_reference(self, reference),
            }
        }

        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            // Mentions types without holding values of them.
            if segment.ident != "PhantomData" {
                visit::visit_path_segment(self, segment);
            }
        }

        fn visit_type_bare_fn(&mut self, _: &'ast syn::TypeBareFn) {}
    }
    if !matches!(field.kind, Kind::Plain) {
        return;
    }
    let mut found = Static(None);
    found.visit_type(&field.ty);
    if let Some(span) = found.0 {
        let message = "nothing loaded from a pickle borrows for `'static`; own the value, as \
                       `String` does, or take a lifetime parameter, or say `pickle_only`";
        ctxt.error(span, message);
    }
}
