//! The virtual host that a request is for.

use http::header::HOST;
use http::request::Parts;

/// The longest name that the DNS has (RFC 1035, less the dot at its end).
const MAX_HOST: usize = 253;

/// In lower case and without the port, or `None` where the client named no host, or nothing that could be one.
pub(crate) fn of(parts: &Parts) -> Option<String> {
    // In HTTP/2 it is the `:authority`; in HTTP/1.1 a target with a host goes before the header (RFC 9112, 3.2.2).
    let text = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => header(parts)?,
    };
    let host = without_port(text)?;
    let host = host.strip_suffix('.').unwrap_or(host);
    is_host(host).then(|| host.to_ascii_lowercase())
}

/// The header; a request with two of them is a forged one.
fn header(parts: &Parts) -> Option<&str> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

fn without_port(text: &str) -> Option<&str> {
    // The colons of an IPv6 address stand in brackets.
    let end = text.find(']').map_or(0, |end| end + 1);
    match text[end..].split_once(':') {
        Some((rest, port)) => {
            port.bytes().all(|byte| byte.is_ascii_digit()).then(|| &text[..end + rest.len()])
        }
        None => Some(text),
    }
}

fn is_host(host: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let of_address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    let all = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(of_address),
        // The underscore is no letter of the DNS, but one of the names in many a private network.
        None => !host.is_empty() && host.bytes().all(of_name),
    };
    all && host.len() <= MAX_HOST
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn of_request(uri: &str, hosts: &[&str]) -> Option<String> {
        let request =
            hosts.iter().fold(Request::get(uri), |request, &host| request.header(HOST, host));
        of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn takes_the_host_of_the_header() {
        for (header, host) in [
            ("shop.example.com", "shop.example.com"),
            ("Shop.Example.COM:8080", "shop.example.com"),
            ("example.com.", "example.com"),
            ("localhost:", "localhost"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:80", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
            ("user_service", "user_service"),
        ] {
            assert_eq!(of_request("/", &[header]).as_deref(), Some(host), "{header}");
        }
    }

    #[test]
    fn takes_nothing_that_is_no_host() {
        let long = "a".repeat(254);
        for header in [
            "",
            ".",
            "[]",
            "[",
            "]",
            "[::1",
            ":80",
            "a b",
            "a/b",
            "a:b",
            "a:1:2",
            "::1",
            "<script>",
            "user@host",
            "a,b",
            "%41",
            "[::1]x",
            "[::g]",
            &long,
        ] {
            assert_eq!(of_request("/", &[header]), None, "{header}");
        }
        assert_eq!(of_request("/", &[]), None);
        assert_eq!(of_request("/", &["a.example", "b.example"]), None);
        let longest = "a".repeat(253);
        assert_eq!(of_request("/", &[&longest]), Some(longest));
    }

    #[test]
    fn believes_the_target_before_the_header() {
        let host = of_request("http://a.example:81/path", &["b.example"]);
        assert_eq!(host.as_deref(), Some("a.example"));
        assert_eq!(of_request("http://user@a.example/", &["b.example"]), None);
    }
}
