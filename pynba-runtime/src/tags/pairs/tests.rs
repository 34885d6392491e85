//! Order, limits and the memory that is used again.

use super::*;
use crate::tags::StaticTags;

fn pairs(buffer: &PairBuffer, fixed: Fixed) -> Vec<(String, String)> {
    buffer.set(fixed).iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn buffer<const N: usize>(pairs: [(&str, &str); N]) -> PairBuffer {
    let mut buffer = PairBuffer::new();
    for (name, value) in pairs {
        buffer.push_copy(name, value);
    }
    buffer.normalize(&[]);
    buffer
}

#[test]
fn merges_both_sources_in_byte_order_without_duplicates() {
    static FIXED: StaticTags = StaticTags::new(&[("b", "2"), ("d", "4")]);
    let mut buffer = PairBuffer::new();
    for (name, value) in [("e", "5"), ("b", "2"), ("a", "1"), ("b", "1"), ("a", "1")] {
        buffer.push_copy(name, value);
    }
    buffer.normalize(FIXED.pairs());
    let expected = [("a", "1"), ("b", "1"), ("b", "2"), ("d", "4"), ("e", "5")];
    assert_eq!(pairs(&buffer, Some(&FIXED)), owned(expected));
    assert_eq!(buffer.set(Some(&FIXED)).len(), 5);
}

#[test]
fn cuts_a_long_text_at_a_character_and_keeps_the_others() {
    let mut buffer = PairBuffer::new();
    buffer.push_copy("long", &format!("x{}", "é".repeat(40_000)));
    let name = buffer.write_str("formatted").unwrap();
    let value = buffer.write(format_args!("x{}", "é".repeat(40_000))).unwrap();
    buffer.push(name, value);
    buffer.push_copy("short", "7");
    let pairs = pairs(&buffer, None);
    // An `x` before characters of two bytes: the limit falls into one of them.
    assert_eq!((pairs[0].1.len(), pairs[1].1.len()), (MAX_WORD - 1, MAX_WORD - 1));
    assert_eq!(pairs[2], ("short".to_owned(), "7".to_owned()));
    assert_eq!(buffer.lost(), 0);
}

#[test]
fn leaves_out_whole_pairs_when_there_is_no_room() {
    let mut buffer = PairBuffer::new();
    for n in 0..10 {
        buffer.push_copy(&n.to_string(), &"x".repeat(MAX_WORD));
    }
    buffer.push_copy("fits", "still");
    let pairs = pairs(&buffer, None);
    assert_eq!((pairs.len(), buffer.lost()), (8, 3));
    assert!(pairs.iter().take(7).all(|(_, value)| value.len() == MAX_WORD));
    assert_eq!(pairs[7], ("fits".to_owned(), "still".to_owned()));
}

#[test]
fn takes_no_more_pairs_than_a_packet() {
    let mut buffer = PairBuffer::new();
    let [name, values @ ..] = [(0, "n"), (1, "a"), (2, "b"), (3, "c")].map(|(number, text)| {
        let literal: &_ = Box::leak(Box::new(Literal::new(number, text)));
        Span::Literal(literal)
    });
    for n in 0..20_000 {
        buffer.push(name, values[n % 3]);
    }
    assert_eq!(buffer.len(), MAX_PAIRS);
    assert!(buffer.lost() > 2000 && buffer.is_full());
    buffer.normalize(&[]);
    assert_eq!(buffer.len(), 3);
}

#[test]
fn equal_neighbours_take_the_memory_of_one() {
    let mut buffer = PairBuffer::new();
    let name = buffer.write_str("many").unwrap();
    for _ in 0..100_000 {
        let value = buffer.write_str("same").unwrap();
        buffer.push(name, value);
    }
    buffer.push_copy("user", "7");
    assert_eq!(pairs(&buffer, None), owned([("many", "same"), ("user", "7")]));
    assert!(buffer.footprint() < 200);
}

#[test]
fn replaces_nul_before_duplicates_are_looked_for() {
    assert_eq!(pairs(&buffer([("a", "\0"), ("a", "\u{FFFD}")]), None), owned([("a", "\u{FFFD}")]));
}

#[test]
fn removes_a_tag_with_what_is_below_it() {
    let names =
        ["ge", "geo", "geo", "geo ", "geo-x", "geo.", "geo.a.b", "geo.city", "geo/", "geography"];
    let mut one = PairBuffer::new();
    for (n, name) in names.into_iter().enumerate() {
        one.push_copy(name, &n.to_string());
    }
    one.normalize(&[]);
    assert_eq!(one.len(), names.len());
    one.remove("geo");
    let left: Vec<_> = one.set(None).iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["ge", "geo ", "geo-x", "geo/", "geography"]);
    one.remove("nothing");
    one.remove("");
    assert_eq!(one.len(), 5);
}

