//! `SERVER` of `#[monitor]`: literals are checked here, before the program runs.

use crate::problems::Problems;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6};
use syn::{Expr, ExprArray, Lit, LitStr};

/// The PHP extension takes no more either, and each one costs a datagram per request.
const MOST: usize = 8;

#[derive(Default)]
pub(crate) enum Server {
    /// The process's reporter.
    #[default]
    Default,
    Literals(Vec<LitStr>),
    Reporter(Box<Expr>),
}

impl Server {
    pub(crate) fn new(expr: Expr, problems: &mut Problems) -> Self {
        match expr {
            Expr::Group(group) => Self::new(*group.expr, problems),
            Expr::Paren(paren) => Self::new(*paren.expr, problems),
            Expr::Array(list) => Self::list(list, problems),
            Expr::Lit(literal) => match literal.lit {
                Lit::Str(server) => {
                    check_literal(&server, problems);
                    Self::Literals(vec![server])
                }
                other => {
                    problems.add(other, "a server is text; write `\"host:30002\"`");
                    Self::Default
                }
            },
            expr => Self::Reporter(Box::new(expr)),
        }
    }

    fn list(list: ExprArray, problems: &mut Problems) -> Self {
        if list.elems.is_empty() {
            problems
                .add(&list, "this list has no servers; write `\"host:30002\"`, or leave it out");
        }
        let mut seen = BTreeSet::new();
        let mut servers = Vec::new();
        for (index, element) in list.elems.into_iter().enumerate() {
            if index == MOST {
                problems.add(
                    &element,
                    format_args!("a request goes to {MOST} servers at most; leave the rest out"),
                );
            }
            let Some(server) = text(&element) else {
                let why = "a list takes text only; write `\"host:30002\"`, or for servers known \
                           at run time a `pynba::Reporter` in place of the list";
                problems.add(&element, why);
                continue;
            };
            if check_literal(server, problems) && !seen.insert(server.value().to_ascii_lowercase())
            {
                let why = format_args!("`{}` is in this list twice; leave one out", server.value());
                problems.add(server, why);
            }
            servers.push(server.clone());
        }
        Self::Literals(servers)
    }
}

