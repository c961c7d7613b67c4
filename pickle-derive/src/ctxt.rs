//! Collects the mistakes of one type, so that all are reported at once.

use std::fmt::Display;

use proc_macro2::Span;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Ctxt {
    error: Option<syn::Error>,
}

impl Ctxt {
    /// Reports a mistake at the user's own token.
    pub(crate) fn error(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Reports a mistake that syn found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.error {
            Some(first) => first.combine(error),
            None => self.error = Some(error),
        }
    }

    /// All mistakes as one error.
    pub(crate) fn into_error(self) -> Option<syn::Error> {
        self.error
    }
}
