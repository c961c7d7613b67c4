use super::*;

#[test]
fn a_node_takes_16_bytes() {
    assert_eq!(size_of::<Node>(), 16);
}

#[test]
fn ranges_keep_their_nodes_when_they_move() {
    let mut graph = Graph::new(b"");
    let ids: Vec<_> = (0..100).map(|n| graph.add(Node::Int(n), 0)).collect();
    let (mut left, mut right) = (Edges::default(), Edges::default());
    for pair in ids.chunks_exact(2) {
        left = graph.extend(left, &pair[..1]);
        right = graph.extend(right, &pair[1..]);
    }
    let evens: Vec<_> = ids.iter().copied().step_by(2).collect();
    let odds: Vec<_> = ids.iter().copied().skip(1).step_by(2).collect();
    assert_eq!(graph.edges(left), evens);
    assert_eq!(graph.edges(right), odds);
}

#[test]
fn equal_numbers_are_one_key() {
    let mut graph = Graph::new(b"");
    let one = [Node::Int(1), Node::Bool(true), Node::Float(1.0)].map(|node| graph.add(node, 0));
    let nan = [Node::Float(f64::NAN), Node::Float(f64::NAN)].map(|node| graph.add(node, 0));
    let bytes = bigint::to_bytes(&[0, 0, 1], false);
    let span = graph.own(&bytes);
    let big = graph.add(Node::BigInt(span), 0);
    let float = graph.add(Node::Float(18_446_744_073_709_551_616.0), 0);
    let mut keys = Keys::default();
    assert_eq!(keys.of(&graph, one[0]), keys.of(&graph, one[1]));
    assert_eq!(keys.of(&graph, one[0]), keys.of(&graph, one[2]));
    assert_ne!(keys.of(&graph, nan[0]), keys.of(&graph, nan[1]));
    assert_eq!(keys.of(&graph, big), keys.of(&graph, float));
}

#[test]
fn digits_of_large_numbers() {
    let bytes = bigint::to_bytes(&[0, 0, 0, 0, 1], true);
    let number = Integer::Big(&bytes);
    assert_eq!(number.to_string(), "-340282366920938463463374607431768211456");
    assert_eq!(number.to_i128(), None);
    assert_eq!(bigint::small(&[0xff, 0xff]), Some(-1));
    assert_eq!(bigint::small(&[]), Some(0));
    assert_eq!(bigint::trim(&[0xff, 0x00, 0x00]), [0xff, 0x00]);
    assert_eq!(bigint::trim(&[0x80, 0xff]), [0x80]);
}

/// A dict of these keys to the numbers of their places, as it is when its keys are distinct.
fn distinct(keys: &[Node], text: &[u8]) -> Vec<(usize, usize)> {
    let mut graph = Graph::new(text);
    let first = graph.len();
    let keys: Vec<_> = keys.iter().map(|key| graph.add(*key, 0)).collect();
    let values: Vec<_> = (0..keys.len() as i64).map(|n| graph.add(Node::Int(n), 0)).collect();
    let pairs: Vec<_> = keys.iter().zip(&values).flat_map(|(key, value)| [*key, *value]).collect();
    let edges = graph.link(&pairs);
    let dict = graph.add(Node::Dict(edges), 0);
    graph.distinct();
    let Node::Dict(edges) = graph.node(dict) else { panic!("no dict") };
    let place = |id: NodeId| (id.index() - first) % keys.len();
    graph.edges(edges).chunks_exact(2).map(|pair| (place(pair[0]), place(pair[1]))).collect()
}

#[test]
fn the_first_of_equal_keys_stays_with_the_last_value() {
    let text = b"abcdefghijklmnopqrstuvwxyz";
    let letter = |at: usize| Node::Str(Span::borrowed(at..at + 1));
    let mixed = |at: usize| if at.is_multiple_of(2) { letter(at) } else { Node::Int(at as i64) };
    let kinds: [&dyn Fn(usize) -> Node; 3] = [&letter, &|at| Node::Int(at as i64), &mixed];
    for (count, key) in [3, 8, 9, 26].into_iter().flat_map(|count| kinds.map(|key| (count, key))) {
        let mut keys: Vec<_> = (0..count).map(key).collect();
        let mut expected: Vec<_> = (0..count).map(|at| (at, at)).collect();
        assert_eq!(distinct(&keys, text), expected);
        keys.push(key(1));
        expected[1].1 = count;
        assert_eq!(distinct(&keys, text), expected);
    }
}
