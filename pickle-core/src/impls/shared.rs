//! `Rc`, `Arc` and `Weak`.

use std::rc::{self, Rc};
use std::sync::{self, Arc};

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, WORD, Writer, Written};
use crate::python::Saver;
use crate::registry::Registry;
use crate::restore::Restorer;
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::shared::{ArcFamily, RcFamily, Shareable};
use crate::traits::{Layout, Pickle, Unpickle};

macro_rules! shared {
    ($($Strong:ident, $module:ident, $Family:ident, is_local: $is_local:literal;)*) => {$(
        impl<T: Layout + ?Sized> Layout for $Strong<T> {
            const HEAD: usize = WORD;
            const NULLABLE: bool = T::NULLABLE;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                let item = T::describe(schema);
                schema.anonymous(Node::Shared(item))
            }
        }

        impl<T: Pickle + ?Sized> Pickle for $Strong<T> {
            const IS_PLAIN: bool = true;

            #[inline]
            fn measure(&self, measure: &mut Measure) -> Result<()> {
                measure.shared::<$Family, T>(self)
            }

            #[inline]
            fn encode<'b>(
                &self,
                head: HeadMut<'b, Self>,
                writer: &mut Writer,
            ) -> Written<'b, Self> {
                writer.shared::<Self, $Family, T>(head, self)
            }

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                saver.shared::<$Family, T>(self)
            }
        }

        impl<'de, T: Shareable<'de> + ?Sized> Unpickle<'de> for $Strong<T> {
            #[inline]
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                reader.shared::<$Family, T, Self>(head).map(|strong| slot.write(strong))
            }

            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                T::restore_shared::<$Family>(id, restorer)
            }
        }

        impl<T: Layout + ?Sized> Layout for $module::Weak<T> {
            const HEAD: usize = WORD;
            const NULLABLE: bool = true;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                let item = T::describe(schema);
                schema.anonymous(Node::Weak(item))
            }
        }

        impl<T: Pickle + ?Sized> Pickle for $module::Weak<T> {
            const IS_PLAIN: bool = $is_local;

            fn measure(&self, measure: &mut Measure) -> Result<()> {
                measure.weak::<$Family, T>(self)
            }

            fn encode<'b>(
                &self,
                head: HeadMut<'b, Self>,
                writer: &mut Writer,
            ) -> Written<'b, Self> {
                writer.weak::<Self, $Family, T>(head, self)
            }

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                match self.upgrade() {
                    Some(strong) => saver.shared::<$Family, T>(&strong),
                    None => {
                        saver.none();
                        Ok(())
                    }
                }
            }
        }

        impl<'de, T: Shareable<'de> + ?Sized> Unpickle<'de> for $module::Weak<T> {
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                reader.weak::<$Family, T, Self>(head).map(|weak| slot.write(weak))
            }

            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                T::restore_weak::<$Family>(id, restorer)
            }

            fn absent() -> Option<Self> {
                T::dangling::<$Family>(Registry::shared())
            }

            fn shell(restorer: &Restorer<'_, 'de>) -> Option<Self> {
                T::dangling::<$Family>(restorer.env().registry())
            }
        }
    )*};
}

shared! {
    Rc, rc, RcFamily, is_local: true;
    // Another thread may let go of what a `Weak` leads to while it is written.
    Arc, sync, ArcFamily, is_local: false;
}
