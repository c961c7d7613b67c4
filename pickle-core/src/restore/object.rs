//! What the ways of making an object come to: a class, arguments, a state.

use std::borrow::Cow;

use crate::graph::{Edges, Node, NodeId, Object};

use super::Restorer;

/// An object made by a call or by `__new__`: what of, with what, and what was done to it.
///
/// The detours of old protocols are gone: `copyreg._reconstructor(cls, base, state)` and
/// `copyreg.__newobj__(cls, *args)` are instances of `cls`.
#[derive(Clone, Debug)]
pub struct Instance<'g> {
    /// The module of the class or function, as Python 3 names it.
    pub module: Cow<'g, str>,
    /// Its qualified name.
    pub name: Cow<'g, str>,
    /// The positional arguments.
    pub args: &'g [NodeId],
    /// The keyword arguments, keys and values in turn.
    pub kwargs: &'g [NodeId],
    /// The states set, in order; nearly always at most one.
    pub states: &'g [NodeId],
    /// Items appended.
    pub items: &'g [NodeId],
    /// Elements added, as to a set.
    pub adds: &'g [NodeId],
    /// Keys and values set, in turn.
    pub pairs: &'g [NodeId],
    /// The value of the built-in type that the class is derived from, where it has one:
    /// `_reconstructor(cls, tuple, (1, 2))`.
    pub base: Option<NodeId>,
}

impl Instance<'_> {
    /// Whether it is of this class or made by this function.
    pub fn is(&self, module: &str, name: &str) -> bool {
        self.module == module && self.name == name
    }

    /// Whether its class has this name, module and all.
    pub fn has_class(&self, class: &str) -> bool {
        is_joined(&self.module, &self.name, class)
    }
}

/// Whether `whole` is the module, a dot, and the name.
fn is_joined(module: &str, name: &str, whole: &str) -> bool {
    let rest = whole.strip_prefix(module).and_then(|rest| rest.strip_prefix('.'));
    rest == Some(name)
}

impl<'g> Restorer<'g, '_> {
    /// The object, if the node is one.
    pub fn instance(&self, id: NodeId) -> Option<Instance<'g>> {
        let graph = self.graph;
        let (Node::Call(object) | Node::New(object)) = graph.node(id) else { return None };
        let extras = graph.extras(object);
        let (callee, args, kwargs) = match graph.node(object.callee) {
            Node::Call(partial) => self.new_by_partial(partial)?,
            _ => (object.callee, self.tuple_items(object.args), extras.kwargs),
        };
        let (module, name) = self.global(callee)?;
        let edges = |edges: Edges| graph.edges(edges);
        let dict = |id| match graph.node(id) {
            Node::Dict(pairs) => graph.edges(pairs),
            _ => &[],
        };
        let mut instance = Instance {
            module,
            name,
            args,
            kwargs: kwargs.map_or(&[][..], dict),
            states: edges(extras.states),
            items: edges(extras.items),
            adds: edges(extras.adds),
            pairs: edges(extras.pairs),
            base: None,
        };
        if instance.module == "copyreg" {
            self.see_through(&mut instance);
        }
        Some(instance)
    }

    /// The class and arguments of `functools.partial(cls.__new__, cls, *args, **kwargs)()`, as
    /// protocols 2 and 3 write an instance whose `__new__` takes keywords.
    fn new_by_partial(&self, partial: Object) -> Option<(NodeId, &'g [NodeId], Option<NodeId>)> {
        let graph = self.graph;
        let (module, name) = self.global(partial.callee)?;
        let [state] = graph.edges(graph.extras(partial).states) else { return None };
        let [new, args, kwargs, _] = self.tuple_items(*state) else { return None };
        let (class_module, new) = self.global(*new)?;
        let [class, args @ ..] = self.tuple_items(*args) else { return None };
        let (home, class_name) = self.global(*class)?;
        let is_new = new.strip_suffix(".__new__") == Some(&*class_name) && class_module == home;
        (module == "functools" && name == "partial" && is_new).then_some((
            *class,
            args,
            Some(*kwargs),
        ))
    }

    /// The class behind what `copyreg` is called with.
    fn see_through(&self, instance: &mut Instance<'g>) {
        let made = match (&*instance.name, instance.args) {
            ("_reconstructor", [class, base, value]) => {
                let is_object = self
                    .global(*base)
                    .is_some_and(|(module, name)| module == "builtins" && name == "object");
                Some((*class, &[][..], (!is_object).then_some(*value)))
            }
            ("__newobj__", [class, args @ ..]) => Some((*class, args, None)),
            ("__newobj_ex__", [class, args, kwargs]) => {
                if let Node::Dict(pairs) = self.graph.node(*kwargs) {
                    instance.kwargs = self.graph.edges(pairs);
                }
                Some((*class, self.tuple_items(*args), None))
            }
            _ => None,
        };
        let Some((class, args, base)) = made else { return };
        if let Some((module, name)) = self.global(class) {
            (instance.module, instance.name) = (module, name);
            (instance.args, instance.base) = (args, base);
        }
    }

    /// The module and qualified name of a class or function, as Python 3 names them.
    pub fn global(&self, id: NodeId) -> Option<(Cow<'g, str>, Cow<'g, str>)> {
        let Node::Global { module, name } = self.graph.node(id) else { return None };
        let (module, name) = (self.graph.text(module)?, self.graph.text(name)?);
        if self.graph.has_old_names() {
            return Some(crate::python::today(module, name));
        }
        Some((module.into(), name.into()))
    }

    pub(super) fn tuple_items(&self, id: NodeId) -> &'g [NodeId] {
        match self.graph.node(id) {
            Node::Tuple { items, .. } => self.graph.edges(items),
            _ => &[],
        }
    }

    /// What an object is called in errors: as Python names its type, or by its class.
    pub fn describe(&self, id: NodeId) -> String {
        let graph = self.graph;
        match graph.node(id) {
            Node::None => "None".into(),
            Node::Bool(_) => "bool".into(),
            Node::Int(_) | Node::BigInt(_) => "int".into(),
            Node::Float(_) => "float".into(),
            Node::Str(_) => "str".into(),
            Node::Bytes(_) => "bytes".into(),
            Node::ByteArray(_) => "bytearray".into(),
            Node::Buffer { .. } => "buffer".into(),
            Node::List(_) => "list".into(),
            Node::Tuple { items, .. } => format!("tuple of {}", items.len()),
            Node::Set(_) => "set".into(),
            Node::FrozenSet(_) => "frozenset".into(),
            Node::Dict(_) => "dict".into(),
            Node::PersistentId(_) => "a persistent id".into(),
            Node::Global { .. } => match self.global(id) {
                Some((module, name)) => shown(&module, &name),
                None => "a global with an odd name".into(),
            },
            Node::Call(_) | Node::New(_) => match self.instance(id) {
                Some(instance) => shown(&instance.module, &instance.name) + " object",
                None => "the result of a call".into(),
            },
        }
    }
}

/// A name for an error: cut, and with nothing in it that a terminal would act upon.
pub(crate) fn shown(module: &str, name: &str) -> String {
    shown_name(&format!("{module}.{name}"))
}

/// [`shown`] of a whole name.
pub(crate) fn shown_name(whole: &str) -> String {
    const LONGEST: usize = 100;
    let mut text: String = whole.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if whole.chars().nth(LONGEST).is_some() {
        text.push_str("...");
    }
    text
}
