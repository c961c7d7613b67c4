//! How structs, enums and states of derived types are written: the forms of [`PythonShape`].

use crate::error::{Error, Result};
use crate::shape::{Body, Field, Fields, PythonShape, Shape, Style, Variant};
use crate::traits::Pickle;
use crate::value::Value;

use super::batch::{BATCH, Batch};
use super::opcode as op;
use super::save_shared::Shared;
use super::saver::Saver;

/// Puts the fields. Not generic, so that most forms below are compiled once, not for each type.
type Save<'f> = &'f mut dyn FnMut(&mut FieldSaver<'_, '_>) -> Result<()>;

/// A function that is called once.
#[inline]
fn once(
    save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
) -> impl FnMut(&mut FieldSaver<'_, '_>) -> Result<()> {
    let mut save = Some(save);
    move |fields| save.take().map_or(Ok(()), |save| save(fields))
}

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
        let owner = &Owner::of_struct(shape);
        match (shape.python, owner.fields.style) {
            // What records are written as: quick rather than small.
            (PythonShape::Dict, _) => self.field_dict(owner, Entries::of, save),
            (PythonShape::Object, Style::Named) => self.instance(owner, Entries::of, save),
            (PythonShape::Tuple, _) => self.field_tuple(owner, &mut once(save)),
            _ => self.made_of_args(owner, &mut once(save)),
        }
    }

    /// A struct, one of whose fields holds so many that the type does not have.
    ///
    /// # Errors
    /// As [`structure`](Self::structure).
    #[doc(hidden)]
    pub fn open_structure(
        &mut self,
        shape: &'static Shape,
        unknown: usize,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.open_structure_by(shape, unknown, &mut once(save))
    }

    fn open_structure_by(
        &mut self,
        shape: &'static Shape,
        unknown: usize,
        save: Save<'_>,
    ) -> Result<()> {
        let owner = &Owner::of_struct(shape);
        let entries =
            |owner: &Owner| Entries::Counted(Batch::dict(owner.fields.list.len() - 1 + unknown));
        match shape.python {
            PythonShape::Dict => self.field_dict(owner, entries, save),
            _ => self.instance(owner, entries, save),
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
        self.variant_by(shape, index, &mut once(save))
    }

    fn variant_by(&mut self, shape: &'static Shape, index: usize, save: Save<'_>) -> Result<()> {
        let Body::Enum(variants) = &shape.body else { unreachable!("an enum has variants") };
        let variant = &variants[index];
        let owner = &Owner { shape, variant: Some(variant), fields: &variant.fields };
        match (shape.python, variant.fields.style) {
            (PythonShape::Name, _) | (PythonShape::Tagged, Style::Unit) => {
                self.name(variant.name);
                Ok(())
            }
            (PythonShape::Enum, _) => {
                let shared = self.begin();
                match variant.value {
                    Some(value) => self.member(shape, variant.name, value)?,
                    None => self.class(shape.module, shape.qualname, Some(variant.name))?,
                }
                self.share(shared, None);
                Ok(())
            }
            (PythonShape::Tagged, _) => self.tagged(owner, save),
            (_, Style::Named) => self.instance(owner, Entries::of, save),
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
    fn tagged(&mut self, owner: &Owner, save: Save<'_>) -> Result<()> {
        self.begin_dict()?;
        let mut batch = Batch::dict(1);
        batch.before(&mut self.writer);
        self.name(owner.name());
        self.nest(|saver| match (owner.fields.style, owner.fields.list.len()) {
            (Style::Named, _) => saver.field_dict(owner, Entries::of, save),
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
        let tagged = self.pending.filter(|pending| pending.is_tagged());
        self.begin_dict()?;
        let mut batch = Batch::dict(1);
        batch.before(&mut self.writer);
        self.str(name);
        self.nest(|saver| saver.inside_tag(tagged, save))?;
        batch.after(&mut self.writer);
        batch.end(&mut self.writer)
    }

    fn field_tuple(&mut self, owner: &Owner, save: Save<'_>) -> Result<()> {
        self.tuple(owner.fields.list.len(), |saver| FieldSaver::bare(saver, owner).run(save))
    }

    #[inline]
    fn field_dict(
        &mut self,
        owner: &Owner,
        entries: impl FnOnce(&Owner) -> Entries,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.begin_dict()?;
        self.nest(|saver| FieldSaver { saver, owner, entries: entries(owner), next: 0 }.run(save))
    }

    /// An instance with its fields as attributes.
    #[inline]
    fn instance(
        &mut self,
        owner: &Owner,
        entries: impl FnOnce(&Owner) -> Entries,
        save: impl FnOnce(&mut FieldSaver<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        let shared = self.begin();
        self.new_instance(owner.shape, owner.variant, shared)?;
        // As Python: an instance without attributes has no state.
        if owner.fields.list.is_empty() {
            return FieldSaver::bare(self, owner).run(save);
        }
        self.outside_key(|saver| saver.field_dict(owner, entries, save))?;
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
    fn made_of_args(&mut self, owner: &Owner, save: Save<'_>) -> Result<()> {
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
struct Owner {
    shape: &'static Shape,
    variant: Option<&'static Variant>,
    fields: &'static Fields,
}

impl Owner {
    #[inline(always)]
    fn of_struct(shape: &'static Shape) -> Self {
        let Body::Struct(fields) = &shape.body else { unreachable!("a struct has fields") };
        Self { shape, variant: None, fields }
    }

    fn name(&self) -> &'static str {
        self.variant.map_or(self.shape.name, |variant| variant.name)
    }

    #[cold]
    fn in_field(&self, error: Error, field: &'static Field) -> Error {
        let error = error.in_field(self.name(), field.name);
        match self.variant {
            Some(variant) => error.in_field(self.shape.name, variant.name),
            None => error,
        }
    }
}

/// How fields are written beside each other.
enum Entries {
    /// Without names.
    Bare,
    /// With names, as entries of a dict that fit into one batch.
    Few,
    /// With names, counted.
    Counted(Batch),
}

impl Entries {
    #[inline(always)]
    fn of(owner: &Owner) -> Self {
        match owner.fields.list.len() {
            2..=BATCH => Self::Few,
            len => Self::Counted(Batch::dict(len)),
        }
    }
}

/// Puts the pickled fields of a struct or variant, in order.
#[doc(hidden)]
pub struct FieldSaver<'s, 'w> {
    saver: &'s mut Saver<'w>,
    owner: &'s Owner,
    entries: Entries,
    /// The field that [`put`](Self::put) puts next.
    next: usize,
}

impl<'s, 'w> FieldSaver<'s, 'w> {
    #[inline]
    fn bare(saver: &'s mut Saver<'w>, owner: &'s Owner) -> Self {
        Self { saver, owner, entries: Entries::Bare, next: 0 }
    }

    #[inline]
    fn run(mut self, save: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if let Entries::Few = self.entries {
            if self.saver.writer.protocol == 0 {
                self.entries = Entries::Counted(Batch::dict(self.owner.fields.list.len()));
            } else {
                self.saver.writer.op(op::MARK);
            }
        }
        save(&mut self)?;
        match self.entries {
            Entries::Bare => Ok(()),
            Entries::Few => {
                self.saver.writer.op(op::SETITEMS);
                Ok(())
            }
            Entries::Counted(batch) => batch.end(&mut self.saver.writer),
        }
    }

    /// The next field.
    ///
    /// # Errors
    /// When it cannot be saved.
    pub fn put<T: Pickle + ?Sized>(&mut self, value: &T) -> Result<()> {
        let field = &self.owner.fields.list[self.next];
        self.next += 1;
        self.put_by(field, value, T::save)
    }

    /// The next field, which is this one. The function is the type's [`Pickle::save`], named where
    /// the field's type stands, so that the compiler says there that it is missing.
    ///
    /// # Errors
    /// When the field cannot be saved.
    #[inline]
    pub fn put_by<T: ?Sized>(
        &mut self,
        field: &'static Field,
        value: &T,
        save: impl FnOnce(&T, &mut Saver<'w>) -> Result<()>,
    ) -> Result<()> {
        self.before(field);
        if let Err(error) = save(value, self.saver) {
            return Err(self.owner.in_field(error, field));
        }
        self.after(field);
        Ok(())
    }

    /// The state of the next field, which a hook makes.
    ///
    /// # Errors
    /// When the hook refuses, or the state cannot be saved.
    pub fn put_state<S: Pickle>(&mut self, field: &'static Field, state: Result<S>) -> Result<()> {
        match state {
            Ok(state) => self.put_by(field, &state, S::save),
            Err(error) => Err(self.owner.in_field(error, field)),
        }
    }

    /// The field that holds what the type does not have: each of its entries is a field.
    ///
    /// # Errors
    /// When one cannot be saved.
    #[doc(hidden)]
    pub fn put_unknown<'a, K: AsRef<str> + 'a>(
        &mut self,
        field: &'static Field,
        entries: impl IntoIterator<Item = (K, &'a Value)>,
    ) -> Result<()> {
        let Entries::Counted(batch) = &mut self.entries else {
            unreachable!("only fields with names are kept")
        };
        for (name, value) in entries {
            batch.before(&mut self.saver.writer);
            self.saver.str(name.as_ref());
            value.save(self.saver).map_err(|error| self.owner.in_field(error, field))?;
            batch.after(&mut self.saver.writer);
        }
        Ok(())
    }

    #[inline(always)]
    fn before(&mut self, field: &'static Field) {
        match &mut self.entries {
            Entries::Bare => {}
            Entries::Few => self.saver.name(field.name),
            Entries::Counted(batch) => {
                batch.before(&mut self.saver.writer);
                self.saver.name(field.name);
            }
        }
        if field.bytes {
            self.saver.wants_bytes = true;
        }
    }

    #[inline(always)]
    fn after(&mut self, field: &'static Field) {
        if field.bytes {
            self.saver.wants_bytes = false;
        }
        if let Entries::Counted(batch) = &mut self.entries {
            batch.after(&mut self.saver.writer);
        }
    }
}
