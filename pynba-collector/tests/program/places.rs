//! Where it listens.

use std::collections::HashSet;
use std::net::UdpSocket;

use crate::running::command;

/// Where it says that it listens.
fn places(listen: &[&str]) -> Option<String> {
    let output = command(&[&["listen", "--for", "10ms"], listen].concat()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let first = said.lines().next()?;
    first.strip_prefix("pynba: listening on ").map(str::to_owned)
}

#[test]
fn one_port_for_all_addresses_of_a_place() {
    let places = places(&["--listen", ":0"]).unwrap();
    let ports = places.split(", ").map(|place| place.rsplit_once(':').unwrap().1);
    assert_eq!(ports.collect::<HashSet<_>>().len(), 1, "{places}");
}

#[test]
fn an_address_may_be_among_those_of_another_place() {
    // The port is free, unless somebody else gets it just then.
    let all = (0..10).find_map(|_| {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let all = format!("0.0.0.0:{port}");
        let both = places(&["--listen", &format!("127.0.0.1:{port},{all}")]);
        both.map(|both| (both, all))
    });
    let (both, all) = all.expect("a free port");
    assert_eq!(both, all);
}
