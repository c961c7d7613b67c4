//! Values as text, much as Python's `repr` writes them. A list of pieces takes the place of
//! recursion; giants are cut, unless asked for in full by `{:#}`.

use std::collections::HashMap;
use std::fmt::{self, Display, Write as _};

use crate::graph::{Edges, Graph, Integer, Node, NodeId, Object};
use crate::python::{code_points, float_repr};

use super::Value;

/// Items of one container that are shown.
const ITEMS: usize = 100;
/// Characters or bytes of one text that are shown.
const CHARS: usize = 1000;
/// Levels of nesting that are shown.
const LEVELS: u32 = 64;
/// Bytes of text after which nothing more is shown.
const TOTAL: usize = 64 << 10;
/// Bytes of an integer beyond which its digits would cost too much: they are its square in work.
const INT_BYTES: usize = 2048;

/// As Python's `repr`. An object that occurs repeatedly is marked `<n>` where it is written out and
/// is `<ref n>` elsewhere. `{:#}` cuts nothing.
///
/// ```
/// use pickle_core::Value;
/// let cycle = Value::loads(b"]q\x00h\x00a.")?;
/// assert_eq!(cycle.to_string(), "<1>[<ref 1>]");
/// # Ok::<(), pickle_core::Error>(())
/// ```
impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer {
            graph: &self.graph,
            cut: !f.alternate(),
            counts: counts(&self.graph, self.id),
            numbers: HashMap::new(),
            stack: vec![Piece::Node(self.id, 0)],
            out: String::new(),
        };
        while let Some(piece) = printer.stack.pop() {
            match piece {
                Piece::Text(text) => printer.out.push_str(text),
                Piece::More(count) => write!(printer.out, "... {count} more")?,
                Piece::Node(id, level) => printer.node(id, level)?,
            }
            if printer.cut && printer.out.len() > TOTAL {
                printer.out.push_str(" ...");
                break;
            }
        }
        f.write_str(&printer.out)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({self})")
    }
}

enum Piece {
    Text(&'static str),
    More(usize),
    Node(NodeId, u32),
}

struct Printer<'g> {
    graph: &'g Graph<'static>,
    cut: bool,
    counts: HashMap<NodeId, u32>,
    numbers: HashMap<NodeId, usize>,
    stack: Vec<Piece>,
    out: String,
}

/// How often each container is reached.
fn counts(graph: &Graph<'static>, root: NodeId) -> HashMap<NodeId, u32> {
    let (mut counts, mut stack) = (HashMap::new(), vec![root]);
    while let Some(id) = stack.pop() {
        if !is_container(graph.node(id)) {
            continue;
        }
        let count: &mut u32 = counts.entry(id).or_default();
        *count += 1;
        if *count == 1 {
            graph.for_each_edge(id, |edge| stack.push(edge));
        }
    }
    counts
}

fn is_container(node: Node) -> bool {
    match node {
        Node::Tuple { items, .. } | Node::FrozenSet(items) => !items.is_empty(),
        Node::List(_) | Node::Set(_) | Node::Dict(_) => true,
        Node::Call(_) | Node::New(_) | Node::PersistentId(_) => true,
        _ => false,
    }
}

