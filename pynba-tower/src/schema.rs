//! The schema by which the client came.

use http::header::FORWARDED;
use http::request::Parts;

/// No others are sent, whatever a client says: each would be a row of its own in the server's reports.
const KNOWN: [&str; 4] = ["http", "https", "ws", "wss"];

/// `None` where it cannot be told, as in HTTP/1.1 without a proxy.
pub(crate) fn of(parts: &Parts, trust_forwarded: bool) -> Option<&'static str> {
    let forwarded = if trust_forwarded { forwarded(parts) } else { None };
    forwarded.or_else(|| known(parts.uri.scheme_str()?))
}

/// What the outermost proxy says.
fn forwarded(parts: &Parts) -> Option<&'static str> {
    let header = |name| parts.headers.get(name)?.to_str().ok()?.split(',').next();
    // First the header that proxies set: the other one they often pass through as the client sent it.
    let by_custom = header("x-forwarded-proto").and_then(known);
    by_custom.or_else(|| header(FORWARDED.as_str())?.split(';').find_map(proto))
}

/// Of `proto=https`, as one of the parameters of `Forwarded` (RFC 7239).
fn proto(parameter: &str) -> Option<&'static str> {
    let (name, value) = parameter.split_once('=')?;
    let is_proto = name.trim().eq_ignore_ascii_case("proto");
    is_proto.then(|| known(value.trim().trim_matches('"')))?
}

fn known(schema: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(schema.trim()))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn of_request(uri: &str, headers: &[(&str, &str)], trust: bool) -> Option<&'static str> {
        let request = headers
            .iter()
            .fold(Request::get(uri), |request, &(name, value)| request.header(name, value));
        of(&request.body(()).unwrap().into_parts().0, trust)
    }

    #[test]
    fn takes_that_of_the_target() {
        assert_eq!(of_request("/", &[], false), None);
        assert_eq!(of_request("https://a.example/", &[], false), Some("https"));
        assert_eq!(of_request("HTTP://a.example/", &[], true), Some("http"));
        assert_eq!(of_request("gopher://a.example/", &[], false), None);
    }

    #[test]
    fn believes_a_proxy_only_when_told_to() {
        let headers = [("x-forwarded-proto", "https")];
        assert_eq!(of_request("/", &headers, false), None);
        assert_eq!(of_request("/", &headers, true), Some("https"));
        assert_eq!(of_request("http://a.example/", &headers, false), Some("http"));
        assert_eq!(of_request("http://a.example/", &headers, true), Some("https"));
    }

    #[test]
    fn reads_both_headers() {
        for (name, value, schema) in [
            ("x-forwarded-proto", "HTTPS", Some("https")),
            ("x-forwarded-proto", "wss, http", Some("wss")),
            ("x-forwarded-proto", "javascript", None),
            ("x-forwarded-proto", "", None),
            ("forwarded", "proto=https", Some("https")),
            (
                "forwarded",
                r#"For="[2001:db8::1]:80"; Proto="https";by=x, proto=http"#,
                Some("https"),
            ),
            ("forwarded", "for=192.0.2.1, proto=https", None),
            ("forwarded", "proto", None),
            ("forwarded", "proto=;proto=ftp", None),
        ] {
            assert_eq!(of_request("/", &[(name, value)], true), schema, "{name}: {value}");
        }
        let both = [("forwarded", "proto=http"), ("x-forwarded-proto", "https")];
        assert_eq!(of_request("/", &both, true), Some("https"));
    }
}
