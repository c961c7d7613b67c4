//! How structs, enums and states of derived types are written: the forms of [`PythonShape`].

use crate::error::{Error, Result};
use crate::shape::{Body, Fields, PythonShape, Shape, Style, Variant};
use crate::traits::Pickle;
use crate::value::Value;

use super::batch::Batch;
use super::opcode as op;
use super::save_shared::Shared;
use super::saver::Saver;

impl Saver<'_> {
    /// A struct, whose pickled fields `save` puts one after the other.
    ///
    /// # Errors
    /// When a field cannot be saved.
    #[doc(hidden)]
    #[inline]
    pub fn structure(
        &mut self,
        shape: &'static Shape,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        let Body::Struct(fields) = &shape.body else { unreachable!("a struct has fields") };
        let owner = Owner { shape, variant: None, fields };
        match (shape.python, fields.style) {
            (PythonShape::Dict, _) => self.field_dict(owner, save),
            (PythonShape::Tuple, _) => self.field_tuple(owner, save),
            (PythonShape::Object, Style::Named) => self.instance(owner, save),
            _ => self.made_of_args(owner, save),
        }
    }

    /// A variant of an enum.
    ///
    /// # Errors
    /// As [`structure`](Self::structure).
    #[doc(hidden)]
    pub fn variant(
        &mut self,
        shape: &'static Shape,
        index: usize,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        let Body::Enum(variants) = &shape.body else { unreachable!("an enum has variants") };
        let variant = &variants[index];
        let owner = Owner { shape, variant: Some(variant), fields: &variant.fields };
        match (shape.python, variant.fields.style) {
            (PythonShape::Name, _) | (PythonShape::Tagged, Style::Unit) => {
                self.name(variant.name);
                Ok(())
            }
            (PythonShape::Enum, _) => {
                let shared = self.begin();
                self.class(shape.module, shape.qualname, Some(variant.name))?;
                self.share(shared, None);
                Ok(())
            }
            (PythonShape::Tagged, _) => self.tagged(owner, save),
            (_, Style::Named) => self.instance(owner, save),
            _ => self.made_of_args(owner, save),
        }
    }

    /// The state of a type with hooks, as what Python hands to `__setstate__`.
    ///
    /// # Errors
    /// When the state cannot be saved.
    #[doc(hidden)]
    pub fn state<S: Pickle + ?Sized>(&mut self, shape: &'static Shape, state: &S) -> Result<()> {
        let shared = self.begin();
        self.new_instance(shape, None, shared)?;
        self.outside_key(|saver| saver.nest(|saver| state.save(saver)))?;
        self.writer.op(op::BUILD);
        Ok(())
    }

    /// `{"Variant": ..}`
    fn tagged(
        &mut self,
        owner: Owner,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.begin_dict()?;
        let mut batch = Batch::dict(1);
        batch.before(&mut self.writer);
        self.name(owner.name());
        self.nest(|saver| match (owner.fields.style, owner.fields.list.len()) {
            (Style::Named, _) => saver.field_dict(owner, save),
            (_, 1) => FieldSaver::bare(saver, owner).run(save),
            _ => saver.field_tuple(owner, save),
        })?;
        batch.after(&mut self.writer);
        batch.end(&mut self.writer)
    }

    /// `{name: ..}`, where the object that `save` saves does not tell its class.
    pub(crate) fn tagged_by(
        &mut self,
        name: &str,
        save: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.begin_dict()?;
        let mut batch = Batch::dict(1);
        batch.before(&mut self.writer);
        self.str(name);
        self.nest(save)?;
        batch.after(&mut self.writer);
        batch.end(&mut self.writer)
    }

    fn field_tuple(
        &mut self,
        owner: Owner,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.tuple(owner.fields.list.len(), |saver| FieldSaver::bare(saver, owner).run(save))
    }

    #[inline]
    fn field_dict(
        &mut self,
        owner: Owner,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.begin_dict()?;
        self.nest(|saver| {
            let batch = Batch::dict(owner.fields.list.len());
            FieldSaver { saver, owner, index: 0, batch: Some(batch) }.run(save)
        })
    }

    /// An instance with its fields as attributes.
    fn instance(
        &mut self,
        owner: Owner,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        let shared = self.begin();
        self.new_instance(owner.shape, owner.variant, shared)?;
        // As Python: an instance without attributes has no state.
        if owner.fields.list.is_empty() {
            return FieldSaver::bare(self, owner).run(save);
        }
        self.outside_key(|saver| saver.field_dict(owner, save))?;
        self.writer.op(op::BUILD);
        Ok(())
    }

    /// An instance that `__new__` makes without arguments.
    fn new_instance(
        &mut self,
        shape: &'static Shape,
        variant: Option<&'static Variant>,
        shared: Option<Shared>,
    ) -> Result<()> {
        let variant = variant.map(|variant| variant.name);
        if self.writer.protocol >= 2 {
            self.class(shape.module, shape.qualname, variant)?;
            self.writer.op(op::EMPTY_TUPLE);
            self.writer.op(op::NEWOBJ);
        } else {
            self.reduce("copyreg", "_reconstructor", 3, |saver| {
                saver.class(shape.module, shape.qualname, variant)?;
                saver.global("builtins", "object")?;
                saver.none();
                Ok(())
            })?;
        }
        self.put_everywhere(shared);
        Ok(())
    }

    /// An instance that `__new__` makes of the fields.
    fn made_of_args(
        &mut self,
        owner: Owner,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        let shared = self.begin();
        let (shape, variant) = (owner.shape, owner.variant.map(|variant| variant.name));
        let len = owner.fields.list.len();
        self.outside_key(|saver| {
            if saver.writer.protocol >= 2 {
                saver.class(shape.module, shape.qualname, variant)?;
                saver.writer.boundary();
                saver.tuple(len, |saver| FieldSaver::bare(saver, owner).run(save))?;
                saver.writer.op(op::NEWOBJ);
                return Ok(());
            }
            if shape.python == PythonShape::NamedTuple {
                return saver.reduce("copyreg", "_reconstructor", 3, |saver| {
                    saver.class(shape.module, shape.qualname, variant)?;
                    saver.global("builtins", "tuple")?;
                    saver.tuple(len, |saver| FieldSaver::bare(saver, owner).run(save))
                });
            }
            saver.reduce("copyreg", "__newobj__", len + 1, |saver| {
                saver.class(shape.module, shape.qualname, variant)?;
                FieldSaver::bare(saver, owner).run(save)
            })
        })?;
        self.put_everywhere(shared);
        Ok(())
    }
}

