//! Functions and classes by name, and what calls of them make.

use crate::error::{Error, ErrorKind, Result};
use crate::shape::Shape;

use super::machine::copies_budget;
use super::names;
use super::opcode as op;
use super::saver::{Class, Saver};

impl Saver<'_> {
    /// The result of calling a function or class of Python's with `len` arguments, which `args`
    /// saves one after the other.
    ///
    /// Nothing is called here; whoever loads the pickle in Python calls it.
    ///
    /// # Errors
    /// When an argument cannot be saved, or the protocol cannot write the name.
    pub fn call(
        &mut self,
        module: &str,
        name: &str,
        len: usize,
        args: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let shared = self.begin();
        self.outside_key(|saver| saver.reduce(module, name, len, args))?;
        self.put_everywhere(shared);
        Ok(())
    }

    /// [`call`](Self::call) without a memo number for the result.
    pub(super) fn reduce(
        &mut self,
        module: &str,
        name: &str,
        len: usize,
        args: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.named(module.as_bytes(), name.as_bytes())?;
        self.writer.boundary();
        self.tuple(len, args)?;
        self.writer.op(op::REDUCE);
        Ok(())
    }

    /// A function or class by its module and qualified name.
    ///
    /// # Errors
    /// When the protocol cannot write the name.
    pub fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let shared = self.begin();
        self.named(module.as_bytes(), name.as_bytes())?;
        self.put_shared(shared);
        Ok(())
    }

    /// A member of an `enum.Enum` by its value, as CPython writes it: a call of the class. There is
    /// one object for each member.
    pub(super) fn member(
        &mut self,
        shape: &'static Shape,
        name: &'static str,
        value: i128,
    ) -> Result<()> {
        let key = class_key(shape.qualname, Some(name));
        if self.known_class(key) {
            return Ok(());
        }
        self.class(shape.module, shape.qualname, None)?;
        self.tuple(1, |saver| {
            saver.int128(value);
            Ok(())
        })?;
        self.writer.op(op::REDUCE);
        self.classes.insert(key, Class { memo: self.memo_len, used: false });
        self.number(None);
        Ok(())
    }

    /// Refers to a class or member that was written before.
    fn known_class(&mut self, key: (usize, usize)) -> bool {
        let Some(class) = self.classes.get_mut(&key) else { return false };
        class.used = true;
        let memo = class.memo;
        self.writer.boundary();
        self.writer.get(memo);
        true
    }

    /// The class of a derived type, or of a variant of it.
    pub(super) fn class(
        &mut self,
        module: &'static str,
        name: &'static str,
        variant: Option<&'static str>,
    ) -> Result<()> {
        let owner = variant.unwrap_or(name);
        let key = class_key(name, variant);
        if !owner.is_empty() && self.known_class(key) {
            return Ok(());
        }
        let before = self.memo_len;
        match variant {
            Some(variant) => {
                self.named(module.as_bytes(), [name, ".", variant].concat().as_bytes())?;
            }
            None => self.named(module.as_bytes(), name.as_bytes())?,
        }
        // Written anew, it has the last number; else it was known by its names already.
        if self.memo_len > before {
            self.classes.insert(key, Class { memo: self.memo_len - 1, used: false });
        }
        Ok(())
    }

    /// A name, from the memo where it was written before.
    pub(super) fn named(&mut self, module: &[u8], name: &[u8]) -> Result<()> {
        self.writer.boundary();
        let key = [module, b"\0", name].concat();
        if let Some(memo) = self.globals.get(&key) {
            self.writer.get(*memo);
            return Ok(());
        }
        if self.writer.protocol >= 4 {
            self.name_text(module);
            match name {
                // The one class of Python's that shares its name with its module makes its name anew.
                b"datetime" => self.plain_text(name),
                _ => self.name_text(name),
            }
            self.writer.op(op::STACK_GLOBAL);
        } else {
            self.old_global(module, name)?;
        }
        self.globals.insert(key, self.memo_len);
        self.number(None);
        Ok(())
    }

    fn name_text(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(text) => self.constant(text),
            Err(_) => self.plain_text(text),
        }
    }

    /// A name before protocol 4: a line for the module and one for the name; what lies inside a
    /// class is reached by `getattr`.
    fn old_global(&mut self, module: &[u8], name: &[u8]) -> Result<()> {
        let parts: Vec<&[u8]> = match name {
            [b'.', ..] | [.., b'.'] => vec![name],
            _ => name.split(|byte| *byte == b'.').collect(),
        };
        self.count_joins(module, &parts)?;
        for _ in &parts[1..] {
            self.named(b"builtins", b"getattr")?;
            if self.writer.protocol < 2 {
                self.writer.op(op::MARK);
            }
        }
        match parts.len() {
            1 => self.global_line(module, name)?,
            _ => self.named(module, parts[0])?,
        }
        for (index, part) in parts.iter().enumerate().skip(1) {
            self.plain_text(part);
            self.writer.op(if self.writer.protocol >= 2 { op::TUPLE2 } else { op::TUPLE });
            self.put(None);
            self.writer.op(op::REDUCE);
            if index + 1 < parts.len() {
                let owner = parts[..=index].join(&b'.');
                self.globals.insert([module, b"\0", &owner].concat(), self.memo_len);
                self.number(None);
            }
        }
        Ok(())
    }

    /// Counts what joining the parts of a name takes: a copy of the name so far for each, in the memo
    /// here, and in that of whoever reads the pickle. Readers allow for copies in proportion to it, and
    /// half of that is left for others.
    fn count_joins(&mut self, module: &[u8], parts: &[&[u8]]) -> Result<()> {
        let mut owner = parts[0].len();
        for part in &parts[1..] {
            owner += 1 + part.len();
            self.joined = self.joined.saturating_add(module.len() + owner);
        }
        let written = self.writer.bytes().len() - self.start;
        if parts.len() > 1 && self.joined > copies_budget(written) / 2 {
            return Err(self.unwritable("such long names"));
        }
        Ok(())
    }

    fn global_line(&mut self, module: &[u8], name: &[u8]) -> Result<()> {
        let protocol = self.writer.protocol;
        let fits = |name: &[u8]| match protocol {
            3 => std::str::from_utf8(name).is_ok_and(|name| !name.contains('\n')),
            _ => name.is_ascii() && !name.contains(&b'\n'),
        };
        if [module, name].iter().any(|name| name.is_empty() || !fits(name)) {
            return Err(self.unwritable("this name"));
        }
        let (module, name) = match protocol {
            0..=2 if self.options.fix_imports => names::to_python2(module, name),
            _ => (module.to_vec(), name.to_vec()),
        };
        self.writer.line_pair(op::GLOBAL, &module, &name);
        Ok(())
    }

    #[cold]
    fn unwritable(&self, names: &str) -> Error {
        let what = format!("protocol {} cannot write {names}", self.writer.protocol);
        Error::new(ErrorKind::Unsupported { what: what.into() })
            .with_hint("protocol 4 writes any name")
    }
}

/// A class of a derived type or of a variant: the addresses of their names.
fn class_key(name: &'static str, variant: Option<&'static str>) -> (usize, usize) {
    (name.as_ptr().addr(), variant.map_or(0, |name| name.as_ptr().addr()))
}
