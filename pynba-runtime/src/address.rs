//! The text `host:port` that names a server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::str::FromStr;

use crate::Error;

/// Where a server listens.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Address {
    Ip(SocketAddr),
    /// To be resolved.
    Name {
        host: String,
        port: u16,
    },
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(server: &str) -> Result<Self, Error> {
        parse(server).map_err(|problem| Error::InvalidServer { server: server.to_owned(), problem })
    }
}

// The macros check their literals in the same way, each with the place of the mistake.
fn parse(server: &str) -> Result<Address, &'static str> {
    if server.is_empty() {
        return Err("it is empty; write `host:port`");
    }
    if server.contains("://") {
        return Err("leave the scheme out and write `host:port`");
    }
    if server.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it contains white space; write `host:port`");
    }
    if server.contains(',') {
        return Err("it contains a comma; give each server by itself");
    }
    if let Some(rest) = server.strip_prefix('[') {
        let (host, port) =
            rest.rsplit_once("]:").ok_or("the port is missing; write `[::1]:30002`")?;
        return ipv6(host, parse_port(port)?);
    }
    let (host, port) = server.rsplit_once(':').ok_or("the port is missing; write `host:30002`")?;
    if host.contains(':') || server.parse::<Ipv6Addr>().is_ok() {
        return Err("an IPv6 address stands in brackets; write `[::1]:30002`");
    }
    let port = parse_port(port)?;
    if host.is_empty() {
        return Err("the host is missing; write `host:30002`");
    }
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Ok(Address::Ip(SocketAddr::new(IpAddr::V4(ip), port)));
    }
    if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err("the host is neither an IPv4 address (four numbers up to 255) nor a name");
    }
    Ok(Address::Name { host: host.to_owned(), port })
}

fn ipv6(host: &str, port: u16) -> Result<Address, &'static str> {
    // Through `SocketAddrV6` for the sake of its scope (`fe80::1%2`), which `Ipv6Addr` does not take.
    let address: SocketAddrV6 = format!("[{host}]:{port}")
        .parse()
        .map_err(|_| "what stands in the brackets is no IPv6 address")?;
    Ok(Address::Ip(address.into()))
}

fn parse_port(port: &str) -> Result<u16, &'static str> {
    const RANGE: &str = "the port is a number from 1 to 65535";
    if port.is_empty() {
        return Err("the port is missing; write `host:30002`");
    }
    // `u16::from_str` would take a sign.
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RANGE);
    }
    port.parse().ok().filter(|&port| port != 0).ok_or(RANGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_and_names() {
        for server in ["127.0.0.1:30002", "[::1]:30002", "[fe80::1%3]:1", "255.255.255.255:65535"] {
            let address: Address = server.parse().unwrap();
            assert!(matches!(&address, Address::Ip(ip) if ip.to_string() == server), "{address:?}");
        }
        let name = Address::Name { host: "pinba.example.com".to_owned(), port: 3002 };
        assert_eq!("pinba.example.com:3002".parse::<Address>().unwrap(), name);
    }

    #[test]
    fn says_what_is_wrong() {
        for (server, problem) in [
            ("", "it is empty"),
            ("localhost", "the port is missing"),
            ("localhost:", "the port is missing"),
            ("[::1]", "the port is missing"),
            (":30002", "the host is missing"),
            ("localhost:0", "a number from 1 to 65535"),
            ("localhost:70000", "a number from 1 to 65535"),
            ("localhost:+80", "a number from 1 to 65535"),
            ("localhost:http", "a number from 1 to 65535"),
            ("::1:30002", "in brackets"),
            ("::1", "in brackets"),
            ("[::g]:30002", "no IPv6 address"),
            ("[127.0.0.1]:30002", "no IPv6 address"),
            ("udp://localhost:30002", "leave the scheme out"),
            ("local host:30002", "white space"),
            ("a:1,b:2", "comma"),
            ("256.0.0.1:30002", "four numbers"),
        ] {
            let error = server.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(problem), "{server}: {error}");
            assert!(error.contains(&format!("{server:?}")), "{server}: {error}");
        }
    }
}