impl Printer<'_> {
    fn node(&mut self, id: NodeId, level: u32) -> fmt::Result {
        let graph = self.graph;
        let node = graph.node(id);
        if self.counts.get(&id).is_some_and(|count| *count > 1) {
            if let Some(number) = self.numbers.get(&id) {
                return write!(self.out, "<ref {number}>");
            }
            let number = self.numbers.len() + 1;
            self.numbers.insert(id, number);
            write!(self.out, "<{number}>")?;
        }
        if self.cut && level > LEVELS && is_container(node) {
            self.out.push_str("...");
            return Ok(());
        }
        match node {
            Node::None => self.out.push_str("None"),
            Node::Bool(value) => self.out.push_str(if value { "True" } else { "False" }),
            Node::Int(value) => write!(self.out, "{value}")?,
            Node::BigInt(span) => self.big(graph.bytes(span))?,
            Node::Float(value) => self.out.push_str(&float_repr(value)),
            Node::Str(span) => self.text(graph.bytes(span))?,
            Node::Bytes(span) => self.bytes("b", graph.bytes(span), "")?,
            Node::ByteArray(span) => self.bytes("bytearray(b", graph.bytes(span), ")")?,
            Node::Buffer { index, .. } => self.bytes("buffer(b", graph.buffer(index), ")")?,
            Node::List(items) => self.sequence("[", items, "]", level),
            Node::Tuple { items, .. } if items.len() == 1 => self.sequence("(", items, ",)", level),
            Node::Tuple { items, .. } => self.sequence("(", items, ")", level),
            Node::Set(items) if items.is_empty() => self.out.push_str("set()"),
            Node::Set(items) => self.sequence("{", items, "}", level),
            Node::FrozenSet(items) if items.is_empty() => self.out.push_str("frozenset()"),
            Node::FrozenSet(items) => self.sequence("frozenset({", items, "})", level),
            Node::Dict(pairs) => {
                self.out.push('{');
                self.stack.push(Piece::Text("}"));
                self.pairs(pairs, ": ", level);
            }
            Node::Global { module, name } => {
                self.name(module);
                self.out.push('.');
                self.name(name);
            }
            Node::PersistentId(of) => {
                self.out.push_str("persistent_id(");
                self.stack.extend([Piece::Text(")"), Piece::Node(of, level + 1)]);
            }
            Node::Call(object) | Node::New(object) => {
                self.object(object, matches!(node, Node::New(_)), level);
            }
        }
        Ok(())
    }

    fn sequence(&mut self, open: &'static str, items: Edges, close: &'static str, level: u32) {
        self.out.push_str(open);
        self.stack.push(Piece::Text(close));
        self.items(items, level);
    }

    /// What remains of the items is pushed last first.
    fn items(&mut self, items: Edges, level: u32) {
        let items = self.graph.edges(items);
        let shown = self.shown(items.len());
        if shown < items.len() {
            self.stack.extend([Piece::More(items.len() - shown), Piece::Text(", ")]);
        }
        for (index, id) in items[..shown].iter().enumerate().rev() {
            self.stack.push(Piece::Node(*id, level + 1));
            if index > 0 {
                self.stack.push(Piece::Text(", "));
            }
        }
    }

    fn pairs(&mut self, pairs: Edges, between: &'static str, level: u32) {
        let pairs = self.graph.edges(pairs);
        let shown = self.shown(pairs.len() / 2);
        if shown < pairs.len() / 2 {
            self.stack.extend([Piece::More(pairs.len() / 2 - shown), Piece::Text(", ")]);
        }
        for (index, pair) in pairs.chunks_exact(2).take(shown).enumerate().rev() {
            let (key, value) = (Piece::Node(pair[0], level + 1), Piece::Node(pair[1], level + 1));
            self.stack.extend([value, Piece::Text(between), key]);
            if index > 0 {
                self.stack.push(Piece::Text(", "));
            }
        }
    }

    fn shown(&self, len: usize) -> usize {
        if self.cut { len.min(ITEMS) } else { len }
    }

    /// A call, and behind arrows what is done to the object afterwards.
    fn object(&mut self, object: Object, is_new: bool, level: u32) {
        let graph = self.graph;
        let extras = graph.extras(object);
        for state in graph.edges(extras.states).iter().rev() {
            self.stack.extend([Piece::Node(*state, level + 1), Piece::Text(" <- ")]);
        }
        if !extras.pairs.is_empty() {
            self.stack.push(Piece::Text("}"));
            self.pairs(extras.pairs, ": ", level);
            self.stack.push(Piece::Text(" |= {"));
        }
        for (edges, open, close) in [(extras.adds, " |= {", "}"), (extras.items, " += [", "]")] {
            if !edges.is_empty() {
                self.stack.push(Piece::Text(close));
                self.items(edges, level);
                self.stack.push(Piece::Text(open));
            }
        }
        self.stack.push(Piece::Text(")"));
        if let Some(Node::Dict(pairs)) = extras.kwargs.map(|id| graph.node(id)) {
            self.pairs(pairs, "=", level);
            self.stack.push(Piece::Text(", "));
        }
        if let Node::Tuple { items, .. } = graph.node(object.args) {
            self.items(items, level);
        }
        self.stack.push(Piece::Text(if is_new { ".__new__(" } else { "(" }));
        self.stack.push(Piece::Node(object.callee, level + 1));
    }

    fn name(&mut self, id: NodeId) {
        match self.graph.node(id) {
            Node::Str(span) => {
                let text = String::from_utf8_lossy(self.graph.bytes(span));
                let shown = if self.cut { CHARS } else { usize::MAX };
                self.out.extend(text.chars().take(shown).flat_map(char::escape_debug));
            }
            _ => self.out.push('?'),
        }
    }

    fn big(&mut self, bytes: &[u8]) -> fmt::Result {
        if bytes.len() <= INT_BYTES {
            return write!(self.out, "{}", Integer::Big(bytes));
        }
        write!(self.out, "<int of {} bytes>", bytes.len())
    }

    fn text(&mut self, text: &[u8]) -> fmt::Result {
        let quote = quote(text);
        self.out.push(quote);
        let shown = if self.cut { CHARS } else { usize::MAX };
        for code in code_points(text).take(shown) {
            match char::from_u32(code) {
                Some('\n') => self.out.push_str("\\n"),
                Some('\r') => self.out.push_str("\\r"),
                Some('\t') => self.out.push_str("\\t"),
                Some(char) if char == quote || char == '\\' => self.out.extend(['\\', char]),
                Some(' ') => self.out.push(' '),
                Some(char) if !char.is_control() && !char.is_whitespace() => self.out.push(char),
                _ if code <= 0xff => write!(self.out, "\\x{code:02x}")?,
                _ => write!(self.out, "\\u{code:04x}")?,
            }
        }
        self.out.push(quote);
        match code_points(text).count().saturating_sub(shown) {
            0 => Ok(()),
            more => write!(self.out, "... {more} more"),
        }
    }

    fn bytes(&mut self, open: &str, bytes: &[u8], close: &str) -> fmt::Result {
        let quote = quote(bytes);
        self.out.push_str(open);
        self.out.push(quote);
        let shown = if self.cut { bytes.len().min(CHARS) } else { bytes.len() };
        for byte in &bytes[..shown] {
            match byte {
                b'\n' => self.out.push_str("\\n"),
                b'\r' => self.out.push_str("\\r"),
                b'\t' => self.out.push_str("\\t"),
                b'\\' => self.out.push_str("\\\\"),
                b' '..=b'~' if char::from(*byte) == quote => self.out.extend(['\\', quote]),
                b' '..=b'~' => self.out.push(char::from(*byte)),
                _ => write!(self.out, "\\x{byte:02x}")?,
            }
        }
        self.out.push(quote);
        if shown < bytes.len() {
            write!(self.out, "... {} more", bytes.len() - shown)?;
        }
        self.out.push_str(close);
        Ok(())
    }
}

/// The quotes that need no escapes, as Python chooses them.
fn quote(text: &[u8]) -> char {
    if text.contains(&b'\'') && !text.contains(&b'"') { '"' } else { '\'' }
}
