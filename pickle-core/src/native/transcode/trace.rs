//! Where in the value reading failed.

use super::{Frame, Make, Transcoder};
use crate::error::Error;

impl Transcoder<'_, '_> {
    /// Adds the path to the value at which reading failed.
    #[cold]
    pub(super) fn trace(&self, mut error: Error) -> Error {
        let mut place = None;
        for frame in self.frames.iter().rev() {
            match frame {
                // The step was taken before the value was read.
                Frame::Heads { parts, part: 0, round, .. } => {
                    place = Some((round.saturating_sub(1), parts.len() - 1, parts.len()));
                }
                Frame::Heads { parts, part, round, .. } => {
                    place = Some((*round, part - 1, parts.len()));
                }
                Frame::Make { what, .. } => {
                    if let Some((round, part, parts)) = place.take() {
                        error = self.step(error, *what, round, part, parts);
                    }
                }
                Frame::Blocks { .. } | Frame::Section { .. } | Frame::Level => {}
            }
        }
        error
    }

    #[cold]
    pub(super) fn step(
        &self,
        error: Error,
        what: Make<'_>,
        round: usize,
        part: usize,
        parts: usize,
    ) -> Error {
        match what {
            Make::List | Make::Set | Make::Dict => error.in_index(round),
            Make::Tuple => error.in_index(if parts > 1 { part } else { round }),
            Make::Some | Make::State(_) | Make::Named(_) | Make::Persistent | Make::Shared(_) => {
                error
            }
            Make::Object(group) => {
                let owner = self.plan.name(group.name).to_owned();
                let field = match group.names.get(part) {
                    Some(name) => self.plan.name(*name).to_owned(),
                    None => part.to_string(),
                };
                let error = error.in_field(owner, field);
                let class = self.class_of(group.class);
                match class.variant {
                    None => error,
                    Some(variant) => error.in_field(
                        self.plan.name(class.name).to_owned(),
                        self.plan.name(variant).to_owned(),
                    ),
                }
            }
        }
    }
}