/// The literal in invisible groups and parentheses.
pub(crate) fn text(expr: &Expr) -> Option<&LitStr> {
    match expr {
        Expr::Group(group) => text(&group.expr),
        Expr::Paren(paren) => text(&paren.expr),
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn check_literal(server: &LitStr, problems: &mut Problems) -> bool {
    let checked = check(&server.value());
    if let Err(why) = &checked {
        problems.add(server, why);
    }
    checked.is_ok()
}

/// Says what is wrong with an address, and what to write instead.
fn check(server: &str) -> Result<(), String> {
    if server.is_empty() {
        return Err(String::from("this server is empty; write `\"host:30002\"`"));
    }
    if server.contains(',') {
        let list: Vec<_> = server.split(',').map(|one| format!("{:?}", one.trim())).collect();
        return Err(format!("several servers are a list; write `[{}]`", list.join(", ")));
    }
    if server.contains(char::is_whitespace) {
        let without: String = server.split_whitespace().collect();
        return Err(format!("there is white space in this server; write `{without:?}`"));
    }
    if let Some((scheme, rest)) = server.split_once("://") {
        let rest = rest.trim_end_matches('/');
        return Err(format!("`{scheme}://` does not belong here; write `{rest:?}`"));
    }
    if server.starts_with('[') {
        return check_bracketed(server);
    }
    let Some((host, digits)) = server.rsplit_once(':') else {
        return Err(format!("this server has no port; write `\"{server}:30002\"`"));
    };
    if host.contains(':') {
        return Err(unbracketed(server, host, digits));
    }
    if host.is_empty() {
        return Err(format!("there is no host before the port; write `\"host{server}\"`"));
    }
    check_host(host)?;
    check_port(host, digits)
}

fn check_bracketed(server: &str) -> Result<(), String> {
    let Some((host, rest)) = server.split_once(']') else {
        return Err(String::from("`[` is never closed; write `\"[::1]:30002\"`"));
    };
    let host = format!("{host}]");
    // A scope, as in `[fe80::1%2]`, is part of a socket's address and not of an IP address.
    if format!("{host}:1").parse::<SocketAddrV6>().is_err() {
        return Err(format!("`{host}` is no IPv6 address; write one, as in `\"[::1]:30002\"`"));
    }
    match rest.strip_prefix(':') {
        Some(digits) => check_port(&host, digits),
        None if rest.is_empty() => {
            Err(format!("this server has no port; write `\"{host}:30002\"`"))
        }
        None => Err(format!("`{rest}` is no port; write `\"{host}:30002\"`")),
    }
}

fn unbracketed(server: &str, host: &str, digits: &str) -> String {
    if host.parse::<Ipv6Addr>().is_ok() && check_port(host, digits).is_ok() {
        format!("an IPv6 address goes in brackets; write `\"[{host}]:{digits}\"`")
    } else if server.parse::<Ipv6Addr>().is_ok() {
        format!(
            "an IPv6 address goes in brackets, and a port after them; write `\"[{server}]:30002\"`"
        )
    } else {
        String::from("there are too many `:` in this server; write `\"host:30002\"`")
    }
}

fn check_host(host: &str) -> Result<(), String> {
    let wrong = |c: &char| c.is_ascii() && !(c.is_ascii_alphanumeric() || "-._".contains(*c));
    if let Some(wrong) = host.chars().find(wrong) {
        return Err(format!("`{wrong}` cannot be in the name of a host; write `\"host:30002\"`"));
    }
    let numeric = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(format!(
            "`{host}` is no IPv4 address; write four numbers up to 255, as in `\"127.0.0.1:30002\"`"
        ));
    }
    Ok(())
}

fn check_port(host: &str, digits: &str) -> Result<(), String> {
    let instead = format!("write `\"{host}:30002\"`");
    if digits.is_empty() {
        return Err(format!("there is no port after the `:`; {instead}"));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("the port `{digits}` is not a number; {instead}"));
    }
    match digits.parse::<u16>() {
        Ok(0) => Err(format!("nothing can be sent to port 0; {instead}")),
        Ok(_) => Ok(()),
        Err(_) => Err(format!("the port {digits} is greater than 65535; {instead}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Server, check};
    use crate::problems::Problems;

    #[test]
    fn takes_hosts_and_addresses() {
        for server in [
            "127.0.0.1:30002",
            "localhost:1",
            "pinba.example.com:65535",
            "my_host-1:30002",
            "[::1]:30002",
            "[fe80::1%2]:30002",
            "1password:30002",
        ] {
            assert_eq!(check(server), Ok(()), "{server}");
        }
    }

    #[test]
    fn says_what_to_write() {
        for (server, why) in [
            ("", "this server is empty; write `\"host:30002\"`"),
            ("localhost", "this server has no port; write `\"localhost:30002\"`"),
            ("localhost:", "there is no port after the `:`; write `\"localhost:30002\"`"),
            ("a:0", "nothing can be sent to port 0; write `\"a:30002\"`"),
            ("a:70000", "the port 70000 is greater than 65535; write `\"a:30002\"`"),
            ("a:http", "the port `http` is not a number; write `\"a:30002\"`"),
            ("a:+1", "the port `+1` is not a number; write `\"a:30002\"`"),
            (":30002", "there is no host before the port; write `\"host:30002\"`"),
            ("::1:30002", "an IPv6 address goes in brackets; write `\"[::1]:30002\"`"),
            (
                "fe80::1:2:abcd",
                "an IPv6 address goes in brackets, and a port after them; write \
                 `\"[fe80::1:2:abcd]:30002\"`",
            ),
            ("a:b:1", "there are too many `:` in this server; write `\"host:30002\"`"),
            ("[::g]:1", "`[::g]` is no IPv6 address; write one, as in `\"[::1]:30002\"`"),
            ("[::1]", "this server has no port; write `\"[::1]:30002\"`"),
            ("[::1]30002", "`30002` is no port; write `\"[::1]:30002\"`"),
            ("[::1:30002", "`[` is never closed; write `\"[::1]:30002\"`"),
            ("a :1", "there is white space in this server; write `\"a:1\"`"),
            ("udp://a:1/", "`udp://` does not belong here; write `\"a:1\"`"),
            ("a:1, b:2", "several servers are a list; write `[\"a:1\", \"b:2\"]`"),
            (
                "300.1.1.1:1",
                "`300.1.1.1` is no IPv4 address; write four numbers up to 255, as in \
                 `\"127.0.0.1:30002\"`",
            ),
            ("a/b:1", "`/` cannot be in the name of a host; write `\"host:30002\"`"),
        ] {
            assert_eq!(check(server), Err(String::from(why)), "{server}");
        }
    }

    fn messages(expr: &str) -> Vec<String> {
        let mut problems = Problems::default();
        Server::new(syn::parse_str(expr).expect("an expression"), &mut problems);
        problems.messages()
    }

    #[test]
    fn looks_at_every_element_of_a_list() {
        assert_eq!(
            messages(r#"["a:1", "A:1", "b", c]"#),
            [
                "`A:1` is in this list twice; leave one out",
                "this server has no port; write `\"b:30002\"`",
                "a list takes text only; write `\"host:30002\"`, or for servers known at run \
                 time a `pynba::Reporter` in place of the list",
            ]
        );
        assert_eq!(messages("[]").len(), 1);
        assert_eq!(messages("5").len(), 1);
        let nine: Vec<_> = (1..=9).map(|n| format!("\"a:{n}\"")).collect();
        assert_eq!(messages(&format!("[{}]", nine[..8].join(", "))), [""; 0]);
        assert_eq!(
            messages(&format!("[{}]", nine.join(", "))),
            ["a request goes to 8 servers at most; leave the rest out"]
        );
    }
}