/// Whose fields are saved.
#[derive(Clone, Copy)]
struct Owner {
    shape: &'static Shape,
    variant: Option<&'static Variant>,
    fields: &'static Fields,
}

impl Owner {
    fn name(self) -> &'static str {
        self.variant.map_or(self.shape.name, |variant| variant.name)
    }

    #[cold]
    fn in_field(self, error: Error, index: usize) -> Error {
        let error = error.in_field(self.name(), self.fields.list[index].name);
        match self.variant {
            Some(variant) => error.in_field(self.shape.name, variant.name),
            None => error,
        }
    }
}

/// Puts the pickled fields of a struct or variant, in order.
#[doc(hidden)]
pub struct FieldSaver<'s, 'w> {
    saver: &'s mut Saver<'w>,
    owner: Owner,
    index: usize,
    /// With names, as the entries of a dict.
    batch: Option<Batch>,
}

impl<'s, 'w> FieldSaver<'s, 'w> {
    #[inline]
    fn bare(saver: &'s mut Saver<'w>, owner: Owner) -> Self {
        Self { saver, owner, index: 0, batch: None }
    }

    #[inline]
    fn run(mut self, save: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        save(&mut self)?;
        debug_assert_eq!(self.index, self.owner.fields.list.len(), "all fields are put");
        match self.batch {
            Some(batch) => batch.end(&mut self.saver.writer),
            None => Ok(()),
        }
    }

    /// The next field.
    ///
    /// # Errors
    /// When it cannot be saved.
    #[inline]
    pub fn put<T: Pickle + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.put_by(value, T::save)
    }

    /// The next field. The function is the type's [`Pickle::save`], named where the field's type
    /// stands, so that the compiler says there that it is missing.
    ///
    /// # Errors
    /// When the field cannot be saved.
    #[inline]
    pub fn put_by<T: ?Sized>(
        &mut self,
        value: &T,
        save: impl FnOnce(&T, &mut Saver<'w>) -> Result<()>,
    ) -> Result<()> {
        self.before();
        if let Err(error) = save(value, self.saver) {
            return Err(self.owner.in_field(error, self.index));
        }
        self.after();
        Ok(())
    }

    /// The state of the next field, which a hook makes.
    ///
    /// # Errors
    /// When the hook refuses, or the state cannot be saved.
    pub fn put_state<S: Pickle>(&mut self, state: Result<S>) -> Result<()> {
        match state {
            Ok(state) => self.put(&state),
            Err(error) => Err(self.owner.in_field(error, self.index)),
        }
    }

    /// Counts the entries of the field that holds what the type does not have, before any is put.
    #[doc(hidden)]
    pub fn expect_unknown(&mut self, count: usize) {
        if self.batch.is_some() {
            let named = self.owner.fields.list.len() - 1;
            self.batch = Some(Batch::dict(named + count));
        }
    }

    /// The field that holds what the type does not have: each of its entries is a field.
    ///
    /// # Errors
    /// When one cannot be saved.
    #[doc(hidden)]
    pub fn put_unknown<'a, K: AsRef<str> + 'a>(
        &mut self,
        entries: impl IntoIterator<Item = (K, &'a Value)>,
    ) -> Result<()> {
        let index = self.index;
        let Some(batch) = &mut self.batch else { unreachable!("only fields with names are kept") };
        for (name, value) in entries {
            batch.before(&mut self.saver.writer);
            self.saver.str(name.as_ref());
            value.save(self.saver).map_err(|error| self.owner.in_field(error, index))?;
            batch.after(&mut self.saver.writer);
        }
        self.index += 1;
        Ok(())
    }

    #[inline(always)]
    fn before(&mut self) {
        let field = &self.owner.fields.list[self.index];
        if let Some(batch) = &mut self.batch {
            batch.before(&mut self.saver.writer);
            self.saver.name(field.name);
        }
        if field.bytes {
            self.saver.wants_bytes = true;
        }
    }

    #[inline(always)]
    fn after(&mut self) {
        if self.owner.fields.list[self.index].bytes {
            self.saver.wants_bytes = false;
        }
        self.index += 1;
        if let Some(batch) = &mut self.batch {
            batch.after(&mut self.saver.writer);
        }
    }
}
