//! Functions that return `impl Trait`, `!`, closures, or themselves.

use pynba::monitor;

#[monitor]
fn closure<'a>(text: &'a str) -> impl Fn(&str) -> bool + use<'a> {
    move |other| text == other
}

#[monitor]
fn nested() -> Result<Vec<impl Fn() -> u8>, Box<dyn std::error::Error>> {
    Ok(vec![|| 1])
}

#[monitor(enabled = false)]
fn never(code: i32) -> ! {
    std::process::exit(code)
}

#[monitor]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[monitor]
fn pointer() -> fn(&str) -> &str {
    str::trim
}

#[monitor]
fn array<const N: usize>() -> [u8; N] {
    [0; N]
}

fn main() {
    assert!(closure("a")("a"));
    assert_eq!(nested().map_or(0, |all| all[0]()), 1);
    assert_eq!(factorial(5), 120);
    assert_eq!(pointer()(" a ").len() + array::<3>().len(), 4);
    never(0);
}