#[test]
fn replaces_the_values_of_the_names_that_are_set() {
    let mut one = buffer([("geo", "x"), ("geo.city", "x"), ("geography", "x"), ("gone.by", "x")]);
    one.replace(
        Some("gone"),
        buffer([("a", "x"), ("geo", "y"), ("geo", "z"), ("geo.at", "w")]).set(None),
    );
    let expected = [("a", "x"), ("geo", "y"), ("geo", "z"), ("geo.at", "w"), ("geography", "x")];
    assert_eq!(pairs(&one, None), owned(expected));
}

#[test]
fn a_tag_of_each_name_is_set_in_order_and_without_searching_them_all() {
    let mut buffer = PairBuffer::new();
    for n in 0..2_000 {
        let name = (n * 7919 % 2_000).to_string();
        buffer.replace(Some(&name), self::buffer([(&name, "x")]).set(None));
    }
    assert!(
        buffer.pairs.is_sorted_by(|left, right| left.get(&buffer.text) < right.get(&buffer.text))
    );
    assert_eq!((buffer.len(), buffer.unused), (2_000, 0));
}

#[test]
fn copies_only_the_text_of_what_is_left() {
    let mut source = PairBuffer::new();
    for n in [1, 2, 1, 2, 1, 2] {
        source.push_copy("n", &n.to_string());
    }
    source.normalize(&[]);
    let mut target = buffer([("a", "b")]);
    let range = target.append(&source, 0..2).unwrap();
    assert_eq!(target.text, "abn1n2");
    assert_eq!(target.set_in(None, range).iter().collect::<Vec<_>>(), [("n", "1"), ("n", "2")]);
}

#[test]
fn a_tag_set_in_a_loop_takes_bounded_memory() {
    let mut buffer = buffer([("stays", "here")]);
    for round in 0..50_000 {
        buffer.replace(None, self::buffer([("n", &round.to_string())]).set(None));
    }
    assert!(buffer.text.capacity() <= 2 * MAX_TEXT, "{}", buffer.text.capacity());
    assert_eq!(pairs(&buffer, None), owned([("n", "49999"), ("stays", "here")]));
}

#[test]
fn clearing_keeps_the_usual_memory_and_no_other() {
    let mut buffer = buffer([("a", "b")]);
    buffer.text.reserve(10 * MAX_TEXT);
    buffer.pairs.reserve(10 * MAX_PAIRS);
    buffer.clear();
    assert!(buffer.text.capacity() <= USUAL_TEXT && buffer.pairs.capacity() <= USUAL_PAIRS);
    assert!(buffer.text.capacity() > 0 && buffer.pairs.capacity() > 0);
}

#[test]
fn equal_pairs_are_told_from_others() {
    let buffer = |pairs: &[(&str, &str)]| {
        let mut buffer = PairBuffer::new();
        for (name, value) in pairs {
            buffer.push_copy(name, value);
        }
        buffer
    };
    let all = [
        vec![("a", "1")],
        vec![("a", "2")],
        vec![("b", "1")],
        vec![("a", "1"), ("b", "1")],
        vec![("b", "1"), ("a", "1")],
        vec![],
    ];
    for (at, one) in all.iter().enumerate() {
        for (other_at, other) in all.iter().enumerate() {
            let (one, other) = (buffer(one), buffer(other));
            assert_eq!(one.has_pairs_of(&other), at == other_at, "{one:?}, {other:?}");
            assert_eq!(one.hash() == other.hash(), at == other_at, "{one:?}, {other:?}");
        }
    }
}
