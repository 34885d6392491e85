//! What is sent.

use pynba_runtime::proto::{Message as _, Request};

/// A request of a shop: two timers, and a tag of its own.
pub(crate) fn request(script: &str) -> Request {
    Request {
        hostname: "web1".into(),
        server_name: "shop".into(),
        script_name: script.into(),
        schema: Some("https".into()),
        status: Some(200),
        request_count: 1,
        request_time: 0.25,
        ru_utime: 0.05,
        ru_stime: 0.025,
        document_size: 12_345,
        memory_peak: 3_000_000,
        memory_footprint: Some(2_000_000),
        timer_hit_count: vec![1, 4],
        timer_value: vec![0.125, 0.1],
        timer_tag_count: vec![2, 1],
        timer_tag_name: vec![0, 2, 0],
        timer_tag_value: vec![1, 3, 4],
        timer_ru_utime: vec![0.01, 0.02],
        timer_ru_stime: vec![0.0, 0.005],
        tag_name: vec![5],
        tag_value: vec![6],
        dictionary: ["group", "db", "op", "select", "cache", "plan", "free"]
            .map(String::from)
            .to_vec(),
        ..Request::default()
    }
}

pub(crate) fn packet(script: &str) -> Vec<u8> {
    request(script).encode_to_vec()
}
