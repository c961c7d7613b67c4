//! Infers where clauses: type parameters that occur in pickled fields are bound, others are not.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::visit::{self, Visit};
use syn::{Generics, Ident, Path, Type, TypePath, WhereClause, parse_quote};

use crate::model::{Container, Field, FieldDefault, Form, Kind};

/// The where clause of an impl that needs `needed` of everything that is pickled, and `Default` of
/// what a skipped field needs it for where `load` says that values are made.
pub(crate) fn where_clause(
    container: &Container,
    generics: &Generics,
    needed: &TokenStream,
    load: bool,
) -> WhereClause {
    let mut generics = generics.clone();
    let clause = generics.make_where_clause();
    if let Some(own) = &container.bound {
        clause.predicates.extend(own.iter().cloned());
        return clause.clone();
    }
    let mut pickled = Parameters::of(&container.generics);
    let mut defaulted = Parameters::of(&container.generics);
    if let Form::State { .. } = container.form {
        // What the hooks make of them is not known; that they are pickled somehow is likely.
        pickled.found.extend(pickled.all.iter().cloned());
    } else {
        for field in container.fields() {
            match &field.kind {
                Kind::Plain => pickled.visit_field_type(field),
                Kind::Skipped if !matches!(field.default, Some(FieldDefault::Expr(_))) => {
                    defaulted.visit_field_type(field);
                }
                Kind::Skipped | Kind::With(_) | Kind::Serde(_) => {}
            }
        }
    }
    let shared = pickled.shared.clone();
    let default = quote!(::core::default::Default);
    let uses = [(pickled, needed), (defaulted, &default)];
    if load {
        // One object is handed to all who share it, so it does not borrow.
        for parameter in container.generics.type_params() {
            if shared.contains(&parameter.ident) {
                let ident = &parameter.ident;
                clause.predicates.push(parse_quote!(#ident: 'static));
            }
        }
    }
    for (parameters, needed) in uses.into_iter().take(if load { 2 } else { 1 }) {
        for parameter in container.generics.type_params() {
            if parameters.found.contains(&parameter.ident) {
                let ident = &parameter.ident;
                clause.predicates.push(parse_quote!(#ident: #needed));
            }
        }
        for projection in &parameters.projections {
            clause.predicates.push(parse_quote!(#projection: #needed));
        }
    }
    clause.clone()
}

/// The type parameters that occur in some types.
#[derive(Default)]
struct Parameters {
    all: HashSet<Ident>,
    found: HashSet<Ident>,
    /// Those that occur behind an `Rc`, `Arc` or `Weak`.
    shared: HashSet<Ident>,
    /// Types such as `T::Item`.
    projections: Vec<TypePath>,
}

impl Parameters {
    fn of(generics: &Generics) -> Self {
        let all = generics.type_params().map(|parameter| parameter.ident.clone()).collect();
        Self { all, ..Self::default() }
    }

    fn visit_field_type(&mut self, field: &Field) {
        self.visit_type(&field.ty);
    }

    fn is_parameter(&self, path: &Path) -> bool {
        path.leading_colon.is_none()
            && path.segments.first().is_some_and(|first| self.all.contains(&first.ident))
    }
}

impl<'ast> Visit<'ast> for Parameters {
    fn visit_type_path(&mut self, path: &'ast TypePath) {
        if path.qself.is_none() && self.is_parameter(&path.path) {
            if path.path.segments.len() == 1 {
                self.found.extend(path.path.get_ident().cloned());
            } else {
                self.project(path);
            }
            return;
        }
        if path.qself.as_ref().is_some_and(|own| self.mentions(&own.ty)) {
            self.project(path);
            return;
        }
        let Some(last) = path.path.segments.last() else { return };
        if last.ident == "PhantomData" {
            return;
        }
        if ["Rc", "Arc", "Weak"].iter().any(|name| last.ident == name) {
            let mut inner = Self { all: self.all.clone(), ..Self::default() };
            visit::visit_type_path(&mut inner, path);
            self.shared.extend(inner.found);
        }
        visit::visit_type_path(self, path);
    }

    // Held by address or not at all.
    fn visit_type_bare_fn(&mut self, _: &'ast syn::TypeBareFn) {}
}

impl Parameters {
    fn project(&mut self, path: &TypePath) {
        let known = path.to_token_stream().to_string();
        if self.projections.iter().all(|other| other.to_token_stream().to_string() != known) {
            self.projections.push(path.clone());
        }
    }

    /// Whether a type contains a parameter.
    fn mentions(&self, ty: &Type) -> bool {
        let mut inner = Self { all: self.all.clone(), ..Self::default() };
        inner.visit_type(ty);
        !inner.found.is_empty() || !inner.projections.is_empty()
    }
}
