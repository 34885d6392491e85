//! Packets as services send them.

use pynba_runtime::proto::{Message, Request};

/// 1,000 of them, none like the other.
pub(crate) fn packets() -> Vec<Vec<u8>> {
    (0..1000).map(packet).collect()
}

const SETS: [[(&str, &str); 2]; 10] = [
    [("group", "mysql"), ("operation", "select-product")],
    [("group", "mysql"), ("operation", "select-reviews")],
    [("group", "mysql"), ("operation", "insert-visit")],
    [("group", "redis"), ("operation", "get-session")],
    [("group", "redis"), ("operation", "set-session")],
    [("group", "redis"), ("operation", "get-basket")],
    [("group", "http"), ("operation", "recommendations")],
    [("group", "http"), ("operation", "stock-level")],
    [("group", "render"), ("operation", "layout")],
    [("group", "render"), ("operation", "product-page")],
];

const PLANS: [&str; 3] = ["free", "premium", "enterprise"];

fn packet(number: u16) -> Vec<u8> {
    let mut dictionary: Vec<String> = Vec::new();
    let mut id = |word: &str| {
        let found = dictionary.iter().position(|known| known == word).unwrap_or_else(|| {
            dictionary.push(word.to_owned());
            dictionary.len() - 1
        });
        u32::try_from(found).expect("a few words")
    };
    let sets = (0..10).map(|timer| SETS[(usize::from(number) + timer) % SETS.len()]);
    let (timer_tag_name, timer_tag_value) =
        sets.flatten().map(|(name, value)| (id(name), id(value))).unzip();
    let tags = [("plan", PLANS[usize::from(number) % PLANS.len()]), ("release", "2026-11-23.1")];
    let (tag_name, tag_value) = tags.into_iter().map(|(name, value)| (id(name), id(value))).unzip();
    let seconds = |part: u16| f32::from(number % 97 + 1) / 1e3 / f32::from(part);
    Request {
        hostname: format!("web{}.shop.example.com", number % 4),
        server_name: "www.shop.example.com".into(),
        script_name: format!("/api/v1/products/{}/recommendations", number % 20),
        request_count: 1,
        document_size: 4096 + u32::from(number),
        memory_peak: 50 << 20,
        memory_footprint: Some(40 << 20),
        request_time: seconds(1),
        ru_utime: seconds(3),
        ru_stime: seconds(20),
        status: Some(if number.is_multiple_of(50) { 500 } else { 200 }),
        schema: Some("https".into()),
        timer_hit_count: vec![1; 10],
        timer_value: (1..=10).map(|timer| seconds(timer + 5)).collect(),
        timer_tag_count: vec![2; 10],
        timer_tag_name,
        timer_tag_value,
        dictionary,
        tag_name,
        tag_value,
        ..Request::default()
    }
    .encode_to_vec()
}
