//! Spans around what may take long, for the crate `tracing`, where its feature is on.

/// Enters a span for the rest of the block: `span!(debug, "store.open")`, with fields behind.
macro_rules! span {
    ($level:ident, $name:literal $($fields:tt)*) => {
        #[cfg(feature = "tracing")]
        let _span = crate::trace::$level!(target: "pickle_store", $name $($fields)*).entered();
    };
}

/// Reports that others were first, so that the work is done again.
macro_rules! conflict {
    ($what:literal) => {
        #[cfg(feature = "tracing")]
        tracing::debug!(target: "pickle_store", concat!($what, ": others were first"));
    };
}

pub(crate) use {conflict, span};

#[cfg(feature = "tracing")]
pub(crate) use tracing::{debug_span as debug, info_span as info, trace_span as trace};
